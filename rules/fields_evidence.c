/*
 * fields_evidence.c - getters of the packets of an event, each once, in the total order.
 *
 * An element is a run of packets of one input. Only findings have more packets than EVENT_PACKETS;
 * they come with an index of the runs, so that reading all of them stays linear.
 */
#include "rules/fields.h"
#include "rules/state.h"

struct packets {
	const struct stamp *at;
	size_t n;
	const size_t *runs; /* where each begins; NULL: not indexed */
	size_t n_runs;
	struct stamp few[EVENT_PACKETS];
};

static void packets_of(const struct event *e, struct packets *p)
{
	if (e->kind == EVENT_FINDING) {
		p->at = e->finding->evidence;
		p->n = e->finding->n_evidence;
		p->runs = e->finding->runs;
		p->n_runs = e->finding->n_runs;
		return;
	}
	p->at = p->few;
	p->n = event_packets(e, p->few);
	p->runs = NULL;
}

static bool run_starts(const struct packets *p, size_t i)
{
	return i == 0 || p->at[i].input != p->at[i - 1].input;
}

/* Where run number `element` begins; p->n when there are fewer. */
static size_t run_find(const struct packets *p, size_t element)
{
	size_t i = 0, runs = 0;
	if (p->runs != NULL)
		return element < p->n_runs ? p->runs[element] : p->n;
	for (; i < p->n; i++)
		if (run_starts(p, i) && runs++ == element)
			break;
	return i;
}

/* Packet number `nth` of that run; p->n when there is none. */
static size_t run_packet(const struct packets *p, size_t element, size_t nth)
{
	size_t i = run_find(p, element);
	if (p->runs != NULL) {
		size_t end = run_find(p, element + 1);
		return nth < end - i ? i + nth : p->n;
	}
	while (i < p->n && nth-- != 0)
		if (++i < p->n && run_starts(p, i))
			return p->n;
	return i;
}

size_t evidence_count(const struct event *e, bool *complete)
{
	struct packets p;
	size_t runs = 0;
	*complete = true;
	packets_of(e, &p);
	if (p.runs != NULL)
		return p.n_runs;
	for (size_t i = 0; i < p.n; i++)
		runs += run_starts(&p, i);
	return runs;
}

enum seen evidence_input_read(const struct asked *a, struct value *v)
{
	struct packets p;
	packets_of(a->e, &p);
	size_t i = run_find(&p, a->element);
	if (i == p.n || a->e->input_names == NULL || p.at[i].input >= a->e->n_inputs)
		return ABSENT;
	return value_word(v, a->e->input_names[p.at[i].input]);
}

enum seen evidence_frames_read(const struct asked *a, struct value *v)
{
	struct packets p;
	packets_of(a->e, &p);
	size_t i = run_packet(&p, a->element, a->nth);
	return i < p.n ? value_count(v, p.at[i].frame) : ABSENT;
}
