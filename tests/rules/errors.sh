#!/bin/sh
# Every code of base/codes.def has a rule file in tests/rules/errors that shows it: what
# `davscope rules check` says of NAME.yaml (with the options in NAME.args) is NAME.expected.
# Those of a configuration are shown by tests/cmd/config.sh.
#   errors.sh --bless    writes them anew; read them before you commit them
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
absolute() { case $1 in /*) echo "$1" ;; *) echo "$PWD/$1" ;; esac; }
program=$(absolute "${DAVSCOPE:-$root/davscope}")
work=$(absolute "${BUILD:-$root/build}")/rules-errors
passed=0 failed=0
export LC_ALL=C

check() {
	args=$name.args
	# shellcheck disable=SC2046 # options are words
	"$program" rules check --no-shipped-rules $([ ! -f "$args" ] || cat "$args") "$1" 2>&1 </dev/null
	echo "exit $?"
}

mkdir -p "$work/rules"
cd "$root/tests/rules/errors" || exit 1
for file in *.yaml rules/*.yaml; do
	name=${file%.yaml}
	check "$file" >"$work/$name"
	if [ "${1-}" = --bless ]; then
		cp "$work/$name" "$name.expected"
	elif diff -u "$name.expected" "$work/$name"; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
	fi
done

sed -n 's/^CODE("\([^"]*\)".*/\1/p' "$root/base/codes.def" | grep -v '^.06' >"$work/codes"
while read -r code; do
	if ! grep -qs "\[$code\]" ./*.expected rules/*.expected; then
		echo "$code: no file in tests/rules/errors shows it"
		failed=$((failed + 1))
	fi
done <"$work/codes"
[ "${1-}" = --bless ] || echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
