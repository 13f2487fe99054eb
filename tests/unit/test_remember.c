/*
 * test_remember.c - analysis/remember.c, store_unsaved.c, store_save.c, session_save.c: what is handed out, when,
 * and what is made of it.
 */
#include "tests/unit/gatekit.h"

#include <stdio.h>

#define HOUR_S INT64_C(3600)

/* ---- a keeper: the last record of each key ---- */

enum { KEPT_MAX = 2048, LABEL_MAX = 256 };
struct kept {
	struct state_record record;
	uint8_t *body;
	char label[LABEL_MAX];
};
struct keeper {
	struct kept list[KEPT_MAX];
	size_t n, given, items, forgotten, room; /* room: so many more are taken */
};

static struct keeper *keeper;

static bool keeper_put(void *ctx, const struct state_record *r)
{
	struct keeper *k = ctx;
	size_t i = 0;
	if (k->room == 0)
		return false;
	k->room--;
	k->given++;
	k->items += r->part == STATE_ITEM;
	k->forgotten += r->body.n == 0;
	while (i < k->n &&
	    (k->list[i].record.part != r->part ||
		memcmp(k->list[i].record.key, r->key, sizeof(r->key)) != 0))
		i++;
	assert_true(i < KEPT_MAX);
	free(i < k->n ? k->list[i].body : NULL);
	struct kept *kept = &k->list[i];
	k->n += i == k->n;
	*kept = (struct kept){ .record = *r, .body = malloc(r->body.n + 1) };
	assert_non_null(kept->body);
	if (r->body.n != 0)
		memcpy(kept->body, r->body.p, r->body.n);
	kept->record.body.p = kept->body;
	snprintf(kept->label, sizeof(kept->label), "%.*s", (int)r->label.n,
	    (const char *)r->label.p);
	return true;
}

static bool save(void)
{
	const struct state_sink sink = { keeper_put, keeper };
	keeper->given = keeper->items = keeper->forgotten = 0;
	return analysis_save(s.analysis, &sink);
}

static size_t given_of(enum state_part part)
{
	size_t before = keeper->n, n = 0;
	for (size_t i = 0; i < before; i++)
		n += keeper->list[i].record.part == part && keeper->list[i].record.body.n != 0;
	return n;
}

static void load(void)
{
	for (enum state_part part = 0; part < STATE_PARTS; part++)
		for (size_t i = 0; i < keeper->n; i++) {
			const struct state_record *r = &keeper->list[i].record;
			if (r->part == part && r->body.n != 0 && !analysis_load(s.analysis, r))
				fail_msg("refused: %s, %s", state_words[r->part],
				    keeper->list[i].label);
		}
}

/* Another process, which knows what was saved. */
static void restart(void)
{
	struct error e;
	const struct analysis_options options = { .limits = &s.limits, .key = hash_key_from(7) };
	analysis_free(s.analysis);
	s.analysis = analysis_new(&options, (struct analysis_sink){ scene_told, &s }, &e);
	assert_non_null(s.analysis);
	s.in = analysis_input(s.analysis);
	load();
}

static int open_both(void **state)
{
	keeper = calloc(1, sizeof(*keeper));
	assert_non_null(keeper);
	keeper->room = SIZE_MAX;
	return open_scene(state);
}

static int close_both(void **state)
{
	for (size_t i = 0; i < keeper->n; i++)
		free(keeper->list[i].body);
	free(keeper);
	return close_scene(state);
}

/* ---- what is handed out ---- */

static void nothing_new_is_nothing(void **state)
{
	(void)state;
	create("/cal/a.ics", "u1", "Tea");
	assert_true(save());
	assert_true(keeper->given != 0);
	assert_true(save());
	assert_int_equal(keeper->given, 0);
	assert_int_equal(given_of(STATE_ITEM), 1);
}

