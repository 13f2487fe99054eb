/*
 * ledger.h - what each client did with each item that it writes, as the capture shows it. Private to
 * analysis/.
 *
 * A lifeline is one item as one client has it: all attempts to make it, whatever names they had, then what
 * the client wrote, read and was shown. Its deeds are what the reference machine is asked to explain, by
 * replay.h. Where something of the client's traffic is missing, the lifeline says so.
 */
#ifndef DAVSCOPE_ANALYSIS_LEDGER_H
#define DAVSCOPE_ANALYSIS_LEDGER_H

#include "analysis/meaning.h"

enum { DEEDS_MAX = 48, LINE_TEXT = 96, AGENT_TEXT = 64 };

enum {
	DEED_EITHER = 1,               /* a create or an update: the request does not say */
	DEED_OPEN = 2,                 /* by its answer the client cannot know whether it was stored */
	DEED_204 = 4,
	DEED_NAMED = 8,                /* a create whose name the client has chosen */
	DEED_BY_UID = 16,              /* ... and made of the UID */
	DEED_CLIENT_UID = 32,          /* ActiveSync 16: it has a ClientUid */
	DEED_WEAK = 64,                /* its tag is weak: no good for a condition, RFC 9110 13.1.1 */
	DEED_REPLAYED = 128,           /* a hop sent it twice */
	DEED_AFTER_RESET = 256,        /* its client has begun anew with the collection since the deed before */
	DEED_SHOWN = 512,              /* a row of a list that carries what is in it, all or a part */
	DEED_UNNAMED = 1024,           /* a list that was answered and does not name it; whether it names all is not known */
	DEED_UNLISTED = 2048,          /* a create: a complete list behind it did not name it */
};

/* A request about the item, and its answer. What is compared within one lifeline only has 32 bits. */
struct deed {
	uint64_t order : 48, input : 16;
	uint64_t frame : 48, status : 16;
	uint64_t done : 48, times : 16; /* where its answer ends; how often it came again in a row */
	int64_t ns;
	uint32_t number;               /* of the operation */
	uint32_t target;               /* what the client calls the item: its name, or SyncKey and ClientId */
	uint32_t id;                   /* where it is stored; 0: not known */
	uint32_t tag, guard, body, uid, print; /* 0: none, or not seen; print: what people see of it */
	uint8_t request, answer;       /* enum machine_event; answer MACHINE_EVENTS: it was not captured */
	uint8_t guard_kind, commit, tag_seen;
	uint16_t flags;
	uint8_t extra;                 /* further copies that it made: a hop sent it more than once */
	uint8_t cycle;                 /* synchronisation of its collection, counted from the first deed: 0; more than 255: 255 */
};

struct lifeline {
	uint64_t number;               /* of its first attempt: "i-4" */
	uint64_t peer, scope, id, group;
	uint32_t index, serial;        /* where it lies, and the how many-th of that place */
	uint32_t older, newer;         /* by use */
	uint32_t next, before;         /* of the same client in the same collection */
	uint32_t listing;              /* the last listing that named it */
	uint32_t blind;                /* slot of the addresses of its client */
	int64_t created_ns;
	uint32_t first_cycle;          /* number of the synchronisation in which it began */
	uint16_t n, room, software;    /* software: number of its client's product */
	unsigned cycles;               /* in which its client was seen, since its first deed; kept by ledger_lines() */
	bool activesync, full;         /* full: later deeds had no room */
	bool open;                     /* its last create was not proven to the client */
	uint8_t cause;                 /* enum cause of its copies, as the store has proven it */
	bool cleared;                  /* the store has found out that two are no copies */
	uint64_t copies;               /* live ones, by the store; 0: it has found none */
	bool tagged_read;              /* a version of it was shown to somebody, by a read or a list */
	struct deed *deeds;
	char text[LINE_TEXT];          /* path or summary, for people; NUL-terminated, cut */
	char peer_name[LINE_TEXT];
};

/* What announces itself as one product. */
struct software {
	uint64_t key;
	char agent[AGENT_TEXT];        /* User-Agent, NUL-terminated, cut; "": it sends none */
	bool activesync;
	uint16_t version;              /* ActiveSync protocol: 141; 0: none, or not said */
	struct vector habits;          /* what its synchronisations of collections show: P9 */
	uint64_t mixed;                /* bits of enum policy: not always the same */
	struct stamp shown_at[POLICIES];
};

