#!/bin/sh
# davscope capture on real interfaces: pairs of them in a network name space that dies with this script.
set -u
: "${BUILD:=build}" "${DAVSCOPE:=./davscope}"
if [ "${1-}" != --inside ]; then
	for flags in -nm -rnm; do
		unshare "$flags" true 2>/dev/null && command -v ip >/dev/null &&
			exec unshare "$flags" --kill-child "$0" --inside
	done
	echo "skipped: no network name spaces here"
	echo "0 passed, 0 failed, 1 skipped"
	exit 0
fi
davscope=$DAVSCOPE
work=$BUILD/live/capture
rm -rf "$work"
mkdir -p "$work" || exit 1
. "$(dirname "$0")/../tool/checks.sh"

pair() { # A B: what is sent out of A comes in at B
	ip link add "$1" type veth peer name "$2" && ip link set "$1" up && ip link set "$2" up
}

# Waits until a command succeeds; ten seconds are a failure.
until_true() { # NAME COMMAND...
	what=$1 tries=500
	shift
	while [ "$tries" -gt 0 ]; do
		"$@" >/dev/null 2>&1 && return 0
		tries=$((tries - 1))
		sleep 0.02
	done
	fail "$what" "waited in vain: $*"
	return 1
}

start() { # NAME OPTIONS...: leaves dir, pid, log
	dir=$work/$1 log=$work/$1.err
	mkdir -p "$dir"
	rm -f "$log"
	shift
	"$davscope" capture -w "$dir/r.pcapng" --sensor t "$@" 2>"$log" </dev/null &
	pid=$!
	until_true "start" grep -q "listening on" "$log"
}

end() { # [SIGNAL]: leaves code, and last in $work
	[ -z "${1-}" ] || kill "-$1" "$pid"
	wait "$pid"
	code=$?
	tail -n 1 "$log" >"$work/last"
}

# All that came before is handled when this answers.
barrier() {
	before=$(grep -c captured "$log")
	kill -USR1 "$pid"
	until_true "USR1" test_more "$before"
}
test_more() {
	[ "$(grep -c captured "$log")" -gt "$1" ]
}

send() { # INTERFACE COUNT BYTES [PORT]
	"$BUILD/tests/tool/flood" -i "$1" -c "$2" -s "$3" -d "${4:-9}" >"$work/sent"
}

captured() { # LINE: its first number
	sed -n 's/^davscope: \([0-9]*\) packets captured.*/\1/p' "$1" | tail -n 1
}

dropped() {
	sed -n 's/.* \([0-9]*\) dropped by kernel.*/\1/p' "$1" | tail -n 1
}

seen() { # COUNT: the run has taken so many
	kill -USR1 "$pid"
	[ "$(captured "$log")" = "$1" ]
}

in_files() { # packets in the files of a directory
	sum=0
	for file in "$1"/*.pcapng; do
		[ -f "$file" ] || continue
		n=$("$davscope" -r "$file" 2>/dev/null | sed -n 's/^packets  *\([0-9]*\) .*/\1/p')
		sum=$((sum + n))
	done
	echo "$sum"
}

count_files() {
	find "$1" -name "$2" | wc -l
}

pair v0 v1
pair w0 w1

# ---- packets arrive, and only those of the filter; as many as tcpdump has ----
# Without all of root's rights it may refuse to start.
tcpdump_started() {
	grep -q listening "$work/tcpdump.err" || ! kill -0 "$tcpdump" 2>/dev/null
}
compared=
if command -v tcpdump >/dev/null; then
	tcpdump -Z root -i v1 -w "$work/tcpdump.pcap" -U -B 8192 udp port 9 2>"$work/tcpdump.err" &
	tcpdump=$!
	until_true "tcpdump" tcpdump_started
	grep -q listening "$work/tcpdump.err" && compared=yes
