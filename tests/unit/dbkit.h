/*
 * dbkit.h - a state directory of its own for each test, and records put into it.
 */
#ifndef DAVSCOPE_TESTS_DBKIT_H
#define DAVSCOPE_TESTS_DBKIT_H

#include "cmd/keeper/db.h"
#include "cmd/keeper/dir.h"
#include "tests/unit/dirkit.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

struct scene {
	char dir[64];
	struct limits limits;
	struct db *db;
	uint8_t *room;
	size_t n;
};

static inline void scene_open(struct scene *s)
{
	struct error e = { "" };
	s->db = db_open(s->dir, &s->limits, 0, &e);
	if (s->db == NULL)
		print_error("%s\n", e.text);
	assert_non_null(s->db);
}

static inline void scene_again(struct scene *s)
{
	db_close(s->db);
	scene_open(s);
}

static inline int scene_make(void **state)
{
	static struct scene s;
	s = (struct scene){ .dir = "/tmp/davscope-db-XXXXXX", .limits = limits_default() };
	assert_non_null(mkdtemp(s.dir));
	*state = &s;
	return 0;
}

static inline int scene_free(void **state)
{
	struct scene *s = *state;
	db_close(s->db);
	free(s->room);
	return directory_remove(s->dir);
}

static inline void sql(struct scene *s, const char *text)
{
	char path[128];
	sqlite3 *file = NULL;
	snprintf(path, sizeof path, "%s/" DB_NAME, s->dir);
	assert_int_equal(sqlite3_open(path, &file), SQLITE_OK);
	char *why = NULL;
	int code = sqlite3_exec(file, text, NULL, NULL, &why);
	if (code != SQLITE_OK)
		print_error("%s\n", why);
	assert_int_equal(code, SQLITE_OK);
	sqlite3_close(file);
}

static inline void put(struct scene *s, enum state_part part, uint64_t key, int64_t used,
    const char *body)
{
	struct error e;
	const struct state_record r = { .part = part,
		.key = { key, UINT64_MAX },
		.used_ns = used,
		.label = SLICE("label"),
		.body = slice_from(body) };
	assert_true(db_batch_put(s->db, &r, &e));
}

static inline void save(struct scene *s)
{
	struct error e = { "" };
	assert_true(db_batch_save(s->db, &e));
}

/* What is remembered, as KEY=BODY in its order. */
static inline void assert_state(struct scene *s, const char *want)
{
	char text[512] = "";
	struct db_place place = { 0 };
	struct state_record r;
	struct error e;
	while (db_walk(s->db, &place, false, &r, &s->room, &s->n, &e) == DB_WALK_RECORD) {
		assert_true(r.key[1] == UINT64_MAX && slice_is(r.label, "label"));
		size_t at = strlen(text);
		snprintf(text + at, sizeof text - at, "%s%d:%d=%.*s", at != 0 ? " " : "",
		    (int)r.part, (int)r.key[0], (int)r.body.n, (const char *)r.body.p);
	}
	assert_string_equal(text, want);
}

static inline bool put_finding(struct scene *s, uint64_t number, uint64_t id)
{
	struct error e;
	const struct record r = { .kind = EVENT_FINDING,
		.number = number,
		.id = id,
		.update = 1,
		.ns = -7,
		.severity = SEVERITY_HIGH,
		.outcome = INCONCLUSIVE_EOF,
		.rule = SLICE("rule"),
		.title = SLICE("title"),
		.keys = SLICE("a=b"),
		.json = SLICE("{}") };
	return db_finding_put(s->db, &r, &e);
}

static inline void commit(struct scene *s)
{
	struct error e;
	assert_true(db_commit(s->db, &e));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scene_make, scene_free)

#endif
