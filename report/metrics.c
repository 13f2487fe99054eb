/*
 * metrics.c - what a long run counts. Everything here has a bound: words that come from the wire are
 * looked up in lists of ours, and only rules and interfaces have counters by name.
 */
#include "report/metrics.h"

#include <stdlib.h>
#include <string.h>

enum { METHOD_OTHER = METHOD_WORDS - 2, METHOD_UNSEEN = METHOD_WORDS - 1 };

/* The frequent ones first: they are looked up by walking. */
const char *const metric_methods[METHOD_WORDS] = { "PROPFIND", "GET", "PUT", "REPORT", "POST",
	"OPTIONS", "SEARCH", "PROPPATCH", "DELETE", "HEAD", "MOVE", "COPY", "MKCOL", "MKCALENDAR",
	"LOCK", "UNLOCK", "ACL", "PATCH", "POLL", "SUBSCRIBE", "UNSUBSCRIBE", "NOTIFY", "BPROPFIND",
	"BPROPPATCH", "BDELETE", "BMOVE", "BCOPY", "X-MS-ENUMATTS", "CONNECT", "TRACE",
	"VERSION-CONTROL", [METHOD_OTHER] = "OTHER", [METHOD_UNSEEN] = "unseen" };
const char *const metric_classes[STATUS_CLASSES] = { "unseen", "1xx", "2xx", "3xx", "4xx", "5xx" };

#define MS INT64_C(1000000)
/* From what a disk takes to what a client waits in a Ping of ActiveSync. */
const struct bucket metric_buckets[BUCKETS] = { { 1 * MS, "0.001" }, { 5 * MS, "0.005" },
	{ 10 * MS, "0.01" }, { 25 * MS, "0.025" }, { 50 * MS, "0.05" }, { 100 * MS, "0.1" },
	{ 250 * MS, "0.25" }, { 500 * MS, "0.5" }, { 1000 * MS, "1" }, { 2500 * MS, "2.5" },
	{ 5000 * MS, "5" }, { 10000 * MS, "10" }, { 30000 * MS, "30" }, { 60000 * MS, "60" },
	{ 300000 * MS, "300" }, { 1800000 * MS, "1800" } };

struct metrics *metrics_new(const struct limits *limits, struct error *e)
{
	struct metrics *m = calloc(1, sizeof *m);
	if (m == NULL) {
		error_set(e, "out of memory");
		return NULL;
	}
	m->max_rules = (size_t)limits->metric_rules;
	return m;
}

void metrics_free(struct metrics *m)
{
	if (m == NULL)
		return;
	for (size_t i = 0; i < m->n_interfaces; i++)
		free(m->interfaces[i].name);
	for (size_t i = 0; i < m->n_rules; i++)
		free(m->rules[i].id);
	free(m->interfaces);
	free(m->rules);
	free(m);
}

static void steady_take(struct steady *s, uint64_t now)
{
	if (now < s->last)
		s->base += s->last;
	s->last = now;
}

/* One more place in an array that grows, zeroed; NULL: out of memory. */
static void *place_add(void **array, size_t n, size_t size)
{
	/* Room doubles whenever the number reaches a power of two. */
	if ((n & (n - 1)) == 0) {
		void *grown = realloc(*array, (n == 0 ? 1 : n * 2) * size);
		if (grown == NULL)
			return NULL;
		*array = grown;
	}
	return memset((char *)*array + n * size, 0, size);
}

/* ---- events ---- */

static size_t method_of(const struct message *req)
{
	if (!req->seen)
		return METHOD_UNSEEN;
	for (size_t i = 0; i < METHOD_OTHER; i++)
		if (slice_is(req->method, metric_methods[i]))
			return i;
	return METHOD_OTHER;
}

static size_t class_of(const struct message *res)
{
	unsigned class = res->status / 100u;
	return res->seen && class < STATUS_CLASSES ? class : 0;
}

