#!/bin/sh
# Lost and clipped packets never make a tagged write untagged: `N=100000 tests/prop/loss.sh` for more runs.
exec "${BUILD:-build}/tests/prop/loss" "${N:-5000}"
