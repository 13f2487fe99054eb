#!/bin/sh
# The programs as they are: position-independent, relocations read-only from the start on, no stack or segment that is
# both writable and executable, canaries. dist/config.sh leaves out a flag that the compiler does not take.
# PROGRAMS names others to look at.
set -u
build=${BUILD:-build}
. "$(dirname "$0")/checks.sh"

one() { # NAME EXPRESSION LINES: at least one of them has it
	same "$program: $1" yes "$(printf '%s\n' "$3" | grep -q "$2" && echo yes)"
}

for program in ${PROGRAMS:-"$build/davscope" "$build/davscope-play" "$build/davscope-keeper"}; do
	segments=$(readelf -lW "$program") dynamic=$(readelf -dW "$program")
	one 'position-independent' '^Elf file type is DYN' "$segments"
	one 'relocations read-only' '^ *GNU_RELRO ' "$segments"
	one 'bound at the start' '(FLAGS).*BIND_NOW\|(FLAGS_1).*NOW\|(BIND_NOW)' "$dynamic"
	one 'a stack that is data' '^ *GNU_STACK .* RW  *0x' "$segments"
	same "$program: segments to write and to execute" '' "$(printf '%s\n' "$segments" | grep ' RWE ')"
	one 'canaries' '__stack_chk_fail' "$(readelf -sW --dyn-syms "$program")"
done
closing