/* Only where both ends are certain: a pair that is one, and an answer that was seen to its end. */
static bool has_duration(const struct txn *t)
{
	return t->unpaired == PAIRED && !t->unsure && t->req.seen && t->res.seen && t->res.end_seen;
}

static void duration_count(struct durations *d, const struct txn *t)
{
	int64_t ns = t->res.last.ns > t->req.first.ns ? t->res.last.ns - t->req.first.ns : 0;
	size_t i = 0;
	while (i < BUCKETS && ns > metric_buckets[i].ns)
		i++;
	if (i < BUCKETS)
		d->within[i]++;
	d->count++;
	d->ns += (uint64_t)ns;
}

static void transaction_count(struct metrics *m, const struct txn *t)
{
	size_t method = method_of(&t->req);
	m->transactions[method][class_of(&t->res)]++;
	if (t->unpaired != PAIRED)
		m->unpaired[!t->req.seen]++;
	if (has_duration(t))
		duration_count(&m->durations[method], t);
}

void metrics_event(struct metrics *m, const struct event *event)
{
	if (event->kind == EVENT_TRANSACTION) {
		transaction_count(m, event->txn);
	} else if (event->kind == EVENT_FLOW) {
		m->flows_ended++;
	} else if (event->kind == EVENT_ANOMALY) {
		m->anomalies[event->anomaly->code]++;
		if (event->anomaly->code == TCP_GAP)
			m->gap_bytes += event->anomaly->value;
	}
}

/* ---- rules ---- */

static struct rule_tally *tally_find(struct metrics *m, const char *id, size_t likely)
{
	if (likely < m->n_rules && strcmp(m->rules[likely].id, id) == 0)
		return &m->rules[likely];
	for (size_t i = 0; i < m->n_rules; i++)
		if (strcmp(m->rules[i].id, id) == 0)
			return &m->rules[i];
	return NULL;
}

/* Found or made; NULL: at the limit, or out of memory. */
static struct rule_tally *tally_of(struct metrics *m, const struct rule *rule, size_t likely)
{
	struct rule_tally *t = tally_find(m, rule->id, likely);
	if (t == NULL && m->n_rules < m->max_rules) {
		void *array = m->rules;
		t = place_add(&array, m->n_rules, sizeof *t);
		m->rules = array;
		char *id = t != NULL ? strdup(rule->id) : NULL;
		if (id == NULL)
			return NULL;
		t->id = id;
		m->n_rules++;
	}
	/* Told from the beginning: a counter that begins at 1 did not grow, for those who look at growth. */
	if (t != NULL)
		t->severities |= 1u << rule->severity | 1u << rule->worst;
	return t;
}

/*
 * A rule that was replaced begins anew. If one of its counters went back, all of them did, also those
 * that have overtaken what they were.
 */
static void tally_take(struct rule_tally *t, const struct rule_counts *c)
{
	const uint64_t now[RULE_COUNTS] = { c->matches, c->unknown, c->evicted, c->limited,
		c->suppressed, c->excepted, c->inconclusive[0], c->inconclusive[1],
		c->inconclusive[2] };
	bool anew = false;
	for (size_t i = 0; i < RULE_COUNTS; i++)
		anew = anew || now[i] < t->counts[i].last;
	for (size_t i = 0; i < RULE_COUNTS; i++) {
		if (anew)
			t->counts[i].base += t->counts[i].last;
		t->counts[i].last = now[i];
	}
}

/* A rule that is gone may come back: it begins anew then, whatever it has counted by then. */
static void tallies_retire(struct metrics *m)
{
	for (size_t i = 0; i < m->n_rules; i++) {
		struct rule_tally *t = &m->rules[i];
		for (size_t k = 0; k < RULE_COUNTS && !t->loaded; k++) {
			t->counts[k].base += t->counts[k].last;
			t->counts[k].last = 0;
		}
	}
}

