/*
 * analysis.c - the stage between decode and rules: takes transactions, adds facts, hands events on.
 */
#include "analysis/analysis.h"
#include "analysis/conclude.h"
#include "analysis/facts.h"
#include "analysis/meaning.h"
#include "analysis/remember.h"
#include "analysis/servers.h"

#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>

enum { ID_BYTES = PATH_MAX + 64 };

struct analysis {
	struct analysis_options options;
	struct analysis_sink sink;
	struct flavours *flavours;
	struct counter *counter;
	struct places *places;
	struct peers *peers;
	struct folder *folder;
	struct store *store;
	struct sessions *sessions;
	struct ledger *ledger;
	struct arena *conclusions;
	struct servers *servers;
	uint64_t anomalies, losses, syncs;
	struct stamp last;
	uint64_t last_order; /* of whatever was heard of */
	struct saving *saving; /* NULL: nothing was saved yet */
	uint64_t saved; /* sum of the record of the counters */
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

static void on_op(void *ctx, struct op *);
static void on_replayed(void *ctx, uint64_t number);
static void on_matter(void *ctx, const struct matter *);

/* The parts that know what transactions mean. */
static bool meaning_new(struct analysis *a)
{
	const struct limits *limits = a->options.limits;
	const struct teller teller = { on_matter, a };
	const struct fold_sink sink = { on_op, on_replayed, a };
	a->places = places_new(limits);
	a->peers = peers_new(limits);
	if (a->places == NULL || a->peers == NULL)
		return false;
	a->folder = folder_new(limits, sink, teller, a->places);
	a->store = store_new(limits, a->options.key, a->places, teller);
	a->sessions = sessions_new(limits, a->options.key, teller);
	a->ledger = ledger_new(limits, a->places);
	a->servers = servers_new(limits);
	if (a->folder == NULL || a->store == NULL || a->sessions == NULL || a->ledger == NULL ||
	    a->servers == NULL)
		return false;
	store_servers(a->store, a->servers);
	return true;
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
	if (a == NULL || a->flavours == NULL || a->counter == NULL ||
	    (!options->alone && !meaning_new(a))) {
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
	folder_free(a->folder);
	store_free(a->store);
	sessions_free(a->sessions);
	ledger_free(a->ledger);
	arena_free(a->conclusions);
	free(a->saving);
	servers_free(a->servers);
	peers_free(a->peers);
	places_free(a->places);
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
	if (at.order > a->last_order)
		a->last_order = at.order;
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

/* ---- what it means ---- */

static void event_send(struct analysis *a, struct event *event)
{
	a->sink.event(a->sink.ctx, event);
}

static void on_op(void *ctx, struct op *op)
{
	struct analysis *a = ctx;
	struct event event = event_make(a, EVENT_OPERATION, op->txn->done, op->txn->flow);
	event.id = number_text(a, "o-", op->number);
	event.txn = op->txn;
	event.facts = op->facts;
	event.op = op;
	event_send(a, &event);
	servers_op(a->servers, op);
	store_op(a->store, op);
	sessions_op(a->sessions, op, op->sync);
	ledger_op(a->ledger, op);
}

static void on_replayed(void *ctx, uint64_t number)
{
	struct analysis *a = ctx;
	store_replayed(a->store, number);
}

/* A matter that time or the end of the capture showed stands at the last packet. */
static void on_matter(void *ctx, const struct matter *matter)
{
	struct analysis *a = ctx;
	struct flow_id none = { 0 };
	const struct txn *txn = matter->op != NULL ? matter->op->txn : NULL;
	bool item = trouble_is_of_item(matter->trouble);
	struct event event = event_make(a, item ? EVENT_ITEM : EVENT_SESSION,
	    txn != NULL ? txn->done : a->last, txn != NULL ? txn->flow : none);
	event.id = number_text(a, item ? "i-" : "s-", matter->number);
	event.update = matter->update;
	event.op = matter->op;
	event.matter = matter;
	event_send(a, &event);
	ledger_matter(a->ledger, matter);
	servers_matter(a->servers, matter);
}

static void tell_sync(struct analysis *a, const struct txn *txn, const struct facts *facts,
    const struct sync_facts *sync)
{
	struct event event = event_make(a, EVENT_SYNC, txn->done, txn->flow);
	event.id = number_text(a, "y-", ++a->syncs);
	event.txn = txn;
	event.facts = facts;
	event.sync = sync;
	event_send(a, &event);
}

static void facts_judge(struct analysis *a, const struct txn *txn, struct facts *facts)
{
	flavours_judge(a->flavours, txn, facts);
	tag_judge(txn, flavours_scheduling(a->flavours, txn), facts);
	damage_judge(txn, facts);
	rows_judge(txn, facts);
	index_properties(txn, facts);
	counter_txn(a->counter, txn, facts);
}

static struct ops ops_make(struct analysis *a, const struct txn *txn, const struct facts *facts,
    const struct sync_facts *sync)
{
	struct ops ops = sync != NULL ? dialect_airsync(txn, facts, sync) :
					dialect_dav(a->places, txn, facts);
	ops_unreceived(txn, ops);
	for (size_t i = 0; i < ops.n; i++) {
		ops.list[i].sync = sync;
		peers_judge(a->peers, &ops.list[i], sync);
	}
	return ops;
}

static void tell_txn(struct analysis *a, const struct txn *txn, const struct facts *facts,
    const struct sync_facts *sync, const struct op *op)
{
	struct event event = event_make(a, EVENT_TRANSACTION, txn->done, txn->flow);
	event.id = txn_text(a, txn);
	event.txn = txn;
	event.facts = facts;
	event.op = op;
	event.sync = sync;
	a->last = txn->done;
	event_send(a, &event);
}

static void on_txn_alone(void *ctx, struct txn *txn)
{
	struct facts facts = { 0 };
	facts_judge(ctx, txn, &facts);
	tell_txn(ctx, txn, &facts, NULL, NULL);
	txn_free(txn);
}

static void on_txn(void *ctx, struct txn *txn)
{
	struct analysis *a = ctx;
	struct facts here = { 0 };
	/* Without room for them the facts die with this call, and so nothing may be made of them later. */
	struct facts *facts = arena_alloc(txn->arena, sizeof(*facts));
	bool kept = facts != NULL;
	facts = kept ? facts : &here;
	facts_judge(a, txn, facts);
	const struct sync_facts *sync = sync_facts_make(txn, facts);
	struct ops ops = { 0 };
	if (kept)
		ops = ops_make(a, txn, facts, sync);
	tell_txn(a, txn, facts, sync, ops.n != 0 ? &ops.list[0] : NULL);
	if (sync != NULL)
		tell_sync(a, txn, facts, sync);
	store_txn(a->store, txn);
	ledger_txn(a->ledger, txn, kept);
	folder_txn(a->folder, txn, ops);
}

/* Legs first, as with a packet: they are of an earlier time than what waits in the store. */
void analysis_tick(struct analysis *a, int64_t now_ns)
{
	if (a->options.alone || now_ns < a->last.ns)
		return;
	folder_tick(a->folder, now_ns);
	store_tick(a->store, now_ns);
}

void analysis_finish(struct analysis *a)
{
	if (a->options.alone)
		return;
	folder_finish(a->folder);
	store_finish(a->store);
	sessions_finish(a->sessions);
}

bool analysis_conclude(struct analysis *a, const struct profiles *profiles,
    const struct conclude_wish *wish, struct conclusions *out, struct error *error)
{
	enum { MOST = 16 << 20 };
	if (a->options.alone)
		return error_set(error, "transactions were looked at one by one");
	arena_free(a->conclusions);
	a->conclusions = arena_new(MOST);
	if (a->conclusions == NULL ||
	    !conclude(a->ledger, a->servers, profiles, wish, a->options.limits, a->conclusions,
		out))
		return error_set(error, "out of memory");
	return true;
}

static void on_flow(void *ctx, const struct flow *flow)
{
	struct analysis *a = ctx;
	struct stamp at = flow->last; /* told when it is given up, but over with its last packet */
	at.order = flow->done.order;
	struct event event = event_make(a, EVENT_FLOW, at, flow->id);
	counter_flow(a->counter, flow);
	if (!a->options.alone)
		ledger_flow(a->ledger, flow);
	event.id = event.flow_id;
	event.flow = flow;
	a->sink.event(a->sink.ctx, &event);
}

static bool is_gap(enum anomaly_code code)
{
	return code == TCP_GAP || code == HTTP_PIPELINE_FULL || code == FLOW_EVICTED_LIMIT;
}

static void on_anomaly(void *ctx, const struct anomaly *anomaly)
{
	struct analysis *a = ctx;
	struct event event = event_make(a, EVENT_ANOMALY, anomaly->at, anomaly->flow);
	counter_anomaly(a->counter, anomaly);
	if (!a->options.alone && is_gap(anomaly->code))
		ledger_gap(a->ledger, anomaly);
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
	if (!a->options.alone)
		ledger_dropped(a->ledger, dropped);
	a->sink.event(a->sink.ctx, &event);
}

struct decode_sink analysis_input(struct analysis *a)
{
	return (struct decode_sink){ .txn = a->options.alone ? on_txn_alone : on_txn,
		.flow = on_flow,
		.anomaly = on_anomaly,
		.dropped = on_dropped,
		.ctx = a };
}

const struct summary *analysis_summary(struct analysis *a)
{
	bool alone = a->options.alone;
	return counter_summary(a->counter, alone ? 0 : store_evicted(a->store),
	    alone ? 0 : sessions_evicted(a->sessions));
}

struct ledger *analysis_ledger(const struct analysis *a)
{
	return a->ledger;
}

const struct servers *analysis_servers(const struct analysis *a)
{
	return a->servers;
}

/* ---- over a restart ---- */

static void counters_form(struct pack *k, void *thing)
{
	struct analysis *a = thing;
	pack_u64(k, &a->last_order);
	pack_stamp(k, &a->last);
	pack_u64(k, &a->anomalies);
	pack_u64(k, &a->losses);
	pack_u64(k, &a->syncs);
}

bool analysis_save(struct analysis *a, const struct state_sink *sink)
{
	if (a->saving == NULL)
		a->saving = calloc(1, sizeof(*a->saving));
	struct saving *v = a->saving;
	if (v == NULL)
		return false;
	v->sink = sink;
	v->now = a->last.ns;
	v->n_label = 0;
	label_text(v, "counters");
	return save_changed(v, STATE_META, OF_STAGE, counters_form, a, &a->saved) &&
	    folder_save(a->folder, v) && flavours_save(a->flavours, v) &&
	    places_save(a->places, v) && peers_save(a->peers, v) && store_save(a->store, v) &&
	    sessions_save(a->sessions, v);
}

void analysis_save_anew(struct analysis *a)
{
	a->saved = 0;
	folder_anew(a->folder);
	flavours_anew(a->flavours);
	places_anew(a->places);
	peers_anew(a->peers);
	store_anew(a->store);
	sessions_anew(a->sessions);
}

static bool counters_load(struct analysis *a, const struct state_record *r)
{
	struct analysis read = { .last_order = 0 };
	if (!record_form(r, counters_form, &read))
		return false;
	a->last_order = read.last_order;
	a->last = read.last;
	a->anomalies = read.anomalies;
	a->losses = read.losses;
	a->syncs = read.syncs;
	return true;
}

static bool meta_load(struct analysis *a, const struct state_record *r)
{
	switch (r->key[0]) {
	case OF_STAGE:
		return counters_load(a, r);
	case OF_FOLDER:
	case OF_LOST:
		return folder_load(a->folder, r);
	case OF_SESSIONS:
		return sessions_load(a->sessions, r);
	default:
		return store_load(a->store, r);
	}
}

bool analysis_load(struct analysis *a, const struct state_record *r)
{
	switch (r->part) {
	case STATE_META:
		return meta_load(a, r);
	case STATE_COLLECTION:
		if (r->key[0] == OF_FLAVOUR)
			return flavours_load(a->flavours, r);
		return r->key[0] == OF_ALIAS ? places_load(a->places, r) : store_load(a->store, r);
	case STATE_ITEM:
		return store_load(a->store, r);
	case STATE_PEER:
		if (r->key[0] == OF_LOGIN || r->key[0] == OF_BOX)
			return peers_load(a->peers, r);
		return store_load(a->store, r);
	case STATE_SESSION:
		return sessions_load(a->sessions, r);
	default:
		return false;
	}
}

uint64_t analysis_last_order(const struct analysis *a)
{
	return a->last_order;
}

void analysis_missed(struct analysis *a, uint64_t order, uint64_t numbers)
{
	a->anomalies += numbers;
	a->losses += numbers;
	a->syncs += numbers;
	folder_missed(a->folder, numbers);
	store_missed(a->store, order);
	sessions_missed(a->sessions, order, numbers);
}