static void labels_are_for_people(void **state)
{
	(void)state;
	create("/cal/a.ics", "u1", "Tea\x1b[2J");
	create("/cal/b.ics", "u1", "Tea");
	assert_true(save());
	bool seen = false;
	for (size_t i = 0; i < keeper->n; i++)
		seen |= strcmp(keeper->list[i].label,
			    "/cal/a.ics uid=u1 \"Tea\\x1b[2J\" live, 2 copies") == 0;
	assert_true(seen);
}

static void whoever_has_no_room_is_asked_again(void **state)
{
	(void)state;
	create("/cal/a.ics", "u1", "Tea");
	untagged("/cal/b.ics", "u1");
	keeper->room = 0;
	for (size_t tries = 0; !save(); tries++) {
		assert_true(tries < 1000);
		keeper->room = 1;
	}
	assert_int_equal(given_of(STATE_ITEM), 2);
	restart();
	assert_duplicate(CAUSE_NONE, CONFIRMED);
}

static const struct state_record *keeper_item(void)
{
	for (size_t i = 0; i < keeper->n; i++)
		if (keeper->list[i].record.part == STATE_ITEM)
			return &keeper->list[i].record;
	return NULL;
}

static void read_item(void)
{
	struct txn *t = begin(&s, "GET", "/cal/a.ics", 200);
	res_event(t, "u1", "Tea", 10);
	res_header(t, "ETag", "\"1\"");
	deliver(&s, t);
}

/* One more read of what is known says nothing new; that it is in use is said once an hour. */
static void use_is_saved_once_an_hour(void **state)
{
	(void)state;
	create("/cal/a.ics", "u1", "Tea");
	read_item();
	assert_true(save());
	assert_int_equal(keeper->items, 1);
	read_item();
	assert_true(save());
	assert_int_equal(keeper->items, 0);
	scene_wait(&s, HOUR_S);
	read_item();
	assert_true(save());
	assert_int_equal(keeper->items, 1);
	assert_true(keeper_item()->used_ns > s.ns - HOUR_S * 1000000000);
}

static void what_leaves_is_forgotten(void **state)
{
	(void)state;
	s.limits.items_known = 2;
	create("/cal/a.ics", "u1", "Tea");
	create("/cal/b.ics", "u2", "Milk");
	assert_true(save());
	assert_int_equal(keeper->forgotten, 0);
	create("/cal/c.ics", "u3", "Bread");
	assert_true(save());
	assert_int_equal(keeper->forgotten, 1);
	assert_int_equal(given_of(STATE_ITEM), 2);
}

/* ---- what becomes of it ---- */

static void a_copy_that_waits_is_told(void **state)
{
	(void)state;
	untagged("/cal/a.ics", "u1");
	untagged("/cal/b.ics", "u1");
	assert_true(save());
	restart();
	assert_int_equal(scene_count(&s, TROUBLE_DUPLICATE), 0);
	analysis_tick(s.analysis, s.ns + INT64_C(31000000000));
	assert_duplicate(CAUSE_UNTAGGED, CONFIRMED);
}

static void a_retry_hours_later_is_found(void **state)
{
	(void)state;
	untagged("/cal/a.ics", "u1");
	assert_true(save());
	restart();
	scene_wait(&s, 3 * HOUR_S);
	untagged("/cal/b.ics", "u1");
	scene_wait(&s, 60);
	assert_true(save());
	restart();
	assert_duplicate(CAUSE_UNTAGGED, CONFIRMED);
	assert_string_equal(scene_matter(&s, TROUBLE_DUPLICATE, 0)->other, "/cal/a.ics");
}

static void refused_update(void)
{
	struct txn *t = begin(&s, "PUT", "/cal/a.ics", 412);
	req_header(t, "If-Match", "\"1\"");
	req_event(t, "u1", "Tea", 10);
	deliver(&s, t);
}

/* The first packet of a row of refusals stays the same: the finding is known by it. */
static void refusals_are_remembered(void **state)
{
	(void)state;
	refused_update();
	assert_true(save());
	restart();
	refused_update();
	const struct told *t = scene_matter(&s, TROUBLE_STALE_GUARD, 0);
	assert_non_null(t);
	assert_int_equal(t->m.count, 2);
	assert_int_equal(t->m.n_packets, 4);
}

