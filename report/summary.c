/*
 * summary.c - the closing summary for people: first whether the evidence is complete, then counts,
 * last the answer to the question most runs ask, which writes came back without a change tag.
 */
#include "report/summary.h"

#include "capture/capture.h"

#include <string.h>

enum { EVIDENCE_MAX = 1024, LABEL_COLUMNS = 14, NAME_MAX = 128 };

/* ---- pieces ---- */

static void label(struct out *o, const char *text)
{
	out_text(o, text);
	for (size_t n = strlen(text); n < LABEL_COLUMNS; n++)
		out_char(o, ' ');
}

static void amount(struct out *o, uint64_t n, const char *one, const char *many)
{
	out_u64(o, n);
	out_char(o, ' ');
	out_text(o, n == 1 ? one : many);
}

/* "PUT 12, GET 3": separator, name and count of one entry. */
static void entry(struct out *o, bool *any, struct slice name, uint64_t count)
{
	if (*any)
		out_text(o, ", ");
	*any = true;
	out_vis(o, name, NAME_MAX);
	out_char(o, ' ');
	out_u64(o, count);
}

static void line_end(struct out *o, bool any)
{
	out_text(o, any ? "\n" : "none\n");
}

/* ---- the counts ---- */

static void write_evidence(struct out *o, const struct summary *s, const struct run_end *end)
{
	char text[EVIDENCE_MAX];
	if (!report_incomplete(s, end, text, sizeof text)) {
		out_text(o, "evidence: complete\n");
		return;
	}
	out_text(o, "evidence: incomplete (");
	out_text(o, text);
	out_text(o, ")\n");
}

static void write_damage(struct out *o, const struct report_options *options,
    const struct run_end *end)
{
	for (size_t i = 0; i < end->n_damage; i++) {
		const struct damage *d = &end->damage[i];
		label(o, "damage");
		if (d->input < options->n_inputs)
			out_vis(o, slice_from(options->input_names[d->input]), SIZE_MAX);
		out_text(o, ": record ");
		out_u64(o, d->record);
		out_text(o, " at byte ");
		out_u64(o, d->offset);
		out_text(o, ": ");
		out_vis(o, slice_from(d->text), SIZE_MAX);
		out_text(o, "; everything before it was read\n");
	}
}

static void write_span(struct out *o, const struct summary *s)
{
	label(o, "time");
	if (s->first_ns > s->last_ns) {
		line_end(o, false);
		return;
	}
	out_time(o, s->first_ns);
	out_text(o, " to ");
	out_time(o, s->last_ns);
	uint64_t ns = s->last_ns > s->first_ns ? (uint64_t)s->last_ns - (uint64_t)s->first_ns : 0;
	out_text(o, " (");
	out_u64(o, ns / 1000000000);
	out_char(o, '.');
	out_digits(o, ns / 1000000 % 1000, 3);
	out_text(o, " s)\n");
}

static void write_volume(struct out *o, const struct summary *s, const struct run_end *end)
{
	label(o, "packets");
	out_u64(o, end->packets);
	out_text(o, " with ");
	amount(o, end->bytes, "byte", "bytes");
	if (end->filtered != 0) {
		out_text(o, "; ");
		out_u64(o, end->filtered);
		out_text(o, " filtered out");
	}
	if (end->backwards != 0) {
		out_text(o, "; ");
		out_u64(o, end->backwards);
		out_text(o, " older than the one before");
	}
	if (end->decoded.copies != 0) {
		out_text(o, "; ");
		out_u64(o, end->decoded.copies);
		out_text(o, " seen before");
	}
	if (end->decoded.damaged != 0) {
		out_text(o, "; ");
		out_u64(o, end->decoded.damaged);
		out_text(o, " not read for their checksum");
	}
	out_char(o, '\n');
	write_span(o, s);
	label(o, "flows");
	out_u64(o, s->flows);
	out_text(o, ", ");
	out_u64(o, s->http_flows);
	out_text(o, " with HTTP\n");
	label(o, "transactions");
	out_u64(o, s->transactions);
	out_char(o, '\n');
}

static void write_methods(struct out *o, const struct summary *s)
{
	bool any = false;
	label(o, "methods");
	for (size_t i = 0; i < s->n_methods; i++)
		entry(o, &any, s->methods[i].name, s->methods[i].count);
	line_end(o, any);
}

static void write_statuses(struct out *o, const struct summary *s)
{
	bool any = false;
	label(o, "statuses");
	for (size_t i = 0; i < sizeof s->statuses / sizeof s->statuses[0]; i++) {
		if (s->statuses[i] == 0)
			continue;
		out_text(o, any ? ", " : "");
		any = true;
		out_digits(o, i, 3);
		out_char(o, ' ');
		out_u64(o, s->statuses[i]);
	}
	line_end(o, any);
}

static void write_flavours(struct out *o, const struct summary *s)
{
	bool any = false;
	label(o, "flavours");
	for (unsigned i = 0; i < FLAVOURS; i++)
		if (s->flavours[i] != 0)
			entry(o, &any, slice_from(flavour_name((enum flavour)i)), s->flavours[i]);
	line_end(o, any);
}

