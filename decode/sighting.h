/*
 * sighting.h - a packet that is seen a second time, told from one that is sent a second time. Private to decode/.
 *
 * Mirrors that copy what comes in and what goes out, "-i any" and bridges record one packet several times. A
 * copy has the same bytes of TCP, comes soon, and was sent once: it has the IP identification of the first,
 * which a sender changes with each packet, or, where there is none (IPv6, and 0), it was seen at another
 * place. A retransmission takes the way of the first and passes the same places. There are balancers that
 * send the very packet again, with its identification: hundreds of milliseconds later, so copy_ms is short.
 *
 * Copies may be on other VLANs or in other tunnels, and who sends decides where a packet is seen first. So
 * the networks of two hosts that a copy ties together count as one from then on: the one seen first.
 */
#ifndef DAVSCOPE_DECODE_SIGHTING_H
#define DAVSCOPE_DECODE_SIGHTING_H

#include "decode/ip.h"

struct sightings;
/* Bounded by copy_packets, of which 0 tells no copies at all, copy_ms and copy_networks. NULL: no memory. */
struct sightings *sightings_new(const struct limits *, struct hash_key);
/*
 * Of an IP packet with TCP, or a fragment in which it may be. True: it is a copy. Else d->vlan and d->tunnel
 * become those of the network that counts.
 */
bool sighting_is_copy(struct sightings *, struct datagram *d);
void sightings_free(struct sightings *); /* NULL is fine */

#endif
