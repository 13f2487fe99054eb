#!/bin/sh
# davscope-rules(5): well-formed, its example is a good rule, and it names every complaint as the
# program has it, but those of a configuration (tests/cmd/config.sh).
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
davscope=${DAVSCOPE:-$root/davscope}
page=$root/docs/davscope-rules.5
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

# "E0001 text" of the table, and of the page.
codes_of_program() {
	sed -n 's/^CODE("\([EW][0-9]*\)", "\(.*\)")$/\1 \2/p' "$root/base/codes.def" |
		grep -v '^.06' | sed 's/\\\(["\\]\)/\1/g'
}
codes_of_page() {
	awk '/^\.It Cm [EW][0-9]/ { code = $3; next } code { print code, $0; code = "" }' "$page" |
		sed 's/\\e/\\/g; s/ \\&/ /'
}
compare_codes() {
	codes_of_program >"$work/program"
	codes_of_page >"$work/page"
	[ -s "$work/program" ] || echo "no codes in base/codes.def"
	diff "$work/program" "$work/page"
}

# The literal displays that are whole rule files.
cut_examples() {
	awk -v dir="$work" '
	/^\.Bd -literal/ { inside = 1; text = ""; next }
	/^\.Ed/ {
		if (text ~ /^davscope_rules:/) {
			file = dir "/example" ++n ".yaml"
			printf "%s", text >file
			close(file)
		}
		inside = 0
	}
	inside { text = text $0 "\n" }' "$page"
}
run_example() {
	"$davscope" rules check --no-shipped-rules "$1" >"$work/log" 2>&1 || cat "$work/log"
	grep -F "warning[" "$work/log"
	"$davscope" rules test --no-shipped-rules --require-negative "$1" >"$work/log" 2>&1 || cat "$work/log"
	grep -q '^ok ' "$work/log" || echo "no test was run"
}
lint_page() {
	mandoc -Tlint -W warning "$page" 2>/dev/null | grep -v 'referenced manual not found'
}

verdict 'codes of complaints' compare_codes
cut_examples
for example in "$work"/example*.yaml; do
	verdict "example $(basename "$example" .yaml)" run_example "$example"
done
[ -f "$work/example2.yaml" ] || verdict examples echo "fewer than two whole rule files in the page"
if command -v mandoc >/dev/null; then
	verdict mandoc lint_page
else
	skipped=1
fi
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
