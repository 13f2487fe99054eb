#!/bin/sh
# Damaged captures under limits: `N=10000 ALL=1 tests/prop/hostile.sh`, with ALL the recorded captures that are
# no part of the project as well, where they are at hand. SEED, SLOW: see tests/tool/hostile.c.
set -u
: "${BUILD:=build}" "${N:=100}" "${SEED:=1}" "${MKPCAP:=$BUILD/tests/tool/mkpcap}"
work=$BUILD/hostile
mkdir -p "$work/in" || exit 1
for talk in samples/*.talk tests/kb923164/*.talk tests/golden/*/in.talk; do
	name=$(echo "$talk" | tr / -)
	"$MKPCAP" "$talk" "$work/in/${name%.talk}.pcap" || exit 1
done
{
	ls samples/*.pcap samples/*.pcapng "$work"/in/*.pcap
	[ -n "${ALL-}" ] && find ../shared/captures -size +0 \( -name '*.pcap' -o -name '*.pcapng' -o -name '*.gz' \) 2>/dev/null
} | sort >"$work/list"
# shellcheck disable=SC2046 # no blanks in these names
exec "$BUILD/tests/tool/hostile" "$N" "$SEED" $(cat "$work/list")
