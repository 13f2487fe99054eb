#!/bin/sh
# Every placement of a few faults, for every client with every server: the published tables, and more.
exec "${BUILD:-build}/tests/prop/exhaustive" tests/machine/published.txt tests/machine/vectors.yaml
