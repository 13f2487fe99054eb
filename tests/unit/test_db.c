/*
 * test_db.c - the state directory: batches, migrations, damage, two keepers, kill -9.
 */
#include "tests/unit/dbkit.h"

enum { ROUNDS = 50 };

static void test_batch(void **state)
{
	struct scene *s = *state;
	scene_open(s);
	put(s, STATE_ITEM, 1, 20, "one");
	put(s, STATE_ITEM, 2, 10, "two");
	put(s, STATE_META, 3, 30, "meta");
	commit(s);
	assert_state(s, ""); /* it is not whole */
	save(s);
	assert_state(s, "0:3=meta 3:2=two 3:1=one");
	put(s, STATE_ITEM, 1, 5, "ONE");
	put(s, STATE_ITEM, 2, 40, "");
	put(s, STATE_ITEM, 4, 40, ""); /* never was there */
	save(s);
	assert_state(s, "0:3=meta 3:1=ONE");
	struct db_counts c = db_counts(s->db);
	assert_int_equal(c.records, 2);
	assert_int_equal(c.bytes, 4 + 3 + 2 * 5);
	assert_true(c.saved_ns > 0);
	scene_again(s);
	assert_state(s, "0:3=meta 3:1=ONE");
	c = db_counts(s->db);
	assert_int_equal(c.records, 2);
	assert_int_equal(c.bytes, 4 + 3 + 2 * 5);
}

static void test_batch_without_end(void **state)
{
	struct scene *s = *state;
	struct error e;
	scene_open(s);
	put(s, STATE_ITEM, 1, 1, "one");
	save(s);
	put(s, STATE_ITEM, 1, 2, "half");
	commit(s);
	scene_again(s);
	assert_state(s, "3:1=one");
	put(s, STATE_ITEM, 1, 2, "half");
	assert_true(db_batch_drop(s->db, &e));
	put(s, STATE_PEER, 2, 2, "peer");
	save(s);
	assert_state(s, "3:1=one 4:2=peer");
}

static void test_prune(void **state)
{
	struct scene *s = *state;
	struct error e;
	uint64_t gone = 0;
	scene_open(s);
	put(s, STATE_META, 1, 0, "meta");
	put(s, STATE_ITEM, 2, 99, "old");
	put(s, STATE_ITEM, 3, 100, "new");
	save(s);
	assert_true(db_prune(s->db, 100, &gone, &e));
	assert_int_equal(gone, 1);
	assert_state(s, "0:1=meta 3:3=new");
}

static void test_findings(void **state)
{
	struct scene *s = *state;
	struct record r;
	scene_open(s);
	assert_int_equal(db_finding_last(s->db), 0);
	assert_true(put_finding(s, 5, UINT64_MAX));
	assert_true(put_finding(s, 9, 2));
	commit(s);
	scene_again(s);
	assert_int_equal(db_finding_last(s->db), 9);
	assert_true(db_finding_known(s->db, UINT64_MAX, 1));
	assert_false(db_finding_known(s->db, UINT64_MAX, 0));
	assert_true(db_finding_next(s->db, 0, false, &r, &s->room, &s->n));
	assert_true(r.number == 5 && r.id == UINT64_MAX && r.update == 1 && r.ns == -7);
	assert_true(r.kind == EVENT_FINDING && r.severity == SEVERITY_HIGH);
	assert_true(r.outcome == INCONCLUSIVE_EOF && slice_is(r.rule, "rule"));
	assert_true(slice_is(r.title, "title") && r.message.n == 0);
	assert_true(slice_is(r.keys, "a=b") && slice_is(r.json, "{}"));
	assert_true(db_finding_next(s->db, 5, false, &r, &s->room, &s->n));
	assert_int_equal(r.number, 9);
	assert_false(db_finding_next(s->db, 9, false, &r, &s->room, &s->n));
	assert_true(db_finding_next(s->db, UINT64_MAX, true, &r, &s->room, &s->n));
	assert_int_equal(r.number, 9);
}

