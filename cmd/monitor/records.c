/*
 * records.c - events and findings: to the list on standard output, to the sinks as JSON, to the metrics,
 * and files of the ring that a finding is about are kept.
 */
#include "cmd/monitor/watcher.h"

#include <string.h>

enum { LIST_BYTES = 16 << 10, KEYS_ROOM = 4096 };

/* ---- setting up ---- */

static struct report *report_open(struct watcher *w, struct report_options options, struct out *out,
    struct error *e)
{
	options.live = true;
	options.input_names = ring_names(w->ring);
	options.n_inputs = RING_INPUTS;
	return report_new(&options, out, e);
}

/* An alert to standard output stands there in the place of the list. */
static bool lists(const struct watcher *w)
{
	const struct config *c = w->config;
	for (size_t i = 0; c != NULL && i < c->n_sinks; i++)
		if (c->sinks[i].kind == SINK_STDOUT)
			return false;
	return true;
}

bool records_renew(struct watcher *w, struct error *e)
{
	struct report_options line = options_report(&w->options);
	report_free(w->lister);
	report_free(w->liner);
	line.format = REPORT_JSON;
	line.quiet = line.silent = false;
	w->lister = NULL;
	w->liner = report_open(w, line, w->line, e);
	if (lists(w))
		w->lister = report_open(w, options_report(&w->options), w->list, e);
	return w->liner != NULL && (w->lister != NULL || !lists(w));
}

void records_kinds(struct watcher *w)
{
	const struct config *c = w->config;
	w->kinds = 0;
	for (size_t i = 0; c != NULL && i < c->n_sinks; i++)
		w->kinds |= c->sinks[i].kinds;
}

bool records_open(struct watcher *w, struct error *e)
{
	records_kinds(w);
	w->list = out_memory(e);
	w->line = w->list != NULL ? out_memory(e) : NULL;
	w->metrics = w->line != NULL ? metrics_new(&w->options.limits, e) : NULL;
	return w->metrics != NULL && records_renew(w, e);
}

void records_close(struct watcher *w)
{
	report_free(w->lister);
	report_free(w->liner);
	out_abandon(w->list);
	out_abandon(w->line);
	metrics_free(w->metrics);
}

/* ---- to the list ---- */

void records_flush(struct watcher *w)
{
	struct slice text = out_taken(w->list);
	w->list_flushed = out_written(w->list);
	if (text.n != 0)
		outbox_send(w->outbox, MESSAGE_TEXT, 0, text);
}

static bool is_shown(const struct watcher *w, const struct event *event)
{
	return w->filter == NULL || filter_test(w->filter, event) == TRUE;
}

/* ---- to the sinks ---- */

/* What the report has written of one event: a line without its end. */
static struct slice line_taken(struct watcher *w)
{
	struct slice line = out_taken(w->line);
	return slice_part(line, 0, line.n != 0 ? line.n - 1 : 0);
}

static void event_record(struct watcher *w, const struct event *event)
{
	report_event(w->liner, event);
	struct record record = {
		.kind = event->kind,
		.ns = event->at.ns,
		.json = line_taken(w),
	};
	outbox_record(w->outbox, &record);
}

struct text {
	char *p;
	size_t n, room;
};

/* Escaped, so that neither a line nor the list ends in it. False: it does not fit, and nothing was added. */
static bool text_add(struct text *t, struct slice s)
{
	size_t before = t->n;
	while (s.n != 0) {
		char escaped[VIS_MAX];
		size_t n = vis_next(&s, escaped);
		if (n > t->room - t->n) {
			t->n = before;
			return false;
		}
		memcpy(t->p + t->n, escaped, n);
		t->n += n;
	}
	return true;
}

static bool text_char(struct text *t, char c)
{
	if (t->n == t->room)
		return false;
	t->p[t->n++] = c;
	return true;
}

/* NAME=VALUE, a line each; what does not fit is left out. */
static struct slice keys_text(const struct finding *f, char *room, size_t n)
{
	struct text t = { room, 0, n };
	size_t whole = 0;
	for (size_t i = 0; i < f->n_keys; i++) {
		const struct named_text *key = &f->keys[i];
		if ((i != 0 && !text_char(&t, '\n')) || !text_add(&t, key->name) ||
		    !text_char(&t, '=') || !text_add(&t, key->text))
			break;
		whole = t.n;
	}
	return (struct slice){ (const uint8_t *)room, whole };
}

static void finding_record(struct watcher *w, const struct event *event, const struct event *cause)
{
	const struct finding *f = event->finding;
	char keys[KEYS_ROOM];
	report_finding(w->liner, event, cause);
	struct record record = {
		.kind = EVENT_FINDING,
		.number = ++w->findings,
		.ns = event->at.ns,
		.severity = f->severity,
		.outcome = f->outcome,
		.id = f->id,
		.update = f->update,
		.rule = slice_from(f->rule->id),
		.title = slice_from(f->rule->title),
		.message = f->message,
		.keys = keys_text(f, keys, sizeof(keys)),
		.json = line_taken(w),
	};
	outbox_record(w->outbox, &record);
}

/* ---- to the ring ---- */

static void finding_pin(struct watcher *w, const struct finding *f)
{
	struct error e;
	uint16_t last = 0;
	for (size_t i = 0; i < f->n_evidence; i++) {
		uint16_t input = f->evidence[i].input;
		if (i != 0 && input == last)
			continue;
		last = input;
		if (!ring_pin(w->ring, input, &e))
			warn("%s", e.text);
	}
}

/* ---- what the pipeline calls ---- */

void records_event(void *ctx, const struct event *event)
{
	struct watcher *w = ctx;
	metrics_event(w->metrics, event);
	if (w->lister != NULL && is_shown(w, event))
		report_event(w->lister, event);
	if (w->kinds & 1u << event->kind)
		event_record(w, event);
	if (out_written(w->list) - w->list_flushed > LIST_BYTES)
		records_flush(w);
}

void records_finding(void *ctx, const struct event *event, const struct event *cause)
{
	struct watcher *w = ctx;
	const struct options *o = &w->options;
	const struct finding *f = event->finding;
	metrics_finding(w->metrics, event);
	if (w->lister != NULL && (is_shown(w, event) || (cause != NULL && is_shown(w, cause))))
		report_finding(w->lister, event, cause);
	finding_record(w, event, cause);
	if (f->outcome != CONCLUSIVE)
		return;
	if (o->pins && f->severity >= o->pin_on)
		finding_pin(w, f);
	w->found = w->found || (o->fail_on_given && f->severity >= o->fail_on);
}

/* ---- counters ---- */

void records_stats(struct watcher *w)
{
	struct run_end end = pipeline_totals(&w->pipeline, true);
	if (!(w->kinds & 1u << EVENT_STATS))
		return;
	report_end(w->liner, analysis_summary(w->pipeline.analysis), &end, w->pipeline.rules);
	struct record record = {
		.kind = EVENT_STATS,
		.ns = w->pipeline.last.ns,
		.json = line_taken(w),
	};
	outbox_record(w->outbox, &record);
}

void records_end(struct watcher *w, const struct run_end *end)
{
	records_stats(w);
	if (w->lister != NULL)
		report_end(w->lister, analysis_summary(w->pipeline.analysis), end,
		    w->pipeline.rules);
	records_flush(w);
}
