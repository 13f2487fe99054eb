/*
 * machine.c - the machine's part of a diagnosis: which profiles can have done this, what another client
 * would have made of it, and whose fault it is.
 */
#include "report/machine.h"

#include <inttypes.h>

enum { ROOM = 96 };

void number_write(struct paragraph *p, const char *before, uint64_t n, const char *behind)
{
	char text[ROOM];
	snprintf(text, sizeof text, "%s%" PRIu64 "%s", before, n, behind);
	paragraph_words(p, text);
}

void frame_write(struct paragraph *p, const struct report_options *options, const char *before,
    struct stamp at)
{
	char text[ROOM];
	paragraph_words(p, before);
	if (options->n_inputs > 1 && options->input_names != NULL && at.input < options->n_inputs) {
		uint64_t start = out_written(p->out);
		out_vis(p->out, slice_from(options->input_names[at.input]), SIZE_MAX);
		out_char(p->out, ':');
		p->column += (size_t)(out_written(p->out) - start);
	}
	snprintf(text, sizeof text, "%" PRIu64, at.frame);
	paragraph_join(p, text);
}

void values_write(struct paragraph *p, enum policy policy, uint8_t values)
{
	const struct policy_info *info = &policies_table[policy];
	const char *between = "=";
	paragraph_words(p, info->code);
	for (unsigned v = 0; v < policy_values(policy); v++) {
		if (!(values >> v & 1))
			continue;
		paragraph_join(p, between);
		paragraph_join(p, info->values[v].word);
		between = "|";
	}
}

/* Of one value, what it means. */
void meaning_write(struct paragraph *p, enum policy policy, uint8_t values)
{
	unsigned v = 0;
	while (v < VALUES_MAX && !(values >> v & 1))
		v++;
	if (v == VALUES_MAX || values != BIT(v))
		return;
	paragraph_words(p, "(");
	p->fresh = true;
	paragraph_words(p, policies_table[policy].title);
	paragraph_join(p, ":");
	paragraph_words(p, policies_table[policy].values[v].text);
	paragraph_join(p, ")");
}

void copies_write(struct paragraph *p, const char *before, const struct predicted *out)
{
	if (out->least != out->most) {
		number_write(p, before, out->least, "");
		number_write(p, "to ", out->most, " copies");
	} else {
		number_write(p, before, out->most, out->most == 1 ? " copy" : " copies");
	}
}

struct paragraph machine_begin(struct out *o, const struct report_options *options, size_t indent,
    const char *heading)
{
	columns_pad(o, indent);
	struct paragraph p = paragraph_begin(o, options, indent + 4);
	p.column = indent;
	paragraph_join(&p, heading);
	return p;
}

/* ---- profiles ---- */

static void name_write(struct paragraph *p, const struct profile *profile)
{
	paragraph_wire(p, slice_from(profile->name));
	if (profile->hypothesis)
		paragraph_words(p, "(a hypothesis)");
}

static void violation_write(struct paragraph *p, const struct report_options *options,
    const struct check_view *v)
{
	paragraph_words(p, "cannot have sent");
	frame_write(p, options, "#", v->at);
	if (v->would != NULL) {
		paragraph_join(p, ": row");
		paragraph_words(p, v->would);
		paragraph_words(p, "has it do otherwise");
	}
	if (v->needed != NULL) {
		paragraph_join(p, v->would != NULL ? ", row" : ": row");
		paragraph_words(p, v->needed);
		paragraph_words(p, "would have to hold");
	}
	paragraph_join(p,
	    v->policy == POLICY_ANY ?
		"; no other value of a single policy that is still possible explains it" :
		"; explained by");
	if (v->policy != POLICY_ANY) {
		values_write(p, v->policy, v->values);
		meaning_write(p, v->policy, v->values);
	}
}

void check_write(struct out *o, const struct report_options *options, size_t indent,
    const struct check_view *v)
{
	static const char *const words[] = { [CONFORMS] = "explains all of it",
		[UNTRIED] = "was not put to the test",
		[NOT_DECIDED] = "cannot be judged: too much is open, or missing" };
	struct paragraph p = machine_begin(o, options, indent, "profile");
	name_write(&p, v->profile);
	if (v->by_agent)
		paragraph_words(&p, "(announced)");
	paragraph_join(&p, ":");
	if (v->verdict == VIOLATES)
		violation_write(&p, options, v);
	else
		paragraph_words(&p, words[v->verdict]);
	paragraph_end(&p);
}

void client_checks_write(struct out *o, const struct report_options *options, size_t indent,
    const struct client_view *c)
{
	for (size_t i = 0; i < c->n_checks; i++)
		check_write(o, options, indent, &c->checks[i]);
}

/* ---- another client ---- */

