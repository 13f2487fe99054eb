# Prints a rule file with N stateless rules of the kinds people write: awk -v n=200 -f rules.awk
# Each can be true or false on real traffic, none of the loads this bench makes meets one.
function condition(i,    k) {
	k = i % 8
	if (k == 0)
		return "http.request.method == \"PUT\" and http.response.status in 200..299 and exists http.response.header[\"X-Bench-" i "\"]"
	if (k == 1)
		return "http.response.status == " 560 + i % 30 " and absent http.response.header[\"ETag\"]"
	if (k == 2)
		return "http.request.target endswith \".bench" i "\""
	if (k == 3)
		return "any http.request.header[\"User-Agent\"] icontains \"client-" i "\""
	if (k == 4)
		return "dav.flavour == \"exchange\" and http.request.method in {\"PROPPATCH\", \"MKCOL\"} and dav.tag_state == \"absent\""
	if (k == 5)
		return "http.request.method == \"REPORT\" and any dav.error (.name == \"bench-" i "\")"
	if (k == 6)
		return "timing.duration_ns > " i + 60 "s and http.request.method not in {\"POST\", \"POLL\"}"
	return "client.address in 198.51.100." i "/32 or server.port == " 20000 + i
}

BEGIN {
	print "davscope_rules: 1"
	print "rules:"
	for (i = 1; i <= n; i++) {
		print "  - id: bench-" i
		print "    title: one of many"
		print "    severity: info"
		print "    event: transaction"
		print "    condition: |"
		print "      " condition(i)
		print "    output: \"{http.request.method} {http.request.target}\""
	}
}
