/*
 * analyze.c - `davscope analyze`: captures in, transactions and findings out. This file only wires:
 * the pipeline to filter, slice and report, and what came of it to an exit code.
 */
#include "cmd/pipeline.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PROGRESS_PACKETS = 4096, EVIDENCE_MAX = 512 };

struct run {
	const struct options *options;
	struct pipeline pipeline;
	struct out *out;
	struct report *report; /* borrows from the rules */
	struct ruleset *ruleset; /* until the pipeline takes it */
	struct filter *filter; /* NULL without -Y; borrows from the rules */
	struct slicer *slicer; /* NULL without -w */
	struct progress progress;
	struct profiles *profiles; /* for the diagnosis; NULL: there is none */
	struct conclusions conclusions;
	uint64_t transactions;
	size_t damage_told; /* of the inputs' */
	bool found; /* a finding that --fail-on is about */
	bool idle; /* nothing came since it was last seen to */
	bool unread; /* whoever read standard output went away */
};

/* ---- setting up ---- */

static bool is_shown(struct run *run, const struct event *event)
{
	return run->filter == NULL || filter_test(run->filter, event) == TRUE;
}

/* Under the event that completed it; shown with it. */
static void run_finding(void *ctx, const struct event *event, const struct event *cause)
{
	struct run *run = ctx;
	const struct options *o = run->options;
	const struct finding *f = event->finding;
	if (!is_shown(run, event) && (cause == NULL || !is_shown(run, cause)))
		return;
	report_finding(run->report, event, cause);
	run->found = run->found ||
	    (o->fail_on_given && f->outcome == CONCLUSIVE && f->severity >= o->fail_on);
}

static void slice_event(struct slicer *slicer, const struct event *event, bool shown)
{
	if (event->kind == EVENT_TRANSACTION && shown)
		slicer_transaction(slicer, event->txn);
	if (event->kind == EVENT_FLOW)
		slicer_flow(slicer, event->flow);
}

static void run_event(void *ctx, const struct event *event)
{
	struct run *run = ctx;
	bool shown = is_shown(run, event);
	if (shown)
		report_event(run->report, event);
	if (event->kind == EVENT_TRANSACTION)
		run->transactions++;
	if (run->slicer != NULL)
		slice_event(run->slicer, event, shown);
}

static bool open_report(struct run *run, struct error *e)
{
	const struct options *o = run->options;
	run->out = out_stdout(e);
	if (run->out == NULL)
		return false;
	struct report_options options = options_report(o);
	options.input_names = run->pipeline.inputs.names;
	options.n_inputs = run->pipeline.inputs.n;
	options.live = o->follow;
	run->report = report_new(&options, run->out, e);
	return run->report != NULL;
}

/* What is found must not depend on the form of the output. */
static bool open_pipeline(struct run *run, struct error *e)
{
	struct ruleset *taken = run->ruleset;
	const struct options *o = run->options;
	bool deep = run->filter != NULL && filter_is_deep(run->filter);
	const struct pipeline_wish wish = {
		.bodies = deep ? BODIES_ALL : o->bodies,
		.keep_packets = run->slicer != NULL,
		.alone = o->format == REPORT_TEXT && run->filter == NULL && !o->explain,
	};
	run->ruleset = NULL;
	return pipeline_open(&run->pipeline, taken, wish, e);
}

/* Nobody is left to tell: standard output is closed, and neither slice nor verdict was asked for. */
static bool is_pointless(struct run *run)
{
	run->unread = run->unread || out_broken_pipe(run->out);
	return (run->unread || out_failed(run->out, NULL)) && run->slicer == NULL &&
	    !run->options->fail_on_given;
}

/* Of a row of files that is followed as soon as it is known: it may go on for months. */
static void tell_damage(struct run *run)
{
	size_t n;
	const struct damage *damage = source_damage(run->pipeline.source, &n);
	for (; run->damage_told < n; run->damage_told++) {
		const struct damage *d = &damage[run->damage_told];
		progress_erase(&run->progress);
		warn("%s: damaged at record %llu, byte %llu: %s; everything before it was read",
		    source_name(run->pipeline.source, d->input), (unsigned long long)d->record,
		    (unsigned long long)d->offset, d->text);
	}
}

