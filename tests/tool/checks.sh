# shellcheck shell=sh
# For scripts of tests: what passes and fails is counted, what fails is said. run and says want $davscope,
# and a folder $work. The script ends with closing.
passed=0 failed=0 skipped=0

fail() { # NAME WHAT...
	name=$1
	shift
	failed=$((failed + 1))
	echo "FAIL $name: $*"
}

same() { # NAME EXPECTED ACTUAL
	if [ "$2" = "$3" ]; then
		passed=$((passed + 1))
	else
		fail "$1" "expected '$2', got '$3'"
	fi
}

same_lines() { # NAME EXPECTED ACTUAL: files
	if diff "$2" "$3"; then
		passed=$((passed + 1))
	else
		fail "$1" "other lines"
	fi
}

# Leaves out, err and code in the work directory.
run() {
	"$davscope" "$@" >"$work/out" 2>"$work/err" </dev/null
	code=$?
}

says() { # NAME FILE TEXT
	if grep -qF -- "$3" "$work/$2"; then
		passed=$((passed + 1))
	else
		fail "$1" "'$3' is not in $2:"
		head -5 "$work/$2"
	fi
}

closing() {
	echo "$passed passed, $failed failed, $skipped skipped"
	[ "$failed" -eq 0 ]
}
