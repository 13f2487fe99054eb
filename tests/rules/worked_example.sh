#!/bin/sh
# The worked example of the design passes its own tests; skipped where it is not at hand.
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
davscope=${DAVSCOPE:-$root/davscope}
example=$root/../shared/guide/kb923164.yaml
[ -f "$example" ] || { echo "0 passed, 0 failed, 1 skipped"; exit 0; }
tap=$("$davscope" rules test --no-shipped-rules "$example" 2>&1)
code=$?
passed=$(echo "$tap" | grep -c '^ok ')
failed=$(echo "$tap" | grep -c '^not ok ')
if [ "$code" -ne 0 ] || [ "$passed" -ne 21 ]; then
	echo "$tap"
	echo "FAIL: exit code $code, $passed of 21 tests passed"
	[ "$failed" -ne 0 ] || failed=1
fi
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
