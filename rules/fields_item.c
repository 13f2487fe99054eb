/*
 * fields_item.c - getters of what the analysis says of an item, with its history, and of the
 * synchronisation of a collection.
 */
#include "rules/fields.h"

const char *const history_leg_words[] = { "back", "front", NULL };

/* ---- both ---- */

/* "i-4", "s-4": the same in every state, whatever the event is called. */
enum seen matter_id_read(const struct asked *a, struct value *v)
{
	v->made[0] = a->e->kind == EVENT_ITEM ? 'i' : 's';
	v->made[1] = '-';
	size_t n = 2 + decimal_put(v->made + 2, a->e->matter->number);
	return value_text(v, (struct slice){ (const uint8_t *)v->made, n });
}

enum seen matter_update_read(const struct asked *a, struct value *v)
{
	return a->e->update != 0 ? value_count(v, a->e->update) : ABSENT;
}

enum seen matter_certainty_read(const struct asked *a, struct value *v)
{
	return value_word(v, certainty_words[a->e->matter->certainty]);
}

enum seen matter_operation_read(const struct asked *a, struct value *v)
{
	const struct op *op = a->e->matter->op;
	return op != NULL ? value_count(v, op->number) : ABSENT;
}

static struct slice matter_text(const struct matter *m, int which)
{
	const struct slice texts[] = { [MATTER_MAILBOX] = m->mailbox,
		[MATTER_SCOPE] = m->scope,
		[MATTER_HREF] = m->href,
		[MATTER_OTHER_HREF] = m->other_href,
		[MATTER_UID] = m->uid,
		[MATTER_SUMMARY] = m->summary,
		[MATTER_PEER] = m->peer,
		[MATTER_DEVICE] = m->device,
		[MATTER_VALUE] = m->value,
		[MATTER_OTHER_VALUE] = m->other_value,
		[MATTER_FRONT_BUILD] = m->front_build,
		[MATTER_BACK_BUILD] = m->back_build };
	return texts[which];
}

enum seen matter_text_read(const struct asked *a, struct value *v)
{
	return value_text_or(v, matter_text(a->e->matter, a->which), ABSENT);
}

/* What stands in an object may be there though nobody sent it in this capture. */
enum seen matter_known_read(const struct asked *a, struct value *v)
{
	return value_text_or(v, matter_text(a->e->matter, a->which), NOT_OBSERVED);
}

enum seen matter_count_read(const struct asked *a, struct value *v)
{
	const struct matter *m = a->e->matter;
	uint64_t n = a->which == MATTER_COPIES ? m->copies : m->count;
	return n != 0 ? value_count(v, n) : ABSENT;
}

/* ---- what is wrong ---- */

static enum seen trouble_read(const struct asked *a, struct value *v)
{
	enum trouble trouble = a->e->matter->trouble;
	return trouble != TROUBLE_NONE ? value_word(v, trouble_name(trouble)) : ABSENT;
}

enum seen item_trouble_read(const struct asked *a, struct value *v)
{
	return trouble_read(a, v);
}

enum seen session_trouble_read(const struct asked *a, struct value *v)
{
	return trouble_read(a, v);
}

enum seen item_duplicate_read(const struct asked *a, struct value *v)
{
	return value_number(v, a->e->matter->trouble == TROUBLE_DUPLICATE);
}

enum seen item_copies_certainty_read(const struct asked *a, struct value *v)
{
	const struct matter *m = a->e->matter;
	if (m->trouble != TROUBLE_DUPLICATE)
		return ABSENT;
	return value_word(v, copies_words[m->in_part ? CONFIRMED + 1 : m->certainty]);
}

enum seen item_cause_read(const struct asked *a, struct value *v)
{
	enum cause cause = a->e->matter->cause;
	return cause != CAUSE_NONE ? value_word(v, cause_words[cause - CAUSE_UNTAGGED]) : ABSENT;
}

enum seen item_cleared_read(const struct asked *a, struct value *v)
{
	enum gate gate = a->e->matter->cleared;
	return gate != GATE_NONE ? value_word(v, gate_words[gate]) : ABSENT;
}

enum seen item_commit_read(const struct asked *a, struct value *v)
{
	const struct op *op = a->e->matter->op;
	return op != NULL ? value_word(v, commit_words[op->commit]) : ABSENT;
}

/* ---- history ---- */

size_t history_count(const struct event *e, bool *complete)
{
	*complete = e->matter->history_dropped == 0;
	return e->matter->n_history;
}

enum seen history_dropped_read(const struct asked *a, struct value *v)
{
	uint64_t n = a->e->matter->history_dropped;
	return n != 0 ? value_count(v, n) : ABSENT;
}

static const struct life *asked_life(const struct asked *a)
{
	const struct matter *m = a->e->matter;
	return a->element < m->n_history ? &m->history[a->element] : NULL;
}

enum seen history_input_read(const struct asked *a, struct value *v)
{
	const struct life *life = asked_life(a);
	const struct event *e = a->e;
	if (life == NULL || e->input_names == NULL || life->at.input >= e->n_inputs)
		return ABSENT;
	return value_word(v, e->input_names[life->at.input]);
}

enum seen history_frame_read(const struct asked *a, struct value *v)
{
	const struct life *life = asked_life(a);
	return life != NULL && life->at.frame != 0 ? value_count(v, life->at.frame) : ABSENT;
}

enum seen history_time_read(const struct asked *a, struct value *v)
{
	const struct life *life = asked_life(a);
	return life != NULL && life->at.frame != 0 ? value_number(v, life->at.ns) : ABSENT;
}

enum seen history_leg_read(const struct asked *a, struct value *v)
{
	const struct life *life = asked_life(a);
	return life != NULL ? value_word(v, history_leg_words[life->front]) : ABSENT;
}

enum seen history_operation_read(const struct asked *a, struct value *v)
{
	const struct life *life = asked_life(a);
	return life != NULL ? value_word(v, op_words[life->kind]) : ABSENT;
}

enum seen history_text_read(const struct asked *a, struct value *v)
{
	const struct life *life = asked_life(a);
	if (life == NULL)
		return ABSENT;
	const char *const texts[] = { [HISTORY_METHOD] = life->method,
		[HISTORY_PATH] = life->path,
		[HISTORY_NOTE] = life->note };
	return value_text_or(v, slice_from(texts[a->which]), ABSENT);
}

enum seen history_status_read(const struct asked *a, struct value *v)
{
	const struct life *life = asked_life(a);
	if (life == NULL)
		return ABSENT;
	return life->status != 0 ? value_number(v, life->status) : NOT_OBSERVED;
}

enum seen history_tag_read(const struct asked *a, struct value *v)
{
	const struct life *life = asked_life(a);
	return life != NULL && life_is_write(life) ?
	    value_word(v, tag_state_words[life->tag_seen]) :
	    ABSENT;
}

enum seen history_commit_read(const struct asked *a, struct value *v)
{
	const struct life *life = asked_life(a);
	return life != NULL ? value_word(v, commit_words[life->commit]) : ABSENT;
}

enum seen history_copy_read(const struct asked *a, struct value *v)
{
	const struct life *life = asked_life(a);
	return life != NULL ? value_number(v, life->copies) : ABSENT;
}
