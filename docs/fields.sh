#!/bin/sh
# Writes davscope-fields(7) to standard output, made from the field table of the program.
# usage: fields.sh DAVSCOPE
set -eu
[ $# -eq 1 ] || { echo "usage: $0 DAVSCOPE" >&2; exit 2; }
table=$("$1" --list fields)

cat <<'EOF'
.\" Made by docs/fields.sh from rules/fields.def.
.Dd November 22, 2026
.Dt DAVSCOPE-FIELDS 7
.Os
.Sh NAME
.Nm davscope-fields
.Nd what rules, filters and output of davscope can say about an event
.Sh DESCRIPTION
One name means the same everywhere: in the condition of a rule
.Pq Xr davscope-rules 5 ,
in a filter
.Pq Fl Y ,
as a column
.Pq Fl e ,
and as the path in a JSON record
.Pq Fl T Cm json .
.Pp
A field belongs to some kinds of events: a
.Cm transaction
is a request with its response, a
.Cm flow
a TCP connection that ended, an
.Cm anomaly
something odd or damaged in the capture, a
.Cm loss
packets that the capture itself says were not recorded, an
.Cm operation
one attempt of a client, its authentication legs and repetitions folded into
one, an
.Cm item
what the analysis has proven of something that a server holds, a
.Cm session
the same of the synchronisation of a collection, a
.Cm sync
one ActiveSync command, a
.Cm finding
what a rule has found, and
.Cm stats
stands for the whole run at its end.
In an event of another kind it is absent.
.Ss Present, absent, not observed
A field is
.Em present
when a value of it was seen.
It is
.Em absent
only when everything that could hold it was seen and it was not there:
a header is absent from an answer whose header block was captured whole.
In all other cases it is
.Em not observed :
the answer was not captured, a gap or a short snap length cut it, its body
could not be decoded.
A condition on a field that was not observed is neither true nor false, and
a rule fires only on true.
What the capture lacks is never reported as missing.
.Pp
A column shows nothing for an absent field and a question mark for one that
was not observed.
A JSON record leaves both out and lists what was not observed in
.Va unobserved .
A field of which some values were seen and others may be missing is both
shown and listed.
.Ss Types
.Bl -tag -width "duration"
.It Cm bool
true or false
.It Cm int
a whole number
.It Cm string
bytes as they are, case counts
.It Cm istring
bytes, letters of both cases are equal
.It Cm enum
one of the words listed
.It Cm ip
an IPv4 or IPv6 address
.It Cm duration
a length of time; nanoseconds in the output
.It Cm time
a point in time, UTC
.It Cm version
numbers with dots, compared part by part
.It Cm headers
header fields:
.Ql http.response.header[\(dqETag\(dq]
means those of that name, in letters of either case; alone it means all
.It Cm map
names with a value each, picked in the same way; case counts
.It Cm group
a list of elements, each with the fields whose names begin with its name
.El
.Pp
.Dq Many
means that a field can hold several values.
.Sh LIST OF FIELDS
EOF

# NAME TYPE one|many KINDS TEXT[ {WORDS}]
printf '%s\n' "$table" | awk '
	function print_text(text,    words, n, i, line) {
		gsub(/\\/, "\\e", text)
		gsub(/"/, "\\(dq", text)
		n = split(text, words, " ")
		for (i = 1; i <= n; i++) {
			if (line != "" && length(line words[i]) > 77) {
				print line
				line = ""
			}
			line = line (line == "" ? "" : " ") words[i]
		}
		print line
	}
	{
		name = $1; type = $2; many = $3; kinds = $4
		text = $0
		sub(/^[^ ]+ +[^ ]+ +[^ ]+ +[^ ]+ +/, "", text)
		words = ""
		if (match(text, / \{[^{}]*\}$/)) {
			words = substr(text, RSTART + 2, RLENGTH - 3)
			text = substr(text, 1, RSTART - 1)
		}
		part = name
		sub(/\..*/, "", part)
		if (part !~ /^(ts|event_type|schema|id)$/ && part != before) {
			if (before != "" || NR > 1)
				print ".El"
			print ".Ss " part
			print ".Bl -tag -width Ds"
			before = part
		} else if (NR == 1) {
			print ".Ss Of every event"
			print ".Bl -tag -width Ds"
		}
		notes = type
		if (many == "many" && type != "group" && type != "headers" && type != "map")
			notes = notes ", many"
		gsub(/,/, ", ", kinds)
		print ".It Cm " name " Pq " notes
		print_text(text (words != "" ? ":" : kinds != "all" ? "" : "."))
		if (words != "") {
			n = split(words, word, ", ")
			for (i = 1; i <= n; i++)
				print ".Cm " word[i] (i < n ? " ," : kinds != "all" ? "" : " .")
		}
		if (kinds != "all")
			print ".Pq " kinds
	}
	END { print ".El" }'

cat <<'EOF'
.Sh SEE ALSO
.Xr davscope 1 ,
.Xr davscope-rules 5
EOF
