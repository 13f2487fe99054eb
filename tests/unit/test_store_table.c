/*
 * test_store_table.c - analysis/store_table.c, store_order.c: whatever comes and goes, all chains, lists and sums agree.
 */
#include "analysis/store.h"
#include "tests/unit/scenekit.h"

static void nobody(void *ctx, const struct matter *m)
{
	(void)ctx;
	(void)m;
}

static struct store *store_open(struct limits *limits)
{
	const struct teller teller = { nobody, NULL };
	struct store *s = store_new(limits, hash_key_from(3), NULL, teller);
	assert_non_null(s);
	return s;
}

/* ---- what has to agree ---- */

static const struct item *behind(const struct store *s, const struct item *k, int chain)
{
	if (chain == 0)
		return item_at(s, k->next_id);
	return item_at(s, chain == 1 ? k->next_uid : k->next_print);
}

static size_t times_in_table(const struct store *s, const struct item *wanted, int chain)
{
	const struct table *t = chain == 0 ? &s->by_id : chain == 1 ? &s->by_uid : &s->by_print;
	size_t n = 0;
	for (size_t i = 0; i < t->room; i++)
		for (const struct item *k = item_at(s, t->buckets[i]); k != NULL;
		     k = behind(s, k, chain))
			n += k == wanted || wanted == NULL;
	return n;
}

static size_t check_use(const struct store *s)
{
	size_t n = 0;
	uint32_t older = 0;
	for (const struct item *i = item_at(s, s->oldest); i != NULL;
	     i = item_at(s, i->newer), n++) {
		assert_int_equal(i->older, older);
		assert_ptr_equal(item_at(s, i->number), i);
		older = i->number;
	}
	assert_int_equal(s->newest, older);
	return n;
}

/* Of which it is not known whether they are there. */
static size_t check_open(const struct store *s, const struct scope_state *c)
{
	size_t n = 0;
	uint32_t later = 0;
	for (const struct item *i = item_at(s, c->open); i != NULL;
	     later = i->number, i = item_at(s, i->earlier), n++) {
		assert_true(i->scope == c->scope);
		assert_int_equal(i->state, LIFE_UNKNOWN);
		assert_int_equal(i->later, later);
	}
	return n;
}

static uint64_t date_of(const struct item *i)
{
	uint64_t latest = i->written_order;
	latest = i->created.order > latest ? i->created.order : latest;
	return i->created.answer_order > latest ? i->created.answer_order : latest;
}

/* Those before that date, the last one first. */
static size_t check_order(const struct store *s, const struct scope_state *c, uint64_t date)
{
	size_t n = 0;
	struct order_walk w = order_walk(s, &c->items, date);
	for (const struct item *i; (i = order_walk_next(s, &w)) != NULL; n++) {
		assert_true(i->scope == c->scope);
		assert_true(i->state == LIFE_MAYBE || i->state == LIFE_LIVE);
		assert_true(n == 0 ? date_of(i) < date : date_of(i) <= date);
		date = date_of(i);
	}
	return n;
}

/* Each item is listed in its collection, unless it is gone; a collection is there for its items. */
static size_t check_scope(const struct store *s, const struct scope_state *c)
{
	size_t listed = check_open(s, c) + check_order(s, c, UINT64_MAX), all = 0;
	for (const struct item *i = item_at(s, s->oldest); i != NULL; i = item_at(s, i->newer)) {
		all += i->scope == c->scope;
		listed += i->scope == c->scope && i->state == LIFE_GONE;
	}
	assert_int_equal(listed, all);
	assert_int_equal(c->n_items, all);
	assert_int_not_equal(all, 0);
	return all;
}

static size_t check_scopes(const struct store *s, size_t *bytes)
{
	size_t members = 0, scopes = 0;
	for (size_t k = 0; k < s->scopes_room; k++)
		for (const struct scope_state *c = s->scopes[k]; c != NULL; c = c->next) {
			members += check_scope(s, c);
			*bytes += sizeof(*c) + c->n_name + MALLOC_COST;
			scopes++;
		}
	assert_int_equal(scopes, s->n_scopes);
	return members;
}

