#!/bin/sh
# A fresh Debian with only git, make and ca-certificates: make demo, then make test, nothing else.
# usage: chroot.sh SUITE DIRECTORY   as root; the bare system is kept as DIRECTORY/SUITE.tar.
# Tested is what is committed. Mirror and apt settings (proxies) are those of this machine.
# shellcheck disable=SC2016
set -eu
suite=${1:?suite} directory=${2:?directory}
here=$(cd "$(dirname "$0")/../.." && pwd)
root=$directory/$suite
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' |
	grep '/debian/*$' | head -n 1)
[ -n "$mirror" ] || {
	echo "chroot: apt knows no Debian mirror here" >&2
	exit 2
}

mkdir -p "$directory"
# Nothing is ever mounted here outside the name space below.
rm -rf --one-file-system "$root"
if [ ! -f "$directory/$suite.tar" ]; then
	echo "chroot: debootstrap $suite"
	debootstrap --variant=minbase --include=git,make,ca-certificates "$suite" "$root" "$mirror" \
		>"$directory/$suite.log"
	tar -C "$root" -cf "$directory/$suite.tar.part" .
	mv "$directory/$suite.tar.part" "$directory/$suite.tar"
else
	mkdir "$root"
	tar -C "$root" -xf "$directory/$suite.tar"
fi

cp -L /etc/resolv.conf /etc/hosts "$root/etc/"
apt-config dump | grep -E '^Acquire::([a-z]+::|Check-)' >"$root/etc/apt/apt.conf.d/90host" || :
git clone -q --no-hardlinks "$here" "$root/davscope"

code=0
unshare --mount --pid --fork sh -eu -c '
	mount -t proc proc "$1/proc"
	mount -t tmpfs tmpfs "$1/dev/shm"
	exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=dumb \
		http_proxy="${http_proxy-}" https_proxy="${https_proxy-}" \
		chroot "$1" sh -eu -c "cd /davscope && make demo && make test"
' sh "$root" || code=$?

if [ "$code" -eq 0 ]; then
	echo "chroot: $suite: make demo and make test succeed"
else
	echo "chroot: $suite: FAILED"
fi
exit "$code"