fi
tcpdump_packets() {
	"$davscope" -r "$work/tcpdump.pcap" 2>/dev/null | grep '^packets'
}
tcpdump_has() { # COUNT
	tcpdump_packets | grep -q "^packets  *$1 "
}
start arrive -i v1 udp port 9
send v0 1000 100
send v0 50 100 10
send v0 500 1500
until_true "arrive" seen 1500
kill -HUP "$pid" # nothing happens
end TERM
same "arrive: exit" 0 "$code"
same "arrive: told" 1500 "$(captured "$work/last")"
same "arrive: dropped" 0 "$(dropped "$work/last")"
says "arrive: files" last " 1 files written"
same "arrive: in the file" 1500 "$(in_files "$dir")"
same "arrive: names its interface" 1 "$(head -q -c 300 "$dir"/*.pcapng | grep -caF 'v1')"
same "arrive: no part" 0 "$(count_files "$dir" '*.part')"
if [ -n "$compared" ]; then
	until_true "tcpdump" tcpdump_has 1500
	kill -INT "$tcpdump"
	wait "$tcpdump"
	same "tcpdump" "$(tcpdump_packets)" \
		"$("$davscope" -r "$dir"/*.pcapng | grep '^packets')"
else
	skipped=$((skipped + 1))
	echo "skipped: no tcpdump to compare with, or it cannot run here"
fi

# ---- a file is complete a second after its packets, though it is being written ----
start grows -i v1 udp port 9
send v0 10 100
part_has_10() {
	"$davscope" -r "$(echo "$dir"/*.part)" | grep -q '^packets  *10 '
}
until_true "flushed" part_has_10
same "flushed: still written" 1 "$(count_files "$dir" '*.part')"
kill -KILL "$pid"
wait "$pid" 2>/dev/null

# ---- what was killed is ended by the next run, which numbers on ----
start grows -i v1 udp port 9
same "recovered" 10 "$(in_files "$dir")"
send v0 5 100
until_true "numbered on" seen 5
end INT
same "recovered: exit" 0 "$code"
same "recovered: both" 15 "$(in_files "$dir")"
same "numbered on" 1 "$(count_files "$dir" 'r-t-*-000002.pcapng')"

# ---- two interfaces: those that wait come out by time ----
start merge -i v1 -i w1 udp port 9
kill -STOP "$pid"
for i in v0 w0 v0 w0 v0; do
	send $i 20 100
done
kill -CONT "$pid"
until_true "merge" seen 100
end TERM
same "merge: all" 100 "$(in_files "$dir")"
same "merge: in order" 0 "$("$davscope" -r "$dir"/*.pcapng -T json | grep -o '"backwards":[0-9]*' | cut -d: -f2)"

# ---- any ----
start any -i any udp port 9
send v0 30 100
until_true "any: 60" seen 60 # out of one end, in at the other
end TERM
same "any: all" 60 "$(in_files "$dir")"

# ---- an interface that goes down and comes again ----
start down -i v1 -i w1 udp port 9
send v0 10 100
ip link set v1 down
barrier
send w0 10 100
until_true "down: the other one" seen 20
ip link set v1 up
ip link set v0 up
barrier
send v0 10 100
until_true "down and up" seen 30
end TERM
same "down and up: exit" 0 "$code"
same "down and up: all" 30 "$(in_files "$dir")"

# ---- one that vanishes ----
pair x0 x1
start gone -i x1 udp port 9
send x0 10 100
until_true "gone: before" seen 10
ip link del x1
end
same "gone: exit" 3 "$code"
says "gone: said" gone.err "davscope: x1: the interface has vanished"
same "gone: kept" 10 "$(in_files "$dir")"
pair x0 x1
start other -i x1 udp port 9
ip link del x1
pair x0 x1 # of the same name, and not the same
end
same "another one: exit" 3 "$code"

# ---- USR2 ----
start rotate -i v1 udp port 9
send v0 10 100
until_true "rotate" seen 10
kill -USR2 "$pid"
barrier
same "rotated" 10 "$(in_files "$dir")"
send v0 7 100
until_true "rotate: behind" seen 17
end TERM
same "rotate: files" 2 "$(count_files "$dir" '*.pcapng')"
same "rotate: all" 17 "$(in_files "$dir")"

# ---- time ends a file though no packet comes ----
start timed -i v1 -G 1 udp port 9
send v0 10 100
is_closed() {
	[ "$(count_files "$dir" '*.pcapng')" = 1 ]
}
until_true "timed" is_closed
end TERM
same "timed: all" 10 "$(in_files "$dir")"

