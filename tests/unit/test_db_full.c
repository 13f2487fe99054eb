/*
 * test_db_full.c - a state directory that is opened again when its disk is full.
 */
#include "cmd/keeper/db.h"
#include "tests/unit/dirkit.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

enum {
	LARGE = 1 << 16,
	FULL = 1 << 15
}; /* FULL: the index of the log still fits, and the log does not */

static void put(struct db *db, uint64_t key, const char *body)
{
	struct error e;
	const struct state_record r = { .part = STATE_ITEM,
		.key = { key, 0 },
		.used_ns = 1,
		.body = slice_from(body) };
	assert_true(db_batch_put(db, &r, &e));
}

/* A keeper that dies when a part of a batch is on the disk. */
static void killed_within_a_batch(const char *dir, const struct limits *limits)
{
	static char large[LARGE];
	int status = -1;
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct error e;
		memset(large, 'x', sizeof large - 1);
		struct db *db = db_open(dir, limits, 0, &e);
		if (db == NULL)
			_exit(2);
		put(db, 1, large);
		_exit(!db_commit(db, &e));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void disk_full(bool full)
{
	struct rlimit limit;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = full ? FULL : limit.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void assert_only(struct db *db, uint64_t key)
{
	struct db_place place = { 0 };
	struct state_record r;
	struct error e;
	uint8_t *room = NULL;
	size_t n = 0;
	assert_int_equal(db_walk(db, &place, false, &r, &room, &n, &e), DB_WALK_RECORD);
	assert_int_equal(r.key[0], key);
	assert_int_equal(db_walk(db, &place, false, &r, &room, &n, &e), DB_WALK_END);
	free(room);
}

/* It is open, as findings have to go out; and what was begun is never taken for whole. */
static void test_killed_and_full(void **state)
{
	char dir[] = "/tmp/davscope-full-XXXXXX";
	const struct limits limits = limits_default();
	struct error e = { "" };
	(void)state;
	assert_non_null(mkdtemp(dir));
	killed_within_a_batch(dir, &limits);
	disk_full(true);
	struct db *db = db_open(dir, &limits, 0, &e);
	bool saved = db != NULL && (db_commit(db, &e) || db_batch_save(db, &e));
	disk_full(false);
	assert_non_null(db);
	assert_false(saved);
	assert_true(db_batch_drop(db, &e));
	put(db, 2, "two");
	assert_true(db_batch_save(db, &e));
	assert_only(db, 2);
	db_close(db);
	assert_int_equal(directory_remove(dir), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_killed_and_full) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
