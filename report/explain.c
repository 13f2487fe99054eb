/*
 * explain.c - `--explain`: below a transaction, what looked like a copy and is none, and which
 * transactions are one attempt of the client.
 */
#include "report/explain.h"

enum { TEXT_MAX = 200 };

static void write_name(struct out *o, struct slice href, struct slice summary)
{
	out_vis(o, href.n != 0 ? href : summary, TEXT_MAX);
}

/* "  not a copy: /cal/b.ics of /cal/a.ics (deleted before, step 8)" */
static void write_cleared(struct out *o, const struct matter *m)
{
	const char *text = gate_text(m->cleared);
	out_text(o, "  not a copy: ");
	write_name(o, m->href, m->summary);
	if (m->other_href.n != 0) {
		out_text(o, " of ");
		out_vis(o, m->other_href, TEXT_MAX);
	}
	if (text != NULL) {
		out_text(o, " (");
		out_text(o, text);
		out_text(o, ", step ");
		out_u64(o, m->cleared);
		out_char(o, ')');
	}
	out_char(o, '\n');
}

/* "  one attempt: o-7 create /cal/a.ics, 3 transactions, sent 2 times" */
static void write_folded(struct out *o, const struct event *event)
{
	const struct op *op = event->op;
	out_text(o, "  one attempt: ");
	out_vis(o, event->id, TEXT_MAX);
	out_char(o, ' ');
	out_text(o, op_words[op->kind]);
	if (op->at.path.n != 0) {
		out_char(o, ' ');
		out_vis(o, op->at.path, TEXT_MAX);
	}
	out_text(o, ", ");
	out_u64(o, op->legs);
	out_text(o, " transactions");
	if (op->attempts > 1) {
		out_text(o, ", sent ");
		out_u64(o, op->attempts);
		out_text(o, " times");
	}
	out_char(o, '\n');
}

void explain_list(struct out *o, const struct event *event)
{
	if (event->kind == EVENT_ITEM && event->matter->trouble == TROUBLE_SUSPICION_CLEARED)
		write_cleared(o, event->matter);
	else if (event->kind == EVENT_OPERATION && event->op->legs > 1)
		write_folded(o, event);
}
