# The table and the targets of speed.sh. From it: rows on standard input; dir, size,
# expected, machine, processors, load.
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
	processor[row] = user[row] + sys[row] < 1 ? 1 : user[row] + sys[row]
	path = dir "/" row ".count"
	getline count[row] < path
	close(path)
	return n
}

# A row against another one that is given so many times as long. On a busy machine processor time decides.
function target(name, row, other, times, most,    by_wall, by_processor, good) {
	if (!(other in wall))
		return
	by_wall = times * wall[row] / wall[other]
	by_processor = times * processor[row] / processor[other]
	good = (busy ? by_processor : by_wall) <= most
	missed = missed || !good
	printf "| %s | %.2f | %.2f | %s | %s |\n", name, by_wall, by_processor, most, good ? "pass" : "MISS"
}

BEGIN {
	FS = "|"
	busy = load > processors / 2
	printf "%s, %d processors, load average %s; a file of %d MB%s; medians, peak memory.\n\n", machine,
	    processors, load, size / 1000000, expected != "" ? " with " expected " transactions" : ""
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
	print "\n| how often as long | seconds | processor | at most | " (busy ? "busy: by processor" : "") " |"
	print "|---|--:|--:|--:|---|"
	target("list / bare loop", "list", "loop", 1, 2)
	target("every body parsed / loop and SAX", "bodies", "sax", 1, 1.25)
	target("list / httpry", "list", "httpry", 1, 1)
	target("list / a quarter of tcpflow", "list", "tcpflow", 4, 1)
	target("list / a hundredth of tshark", "list", "tshark", 100, 1)
	target("shipped and 200 more rules / shipped rules", "morerules", "rules", 1, 1.25)
	if (wrong != "")
		print "\nWrong number of transactions:" wrong
	exit missed || wrong != ""
}
