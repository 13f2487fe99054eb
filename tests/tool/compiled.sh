#!/bin/sh
# What compiling showed: the compiler says nothing of any file, and nothing at file scope of the product can be
# written. With flags that are not the project's own, or checks compiled in, neither means anything: skipped.
set -u
: "${BUILD:=build}"
flags=$(sed 's/^[^ ]* *//; s/ *$//' "$BUILD/key")
[ -z "$flags" ] || { echo "0 passed, 0 failed, 1 skipped"; exit 0; }
passed=0 failed=0

objects_of() { # FOLDER...
	find "$@" -name '*.c' | sort | sed "s|^|$BUILD/|; s|\.c\$||"
}
product="$(objects_of main.c base capture decode analysis rules report cmd play)
$BUILD/rules/shipped
$BUILD/analysis/shipped
$BUILD/decode/zones"

for object in $product $(objects_of tests); do
	if [ -f "$object.said" ] && ! [ -s "$object.said" ]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "FAIL $object: not compiled, or the compiler says:"
		cat "$object.said" 2>&1
	fi
done

# Const tables with pointers lie in .data.rel.ro; what lies in .data, .bss or common can be written.
# main.o may hold two: the flag of the signal handler and the source it stops.
writable() { # OBJECT
	objdump -t "$1" | awk 'NF >= 5 && $(NF - 2) ~ /^(\.t?data|\.t?bss|\*COM\*)/ && !/\.data\.rel\.ro/ &&
		!/ [dfF] / && $NF !~ /^\./ { print $NF }'
}
for object in $product; do
	names=$(writable "$object.o")
	if [ -z "$names" ] || { [ "$object" = "$BUILD/main" ] && [ "$(echo "$names" | wc -l)" -le 2 ]; }; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "FAIL $object: mutable at file scope:" $names
	fi
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
