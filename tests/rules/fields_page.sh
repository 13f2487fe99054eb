#!/bin/sh
# davscope-fields(7) as docs/fields.sh makes it: well-formed, and each field of the program once.
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
davscope=${DAVSCOPE:-$root/davscope}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0 failed=0 skipped=0

verdict() { # NAME, then a command that prints what is wrong
	name=$1
	shift
	"$@" >"$work/out" 2>&1
	if [ -s "$work/out" ]; then
		echo "FAIL $name:"
		cat "$work/out"
		failed=$((failed + 1))
	else
		passed=$((passed + 1))
	fi
}

compare_names() {
	"$davscope" --list fields | sed 's/ .*//' >"$work/program"
	sed -n '/^\.Sh LIST OF FIELDS/,/^\.Sh SEE/s/^\.It Cm \([a-z0-9_.]*\) Pq .*/\1/p' "$work/page.7" >"$work/listed"
	[ -s "$work/program" ] || echo "the program lists no fields"
	diff "$work/program" "$work/listed"
}
# Every word of every enum field stands behind its field.
missing_words() {
	"$davscope" --list fields | sed -n 's/^\([^ ]*\) .* {\(.*\)}$/\1 \2/p' | tr -d , >"$work/words"
	[ -s "$work/words" ] || echo "the program lists no words"
	awk 'NR == FNR { for (i = 2; i <= NF; i++) want[$1 " " $i] = 1; next }
		$1 == ".It" { name = $3 }
		$1 == ".Cm" { delete want[name " " $2] }
		END { for (word in want) print "missing: " word }' "$work/words" "$work/page.7"
}
lint_page() {
	mandoc -Tlint "$work/page.7" | grep -v 'referenced manual not found'
}

"$root/docs/fields.sh" "$davscope" >"$work/page.7"
verdict 'fields' compare_names
verdict 'words' missing_words
if command -v mandoc >/dev/null; then
	verdict mandoc lint_page
else
	skipped=1
fi
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
