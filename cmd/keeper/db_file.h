/*
 * db_file.h - the database as its own files see it. Private to db*.c, which alone know SQLite.
 */
#ifndef DAVSCOPE_CMD_KEEPER_DB_FILE_H
#define DAVSCOPE_CMD_KEEPER_DB_FILE_H

#include "cmd/keeper/db.h"

#include <sqlite3.h>

enum statement {
#define STATEMENT(code, sql) S_##code,
#include "statements.def"
#undef STATEMENT
	STATEMENTS
};

extern const char *const db_texts[];                           /* by statement */

struct db {
	sqlite3 *file;
	sqlite3_stmt *statements[STATEMENTS];
	int lock; /* of the directory; -1: a reader */
	bool pending; /* a transaction is open */
	bool batch_broken; /* a part of the batch was undone */
	bool sums_known; /* counts.records and .bytes are what the file says */
	bool damaged;
	uint64_t most_records, most_bytes, most_findings, most_finding_bytes;
	uint64_t most_batch, batch_bytes; /* put since it began; what replaces another one counts, too */
	uint64_t finding_bytes;
	struct db_counts counts;
};

bool db_failed(struct db *, struct error *);                   /* *error: what SQLite says; always false */
bool db_undo(struct db *, struct error *);                     /* all since the last commit; always false */
bool db_ask(struct db *, const char *sql, int64_t *out, int n); /* numbers of one row */
bool db_run(struct db *, enum statement);                      /* one without a row to give; its bindings die with it */
bool db_change(struct db *);                                   /* locks, and begins a transaction; in any case: */
bool db_changed(struct db *, bool good, struct error *);       /* not good: undoes it. Unlocks; `good` */
void db_bind_text(sqlite3_stmt *s, int i, struct slice text);       /* borrows it until the statement has run */
void db_bind_number(sqlite3_stmt *s, int i, uint64_t number);
struct slice db_column(sqlite3_stmt *s, int i);                /* lives until the next step */
uint64_t db_number(sqlite3_stmt *s, int i);
bool db_findings_count(struct db *);                           /* counts.findings and finding_bytes anew */

#endif
