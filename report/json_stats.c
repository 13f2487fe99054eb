/*
 * json_stats.c - the closing JSON record: the counts of the whole run.
 */
#include "report/json.h"

#include "capture/capture.h"

#include <string.h>

enum { REASON_ROOM = 1024 };

static void write_kinds(struct json *j, const char *name, const struct shortfall *s, size_t n)
{
	json_array(j, name);
	for (size_t i = 0; i < n; i++) {
		json_next(j);
		json_text(j, shortfall_names[s[i].kind]);
	}
	json_end(j, ']');
}

/* The same as words for programs; in their order what is missing comes before what was not read. */
static void write_shortfalls(struct json *j, const struct summary *s, const struct run_end *end)
{
	struct shortfall shortfalls[SHORTFALLS];
	size_t n = evidence_shortfalls(s, end, shortfalls), missing = 0;
	while (missing < n && shortfall_is_missing(shortfalls[missing].kind))
		missing++;
	write_kinds(j, "shortfalls", shortfalls, n);
	write_kinds(j, "missing", shortfalls, missing);
	write_kinds(j, "unread", shortfalls + missing, n - missing);
}

/* The same words as the closing summary, one an element. */
static void write_evidence(struct json *j, const struct summary *s, const struct run_end *end)
{
	char text[REASON_ROOM];
	bool incomplete = report_incomplete(s, end, text, sizeof text);
	json_object(j, "evidence");
	json_key(j, "complete");
	json_bool(j, !incomplete);
	json_array(j, "reasons");
	struct slice rest = incomplete ? slice_from(text) : (struct slice){ 0 };
	while (rest.n != 0) {
		size_t comma = slice_find(rest, SLICE(", "));
		json_next(j);
		json_wire(j, slice_part(rest, 0, comma));
		rest = slice_part(rest, comma + 2, rest.n);
	}
	json_end(j, ']');
	write_shortfalls(j, s, end);
	json_end(j, '}');
}

static void write_inputs(struct json *j, const struct report_options *options,
    const struct run_end *end)
{
	json_array(j, "inputs");
	for (size_t i = 0; options->input_names != NULL && i < options->n_inputs; i++) {
		if (options->input_names[i][0] == '\0')
			continue;
		json_next(j);
		json_wire(j, slice_from(options->input_names[i]));
	}
	json_end(j, ']');
	json_array(j, "damage");
	for (size_t i = 0; i < end->n_damage; i++) {
		const struct damage *d = &end->damage[i];
		json_next(j);
		json_begin(j, '{');
		if (options->input_names != NULL && d->input < options->n_inputs) {
			json_key(j, "input");
			json_wire(j, slice_from(options->input_names[d->input]));
		}
		json_member(j, "record", d->record);
		json_member(j, "offset", d->offset);
		json_key(j, "text");
		json_wire(j, slice_from(d->text));
		json_end(j, '}');
	}
	json_end(j, ']');
}

static void write_packets(struct json *j, const struct run_end *end)
{
	json_object(j, "packets");
	json_member(j, "read", end->packets);
	json_member(j, "bytes", end->bytes);
	json_member(j, "filtered", end->filtered);
	json_member(j, "backwards", end->backwards);
	json_member(j, "dropped", end->dropped);
	json_member(j, "tcp", end->decoded.tcp);
	json_member(j, "not_ip", end->decoded.not_ip);
	json_member(j, "not_tcp", end->decoded.not_tcp);
	json_member(j, "bad", end->decoded.bad);
	json_member(j, "fragments", end->decoded.fragments);
	json_member(j, "copies", end->decoded.copies);
	json_member(j, "clipped", end->decoded.clipped);
	json_member(j, "clipped_to", end->decoded.clipped_to);
	json_member(j, "damaged", end->decoded.damaged);
	json_member(j, "unsummed", end->decoded.unsummed);
	json_end(j, '}');
}

static void write_names(struct json *j, const char *key, const struct name_count *names, size_t n,
    bool bytes)
{
	json_array(j, key);
	for (size_t i = 0; i < n; i++) {
		json_next(j);
		json_begin(j, '{');
		json_key(j, "name");
		json_wire(j, names[i].name);
		json_member(j, "count", names[i].count);
		if (bytes)
			json_member(j, "bytes", names[i].bytes);
		json_end(j, '}');
	}
	json_end(j, ']');
}

static void write_flows(struct json *j, const struct summary *s, const struct run_end *end)
{
	json_object(j, "flows");
	json_member(j, "total", s->flows);
	json_member(j, "http", s->http_flows);
	json_member(j, "opaque_bytes", end->decoded.opaque_bytes);
	write_names(j, "opaque", s->protocols, s->n_protocols, true);
	if (s->n_tls_names != 0)
		write_names(j, "tls", s->tls_names, s->n_tls_names, true);
	json_end(j, '}');
}

static void write_statuses(struct json *j, const struct summary *s)
{
	json_array(j, "statuses");
	for (size_t i = 0; i < sizeof s->statuses / sizeof s->statuses[0]; i++) {
		if (s->statuses[i] == 0)
			continue;
		json_next(j);
		json_begin(j, '{');
		json_member(j, "status", i);
		json_member(j, "count", s->statuses[i]);
		json_end(j, '}');
	}
	json_end(j, ']');
}