static void test_sinks(void **state)
{
	struct scene *s = *state;
	struct error e;
	uint64_t taken = 1;
	scene_open(s);
	assert_false(db_sink_get(s->db, "a", &taken));
	assert_true(db_sink_put(s->db, "a", 4, &e));
	assert_true(db_sink_put(s->db, "a", 6, &e));
	commit(s);
	scene_again(s);
	assert_true(db_sink_get(s->db, "a", &taken));
	assert_int_equal(taken, 6);
	/* A number is not given twice, also when its finding has left. */
	assert_int_equal(db_finding_last(s->db), 6);
}

static void test_modes(void **state)
{
	struct scene *s = *state;
	static const char *const names[] = { DB_NAME, DB_NAME "-wal", DB_NAME "-shm",
		"davscope.lock" };
	mode_t old = umask(0);
	scene_open(s);
	put(s, STATE_ITEM, 1, 1, "one");
	save(s);
	umask(old);
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		char path[128];
		struct stat st;
		snprintf(path, sizeof path, "%s/%s", s->dir, names[i]);
		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_mode & 0777, 0600);
	}
}

/* A place that systemd or an administrator has moved elsewhere; the file itself is no link. */
static void test_links_to_the_directory(void **state)
{
	struct scene *s = *state;
	struct error e = { "" };
	char link[80], file[128], elsewhere[128];
	snprintf(link, sizeof link, "%s-link", s->dir);
	assert_int_equal(symlink(s->dir, link), 0);
	s->db = db_open(link, &s->limits, 0, &e);
	assert_string_equal(e.text, "");
	assert_non_null(s->db);
	put(s, STATE_ITEM, 1, 1, "one");
	save(s);
	struct db *reader = db_open_reader(link, &e);
	assert_string_equal(e.text, "");
	assert_non_null(reader);
	db_close(reader);
	db_close(s->db);
	snprintf(file, sizeof file, "%s/" DB_NAME, s->dir);
	snprintf(elsewhere, sizeof elsewhere, "%s/moved", s->dir);
	assert_int_equal(rename(file, elsewhere), 0);
	assert_int_equal(symlink(elsewhere, file), 0);
	s->db = db_open(link, &s->limits, 0, &e);
	assert_null(s->db);
	assert_int_equal(unlink(link), 0);
}

/* ---- other versions, other files ---- */

/* As version 1 had it: nothing is set aside, no order. */
static const char version_1[] =
    "CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;"
    "INSERT INTO meta VALUES ('made_by', 'davscope');"
    "CREATE TABLE record (id INTEGER PRIMARY KEY, part INTEGER NOT NULL, key1 INTEGER NOT NULL,"
    " key2 INTEGER NOT NULL, used_ns INTEGER NOT NULL, label TEXT NOT NULL, body BLOB NOT NULL,"
    " UNIQUE (part, key1, key2));"
    "CREATE TABLE finding (number INTEGER PRIMARY KEY, id INTEGER NOT NULL,"
    " \"update\" INTEGER NOT NULL, ns INTEGER NOT NULL, severity INTEGER NOT NULL,"
    " outcome INTEGER NOT NULL, rule TEXT NOT NULL, title TEXT NOT NULL, message TEXT NOT NULL,"
    " keys TEXT NOT NULL, json TEXT NOT NULL, UNIQUE (id, \"update\"));"
    "CREATE TABLE sink (name TEXT PRIMARY KEY, taken INTEGER NOT NULL) WITHOUT ROWID;"
    "INSERT INTO record VALUES (1, 3, 8, -1, 5, 'label', x'6f6c64');"
    "INSERT INTO finding VALUES (3, 1, 0, 0, 0, 0, 'r', 't', 'm', '', '{}');"
    "PRAGMA user_version = 1";

