#!/bin/sh
# analyze with rules and filters: exit codes, what is shown, what stands in a slice, what is refused.
set -u
here=$(dirname "$0")
davscope=${DAVSCOPE:-./davscope} build=${BUILD:-build}
work=$build/analyze
sample=samples/vdirsyncer-radicale.pcap
rm -rf "$work"
mkdir -p "$work" || exit 1
. "$here/../tool/checks.sh"

rules() { run --no-shipped-rules -R "$here/rules.yaml" "$@"; }

silent() { # NAME FILE
	same "$1: $2 is empty" 0 "$(wc -c <"$work/$2")"
}

talk() { # NAME OUT: a talk in samples/ or of a golden case
	in=samples/$1.talk
	[ -f "$in" ] || in=tests/golden/$1/in.talk
	"$build/tests/tool/mkpcap" "$in" "$2" || fail "$1" "mkpcap"
}

# ---- --fail-on ----
for level in info low medium high; do
	rules -r $sample -q --fail-on $level
	same "fail-on $level" 1 $code
	silent "fail-on $level" out
done
rules -r $sample -q --fail-on critical # only inconclusive ones are
same "fail-on critical" 0 $code
silent "fail-on critical" out
rules -r $sample -q
same "no fail-on" 0 $code
says "no fail-on" out "refused-write"
rules -r $sample --fail-on medium
same "fail-on with list" 1 $code
says "fail-on with list" out "412"
rules -r $sample -q --fail-on low --var status=599 -Y 'http.request.method != "PROPFIND"'
same "other variable" 0 $code
rules -r $sample -q --fail-on low -Y 'http.request.method == "DELETE"'
same "hidden by the filter" 0 $code
rules -r $sample -q --fail-on high -Y 'http.request.method == "PUT"'
same "hidden: its cause is a finding" 0 $code
rules -r $sample -q --fail-on medium -Y 'http.request.method == "PUT"'
same "shown with its cause" 1 $code
rules -r $sample -q --fail-on high -Y 'rule.id == "refused-twice"'
same "shown by itself" 1 $code

# What is forgotten at a limit is counted, and the evidence is not called complete.
run -r samples/vdirsyncer-radicale.pcap -q --limit items_known=3 --limit sessions=1
says "forgotten" out "forgotten     462 items (limits items_known, store_bytes), "
says "forgotten is no complete evidence" out "evidence: incomplete ("
run -r samples/vdirsyncer-radicale.pcap -q
says "nothing forgotten" out "evidence: complete"
run -r $sample -q --fail-on low --no-shipped-rules
same "no rules" 0 $code
talk cut-file "$work/cut.pcap"
rules -r "$work/cut.pcap" -q --fail-on info --var status=200
same "damaged comes before findings" 4 $code
says "damaged" err "damaged at record 10"
rules -r $sample -T json --fail-on medium
same "fail-on in json" 1 $code
says "fail-on in json" out '"event_type":"stats"'

# ---- findings: the same in every format, for any number of workers, however far reading goes ----
found() { rules -r $sample -T fields -e id -e rule.id -e finding.message "$@"; sort "$work/out"; }
all=$(found)
same "findings" "refused-twice 1 refused-write 2" \
	"$(echo "$all" | cut -f 2 | grep refused | sort | uniq -c | awk '{ printf "%s%s %s", s, $2, $1; s = " " }')"
says "deep rule without --bodies" out "row-not-found"
same "workers" "$all" "$(found --workers 0 --hash-seed 5)"
rules -r $sample -T json
json=$(grep '"event_type":"finding"' "$work/out" | sed 's/.*"id":"\(f-[^"]*\)".*/\1/' | sort)
same "json" "$(echo "$all" | cut -f 1)" "$json"
part=$(found -c 3070 | grep refused-) # the second refused write begins at packet 3071
same "one finding in a part" 1 "$(echo "$part" | wc -l)"
same "with the id it has in the whole" 1 "$(echo "$all" | grep -cxF "$part")"

# A finding stands under the transaction that completes it; refused-twice is completed by another finding.
rules -r $sample -Y 'http.response.status == 412'
same "findings under what completes them" "PUT refused-write PUT refused-write" \
	"$(sed '/^findings/,$d' "$work/out" | awk '
		/^#/ { next }
		/ PUT  .* 412 / { printf "%sPUT", s; s = " " }
		/refused-/ { match($0, /refused-[a-z]*/); printf "%s%s", s, substr($0, RSTART, RLENGTH); s = " " }')"

