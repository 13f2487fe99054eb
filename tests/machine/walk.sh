#!/bin/sh
# A random walk through the machine and through rows.txt, which have to agree at every step; and through
# copies of rows.txt with one mistake, each of which has to be noticed. `N=100000000 tests/machine/walk.sh`
set -u
: "${BUILD:=build}"
walk=$BUILD/tests/machine/walk
rows=tests/machine/rows.txt
steps=${N:-1000000}
[ "$steps" -ge 1000000 ] || steps=1000000
passed=0 failed=0

"$walk" $rows "$steps" >"$BUILD/walk.out" 2>&1 || failed=1
cat "$BUILD/walk.out"
passed=$(awk 'END { print $1 + 0 }' "$BUILD/walk.out")

noticed() { # WHAT SED-SCRIPT
	sed "$2" $rows >"$BUILD/rows.wrong"
	if cmp -s $rows "$BUILD/rows.wrong" ||
		"$walk" "$BUILD/rows.wrong" 200000 2>&1 | grep -q ' 0 disagreements'; then
		echo "not noticed: $1"
		failed=$((failed + 1))
	else
		passed=$((passed + 1))
	fi
}
noticed "another next state" 's/^\(4 .*P1=fail | \)AGAIN/\1B_NOTAG/'
noticed "a guard too few" 's/^\(24 .*if-version \)base-read/\1/'
noticed "a value too many" 's/^\(11 .*P4=same\)/\1,fresh/'
noticed "an effect too few" 's/^\(38 .*| \)no-copy/\1/'
noticed "a row too few" '/^s15 /d'
noticed "a state too many" 's/^43 | FORK/43 | FORK TOP/'
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
