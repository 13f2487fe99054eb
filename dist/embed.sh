#!/bin/sh
# Prints the files as C: shipped_rules[] of rules/ruleset.h, in the order given.
# Bytes, not strings: ISO C promises no literal longer than 4095 characters.
set -eu

cat <<C
/* Made by dist/embed.sh. */
#include "rules/ruleset.h"
C
number=0
table=''
for file in "$@"; do
	number=$((number + 1))
	printf '\nstatic const unsigned char text_%d[] = {\n' $number
	od -A n -v -t u1 "$file" | sed 's/[0-9][0-9]*/&,/g'
	printf '\t0\n};\n'
	table="$table	{ \"$file\", text_$number, sizeof(text_$number) - 1 },
"
done
# The last place is empty, as an array of nothing is no C.
cat <<C

const struct shipped shipped_rules[] = {
$table	{ NULL, NULL, 0 },
};
const size_t n_shipped_rules = $number;
C
