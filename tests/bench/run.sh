#!/bin/sh
# Everything that is measured, as the section of README.md has it; exits 1 when anything is missed.
# usage: run.sh [FILE]    FILE: speed is measured on this capture
here=$(dirname "$0") code=0
"$here/speed.sh" "$@" || code=1
echo
"$here/memory.sh" || code=1
echo
"$here/instructions.sh" || code=1
exit $code
