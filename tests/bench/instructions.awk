# The table of instructions.sh: awk -v key=... -f instructions.awk recorded=1 RECORDED.tsv recorded=0 COUNTED.tsv
# A line of both: key, capture, its bytes, instructions of the list, instructions with the shipped rules.
BEGIN {
	FS = "\t"
	most = 5
	print key ":\n"
}

# Millions for each MB; for the start millions.
function figure(name, all, start, bytes) {
	return name == "start" ? all / 1e6 : (all - start) / bytes
}

function cell(name, i, start, old, now, change) {
	if ($i !~ /^[0-9]+$/) {
		failed = failed "\n" name ": callgrind counted nothing"
		return " | |"
	}
	now = figure(name, $i, started[i], $3)
	if (!(name in bytes))
		return sprintf(" %.1f | |", now)
	old = figure(name, before[name, i], before["start", i], bytes[name])
	change = 100 * (now - old) / old
	if (bytes[name] != $3)
		failed = failed "\n" name ": the capture is another one than was recorded"
	else if (change > most)
		failed = failed sprintf("\n%s: %.1f %% more instructions than recorded, at most %d", name,
		    change, most)
	return sprintf(" %.1f | %+.1f %% |", now, change)
}

recorded && $1 == key {
	bytes[$2] = $3
	before[$2, 4] = $4
	before[$2, 5] = $5
}
recorded { next }

FNR == 1 {
	print "| capture | MB | list | against recorded | shipped rules, so bodies | against recorded |"
	print "|---|--:|--:|--:|--:|--:|"
}

{
	if ($2 == "start") {
		started[4] = $4
		started[5] = $5
	}
	printf "| %s | %.1f |%s%s\n", $2, $3 / 1e6, cell($2, 4), cell($2, 5)
}

END {
	print "\nMillions of instructions for each MB, those of the start, which are told as they are, subtracted."
	if (!("start" in bytes))
		print "No figure for this compiler and these libraries: RECORD=1 writes it."
	if (failed != "") {
		print failed
		exit 1
	}
}
