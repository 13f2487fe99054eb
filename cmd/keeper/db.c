/*
 * db.c - the state directory as one SQLite file, of which db_findings.c has a part; no others use SQLite.
 *
 * WAL with synchronous NORMAL: when a process crashes nothing that is committed is lost, after a power
 * cut the last transactions may be. Findings are given out again then, and state is at most 10 s older.
 */
#include "cmd/keeper/db_file.h"

#include "cmd/cmd.h"
#include "cmd/keeper/dir.h"
#include "cmd/keeper/room.h"
#include "cmd/keeper/schema.h"

#include <stdlib.h>
#include <string.h>

enum { BUSY_MS = 5000, EVICT_ROWS = 256, ROW_BYTES = 64 };

const char *const db_texts[] = {
#define STATEMENT(code, sql) sql,
#include "statements.def"
#undef STATEMENT
};

/* ---- SQLite's calls ---- */

bool db_failed(struct db *db, struct error *e)
{
	int code = sqlite3_errcode(db->file) & 0xff;
	db->damaged = db->damaged || code == SQLITE_CORRUPT || code == SQLITE_NOTADB;
	return error_set(e, "%s: %s", DB_NAME, sqlite3_errmsg(db->file));
}

/* Numbers of one row, for which no statement is kept. */
bool db_ask(struct db *db, const char *sql, int64_t *out, int n)
{
	sqlite3_stmt *s = NULL;
	bool good = sqlite3_prepare_v2(db->file, sql, -1, &s, NULL) == SQLITE_OK &&
	    sqlite3_step(s) == SQLITE_ROW;
	for (int i = 0; good && i < n; i++)
		out[i] = sqlite3_column_int64(s, i);
	sqlite3_finalize(s);
	return good;
}

/* All since the last commit is undone; some errors have done that already. */
bool db_undo(struct db *db, struct error *e)
{
	db_failed(db, e);
	for (size_t i = 0; i < STATEMENTS; i++)
		sqlite3_reset(db->statements[i]);
	if (sqlite3_get_autocommit(db->file) == 0)
		sqlite3_exec(db->file, "ROLLBACK", NULL, NULL, NULL);
	db->pending = false;
	db->batch_broken = true;
	db->sums_known = false;
	db_findings_count(db);
	return false;
}

static void bind_bytes(sqlite3_stmt *s, int i, struct slice bytes)
{
	sqlite3_bind_blob64(s, i, bytes.n != 0 ? (const void *)bytes.p : "", bytes.n,
	    SQLITE_STATIC);
}

void db_bind_text(sqlite3_stmt *s, int i, struct slice text)
{
	sqlite3_bind_text64(s, i, text.n != 0 ? (const char *)text.p : "", text.n, SQLITE_STATIC,
	    SQLITE_UTF8);
}

void db_bind_number(sqlite3_stmt *s, int i, uint64_t number)
{
	sqlite3_bind_int64(s, i, (sqlite3_int64)number);
}

struct slice db_column(sqlite3_stmt *s, int i)
{
	const uint8_t *p = sqlite3_column_blob(s, i);
	return (struct slice){ p, p != NULL ? (size_t)sqlite3_column_bytes(s, i) : 0 };
}

uint64_t db_number(sqlite3_stmt *s, int i)
{
	return (uint64_t)sqlite3_column_int64(s, i);
}

/* A statement without a row to give; its bindings die with it. */
bool db_run(struct db *db, enum statement which)
{
	sqlite3_stmt *s = db->statements[which];
	bool good = sqlite3_step(s) == SQLITE_DONE && sqlite3_reset(s) == SQLITE_OK;
	if (good)
		sqlite3_clear_bindings(s);
	return good;
}

/* The first change behind a commit begins a transaction. */
static bool begin(struct db *db)
{
	if (!db->pending)
		db->pending = db_run(db, S_BEGIN);
	return db->pending;
}

void db_lock(struct db *db)
{
	if (db != NULL)
		sqlite3_mutex_enter(sqlite3_db_mutex(db->file));
}

void db_unlock(struct db *db)
{
	if (db != NULL)
		sqlite3_mutex_leave(sqlite3_db_mutex(db->file));
}

bool db_change(struct db *db)
{
	db_lock(db);
	return begin(db);
}

bool db_changed(struct db *db, bool good, struct error *e)
{
	good = good || db_undo(db, e);
	db_unlock(db);
	return good;
}

bool db_damaged(const struct db *db)
{
	return db != NULL && db->damaged;
}

