/* What stands between the link header of a packet and the IP packet of its segment. */
#include "tests/tool/bytes.h"
#include "tests/tool/frame.h"

enum { PROTO_IP4 = 4, PROTO_UDP = 17, PROTO_IP6 = 41, PROTO_GRE = 47, TYPE_ETHERNET = 0x6558 };

static const char *const names[] = { "off", "pppoe", "mpls", "ipip", "gre", "gretap", "vxlan",
	"geneve", "erspan1", "erspan2", "erspan3" };

bool tunnel_find(struct slice name, enum tunnel_kind *kind)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (slice_is(name, names[i])) {
			*kind = (enum tunnel_kind)i;
			return true;
		}
	}
	return false;
}

static unsigned ethertype_of(const struct segment *s)
{
	return s->from.family == 6 ? 0x86dd : 0x0800;
}

unsigned tunnel_ethertype(const struct segment *s)
{
	switch (s->framing.tunnel) {
	case TUNNEL_NONE:
		return ethertype_of(s);
	case TUNNEL_PPPOE:
		return 0x8864;
	case TUNNEL_MPLS:
		return 0x8847;
	default:
		return 0x0800;
	}
}

static void ethernet_add(const struct segment *s, struct bytes *out)
{
	mac_add(&s->to, out);
	mac_add(&s->from, out);
	bytes_be16(out, ethertype_of(s));
}

static void pppoe_add(const struct segment *s, struct slice packet, struct bytes *out)
{
	bytes_be16(out, 0x1100);
	bytes_be16(out, s->framing.tunnel_id & 0xffff);
	bytes_be16(out, (unsigned)packet.n + 2);
	bytes_be16(out, s->from.family == 6 ? 0x0057 : 0x0021);
}

static void gre_add(const struct segment *s, unsigned type, struct bytes *out)
{
	bytes_be16(out, s->framing.tunnel_id != 0 ? 0x2000 : 0);
	bytes_be16(out, type);
	if (s->framing.tunnel_id != 0)
		bytes_be32(out, s->framing.tunnel_id);
}

/* The id is that of the session. */
static void erspan_add(const struct segment *s, unsigned version, struct bytes *out)
{
	bytes_be16(out, version == 1 ? 0 : 0x1000);
	bytes_be16(out, version == 3 ? 0x22eb : 0x88be);
	if (version == 1)
		return;
	bytes_be32(out, s->seq);
	bytes_be16(out, (version - 1) << 12);
	bytes_be16(out, s->framing.tunnel_id & 0x3ff);
	bytes_be32(out, 0);
	if (version == 3)
		bytes_be32(out, 0);
}

static void udp_add(const struct segment *s, unsigned port, size_t payload, struct bytes *out)
{
	bytes_be16(out, 49152u + (s->from.port ^ s->to.port) % 16384u);
	bytes_be16(out, port);
	bytes_be16(out, (unsigned)(payload + 8));
	bytes_be16(out, 0);
}

/* The headers behind the outer IP header; payload: bytes of the packet in them. */
static unsigned headers_add(const struct segment *s, size_t payload, struct bytes *out)
{
	uint32_t id = s->framing.tunnel_id;
	switch (s->framing.tunnel) {
	case TUNNEL_GRE:
		gre_add(s, ethertype_of(s), out);
		return PROTO_GRE;
	case TUNNEL_GRETAP:
		gre_add(s, TYPE_ETHERNET, out);
		break;
	case TUNNEL_VXLAN:
	case TUNNEL_GENEVE:
		udp_add(s, s->framing.tunnel == TUNNEL_VXLAN ? 4789 : 6081, payload + 8 + 14, out);
		bytes_be32(out, s->framing.tunnel == TUNNEL_VXLAN ? 0x08000000 : TYPE_ETHERNET);
		bytes_be32(out, id << 8);
		ethernet_add(s, out);
		return PROTO_UDP;
	case TUNNEL_ERSPAN1:
	case TUNNEL_ERSPAN2:
	case TUNNEL_ERSPAN3:
		erspan_add(s, s->framing.tunnel - TUNNEL_ERSPAN1 + 1, out);
		break;
	default:
		return s->from.family == 6 ? PROTO_IP6 : PROTO_IP4;
	}
	ethernet_add(s, out);
	return PROTO_GRE;
}

static void outer_add(const struct segment *s, struct slice packet, struct bytes *out)
{
	struct bytes headers = { 0 };
	unsigned protocol = headers_add(s, packet.n, &headers);
	bool client = s->side == CLIENT;
	size_t start = out->n;
	bytes_be16(out, 0x4500);
	bytes_be16(out, (unsigned)(20 + headers.n + packet.n));
	bytes_be32(out, 0);
	bytes_be16(out, 64 << 8 | protocol);
	bytes_be16(out, 0);
	bytes_be32(out, client ? 0xc0000201 : 0xc0000202);
	bytes_be32(out, client ? 0xc0000202 : 0xc0000201);
	ip4_sum(out, start);
	bytes_slice(out, bytes_all(&headers));
	bytes_free(&headers);
}

void tunnel_add(const struct segment *s, struct slice packet, struct bytes *out)
{
	if (s->framing.tunnel == TUNNEL_PPPOE)
		pppoe_add(s, packet, out);
	else if (s->framing.tunnel == TUNNEL_MPLS)
		bytes_be32(out, s->framing.tunnel_id << 12 | 0x1ff);
	else if (s->framing.tunnel != TUNNEL_NONE)
		outer_add(s, packet, out);
	bytes_slice(out, packet);
}
