# Who may include whom (ARCHITECTURE.md): run as awk -f layers.awk FILE..., paths from the root.
# A header that is not named after its folder is private to the folder; tests may include anything.

BEGIN {
	may["base"] = ""
	may["capture"] = "base"
	may["decode"] = "base"
	may["analysis"] = "base decode"
	may["rules"] = "base decode analysis"
	may["report"] = "base decode analysis rules"
	may["cmd/scrub"] = "base decode"
	may["play"] = "base"
	may["cmd"] = may["main.c"] = "base capture decode analysis rules report cmd cmd/scrub play"
	# struct packet, struct damage: shapes only.
	extra["decode"] = extra["report"] = extra["cmd/scrub"] = "capture/capture.h"

	only["pthread.h"] = only["threads.h"] = "^(decode/workers|report/sinks)\\.c$"
	only["pcap.h"] = only["pcap/"] = "^capture/"
	only["libxml/"] = "^decode/xml\\.c$"
	only["yaml.h"] = "^base/yaml\\.c$"
	only["microhttpd.h"] = "^(play/serve|cmd/keeper/exporter)\\.c$"
	only["sqlite3.h"] = "^cmd/keeper/db_file\\.h$"
	only["curl/"] = "^(play/fetch|report/sink_webhook)\\.c$"
	only["seccomp.h"] = only["cap-ng.h"] = "^base/sandbox\\.c$"
	only["pcre2.h"] = "^rules/match\\.c$"
	# Time zones are built in: dist/zones.c asks libical for them.
	only["libical/"] = only["setjmp.h"] = "^$"
}

function complain(text) {
	printf "%s:%d: %s\n", FILENAME, FNR, text
	faults = 1
}

function has(list, word) {
	return index(" " list " ", " " word " ") != 0
}

# A folder in a folder has a face of its own.
function folder_of(path) {
	sub(/\/[^\/]*$/, "", path)
	return path in may ? path : substr(path, 1, index(path "/", "/") - 1)
}

function check_ours(folder, target,    theirs, face) {
	if (target !~ /\//) {
		if (target !~ /\.def$/)
			complain("include \"" target "\" is not written from the root")
		return
	}
	theirs = folder_of(target)
	face = theirs
	sub(/.*\//, "", face)
	if (theirs == folder)
		return
	if (!has(may[folder], theirs) && extra[folder] != target)
		complain(folder " may not include " target)
	else if (target != theirs "/" face ".h")
		complain(target " is private to " theirs "/")
}

function check_system(target,    name) {
	for (name in only)
		if (index(target, name) == 1 && FILENAME !~ only[name])
			complain("<" target "> does not belong here")
}

FNR == 1 {
	folder = folder_of(FILENAME)
}

folder == "tests" || !match($0, /^[ \t]*#[ \t]*include[ \t]*["<][^">]+/) {
	next
}

{
	target = substr($0, RSTART, RLENGTH)
	system_header = target ~ /</
	sub(/.*["<]/, "", target)
	if (!(folder in may))
		complain("no such folder in the plan: " folder)
	else if (system_header)
		check_system(target)
	else
		check_ours(folder, target)
}

END { exit faults }
