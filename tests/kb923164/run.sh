#!/bin/sh
# Variants of the fault of KB 923164, and scenes that only look like it: compiles the talks, and demands of
# davscope what EXPECT.tsv says of each.
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
mkpcap=${MKPCAP:-$root/build/tests/tool/mkpcap}
work=${BUILD:-$root/build}/kb923164
rm -rf "$work"
mkdir -p "$work"
for talk in "$root"/tests/kb923164/*.talk; do
	name=$(basename "$talk" .talk)
	"$mkpcap" "$talk" "$work/$name.pcap" || { echo "FAIL $name: cannot be made"; echo "0 passed, 1 failed"; exit 1; }
	# Each talk has its line.
	cut -f 2 "$root/tests/kb923164/EXPECT.tsv" | tr ' ' '\n' | grep -qx "$name.pcap" ||
		{ echo "FAIL $name: not in EXPECT.tsv"; echo "0 passed, 1 failed"; exit 1; }
done
exec "$root/tests/tool/findings.py" "$root/tests/kb923164/EXPECT.tsv" "$work"
