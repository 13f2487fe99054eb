#!/bin/sh
# Shows that lint's own awk, and clang-tidy as lint calls it, find what they are there for, and nothing in
# what is allowed.
set -u
tools=$(cd "$(dirname "$0")" && pwd)
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT

# Counts lie in files: most of the calls stand behind a pipe.
# NAME SCRIPT FILE EXPECTED, the file's text on stdin; EXPECTED is a part of the complaint, empty: none.
expect() {
	mkdir -p "$dir/$(dirname "$3")"
	cat >"$dir/$3"
	said=$(cd "$dir" && awk -f "$tools/$2.awk" "$3" 2>&1)
	code=$?
	case "$code:$said" in
	"0:") [ -z "$4" ] ;;
	1:*"$4"*) [ -n "$4" ] ;;
	*) false ;;
	esac && {
		echo "$1" >>"$dir/passed"
		return
	}
	echo "FAIL $1: wanted '$4', code $code: $said" | tee -a "$dir/failed"
}

include() { # NAME FILE TARGET EXPECTED
	echo "#include $3" | expect "$1" layers "$2" "$4"
}

include 'to the left' analysis/a.c '"decode/decode.h"' ''
include 'to the right' decode/a.c '"analysis/analysis.h"' 'decode may not include analysis/analysis.h'
include 'a neighbour' capture/a.c '"decode/decode.h"' 'may not include'
include 'private header' analysis/a.c '"decode/net.h"' 'private to decode/'
include 'own private header' decode/a.c '"decode/net.h"' ''
include 'struct packet' decode/a.c '"capture/capture.h"' ''
include 'only from there' analysis/a.c '"capture/capture.h"' 'may not include'
include 'not from the root' decode/a.c '"net.h"' 'not written from the root'
include 'registry beside it' base/base.h '"limits.def"' ''
include 'base on its own' base/a.c '"capture/capture.h"' 'may not include'
include 'main sees faces' main.c '"cmd/cmd.h"' ''
include 'main sees no insides' main.c '"decode/net.h"' 'private to decode/'
include 'pcap' decode/a.c '<pcap/pcap.h>' 'does not belong here'
include 'pcap at home' capture/a.c '<pcap/pcap.h>' ''
include 'pthread' decode/shard.c '<pthread.h>' 'does not belong here'
include 'pthread at home' decode/workers.c '<pthread.h>' ''
include 'libxml' decode/dav.c '<libxml/parser.h>' 'does not belong here'
include 'libxml at home' decode/xml.c '<libxml/parser.h>' ''
include 'libyaml' rules/load.c '<yaml.h>' 'does not belong here'
include 'libyaml at home' base/yaml.c '<yaml.h>' ''
include 'PCRE2' rules/eval.c '<pcre2.h>' 'does not belong here'
include 'PCRE2 at home' rules/match.c '<pcre2.h>' ''
include 'SQLite' cmd/keeper/vault.c '<sqlite3.h>' 'does not belong here'
include 'SQLite at home' cmd/keeper/db_file.h '<sqlite3.h>' ''
include 'a folder in a folder' cmd/a.c '"cmd/scrub/scrub.h"' ''
include 'and its insides' cmd/a.c '"cmd/scrub/words.h"' 'private to cmd/scrub/'
include 'not to the folder around it' cmd/scrub/a.c '"cmd/cmd.h"' 'cmd/scrub may not include'
include 'unknown folder' util/a.c '"base/base.h"' 'no such folder'

shape() { # NAME FILE EXPECTED, code on stdin
	{ echo '/* a.c - x. */'; cat; } | expect "$1" shape "$2" "$3"
}

