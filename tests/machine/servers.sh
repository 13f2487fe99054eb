#!/bin/sh
# What recorded captures that are no part of the project prove of their servers, against servers.tsv, line by
# line: what must come out, and nothing else. NOTES.md says why. Skipped where they are not at hand.
# usage: servers.sh [--print]    --print: the lines as they are now
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
: "${BUILD:=build}"
captures=$root/../shared/captures here=$root/tests/machine
[ -d "$captures/lab" ] || { echo "0 passed, 0 failed, 1 skipped"; exit 0; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0 failed=0
for capture in "$captures"/lab/*.pcap "$captures"/lab/*.pcapng "$captures"/public/derived/*.pcap; do
	[ -f "$capture" ] || continue
	name=$(basename "$capture")
	"$BUILD/tests/machine/servers" "$capture" >"$work/out" || failed=$((failed + 1))
	awk -F '\t' -v OFS='\t' -v name="$name" '{ print name, $0 }' "$work/out" >"$work/actual"
	[ "${1-}" = --print ] && { cat "$work/actual"; continue; }
	awk -F '\t' -v name="$name" '$1 == name' "$here/servers.tsv" >"$work/expected"
	if diff "$work/expected" "$work/actual"; then
		passed=$((passed + 1))
	else
		echo "FAIL $name"
		failed=$((failed + 1))
	fi
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
