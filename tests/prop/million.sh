#!/bin/sh
# A million items fit into the memory that they may take: `N=300000 tests/prop/million.sh` for fewer.
# shellcheck disable=SC2086 # nothing, or one word
exec "${BUILD:-build}/tests/prop/million" ${N:-}
