/*
 * db_findings.c - findings in the database, and which of them each sink has.
 */
#include "cmd/keeper/db_file.h"

#include "cmd/keeper/room.h"

bool db_findings_count(struct db *db)
{
	int64_t n[2] = { 0 };
	if (!db_ask(db, db_texts[S_FINDING_SUMS], n, 2))
		return false;
	db->counts.findings = (uint64_t)n[0];
	db->finding_bytes = (uint64_t)n[1];
	return true;
}

uint64_t db_finding_last(struct db *db)
{
	int64_t last = 0;
	if (db == NULL)
		return 0;
	/* Those that left count, too: a number is given once. */
	db_ask(db, db_texts[S_FINDING_LAST], &last, 1);
	return (uint64_t)last;
}

bool db_finding_known(struct db *db, uint64_t id, uint64_t update)
{
	sqlite3_stmt *s = db->statements[S_FINDING_KNOWN];
	db_lock(db);
	db_bind_number(s, 1, id);
	db_bind_number(s, 2, update);
	bool known = sqlite3_step(s) == SQLITE_ROW;
	sqlite3_reset(s);
	db_unlock(db);
	return known;
}

bool db_finding_put(struct db *db, const struct record *r, struct error *e)
{
	sqlite3_stmt *s = db->statements[S_FINDING_PUT];
	bool good = db_change(db);
	if (good) {
		db_bind_number(s, 1, r->number);
		db_bind_number(s, 2, r->id);
		db_bind_number(s, 3, r->update);
		sqlite3_bind_int64(s, 4, r->ns);
		sqlite3_bind_int(s, 5, (int)r->severity);
		sqlite3_bind_int(s, 6, (int)r->outcome);
		const struct slice parts[] = { r->rule, r->title, r->message, r->keys, r->json };
		for (int i = 0; i < (int)(sizeof parts / sizeof parts[0]); i++)
			db_bind_text(s, 7 + i, parts[i]);
		good = db_run(db, S_FINDING_PUT);
	}
	if (good && sqlite3_changes64(db->file) != 0) {
		db->counts.findings++;
		db->finding_bytes += r->rule.n + r->title.n + r->message.n + r->keys.n + r->json.n;
	}
	return db_changed(db, good, e);
}

static bool finding_row(sqlite3_stmt *s, struct record *r, uint8_t **room, size_t *n)
{
	*r = (struct record){ .kind = EVENT_FINDING,
		.number = db_number(s, 0),
		.id = db_number(s, 1),
		.update = db_number(s, 2),
		.ns = sqlite3_column_int64(s, 3),
		.rule = db_column(s, 6),
		.title = db_column(s, 7),
		.message = db_column(s, 8),
		.keys = db_column(s, 9),
		.json = db_column(s, 10) };
	r->severity = (enum severity)(db_number(s, 4) % SEVERITIES);
	r->outcome = (enum outcome)(db_number(s, 5) % (INCONCLUSIVE_UNKNOWN + 1));
	struct slice *const parts[] = { &r->rule, &r->title, &r->message, &r->keys, &r->json };
	return room_keep(room, n, parts, sizeof parts / sizeof parts[0]);
}

enum db_walk db_finding_next(struct db *db, uint64_t number, bool newest, struct record *r,
    uint8_t **room, size_t *n)
{
	enum db_walk answer = DB_WALK_FAILED;
	struct error e;
	sqlite3_stmt *s = db->statements[newest ? S_FINDING_BEFORE : S_FINDING_NEXT];
	db_lock(db);
	db_bind_number(s, 1, number > INT64_MAX ? INT64_MAX : number);
	int code = sqlite3_step(s);
	if (code == SQLITE_DONE)
		answer = DB_WALK_END;
	else if (code != SQLITE_ROW)
		db_failed(db, &e);
	else if (finding_row(s, r, room, n))
		answer = DB_WALK_RECORD;
	sqlite3_reset(s);
	db_unlock(db);
	return answer;
}

/* The oldest that have to leave: up to which number, and what they are. */
struct excess {
	int64_t number;
	uint64_t n, bytes, lost;
};

static bool is_too_much(const struct db *db, const struct excess *gone)
{
	return db->counts.findings > db->most_findings + gone->n ||
	    db->finding_bytes > db->most_finding_bytes + gone->bytes;
}

static bool excess_find(struct db *db, uint64_t taken, struct excess *x)
{
	sqlite3_stmt *s = db->statements[S_FINDINGS_OLDEST];
	int code = SQLITE_ROW;
	while (is_too_much(db, x) && (code = sqlite3_step(s)) == SQLITE_ROW) {
		x->number = sqlite3_column_int64(s, 0);
		x->n++;
		x->bytes += db_number(s, 1);
		x->lost += db_number(s, 0) > taken;
	}
	sqlite3_reset(s);
	return code == SQLITE_ROW || code == SQLITE_DONE;
}

bool db_findings_bound(struct db *db, uint64_t taken, struct error *e)
{
	struct excess x = { 0 };
	if (!is_too_much(db, &x))
		return true;
	bool good = db_change(db) && excess_find(db, taken, &x);
	sqlite3_bind_int64(db->statements[S_FINDINGS_DELETE], 1, x.number);
	good = good && db_run(db, S_FINDINGS_DELETE);
	if (good) {
		db->counts.findings -= x.n;
		db->counts.lost += x.lost;
		db->finding_bytes -= x.bytes;
	}
	return db_changed(db, good, e);
}

bool db_sink_get(struct db *db, const char *name, uint64_t *taken)
{
	sqlite3_stmt *s = db->statements[S_SINK_GET];
	db_lock(db);
	db_bind_text(s, 1, slice_from(name));
	bool known = sqlite3_step(s) == SQLITE_ROW;
	if (known)
		*taken = db_number(s, 0);
	sqlite3_reset(s);
	db_unlock(db);
	return known;
}

bool db_sink_put(struct db *db, const char *name, uint64_t taken, struct error *e)
{
	sqlite3_stmt *s = db->statements[S_SINK_PUT];
	bool good = db_change(db);
	if (good) {
		db_bind_text(s, 1, slice_from(name));
		db_bind_number(s, 2, taken);
		good = db_run(db, S_SINK_PUT);
	}
	return db_changed(db, good, e);
}
