#!/bin/sh
# The house rules that a machine can check; zero findings or exit code 1.
# From the Makefile: OBJECTS, all below BUILD; beside each lies what the compiler said of it. CPPFLAGS: where
# the libraries' headers are.
# NODES: how far the analyzer follows the paths of one function; `make campaign` goes as far as clang would.
# Therefore helpers are looked at by themselves as well, not only on the ways that lead to them.
# shellcheck disable=SC2046,SC2086,SC2116 # lists are words
set -u
: "${BUILD:=build/lint}" "${OBJECTS:=}" "${CPPFLAGS:=}" "${NODES:=3000}"
folders='base capture decode analysis rules report cmd play'
tools=$(dirname "$0")
jobs=$(nproc 2>/dev/null || echo 2)
found=$(mktemp)
trap 'rm -f "$found"' EXIT
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

compiler() {
	for object in $OBJECTS; do
		echo "${object%.o}.said"
	done | xargs cat
}

# Const tables with pointers lie in .data.rel.ro; what lies in .data, .bss or common can be written.
# main.o may hold two: the flag of the signal handler and the source it stops.
globals() {
	for source in $product_c; do
		echo "$BUILD/${source%.c}.o"
	done | xargs objdump -t | awk -v build="$BUILD/" '
	function tell(i) {
		for (i = 1; i <= n; i++)
			if (source != "main.c" || n > 2)
				print source ": mutable at file scope: " name[i]
		n = 0
	}
	/: +file format / {
		tell()
		source = substr($1, length(build) + 1)
		sub(/\.o:$/, ".c", source)
		next
	}
	NF >= 5 && $(NF - 2) ~ /^(\.t?data|\.t?bss|\*COM\*)/ && !/\.data\.rel\.ro/ &&
	    !/ [dfF] / && $NF !~ /^\./ {
		name[++n] = $NF
	}
	END {
		tell()
	}'
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

# Of each file that was found clean there is a mark beside its object, which is made anew when the file changes,
# or what it includes. A mark is of one program and of one NODES.
mark_of() {
	echo "$BUILD/${1%.c}.tidy-$NODES-$program"
}

# Those without a mark, or with one from before a change.
unmarked() {
	for file; do
		mark=$(mark_of "$file") object=$BUILD/${file%.c}.o
		if ! [ -f "$object" ] || ! [ "$mark" -nt "$object" ] || ! [ "$mark" -nt "$file" ] ||
			! [ "$mark" -nt .clang-tidy ] || ! [ "$mark" -nt "$tools/lint.sh" ]; then
			echo "$file"
		fi
	done
}

# Several in a process: to start one takes as long as to read a file. The check of va_list takes other calls for
# va_start in the second file of a process: where it has something to look at, a file is alone.
tidy() {
	{
		unmarked $(grep -l 'stdarg\.h' $product_c) | xargs -r -n 1
		unmarked $(grep -L 'stdarg\.h' $product_c) | xargs -r -n 6
		unmarked $test_c | xargs -r -n 16
	} | NODES=$NODES program=$program xargs -r -L 1 -P "$jobs" "$0" --tidy
}

tidy_and_mark() {
	begun=$(mktemp)
	said=$(tidy_files "$@")
	if [ -n "$said" ]; then
		printf '%s\n' "$said"
	else
		for file; do
			[ ! -f "$BUILD/${file%.c}.o" ] || touch -r "$begun" "$(mark_of "$file")"
		done
	fi
	rm -f "$begun"
}

# The analyzer does not know va_start() and its like again in a second file of the same process.
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

# It keeps what it made of each file, and looks again at what has changed.
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

check 'who includes whom' layers
check 'sizes and banned words' shape
check 'what the compiler says' compiler
check 'no mutable globals' globals
check 'folder READMEs' readmes
check 'words that do not belong here' words
check 'clang-format' format
check 'cppcheck' suspicious
check 'clang-tidy' tidy

[ "$bad" -eq 0 ] || {
	echo "lint: $bad checks failed"
	exit 1
}
echo "lint: clean"
