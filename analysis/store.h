/*
 * store.h - what servers hold, as far as the capture proves it. Private to store*.c, gate.c, pending.c, tags.c,
 * refusals.c, tell.c.
 *
 * An item stays known when it is gone: that a copy was made after a delete is what clears it. The least
 * recently used items leave at the limits, and are counted.
 */
#ifndef DAVSCOPE_ANALYSIS_STORE_H
#define DAVSCOPE_ANALYSIS_STORE_H

#include "analysis/remember.h"

enum life_state { LIFE_UNKNOWN, LIFE_MAYBE, LIFE_LIVE, LIFE_GONE };

/* The packets of an attempt, small enough to be kept a million times. */
struct trace {
	uint64_t order : 48, input : 16, frame : 48, status : 16;
	uint64_t answer_order : 48, method : 4, tag_seen : 2, commit : 2, kind : 4;
	uint64_t answer_frame : 48;
	int64_t ns;
};

enum { MALLOC_COST = 16 };
enum { READERS = 3, UID_MAX = 128, SUMMARY_MAX = 64, NAME_MAX_KEPT = 200, BUILD_MAX = 24 };
enum { CHAIN_MAX = 256 };               /* items of one UID or one look that are found by it */

/* Peers, tags and hashes of bodies are compared within one item only: 32 bits do. */
struct item {
	/* Of a million items searches and listings look at no more than this: it lies together. */
	uint64_t scope, id;
	uint32_t number;               /* its own; other items are named by theirs, see item_at() */
	uint32_t next_id;
	uint32_t earlier, later;       /* in its collection: those below it, or its neighbours; see scope_list() */
	uint32_t listing;              /* number of the last listing of its scope that named it */
	unsigned state : 3, n_readers : 3;
	unsigned master : 1, readers_full : 1, tag_strong : 1, read_untagged : 1;
	unsigned untagged : 1;         /* its creator was proven to get no change tag */
	unsigned lost : 1, failed : 1; /* ... no answer at all; an answer that says it failed */
	unsigned copied : 1, replayed : 1, activesync : 1;
	unsigned mismatch_told : 1, lying_told : 1, unstable_told : 1, rewritten_told : 1, move_refused : 1;
	unsigned adopted : 1;          /* taken to be of a create that never learned its id */
	unsigned open_uid : 1, open_print : 1; /* a write of unknown outcome may have made it another */
	unsigned uid_in_path : 1;      /* its UID is how its path begins */
	unsigned deleted : 1;          /* by a DELETE that was seen to be done */
	unsigned named : 1;            /* by a listing, since reading it said last that it is not there */
	unsigned seen_live : 1;        /* by a read or a listing, not by its own write */
	unsigned twin : 1;             /* one of a pair that was told as confirmed copies */
	unsigned own_waits : 1;        /* its maker was refused it, and has not looked at it since */
	unsigned own_told : 1;         /* ... which was told after the first time */
	unsigned unsaved : 1;          /* it has changed since it was saved */
	uint64_t uid, print;           /* hashes; 0: none. print: of what may be compared at all */
	uint32_t next_uid, next_print; /* of their buckets */
	uint32_t older, newer;         /* by use */
	uint8_t *text;                 /* last segment of the path or ServerId, UID, summary */
	uint64_t idem;                 /* ActiveSync: device, collection, SyncKey and ClientId; else 0 */
	uint64_t creator;              /* peer; 0: not seen */
	uint64_t lineage;              /* number of its first attempt */
	struct trace created;           /* the attempt that made it; frame 0: made before, or by others */
	uint64_t written_order : 48, written_input : 16; /* the last write; what stands beside it fills the words */
	uint64_t written_frame : 48, told : 16; /* told: states of its lineage, kept with the first of it */
	uint64_t written_answer_order : 48, guard_refusals : 16;
	uint64_t written_answer_frame : 48, refusals : 16;
	uint32_t writer, readers[READERS]; /* who wrote it last, and who has read it since */
	uint32_t sent_octets, read_octets; /* of the bytes written, and read, under this tag; 0: not known */
	uint32_t repl_uid, tag, schedule_tag, sent_text, read_text, sent_lines, settled;
	uint32_t guard, refused_body;  /* of the condition and the body that are refused again and again */
	uint16_t own_refusals, misses;
	uint16_t n_path, n_uid, n_summary;
	uint8_t refuser;               /* part of the peer whose condition was refused last */
	uint8_t saved_hour;            /* of its use when it was saved, modulo 256 */
};

/* A likely copy that has to wait: what follows may show that it is a move. */
struct pending {
	struct pending *next;         /* later than this one */
	struct pending *next_copy;    /* of its bucket */
	uint64_t scope_a, id_a, scope_b, id_b;
	int64_t since_ns;
	enum trouble trouble;          /* DUPLICATE or MOVE_HALF_DONE */
};

