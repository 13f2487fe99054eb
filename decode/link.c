/*
 * link.c - the walk from the first byte of a packet to its IP header, and the tags that any link
 * layer with Ethernet types can carry. The same walk leads through tunnels to the next IP header.
 */
#include "decode/link.h"

enum {
	TYPE_IP4 = 0x0800,
	TYPE_VLAN = 0x8100, /* IEEE 802.1Q customer tag */
	TYPE_IP6 = 0x86dd,
	TYPE_MPLS = 0x8847,
	TYPE_MPLS_MULTICAST = 0x8848,
	TYPE_PPPOE = 0x8864, /* RFC 2516, session stage */
	TYPE_SERVICE_VLAN = 0x88a8, /* IEEE 802.1Q service tag (QinQ) */
	TYPE_OLD_QINQ = 0x9100,
	LARGEST_LENGTH = 1500, /* IEEE 802.3: up to here it is a length, not a type */
	SAP_SNAP = 0xaa,
	UNNUMBERED = 0x03,
};

struct link_type {
	int linktype;
	enum link_next (*reader)(struct link *);
};

static const struct link_type types[] = {
#define LINK(linktype, reader) { linktype, link_##reader },
#include "decode/links.def"
#undef LINK
};

enum link_next link_by_ethertype(struct link *l, uint16_t ethertype)
{
	switch (ethertype) {
	case TYPE_IP4:
		l->family = 4;
		return LINK_IP;
	case TYPE_IP6:
		l->family = 6;
		return LINK_IP;
	case TYPE_VLAN:
	case TYPE_SERVICE_VLAN:
	case TYPE_OLD_QINQ:
		return LINK_VLAN;
	case TYPE_MPLS:
	case TYPE_MPLS_MULTICAST:
		return LINK_MPLS;
	case TYPE_PPPOE:
		return LINK_PPPOE;
	default:
		return ethertype <= LARGEST_LENGTH ? LINK_LLC : LINK_OTHER;
	}
}

void link_tag(struct link *l, uint16_t tag)
{
	l->vlan = (l->vlan << 12 | (tag & 0xfffu)) & 0xffffff;
}

static enum link_next link_vlan(struct link *l)
{
	link_tag(l, cursor_be16(&l->c));
	return link_by_ethertype(l, cursor_be16(&l->c));
}

/* IEEE 802.2 LLC with a SNAP header of organisation 0, which means an Ethernet type (RFC 1042). */
static enum link_next link_llc(struct link *l)
{
	bool snap = cursor_be16(&l->c) == (SAP_SNAP << 8 | SAP_SNAP);
	snap = cursor_u8(&l->c) == UNNUMBERED && snap;
	if (!snap)
		return LINK_OTHER;
	uint32_t organisation = (uint32_t)cursor_u8(&l->c) << 16;
	organisation |= cursor_be16(&l->c);
	uint16_t ethertype = cursor_be16(&l->c);
	if (organisation != 0 || ethertype <= LARGEST_LENGTH)
		return LINK_OTHER;
	return link_by_ethertype(l, ethertype);
}

static const struct link_type *link_find(int linktype)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (types[i].linktype == linktype)
			return &types[i];
	return NULL;
}

static enum link_next link_inner_ethernet(struct link *l)
{
	if (l->inner == NULL)
		l->inner = l->c.p;
	return link_ethernet(l);
}

/* The outer IP header is what was taken. */
static enum link_next link_ip_in_ip(struct link *l)
{
	(void)l;
	return LINK_IP;
}

static enum link_next (*const readers[])(struct link *) = {
	[LINK_VLAN] = link_vlan,
	[LINK_LLC] = link_llc,
	[LINK_ETHERNET] = link_inner_ethernet,
	[LINK_MPLS] = link_mpls,
	[LINK_PPPOE] = link_pppoe,
	[LINK_PPP] = link_ppp,
	[LINK_IP_IN_IP] = link_ip_in_ip,
	[LINK_GRE] = link_gre,
	[LINK_VXLAN] = link_vxlan,
	[LINK_GENEVE] = link_geneve,
};

enum anomaly_code link_walk(struct link *l, size_t layers, enum link_next *next)
{
	for (; !l->c.bad && readers[*next] != NULL; l->steps++) {
		if (l->steps >= layers)
			return LINK_TOO_DEEP;
		*next = readers[*next](l);
	}
	if (l->c.bad)
		return LINK_TRUNCATED;
	return *next == LINK_DAMAGED ? LINK_BAD_HEADER : ANOMALY_CODES;
}

enum anomaly_code link_read(int linktype, size_t layers, struct link *l, enum link_next *next)
{
	const struct link_type *type = link_find(linktype);
	if (type == NULL)
		return LINK_UNKNOWN;
	*next = type->reader(l);
	l->steps = 1;
	return link_walk(l, layers, next);
}
