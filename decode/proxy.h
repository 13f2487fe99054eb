/*
 * proxy.h - the preface by which a proxy names its client (PROXY protocol, versions 1 and 2).
 * Private to decode/.
 */
#ifndef DAVSCOPE_DECODE_PROXY_H
#define DAVSCOPE_DECODE_PROXY_H

#include "decode/decode.h"

enum { PROXY_MOST = 108 }; /* bytes that always suffice for a verdict */

enum proxy_verdict {
	PROXY_MORE,        /* it may become one */
	PROXY_NONE,
	PROXY_BROKEN,      /* it begins like one */
	PROXY_WHOLE,
};

struct proxy_preface {
	struct endpoint client;    /* family 0: it names none, or none of TCP */
	size_t bytes;              /* of it; 0 of a broken one: where it ends is not known */
};

/* The first bytes of a stream. All that is wanted of a preface may be there before its last byte is. */
enum proxy_verdict proxy_preface_read(struct slice first, struct proxy_preface *);

#endif