static void write_unpaired(struct out *o, const struct summary *s)
{
	label(o, "unpaired");
	amount(o, s->unpaired_requests, "request", "requests");
	out_text(o, ", ");
	amount(o, s->unpaired_responses, "response", "responses");
	bool any = false;
	for (unsigned i = PAIRED + 1; i < UNPAIRED_REASONS; i++) {
		if (s->unpaired[i] == 0)
			continue;
		out_text(o, any ? "" : " (");
		entry(o, &any, slice_from(unpaired_reason((enum unpaired)i)), s->unpaired[i]);
	}
	out_text(o, any ? ")" : "");
	if (s->unsure != 0) {
		out_text(o, "; ");
		amount(o, s->unsure, "pairing unsure", "pairings unsure");
	}
	out_char(o, '\n');
}

static void write_gaps(struct out *o, const struct summary *s)
{
	label(o, "gaps");
	out_u64(o, s->gaps);
	out_text(o, " with ");
	amount(o, s->gap_bytes, "byte", "bytes");
	out_text(o, "; clipped: ");
	amount(o, s->clipped_bytes, "byte", "bytes");
	out_text(o, "; bodies not whole: ");
	out_u64(o, s->incomplete_bodies);
	if (s->cut_off_bodies != 0) {
		out_text(o, ", cut off by a peer: ");
		out_u64(o, s->cut_off_bodies);
	}
	if (s->undecoded_bodies != 0) {
		out_text(o, ", not decoded: ");
		out_u64(o, s->undecoded_bodies);
	}
	out_char(o, '\n');
}

/* Also of packets that are no TCP: the snap length is a choice of who records. */
static void write_clipped(struct out *o, const struct decode_counts *c)
{
	if (c->clipped == 0)
		return;
	label(o, "clipped");
	amount(o, c->clipped, "packet was", "packets were");
	out_text(o, " recorded in part, ");
	amount(o, c->clipped_to, "byte", "bytes");
	out_text(o, " at most: record whole ones (-s 0)\n");
}

static void write_forgotten(struct out *o, const struct summary *s)
{
	if (s->items_forgotten == 0 && s->sessions_forgotten == 0)
		return;
	label(o, "forgotten");
	amount(o, s->items_forgotten, "item", "items");
	out_text(o, " (limits items_known, store_bytes), ");
	amount(o, s->sessions_forgotten, "session", "sessions");
	out_text(o, " (limit sessions)\n");
}

static void write_anomalies(struct out *o, const struct summary *s)
{
	bool any = false;
	for (unsigned i = 0; i < ANOMALY_CODES; i++) {
		if (s->anomalies[i] == 0)
			continue;
		label(o, any ? "" : "anomalies");
		any = true;
		out_text(o, anomaly_name((enum anomaly_code)i));
		out_char(o, ' ');
		out_u64(o, s->anomalies[i]);
		out_text(o, ": ");
		out_text(o, anomaly_text((enum anomaly_code)i));
		out_char(o, '\n');
	}
	if (!any) {
		label(o, "anomalies");
		line_end(o, false);
	}
}

static void write_names(struct out *o, const struct name_count *names, size_t n)
{
	bool any = false;
	for (size_t i = 0; i < n; i++) {
		entry(o, &any, names[i].name, names[i].count);
		out_text(o, names[i].count == 1 ? " flow with " : " flows with ");
		amount(o, names[i].bytes, "byte", "bytes");
	}
	out_char(o, '\n');
}

/* What to do about protocols that are not read; NULL ends names and lines. */
static const struct hint {
	const char *names[5];
	const char *lines[3];
} hints[] = {
	{ { "tls" },
	    { "TLS is not decrypted: capture where the traffic is clear, behind the proxy or",
		"between front end and back end" } },
	{ { "http2" },
	    { "HTTP/2 is not read: capture behind the proxy, where HTTP/1.1 is usual, or switch h2",
		"off in client, server or proxy for the test" } },
	{ { "websocket", "tunnel", "upgraded" },
	    { "what HTTP turned into is not read: capture on the calendar server's side of the",
		"proxy, or do not let it be upgraded" } },
	{ { "unknown" },
	    { "unknown: the first 64 bytes are of no protocol that is known by name; if that port",
		"is the calendar's, begin the capture before the client connects" } },
};

static bool hint_applies(const struct hint *h, const struct summary *s)
{
	for (size_t i = 0; i < s->n_protocols; i++)
		for (size_t k = 0; h->names[k] != NULL; k++)
			if (s->protocols[i].bytes != 0 &&
			    slice_is(s->protocols[i].name, h->names[k]))
				return true;
	return false;
}

static void write_hint(struct out *o, const struct hint *h)
{
	for (size_t i = 0; h->lines[i] != NULL; i++) {
		label(o, "");
		out_text(o, h->lines[i]);
		out_char(o, '\n');
	}
}

