#!/bin/sh
# Transcripts of `davscope rules` and `davscope machine`: commands/*.txt here and in tests/machine hold
# commands behind "$ ", what they print on both streams, and [exit N] unless it is 0; ## begins a comment.
# They run in a copy of commands/in, with that of tests/machine as profiles/.
#   commands.sh --bless    writes them anew; read them before you commit them
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
absolute() { case $1 in /*) echo "$1" ;; *) echo "$PWD/$1" ;; esac; }
build=$(absolute "${BUILD:-$root/build}")
program=$(absolute "${DAVSCOPE:-$root/davscope}")
mkpcap=$(absolute "${MKPCAP:-$build/tests/tool/mkpcap}")
work=$build/rules-commands
passed=0 failed=0
export LC_ALL=C

davscope() { "$program" "$@"; }

# The transcript of standard input's commands; comments stay.
transcript() {
	while IFS= read -r line; do
		case $line in
		'$ '*)
			echo "$line"
			(eval "${line#??}") 2>&1 </dev/null
			code=$?
			[ "$code" -eq 0 ] || echo "[exit $code]"
			;;
		'## '*) echo "$line" ;;
		esac
	done
}

rm -rf "$work"
mkdir -p "$work"
cp -r "$root/tests/rules/commands/in" "$work/in"
cp -r "$root/tests/machine/commands/in" "$work/in/profiles"
cd "$work/in" || exit 1
for name in good bad odd; do
	"$mkpcap" tags.talk "captures/$name.pcap" || exit 1
done
mkdir none

for file in "$root"/tests/rules/commands/*.txt "$root"/tests/machine/commands/*.txt; do
	name=$(basename "$file" .txt)
	transcript <"$file" >"$work/$name"
	if [ "${1-}" = --bless ]; then
		cp "$work/$name" "$file"
	elif diff -u "$file" "$work/$name"; then
		passed=$((passed + $(grep -c '^\$ ' "$file")))
	else
		failed=$((failed + 1))
	fi
done
[ "${1-}" = --bless ] || echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
