#!/bin/sh
# The metrics page as Prometheus' own tool reads it: no error, and nothing against the customs of names.
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
build=${BUILD:-build}
case $build in /*) ;; *) build=$root/$build ;; esac
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$build/tests/unit/test_metrics" "$work/page" || {
	echo "FAIL metrics: the page was not written"
	echo "0 passed, 1 failed"
	exit 1
}
if ! command -v promtool >/dev/null; then
	echo "metrics: promtool is not installed"
	echo "0 passed, 0 failed, 1 skipped"
	exit 0
fi
if [ -s "$work/page" ] && promtool check metrics <"$work/page" >"$work/out" 2>&1 && ! [ -s "$work/out" ]; then
	echo "1 passed, 0 failed"
else
	echo "FAIL metrics: promtool says:"
	cat "$work/out"
	echo "0 passed, 1 failed"
	exit 1
fi
