/*
 * airsync_steps.h - where in an ActiveSync document stands what is read of it. Private to decode/.
 *
 * An open element is at a place; a step says what a child with a certain tag means there: which place
 * it is itself, or which field of the draft its text goes to.
 */
#ifndef DAVSCOPE_DECODE_AIRSYNC_STEPS_H
#define DAVSCOPE_DECODE_AIRSYNC_STEPS_H

#include "decode/airsync_object.h"

/* What is being read; each part is begun anew with the element it is of. */
struct airsync_draft {
	struct airsync sync;
	struct airsync_collection collection;
	struct airsync_item item;
	struct slice item_class;
	struct slice item_folder;      /* ItemOperations: the CollectionId of one Fetch */
	struct airsync_data data;
	struct airsync_folder folder;
	struct airsync_move move;
};

enum airsync_place {
	IGNORED,
	IN_SURPLUS,                    /* an item beyond the limit */
	AT_TOP,
	IN_SYNC,
	IN_COLLECTIONS,
	IN_COLLECTION,
	IN_OPTIONS,
	IN_COMMANDS,
	IN_RESPONSES,
	IN_ITEM,
	IN_DATA,
	IN_LOCATION,
	IN_RECURRENCE,
	IN_EXCEPTIONS,
	IN_EXCEPTION,
	IN_HIERARCHY,
	IN_CHANGES,
	IN_FOLDER,
	IN_FOLDER_COMMAND,             /* its root is the folder */
	IN_PING,
	IN_PING_FOLDERS,
	IN_PING_FOLDER,
	IN_ESTIMATE,
	IN_ESTIMATE_COLLECTIONS,
	IN_ESTIMATE_COLLECTION,
	IN_ESTIMATE_RESPONSE,          /* one collection with its status */
	IN_ESTIMATED,
	IN_MOVES,
	IN_MOVE,
	IN_PROVISION,
	IN_POLICIES,
	IN_POLICY,
	IN_MAIL,
	IN_OPERATIONS,
	IN_OPERATIONS_RESPONSE,
	IN_FETCH,
	IN_OTHER,                      /* any command of which only the status is read */
	AIRSYNC_PLACES
};

/* What becomes of the text; of several in one place the first one counts. */
enum airsync_use {
	USE_NONE,
	USE_TEXT,                      /* to a struct slice */
	USE_NUMBER,                    /* to an int32_t */
	USE_MINUTES,                   /* the same, in seconds */
	USE_PRESENCE,                  /* to a bool: it is there */
	USE_SWITCH,                    /* to a bool: it is there, and does not say 0 */
	USE_ADDRESS,                   /* into the hash of a card's addresses and numbers */
	USE_PHONE
};

struct airsync_step {
	uint16_t tag;                  /* code page << 8 | token */
	uint8_t place, use;
	uint16_t at;                   /* offset of the field in struct airsync_draft */
	uint8_t verb;                  /* of items and folders: enum airsync_verb */
};

/* Never NULL: what means nothing there is at the place IGNORED. */
const struct airsync_step *airsync_step(enum airsync_place parent, uint8_t page, uint8_t token);

#endif
