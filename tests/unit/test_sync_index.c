/*
 * test_sync_index.c - analysis/sync_index.c: request and answer of a Sync command put together.
 */
#include "analysis/meaning.h"
#include "tests/unit/guard.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { MOST = 400 };

struct side {
	struct airsync body;
	struct airsync_collection collections[MOST];
	struct airsync_item items[8];
};

static struct slice text_of(const char *text)
{
	size_t n = strlen(text);
	return (struct slice){ guard_copy(text, n), n };
}

static void collection_add(struct side *s, const char *id, const char *class)
{
	struct airsync_collection *c = &s->collections[s->body.n_collections++];
	c->id = text_of(id);
	c->class = text_of(class);
	s->body.collections = s->collections;
}

/* Which collection of the answer is the partner of element i: its place there, -1: none. */
static long partner(const struct sync_facts *f, const struct side *res, size_t i)
{
	return f->pairs[i].res != NULL ? (long)(f->pairs[i].res - res->collections) : -1;
}

static void by_id(void **state)
{
	struct arena *arena = arena_new(1 << 20);
	struct side req = { 0 }, res = { 0 };
	struct sync_facts f = { .req = &req.body, .res = &res.body };
	(void)state;
	collection_add(&req, "c1", "Calendar");
	collection_add(&req, "c2", "");
	collection_add(&req, "c1", "");
	collection_add(&req, "", "Email"); /* 2.0: no id at all */
	collection_add(&req, "Email", "");
	collection_add(&res, "c9", "");
	collection_add(&res, "c1", "");
	collection_add(&res, "", "Email");
	collection_add(&res, "c2", "Calendar");
	collection_add(&res, "c1", "Calendar");
	collection_add(&res, "c1", "third");
	sync_facts_index(&f, arena);
	assert_true(f.indexed);
	static const long expected[] = { 1, 3, 4, 2, -1, 0, 5 };
	assert_int_equal(f.n_pairs, 7);
	for (size_t i = 0; i < 7; i++) {
		assert_int_equal(partner(&f, &res, i), expected[i]);
		assert_int_equal(f.pairs[i].req == NULL, i >= 5);
	}
	arena_free(arena);
}

static void one_side(void **state)
{
	struct arena *arena = arena_new(1 << 20);
	struct side res = { 0 };
	struct sync_facts f = { .res = &res.body };
	(void)state;
	collection_add(&res, "c1", "");
	sync_facts_index(&f, arena);
	assert_int_equal(f.n_pairs, 1);
	assert_null(f.pairs[0].req);
	f = (struct sync_facts){ .req = &res.body };
	sync_facts_index(&f, arena);
	assert_int_equal(f.n_pairs, 1);
	assert_null(f.pairs[0].res);
	f = (struct sync_facts){ .version = 25 };
	sync_facts_index(&f, arena);
	assert_true(f.indexed);
	assert_int_equal(f.n_pairs + f.n_rows, 0);
	arena_free(arena);
}

static void rows(void **state)
{
	struct arena *arena = arena_new(1 << 20);
	struct side req = { 0 }, res = { 0 };
	struct sync_facts f = { .req = &req.body, .res = &res.body };
	(void)state;
	collection_add(&req, "c1", "");
	collection_add(&req, "c2", "");
	collection_add(&res, "c1", "");
	req.collections[1].items = req.items;
	req.collections[1].n_items = 2;
	res.collections[0].items = res.items;
	res.collections[0].n_items = 1;
	sync_facts_index(&f, arena);
	assert_int_equal(f.n_rows, 3);
	assert_ptr_equal(f.rows[1].item, &req.items[1]);
	assert_ptr_equal(f.rows[1].in, &req.collections[1]);
	assert_false(f.rows[1].answer);
	assert_ptr_equal(f.rows[2].item, &res.items[0]);
	assert_true(f.rows[2].answer);
	arena_free(arena);
}

/* Many of one name, and many of different names in the worst order: all are found. */
static void many(void **state)
{
	static struct side req, res;
	struct arena *arena = arena_new(1 << 20);
	struct sync_facts f = { .req = &req.body, .res = &res.body };
	char id[24];
	(void)state;
	for (size_t i = 0; i < MOST; i++) {
		snprintf(id, sizeof id, "%zu", i < MOST / 2 ? 7 : i);
		collection_add(&req, id, "");
		snprintf(id, sizeof id, "%zu", MOST - 1 - i < MOST / 2 ? 7 : MOST - 1 - i);
		collection_add(&res, id, "");
	}
	sync_facts_index(&f, arena);
	assert_int_equal(f.n_pairs, MOST);
	for (size_t i = 0; i < MOST; i++)
		assert_non_null(f.pairs[i].res);
	arena_free(arena);
}

static void no_room(void **state)
{
	static struct side req;
	struct arena *arena = arena_new(64);
	struct sync_facts f = { .req = &req.body };
	(void)state;
	for (size_t i = 0; i < MOST; i++)
		collection_add(&req, "x", "");
	sync_facts_index(&f, arena);
	assert_false(f.indexed);
	assert_int_equal(f.n_pairs, 0);
	arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_id),
		cmocka_unit_test(one_side),
		cmocka_unit_test(rows),
		cmocka_unit_test(many),
		cmocka_unit_test(no_room),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
