#!/bin/sh
# Play, capture, analyse: every EVERY-th of all clients with all servers and all single accidents; `make campaign`
# takes all of them.
set -u
work=${BUILD:-build}/roundtrip
mkdir -p "$work" || exit 1
"${BUILD:-build}/tests/play/roundtrip" "$work" "${EVERY:-4}" >"$work/out.txt"
code=$?
tail -20 "$work/out.txt"
# As many as were asked for, or something is left out in silence.
cases=$(sed -n 's/^\([0-9]*\) cases.*/\1/p' "$work/out.txt")
[ "${cases:-0}" -ge 300 ] || { echo "only ${cases:-0} cases"; echo "0 passed, 1 failed"; exit 1; }
exit $code