/* The file that is followed has no more so far. */
static void run_idle(void *ctx)
{
	struct run *run = ctx;
	if (run->pipeline.decoder == NULL)
		return;
	tell_damage(run);
	if (run->idle)
		return;
	run->idle = true;
	pipeline_flush(&run->pipeline);
	out_flush(run->out);
	if (is_pointless(run))
		source_break(run->pipeline.source);
}

static bool open_source(struct run *run, struct error *e)
{
	struct source_options options = options_source(run->options);
	options.idle = run_idle;
	options.ctx = run;
	return pipeline_source(&run->pipeline, &options, e);
}

static bool open_slice(struct run *run, struct error *e)
{
	if (run->options->slice_path == NULL)
		return true;
	run->slicer = slicer_open(run->options, e);
	return run->slicer != NULL;
}

/* Complaints have been made when the answer is another than EXIT_DONE. */
static int open_conditions(struct run *run)
{
	int code = EXIT_DONE;
	const struct options *o = run->options;
	run->ruleset = options_ruleset(o, &code);
	if (run->ruleset == NULL)
		return code;
	if (o->format == REPORT_TEXT)
		run->profiles = options_profiles(o, &code);
	if (code != EXIT_DONE)
		return code;
	if (o->filter != NULL)
		run->filter = options_filter(o, run->ruleset);
	return o->filter == NULL || run->filter != NULL ? EXIT_DONE : EXIT_USAGE;
}

/* A mistyped file name among the last words has become a capture filter: say so. */
static int source_refused(const struct options *o, const struct error *e)
{
	const struct slice filter = SLICE(
	    "filter: "); /* so capture/ begins these, and only these */
	if (!slice_starts(slice_from(e->text), filter)) {
		warn("%s", e->text);
		return EXIT_INPUT;
	}
	const char *why = e->text + filter.n;
	if (o->bpf_word != NULL)
		warn("capture filter '%s': %s ('%s' is no file)", o->bpf, why, o->bpf_word);
	else
		warn("-f '%s': %s", o->bpf, why);
	return EXIT_USAGE;
}

/* The exit code says which kind of thing could not be had; EXIT_DONE when all is there. */
static int run_open(struct run *run)
{
	struct error e;
	int code = EXIT_DONE;
	if (!slice_is_safe(run->options, &e))
		code = EXIT_USAGE;
	else if ((code = open_conditions(run)) != EXIT_DONE)
		return code;
	else if (!open_source(run, &e))
		return source_refused(run->options, &e);
	else if (!open_slice(run, &e))
		code = EXIT_OUTPUT;
	else if (!open_report(run, &e))
		code = EXIT_INTERNAL;
	else if (!rights_confine(run->options, run->options->slice_path, &e))
		code = EXIT_USAGE;
	else if (!open_pipeline(run, &e))
		code = EXIT_INTERNAL;
	else if (!rights_seal(run->options, &e))
		code = EXIT_USAGE;
	if (code != EXIT_DONE)
		warn("%s", e.text);
	return code;
}

static void run_close(struct run *run)
{
	report_free(run->report);
	filter_free(run->filter);
	pipeline_close(&run->pipeline);
	ruleset_free(run->ruleset);
	profiles_free(run->profiles);
	out_abandon(run->out);
	slicer_abandon(run->slicer);
}

/* ---- running ---- */

/* True: the inputs were read to their end. */
static bool run_packets(struct run *run)
{
	struct packet packet;
	enum source_status status = SOURCE_END;
	uint64_t n = 0;
	while ((status = pipeline_next(&run->pipeline, &packet)) == SOURCE_PACKET) {
		run->idle = false;
		if (run->slicer != NULL)
			slicer_packet(run->slicer, &packet);
		decoder_packet(run->pipeline.decoder, &packet);
		if (++n % PROGRESS_PACKETS != 0)
			continue;
		struct source_counts counts = source_counts(run->pipeline.source);
		progress_show(&run->progress, &counts, run->transactions);
		if (is_pointless(run))
			return false;
	}
	return status == SOURCE_END &&
	    (run->options->max_packets == 0 || n < run->options->max_packets);
}

