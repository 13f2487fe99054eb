/*
 * analysis.c - the stage between decode and rules: takes transactions, adds facts, hands events on.
 */
#include "analysis/analysis.h"
#include "analysis/facts.h"

#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>

enum { ID_BYTES = PATH_MAX + 64 };

struct analysis {
	struct analysis_options options;
	struct analysis_sink sink;
	struct flavours *flavours;
	struct counter *counter;
	uint64_t anomalies, losses;
	char id[ID_BYTES], flow_id[ID_BYTES];
};

const char *const event_words[] = {
#define EVENT(code, name) name,
#include "events.def"
#undef EVENT
	NULL,
};

const char *event_kind_name(enum event_kind kind)
{
	return event_words[kind];
}

struct analysis *analysis_new(const struct analysis_options *options, struct analysis_sink sink,
    struct error *error)
{
	struct analysis *a = calloc(1, sizeof(*a));
	if (a != NULL) {
		a->options = *options;
		a->sink = sink;
		a->flavours = flavours_new(options->limits, options->key);
		a->counter = counter_new();
	}
	if (a == NULL || a->flavours == NULL || a->counter == NULL) {
		error_set(error, "out of memory");
		analysis_free(a);
		return NULL;
	}
	return a;
}

void analysis_free(struct analysis *a)
{
	if (a == NULL)
		return;
	flavours_free(a->flavours);
	counter_free(a->counter);
	free(a);
}

/* An id under construction; what does not fit is cut. */
struct id {
	char *text;
	size_t n;
};

static void id_add(struct id *id, const char *text)
{
	for (; *text != '\0' && id->n < ID_BYTES; text++)
		id->text[id->n++] = *text;
}

static void id_number(struct id *id, uint64_t number)
{
	if (ID_BYTES - id->n >= DECIMAL_MAX)
		id->n += decimal_put(id->text + id->n, number);
}

static struct slice id_slice(const struct id *id)
{
	return (struct slice){ (const uint8_t *)id->text, id->n };
}

/* "KIND-FRAME", with "FILE:" when a frame number alone would not say which packet it is. */
static struct id id_begin(const struct analysis *a, char *text, const char *kind,
    struct flow_id flow)
{
	struct id id = { text, 0 };
	id_add(&id, kind);
	if (a->options.n_inputs > 1 && a->options.input_names != NULL &&
	    flow.input < a->options.n_inputs) {
		id_add(&id, a->options.input_names[flow.input]);
		id_add(&id, ":");
	}
	id_number(&id, flow.frame);
	return id;
}

static struct slice flow_text(struct analysis *a, struct flow_id flow)
{
	if (flow.frame == 0)
		return (struct slice){ 0 };
	struct id id = id_begin(a, a->flow_id, "c-", flow);
	return id_slice(&id);
}

static struct slice txn_text(struct analysis *a, const struct txn *txn)
{
	struct id id = id_begin(a, a->id, "t-", txn->flow);
	id_add(&id, "-");
	id_number(&id, txn->seq);
	return id_slice(&id);
}

static struct slice number_text(struct analysis *a, const char *kind, uint64_t number)
{
	struct id id = { a->id, 0 };
	id_add(&id, kind);
	id_number(&id, number);
	return id_slice(&id);
}

static struct event event_make(struct analysis *a, enum event_kind kind, struct stamp at,
    struct flow_id flow)
{
	return (struct event){ .kind = kind,
		.at = at,
		.flow_id = flow_text(a, flow),
		.input_names = a->options.input_names,
		.n_inputs = a->options.n_inputs };
}

/* Lets a reader find the n-th property of an answer without walking all of them. */
static void index_properties(const struct txn *txn, struct facts *facts)
{
	const struct dav *dav = txn->res.body.dav;
	facts->prop_start = NULL;
	facts->n_props = 0;
	if (dav == NULL || dav->n_responses == 0)
		return;
	size_t *start = arena_alloc(txn->arena, dav->n_responses * sizeof(*start));
	if (start == NULL)
		return;
	for (size_t i = 0; i < dav->n_responses; i++) {
		start[i] = facts->n_props;
		facts->n_props += dav->responses[i].n_props;
	}
	facts->prop_start = start;
}

static void on_txn(void *ctx, struct txn *txn)
{
	struct analysis *a = ctx;
	struct facts facts = { 0 };
	struct event event = event_make(a, EVENT_TRANSACTION, txn->done, txn->flow);
	flavours_judge(a->flavours, txn, &facts);
	tag_judge(txn, flavours_scheduling(a->flavours, txn), &facts);
	damage_judge(txn, &facts);
	rows_judge(txn, &facts);
	index_properties(txn, &facts);
	counter_txn(a->counter, txn, &facts);
	event.id = txn_text(a, txn);
	event.txn = txn;
	event.facts = &facts;
	a->sink.event(a->sink.ctx, &event);
	txn_free(txn);
}

static void on_flow(void *ctx, const struct flow *flow)
{
	struct analysis *a = ctx;
	struct stamp at = flow->last; /* told when it is given up, but over with its last packet */
	at.order = flow->done.order;
	struct event event = event_make(a, EVENT_FLOW, at, flow->id);
	counter_flow(a->counter, flow);
	event.id = event.flow_id;
	event.flow = flow;
	a->sink.event(a->sink.ctx, &event);
}

static void on_anomaly(void *ctx, const struct anomaly *anomaly)
{
	struct analysis *a = ctx;
	struct event event = event_make(a, EVENT_ANOMALY, anomaly->at, anomaly->flow);
	counter_anomaly(a->counter, anomaly);
	event.id = number_text(a, "a-", ++a->anomalies);
	event.anomaly = anomaly;
	a->sink.event(a->sink.ctx, &event);
}

static void on_dropped(void *ctx, const struct dropped *dropped)
{
	struct analysis *a = ctx;
	struct flow_id none = { 0 };
	struct event event = event_make(a, EVENT_LOSS, dropped->at, none);
	event.id = number_text(a, "l-", ++a->losses);
	event.dropped = dropped;
	a->sink.event(a->sink.ctx, &event);
}

struct decode_sink analysis_input(struct analysis *a)
{
	return (struct decode_sink){ .txn = on_txn,
		.flow = on_flow,
		.anomaly = on_anomaly,
		.dropped = on_dropped,
		.ctx = a };
}

const struct summary *analysis_summary(struct analysis *a)
{
	return counter_summary(a->counter);
}
