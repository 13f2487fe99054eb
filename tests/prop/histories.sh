#!/bin/sh
# What is called a copy is one, and none goes by, over random histories: `N=100000 tests/prop/histories.sh`.
exec "${BUILD:-build}/tests/prop/histories" "${N:-10000}"
