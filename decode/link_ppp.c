/*
 * link_ppp.c - PPP (RFC 1661), bare, in HDLC-like framing (RFC 1662) or in PPPoE (RFC 2516), and
 * what Cisco sends over serial lines.
 */
#include "decode/link.h"

enum {
	ALL_STATIONS = 0xff,
	CISCO_UNICAST = 0x0f,
	CISCO_MULTICAST = 0x8f,
	VERSION_AND_TYPE = 0x11,
	PPP_IP4 = 0x0021,
	PPP_IP6 = 0x0057,
	PPP_MPLS = 0x0281,
	PPP_MPLS_MULTICAST = 0x0283,
};

/* A number whose first byte is odd is that byte alone (RFC 1661 6.5). */
static uint16_t protocol_take(struct link *l)
{
	unsigned high = cursor_u8(&l->c);
	return (uint16_t)((high & 1) != 0 ? high : high << 8 | cursor_u8(&l->c));
}

static enum link_next link_by_ppp(struct link *l)
{
	switch (protocol_take(l)) {
	case PPP_IP4:
		l->family = 4;
		return LINK_IP;
	case PPP_IP6:
		l->family = 6;
		return LINK_IP;
	case PPP_MPLS:
	case PPP_MPLS_MULTICAST:
		return LINK_MPLS;
	default:
		return LINK_OTHER;
	}
}

/* Address and control may be left out (RFC 1661 6.6); no protocol has the number of the address. */
enum link_next link_ppp(struct link *l)
{
	struct cursor peek = l->c;
	if (cursor_u8(&peek) == ALL_STATIONS)
		cursor_skip(&l->c, 2);
	return link_by_ppp(l);
}

enum link_next link_ppp_serial(struct link *l)
{
	struct cursor peek = l->c;
	uint8_t address = cursor_u8(&peek);
	if (address != CISCO_UNICAST && address != CISCO_MULTICAST)
		return link_ppp(l);
	cursor_skip(&l->c, 2);
	return link_by_ethertype(l, cursor_be16(&l->c));
}

/* The length is that of the packet in it, which knows its own. */
enum link_next link_pppoe(struct link *l)
{
	uint8_t version = cursor_u8(&l->c), code = cursor_u8(&l->c);
	cursor_skip(&l->c, 4);
	if (!l->c.bad && version != VERSION_AND_TYPE)
		return LINK_DAMAGED;
	return code == 0 || l->c.bad ? link_by_ppp(l) : LINK_OTHER;
}
