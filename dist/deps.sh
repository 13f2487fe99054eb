#!/bin/sh
# Installs what building, testing or linting needs and this machine lacks; silent when it has all.
# usage: deps.sh [--check] SET...    sets: build test lint fuzz bench rivals deb check-deb; --check: say, do not install
set -eu

# Set, how to see that it is there, packages for apt, dnf, apk, pacman, brew (a|b: the first that is known).
table='
build  command:cc            gcc                       gcc                 build-base    base-devel        gcc
build  header:stdio.h        libc6-dev                 glibc-devel         -             -                 -
build  command:make          make                      make                -             -                 make
build  command:pkg-config    pkgconf                   pkgconf-pkg-config  pkgconf       pkgconf           pkgconf
build  library:libpcap       libpcap-dev               libpcap-devel       libpcap-dev   libpcap           libpcap
build  library:libxml-2.0    libxml2-dev               libxml2-devel       libxml2-dev   libxml2           libxml2
build  library:zlib          zlib1g-dev                zlib-devel          zlib-dev      zlib              zlib
build  library:libbrotlidec  libbrotli-dev             brotli-devel        brotli-dev    brotli            brotli
build  library:libzstd       libzstd-dev               libzstd-devel       zstd-dev      zstd              zstd
build  library:liblz4        liblz4-dev                lz4-devel           lz4-dev       lz4               lz4
build  library:yaml-0.1      libyaml-dev               libyaml-devel       yaml-dev      libyaml           libyaml
build  library:libpcre2-8    libpcre2-dev              pcre2-devel         pcre2-dev     pcre2             pcre2
build  library:libmicrohttpd libmicrohttpd-dev         libmicrohttpd-devel libmicrohttpd-dev libmicrohttpd  libmicrohttpd
build  library:libcurl       libcurl4-openssl-dev|libcurl4-gnutls-dev libcurl-devel curl-dev curl             curl
build  library:sqlite3       libsqlite3-dev            sqlite-devel        sqlite-dev    sqlite            sqlite
build  library:libseccomp    libseccomp-dev            libseccomp-devel    libseccomp-dev libseccomp       -
build  library:libcap-ng     libcap-ng-dev             libcap-ng-devel     libcap-ng-dev libcap-ng         -
build  library:libical       libical-dev               libical-devel       libical-dev   libical           libical
build  file:/usr/share/zoneinfo/UTC tzdata             tzdata              tzdata        tzdata            -
build  llhttp                libllhttp-dev|node-llhttp llhttp-devel        llhttp-dev    llhttp            llhttp
test   library:cmocka        libcmocka-dev             libcmocka-devel     cmocka-dev    cmocka            cmocka
test   python:jsonschema     python3-jsonschema        python3-jsonschema  py3-jsonschema python-jsonschema python-jsonschema
test   command:wbxml2xml     libwbxml2-utils           libwbxml                  -             -                 libwbxml
test   command:gzip          gzip                      gzip                gzip          gzip              gzip
test   command:zstd          zstd                      zstd                zstd          zstd              zstd
test   command:lz4           lz4                       lz4                 lz4           lz4               lz4
test   apache                apache2-bin               httpd               apache2       apache            httpd
test   command:curl          curl                      curl                curl          curl              curl
test   command:tcpdump       tcpdump                   tcpdump             tcpdump       tcpdump           tcpdump
test   command:ip            iproute2                  iproute             iproute2      iproute2          -
test   command:valgrind      valgrind                  valgrind            valgrind      valgrind          valgrind
lint   command:clang-format  clang-format              clang-tools-extra   clang-extra-tools clang         clang-format
lint   command:clang-tidy    clang-tidy                clang-tools-extra   clang-extra-tools clang         llvm
lint   library:cmocka        libcmocka-dev             libcmocka-devel     cmocka-dev    cmocka            cmocka
lint   command:cppcheck      cppcheck                  cppcheck            cppcheck      cppcheck          cppcheck
fuzz   command:clang         clang                     clang               clang         clang             llvm
fuzz   fuzzer                libclang-rt-dev           compiler-rt         compiler-rt   compiler-rt       llvm
deb    file:/usr/share/build-essential/list build-essential -             -             -                 -
deb    command:dh            debhelper                 -                   -             -                 -
deb    command:dpkg-buildpackage dpkg-dev              -                   -             -                 -
deb    command:fakeroot      fakeroot                  -                   -             -                 -
deb    command:lintian       lintian                   -                   -             -                 -
deb    file:/usr/share/pkgconfig/systemd.pc systemd-dev|systemd -          -             -                 -
check-deb command:debootstrap debootstrap              -                   -             -                 -
bench  command:valgrind      valgrind                  valgrind            valgrind      valgrind          valgrind
bench  command:readelf       binutils                  binutils            binutils      binutils          binutils
rivals command:httpry        httpry                    httpry              -             -                 -
rivals command:tcpflow       tcpflow                   tcpflow             -             -                 tcpflow
rivals command:tshark        tshark                    wireshark-cli       tshark        wireshark-cli     wireshark
'

