/*
 * db.c - the state directory as one SQLite file; the only user of SQLite.
 *
 * WAL with synchronous NORMAL: when a process crashes nothing that is committed is lost, after a power
 * cut the last transactions may be. Findings are given out again then, and state is at most 10 s older.
 */
#include "cmd/keeper/db.h"

#include "cmd/cmd.h"
#include "cmd/keeper/clock.h"
#include "cmd/keeper/dir.h"
#include "cmd/keeper/room.h"
#include "cmd/keeper/schema.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

enum { BUSY_MS = 5000, EVICT_ROWS = 256 };

enum statement {
#define STATEMENT(code, sql) S_##code,
#include "statements.def"
#undef STATEMENT
	STATEMENTS
};

static const char *const texts[] = {
#define STATEMENT(code, sql) sql,
#include "statements.def"
#undef STATEMENT
};

struct db {
	sqlite3 *file;
	sqlite3_stmt *statements[STATEMENTS];
	int lock; /* of the directory; -1: a reader */
	bool pending; /* a transaction is open */
	bool batch_broken; /* a part of the batch was undone */
	bool sums_known; /* counts.records and .bytes are what the file says */
	bool damaged;
	uint64_t most_records, most_bytes, most_findings;
	struct db_counts counts;
};

/* ---- SQLite's calls ---- */

static bool db_failed(struct db *db, struct error *e)
{
	int code = sqlite3_errcode(db->file) & 0xff;
	db->damaged = db->damaged || code == SQLITE_CORRUPT || code == SQLITE_NOTADB;
	return error_set(e, "%s: %s", DB_NAME, sqlite3_errmsg(db->file));
}

/* Numbers of one row, for which no statement is kept. */
static bool ask_numbers(struct db *db, const char *sql, int64_t *out, int n)
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
static bool db_undo(struct db *db, struct error *e)
{
	db_failed(db, e);
	for (size_t i = 0; i < STATEMENTS; i++)
		sqlite3_reset(db->statements[i]);
	if (sqlite3_get_autocommit(db->file) == 0)
		sqlite3_exec(db->file, "ROLLBACK", NULL, NULL, NULL);
	db->pending = false;
	db->batch_broken = true;
	db->sums_known = false;
	int64_t findings = 0;
	if (ask_numbers(db, "SELECT count(*) FROM finding", &findings, 1))
		db->counts.findings = (uint64_t)findings;
	return false;
}

static void bind_bytes(sqlite3_stmt *s, int i, struct slice bytes)
{
	sqlite3_bind_blob64(s, i, bytes.n != 0 ? (const void *)bytes.p : "", bytes.n,
	    SQLITE_STATIC);
}

static void bind_text(sqlite3_stmt *s, int i, struct slice text)
{
	sqlite3_bind_text64(s, i, text.n != 0 ? (const char *)text.p : "", text.n, SQLITE_STATIC,
	    SQLITE_UTF8);
}

static void bind_number(sqlite3_stmt *s, int i, uint64_t number)
{
	sqlite3_bind_int64(s, i, (sqlite3_int64)number);
}

static struct slice column_bytes(sqlite3_stmt *s, int i)
{
	const uint8_t *p = sqlite3_column_blob(s, i);
	return (struct slice){ p, p != NULL ? (size_t)sqlite3_column_bytes(s, i) : 0 };
}

static uint64_t column_number(sqlite3_stmt *s, int i)
{
	return (uint64_t)sqlite3_column_int64(s, i);
}

/* A statement without a row to give; its bindings die with it. */
static bool run(struct db *db, enum statement which)
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
		db->pending = run(db, S_BEGIN);
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

static bool change_begin(struct db *db)
{
	db_lock(db);
	return begin(db);
}

static bool change_end(struct db *db, bool good, struct error *e)
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
	if (!run(db, S_COMMIT))
		return db_undo(db, e);
	db->pending = false;
	return true;
}

/* ---- opening ---- */

