/*
 * monitor.c - `davscope monitor`: interfaces in, findings to where operators look, for months.
 *
 * Rights are given up in an order: what needs them is opened; the guard of the keeper begins, which
 * never has them; then the user, capabilities and directories go, then threads begin, then system
 * calls go; only then the first packet is read.
 */
#include "cmd/monitor/watcher.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

enum { EVIDENCE_MAX = 512, GOODBYE_MS = 10000, POLL_MS = 100 };

/* ---- setting up ---- */

static struct sandbox sandbox_of(const struct watcher *w)
{
	return (struct sandbox){
		.mode = w->options.sandbox,
		.role = SANDBOX_WATCHER,
		.channel = w->channel != NULL ? channel_fd(w->channel) : 0,
		.lacking = rights_lack,
	};
}

/* Without its directory there is no ring; the sandbox would take that for a mistake of its own. */
static bool ring_is_possible(const struct watcher *w, struct error *e)
{
	char **writes = settings_writes(w, e);
	bool good = writes != NULL;
	for (size_t i = 0; good && writes[i] != NULL; i++)
		if (access(writes[i], F_OK) != 0)
			good = error_set(e, "%.200s: %s", writes[i], strerror(errno));
	directories_free(writes);
	return good;
}

static bool confine(struct watcher *w, struct error *e)
{
	struct sandbox sandbox = sandbox_of(w);
	char **reads = settings_reads(w, e);
	return rights_narrow(&sandbox, reads, settings_writes(w, e), e);
}

static uint64_t ring_hash(void *ctx, uint16_t input)
{
	const struct watcher *w = ctx;
	return ring_content_hash(w->ring, input);
}

static bool open_pipeline(struct watcher *w, const struct hash_key *key, struct error *e)
{
	struct ruleset *taken = w->ruleset;
	struct pipeline *p = &w->pipeline;
	w->ruleset = NULL;
	p->key = *key;
	pipeline_live(p,
	    (struct pipeline_inputs){ ring_names(w->ring), RING_INPUTS, ring_hash, w });
	return pipeline_open(p, taken, (struct pipeline_wish){ .bodies = BODIES_ALL }, e);
}

bool watcher_ready(struct watcher *w, const struct hash_key *key, uint16_t first_input)
{
	struct error e;
	w->opened = true;
	if (!ring_is_possible(w, &e))
		w->code = EXIT_OUTPUT;
	else if (!confine(w, &e))
		w->code = EXIT_USAGE;
	else if ((w->ring = options_ring(&w->options, first_input, &e)) == NULL)
		w->code = EXIT_OUTPUT;
	else if (!records_open(w, &e) || !open_pipeline(w, key, &e))
		w->code = EXIT_INTERNAL;
	if (w->code != EXIT_DONE)
		warn("%s", e.text);
	return w->code == EXIT_DONE;
}

/* Complaints have been made when it is false. */
static bool open_conditions(struct watcher *w)
{
	w->ruleset = options_ruleset(&w->options, &w->code);
	if (w->ruleset != NULL && w->options.filter != NULL) {
		w->filter = options_filter(&w->options, w->ruleset);
		if (w->filter == NULL)
			w->code = EXIT_USAGE;
	}
	return w->code == EXIT_DONE;
}

static bool open_keeper(struct watcher *w, struct error *e)
{
	int fd = -1;
	w->code = EXIT_INTERNAL;
	if (!guard_start(&w->options, &fd, e))
		return false;
	w->channel = channel_new(fd, e);
	w->outbox = w->channel != NULL ? outbox_new(w->channel, &w->options.limits, e) : NULL;
	if (w->outbox == NULL)
		return false;
	w->code = EXIT_DONE;
	return true;
}

static bool become_user(struct watcher *w, struct error *e)
{
	if (w->options.user == NULL || sandbox_user(w->options.user, e))
		return true;
	w->code = EXIT_USAGE;
	return false;
}

