/*
 * loop.c - packets, and between them what has to be done by time: the clock of the analysis moves on,
 * files are rotated, counters go out, state is handed to the keeper, somebody watches that we live.
 */
#include "cmd/monitor/watcher.h"

#include <poll.h>
#include <time.h>
#include <unistd.h>

enum { IDLE_MS = 100, CHORES_PACKETS = 256, SAVE_SECONDS = 4, BEAT_SECONDS = 60, INTERFACES = 64 };
static const int64_t second_ns = 1000000000;
/* Packets this old may still lie in a block that the kernel has not handed out. */
static const int64_t lag_ns = 400000000;

static int64_t clock_read(clockid_t which)
{
	struct timespec now;
	clock_gettime(which, &now);
	return now.tv_sec * second_ns + now.tv_nsec;
}

int64_t clock_now(void)
{
	return clock_read(CLOCK_MONOTONIC);
}

int64_t wall_now(void)
{
	return clock_read(CLOCK_REALTIME);
}

/* ---- counters ---- */

static size_t interfaces_read(struct watcher *w, struct live_counts counts[INTERFACES])
{
	size_t n = live_counts(w->live, counts, INTERFACES);
	return n < INTERFACES ? n : INTERFACES;
}

static void interfaces_count(struct watcher *w)
{
	struct live_counts counts[INTERFACES];
	struct metrics_interface out[INTERFACES];
	size_t n = interfaces_read(w, counts);
	for (size_t i = 0; i < n; i++)
		out[i] = (struct metrics_interface){ counts[i].interface, counts[i].packets,
			counts[i].bytes, counts[i].kernel_drops, counts[i].interface_drops };
	metrics_capture(w->metrics, out, n);
}

void loop_counters(struct watcher *w)
{
	struct live_counts counts[INTERFACES];
	size_t n = interfaces_read(w, counts);
	const struct summary *s = analysis_summary(w->pipeline.analysis);
	const struct outbox_counts out = outbox_counts(w->outbox);
	uint64_t kernel = 0, interface = 0, anomalies = 0;
	for (size_t i = 0; i < n; i++) {
		kernel += counts[i].kernel_drops;
		interface += counts[i].interface_drops;
	}
	for (unsigned i = 0; i < ANOMALY_CODES; i++)
		anomalies += s->anomalies[i];
	warn(
	    "%llu packets, %llu dropped by the kernel, %llu by interfaces; %llu transactions, %llu findings, "
	    "%llu anomalies; %llu findings and %llu records lost on the way to the sinks",
	    (unsigned long long)w->pipeline.counts.packets, (unsigned long long)kernel,
	    (unsigned long long)interface, (unsigned long long)s->transactions,
	    (unsigned long long)w->findings, (unsigned long long)anomalies,
	    (unsigned long long)out.dropped[1], (unsigned long long)out.dropped[0]);
}

static void metrics_send(struct watcher *w)
{
	const struct ring_counts ring = ring_counts(w->ring);
	const struct decode_counts decoded = decoder_counts(w->pipeline.decoder);
	if (w->options.metrics == NULL)
		return;
	interfaces_count(w);
	metrics_ring(w->metrics, ring.closed, ring.deleted, ring.pinned, ring.lost);
	metrics_decode(w->metrics, &decoded);
	metrics_rules(w->metrics, w->pipeline.rules);
	if (w->pipeline.counts.packets != 0)
		metrics_lag(w->metrics, wall_now() - w->pipeline.last.ns);
	metrics_write(w->metrics, w->line);
	outbox_send(w->outbox, MESSAGE_METRICS, 0, out_taken(w->line));
}

/* ---- chores ---- */

static bool is_due(int64_t *timer, int64_t now, int64_t seconds)
{
	if (now < *timer)
		return false;
	*timer = now + seconds * second_ns;
	return true;
}

/* The reader of the list went away, or the terminal: there is nobody left to watch for. */
static bool nobody_reads(const struct watcher *w)
{
	struct pollfd fd = { STDOUT_FILENO, 0, 0 };
	return w->lister != NULL && poll(&fd, 1, 0) == 1 && (fd.revents & (POLLERR | POLLHUP)) != 0;
}

static void each_second(struct watcher *w)
{
	struct error e;
	w->stopping = w->stopping || nobody_reads(w);
	if (!ring_tick(w->ring, wall_now(), &e))
		warn("%s", e.text);
	metrics_send(w);
	notify_watchdog(&w->notify);
}

static void chores(struct watcher *w)
{
	int64_t now = clock_now();
	signals_take(w);
	talk_take(w);
	if (is_due(&w->timers.second, now, 1))
		each_second(w);
	if (is_due(&w->timers.beat, now, BEAT_SECONDS)) {
		records_stats(w);
		loop_counters(w);
	}
	if (is_due(&w->timers.save, now, SAVE_SECONDS))
		w->saving = true;
	if (w->saving && w->remembers)
		memory_save(w);
	records_flush(w);
	outbox_flush(w->outbox);
}

/* ---- packets ---- */

static void ring_take(struct watcher *w, struct packet *packet)
{
	struct error e;
	bool failed = !ring_packet(w->ring, packet, &e);
	if (failed && e.text[0] != '\0')
		warn("%s; packets are missing in the ring until that ends", e.text);
}

static void take(struct watcher *w, struct packet *packet)
{
	struct source_counts *counts = &w->pipeline.counts;
	ring_take(w, packet);
	packet->at.order = ++w->order;
	counts->packets++;
	counts->bytes += packet->bytes.n;
	counts->dropped += packet->dropped;
	pipeline_packet(&w->pipeline, packet);
	if (counts->packets == w->given->max_packets)
		w->stopping = true;
	if (counts->packets % CHORES_PACKETS == 0)
		chores(w);
}

static void idle(struct watcher *w, uint64_t dropped)
{
	w->pipeline.counts.dropped += dropped;
	ring_lost(w->ring, dropped);
	decoder_dropped(w->pipeline.decoder, dropped);
	pipeline_tick(&w->pipeline, wall_now() - lag_ns);
	chores(w);
}

void loop_run(struct watcher *w)
{
	const int wake[] = { w->signals, channel_fd(w->channel) };
	int64_t now = clock_now();
	w->timers = (struct timers){ now, now, now + BEAT_SECONDS * second_ns };
	while (!w->stopping) {
		struct packet packet = { .dropped = 0 };
		struct error e;
		switch (live_next(w->live, &packet, wake, 2, IDLE_MS, &e)) {
		case LIVE_PACKET:
			take(w, &packet);
			break;
		case LIVE_IDLE:
			idle(w, packet.dropped);
			break;
		case LIVE_GONE:
			warn("%s", e.text);
			w->code = EXIT_INPUT;
			w->stopping = true;
			break;
		}
	}
}
