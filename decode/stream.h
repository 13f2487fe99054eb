/*
 * stream.h - the seam between TCP reassembly and what reads the streams. Private to decode/.
 *
 * A stream is the bytes of one direction. They arrive in order, each byte once, straight out of
 * the packets; what was not captured arrives as a gap and is never filled.
 */
#ifndef DAVSCOPE_DECODE_STREAM_H
#define DAVSCOPE_DECODE_STREAM_H

#include "decode/shard.h"

/* A piece of a stream and what its packet tells about both directions. */
struct piece {
	struct slice bytes;        /* dies when the call returns */
	struct stamp at;
	uint64_t offset;           /* of the first byte in its stream */
	uint64_t peer_acked;       /* offset in the other stream up to which its sender had received */
	bool peer_acked_known;
	bool doubtful;             /* others were captured for them, or their checksum is wrong */
};

enum gap_kind { GAP_LOST, GAP_CLIPPED };

enum stream_end { STREAM_FIN, STREAM_RST };

struct stream_ops {
	void (*data)(void *ctx, unsigned dir, const struct piece *);
	void (*gap)(void *ctx, unsigned dir, uint64_t offset, uint64_t bytes, enum gap_kind);
	void (*conflict)(void *ctx, unsigned dir);     /* bytes of the message being read are in doubt */
	void (*end)(void *ctx, unsigned dir, enum stream_end);
};

#endif
