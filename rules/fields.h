/*
 * fields.h - getters of the field table. Private to rules/.
 *
 * A getter sets *v and returns PRESENT, or says whether the value is surely not there. It is asked
 * only about events of the kinds its field names.
 */
#ifndef DAVSCOPE_RULES_FIELDS_H
#define DAVSCOPE_RULES_FIELDS_H

#include "rules/rules.h"

enum { REQUEST, RESPONSE };
enum { CLIENT, SERVER };
/* Which of their kind; see fields_op.c, fields_sync.c, fields_item.c. */
enum { CAL_UID, CAL_SUMMARY, CAL_RECURRENCE_ID, CAL_ORGANIZER, CAL_METHOD, CAL_START, CAL_END };
enum { OPERATION_LEGS, OPERATION_ATTEMPTS, OPERATION_PEER, OPERATION_DEVICE };
enum { AIRSYNC_COMMAND, AIRSYNC_USER, AIRSYNC_DEVICE_ID, AIRSYNC_DEVICE_TYPE };
enum { COLLECTION_CLASS, COLLECTION_ID, COLLECTION_KEY, COLLECTION_RESPONSE_KEY, COLLECTION_STATUS,
	COLLECTION_ESTIMATE };
enum { CLIENT_ADDS, CLIENT_CHANGES, CLIENT_DELETES, SERVER_ADDS, SERVER_CHANGES, SERVER_DELETES };
enum { ITEM_COLLECTION, ITEM_CLIENT_ID, ITEM_SERVER_ID, ITEM_CLIENT_UID, ITEM_UID, ITEM_SUMMARY };
enum { MATTER_MAILBOX, MATTER_SCOPE, MATTER_HREF, MATTER_OTHER_HREF, MATTER_UID, MATTER_SUMMARY,
	MATTER_PEER, MATTER_DEVICE, MATTER_VALUE, MATTER_OTHER_VALUE, MATTER_FRONT_BUILD,
	MATTER_BACK_BUILD, MATTER_COPIES, MATTER_COUNT };
enum { HISTORY_METHOD, HISTORY_PATH, HISTORY_NOTE };

struct asked {
	const struct event *e;
	int which;               /* of the field table: REQUEST or RESPONSE, CLIENT or SERVER */
	size_t element, nth;
};
typedef enum seen field_getter(const struct asked *, struct value *v);
typedef size_t field_counter(const struct event *, bool *complete);
typedef bool field_entries(const struct event *, size_t i, struct slice *name, struct value *v);

#define FIELD(name, type, many, kinds, get, which, text) field_getter get;
#define WORDS(name, many, kinds, get, which, words, text) field_getter get;
#define MAP(name, kinds, entry, text) field_entries entry;
#define GROUP(name, kinds, count, text) field_counter count;
#include "rules/fields.def"
#undef FIELD
#undef WORDS
#undef MAP
#undef GROUP

/* What the getters of enum fields can say, NULL at the end; each stands beside its getter. */
extern const char *const schema_words[], *const flow_end_words[], *const handshake_words[];
extern const char *const transport_words[], *const version_words[], *const body_type_words[];
extern const char *const flavour_from_words[], *const tag_due_words[], *const tag_state_words[];
extern const char *const tag_header_words[], *const tag_damage_words[];
extern const char *const pairing_words[], *const loss_words[];
extern const char *const folder_class_words[], *const item_from_words[], *const item_verb_words[];
extern const char *const history_leg_words[];
extern const char *const finding_kind_words[], *const outcome_words[], *const severity_words[];
extern const char *const confidence_words[], *const finding_reason_words[];

/* What to say of a field that is not in the header block. */
enum seen header_missing(const struct message *);
/* Value number `nth` among the fields of that name (no case). */
enum seen header_read(const struct message *, struct slice name, size_t nth, struct value *v);

/* The transaction behind the event; of an operation its last leg. NULL: there is none. */
static inline const struct txn *event_txn(const struct event *e)
{
	return e->txn != NULL || e->op == NULL ? e->txn : e->op->txn;
}

/* Enough of the request was seen and kept to say what it is not. */
static inline bool request_is_known(const struct event *e)
{
	const struct txn *txn = event_txn(e);
	return txn != NULL && txn->req.seen && (txn->req.loss & LOSS_LIMIT) == 0;
}

static inline const struct message *asked_message(const struct asked *a)
{
	return a->which == REQUEST ? &a->e->txn->req : &a->e->txn->res;
}

static inline int64_t ns_between(struct stamp from, struct stamp to)
{
	return (int64_t)((uint64_t)to.ns - (uint64_t)from.ns);
}

static inline enum seen value_number(struct value *v, int64_t number)
{
	v->number = number;
	return PRESENT;
}

/* A count beyond 2^63 - 1 stays there. */
static inline enum seen value_count(struct value *v, uint64_t count)
{
	return value_number(v, count > INT64_MAX ? INT64_MAX : (int64_t)count);
}

static inline enum seen value_text(struct value *v, struct slice text)
{
	v->text = text;
	return PRESENT;
}

static inline enum seen value_word(struct value *v, const char *word)
{
	return value_text(v, slice_from(word));
}

/* An empty text is none. */
static inline enum seen value_text_or(struct value *v, struct slice text, enum seen otherwise)
{
	return text.n != 0 ? value_text(v, text) : otherwise;
}

#endif
