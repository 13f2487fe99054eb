#!/bin/sh
# Golden cases: tests/golden/CASE/{in.talk or capture, args, expected, [expected.err], [code], README.md}.
#   golden.sh [CASE...]          compares whole outputs; a missing expected file fails
#   golden.sh --bless CASE...    writes them anew; read them before you commit them
# args holds the options behind "-r NAME"; without in.talk the file capture names a capture or a talk.
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
davscope=${DAVSCOPE:-$root/davscope}
build=${BUILD:-$root/build}
bless=no
[ "${1:-}" = --bless ] && { bless=yes; shift; }
[ "$bless" = yes ] && [ $# -eq 0 ] && { echo "golden: --bless wants cases" >&2; exit 2; }
absolute() { case $1 in /*) echo "$1" ;; *) echo "$PWD/$1" ;; esac; }
davscope=$(absolute "$davscope") mkpcap=$(absolute "$build")/tests/tool/mkpcap work=$(absolute "$build")/golden
passed=0 failed=0

# Leaves out, err and code of one case in its work directory.
run_case() { # CASE DIRECTORY
	input=in.pcap talk=$1/in.talk
	[ -f "$talk" ] || talk=$root/$(cat "$1/capture")
	case $talk in
	*.talk)
		"$mkpcap" "$talk" "$2/in.pcap" || return 1
		;;
	*)
		input=$(basename "$talk")
		ln -sf "$talk" "$2/$input" || return 1
		;;
	esac
	(
		cd "$2" || exit 1
		eval "set -- $(cat "$1/args" 2>/dev/null)"
		"$davscope" -r "$input" "$@" >out 2>err </dev/null
		echo $? >code
	)
}

same() { # NAME EXPECTED ACTUAL
	[ -f "$2" ] || { echo "FAIL $1: $2 is missing"; return 1; }
	cmp -s "$2" "$3" && return 0
	echo "FAIL $1: $(basename "$2") differs"
	diff -u "$2" "$3" | head -40
	return 1
}

check_case() { # NAME CASE DIRECTORY
	[ -f "$2/README.md" ] || { echo "FAIL $1: no README.md"; return 1; }
	code=0
	[ -f "$2/code" ] && code=$(cat "$2/code")
	[ "$(cat "$3/code")" = "$code" ] ||
		{ echo "FAIL $1: exit code $(cat "$3/code"), expected $code"; cat "$3/err"; return 1; }
	same "$1" "$2/expected" "$3/out" || return 1
	[ ! -f "$2/expected.err" ] || same "$1" "$2/expected.err" "$3/err"
}

bless_case() { # CASE DIRECTORY
	cp "$2/out" "$1/expected"
	[ ! -f "$1/expected.err" ] || cp "$2/err" "$1/expected.err"
	if [ "$(cat "$2/code")" = 0 ]; then rm -f "$1/code"; else cp "$2/code" "$1/code"; fi
}

# shellcheck disable=SC2046
[ $# -gt 0 ] || set -- $(ls "$root/tests/golden")
for name in "$@"; do
	case=$root/tests/golden/$name
	[ -d "$case" ] || { [ -f "$case" ] || { echo "FAIL $name: no such case"; failed=$((failed + 1)); }; continue; }
	rm -rf "${work:?}/$name"
	mkdir -p "$work/$name"
	if ! run_case "$case" "$work/$name"; then
		echo "FAIL $name: cannot run"
		failed=$((failed + 1))
	elif [ "$bless" = yes ]; then
		bless_case "$case" "$work/$name"
		echo "blessed $name"
	elif check_case "$name" "$case" "$work/$name"; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
	fi
done
[ "$bless" = yes ] || echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
