/* From a TCP segment to packets: IP fragments, VLAN tags, link headers, checksums. */
#include "tests/tool/frame.h"

enum { PROTO_TCP = 6, PROTO_FRAGMENT = 44, ETHER_MINIMUM = 60 };

static uint32_t words_add(uint32_t sum, struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		sum += i % 2 ? s.p[i] : (uint32_t)s.p[i] << 8;
	return sum;
}

static uint16_t sum_end(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static void put_be16(struct bytes *b, size_t at, uint16_t v)
{
	b->p[at] = (uint8_t)(v >> 8);
	b->p[at + 1] = (uint8_t)v;
}

static struct slice address_bytes(const struct talk_address *a)
{
	return (struct slice){ a->bytes, a->family == 6 ? 16 : 4 };
}

/* `sum`: of the pseudo-header without the length. */
static uint16_t tcp_sum(enum sums kind, uint32_t sum, struct slice tcp)
{
	uint16_t right = sum_end(words_add(sum + (uint32_t)tcp.n, tcp));
	switch (kind) {
	case SUMS_PARTIAL:
		return (uint16_t)~sum_end(sum + (uint32_t)tcp.n);
	case SUMS_LENGTHLESS:
		return (uint16_t)~sum_end(sum);
	case SUMS_ZERO:
		return 0;
	case SUMS_WRONG:
		return (uint16_t)(right + 0x1234);
	default:
		return right;
	}
}

/* RFC 9293 3.1; a SYN carries the maximum segment size. */
static void tcp_add(const struct segment *s, struct bytes *out)
{
	bool syn = s->flags & TCP_SYN;
	bytes_be16(out, s->from.port);
	bytes_be16(out, s->to.port);
	bytes_be32(out, s->seq);
	bytes_be32(out, s->flags & TCP_ACK ? s->ack : 0);
	bytes_be16(out, (syn ? 6u : 5u) << 12 | s->flags);
	bytes_be16(out, 65535);
	bytes_be32(out, 0);
	if (syn)
		bytes_be32(out, 0x020405b4);
	bytes_slice(out, s->data);
	uint32_t sum = words_add(0, address_bytes(&s->from));
	sum = words_add(sum, address_bytes(&s->to)) + PROTO_TCP;
	put_be16(out, 16, tcp_sum(s->framing.sums[s->side], sum, bytes_all(out)));
	if (s->damaged)
		memset(out->p + out->n - s->data.n, 'X', s->data.n);
}

/* The IP identification: any number that fragments of one segment share and neighbours do not. */
static uint32_t segment_ident(const struct segment *s)
{
	return (s->seq ^ s->ack * 31 ^ (uint32_t)(s->ns / 1000)) & 0xffff;
}

void ip4_sum(struct bytes *out, size_t start)
{
	put_be16(out, start + 10, sum_end(words_add(0, slice_part(bytes_all(out), start, 20))));
}

static void ip4_add(const struct segment *s, size_t at, struct slice part, bool more,
    struct bytes *out)
{
	size_t start = out->n;
	bytes_be16(out, 0x4500);
	bytes_be16(out, (unsigned)(20 + part.n));
	bytes_be16(out, segment_ident(s));
	bytes_be16(out, (unsigned)(at / 8) | (more ? 0x2000 : 0));
	bytes_be16(out, s->framing.hops << 8 | PROTO_TCP);
	bytes_be16(out, 0);
	bytes_slice(out, address_bytes(&s->from));
	bytes_slice(out, address_bytes(&s->to));
	ip4_sum(out, start);
	bytes_slice(out, part);
}

static void ip6_add(const struct segment *s, size_t at, struct slice part, bool more,
    struct bytes *out)
{
	bool fragment = at > 0 || more;
	bytes_be32(out, 0x60000000);
	bytes_be16(out, (unsigned)(part.n + (fragment ? 8 : 0)));
	bytes_u8(out, fragment ? PROTO_FRAGMENT : PROTO_TCP);
	bytes_u8(out, s->framing.hops);
	bytes_slice(out, address_bytes(&s->from));
	bytes_slice(out, address_bytes(&s->to));
	if (fragment) {
		bytes_u8(out, PROTO_TCP);
		bytes_u8(out, 0);
		bytes_be16(out, (unsigned)at | more);
		bytes_be32(out, segment_ident(s));
	}
	bytes_slice(out, part);
}

/* Locally administered, and it ends like the IP address: a person can tell who is who. */
void mac_add(const struct talk_address *a, struct bytes *out)
{
	struct slice ip = address_bytes(a);
	bytes_be16(out, 0x0200);
	bytes_add(out, ip.p + ip.n - 4, 4);
}

static void link_add(const struct segment *s, int linktype, struct bytes *out)
{
	unsigned protocol = tunnel_ethertype(s);
	if (linktype == LINK_ETHER) {
		mac_add(&s->to, out);
		mac_add(&s->from, out);
	} else if (linktype == LINK_SLL) {
		bytes_be32(out, (s->side == CLIENT ? 0u : 4u) << 16 | 1);
		bytes_be16(out, 6);
		mac_add(&s->from, out);
		bytes_be16(out, 0);
	} else if (linktype == LINK_SLL2) {
		bytes_be16(out, s->framing.n_vlan ? 0x8100 : protocol);
		bytes_be16(out, 0);
		bytes_be32(out, 2);
		bytes_be32(out, 1u << 16 | (s->side == CLIENT ? 0u : 4u) << 8 | 6);
		mac_add(&s->from, out);
		bytes_be16(out, 0);
	} else if (linktype == LINK_NULL) {
		bytes_add(out, protocol == 0x86dd ? "\x1e\0\0\0" : "\x02\0\0\0", 4);
	}
	bool tagged = linktype == LINK_ETHER || linktype == LINK_SLL || linktype == LINK_SLL2;
	for (size_t i = 0; tagged && i < s->framing.n_vlan; i++) {
		if (linktype != LINK_SLL2 || i > 0)
			bytes_be16(out, i + 1 < s->framing.n_vlan ? 0x88a8 : 0x8100);
		bytes_be16(out, s->framing.vlan[i]);
	}
	if (linktype == LINK_ETHER || linktype == LINK_SLL ||
	    (linktype == LINK_SLL2 && s->framing.n_vlan))
		bytes_be16(out, protocol);
}

static void frame_emit(const struct segment *s, int64_t ns, struct slice packet, bool first,
    struct frame_sink sink)
{
	size_t keep = s->framing.snap ? s->framing.snap : packet.n;
	struct frame f = { .ns = ns,
		.wire_len = packet.n,
		.bytes = slice_part(packet, 0, keep),
		.dropped = first ? s->dropped : 0 };
	sink.frame(sink.ctx, &f);
}

/* A part of the segment's TCP bytes as a packet. */
static void packet_add(const struct segment *s, int linktype, size_t at, struct slice part,
    bool more, struct bytes *out)
{
	struct bytes inner = { 0 };
	if (s->from.family == 6)
		ip6_add(s, at, part, more, &inner);
	else
		ip4_add(s, at, part, more, &inner);
	out->n = 0;
	link_add(s, linktype, out);
	tunnel_add(s, bytes_all(&inner), out);
	while (linktype == LINK_ETHER && out->n < ETHER_MINIMUM)
		bytes_u8(out, 0);
	bytes_free(&inner);
}

/* As it looks on one of the two links of a mirror: the client's, or the server's behind a router. */
static struct segment segment_view(const struct segment *s, bool near_server)
{
	struct segment v = *s;
	bool sender = near_server == (s->side == SERVER);
	v.framing.hops = v.framing.mirror_routed && !sender ? 63 : 64;
	if (v.framing.mirror_vlan != 0 && near_server) {
		v.framing.n_vlan = 1;
		v.framing.vlan[0] = v.framing.mirror_vlan;
	}
	return v;
}

void segment_frames(const struct segment *s, int linktype, struct frame_sink sink)
{
	if (s->verbatim) {
		frame_emit(s, s->ns, s->data, true, sink);
		return;
	}
	struct bytes tcp = { 0 }, packet = { 0 };
	tcp_add(s, &tcp);
	size_t step = s->framing.frag ? s->framing.frag : tcp.n;
	for (size_t at = 0; at < tcp.n; at += step) {
		struct slice part = slice_part(bytes_all(&tcp), at, step);
		bool more = at + part.n < tcp.n;
		int64_t ns = s->ns + (int64_t)(at / step) * 1000;
		for (unsigned copy = 0; copy < (s->framing.mirror_ns != 0 ? 2 : 1); copy++) {
			struct segment v = segment_view(s, (s->side == SERVER) != (copy == 1));
			packet_add(&v, linktype, at, part, more, &packet);
			frame_emit(&v, ns + copy * s->framing.mirror_ns, bytes_all(&packet),
			    at == 0 && copy == 0, sink);
		}
	}
	bytes_free(&tcp);
	bytes_free(&packet);
}
