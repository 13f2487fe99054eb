#!/bin/sh
# The samples, talks made into captures, against what must be found in them: samples/*.expect.yaml.
# Also that each sample has such a file.
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
davscope=${DAVSCOPE:-$root/davscope} mkpcap=${MKPCAP:-$root/build/tests/tool/mkpcap}
work=${BUILD:-$root/build}/samples
passed=0 failed=0
rm -rf "$work"
mkdir -p "$work"
cp "$root"/samples/*.expect.yaml "$work"
for sample in "$root"/samples/*.talk "$root"/samples/*.pcap "$root"/samples/*.pcapng; do
	name=$(basename "$sample")
	case $name in
	*.talk) "$mkpcap" "$sample" "$work/${name%.talk}.pcap" ;;
	*) ln -s "$sample" "$work/$name" ;;
	esac || { echo "FAIL $name: cannot be made"; failed=$((failed + 1)); }
	[ -f "$work/${name%.*}.expect.yaml" ] ||
		{ echo "FAIL $name: no ${name%.*}.expect.yaml"; failed=$((failed + 1)); }
done
"$davscope" rules test "$work" >"$work/tap" 2>"$work/err"
code=$?
cat "$work/err"
# The first line of a failure and the diagnosis below it.
awk '/^not ok/ { bad = 1 } /^ok/ { bad = 0 } bad' "$work/tap"
skipped=$(grep -c '^ok .* # SKIP' "$work/tap")
passed=$((passed + $(grep -c '^ok ' "$work/tap") - skipped))
failed=$((failed + $(grep -c '^not ok ' "$work/tap") + skipped))
[ "$skipped" -eq 0 ] || echo "FAIL: an expectation without its capture"
if [ "$code" -ne 0 ] && [ "$failed" -eq 0 ]; then
	echo "FAIL: rules test ended with $code"
	failed=1
fi
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