static int write_slice(struct run *run)
{
	struct error e;
	uint64_t written = 0, missing = 0;
	struct slicer *slicer = run->slicer;
	run->slicer = NULL;
	if (slicer == NULL)
		return EXIT_DONE;
	if (!slicer_close(slicer, &written, &missing, &e)) {
		warn("%s", e.text);
		return EXIT_OUTPUT;
	}
	if (missing == 0 && written == 0)
		warn("-w %s: no packet in it, as no transaction was %s", run->options->slice_path,
		    run->filter != NULL ? "chosen by -Y" : "found");
	if (missing == 0)
		return EXIT_DONE;
	warn("-w %s: %llu packets are missing; see limit packet_keep", run->options->slice_path,
	    (unsigned long long)missing);
	return EXIT_INCOMPLETE;
}

/* What is said beside the report. */
static int warn_of_evidence(struct run *run, const struct summary *summary,
    const struct run_end *end)
{
	char text[EVIDENCE_MAX];
	tell_damage(run);
	if (report_incomplete(summary, end, text, sizeof text))
		warn("evidence: incomplete (%s)", text);
	return end->n_damage != 0 ? EXIT_INCOMPLETE : EXIT_DONE;
}

/* A diagnosis without them is still one. */
static bool conclude(struct run *run)
{
	const struct conclude_wish wish = { .profile = NULL };
	struct error e;
	return run->profiles != NULL &&
	    analysis_conclude(run->pipeline.analysis, run->profiles, &wish, &run->conclusions, &e);
}

/* Everything that follows the last packet. */
static int run_finish(struct run *run, bool whole)
{
	struct pipeline *p = &run->pipeline;
	progress_erase(&run->progress);
	struct run_end end = pipeline_finish(p, whole);
	const struct summary *summary = analysis_summary(p->analysis);
	if (conclude(run))
		end.conclusions = &run->conclusions;
	report_end(run->report, summary, &end, p->rules);
	out_flush(run->out);
	int code = run->found ? EXIT_FINDINGS : EXIT_DONE;
	if (!is_pointless(run))
		code = exit_worse(code, warn_of_evidence(run, summary, &end));
	code = exit_worse(code, write_slice(run));
	struct out *out = run->out;
	run->out = NULL;
	return exit_worse(code, finish_output(out));
}

static int analyze(const struct options *o)
{
	struct run run = {
		.options = o,
		.progress = progress_begin(isatty(STDOUT_FILENO) == 1 && !o->quiet),
	};
	run.pipeline = pipeline_begin(o, (struct pipeline_sink){ run_event, run_finding, &run });
	int code = run_open(&run);
	if (code == EXIT_DONE)
		code = run_finish(&run, run_packets(&run));
	run_close(&run);
	return code;
}

int command_analyze(const struct options *o)
{
	/* A person who typed `-r -` and sends nothing would wait for ever. */
	if (o->from_stdin && isatty(STDIN_FILENO) == 1) {
		warn("-r - reads a capture from standard input, which is a terminal");
		warn("usage: tcpdump -U -s0 -w - tcp port 80 | davscope -r -  (davscope --help)");
		return EXIT_USAGE;
	}
	struct inputs inputs;
	struct error e;
	if (!inputs_open(&inputs, o, &e)) {
		warn("%s", e.text);
		inputs_close(&inputs);
		return EXIT_INPUT;
	}
	if (o->follow && inputs.n_directories != 0) {
		warn("--follow reads one file, and those that follow it");
		inputs_close(&inputs);
		return EXIT_USAGE;
	}
	struct options expanded = *o;
	expanded.inputs = inputs.paths;
	expanded.n_inputs = inputs.n;
	int code = analyze(&expanded);
	inputs_close(&inputs);
	return code;
}
