#!/bin/sh
# The same bytes out for every number of workers and every hash seed: all captures of samples/, all talks.
# WAYS: workers:seed; `make campaign` tries five seeds with each number.
set -u
davscope=${DAVSCOPE:-./davscope} build=${BUILD:-build}
: "${WAYS:=0:77 1:1 2:2 4:3 8:77}"
work=$build/determinism
mkdir -p "$work" || exit 1
passed=0 failed=0

digest() { # FILE FORMAT WORKERS SEED
	{ "$davscope" -r "$1" -T "$2" --workers "$3" --hash-seed "$4" 2>&1; echo "exit code $?"; } | sha256sum
}

check() { # FILE NAME
	for format in text json; do
		expected=$(digest "$1" "$format" 0 0)
		for way in $WAYS; do
			if [ "$(digest "$1" "$format" "${way%:*}" "${way#*:}")" = "$expected" ]; then
				passed=$((passed + 1))
			else
				failed=$((failed + 1))
				echo "FAIL $2: -T $format, workers:seed $way"
			fi
		done
	done
}

for sample in samples/*.pcap samples/*.pcapng; do
	check "$sample" "$sample"
done
for talk in samples/*.talk tests/golden/*/in.talk; do
	case $talk in tests/golden/limit-*) continue ;; esac # only odd under its limit
	"$build/tests/tool/mkpcap" "$talk" "$work/in.pcap" || { failed=$((failed + 1)); continue; }
	check "$work/in.pcap" "$talk"
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
