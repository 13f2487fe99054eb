/*
 * window.c - rules that count: events, or different values, of one key within a sliding time. The
 * window at time t is (t - within, t].
 */
#include "rules/state.h"

#include <string.h>

/* One event, or one more value of it; the last entry of an event is its witness. */
struct entry {
	int64_t ns;
	uint64_t value; /* its hash */
	struct witness *witness;
	bool newest; /* no later entry has this value */
};

struct window_key {
	struct key key;
	struct entry *entries; /* by time: [start, start + n) */
	uint32_t start, n, room;
	uint32_t events, distinct; /* among them */
	uint32_t update;
	uint64_t id; /* of the finding that still holds (keep); 0: none */
};

static const struct window *window_of(const struct key *k)
{
	return &k->space->owner->rule->window;
}

static struct entry *entry_at(const struct window_key *w, uint32_t i)
{
	return &w->entries[w->start + i];
}

static void entry_leave(struct store *s, struct window_key *w)
{
	struct entry *e = entry_at(w, 0);
	w->distinct -= e->newest;
	w->events -= e->witness != NULL;
	witness_free(s, e->witness);
	w->start++;
	w->n--;
}

static void entries_empty(struct store *s, struct window_key *w)
{
	while (w->n != 0)
		entry_leave(s, w);
	w->start = 0;
}

static void window_clear(struct store *s, struct key *k)
{
	struct window_key *w = (struct window_key *)k;
	entries_empty(s, w);
	store_release(s, w->entries, w->room * sizeof(*w->entries));
	w->entries = NULL;
	w->room = 0;
}

static bool window_idle(const struct key *k, int64_t now)
{
	const struct window_key *w = (const struct window_key *)k;
	return w->n == 0 || entry_at(w, w->n - 1)->ns <= ns_sub(now, window_of(k)->within_ns);
}

/* One more place at the end. */
static bool entries_reserve(struct store *s, struct window_key *w)
{
	if (w->start + w->n < w->room)
		return true;
	if (w->start != 0 && w->start >= w->room / 2) {
		memmove(w->entries, entry_at(w, 0), w->n * sizeof(*w->entries));
		w->start = 0;
		return true;
	}
	uint32_t room = w->room == 0 ? 1 : w->room * 2;
	struct entry *grown = store_grow(s, w->entries, w->room * sizeof(*grown),
	    room * sizeof(*grown));
	if (grown == NULL)
		return false;
	w->entries = grown;
	w->room = room;
	return true;
}

/* ---- over a restart ---- */

static bool entry_form(struct pack *k, struct store *s, struct entry *e)
{
	bool has_witness = e->witness != NULL;
	pack_i64(k, &e->ns);
	pack_u64(k, &e->value);
	PACK(k, e->newest);
	PACK(k, has_witness);
	return !k->bad && (!has_witness || witness_form(k, s, &e->witness));
}

/* By time, and each with its witness from the moment it stands there. */
static bool entry_read(struct pack *k, struct store *s, struct window_key *w)
{
	struct entry e = { .ns = 0 };
	bool good = entry_form(k, s, &e) && (w->n == 0 || entry_at(w, w->n - 1)->ns <= e.ns);
	if (!good || !entries_reserve(s, w)) {
		witness_free(s, e.witness);
		return false;
	}
	w->entries[w->start + w->n++] = e;
	w->events += e.witness != NULL;
	w->distinct += e.newest;
	return true;
}

static bool window_form(struct pack *k, struct rules *r, struct key *key)
{
	struct window_key *w = (struct window_key *)key;
	uint64_t n = w->n;
	PACK(k, w->update);
	pack_u64(k, &w->id);
	pack_u64(k, &n);
	if (n > r->options.limits->rule_entries)
		return false;
	for (uint64_t i = 0; i < n; i++)
		if (k->reading ? !entry_read(k, &r->store, w) :
				 !entry_form(k, &r->store, entry_at(w, (uint32_t)i)))
			return false;
	return !k->bad;
}

const struct use window_use = { sizeof(struct window_key), window_idle, window_clear, window_form };