static void test_older_version(void **state)
{
	struct scene *s = *state;
	struct error e = { "" };
	sql(s, version_1);
	assert_null(db_open_reader(s->dir, &e));
	assert_non_null(strstr(e.text, "older"));
	scene_open(s);
	assert_state(s, "3:8=old");
	assert_int_equal(db_finding_last(s->db), 3);
	put(s, STATE_ITEM, 9, 6, "new");
	save(s);
	assert_state(s, "3:8=old 3:9=new");
}

static void test_empty_file(void **state)
{
	struct scene *s = *state;
	sql(s, "PRAGMA user_version = 0");
	scene_open(s);
	put(s, STATE_ITEM, 9, 6, "new");
	save(s);
	assert_state(s, "3:9=new");
}

static size_t files_of(const struct scene *s, const char *prefix)
{
	size_t n = 0;
	DIR *dir = opendir(s->dir);
	assert_non_null(dir);
	for (struct dirent *entry; (entry = readdir(dir)) != NULL;)
		n += strncmp(entry->d_name, prefix, strlen(prefix)) == 0;
	closedir(dir);
	return n;
}

static void check_left_alone(struct scene *s, const char *word)
{
	struct error e = { "" };
	assert_null(db_open(s->dir, &s->limits, 0, &e));
	assert_non_null(strstr(e.text, word));
	assert_int_equal(files_of(s, DB_NAME ".damaged"), 0);
}

static void test_newer_version(void **state)
{
	struct scene *s = *state;
	sql(s, version_1);
	sql(s, "PRAGMA user_version = 99");
	check_left_alone(s, "newer");
	sql(s, "PRAGMA user_version = 1");
	scene_open(s);
	assert_state(s, "3:8=old");
}

static void test_somebody_elses(void **state)
{
	struct scene *s = *state;
	sql(s, "CREATE TABLE history (url TEXT)");
	check_left_alone(s, "no database of davscope");
	sql(s, "INSERT INTO history VALUES ('still there')");
}

static void overwrite(struct scene *s, off_t at, size_t n)
{
	char path[128], junk[4096];
	snprintf(path, sizeof path, "%s/" DB_NAME, s->dir);
	int fd = open(path, O_RDWR | O_CREAT, 0600);
	assert_true(fd >= 0);
	memset(junk, 'J', sizeof junk);
	for (size_t i = 0; i < n; i += sizeof junk)
		assert_int_equal(pwrite(fd, junk, sizeof junk, at + (off_t)i), sizeof junk);
	close(fd);
}

static void test_no_database(void **state)
{
	struct scene *s = *state;
	overwrite(s, 0, 8192);
	scene_open(s);
	assert_int_equal(files_of(s, DB_NAME ".damaged"), 1);
	put(s, STATE_ITEM, 9, 6, "new");
	save(s);
	assert_state(s, "3:9=new");
}

static void test_damaged_pages(void **state)
{
	struct scene *s = *state;
	scene_open(s);
	for (unsigned i = 0; i < 2000; i++)
		put(s, STATE_ITEM, i, i, "a body that makes some pages");
	save(s);
	db_close(s->db);
	s->db = NULL;
	sql(s, "PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode = DELETE");
	overwrite(s, 8 * 4096, 20 * 4096);
	scene_open(s);
	assert_int_equal(files_of(s, DB_NAME ".damaged"), 1);
	assert_state(s, "");
}

static void test_two_keepers(void **state)
{
	struct scene *s = *state;
	struct error e = { "" };
	char who[32];
	scene_open(s);
	assert_null(db_open(s->dir, &s->limits, 0, &e));
	snprintf(who, sizeof who, "process %d has it", (int)getpid());
	assert_non_null(strstr(e.text, who));
	put(s, STATE_ITEM, 1, 1, "one");
	save(s);
	struct db *writer = s->db;
	s->db = db_open_reader(s->dir, &e);
	assert_non_null(s->db);
	assert_state(s, "3:1=one");
	db_close(s->db);
	s->db = writer;
}

