#!/bin/sh
# Instructions for each MB of six fixed captures, counted by callgrind, against those in instructions.tsv, which were
# recorded for a compiler and libraries of the same versions. More than 5 % more is a failure.
# What starting takes is counted with an empty capture, told, and subtracted.
# RECORD=1: these figures are the recorded ones from now on. FLAGS: the user's, with which all was compiled.
set -u
: "${DAVSCOPE:=./davscope}" "${BUILD:=build}" "${RECORD:=}" "${FLAGS:=}"
here=$(dirname "$0") gen=$BUILD/tests/bench/gen dir=$BUILD/bench/instructions
table=$here/instructions.tsv
names='start small listings airsync gzip mixed disordered'

count() { # OPTION...
	valgrind --tool=callgrind --callgrind-out-file=/dev/null "$DAVSCOPE" -r "$dir/$name" --workers 0 "$@" \
		2>&1 >/dev/null | sed -n 's/.*Collected : //p'
}

# As many at once as there are processors: how long they take does not matter.
if [ "${1-}" = --count ]; then
	name=$2
	echo "bench: counting instructions: $name" >&2
	printf '%s\t%d\t%s\t%s\n' "$name" "$(wc -c <"$dir/$name")" "$(count --no-shipped-rules)" "$(count)" \
		>"$dir/$name.count"
	exit 0
fi

rm -rf "$dir" && mkdir -p "$dir" || exit 1
capture() { # NAME ARGUMENTS OF gen
	name=$1
	shift
	"$gen" "$@" "$dir/$name" 2>/dev/null || exit 1
}
capture small -k small 2000
capture listings -k listings -c 8 40
capture airsync -k airsync -c 8 80
capture gzip -k gzip -c 8 600
capture mixed -c 8 500
capture disordered -c 8 -d 8 500
head -c 24 "$dir/small" >"$dir/start"
echo "$names" | tr ' ' '\n' | xargs -n 1 -P "$(nproc 2>/dev/null || echo 1)" "$0" --count

compiler=$(readelf -p .comment "$DAVSCOPE" | sed -n 's/^ *\[.*\] *//p' | sort -u | paste -s -d + -)
libraries=$("$DAVSCOPE" --version | grep -oE '(libpcap|llhttp|libxml2|zlib) [^ ,]+' | paste -s -d , - | sed 's/,/, /g')
key="$(uname -m), $compiler${FLAGS:+ $FLAGS}, $libraries, $(getconf GNU_LIBC_VERSION)"
for name in $names; do
	printf '%s\t%s\n' "$key" "$(cat "$dir/$name.count")"
done >"$dir/counted.tsv"

if [ -n "$RECORD" ]; then
	{
		awk -F '\t' -v key="$key" '$1 != key' "$table"
		cat "$dir/counted.tsv"
	} >"$dir/table.tsv" && cp "$dir/table.tsv" "$table"
fi
awk -v key="$key" -f "$here/instructions.awk" recorded=1 "$table" recorded=0 "$dir/counted.tsv"
