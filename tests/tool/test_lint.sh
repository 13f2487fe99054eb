#!/bin/sh
# Shows that lint's own awk finds what it is there for, and nothing in what is allowed.
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

touch "$dir/passed" "$dir/failed"
echo "$(wc -l <"$dir/passed") passed, $(wc -l <"$dir/failed") failed"
[ ! -s "$dir/failed" ]
