#!/bin/sh
# The house rules that a machine can check; zero findings or exit code 1.
# From the Makefile: CPPFLAGS, where the libraries' headers are. What compiling shows is for tests/tool/compiled.sh.
# NODES: how far the analyzer follows the paths of one function; `make campaign` goes as far as clang would.
# Therefore helpers are looked at by themselves as well, not only on the ways that lead to them.
# shellcheck disable=SC2046,SC2086,SC2116 # lists are words
set -u
: "${BUILD:=build/lint}" "${CPPFLAGS:=}" "${NODES:=3000}"
folders='base capture decode analysis rules report cmd play'
tools=$(dirname "$0")
jobs=$(nproc 2>/dev/null || echo 2)
found=$(mktemp) suspected=$(mktemp)
trap 'rm -f "$found" "$suspected"' EXIT
bad=0

existing() {
	for folder in $folders tests; do
		[ -d "$folder" ] && echo "$folder"
	done
}

# Paths of the C files under the given folders that match a name pattern.
c_files() {
	pattern=$1
	shift
	find "$@" -name "$pattern" -type f | sort
}

# Runs a check; whatever it prints is a finding.
check() {
	title=$1
	shift
	"$@" >"$found" 2>&1
	if [ -s "$found" ]; then
		bad=$((bad + 1))
		echo "lint: $title:"
		cat "$found"
	else
		echo "lint: $title: ok"
	fi
}

layers() {
	awk -f "$tools/layers.awk" $product_all
}

shape() {
	awk -f "$tools/shape.awk" $product_all $test_files
}

readmes() {
	for folder in base capture decode analysis rules report cmd cmd/scrub play samples tests; do
		[ -d "$folder" ] || continue
		if [ ! -f "$folder/README.md" ]; then
			echo "$folder/README.md is missing"
		elif [ "$folder" != samples ] && [ "$(wc -l <"$folder/README.md")" -gt 40 ]; then
			echo "$folder/README.md: more than 40 lines"
		fi
	done
}

# Brackets keep these patterns from finding themselves.
words() {
	grep -rnIE --exclude-dir=build --exclude-dir=.git --exclude-dir=tests '[.][.]/shared' .
	grep -rnIE --exclude-dir=build --exclude-dir=.git --exclude-dir=golden --exclude-dir=http \
		--exclude=.git --exclude-dir=unit --exclude='*.talk' --exclude='*.json' \
		'(^|[[:space:]"=(`])/(work|home|root|Users)/' .
	grep -rnIE --exclude-dir=build --exclude-dir=.git \
		'(deb|ftp|security|snapshot)[.]debian[.]org|npmjs[.]|pypi[.]org|pythonhosted[.]|crates[.]io|docker[.]io|ghcr[.]io|pkg[.]dev' .
}

format() {
	echo "$product_c $test_c" | tr ' ' '\n' | grep . |
		xargs -n 8 -P "$jobs" clang-format --dry-run -Werror
}

# Of each file that was found clean there is a mark, of one program and of one NODES.
mark_of() {
	echo "$BUILD/${1%.c}.tidy-$NODES-$program"
}

# Those without a mark, or with one from before a change of it or of any header.
unmarked() {
	for file; do
		mark=$(mark_of "$file")
		if ! [ "$mark" -nt "$file" ] || ! [ "$mark" -nt "$newest" ]; then
			echo "$file"
		fi
	done
}

# Several in a process: to start one takes as long as to read a file.
tidy() {
	newest=$(ls -t .clang-tidy "$tools/lint.sh" $(c_files '*.h' $present tests) $(c_files '*.def' $present tests) | head -n 1)
	{
		unmarked $product_c | xargs -r -n 6
		unmarked $test_c | xargs -r -n 16
	} | NODES=$NODES program=$program xargs -r -L 1 -P "$jobs" "$0" --tidy
}

tidy_and_mark() {
	begun=$(mktemp)
	said=$(tidy_files "$@")
	if [ -n "$said" ]; then
		printf '%s\n' "$said"
	elif [ -n "${program-}" ]; then
		for file; do
			mkdir -p "$BUILD/${file%/*}" && touch -r "$begun" "$(mark_of "$file")"
		done
	fi
	rm -f "$begun"
}

# The analyzer does not know va_start() and its like again in a second file of the same process, and may take other
# calls for them.
tidy_files() {
	case $1 in
	tests/* | dist/*) alone='' ;;
	*) alone=$(grep -lw va_list "$@") ;;
	esac
	for file in $alone; do
		tidy_together "$file"
	done
	set -- $(printf '%s\n' "$@" | grep -vxF "${alone:-none}")
	[ $# -eq 0 ] || tidy_together "$@"
}

# Files of one kind. Of tests only clang's own warnings count: cmocka's macros find no mercy with the
# rest, and tools that read no enemy's input need none. One check has to be on for clang-tidy to run at all.
tidy_together() {
	files=$*
	flags='-Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla'
	case $1 in
	tests/* | dist/*) set -- "$@" --checks=-*,clang-diagnostic-*,bugprone-suspicious-include ;;
	*)
		flags="$flags -Wconversion -Wno-sign-conversion"
		[ $# -eq 1 ] || set -- "$@" '--checks=-clang-analyzer-valist.*'
		flags="$flags -Xclang -analyzer-inlining-mode=all"
		flags="$flags -Xclang -analyzer-config -Xclang max-nodes=$NODES"
		;;
	esac
	{
		clang-tidy --quiet "$@" -- -std=c11 -D_GNU_SOURCE -I. $CPPFLAGS $flags 2>&1 ||
			echo "clang-tidy: exit code $? with $files"
	} | grep -v -e '^[0-9]* warnings* generated' -e '^\[[0-9]*/[0-9]*\] Processing file'
}

# It keeps what it made of each file, and looks again at what has changed. It hardly uses a second processor, so it
# runs beside the rest.
suspicious() {
	mkdir -p "$BUILD/cppcheck"
	cppcheck --cppcheck-build-dir="$BUILD/cppcheck" -q -j "$jobs" --std=c11 --language=c -D_GNU_SOURCE -I. --inline-suppr \
		--enable=warning,performance,portability --suppress=missingInclude \
		--suppress=legacyUninitvar --suppress=ctuuninitvar --suppress=unmatchedSuppression --template='{file}:{line}: {message} [{id}]' \
		$product_c $tool_c
}

if [ "${1-}" = --tidy ]; then
	shift
	tidy_and_mark "$@"
	exit 0
fi

program=$(clang-tidy --version | cksum | cut -d ' ' -f 1)
present=$(existing | grep -v '^tests$')
product_c=$(c_files '*.c' $present; ls main.c 2>/dev/null)
product_all="$product_c $(c_files '*.h' $present)"
test_c=$(c_files '*.c' $(ls -d tests dist 2>/dev/null))
tool_c=$(c_files '*.c' tests/tool)
test_files="$test_c $(c_files '*.h' tests)"
product_c=$(echo $product_c) test_c=$(echo $test_c) tool_c=$(echo $tool_c)

suspicious >"$suspected" 2>&1 &
check 'who includes whom' layers
check 'sizes and banned words' shape
check 'folder READMEs' readmes
check 'words that do not belong here' words
check 'clang-format' format
check 'clang-tidy' tidy
wait
check 'cppcheck' cat "$suspected"

[ "$bad" -eq 0 ] || {
	echo "lint: $bad checks failed"
	exit 1
}
echo "lint: clean"
