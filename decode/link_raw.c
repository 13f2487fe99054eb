/*
 * link_raw.c - no link header at all: the packet begins with IP.
 */
#include "decode/link.h"

enum link_next link_raw(struct link *l)
{
	l->family = 0;
	return LINK_IP;
}

enum link_next link_raw4(struct link *l)
{
	l->family = 4;
	return LINK_IP;
}

enum link_next link_raw6(struct link *l)
{
	l->family = 6;
	return LINK_IP;
}
