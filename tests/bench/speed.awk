# The table and the targets of speed.sh. From it: rows on standard input; dir, size, expected, machine.
# A line of DIR/ROW.figures is one run: milliseconds of wall, user and system time, KiB of memory.
function median(values, n,    i, j, v) {
	for (i = 2; i <= n; i++) {
		v = values[i]
		for (j = i - 1; j > 0 && values[j] > v; j--)
			values[j + 1] = values[j]
		values[j + 1] = v
	}
	return values[int((n + 1) / 2)]
}

function read_figures(row,    line, part, n, w, u, s, path) {
	path = dir "/" row ".figures"
	memory[row] = n = 0
	while ((getline line < path) > 0) {
		split(line, part, " ")
		n++
		w[n] = part[1]
		u[n] = part[2]
		s[n] = part[3]
		if (part[4] > memory[row])
			memory[row] = part[4]
	}
	close(path)
	if (n == 0)
		return 0
	wall[row] = median(w, n)
	wall[row] = wall[row] < 1 ? 1 : wall[row]
	user[row] = median(u, n)
	sys[row] = median(s, n)
	path = dir "/" row ".count"
	getline count[row] < path
	close(path)
	return n
}

function target(name, figure, what, most) {
	if (figure == "")
		return
	missed = missed || !(figure <= most)
	printf "| %s | %.2f %s | %s %s | %s |\n", name, figure, what, most, what,
	    figure <= most ? "pass" : "MISS"
}

# How often as long as ROW the list takes, or a part of it.
function against(row, times) {
	return row in wall ? times * wall["list"] / wall[row] : ""
}

BEGIN {
	FS = "|"
	printf "%s; a file of %d MB%s; medians, peak memory.\n\n", machine, size / 1000000,
	    expected != "" ? " with " expected " transactions" : ""
	print "| run | rounds | transactions | seconds | user | system | MB/s | against the loop | MiB |"
	print "|---|--:|--:|--:|--:|--:|--:|--:|--:|"
}

{
	n = read_figures($1)
	if (n == 0) {
		printf "| %s | | not installed, or fails | | | | | | |\n", $2
		next
	}
	printf "| %s | %d | %s | %.2f | %.2f | %.2f | %.0f | %.1f | %.0f |\n", $2, n, count[$1],
	    wall[$1] / 1000, user[$1] / 1000, sys[$1] / 1000, size / wall[$1] / 1000,
	    wall[$1] / wall["loop"], memory[$1] / 1024
	if ($2 ~ /^davscope/ && expected != "" && count[$1] != expected)
		wrong = wrong " " $1
}

END {
	print "\n| target | measured | at most | |"
	print "|---|--:|--:|---|"
	target("list against the bare loop", against("loop", 1), "times as long", 2)
	if ("sax" in wall)
		target("every body parsed, against loop and SAX", wall["bodies"] / wall["sax"],
		    "times as long", 1.25)
	target("list against httpry", against("httpry", 1), "times as long", 1)
	target("list against a quarter of tcpflow", against("tcpflow", 4), "times as long", 1)
	target("list against a hundredth of tshark", against("tshark", 100), "times as long", 1)
	target("200 more rules", 100 * (wall["morerules"] - wall["rules"]) / wall["rules"], "% more", 25)
	if (wrong != "")
		print "\nWrong number of transactions:" wrong
	exit missed || wrong != ""
}
