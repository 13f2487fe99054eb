/*
 * tunnel.c - what IP carries that carries IP or Ethernet again: IP in IP (RFC 2003, 2473, 4213),
 * GRE (RFC 2784, 2890) with ERSPAN in it, VXLAN (RFC 7348) and Geneve (RFC 8926).
 */
#include "decode/ip.h"
#include "decode/link.h"

enum {
	PORT_VXLAN = 4789,
	PORT_GENEVE = 6081,
	UDP_HEADER = 8,
	FIRST_ETHERTYPE = 0x0600,
	TYPE_BRIDGED = 0x6558, /* Ethernet as it is */
	TYPE_PPP = 0x880b,
	TYPE_ERSPAN = 0x88be, /* type I, or type II when there is a sequence number */
	TYPE_ERSPAN3 = 0x22eb,
};

enum { GRE_CHECKSUM = 0x8000, GRE_ROUTING = 0x4000, GRE_KEY = 0x2000, GRE_SEQUENCE = 0x1000 };
enum { GRE_VERSION = 7 };
enum { VXLAN_HAS_ID = 0x08 };
enum { GENEVE_OPTIONS = 0x3f };

/* Which kind of id struct link has, in front of the id. */
enum tunnel_kind { TUNNEL_GRE = 1, TUNNEL_VXLAN, TUNNEL_GENEVE };

/* draft-foschiano-erspan: whether the tag was taken off the frame and stands in the header only. */
enum { ERSPAN_TAG_TAKEN = 2, ERSPAN_SUBHEADER = 1, ERSPAN_FRAME_IP = 2 };

/* Of several ids the innermost counts: those around it are of whoever carries or mirrors it. */
static void tunnel_name(struct link *l, enum tunnel_kind kind, uint32_t id)
{
	l->tunnel = (uint64_t)kind << 32 | id;
}

static uint32_t vni_take(struct link *l)
{
	return cursor_be32(&l->c) >> 8;
}

static enum link_next link_by_payload(struct link *l, uint16_t type)
{
	if (type == TYPE_BRIDGED)
		return LINK_ETHERNET;
	if (type == TYPE_PPP)
		return LINK_PPP;
	return type < FIRST_ETHERTYPE ? LINK_OTHER : link_by_ethertype(l, type);
}

/* The first word is the same in types II and III: version, VLAN id, priority, flags, session. */
static bool erspan_take(struct link *l, uint8_t version)
{
	uint16_t vlan = cursor_be16(&l->c);
	uint16_t flags = cursor_be16(&l->c);
	if (vlan >> 12 != version)
		return false;
	if ((flags >> 11 & 3) == ERSPAN_TAG_TAKEN)
		link_tag(l, vlan);
	return true;
}

static enum link_next link_erspan2(struct link *l)
{
	bool good = erspan_take(l, 1);
	cursor_skip(&l->c, 4);
	return good || l->c.bad ? LINK_ETHERNET : LINK_DAMAGED;
}

static enum link_next link_erspan3(struct link *l)
{
	bool good = erspan_take(l, 2);
	cursor_skip(&l->c, 6);
	uint16_t flags = cursor_be16(&l->c);
	if ((flags & ERSPAN_SUBHEADER) != 0)
		cursor_skip(&l->c, 8);
	if (!good && !l->c.bad)
		return LINK_DAMAGED;
	l->family = 0;
	return (flags >> 10 & 0x1f) == ERSPAN_FRAME_IP ? LINK_IP : LINK_ETHERNET;
}

/* Version 1 is that of PPTP, and routing (RFC 1701) is what nobody may send any more. */
enum link_next link_gre(struct link *l)
{
	uint16_t flags = cursor_be16(&l->c), type = cursor_be16(&l->c);
	if (!l->c.bad && (flags & GRE_VERSION) != 0)
		return LINK_OTHER;
	if (!l->c.bad && (flags & GRE_ROUTING) != 0)
		return LINK_DAMAGED;
	if ((flags & GRE_CHECKSUM) != 0)
		cursor_skip(&l->c, 4);
	if ((flags & GRE_KEY) != 0)
		tunnel_name(l, TUNNEL_GRE, cursor_be32(&l->c));
	if ((flags & GRE_SEQUENCE) != 0)
		cursor_skip(&l->c, 4);
	if (type == TYPE_ERSPAN)
		return (flags & GRE_SEQUENCE) != 0 ? link_erspan2(l) : LINK_ETHERNET;
	return type == TYPE_ERSPAN3 ? link_erspan3(l) : link_by_payload(l, type);
}

enum link_next link_vxlan(struct link *l)
{
	uint32_t flags = cursor_be32(&l->c);
	tunnel_name(l, TUNNEL_VXLAN, vni_take(l));
	return (flags >> 24 & VXLAN_HAS_ID) != 0 || l->c.bad ? LINK_ETHERNET : LINK_OTHER;
}

enum link_next link_geneve(struct link *l)
{
	uint8_t first = cursor_u8(&l->c);
	cursor_skip(&l->c, 1);
	uint16_t type = cursor_be16(&l->c);
	tunnel_name(l, TUNNEL_GENEVE, vni_take(l));
	if (first > GENEVE_OPTIONS)
		return LINK_OTHER; /* of another version */
	cursor_skip(&l->c, first * 4u);
	return link_by_payload(l, type);
}

bool link_is_tunnel_port(uint16_t port)
{
	return port == PORT_VXLAN || port == PORT_GENEVE;
}

static enum link_next link_by_port(struct link *l)
{
	struct cursor peek = l->c;
	cursor_skip(&peek, 2);
	uint16_t port = cursor_be16(&peek);
	if (!link_is_tunnel_port(port))
		return LINK_OTHER;
	cursor_skip(&l->c, UDP_HEADER);
	return port == PORT_VXLAN ? LINK_VXLAN : LINK_GENEVE;
}

enum link_next link_by_ip_protocol(struct link *l, uint8_t protocol)
{
	switch (protocol) {
	case PROTOCOL_IP4:
	case PROTOCOL_IP6:
		l->family = protocol == PROTOCOL_IP4 ? 4 : 6;
		return LINK_IP_IN_IP;
	case PROTOCOL_GRE:
		return LINK_GRE;
	case PROTOCOL_UDP:
		return link_by_port(l);
	default:
		return LINK_OTHER;
	}
}
