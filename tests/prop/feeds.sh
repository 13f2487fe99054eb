#!/bin/sh
# Damaged messages read the same however they arrive; N cases. The campaign has ten million runs.
exec "${BUILD:-build}/tests/prop/feeds" "${N:-20000}"
