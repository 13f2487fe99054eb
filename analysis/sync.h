/*
 * sync.h - what transactions mean: operations, items, sessions. Part of analysis.h.
 *
 * An operation is one attempt of a client: the transactions of its authentication legs, redirects and
 * library retries folded into one. An item is what a server holds under one id of one scope; a scope is
 * a collection, whatever its URL is spelt like. Commits are the truth of the server, which the client
 * may not know: yes, no, maybe (proven to be open), or not observed.
 */
#ifndef DAVSCOPE_ANALYSIS_SYNC_H
#define DAVSCOPE_ANALYSIS_SYNC_H

#include "decode/decode.h"

struct facts;
struct sync_facts;

enum op_kind { OP_CREATE, OP_UPDATE, OP_WRITE, OP_DELETE, OP_MOVE, OP_COPY, OP_READ, OP_LIST, OP_DELTA,
	OP_PROBE, OP_SEND, OP_OTHER };       /* WRITE: create or update, not known which */
enum outcome_of { OUT_OK, OUT_PRECONDITION, OUT_UID_CONFLICT, OUT_CONFLICT, OUT_GONE, OUT_DENIED, OUT_AUTH,
	OUT_REDIRECT, OUT_THROTTLED, OUT_TRANSIENT, OUT_REFUSED, OUT_TOKEN_BAD, OUT_LOST, OUT_UNSEEN };
enum commit { COMMIT_UNSEEN, COMMIT_NO, COMMIT_MAYBE, COMMIT_YES };
enum op_guard { GUARD_NONE, GUARD_ABSENT, GUARD_EXISTS, GUARD_TAG, GUARD_SCHEDULE_TAG, GUARD_KEY, GUARD_OTHER,
	GUARD_UNSEEN };

enum trouble {
	TROUBLE_NONE,
#define TROUBLE(code, kind, name, text) TROUBLE_##code,
#include "analysis/troubles.def"
#undef TROUBLE
	TROUBLES
};
/* Why there are two copies: R1 to R9; CAUSE_NONE: what the capture shows does not say. */
enum cause { CAUSE_NONE, CAUSE_UNTAGGED, CAUSE_LOST_ANSWER, CAUSE_RESET, CAUSE_TWO_PEERS, CAUSE_MOVE, CAUSE_REWRITTEN,
	CAUSE_PROXY_REPLAY, CAUSE_SERVER_REPLAY, CAUSE_IMPORT, CAUSES };
/* Steps of the gate, in its order: what showed that a likely copy is none. */
enum gate { GATE_NONE, GATE_SAME_ID, GATE_SHADOW, GATE_FOLDED, GATE_NOT_COMMITTED, GATE_OVERWRITE, GATE_OVERRIDE,
	GATE_MOVE, GATE_DELETED, GATE_OTHER_SCOPE, GATE_SERVER_MADE, GATE_OTHER_PEERS, GATE_IMPORT, GATE_SIMILAR,
	GATE_LISTING, GATE_RESTORE, GATES };
enum certainty { SUSPECTED, PROBABLE, CONFIRMED };

enum { OP_PACKETS = 64, HISTORY_MAX = 24 };

/* What an operation works on. */
struct place {
	struct slice path;     /* canonical; ActiveSync: ServerId, empty while there is none */
	uint64_t scope, id;    /* scope: its collection; id: itself within it; 0: not known */
};

