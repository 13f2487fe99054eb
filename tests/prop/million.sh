#!/bin/sh
# A million items take no more memory than they may: `N=300000 tests/prop/million.sh` for fewer.
# shellcheck disable=SC2086 # nothing, or one word
exec "${BUILD:-build}/tests/prop/million" ${N:-}
