/*
 * rulekit.h - an engine made of rules as text, fed with events as text or with transactions, that
 * remembers what it found. Include it before nothing else of cmocka.
 */
#ifndef DAVSCOPE_TESTS_RULEKIT_H
#define DAVSCOPE_TESTS_RULEKIT_H

#include "rules/mock.h"
#include "rules/ruleset.h"
#include "rules/state.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { FOUND_MAX = 4096, FOUND_EVIDENCE = 16 };
#define SEC INT64_C(1000000000)

struct found {
	char rule[40], message[200], keys[200], steps[200], fields[200], id_text[20];
	enum outcome outcome;
	enum severity severity;
	uint64_t id, update, count, suppressed;
	int64_t ns, first_ns, last_ns;
	bool state_evicted, has_cause;
	struct stamp evidence[FOUND_EVIDENCE];
	size_t n_evidence, n_runs;
};

struct rulekit {
	struct limits limits;
	struct rules *rules;
	uint64_t order, seed;
	bool patient; /* a due absence waits for losses, as in real runs */
	struct found *found;
	size_t n;
};

static inline void kit_append(char *out, size_t room, const struct named_text *t, size_t n)
{
	out[0] = '\0';
	for (size_t i = 0; i < n; i++) {
		size_t used = strlen(out);
		snprintf(out + used, room - used, "%s%.*s=%.*s", i == 0 ? "" : " ", (int)t[i].name.n,
		    (const char *)t[i].name.p, (int)t[i].text.n, (const char *)t[i].text.p);
	}
}

static inline void kit_on_finding(void *ctx, const struct event *e, const struct event *cause)
{
	struct rulekit *k = ctx;
	const struct finding *f = e->finding;
	if (k->n == FOUND_MAX)
		return;
	struct found *x = &k->found[k->n++];
	memset(x, 0, sizeof(*x));
	snprintf(x->rule, sizeof(x->rule), "%s", f->rule->id);
	snprintf(x->message, sizeof(x->message), "%.*s", (int)f->message.n, (const char *)f->message.p);
	snprintf(x->id_text, sizeof(x->id_text), "%.*s", (int)e->id.n, (const char *)e->id.p);
	kit_append(x->keys, sizeof(x->keys), f->keys, f->n_keys);
	kit_append(x->steps, sizeof(x->steps), f->steps, f->n_steps);
	kit_append(x->fields, sizeof(x->fields), f->fields, f->n_fields);
	x->outcome = f->outcome;
	x->severity = f->severity;
	x->id = f->id;
	x->update = f->update;
	x->count = f->count;
	x->suppressed = f->suppressed;
	x->ns = e->at.ns;
	x->first_ns = f->first_ns;
	x->last_ns = f->last_ns;
	x->state_evicted = f->state_evicted;
	x->has_cause = cause != NULL;
	x->n_evidence = f->n_evidence;
	x->n_runs = f->n_runs;
	for (size_t i = 0; i < f->n_evidence && i < FOUND_EVIDENCE; i++) {
		/* Member by member: what is between them must not tell two runs apart. */
		x->evidence[i].order = f->evidence[i].order;
		x->evidence[i].frame = f->evidence[i].frame;
		x->evidence[i].ns = f->evidence[i].ns;
		x->evidence[i].input = f->evidence[i].input;
	}
}

/* "- id: ..." items, indented by two; whatever stands before "rules:" goes in front. */
static inline struct ruleset *kit_set(const struct limits *limits, const char *head, const char *items)
{
	char text[8192];
	struct error e = { "" };
	int n = snprintf(text, sizeof(text), "davscope_rules: 1\n%srules:\n%s", head, items);
	assert_true(n > 0 && (size_t)n < sizeof(text));
	struct ruleset *set = ruleset_new(limits, &e);
	assert_non_null(set);
	ruleset_read(set, "test.yaml", slice_from(text));
	if (ruleset_compile(set))
		return set;
	size_t complaints = 0;
	const struct complaint *c = ruleset_complaints(set, &complaints);
	for (size_t i = 0; i < complaints; i++)
		print_message("%zu:%zu %s %s\n", c[i].line, c[i].column, c[i].code, c[i].text);
	fail_msg("rules do not compile");
	return NULL;
}

static inline void kit_init(struct rulekit *k)
{
	*k = (struct rulekit){ .limits = limits_default(), .seed = 1 };
	k->found = test_malloc(FOUND_MAX * sizeof(*k->found));
}

static inline struct rules_sink kit_sink(struct rulekit *k)
{
	return (struct rules_sink){ kit_on_finding, k };
}

static inline void kit_start(struct rulekit *k, const char *head, const char *items)
{
	static const char *const names[] = { "a.pcap", "b.pcap" };
	struct error e = { "" };
	struct rules_options options = { .limits = &k->limits,
		.key = hash_key_from(k->seed),
		.input_names = names,
		.n_inputs = 2 };
	struct ruleset *set = kit_set(&k->limits, head, items);
	k->rules = rules_new(set, &options, kit_sink(k), &e);
	assert_non_null(k->rules);
	if (!k->patient)
		k->rules->grace_ns = 0;
}

static inline void kit_open(struct rulekit *k, const char *items)
{
	kit_init(k);
	kit_start(k, "", items);
}

static inline void kit_close(struct rulekit *k)
{
	rules_free(k->rules);
	test_free(k->found);
}

struct kit_made {
	struct arena *arena;
	struct event event;
	char id[32];
};

/* One item of `events:` in flow style, without its braces; its packet is named by its number. */
static inline void kit_make(struct rulekit *k, const char *item, struct kit_made *m)
{
	char text[1024];
	struct yaml_error why;
	struct error e = { "" };
	struct mark at = { 0 };
	*m = (struct kit_made){ .arena = arena_new(1 << 20) };
	int n = snprintf(text, sizeof(text), "{%s}", item);
	struct yaml *y = yaml_parse((struct slice){ (const uint8_t *)text, (size_t)n }, m->arena, 32, &why);
	assert_non_null(y);
	m->event.at = (struct stamp){ .order = ++k->order, .frame = k->order };
	snprintf(m->id, sizeof(m->id), "t-%d", (int)k->order);
	m->event.id = slice_from(m->id);
	m->event.mock = mock_new(m->arena, y, EVENT_TRANSACTION, &m->event.kind, &m->event.at.ns, &at, &e);
	if (m->event.mock == NULL)
		fail_msg("%s: %s", item, e.text);
}

static inline void kit_event(struct rulekit *k, const char *item)
{
	struct kit_made made;
	kit_make(k, item, &made);
	rules_event(k->rules, &made.event);
	arena_free(made.arena);
}

/* A GET or PUT of a name at a second. */
static inline void kit_request_text(char out[256], int second, const char *method, const char *who,
    const char *href)
{
	snprintf(out, 256, "at: %ds, set: {http.request.method: %s, dav.mailbox: %s, dav.href: %s}",
	    second, method, who, href);
}

static inline void kit_request(struct rulekit *k, int second, const char *method, const char *who,
    const char *href)
{
	char item[256];
	kit_request_text(item, second, method, who, href);
	kit_event(k, item);
}

static inline const struct rule_counts *kit_counts(const struct rulekit *k)
{
	return rules_counts(k->rules, 0);
}

static inline void assert_found(const struct rulekit *k, size_t n)
{
	if (k->n == n)
		return;
	for (size_t i = 0; i < k->n; i++)
		print_message("found %s %d %s\n", k->found[i].rule, k->found[i].outcome,
		    k->found[i].message);
	assert_int_equal(k->n, n);
}

#endif
