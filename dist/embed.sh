#!/bin/sh
# Prints the YAML files of one folder as C: shipped_FOLDER[] of struct shipped, in the order given.
# Bytes, not strings: ISO C promises no literal longer than 4095 characters.
set -eu

folder=${1%/*}
cat <<C
/* Made by dist/embed.sh. */
#include "base/base.h"

extern const struct shipped shipped_$folder[];
extern const size_t n_shipped_$folder;
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

const struct shipped shipped_$folder[] = {
$table	{ NULL, NULL, 0 },
};
const size_t n_shipped_$folder = $number;
C
