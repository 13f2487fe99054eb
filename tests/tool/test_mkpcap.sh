#!/bin/sh
# Tests mkpcap itself: exact bytes of a tiny talk, messages for wrong ones, and tshark's word where it is installed.
set -u
mkpcap=${BUILD:-build}/tests/tool/mkpcap
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
passed=0 failed=0

verdict() { # NAME EXPECTED ACTUAL
	if [ "$2" = "$3" ]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		printf 'FAIL %s\n  expected: %s\n  actual:   %s\n' "$1" "$2" "$3"
	fi
}

compile() { # talk on stdin
	cat >"$dir/in.talk"
	(cd "$dir" && "$mkpcap" in.talk out.pcap 2>&1)
}

bad_checksums() {
	tshark -r "$dir/out.pcap" -o tcp.check_checksum:TRUE -o ip.check_checksum:TRUE \
	    -Y 'tcp.checksum.status == 0 || ip.checksum.status == 0' 2>/dev/null | wc -l
}

hex() { od -An -v -tx1 "$dir/out.pcap" | tr -d ' \n'; }

case $mkpcap in /*) ;; *) mkpcap=$PWD/$mkpcap ;; esac

# One client byte "A", raw IP, no handshake and no end. The checksums were verified with another program.
compile <<'TALK'
@link raw
@noopen
@noclose
@noack
@raw
>>>
A
TALK
file=d4c3b2a1020004000000000000000000000004006500000000
record=fd1745000000002900000029000000
ip=45000029429e00004006242f0a0000010a000002
tcp=9c400050000f42411ddca7415018ffffb6ca000041
verdict bytes "$file$record$ip$tcp" "$(hex)"

error() { # TEXT EXPECTED
	verdict "error: $2" "mkpcap: in.talk:$2" "$(printf '%b' "$1" | compile)"
}
error '@conn a 10.0.0.1 10.0.0.2:80\n' '1: no address; write 10.0.0.1:80 or [fd00::1]:80'
error '\n@spilt 3\n' '2: unknown directive'
error '@frag 12\n' '1: a fragment size that is a multiple of 8 is wanted, or off'
error 'GET / HTTP/1.1\n' '1: text outside a message; messages begin with >>> or <<<'
error '>>> nobody\nGET / HTTP/1.1\n' '1: there is no connection of that name'
error '# c\n@raw\n>>>\n\\q\n' '3: unknown escape; known are \r \n \t \0 \\ \xNN'
error '@drop 2\n>>>\nGET / HTTP/1.1\n' '2: the message has 1 segments, there is no number 2'
error '@split 5,5\n>>>\nGET / HTTP/1.1\n' '1: offsets must grow and start above 0'
error '@halfclose client\n>>>\nGET / HTTP/1.1\n@halfclose client\n>>>\nGET /\n' '5: this side has closed its half of the connection'
error '@at 2006-13-01T00:00:00Z\n' '1: no time; write 2006-09-25T16:00:03.5Z'
error '@dropped 3\n' '1: only pcapng can say that; write @format pcapng first'
error '@wait\n' '1: usage: @wait DURATION'

if ! command -v tshark >/dev/null; then
	echo "tshark is not installed: comparison skipped"
else
	for shape in 'pcap ether @vlan 10,20' 'pcap-ns sll @vlan 10' 'pcap-be raw @v6' \
	    'pcapng sll2 @frag 24' 'pcap null @frag 24' 'pcapng ether @v6' 'pcap sll2 @vlan 10,20'; do
		rest=${shape#* }
		compile <<TALK >/dev/null
@format ${shape%% *}
@link ${rest%% *}
${rest#* }
@mss 100
@isn 4294967290 4294967200
>>>
PUT /a HTTP/1.1
Content-Length: {length}

{fill 500}
@chunked 64
@trailer X-End: yes
@dup 2
<<<
HTTP/1.1 201 Created
Transfer-Encoding: chunked

{fill 300}
TALK
		verdict "tshark: $shape" "PUT 500 / 201 300 / 0 bad checksums" \
		    "$(tshark -r "$dir/out.pcap" -Y http -T fields -E separator=' ' \
			-e http.request.method -e http.response.code -e http.file_data 2>/dev/null |
			awk '{ printf "%s %d / ", $1, length($2) }')$(bad_checksums) bad checksums"
	done
fi
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
