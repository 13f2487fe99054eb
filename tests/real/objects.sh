#!/bin/sh
# Objects of recorded captures that are no part of the project, against objects.tsv: what was written comes
# back as the same object. Skipped where they are not at hand.
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
: "${BUILD:=build}"
lab=$root/../shared/captures/lab here=$root/tests/real
[ -d "$lab" ] || { echo "0 passed, 0 failed, 1 skipped"; exit 0; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
. "$root/tests/tool/checks.sh"
for capture in "$lab"/*.pcap "$lab"/*.pcapng; do
	name=$(basename "$capture")
	"$BUILD/tests/tool/objects" "$capture" >"$work/objects" || fail "$name" "exit code $?"
	awk -v name="$name" -f "$here/objects.awk" "$work/objects" | awk -F '\t' '$2 > 0' >"$work/actual"
	awk -F '\t' -v name="$name" '$1 == name' "$here/objects.tsv" >"$work/expected"
	same_lines "$name" "$work/expected" "$work/actual"
done
closing