struct op {
	uint64_t number;       /* in order of completion: "o-7" */
	const struct txn *txn; /* its last leg; dies with the event, as do all slices */
	const struct facts *facts;
	enum op_kind kind;
	enum outcome_of outcome;
	enum commit commit;
	enum op_guard guard;
	struct slice guard_value;
	struct place at, to;   /* to: destination of MOVE and COPY */
	struct slice mailbox;  /* whose store; empty: the path does not say */
	struct slice tag, schedule_tag; /* of the answer; see the two below */
	enum seen tag_seen, schedule_tag_seen;
	const struct object *object;    /* sent or read; NULL: none that can be read */
	uint64_t body_hash;    /* of the bytes sent; 0: none, or not all seen */
	uint64_t peer;         /* who sends it, by the strongest sign there is */
	struct slice peer_name;
	struct slice device;   /* DeviceId of the device it is done for; empty: none is known */
	const struct sync_facts *sync; /* ActiveSync: the command it is part of; else NULL */
	const struct airsync_item *item; /* ActiveSync: the command of the client */
	const struct airsync_item *answer; /* and its result; NULL: no row */
	const struct airsync_collection *collection; /* of the request */
	const struct airsync_collection *answered;   /* and of the answer; NULL: it names none */
	uint16_t inner;        /* so often it was seen closer to the server: more than once, a hop repeated it */
	uint16_t legs, attempts; /* transactions folded into it; times it was sent */
	uint16_t row_status;   /* the status that decided: the inner one of a 207, else that of the answer; 0: none */
	bool calendar, contacts; /* what the collection holds, as far as that is known */
	bool copy;             /* seen before at another capture point; counts once */
	const struct stamp *packets; size_t n_packets; /* of all legs, in the total order */
};

/* A line of an item's life, as the diagnosis prints it. */
struct life {
	struct stamp at;       /* the packet that completes the request; of a row, the answer */
	enum op_kind kind;
	enum commit commit;
	enum seen tag_seen;    /* of a write: whether the answer had its change tag */
	bool front;            /* ActiveSync leg */
	bool copies;           /* leaves one more copy */
	uint16_t status;       /* HTTP; ActiveSync: Status of the command */
	char method[16], path[96], note[48]; /* NUL-terminated, cut; note: "ClientId 9 SyncKey {K}7" */
};

/* A write to the store: its answer has a change tag, or lacks it. */
static inline bool life_is_write(const struct life *l)
{
	return !l->front && (l->kind == OP_CREATE || l->kind == OP_UPDATE || l->kind == OP_WRITE);
}

/* What an event says of an item, or of the synchronisation of a collection. */
struct matter {
	enum trouble trouble;  /* NONE: an item was written, that is all */
	enum certainty certainty;
	enum cause cause;
	enum gate cleared;     /* SUSPICION_CLEARED: by which step */
	uint64_t number;       /* of the lineage or session: "i-4", "s-4" */
	uint64_t update;       /* a later state of the same: counts up */
	const struct op *op;   /* the operation that shows it; NULL: the end of the capture does */
	struct slice mailbox, scope, href, other_href; /* scope: its collection, for people; other_href: the first copy */
	struct slice uid, summary, peer, device;
	struct slice value, other_value; /* tags, tokens, keys, statuses that disagree */
	uint64_t copies;       /* live ones */
	bool in_part;          /* CONFIRMED holds of some of them, others only may be copies */
	uint64_t count;        /* times, rows, bytes: what the trouble counts */
	struct slice front_build, back_build;   /* versions that were announced; empty: none */
	const struct life *history; size_t n_history; /* of the lineage, oldest first; what is dropped is the middle */
	uint64_t history_dropped;
	const struct stamp *packets; size_t n_packets; /* the evidence, in the total order; the first stays the same in later states */
};

/* Request and answer put together, by sync_facts_index(). */
struct airsync_pair { const struct airsync_collection *req, *res; }; /* NULL: not on that side */
struct airsync_row { const struct airsync_collection *in; const struct airsync_item *item; bool answer; };

/* One ActiveSync command. */
struct sync_facts {
	struct airsync_query query;
	uint16_t version;      /* of the protocol: 25 = 2.5, 141 = 14.1; 0: not said */
	const struct airsync *req, *res; /* NULL: no body, or not read */
	struct slice user, device_id, device_type; /* from the query, else from the credentials or the URL */
	const struct airsync_pair *pairs; /* in the order of the request, then what only the answer has */
	const struct airsync_row *rows;   /* items of the request, then of the answer */
	size_t n_pairs, n_rows;
	bool indexed;          /* false: no room for the two above */
};

extern const char *const op_words[], *const outcome_of_words[], *const commit_words[], *const guard_words[];
extern const char *const item_trouble_words[], *const session_trouble_words[], *const certainty_words[],
	*const copies_words[];
extern const char *const cause_words[];        /* "R1" ...; the first one of the table is R1 */
extern const char *const gate_words[];         /* "same-id" ... */
const char *trouble_name(enum trouble);
bool trouble_is_of_item(enum trouble);          /* else of a session */

#endif
