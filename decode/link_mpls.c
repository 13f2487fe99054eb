/*
 * link_mpls.c - MPLS label stacks (RFC 3032), entry by entry, and what stands behind the last one,
 * which no field tells: IP by its version, or Ethernet with or without a control word (RFC 4448).
 */
#include "decode/link.h"

enum { BOTTOM = 0x100, ASSOCIATED_CHANNEL = 1, ETHERTYPE_AT = 12, CONTROL_WORD = 4 };

static bool is_ethernet(const struct link *l)
{
	struct link at = *l;
	cursor_skip(&at.c, ETHERTYPE_AT);
	uint16_t ethertype = cursor_be16(&at.c);
	enum link_next next = link_by_ethertype(&at, ethertype);
	return !at.c.bad && next != LINK_OTHER && next != LINK_LLC;
}

/* A control word begins with a nibble of 0, as does many an address (RFC 4385 3). */
static enum link_next link_pseudowire(struct link *l, uint8_t nibble)
{
	if (nibble == ASSOCIATED_CHANNEL)
		return LINK_OTHER;
	if (nibble == 0 && !is_ethernet(l))
		cursor_skip(&l->c, CONTROL_WORD);
	return LINK_ETHERNET;
}

enum link_next link_mpls(struct link *l)
{
	if ((cursor_be32(&l->c) & BOTTOM) == 0)
		return LINK_MPLS;
	struct cursor peek = l->c;
	uint8_t nibble = cursor_u8(&peek) >> 4;
	l->c.bad = peek.bad;
	if (nibble != 4 && nibble != 6)
		return link_pseudowire(l, nibble);
	l->family = nibble;
	return LINK_IP;
}
