/*
 * test_db_bounds.c - what leaves the state directory when it is full, whoever fills it.
 */
#include "tests/unit/dbkit.h"

static void test_records_leave(void **state)
{
	struct scene *s = *state;
	s->limits.state_records = 4;
	scene_open(s);
	put(s, STATE_META, 1, -100, "meta");
	put(s, STATE_PEER, 1, -50, "peer");
	for (unsigned i = 2; i < 7; i++)
		put(s, i % 2 ? STATE_ITEM : STATE_SESSION, i, 10 - i, "x");
	save(s);
	assert_state(s, "0:1=meta 3:3=x 4:1=peer 5:2=x");
	assert_int_equal(db_counts(s->db).forgotten, 3);
	assert_int_equal(db_counts(s->db).records, 4);
}

static void test_bytes_leave(void **state)
{
	struct scene *s = *state;
	s->limits.state_bytes = 1000 + 2 * (5 + 300);
	char body[301];
	memset(body, 'x', sizeof body);
	body[300] = '\0';
	scene_open(s);
	put(s, STATE_META, 1, 0, "meta");
	for (unsigned i = 2; i < 600; i++)
		put(s, STATE_ITEM, i, i, body);
	save(s);
	struct db_counts c = db_counts(s->db), counted;
	struct error e;
	assert_int_equal(c.records, 6);
	assert_int_equal(c.bytes, 9 + 5 * 305);
	assert_int_equal(c.forgotten, 593);
	assert_true(db_count_parts(s->db, &counted, &e));
	assert_int_equal(counted.records, 6);
	assert_int_equal(counted.parts[STATE_ITEM], 5);
	assert_int_equal(counted.parts[STATE_META], 1);
}

/* What items rest on is few, unless somebody means to fill the disk. */
static void test_other_parts_leave_last(void **state)
{
	struct scene *s = *state;
	s->limits.state_records = 4;
	scene_open(s);
	put(s, STATE_META, 1, INT64_MIN, "own");
	put(s, STATE_ITEM, 1, 100, "x");
	for (unsigned i = 1; i < 700; i++)
		put(s, i % 2 ? STATE_PEER : STATE_RULE, i, i, "x");
	save(s);
	assert_state(s, "0:1=own 4:697=x 4:699=x 6:698=x");
	assert_int_equal(db_counts(s->db).records, 4);
	assert_int_equal(db_counts(s->db).forgotten, 697);
}

/* A batch that is never ended. */
static void test_a_batch_has_a_bound(void **state)
{
	struct scene *s = *state;
	struct error e = { "" };
	static char body[1 << 16];
	const struct slice large = { (const uint8_t *)body, sizeof body };
	struct state_record r = { .part = STATE_ITEM, .label = SLICE("label"), .body = large };
	s->limits.state_bytes = s->limits.unsaved_state = 1 << 20;
	scene_open(s);
	put(s, STATE_ITEM, 1, 1, "kept");
	r.key[1] = UINT64_MAX;
	save(s);
	for (unsigned i = 0; i < 100 && db_batch_put(s->db, &r, &e); i++) {
		r.key[0] = i;
		assert_true(i < 32);
	}
	assert_string_equal(e.text, DB_NAME ": a batch has no end");
	assert_false(db_batch_save(s->db, &e));
	assert_state(s, "3:1=kept");
	put(s, STATE_ITEM, 2, 2, "next");
	save(s);
	assert_state(s, "3:1=kept 3:2=next");
}

static bool put_large(struct scene *s, uint64_t number, size_t n)
{
	static uint8_t json[1 << 16];
	struct error e;
	const struct record r = { .kind = EVENT_FINDING,
		.number = number,
		.id = number,
		.json = { json, n } };
	return db_finding_put(s->db, &r, &e);
}

/* Few and large ones fill a disk as well. */
static void test_bytes_of_findings_leave(void **state)
{
	struct scene *s = *state;
	struct record r;
	struct error e;
	s->limits.findings_bytes = 4 << 16;
	scene_open(s);
	for (uint64_t i = 1; i <= 10; i++)
		assert_true(put_large(s, i, i <= 8 ? 1 << 16 : 1 << 15));
	assert_true(db_findings_bound(s->db, 3, &e));
	commit(s);
	assert_int_equal(db_counts(s->db).findings, 5); /* 3 large ones, 2 of half the size */
	assert_int_equal(db_counts(s->db).lost, 2);
	scene_again(s);
	assert_true(db_findings_bound(s->db, 3, &e));
	assert_true(db_finding_next(s->db, 0, false, &r, &s->room, &s->n));
	assert_int_equal(r.number, 6);
}

static void test_findings_leave(void **state)
{
	struct scene *s = *state;
	struct record r;
	struct error e;
	s->limits.findings_stored = 4;
	scene_open(s);
	for (uint64_t i = 1; i <= 10; i++)
		assert_true(put_finding(s, i, i));
	assert_true(db_findings_bound(s->db, 3, &e));
	commit(s);
	assert_int_equal(db_counts(s->db).findings, 4);
	assert_int_equal(db_counts(s->db).lost, 3); /* 4, 5 and 6: no sink has them */
	assert_true(db_finding_next(s->db, 0, false, &r, &s->room, &s->n));
	assert_int_equal(r.number, 7);
	assert_true(db_findings_bound(s->db, 3, &e));
	assert_int_equal(db_counts(s->db).findings, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_records_leave),
		TEST(test_bytes_leave),
		TEST(test_other_parts_leave_last),
		TEST(test_a_batch_has_a_bound),
		TEST(test_findings_leave),
		TEST(test_bytes_of_findings_leave),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
