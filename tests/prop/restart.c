/*
 * Two processes that know as much as one: captures are read whole, and with another analysis and other rules
 * from some packet on, which were told what the first ones had saved. Both must find the same. What is still
 * open within the decoder stays there: between two packets of one operation nobody is replaced.
 * usage: restart [-n CUTS] [-s SEED] RULES CAPTURE..., prints "N passed, N failed".
 */
#include "tests/prop/restart.h"

#include "rules/state.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- a run ---- */

static void on_finding(void *ctx, const struct event *event, const struct event *cause)
{
	struct watch *w = ctx;
	const struct finding *f = event->finding;
	(void)cause;
	char line[LINE_ROOM];
	int n = snprintf(line, sizeof(line), "%s %016" PRIx64 " %" PRIu64 " %.*s\n", f->rule->id,
	    f->id, f->update, w->messages ? (int)f->message.n : 0, (const char *)f->message.p);
	ensure(n > 0, NULL);
	found_add(&w->found, line);
}

static void on_event(void *ctx, const struct event *event)
{
	struct watch *w = ctx;
	const struct op *op = event->op;
	rules_event(w->rules, event);
	if (event->kind != EVENT_OPERATION || w->open == NULL)
		return;
	uint64_t first = op->n_packets != 0 ? op->packets[0].order : op->txn->req.first.order;
	first = op->txn->req.first.order < first ? op->txn->req.first.order : first;
	for (uint64_t i = first; i < op->txn->done.order && i < w->n_open; i++)
		w->open[i] = true;
}

/* The decoder goes on while those behind it are replaced. */
static void to_txn(void *ctx, struct txn *txn)
{
	struct watch *w = ctx;
	w->in.txn(w->in.ctx, txn);
}

static void to_flow(void *ctx, const struct flow *flow)
{
	struct watch *w = ctx;
	w->in.flow(w->in.ctx, flow);
}

static void to_anomaly(void *ctx, const struct anomaly *anomaly)
{
	struct watch *w = ctx;
	w->in.anomaly(w->in.ctx, anomaly);
}

static void to_dropped(void *ctx, const struct dropped *dropped)
{
	struct watch *w = ctx;
	w->in.dropped(w->in.ctx, dropped);
}

static uint64_t content_hash(void *ctx, uint16_t input)
{
	struct watch *w = ctx;
	bool there = w->source != NULL && input < source_inputs(w->source);
	return there ? source_content_hash(w->source, input) : 0;
}

void watch_begin(struct watch *w)
{
	struct error e = { "" };
	const struct analysis_options options = { .limits = &w->limits, .key = hash_key_from(5) };
	const struct rules_options rules = { .limits = &w->limits,
		.key = hash_key_from(5),
		.content_hash = content_hash,
		.content_ctx = w };
	w->analysis = analysis_new(&options, (struct analysis_sink){ on_event, w }, &e);
	w->rules = rules_new(w->set, &rules, (struct rules_sink){ on_finding, w }, &e);
	ensure(w->analysis != NULL && w->rules != NULL, NULL);
	w->in = analysis_input(w->analysis);
}

void watch_end(struct watch *w)
{
	analysis_free(w->analysis);
	w->rules->owned = NULL; /* the next one reads it as well */
	rules_free(w->rules);
}

static bool watch_open(struct watch *w, const char *path)
{
	struct error e = { "" };
	const struct source_options options = { .specs = &path,
		.n_specs = 1,
		.since = INT64_MIN,
		.until = INT64_MAX,
		.limits = &w->limits };
	const struct decode_options decode = { .limits = w->limits,
		.key = hash_key_from(5),
		.bodies = BODIES_ALL };
	const struct decode_sink sink = { .txn = to_txn,
		.flow = to_flow,
		.anomaly = to_anomaly,
		.dropped = to_dropped,
		.ctx = w };
	w->source = source_open(&options, &e);
	if (w->source == NULL) {
		fprintf(stderr, "restart: %s\n", e.text);
		return false;
	}
	watch_begin(w);
	w->decoder = decoder_new(&decode, sink, &e);
	ensure(w->decoder != NULL, NULL);
	return true;
}

static void restart(struct watch *w)
{
	if (!watch_save(w, &w->state))
		w->refused++;
	watch_end(w);
	watch_begin(w);
	if (w->plan.damage)
		watch_load_damaged(w, &w->state, &w->random);
	else
		w->refused += watch_load(w, &w->state);
	w->restarts++;
}

