/*
 * capture.c - `davscope capture`: packets of interfaces to a ring of files, and nothing else: what the ring
 * holds is for `davscope -r`.
 */
#include "cmd/cmd.h"

#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum { WAIT_MS = 250, DRAIN_MS = 150 };
static const int64_t second_ns = 1000000000;

struct recording {
	const struct options *o;
	struct live *live;
	struct ring *ring;
	int signals; /* signalfd(2) */
	int code;
	bool stop;
	uint64_t packets;
	int64_t tick_ns; /* the last tick of the ring */
};

static void complain(struct recording *c, int code, const struct error *e)
{
	if (e->text[0] == '\0') /* said before */
		return;
	warn("%s", e->text);
	c->code = exit_worse(c->code, code);
}

/* ---- what is told ---- */

static struct live_counts sum_counts(struct recording *c)
{
	struct live_counts sum = { 0 };
	ensure(c->o->n_interfaces != 0, NULL);
	struct live_counts *each = calloc(c->o->n_interfaces, sizeof *each);
	size_t n = each != NULL ? live_counts(c->live, each, c->o->n_interfaces) : 0;
	for (size_t i = 0; i < n; i++) {
		sum.kernel_drops += each[i].kernel_drops;
		sum.interface_drops += each[i].interface_drops;
	}
	free(each);
	return sum;
}

static void tell_counts(struct recording *c)
{
	struct live_counts sum = sum_counts(c);
	struct ring_counts ring = ring_counts(c->ring);
	warn("%" PRIu64 " packets captured, %" PRIu64 " dropped by kernel, %" PRIu64
	     " dropped by interface, %" PRIu64 " not written, %" PRIu64 " files written",
	    c->packets, sum.kernel_drops, sum.interface_drops, ring.lost, ring.closed);
}

/* ---- the run ---- */

static void on_signal(struct recording *c, uint32_t number)
{
	struct error e;
	switch (number) {
	case SIGUSR1:
		tell_counts(c);
		break;
	case SIGUSR2:
		if (!ring_rotate(c->ring, &e))
			complain(c, EXIT_OUTPUT, &e);
		break;
	case SIGHUP: /* there is nothing to read anew */
		break;
	default:
		c->stop = true;
		break;
	}
}

static void read_signals(struct recording *c)
{
	struct signalfd_siginfo s;
	while (read(c->signals, &s, sizeof s) == (ssize_t)sizeof s)
		on_signal(c, s.ssi_signo);
}

static void tick(struct recording *c, int64_t now_ns)
{
	struct error e;
	if (now_ns >= c->tick_ns && now_ns - c->tick_ns < second_ns)
		return;
	c->tick_ns = now_ns;
	if (!ring_tick(c->ring, now_ns, &e))
		complain(c, EXIT_OUTPUT, &e);
}

static void keep(struct recording *c, struct packet *p)
{
	struct error e;
	if (!ring_packet(c->ring, p, &e))
		complain(c, EXIT_OUTPUT, &e);
	c->packets++;
	if (c->packets == c->o->max_packets)
		c->stop = true;
}

static enum live_status step(struct recording *c, const int *wake, size_t n, int wait_ms)
{
	struct packet p;
	struct error e;
	enum live_status status = live_next(c->live, &p, wake, n, wait_ms, &e);
	if (status == LIVE_PACKET)
		keep(c, &p);
	else
		ring_lost(c->ring, p.dropped);
	if (status == LIVE_GONE) {
		complain(c, EXIT_INPUT, &e);
		c->stop = true;
	}
	return status;
}

/* What the kernel still holds from before the signal: nothing of it is there when twice nothing comes. */
static void drain(struct recording *c)
{
	int64_t end_ns = wall_ns() + second_ns;
	bool full = c->o->max_packets != 0 && c->packets >= c->o->max_packets;
	bool gone = c->code == EXIT_INPUT;
	for (int idles = 0; idles < 2 && !full && !gone && wall_ns() < end_ns;) {
		enum live_status status = step(c, NULL, 0, DRAIN_MS);
		idles = status == LIVE_IDLE ? idles + 1 : 0;
		full = c->packets == c->o->max_packets;
		gone = status == LIVE_GONE;
	}
}

static void record(struct recording *c)
{
	for (size_t i = 0; i < c->o->n_interfaces; i++)
		warn("listening on %s", c->o->interfaces[i]);
	while (!c->stop) {
		if (step(c, &c->signals, 1, WAIT_MS) != LIVE_PACKET)
			read_signals(c);
		tick(c, wall_ns());
	}
	drain(c);
	(void)sum_counts(c); /* so that the losses up to here are known */
	ring_lost(c->ring, live_lost(c->live));
}

/* ---- setting up ---- */

static bool open_live(struct recording *c)
{
	struct error e;
	int code = EXIT_DONE;
	c->live = options_live(c->o, c->o->bpf, &code, &e);
	if (c->live == NULL)
		complain(c, code, &e);
	return c->live != NULL;
}

static bool open_ring(struct recording *c)
{
	struct error e;
	char host[HOST_ROOM];
	struct options o = *c->o;
	o.sensor = options_sensor(&o, host, &e);
	if (o.sensor != NULL)
		c->ring = options_ring(&o, 0, &e);
	if (c->ring == NULL)
		complain(c, EXIT_OUTPUT, &e);
	return c->ring != NULL;
}

static bool change_user(const struct options *o, struct error *e)
{
	return o->user == NULL || sandbox_user(o->user, e);
}

static bool confine(const struct options *o, struct error *e)
{
	char **reads = directories_new(e), **writes = directories_new(e);
	struct sandbox box = { .mode = o->sandbox,
		.role = SANDBOX_WATCHER,
		.lacking = rights_lack };
	bool good = writes == NULL || directories_add(writes, o->ring_path, e);
	return rights_narrow(&box, reads, directories_or_none(writes, good), e) &&
	    sandbox_seal(&box, e);
}

/* Interfaces are opened with the rights of the caller, files with those of the user that is left. */
static bool set_up(struct recording *c)
{
	struct error e;
	c->signals = signals_open(&e);
	if (c->signals < 0) {
		complain(c, EXIT_INTERNAL, &e);
		return false;
	}
	if (!open_live(c))
		return false;
	if (!change_user(c->o, &e)) {
		complain(c, EXIT_USAGE, &e);
		return false;
	}
	if (!open_ring(c))
		return false;
	if (!confine(c->o, &e)) {
		complain(c, EXIT_USAGE, &e);
		return false;
	}
	return true;
}

int command_capture(const struct options *o)
{
	struct error e;
	struct recording c = { .o = o, .signals = -1 };
	if (o->lists_interfaces)
		return interfaces_print();
	if (set_up(&c)) {
		record(&c);
		if (!ring_rotate(c.ring, &e)) /* the last file counts among those written */
			complain(&c, EXIT_OUTPUT, &e);
		tell_counts(&c);
	}
	if (!ring_close(c.ring, &e))
		complain(&c, EXIT_OUTPUT, &e);
	live_close(c.live);
	if (c.signals >= 0)
		close(c.signals);
	return c.code;
}
