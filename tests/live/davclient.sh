#!/bin/sh
# Plays the front end of KB 923164 with curl: creates each appointment, gets no change tag, and creates it
# again under another name; creates contacts, which have their tag, once. Between the rounds it waits for a
# line on standard input, so that a test decides how much later a round is.
#   davclient.sh BASE ITEMS [ROUNDS]           BASE as in http://10.0.0.2:80; 2 rounds if not told
# Prints a line METHOD STATUS PATH for each answer. Exit code 1: an answer is not what this play expects.
set -eu
base=$1 items=$2 rounds=${3:-2}
agent=Microsoft-Server-ActiveSync/6.5.7638.1
bad=0

# METHOD PATH WANTED, then what curl is given beside that; the body comes from standard input.
request() {
	method=$1 path=$2 wanted=$3
	shift 3
	status=$(curl -sS -o /dev/null -w '%{http_code}' --max-time 10 -A "$agent" -X "$method" \
		-H 'Translate: f' -H 'Expect:' "$@" "$base$path") || status=none
	echo "$method $status $path"
	[ "$status" = "$wanted" ] || bad=1
}

# The same appointment each time, but for the number: no UID, as the front end sends it.
appointment() {
	hour=$(printf %02d $(($1 % 24))) day=$(printf %02d $(($1 / 24 % 28 + 1)))
	printf '%s\r\n' 'content-class: urn:content-classes:appointment' \
		'Content-Type: text/calendar; method=PUBLISH; charset="utf-8"' '' \
		BEGIN:VCALENDAR VERSION:2.0 PRODID:-//example//constructed//EN METHOD:PUBLISH BEGIN:VEVENT \
		DTSTAMP:20060925T160000Z "DTSTART:200610${day}T${hour}0000Z" \
		"DTEND:200610${day}T${hour}3000Z" "SUMMARY:Tea $1" END:VEVENT END:VCALENDAR
}

contact() {
	printf '%s\r\n' 'content-class: urn:content-classes:person' \
		'Content-Type: text/x-vcard; charset="utf-8"' '' \
		BEGIN:VCARD VERSION:2.1 "N:Person $1" "FN:Person $1" END:VCARD
}

create() { # PATH
	request PUT "$1" 201 -H 'If-None-Match: *' -H 'Content-Type: message/rfc822' --data-binary @-
}

look() { # COLLECTION
	echo '<?xml version="1.0"?><a:propfind xmlns:a="DAV:"><a:prop><a:href/></a:prop></a:propfind>' |
		request PROPFIND "$1" 207 -H 'Depth: 1' -H 'Content-Type: text/xml' --data-binary @-
}

round=1
while [ "$round" -le "$rounds" ]; do
	[ "$round" -eq 1 ] || read -r _ || exit 1
	suffix=
	[ "$round" -eq 1 ] || suffix=-$round
	i=1
	while [ "$i" -le "$items" ]; do
		appointment "$i" | create "/exchange/anna/Calendar/Tea%20$i$suffix.EML"
		if [ "$round" -eq 1 ]; then
			contact "$i" | create "/exchange/anna/Contacts/Person%20$i.EML"
			request GET "/exchange/anna/Contacts/Person%20$i.EML" 200 </dev/null
		fi
		i=$((i + 1))
	done
	look /exchange/anna/Calendar/
	round=$((round + 1))
done
exit $bad
