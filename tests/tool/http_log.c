/*
 * The event log of tests/http: one line a transaction half, header or anomaly.
 */
#include <stdarg.h>
#include <stdio.h>

#include "tests/tool/http_case.h"

static void log_format(struct bytes *log, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void log_format(struct bytes *log, const char *format, ...)
{
	char text[256];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	bytes_text(log, text);
}

static void log_slice(struct bytes *log, struct slice s)
{
	char unit[VIS_MAX];
	for (size_t n = 0; s.n && n < 80; n++)
		bytes_add(log, unit, vis_next(&s, unit));
	if (s.n)
		log_format(log, "... +%zu", s.n);
}

static void log_flags(struct bytes *log, const struct message *m)
{
	static const char *const names[] = { "gap", "clipped", "conflict", "limit", "damaged" };
	if (!m->head_complete)
		bytes_text(log, " head-incomplete");
	if (!m->end_seen)
		bytes_text(log, " no-end");
	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (m->loss & (1u << i))
			log_format(log, " %s", names[i]);
	}
}

static void log_message(struct bytes *log, const struct message *m, char arrow)
{
	log_format(log, " 1.%u body %llu", m->version % 10, (unsigned long long)m->body.bytes);
	if (m->body.gap_bytes)
		log_format(log, "+%llu", (unsigned long long)m->body.gap_bytes);
	log_flags(log, m);
	bytes_u8(log, '\n');
	for (size_t i = 0; i < m->n_headers; i++) {
		log_format(log, "  %c ", arrow);
		log_slice(log, m->headers[i].name);
		bytes_text(log, ": ");
		log_slice(log, m->headers[i].value);
		bytes_text(log, m->headers[i].trailer ? " (trailer)\n" : "\n");
	}
}

static void log_txn(struct bytes *log, const struct txn *t)
{
	static const char *const reasons[UNPAIRED_REASONS] = { "paired", "closed", "reset",
		"capture-end", "gap", "one-sided", "midstream", "limit", "opaque", "unsolicited" };
	log_format(log, "transaction %u %s%s", t->seq, reasons[t->unpaired],
	    t->unsure ? " unsure" : "");
	if (t->interim)
		log_format(log, " interim %u", t->interim);
	bytes_u8(log, '\n');
	if (t->req.seen) {
		bytes_text(log, "> ");
		log_slice(log, t->req.method);
		bytes_u8(log, ' ');
		log_slice(log, t->req.target);
		log_message(log, &t->req, '>');
	}
	if (t->res.seen) {
		log_format(log, "< %u ", t->res.status);
		log_slice(log, t->res.reason);
		log_message(log, &t->res, '<');
	}
}

void http_log(const struct output_list *outputs, struct bytes *log)
{
	for (size_t i = 0; i < outputs->n; i++) {
		const struct output *o = &outputs->items[i];
		if (o->kind == OUTPUT_TXN)
			log_txn(log, o->u.txn);
		else if (o->kind == OUTPUT_FLOW &&
		    (o->u.flow->opaque_bytes[0] || o->u.flow->opaque_bytes[1]))
			log_format(log, "flow %s opaque %llu %llu\n", o->u.flow->protocol,
			    (unsigned long long)o->u.flow->opaque_bytes[0],
			    (unsigned long long)o->u.flow->opaque_bytes[1]);
		else if (o->kind == OUTPUT_ANOMALY)
			log_format(log, "anomaly %s\n", anomaly_name(o->u.anomaly.code));
	}
}

static void brief_message(struct bytes *log, const struct message *m)
{
	log_format(log, " %llu", (unsigned long long)m->body.bytes);
	if (m->body.gap_bytes)
		log_format(log, "+%llu", (unsigned long long)m->body.gap_bytes);
	log_flags(log, m);
}

static void brief_txn(struct bytes *log, const struct txn *t)
{
	if (t->req.seen) {
		log_slice(log, t->req.method);
		bytes_u8(log, ' ');
		log_slice(log, t->req.target);
		brief_message(log, &t->req);
	}
	bytes_text(log, " >");
	if (t->res.seen) {
		log_format(log, " %u", t->res.status);
		brief_message(log, &t->res);
	}
	bytes_text(log, t->unsure ? " unsure" : "");
}

void http_brief(const struct output_list *outputs, struct bytes *log)
{
	for (size_t i = 0; i < outputs->n; i++) {
		const struct output *o = &outputs->items[i];
		const char *between = log->n ? "; " : "";
		if (o->kind == OUTPUT_TXN) {
			bytes_text(log, between);
			brief_txn(log, o->u.txn);
		} else if (o->kind == OUTPUT_FLOW && strcmp(o->u.flow->protocol, "http") != 0) {
			log_format(log, "%sflow %s", between, o->u.flow->protocol);
		} else if (o->kind == OUTPUT_ANOMALY) {
			log_format(log, "%s!%s", between, anomaly_name(o->u.anomaly.code));
		}
	}
}