static const char *sends_text(enum machine_event request)
{
	switch (request) {
	case ON_Q_CREATE:
		return "it makes the item under the same name as before";
	case ON_Q_UPDATE:
		return "it updates the item";
	case ON_Q_READ:
		return "it reads what it has written";
	case ON_Q_LIST:
	case ON_Q_DELTA:
		return "it lists the collection";
	default:
		return "it sends nothing: the item is stored";
	}
}

static void divergence_write(struct paragraph *p, const struct report_options *options,
    const struct whatif_view *w)
{
	if (w->at.frame == 0) {
		paragraph_words(p, "it does the same");
		return;
	}
	frame_write(p, options, w->behind ? "behind #" : "instead of #", w->at);
	paragraph_words(p, sends_text(w->instead));
}

static void grade_write(struct paragraph *p, const struct whatif_view *w)
{
	static const char *const words[] = { [GRADE_A] = "grade A: all answers to it were seen",
		[GRADE_B] = "grade B: the answers follow from what the server showed",
		[GRADE_C] = "grade C: the server has not shown" };
	bool open = w->grade == GRADE_C && w->assumed == 0;
	paragraph_words(p, open ? "grade C: the capture leaves it open" : words[w->grade]);
	for (unsigned i = POLICY_ANY + 1; w->grade == GRADE_C && i < POLICIES; i++) {
		if (!(w->assumed >> i & 1))
			continue;
		paragraph_words(p, policies_table[i].code);
		paragraph_words(p, "(");
		p->fresh = true;
		paragraph_words(p, policies_table[i].title);
		paragraph_join(p, ")");
	}
}

static void whatif_write(struct out *o, const struct report_options *options, size_t indent,
    const struct whatif_view *w)
{
	struct paragraph p = machine_begin(o, options, indent, "with");
	name_write(&p, w->profile);
	paragraph_join(&p, ":");
	copies_write(&p, "", &w->out);
	if (w->out.may_be_dirty)
		paragraph_join(&p, ", and the item may stay unsent");
	if (w->out.may_lose_edit)
		paragraph_join(&p, ", and an edit may be lost");
	paragraph_join(&p, ";");
	divergence_write(&p, options, w);
	paragraph_join(&p, ";");
	grade_write(&p, w);
	paragraph_join(&p, "; at worst");
	number_write(&p, "", w->one_fault.most, " with one lost message,");
	number_write(&p, "", w->two_faults.most, " with two");
	paragraph_end(&p);
}

/* ---- whose fault ---- */

static const char *const part_words[] = { [PART_CLIENT] = "the client",
	[PART_SERVER] = "the server",
	[PART_NETWORK] = "the network" };

static void necessary_write(struct paragraph *p, unsigned necessary)
{
	const char *between = NULL;
	paragraph_join(p, necessary == 0 ? "; none of them alone ends it" : "; necessary:");
	for (unsigned part = 1; part < PARTS; part <<= 1) {
		if (!(necessary & part))
			continue;
		if (between != NULL)
			paragraph_words(p, between);
		paragraph_words(p, part_words[part]);
		between = "and";
	}
}

/* The client is replaced by one that is known, perhaps by hypothesis only: it is named. */
static void butfor_write(struct out *o, const struct report_options *options, size_t indent,
    const struct butfor_view *b)
{
	struct paragraph p = machine_begin(o, options, indent, "but for");
	for (unsigned part = 1; part < PARTS; part <<= 1) {
		paragraph_words(&p, part_words[part]);
		if (part == PART_CLIENT) {
			paragraph_words(&p, "(instead");
			paragraph_wire(&p, slice_from(b->profile->name));
			paragraph_join(&p, b->profile->hypothesis ? ", a hypothesis)" : ")");
		}
		paragraph_join(&p, ":");
		copies_write(&p, "", &b->without[part]);
		if (part << 1 < PARTS)
			paragraph_join(&p, ";");
	}
	necessary_write(&p, b->necessary);
	paragraph_end(&p);
}

void line_machine_write(struct out *o, const struct report_options *options, size_t indent,
    const struct line_view *v)
{
	for (size_t i = 0; i < v->n_whatifs; i++)
		whatif_write(o, options, indent, &v->whatifs[i]);
	if (v->butfor != NULL && v->butfor->reproduced)
		butfor_write(o, options, indent, v->butfor);
	if (v->why_not == NULL)
		return;
	struct paragraph p = machine_begin(o, options, indent,
	    "what other clients would have done is not said:");
	paragraph_words(&p, v->why_not);
	paragraph_end(&p);
}

const struct line_view *conclusions_line(const struct conclusions *c, uint64_t number)
{
	size_t low = 0, high = c->n_lines;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (c->lines[middle].number < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low < c->n_lines && c->lines[low].number == number ? &c->lines[low] : NULL;
}
