/*
 * analyze.c - `davscope analyze`: captures in, transactions out. This file only wires: source to
 * decoder to analysis to report, and what came of it to an exit code.
 */
#include "cmd/cmd.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PROGRESS_PACKETS = 4096, EVIDENCE_MAX = 512 };

struct run {
	const struct options *options;
	struct hash_key key;
	struct source *source;
	const char **names; /* of the inputs */
	struct out *out;
	struct report *report;
	struct analysis *analysis;
	struct decoder *decoder;
	struct slicer *slicer; /* NULL without -w */
	struct progress progress;
	uint64_t transactions;
	bool unread; /* whoever read standard output went away */
};

/* ---- setting up ---- */

static void run_event(void *ctx, const struct event *event)
{
	struct run *run = ctx;
	report_event(run->report, event);
	if (event->kind == EVENT_TRANSACTION)
		run->transactions++;
	if (event->kind == EVENT_FLOW && run->slicer != NULL)
		slicer_flow(run->slicer, event->flow);
}

static bool wants_color(const struct options *o)
{
	const char *no_color = getenv("NO_COLOR");
	const char *term = getenv("TERM");
	if (o->color != COLOR_AUTO)
		return o->color == COLOR_ALWAYS;
	return isatty(STDOUT_FILENO) == 1 && (no_color == NULL || no_color[0] == '\0') &&
	    term != NULL && strcmp(term, "dumb") != 0;
}

static bool open_source(struct run *run, struct error *e)
{
	struct source_options options = options_source(run->options);
	run->source = source_open(&options, e);
	if (run->source == NULL)
		return false;
	size_t n = source_inputs(run->source);
	run->names = calloc(n, sizeof *run->names);
	if (run->names == NULL)
		return error_set(e, "out of memory");
	for (size_t i = 0; i < n; i++)
		run->names[i] = source_name(run->source, (uint16_t)i);
	return true;
}

static bool open_report(struct run *run, struct error *e)
{
	const struct options *o = run->options;
	run->out = out_open("-", e);
	if (run->out == NULL)
		return false;
	struct report_options options = {
		.format = o->format,
		.columns = o->columns,
		.n_columns = o->n_columns,
		.color = wants_color(o),
		.narrow = isatty(STDOUT_FILENO) == 1,
		.quiet = o->quiet,
		.local_time = o->local_time,
		.sensor = o->sensor,
		.limits = &o->limits,
		.input_names = run->names,
		.n_inputs = source_inputs(run->source),
	};
	run->report = report_new(&options, run->out, e);
	return run->report != NULL;
}

static bool open_analysis(struct run *run, struct error *e)
{
	struct analysis_options options = {
		.limits = &run->options->limits,
		.key = run->key,
		.input_names = run->names,
		.n_inputs = source_inputs(run->source),
	};
	run->analysis = analysis_new(&options, (struct analysis_sink){ run_event, run }, e);
	return run->analysis != NULL;
}

static bool open_decoder(struct run *run, struct error *e)
{
	const struct options *o = run->options;
	struct decode_options options = {
		.limits = o->limits,
		.key = run->key,
		.workers = o->workers,
		.bodies = o->bodies,
		.keep_packets = run->slicer != NULL,
	};
	run->decoder = decoder_new(&options, analysis_input(run->analysis), e);
	return run->decoder != NULL;
}

static bool open_slice(struct run *run, struct error *e)
{
	if (run->options->slice_path == NULL)
		return true;
	run->slicer = slicer_open(run->options, e);
	return run->slicer != NULL;
}

/* capture/ begins these with "filter: ", and only these. */
static bool is_filter_error(const struct error *e)
{
	return slice_starts(slice_from(e->text), SLICE("filter: "));
}

/* The exit code says which kind of thing could not be had; EXIT_DONE when all is there. */
static int run_open(struct run *run, struct error *e)
{
	if (!slice_is_safe(run->options, e))
		return EXIT_USAGE;
	if (!open_source(run, e))
		return is_filter_error(e) ? EXIT_USAGE : EXIT_INPUT;
	if (!open_slice(run, e))
		return EXIT_OUTPUT;
	if (!open_report(run, e) || !open_analysis(run, e) || !open_decoder(run, e))
		return EXIT_INTERNAL;
	return EXIT_DONE;
}

static void run_close(struct run *run)
{
	decoder_free(run->decoder);
	analysis_free(run->analysis);
	report_free(run->report);
	out_abandon(run->out);
	slicer_abandon(run->slicer);
	free(run->names);
	source_close(run->source);
}