enum { PENDING_MAX = 4096, PENDING_BUCKETS = 1024 };

/* Creates of one client without a pause. */
struct burst { uint64_t peer, first_order, last_order; int64_t last_ns; uint32_t n; };

/* A collection, as far as listings and runs of creates concern. */
struct scope_state {
	struct scope_state *next, *unsaved_next, **unsaved_link; /* link NULL: it is saved */
	uint32_t items, open;          /* those that are there, or may be, in their order; those of which that is not known */
	size_t n_items;                /* all that are known */
	uint64_t scope;
	struct burst burst, burst_before; /* the last row of creates, and the last long one before it */
	uint64_t reset_order;          /* ActiveSync: when a key was refused last */
	uint64_t reset_peer;
	char front_build[BUILD_MAX], back_build[BUILD_MAX]; /* Exchange: as announced, NUL-terminated */
	uint16_t n_name;
	char name[];                   /* its path, for people */
};

/* Names by hash: peers; and front legs by user and what they add. */
struct peer_name { uint64_t peer; uint8_t n; char text[119]; };
struct front {
	uint64_t user, print;          /* print 0: the slot is free */
	int64_t first_ns, last_ns;     /* of request and answer */
	struct trace trace;
	int32_t status;
	enum commit commit;
	bool paired;
	uint64_t idem, number; /* number: of the lineage its creates are of; 0: none was seen */
	uint64_t mismatches;
	struct trace back;             /* the create it is paired with */
	char note[48];                 /* "ClientId 9 SyncKey {K}7" */
};
enum { PEER_NAMES = 4096, FRONTS = 1024, BACKS = 1024 };
/* A create of the back leg, kept for the front leg that caused it. */
struct back {
	uint64_t user, print, scope, id;
	int64_t first_ns, last_ns;
	struct trace trace;
	enum commit commit;
	bool paired;
};
/* Two recordings: by how much the clock of `front` is ahead of that of `back`, at least and at most. */
struct clocks { uint16_t front, back; uint64_t pairs; int64_t least_ns, most_ns; struct trace of_front, of_back; };
enum { CLOCKS = 16 };

/* The last refusals of one item, for the evidence. */
struct refusal_log { uint64_t scope, id; size_t n; struct trace traces[8]; };
enum { REFUSAL_LOGS = 512 };

/* A create that may have been stored under an id that its client never learned. */
struct orphan {
	uint64_t scope, uid, print, idem, client_id, creator, number;
	uint64_t server, over;         /* its address; order of the packet with which the attempt was over */
	struct trace created;
	bool lost, open, told;         /* told: that it was sent again as another one */
};
enum { ORPHANS = 512 };

struct table { uint32_t *buckets; size_t room; };
enum { SLAB_ITEMS = LARGE_BYTES / sizeof(struct item) };

/* Neither made nor changed before our eyes. */
static inline bool is_unwritten(const struct item *item)
{
	return item->created.frame == 0 && item->written_frame == 0;
}

/* What is told after a while, when nothing can turn up any more that explains it. */
enum { BLIND_SLOTS = 256, DOUBTS = 64, DOUBT_PACKETS = 8 };
struct doubt {
	enum trouble trouble;          /* LOST_UPDATE or OWN_CREATE_REFUSED; NONE: it is resolved */
	uint64_t scope, id, peer;
	const uint64_t *blind;         /* of its client */
	uint64_t since;                /* nothing may be missing from there on; 0: ever */
	int64_t ns;
	struct stamp packets[DOUBT_PACKETS];
	size_t n_packets;
};

struct store {
	const struct limits *limits;
	struct places *places;
	uint64_t seed;
	struct teller teller;
	struct servers *servers;       /* what they are learns of it; may be NULL */
	struct table by_id, by_uid, by_print;
	struct scope_state **scopes;
	size_t n_scopes, scopes_room;
	struct item **slabs;           /* SLAB_ITEMS items each, for good; n_slabs of them, large pages behind the first */
	size_t n_slabs, slabs_room;
	uint32_t given, unused;        /* so many were given out so far; the first of those that came back */
	uint32_t oldest, newest;
	size_t n_items, bytes;
	uint64_t evicted, listings;
	struct pending *first, *last;  /* in the order they are due */
	struct pending *by_copy[PENDING_BUCKETS];
	size_t n_pending;
	struct stamp now;
	struct peer_name names[PEER_NAMES];
	struct front fronts[FRONTS];
	struct back backs[BACKS];
	struct orphan orphans[ORPHANS];
	struct clocks clocks[CLOCKS];
	size_t n_clocks;
	struct refusal_log refusal_logs[REFUSAL_LOGS];
	uint64_t blind[BLIND_SLOTS];   /* by client address: order of the last message not captured whole */
	struct doubt doubts[DOUBTS];
	size_t n_fronts, n_backs, n_orphans, n_doubts; /* of all that came */
	size_t n_resolved;             /* of the doubts, the first ones */
	bool remembers;                /* it is saved from time to time; else the rest is of no use */
	bool loaded;                   /* collections may be there of which no item is */
	uint64_t saved_counters, saved_pending, saved_doubts; /* sums of their records */
	uint32_t *unsaved;             /* numbers of items in the order they changed, [unsaved_at, n_unsaved) */
	size_t unsaved_at, n_unsaved, unsaved_room;
	struct scope_state *unsaved_scopes;
	struct forgotten forgotten;
	struct slot_marks name_marks, front_marks, back_marks, orphan_marks, log_marks, clock_marks, blind_marks;
};

