/*
 * out_text.h - what was written to a struct out, as text.
 */
#ifndef DAVSCOPE_TESTS_OUT_TEXT_H
#define DAVSCOPE_TESTS_OUT_TEXT_H

#include "report/report.h"

#include <stdlib.h>
#include <string.h>

struct written { struct out *out; };

static inline struct written written_open(void)
{
	struct error e;
	struct written w = { out_memory(&e) };
	if (w.out == NULL)
		abort();
	return w;
}

/* The caller frees it. */
static inline char *written_close(struct written *w)
{
	struct slice all = out_taken(w->out);
	char *text = calloc(1, all.n + 1);
	if (text == NULL || (all.p == NULL && all.n != 0))
		abort();
	if (all.n != 0)
		memcpy(text, all.p, all.n);
	out_abandon(w->out);
	return text;
}

#endif
