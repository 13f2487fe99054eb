/*
 * servers_parts.h - how what is learned of servers is kept. Private to servers*.c.
 *
 * All tables are small and of a fixed size; each entry has one place, and what comes later takes it. An
 * occasion that is missed that way proves nothing, and the next one will do.
 */
#ifndef DAVSCOPE_ANALYSIS_SERVERS_PARTS_H
#define DAVSCOPE_ANALYSIS_SERVERS_PARTS_H

#include "analysis/servers.h"

enum { SERVER_NAME = 96, PRODUCT_NAME = 64, PRODUCT_TRIES = 16 };
enum { SCOPE_SLOTS = 512, KNOWN_SLOTS = 512, UID_SLOTS = 256, ADD_SLOTS = 256, CHAIN_SLOTS = 64 };
#define SOON_NS (INT64_C(10) * 1000000000) /* hardly anybody else writes to the same item within it */

struct server {
	uint64_t authority;
	enum speaks speaks;
	uint16_t views[HOLDS_KINDS];           /* number of the view, from 1; 0: none */
	uint8_t n_name, n_product, product_tries;
	bool tokens_seen;                      /* sync tokens or SyncKeys, which say more than a ctag */
	char name[SERVER_NAME], product[PRODUCT_NAME];
};

/* A collection: on which server, and what it holds. */
struct scope_note {
	uint64_t scope, home;
	uint16_t server;
	uint8_t holds;
	bool whole;                            /* made or listed in sight: all its members are known */
};

/* What is known of an item; numbers of 0 are not known. */
enum being { BEING_UNKNOWN, BEING_LIVE, BEING_GONE };
struct known {
	uint64_t id;
	uint64_t done;                         /* order of the packet behind which it is so */
	int64_t ns;
	uint32_t sent, sent_text, sent_uid, print; /* of the last write: octets, text, UID, what people see */
	uint32_t live, uid;                    /* octets and UID that are there, as written or read */
	uint32_t read, read_text, tag;         /* of the last read, and the tag that is known */
	uint8_t being, tag_seen, shown_by;     /* tag_seen: of the last write; shown_by: bits of enum shown_by */
	bool strong, created, written, deleted, named; /* named: by a list of changes, since it was written */
	bool compared;                         /* the write was held against what is stored */
};

/* Where a UID lives. */
struct uid_note { uint64_t uid, scope, id, home; };

/* An Add of ActiveSync and what was made of it; `what` is what it is found by. */
struct add { uint64_t what, key, server_id; uint32_t client_id, uid, client_uid, print; };

/* Tokens of one collection. */
struct chain { uint64_t of, prefix, last; uint32_t rises; };

struct servers {
	struct server *list;
	size_t n, n_views, room;               /* room: of both */
	uint64_t left_out;
	uint64_t doubt;                        /* what was known by this packet of who lives where may be over */
	bool lossy;                            /* not all was captured: who writes unseen may be in the capture */
	struct scope_note scopes[SCOPE_SLOTS];
	struct known known[KNOWN_SLOTS];
	struct uid_note uids[UID_SLOTS];
	struct add adds[ADD_SLOTS];
	struct chain chains[CHAIN_SLOTS];
	struct server_view views[];            /* in the order of their first appearance */
};

/* An operation, and the server that it says something about. */
struct sight {
	struct servers *s;
	struct server *server;
	struct server_view *view;
	const struct op *op;
	struct stamp at;
};

/* ---- servers.c ---- */
bool sight_open(struct servers *, const struct op *, enum holds, struct sight *); /* false: no room for the server */
enum holds holds_of(const struct servers *, const struct op *);
enum holds holds_of_object(const struct object *);
struct scope_note *scope_note_of(struct servers *, uint64_t scope); /* NULL: not known */
/* These values of the policy are contradicted. */
void sight_exclude(const struct sight *, enum policy, unsigned values);
void sight_forget(const struct sight *, enum policy);     /* any value may be, again */
void sight_kept(const struct sight *, enum invariant);
void sight_broken(const struct sight *, enum invariant, enum certainty);
bool answer_whole(const struct txn *);
bool makes_collection(const struct op *);
bool dav_is_cut(const struct dav *);                      /* a row of it says 507 */
uint32_t number32(uint64_t);                              /* 0 stays 0 */

/* ---- servers_item.c: what is written and read ---- */
void item_op(const struct sight *);

/* ---- servers_sync.c: tokens, lists of changes; Adds of ActiveSync ---- */
void sync_op(const struct sight *);

#endif
