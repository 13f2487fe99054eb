#!/bin/sh
# What the live tests are made of: the mailbox server, the front end and the flood, over real interfaces
# between network namespaces, recorded by tcpdump. Needs root; skipped where something is not to be had.
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
davscope=${DAVSCOPE:-$root/davscope}
build=${BUILD:-build}
case $build in /*) ;; *) build=$root/$build ;; esac
case $davscope in /*) ;; *) davscope=$PWD/$davscope ;; esac
work=$(mktemp -d)
near=dsn$$ far=dsf$$
passed=0 failed=0
recorder=

skip() {
	echo "live tools: $1"
	echo "0 passed, 0 failed, 1 skipped"
	exit 0
}

leave() {
	[ -z "$recorder" ] || kill "$recorder" 2>/dev/null
	"$root/tests/live/apache.sh" stop "$work/server"
	ip netns del "$near" 2>/dev/null
	ip netns del "$far" 2>/dev/null
	rm -rf "$work"
}

verdict() { # NAME, EXPECTED, SEEN
	if [ "$2" = "$3" ]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "FAIL $1: $2 expected, seen: $3"
	fi
}

# FILE, then what tcpdump is given beside it; goes on when tcpdump listens.
record() {
	file=$1
	shift
	rm -f "$work/says"
	mkfifo "$work/says"
	ip netns exec "$far" timeout 20 tcpdump -i to-near -Z root --immediate-mode -s 2048 -B 32768 -w "$file" "$@" \
		</dev/null >/dev/null 2>"$work/says" &
	recorder=$!
	exec 8<"$work/says"
	read -r said <&8
	case $said in *'listening on'*) ;; *) echo "tcpdump: $said" ;; esac
}

count() { # PATTERN FILE
	grep -c -- "$1" "$2"
}

[ "$(id -u)" -eq 0 ] || skip "only root may make network namespaces"
for tool in ip tcpdump curl flock; do
	command -v $tool >/dev/null || skip "$tool is not installed"
done
[ -x /usr/sbin/apache2 ] || skip "apache2 is not installed"
ip netns add "$near" 2>/dev/null || skip "network namespaces are not allowed here"
trap leave EXIT
trap 'exit 1' HUP INT TERM
ip netns add "$far"
ip -n "$near" link add to-far type veth peer name to-near netns "$far" ||
	skip "veth pairs are not to be had here"
ip -n "$near" addr add 10.99.0.1/24 dev to-far
ip -n "$far" addr add 10.99.0.2/24 dev to-near
# Segments as they go over a wire, so that they can be sent again.
ip -n "$near" link set to-far gso_max_segs 1
ip -n "$far" link set to-near gso_max_segs 1
ip -n "$near" link set to-far up
ip -n "$far" link set to-near up
chmod 755 "$work"

"$root/tests/live/apache.sh" start "$work/server" 10.99.0.2 80 "$far" >"$work/pid" || skip "apache2 does not start"
record "$work/talk.pcap" tcp port 80
verdict "pid of the server" apache2 "$(cat "/proc/$(cat "$work/pid")/comm")"
echo | ip netns exec "$near" "$root/tests/live/davclient.sh" http://10.99.0.2 3 >"$work/client"
verdict "client" 0 $?
# What the recorder has not read yet when it is stopped is only of this.
ip netns exec "$near" "$root/tests/live/davclient.sh" http://10.99.0.2 0 1 >/dev/null
kill -INT "$recorder"
wait "$recorder"
recorder=
"$davscope" -r "$work/talk.pcap" >"$work/report"
verdict "creates without a tag" 6 "$(count '^  info commit-without-change-tag (D01): PUT /exchange/anna/Calendar/' "$work/report")"
verdict "all findings of that rule" 6 "$(count '^  info commit-without-change-tag' "$work/report")"
verdict "copies" 3 "$(count '^  high recreate-after-untagged (D02): /exchange/anna/Calendar/Tea [1-3]-2.EML: 2 live' "$work/report")"
verdict "contacts with their tag" 6 "$(count ' /exchange/anna/Contacts/.* rt:' "$work/report")"
verdict "summary" "findings: 3 high, 7 info" "$(grep '^findings: ' "$work/report")"

"$root/tests/live/apache.sh" stop "$work/server"
ip netns exec "$near" curl -s -o /dev/null http://10.99.0.2/
verdict "the server is gone" 7 $?

# The same packets from the other side say the same; what is left of the recording is not asked for.
packets=$("$davscope" -r "$work/talk.pcap" | sed -n 's/^packets  *\([0-9]*\) .*/\1/p')
record "$work/again.pcap" -c "$packets" tcp port 80
ip netns exec "$near" "$build/tests/tool/flood" -i to-far -r "$work/talk.pcap" -c "$packets" -p 2000 >"$work/flood"
verdict "flood with a capture" "sent $packets packets" "$(cut -d ' ' -f 1-3 "$work/flood")"
wait "$recorder"
"$davscope" -r "$work/again.pcap" >"$work/report2"
verdict "summary of the replay" "findings: 3 high, 7 info" "$(grep '^findings: ' "$work/report2")"

record "$work/udp.pcap" -c 1000 udp port 9
ip netns exec "$near" "$build/tests/tool/flood" -i to-far -c 1000 -p 2000 >"$work/flood"
verdict "flood" "sent 1000 packets 60000 bytes" "$(cut -d ' ' -f 1-5 "$work/flood")"
wait "$recorder"
recorder=
verdict "packets of the flood" "packets       1000 with 60000 bytes" "$("$davscope" -r "$work/udp.pcap" | grep '^packets')"

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
