/*
 * sink_stdout.c - standard output: JSON lines, and the text that was made for people elsewhere. A slow
 * reader holds up this sink alone; one that goes away ends it, which is no fault.
 */
#include "report/sink.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct standard {
	struct line line;
	struct slice
	    rest; /* of a record that could not be written whole: the next try goes on with it */
};

static bool stdout_start(struct sink *s, struct error *e)
{
	s->own = calloc(1, sizeof(struct standard));
	return s->own != NULL || error_set(e, "%s: out of memory", s->config->name);
}

static bool stdout_open(struct sink *s, struct error *e)
{
	(void)s;
	(void)e;
	return true;
}

static bool stdout_line(struct standard *o, const struct record *r, struct error *e)
{
	o->line.n = 0;
	line_bytes(&o->line, r->json.p, r->json.n);
	if (r->kind != (enum event_kind)RECORD_TEXT)
		line_words(&o->line, "\n");
	if (!line_ready(&o->line, e))
		return false;
	o->rest = (struct slice){ o->line.p, o->line.n };
	return true;
}

static enum sink_answer stdout_put(struct sink *s, const struct record *r, struct error *e)
{
	struct standard *o = s->own;
	if (o->rest.n == 0 && !stdout_line(o, r, e))
		return SINK_LATER;
	if (sink_send(s, STDOUT_FILENO, &o->rest))
		return SINK_TAKEN;
	if (errno == EPIPE)
		return SINK_ENDED;
	error_set(e, "standard output: %s", strerror(errno));
	return SINK_LATER;
}

static void stdout_close(struct sink *s)
{
	(void)s;
}

static void stdout_free(struct sink *s)
{
	struct standard *o = s->own;
	if (o != NULL)
		line_free(&o->line);
	free(o);
}

const struct sink_ops sink_STDOUT = {
	.start = stdout_start,
	.open = stdout_open,
	.put = stdout_put,
	.close = stdout_close,
	.free = stdout_free,
};
