/*
 * checksum.h - whether what IP carries is as it was sent (RFC 1071, RFC 9293 3.1, RFC 768). Private to decode/.
 *
 * A capture of the sender's own packets sees what its network card is yet to fill in: 0, or the sum of the
 * pseudo-header, with the length or without it (large segments that the card cuts up).
 */
#ifndef DAVSCOPE_DECODE_CHECKSUM_H
#define DAVSCOPE_DECODE_CHECKSUM_H

#include "decode/ip.h"
#include "decode/net.h"

/* An IPv4 header at the cursor that is whole. */
bool checksum_ip_is_wrong(struct cursor);
/* TCP or UDP in a datagram that is no fragment; false also where nothing can be said. */
bool checksum_is_wrong(const struct datagram *);
/* The part of it that is known before the payload is looked at: fills in sum, summed and sum_is_left. */
void checksum_begin(const struct datagram *, struct segment *);

enum checksum checksum_of(const struct segment *);

#endif
