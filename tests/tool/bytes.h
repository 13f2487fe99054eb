/* bytes.h - a buffer that grows, for the test tools. Out of memory ends the test. */
#ifndef DAVSCOPE_TEST_BYTES_H
#define DAVSCOPE_TEST_BYTES_H

#include <stdlib.h>
#include <string.h>

#include "base/base.h"

struct bytes {
	uint8_t *p;
	size_t n, room;
};

static inline void bytes_add(struct bytes *b, const void *p, size_t n)
{
	if (n > b->room - b->n) {
		b->room = 2 * b->room + n + 256;
		b->p = realloc(b->p, b->room);
		ensure(b->p != NULL, NULL);
	}
	if (n > 0)
		memcpy(b->p + b->n, p, n);
	b->n += n;
}

static inline void bytes_u8(struct bytes *b, unsigned v)
{
	bytes_add(b, &(uint8_t){ (uint8_t)v }, 1);
}

static inline void bytes_be16(struct bytes *b, unsigned v)
{
	bytes_u8(b, v >> 8 & 0xff);
	bytes_u8(b, v & 0xff);
}

static inline void bytes_be32(struct bytes *b, uint32_t v)
{
	bytes_be16(b, v >> 16);
	bytes_be16(b, v & 0xffff);
}

static inline void bytes_slice(struct bytes *b, struct slice s)
{
	bytes_add(b, s.p, s.n);
}

static inline void bytes_text(struct bytes *b, const char *text)
{
	bytes_add(b, text, strlen(text));
}

static inline struct slice bytes_all(const struct bytes *b)
{
	return (struct slice){ b->p, b->n };
}

static inline void bytes_free(struct bytes *b)
{
	free(b->p);
	*b = (struct bytes){ 0 };
}

#endif
