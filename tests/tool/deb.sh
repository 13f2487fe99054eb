#!/bin/sh
# The Debian package (make deb) in a bare system: it installs, its programs run, its user is there, it
# can be removed, and after a purge nothing of it is left.
# usage: deb.sh [SUITE [DIRECTORY]]    as root. The bare system is kept as DIRECTORY/SUITE.tar.
# Another suite than this machine's: its libraries have other names, so the package is built in there.
# shellcheck disable=SC2016
set -eu
here=$(cd "$(dirname "$0")/../.." && pwd)
. /etc/os-release
suite=${1:-$VERSION_CODENAME} directory=${2:-$here/build/chroot}
root=$directory/$suite-deb
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' |
	grep '/debian/*$' | head -n 1)
[ -n "$mirror" ] || {
	echo "deb: apt knows no Debian mirror here" >&2
	exit 2
}

bare() { # a fresh system in $root
	rm -rf --one-file-system "$root"
	mkdir -p "$directory"
	if [ ! -f "$directory/$suite.tar" ]; then
		echo "deb: debootstrap $suite"
		debootstrap --variant=minbase --include=ca-certificates "$suite" "$root" "$mirror" \
			>"$directory/$suite.log"
		tar -C "$root" -cf "$directory/$suite.tar.part" .
		mv "$directory/$suite.tar.part" "$directory/$suite.tar"
	else
		mkdir "$root"
		tar -C "$root" -xf "$directory/$suite.tar"
	fi
	cp -L /etc/resolv.conf /etc/hosts "$root/etc/"
	apt-config dump | grep -E '^Acquire::([a-z]+::|Check-)' >"$root/etc/apt/apt.conf.d/90host" || :
	# No service starts in there.
	printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
	chmod 755 "$root/usr/sbin/policy-rc.d"
}

inside() { # SCRIPT: by a shell in there, with name spaces that die with it
	unshare --mount --pid --fork sh -eu -c '
		mount -t proc proc "$1/proc"
		mount -t tmpfs tmpfs "$1/dev/shm"
		exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=dumb LC_ALL=C \
			DEBIAN_FRONTEND=noninteractive http_proxy="${http_proxy-}" \
			https_proxy="${https_proxy-}" chroot "$1" sh -eu -c "$2"
	' sh "$root" "$1" </dev/null
}

if [ "$suite" = "$VERSION_CODENAME" ]; then
	set -- "$here"/build/deb/davscope_*.deb
else
	echo "deb: build in $suite"
	bare
	mkdir "$root/davscope"
	(cd "$here" && git ls-files -z --deduplicate | xargs -0 tar -cf - --) | tar -xf - -C "$root/davscope"
	inside '
		apt-get update -q
		apt-get install -y -q --no-install-recommends git make
		cd /davscope
		git init -q
		git add -A
		make deb' >"$directory/$suite-build.log" 2>&1 || {
		tail -n 40 "$directory/$suite-build.log"
		exit 1
	}
	grep '^[EW]: davscope' "$directory/$suite-build.log" || :
	mkdir -p "$directory/$suite-debs"
	rm -f "$directory/$suite-debs"/*
	cp "$root"/davscope/build/deb/davscope_*.deb "$directory/$suite-debs"
	set -- "$directory/$suite-debs"/davscope_*.deb
fi
[ -f "$1" ] || {
	echo "deb: no package; make deb" >&2
	exit 2
}

bare
cp "$1" "$root/davscope.deb"
cp "$here/samples/vdirsyncer-radicale.pcap" "$root/sample.pcap"
inside '
	list() { # all that is there, but caches and logs of apt and dpkg
		find / -xdev \( -path /proc -o -path /sys -o -path /dev -o -path /tmp -o -path /run \
			-o -path /var/cache -o -path /var/lib/apt -o -path /var/lib/dpkg -o -path /var/log/apt \
			-o -path /root \) -prune -o -print | sort
	}
	ok() { echo "ok: $*"; }
	apt-get update -q >/dev/null
	apt-get install -y -q --no-install-recommends \
		$(dpkg-deb -f /davscope.deb Depends | tr "," "\n" | sed "s/(.*//; s/|.*//") >/tmp/log 2>&1
	list >/tmp/before
	dpkg -i /davscope.deb >/tmp/log 2>&1 || { cat /tmp/log; exit 1; }
	ok installs
	davscope version >/dev/null
	davscope -r /sample.pcap -q >/dev/null
	davscope config check >/tmp/log 2>&1 || { cat /tmp/log; exit 1; }
	for program in davscope davscope-play davscope-keeper; do
		ldd /usr/bin/$program | grep "not found" && exit 1
	done
	ok programs
	[ "$(getent passwd davscope | cut -d: -f7)" = /usr/sbin/nologin ]
	[ "$(stat -c %U:%G:%a /var/lib/davscope /var/log/davscope | sort -u)" = davscope:davscope:750 ]
	ok user and directories
	find /etc/systemd /run -name "davscope@*" | grep . && exit 1
	ok nothing is enabled
	if command -v systemd-analyze >/dev/null; then
		systemd-analyze verify /usr/lib/systemd/system/davscope@.service /lib/systemd/system/davscope@.service 2>&1 |
			grep davscope | grep -v "man:\|Command .man" && exit 1
		ok unit
	fi
	echo "# mine" >>/etc/davscope/davscope.yaml
	echo secret >/var/lib/davscope/mine
	echo line >/var/log/davscope/findings.json
	dpkg -i /davscope.deb >/tmp/log 2>&1 || { cat /tmp/log; exit 1; }
	grep -q "# mine" /etc/davscope/davscope.yaml
	ok upgrade keeps the configuration
	dpkg -r davscope >/tmp/log 2>&1 || { cat /tmp/log; exit 1; }
	[ ! -e /usr/bin/davscope ] && [ -e /etc/davscope/davscope.yaml ] && [ -e /var/lib/davscope/mine ]
	ok removal keeps configuration and state
	dpkg -P davscope >/tmp/log 2>&1 || { cat /tmp/log; exit 1; }
	list >/tmp/after
	diff /tmp/before /tmp/after | grep "^>" | grep -v "^> /etc/\(group\|passwd\|shadow\|gshadow\)-$" && exit 1
	ok purge leaves nothing' && code=0 || code=$?
rm -rf --one-file-system "$root"
if [ "$code" -eq 0 ]; then
	echo "deb: $suite: the package comes and goes"
else
	echo "deb: $suite: FAILED"
fi
exit "$code"
