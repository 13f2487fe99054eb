#!/bin/sh
# Compares davscope with tshark's view of the captures in ../shared/captures, where that folder is.
# usage: oracle.sh [NAME...]
set -u
captures=${CAPTURES:-../shared/captures}
if [ ! -d "$captures" ]; then
	echo "oracle: there is no $captures"
	echo "0 passed, 0 failed, 1 skipped"
	exit 0
fi
exec python3 tests/tool/oracle.py "${DAVSCOPE:-./davscope}" "$captures" "$@"
