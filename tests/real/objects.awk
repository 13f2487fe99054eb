# Of what tests/tool/objects prints: how many objects were written with success, how many were read later
# without another write between, and of those whose uid, fingerprint, octets, text, lines, settled are those
# that were written.
BEGIN { FS = "\t"; OFS = "\t" }

function name_of(href) {
	sub(/^https?:\/\/[^\/]*/, "", href)
	gsub(/%40/, "@", href)
	return href
}

{ href = name_of($6) }

$2 == "PUT" && $5 == "request" && $4 ~ /^2/ && $4 != 207 {
	writes++
	part += $8 != "whole" || $9 == "-" || $11 == "-"
	for (i = 9; i <= 15; i++)
		was[href, i] = $i
	seen[href] = 1
}

$2 == "DELETE" || $2 == "MOVE" { delete seen[href] }

($5 == "answer" || $5 == "row") && href in seen {
	reads++
	uid += $9 == was[href, 9]
	for (i = 11; i <= 15; i++)
		same[i] += $i == was[href, i]
}

END { print name, writes + 0, part + 0, reads + 0, uid + 0, same[11] + 0, same[12] + 0, same[13] + 0, same[14] + 0, same[15] + 0 }
