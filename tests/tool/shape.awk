# Sizes and banned words, as ARCHITECTURE.md has them: run as awk -f shape.awk FILE..., paths from the root.
# Comments, strings and character constants are blanked first, so that words in them do not count.

BEGIN {
	banned = "strcpy strcat sprintf strncpy strtok atoi gets alloca system popen setjmp longjmp" \
	    " sigsetjmp siglongjmp"
	leaving = "exit _exit _Exit quick_exit abort"
	printing = "printf fprintf vprintf vfprintf dprintf vdprintf puts fputs putchar fputc putc" \
	    " perror psignal"
	n_banned = split(banned, banned_word)
	n_leaving = split(leaving, leaving_word)
	n_printing = split(printing, printing_word)
}

function complain(line, text) {
	printf "%s:%d: %s\n", FILENAME, line, text
	faults = 1
}

# The line without what the compiler does not read as code; in_comment lives from line to line.
function code_of(line,    out, quote, skip) {
	out = ""
	while (line != "") {
		if (in_comment) {
			skip = index(line, "*/")
			if (!skip)
				return out
			line = substr(line, skip + 2)
			in_comment = 0
		}
		if (!match(line, /\/\*|\/\/|["']/))
			return out line
		out = out substr(line, 1, RSTART - 1)
		quote = substr(line, RSTART, RLENGTH)
		line = substr(line, RSTART + RLENGTH)
		if (quote == "//")
			return out
		if (quote == "/*") {
			in_comment = 1
			continue
		}
		while (line != "" && substr(line, 1, 1) != quote)
			line = substr(line, substr(line, 1, 1) == "\\" ? 3 : 2)
		out = out quote quote
		line = substr(line, 2)
	}
	return out
}

function calls(code, word) {
	return index(code, word) && code ~ ("(^|[^A-Za-z0-9_])" word "[ \t]*\\(")
}

function check_words(code,    i) {
	for (i = 1; i <= n_banned; i++)
		if (calls(code, banned_word[i]))
			complain(FNR, banned_word[i] "() is banned")
	if (code ~ /typedef[ \t]+(struct|union)/)
		complain(FNR, "a struct is called struct, without a typedef")
	if (is_test || FILENAME == "main.c" || FILENAME == "base/error.c" ||
	    FILENAME == "cmd/monitor/guard.c") # a process of its own
		return
	for (i = 1; i <= n_leaving; i++)
		if (calls(code, leaving_word[i]))
			complain(FNR, leaving_word[i] "() belongs into main.c and ensure()")
	if (FILENAME ~ /^cmd\// || FILENAME == "report/out.c")
		return
	for (i = 1; i <= n_printing; i++)
		if (calls(code, printing_word[i]))
			complain(FNR, printing_word[i] "(): output goes through report/out.c")
}

function check_size() {
	if (last_file == "")
		return
	if (last_line > 600)
		printf "%s: %d lines, at most 600\n", last_file, last_line
	else if (last_file ~ /^([a-z]+)\/[a-z]+\.h$/ && is_public(last_file) && last_line > 200)
		printf "%s: %d lines, a public header has at most 200\n", last_file, last_line
	else
		return
	faults = 1
}

function is_public(path,    part) {
	split(path, part, "/")
	return part[2] == part[1] ".h"
}

FNR == 1 {
	check_size()
	in_comment = 0
	start = 0
	is_test = FILENAME ~ /^(tests|dist)\//
	if (FILENAME ~ /\.c$/ && $0 !~ /^\/\*/)
		complain(1, "does not open with a comment that says its purpose")
}

{
	last_file = FILENAME
	last_line = FNR
	code = code_of($0)
	check_words(code)
	if (match(code, /^\t\t\t\t\t\t+/) && code ~ /[^ \t\\]/)
		complain(FNR, "nested more than 4 levels deep")
}

code ~ /^\{/ { start = FNR }
code ~ /^\}/ && start {
	if (FNR - start - 1 > 60)
		complain(start, "a function of " FNR - start - 1 " lines, at most 60")
	start = 0
}

END {
	check_size()
	exit faults
}
