#!/bin/sh
# A watcher that is replaced on its way finds what one finds that is not: `N=100 tests/prop/restart.sh` for
# more restarts of each capture. All talks that find something, the smaller recorded captures.
# shellcheck disable=SC2086 # a list of words
set -u
build=${BUILD:-build} mkpcap=${MKPCAP:-${BUILD:-build}/tests/tool/mkpcap}
work=$build/restart
rm -rf "$work"
mkdir -p "$work" || exit 1
captures=
for talk in samples/*.talk tests/kb923164/*.talk tests/golden/*/in.talk tests/prop/*.talk tests/machine/verify/*.talk; do
	case $talk in tests/golden/limit-*) continue ;; esac # only odd under its limit
	# A tick says which of two times is true, which that one leaves open.
	[ "$talk" != tests/golden/clock-jump/in.talk ] || continue
	out=$work/$(echo "$talk" | tr / -).pcap
	"$mkpcap" "$talk" "$out" || exit 1
	captures="$captures $out"
done
for pcap in samples/*.pcap samples/*.pcapng; do
	captures="$captures $pcap"
done
exec "$build/tests/prop/restart" -n "${N:-1}" tests/prop/restart.yaml $captures