/* ---- running ---- */

static void running(const struct options *o, struct source *source)
{
	if (o->running != NULL)
		o->running(source);
}

/* Nobody is left to tell: standard output is closed and no slice was asked for. */
static bool is_pointless(struct run *run)
{
	run->unread = run->unread || out_broken_pipe(run->out);
	return (run->unread || out_failed(run->out, NULL)) && run->slicer == NULL;
}

/* True: the inputs were read to their end. */
static bool run_packets(struct run *run)
{
	struct packet packet;
	enum source_status status = SOURCE_END;
	uint64_t n = 0;
	while ((status = source_next(run->source, &packet)) == SOURCE_PACKET) {
		if (run->slicer != NULL)
			slicer_packet(run->slicer, &packet);
		decoder_packet(run->decoder, &packet);
		if (++n % PROGRESS_PACKETS != 0)
			continue;
		struct source_counts counts = source_counts(run->source);
		progress_show(&run->progress, &counts, run->transactions);
		if (is_pointless(run))
			return false;
	}
	return status == SOURCE_END &&
	    (run->options->max_packets == 0 || n < run->options->max_packets);
}

static struct run_end run_end(const struct run *run, bool whole)
{
	struct source_counts counts = source_counts(run->source);
	struct run_end end = {
		.decoded = decoder_counts(run->decoder),
		.packets = counts.packets,
		.bytes = counts.bytes,
		.filtered = counts.filtered,
		.backwards = counts.backwards,
		.dropped = counts.dropped,
		.stopped = !whole,
	};
	end.damage = source_damage(run->source, &end.n_damage);
	return end;
}

static int warn_of_damage(const struct run *run, const struct run_end *end)
{
	for (size_t i = 0; i < end->n_damage; i++) {
		const struct damage *d = &end->damage[i];
		warn("%s: damaged at record %llu, byte %llu: %s; everything before it was read",
		    run->names[d->input], (unsigned long long)d->record,
		    (unsigned long long)d->offset, d->text);
	}
	return end->n_damage != 0 ? EXIT_INCOMPLETE : EXIT_DONE;
}

static int write_slice(struct run *run)
{
	struct error e;
	uint64_t missing = 0;
	struct slicer *slicer = run->slicer;
	run->slicer = NULL;
	if (slicer == NULL)
		return EXIT_DONE;
	if (!slicer_close(slicer, &missing, &e)) {
		warn("%s", e.text);
		return EXIT_OUTPUT;
	}
	if (missing == 0)
		return EXIT_DONE;
	warn("-w %s: %llu packets are missing; see limit packet_keep", run->options->slice_path,
	    (unsigned long long)missing);
	return EXIT_INCOMPLETE;
}

static int worse(int a, int b)
{
	return a > b ? a : b;
}

/* Everything that follows the last packet. */
static int run_finish(struct run *run, bool whole)
{
	decoder_finish(run->decoder);
	progress_erase(&run->progress);
	struct run_end end = run_end(run, whole);
	const struct summary *summary = analysis_summary(run->analysis);
	report_end(run->report, summary, &end);
	out_flush(run->out);
	char text[EVIDENCE_MAX];
	int code = EXIT_DONE;
	if (!is_pointless(run)) {
		code = warn_of_damage(run, &end);
		if (report_incomplete(summary, &end, text, sizeof text))
			warn("evidence: incomplete (%s)", text);
	}
	code = worse(code, write_slice(run));
	struct out *out = run->out;
	run->out = NULL;
	return worse(code, finish_output(out));
}

int command_analyze(const struct options *o)
{
	/* A person who typed `-r -` and sends nothing would wait for ever. */
	if (o->from_stdin && isatty(STDIN_FILENO) == 1) {
		warn("-r - reads a capture from standard input, which is a terminal");
		warn("usage: tcpdump -U -s0 -w - tcp port 80 | davscope -r -  (davscope --help)");
		return EXIT_USAGE;
	}
	struct run run = {
		.options = o,
		.key = o->seeded ? hash_key_from(o->seed) : hash_key_random(),
		.progress = progress_begin(isatty(STDOUT_FILENO) == 1 && !o->quiet),
	};
	struct error e;
	int code = run_open(&run, &e);
	if (code != EXIT_DONE) {
		warn("%s", e.text);
	} else {
		running(o, run.source);
		bool whole = run_packets(&run);
		running(o, NULL);
		code = run_finish(&run, whole);
	}
	run_close(&run);
	return code;
}
