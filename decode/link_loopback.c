/*
 * link_loopback.c - BSD loopback: an address family in the byte order of the capturing machine
 * (LINKTYPE_NULL) or of the network (LINKTYPE_LOOP).
 */
#include "decode/link.h"

static enum link_next link_by_family(struct link *l, uint32_t family)
{
	switch (family) {
	case 2:
		l->family = 4;
		return LINK_IP;
	case 10: /* Linux */
	case 23: /* Windows */
	case 24: /* NetBSD, OpenBSD */
	case 28: /* FreeBSD */
	case 30: /* macOS */
		l->family = 6;
		return LINK_IP;
	default:
		return LINK_OTHER;
	}
}

/* Families are small: one with its high half set was written in the other byte order. */
enum link_next link_null(struct link *l)
{
	struct cursor swapped = l->c;
	uint32_t family = cursor_be32(&l->c);
	return link_by_family(l, family > 0xffff ? cursor_le32(&swapped) : family);
}

enum link_next link_loop(struct link *l)
{
	return link_by_family(l, cursor_be32(&l->c));
}