/* NULL: number 0. */
static inline struct item *item_at(const struct store *s, uint32_t number)
{
	if (number == 0)
		return NULL;
	return &s->slabs[(number - 1) / SLAB_ITEMS][(number - 1) % SLAB_ITEMS];
}

/* ---- store_scope.c: collections ---- */
struct scope_state *scope_find(const struct store *, uint64_t scope);
struct scope_state *scope_take(struct store *, uint64_t scope, struct slice name); /* found or made; NULL: no memory */
void scope_mark(struct store *, struct scope_state *); /* it has changed */
void scope_saved(struct scope_state *);
bool scope_enter(struct store *, struct item *, struct slice name); /* false: no memory */
void scope_leave(struct store *, struct item *);       /* the collection goes with the last one */
void scope_drop(struct store *, struct scope_state *);
/* Where its state wants it: what is there in order, what is not known in a row, and what is gone nowhere. */
void scope_list(struct store *, struct scope_state *, struct item *);
void scope_unlist(struct store *, struct scope_state *, struct item *);

/* ---- store_order.c: what a collection holds, by when it was known or changed last ---- */
void order_put(const struct store *, uint32_t *at, struct item *);
void order_take(const struct store *, uint32_t *at, struct item *);
/* The only way to change when it was made and written: its place rests on that. */
void item_date(struct store *, struct item *, const struct trace *created, uint64_t written_order);
/* From the last one before `order` on back to the first. */
enum { ORDER_DEPTH = 8 };
struct order_walk {
	const uint32_t *root;
	uint64_t order;                /* of the one that came last */
	uint32_t number;
	uint32_t stack[ORDER_DEPTH];   /* what comes behind what is below it: [forgotten, n), modulo its room */
	size_t n, forgotten;
};
struct order_walk order_walk(const struct store *, const uint32_t *root, uint64_t order);
struct item *order_walk_next(const struct store *, struct order_walk *); /* NULL: there is none */
void order_walk_again(const struct store *, struct order_walk *); /* the one that came last was taken out */

/* ---- store_table.c: finding and making ---- */
bool store_room(struct store *);       /* first tables; false: no memory */
struct item *item_find(const struct store *, uint64_t scope, uint64_t id);
struct item *item_take(struct store *, struct place); /* found or made; NULL: no memory */
/* It will be asked for: what shows where it is comes into the cache; later, with _nearer, what is there. object: may be NULL. */
void item_ahead(const struct store *, uint64_t id, const struct object *);
void item_nearer(const struct store *, uint64_t id, const struct object *);
void item_state(struct store *, struct item *, enum life_state);
/* Who it is, by what was sent or read; NULL: nothing is known of it. */
void item_identify(struct store *, struct item *, const struct object *);
struct item *item_by_uid(const struct store *, uint64_t uid);     /* the latest; go on with next_uid */
struct item *item_by_print(const struct store *, uint64_t print);
void item_touch(struct store *, struct item *);
void store_tables_free(struct store *);
struct slice item_path(const struct item *);
struct slice item_uid(const struct item *);
struct slice item_summary(const struct item *);
uint64_t uid_number(struct slice uid);
uint64_t object_print(const struct object *); /* 0: copies cannot be told by it */
struct slice peer_text(const struct store *, uint64_t peer);
void peer_learn(struct store *, uint64_t peer, struct slice name);

void scopes_sweep(struct store *);     /* those without items leave */
/* As it was, with its path, UID and summary, as the one used last. False: no memory, or there is one. */
bool item_put_back(struct store *, const struct item *, const struct slice texts[3]);

/* ---- store_unsaved.c: which items have changed since they were saved ---- */
void unsaved_add(struct store *, struct item *);
struct item *unsaved_first(struct store *);    /* NULL: there is none */
void unsaved_pop(struct store *);
void unsaved_all(struct store *);
uint8_t store_hour(const struct store *);
static inline void item_mark(struct store *s, struct item *item)
{
	if (s->remembers && !item->unsaved)
		unsaved_add(s, item);
}

/* ---- store_save.c ---- */
uint64_t item_sum(const struct item *); /* of what is saved of it */

