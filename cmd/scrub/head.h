/*
 * head.h - heads of messages, of HTTP and of MIME. Private to scrub/.
 */
#ifndef DAVSCOPE_SCRUB_HEAD_H
#define DAVSCOPE_SCRUB_HEAD_H

#include "cmd/scrub/text.h"

/* What a head says of the body behind it. */
struct head {
	size_t n_type, n_coding, n_transfer;
	uint8_t type[160], coding[24], transfer[24]; /* Content-Type, -Encoding, -Transfer-Encoding: their beginning */
};

/* The start line and the fields of HTTP, blank lines in front included; `*head` gets the first of its fields. */
void head_scrub(const struct words *, uint8_t *p, size_t n, struct head *head);
/* Fields alone: trailers, MIME. */
void fields_scrub(const struct words *, uint8_t *p, size_t n, struct head *head);

#endif