# ---- size and number ----
start sized -i v1 -C 20K -W 3 udp port 9
send v0 1000 100
until_true "sized" seen 1000
end TERM
same "sized: files" 3 "$(count_files "$dir" '*.pcapng')"
says "sized: written" last " 7 files written"
same "sized: none is longer" 0 "$(find "$dir" -size +20k | wc -l)"

# ---- so many and no more ----
start count -i v1 -c 10 udp port 9
send v0 30 100
end
same "count: exit" 0 "$code"
same "count: in the file" 10 "$(in_files "$dir")"

# ---- two handles ----
start fanout -i v1 --fanout 2 udp port 9
send v0 1000 100
until_true "fanout" seen 1000
end TERM
same "fanout: all" 1000 "$(in_files "$dir")"

# ---- a flood: what is lost is counted, and stands in the file ----
start flood -i v1 -B 1M udp port 9
kill -STOP "$pid"
send v0 30000 200
kill -CONT "$pid"
barrier
send v0 10 100
lost=$(dropped "$log")
all_seen() {
	kill -USR1 "$pid"
	[ $(($(captured "$log") + $(dropped "$log"))) = 30010 ]
}
until_true "flood: every packet is captured or dropped" all_seen
end TERM
[ "${lost:-0}" -gt 0 ] || fail "flood" "nothing was dropped"
same "flood: dropped" "$lost" "$(dropped "$work/last")"
same "flood: in the file" "$(captured "$work/last")" "$(in_files "$dir")"
"$davscope" -r "$dir"/*.pcapng >"$work/flood.out" 2>&1
says "flood: incomplete" flood.out "evidence: incomplete ($lost packets dropped"

# The same with nothing behind it.
start tail -i v1 -B 1M udp port 9
kill -STOP "$pid"
send v0 30000 200
kill -CONT "$pid"
barrier
end TERM
same "flood at the end" 30000 $(($(captured "$work/last") + $(dropped "$work/last")))
"$davscope" -r "$dir"/*.pcapng >"$work/flood.out" 2>&1
says "flood at the end" flood.out "evidence: incomplete ($(dropped "$work/last") packets dropped"

# ---- no room on the disk: told once, counted, and the program goes on ----
mkdir "$work/full"
if mount -t tmpfs -o size=64k tmpfs "$work/full" 2>/dev/null; then
	start full -i v1 udp port 9
	send v0 2000 200
	until_true "full" seen 2000
	barrier
	end TERM
	same "full: exit" 5 "$code"
	same "full: said once" 1 "$(grep -c 'No space left' "$log")"
	kept=$(in_files "$dir")
	[ "$kept" -gt 0 ] || fail "full" "nothing was kept"
	says "full: counted" last " $((2000 - kept)) not written"
	umount "$work/full"
else
	skipped=$((skipped + 1))
	echo "skipped: no tmpfs"
fi

# ---- what is refused ----
run capture -i nowhere -w "$work/x.pcapng"
same "no such interface" 3 "$code"
says "no such interface" err "nowhere: no such interface"
run capture -i v1 -w "$work/x.pcapng" tcp prot 80
same "filter" 2 "$code"
says "filter" err "davscope: filter: "
run capture -i v1 -w "$work/no/x.pcapng"
same "no directory" 5 "$code"
run capture -i v1
same "no file" 2 "$code"
ip link set w1 down
run capture -i w1 -w "$work/x.pcapng"
same "down" 3 "$code"
says "down" err "w1: is down"
if setpriv --bounding-set=-net_raw,-net_admin --inh-caps=-all true 2>/dev/null; then
	setpriv --bounding-set=-net_raw,-net_admin --inh-caps=-all "$davscope" capture -i v1 \
		-w "$work/x.pcapng" 2>"$work/err"
	same "no permission" 3 $?
	says "no permission" err "v1: no permission to capture"
else
	skipped=$((skipped + 1))
	echo "skipped: setpriv cannot take rights away"
fi

# ---- the list ----
run capture -D
same "list" 0 "$code"
same "list: v1" 1 "$(grep -c '^v1 .*up ' "$work/out")"
same "list: any" 1 "$(grep -c '^any ' "$work/out")"
same "list: only what -i takes" 0 "$(grep -c '^nflog' "$work/out")"
closing
