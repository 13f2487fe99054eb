#!/bin/sh
# Runs every fuzz target in turn with libFuzzer; what it finds worth keeping stays in $BUILD.
# usage: run.sh [SECONDS]    of each target; TARGETS="rules yaml" chooses
set -u
: "${BUILD:=build/fuzz}" "${TARGETS:=$(printf '%s\n' tests/fuzz/fuzz_*.c | sed 's|.*/fuzz_||; s|\.c$||')}"
passed=0 failed=0
# What is freed is not held back for long: some targets make and free large tables each time.
export ASAN_OPTIONS=allocator_may_return_null=1:quarantine_size_mb=8 UBSAN_OPTIONS=print_stacktrace=1
for name in $TARGETS; do
	found=$BUILD/tests/fuzz/found/$name
	log=$BUILD/tests/fuzz/$name.log
	mkdir -p "$found"
	set -- "${1:-60}" # what is a script of numbers has no words
	[ ! -e "tests/fuzz/$name.dict" ] || set -- "$1" "-dict=tests/fuzz/$name.dict"
	"$BUILD/tests/fuzz/fuzz_$name" -max_total_time="$1" -timeout=2 -rss_limit_mb=1024 \
		-malloc_limit_mb=32 -max_len=16384 -print_final_stats=1 ${2:+"$2"} \
		-artifact_prefix="$BUILD/tests/fuzz/$name-" \
		"$found" "tests/fuzz/corpus/$name" >"$log" 2>&1
	code=$?
	runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
	slow=$(sed -n 's/^stat::slowest_unit_time_sec: *//p' "$log")
	if [ $code -eq 0 ]; then
		passed=$((passed + 1)) verdict=ok
	else
		failed=$((failed + 1)) verdict=FAIL
		grep -E 'ERROR|SUMMARY|broken invariant|Test unit written' "$log"
	fi
	echo "$verdict $name: ${runs:-?} inputs, the slowest ${slow:-?} s"
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