/* Behind a packet: all that it completes has been told. */
static void watch_pause(struct watch *w, const struct packet *last, int64_t next_ns)
{
	bool cut = w->plan.cuts != NULL && w->packets < w->n_open && w->plan.cuts[w->packets];
	bool save = w->plan.save_each != 0 && random_below(&w->random, w->plan.save_each) == 0;
	bool tick = w->plan.ticks && next_ns > last->at.ns && random_percent(&w->random, 50);
	if (!cut && !save && !tick)
		return;
	decoder_tick(w->decoder, INT64_MIN);
	if (save && !watch_save(w, &w->state))
		w->refused++;
	if (cut)
		restart(w);
	if (tick) {
		uint64_t most = (uint64_t)(next_ns - last->at.ns);
		int64_t ns = last->at.ns + (int64_t)(random_next(&w->random) % most);
		analysis_tick(w->analysis, ns);
		rules_tick(w->rules, ns);
	}
}

/* A packet behind the one that is read: its time bounds the ticks between them. */
static void watch_packets(struct watch *w)
{
	struct packet packet = { .linktype = 0 }, next;
	uint8_t *bytes = malloc(PACKET_ROOM);
	bool there = source_next(w->source, &next) == SOURCE_PACKET;
	ensure(bytes != NULL, NULL);
	while (there) {
		ensure(next.bytes.n <= PACKET_ROOM, NULL);
		packet = next;
		memcpy(bytes, next.bytes.p, next.bytes.n);
		packet.bytes.p = bytes;
		there = source_next(w->source, &next) == SOURCE_PACKET;
		w->packets = packet.at.order;
		decoder_packet(w->decoder, &packet);
		if (there)
			watch_pause(w, &packet, next.at.ns);
	}
	w->last_ns = packet.at.ns;
	free(bytes);
}

bool watch_run(struct watch *w, const char *path)
{
	if (!watch_open(w, path))
		return false;
	watch_packets(w);
	decoder_tick(w->decoder, INT64_MIN);
	if (w->plan.anew) {
		records_free(&w->state);
		w->state = (struct records){ .n = 0 };
		analysis_save_anew(w->analysis);
		rules_save_anew(w->rules);
	}
	if (w->plan.keep && !watch_save(w, &w->state))
		w->refused++;
	decoder_finish(w->decoder);
	analysis_finish(w->analysis);
	rules_finish(w->rules, w->last_ns);
	decoder_free(w->decoder);
	watch_end(w);
	source_close(w->source);
	found_sort(&w->found);
	return true;
}

/* ---- properties ---- */

struct verdict {
	uint64_t passed, failed, findings, restarts;
	const char *path;
	struct limits limits;
	struct ruleset *set;
};

static struct watch watch_of(const struct verdict *v, uint64_t seed)
{
	return (struct watch){ .limits = v->limits,
		.set = v->set,
		.messages = true,
		.random = { seed } };
}

static void judge(struct verdict *v, bool good, const char *what, uint64_t seed)
{
	v->passed += good;
	v->failed += !good;
	if (!good)
		printf("FAIL %s: %s, seed %" PRIu64 "\n", v->path, what, seed);
}

static void same_found(struct verdict *v, const struct found *whole, const struct found *other,
    const char *what, uint64_t seed)
{
	bool same = found_equal(whole, other);
	judge(v, same, what, seed);
	if (!same)
		found_diff(whole, other);
}

/* One restart at a packet, or several. */
static void restarts_check(struct verdict *v, const struct watch *whole, uint64_t seed)
{
	struct watch w = watch_of(v, seed);
	bool *cuts = calloc(OPEN_MAX, sizeof(*cuts));
	size_t n = 1 + random_below(&w.random, 3);
	ensure(cuts != NULL, NULL);
	for (size_t i = 0; i < n; i++) {
		size_t at = random_below(&w.random, (size_t)whole->packets + 1);
		cuts[at] = at < OPEN_MAX && !whole->open[at];
	}
	w.plan = (struct plan){ .cuts = cuts, .save_each = seed % 3 == 0 ? 4 : 0 };
	w.n_open = OPEN_MAX;
	if (watch_run(&w, v->path)) {
		same_found(v, &whole->found, &w.found, "a restart", seed);
		judge(v, w.refused == 0, "a record was refused", seed);
		v->restarts += w.restarts;
	}
	records_free(&w.state);
	found_free(&w.found);
	free(cuts);
}

