/*
 * rules_capture.c - the whole analysis over one capture, with nobody to read it but an expectation.
 */
#include "cmd/rules.h"

#include <string.h>

struct replay {
	const struct options *options;
	struct expect *expect;
	struct hash_key key;
	struct source *source;
	const char *name; /* of the capture */
	struct rules *rules;
	struct analysis *analysis;
	struct decoder *decoder;
	struct stamp last; /* of the last packet */
};

static void on_finding(void *ctx, const struct event *finding, const struct event *cause)
{
	struct replay *t = ctx;
	expect_finding(t->expect, finding, cause);
}

static void on_event(void *ctx, const struct event *event)
{
	struct replay *t = ctx;
	rules_event(t->rules, event);
}

static uint64_t content_hash(void *ctx, uint16_t input)
{
	const struct replay *t = ctx;
	return source_content_hash(t->source, input);
}

static bool open_source(struct replay *t, const char *path, struct error *e)
{
	struct source_options options = {
		.specs = &path,
		.n_specs = 1,
		.since = INT64_MIN,
		.until = INT64_MAX,
		.limits = &t->options->limits,
	};
	t->source = source_open(&options, e);
	if (t->source != NULL)
		t->name = source_name(t->source, 0);
	return t->source != NULL;
}

static bool open_rules(struct replay *t, struct ruleset *set, struct error *e)
{
	struct rules_options options = {
		.limits = &t->options->limits,
		.key = t->key,
		.input_names = &t->name,
		.n_inputs = 1,
		.content_hash = content_hash,
		.content_ctx = t,
	};
	t->rules = rules_new(set, &options, (struct rules_sink){ on_finding, t }, e);
	return t->rules != NULL;
}

static bool open_decoder(struct replay *t, struct error *e)
{
	struct analysis_options analysis = {
		.limits = &t->options->limits,
		.key = t->key,
		.input_names = &t->name,
		.n_inputs = 1,
	};
	t->analysis = analysis_new(&analysis, (struct analysis_sink){ on_event, t }, e);
	if (t->analysis == NULL)
		return false;
	struct decode_options options = {
		.limits = t->options->limits,
		.key = t->key,
		.workers = t->options->workers,
		.bodies = ruleset_is_deep(rules_set(t->rules)) ? BODIES_ALL : BODIES_NEEDED,
	};
	t->decoder = decoder_new(&options, analysis_input(t->analysis), e);
	return t->decoder != NULL;
}

static void finish(struct replay *t)
{
	decoder_finish(t->decoder);
	rules_finish(t->rules, t->last.ns);
	struct source_counts counts = source_counts(t->source);
	struct run_end end = {
		.decoded = decoder_counts(t->decoder),
		.packets = counts.packets,
		.bytes = counts.bytes,
		.backwards = counts.backwards,
		.dropped = counts.dropped,
	};
	end.damage = source_damage(t->source, &end.n_damage);
	struct event stats = {
		.kind = EVENT_STATS,
		.at = t->last,
		.id = SLICE("stats"),
		.input_names = &t->name,
		.n_inputs = 1,
		.summary = analysis_summary(t->analysis),
		.run_end = &end,
	};
	rules_event(t->rules, &stats);
}

static void close_all(struct replay *t)
{
	decoder_free(t->decoder);
	analysis_free(t->analysis);
	rules_free(t->rules);
	source_close(t->source);
}

bool capture_run(const struct options *o, const char *path, struct ruleset *set,
    struct expect *expect, struct error *e)
{
	struct replay t = {
		.options = o,
		.expect = expect,
		.key = o->seeded ? hash_key_from(o->seed) : hash_key_random(),
	};
	bool open = open_rules(&t, set, e) && open_source(&t, path, e) && open_decoder(&t, e);
	struct packet packet;
	while (open && source_next(t.source, &packet) == SOURCE_PACKET) {
		decoder_packet(t.decoder, &packet);
		t.last = packet.at;
	}
	if (open)
		finish(&t);
	close_all(&t);
	return open;
}