# ---- refused: nothing is analysed ----
refused() { # NAME TEXT OPTIONS...
	name=$1 text=$2
	shift 2
	run "$@"
	same "$name" 2 $code
	silent "$name" out
	says "$name" err "$text"
}
refused "unknown field" 'did you mean http.response.status?' -r $sample -Y 'http.respons.status == 412'
says "caret" err '^~~~'
refused "empty filter" "-Y" -r $sample -Y ''
refused "rule file" "no-such.yaml" -r $sample -R "$work/no-such.yaml"
printf 'davscope_rules: 1\nrules:\n  - id: x\n    title: y\n    severity: low\n    event: transaction\n    condition: http.request.metod == "PUT"\n    output: z\n' >"$work/bad.yaml"
refused "rule with a mistake" "$work/bad.yaml:7:16: error[E0201]" -r $sample -R "$work/bad.yaml"
refused "variable" "nonsense" -r $sample -R "$here/rules.yaml" --var nonsense=1
refused "columns of no record" "no kind of record" -r $sample -T fields -e rule.id -e http.response.status
refused "mistyped file" "('typo.pcap' is no file)" -r $sample typo.pcap
refused "option of another command" "it belongs to: analyze" rules list -q
run rules --help
same "rules --help" 0 $code
says "rules --help" out "--require-negative"
run --help
same "main page fits a screen" yes "$([ "$(wc -l <"$work/out")" -le 40 ] && echo yes)"
same "no line is too long" "" "$(awk 'length > 90' "$work/out")"

# Every option has its paragraph in the manual.
for command in analyze rules scrub machine verify capture; do
	run $command --help
	grep -o -e '^  -[A-Za-z-]*' -e '^  -., --[a-z-]*' "$work/out" | sed 's/.* -//; s/^-*//; s/^ *//' >"$work/options"
	same "$command has options" yes "$([ "$(wc -l <"$work/options")" -gt 4 ] && echo yes)"
	while read -r option; do
		case $option in
		?) flag="Fl $option" ;;
		*) flag="Fl Fl $option" ;;
		esac
		same "manual: $option" yes "$(grep -qF "$flag" docs/davscope.1 && echo yes)"
	done <"$work/options"
done

# ---- slices: exactly the matching transactions ----
columns='-e http.request.method -e http.request.target -e http.response.status -e http.request.body.bytes -e http.response.body.bytes'
list() { # CAPTURE...
	# shellcheck disable=SC2086
	"$davscope" --no-shipped-rules -T fields $columns "$@" 2>/dev/null </dev/null | sort
}
slice() { # NAME CAPTURE
	for method in PUT GET PROPFIND; do
		expected=$(list -r "$2" | grep "^$method	")
		[ -n "$expected" ] || continue
		rm -f "$work/slice.pcapng"
		run --no-shipped-rules -r "$2" -q -Y "http.request.method == \"$method\"" -w "$work/slice.pcapng"
		same "slice $1 $method" "$expected" "$(list -r "$work/slice.pcapng")"
	done
}
for capture in samples/*.pcap samples/*.pcapng ../shared/captures/lab/lossy-*.pcap; do
	[ -f "$capture" ] && slice "$(basename "$capture")" "$capture"
done
for name in kb923164-before caldav-untagged caldav-tags continue fragments reorder port-reuse gap-in-head \
	one-sided exchange-untagged; do
	talk "$name" "$work/in.pcap"
	slice "$name" "$work/in.pcap"
done

# Without rules nothing is followed and less is read of bodies: the list stays what it is.
rows() { "$davscope" "$@" 2>/dev/null | grep '^[0-9][0-9]:'; }
for capture in samples/*.pcap samples/*.pcapng ../shared/captures/lab/*.pcap; do
	[ -f "$capture" ] || continue
	expected=$(rows -r "$capture")
	same "list without rules: $(basename "$capture")" "$expected" "$(rows -r "$capture" --no-shipped-rules)"
done
for name in kb923164-before caldav-untagged caldav-tags exchange-untagged; do
	talk "$name" "$work/in.pcap"
	expected=$(rows -r "$work/in.pcap")
	same "list without rules: $name" "$expected" "$(rows -r "$work/in.pcap" --no-shipped-rules)"
done

# From a pipe, from two files, and by a filter for other records than transactions.
expected=$(list -r $sample | grep '^PUT	')
"$davscope" --no-shipped-rules -r - -q -Y 'http.request.method == "PUT"' -w "$work/slice.pcapng" <$sample >/dev/null 2>&1
same "slice of stdin" "$expected" "$(list -r "$work/slice.pcapng")"
"$davscope" --no-shipped-rules -r - -q -w "$work/slice.pcapng" --limit packet_keep=20000 <$sample >"$work/out" 2>"$work/err"
same "slice of stdin, too long" 4 $?
says "slice of stdin, too long" err "packets are missing; see limit packet_keep"
run --no-shipped-rules -r samples/pcapng-cadaver.pcapng -r $sample -q -Y 'http.request.method == "PUT" and http.response.status == 412' \
	-w "$work/slice.pcapng"
same "slice of two files" "$(list -r $sample | awk '$3 == 412')" "$(list -r "$work/slice.pcapng")"
run --no-shipped-rules -r $sample -q -Y 'event_type == "flow"' -w "$work/slice.pcapng"
same "slice of no transaction" "0 " "$code $(list -r "$work/slice.pcapng")"
says "slice of no transaction" err "no packet in it, as no transaction was chosen by -Y"
run --no-shipped-rules -r $sample -q -Y 'exists http.request.method' -w "$work/slice.pcapng"
same "slice of all, without a word" "" "$(cat "$work/err")"
same "slice of all" "$(list -r $sample)" "$(list -r "$work/slice.pcapng")"

closing
