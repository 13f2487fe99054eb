/*
 * told.c - what a rule has told of an item or a session: the analysis comes back with a later state of
 * the same matter, and that makes a later state of the same finding, not another one.
 */
#include "rules/state.h"

struct told_key {
	struct key key;
	uint64_t id, update; /* of the finding; id 0: none was told */
	int64_t first_ns;
	enum severity severity; /* the worst so far: a weaker state takes nothing away */
	bool kept_back; /* by the limit of the rule: nothing more is said of it */
};

static bool told_idle(const struct key *k, int64_t now)
{
	(void)k, (void)now;
	return false;
}

static void told_clear(struct store *s, struct key *k)
{
	(void)s, (void)k;
}

static bool told_form(struct pack *k, struct rules *r, struct key *key)
{
	struct told_key *t = (struct told_key *)key;
	(void)r;
	pack_u64(k, &t->id);
	pack_u64(k, &t->update);
	pack_i64(k, &t->first_ns);
	PACK(k, t->kept_back);
	PACK(k, t->severity);
	return !k->bad && t->severity < SEVERITIES;
}

const struct use told_use = { sizeof(struct told_key), told_idle, told_clear, told_form };

/* Which matter it is; false: it does not say. */
static bool matter_key(struct key_text *text, const struct space *space, const struct event *e)
{
	const char *const names[2][2] = { { "item.lineage", "item.trouble" },
		{ "session.id", "session.trouble" } };
	key_begin(text, space);
	for (size_t i = 0; i < 2; i++) {
		struct field_ref ref;
		struct error unused;
		ensure(field_find(names[e->kind == EVENT_SESSION][i], &ref, &unused), &e->at);
		if (key_add(text, &ref, e) != PRESENT)
			return false;
	}
	return true;
}

/* NULL: it is no matter, does not say which, or there is no room to remember it. */
static struct told_key *told_take(struct rules *r, struct rule_state *s, const struct occasion *o)
{
	struct key_text text;
	enum event_kind kind = o->event->kind;
	if ((kind != EVENT_ITEM && kind != EVENT_SESSION) || !matter_key(&text, &s->told, o->event))
		return NULL;
	key_end(&text, &r->store);
	struct key *k = key_take(&r->store, &s->told, &text);
	if (k != NULL)
		key_touch(&r->store, k, o->moment.now);
	return (struct told_key *)k;
}

static void occasion_again(struct occasion *o, const struct told_key *t)
{
	o->id = t->id;
	o->update = t->update + 1;
	o->count = o->update + 1;
	o->first_ns = t->first_ns;
	o->least = t->severity;
}

bool told_fire(struct rules *r, struct rule_state *s, struct occasion *o)
{
	struct told_key *t = told_take(r, s, o);
	if (t == NULL || t->kept_back)
		return t != NULL;
	uint64_t limited = s->counts.limited;
	if (t->id != 0)
		occasion_again(o, t);
	enum severity severity = occasion_severity(r, s, o);
	t->key.pins++;
	uint64_t id = single_send(r, s, o);
	t->key.pins--;
	if (id != 0) {
		t->id = id;
		t->update = o->update;
		t->first_ns = o->first_ns;
		t->severity = severity;
	} else if (s->counts.limited != limited) {
		t->kept_back = true;
	} else if (t->id == 0) {
		key_drop(&r->store, &t->key);
	}
	return true;
}
