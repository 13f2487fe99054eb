#!/bin/sh
# Twice the input costs at most 2.2 times the instructions, for every shape of tests/tool/shapes.def.
# Counted by valgrind, as processors of virtual machines often do not; what a run costs without packets is
# taken off. usage: growth.sh [NAME...]; TIMES=8 for larger inputs; FIGURES=1 prints them all.
set -u
: "${BUILD:=build}" "${DAVSCOPE:=./davscope}" "${TIMES:=1}"
here=$(dirname "$0")
work=$BUILD/growth
shapes=$BUILD/tests/tool/shapes
. "$here/checks.sh"
mkdir -p "$work" || exit 1

instructions() { # FILE
	valgrind --tool=cachegrind --cache-sim=no --cachegrind-out-file=/dev/null "$DAVSCOPE" --workers 0 \
		-T json -r "$1" 2>"$work/err" >/dev/null </dev/null
	code=$?
	awk -v code=$code '/I +refs:/ { gsub(",", "", $NF); n = $NF }
		END { print (code == 0 || code == 1 || code == 4) && n ? n : 0 }' "$work/err"
}

# In hundredths; 0: a run failed. Less than a million instructions say nothing of growth.
growth() { # NAME N: sets ratio, once, twice
	"$shapes" "$1" "$2" >"$work/once"
	"$shapes" "$1" $(($2 * 2)) >"$work/twice"
	once=$(instructions "$work/once") twice=$(instructions "$work/twice")
	ratio=$(awk -v base="$base" -v once="$once" -v twice="$twice" 'BEGIN {
		print once && twice ? once - base < 1e6 ? 200 : int(100 * (twice - base) / (once - base)) : 0 }')
}

if ! command -v valgrind >/dev/null || grep -qE '__[at]san_init|__gcov_init' "$DAVSCOPE"; then
	echo "growth: no valgrind, or a program that is more than itself"
	echo "0 passed, 0 failed, 1 skipped"
	exit 0
fi
"$shapes" requests 0 >"$work/none"
base=$(instructions "$work/none")
"$shapes" >"$work/list"
while read -r name size; do
	case " $* " in
	'  ' | *" $name "*) ;;
	*) continue ;;
	esac
	growth "$name" $((size * TIMES))
	[ -z "${FIGURES-}" ] || echo "$name $size: $once and $twice instructions of which $base are fixed: $ratio"
	if [ "$ratio" -gt 0 ] && [ "$ratio" -le 220 ]; then
		passed=$((passed + 1))
	else
		fail "$name" "twice $size costs $ratio hundredths (0: a run failed)"
	fi
done <"$work/list"
closing