echo '	strcpy(a, b);' | shape 'banned' base/a.c 'strcpy() is banned'
echo '	my_strcpy(a, b); x = "strcpy(a)"; /* strcpy(a) */ // gets(s)' | shape 'not banned' base/a.c ''
printf '/* one\n strcpy(a) */ atoi(x);\n' | shape 'behind a comment' base/a.c 'atoi() is banned'
echo "	c = '\"'; atoi(x); d = '\"';" | shape 'between quotes' base/a.c 'atoi() is banned'
echo '	exit(1);' | shape 'exit' decode/a.c 'exit() belongs'
echo '	exit(1);' | shape 'exit in main' main.c ''
echo '	_exit(1);' | shape 'exit of the guard' cmd/monitor/guard.c ''
echo '	exit(1);' | shape 'exit in a test' tests/tool/a.c ''
echo '	fprintf(stderr, "x");' | shape 'printing' decode/a.c 'goes through report/out.c'
echo '	snprintf(b, n, "x");' | shape 'formatting' decode/a.c ''
echo 'typedef struct x x_t;' | shape 'typedef' base/a.c 'without a typedef'
printf '\t\t\t\t\tx();\n' | shape 'four levels' base/a.c ''
printf '\t\t\t\t\t\tx();\n' | shape 'five levels' base/a.c 'nested more than 4'

function_of() { # LINES
	printf 'int f(void)\n{\n'
	yes '	x();' | head -n "$1"
	printf '}\n'
}
function_of 60 | shape 'function of 60' base/a.c ''
function_of 61 | shape 'function of 61' base/a.c 'a function of 61 lines'
yes 'int x;' | head -n 599 | shape 'file of 600' base/a.c ''
yes 'int x;' | head -n 600 | shape 'file of 601' base/a.c '601 lines'
yes 'int x;' | head -n 200 | shape 'public header' base/base.h 'a public header has at most 200'
yes 'int x;' | head -n 200 | shape 'private header' decode/net.h ''
echo 'int x;' | expect 'no purpose' shape base/b.c 'does not open with a comment'

# ---- clang-tidy; where it is not at hand these are skipped ----

cp "$tools/../../.clang-tidy" "$dir"

