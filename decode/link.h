/*
 * link.h - the headers in front of IP. Private to decode/.
 *
 * A flat loop: each reader takes its header off the cursor and names what stands behind it. A
 * short header leaves the cursor bad; no reader needs to look.
 */
#ifndef DAVSCOPE_DECODE_LINK_H
#define DAVSCOPE_DECODE_LINK_H

#include "decode/decode.h"

enum link_next { LINK_IP, LINK_OTHER, LINK_VLAN, LINK_LLC };

struct link {
	struct cursor c;
	uint32_t vlan; /* as in struct segment */
	uint8_t family; /* behind LINK_IP: 4 or 6, 0 = as the packet's first nibble says */
};

/* Readers, one for each name in links.def. */
#define LINK(linktype, reader) enum link_next link_##reader(struct link *);
#include "decode/links.def"
#undef LINK

enum link_next link_by_ethertype(struct link *, uint16_t ethertype);

/* Up to the IP header, or to what is none: *next. ANOMALY_CODES = no fault. */
enum anomaly_code link_read(int linktype, size_t layers, struct link *, enum link_next *next);

#endif
