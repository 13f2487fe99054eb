#!/bin/sh
# Asks compiler and pkg-config once and prints the answers as make variables.
# From the environment: CC, FLAGS (the user's), SANITIZE (empty in the plain build).
set -eu

probe=$(mktemp -d)
trap 'rm -rf "$probe"' EXIT
printf '#include <string.h>\nint main(void)\n{\n\treturn (int)strlen("");\n}\n' >"$probe/probe.c"

takes() {
	# shellcheck disable=SC2086
	${CC:-cc} -O2 -Werror $FLAGS "$@" -o "$probe/probe" "$probe/probe.c" 2>/dev/null
}

harden=
for flag in -fPIE -fstack-protector-strong -fstack-clash-protection -fcf-protection; do
	takes $flag && harden="$harden $flag"
done

# Where a variable lies at each moment of optimised code costs a fifth of the time to compile.
debug=-g
takes -g -fno-var-tracking-assignments && debug="$debug -fno-var-tracking-assignments"

# Sanitizers do not see through the fortified calls, and -O0 cannot have them.
case "$SANITIZE $FLAGS " in
' '*_FORTIFY_SOURCE* | ' '*-O0*) ;;
' '*)
	for level in 3 2; do
		takes -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=$level || continue
		harden="$harden -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=$level"
		break
	done
	;;
esac

link=
for flag in -Wl,-z,relro,-z,now -Wl,-z,noexecstack; do
	takes $flag && link="$link $flag"
done

# The program is optimised as a whole; objects keep machine code as well, which the tests link.
lto=
if [ -z "$SANITIZE" ]; then
	case " $FLAGS " in
	*-flto* | *-O0* | *coverage*) ;;
	*) takes -flto=auto -ffat-lto-objects && lto=yes ;;
	esac
fi

libraries='libpcap libxml-2.0 zlib libbrotlidec libzstd liblz4 yaml-0.1 libpcre2-8 libmicrohttpd libcurl sqlite3 libseccomp libcap-ng'
# shellcheck disable=SC2086
cat <<EOF
DEBUG := $debug
HARDEN :=$harden
LINK_HARDEN :=$link
LTO_COMPILE := ${lto:+-flto=auto -ffat-lto-objects}
LTO_LINK := ${lto:+-flto=auto -O3}
PKG_CFLAGS := $(pkg-config --cflags $libraries | sed 's/-I/-isystem /g')
PKG_LIBS := $(pkg-config --libs $libraries)
ICAL_CFLAGS := $(pkg-config --cflags libical | sed 's/-I/-isystem /g')
ICAL_LIBS := $(pkg-config --libs libical)
EOF
version_of() {
	echo "$1 $(pkg-config --modversion "$2")"
}
if pkg-config --exists libllhttp; then
	llhttp=$(version_of llhttp libllhttp)
else
	llhttp="llhttp $(sed -n 's/^#define LLHTTP_VERSION_[A-Z]* //p' /usr/share/include/llhttp/llhttp.h |
		paste -s -d . -)"
fi
echo "LIBRARIES := $(version_of libpcap libpcap), $llhttp, $(version_of libxml2 libxml-2.0)," \
	"$(version_of zlib zlib), $(version_of brotli libbrotlidec), $(version_of zstd libzstd), $(version_of lz4 liblz4)," \
	"$(version_of libyaml yaml-0.1), $(version_of PCRE2 libpcre2-8)," \
	"$(version_of libmicrohttpd libmicrohttpd), $(version_of libcurl libcurl)," \
	"$(version_of SQLite sqlite3), $(version_of libseccomp libseccomp), $(version_of libcap-ng libcap-ng)," \
	"zones of $(version_of libical libical)"
if pkg-config --exists libllhttp; then
	echo "LLHTTP_CFLAGS := $(pkg-config --cflags libllhttp | sed 's/-I/-isystem /g')"
	echo "LLHTTP_LIBS := $(pkg-config --libs libllhttp)"
else
	echo "LLHTTP_SOURCE := /usr/share/llhttp"
	echo "LLHTTP_CFLAGS := -isystem /usr/share/include/llhttp"
fi