tidy() { # NAME FILES EXPECTED..., code of the last file on stdin
	name=$1 files=$2
	shift 2
	if ! command -v clang-tidy >/dev/null; then
		cat >/dev/null
		echo "$name" >>"$dir/skipped"
		return
	fi
	mkdir -p "$dir/$(dirname "${files##* }")"
	cat >"$dir/${files##* }"
	# shellcheck disable=SC2086 # files are words
	said=$(cd "$dir" && "$tools/lint.sh" --tidy $files 2>&1)
	missing=
	for part in "$@"; do
		case $said in
		*"$part"*) ;;
		*) missing=$part ;;
		esac
	done
	if [ -z "$missing" ] && { [ $# -ne 0 ] || [ -z "$said" ]; }; then
		echo "$name" >>"$dir/passed"
	else
		echo "FAIL $name: wanted '$missing': $said" | tee -a "$dir/failed"
	fi
}

tidy 'a null pointer by way of a helper' base/null.c 'core.NullDereference' <<'END'
int f(const int *p);
static int first(const int *p)
{
	return *p;
}
int f(const int *p)
{
	return p == 0 ? first(p) : 0;
}
END
tidy 'a division, too' base/divide.c 'core.DivideZero' <<'END'
int f(int n);
static int share(int n)
{
	return 100 / n;
}
int f(int n)
{
	return n == 0 ? share(n) : 0;
}
END
tidy 'a helper by itself' base/alone.c 'core.NullDereference' <<'END'
int f(void);
static int first(const int *p)
{
	return p == 0 ? *p : 1;
}
int f(void)
{
	static const int seven = 7;
	return first(&seven);
}
END
tidy 'freed twice' base/twice.c 'unix.Malloc' <<'END'
#include <stdlib.h>
void f(char *p);
static void done(char *p)
{
	free(p);
}
void f(char *p)
{
	free(p);
	done(p);
}
END
tidy 'never freed' base/leak.c 'unix.Malloc' <<'END'
#include <stdlib.h>
int f(void);
int f(void)
{
	char *p = malloc(2);
	return p == NULL;
}
END
tidy 'a value that was never set' base/unset.c 'core.UndefinedBinaryOperatorResult' <<'END'
int f(int n);
static void set(int *to, int n)
{
	if (n > 7)
		*to = n;
}
int f(int n)
{
	int value;
	set(&value, n);
	if (value > n)
		return 1;
	return 0;
}
END
tidy 'an address that is gone' base/stack.c 'core.StackAddressEscape' <<'END'
static int *kept;
int f(void);
int f(void)
{
	int local = 1;
	kept = &local;
	return kept != 0;
}
END
tidy 'a dead store' base/dead.c 'deadcode.DeadStores' <<'END'
int f(int n);
int f(int n)
{
	int twice = n + n;
	twice = n;
	return twice;
}
END
tidy 'arguments not ended' base/list.c 'valist.Unterminated' <<'END'
#include <stdarg.h>
void f(int n, ...);
void f(int n, ...)
{
	va_list list;
	va_start(list, n);
}
END
tidy 'nothing to copy' base/copy.c 'core.NonNullParamChecker' <<'END'
#include <string.h>
void f(char *to);
void f(char *to)
{
	const char *p = 0;
	memcpy(to, p, 4);
}
END

# In the second file of one process as in the first.
again() { # NAME FIRST EXPECTED, the second file on stdin
	tidy "$1, and again" "base/$2.c base/$2-again.c" "base/$2-again.c" "$3"
}

again 'never freed' leak 'unix.Malloc' <<'END'
#include <stdlib.h>
int g(void);
int g(void)
{
	char *p = malloc(2);
	return p == NULL;
}
END
again 'arguments not ended' list 'valist.Unterminated' <<'END'
#include <stdarg.h>
void g(int n, ...);
void g(int n, ...)
{
	va_list list;
	va_start(list, n);
}
END
again 'nothing to copy' copy 'core.NonNullParamChecker' <<'END'
#include <string.h>
void g(char *to);
void g(char *to)
{
	const char *p = 0;
	memcpy(to, p, 4);
}
END

tidy 'recursion' base/again.c 'misc-no-recursion' <<'END'
int f(int n);
int f(int n)
{
	return n > 0 ? f(n - 1) : 0;
}
END
tidy 'a semicolon' base/semicolon.c 'bugprone-suspicious-semicolon' <<'END'
int f(int n);
int f(int n)
{
	if (n > 1);
	n++;
	return n;
}
END
tidy 'narrower' base/narrow.c 'clang-diagnostic-implicit-int-conversion' <<'END'
unsigned char f(int n);
unsigned char f(int n)
{
	return n;
}
END
cat >"$dir/base/header.h" <<'END'
static inline int half(int n)
{
	int unused = n;
	return n / 2;
}
END
tidy 'in a header of ours' base/header.c 'base/header.h' <<'END'
#include "base/header.h"
int f(int n);
int f(int n)
{
	return half(n);
}
END
tidy 'tests: what clang says' tests/unit/shadow.c 'clang-diagnostic-shadow' <<'END'
int f(int n);
int f(int n)
{
	for (int i = 0; i < n; i++)
		for (int i = 0; i < n; i++)
			n--;
	return n;
}
END
tidy 'tests: several at once, one of them no C' 'tests/unit/shadow.c tests/unit/broken.c' \
	'clang-diagnostic-shadow' 'broken.c' <<'END'
int f(
END
tidy 'tests: and no more' tests/unit/null.c <"$dir/base/null.c"
tidy 'nothing' base/nothing.c <<'END'
int f(int n);
int f(int n)
{
	return n + 1;
}
END

touch "$dir/passed" "$dir/failed" "$dir/skipped"
echo "$(wc -l <"$dir/passed") passed, $(grep -c "^FAIL " "$dir/failed") failed, $(wc -l <"$dir/skipped") skipped"
[ ! -s "$dir/failed" ]
