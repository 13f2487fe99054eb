/*
 * sinks.c - a thread a sink: takes what waits in its queue or in the spill, tries until it is taken, and
 * says so. Here the order of findings is kept, what failed is tried again, and all is counted.
 *
 * Findings that found no room are read back from the spill by their numbers: then the sink is `behind`,
 * and until it has caught up no finding goes through its queue.
 */
#include "report/sink.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

enum { FLUSH_MS = 1000, UNREAD_MS = 50, STEPS_MAX = 60, NEVER = -1 };

/* One sink with its thread. */
struct station {
	/* fixed before the thread begins, or its own */
	struct sink sink;
	const struct sink_ops *ops;
	const struct spill *spill; /* NULL: none */
	pthread_t thread;
	bool started;
	uint8_t *room; /* of what was read from the spill */
	size_t room_n;
	struct record spilled;
	/* guarded by the lock */
	pthread_mutex_t lock;
	pthread_cond_t news, over;
	struct queue queue;
	struct sink_counts counts;
	const struct record *held; /* being delivered; NULL: none */
	struct entry *entry; /* the same, when it came from the queue */
	uint64_t newest; /* number of the last finding heard of */
	uint64_t after; /* of the last one taken up, or passed over */
	uint64_t told; /* of the last one that the spill knows as taken */
	uint64_t unsure; /* findings that were put since, and may be unread */
	/* `after`, `sent` and `unsure` as they were: asked after until that was read; 0: nothing is */
	uint64_t mark, mark_sent, mark_unsure;
	uint64_t steps; /* of the next wait, in sink_backoff_ms */
	int64_t retry_at, flush_at; /* clock_ms(); NEVER */
	bool behind, reopen, closing, hopeless, ended, finished;
};

struct sinks {
	size_t n;
	struct station *stations;
};

static const struct sink_ops *const kinds[] = {
#define SINK(code, name, text) &sink_##code,
#include "sinks.def"
#undef SINK
};

/* ---- the thread's side; the lock is held except around calls that can take long ---- */

static void station_wait(struct station *s)
{
	int64_t until = s->held != NULL || s->retry_at != 0 ? s->retry_at : NEVER;
	if (s->flush_at != NEVER && (until == NEVER || s->flush_at < until))
		until = s->flush_at;
	if (s->unsure != 0 && (until == NEVER || until > clock_ms() + UNREAD_MS))
		until = clock_ms() + UNREAD_MS;
	struct timespec at = { (time_t)(until / 1000), (long)(until % 1000) * 1000000 };
	if (until == NEVER)
		pthread_cond_wait(&s->news, &s->lock);
	else
		pthread_cond_timedwait(&s->news, &s->lock, &at);
}

static bool is_wanted(const struct station *s, const struct record *r)
{
	const struct sink_config *c = s->sink.config;
	if (r->kind >= EVENT_KINDS || !(c->kinds >> r->kind & 1))
		return false;
	if (s->ops->findings_only && r->kind != EVENT_FINDING)
		return false;
	return r->kind != EVENT_FINDING || r->severity >= c->least;
}

static bool takes_findings(const struct station *s)
{
	return s->sink.config->kinds >> EVENT_FINDING & 1;
}

/* A record that would break a line, or a terminal, comes from no writer of ours. */
static bool is_clean(struct slice json)
{
	return json.n != 0 && vis_is_plain(json);
}

static void record_pass(struct station *s, const struct record *r, const char *why)
{
	s->counts.dropped[r->kind == EVENT_FINDING]++;
	if (why != NULL)
		error_set(&s->counts.why, "%s", why);
}

static bool is_idle(const struct station *s)
{
	return s->held == NULL && !s->behind && s->queue.rows[0].n == 0 && s->queue.rows[1].n == 0;
}

static void held_done(struct station *s)
{
	if (s->entry != NULL)
		queue_done(&s->queue, s->entry);
	s->entry = NULL;
	s->held = NULL;
	s->retry_at = 0;
	s->steps = 0;
}

static void held_drop(struct station *s)
{
	record_pass(s, s->held, NULL);
	held_done(s);
}

