#!/bin/sh
# Peak memory where it must not grow: many live flows, a stream without an end, a flood of SYNs; a markdown table.
# STREAM: transactions of the stream (1,200,000 are 9.5 GB, six times what it takes until as many items are known as may be); FLOOD: SYNs.
set -u
: "${DAVSCOPE:=./davscope}" "${BUILD:=build}" "${STREAM:=1200000}" "${FLOOD:=5000000}"
tools=$BUILD/tests/bench dir=$BUILD/bench/memory
rm -rf "$dir" && mkdir -p "$dir" || exit 1

# What gen makes goes through a pipe. Left behind: NAME.gen "N transactions", NAME.out, NAME.figures.
run() { # NAME "OPTIONS OF davscope" ARGUMENTS OF gen
	name=$1 options=$2
	shift 2
	echo "bench: memory: $name" >&2
	# shellcheck disable=SC2086 # options are words
	"$tools/gen" "$@" - 2>"$dir/$name.gen" |
		"$tools/measure" -s "$dir/$name.figures" "$DAVSCOPE" -r - $options >"$dir/$name.out" 2>"$dir/$name.err"
}

# Highest KiB and, if GROWTH is given, the second half against the first.
row() { # NAME TITLE MIB [GROWTH]
	name=$1
	read -r wall user system kib growth <"$dir/$name.figures"
	found=$(sed -n 's/^transactions *//p' "$dir/$name.out")
	echo "$2|$(awk '{ print $1 }' "$dir/$name.gen")|$found|$wall|$((user + system))|$kib|$growth|$3|${4-}"
}

run list --no-shipped-rules -c 1000 2000
run flows '' -c 1000 2000
run stream '' "$STREAM"
run syns '' -s "$FLOOD" 1000
{
	row list '1,000 connections at a time, list' 64
	row flows '1,000 connections at a time, shipped rules' 64
	row stream 'a stream through standard input, ever new items' 0 5
	row syns "one conversation within $FLOOD SYNs" 512
} | awk -F '|' '
BEGIN {
	print "Memory: the highest in MiB, and how much higher it was in the second half of the run than in the first.\n"
	print "| capture | transactions | found | seconds | processor | MiB | at most | second half | at most | |"
	print "|---|--:|--:|--:|--:|--:|--:|--:|--:|---|"
}
{
	bad = $2 != $3 || ($8 > 0 && $6 > 1024 * $8) || ($9 != "" && $7 > 1024 * $9)
	missed = missed || bad
	printf "| %s | %d | %d | %.1f | %.1f | %.1f | %s | %s | %s | %s |\n", $1, $2, $3, $4 / 1000, $5 / 1000,
	    $6 / 1024, ($8 > 0 ? $8 : ""), ($9 == "" ? "" : sprintf("%+.1f", $7 / 1024)), $9, (bad ? "MISS" : "pass")
}
END {
	exit missed
}'