static struct entry *newest_of(struct window_key *w, uint64_t value)
{
	for (uint32_t i = w->n; i-- != 0;)
		if (entry_at(w, i)->newest && entry_at(w, i)->value == value)
			return entry_at(w, i);
	return NULL;
}

/* The last one. An earlier entry may have its value. */
static void entry_drop(struct store *s, struct window_key *w)
{
	struct entry *e = entry_at(w, w->n - 1);
	w->n--;
	w->events -= e->witness != NULL;
	w->distinct -= e->newest;
	for (uint32_t i = w->n; e->newest && i-- != 0;) {
		if (entry_at(w, i)->value == e->value) {
			entry_at(w, i)->newest = true;
			w->distinct++;
			break;
		}
	}
	witness_free(s, e->witness);
}

/* Behind all of its time. There is a place for it. */
static void entry_insert(struct window_key *w, struct entry new)
{
	uint32_t i = w->n++;
	for (; i != 0 && entry_at(w, i - 1)->ns > new.ns; i--)
		*entry_at(w, i) = *entry_at(w, i - 1);
	*entry_at(w, i) = new;
	w->distinct += new.newest;
	w->events += new.witness != NULL;
}

/* ---- what one event brings ---- */

struct arrival {
	struct rules *rules;
	struct rule_state *state;
	const struct event *event;
	struct moment moment;
	struct window_key *key;
};

static void lost_one(const struct arrival *a)
{
	a->state->counts.evicted++;
}

static bool entry_add(const struct arrival *a, uint64_t value, struct witness *witness)
{
	struct window_key *w = a->key;
	struct entry new = { .ns = a->moment.at, .value = value, .witness = witness };
	struct entry *same = newest_of(w, new.value);
	if (same != NULL && witness == NULL && same->ns >= new.ns)
		return true;
	if (w->n >= a->rules->options.limits->rule_entries) {
		entry_leave(&a->rules->store, w);
		lost_one(a);
	}
	if (!entries_reserve(&a->rules->store, w)) {
		lost_one(a);
		return false;
	}
	same = newest_of(w, new.value);
	new.newest = same == NULL || same->ns <= new.ns;
	if (same != NULL && new.newest) {
		same->newest = false;
		w->distinct--;
	}
	entry_insert(w, new);
	return true;
}

/* The values of one event, those of all elements when they belong to a group. */
struct values {
	const struct field_ref *of;
	const struct event *event;
	size_t element, n_elements, nth;
};

static struct values values_begin(const struct field_ref *of, const struct event *e)
{
	const struct field *group = field_group(of->field);
	bool complete = true;
	return (struct values){ .of = of,
		.event = e,
		.n_elements = group == NULL ? 1 : field_elements(group, e, &complete) };
}

static bool values_next(struct values *x, struct value *v)
{
	for (; x->element < x->n_elements; x->element++, x->nth = 0)
		if (field_read(x->of, x->event, x->element, x->nth++, v) == PRESENT)
			return true;
	return false;
}

/*
 * All values but the last of an event are entries without a witness; that one gets it. Of more than
 * a window holds the others are lost.
 */
static bool values_add(const struct arrival *a, struct witness *witness)
{
	const struct field_ref *of = &a->state->rule->window.of;
	struct hash_key key = a->rules->store.hash_key;
	struct values values = values_begin(of, a->event);
	struct value v = { .number = 0 };
	uint64_t pending = 0;
	for (size_t n = 0; values_next(&values, &v); n++) {
		if (n == a->rules->options.limits->rule_entries) {
			lost_one(a);
			break;
		}
		if (n != 0)
			entry_add(a, pending, NULL);
		pending = value_hash(&v, of->field->type, key);
	}
	return entry_add(a, pending, witness);
}

static bool arrival_add(const struct arrival *a)
{
	struct store *s = &a->rules->store;
	struct witness *w = witness_new(s, a->event, a->moment.at, false);
	if (w == NULL) {
		lost_one(a);
		return false;
	}
	bool added = a->state->rule->window.distinct ? values_add(a, w) : entry_add(a, 0, w);
	if (!added)
		witness_free(s, w);
	return added;
}

/* ---- counting ---- */

struct tally {
	uint64_t events, distinct;
	uint32_t from, to; /* its entries */
};