fuzzer_links() {
	echo 'int LLVMFuzzerTestOneInput(void) { return 0; }' |
		clang -fsanitize=fuzzer,address,undefined -x c -o /dev/null - 2>/dev/null
}

is_there() {
	case $1 in
	command:*) command -v "${1#*:}" >/dev/null ;;
	file:*) [ -f "${1#*:}" ] ;;
	header:*) echo "#include <${1#*:}>" | cc -E - >/dev/null 2>&1 ;;
	library:*) pkg-config --exists "${1#*:}" 2>/dev/null ;;
	python:*) python3 -c "import ${1#*:}" 2>/dev/null ;;
	fuzzer) fuzzer_links ;;
	apache) [ -x /usr/sbin/apache2 ] || command -v httpd >/dev/null ;;
	llhttp) pkg-config --exists libllhttp 2>/dev/null || [ -f /usr/share/llhttp/llhttp.c ] ;;
	esac
}

check=
if [ "${1-}" = --check ]; then
	check=yes
	shift
fi

missing='' apt='' dnf='' apk='' pacman='' brew=''
while read -r set what in_apt in_dnf in_apk in_pacman in_brew; do
	case " $* " in *" $set "*) ;; *) continue ;; esac
	is_there "$what" && continue
	missing="$missing ${what#*:}"
	apt="$apt $in_apt" dnf="$dnf $in_dnf" apk="$apk $in_apk"
	pacman="$pacman $in_pacman" brew="$brew $in_brew"
done <<EOF
$(echo "$table" | grep .)
EOF
[ -n "$missing" ] || exit 0

if [ -n "$check" ]; then
	echo "missing:$missing; install with: make deps" >&2
	exit 1
fi

names() {
	echo "$1" | tr ' ' '\n' | grep -v -e '^-$' -e '^$' | sort -u | tr '\n' ' '
}

if ! command -v apt-get >/dev/null; then
	cat >&2 <<EOF
missing:$missing; install these and try again:
  dnf install $(names "$dnf")
  apk add $(names "$apk")
  pacman -S $(names "$pacman")
  brew install $(names "$brew")
EOF
	exit 1
fi

sudo=
if [ "$(id -u)" != 0 ]; then
	command -v sudo >/dev/null || {
		echo "missing:$missing; run as root: $0 $*" >&2
		exit 1
	}
	sudo=sudo
fi

run() {
	echo "deps:" $sudo "$@"
	$sudo env DEBIAN_FRONTEND=noninteractive "$@" </dev/null
}

is_known() {
	apt-cache show --no-all-versions "$1" >/dev/null 2>&1
}

# One name a row: of alternatives the first that this release has.
pick() {
	for row in $apt; do
		for name in $(echo "$row" | tr '|' ' '); do
			is_known "$name" && break
		done
		echo "$name"
	done
}

all_known() {
	for name in $(pick); do
		is_known "$name" || return 1
	done
}

install() {
	# shellcheck disable=SC2046
	run apt-get install -y -q --no-install-recommends $(pick)
}

echo "deps: missing:$missing"
all_known || run apt-get update -q
install || {
	# The package lists may be older than the archive.
	run apt-get update -q
	install
}
