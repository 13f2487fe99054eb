/*
 * Packets of interfaces, by libpcap over TPACKET_V3. No immediate mode: it would turn V3 into V2, and a
 * block waits 100 ms at most. What the kernel dropped is asked of the sockets and of netlink, because both
 * still answer when no file can be opened any more.
 */
#include "capture/capture.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <pcap.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "capture/bpf.h"
#include "capture/netif.h"

enum {
	BUFFER_DEFAULT = 64 << 20,
	SNAPLEN_DEFAULT = 262144,
	BLOCK_MS = 100,
	HOLD_MS = 150, /* older packets have been handed over by the kernel */
	SURE_MS = 300, /* the same, also when it is late with that */
	REST_MS = 100, /* between two rests, when packets never end */
	CHECK_MS = 1000, /* between two looks at interfaces */
	LOSSES_MS = 100, /* between two questions what the kernel had no room for */
	TURN =
	    64, /* packets between two looks at those who have none, and at the caller's descriptors */
	WAKES_MAX = 8,
	TROUBLES_MAX = 50, /* errors of a handle between two checks */
	LOSSES = 32,
	LOSS_MS = 20, /* losses that are not further apart are one */
};

static const int64_t second_ns = 1000000000, millisecond_ns = 1000000;

/* An interface. */
struct port {
	struct live_counts counts;
	unsigned index; /* 0: any */
	uint64_t missed; /* by the driver, when it was asked last */
};

/* A handle, and its next packet. */
struct lane {
	pcap_t *pcap;
	int fd, linktype;
	struct port *port;
	struct packet next;
	bool waits; /* next is one */
	unsigned troubles;
};

/* Lost between two looks, and so in front of the first packet that is younger. */
struct loss {
	int64_t from_ns, to_ns;
	uint64_t packets;
};

struct live {
	struct port *ports;
	struct lane *lanes;
	size_t n_ports, n_lanes;
	struct lane *given; /* its packet is in the caller's hands; NULL: none */
	bool gave; /* packets, since it said that there are no more */
	struct pollfd *polls; /* room for all lanes and WAKES_MAX */
	int netlink;
	struct loss losses[LOSSES]; /* not handed out yet, the oldest first */
	size_t n_losses;
	int64_t checked_ms, asked_ms, rested_ms; /* rested: when it said that a round may end */
	int64_t looked_ns; /* when the kernel was asked last what waits in it */
	unsigned turn;
	struct error fault; /* what ends it, when the packets that wait are handed out */
	int64_t fault_ms;
};

/* ---- opening ---- */

static bool activate_refused(pcap_t *pcap, const char *name, int status, struct error *e)
{
	const char *why = pcap_geterr(pcap);
	switch (status) {
	case PCAP_ERROR_NO_SUCH_DEVICE:
		return error_set(e, "%s: no such interface; -D lists them", name);
	case PCAP_ERROR_PERM_DENIED:
	case PCAP_ERROR_PROMISC_PERM_DENIED:
		return error_set(e, "%s: no permission to capture; it takes root or CAP_NET_RAW",
		    name);
	case PCAP_ERROR_IFACE_NOT_UP:
		return error_set(e, "%s: is down", name);
	default:
		return error_set(e, "%s: %s", name,
		    status == PCAP_ERROR && why[0] ? why : pcap_statustostr(status));
	}
}

static bool lane_activate(struct lane *l, const struct live_options *o, struct error *e)
{
	uint64_t snaplen = o->snaplen ? o->snaplen : SNAPLEN_DEFAULT;
	uint64_t buffer = o->buffer ? o->buffer : BUFFER_DEFAULT;
	const char *name = l->port->counts.interface;
	if (snaplen > INT32_MAX || buffer > INT32_MAX)
		return error_set(e, "%s: a length is too big", name);
	pcap_set_snaplen(l->pcap, (int)snaplen);
	pcap_set_promisc(l->pcap, o->promiscuous);
	pcap_set_buffer_size(l->pcap, (int)buffer);
	pcap_set_timeout(l->pcap, BLOCK_MS);
	if (pcap_set_tstamp_precision(l->pcap, PCAP_TSTAMP_PRECISION_NANO) != 0)
		return error_set(e, "%s: has no nanoseconds", name);
	int status = pcap_activate(l->pcap);
	return status >= 0 || activate_refused(l->pcap, name, status, e);
}

