/*
 * live.c - what monitor and capture open alike: interfaces, the ring, signals, the name of the sensor.
 */
#include "cmd/cmd.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

struct live *options_live(const struct options *o, const char *bpf, int *code, struct error *e)
{
	const struct live_options options = {
		.interfaces = o->interfaces,
		.n_interfaces = o->n_interfaces,
		.bpf = bpf,
		.snaplen = o->limits.snaplen,
		.buffer = o->buffer,
		.promiscuous = !o->no_promiscuous,
		.fanout = o->fanout,
	};
	struct live *live = live_open(&options, e);
	if (live == NULL) {
		bool filter = slice_starts(slice_from(e->text), SLICE("filter: "));
		*code = filter ? EXIT_USAGE : EXIT_INPUT;
	}
	return live;
}

struct ring *options_ring(const struct options *o, uint16_t first_input, struct error *e)
{
	const struct ring_options options = {
		.path = o->ring_path,
		.sensor = o->sensor,
		.interface = o->n_interfaces == 1 ? o->interfaces[0] : NULL,
		.bytes = o->ring_bytes,
		.seconds = o->ring_seconds,
		.files = o->ring_files,
		.keep_free_bytes = o->keep_free_bytes,
		.keep_free_percent = o->keep_free_percent,
		.first_input = first_input,
	};
	return ring_open(&options, e);
}

const char *options_sensor(const struct options *o, char host[HOST_ROOM], struct error *e)
{
	if (o->sensor != NULL)
		return o->sensor;
	memset(host, 0, HOST_ROOM);
	if (gethostname(host, HOST_ROOM - 1) == 0)
		return host;
	error_set(e, "the name of this host: %s; give one by --sensor", strerror(errno));
	return NULL;
}

/* Threads that begin later have them blocked as well. */
int signals_open(struct error *e)
{
	static const int signals[] = { SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGUSR2 };
	sigset_t set;
	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		sigaddset(&set, signals[i]);
	int fd = -1;
	if (sigprocmask(SIG_BLOCK, &set, NULL) == 0)
		fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (fd < 0)
		error_set(e, "signals: %s", strerror(errno));
	return fd;
}
