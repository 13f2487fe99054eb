#!/bin/sh
# No alarm where all is well, whole or with packets lost: `N=2000 tests/prop/healthy.sh` for more of it.
exec "$(dirname "$0")/healthy.py" "${N:-200}"