/* What the other side asks for is heard, within the longest wait of our own. */
static void station_delay(struct station *s)
{
	uint64_t first = s->sink.limits->sink_backoff_ms, most = STEPS_MAX * first;
	s->steps = s->steps == 0 ? 1 : s->steps * 2 < STEPS_MAX ? s->steps * 2 : STEPS_MAX;
	uint64_t wait = s->steps * first;
	if (s->sink.wait_ms > wait)
		wait = s->sink.wait_ms < most ? s->sink.wait_ms : most;
	s->retry_at = clock_ms() + (int64_t)wait;
	s->counts.retried++;
	/* At the end each has one more try, not the patience of all. */
	s->hopeless = s->closing;
}

static void station_failed(struct station *s, const struct error *why)
{
	s->counts.failing = true;
	s->counts.why = *why;
}

/* True: one is held. What came while it was looked for is looked for again. */
static bool spill_read(struct station *s)
{
	uint64_t newest = s->newest;
	struct record *r = &s->spilled;
	pthread_mutex_unlock(&s->lock);
	enum spill_answer answer = s->spill->next(s->spill->ctx, s->counts.name, s->after, r,
	    &s->room, &s->room_n);
	pthread_mutex_lock(&s->lock);
	s->retry_at = 0;
	if (answer == SPILL_FAILED) {
		/* Nothing is passed over: there may be more. */
		station_failed(s, &(const struct error){ "what waits on the disk cannot be read" });
		station_delay(s);
		return false;
	}
	/* One that does not count up would have us read it for ever. */
	bool found = answer == SPILL_RECORD && r->number > s->after;
	s->after = found ? r->number : newest > s->after ? newest : s->after;
	s->newest = s->newest > s->after ? s->newest : s->after;
	if (!found) {
		s->behind = s->newest > s->after;
		return false;
	}
	r->kind = EVENT_FINDING;
	if (!is_clean(r->json))
		record_pass(s, r, "a finding in the spill is damaged");
	else if (is_wanted(s, r))
		s->held = r;
	return s->held != NULL;
}

static bool station_take(struct station *s)
{
	if (s->behind && s->queue.rows[1].n == 0 && clock_ms() >= s->retry_at)
		return spill_read(s);
	s->entry = queue_take(&s->queue);
	if (s->entry == NULL)
		return false;
	s->held = &s->entry->record;
	if (s->held->number > s->after)
		s->after = s->held->number;
	return true;
}

static void station_answered(struct station *s, enum sink_answer answer, const struct error *why)
{
	bool is_finding = s->held->kind == EVENT_FINDING;
	switch (answer) {
	case SINK_TAKEN:
		s->counts.delivered[is_finding]++;
		s->counts.failing = false;
		s->unsure += is_finding && s->ops->unread != NULL && s->spill != NULL;
		if (s->ops->flush != NULL && s->flush_at == NEVER)
			s->flush_at = clock_ms() + FLUSH_MS;
		held_done(s);
		break;
	case SINK_LATER:
		station_failed(s, why);
		station_delay(s);
		break;
	case SINK_REFUSED:
		station_failed(s, why);
		held_drop(s);
		break;
	default:
		s->ended = true;
		s->counts.failing = false;
		held_drop(s);
		break;
	}
}

/* A stream broke: the findings that it may not have given to its reader come once more, from the spill. */
static void station_rewind(struct station *s)
{
	s->sink.broken = false;
	if (s->unsure == 0)
		return;
	s->counts.delivered[1] -= s->unsure;
	s->counts.retried += s->unsure;
	s->unsure = 0;
	s->mark = s->mark_unsure = 0;
	if (s->held != NULL && s->held->kind == EVENT_FINDING)
		held_done(s);
	queue_forget(&s->queue);
	s->after = s->told;
	s->behind = true;
}

