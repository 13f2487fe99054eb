/*
 * due.c - a heap of open tries: by due time, then rule, then the event that opened them, so that the
 * order does not depend on how they got in.
 */
#include "rules/due.h"

enum { ROOM_FIRST = 64 };

static size_t rule_number(const struct try *t)
{
	const struct key *key = (const struct key *)t->key;
	return key->space->owner->index;
}

static bool is_before(const struct try *a, const struct try *b)
{
	if (a->due != b->due)
		return a->due < b->due;
	if (rule_number(a) != rule_number(b))
		return rule_number(a) < rule_number(b);
	return a->opened < b->opened;
}

static void put(struct store *s, struct try *t, size_t place)
{
	s->due[place] = t;
	t->place = place;
}

static void move_up(struct store *s, struct try *t, size_t place)
{
	for (; place != 0 && is_before(t, s->due[(place - 1) / 2]); place = (place - 1) / 2)
		put(s, s->due[(place - 1) / 2], place);
	put(s, t, place);
}

static void move_down(struct store *s, struct try *t, size_t place)
{
	for (;;) {
		size_t child = 2 * place + 1;
		if (child + 1 < s->n_due && is_before(s->due[child + 1], s->due[child]))
			child++;
		if (child >= s->n_due || !is_before(s->due[child], t))
			break;
		put(s, s->due[child], place);
		place = child;
	}
	put(s, t, place);
}

bool due_add(struct store *s, struct try *t)
{
	if (s->n_due == s->due_room) {
		size_t room = s->due_room == 0 ? ROOM_FIRST : s->due_room * 2;
		struct try **grown = store_grow(s, s->due, s->due_room * sizeof(*grown),
		    room * sizeof(*grown));
		if (grown == NULL)
			return false;
		s->due = grown;
		s->due_room = room;
	}
	move_up(s, t, s->n_due++);
	return true;
}

void due_remove(struct store *s, struct try *t)
{
	struct try *last = s->due[--s->n_due];
	if (last == t)
		return;
	move_up(s, last, t->place);
	move_down(s, last, last->place);
}

void due_move(struct store *s, struct try *t, int64_t due)
{
	t->due = due;
	move_up(s, t, t->place);
	move_down(s, t, t->place);
}

struct try *due_first(const struct store *s)
{
	return s->n_due == 0 ? NULL : s->due[0];
}

void due_reorder(struct store *s)
{
	for (size_t i = s->n_due / 2; i-- != 0;)
		move_down(s, s->due[i], i);
}
