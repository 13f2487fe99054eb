/*
 * flood.c - sends packets out of an interface: UDP, to the discard port if none is named, or the packets of a capture as they
 * are, in their order and again from the start. Bounded in time, and by number when that is given.
 *
 * usage: flood -i INTERFACE [-r CAPTURE [-f FILTER]] [-p PACKETS-PER-SECOND] [-c PACKETS] [-t SECONDS] [-s BYTES] [-d PORT]
 * Without -p as fast as it can. At the end a line "sent N packets B bytes in S.SSS seconds, refused R":
 * refused ones were not taken by the interface and were tried again.
 */
#include "capture/capture.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <net/if.h>
#include <netpacket/packet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	BATCH = 64,
	PACKETS_MAX = 1000000,
	ETHERNET = 1,
	SECOND = 1000000000,
	HEADERS = 42,
	FROM_PORT = 40000,
	UDP_MAX = 1514
};

struct wish {
	const char *interface, *capture, *filter;
	uint64_t rate, packets, seconds, bytes, port;
};

struct load {
	struct iovec *packets;
	size_t n, room;
};

struct sent {
	uint64_t packets, bytes, refused;
	int64_t ns;
};

static int64_t now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * SECOND + t.tv_nsec;
}

static void die(const char *what, const char *why)
{
	fprintf(stderr, "flood: %s: %s\n", what, why);
	exit(2);
}

/* ---- what is sent ---- */

static void load_add(struct load *l, const void *bytes, size_t n)
{
	if (l->n == PACKETS_MAX)
		die("capture", "more than a million packets");
	if (l->n == l->room) {
		l->room = l->room != 0 ? l->room * 2 : 64;
		l->packets = realloc(l->packets, l->room * sizeof *l->packets);
	}
	void *copy = l->packets != NULL ? malloc(n) : NULL;
	if (copy == NULL)
		die("capture", "out of memory");
	memcpy(copy, bytes, n);
	l->packets[l->n++] = (struct iovec){ copy, n };
}

static void load_capture(struct load *l, const struct wish *w)
{
	struct limits limits = limits_default();
	struct error e;
	struct packet p;
	struct source_options options = { .specs = &w->capture,
		.n_specs = 1,
		.bpf = w->filter,
		.since = INT64_MIN,
		.until = INT64_MAX,
		.limits = &limits };
	struct source *source = source_open(&options, &e);
	if (source == NULL)
		die(w->capture, e.text);
	while (source_next(source, &p) == SOURCE_PACKET) {
		if (p.linktype != ETHERNET || p.bytes.n != p.wire_len)
			die(w->capture, "a packet that is no Ethernet, or not whole");
		load_add(l, p.bytes.p, p.bytes.n);
	}
	source_close(source);
	if (l->n == 0)
		die(w->capture, "no packet passes the filter");
}

