/*
 * airsync_steps.c - the tables of what stands where in ActiveSync documents (MS-ASCMD, and the
 * protocols of its classes). Only direct children count: Attachments of a 16.0 draft have an Add and a
 * ClientId of their own, which are no item.
 */
#include "decode/airsync_steps.h"

/* Code pages. */
enum {
	AIRSYNC = 0 << 8,
	CONTACTS = 1 << 8,
	EMAIL = 2 << 8,
	NOTIFY = 3 << 8,
	CALENDAR = 4 << 8,
	MOVE = 5 << 8,
	ESTIMATE = 6 << 8,
	FOLDERS = 7 << 8,
	MEETING = 8 << 8,
	TASKS = 9 << 8,
	RECIPIENTS = 10 << 8,
	VALIDATE = 11 << 8,
	CONTACTS2 = 12 << 8,
	PING = 13 << 8,
	PROVISION = 14 << 8,
	SEARCH = 15 << 8,
	BASE = 17 << 8,
	SETTINGS = 18 << 8,
	OPERATIONS = 20 << 8,
	MAIL = 21 << 8,
	NOTES = 23 << 8,
	FIND = 25 << 8
};

#define GO(tag, place) \
	{ \
		tag, place, USE_NONE, 0, 0 \
	}
#define VERB(tag, place, verb) \
	{ \
		tag, place, USE_NONE, 0, verb \
	}
#define TEXT(tag, field) \
	{ \
		tag, IGNORED, USE_TEXT, offsetof(struct airsync_draft, field), 0 \
	}
#define NUMBER(tag, field) \
	{ \
		tag, IGNORED, USE_NUMBER, offsetof(struct airsync_draft, field), 0 \
	}
#define USE(tag, use, field) \
	{ \
		tag, IGNORED, use, offsetof(struct airsync_draft, field), 0 \
	}
#define CONTACT(tag, use) \
	{ \
		tag, IGNORED, use, 0, 0 \
	}
#define LAST \
	{ \
		0, IGNORED, USE_NONE, 0, 0 \
	}

static const struct airsync_step ignored = LAST;

static const struct airsync_step at_top[] = {
	GO(AIRSYNC | 0x05, IN_SYNC), /* Sync */
	GO(FOLDERS | 0x16, IN_HIERARCHY), /* FolderSync */
	GO(FOLDERS | 0x05, IN_CHANGES), /* Folders: the answer to GetHierarchy, up to 2.5 */
	VERB(FOLDERS | 0x13, IN_FOLDER_COMMAND, AIRSYNC_ADD), /* FolderCreate */
	VERB(FOLDERS | 0x14, IN_FOLDER_COMMAND, AIRSYNC_DELETE), /* FolderDelete */
	VERB(FOLDERS | 0x15, IN_FOLDER_COMMAND, AIRSYNC_CHANGE), /* FolderUpdate */
	GO(PING | 0x05, IN_PING), /* Ping */
	GO(ESTIMATE | 0x05, IN_ESTIMATE), /* GetItemEstimate */
	GO(MOVE | 0x05, IN_MOVES), /* MoveItems */
	GO(PROVISION | 0x05, IN_PROVISION), /* Provision */
	GO(MAIL | 0x05, IN_MAIL), /* SendMail */
	GO(MAIL | 0x06, IN_MAIL), /* SmartForward */
	GO(MAIL | 0x07, IN_MAIL), /* SmartReply */
	GO(OPERATIONS | 0x05, IN_OPERATIONS), /* ItemOperations */
	LAST,
};

static const struct airsync_step in_sync[] = {
	NUMBER(AIRSYNC | 0x0e, sync.status), /* Status */
	GO(AIRSYNC | 0x1c, IN_COLLECTIONS), /* Collections */
	USE(AIRSYNC | 0x24, USE_MINUTES, sync.heartbeat), /* Wait */
	NUMBER(AIRSYNC | 0x29, sync.heartbeat), /* HeartbeatInterval */
	USE(AIRSYNC | 0x26, USE_PRESENCE, sync.partial), /* Partial */
	LAST,
};

static const struct airsync_step in_collections[] = {
	GO(AIRSYNC | 0x0f, IN_COLLECTION), /* Collection */
	LAST,
};

