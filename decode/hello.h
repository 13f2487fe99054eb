/*
 * hello.h - what the first message of a TLS client tells in the clear. Private to decode/.
 */
#ifndef DAVSCOPE_DECODE_HELLO_H
#define DAVSCOPE_DECODE_HELLO_H

#include "base/base.h"

enum { HELLO_HEADER = 6, HELLO_ALPN_MOST = 64 };

struct tls_hello {
	struct slice server_name; /* points into the stream; empty: not there, or not seen whole */
	uint8_t alpn[HELLO_ALPN_MOST]; /* protocols that are offered, with commas between */
	size_t n_alpn;
};

/* Bytes from the start of the stream that its first record takes; 0: it is no ClientHello. Wants HELLO_HEADER bytes. */
size_t tls_hello_bytes(struct slice first);
/* Of a stream that may end anywhere: names that are whole are taken. True: all of the hello was there. */
bool tls_hello_read(struct slice stream, struct tls_hello *);

#endif
