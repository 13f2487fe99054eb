/*
 * scrubber.h - what the two passes share. Private to scrub/.
 */
#ifndef DAVSCOPE_SCRUB_SCRUBBER_H
#define DAVSCOPE_SCRUB_SCRUBBER_H

#include "cmd/scrub/scrub.h"
#include "cmd/scrub/spool.h"
#include "cmd/scrub/words.h"

struct packet;

/* What is said of a packet that is no whole segment, or of bytes that contradict earlier ones. */
struct remark {
	uint64_t frame, offset;        /* offset in the stream: of the datagram's payload, of the bytes that differ */
	uint32_t n;                    /* how many differ; 0: it is a fragment */
	uint32_t stream;               /* 0: none */
	uint32_t payload;              /* of fragments: bytes of payload, and of the TCP header, of their datagram */
	uint8_t header;
	uint8_t sum;                   /* of fragments: enum checksum */
};

struct remarks { struct remark *items; size_t n, room, next; };

/* Other addresses of those that came by: most packets come from the same few. */
enum { ADDRESS_MEMOS = 256 };
struct address_memo { uint8_t n, from[16], to[16]; };

struct scrubber {
	struct words *words;
	const struct limits *limits;
	struct decode_tap tap;
	struct spool *spool;
	struct journal *journal;
	struct remarks marks;            /* by frame, once the first pass is over */
	uint64_t held;                 /* bytes of heads and bodies that are being read */
	uint8_t *out;                  /* the packet that was built last */
	size_t out_room;
	struct address_memo addresses[ADDRESS_MEMOS];
	struct scrub_counts counts;
};

/* stream.c: the listener, ctx is the scrubber */
void stream_bytes(void *ctx, void **own, uint64_t offset, struct slice, enum tap_kind);
void stream_gap(void *ctx, void **own);
void stream_end(void *ctx, void **own, enum tap_end);
void stream_close(void *ctx, void **own);
uint32_t stream_number(struct scrubber *, void **own);  /* its number in the spool; 0: none */

/* packet.c */
/* Builds the packet in s->out from `in` and its place, when it has one. True: it had bytes that nobody attributed. */
bool packet_build(struct scrubber *, const struct packet *in, const struct spot *);

#endif