/* ---- kill -9 ---- */

/* Tells of each number behind its commit, until it is killed. */
static _Noreturn void child_run(struct scene *s, int told)
{
	struct error e;
	struct limits limits = limits_default();
	s->db = db_open(s->dir, &limits, 1000, &e);
	if (s->db == NULL)
		_exit(1);
	uint64_t number = db_finding_last(s->db);
	for (;;) {
		number++;
		if (!put_finding(s, number, number))
			_exit(2);
		char body[32];
		snprintf(body, sizeof body, "%llu", (unsigned long long)number);
		put(s, STATE_ITEM, 1, 1, body);
		put(s, STATE_ITEM, 2, 2, body);
		if (!db_commit(s->db, &e) || !db_batch_save(s->db, &e))
			_exit(3);
		if (write(told, &number, sizeof number) != sizeof number)
			_exit(4);
	}
}

/* Kills a child after so many commits, somewhere in the next one; the last number it told of. */
static uint64_t child_kill(struct scene *s, unsigned commits)
{
	int pipes[2];
	uint64_t last = 0, number;
	assert_int_equal(pipe(pipes), 0);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		close(pipes[0]);
		child_run(s, pipes[1]);
	}
	close(pipes[1]);
	for (unsigned i = 0; i < commits; i++) {
		assert_int_equal(read(pipes[0], &number, sizeof number), sizeof number);
		last = number;
	}
	for (volatile unsigned i = 0; i < commits * 7919 % 100000; i++)
		;
	kill(pid, SIGKILL);
	while (read(pipes[0], &number, sizeof number) == sizeof number)
		last = number;
	close(pipes[0]);
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	return last;
}

static void test_killed(void **state)
{
	struct scene *s = *state;
	for (unsigned i = 0; i < ROUNDS; i++) {
		uint64_t last = child_kill(s, i % 13 + 1);
		scene_open(s);
		assert_int_equal(files_of(s, DB_NAME ".damaged"), 0);
		assert_true(db_finding_last(s->db) >= last);
		for (uint64_t n = 1; n <= last; n++)
			assert_true(db_finding_known(s->db, n, 1));
		/* Both records are of one batch. */
		struct db_place place = { 0 };
		struct state_record r;
		struct error e;
		char first[32] = "";
		for (int k = 0; k < 2; k++) {
			assert_int_equal(db_walk(s->db, &place, false, &r, &s->room, &s->n, &e),
			    DB_WALK_RECORD);
			if (k == 0)
				snprintf(first, sizeof first, "%.*s", (int)r.body.n,
				    (const char *)r.body.p);
		}
		assert_true(slice_is(r.body, first));
		assert_true(strtoull(first, NULL, 10) >= last);
		db_close(s->db);
		s->db = NULL;
	}
}

/* That it cannot be read is not that there is none. */
static void test_findings_that_cannot_be_read(void **state)
{
	struct scene *s = *state;
	struct error e;
	struct record r;
	scene_open(s);
	put_finding(s, 1, 1);
	assert_true(db_commit(s->db, &e));
	assert_int_equal(db_finding_next(s->db, 1, false, &r, &s->room, &s->n), DB_WALK_END);
	sql(s, "ALTER TABLE finding RENAME TO gone");
	assert_int_equal(db_finding_next(s->db, 1, false, &r, &s->room, &s->n), DB_WALK_FAILED);
	assert_false(db_damaged(s->db));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_batch),
		TEST(test_batch_without_end),
		TEST(test_prune),
		TEST(test_findings),
		TEST(test_findings_that_cannot_be_read),
		TEST(test_sinks),
		TEST(test_modes),
		TEST(test_links_to_the_directory),
		TEST(test_older_version),
		TEST(test_empty_file),
		TEST(test_newer_version),
		TEST(test_somebody_elses),
		TEST(test_no_database),
		TEST(test_damaged_pages),
		TEST(test_two_keepers),
		TEST(test_killed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
