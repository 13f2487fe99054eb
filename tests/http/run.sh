#!/bin/sh
# The cases of tests/http, each cut into segments in ten ways.
exec "${BUILD:-build}/tests/tool/http_cases" tests/http/*.md tests/http/*.tsv
