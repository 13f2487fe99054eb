/*
 * out_text.h - what was written to a struct out, as text.
 */
#ifndef DAVSCOPE_TESTS_OUT_TEXT_H
#define DAVSCOPE_TESTS_OUT_TEXT_H

#include "report/report.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct written { struct out *out; char path[64]; };

static inline struct written written_open(void)
{
	struct written w;
	struct error e;
	snprintf(w.path, sizeof w.path, "/tmp/davscope-out-%ld", (long)getpid());
	w.out = out_open(w.path, &e);
	if (w.out == NULL)
		abort();
	return w;
}

/* The caller frees it. */
static inline char *written_close(struct written *w)
{
	struct error e;
	size_t n = (size_t)out_written(w->out);
	char *text = calloc(1, n + 1);
	if (text == NULL || !out_close(w->out, &e))
		abort();
	FILE *f = fopen(w->path, "rb");
	if (f == NULL || fread(text, 1, n, f) != n)
		abort();
	fclose(f);
	unlink(w->path);
	return text;
}

#endif