static void names_are_remembered(void **state)
{
	(void)state;
	s.user = "anna";
	untagged("/cal/a.ics", "u1");
	untagged("/cal/b.ics", "u1");
	assert_true(save());
	restart();
	duplicate();
	assert_string_equal(scene_matter(&s, TROUBLE_DUPLICATE, 0)->peer, "anna with Client/1.0");
}

static void numbers_go_on(void **state)
{
	(void)state;
	create("/cal/a.ics", "u1", "Tea");
	assert_true(save());
	uint64_t order = analysis_last_order(s.analysis);
	assert_int_equal(order, s.order);
	restart();
	assert_int_equal(analysis_last_order(s.analysis), order);
	create("/cal/b.ics", "u2", "Milk");
	assert_int_equal(scene_op(&s, 1)->number, scene_op(&s, 0)->number + 1);
	analysis_missed(s.analysis, s.order, 1000);
	create("/cal/c.ics", "u3", "Bread");
	assert_int_equal(scene_op(&s, 2)->number, scene_op(&s, 1)->number + 1001);
}

/* Who was not seen to read it may have done so while nobody looked. */
static void overwritten(bool missed)
{
	s.user = "anna";
	put_new(&s, "/cal/a.ics", "u1", "Tea", 10, "\"1\"", 201);
	assert_true(save());
	restart();
	if (missed)
		analysis_missed(s.analysis, s.order + 1, 0);
	s.order += 10;
	s.user = "bert";
	struct txn *t = begin(&s, "PUT", "/cal/a.ics", 204);
	req_event(t, "u1", "Milk", 10);
	deliver(&s, t);
	analysis_tick(s.analysis, s.ns + INT64_C(31000000000));
}

static void a_gap_leaves_doubts(void **state)
{
	(void)state;
	overwritten(false);
	assert_int_equal(scene_count(&s, TROUBLE_LOST_UPDATE), 1);
}

static void a_gap_explains_much(void **state)
{
	(void)state;
	overwritten(true);
	assert_int_equal(scene_count(&s, TROUBLE_LOST_UPDATE), 0);
}

static void nothing_is_loaded_twice(void **state)
{
	(void)state;
	create("/cal/a.ics", "u1", "Tea");
	assert_true(save());
	restart();
	for (size_t i = 0; i < keeper->n; i++)
		if (keeper->list[i].record.part == STATE_ITEM)
			assert_false(analysis_load(s.analysis, &keeper->list[i].record));
	assert_true(save());
	assert_int_equal(keeper->forgotten, 0);
}

static void what_it_does_not_know_is_refused(void **state)
{
	(void)state;
	const uint8_t byte = 1;
	for (enum state_part part = 0; part < STATE_PARTS; part++)
		for (uint64_t kind = 0; kind < 200; kind++) {
			struct state_record r = { .part = part, .key = { kind, UINT64_MAX } };
			assert_false(analysis_load(s.analysis, &r));
			r.body = (struct slice){ &byte, 1 };
			r.key[0] += 1000;
			if (part != STATE_ITEM)
				assert_false(analysis_load(s.analysis, &r));
		}
}

#define BOTH(name) cmocka_unit_test_setup_teardown(name, open_both, close_both)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(nothing_new_is_nothing),
		BOTH(labels_are_for_people),
		BOTH(whoever_has_no_room_is_asked_again),
		BOTH(use_is_saved_once_an_hour),
		BOTH(what_leaves_is_forgotten),
		BOTH(a_copy_that_waits_is_told),
		BOTH(a_retry_hours_later_is_found),
		BOTH(refusals_are_remembered),
		BOTH(names_are_remembered),
		BOTH(numbers_go_on),
		BOTH(a_gap_leaves_doubts),
		BOTH(a_gap_explains_much),
		BOTH(nothing_is_loaded_twice),
		BOTH(what_it_does_not_know_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
