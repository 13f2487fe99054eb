#!/bin/sh
# tests/live/unit.py where systemd is the first process: a bare Debian in name spaces of its own, with the
# package (make deb) in it, boots, runs the test and ends.
# usage: systemd.sh [SUITE [DIRECTORY]]    as root. The bare system is kept as DIRECTORY/SUITE.tar, as
# deb.sh has it. A package of another suite than this machine's: DEB=FILE. BUILD names the tools.
# shellcheck disable=SC1091,SC2016
set -eu
here=$(cd "$(dirname "$0")/../.." && pwd)
. /etc/os-release
suite=${1:-$VERSION_CODENAME} directory=${2:-$here/build/chroot} build=${BUILD:-build}
root=$directory/$suite-systemd
DEB=${DEB:-$(echo "$here"/build/deb/davscope_*.deb)}
[ -f "$DEB" ] || {
	echo "systemd: no package; make deb" >&2
	exit 2
}
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep '/debian/*$' | head -n 1)
control=$(findmnt -n -t cgroup2 -o TARGET | head -n 1)
if [ -z "$mirror" ] || [ -z "$control" ]; then
	echo "systemd: no Debian mirror, or no cgroup2 here" >&2
	exit 2
fi
group=$control/davscope-systemd-$$

bare() {
	rm -rf --one-file-system "$root"
	mkdir -p "$root"
	if [ ! -f "$directory/$suite.tar" ]; then
		echo "systemd: debootstrap $suite"
		debootstrap --variant=minbase --include=ca-certificates "$suite" "$root" "$mirror" \
			>"$directory/$suite.log"
		tar -C "$root" -cf "$directory/$suite.tar.part" .
		mv "$directory/$suite.tar.part" "$directory/$suite.tar"
	else
		tar -C "$root" -xf "$directory/$suite.tar"
	fi
	cp -L /etc/resolv.conf /etc/hosts "$root/etc/"
	apt-config dump | grep -E '^Acquire::([a-z]+::|Check-)' >"$root/etc/apt/apt.conf.d/90host" || :
}

# The test is a service, and its end the end of the machine.
furnish() {
	mkdir -p "$root/t/tests/tool"
	cp -r "$here/tests/live" "$root/t/tests/"
	cp -r "$here/dist" "$root/t/"
	[ ! -x "$build/tests/tool/inject" ] || cp "$build/tests/tool/inject" "$root/t/tests/tool/"
	cp "$DEB" "$root/davscope.deb"
	chroot "$root" env DEBIAN_FRONTEND=noninteractive LC_ALL=C sh -eu -c '
		apt-get update -q
		apt-get install -y -q --no-install-recommends systemd systemd-sysv dbus iproute2 logrotate \
			procps python3 /davscope.deb' >"$directory/$suite-systemd.log" 2>&1 || {
		tail -n 20 "$directory/$suite-systemd.log"
		exit 1
	}
	cat >"$root/etc/systemd/system/unit-test.service" <<-'END'
		[Unit]
		Requires=dbus.service
		After=multi-user.target
		[Service]
		Type=oneshot
		WorkingDirectory=/t
		Environment=BUILD=/t DAVSCOPE=/usr/bin/davscope PYTHONDONTWRITEBYTECODE=1
		ExecStart=/bin/sh -c 'python3 tests/live/unit.py >/result 2>&1; echo $? >/code'
		ExecStopPost=/bin/systemctl --no-block poweroff
		TimeoutStartSec=300
		[Install]
		WantedBy=graphical.target
	END
	chroot "$root" systemctl -q enable unit-test.service
	chroot "$root" systemctl -q set-default graphical.target
}

boot() {
	mkdir "$group"
	sh -c 'echo $$ >"$2/cgroup.procs"
		exec unshare --mount --pid --uts --ipc --net --cgroup --fork --kill-child sh -eu -c '"'"'
		mount --bind "$1" "$1"
		mount -t proc proc "$1/proc"
		mount -t sysfs sysfs "$1/sys"
		mount -t cgroup2 cgroup2 "$1/sys/fs/cgroup"
		mount -t tmpfs -o mode=755 tmpfs "$1/dev"
		for device in null zero full random urandom tty; do
			touch "$1/dev/$device"
			mount --bind "/dev/$device" "$1/dev/$device"
		done
		mkdir "$1/dev/shm" "$1/dev/pts" "$1/old"
		mount -t devpts -o newinstance,ptmxmode=0666 devpts "$1/dev/pts"
		ln -s pts/ptmx "$1/dev/ptmx"
		mount -t tmpfs tmpfs "$1/dev/shm"
		mount -t tmpfs -o mode=755 tmpfs "$1/run"
		cd "$1"
		pivot_root . old
		umount -l /old
		exec env -i container=other PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd'"'"' sh "$1"
	' sh "$root" "$group" </dev/null >"$directory/$suite-boot.log" 2>&1 || :
	find "$group" -depth -type d -exec rmdir {} + 2>/dev/null || :
}

bare
furnish
boot
cat "$root/result" 2>/dev/null || tail -n 20 "$directory/$suite-boot.log"
code=$(cat "$root/code" 2>/dev/null || echo 1)
rm -rf --one-file-system "$root"
exit "$code"
