#!/bin/sh
# Real captures that are no part of the project, against lab.tsv: every finding of the shipped rules, and
# none besides. Skipped where they are not at hand.
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
davscope=${DAVSCOPE:-$root/davscope}
lab=$root/../shared/captures/lab
[ -d "$lab" ] || { echo "0 passed, 0 failed, 1 skipped"; exit 0; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
. "$root/tests/tool/checks.sh"
for capture in "$lab"/*.pcap "$lab"/*.pcapng; do
	name=$(basename "$capture")
	run -r "$capture" -Y 'event_type == "finding"' -T fields -e finding.severity -e rule.id
	sort "$work/out" | uniq -c | awk -v name="$name" -v OFS='\t' '{ print name, $2, $3, $1 }' >"$work/actual"
	awk -F '\t' -v name="$name" '$1 == name' "$root/tests/rules/lab.tsv" >"$work/expected"
	if [ "$code" -ne 0 ]; then
		fail "$name" "exit code $code: $(cat "$work/err")"
	else
		same_lines "$name" "$work/expected" "$work/actual"
	fi
done
closing
