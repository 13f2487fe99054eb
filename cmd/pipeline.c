/*
 * pipeline.c - source to decoder to analysis to rules: wired here, and only here, for all commands.
 */
#include "cmd/pipeline.h"

#include <stdlib.h>

static void on_event(void *ctx, const struct event *event)
{
	struct pipeline *p = ctx;
	if (p->sink.event != NULL)
		p->sink.event(p->sink.ctx, event);
	rules_event(p->rules, event);
}

static uint64_t content_hash(void *ctx, uint16_t input)
{
	const struct pipeline *p = ctx;
	return source_content_hash(p->source, input);
}

static void set_running(const struct pipeline *p, struct source *source)
{
	if (p->options->running != NULL)
		p->options->running(source);
}

struct pipeline pipeline_begin(const struct options *o, struct pipeline_sink sink)
{
	return (struct pipeline){
		.options = o,
		.sink = sink,
		.key = o->seeded ? hash_key_from(o->seed) : hash_key_random(),
	};
}

/* Of a recording that is followed files come while it runs. */
static void names_learn(struct pipeline *p)
{
	for (size_t n = source_inputs(p->source); p->n_names < n; p->n_names++)
		p->names[p->n_names] = source_name(p->source, (uint16_t)p->n_names);
}

bool pipeline_source(struct pipeline *p, const struct source_options *options, struct error *e)
{
	p->source = source_open(options, e);
	if (p->source == NULL)
		return false;
	size_t n = options->follow ? UINT16_MAX + 1 : source_inputs(p->source);
	p->names = calloc(n, sizeof *p->names);
	if (p->names == NULL)
		return error_set(e, "out of memory");
	for (size_t i = 0; i < n; i++)
		p->names[i] = "";
	names_learn(p);
	p->inputs = (struct pipeline_inputs){ p->names, n, content_hash, p };
	return true;
}

void pipeline_live(struct pipeline *p, struct pipeline_inputs inputs)
{
	p->inputs = inputs;
}

static bool open_rules(struct pipeline *p, struct ruleset *set, struct error *e)
{
	struct rules_options options = {
		.limits = &p->options->limits,
		.key = p->key,
		.input_names = p->inputs.names,
		.n_inputs = p->inputs.n,
		.content_hash = p->inputs.content_hash,
		.content_ctx = p->inputs.ctx,
	};
	struct rules_sink sink = { p->sink.finding, p->sink.ctx };
	p->rules = rules_new(set, &options, sink, e);
	return p->rules != NULL;
}

static bool open_analysis(struct pipeline *p, bool alone, struct error *e)
{
	struct analysis_options options = {
		.limits = &p->options->limits,
		.key = p->key,
		.input_names = p->inputs.names,
		.n_inputs = p->inputs.n,
		.alone = alone,
	};
	p->analysis = analysis_new(&options, (struct analysis_sink){ on_event, p }, e);
	return p->analysis != NULL;
}

/* What is made of the transactions, and so what is read of their bodies, follows what is asked for. */
static enum bodies bodies_needed(const struct pipeline *p, const struct pipeline_wish *wish)
{
	if (ruleset_is_deep(rules_set(p->rules)))
		return BODIES_ALL;
	return wish->alone || wish->bodies > BODIES_NEEDED ? wish->bodies : BODIES_NEEDED;
}

bool pipeline_open(struct pipeline *p, struct ruleset *set, struct pipeline_wish wish,
    struct error *e)
{
	if (!open_rules(p, set, e))
		return false;
	wish.alone = wish.alone && ruleset_rule(rules_set(p->rules), 0) == NULL;
	if (!open_analysis(p, wish.alone, e))
		return false;
	struct decode_options options = {
		.limits = p->options->limits,
		.key = p->key,
		.workers = p->options->workers,
		.bodies = bodies_needed(p, &wish),
		.checksums = p->options->checksums,
		.keep_packets = wish.keep_packets,
	};
	p->decoder = decoder_new(&options, analysis_input(p->analysis), e);
	if (p->decoder == NULL)
		return false;
	set_running(p, p->source);
	return true;
}

enum source_status pipeline_next(struct pipeline *p, struct packet *packet)
{
	enum source_status status = source_next(p->source, packet);
	names_learn(p);
	if (status == SOURCE_PACKET)
		p->last = packet->at;
	return status;
}

void pipeline_packet(struct pipeline *p, const struct packet *packet)
{
	p->last = packet->at;
	decoder_packet(p->decoder, packet);
}

/* Time stands still: a writer may hold back what was captured long ago. */
void pipeline_flush(struct pipeline *p)
{
	decoder_tick(p->decoder, INT64_MIN);
}

void pipeline_tick(struct pipeline *p, int64_t now_ns)
{
	decoder_tick(p->decoder, now_ns);
	analysis_tick(p->analysis, now_ns);
	rules_tick(p->rules, now_ns);
}

static struct source_counts counts_of(const struct pipeline *p)
{
	return p->source != NULL ? source_counts(p->source) : p->counts;
}

struct run_end pipeline_totals(const struct pipeline *p, bool whole)
{
	struct source_counts counts = counts_of(p);
	struct run_end end = {
		.decoded = decoder_counts(p->decoder),
		.packets = counts.packets,
		.bytes = counts.bytes,
		.filtered = counts.filtered,
		.backwards = counts.backwards,
		.dropped = counts.dropped,
		.stopped = !whole,
	};
	if (p->source != NULL)
		end.damage = source_damage(p->source, &end.n_damage);
	return end;
}

struct event pipeline_stats(const struct pipeline *p, const struct run_end *end)
{
	return (struct event){
		.kind = EVENT_STATS,
		.at = p->last,
		.id = SLICE("stats"),
		.input_names = p->inputs.names,
		.n_inputs = p->inputs.n,
		.summary = analysis_summary(p->analysis),
		.run_end = end,
	};
}

static struct run_end stats_tell(struct pipeline *p, bool whole)
{
	struct run_end end = pipeline_totals(p, whole);
	struct event stats = pipeline_stats(p, &end);
	rules_event(p->rules, &stats);
	return end;
}

struct run_end pipeline_pause(struct pipeline *p, int64_t now_ns)
{
	set_running(p, NULL);
	decoder_dropped(p->decoder, p->counts.dropped_behind);
	decoder_finish(p->decoder);
	analysis_tick(p->analysis, now_ns);
	rules_tick(p->rules, now_ns);
	return stats_tell(p, true);
}

/* The clock of the rules ends with the last packet. */
struct run_end pipeline_finish(struct pipeline *p, bool whole)
{
	set_running(p, NULL);
	decoder_dropped(p->decoder, counts_of(p).dropped_behind);
	decoder_finish(p->decoder);
	analysis_finish(p->analysis);
	rules_finish(p->rules, p->last.ns);
	return stats_tell(p, whole);
}

void pipeline_close(struct pipeline *p)
{
	set_running(p, NULL);
	decoder_free(p->decoder);
	analysis_free(p->analysis);
	rules_free(p->rules);
	free(p->names);
	source_close(p->source);
}