static void station_try(struct station *s)
{
	struct error why = { "" };
	const struct record *r = s->held;
	pthread_mutex_unlock(&s->lock);
	s->sink.wait_ms = 0;
	enum sink_answer answer = SINK_LATER;
	bool open = s->ops->open(&s->sink, &why);
	/* What was lost goes in front. */
	bool again = open && s->sink.broken && s->unsure != 0;
	if (open && !again)
		answer = s->ops->put(&s->sink, r, &why);
	pthread_mutex_lock(&s->lock);
	if (!again)
		station_answered(s, answer, &why);
	if (s->sink.broken)
		station_rewind(s);
}

static void station_flush(struct station *s)
{
	struct error why = { "" };
	s->flush_at = NEVER;
	pthread_mutex_unlock(&s->lock);
	bool good = s->ops->flush(&s->sink, &why);
	pthread_mutex_lock(&s->lock);
	if (!good)
		station_failed(s, &why);
}

static void station_reopen(struct station *s)
{
	struct error why = { "" };
	s->reopen = false;
	s->retry_at = 0;
	s->steps = 0;
	if (!s->ops->reopens)
		return;
	if (s->flush_at != NEVER)
		station_flush(s);
	pthread_mutex_unlock(&s->lock);
	s->ops->close(&s->sink);
	bool good = s->ops->open(&s->sink, &why);
	pthread_mutex_lock(&s->lock);
	if (!good)
		station_failed(s, &why);
	else
		s->counts.failing = false;
}

/* One mark at a time is followed, so that it is reached also in a stream that is never empty. */
static bool is_read(struct station *s)
{
	if (s->unsure == 0)
		return true;
	if (s->mark == 0) {
		s->mark = s->after;
		s->mark_sent = s->sink.sent;
		s->mark_unsure = s->unsure;
	}
	uint64_t unread = s->ops->unread(&s->sink);
	if (s->sink.broken)
		station_rewind(s);
	/* At the end it is left to the reader: it can still read when we are gone. */
	return s->mark != 0 && (s->closing || s->sink.sent - unread >= s->mark_sent);
}

/* Whatever is not on its way is delivered, or was not for this sink. */
static bool is_to_tell(struct station *s)
{
	if (!s->behind && s->queue.rows[1].n == 0 && s->newest > s->after)
		s->after = s->newest;
	bool on_its_way = s->held != NULL && s->held->kind == EVENT_FINDING;
	if (s->spill == NULL || !takes_findings(s) || s->after <= s->told)
		return false;
	return s->mark != 0 ? is_read(s) : !on_its_way && is_read(s);
}

static void station_tell(struct station *s)
{
	s->told = s->mark != 0 ? s->mark : s->after;
	s->unsure -= s->mark_unsure;
	s->mark = s->mark_unsure = 0;
	pthread_mutex_unlock(&s->lock);
	s->spill->taken(s->spill->ctx, s->counts.name, s->told);
	pthread_mutex_lock(&s->lock);
}

static void *station_main(void *arg)
{
	struct station *s = arg;
	pthread_mutex_lock(&s->lock);
	for (;;) {
		if (s->reopen)
			station_reopen(s);
		else if (is_to_tell(s))
			station_tell(s);
		else if (s->hopeless || (s->closing && is_idle(s)))
			break;
		else if (s->flush_at != NEVER && clock_ms() >= s->flush_at)
			station_flush(s);
		else if (s->held != NULL && s->ended)
			held_drop(s);
		else if (s->held != NULL && clock_ms() >= s->retry_at)
			station_try(s);
		else if (s->held != NULL ||
		    (!station_take(s) && (is_idle(s) || clock_ms() < s->retry_at)))
			station_wait(s);
	}
	if (s->flush_at != NEVER)
		station_flush(s);
	s->finished = true;
	pthread_cond_signal(&s->over);
	pthread_mutex_unlock(&s->lock);
	return NULL;
}

/* ---- who makes them ---- */

static bool station_init(struct station *s, const struct sink_config *c, const struct limits *l)
{
	pthread_condattr_t by_clock;
	*s = (struct station){
		.sink = { .config = c,
		    .limits = l,
		    .stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) },
		.ops = kinds[c->kind],
		.queue = { .most_records = l->sink_records, .most_bytes = l->sink_bytes },
		.counts.name = c->name,
		.flush_at = NEVER,
	};
	pthread_mutex_init(&s->lock, NULL);
	pthread_condattr_init(&by_clock);
	pthread_condattr_setclock(&by_clock, CLOCK_MONOTONIC);
	pthread_cond_init(&s->news, &by_clock);
	pthread_cond_init(&s->over, &by_clock);
	pthread_condattr_destroy(&by_clock);
	return s->sink.stop >= 0;
}

