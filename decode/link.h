/*
 * link.h - the headers in front of IP, and those of tunnels behind it. Private to decode/.
 *
 * A flat loop: each reader takes its header off the cursor and names what stands behind it. A
 * short header leaves the cursor bad; no reader needs to look.
 */
#ifndef DAVSCOPE_DECODE_LINK_H
#define DAVSCOPE_DECODE_LINK_H

#include "decode/decode.h"

enum link_next {
	LINK_IP,
	LINK_OTHER,
	LINK_DAMAGED, /* the header contradicts itself */
	LINK_VLAN, /* from here on: another header, with a reader in link.c */
	LINK_LLC,
	LINK_ETHERNET,
	LINK_MPLS,
	LINK_PPPOE,
	LINK_PPP,
	LINK_IP_IN_IP,
	LINK_GRE,
	LINK_VXLAN,
	LINK_GENEVE,
};

struct link {
	struct cursor c;
	uint32_t vlan; /* as in struct segment */
	uint32_t beyond; /* bytes on the wire behind the cursor's end */
	uint64_t tunnel; /* as in struct segment */
	size_t steps; /* headers taken so far, IP apart */
	const uint8_t
	    *inner; /* where the first Ethernet header within another one stands, or NULL */
	uint8_t family; /* behind LINK_IP: 4 or 6, 0 = as the packet's first nibble says */
};

/* Readers, one for each name in links.def. */
#define LINK(linktype, reader) enum link_next link_##reader(struct link *);
#include "decode/links.def"
#undef LINK

/* Readers of headers that only stand within others. */
enum link_next link_mpls(struct link *);
enum link_next link_gre(struct link *);
enum link_next link_vxlan(struct link *);
enum link_next link_geneve(struct link *);

void link_tag(struct link *, uint16_t tag); /* of more than two tags the inner two count */
enum link_next link_by_ethertype(struct link *, uint16_t ethertype);
/* The tunnel that IP carries under this number, at l->c; LINK_OTHER: it is none. */
enum link_next link_by_ip_protocol(struct link *, uint8_t protocol);
/* UDP ports are what tells these tunnels. */
bool link_is_tunnel_port(uint16_t port);

/* Up to the IP header, or to what is none: *next. ANOMALY_CODES = no fault. */
enum anomaly_code link_read(int linktype, size_t layers, struct link *, enum link_next *next);
/* The same from *next on. */
enum anomaly_code link_walk(struct link *, size_t layers, enum link_next *next);

#endif
