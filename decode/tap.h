/*
 * tap.h - what the bytes of the streams were read as, told as they are read. Part of decode.h.
 *
 * For who has to account for every byte of a capture (cmd/scrub/). Each byte that was delivered is told once,
 * in the order of its stream, by its first arrival; then what became of it. The calls come from whoever
 * runs the shard: with no workers that is the caller's thread. Segments come in the order in which they were
 * read within their flow, no later than the round behind that one.
 */
#ifndef DAVSCOPE_DECODE_TAP_H
#define DAVSCOPE_DECODE_TAP_H

#include "base/base.h"

enum tap_kind {
	TAP_HEAD,      /* lines of a head, or what may become one; blank lines between messages */
	TAP_BODY,      /* with the transfer coding undone */
	TAP_FRAMING,   /* lines around chunks */
	TAP_TRAILER,   /* lines behind the last chunk, with the blank one */
	TAP_OPAQUE,    /* no HTTP, or HTTP whose framing is lost */
};

/* What was being read is over. */
enum tap_end {
	TAP_WHOLE,     /* a message, by its framing */
	TAP_CUT,       /* a message, before its end */
	TAP_NO_MESSAGE, /* bytes told as TAP_HEAD were no start line */
};

enum checksum { CHECKSUM_UNKNOWN, CHECKSUM_RIGHT, CHECKSUM_LEFT, CHECKSUM_WRONG }; /* LEFT: to a network card */

/* A TCP segment and where its bytes lie in their stream; far beyond its end: outside of what is read. */
struct tap_segment {
	const struct stamp *at, *pieces; /* pieces: the other packets of a defragmented datagram */
	size_t n_pieces;
	uint64_t offset;
	size_t captured;           /* bytes of payload */
	size_t header;             /* bytes of the TCP header in front of them */
	enum checksum sum;         /* UNKNOWN also where checksums are not looked at */
};

/* `own` belongs to the listener: one for each direction of a flow, NULL at first. */
struct decode_tap {
	void (*bytes)(void *ctx, void **own, uint64_t offset, struct slice, enum tap_kind);
	void (*gap)(void *ctx, void **own);            /* bytes are missing behind those told last */
	void (*end)(void *ctx, void **own, enum tap_end);
	void (*segment)(void *ctx, void **own, const struct tap_segment *); /* after its bytes were told, or put aside */
	/* So many bytes of that packet, which are of this stream, differ from their first arrival. */
	void (*conflict)(void *ctx, void **own, const struct stamp *at, uint64_t offset, uint64_t n);
	/* Not read, as it was damaged: no stream has its bytes, and `offset` means nothing. */
	void (*damaged)(void *ctx, const struct tap_segment *);
	void (*close)(void *ctx, void **own);          /* the flow is over */
	void *ctx;
};

/*
 * How many of the first bytes of a stream make them known as a protocol that is not HTTP; 0: they do not.
 * *records: they are the header of a TLS record, and others follow.
 */
size_t protocol_signature(struct slice first, bool *records);
/* Makes the preface of a proxy at the start of a stream one that names nobody, a broken one one that stays so. Its bytes; 0: there is none. */
size_t proxy_preface_blank(uint8_t *p, size_t n);
/* How many bytes of a packet stand before its network layer, or were recognised at all. */
size_t packet_link_bytes(int linktype, struct slice packet, size_t layers, bool *is_ip);

#endif
