/*
 * test_vault.c - findings between watcher, database and sinks: what is safe when, with a disk that is full
 * and sinks that are slow.
 */
#include "cmd/keeper/vault.h"
#include "tests/unit/dirkit.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include <cmocka.h>

struct scene {
	char dir[64];
	struct limits limits;
	struct db *db;
	struct vault *vault;
	const struct spill *spill;
	uint8_t *room;
	size_t n;
};

static void scene_open(struct scene *s)
{
	struct error e;
	s->db = db_open(s->dir, &s->limits, 0, &e);
	assert_non_null(s->db);
	s->vault = vault_new(s->db, &s->limits, &e);
	assert_non_null(s->vault);
	s->spill = vault_spill(s->vault);
	assert_non_null(s->spill);
}

static void scene_close(struct scene *s)
{
	vault_free(s->vault);
	db_close(s->db);
	s->vault = NULL;
	s->db = NULL;
}

static int scene_make(void **state)
{
	static struct scene s;
	s = (struct scene){ .dir = "/tmp/davscope-vault-XXXXXX", .limits = limits_default() };
	assert_non_null(mkdtemp(s.dir));
	scene_open(&s);
	*state = &s;
	return 0;
}

/* What is written beyond so many bytes of a file fails; 0: nothing does. */
static void disk_full(rlim_t bytes)
{
	struct rlimit limit;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = bytes != 0 ? bytes : limit.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static int scene_free(void **state)
{
	struct scene *s = *state;
	disk_full(0);
	scene_close(s);
	free(s->room);
	return directory_remove(s->dir);
}

/* The number it got, 0: repeated or refused. */
static uint64_t give(struct scene *s, uint64_t number, uint64_t id, enum vault_answer want)
{
	struct record r = { .kind = EVENT_FINDING,
		.number = number,
		.id = id,
		.rule = SLICE("rule"),
		.title = SLICE("title"),
		.json = SLICE("{\"a\":1}") };
	assert_int_equal(vault_finding(s->vault, &r), want);
	return want == VAULT_NEW ? r.number : 0;
}

static bool commit(struct scene *s)
{
	struct error e = { "" };
	return vault_commit(s->vault, &e);
}

static uint64_t next(struct scene *s, uint64_t number)
{
	struct record r;
	if (!s->spill->next(s->spill->ctx, "a", number, &r, &s->room, &s->n))
		return 0;
	assert_true(slice_is(r.rule, "rule") && slice_is(r.json, "{\"a\":1}"));
	return r.number;
}

static void test_safe_when_stored(void **state)
{
	struct scene *s = *state;
	assert_int_equal(vault_safe(s->vault), 0);
	assert_int_equal(give(s, 1, 11, VAULT_NEW), 1);
	assert_int_equal(give(s, 2, 12, VAULT_NEW), 2);
	assert_int_equal(vault_safe(s->vault), 0);
	assert_int_equal(next(s, 0), 1); /* it waits, and can be had */
	assert_true(commit(s));
	assert_int_equal(vault_safe(s->vault), 2);
	assert_int_equal(next(s, 0), 1);
	assert_int_equal(next(s, 1), 2);
	assert_int_equal(next(s, 2), 0);
}

static void test_repeated(void **state)
{
	struct scene *s = *state;
	give(s, 1, 11, VAULT_NEW);
	give(s, 2, 11, VAULT_REPEATED);
	assert_true(commit(s));
	give(s, 3, 11, VAULT_REPEATED);
	assert_int_equal(vault_repeated(s->vault), 2);
	assert_int_equal(vault_safe(s->vault), 3);
}

/* A watcher that forgot how far it was: no number is given twice. */
static void test_numbers_begin_anew(void **state)
{
	struct scene *s = *state;
	give(s, 7, 11, VAULT_NEW);
	assert_true(commit(s));
	assert_int_equal(give(s, 1, 12, VAULT_NEW), 8);
	assert_int_equal(give(s, 2, 13, VAULT_NEW), 9);
	assert_int_equal(vault_safe(s->vault), 0);
	assert_true(commit(s));
	assert_int_equal(vault_safe(s->vault), 2);
	assert_int_equal(next(s, 7), 8);
}

/* One that is as high as numbers go would leave none for the findings behind it, for ever. */
static void test_numbers_far_off(void **state)
{
	struct scene *s = *state;
	give(s, 7, 11, VAULT_NEW);
	assert_int_equal(give(s, INT64_MAX, 12, VAULT_NEW), 8);
	assert_int_equal(give(s, INT64_MAX - 1, 13, VAULT_NEW), 9);
	assert_true(commit(s));
	scene_close(s);
	scene_open(s);
	assert_int_equal(give(s, 10, 14, VAULT_NEW), 10);
	assert_int_equal(give(s, 1 << 20, 15, VAULT_NEW), 1 << 20);
}

static void test_sinks_go_on(void **state)
{
	struct scene *s = *state;
	give(s, 1, 11, VAULT_NEW);
	vault_sinks_begin(s->vault);
	assert_int_equal(s->spill->begin(s->spill->ctx, "a"), 1); /* a new one gets what comes */
	vault_sinks_end(s->vault);
	give(s, 2, 12, VAULT_NEW);
	give(s, 3, 13, VAULT_NEW);
	s->spill->taken(s->spill->ctx, "a", 2);
	s->spill->taken(s->spill->ctx, "a", 1);
	assert_true(commit(s));
	scene_close(s);
	scene_open(s);
	assert_int_equal(s->spill->begin(s->spill->ctx, "a"), 2);
	assert_int_equal(s->spill->begin(s->spill->ctx, "b"), 3);
}

static void test_disk_full(void **state)
{
	struct scene *s = *state;
	s->spill->begin(s->spill->ctx, "a");
	s->spill->begin(s->spill->ctx, "b");
	disk_full(1);
	give(s, 1, 11, VAULT_NEW);
	give(s, 2, 12, VAULT_NEW);
	assert_false(commit(s));
	assert_int_equal(vault_safe(s->vault), 0);
	assert_int_equal(next(s, 0), 1);
	assert_int_equal(next(s, 1), 2);
	give(s, 3, 12, VAULT_REPEATED);
	s->spill->taken(s->spill->ctx, "a", 2);
	assert_false(commit(s));
	assert_int_equal(vault_safe(s->vault), 0); /* b has none of it */
	s->spill->taken(s->spill->ctx, "b", 1);
	assert_false(commit(s));
	assert_int_equal(vault_safe(s->vault), 1);
	assert_int_equal(next(s, 0), 2);
	disk_full(0);
	assert_true(commit(s));
	assert_int_equal(vault_safe(s->vault), 3);
	scene_close(s);
	scene_open(s);
	assert_int_equal(next(s, 0), 2);
	assert_int_equal(s->spill->begin(s->spill->ctx, "b"), 1);
}

static void test_no_room_to_wait(void **state)
{
	struct scene *s = *state;
	uint64_t n = 0;
	scene_close(s);
	s->limits.findings_waiting = 2000;
	scene_open(s);
	disk_full(1);
	struct record r = { .kind = EVENT_FINDING,
		.json = SLICE("{\"a\":1}"),
		.rule = SLICE("rule") };
	do {
		r.number = r.id = ++n;
		assert_true(n < 100);
	} while (vault_finding(s->vault, &r) == VAULT_NEW);
	assert_true(n > 2);
	give(s, n + 1, n + 1, VAULT_REFUSED);
	assert_false(commit(s));
	assert_false(vault_asks_again(s->vault));
	disk_full(0);
	assert_true(commit(s));
	assert_int_equal(vault_safe(s->vault), n - 1);
	/* Until they are sent again, in order. */
	assert_true(vault_asks_again(s->vault));
	assert_false(vault_asks_again(s->vault));
	give(s, n, n, VAULT_NEW);
	give(s, n + 1, n + 1, VAULT_NEW);
	assert_true(commit(s));
	assert_int_equal(vault_safe(s->vault), n + 1);
}

/* Five are stored, and ten come for one sink. */
static void twice_too_many(struct scene *s)
{
	scene_close(s);
	s->limits.findings_stored = 5;
	scene_open(s);
	s->spill->begin(s->spill->ctx, "a");
	for (uint64_t i = 1; i <= 10; i++)
		give(s, i, i, VAULT_NEW);
}

static void test_oldest_leave(void **state)
{
	struct scene *s = *state;
	twice_too_many(s);
	s->spill->taken(s->spill->ctx, "a", 3);
	assert_true(commit(s));
	assert_int_equal(next(s, 0), 6);
	assert_int_equal(db_counts(s->db).lost, 2);
}

/* What a sink holds in its queue it will still deliver. */
static void test_left_but_held(void **state)
{
	struct scene *s = *state;
	twice_too_many(s);
	s->spill->taken(s->spill->ctx, "a", 1);
	vault_sink_reach(s->vault, "a", 4);
	assert_true(commit(s));
	assert_int_equal(next(s, 0), 6);
	assert_int_equal(db_counts(s->db).lost, 1);
}

static void test_without_a_database(void **state)
{
	(void)state;
	struct limits limits = limits_default();
	struct error e;
	struct vault *vault = vault_new(NULL, &limits, &e);
	struct record r = { .kind = EVENT_FINDING, .number = 4, .json = SLICE("{}") };
	assert_non_null(vault);
	assert_null(vault_spill(vault));
	assert_int_equal(vault_finding(vault, &r), VAULT_NEW);
	assert_int_equal(vault_safe(vault), 4);
	assert_true(vault_commit(vault, &e));
	vault_free(vault);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scene_make, scene_free)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_safe_when_stored),
		TEST(test_repeated),
		TEST(test_numbers_begin_anew),
		TEST(test_numbers_far_off),
		TEST(test_sinks_go_on),
		TEST(test_disk_full),
		TEST(test_no_room_to_wait),
		TEST(test_oldest_leave),
		TEST(test_left_but_held),
		cmocka_unit_test(test_without_a_database),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
