/*
 * airsync.h - ActiveSync commands (MS-ASCMD) as they stand in WBXML bodies and query strings
 * (MS-ASHTTP 2.2.1.1.1). Part of decode.h.
 *
 * One shape for requests and answers. A text that is not there is empty, a number AIRSYNC_NONE.
 */
#ifndef DAVSCOPE_DECODE_AIRSYNC_H
#define DAVSCOPE_DECODE_AIRSYNC_H

#include "decode/object.h"

enum { AIRSYNC_NONE = -1 };

enum airsync_verb { AIRSYNC_ADD, AIRSYNC_CHANGE, AIRSYNC_DELETE, AIRSYNC_SOFT_DELETE, AIRSYNC_FETCH };

/* One of the commands of a collection, or what the server says of one. Attachments' own Add is none. */
struct airsync_item {
	enum airsync_verb verb;
	bool result;                   /* it stood under Responses */
	int32_t status;
	struct slice client_id, server_id, instance_id;
	struct slice client_uid;       /* MS-ASCAL ClientUid, 16.0 and later */
	const struct object *object;   /* of its ApplicationData; NULL: it had none */
};

/* A collection of Sync or GetItemEstimate, or a folder of Ping. */
struct airsync_collection {
	struct slice class, id;        /* class as named here or "" (from 12.1 on it often is not said) */
	struct slice key;              /* SyncKey */
	int32_t status, estimate, window, filter; /* filter: FilterType */
	bool more, get_changes;        /* MoreAvailable; GetChanges given and not 0 */
	bool commands;                 /* has Commands, even empty ones */
	const struct airsync_item *items;
	size_t n_items;
};

/* FolderSync rows and FolderCreate, FolderDelete, FolderUpdate. */
struct airsync_folder {
	enum airsync_verb verb;        /* ADD, CHANGE (Update), DELETE */
	struct slice id, parent, name;
	int32_t type;                  /* MS-ASCMD 2.2.3.186.2: 8 and 13 calendar, 9 and 14 contacts, 7 and 15 tasks */
};

struct airsync_move { struct slice id, from, to, new_id; int32_t status; }; /* MoveItems */

struct airsync {
	struct slice command;          /* root element: "Sync", "FolderSync", "Ping", ...; empty: none was read */
	int32_t status;                /* at the root of the command */
	struct slice key;              /* SyncKey of folder commands */
	struct slice policy_key;       /* Provision */
	struct slice client_id;        /* SendMail, SmartForward, SmartReply */
	int32_t heartbeat;             /* Ping HeartbeatInterval, Sync Wait or HeartbeatInterval, in seconds */
	bool partial;                  /* Sync with Partial */
	const struct airsync_collection *collections;
	const struct airsync_folder *folders;
	const struct airsync_move *moves;
	size_t n_collections, n_folders, n_moves;
	uint64_t items_seen;           /* of all collections, kept or not */
	bool whole;                    /* read to its end, nothing dropped */
};

/* The query of an ActiveSync request; texts live in the arena or in the target. */
struct airsync_query {
	bool base64;                   /* the form of 12.1 and later */
	struct slice command, user, device_id, device_type, collection_id, item_id;
	uint16_t version;              /* 121 = 12.1; base64 form only, else 0: see MS-ASProtocolVersion */
	bool has_policy; uint32_t policy_key;
};
struct arena;
/* False: the target has no query that names a command. */
bool airsync_query_read(struct slice target, struct arena *, struct airsync_query *);

#endif
