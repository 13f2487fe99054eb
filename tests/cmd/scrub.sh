#!/bin/sh
# scrub: the same findings and transactions come out of what it writes, nothing private is in it, and a key
# makes it repeatable. Real captures that are no part of the project are looked at where they are at hand.
set -u
here=$(dirname "$0")
davscope=${DAVSCOPE:-./davscope} build=${BUILD:-build}
work=$build/scrub
lab=../shared/captures/lab
key=000102030405060708090a0b0c0d0e0f
rm -rf "$work"
mkdir -p "$work" || exit 1
. "$here/../tool/checks.sh"

fields() { # CAPTURE OUT FIELD...: a column each; of no finding, so without the rules, which take longer to load
	capture=$1 columns=$2
	shift 2
	for field in "$@"; do
		set -- "$@" -e "$field"
		shift
	done
	"$davscope" --no-shipped-rules -r "$capture" --bodies -T fields "$@" >"$columns" 2>/dev/null </dev/null
}

# What a capture says, apart from names.
tell() { # CAPTURE OUT
	"$davscope" -r "$1" -Y 'event_type == "finding"' -T fields -e rule.id -e finding.severity \
		-e evidence.frames >"$2.findings" 2>/dev/null </dev/null
	fields "$1" "$2.transactions" http.request.method http.request.frame http.request.body.type \
		http.request.body.bytes http.request.body.complete http.response.status \
		http.response.frame http.response.body.type http.response.body.bytes \
		http.response.body.complete dav.flavour dav.flavour_from dav.flavour_evidence dav.write \
		dav.tag_due dav.tag_state dav.tag_header dav.tag_damage dav.root \
		dav.responses dav.rows_untagged dav.error.name dav.response.status \
		dav.response.changetype dav.property.status dav.property.bytes quality.pairing \
		quality.unpaired quality.loss timing.duration_ns
	fields "$1" "$2.flows" flow.protocol flow.tunnel flow.end flow.bytes.client flow.bytes.server \
		flow.gap_bytes.client flow.gap_bytes.server flow.opaque_bytes.client \
		flow.opaque_bytes.server flow.retransmitted flow.out_of_order flow.conflicts \
		flow.resyncs flow.transactions
	fields "$1" "$2.anomalies" anomaly.code anomaly.frame anomaly.other_frame anomaly.value
	# A damaged file is another file afterwards: where the damage lies differs. The names in TLS are gone.
	"$davscope" -r "$1" -q 2>/dev/null </dev/null | sed -n '/^evidence/,$p' | grep -v -e '^damage' -e '^TLS to' >"$2.summary"
}

unchanged() { # NAME CAPTURE
	out=$work/out.pcapng
	run scrub "$2" -o "$out" --key $key
	[ $code -eq 0 ] || [ $code -eq 4 ] || { fail "$1" "exit code $code: $(cat "$work/err")"; return; }
	tell "$2" "$work/before"
	tell "$out" "$work/after"
	different=
	for what in findings transactions flows anomalies summary; do
		cmp -s "$work/before.$what" "$work/after.$what" || different="$different $what"
	done
	"$build/tests/tool/samepackets" "$2" "$out" >"$work/packets" 2>&1 ||
		different="$different packets"
	same "$1: what differs" "" "$different"
	[ -z "$different" ] || {
		head -2 "$work/packets"
		for what in $different; do
			[ -f "$work/before.$what" ] && diff "$work/before.$what" "$work/after.$what" | head -4 | cut -c1-200
		done
	}
}

