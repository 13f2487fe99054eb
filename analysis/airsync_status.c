/*
 * airsync_status.c - what became of an ActiveSync command by its Status (MS-ASCMD 2.2.3.177, and 2.2.2 for those
 * that all commands share), or by that of HTTP when there is none.
 */
#include "analysis/meaning.h"

struct meaning {
	int32_t from, to; /* the first row that holds a status counts */
	enum outcome_of outcome;
	enum commit commit;
};

/* What is not listed is no success; whether it was done, nobody says. */
#define ALL_ELSE \
	{ \
		0, 0, OUT_REFUSED, COMMIT_MAYBE \
	}

static const struct meaning of_sync[] = {
	{ 1, 1, OUT_OK, COMMIT_YES },
	{ 3, 3, OUT_TOKEN_BAD, COMMIT_NO },
	{ 5, 5, OUT_TRANSIENT, COMMIT_MAYBE },
	{ 7, 7, OUT_CONFLICT, COMMIT_NO },
	{ 8, 8, OUT_GONE, COMMIT_NO },
	{ 12, 13, OUT_PRECONDITION, COMMIT_NO },
	{ 16, 16, OUT_TRANSIENT, COMMIT_NO },
	{ 2, 15, OUT_REFUSED, COMMIT_NO },
	ALL_ELSE,
};

/* FolderSync and the commands that change folders. */
static const struct meaning of_folders[] = {
	{ 1, 1, OUT_OK, COMMIT_YES },
	{ 2, 2, OUT_CONFLICT, COMMIT_NO },
	{ 4, 5, OUT_GONE, COMMIT_NO },
	{ 6, 6, OUT_TRANSIENT, COMMIT_MAYBE },
	{ 9, 9, OUT_TOKEN_BAD, COMMIT_NO },
	{ 11, 12, OUT_TRANSIENT, COMMIT_MAYBE },
	{ 3, 10, OUT_REFUSED, COMMIT_NO },
	ALL_ELSE,
};

/* 5: servers say it, too, when the copy was made and the original could not be removed. */
static const struct meaning of_moves[] = {
	{ 1, 2, OUT_GONE, COMMIT_NO },
	{ 3, 3, OUT_OK, COMMIT_YES },
	{ 4, 4, OUT_REFUSED, COMMIT_NO },
	{ 5, 5, OUT_TRANSIENT, COMMIT_MAYBE },
	{ 7, 7, OUT_TRANSIENT, COMMIT_NO },
	ALL_ELSE,
};

static const struct meaning of_ping[] = {
	{ 1, 2, OUT_OK, COMMIT_YES },
	{ 3, 4, OUT_REFUSED, COMMIT_NO },
	{ 5, 7, OUT_PRECONDITION, COMMIT_NO },
	{ 8, 8, OUT_TRANSIENT, COMMIT_NO },
	ALL_ELSE,
};

static const struct meaning of_estimate[] = {
	{ 1, 1, OUT_OK, COMMIT_YES },
	{ 2, 2, OUT_GONE, COMMIT_NO },
	{ 3, 3, OUT_PRECONDITION, COMMIT_NO },
	{ 4, 4, OUT_TOKEN_BAD, COMMIT_NO },
	ALL_ELSE,
};

static const struct meaning of_others[] = {
	{ 1, 1, OUT_OK, COMMIT_YES },
	ALL_ELSE,
};

/* MS-ASCMD 2.2.2: the same in every command. */
static const struct meaning of_all[] = {
	{ 110, 111, OUT_TRANSIENT, COMMIT_MAYBE },
	{ 112, 112, OUT_DENIED, COMMIT_NO },
	{ 114, 114, OUT_TRANSIENT, COMMIT_NO },
	{ 123, 131, OUT_DENIED, COMMIT_NO },
	{ 133, 133, OUT_TRANSIENT, COMMIT_NO },
	{ 135, 135, OUT_CONFLICT, COMMIT_NO },
	{ 132, 136, OUT_TOKEN_BAD, COMMIT_NO },
	{ 139, 145, OUT_AUTH, COMMIT_NO },
	{ 150, 150, OUT_GONE, COMMIT_NO },
	{ 101, 199, OUT_REFUSED, COMMIT_NO },
	ALL_ELSE,
};

static const struct meaning *table_of(struct slice command)
{
	static const struct {
		const char *command;
		const struct meaning *table;
	} tables[] = {
		{ "Sync", of_sync },
		{ "FolderSync", of_folders },
		{ "FolderCreate", of_folders },
		{ "FolderUpdate", of_folders },
		{ "FolderDelete", of_folders },
		{ "MoveItems", of_moves },
		{ "Ping", of_ping },
		{ "GetItemEstimate", of_estimate },
	};
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		if (slice_is_nocase(command, tables[i].command))
			return tables[i].table;
	return of_others;
}

struct verdict verdict_of_status(struct slice command, int32_t status)
{
	const struct meaning *m = status > 100 ? of_all : table_of(command);
	while (m->from != 0 && (status < m->from || status > m->to))
		m++;
	return (struct verdict){ m->outcome, m->commit,
		status >= 0 && status <= UINT16_MAX ? (uint16_t)status : 0 };
}

struct verdict verdict_of_http(uint16_t status)
{
	switch (status) {
	case 401:
	case 407:
	case 449: /* provision first, then again: a leg like the other two */
		return (struct verdict){ OUT_AUTH, COMMIT_NO, status };
	case 403:
		return (struct verdict){ OUT_DENIED, COMMIT_NO, status };
	case 404:
	case 410:
		return (struct verdict){ OUT_GONE, COMMIT_NO, status };
	case 408:
		return (struct verdict){ OUT_TRANSIENT, COMMIT_MAYBE, status };
	case 429:
		return (struct verdict){ OUT_THROTTLED, COMMIT_NO, status };
	case 451: /* X-MS-Location names another server */
		return (struct verdict){ OUT_REDIRECT, COMMIT_NO, status };
	case 503:
		return (struct verdict){ OUT_THROTTLED, COMMIT_MAYBE, status };
	default:
		break;
	}
	if (status >= 500)
		return (struct verdict){ OUT_TRANSIENT, COMMIT_MAYBE, status };
	if (status >= 300 && status < 400)
		return (struct verdict){ OUT_REDIRECT, COMMIT_NO, status };
	return (struct verdict){ OUT_REFUSED, COMMIT_NO, status };
}