void metrics_rules(struct metrics *m, const struct rules *rules)
{
	const struct ruleset *set = rules_set(rules);
	const struct rule *rule;
	m->has_rules = true;
	m->rules_loaded = 0;
	for (size_t i = 0; i < m->n_rules; i++)
		m->rules[i].loaded = false;
	for (size_t i = 0; (rule = ruleset_rule(set, i)) != NULL; i++) {
		const struct rule_counts *counts = rules_counts(rules, i);
		struct rule_tally *t = tally_of(m, rule, i);
		m->rules_loaded += rule->enabled;
		if (t == NULL || counts == NULL)
			continue;
		tally_take(t, counts);
		t->keys = rules_keys(rules, i);
		t->loaded = true;
	}
	tallies_retire(m);
}

/* A finding counts once under its rule's severity and once under a graver one that it comes to. */
static bool is_raised_again(struct metrics *m, uint64_t id)
{
	uint64_t *slot = &m->raised[id % RAISED_SLOTS];
	bool again = *slot == id;
	*slot = id;
	return again;
}

void metrics_finding(struct metrics *m, const struct event *finding)
{
	const struct finding *f = finding->finding;
	if (f->outcome != CONCLUSIVE)
		return;
	bool graver = f->severity > f->rule->severity;
	if (graver ? is_raised_again(m, f->id) : f->update != 0)
		return;
	struct rule_tally *t = tally_of(m, f->rule, 0);
	if (t == NULL)
		return;
	t->severities |= 1u << f->severity;
	t->findings[f->severity]++;
}

void metrics_reload(struct metrics *m, bool good, int64_t now_ns)
{
	m->has_reload = true;
	m->reload_good = good;
	if (good)
		m->reload_ns = now_ns;
}

/* ---- what others count ---- */

static struct interface_tally *interface_of(struct metrics *m, const char *name)
{
	for (size_t i = 0; i < m->n_interfaces; i++)
		if (strcmp(m->interfaces[i].name, name) == 0)
			return &m->interfaces[i];
	void *array = m->interfaces;
	struct interface_tally *t = place_add(&array, m->n_interfaces, sizeof *t);
	m->interfaces = array;
	char *copy = t != NULL ? strdup(name) : NULL;
	if (copy == NULL)
		return NULL;
	t->name = copy;
	m->n_interfaces++;
	return t;
}

void metrics_capture(struct metrics *m, const struct metrics_interface *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct interface_tally *t = interface_of(m, list[i].name);
		if (t == NULL)
			continue;
		steady_take(&t->counts[INTERFACE_PACKETS], list[i].packets);
		steady_take(&t->counts[INTERFACE_BYTES], list[i].bytes);
		steady_take(&t->counts[INTERFACE_KERNEL_DROPS], list[i].kernel_drops);
		steady_take(&t->counts[INTERFACE_DROPS], list[i].interface_drops);
	}
}

void metrics_ring(struct metrics *m, uint64_t closed, uint64_t deleted, uint64_t pinned,
    uint64_t lost_packets)
{
	m->has_ring = true;
	steady_take(&m->ring[RING_CLOSED], closed);
	steady_take(&m->ring[RING_DELETED], deleted);
	steady_take(&m->ring[RING_PINNED], pinned);
	steady_take(&m->ring[RING_LOST], lost_packets);
}

void metrics_decode(struct metrics *m, const struct decode_counts *c)
{
	m->has_decoded = true;
	steady_take(&m->decoded[DECODED_PACKETS], c->packets);
	steady_take(&m->decoded[DECODED_BYTES], c->bytes);
	steady_take(&m->decoded[DECODED_FLOWS], c->flows);
	steady_take(&m->decoded[DECODED_FRAGMENTS], c->fragments);
	steady_take(&m->decoded[DECODED_COPIES], c->copies);
}

void metrics_lag(struct metrics *m, int64_t behind_ns)
{
	m->has_lag = true;
	m->lag_ns = behind_ns > 0 ? behind_ns : 0;
}