/* Entries behind `now` are those of a jump that is not decided. */
static struct tally window_count(const struct window_key *w, int64_t now)
{
	int64_t open = ns_sub(now, window_of(&w->key)->within_ns);
	struct tally t = { w->events, w->distinct, 0, w->n };
	for (; t.from < t.to && entry_at(w, t.from)->ns <= open; t.from++) {
		t.events -= entry_at(w, t.from)->witness != NULL;
		t.distinct -= entry_at(w, t.from)->newest;
	}
	for (; t.to > t.from && entry_at(w, t.to - 1)->ns > now; t.to--) {
		t.events -= entry_at(w, t.to - 1)->witness != NULL;
		t.distinct -= entry_at(w, t.to - 1)->newest;
	}
	return t;
}

static bool tally_fires(const struct tally *t, const struct window *window)
{
	return (window->distinct ? t->distinct : t->events) >= window->fire;
}

/* What is too old leaves, and what claimed a time that turned out to be none. */
static void window_purge(struct store *s, struct window_key *w, struct moment m)
{
	int64_t open = ns_sub(m.now, window_of(&w->key)->within_ns);
	while (w->n != 0 && entry_at(w, 0)->ns <= open)
		entry_leave(s, w);
	while (w->n != 0 && entry_at(w, w->n - 1)->ns > m.now && entry_at(w, w->n - 1)->ns != m.at)
		entry_drop(s, w);
}

static void window_fire(const struct arrival *a, const struct tally *t)
{
	struct window_key *w = a->key;
	struct occasion o = { .outcome = CONCLUSIVE,
		.event = a->event,
		.at = a->event->at,
		.moment = a->moment,
		.suppressed_until = suppressed_until(a->rules, a->state),
		.id = w->id,
		.update = w->id != 0 ? w->update + 1 : 0,
		.count = t->events,
		.distinct = window_of(&w->key)->distinct ? t->distinct : t->events,
		.first_ns = entry_at(w, t->from)->ns,
		.last_ns = a->moment.at,
		.key = &w->key };
	struct draft *d = draft_begin(a->rules, a->state, &o);
	if (d == NULL)
		return;
	for (uint32_t i = t->from; i < t->to; i++)
		if (entry_at(w, i)->witness != NULL)
			draft_witness(d, entry_at(w, i)->witness);
	w->update = (uint32_t)o.update;
	w->id = draft_send(a->rules, a->state, d, &o);
}

static void window_judge(const struct arrival *a)
{
	const struct window *window = &a->state->rule->window;
	struct window_key *w = a->key;
	struct tally t = window_count(w, a->moment.at);
	if (!tally_fires(&t, window))
		return;
	window_fire(a, &t);
	if (!window->keep) {
		entries_empty(&a->rules->store, w);
		w->id = 0;
	}
}

/* Absent or not observed: the event is not used. */
static bool window_key_text(struct rules *r, struct rule_state *s, const struct event *e,
    struct key_text *text)
{
	const struct window *window = &s->rule->window;
	key_begin(text, &s->keys);
	for (size_t i = 0; i < window->by.n; i++)
		if (key_add(text, &window->by.fields[i], e) != PRESENT)
			return false;
	key_end(text, &r->store);
	if (!window->distinct)
		return true;
	struct values values = values_begin(&window->of, e);
	struct value v = { .number = 0 };
	return values_next(&values, &v);
}

void window_event(struct rules *r, struct rule_state *s, const struct event *e,
    struct moment moment)
{
	struct key_text text;
	if (!window_key_text(r, s, e, &text)) {
		s->counts.keyless++;
		return;
	}
	struct key *k = key_take(&r->store, &s->keys, &text);
	if (k == NULL)
		return;
	struct arrival a = { r, s, e, moment, (struct window_key *)k };
	k->pins++;
	key_touch(&r->store, k, moment.now);
	window_purge(&r->store, a.key, moment);
	struct tally before = window_count(a.key, moment.now);
	if (!tally_fires(&before, &s->rule->window))
		a.key->id = 0;
	if (arrival_add(&a))
		window_judge(&a);
	k->pins--;
	key_drop_idle(&r->store, k);
}
