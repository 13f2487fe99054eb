/*
 * loop.c - packets, and between them what has to be done by time: the clock of the analysis moves on,
 * files are rotated, counters go out, state is handed to the keeper, somebody watches that we live.
 */
#include "cmd/monitor/watcher.h"

#include <poll.h>
#include <unistd.h>

enum {
	IDLE_MS = 100,
	DRAIN_MS = 150,
	CHORES_PACKETS = 256,
	SAVE_SECONDS = 4,
	BEAT_SECONDS = 60,
	INTERFACES = 64
};
static const int64_t second_ns = 1000000000;
static const int64_t clock_step_ns = 5000000000; /* less is corrected all the time */

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
		metrics_lag(w->metrics, wall_ns() - w->pipeline.last.ns);
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

/* Time only goes forward here: what waits when the clock is set back waits longer. */
static void watch_clock(struct watcher *w)
{
	int64_t offset = wall_ns() - clock_ns(), moved = offset - w->clock_offset;
	if (w->clock_offset != 0 && moved < -clock_step_ns)
		warn("the clock was set back by %lld s: what waits for a time waits so much longer",
		    (long long)(-moved / second_ns));
	if (w->clock_offset != 0 && moved > clock_step_ns)
		warn("the clock was set forward by %lld s: what waits for a time is due earlier",
		    (long long)(moved / second_ns));
	w->clock_offset = offset;
}

static void each_second(struct watcher *w)
{
	struct error e;
	watch_clock(w);
	w->stopping = w->stopping || nobody_reads(w);
	if (w->forgotten)
		memory_anew(w);
	if (!ring_tick(w->ring, wall_ns(), &e))
		warn("%s", e.text);
	metrics_send(w);
	notify_watchdog(&w->notify);
}

static void chores(struct watcher *w)
{
	int64_t now = clock_ns();
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

static bool is_full(const struct watcher *w)
{
	return w->pipeline.counts.packets == w->given->max_packets && w->given->max_packets != 0;
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
	if (is_full(w))
		w->stopping = true;
	if (counts->packets % CHORES_PACKETS == 0)
		chores(w);
}

/* Packets that are lost, with none behind them so far. */
static void lose(struct watcher *w, uint64_t dropped)
{
	w->pipeline.counts.dropped += dropped;
	ring_lost(w->ring, dropped);
	decoder_dropped(w->pipeline.decoder, dropped);
}

/* Time moves on, but not past packets that still wait. */
static void idle(struct watcher *w, int64_t over_ns)
{
	pipeline_tick(&w->pipeline, over_ns);
	chores(w);
}

static enum live_status step(struct watcher *w, const int *wake, size_t n, int wait_ms)
{
	struct packet packet = { .dropped = 0 };
	struct error e;
	enum live_status status = live_next(w->live, &packet, wake, n, wait_ms, &e);
	if (status == LIVE_PACKET)
		take(w, &packet);
	else
		lose(w, packet.dropped);
	if (status == LIVE_IDLE || status == LIVE_REST)
		idle(w, packet.at.ns);
	if (status == LIVE_GONE) {
		warn("%s", e.text);
		w->code = EXIT_INPUT;
		w->stopping = true;
	}
	return status;
}

/* What the kernel still holds from before the signal: nothing of it is there when twice nothing comes. */
static void drain(struct watcher *w)
{
	int64_t until = clock_ns() + second_ns;
	for (int idles = 0; idles < 2 && !is_full(w) && clock_ns() < until;) {
		enum live_status status = step(w, NULL, 0, DRAIN_MS);
		if (status == LIVE_GONE)
			return;
		idles = status == LIVE_IDLE ? idles + 1 : 0;
	}
}

void loop_run(struct watcher *w)
{
	const int wake[] = { w->signals, channel_fd(w->channel) };
	int64_t now = clock_ns();
	w->timers = (struct timers){ now, now, now + BEAT_SECONDS * second_ns };
	while (!w->stopping)
		step(w, wake, 2, IDLE_MS);
	if (w->code != EXIT_INPUT)
		drain(w);
}
