#!/bin/sh
# Time of davscope against a bare libpcap loop over the same file: five rounds, medians, a markdown table.
# usage: tests/bench/run.sh [FILE]   (or FILE=...); without a file a load of 60,000 transactions is made
set -u
: "${DAVSCOPE:=./davscope}" "${BUILD:=build}" "${ROUNDS:=5}"
dir=$BUILD/bench file=${1:-${FILE:-}}
mkdir -p "$dir" || exit 1
expected=
if [ -z "$file" ]; then
	file=$dir/load.pcap
	"$BUILD/tests/bench/gen" "${TRANSACTIONS:-60000}" "$file" >"$dir/load.count" || exit 1
	expected=$(cut -d' ' -f1 "$dir/load.count")
fi

awk -v n=200 -f tests/bench/rules.awk >"$dir/rules.yaml"

run_one() { # NAME: the command behind it
	case $1 in
	'bare libpcap loop') "$BUILD/tests/bench/pcaploop" "$file" ;;
	'list, no rules, 1 worker') "$DAVSCOPE" -r "$file" --no-shipped-rules --workers 1 ;;
	'list, 1 worker') "$DAVSCOPE" -r "$file" --workers 1 ;;
	'list, --bodies, no rules, 1 worker') "$DAVSCOPE" -r "$file" --bodies --no-shipped-rules --workers 1 ;;
	'list, --bodies, shipped and 200 more rules, 1 worker')
		"$DAVSCOPE" -r "$file" --bodies -R "$dir/rules.yaml" --workers 1
		;;
	'JSON lines, 1 worker') "$DAVSCOPE" -r "$file" -T json --workers 1 ;;
	'list, --bodies, no rules, 0 workers') "$DAVSCOPE" -r "$file" --bodies --no-shipped-rules --workers 0 ;;
	'list, --bodies, no rules, 2 workers') "$DAVSCOPE" -r "$file" --bodies --no-shipped-rules --workers 2 ;;
	esac >/dev/null
}
names='bare libpcap loop
list, no rules, 1 worker
list, 1 worker
list, --bodies, no rules, 1 worker
list, --bodies, shipped and 200 more rules, 1 worker
JSON lines, 1 worker
list, --bodies, no rules, 0 workers
list, --bodies, no rules, 2 workers'

cat "$file" >/dev/null
rm -f "$dir"/times.*
for _ in $(seq "$ROUNDS"); do
	echo "$names" | {
		i=0
		while read -r name; do
			i=$((i + 1)) start=$(date +%s%N)
			run_one "$name" || { echo "bench: $name fails" >&2; exit 1; }
			echo $((($(date +%s%N) - start) / 1000000)) >>"$dir/times.$i"
		done
	} || exit 1
done

size=$(wc -c <"$file")
echo "$(uname -m), $(nproc) processors, $((size / 1000000)) MB, medians of $ROUNDS interleaved runs"
echo
echo '| run | seconds | MB/s | against the loop |'
echo '|---|---|---|---|'
median() { sort -n "$1" | sed -n "$(((ROUNDS + 1) / 2))p"; }
loop=$(median "$dir/times.1")
echo "$names" | {
	i=0
	while read -r name; do
		i=$((i + 1))
		awk -v name="$name" -v ms="$(median "$dir/times.$i")" -v loop="$loop" -v size="$size" 'BEGIN {
			ms = ms < 1 ? 1 : ms
			loop = loop < 1 ? 1 : loop
			printf "| %s | %.2f | %.0f | %.1f |\n", name, ms / 1000, size / ms / 1000, ms / loop
		}'
	done
}
echo
code=0
awk -v with="$(median "$dir/times.5")" -v without="$(median "$dir/times.4")" 'BEGIN {
	more = 100 * (with - without) / without
	printf "cost of all rules: %.0f %% (at most 25)\n", more
	exit more > 25
}' || code=1
for options in '' '--bodies'; do
	# shellcheck disable=SC2086
	counted=$("$DAVSCOPE" -r "$file" $options -T json | grep -c '"event_type":"transaction"')
	echo "transactions${options:+ with $options}: $counted${expected:+, generated: $expected}"
	[ -z "$expected" ] || [ "$counted" = "$expected" ] || code=1
done
exit $code