struct db_counts db_counts(const struct db *db)
{
	return db != NULL ? db->counts : (struct db_counts){ 0 };
}

bool db_commit(struct db *db, struct error *e)
{
	if (!db->pending)
		return true;
	if (!db_run(db, S_COMMIT))
		return db_undo(db, e);
	db->pending = false;
	return true;
}

/* ---- opening ---- */

/* The pragma, not its table-valued function: newer SQLite takes that one's number for a table. */
static bool is_sound(struct db *db, struct error *e)
{
	sqlite3_stmt *s = NULL;
	bool ran = sqlite3_prepare_v2(db->file, "PRAGMA quick_check", -1, &s, NULL) == SQLITE_OK &&
	    sqlite3_step(s) == SQLITE_ROW;
	db->damaged = ran && !slice_is(db_column(s, 0), "ok");
	bool good = ran ? !db->damaged || error_set(e, DB_NAME ": is damaged") : db_failed(db, e);
	sqlite3_finalize(s);
	return good;
}

/* Each version in a transaction of its own: a migration that is cut short goes on the next time. */
static bool migrate(struct db *db, bool writes, struct error *e)
{
	int64_t version = 0, tables = 0;
	if (!db_ask(db, "PRAGMA user_version", &version, 1) ||
	    !db_ask(db, "SELECT count(*) FROM sqlite_schema", &tables, 1))
		return db_failed(db, e);
	if (version == 0 && tables != 0)
		return error_set(e, "%s: is no database of davscope", DB_NAME);
	if (version < 0 || version > (int64_t)schema_versions)
		return error_set(e,
		    "%s: has version %lld, this program knows %zu: a newer davscope wrote it",
		    DB_NAME, (long long)version, schema_versions);
	if (!writes && version < (int64_t)schema_versions)
		return error_set(e,
		    "%s: an older davscope wrote it; a monitor brings it up to date", DB_NAME);
	for (size_t i = (size_t)version; i < schema_versions; i++)
		if (sqlite3_exec(db->file, schema_steps[i], NULL, NULL, NULL) != SQLITE_OK)
			return db_undo(db, e);
	return true;
}

static bool statements_prepare(struct db *db, struct error *e)
{
	for (size_t i = 0; i < STATEMENTS; i++)
		if (sqlite3_prepare_v3(db->file, db_texts[i], -1, SQLITE_PREPARE_PERSISTENT,
			&db->statements[i], NULL) != SQLITE_OK)
			return db_failed(db, e);
	return true;
}

static bool sums_read(struct db *db)
{
	int64_t n[2] = { 0 };
	db->sums_known = db_ask(db, db_texts[S_SUMS], n, 2) && db_findings_count(db);
	db->counts.records = (uint64_t)n[0];
	db->counts.bytes = (uint64_t)n[1];
	return db->sums_known;
}

static void file_close(struct db *db)
{
	for (size_t i = 0; i < STATEMENTS; i++)
		sqlite3_finalize(db->statements[i]);
	sqlite3_close(db->file);
	memset(db->statements, 0, sizeof db->statements);
	db->file = NULL;
}

static bool file_open(struct db *db, const char *path, bool writes, struct error *e)
{
	int flags = (writes ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY) |
	    SQLITE_OPEN_FULLMUTEX | SQLITE_OPEN_NOFOLLOW;
	db->damaged = false;
	if (sqlite3_open_v2(path, &db->file, flags, NULL) != SQLITE_OK)
		return db->file != NULL ? db_failed(db, e) : error_set(e, "out of memory");
	sqlite3_extended_result_codes(db->file, 1);
	sqlite3_busy_timeout(db->file, BUSY_MS);
	if (!writes)
		return migrate(db, false, e) && statements_prepare(db, e);
	if (sqlite3_exec(db->file, schema_pragmas, NULL, NULL, NULL) != SQLITE_OK)
		return db_failed(db, e);
	return is_sound(db, e) && migrate(db, writes, e) && statements_prepare(db, e) &&
	    (sums_read(db) || db_failed(db, e));
}

/* A damaged file stays for whoever can make something of it. */
static bool file_begin_anew(struct db *db, const char *dir, const char *path, struct error *e)
{
	file_close(db);
	if (!dir_set_aside(dir, e) || !dir_file(dir, e))
		return false;
	warn("%s was damaged and is moved aside: all that was remembered is forgotten", path);
	return file_open(db, path, true, e);
}

static struct db *db_new(struct error *e)
{
	struct db *db = calloc(1, sizeof *db);
	if (db == NULL)
		error_set(e, "out of memory");
	else
		db->lock = -1;
	return db;
}