static bool lane_filter(struct lane *l, const char *text, struct error *e)
{
	struct bpf_program code;
	if (!text)
		return true;
	if (pcap_compile(l->pcap, &code, text, 1, PCAP_NETMASK_UNKNOWN) != 0)
		return error_set(e, "filter: %s", pcap_geterr(l->pcap));
	bool set = pcap_setfilter(l->pcap, &code) == 0;
	pcap_freecode(&code);
	return set || error_set(e, "filter: %s", pcap_geterr(l->pcap));
}

/* The kernel finds a number for the group that nobody has; the others of the interface join it. */
static bool lane_join(struct lane *l, int *group, struct error *e)
{
	int type = PACKET_FANOUT_HASH | PACKET_FANOUT_FLAG_DEFRAG;
	if (*group < 0)
		type |= PACKET_FANOUT_FLAG_UNIQUEID;
	int wanted = (*group < 0 ? 0 : *group) | (int)((unsigned)type << 16);
	socklen_t n = sizeof(wanted);
	if (setsockopt(l->fd, SOL_PACKET, PACKET_FANOUT, &wanted, n) != 0 ||
	    getsockopt(l->fd, SOL_PACKET, PACKET_FANOUT, &wanted, &n) != 0)
		return error_set(e, "%s: no fanout group: %s", l->port->counts.interface,
		    strerror(errno));
	*group = wanted & 0xffff;
	return true;
}

/* Asking starts the count anew. False: nothing that tells what it loses. */
static bool lane_drops(const struct lane *l, uint64_t *drops)
{
	struct tpacket_stats_v3 s = { 0 };
	socklen_t n = sizeof(s);
	if (getsockopt(l->fd, SOL_PACKET, PACKET_STATISTICS, &s, &n) != 0)
		return false;
	*drops = s.tp_drops;
	return true;
}

static bool lane_open(struct lane *l, struct port *port, const struct live_options *o,
    struct error *e)
{
	char text[PCAP_ERRBUF_SIZE] = "";
	const char *name = port->counts.interface;
	uint64_t unused;
	l->port = port;
	l->pcap = pcap_create(name, text);
	if (!l->pcap)
		return error_set(e, "%s: %s", name, text);
	if (!lane_activate(l, o, e) || !lane_filter(l, o->bpf, e))
		return false;
	if (pcap_setnonblock(l->pcap, 1, text) != 0)
		return error_set(e, "%s: %s", name, text);
	l->fd = pcap_get_selectable_fd(l->pcap);
	(void)fcntl(l->fd, F_SETFD, FD_CLOEXEC); /* programs that are started read no packets */
	l->linktype = linktype_of_dlt(pcap_datalink(l->pcap));
	return lane_drops(l, &unused) ||
	    error_set(e, "%s: is no network interface that tells its losses", name);
}

static bool port_open(struct live *l, struct port *port, const char *name,
    const struct live_options *o, struct error *e)
{
	struct netif state;
	unsigned handles = o->fanout ? o->fanout : 1;
	int group = -1;
	port->counts.interface = name;
	port->index = strcmp(name, "any") == 0 ? 0 : if_nametoindex(name);
	for (; handles > 0; handles--) {
		struct lane *lane = &l->lanes[l->n_lanes++];
		if (!lane_open(lane, port, o, e) || (o->fanout && !lane_join(lane, &group, e)))
			return false;
	}
	if (port->index && netif_ask(l->netlink, port->index, &state) == NETIF_THERE)
		port->missed = state.missed;
	return true;
}

