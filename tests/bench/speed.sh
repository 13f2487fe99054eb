#!/bin/sh
# Speed on one file against bare loops and against other programs: rounds in turn, medians, a markdown table,
# then the targets. Each row tells how many transactions it found: speed without them is worth nothing.
# usage: speed.sh [FILE]    without a file a load of TRANSACTIONS is made, whose number and bodies are known
# ROUNDS: for what takes seconds; what takes minutes runs once.
set -u
: "${DAVSCOPE:=./davscope}" "${BUILD:=build}" "${ROUNDS:=5}" "${TRANSACTIONS:=60000}"
here=$(dirname "$0") tools=$BUILD/tests/bench dir=$BUILD/bench/speed
rm -rf "$dir" && mkdir -p "$dir" || exit 1
# What the programs write goes to memory, not to a disk.
shm=/dev/shm
[ -w "$shm" ] || shm=$dir
out=$(mktemp -d "$shm/davscope-bench.XXXXXX") || exit 1
trap 'rm -rf "$out" "$dir/load.pcap" "$dir/bodies"' EXIT
trap 'exit 1' HUP INT TERM

file=${1:-} bodies="" expected=""
if [ -z "$file" ]; then
	file=$dir/load.pcap bodies=$dir/bodies
	expected=$("$tools/gen" -b "$bodies" "$TRANSACTIONS" "$file" 2>&1) || exit 1
	expected=${expected% transactions}
fi
awk -v n=200 -f "$here/rules.awk" >"$dir/rules.yaml"

version() { # COMMAND...: a blank and the version of an installed program
	"$@" 2>&1 | grep -m 1 -oE ' v?[0-9]+(\.[0-9]+)+' | head -n 1
}

# ROW|TITLE|THE PROGRAM IT NEEDS|ROUNDS; what each row runs is in run_row, how it is counted in count_row.
rows="loop|bare libpcap loop||$ROUNDS
${bodies:+sax|bare libpcap loop, then libxml2 SAX over all bodies||$ROUNDS}
list|davscope, list: --no-shipped-rules --workers 1||$ROUNDS
list2|davscope, list: --no-shipped-rules --workers 2||$ROUNDS
bodies|davscope, every body parsed: --bodies --no-shipped-rules --workers 1||$ROUNDS
bodies2|davscope, every body parsed: --bodies --no-shipped-rules --workers 2||$ROUNDS
rules|davscope, shipped rules: --workers 1||$ROUNDS
morerules|davscope, shipped and 200 more rules: -R rules.yaml --workers 1||$ROUNDS
json|davscope, JSON lines, shipped rules: -T json --workers 1||$ROUNDS
httpry|httpry$(version httpry -h), a line a message, the methods of DAV asked for|httpry|$ROUNDS
tcpflow|tcpflow$(version tcpflow --version), a file a direction, no report|tcpflow|$ROUNDS
zeek|zeek$(version zeek --version), bare, http.log alone|zeek|1
suricata|suricata$(version suricata -V), http of eve.json alone, no rules|suricata|$ROUNDS
tshark|tshark$(version tshark --version), a line a response, XML not looked at|tshark|1
tsharkxml|tshark$(version tshark --version), the same, XML looked at|tshark|1"
rows=$(echo "$rows" | grep .)

# The command behind a row is measured; its output is kept for the count.
measured() {
	"$tools/measure" "$dir/$row.figures" "$@" >"$out/$row" 2>"$dir/$row.err" </dev/null
}

davscope() {
	measured "$DAVSCOPE" -r "$file" "$@"
}

tshark_list() {
	measured tshark -n -r "$file" "$@" -Y http.response -T fields -e frame.time_epoch \
		-e http.response_for.uri -e http.response.code -e http.time
}

run_row() {
	row=$1
	rm -rf "${out:?}/$row" "$out/$row.d"
	mkdir "$out/$row.d"
	case $row in
	loop) measured "$tools/pcaploop" "$file" ;;
	sax) measured "$tools/bodyloop" "$file" "$bodies" ;;
	list) davscope --no-shipped-rules --workers 1 ;;
	list2) davscope --no-shipped-rules --workers 2 ;;
	bodies) davscope --bodies --no-shipped-rules --workers 1 ;;
	bodies2) davscope --bodies --no-shipped-rules --workers 2 ;;
	rules) davscope --workers 1 ;;
	morerules) davscope -R "$dir/rules.yaml" --workers 1 ;;
	json) davscope -T json --workers 1 ;;
	httpry) measured httpry -q -r "$file" -m "$methods" tcp ;;
	tcpflow) measured tcpflow -q -x netviz -S enable_report=NO -r "$file" -o "$out/tcpflow.d" ;;
	zeek) measured zeek -C -b -r "$file" base/protocols/http Log::default_logdir="$out/zeek.d" ;;
	suricata) measured suricata -r "$file" -c "$here/suricata.yaml" -l "$out/suricata.d" -S /dev/null -k none ;;
	tshark) tshark_list --disable-protocol xml ;;
	tsharkxml) tshark_list ;;
	esac
}
methods=options,get,head,post,put,delete,propfind,proppatch,mkcol,report,search

# Requests that were answered, as the output of a row has them; "-": it does not look for any.
count_row() {
	case $1 in
	loop | sax) echo - ;;
	json) grep -c '"event_type":"transaction"' "$out/json" ;;
	list* | bodies* | *rules) sed -n 's/^transactions *//p' "$out/$1" ;;
	httpry) awk -F '\t' '$4 == ">" { asked++ } $4 == "<" { answered++ } END {
		print asked == answered ? asked + 0 : asked + 0 " with " answered + 0 " answers" }' "$out/httpry" ;;
	tcpflow) cat "$out"/tcpflow.d/* | grep -aoE "HTTP/1\.[01] [1-5][0-9][0-9] [^<]*$cr" | wc -l ;;
	zeek) grep -vc '^#' "$out/zeek.d/http.log" ;;
	suricata) grep -c '"event_type":"http"' "$out/suricata.d/eve.json" ;;
	tshark*) wc -l <"$out/$1" ;;
	esac
}
cr=$(printf '\r')

code=0
one_round() { # NUMBER
	echo "$rows" | while IFS='|' read -r row title program rounds; do
		[ "$1" -le "$rounds" ] || continue
		[ -z "$program" ] || command -v "$program" >/dev/null || continue
		echo "bench: round $1: $title" >&2
		if ! run_row "$row"; then
			echo "bench: $title fails" >&2
			cat "$dir/$row.err" >&2
			[ -n "$program" ] || exit 1
			rm -f "$dir/$row.figures"
		elif [ "$1" -eq "$rounds" ]; then
			count_row "$row" >"$dir/$row.count"
		fi
		rm -rf "${out:?}/$row" "$out/$row.d"
	done
}

load=$(cut -d ' ' -f 1 /proc/loadavg 2>/dev/null || echo 0)
cat "$file" ${bodies:+"$bodies"} >/dev/null
for round in $(seq "$ROUNDS"); do
	one_round "$round" || exit 1
done

cpu=$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo 2>/dev/null | head -n 1)
echo "$rows" | awk -F '|' -v dir="$dir" -v size="$(wc -c <"$file")" -v expected="$expected" \
	-v machine="$(uname -m)${cpu:+ ($cpu)}" -v processors="$(nproc)" -v load="$load" \
	-f "$here/speed.awk" || code=1
exit $code