/* A batch may be as large as what a watcher holds back, which is less unless the limits are odd. */
static void bounds_take(struct db *db, const struct limits *l)
{
	db->most_records = l->state_records;
	db->most_bytes = l->state_bytes;
	db->most_batch = l->state_bytes;
	if (db->most_batch < l->unsaved_state)
		db->most_batch = l->unsaved_state;
	db->most_findings = l->findings_stored;
	db->most_finding_bytes = l->findings_bytes;
}

struct db *db_open(const char *dir, const struct limits *limits, int64_t wait_ms, struct error *e)
{
	char path[DIR_PATH_MAX];
	struct db *db = db_new(e);
	if (db == NULL)
		return NULL;
	bounds_take(db, limits);
	db->lock = dir_lock(dir, wait_ms, e);
	bool good = db->lock != -1 && dir_path_real(dir, DB_NAME, path, e) && dir_file(dir, e);
	if (good && !file_open(db, path, true, e))
		good = db->damaged && file_begin_anew(db, dir, path, e);
	if (good) {
		db_batch_drop(db,
		    e); /* on a full disk it stays, and no batch is taken until it is gone */
		return db;
	}
	db_close(db);
	return NULL;
}

struct db *db_open_reader(const char *dir, struct error *e)
{
	char path[DIR_PATH_MAX];
	struct db *db = db_new(e);
	if (db == NULL)
		return NULL;
	if (dir_path_real(dir, DB_NAME, path, e) && file_open(db, path, false, e))
		return db;
	struct error why = *e;
	error_set(e, "%.120s: %.120s", dir, why.text);
	db_close(db);
	return NULL;
}

void db_close(struct db *db)
{
	if (db == NULL)
		return;
	file_close(db);
	dir_unlock(db->lock);
	free(db);
}

/* ---- state ---- */

/* What is set aside has a bound also when its end never comes. */
static bool batch_has_room(struct db *db, const struct state_record *r)
{
	db->batch_bytes += ROW_BYTES + r->label.n + r->body.n;
	return db->batch_bytes <= db->most_batch;
}

bool db_batch_put(struct db *db, const struct state_record *r, struct error *e)
{
	sqlite3_stmt *s = db->statements[S_BATCH_PUT];
	if (!batch_has_room(db, r)) {
		db->batch_broken = true;
		return error_set(e, "%s: a batch has no end", DB_NAME);
	}
	bool good = db_change(db);
	if (good) {
		sqlite3_bind_int(s, 1, (int)r->part);
		db_bind_number(s, 2, r->key[0]);
		db_bind_number(s, 3, r->key[1]);
		sqlite3_bind_int64(s, 4, r->used_ns);
		db_bind_text(s, 5, r->label);
		bind_bytes(s, 6, r->body);
		good = db_run(db, S_BATCH_PUT);
	}
	return db_changed(db, good, e);
}

/* What the batch takes off the sums, and what it adds to them. */
static bool batch_sum(struct db *db)
{
	int64_t n[4] = { 0 };
	if (!db->sums_known && !sums_read(db))
		return false;
	if (!db_ask(db, db_texts[S_BATCH_OLD], n, 2) ||
	    !db_ask(db, db_texts[S_BATCH_NEW], n + 2, 2))
		return false;
	db->counts.records += (uint64_t)(n[2] - n[0]);
	db->counts.bytes += (uint64_t)(n[3] - n[1]);
	return true;
}

_Static_assert(STATE_ITEM == 3 && STATE_SESSION == 5 && STATE_KEY == 7, "as in statements.def");

/* Which leave to meet the bounds: as many of the oldest as fit into rows. */
static int oldest_find(struct db *db, enum statement which, int64_t *rows)
{
	sqlite3_stmt *s = db->statements[which];
	int n = 0;
	while (n < EVICT_ROWS && sqlite3_step(s) == SQLITE_ROW) {
		if (db->counts.records <= db->most_records && db->counts.bytes <= db->most_bytes)
			break;
		rows[n++] = sqlite3_column_int64(s, 0);
		db->counts.records--;
		db->counts.bytes -= db_number(s, 1);
	}
	sqlite3_reset(s);
	return n;
}

static bool oldest_leave(struct db *db, enum statement which)
{
	int64_t rows[EVICT_ROWS];
	for (;;) {
		int n = oldest_find(db, which, rows);
		if (n == 0)
			return true;
		for (int i = 0; i < n; i++) {
			sqlite3_bind_int64(db->statements[S_RECORD_DELETE], 1, rows[i]);
			if (!db_run(db, S_RECORD_DELETE))
				return false;
		}
		db->counts.forgotten += (uint64_t)n;
	}
}

