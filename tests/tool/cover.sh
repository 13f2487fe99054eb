#!/bin/sh
# Line coverage by folder, from what the last run left in a build with --coverage.
# usage: cover.sh BUILD
set -eu
build=$1
for folder in base capture decode analysis rules report cmd play; do
	find "$build/$folder" -name '*.gcno' 2>/dev/null
done | xargs gcov -n 2>/dev/null | awk '
	/^File / { file = substr($2, 2, length($2) - 2) }
	/^Lines executed:/ && file ~ /^[a-z]+\/.*\.c$/ {
		folder = file
		sub(/\/.*/, "", folder)
		split($0, part, /[:% ]+/)
		lines[folder] += $NF
		hit[folder] += part[3] * $NF / 100
		file = ""
	}
	END {
		n = split("base capture decode analysis rules report cmd play", order, " ")
		for (i = 1; i <= n; i++) {
			folder = order[i]
			if (!lines[folder])
				continue
			printf "%-10s %6d lines %6.1f %%\n", folder, lines[folder],
			    100 * hit[folder] / lines[folder]
			all += lines[folder]
			all_hit += hit[folder]
		}
		if (all)
			printf "%-10s %6d lines %6.1f %%\n", "all", all, 100 * all_hit / all
	}'