static const struct airsync_step in_collection[] = {
	TEXT(AIRSYNC | 0x10, collection.class), /* Class */
	TEXT(AIRSYNC | 0x0b, collection.key), /* SyncKey */
	TEXT(AIRSYNC | 0x12, collection.id), /* CollectionId */
	NUMBER(AIRSYNC | 0x0e, collection.status), /* Status */
	NUMBER(AIRSYNC | 0x15, collection.window), /* WindowSize */
	USE(AIRSYNC | 0x14, USE_PRESENCE, collection.more), /* MoreAvailable */
	USE(AIRSYNC | 0x13, USE_SWITCH, collection.get_changes), /* GetChanges */
	GO(AIRSYNC | 0x17, IN_OPTIONS), /* Options */
	GO(AIRSYNC | 0x16, IN_COMMANDS), /* Commands */
	GO(AIRSYNC | 0x06, IN_RESPONSES), /* Responses */
	LAST,
};

static const struct airsync_step in_options[] = {
	NUMBER(AIRSYNC | 0x18, collection.filter), /* FilterType */
	LAST,
};

static const struct airsync_step in_commands[] = {
	VERB(AIRSYNC | 0x07, IN_ITEM, AIRSYNC_ADD), /* Add */
	VERB(AIRSYNC | 0x08, IN_ITEM, AIRSYNC_CHANGE), /* Change */
	VERB(AIRSYNC | 0x09, IN_ITEM, AIRSYNC_DELETE), /* Delete */
	VERB(AIRSYNC | 0x21, IN_ITEM, AIRSYNC_SOFT_DELETE), /* SoftDelete */
	VERB(AIRSYNC | 0x0a, IN_ITEM, AIRSYNC_FETCH), /* Fetch */
	LAST,
};

static const struct airsync_step in_item[] = {
	TEXT(AIRSYNC | 0x0c, item.client_id), /* ClientId */
	TEXT(AIRSYNC | 0x0d, item.server_id), /* ServerId */
	NUMBER(AIRSYNC | 0x0e, item.status), /* Status */
	TEXT(AIRSYNC | 0x10, item_class), /* Class */
	TEXT(BASE | 0x2d, item.instance_id), /* InstanceId */
	TEXT(CALENDAR | 0x3c, item.client_uid), /* ClientUid */
	GO(AIRSYNC | 0x1d, IN_DATA), /* ApplicationData */
	LAST,
};

static const struct airsync_step in_data[] = {
	TEXT(CALENDAR | 0x28, data.uid), /* UID */
	TEXT(CALENDAR | 0x3c, item.client_uid), /* ClientUid */
	TEXT(CALENDAR | 0x26, data.subject), /* Subject */
	TEXT(CALENDAR | 0x27, data.start), /* StartTime */
	TEXT(CALENDAR | 0x12, data.end), /* EndTime */
	TEXT(CALENDAR | 0x17, data.location), /* Location, up to 14.1 */
	GO(BASE | 0x20, IN_LOCATION), /* Location */
	NUMBER(CALENDAR | 0x06, data.all_day), /* AllDayEvent */
	TEXT(CALENDAR | 0x19, data.organizer), /* OrganizerEmail */
	GO(CALENDAR | 0x1b, IN_RECURRENCE), /* Recurrence */
	GO(CALENDAR | 0x14, IN_EXCEPTIONS), /* Exceptions */
	TEXT(TASKS | 0x20, data.subject), /* Subject */
	TEXT(TASKS | 0x1e, data.start), /* StartDate */
	TEXT(TASKS | 0x1f, data.utc_start), /* UtcStartDate */
	TEXT(TASKS | 0x0c, data.end), /* DueDate */
	TEXT(TASKS | 0x0d, data.utc_end), /* UtcDueDate */
	GO(TASKS | 0x0f, IN_RECURRENCE), /* Recurrence */
	TEXT(CONTACTS | 0x1e, data.file_as), /* FileAs */
	TEXT(CONTACTS | 0x1f, data.first_name), /* FirstName */
	TEXT(CONTACTS | 0x29, data.last_name), /* LastName */
	TEXT(CONTACTS | 0x19, data.company), /* CompanyName */
	CONTACT(CONTACTS | 0x1b, USE_ADDRESS), /* Email1Address */
	CONTACT(CONTACTS | 0x1c, USE_ADDRESS), /* Email2Address */
	CONTACT(CONTACTS | 0x1d, USE_ADDRESS), /* Email3Address */
	CONTACT(CONTACTS | 0x0c, USE_PHONE), /* Business2PhoneNumber */
	CONTACT(CONTACTS | 0x12, USE_PHONE), /* BusinessFaxNumber */
	CONTACT(CONTACTS | 0x13, USE_PHONE), /* BusinessPhoneNumber */
	CONTACT(CONTACTS | 0x14, USE_PHONE), /* CarPhoneNumber */
	CONTACT(CONTACTS | 0x20, USE_PHONE), /* Home2PhoneNumber */
	CONTACT(CONTACTS | 0x26, USE_PHONE), /* HomeFaxNumber */
	CONTACT(CONTACTS | 0x27, USE_PHONE), /* HomePhoneNumber */
	CONTACT(CONTACTS | 0x2b, USE_PHONE), /* MobilePhoneNumber */
	CONTACT(CONTACTS | 0x32, USE_PHONE), /* PagerNumber */
	CONTACT(CONTACTS | 0x33, USE_PHONE), /* RadioPhoneNumber */
	CONTACT(CONTACTS2 | 0x0b, USE_PHONE), /* CompanyMainPhone */
	TEXT(EMAIL | 0x14, data.subject), /* Subject */
	TEXT(NOTES | 0x05, data.subject), /* Subject */
	LAST,
};

