/*
 * meaning.h - the parts of the sync analysis. Private to analysis/.
 *
 * The way of a transaction: a dialect maps it to operations, legs are folded into one attempt, and what
 * is complete goes to the item store and to the sessions, which tell what they find.
 */
#ifndef DAVSCOPE_ANALYSIS_MEANING_H
#define DAVSCOPE_ANALYSIS_MEANING_H

#include "analysis/analysis.h"

/* ---- who hears of it ---- */
struct teller {
	void (*matter)(void *ctx, const struct matter *); /* an item or session event; borrows it */
	void *ctx;
};

/* A file says of times what it likes: the difference stays within 64 bits. */
static inline int64_t ns_apart(int64_t later, int64_t earlier)
{
	if (earlier < 0 && later > INT64_MAX + earlier)
		return INT64_MAX;
	return earlier > 0 && later < INT64_MIN + earlier ? INT64_MIN : later - earlier;
}

/* When the client had its answer, or the connection that brought none was over. */
static inline int64_t txn_end_ns(const struct txn *txn)
{
	return txn->res.seen ? txn->res.last.ns : txn->done.ns;
}

/* ---- doubt.c ---- */
/* Nothing of it is missing: seen whole, or ended in plain view. */
bool txn_is_whole(const struct txn *);

/* ---- place.c: one spelling for all URLs that mean the same ---- */
uint64_t mix(uint64_t a, uint64_t b);                    /* parts of a key; never 0 */
uint64_t mix_slice(uint64_t a, struct slice s);
struct places;
struct places *places_new(const struct limits *);
void places_free(struct places *);
/*
 * Of a request target, an href of a multistatus or a Destination: scheme and authority taken off, percent
 * encoding undone where it makes no difference, dot segments and the slash at the end removed. Written into
 * the arena; empty: no room, or no path.
 */
struct slice path_canonical(struct slice href, struct arena *);
struct slice path_collection(struct slice canonical);   /* its parent; "/" has none: empty */
struct slice path_last(struct slice canonical);          /* its last segment */
/* Whose store it lies in: Exchange's /exchange/NAME/...; else empty. */
struct slice path_mailbox(struct slice canonical);
/* DeviceType and DeviceId of .../NON_IPM_SUBTREE/Microsoft-Server-ActiveSync/TYPE/ID/...; false: it is none. */
bool path_device(struct slice canonical, struct slice *type, struct slice *id);
/* Numbers of a member and of a collection; `authority`: of its server; `fold`: case does not count (Exchange). */
struct place place_member(struct places *, uint64_t authority, struct slice canonical, bool fold);
uint64_t place_scope(struct places *, uint64_t authority, struct slice collection, bool fold);
uint64_t place_authority(const struct txn *);            /* by Host, else by address and port */
uint64_t place_authority_of(struct slice url, const struct txn *); /* of an absolute URL; else of the transaction */
/* From now on what lies below `from` is the same as what lies below `to`: proxies, redirected collections. */
void places_alias(struct places *, uint64_t from_authority, struct slice from, uint64_t to_authority, struct slice to);

/* ---- peer.c: which client instance sends it ---- */
struct peers;
struct peers *peers_new(const struct limits *);
void peers_free(struct peers *);
/* Fills peer, peer_name and device. Learns who is logged in on a connection, and devices from paths. */
void peers_judge(struct peers *, struct op *, const struct sync_facts *);
/* Of "192.0.2.7", "192.0.2.7:4711", "[2001:db8::1]:4711" in X-Forwarded-For: without the port. */
struct slice address_bare(struct slice);

/* ---- outcome.c: what became of it, by the answer and how the connection ended ---- */
enum outcome_of outcome_judge(const struct txn *, uint16_t status, struct dav_name error);
bool error_is_known(struct dav_name);                    /* it decides the outcome, whatever the status */
enum commit commit_judge(const struct txn *, enum outcome_of, uint16_t status);
enum op_guard guard_judge(const struct message *req, struct slice *value);

/* ---- airsync_status.c: the same of an ActiveSync command ---- */
struct verdict { enum outcome_of outcome; enum commit commit; uint16_t status; };
struct verdict verdict_of_status(struct slice command, int32_t status);
struct verdict verdict_of_http(uint16_t status);         /* other than 2xx */

/* ---- dialect_dav.c, dialect_airsync.c: a transaction becomes operations, in the arena of the transaction ---- */
struct ops { struct op *list; size_t n; };
void ops_unreceived(const struct txn *, struct ops);     /* outcome.c: what the client was told, if its answer did not arrive */
struct ops dialect_dav(struct places *, const struct txn *, const struct facts *);
/* NULL: it is no ActiveSync command. Lives in the arena of the transaction. */
const struct sync_facts *sync_facts_make(const struct txn *, const struct facts *);
/* ---- sync_index.c: fills the pairs and rows; sync_facts_make() ends with it ---- */
void sync_facts_index(struct sync_facts *, struct arena *);
struct ops dialect_airsync(const struct txn *, const struct facts *, const struct sync_facts *);

/* ---- tags.c: a change tag without what hops put around it; 0: it is empty ---- */
uint32_t tag_number(struct slice tag, bool *strong);

/* ---- fold.c, copies.c: legs become one attempt; copies at another capture point are found ---- */
struct folder;
struct fold_sink {
	void (*op)(void *ctx, struct op *);    /* complete; numbered here. Dies with the call */
	void (*replayed)(void *ctx, uint64_t number); /* this operation was sent by a hop, not by the client */
	void *ctx;
};
struct folder *folder_new(const struct limits *, struct fold_sink, struct teller, struct places *);
/* Takes the transaction; its operations reach the sink now, or with a later leg, or when none came. */
void folder_txn(struct folder *, struct txn *, struct ops);
void folder_tick(struct folder *, int64_t now);
void folder_finish(struct folder *);
void folder_free(struct folder *);

/* Which transactions are one request seen at two places: a proxy with both sides in view, a bridge. */
struct copies;
struct copies *copies_new(struct places *, struct teller);
/* Marks the operations when their request was seen before, closer to the server; learns what a proxy maps to what. */
void copies_judge(struct copies *, struct ops, const struct fold_sink *);
void copies_add(struct copies *, struct ops);
void copies_free(struct copies *);

/* ---- store.c and its files: what servers hold, and whose attempts made it so ---- */
struct store;
struct store *store_new(const struct limits *, struct hash_key, struct places *, struct teller);
struct servers;
void store_servers(struct store *, struct servers *);    /* what is written and read is shown to them */
void store_txn(struct store *, const struct txn *);      /* each one, before its operations */
void store_op(struct store *, const struct op *);
void store_replayed(struct store *, uint64_t number);    /* the operation of that number was a hop's own */
void store_tick(struct store *, int64_t now);
void store_finish(struct store *);
uint64_t store_evicted(const struct store *);
void store_free(struct store *);

/* ---- rows.c: a property that a row of a listing has, by its local name; NULL or empty: it has none ---- */
const struct dav_prop *row_prop(const struct dav_response *row, const char *name);
struct slice row_value(const struct dav_response *row, const char *name); /* empty as well: it was not kept whole */

/* ---- session.c: synchronisation of collections: tokens, keys, pages ---- */
struct sessions;
struct sessions *sessions_new(const struct limits *, struct hash_key, struct teller);
void sessions_op(struct sessions *, const struct op *, const struct sync_facts *); /* sync_facts: NULL for DAV */
void sessions_finish(struct sessions *);
uint64_t sessions_evicted(const struct sessions *);
void sessions_free(struct sessions *);

#endif