static bool state_bound(struct db *db)
{
	static const enum statement order[] = { S_OLDEST, S_OLDEST_OTHER, S_OLDEST_ANY };
	bool good = true;
	for (size_t i = 0; good && i < sizeof order / sizeof order[0]; i++)
		good = oldest_leave(db, order[i]);
	return good;
}

/* A batch of which a part was undone is not taken: the watcher sends all of it again. */
bool db_batch_save(struct db *db, struct error *e)
{
	db_lock(db);
	bool broken = db->batch_broken;
	bool good = !broken && begin(db) && batch_sum(db) && db_run(db, S_BATCH_FORGET) &&
	    db_run(db, S_BATCH_TAKE) && db_run(db, S_BATCH_CLEAR) && state_bound(db);
	if (broken)
		error_set(e, "%s: a part of this state could not be written", DB_NAME);
	else if (!good)
		db_undo(db, e);
	good = good && db_commit(db, e);
	if (broken || !good) {
		struct error ignored;
		db_batch_drop(db, &ignored);
	}
	if (good) {
		db->counts.saved_ns = wall_ns();
		db->batch_bytes = 0;
	}
	db_unlock(db);
	return good;
}

bool db_batch_drop(struct db *db, struct error *e)
{
	bool good = db_changed(db, db_change(db) && db_run(db, S_BATCH_CLEAR), e);
	db->batch_broken = !good;
	db->batch_bytes = 0;
	return good;
}

static enum db_walk walk_row(sqlite3_stmt *s, struct db_place *place, struct state_record *r,
    uint8_t **room, size_t *n, struct error *e)
{
	*place = (struct db_place){ sqlite3_column_int64(s, 1), sqlite3_column_int64(s, 4),
		sqlite3_column_int64(s, 0), true };
	*r = (struct state_record){ .part = (enum state_part)place->part,
		.key = { db_number(s, 2), db_number(s, 3) },
		.used_ns = place->used_ns };
	struct slice *const parts[] = { &r->label, &r->body };
	r->label = db_column(s, 5);
	r->body = db_column(s, 6);
	if (room_keep(room, n, parts, 2))
		return DB_WALK_RECORD;
	error_set(e, "out of memory");
	return DB_WALK_FAILED;
}

enum db_walk db_walk(struct db *db, struct db_place *place, bool back, struct state_record *r,
    uint8_t **room, size_t *n, struct error *e)
{
	if (db == NULL)
		return DB_WALK_END;
	sqlite3_stmt *s = db->statements[back ? S_WALK_BACK : S_WALK];
	enum db_walk answer = DB_WALK_END;
	db_lock(db);
	sqlite3_bind_int64(s, 1, place->begun ? place->part : -1);
	sqlite3_bind_int64(s, 2, place->used_ns);
	sqlite3_bind_int64(s, 3, place->row);
	int code = sqlite3_step(s);
	if (code == SQLITE_ROW) {
		answer = walk_row(s, place, r, room, n, e);
	} else if (code != SQLITE_DONE) {
		db_failed(db, e);
		answer = DB_WALK_FAILED;
	}
	sqlite3_reset(s);
	db_unlock(db);
	return answer;
}

bool db_count_parts(struct db *db, struct db_counts *out, struct error *e)
{
	if (!sums_read(db))
		return db_failed(db, e);
	*out = db->counts;
	sqlite3_stmt *s = db->statements[S_PARTS];
	while (sqlite3_step(s) == SQLITE_ROW) {
		int64_t part = sqlite3_column_int64(s, 0);
		if (part >= 0 && part < STATE_PARTS)
			out->parts[part] = db_number(s, 1);
	}
	return sqlite3_reset(s) == SQLITE_OK || db_failed(db, e);
}

bool db_prune(struct db *db, int64_t before_ns, uint64_t *gone, struct error *e)
{
	bool good = begin(db);
	sqlite3_bind_int64(db->statements[S_PRUNE], 1, before_ns);
	good = good && db_run(db, S_PRUNE);
	*gone = good ? (uint64_t)sqlite3_changes64(db->file) : 0;
	if (!good)
		return db_undo(db, e);
	return db_commit(db, e) &&
	    (sqlite3_exec(db->file, "VACUUM", NULL, NULL, NULL) == SQLITE_OK || db_failed(db, e));
}
