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

static bool is_silent(const struct report *r)
{
	return r->options.silent && r->options.format == REPORT_TEXT;
}

/* Quiet leaves out the list; findings are what is asked for even then. */
void report_finding(struct report *r, const struct event *event, const struct event *cause)
{
	if (!is_silent(r) && (!r->options.quiet || event->kind == EVENT_FINDING))
		r->format->event(r->self, r->out, event, cause);
}

void report_event(struct report *r, const struct event *event)
{
	report_finding(r, event, NULL);
}

void report_end(struct report *r, const struct summary *summary, const struct run_end *end,
    const struct rules *rules)
{
	if (!is_silent(r))
		r->format->end(r->self, r->out, summary, end, rules);
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

static const struct {
	const char *one, *many;
} shortfall_words[SHORTFALLS] = {
	[SHORT_DAMAGED] = { "input damaged", "inputs damaged" },
	[SHORT_DROPPED] = { "packet dropped when it was recorded",
	    "packets dropped when they were recorded" },
	[SHORT_GAPS] = { "gap", "gaps" },
	[SHORT_CLIPPED] = { "byte clipped", "bytes clipped" },
	[SHORT_UNREADABLE] = { "packet unreadable", "packets unreadable" },
	[SHORT_DATAGRAMS] = { "datagram not whole", "datagrams not whole" },
	[SHORT_HALVES] = { "message whose other half was not seen",
	    "messages whose other half was not seen" },
	[SHORT_UNSURE] = { "unsure pairing", "unsure pairings" },
	[SHORT_BODIES] = { "body not captured whole", "bodies not captured whole" },
	[SHORT_CONFLICTS] = { "overlap conflict", "overlap conflicts" },
	[SHORT_STALE] = { "segment with a wrong checksum read in doubt",
	    "segments with a wrong checksum read in doubt" },
	[SHORT_NOT_HTTP] = { "stretch captured that is no HTTP",
	    "stretches captured that are no HTTP" },
	[SHORT_DOUBTFUL] = { "pairing doubtful with no packet missing",
	    "pairings doubtful with no packet missing" },
	[SHORT_UNDECODED] = { "body not decoded", "bodies not decoded" },
	[SHORT_LIMITS] = { "limit reached", "limits reached" },
};

bool report_incomplete(const struct summary *s, const struct run_end *end, char *text, size_t room)
{
	struct shortfall short_of[SHORTFALLS];
	struct phrase p = { .text = text, .room = room };
	size_t n = evidence_shortfalls(s, end, short_of);
	if (room != 0)
		text[0] = '\0';
	for (size_t i = 0; i < n; i++) {
		enum shortfall_kind kind = short_of[i].kind;
		uint64_t count = short_of[i].count;
		phrase_add(&p, "%s", i != 0 ? ", " : "");
		if (kind == SHORT_STOPPED)
			phrase_add(&p, "stopped before the end");
		else
			phrase_add(&p, "%" PRIu64 " %s", count,
			    count == 1 ? shortfall_words[kind].one : shortfall_words[kind].many);
		if (kind == SHORT_GAPS)
			phrase_add(&p, " with %" PRIu64 " byte%s", s->gap_bytes,
			    s->gap_bytes == 1 ? "" : "s");
	}
	return n != 0;
}
