#!/bin/sh
# Walks through docs/rules-tutorial.md as its reader would: a block ```yaml NAME is written to the file
# NAME, the lines behind "$ " of a block ```console are run, and what they print must be what stands there.
#   tutorial.sh --show    prints what the commands print, for who edits the tutorial
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
davscope=${DAVSCOPE:-$root/davscope}
case $davscope in /*) ;; *) davscope=$PWD/$davscope ;; esac
tutorial=$root/docs/rules-tutorial.md
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/bin" "$work/walk"
ln -s "$davscope" "$work/bin/davscope"
ln -s "$root/samples" "$work/walk/samples"

# The tutorial as a shell script that prints the console blocks; $? is that of the command before.
awk -v expected="$work/expected" '
function quote(text) {
	gsub(/\047/, "\047\\\047\047", text)
	return "\047" text "\047"
}
/^```/ && block == "" {
	block = $1
	if (block == "```yaml" && $2 != "")
		print "cat >" quote($2) " <<\\END_OF_FILE"
	else if (block != "```console")
		block = "other"
	next
}
/^```/ {
	if (block == "```yaml")
		print "END_OF_FILE"
	block = ""
	next
}
block == "```yaml" { print }
block == "```console" {
	print >expected
	if (/^\$ /)
		print "code=$?; printf \047%s\\n\047 " quote($0) "; (exit $code)\n" substr($0, 3)
}' "$tutorial" >"$work/script"

(cd "$work/walk" && PATH=$work/bin:$PATH LC_ALL=C sh "$work/script") >"$work/actual" 2>&1 </dev/null
if [ "${1-}" = --show ]; then
	cat "$work/actual"
	exit 0
fi
commands=$(grep -c '^\$ ' "$work/expected")
if [ "$commands" -gt 5 ] && diff -u "$work/expected" "$work/actual"; then
	echo "$commands passed, 0 failed"
else
	echo "FAIL: what docs/rules-tutorial.md shows is not what happens"
	echo "0 passed, 1 failed"
	exit 1
fi
