/* From a TCP segment to packets: IP fragments, VLAN tags, link headers, checksums. */
#include "tests/tool/bytes.h"
#include "tests/tool/talk.h"

enum { PROTO_TCP = 6, PROTO_FRAGMENT = 44, ETHER_MINIMUM = 60 };

static uint32_t sum_add(uint32_t sum, struct slice s)
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
	uint32_t sum = sum_add(0, address_bytes(&s->from));
	sum = sum_add(sum, address_bytes(&s->to)) + PROTO_TCP + (uint32_t)out->n;
	put_be16(out, 16, sum_end(sum_add(sum, bytes_all(out))));
}

/* The IP identification: any number that fragments of one segment share and neighbours do not. */
static uint32_t segment_ident(const struct segment *s)
{
	return (s->seq ^ s->ack * 31 ^ (uint32_t)(s->ns / 1000)) & 0xffff;
}

static void ip4_add(const struct segment *s, size_t at, struct slice part, bool more,
    struct bytes *out)
{
	size_t start = out->n;
	bytes_be16(out, 0x4500);
	bytes_be16(out, (unsigned)(20 + part.n));
	bytes_be16(out, segment_ident(s));
	bytes_be16(out, (unsigned)(at / 8) | (more ? 0x2000 : 0));
	bytes_be16(out, 64 << 8 | PROTO_TCP);
	bytes_be16(out, 0);
	bytes_slice(out, address_bytes(&s->from));
	bytes_slice(out, address_bytes(&s->to));
	put_be16(out, start + 10, sum_end(sum_add(0, slice_part(bytes_all(out), start, 20))));
	bytes_slice(out, part);
}

static void ip6_add(const struct segment *s, size_t at, struct slice part, bool more,
    struct bytes *out)
{
	bool fragment = at > 0 || more;
	bytes_be32(out, 0x60000000);
	bytes_be16(out, (unsigned)(part.n + (fragment ? 8 : 0)));
	bytes_u8(out, fragment ? PROTO_FRAGMENT : PROTO_TCP);
	bytes_u8(out, 64);
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
static void mac_add(const struct talk_address *a, struct bytes *out)
{
	struct slice ip = address_bytes(a);
	bytes_be16(out, 0x0200);
	bytes_add(out, ip.p + ip.n - 4, 4);
}

static void link_add(const struct segment *s, int linktype, struct bytes *out)
{
	bool six = s->from.family == 6;
	unsigned protocol = six ? 0x86dd : 0x0800;
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
		bytes_add(out, six ? "\x1e\0\0\0" : "\x02\0\0\0", 4);
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

/* The number-th packet of a segment. */
static void frame_emit(const struct segment *s, size_t number, struct slice packet,
    struct frame_sink sink)
{
	size_t keep = s->framing.snap ? s->framing.snap : packet.n;
	struct frame f = { .ns = s->ns + (int64_t)number * 1000,
		.wire_len = packet.n,
		.bytes = slice_part(packet, 0, keep),
		.dropped = number == 0 ? s->dropped : 0 };
	sink.frame(sink.ctx, &f);
}

void segment_frames(const struct segment *s, int linktype, struct frame_sink sink)
{
	if (s->verbatim) {
		frame_emit(s, 0, s->data, sink);
		return;
	}
	struct bytes tcp = { 0 }, packet = { 0 };
	tcp_add(s, &tcp);
	size_t step = s->framing.frag ? s->framing.frag : tcp.n;
	for (size_t at = 0; at < tcp.n; at += step) {
		struct slice part = slice_part(bytes_all(&tcp), at, step);
		bool more = at + part.n < tcp.n;
		packet.n = 0;
		link_add(s, linktype, &packet);
		if (s->from.family == 6)
			ip6_add(s, at, part, more, &packet);
		else
			ip4_add(s, at, part, more, &packet);
		while (linktype == LINK_ETHER && packet.n < ETHER_MINIMUM)
			bytes_u8(&packet, 0);
		frame_emit(s, at / step, bytes_all(&packet), sink);
	}
	bytes_free(&tcp);
	bytes_free(&packet);
}