static void write_transactions(struct json *j, const struct summary *s)
{
	json_object(j, "transactions");
	json_member(j, "total", s->transactions);
	json_member(j, "unpaired_requests", s->unpaired_requests);
	json_member(j, "unpaired_responses", s->unpaired_responses);
	json_member(j, "unsure", s->unsure);
	json_member(j, "incomplete_bodies", s->incomplete_bodies);
	json_member(j, "cut_off_bodies", s->cut_off_bodies);
	json_member(j, "undecoded_bodies", s->undecoded_bodies);
	json_object(j, "unpaired");
	for (enum unpaired i = PAIRED + 1; i < UNPAIRED_REASONS; i++)
		if (s->unpaired[i] != 0)
			json_member(j, unpaired_reason(i), s->unpaired[i]);
	json_end(j, '}');
	json_object(j, "flavours");
	for (enum flavour i = 0; i < FLAVOURS; i++)
		if (s->flavours[i] != 0)
			json_member(j, flavour_name(i), s->flavours[i]);
	json_end(j, '}');
	write_names(j, "methods", s->methods, s->n_methods, false);
	write_statuses(j, s);
	json_end(j, '}');
}

static void write_tags(struct json *j, const char *key, const struct tag_counts *counts)
{
	if (counts->tagged == 0 && counts->untagged == 0 && counts->unseen == 0)
		return;
	json_object(j, key);
	json_member(j, "tagged", counts->tagged);
	json_member(j, "untagged", counts->untagged);
	json_member(j, "unseen", counts->unseen);
	json_end(j, '}');
}

static void write_writes(struct json *j, const struct summary *s)
{
	json_object(j, "writes");
	write_tags(j, "exchange", &s->exchange_due);
	write_tags(j, "scheduling", &s->scheduling_due);
	json_object(j, "usual");
	for (enum flavour i = 0; i < FLAVOURS; i++)
		write_tags(j, flavour_name(i), &s->usual[i]);
	json_end(j, '}');
	json_end(j, '}');
}

static void write_loss(struct json *j, const struct summary *s)
{
	json_object(j, "loss");
	json_member(j, "gaps", s->gaps);
	json_member(j, "gap_bytes", s->gap_bytes);
	json_member(j, "clipped_bytes", s->clipped_bytes);
	json_end(j, '}');
	json_object(j, "forgotten");
	json_member(j, "items", s->items_forgotten);
	json_member(j, "sessions", s->sessions_forgotten);
	json_end(j, '}');
	json_array(j, "anomalies");
	for (enum anomaly_code i = 0; i < ANOMALY_CODES; i++) {
		if (s->anomalies[i] == 0)
			continue;
		json_next(j);
		json_begin(j, '{');
		json_key(j, "code");
		json_text(j, anomaly_name(i));
		json_member(j, "count", s->anomalies[i]);
		json_end(j, '}');
	}
	json_end(j, ']');
}

static void write_time(struct json *j, const char *key, int64_t ns)
{
	json_key(j, key);
	out_char(j->out, '"');
	out_time(j->out, ns);
	out_char(j->out, '"');
}

/* Without a packet of TCP there is no time to give: no wall clock in a report. */
static void write_head(struct json *j, const struct report_options *options,
    const struct summary *s)
{
	if (s->first_ns <= s->last_ns)
		write_time(j, "ts", s->last_ns);
	json_key(j, "event_type");
	json_text(j, "stats");
	json_key(j, "schema");
	json_text(j, "davscope/1");
	if (options->sensor != NULL) {
		json_key(j, "sensor");
		json_wire(j, slice_from(options->sensor));
	}
	json_key(j, "id");
	json_text(j, "stats");
}

/* ---- rules ---- */

static bool is_touched(const struct rule_counts *c)
{
	static const struct rule_counts untouched;
	return memcmp(c, &untouched, sizeof untouched) != 0;
}

void json_rule(struct json *j, const struct rule *rule, const struct rule_counts *c)
{
	json_begin(j, '{');
	json_key(j, "id");
	json_wire(j, slice_from(rule->id));
	json_member(j, "matches", c->matches);
	json_member(j, "findings", c->findings);
	json_member(j, "unknown", c->unknown);
	json_member(j, "keyless", c->keyless);
	json_member(j, "excepted", c->excepted);
	json_member(j, "limited", c->limited);
	json_member(j, "suppressed", c->suppressed);
	json_member(j, "evicted", c->evicted);
	json_object(j, "inconclusive");
	json_member(j, "eof", c->inconclusive[INCONCLUSIVE_EOF - 1]);
	json_member(j, "loss", c->inconclusive[INCONCLUSIVE_LOSS - 1]);
	json_member(j, "unknown", c->inconclusive[INCONCLUSIVE_UNKNOWN - 1]);
	json_end(j, '}');
	json_end(j, '}');
}

/* Only rules that had to do with an event. */
static void write_rules(struct json *j, const struct rules *rules)
{
	const struct rule_counts *counts;
	json_array(j, "rules");
	for (size_t i = 0; (counts = rules_counts(rules, i)) != NULL; i++) {
		if (!is_touched(counts))
			continue;
		json_next(j);
		json_rule(j, ruleset_rule(rules_set(rules), i), counts);
	}
	json_end(j, ']');
}

void json_stats(struct json *j, const struct report_options *options, const struct summary *s,
    const struct run_end *end, const struct rules *rules)
{
	json_begin(j, '{');
	write_head(j, options, s);
	json_object(j, "stats");
	write_evidence(j, s, end);
	if (s->first_ns <= s->last_ns) {
		write_time(j, "first", s->first_ns);
		write_time(j, "last", s->last_ns);
	}
	json_key(j, "stopped");
	json_bool(j, end->stopped);
	write_inputs(j, options, end);
	write_packets(j, end);
	write_flows(j, s, end);
	write_transactions(j, s);
	write_writes(j, s);
	write_loss(j, s);
	if (rules != NULL)
		write_rules(j, rules);
	json_end(j, '}');
	json_end(j, '}');
	out_text(j->out, "\n");
}
