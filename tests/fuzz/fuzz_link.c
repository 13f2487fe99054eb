/*
 * Any bytes as one frame of any link type, through link layer, tunnels, IP and TCP header (decode/net.h).
 * It counts once, as what it was; a segment lies within the frame; where the frame is cut short, what is
 * still read is the same, and what is gone is said to be missing.
 */
#include "capture/capture.h"
#include "decode/link.h"
#include "decode/net.h"
#include "tests/fuzz/fuzz.h"

enum { TCP_HEADER = 20, COPIES_OFF = 0 };

static const int linktypes[] = {
#define LINK(linktype, reader) linktype,
#include "decode/links.def"
#undef LINK
};

struct reading {
	bool segment;
	unsigned anomalies;
	struct segment s;
};

static void on_anomaly(void *ctx, const struct anomaly *a)
{
	struct reading *r = ctx;
	ensure((unsigned)a->code < ANOMALY_CODES && a->at.frame == 1, NULL);
	r->anomalies++;
}

/* Each frame is one of these, or a fragment that is kept. True: it was a fragment, alone a whole datagram or not. */
static bool check_counts(const struct net *net, const struct reading *r)
{
	struct decode_counts c = { .packets = 0 };
	net_count(net, &c);
	uint64_t n = c.tcp + c.not_ip + c.not_tcp + c.bad + c.copies;
	ensure(n == 1 || (n == 0 && c.fragments > 0), NULL);
	ensure(c.tcp == r->segment && c.copies == 0 && c.bad == r->anomalies, NULL);
	return c.fragments > 0;
}

static void check_inside(struct slice part, struct slice whole)
{
	ensure(part.n == 0 || (part.p >= whole.p && part.p + part.n <= whole.p + whole.n), NULL);
}

static void check_segment(const struct segment *s, const struct packet *packet)
{
	ensure(s->header >= TCP_HEADER && s->header <= 60, NULL);
	/* IP says how long it is; with 0 in that place the frame does. */
	ensure(s->payload.n + s->missing + s->header <=
		(packet->wire_len > UINT16_MAX ? packet->wire_len : UINT16_MAX),
	    NULL);
	ensure(s->src.family == s->dst.family && (s->src.family == 4 || s->src.family == 6), NULL);
	ensure((s->flags & TCP_ACK) != 0 || s->ack == 0, NULL);
	ensure(s->n_pieces == 0 && s->at.frame == 1, NULL);
}

/* What a fresh reader makes of a frame of which n bytes were captured. */
static struct reading frame_read(int linktype, struct slice frame, uint32_t wire_len,
    const struct limits *limits)
{
	struct reading r = { .segment = false };
	struct error e;
	struct packet packet = { .at = { .order = 1, .frame = 1 },
		.linktype = linktype,
		.wire_len = wire_len };
	struct net *net = net_new(limits, hash_key_from(1), (struct net_sink){ on_anomaly, &r },
	    &e);
	ensure(net != NULL, NULL);
	packet.bytes = bytes_apart(frame);
	r.segment = net_packet(net, &packet, &r.s);
	bool fragment = check_counts(net, &r);
	bool is_ip;
	ensure(packet_link_bytes(linktype, packet.bytes, limits->layers, &is_ip) <= frame.n, NULL);
	if (r.segment)
		check_segment(&r.s, &packet);
	if (r.segment && !fragment)
		check_inside(r.s.payload, packet.bytes);
	bytes_drop(packet.bytes);
	r.s.payload.p = NULL; /* gone */
	net_free(net);
	return r;
}

static void check_cut(const struct reading *whole, const struct reading *cut)
{
	const struct segment *a = &whole->s, *b = &cut->s;
	if (!cut->segment)
		return;
	ensure(whole->segment, NULL);
	ensure(memcmp(&a->src, &b->src, sizeof a->src) == 0, NULL);
	ensure(memcmp(&a->dst, &b->dst, sizeof a->dst) == 0, NULL);
	ensure(a->seq == b->seq && a->ack == b->ack && a->flags == b->flags, NULL);
	ensure(a->vlan == b->vlan && a->tunnel == b->tunnel && a->header == b->header, NULL);
	ensure(a->payload.n + a->missing == b->payload.n + b->missing, NULL);
	ensure(b->payload.n <= a->payload.n, NULL);
}

/* Link type, how much more was on the wire, where it is cut; the rest is the frame. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct cursor script = cursor_from((struct slice){ data, n });
	uint8_t type = cursor_u8(&script), beyond = cursor_u8(&script), cut = cursor_u8(&script);
	struct slice frame = cursor_rest(&script);
	size_t n_types = sizeof linktypes / sizeof linktypes[0];
	int linktype = type < 0xf0 ? linktypes[type % n_types] : type;
	struct limits limits = limits_default();
	limits.frag_datagrams = limits.frag_pieces = 4; /* tables made anew for each frame */
	limits.copy_packets = COPIES_OFF;
	uint32_t wire_len = (uint32_t)frame.n + beyond;
	struct reading whole = frame_read(linktype, frame, wire_len, &limits);
	struct reading part = frame_read(linktype, slice_part(frame, 0, cut), wire_len, &limits);
	check_cut(&whole, &part);
	return 0;
}