static bool is_sound(struct db *db)
{
	int64_t faults = 0;
	bool good = ask_numbers(db,
	    "SELECT count(*) FROM pragma_quick_check(1) WHERE quick_check <> 'ok'", &faults, 1);
	db->damaged = db->damaged || !good || faults != 0;
	return !db->damaged;
}

/* Each version in a transaction of its own: a migration that is cut short goes on the next time. */
static bool migrate(struct db *db, bool writes, struct error *e)
{
	int64_t version = 0, tables = 0;
	if (!ask_numbers(db, "PRAGMA user_version", &version, 1) ||
	    !ask_numbers(db, "SELECT count(*) FROM sqlite_schema", &tables, 1))
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
		if (sqlite3_prepare_v3(db->file, texts[i], -1, SQLITE_PREPARE_PERSISTENT,
			&db->statements[i], NULL) != SQLITE_OK)
			return db_failed(db, e);
	return true;
}

static bool sums_read(struct db *db)
{
	int64_t n[3] = { 0 };
	db->sums_known = ask_numbers(db, texts[S_SUMS], n, 3);
	db->counts.records = (uint64_t)n[0];
	db->counts.bytes = (uint64_t)n[1];
	db->counts.findings = (uint64_t)n[2];
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
	if (!is_sound(db))
		return error_set(e, "%s: is damaged", DB_NAME);
	return migrate(db, writes, e) && statements_prepare(db, e) &&
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

struct db *db_open(const char *dir, const struct limits *limits, int64_t wait_ms, struct error *e)
{
	char path[DIR_PATH_MAX];
	struct db *db = db_new(e);
	if (db == NULL)
		return NULL;
	db->most_records = limits->state_records;
	db->most_bytes = limits->state_bytes;
	db->most_findings = limits->findings_stored;
	db->lock = dir_lock(dir, wait_ms, e);
	bool good = db->lock != -1 && dir_path(dir, DB_NAME, path, e) && dir_file(dir, e);
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
	if (dir_path(dir, DB_NAME, path, e) && file_open(db, path, false, e))
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

bool db_batch_put(struct db *db, const struct state_record *r, struct error *e)
{
	sqlite3_stmt *s = db->statements[S_BATCH_PUT];
	bool good = change_begin(db);
	if (good) {
		sqlite3_bind_int(s, 1, (int)r->part);
		bind_number(s, 2, r->key[0]);
		bind_number(s, 3, r->key[1]);
		sqlite3_bind_int64(s, 4, r->used_ns);
		bind_text(s, 5, r->label);
		bind_bytes(s, 6, r->body);
		good = run(db, S_BATCH_PUT);
	}
	return change_end(db, good, e);
}

/* What the batch takes off the sums, and what it adds to them. */
static bool batch_sum(struct db *db)
{
	int64_t n[4] = { 0 };
	if (!db->sums_known && !sums_read(db))
		return false;
	if (!ask_numbers(db, texts[S_BATCH_OLD], n, 2) ||
	    !ask_numbers(db, texts[S_BATCH_NEW], n + 2, 2))
		return false;
	db->counts.records += (uint64_t)(n[2] - n[0]);
	db->counts.bytes += (uint64_t)(n[3] - n[1]);
	return true;
}

_Static_assert(STATE_ITEM == 3 && STATE_SESSION == 5 && STATE_KEY == 7, "as in statements.def");

/* Which leave to meet the bounds: as many of the oldest as fit into rows. */
static int oldest_find(struct db *db, int64_t *rows)
{
	sqlite3_stmt *s = db->statements[S_OLDEST];
	int n = 0;
	while (n < EVICT_ROWS && sqlite3_step(s) == SQLITE_ROW) {
		if (db->counts.records <= db->most_records && db->counts.bytes <= db->most_bytes)
			break;
		rows[n++] = sqlite3_column_int64(s, 0);
		db->counts.records--;
		db->counts.bytes -= column_number(s, 1);
	}
	sqlite3_reset(s);
	return n;
}

static bool state_bound(struct db *db)
{
	int64_t rows[EVICT_ROWS];
	for (;;) {
		int n = oldest_find(db, rows);
		if (n == 0)
			return true;
		for (int i = 0; i < n; i++) {
			sqlite3_bind_int64(db->statements[S_RECORD_DELETE], 1, rows[i]);
			if (!run(db, S_RECORD_DELETE))
				return false;
		}
		db->counts.forgotten += (uint64_t)n;
	}
}

/* A batch of which a part was undone is not taken: the watcher sends all of it again. */
bool db_batch_save(struct db *db, struct error *e)
{
	db_lock(db);
	bool broken = db->batch_broken;
	bool good = !broken && begin(db) && batch_sum(db) && run(db, S_BATCH_FORGET) &&
	    run(db, S_BATCH_TAKE) && run(db, S_BATCH_CLEAR) && state_bound(db);
	if (broken)
		error_set(e, "%s: a part of this state could not be written", DB_NAME);
	else if (!good)
		db_undo(db, e);
	good = good && db_commit(db, e);
	if (broken || !good) {
		struct error ignored;
		db_batch_drop(db, &ignored);
	}
	if (good)
		db->counts.saved_ns = clock_wall_ns();
	db_unlock(db);
	return good;
}

bool db_batch_drop(struct db *db, struct error *e)
{
	bool good = change_end(db, change_begin(db) && run(db, S_BATCH_CLEAR), e);
	db->batch_broken = !good;
	return good;
}

static enum db_walk walk_row(sqlite3_stmt *s, struct db_place *place, struct state_record *r,
    uint8_t **room, size_t *n, struct error *e)
{
	*place = (struct db_place){ sqlite3_column_int64(s, 1), sqlite3_column_int64(s, 4),
		sqlite3_column_int64(s, 0), true };
	*r = (struct state_record){ .part = (enum state_part)place->part,
		.key = { column_number(s, 2), column_number(s, 3) },
		.used_ns = place->used_ns };
	struct slice *const parts[] = { &r->label, &r->body };
	r->label = column_bytes(s, 5);
	r->body = column_bytes(s, 6);
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
			out->parts[part] = column_number(s, 1);
	}
	return sqlite3_reset(s) == SQLITE_OK || db_failed(db, e);
}

bool db_prune(struct db *db, int64_t before_ns, uint64_t *gone, struct error *e)
{
	bool good = begin(db);
	sqlite3_bind_int64(db->statements[S_PRUNE], 1, before_ns);
	good = good && run(db, S_PRUNE);
	*gone = good ? (uint64_t)sqlite3_changes64(db->file) : 0;
	if (!good)
		return db_undo(db, e);
	return db_commit(db, e) &&
	    (sqlite3_exec(db->file, "VACUUM", NULL, NULL, NULL) == SQLITE_OK || db_failed(db, e));
}

/* ---- findings ---- */

uint64_t db_finding_last(struct db *db)
{
	int64_t last = 0;
	if (db == NULL)
		return 0;
	/* Those that left count, too: a number is given once. */
	ask_numbers(db, texts[S_FINDING_LAST], &last, 1);
	return (uint64_t)last;
}

bool db_finding_known(struct db *db, uint64_t id, uint64_t update)
{
	sqlite3_stmt *s = db->statements[S_FINDING_KNOWN];
	db_lock(db);
	bind_number(s, 1, id);
	bind_number(s, 2, update);
	bool known = sqlite3_step(s) == SQLITE_ROW;
	sqlite3_reset(s);
	db_unlock(db);
	return known;
}

bool db_finding_put(struct db *db, const struct record *r, struct error *e)
{
	sqlite3_stmt *s = db->statements[S_FINDING_PUT];
	bool good = change_begin(db);
	if (good) {
		bind_number(s, 1, r->number);
		bind_number(s, 2, r->id);
		bind_number(s, 3, r->update);
		sqlite3_bind_int64(s, 4, r->ns);
		sqlite3_bind_int(s, 5, (int)r->severity);
		sqlite3_bind_int(s, 6, (int)r->outcome);
		const struct slice parts[] = { r->rule, r->title, r->message, r->keys, r->json };
		for (int i = 0; i < (int)(sizeof parts / sizeof parts[0]); i++)
			bind_text(s, 7 + i, parts[i]);
		good = run(db, S_FINDING_PUT);
	}
	if (good)
		db->counts.findings += (uint64_t)sqlite3_changes64(db->file);
	return change_end(db, good, e);
}

static bool finding_row(sqlite3_stmt *s, struct record *r, uint8_t **room, size_t *n)
{
	*r = (struct record){ .kind = EVENT_FINDING,
		.number = column_number(s, 0),
		.id = column_number(s, 1),
		.update = column_number(s, 2),
		.ns = sqlite3_column_int64(s, 3),
		.rule = column_bytes(s, 6),
		.title = column_bytes(s, 7),
		.message = column_bytes(s, 8),
		.keys = column_bytes(s, 9),
		.json = column_bytes(s, 10) };
	r->severity = (enum severity)(column_number(s, 4) % SEVERITIES);
	r->outcome = (enum outcome)(column_number(s, 5) % (INCONCLUSIVE_UNKNOWN + 1));
	struct slice *const parts[] = { &r->rule, &r->title, &r->message, &r->keys, &r->json };
	return room_keep(room, n, parts, sizeof parts / sizeof parts[0]);
}

bool db_finding_next(struct db *db, uint64_t number, bool newest, struct record *r, uint8_t **room,
    size_t *n)
{
	sqlite3_stmt *s = db->statements[newest ? S_FINDING_BEFORE : S_FINDING_NEXT];
	db_lock(db);
	bind_number(s, 1, number > INT64_MAX ? INT64_MAX : number);
	bool found = sqlite3_step(s) == SQLITE_ROW && finding_row(s, r, room, n);
	sqlite3_reset(s);
	db_unlock(db);
	return found;
}

bool db_findings_bound(struct db *db, uint64_t taken, struct error *e)
{
	int64_t n[2] = { 0 };
	char sql[256];
	if (db->counts.findings <= db->most_findings)
		return true;
	snprintf(sql, sizeof sql,
	    "SELECT max(number), coalesce(sum(number > %lld), 0)"
	    " FROM (SELECT number FROM finding ORDER BY number LIMIT %llu)",
	    (long long)(taken > INT64_MAX ? INT64_MAX : taken),
	    (unsigned long long)(db->counts.findings - db->most_findings));
	bool good = change_begin(db) && ask_numbers(db, sql, n, 2);
	sqlite3_bind_int64(db->statements[S_FINDINGS_DELETE], 1, n[0]);
	good = good && run(db, S_FINDINGS_DELETE);
	if (good) {
		db->counts.findings -= (uint64_t)sqlite3_changes64(db->file);
		db->counts.lost += (uint64_t)n[1];
	}
	return change_end(db, good, e);
}

bool db_sink_get(struct db *db, const char *name, uint64_t *taken)
{
	sqlite3_stmt *s = db->statements[S_SINK_GET];
	db_lock(db);
	bind_text(s, 1, slice_from(name));
	bool known = sqlite3_step(s) == SQLITE_ROW;
	if (known)
		*taken = column_number(s, 0);
	sqlite3_reset(s);
	db_unlock(db);
	return known;
}

bool db_sink_put(struct db *db, const char *name, uint64_t taken, struct error *e)
{
	sqlite3_stmt *s = db->statements[S_SINK_PUT];
	bool good = change_begin(db);
	if (good) {
		bind_text(s, 1, slice_from(name));
		bind_number(s, 2, taken);
		good = run(db, S_SINK_PUT);
	}
	return change_end(db, good, e);
}