/* What still has the rights that we were started with. */
static bool open_rights(struct watcher *w, struct error *e)
{
	w->signals = signals_open(e);
	if (w->signals < 0) {
		w->code = EXIT_INTERNAL;
		return false;
	}
	if (!notify_open(&w->notify, e)) {
		w->code = EXIT_INTERNAL;
		return false;
	}
	w->live = options_live(&w->options, w->bpf, &w->code, e);
	return w->live != NULL && open_keeper(w, e) && become_user(w, e);
}

static bool seal(struct watcher *w)
{
	struct error e;
	const struct sandbox sandbox = sandbox_of(w);
	if (sandbox_seal(&sandbox, &e))
		return true;
	warn("%s", e.text);
	w->code = EXIT_USAGE;
	return false;
}

static bool watcher_open(struct watcher *w)
{
	struct error e;
	if (!open_conditions(w))
		return false;
	if (!open_rights(w, &e)) {
		warn("%s", e.text);
		return false;
	}
	return memory_recall(w) && seal(w);
}

static void watcher_close(struct watcher *w)
{
	struct error e;
	live_close(w->live);
	records_close(w);
	filter_free(w->filter);
	pipeline_close(&w->pipeline);
	ruleset_free(w->ruleset);
	ruleset_free(w->waiting);
	if (w->ring != NULL && !ring_close(w->ring, &e)) {
		warn("%s", e.text);
		w->code = exit_worse(w->code, EXIT_OUTPUT);
	}
	outbox_free(w->outbox);
	channel_free(w->channel);
	notify_close(&w->notify);
	config_free(w->waiting_config);
	if (w->config != w->begun)
		config_free(w->config);
	config_free(w->begun);
	if (w->signals >= 0)
		close(w->signals);
}

/* ---- the end ---- */

/* Until the keeper has all of it and is gone, or takes too long. */
static void goodbye(struct watcher *w)
{
	int64_t until = clock_ns() + GOODBYE_MS * INT64_C(1000000);
	w->parting = true;
	outbox_send(w->outbox, MESSAGE_END, 0, (struct slice){ 0 });
	while (!w->keeper_lost && clock_ns() < until) {
		bool sent = outbox_flush(w->outbox);
		struct pollfd fd = { channel_fd(w->channel), sent ? POLLIN : POLLIN | POLLOUT, 0 };
		if (poll(&fd, 1, POLL_MS) > 0)
			talk_take(w);
	}
}

static void say_evidence(const struct watcher *w, const struct run_end *end)
{
	char text[EVIDENCE_MAX];
	if (report_incomplete(analysis_summary(w->pipeline.analysis), end, text, sizeof text))
		warn("evidence: incomplete (%s)", text);
}

/* With a state directory what is open goes on in the next run; else this is the end of it. */
static void finish(struct watcher *w)
{
	struct run_end end;
	uint64_t lost = live_lost(w->live);
	notify_stopping(&w->notify);
	ring_lost(w->ring, lost);
	w->pipeline.counts.dropped += lost;
	w->pipeline.counts.dropped_behind = lost;
	if (w->remembers) {
		end = pipeline_pause(&w->pipeline, wall_ns());
		if (!memory_finish(w))
			warn("the last changes of the state are not saved");
	} else {
		end = pipeline_finish(&w->pipeline, true);
	}
	records_end(w, &end);
	goodbye(w);
	say_evidence(w, &end);
	if (w->found)
		w->code = exit_worse(w->code, EXIT_FINDINGS);
}

static void run(struct watcher *w)
{
	if (!watcher_open(w))
		return;
	for (size_t i = 0; i < w->options.n_interfaces; i++)
		warn("listening on %s", w->options.interfaces[i]);
	metrics_reload(w->metrics, true, wall_ns());
	notify_ready(&w->notify);
	loop_run(w);
	finish(w);
}

int command_monitor(const struct options *o)
{
	struct watcher w = { .given = o, .signals = -1, .notify = { .fd = -1 }, .code = EXIT_DONE };
	if (o->lists_interfaces)
		return interfaces_print();
	if (!settings_read(&w, &w.code))
		return w.code;
	w.pipeline = pipeline_begin(&w.options,
	    (struct pipeline_sink){ records_event, records_finding, &w });
	run(&w);
	watcher_close(&w);
	return w.code;
}