static void check(const struct store *s)
{
	size_t n = check_use(s), uids = 0, prints = 0;
	size_t bytes = (s->by_id.room + s->by_uid.room + s->by_print.room) * sizeof(uint32_t);
	assert_int_equal(n, s->n_items);
	assert_int_equal(check_scopes(s, &bytes), n);
	for (const struct item *i = item_at(s, s->oldest); i != NULL; i = item_at(s, i->newer)) {
		size_t uid = i->uid_in_path ? 0 : i->n_uid;
		assert_ptr_equal(item_find(s, i->scope, i->id), i);
		assert_int_equal(times_in_table(s, i, 0), 1);
		assert_int_equal(times_in_table(s, i, 1), i->uid != 0);
		assert_int_equal(times_in_table(s, i, 2), i->print != 0);
		uids += i->uid != 0;
		prints += i->print != 0;
		bytes += sizeof(*i) + i->n_path + uid + i->n_summary + (size_t)MALLOC_COST;
		assert_true(i->uid == uid_number(item_uid(i)));
	}
	assert_int_equal(times_in_table(s, NULL, 0), n);
	assert_int_equal(times_in_table(s, NULL, 1), uids);
	assert_int_equal(times_in_table(s, NULL, 2), prints);
	assert_int_equal(bytes, s->bytes);
}

/* ---- random life ---- */

static uint64_t random_next(uint64_t *state)
{
	*state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return *state >> 33;
}

static struct place random_place(uint64_t *r, char *room, size_t n)
{
	unsigned scope = (unsigned)(random_next(r) % 12), id = (unsigned)(random_next(r) % 60);
	snprintf(room, n, "/cal%u/%u.ics", scope, id);
	return (struct place){ .path = slice_from(room), .scope = 1 + scope, .id = mix(scope, id) };
}

static void random_identity(struct store *s, struct item *item, uint64_t *r)
{
	char uid[80], summary[120];
	size_t n = random_next(r) % 70;
	struct object o = { .kind = OBJECT_EVENT, .master = true, .start_ns = 1 };
	memset(uid, 'u', n);
	snprintf(uid + n, sizeof(uid) - n, "%u", (unsigned)(random_next(r) % 20));
	n = random_next(r) % 100;
	memset(summary, 's', n);
	summary[n] = '\0';
	o.whole = random_next(r) % 8 != 0;
	o.uid = random_next(r) % 4 != 0 ? slice_from(uid) : (struct slice){ 0 };
	if (random_next(r) % 8 == 0) {
		struct slice path = item_path(item);
		snprintf(uid, sizeof(uid), "%.*s", (int)(random_next(r) % (path.n + 1)), path.p);
		o.uid = slice_from(uid);
	}
	o.summary = slice_from(summary);
	o.fingerprint = random_next(r) % 20;
	item_identify(s, item, &o);
}

static void random_date(struct store *s, struct item *item, uint64_t *r)
{
	struct trace created = item->created;
	created.order = random_next(r) % 50;
	created.answer_order = random_next(r) % 50;
	item_date(s, item, &created, random_next(r) % 50);
}

static void live(struct limits *limits, uint64_t seed, size_t steps)
{
	struct store *s = store_open(limits);
	char room[64];
	for (size_t i = 0; i < steps; i++) {
		struct item *item = item_take(s, random_place(&seed, room, sizeof(room)));
		assert_non_null(item);
		assert_int_equal(s->newest, item->number);
		assert_true(s->n_items <= limits->items_known || limits->items_known == 0);
		if (random_next(&seed) % 2 == 0)
			random_identity(s, item, &seed);
		if (random_next(&seed) % 3 == 0)
			item_state(s, item, (enum life_state)(random_next(&seed) % 4));
		if (random_next(&seed) % 3 == 0)
			random_date(s, item, &seed);
		if (random_next(&seed) % 16 == 0)
			item_touch(s, item_at(s, s->oldest));
		if (i % 29 == 0)
			check(s);
	}
	check(s);
	assert_true(s->evicted != 0 || limits->items_known > steps);
	store_free(s);
}

