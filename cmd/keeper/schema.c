/*
 * schema.c - the tables of the state database. A step that was released is never changed: a change is
 * one more step.
 */
#include "cmd/keeper/schema.h"

const char schema_pragmas[] = "PRAGMA journal_mode = WAL;"
			      "PRAGMA synchronous = NORMAL;"
			      "PRAGMA temp_store = MEMORY;"
			      "PRAGMA journal_size_limit = 67108864;";

const char *const schema_steps[] = {
	"BEGIN IMMEDIATE;"
	"CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;"
	"INSERT INTO meta VALUES ('made_by', 'davscope');"
	"CREATE TABLE record (id INTEGER PRIMARY KEY, part INTEGER NOT NULL, key1 INTEGER NOT NULL,"
	" key2 INTEGER NOT NULL, used_ns INTEGER NOT NULL, label TEXT NOT NULL, body BLOB NOT NULL,"
	" UNIQUE (part, key1, key2));"
	"CREATE TABLE finding (number INTEGER PRIMARY KEY, id INTEGER NOT NULL,"
	" \"update\" INTEGER NOT NULL, ns INTEGER NOT NULL, severity INTEGER NOT NULL,"
	" outcome INTEGER NOT NULL, rule TEXT NOT NULL, title TEXT NOT NULL,"
	" message TEXT NOT NULL, keys TEXT NOT NULL, json TEXT NOT NULL, UNIQUE (id, \"update\"));"
	"CREATE TABLE sink (name TEXT PRIMARY KEY, taken INTEGER NOT NULL) WITHOUT ROWID;"
	"PRAGMA user_version = 1;"
	"COMMIT",
	/* A batch is set aside until it is whole; records are read by part and leave by age. */
	"BEGIN IMMEDIATE;"
	"CREATE TABLE batch (id INTEGER PRIMARY KEY, part INTEGER NOT NULL, key1 INTEGER NOT NULL,"
	" key2 INTEGER NOT NULL, used_ns INTEGER NOT NULL, label TEXT NOT NULL, body BLOB NOT NULL,"
	" UNIQUE (part, key1, key2));"
	"CREATE INDEX record_order ON record (part, used_ns);"
	"CREATE INDEX record_age ON record (used_ns);"
	"PRAGMA user_version = 2;"
	"COMMIT",
};

const size_t schema_versions = sizeof schema_steps / sizeof schema_steps[0];