struct ledger;
struct ledger *ledger_new(const struct limits *, struct places *);
void ledger_free(struct ledger *);
void ledger_txn(struct ledger *, const struct txn *, bool told); /* each one, before its operations; told: there was room for these */
void ledger_gap(struct ledger *, const struct anomaly *);  /* bytes of a flow are missing, or were given up */
void ledger_flow(struct ledger *, const struct flow *);
void ledger_dropped(struct ledger *, const struct dropped *);
void ledger_op(struct ledger *, const struct op *);
void ledger_matter(struct ledger *, const struct matter *); /* what the store has proven of an item */

/* By number, of the first attempt. The array is freed by the caller; NULL: none, or no memory. */
const struct lifeline **ledger_lines(struct ledger *, size_t *n);
const struct software *ledger_software(const struct ledger *, size_t i, size_t *n);
uint64_t ledger_forgotten(const struct ledger *);        /* lifelines that had to leave, clients without room */
/* How many of its deeds, from the first on, have nothing missing between them; whether something is missing earlier, under another name, or later. */
struct sight { size_t whole; bool before, after; };
struct sight lifeline_sight(const struct ledger *, const struct lifeline *);
/* When its client was seen for the last time; 0: it is not known any more. */
int64_t ledger_last_seen(const struct ledger *, const struct lifeline *);

static inline bool deed_is_write(const struct deed *d)
{
	return d->request == ON_Q_CREATE || d->request == ON_Q_UPDATE;
}

static inline bool deed_is_look(const struct deed *d)
{
	return d->request == ON_Q_READ || d->request == ON_Q_LIST || d->request == ON_Q_DELTA;
}

/* Whether two hold the same; -1: not known. Under another UID what people see of them decides. */
static inline int deeds_alike(const struct deed *a, const struct deed *b)
{
	bool renamed = a->uid != 0 && b->uid != 0 && a->uid != b->uid;
	uint32_t x = renamed ? a->print : a->body, y = renamed ? b->print : b->body;
	return x == 0 || y == 0 ? -1 : x == y;
}

/* What the analysis has noted; for those who play it again. */
struct ledger *analysis_ledger(const struct analysis *);

/* ---- between ledger.c and ledger_note.c ---- */
enum { KEY_ID = 73, KEY_ANYBODY, KEY_UID, KEY_PRINT, KEY_CLIENT_UID, KEY_NUMBER };
uint64_t lifeline_key_of(unsigned kind, uint64_t peer, uint64_t scope, uint64_t what);
struct lifeline *lifeline_find(struct ledger *, uint64_t key);
struct lifeline *lifeline_new(struct ledger *, const struct op *, uint64_t number);
void lifeline_key(struct ledger *, struct lifeline *, uint64_t key); /* from now on found by it, too */
void lifeline_add(struct ledger *, struct lifeline *, const struct deed *);
void lifeline_rehome(struct ledger *, struct lifeline *, uint64_t scope); /* to another collection */
struct lifeline *lifelines_of(struct ledger *, uint64_t group);  /* the first; go on with lifeline_next() */
struct lifeline *lifeline_next(struct ledger *, const struct lifeline *);
/* What lies within an operation in time was the same one, closer to the server; it is taken out. */
struct inner { enum commit commit; uint32_t id; unsigned extra; }; /* how it was stored there, and where; further ids */
void lifeline_drop_inner(struct lifeline *, const struct op *, enum machine_event request, struct inner *);
/* Who was seen when, and in which synchronisation of which collection; a pause ends one. */
void ledger_seen(struct ledger *, const struct op *);
uint32_t ledger_cycle(const struct ledger *, uint64_t group);
void ledger_look(struct ledger *, uint64_t group, const struct deed *); /* it was listed */
/* A token was refused, or the client begins anew; what it does about that. */
void ledger_session(struct ledger *, const struct op *);
bool ledger_reset_since(const struct ledger *, uint64_t group, uint64_t order); /* it has begun anew */
const struct deed *ledger_last_look(const struct ledger *, uint64_t group); /* in this synchronisation; NULL: none */
uint32_t ledger_listing(struct ledger *);                /* a number for one more listing */
struct places *ledger_places(const struct ledger *);
uint64_t group_of(uint64_t peer, uint64_t scope);

#endif