static void random_lives(void **state)
{
	struct limits limits = limits_default();
	(void)state;
	live(&limits, 1, 2000);
	for (uint64_t seed = 2; seed < 12; seed++) {
		limits.items_known = seed * seed;
		live(&limits, seed, 1500);
	}
}

/* The limit of bytes holds as well, whatever the items weigh. */
static void random_lives_in_little_room(void **state)
{
	struct limits limits = limits_default();
	(void)state;
	for (uint64_t seed = 1; seed < 6; seed++) {
		limits.store_bytes = 30000 + 8000 * seed;
		struct store *s = store_open(&limits);
		char room[64];
		uint64_t r = seed;
		for (size_t i = 0; i < 3000; i++) {
			struct item *item = item_take(s, random_place(&r, room, sizeof(room)));
			assert_non_null(item);
			random_identity(s, item, &r);
			assert_true(s->bytes <= limits.store_bytes + 1000);
			if (i % 50 == 0)
				check(s);
		}
		assert_true(s->evicted != 0);
		store_free(s);
	}
}

/* ---- eviction ---- */

static struct item *take(struct store *s, unsigned number)
{
	char room[64];
	snprintf(room, sizeof(room), "/cal/%u.ics", number);
	return item_take(s,
	    (struct place){ .path = slice_from(room), .scope = 1, .id = mix(1, number) });
}

static bool knows(const struct store *s, unsigned number)
{
	return item_find(s, 1, mix(1, number)) != NULL;
}

/* So many are known, and each one more drives out the one that was not used for longest. */
static void evicted_exactly(void **state)
{
	struct limits limits = limits_default();
	(void)state;
	limits.items_known = 10;
	struct store *s = store_open(&limits);
	for (unsigned i = 0; i < 10; i++)
		take(s, i);
	assert_int_equal(store_evicted(s), 0);
	assert_int_equal(s->n_items, 10);
	take(s, 0);
	take(s, 10);
	assert_int_equal(store_evicted(s), 1);
	assert_int_equal(s->n_items, 10);
	assert_true(knows(s, 0));
	assert_false(knows(s, 1));
	for (unsigned i = 11; i < 1000; i++)
		take(s, i);
	assert_int_equal(store_evicted(s), 990);
	assert_int_equal(s->n_items, 10);
	check(s);
	store_free(s);
}

static void room_for_none(void **state)
{
	struct limits limits = limits_default();
	(void)state;
	limits.items_known = 0;
	struct store *s = store_open(&limits);
	for (unsigned i = 0; i < 100; i++)
		take(s, i);
	assert_int_equal(s->n_items, 1); /* the one that is worked on */
	check(s);
	store_free(s);
}

/* ---- floods ---- */

/* An enemy gives all items one UID and one look: each costs no more than the first. */
static void all_the_same(void **state)
{
	struct limits limits = limits_default();
	(void)state;
	limits.items_known = 100000;
	struct store *s = store_open(&limits);
	struct object o = { .kind = OBJECT_EVENT,
		.uid = SLICE("u"),
		.summary = SLICE("Tea"),
		.start_ns = 1,
		.fingerprint = 7,
		.master = true,
		.whole = true };
	for (unsigned i = 0; i < 300000; i++)
		item_identify(s, take(s, i), &o);
	assert_int_equal(store_evicted(s), 200000);
	/* The latest of them are found. */
	size_t n = 0;
	const struct item *i = item_by_uid(s, uid_number(o.uid));
	for (; i != NULL; i = item_at(s, i->next_uid))
		n += i->uid == uid_number(o.uid);
	assert_in_range(n, 64, 1000);
	assert_ptr_equal(item_by_uid(s, uid_number(o.uid)), item_at(s, s->newest));
	assert_ptr_equal(item_by_print(s, 7), item_at(s, s->newest));
	store_free(s);
}

/* ---- the order of a collection ---- */

