/*
 * report.c - events to the chosen format, and the one sentence on whether the evidence is complete.
 */
#include "report/format.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

struct report {
	struct report_options options;
	struct out *out;
	const struct format *format;
	void *self;
};

static const struct format *format_of(enum report_format format)
{
	switch (format) {
	case REPORT_JSON:
		return &report_json;
	case REPORT_FIELDS:
		return &report_fields;
	case REPORT_TEXT:
		break;
	}
	return &report_text;
}

struct report *report_new(const struct report_options *options, struct out *out, struct error *e)
{
	struct report *r = calloc(1, sizeof *r);
	if (r == NULL) {
		error_set(e, "out of memory");
		return NULL;
	}
	r->options = *options;
	r->out = out;
	r->format = format_of(options->format);
	r->self = r->format->open(&r->options, e);
	if (r->self != NULL)
		return r;
	free(r);
	return NULL;
}

void report_event(struct report *r, const struct event *event)
{
	if (!r->options.quiet)
		r->format->event(r->self, r->out, event);
}

void report_end(struct report *r, const struct summary *summary, const struct run_end *end)
{
	r->format->end(r->self, r->out, summary, end);
}

void report_free(struct report *r)
{
	if (r == NULL)
		return;
	r->format->close(r->self);
	free(r);
}

/* ---- completeness ---- */

struct phrase {
	char *text;
	size_t room, used;
	bool any;
};

static void __attribute__((format(printf, 2, 3)))
phrase_add(struct phrase *p, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	int n = p->used < p->room ? vsnprintf(p->text + p->used, p->room - p->used, format, args) :
				    0;
	va_end(args);
	p->used += n > 0 ? (size_t)n : 0;
}

/* "3 gaps": nothing at all when there are none. */
static bool phrase_count(struct phrase *p, uint64_t count, const char *one, const char *many)
{
	if (count == 0)
		return false;
	phrase_add(p, "%s%" PRIu64 " %s", p->any ? ", " : "", count, count == 1 ? one : many);
	p->any = true;
	return true;
}

/* What provably never was sent takes nothing from the evidence; one that was not seen does. */
static uint64_t unseen_halves(const struct summary *s)
{
	uint64_t all = s->unpaired_requests + s->unpaired_responses;
	uint64_t proven = s->unpaired[UNPAIRED_CLOSED] + s->unpaired[UNPAIRED_RESET] +
	    s->unpaired[UNPAIRED_UNSOLICITED];
	return all > proven ? all - proven : 0;
}

static uint64_t refused_by_limits(const struct summary *s)
{
	static const enum anomaly_code codes[] = {
		LINK_TOO_DEEP,
		IP_FRAG_EVICTED,
		FLOW_EVICTED_LIMIT,
		HTTP_HEADER_TOO_BIG,
		HTTP_PIPELINE_FULL,
		HTTP_LIMIT,
		BODY_BOMB,
		XML_LIMIT,
	};
	uint64_t sum = 0;
	for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
		sum += s->anomalies[codes[i]];
	return sum;
}

bool report_incomplete(const struct summary *s, const struct run_end *end, char *text, size_t room)
{
	struct phrase p = { .text = text, .room = room };
	if (room != 0)
		text[0] = '\0';
	phrase_count(&p, end->n_damage, "input damaged", "inputs damaged");
	phrase_count(&p, end->dropped, "packet dropped when it was recorded",
	    "packets dropped when they were recorded");
	if (end->stopped) {
		phrase_add(&p, "%sstopped before the end", p.any ? ", " : "");
		p.any = true;
	}
	if (phrase_count(&p, s->gaps, "gap", "gaps"))
		phrase_add(&p, " with %" PRIu64 " byte%s", s->gap_bytes,
		    s->gap_bytes == 1 ? "" : "s");
	phrase_count(&p, s->clipped_bytes, "byte clipped", "bytes clipped");
	phrase_count(&p, end->decoded.bad, "packet unreadable", "packets unreadable");
	phrase_count(&p, s->anomalies[IP_FRAG_TIMEOUT], "datagram not whole",
	    "datagrams not whole");
	phrase_count(&p, s->anomalies[TCP_CONFLICT], "overlap conflict", "overlap conflicts");
	phrase_count(&p, s->anomalies[HTTP_LOST], "stretch that is no HTTP",
	    "stretches that are no HTTP");
	phrase_count(&p, unseen_halves(s), "message whose other half was not seen",
	    "messages whose other half was not seen");
	phrase_count(&p, s->unsure, "unsure pairing", "unsure pairings");
	phrase_count(&p, s->incomplete_bodies, "body not whole", "bodies not whole");
	phrase_count(&p, refused_by_limits(s), "limit reached", "limits reached");
	return p.any;
}