static const struct airsync_step in_location[] = {
	TEXT(BASE | 0x10, data.location), /* DisplayName */
	LAST,
};

static const struct airsync_step in_recurrence[] = {
	NUMBER(CALENDAR | 0x1c, data.recurrence.type), /* Type */
	TEXT(CALENDAR | 0x1d, data.recurrence.until), /* Until */
	NUMBER(CALENDAR | 0x1e, data.recurrence.occurrences), /* Occurrences */
	NUMBER(CALENDAR | 0x1f, data.recurrence.interval), /* Interval */
	NUMBER(CALENDAR | 0x20, data.recurrence.days), /* DayOfWeek */
	NUMBER(CALENDAR | 0x21, data.recurrence.day_of_month), /* DayOfMonth */
	NUMBER(CALENDAR | 0x22, data.recurrence.week), /* WeekOfMonth */
	NUMBER(CALENDAR | 0x23, data.recurrence.month), /* MonthOfYear */
	NUMBER(CALENDAR | 0x39, data.recurrence.first_day), /* FirstDayOfWeek */
	NUMBER(TASKS | 0x10, data.recurrence.type), /* Type */
	TEXT(TASKS | 0x12, data.recurrence.until), /* Until */
	NUMBER(TASKS | 0x13, data.recurrence.occurrences), /* Occurrences */
	NUMBER(TASKS | 0x14, data.recurrence.interval), /* Interval */
	NUMBER(TASKS | 0x15, data.recurrence.day_of_month), /* DayOfMonth */
	NUMBER(TASKS | 0x16, data.recurrence.days), /* DayOfWeek */
	NUMBER(TASKS | 0x17, data.recurrence.week), /* WeekOfMonth */
	NUMBER(TASKS | 0x18, data.recurrence.month), /* MonthOfYear */
	NUMBER(TASKS | 0x26, data.recurrence.first_day), /* FirstDayOfWeek */
	LAST,
};

static const struct airsync_step in_exceptions[] = {
	GO(CALENDAR | 0x13, IN_EXCEPTION), /* Exception */
	LAST,
};

static const struct airsync_step in_exception[] = {
	NUMBER(CALENDAR | 0x15, data.exception_deleted), /* Deleted */
	TEXT(CALENDAR | 0x16, data.exception), /* ExceptionStartTime, up to 14.1 */
	TEXT(BASE | 0x2d, data.exception), /* InstanceId */
	LAST,
};

static const struct airsync_step in_hierarchy[] = {
	NUMBER(FOLDERS | 0x0c, sync.status), /* Status */
	TEXT(FOLDERS | 0x12, sync.key), /* SyncKey */
	GO(FOLDERS | 0x0e, IN_CHANGES), /* Changes */
	LAST,
};

static const struct airsync_step in_changes[] = {
	VERB(FOLDERS | 0x0f, IN_FOLDER, AIRSYNC_ADD), /* Add */
	VERB(FOLDERS | 0x11, IN_FOLDER, AIRSYNC_CHANGE), /* Update */
	VERB(FOLDERS | 0x10, IN_FOLDER, AIRSYNC_DELETE), /* Delete */
	VERB(FOLDERS | 0x06, IN_FOLDER, AIRSYNC_ADD), /* Folder */
	LAST,
};