/*
 * Numbers below SANDBOX_WRITABLE are taken while sockets are opened, so that these lie above: what is
 * written to one of them goes out as a packet. Where there are not so many numbers, they lie where they can.
 */
static size_t low_take(int taken[SANDBOX_WRITABLE])
{
	size_t n = 0;
	for (int fd; n < SANDBOX_WRITABLE; taken[n++] = fd) {
		fd = open("/", O_PATH | O_CLOEXEC);
		if (fd < 0)
			break;
		if (fd >= SANDBOX_WRITABLE) {
			close(fd);
			break;
		}
	}
	return n;
}

static void low_give(const int *taken, size_t n)
{
	while (n > 0)
		close(taken[--n]);
}

static bool ports_open(struct live *l, const struct live_options *o, struct error *e)
{
	int taken[SANDBOX_WRITABLE];
	size_t n = low_take(taken);
	bool good = true;
	for (size_t i = 0; good && i < o->n_interfaces; i++)
		good = port_open(l, &l->ports[l->n_ports++], o->interfaces[i], o, e);
	low_give(taken, n);
	return good;
}

static bool live_start(struct live *l, const struct live_options *o, struct error *e)
{
	size_t lanes = o->n_interfaces * (o->fanout ? o->fanout : 1);
	l->ports = calloc(o->n_interfaces, sizeof(*l->ports));
	l->lanes = calloc(lanes, sizeof(*l->lanes));
	l->polls = calloc(lanes + WAKES_MAX, sizeof(*l->polls));
	if (!l->ports || !l->lanes || !l->polls)
		return error_set(e, "out of memory");
	l->netlink = netif_open();
	l->checked_ms = clock_ms();
	return ports_open(l, o, e);
}

struct live *live_open(const struct live_options *o, struct error *e)
{
	struct live *l = o->n_interfaces ? calloc(1, sizeof(*l)) : NULL;
	if (!l) {
		error_set(e, o->n_interfaces ? "out of memory" : "no interface");
		return NULL;
	}
	l->netlink = -1;
	if (live_start(l, o, e))
		return l;
	live_close(l);
	return NULL;
}

void live_close(struct live *l)
{
	if (!l)
		return;
	for (size_t i = 0; i < l->n_lanes; i++) {
		if (l->lanes[i].pcap)
			pcap_close(l->lanes[i].pcap);
	}
	if (l->netlink >= 0)
		close(l->netlink);
	free(l->ports);
	free(l->lanes);
	free(l->polls);
	free(l);
}

/* ---- losses, and interfaces that come and go ---- */

/* The first one is what the caller is told, when the packets that are there are handed out. */
static void live_fault(struct live *l, const struct port *port, const char *why)
{
	if (l->fault.text[0])
		return;
	error_set(&l->fault, "%s: %s", port->counts.interface, why);
	l->fault_ms = clock_ms();
}

/*
 * Packets are dropped when the buffer is full: behind those that wait in it, not in front of the next one
 * that is read.
 */
static void live_lose(struct live *l, uint64_t packets)
{
	int64_t now = wall_ns();
	struct loss *last = l->n_losses ? &l->losses[l->n_losses - 1] : NULL;
	if (packets == 0)
		return;
	if (!last || (now - last->from_ns > LOSS_MS * millisecond_ns && l->n_losses < LOSSES)) {
		last = &l->losses[l->n_losses++];
		*last = (struct loss){ .from_ns = now };
	}
	last->to_ns = now;
	last->packets += packets;
}

/* Those that happened before. */
static uint64_t live_take_losses(struct live *l, int64_t before_ns)
{
	uint64_t packets = 0;
	size_t n = 0;
	while (n < l->n_losses && l->losses[n].to_ns < before_ns)
		packets += l->losses[n++].packets;
	l->n_losses -= n;
	if (n)
		memmove(l->losses, l->losses + n, l->n_losses * sizeof(*l->losses));
	return packets;
}

