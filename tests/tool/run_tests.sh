#!/bin/sh
# Runs every unit binary and every script of tests/suite.list, as many at once as there are processors,
# and beside them those that wait most of the time: two at once. It ends with one line "N passed, N failed".
# Logs stay in $BUILD/tests/log.
# usage: run_tests.sh [--threads]    only what is of use under ThreadSanitizer: units, `threads`
set -u
: "${BUILD:=build}" "${DAVSCOPE:=./davscope}"
: "${MKPCAP:=$BUILD/tests/tool/mkpcap}"
export BUILD DAVSCOPE MKPCAP
export ASAN_OPTIONS="detect_leaks=1:detect_stack_use_after_return=1:allocator_may_return_null=1"
export TSAN_OPTIONS="allocator_may_return_null=1" UBSAN_OPTIONS="print_stacktrace=1"
export LC_ALL=C
unset CMOCKA_MESSAGE_OUTPUT CMOCKA_XML_FILE CMOCKA_TEST_FILTER NO_COLOR
log=$BUILD/tests/log
seconds=900  # a job that takes longer hangs

# "passed failed skipped" out of cmocka's output; a binary may run several groups, and newer
# versions put the group's name in front of the number.
unit_counts() {
	awk '
	match($0, /[0-9]+ test\(s\)/) {
		n = substr($0, RSTART) + 0
		if (/^\[  PASSED  \]/) passed += n
		if (/^\[  FAILED  \]/) failed += n
		if (/^\[  SKIPPED \]/) skipped += n
	}
	END { print passed + 0, failed + 0, skipped + 0 }' "$1"
}

# The same out of a script's closing line "N passed, N failed[, N skipped]".
script_counts() {
	tail -n 1 "$1" | awk '
	/^[0-9]+ passed, [0-9]+ failed(, [0-9]+ skipped)?$/ { print $1, $3, $5 + 0; found = 1 }
	END { if (!found) print 0, 0, 0 }'
}

# One job: its output and counts go to $log, one line to the terminal.
run_job() {
	name=$(echo "${1#"$BUILD"/}" | tr / _)
	start=$(date +%s)
	timeout -k 10 "$seconds" "$1" >"$log/$name.out" 2>&1 </dev/null
	code=$?
	case $1 in
	"$BUILD"/tests/unit/*) counts=$(unit_counts "$log/$name.out") ;;
	*) counts=$(script_counts "$log/$name.out") ;;
	esac
	# shellcheck disable=SC2086
	set -- "$1" $counts
	passed=$2 failed=$3 skipped=$4 note=
	if [ "$code" -ne 0 ] && [ "$failed" -eq 0 ]; then
		failed=1 note=" (exit code $code)"
	elif [ $((passed + failed + skipped)) -eq 0 ]; then
		failed=1 note=" (ran no test)"
	fi
	echo "$1 $passed $failed $skipped $name$note" >"$log/$name.sum"
	verdict=ok
	[ "$failed" -eq 0 ] || verdict=FAIL
	skips=
	[ "$skipped" -eq 0 ] || skips=", $skipped skipped"
	printf '%-4s %s: %d passed, %d failed%s%s, %d s\n' "$verdict" "$1" "$passed" "$failed" \
		"$skips" "$note" $(($(date +%s) - start))
}

# Scripts of the list whose second word is this one, or is not.
list_marked() {
	awk -v word="$1" '/^[^#]/ && $2 == word { print $1 }' tests/suite.list
}
list_others() {
	awk -v word="$1" '/^[^#]/ && $2 != word { print $1 }' tests/suite.list
}

list_units() {
	for unit in tests/unit/test_*.c; do
		[ -f "$unit" ] && echo "$BUILD/${unit%.c}"
	done
}

at_once() { # NUMBER, jobs on stdin
	xargs -r -n 1 -P "$1" "$0" --job
}

if [ "${1-}" = --job ]; then
	run_job "$2"
	exit 0
fi

processors=$(nproc 2>/dev/null || echo 2)
rm -rf "$log"
mkdir -p "$log"
if [ "${1-}" = --threads ]; then
	{ list_marked threads; list_units; } | at_once "$processors"
else
	list_marked waits | at_once 2 &
	{ list_others waits; list_units; } | at_once "$processors" # the longest first: they decide when all is done
	wait
fi

for sum in "$log"/*.sum; do
	read -r job passed failed skipped name <"$sum" 2>/dev/null || continue
	[ "$failed" -eq 0 ] && continue
	echo
	echo "---- $job"
	tail -n 40 "$log/${name%% *}.out"
done
echo
skipped=$(cat "$log"/*.sum 2>/dev/null | awk '{ n += $4 } END { print n + 0 }')
[ "$skipped" -eq 0 ] || echo "$skipped skipped: $(awk '$4 { printf " %s", $1 }' "$log"/*.sum)"
cat "$log"/*.sum 2>/dev/null | awk '
	{ passed += $2; failed += $3 }
	END {
		if (NR == 0)
			failed = 1
		printf "%d passed, %d failed\n", passed, failed
		exit failed != 0
	}'