/* Of many: by what date, and while some of them go. */
static void dates(void **state)
{
	enum { ITEMS = 20000 };
	struct limits limits = limits_default();
	struct store *s = store_open(&limits);
	uint64_t r = 5;
	size_t n[50] = { 0 }, before = 0, gone = 0;
	(void)state;
	for (unsigned i = 0; i < ITEMS; i++) {
		struct item *item = take(s, i);
		item_state(s, item, LIFE_LIVE);
		random_date(s, item, &r);
		n[date_of(item)]++;
	}
	const struct scope_state *c = scope_find(s, 1);
	for (uint64_t date = 0; date < 50; before += n[date++])
		assert_int_equal(check_order(s, c, date), before);
	struct order_walk w = order_walk(s, &c->items, 40);
	before = check_order(s, c, 40);
	for (struct item *i; (i = order_walk_next(s, &w)) != NULL;) {
		if (random_next(&r) % 3 != 0)
			continue;
		item_state(s, i, LIFE_GONE);
		order_walk_again(s, &w);
		gone++;
	}
	assert_in_range(gone, before / 4, before / 2);
	assert_int_equal(check_order(s, c, 40), before - gone);
	assert_int_equal(check_order(s, c, 50), ITEMS - gone);
	store_free(s);
}

/* ---- texts ---- */

static void texts(void **state)
{
	static char text[1000];
	struct limits limits = limits_default();
	struct store *s = store_open(&limits);
	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	struct item *item = take(s, 1);
	struct object o = { .kind = OBJECT_EVENT,
		.uid = SLICE("1.ics"),
		.summary = SLICE("Tea"),
		.whole = true };
	item_identify(s, item, &o);
	assert_true(slice_is(item_path(item), "1.ics"));
	assert_true(slice_is(item_uid(item), "1.ics"));
	assert_true(slice_is(item_summary(item), "Tea"));
	o.uid = SLICE("other");
	item_identify(s, item, &o);
	assert_true(slice_is(item_uid(item), "other"));
	assert_true(slice_is(item_path(item), "1.ics"));
	/* What was not read to its end may have a UID behind. */
	o.uid = o.summary = (struct slice){ 0 };
	o.whole = false;
	item_identify(s, item, &o);
	assert_true(slice_is(item_uid(item), "other"));
	o.uid = o.summary = slice_from(text);
	item_identify(s, item, &o);
	assert_int_equal(item_uid(item).n, UID_MAX);
	assert_int_equal(item_summary(item).n, SUMMARY_MAX);
	item = item_take(s, (struct place){ .path = slice_from(text), .scope = 2, .id = 3 });
	assert_int_equal(item_path(item).n, 200);
	item_identify(s, item, NULL);
	store_free(s);
}

/* Two names that begin alike for as long as is kept are two names. */
static void prints(void **state)
{
	struct object o = { .kind = OBJECT_EVENT,
		.summary = SLICE("Tea"),
		.start_ns = 1,
		.fingerprint = 7,
		.whole = true };
	(void)state;
	assert_true(object_print(&o) == 7);
	assert_true(object_print(NULL) == 0);
	o.start_ns = OBJECT_NO_TIME;
	assert_true(object_print(&o) == 0);
	o.start_ns = 1;
	o.kind = OBJECT_CARD;
	assert_true(object_print(&o) == 0);
	o.kind = OBJECT_TODO;
	assert_true(object_print(&o) == 7);
	o.summary = (struct slice){ 0 };
	assert_true(object_print(&o) == 0);
}

static void names_of_peers(void **state)
{
	static char text[1000];
	struct limits limits = limits_default();
	struct store *s = store_open(&limits);
	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	peer_learn(s, 5, SLICE("anna"));
	peer_learn(s, 5, SLICE("bob"));
	assert_true(slice_is(peer_text(s, 5), "anna"));
	peer_learn(s, 5 + PEER_NAMES, slice_from(text));
	assert_int_equal(peer_text(s, 5).n, 0);
	assert_int_equal(peer_text(s, 5 + PEER_NAMES).n, 119);
	peer_learn(s, 0, SLICE("nobody"));
	assert_int_equal(peer_text(s, 0).n, 0);
	store_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_lives),
		cmocka_unit_test(random_lives_in_little_room),
		cmocka_unit_test(evicted_exactly),
		cmocka_unit_test(room_for_none),
		cmocka_unit_test(all_the_same),
		cmocka_unit_test(dates),
		cmocka_unit_test(texts),
		cmocka_unit_test(prints),
		cmocka_unit_test(names_of_peers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