# ---- the same comes out ----
for capture in samples/*.pcap samples/*.pcapng; do
	unchanged "$capture" "$capture"
done
# What tunnels over IP carry is left out, so there is nothing to find.
for talk in samples/*.talk tests/golden/*/in.talk tests/prop/*.talk "$here/scrub.talk"; do
	[ "$talk" != tests/golden/tunnels/in.talk ] || continue
	[ "$talk" != tests/golden/checksum-outside/in.talk ] || continue
	# What unpacks beyond the limits is blanked.
	[ "$talk" != tests/golden/bomb/in.talk ] || continue
	# Fragments that never become a packet are blank, and so agree.
	[ "$talk" != tests/golden/ip-damage/in.talk ] || continue
	case $talk in tests/golden/limit-*) continue ;; esac # only odd under its limit
	name=$(echo "$talk" | tr / -)
	# What is packed with brotli and zstd is blanked.
	[ "$talk" != tests/golden/brotli-zstd/in.talk ] || continue
	"$build/tests/tool/mkpcap" "$talk" "$work/$name.pcap" || fail "$talk" mkpcap
	unchanged "$talk" "$work/$name.pcap"
	rm -f "$work/$name.pcap"
done
if [ -d $lab ]; then
	for capture in "$lab"/*.pcap "$lab"/*.pcapng; do
		unchanged "$capture" "$capture"
	done
else
	skipped=$((skipped + 1))
fi

# ---- nothing private is in it ----
private="quibblewick Zwirbelfant7 bergkobold Hummelflug Nebelkammer flatterfisch krumelkeks wuselbeutel
	raunzkartoffel Schnurpsel Ölgötzenkind 01715550123 5550123 1971-05-23 203.0.113.77
	2001:db8:77::beef 0xcb00714d 0x02aabbccddee 0x20010db80077000000000000"
in=$work/private.pcap out=$work/private.out.pcapng
"$build/tests/tool/mkpcap" "$here/scrub.talk" "$in"
if command -v python3 >/dev/null; then
	# shellcheck disable=SC2086 # words
	found=$(tests/tool/leaks.py "$in" $private | wc -l)
	same "the words are found where they are" 19 "$found"
	for n in 1 2 3; do
		run scrub "$in" -o "$out" --key ${key%?}$n
		# shellcheck disable=SC2086
		same "leaks under key $n" "" "$(tests/tool/leaks.py "$out" $private)"
	done
	# Damaged, under wrong checksums, in tunnels.
	"$build/tests/tool/mkpcap" "$here/scrub-outside.talk" "$work/outside.pcap" || fail outside mkpcap
	# shellcheck disable=SC2086
	found=$(tests/tool/leaks.py "$work/outside.pcap" $private | wc -l)
	same "the words outside are found" 11 "$found"
	for mode in auto on off; do
		run scrub "$work/outside.pcap" -o "$out" --key $key -k $mode
		same "outside with -k $mode" 0 $code
		# shellcheck disable=SC2086
		same "leaks from outside with -k $mode" "" "$(tests/tool/leaks.py "$out" $private)"
	done
else
	skipped=$((skipped + 1))
fi

# ---- keys ----
run scrub "$in" -o "$work/a.pcapng" --key $key
same "a key" 0 $code
echo $key >"$work/key"
run scrub "$in" -o "$work/b.pcapng" --key-file "$work/key"
same "a key in a file" 0 $code
same "the same key" yes "$(cmp -s "$work/a.pcapng" "$work/b.pcapng" && echo yes)"
run scrub "$in" -o "$work/b.pcapng" --key f${key#?}
same "another key" no "$(cmp -s "$work/a.pcapng" "$work/b.pcapng" || echo no)"
run scrub "$in" -o "$work/b.pcapng"
run scrub "$in" -o "$work/c.pcapng"
same "no key" no "$(cmp -s "$work/b.pcapng" "$work/c.pcapng" || echo no)"
for wrong in 12 "${key}0" "g${key#?}" ''; do
	run scrub "$in" -o "$work/x.pcapng" --key "$wrong"
	same "key '$wrong'" 2 $code
done
run scrub "$in" -o "$work/x.pcapng" --key $key --key-file "$work/key"
same "two keys" 2 $code
run scrub "$in" -o "$work/x.pcapng" --key-file "$work/no-such-file"
same "no key file" 2 $code
same "nothing was written" no "$([ -e "$work/x.pcapng" ] || echo no)"

# ---- checksums ----
"$build/tests/tool/mkpcap" tests/golden/checksum-damaged/in.talk "$work/damaged.pcap"
run scrub "$work/damaged.pcap" -o "$work/a.pcap" --key $key
run scrub "$work/damaged.pcap" -o "$work/b.pcap" --key $key -k auto
same "-k auto is the default" yes "$(cmp -s "$work/a.pcap" "$work/b.pcap" && echo yes)"
for mode in on off; do
	run scrub "$work/damaged.pcap" -o "$work/b.pcap" --key $key -k $mode
	for capture in damaged b; do
		run -r "$work/$capture.pcap" -q -k $mode
		sed -n '/^evidence/,$p' "$work/out" >"$work/$capture.summary"
	done
	same "-k $mode" "$(cat "$work/damaged.summary")" "$(cat "$work/b.summary")"
done
run scrub "$work/damaged.pcap" -o "$work/b.pcap" -k perhaps
same "-k perhaps" 2 $code

# ---- names under one key agree from capture to capture ----
sample=samples/vdirsyncer-radicale.pcap
run scrub $sample -o "$work/a.pcap" --key $key
same "pcap" 0 $code
same "pcap by its name" "4d3cb2a1" "$(od -An -tx1 -N4 "$work/a.pcap" | tr -d ' ')"
same "packets in pcap" "" "$("$build/tests/tool/samepackets" $sample "$work/a.pcap")"
run scrub $sample -o - --key $key
same "to standard output" yes "$("$davscope" scrub $sample -o "$work/a.pcapng" --key $key 2>/dev/null &&
	cmp -s "$work/out" "$work/a.pcapng" && echo yes)"
says "the closing line" err "3284 packets, "
same "for nobody else" "$work/a.pcapng" "$(find "$work/a.pcapng" -perm 600)"
same "no scratch file is left" "" "$(find "$work" -name 'davscope.*' -o -name '*.tmp')"

# ---- what is refused ----
cp samples/midstream-apache-dav.pcap "$work/same.pcap"
run scrub "$work/same.pcap" -o "$work/same.pcap"
same "over the input" 2 $code
ln -s same.pcap "$work/link.pcap"
run scrub "$work/same.pcap" -o "$work/link.pcap"
same "over the input by another name" 2 $code
same "the input is whole" yes "$(cmp -s samples/midstream-apache-dav.pcap "$work/same.pcap" && echo yes)"
run scrub
same "no input" 2 $code
run scrub "$in"
same "no output" 2 $code
run scrub "$in" "$in" -o "$work/x.pcapng"
same "two inputs" 2 $code
run scrub - -o "$work/x.pcapng"
same "standard input" 2 $code
run scrub "$work/no-such-file" -o "$work/x.pcapng"
same "no such input" 3 $code
run scrub "$here/scrub.sh" -o "$work/x.pcapng"
same "no capture" 3 $code
run scrub "$in" -o "$work/no-such-directory/x.pcapng"
same "no such directory" 5 $code
run scrub "$in" -o /dev/full
same "no room" 5 $code
run scrub "$in" -r "$in" -o "$work/x.pcapng"
same "an option of analyze" 2 $code
run -r "$in" --key $key
same "its options belong to it" 2 $code

# ---- limits ----
run scrub "$in" -o "$work/x.pcapng" --limit scrub_body=64 --limit scrub_index=4K
same "small limits" 0 $code
# shellcheck disable=SC2086
command -v python3 >/dev/null && same "leaks under small limits" "" "$(tests/tool/leaks.py "$work/x.pcapng" $private)"

for limit in scrub_held=4K scrub_marks=1 scrub_pack=64; do
	run scrub "$in" -o "$work/x.pcapng" --limit scrub_body=64 --limit $limit
	same "small limit $limit" 0 $code
	# shellcheck disable=SC2086
	command -v python3 >/dev/null && same "leaks with $limit" "" "$(tests/tool/leaks.py "$work/x.pcapng" $private)"
done

# ---- a listing longer than scrub_pack fits again ----
awk 'BEGIN {
	srand(5); n = split("meeting tea with anna room four planning review coffee monday", word)
	print ">>>\nPROPFIND /cal/ HTTP/1.1\nHost: x\nDepth: 1\nContent-Length: 0\n@gzip\n<<<\nHTTP/1.1 207 Multi-Status"
	print "Content-Type: application/xml\nContent-Encoding: gzip\nContent-Length: {length}\n\n<multistatus xmlns=\"DAV:\">"
	for (i = 0; i < 4000; i++) {
		text = ""
		for (k = 0; k < 40; k++)
			text = text " " word[1 + int(n * rand())]
		print "<response><href>/cal/" i ".ics</href><propstat><prop><x>" text "</x></prop>"
		print "<status>HTTP/1.1 200 OK</status></propstat></response>"
	}
	print "</multistatus>"
}' >"$work/long.talk"
"$build/tests/tool/mkpcap" "$work/long.talk" "$work/long.pcap"
run scrub "$work/long.pcap" -o "$work/x.pcapng"
same "a long listing" 0 $code
says "a long listing" err "blanked: 0 of 1 bodies"

# ---- what pcap cannot say is said ----
"$build/tests/tool/mkpcap" tests/golden/dropped/in.talk "$work/dropped.pcapng"
run scrub "$work/dropped.pcapng" -o "$work/x.pcap"
same "dropped in pcap" 0 $code
says "dropped in pcap" err "pcap cannot say"

closing