static void station_fini(struct station *s)
{
	if (s->sink.own != NULL)
		s->ops->free(&s->sink);
	if (s->entry != NULL)
		queue_done(&s->queue, s->entry);
	queue_clear(&s->queue);
	free(s->room);
	if (s->sink.stop >= 0)
		close(s->sink.stop);
	pthread_cond_destroy(&s->news);
	pthread_cond_destroy(&s->over);
	pthread_mutex_destroy(&s->lock);
}

/* Files and programs lie on this machine: asking for them keeps nobody waiting. */
static bool is_asked_for(const struct station *s)
{
	enum sink_kind kind = s->sink.config->kind;
	return s->sink.config->required || kind == SINK_FILE || kind == SINK_PROGRAM;
}

/* What can be wrong with the configuration is told here; whether somebody far is there, only of required ones. */
static bool station_open(struct station *s, const struct spill *spill, struct error *e)
{
	struct error why = { "" };
	if (!s->ops->start(&s->sink, e))
		return false;
	bool (*reach)(struct sink *, struct error *) = s->ops->reach;
	if (reach == NULL)
		reach = s->ops->open;
	if (is_asked_for(s) && !reach(&s->sink, &why))
		station_failed(s, &why);
	s->spill = spill;
	if (spill != NULL && takes_findings(s)) {
		s->after = s->told = s->newest = spill->begin(spill->ctx, s->counts.name);
		/* Looked at only: the thread reads it again. */
		s->behind = spill->next(spill->ctx, s->counts.name, s->after, &s->spilled, &s->room,
				&s->room_n) != SPILL_END;
	}
	return true;
}

static bool stations_start(struct sinks *k, struct error *e)
{
	sigset_t all, old;
	int fault = 0;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	for (size_t i = 0; i < k->n && fault == 0; i++) {
		struct station *s = &k->stations[i];
		fault = pthread_create(&s->thread, NULL, station_main, s);
		s->started = fault == 0;
	}
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return fault == 0 || error_set(e, "a thread for a sink: %s", strerror(fault));
}

static bool stations_open(struct sinks *k, const struct sink_config *c, size_t n,
    const struct limits *l, const struct spill *spill, struct error *e)
{
	for (size_t i = 0; i < n; i++) {
		k->n++;
		if (!station_init(&k->stations[i], &c[i], l))
			return error_set(e, "%s: %s", c[i].name, strerror(errno));
		if (!station_open(&k->stations[i], spill, e))
			return false;
	}
	return true;
}

struct sinks *sinks_new(const struct sink_config *c, size_t n, const struct limits *l,
    const struct spill *spill, struct error *e)
{
	struct sinks *k = calloc(1, sizeof(*k));
	if (k != NULL)
		k->stations = calloc(n + 1, sizeof(k->stations[0]));
	if (k == NULL || k->stations == NULL) {
		free(k);
		error_set(e, "out of memory for sinks");
		return NULL;
	}
	if (stations_open(k, c, n, l, spill, e) && stations_start(k, e))
		return k;
	sinks_close(k, 0);
	return NULL;
}

/* ---- who feeds them ---- */

/* A finding that finds no room is read from the spill later, if there is one. */
static void record_queue(struct station *s, const struct record *r)
{
	bool is_finding = r->kind == EVENT_FINDING;
	if (is_finding && s->behind)
		return;
	if (r->kind != (enum event_kind)RECORD_TEXT && !is_clean(r->json)) {
		record_pass(s, r, "a record is no clean line");
		return;
	}
	struct entry *e = entry_new(r);
	if (e != NULL && queue_put(&s->queue, e))
		return;
	free(e);
	if (is_finding && s->spill != NULL && r->number != 0)
		s->behind = true;
	else
		s->counts.dropped[is_finding]++;
}

