/* message.h - the text of one message in a .talk. Private to the talk library. */
#ifndef DAVSCOPE_TALK_MESSAGE_H
#define DAVSCOPE_TALK_MESSAGE_H

#include "tests/tool/bytes.h"

enum message_style {
	STYLE_HTTP, /* head, blank line, body; lines end with CRLF on the wire */
	STYLE_DATA, /* only a body */
	STYLE_RAW, /* exact bytes with escapes; ends of lines count for nothing */
};

enum message_packing { PACKING_NONE, PACKING_GZIP, PACKING_BROTLI, PACKING_ZSTD };

struct message_shape {
	enum message_style style;
	bool hex; /* the body is written as hexadecimal bytes */
	enum message_packing packing;
	size_t chunk; /* chunk size, 0 = not chunked */
	struct bytes trailers; /* complete lines */
};

/* Appends the wire bytes of a message to out. */
bool message_build(struct slice text, const struct message_shape *, struct bytes *out,
    struct error *);

#endif
