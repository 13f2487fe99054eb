#!/bin/sh
# Scenarios played over real sockets: what comes of them, that the capture has the same bytes on a second
# run, that davscope reads it without an anomaly, sees each request as often as it went over the wire, and
# finds in it what happened.
set -u
davscope=${DAVSCOPE:-./davscope} build=${BUILD:-build}
work=$build/played
passed=0 failed=0
rm -rf "$work"
mkdir -p "$work" || exit 1

same() { # NAME EXPECTED ACTUAL
	if [ "$2" = "$3" ]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "FAIL $1: expected '$2', got '$3'"
	fi
}

accidents() { # request:what...
	for accident in "$@"; do
		[ "$accident" = - ] || echo "- {request: ${accident%%:*}, what: ${accident#*:}}"
	done
}

scenario() { # CLIENT SERVERS CYCLES EDIT ACCIDENTS HOPS
	echo "davscope_scenario: 1"
	echo "client: $1"
	echo "server: ${2%%>*}"
	case $2 in
	*'>'*)
		behind=${2#*>}
		echo "gateway: ${behind%>*}"
		echo "store: ${behind#*>}"
		;;
	esac
	echo "cycles: $3"
	[ "$4" = - ] || echo "edit_before: $4"
	echo "hops: $6"
	[ "$5" = - ] && return
	echo "accidents:"
	# shellcheck disable=SC2086
	accidents $5
}

played() { # SCENARIO CAPTURE
	"$davscope" machine play -w "$2" "$1" 2>"$work/err" </dev/null
}

# Requests with a number or without one; those that were lost never came to the server, replayed ones twice.
expected_requests() { # STORY HOPS
	awk -v hops="$2" '
	NR == 1 || /^copies:/ { next }
	{
		outer++
		inner += /request-lost$/ ? 0 : /replayed$/ ? 2 : 1
	}
	END { print (hops != "server" ? outer : 0) + (hops != "client" ? inner : 0) }' "$1"
}

fields() { # CAPTURE FIELD...
	capture=$1
	shift
	for field in "$@"; do
		set -- "$@" -e "$field"
		shift
	done
	"$davscope" --no-shipped-rules -r "$capture" -T fields "$@" 2>/dev/null
}

# Rules of medium and above, once each; - when there are none.
found() { # CAPTURE
	"$davscope" -r "$1" -q -T json 2>/dev/null | grep '"event_type":"finding"' |
		grep -E '"severity":"(medium|high|critical)"' |
		sed 's/.*"rule":{"id":"\([a-z0-9-]*\)".*/\1/' | sort -u |
		awk '{ all = all sep $0; sep = " " } END { print NR ? all : "-" }'
}

check() { # NAME CLIENT SERVERS CYCLES EDIT ACCIDENTS COPIES DIRTY LOST FINDING
	name=$1 file=$work/$1
	scenario "$2" "$3" "$4" "$5" "$6" both >"$file.yaml"
	played "$file.yaml" "$file.pcap" >"$file.txt"
	same "$name: exit" 0 $?
	same "$name: outcome" "copies: $7 dirty: $8 edit lost: $9" \
		"$(tail -1 "$file.txt" | tr -s ' ' | sed 's/ requests: [0-9]*//')"
	played "$file.yaml" "$file.again.pcap" >"$file.again.txt"
	same "$name: the same story" same "$(cmp -s "$file.txt" "$file.again.txt" && echo same)"
	same "$name: the same bytes" same "$(cmp -s "$file.pcap" "$file.again.pcap" && echo same)"
	same "$name: requests" "$(expected_requests "$file.txt" both)" \
		"$(fields "$file.pcap" http.request.method | wc -l)"
	"$davscope" -r "$file.pcap" -q >"$file.report" 2>&1
	same "$name: read without fault" 3 "$(grep -c -e '^anomalies  *none$' -e '^gaps  *0 with 0 bytes; clipped: 0 ' \
		-e '^evidence: complete$' "$file.report")"
	[ "${10}" = '?' ] || same "$name: findings" "${10}" "$(found "$file.pcap")"
}

# One side of the relays: each request once, and what was lost on the other side is not there.
hops() { # HOPS
	scenario davx5 caldav-strict 4 2 '0:request-lost 1:replayed' "$1" >"$work/hops.yaml"
	played "$work/hops.yaml" "$work/hops.pcap" >"$work/hops.txt"
	same "hops: $1" "$(expected_requests "$work/hops.txt" "$1")" \
		"$(fields "$work/hops.pcap" http.request.method | wc -l)"
}

n=0
while IFS='	' read -r client servers cycles edit accidents copies dirty lost finding; do
	case $client in '' | '#'*) continue ;; esac
	n=$((n + 1))
	check "$n-$client" "$client" "$servers" "$cycles" "$edit" "$accidents" "$copies" "$dirty" "$lost" "$finding"
done <tests/play/OUTCOMES.tsv
hops both
hops client
hops server

# The samples can be played.
for sample in samples/play/*.yaml; do
	played "$sample" "$work/sample.pcap" >"$work/sample.txt"
	same "$sample" 0 $?
done

# The player against the analyser's own simulation.
"$build/tests/play/compare" >"$work/compare.txt" 2>&1 || failed=$((failed + 1))
cat "$work/compare.txt"
passed=$((passed + $(sed -n 's/^\([0-9]*\) passed.*/\1/p' "$work/compare.txt")))
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