static uint16_t checksum(const uint8_t *p, size_t n)
{
	uint32_t sum = 0;
	for (size_t i = 0; i < n; i += 2)
		sum += (uint32_t)p[i] << 8 | p[i + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static void put16(uint8_t *p, size_t value)
{
	p[0] = (uint8_t)(value >> 8);
	p[1] = (uint8_t)value;
}

/* To everybody on the link, between addresses for documentation; without a checksum, as UDP allows. */
static void load_udp(struct load *l, const struct wish *w)
{
	uint8_t p[UDP_MAX] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 1, 8, 0, 0x45 };
	static const uint8_t addresses[] = { 192, 0, 2, 1, 192, 0, 2, 2 };
	size_t bytes = w->bytes;
	if (bytes < HEADERS || bytes > UDP_MAX)
		die("-s", "42 to 1514");
	put16(p + 16, bytes - 14);
	p[22] = 64;
	p[23] = 17;
	memcpy(p + 26, addresses, sizeof addresses);
	put16(p + 24, checksum(p + 14, 20));
	put16(p + 34, FROM_PORT);
	put16(p + 36, w->port);
	put16(p + 38, bytes - 34);
	load_add(l, p, bytes);
}

/* ---- sending ---- */

static int socket_open(const char *interface)
{
	struct sockaddr_ll to = { .sll_family = AF_PACKET,
		.sll_ifindex = (int)if_nametoindex(interface) };
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (to.sll_ifindex == 0 || fd < 0 || bind(fd, (struct sockaddr *)&to, sizeof to) != 0)
		die(interface, strerror(errno));
	return fd;
}

static void send_batch(int fd, const struct load *l, size_t n, struct sent *s)
{
	struct mmsghdr list[BATCH];
	memset(list, 0, sizeof list);
	for (size_t i = 0; i < n; i++) {
		list[i].msg_hdr.msg_iov = &l->packets[(s->packets + i) % l->n];
		list[i].msg_hdr.msg_iovlen = 1;
	}
	int taken = sendmmsg(fd, list, (unsigned)n, 0);
	if (taken < 0 && errno != ENOBUFS && errno != EAGAIN && errno != EINTR)
		die("send", strerror(errno));
	s->refused += taken < 0;
	for (int i = 0; i < taken; i++, s->packets++)
		s->bytes += list[i].msg_len;
}

/* So many are due by now. */
static uint64_t due(const struct wish *w, int64_t elapsed)
{
	uint64_t n = UINT64_MAX;
	if (w->rate != 0)
		n = (uint64_t)(elapsed / SECOND) * w->rate +
		    (uint64_t)(elapsed % SECOND) * w->rate / SECOND + 1;
	return w->packets != 0 && n > w->packets ? w->packets : n;
}

/* Until the next one is due, but not less than a tenth of a millisecond: several may go at once. */
static void wait_due(const struct wish *w, int64_t start, uint64_t packets)
{
	int64_t soon = now_ns() + SECOND / 10000;
	int64_t next = start + (int64_t)(packets / w->rate) * SECOND +
	    (int64_t)(packets % w->rate * SECOND / w->rate);
	int64_t until = next > soon ? next : soon;
	struct timespec t = { until / SECOND, until % SECOND };
	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
}

static struct sent flood(const struct wish *w, const struct load *l)
{
	struct sent s = { 0 };
	int fd = socket_open(w->interface);
	int64_t start = now_ns();
	while ((s.ns = now_ns() - start) < (int64_t)w->seconds * SECOND &&
	    (w->packets == 0 || s.packets < w->packets)) {
		uint64_t now_due = due(w, s.ns);
		if (now_due > s.packets)
			send_batch(fd, l, now_due - s.packets < BATCH ? now_due - s.packets : BATCH,
			    &s);
		else
			wait_due(w, start, s.packets);
	}
	close(fd);
	return s;
}

static uint64_t number(const char *option, const char *text)
{
	uint64_t n = 0;
	if (!slice_to_u64(slice_from(text), &n) || n > INT32_MAX)
		die(option, "a number is wanted");
	return n;
}

static struct wish wish_read(int argc, char **argv)
{
	struct wish w = { .filter = "tcp", .seconds = 10, .bytes = 60, .port = 9 };
	int c;
	while ((c = getopt(argc, argv, "i:r:f:p:c:t:s:d:")) != -1) {
		switch (c) {
		case 'i':
			w.interface = optarg;
			break;
		case 'r':
			w.capture = optarg;
			break;
		case 'f':
			w.filter = optarg;
			break;
		case 'p':
			w.rate = number("-p", optarg);
			break;
		case 'c':
			w.packets = number("-c", optarg);
			break;
		case 't':
			w.seconds = number("-t", optarg);
			break;
		case 's':
			w.bytes = number("-s", optarg);
			break;
		case 'd':
			w.port = number("-d", optarg);
			break;
		default:
			exit(2);
		}
	}
	if (w.interface == NULL || optind != argc)
		die("usage",
		    "flood -i INTERFACE [-r CAPTURE [-f FILTER]] [-p PACKETS-PER-SECOND] [-c PACKETS] "
		    "[-t SECONDS] [-s BYTES] [-d PORT]");
	return w;
}

int main(int argc, char **argv)
{
	struct wish w = wish_read(argc, argv);
	struct load load = { 0 };
	if (w.capture != NULL)
		load_capture(&load, &w);
	else
		load_udp(&load, &w);
	struct sent s = flood(&w, &load);
	printf("sent %" PRIu64 " packets %" PRIu64 " bytes in %" PRId64 ".%03" PRId64
	       " seconds, refused %" PRIu64 "\n",
	    s.packets, s.bytes, s.ns / SECOND, s.ns % SECOND / 1000000, s.refused);
	for (size_t i = 0; i < load.n; i++)
		free(load.packets[i].iov_base);
	free(load.packets);
	return 0;
}
