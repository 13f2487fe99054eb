/*
 * defrag.h - IP fragments put together (RFC 791 3.2, RFC 8200 4.5). Private to decode/.
 *
 * For each byte the first arrival counts. Incomplete datagrams are bounded in number, bytes,
 * pieces and age; the oldest goes first.
 */
#ifndef DAVSCOPE_DECODE_DEFRAG_H
#define DAVSCOPE_DECODE_DEFRAG_H

#include "decode/ip.h"
#include "decode/net.h"

struct defrag;
/* NULL: no memory. */
struct defrag *defrag_new(const struct limits *, struct hash_key, struct net_sink);
/* What keeps this fragment from being used at all; ANOMALY_CODES = nothing. */
enum anomaly_code defrag_fault(const struct datagram *d);
bool defrag_has(const struct defrag *, const struct datagram *d); /* a piece of the same datagram waits */
/* True: *d was the last one wanted and is now the whole datagram, valid until the next call. */
bool defrag_packet(struct defrag *, struct datagram *d);
void defrag_tick(struct defrag *, int64_t clock_ns, const struct stamp *now);
size_t defrag_bytes(const struct defrag *); /* held at the moment; never above frag_bytes */
void defrag_free(struct defrag *); /* NULL is fine */

#endif
