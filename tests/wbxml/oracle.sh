#!/bin/sh
# What others make of ActiveSync bodies: the fixtures' expected XML, and wbxml2xml of libwbxml where it is
# installed. Element trees are compared, not their spelling; names.tsv has the names that differ.
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
dump=$root/${BUILD:-build}/tests/tool/wbxml_dump
case ${BUILD:-} in /*) dump=$BUILD/tests/tool/wbxml_dump ;; esac
here=$root/tests/wbxml
fixtures=$root/../shared/captures/fixtures/eas-wbxml
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0 failed=0 skipped=0 trees=0
: >"$work/trees"

fail() {
	echo "FAIL $1: $2"
	failed=$((failed + 1))
}

# judge NAME THEIRS BODY [--parts]: ours has to be whole, and the same tree, which is seen at the end.
judge() {
	trees=$((trees + 1))
	"$dump" ${4+"$4"} "$3" >"$work/$trees.ours" 2>"$work/err" || {
		fail "$1" "exit code $? $(cat "$work/err")"
		return
	}
	cp "$2" "$work/$trees.theirs"
	printf '%s\t%s\n' "$trees" "$1" >>"$work/trees"
}

# against_wbxml2xml NAME BODY
against_wbxml2xml() {
	rm -f "$work/theirs.xml"
	wbxml2xml -l ACTIVESYNC -o "$work/theirs.xml" "$2" >"$work/said" 2>&1
	if [ -f "$work/theirs.xml" ]; then
		judge "wbxml2xml $1" "$work/theirs.xml" "$2"
	else
		fail "wbxml2xml $1" "$(cat "$work/said")"
	fi
}

octal() {
	printf '\\%03o' "$@"
}

# Every tag there can be on a code page, empty, in an element of page 0.
every_tag() {
	# shellcheck disable=SC2046,SC2059 # bytes, each as an escape
	printf "$(octal 3 1 106 0 69 0 "$1" $(seq 5 63) 1)"
}

# Horde's fixtures are the inside of a document.
inside() {
	printf '\003\001\152\000\105'
	cat "$1"
	printf '\001'
}

if [ -d "$fixtures" ]; then
	for body in "$fixtures"/*.wbxml; do
		name=$(basename "$body")
		case $name in
		horde_*) ;;
		*) judge "$name" "$body.expected.xml" "$body" ;;
		esac
	done
	# What is expected of the multipart one began at the wrong byte: it holds the same document as this.
	judge syncroton_multipart_response.bin "$fixtures/syncroton_sync_status3_response.wbxml.expected.xml" \
		"$fixtures/syncroton_multipart_response.bin" --parts
	for body in "$fixtures"/*fuzz*; do
		"$dump" "$body" >"$work/ours.xml" 2>&1
		case $? in
		1) passed=$((passed + 1)) ;;
		*) fail "$(basename "$body")" "is no document" ;;
		esac
	done
else
	skipped=$((skipped + 1))
	echo "the fixtures are not at hand"
fi

if command -v wbxml2xml >/dev/null; then
	page=0
	while [ $page -le 24 ]; do
		every_tag $page >"$work/page.wbxml"
		against_wbxml2xml "page $page" "$work/page.wbxml"
		page=$((page + 1))
	done
	for body in "$root"/tests/fuzz/corpus/wbxml/*.wbxml "$fixtures"/*.wbxml; do
		[ -f "$body" ] || continue
		case $(basename "$body") in
		horde_*)
			inside "$body" >"$work/inside.wbxml"
			body=$work/inside.wbxml
			;;
		esac
		against_wbxml2xml "$(basename "$body")" "$body"
	done
else
	skipped=$((skipped + 1))
	echo "wbxml2xml is not installed"
fi
"$here/trees.py" "$work" "$here/names.tsv" <"$work/trees" >"$work/judged" 2>&1 || fail trees.py "exit code $?"
grep -v '^same$' "$work/judged"
passed=$((passed + $(grep -c '^same$' "$work/judged"))) failed=$((failed + $(grep -c '^FAIL' "$work/judged")))
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ]
