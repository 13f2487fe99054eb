#!/bin/sh
# Each filter that README.md and davscope(1) show is one, and finds something in a capture that has it.
set -u
davscope=${DAVSCOPE:-./davscope} build=${BUILD:-build}
work=$build/examples
rm -rf "$work"
mkdir -p "$work" || exit 1
# shellcheck source=tests/tool/checks.sh
. "$(dirname "$0")/../tool/checks.sh"

# Behind -Y, and the displays under CONDITIONS, as man(1) prints them: of a macro it takes away double quotes.
shown() {
	sed -n "s/.* -Y '\([^']*\)'.*/\1/p" README.md docs/davscope.1
	sed -n '/^\.Sh CONDITIONS/,/^\.Sh THE RULES/s/^\.Dl //p' docs/davscope.1 |
		tr -d '"' | sed 's/\\(dq/"/g'
}

# FILTER: where it must find something. One that stands nowhere here has no capture, and fails.
captures_of() {
	case $1 in
	*server.address*) echo samples/kb923164-before.talk ;;
	*flow.end*) echo tests/golden/reset/in.talk ;;
	*dav.response*) echo tests/cmd/gone.talk ;;
	*tag_due*) echo samples/pcapng-cadaver.pcapng ;;
	*'http.response.status >= 400'*) echo samples/vdirsyncer-radicale.pcap ;;
	esac
}

shown | sort -u >"$work/filters"
same "there are filters" yes "$([ "$(wc -l <"$work/filters")" -ge 6 ] && echo yes)"
while read -r filter; do
	capture=$(captures_of "$filter")
	case $capture in
	*.talk)
		"$build/tests/tool/mkpcap" "$capture" "$work/in.pcap" || fail "$filter" "mkpcap"
		capture=$work/in.pcap
		;;
	esac
	run -r "$capture" -Y "$filter" -T json
	same "$filter: is a filter" 0 $code
	found=$(grep -vc '"event_type":"stats"' "$work/out")
	same "$filter: finds something" yes "$([ "$found" -gt 0 ] && echo yes)"
done <"$work/filters"

closing