static const struct airsync_step in_folder[] = {
	TEXT(FOLDERS | 0x08, folder.id), /* ServerId */
	TEXT(FOLDERS | 0x09, folder.parent), /* ParentId */
	TEXT(FOLDERS | 0x07, folder.name), /* DisplayName */
	NUMBER(FOLDERS | 0x0a, folder.type), /* Type */
	LAST,
};

static const struct airsync_step in_folder_command[] = {
	NUMBER(FOLDERS | 0x0c, sync.status), /* Status */
	TEXT(FOLDERS | 0x12, sync.key), /* SyncKey */
	TEXT(FOLDERS | 0x08, folder.id), /* ServerId */
	TEXT(FOLDERS | 0x09, folder.parent), /* ParentId */
	TEXT(FOLDERS | 0x07, folder.name), /* DisplayName */
	NUMBER(FOLDERS | 0x0a, folder.type), /* Type */
	LAST,
};

static const struct airsync_step in_ping[] = {
	NUMBER(PING | 0x07, sync.status), /* Status */
	NUMBER(PING | 0x08, sync.heartbeat), /* HeartbeatInterval */
	GO(PING | 0x09, IN_PING_FOLDERS), /* Folders */
	LAST,
};

/* Folder: with an Id in requests, with the id as its text in answers. */
static const struct airsync_step in_ping_folders[] = {
	{ PING | 0x0a, IN_PING_FOLDER, USE_TEXT, offsetof(struct airsync_draft, collection.id), 0 },
	LAST,
};

static const struct airsync_step in_ping_folder[] = {
	TEXT(PING | 0x0b, collection.id), /* Id */
	TEXT(PING | 0x0c, collection.class), /* Class */
	LAST,
};

static const struct airsync_step in_estimate[] = {
	NUMBER(ESTIMATE | 0x0e, sync.status), /* Status */
	GO(ESTIMATE | 0x07, IN_ESTIMATE_COLLECTIONS), /* Collections */
	GO(ESTIMATE | 0x0d, IN_ESTIMATE_RESPONSE), /* Response */
	LAST,
};

static const struct airsync_step in_estimate_collections[] = {
	GO(ESTIMATE | 0x08, IN_ESTIMATE_COLLECTION), /* Collection */
	LAST,
};

static const struct airsync_step in_estimate_collection[] = {
	TEXT(ESTIMATE | 0x09, collection.class), /* Class */
	TEXT(ESTIMATE | 0x0a, collection.id), /* CollectionId */
	NUMBER(ESTIMATE | 0x0c, collection.estimate), /* Estimate */
	TEXT(AIRSYNC | 0x10, collection.class), /* Class */
	TEXT(AIRSYNC | 0x12, collection.id), /* CollectionId */
	TEXT(AIRSYNC | 0x0b, collection.key), /* SyncKey */
	NUMBER(AIRSYNC | 0x18, collection.filter), /* FilterType */
	GO(AIRSYNC | 0x17, IN_OPTIONS), /* Options */
	LAST,
};

static const struct airsync_step in_estimate_response[] = {
	NUMBER(ESTIMATE | 0x0e, collection.status), /* Status */
	GO(ESTIMATE | 0x08, IN_ESTIMATED), /* Collection */
	LAST,
};

static const struct airsync_step in_moves[] = {
	NUMBER(MOVE | 0x0b, sync.status), /* Status */
	GO(MOVE | 0x06, IN_MOVE), /* Move */
	GO(MOVE | 0x0a, IN_MOVE), /* Response */
	LAST,
};

static const struct airsync_step in_move[] = {
	TEXT(MOVE | 0x07, move.id), /* SrcMsgId */
	TEXT(MOVE | 0x08, move.from), /* SrcFldId */
	TEXT(MOVE | 0x09, move.to), /* DstFldId */
	TEXT(MOVE | 0x0c, move.new_id), /* DstMsgId */
	NUMBER(MOVE | 0x0b, move.status), /* Status */
	LAST,
};

static const struct airsync_step in_provision[] = {
	NUMBER(PROVISION | 0x0b, sync.status), /* Status */
	GO(PROVISION | 0x06, IN_POLICIES), /* Policies */
	LAST,
};

