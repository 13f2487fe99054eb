#!/bin/sh
# The same bytes out for every number of workers and every hash seed: all captures of samples/, all talks.
# SEEDS: with which; `make campaign` tries five.
set -u
davscope=${DAVSCOPE:-./davscope} build=${BUILD:-build}
: "${SEEDS:=1 77}"
work=$build/determinism
mkdir -p "$work" || exit 1
passed=0 failed=0

digest() { # FILE FORMAT WORKERS SEED
	{ "$davscope" -r "$1" -T "$2" --workers "$3" --hash-seed "$4" 2>&1; echo "exit code $?"; } | sha256sum
}

check() { # FILE NAME
	for format in text json; do
		expected=$(digest "$1" "$format" 0 0)
		for workers in 0 1 2 4 8; do
			for seed in $SEEDS; do
				if [ "$(digest "$1" "$format" "$workers" "$seed")" = "$expected" ]; then
					passed=$((passed + 1))
				else
					failed=$((failed + 1))
					echo "FAIL $2: -T $format --workers $workers --hash-seed $seed"
				fi
			done
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
