/*
 * What anybody may ask of a finished message or transaction.
 */
#include <stdlib.h>

#include "decode/decode.h"

void txn_free(struct txn *t)
{
	if (t)
		arena_free(t->arena);
}

struct stamp message_packet(const struct message *m)
{
	return m->head.frame != 0 ? m->head : m->first;
}

bool message_complete(const struct message *m)
{
	return m->seen && m->head_complete && m->end_seen && !m->loss;
}

enum seen message_header(const struct message *m, const char *name, struct slice *value)
{
	struct slice wanted = slice_from(name);
	for (size_t i = 0; i < m->n_headers; i++) {
		if (slice_equal_nocase(m->headers[i].name, wanted)) {
			*value = m->headers[i].value;
			return PRESENT;
		}
	}
	bool trailers_seen = !m->chunked || (m->end_seen && !(m->loss & LOSS_LIMIT));
	return m->head_complete && trailers_seen ? ABSENT : NOT_OBSERVED;
}
