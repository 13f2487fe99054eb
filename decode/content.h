/*
 * content.h - message bodies: content codings undone, media types read. Private to decode/.
 *
 * A body is fed in whatever pieces it arrives; the result does not depend on where they end.
 */
#ifndef DAVSCOPE_DECODE_CONTENT_H
#define DAVSCOPE_DECODE_CONTENT_H

#include "decode/decode.h"
#include "decode/inflate.h"

struct content_sink { void (*anomaly)(void *ctx, enum anomaly_code, uint64_t value); void *ctx; };

/* What is read of a body; what is not is only named, and no more of it is decoded than is read. */
enum content_wish {
	CONTENT_ALL,
	CONTENT_ORGANIZER,             /* XML, and whether a calendar object has an ORGANIZER */
	CONTENT_XML,
};

struct content_options {
	const struct limits *limits;
	struct slice media_type;       /* value of Content-Type, empty when absent */
	struct slice coding;           /* value of Content-Encoding, empty when absent */
	struct inflate_sum *unpacked;  /* of the direction, with the bodies before */
	bool root_only;                /* XML: stop behind the start tag of the root element */
	enum content_wish wish;
	bool hash;                     /* of the decoded bytes; of calendar and address objects that are read, too */
};

struct content;
/* Everything the body leaves behind lives in `arena`. NULL: no memory; the body is then not observed. */
struct content *content_new(const struct content_options *, struct arena *arena, struct content_sink);
void content_data(struct content *, struct slice);    /* with the transfer coding undone */
void content_gap(struct content *, uint64_t bytes);   /* nothing behind a gap is decoded: dav and organizer stop there */
/* Fills all of *body but gap_bytes; `whole` says the message ended by its framing without a gap. Frees the content. */
void content_end(struct content *, bool whole, struct body *body);
void content_abandon(struct content *);               /* NULL is fine */

enum body_kind content_kind(struct slice media_type); /* type and subtype, parameters ignored */

#endif