/* Of a finding that is not for this sink it must know the number: the spill need not keep it. */
static void station_put(struct station *s, const struct record *r)
{
	bool wanted = is_wanted(s, r);
	bool counted = r->kind == EVENT_FINDING && r->number != 0 && takes_findings(s);
	if (!wanted && !counted)
		return;
	pthread_mutex_lock(&s->lock);
	bool known = counted && r->number <= s->newest;
	if (counted && !known)
		s->newest = r->number;
	if (wanted && !known)
		record_queue(s, r);
	pthread_cond_signal(&s->news);
	pthread_mutex_unlock(&s->lock);
}

void sinks_put(struct sinks *k, const struct record *r)
{
	for (size_t i = 0; i < k->n; i++)
		station_put(&k->stations[i], r);
}

void sinks_text(struct sinks *k, struct slice text)
{
	const struct record r = { .kind = (enum event_kind)RECORD_TEXT, .json = text };
	for (size_t i = 0; i < k->n; i++) {
		struct station *s = &k->stations[i];
		if (s->sink.config->kind != SINK_STDOUT || text.n == 0)
			continue;
		pthread_mutex_lock(&s->lock);
		record_queue(s, &r);
		pthread_cond_signal(&s->news);
		pthread_mutex_unlock(&s->lock);
	}
}

void sinks_reopen(struct sinks *k)
{
	for (size_t i = 0; i < k->n; i++) {
		struct station *s = &k->stations[i];
		pthread_mutex_lock(&s->lock);
		s->reopen = true;
		pthread_cond_signal(&s->news);
		pthread_mutex_unlock(&s->lock);
	}
}

static uint64_t station_reach(const struct station *s)
{
	const struct entry *last = s->queue.rows[1].last;
	return !s->behind ? s->newest : last != NULL ? last->record.number : s->after;
}

static void station_counts(struct station *s, struct sink_counts *out)
{
	const struct queue *q = &s->queue;
	pthread_mutex_lock(&s->lock);
	*out = s->counts;
	out->queued = q->held + q->rows[0].n + q->rows[1].n;
	out->queued_bytes = q->held_bytes + q->rows[0].bytes + q->rows[1].bytes;
	out->dropped[0] += q->dropped;
	out->reach = station_reach(s);
	pthread_mutex_unlock(&s->lock);
}

size_t sinks_counts(const struct sinks *k, struct sink_counts *out, size_t room)
{
	for (size_t i = 0; i < k->n && i < room; i++)
		station_counts(&k->stations[i], &out[i]);
	return k->n;
}

/* ---- the end ---- */

static void station_close(struct station *s)
{
	pthread_mutex_lock(&s->lock);
	s->closing = true;
	s->retry_at = 0;
	pthread_cond_signal(&s->news);
	pthread_mutex_unlock(&s->lock);
}

/* Waits for the thread until then; what it does not get done is left. */
static void station_stop(struct station *s, int64_t until)
{
	const struct timespec at = { (time_t)(until / 1000), (long)(until % 1000) * 1000000 };
	const uint64_t one = 1;
	int fault = 0;
	pthread_mutex_lock(&s->lock);
	while (s->started && !s->finished && fault == 0)
		fault = pthread_cond_timedwait(&s->over, &s->lock, &at);
	s->hopeless = true;
	pthread_cond_signal(&s->news);
	pthread_mutex_unlock(&s->lock);
	/* It cannot fail: the counter is 0. */
	(void)!write(s->sink.stop, &one, sizeof(one));
}

void sinks_close(struct sinks *k, int64_t patience_ms)
{
	int64_t until = clock_ms() + patience_ms;
	for (size_t i = 0; i < k->n; i++)
		station_close(&k->stations[i]);
	for (size_t i = 0; i < k->n; i++)
		station_stop(&k->stations[i], until);
	for (size_t i = 0; i < k->n; i++) {
		if (k->stations[i].started)
			pthread_join(k->stations[i].thread, NULL);
		station_fini(&k->stations[i]);
	}
	free(k->stations);
	free(k);
}
