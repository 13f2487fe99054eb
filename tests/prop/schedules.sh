#!/bin/sh
# Random TCP schedules give the same transactions: `N=100000 tests/prop/schedules.sh` for more of them.
exec "${BUILD:-build}/tests/prop/schedules" "${N:-10000}"
