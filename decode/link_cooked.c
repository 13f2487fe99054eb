/*
 * link_cooked.c - what Linux makes up for captures on "any": LINKTYPE_LINUX_SLL and _SLL2.
 */
#include "decode/link.h"

/* Below the Ethernet types stand numbers of Linux' own, of which one means 802.2. */
enum { FIRST_ETHERTYPE = 0x0600, PROTOCOL_802_2 = 4 };

static enum link_next link_by_protocol(struct link *l, uint16_t protocol)
{
	if (protocol >= FIRST_ETHERTYPE)
		return link_by_ethertype(l, protocol);
	return protocol == PROTOCOL_802_2 ? LINK_LLC : LINK_OTHER;
}

enum link_next link_cooked(struct link *l)
{
	cursor_skip(&l->c, 14);
	return link_by_protocol(l, cursor_be16(&l->c));
}

enum link_next link_cooked2(struct link *l)
{
	uint16_t protocol = cursor_be16(&l->c);
	cursor_skip(&l->c, 18);
	return link_by_protocol(l, protocol);
}
