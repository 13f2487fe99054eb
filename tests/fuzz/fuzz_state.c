/*
 * Any records of the state, as a damaged database or another process may give them: each is a length in
 * two bytes, then its bytes as a message has them. They are loaded or refused; then the clock goes on, all
 * is saved, and the run ends.
 */
#include "cmd/message.h"
#include "rules/rules.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

enum { RECORDS_MAX = 200, SAVED_MAX = 1 << 20, TICKS = 4 };
static const char rule_file[] = "tests/prop/restart.yaml";

struct run {
	struct limits limits;
	struct analysis *analysis;
	struct rules *rules;
	uint64_t events, findings, saved;
};

static void on_finding(void *ctx, const struct event *event, const struct event *cause)
{
	struct run *r = ctx;
	(void)cause;
	ensure(event->finding != NULL && event->finding->rule != NULL, NULL);
	r->findings++;
}

static void on_event(void *ctx, const struct event *event)
{
	struct run *r = ctx;
	r->events++;
	rules_event(r->rules, event);
}

static bool on_record(void *ctx, const struct state_record *record)
{
	struct run *r = ctx;
	ensure((unsigned)record->part < STATE_PARTS, NULL);
	ensure(record->body.n == 0 || record->body.p != NULL, NULL);
	ensure(record->body.n <= SAVED_MAX && vis_is_plain(record->label), NULL);
	r->saved++;
	return true;
}

static void run_open(struct run *r)
{
	struct error e = { "" };
	r->limits = limits_default();
	const struct analysis_options options = { .limits = &r->limits, .key = hash_key_from(5) };
	const struct rules_options rules = { .limits = &r->limits, .key = hash_key_from(5) };
	struct ruleset *set = ruleset_new(&r->limits, &e);
	ensure(set != NULL && ruleset_load(set, rule_file, &e) && ruleset_compile(set), NULL);
	r->analysis = analysis_new(&options, (struct analysis_sink){ on_event, r }, &e);
	r->rules = rules_new(set, &rules, (struct rules_sink){ on_finding, r }, &e);
	ensure(r->analysis != NULL && r->rules != NULL, NULL);
}

/* Exactly as large as it is: who reads too far is found out. */
static void record_load(struct run *r, struct slice body)
{
	struct state_record record;
	uint8_t *copy = malloc(body.n + 1);
	ensure(copy != NULL, NULL);
	memcpy(copy + 1, body.p, body.n);
	if (state_read((struct slice){ copy + 1, body.n }, &record)) {
		if (record.part == STATE_RULE || record.part == STATE_KEY)
			rules_load(r->rules, &record);
		else
			analysis_load(r->analysis, &record);
	}
	free(copy);
}

static void load_all(struct run *r, struct slice in)
{
	for (unsigned i = 0; in.n > 2 && i < RECORDS_MAX; i++) {
		size_t n = (size_t)in.p[0] << 8 | in.p[1];
		struct slice body = slice_part(in, 2, n);
		if (body.n != 0)
			record_load(r, body);
		in = slice_part(in, 2 + body.n, in.n);
	}
}

static void save_all(struct run *r)
{
	const struct state_sink sink = { on_record, r };
	ensure(analysis_save(r->analysis, &sink) && rules_save(r->rules, &sink), NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const int64_t clocks[TICKS] = { 1, 1159200000000000000, 1159300000000000000,
		INT64_MAX };
	struct run r = { .events = 0 };
	run_open(&r);
	load_all(&r, (struct slice){ data, n });
	analysis_missed(r.analysis, 1000, 1 << 20);
	rules_missed(r.rules);
	for (size_t i = 0; i < TICKS; i++) {
		analysis_tick(r.analysis, clocks[i]);
		rules_tick(r.rules, clocks[i]);
		save_all(&r);
	}
	analysis_save_anew(r.analysis);
	rules_save_anew(r.rules);
	save_all(&r);
	analysis_finish(r.analysis);
	rules_finish(r.rules, clocks[TICKS - 2]);
	analysis_free(r.analysis);
	rules_free(r.rules);
	return 0;
}