uint64_t live_lost(struct live *l)
{
	return live_take_losses(l, INT64_MAX);
}

/* A driver that was loaded anew counts from 0 again. */
static void port_missed(struct live *l, struct port *port, uint64_t missed)
{
	uint64_t more = missed >= port->missed ? missed - port->missed : missed;
	port->missed = missed;
	port->counts.interface_drops += more;
	live_lose(l, more);
}

static void port_check(struct live *l, struct port *port)
{
	struct netif state;
	enum netif_status status = NETIF_UNKNOWN;
	if (port->index)
		status = netif_ask(l->netlink, port->index, &state);
	if (status == NETIF_GONE)
		live_fault(l, port, "the interface has vanished");
	if (status == NETIF_THERE) {
		port->counts.down = !state.up;
		port_missed(l, port, state.missed);
	}
}

static void lane_check(struct live *l, struct lane *lane)
{
	uint64_t drops;
	if (!lane_drops(lane, &drops))
		return;
	lane->port->counts.kernel_drops += drops;
	live_lose(l, drops);
}

/* In a flood each block has its losses: told one by one they would be a flood of their own. */
static void losses_ask(struct live *l)
{
	for (size_t i = 0; i < l->n_lanes; i++)
		lane_check(l, &l->lanes[i]);
	l->asked_ms = clock_ms();
}

static void live_check(struct live *l)
{
	for (size_t i = 0; i < l->n_lanes; i++)
		l->lanes[i].troubles = 0;
	for (size_t i = 0; i < l->n_ports; i++)
		port_check(l, &l->ports[i]);
	l->checked_ms = clock_ms();
}

/*
 * libpcap met an error. One whose interface is down, or was until now, goes on when it is up again: the
 * socket stays bound to its number.
 */
static void lane_trouble(struct live *l, struct lane *lane)
{
	port_check(l, lane->port);
	if (++lane->troubles > TROUBLES_MAX)
		live_fault(l, lane->port, pcap_geterr(lane->pcap));
}

/* ---- packets ---- */

static void lane_take(struct lane *lane, const struct pcap_pkthdr *h, const u_char *bytes)
{
	lane->next = (struct packet){
		.at.ns = (int64_t)h->ts.tv_sec * second_ns + h->ts.tv_usec,
		.linktype = lane->linktype,
		.wire_len = h->len,
		.bytes = { bytes, h->caplen },
	};
	lane->waits = true;
	lane->port->counts.packets++;
	lane->port->counts.bytes += h->caplen;
}

/* Its next packet, when there is one. */
static void lane_fill(struct live *l, struct lane *lane)
{
	struct pcap_pkthdr *header;
	const u_char *bytes;
	int status = pcap_next_ex(lane->pcap, &header, &bytes);
	if (status == 1)
		lane_take(lane, header, bytes);
	else if (status < 0)
		lane_trouble(l, lane);
}

static struct lane *live_first(const struct live *l)
{
	struct lane *first = NULL;
	for (size_t i = 0; i < l->n_lanes; i++) {
		struct lane *lane = &l->lanes[i];
		if (lane->waits && (!first || lane->next.at.ns < first->next.at.ns))
			first = lane;
	}
	return first;
}

static bool is_called(const struct pollfd *wakes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (wakes[i].revents)
			return true;
	}
	return false;
}

static int live_patience(const struct live *l, int timeout_ms)
{
	int64_t due = l->checked_ms + CHECK_MS - clock_ms();
	if (due < 0 || l->fault.text[0])
		return 0;
	return timeout_ms < 0 || timeout_ms > due ? (int)due : timeout_ms;
}

/*
 * Waits for packets on the lanes that have none, and takes them. True: one of the caller's descriptors
 * can be read.
 */
