#!/bin/sh
# Feeds every file of tests/fuzz/corpus/NAME to its target, built without libFuzzer.
set -u
: "${BUILD:=build}"
passed=0 failed=0
for source in tests/fuzz/fuzz_*.c; do
	name=$(basename "$source" .c)
	said=$("$BUILD/tests/fuzz/$name" "tests/fuzz/corpus/${name#fuzz_}" 2>&1)
	code=$?
	counts=$(echo "$said" | sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed$/\1 \2/p')
	if [ -z "$counts" ] || [ $code -ne 0 ]; then
		echo "FAIL $name: exit code $code"
		echo "$said" | grep -v ' KiB$'
		[ -n "$counts" ] || counts='0 1'
	fi
	passed=$((passed + ${counts% *})) failed=$((failed + ${counts#* }))
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