/* What was saved bit by bit is what is saved at once. */
static void increments_check(struct verdict *v, uint64_t seed)
{
	struct watch once = watch_of(v, seed), often = watch_of(v, seed), anew = watch_of(v, seed);
	once.plan = (struct plan){ .keep = true };
	often.plan = (struct plan){ .keep = true, .save_each = 3 };
	anew.plan = (struct plan){ .keep = true, .save_each = 3, .anew = true };
	if (watch_run(&once, v->path) && watch_run(&often, v->path) && watch_run(&anew, v->path)) {
		judge(v, records_equal(&once.state, &anew.state), "saved anew", seed);
		judge(v, records_equal(&once.state, &often.state), "saved bit by bit", seed);
		judge(v, found_equal(&once.found, &often.found), "saving changes what is found",
		    seed);
	}
	records_free(&once.state);
	records_free(&often.state);
	records_free(&anew.state);
	found_free(&once.found);
	found_free(&often.found);
	found_free(&anew.found);
}

/* What time alone shows may be told in another order: which findings there are stays the same. */
static void ticks_check(struct verdict *v, uint64_t seed)
{
	struct watch without = watch_of(v, seed), with = watch_of(v, seed);
	without.messages = with.messages = false;
	with.plan = (struct plan){ .ticks = true };
	if (watch_run(&without, v->path) && watch_run(&with, v->path))
		same_found(v, &without.found, &with.found, "ticks", seed);
	found_free(&without.found);
	found_free(&with.found);
}

/* Nothing of a damaged state may bring anything down, neither then nor later. */
static void damage_check(struct verdict *v, const struct watch *whole, uint64_t seed)
{
	struct watch w = watch_of(v, seed);
	bool *cuts = calloc(OPEN_MAX, sizeof(*cuts));
	ensure(cuts != NULL, NULL);
	cuts[random_below(&w.random, whole->packets < OPEN_MAX ? whole->packets + 1 : OPEN_MAX)] =
	    true;
	w.plan = (struct plan){ .cuts = cuts, .damage = true, .keep = true };
	w.n_open = OPEN_MAX;
	judge(v, watch_run(&w, v->path), "damage", seed);
	records_free(&w.state);
	found_free(&w.found);
	free(cuts);
}

static void capture_check(struct verdict *v, uint64_t cuts, uint64_t seed)
{
	struct watch whole = watch_of(v, seed);
	whole.open = calloc(OPEN_MAX, sizeof(*whole.open));
	whole.n_open = OPEN_MAX;
	ensure(whole.open != NULL, NULL);
	if (watch_run(&whole, v->path)) {
		v->findings += whole.found.n;
		for (uint64_t i = 0; i < cuts; i++)
			restarts_check(v, &whole, seed + i);
		increments_check(v, seed);
		ticks_check(v, seed);
		damage_check(v, &whole, seed);
	} else {
		v->failed++;
	}
	found_free(&whole.found);
	free(whole.open);
}

/* It costs more than to read a capture. */
static struct ruleset *ruleset_of(const struct verdict *v, const char *path)
{
	struct error e = { "" };
	struct ruleset *set = ruleset_new(&v->limits, &e);
	if (set == NULL || !ruleset_load_shipped(set, &e) || !ruleset_load(set, path, &e) ||
	    !ruleset_compile(set)) {
		fprintf(stderr, "restart: rules: %s\n", e.text);
		exit(2);
	}
	return set;
}

static bool number_option(int *argc, char ***argv, const char *name, uint64_t *out)
{
	if (*argc < 3 || strcmp((*argv)[1], name) != 0)
		return true;
	bool good = slice_to_u64(slice_from((*argv)[2]), out);
	*argc -= 2;
	*argv += 2;
	return good;
}

int main(int argc, char **argv)
{
	uint64_t cuts = 4, seed = 1;
	bool good = number_option(&argc, &argv, "-n", &cuts) &&
	    number_option(&argc, &argv, "-s", &seed);
	if (!good || argc < 3) {
		fprintf(stderr, "usage: restart [-n CUTS] [-s SEED] RULES CAPTURE...\n");
		return 2;
	}
	struct verdict v = { .limits = limits_default() };
	v.set = ruleset_of(&v, argv[1]);
	for (int i = 2; i < argc; i++) {
		v.path = argv[i];
		capture_check(&v, cuts, seed);
	}
	ruleset_free(v.set);
	printf("%" PRIu64 " findings, %" PRIu64 " restarts\n", v.findings, v.restarts);
	printf("%" PRIu64 " passed, %" PRIu64 " failed\n", v.passed, v.failed);
	return v.failed == 0 ? 0 : 1;
}