static bool live_look(struct live *l, const int *wake, size_t n, int timeout_ms)
{
	ensure(n <= WAKES_MAX, NULL);
	for (size_t i = 0; i < l->n_lanes; i++)
		l->polls[i] = (struct pollfd){ l->lanes[i].waits ? -1 : l->lanes[i].fd, POLLIN, 0 };
	for (size_t i = 0; i < n; i++)
		l->polls[l->n_lanes + i] = (struct pollfd){ wake[i], POLLIN, 0 };
	l->looked_ns = wall_ns();
	int ready = poll(l->polls, l->n_lanes + n, live_patience(l, timeout_ms));
	for (size_t i = 0; i < l->n_lanes && ready > 0; i++) {
		if (l->polls[i].revents)
			lane_fill(l, &l->lanes[i]);
	}
	if (clock_ms() >= l->asked_ms + LOSSES_MS)
		losses_ask(l);
	if (clock_ms() >= l->checked_ms + CHECK_MS)
		live_check(l);
	return ready > 0 && is_called(l->polls + l->n_lanes, n);
}

static enum live_status live_give(struct live *l, struct packet *p, struct lane *lane)
{
	*p = lane->next;
	p->dropped = live_take_losses(l, p->at.ns);
	lane->waits = false;
	l->given = lane;
	l->gave = true;
	return LIVE_PACKET;
}

/*
 * How long its turn is away: with several handles a packet of another one may be older, and still lie in a
 * block that the kernel has not handed over. A time in the future is no reason to wait.
 */
static int lane_hold_ms(const struct live *l, const struct lane *lane)
{
	size_t waiting = 0;
	for (size_t i = 0; i < l->n_lanes; i++)
		waiting += l->lanes[i].waits;
	if (waiting == l->n_lanes || l->fault.text[0])
		return 0;
	int64_t age_ms = (wall_ns() - lane->next.at.ns) / millisecond_ns;
	return age_ms < 0 || age_ms >= HOLD_MS ? 0 : (int)(HOLD_MS - age_ms);
}

static bool live_has_ended(const struct live *l, const struct lane *first)
{
	return l->fault.text[0] && (!first || clock_ms() > l->fault_ms + CHECK_MS);
}

/*
 * Tells the time that is over: none of the packets that wait is older, and none of those that the kernel has.
 * It stands at the last look, not at now: who was kept from running does not know what came meanwhile.
 */
static enum live_status live_idle(struct live *l, struct packet *p, const struct lane *first)
{
	p->dropped = first ? 0 : live_lost(l);
	p->at.ns = l->looked_ns - SURE_MS * millisecond_ns;
	if (first && first->next.at.ns < p->at.ns)
		p->at.ns = first->next.at.ns;
	l->gave = false;
	l->rested_ms = clock_ms();
	return first ? LIVE_REST : LIVE_IDLE;
}

static bool live_tires(const struct live *l)
{
	return clock_ms() >= l->rested_ms + REST_MS;
}

enum live_status live_next(struct live *l, struct packet *p, const int *wake, size_t n,
    int timeout_ms, struct error *e)
{
	*p = (struct packet){ 0 };
	if (l->given)
		lane_fill(l, l->given);
	l->given = NULL;
	for (;;) {
		struct lane *first = live_first(l);
		int hold_ms = first ? lane_hold_ms(l, first) : l->gave ? 0 : timeout_ms;
		if (first && hold_ms == 0 && ++l->turn % TURN != 0)
			return live_give(l, p, first);
		bool called = live_look(l, wake, n, hold_ms);
		struct lane *now = live_first(l);
		if (live_has_ended(l, now)) {
			*e = l->fault;
			p->dropped = live_lost(l);
			return LIVE_GONE;
		}
		if (called || !now || live_tires(l))
			return live_idle(l, p, now);
		if (lane_hold_ms(l, now) == 0)
			return live_give(l, p, now);
	}
}

size_t live_counts(struct live *l, struct live_counts *out, size_t room)
{
	losses_ask(l);
	live_check(l);
	for (size_t i = 0; i < l->n_ports && i < room; i++)
		out[i] = l->ports[i].counts;
	return l->n_ports;
}