static void write_opaque(struct out *o, const struct summary *s)
{
	if (s->n_protocols == 0)
		return;
	label(o, "not read");
	write_names(o, s->protocols, s->n_protocols);
	if (s->n_tls_names != 0) {
		label(o, "TLS to");
		write_names(o, s->tls_names, s->n_tls_names);
	}
	for (size_t i = 0; i < sizeof hints / sizeof hints[0]; i++)
		if (hint_applies(&hints[i], s))
			write_hint(o, &hints[i]);
}

/* ---- change tags ---- */

static bool has_counts(const struct tag_counts *c)
{
	return c->tagged + c->untagged + c->unseen != 0;
}

static void write_tag_line(struct out *o, const char *who, const char *what,
    const struct tag_counts *c, const char *note)
{
	if (!has_counts(c))
		return;
	out_text(o, "  ");
	out_text(o, who);
	out_text(o, what);
	out_text(o, ": ");
	out_u64(o, c->tagged);
	out_text(o, " with, ");
	out_u64(o, c->untagged);
	out_text(o, " without, ");
	out_u64(o, c->unseen);
	out_text(o, " not observed");
	out_text(o, note);
	out_char(o, '\n');
}

static const char *usual_note(enum flavour f, uint64_t untagged)
{
	if (untagged == 0)
		return "";
	if (f == FLAVOUR_CALDAV)
		return " (lawful: RFC 4791 5.3.4 lets a server that alters the object leave it out)";
	if (f == FLAVOUR_CARDDAV)
		return " (lawful: RFC 6352 6.3.2.3 lets a server that alters the object leave it out)";
	return " (lawful: RFC 9110 9.3.4 asks for none)";
}

static void write_tags(struct out *o, const struct summary *s)
{
	bool any = has_counts(&s->exchange_due) || has_counts(&s->scheduling_due);
	for (unsigned i = 0; i < FLAVOURS; i++)
		any = any || has_counts(&s->usual[i]);
	out_text(o, "change tags in answers to writes");
	out_text(o, any ? "\n" : ": no such write\n");
	write_tag_line(o, "exchange", ", ResourceTag due", &s->exchange_due, "");
	write_tag_line(o, "scheduling object", ", Schedule-Tag due (RFC 6638 3.2.10)",
	    &s->scheduling_due, "");
	for (unsigned i = 0; i < FLAVOURS; i++)
		write_tag_line(o, flavour_name((enum flavour)i), ", ETag usual", &s->usual[i],
		    usual_note((enum flavour)i, s->usual[i].untagged));
}

/* ---- rules ---- */

/* "none" claims no more than was seen. */
static void write_no_findings(struct out *o, const struct summary *s, const struct run_end *end)
{
	label(o, "findings");
	out_text(o, "none");
	if (report_incomplete(s, end, NULL, 0))
		out_text(o, " in what was observed");
	out_char(o, '\n');
}

/* "3 suppressed", behind what separates it from the one before. */
static void rule_count(struct out *o, const char **before, uint64_t n, const char *what)
{
	if (n == 0)
		return;
	out_text(o, *before);
	out_u64(o, n);
	out_text(o, what);
	*before = ", ";
}

bool summary_rule(struct out *o, bool first, const struct rule *rule, const struct rule_counts *c)
{
	const uint64_t counts[] = { c->unknown, c->keyless, c->evicted, c->limited, c->suppressed,
		c->inconclusive[INCONCLUSIVE_EOF - 1], c->inconclusive[INCONCLUSIVE_LOSS - 1],
		c->inconclusive[INCONCLUSIVE_UNKNOWN - 1] };
	static const char *const words[] = { " not decided for want of observation",
		" without the key", " keys evicted", " kept back by its limit", " suppressed",
		" open at the end of the capture", " open for missing packets",
		" reported as not observed in full" };
	const char *before = ": ";
	bool any = false;
	for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
		any = any || counts[i] != 0;
	if (!any)
		return false;
	label(o, first ? "rules" : "");
	out_vis(o, slice_from(rule->id), NAME_MAX);
	for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
		rule_count(o, &before, counts[i], words[i]);
	out_char(o, '\n');
	return true;
}

static void write_rules(struct out *o, const struct rules *rules)
{
	bool any = false;
	const struct rule_counts *counts;
	for (size_t i = 0; (counts = rules_counts(rules, i)) != NULL; i++)
		any = summary_rule(o, !any, ruleset_rule(rules_set(rules), i), counts) || any;
}

void summary_write(struct out *o, const struct report_options *options, const struct summary *s,
    const struct run_end *end, const struct rules *rules, bool found)
{
	write_evidence(o, s, end);
	write_damage(o, options, end);
	if (rules != NULL && !found)
		write_no_findings(o, s, end);
	write_volume(o, s, end);
	write_methods(o, s);
	write_statuses(o, s);
	write_flavours(o, s);
	write_unpaired(o, s);
	write_gaps(o, s);
	write_clipped(o, &end->decoded);
	write_forgotten(o, s);
	write_opaque(o, s);
	write_anomalies(o, s);
	if (rules != NULL)
		write_rules(o, rules);
	write_tags(o, s);
}