/* ---- store_waiting.c ---- */
bool waiting_save(struct saving *, struct store *);
bool pending_load(struct store *, const struct state_record *);
bool doubts_load(struct store *, const struct state_record *);

/* ---- store_write.c ---- */
void reader_add(struct item *item, uint64_t peer);
bool has_read(const struct item *item, uint64_t peer);
void item_known(struct store *s, struct item *item, const struct op *op);
void item_blur(struct item *item);
void item_changed(struct store *s, struct item *item, const struct op *op);
bool is_untagged(const struct op *op);
bool is_another(const struct item *item, const struct object *o);
void tell_write(struct store *s, enum trouble trouble, const struct item *item, const struct op *op);
void store_write(struct store *s, const struct op *op);

/* ---- store.c ---- */
struct reading;
struct trace trace_of(const struct op *);
bool op_is_of_interest(const struct op *); /* a calendar server's, or may be one's */
bool answer_was_lost(const struct op *);
bool is_behind(const struct item *, const struct op *); /* known, or changed, since the operation was asked for */
bool read_is_stale(const struct item *, const struct op *);
void store_seen_live(struct store *, struct item *, const struct op *, const struct reading *);

/* ---- doubt.c ---- */
void doubt_add(struct store *, enum trouble, const struct item *, const struct op *, const struct stamp *, size_t n);
void doubt_own(struct store *, const struct item *);   /* what waits of a refused create is told */
void doubt_tick(struct store *, int64_t now);
void doubt_finish(struct store *);

/* ---- orphans.c ---- */
void orphan_add(struct store *, const struct op *);
void orphan_again(struct store *, const struct op *); /* an ActiveSync Add: is it one of them under another name? */
/* An item that nobody was seen to create may be one of them: then it is said to be. */
bool orphan_adopt(struct store *, struct item *);
uint64_t idem_number(const struct op *);

/* ---- rows.c ---- */
bool row_is_gone(const struct dav_response *);
bool listing_is_complete(const struct op *);   /* what it does not name is not there */
void rows_dav(struct store *, const struct op *);
void rows_airsync(struct store *, const struct op *);

/* ---- pending.c: likely copies that wait ---- */
void pending_add(struct store *, const struct item *a, const struct item *b, enum trouble); /* unless they wait already */
bool pending_append(struct store *, const struct pending *);           /* of a record; false: no memory */
struct pending *pending_take(struct store *);                          /* the first, of which there is one; to be freed */
void pending_moved(struct store *, const struct item *from, const struct item *to); /* what waits goes along */

/* ---- gate.c: is it a copy? ---- */
void gate_item(struct store *, struct item *, const struct op *); /* newly proven; op NULL: by a listing */
void gate_refused(struct store *, const struct op *);            /* a create that was not stored */
void burst_count(struct store *, const struct item *, const struct op *); /* a create that was */
void gate_tick(struct store *, int64_t now);
void gate_finish(struct store *);

/* ---- tags.c: bytes and tags of one resource ---- */
uint32_t bytes_number(uint64_t hash);  /* 0 stays 0 */
void tags_written(struct item *, const struct op *);
/* One read: a GET, or a row. `octets` of the object only count for a GET. */
struct reading { const struct object *object; struct slice tag, schedule_tag; bool whole_body; };
void tags_read(struct store *, struct item *, const struct op *, const struct reading *);

/* ---- refusals.c: what is refused again and again ---- */
void refusal_judge(struct store *, const struct op *);
void refusal_late(struct store *, struct item *, const struct op *); /* its maker turns out to be who was refused it */
void refusal_unheard(struct item *); /* the answer to its last create did not reach the client */
void refusal_read(struct item *, uint64_t peer); /* who looks begins a new row */

/* ---- legs.c: the device's leg and the mailbox server's ---- */
void legs_front(struct store *, const struct op *);
void legs_back(struct store *, const struct op *);
void legs_finish(struct store *);      /* tells of clocks that differ */
const struct front *legs_front_of(const struct store *, struct slice mailbox, uint64_t print, size_t *from); /* next one from *from on; NULL: no more */

/* ---- tell.c ---- */
struct matter matter_of(const struct store *, enum trouble, const struct item *, const struct op *); /* op may be NULL */
void matter_tell(struct store *, struct matter *);
struct slice item_full_path(const struct store *, const struct item *, char *room, size_t n); /* of a DAV item with its collection */
size_t traces_packets(const struct trace *, size_t n, struct stamp out[OP_PACKETS]); /* in order, each once */
size_t written_packets(const struct item *, const struct op *, struct stamp out[OP_PACKETS]);
void tell_duplicate(struct store *, struct item *first, struct item *second, enum cause, enum certainty);
void tell_cleared(struct store *, const struct item *a, const struct item *b, const struct op *, enum gate);

#endif
