/*
 * link_ethernet.c - Ethernet II and IEEE 802.3.
 */
#include "decode/link.h"

enum link_next link_ethernet(struct link *l)
{
	cursor_skip(&l->c, 12);
	return link_by_ethertype(l, cursor_be16(&l->c));
}