static const struct airsync_step in_policies[] = {
	GO(PROVISION | 0x07, IN_POLICY), /* Policy */
	LAST,
};

static const struct airsync_step in_policy[] = {
	TEXT(PROVISION | 0x09, sync.policy_key), /* PolicyKey */
	LAST,
};

static const struct airsync_step in_mail[] = {
	TEXT(MAIL | 0x11, sync.client_id), /* ClientId */
	NUMBER(MAIL | 0x12, sync.status), /* Status */
	LAST,
};

static const struct airsync_step in_operations[] = {
	NUMBER(OPERATIONS | 0x0d, sync.status), /* Status */
	GO(OPERATIONS | 0x06, IN_FETCH), /* Fetch */
	GO(OPERATIONS | 0x0e, IN_OPERATIONS_RESPONSE), /* Response */
	LAST,
};

static const struct airsync_step in_operations_response[] = {
	GO(OPERATIONS | 0x06, IN_FETCH), /* Fetch */
	LAST,
};

static const struct airsync_step in_fetch[] = {
	NUMBER(OPERATIONS | 0x0d, item.status), /* Status */
	TEXT(AIRSYNC | 0x12, item_folder), /* CollectionId */
	TEXT(AIRSYNC | 0x0d, item.server_id), /* ServerId */
	TEXT(AIRSYNC | 0x10, item_class), /* Class */
	TEXT(BASE | 0x2d, item.instance_id), /* InstanceId */
	GO(OPERATIONS | 0x0b, IN_DATA), /* Properties */
	LAST,
};

static const struct airsync_step in_other[] = {
	NUMBER(NOTIFY | 0x10, sync.status), /* Notify */
	NUMBER(MEETING | 0x0b, sync.status), /* MeetingResponse */
	NUMBER(RECIPIENTS | 0x07, sync.status), /* ResolveRecipients */
	NUMBER(VALIDATE | 0x0a, sync.status), /* ValidateCert */
	NUMBER(SEARCH | 0x0c, sync.status), /* Search */
	NUMBER(SETTINGS | 0x06, sync.status), /* Settings */
	NUMBER(FIND | 0x0a, sync.status), /* Find */
	LAST,
};

static const struct airsync_step *const steps[AIRSYNC_PLACES] = {
	[IGNORED] = &ignored,
	[IN_SURPLUS] = &ignored,
	[AT_TOP] = at_top,
	[IN_SYNC] = in_sync,
	[IN_COLLECTIONS] = in_collections,
	[IN_COLLECTION] = in_collection,
	[IN_OPTIONS] = in_options,
	[IN_COMMANDS] = in_commands,
	[IN_RESPONSES] = in_commands,
	[IN_ITEM] = in_item,
	[IN_DATA] = in_data,
	[IN_LOCATION] = in_location,
	[IN_RECURRENCE] = in_recurrence,
	[IN_EXCEPTIONS] = in_exceptions,
	[IN_EXCEPTION] = in_exception,
	[IN_HIERARCHY] = in_hierarchy,
	[IN_CHANGES] = in_changes,
	[IN_FOLDER] = in_folder,
	[IN_FOLDER_COMMAND] = in_folder_command,
	[IN_PING] = in_ping,
	[IN_PING_FOLDERS] = in_ping_folders,
	[IN_PING_FOLDER] = in_ping_folder,
	[IN_ESTIMATE] = in_estimate,
	[IN_ESTIMATE_COLLECTIONS] = in_estimate_collections,
	[IN_ESTIMATE_COLLECTION] = in_estimate_collection,
	[IN_ESTIMATE_RESPONSE] = in_estimate_response,
	[IN_ESTIMATED] = in_estimate_collection,
	[IN_MOVES] = in_moves,
	[IN_MOVE] = in_move,
	[IN_PROVISION] = in_provision,
	[IN_POLICIES] = in_policies,
	[IN_POLICY] = in_policy,
	[IN_MAIL] = in_mail,
	[IN_OPERATIONS] = in_operations,
	[IN_OPERATIONS_RESPONSE] = in_operations_response,
	[IN_FETCH] = in_fetch,
	[IN_OTHER] = in_other,
};

const struct airsync_step *airsync_step(enum airsync_place parent, uint8_t page, uint8_t token)
{
	unsigned tag = (unsigned)page << 8 | token;
	const struct airsync_step *step = steps[parent];
	while (step->tag != 0 && step->tag != tag)
		step++;
	return step;
}
