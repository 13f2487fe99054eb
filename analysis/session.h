/*
 * session.h - what a client and a server have agreed on about a collection, and who broke it. Private to analysis/.
 *
 * A session is one peer in one collection; a shelf is what all peers wrote to that collection. What was not
 * seen whole proves nothing: from then on nobody knows which token the client has.
 */
#ifndef DAVSCOPE_ANALYSIS_SESSION_H
#define DAVSCOPE_ANALYSIS_SESSION_H

#include "analysis/remember.h"

/* ---- session_table.c: records by key, a bounded number of them: the one not used for longest leaves ---- */
struct lru_node { struct lru_node *chain, *older, *newer, *unsaved; uint64_t key; }; /* begins each record; unsaved: the next one that is, the last one itself; NULL: it is saved */
struct lru {
	uint64_t seed;
	struct lru_node **slots, *oldest, *newest;
	size_t size, n, room;
	uint64_t limit, evicted;
	struct lru_node *unsaved, *unsaved_last;
	uint64_t kind;                 /* enum record_kind */
	struct forgotten *forgotten;
	bool remembers;                /* it is saved from time to time; else nothing is marked */
};
bool lru_init(struct lru *, struct hash_key, size_t record_size, uint64_t limit, uint64_t kind, struct forgotten *); /* false: no memory */
void *lru_find(struct lru *, uint64_t key);              /* and it is in use; NULL: not there */
void *lru_take(struct lru *, uint64_t key, bool *made);  /* found, or made and zeroed; NULL: no memory */
/* It will be asked for: its slot comes into the cache; later, with _nearer, the record. */
void lru_ahead(const struct lru *, uint64_t key);
void lru_nearer(const struct lru *, uint64_t key);
void lru_mark(struct lru *, void *record);              /* it has changed; so has what is found or taken */
void lru_saved(struct lru *);                            /* the first that was not */
void lru_fini(struct lru *);

/* ---- time and evidence ---- */
#define SECOND_NS INT64_C(1000000000)
#define MINUTE_NS (60 * SECOND_NS)
#define DAY_NS (86400 * SECOND_NS)

/* An operation as it is remembered: where it begins and ends in the total order, and the packets to show. */
struct point { uint64_t order : 48, input : 16, frame : 48; int64_t ns; }; /* a stamp in less room */
struct span { uint64_t begun, done; struct point request, answer; };
struct span span_of(const struct op *);
struct evidence { struct stamp at[OP_PACKETS]; size_t n; };
void evidence_span(struct evidence *, const struct span *);
void evidence_op(struct evidence *, const struct op *);
/* The answer was seen whole and surely belongs to the request. */
bool answer_is_whole(const struct txn *);
uint64_t slice_number(struct slice);                     /* never 0, but of nothing */

/* ---- a shelf ---- */
enum written { WRITE_UNSURE, WRITE_TOUCHED, WRITE_CREATED, WRITE_CHANGED, WRITE_REMOVED };
enum { SHELF_WRITES = 24, NAME_ROOM_OF_WRITE = 48, SCOPE_TEXT = 96 };

struct write {
	uint64_t member, peer, user, tag;
	struct span span;
	uint8_t kind;                  /* enum written: what is certain of it */
	uint8_t n_name;
	char name[NAME_ROOM_OF_WRITE]; /* last segment of its path, or its ServerId */
};
struct shelf {
	struct lru_node node;
	uint64_t lost;                 /* what was over by then may be missing in the ring */
	uint64_t touched;              /* ... of the last one that may have changed anything */
	uint64_t n;                    /* all that came; the ring holds the last of them */
	struct write writes[SHELF_WRITES];
	uint8_t n_path;
	char path[SCOPE_TEXT];         /* of the collection; cut */
};

/* ---- a session ---- */
enum { TOKENS_KEPT = 8, TOKEN_TEXT = 96, SUSPECTS = 4, STORM_HITS = 3, PEER_TEXT = 48 };

struct token {
	uint64_t hash;                 /* 0: none */
	uint64_t server;               /* of the Server header it came with; 0: none */
	struct span span;              /* of the transaction that brought it */
	bool part;                     /* of a page that is not the last one */
	uint8_t n;
	char text[TOKEN_TEXT];         /* cut */
};

/* Refusals of tokens that the client could not help: D13. */
struct storm {
	uint64_t pending;              /* the token refused last, until what follows shows what it meant; 0: none */
	struct span refused;
	bool certain, issued;          /* the answer says that it is the token; it was given in sight */
	uint8_t repeats;
	bool all_issued;
	uint8_t n_hits;
	struct span hits[STORM_HITS];  /* newest last */
	uint64_t count, offers, accepts;
};

/* A client that offers again and again what it has left behind: D18. */
struct rollback { uint64_t token; uint32_t count; bool one_flow; struct flow_id flow; struct span first; };

/* Tokens that count up: D14. */
struct counting { uint64_t prefix, last, done; uint32_t rises; bool begun, broken; };

enum first_state { FIRST_NONE, FIRST_PAGES, FIRST_DONE };
struct first_sync {
	enum first_state state;
	bool paged;
	uint64_t rows, begun, limit;   /* limit: rows per page that the client asked for; 0: none */
	struct span span;              /* of its last page */
	uint64_t estimate;             /* ActiveSync; NO_ESTIMATE: none */
	struct span estimated;
};
#define NO_ESTIMATE UINT64_MAX

/* A change of somebody else that this peer should have been told of: D17. */
struct suspect {
	uint64_t member;               /* 0: free */
	struct span write, first;      /* and the first delta that lacks it */
	uint8_t n_name;
	char name[NAME_ROOM_OF_WRITE];
};

struct listing { uint64_t members; struct span span; };  /* span.done 0: none */
struct ctag { uint64_t hash; struct span span; uint8_t n; char text[TOKEN_TEXT]; };

/* Bodies read from one listing to the next: D19. */
struct cycle {
	uint32_t number;
	bool begun_empty, after_refusal;
	uint64_t bodies, again, again_bytes;
	struct span first, last;
};

/* ActiveSync: one key again and again, E03; two clients with one DeviceId, E05. */
struct stuck { uint64_t key; uint32_t count; bool lost; int64_t last_ns; struct span spans[3]; };
struct clash { uint64_t agents[2]; uint8_t last; uint32_t swaps, refused[2]; struct span spans[4]; int64_t since; };

/* What was told of a session already: later states of it begin with the same packet. */
struct said { uint32_t trouble, times; struct point first; };
enum { SAID_MAX = 12 };

struct session {
	struct lru_node node;
	uint64_t number, scope, peer, user;
	uint64_t server;               /* of the last answer that named one */
	struct token tokens[TOKENS_KEPT]; /* a ring of those received whole */
	uint64_t n_tokens;             /* all that came */
	uint64_t offered;              /* by the client, last */
	bool known;                    /* the last of them is the last that the client received */
	bool from_start;               /* and the first of them the first */
	bool filtered;                 /* ActiveSync: FilterType */
	int64_t refused_ns;            /* when a token was refused last; 0: never */
	struct storm storm;
	struct rollback rollback;
	struct counting counting;
	struct first_sync first;
	struct suspect suspects[SUSPECTS];
	bool airsync;                  /* which of the two below it is */
	union {
		struct { struct listing listing; struct ctag ctag; struct cycle cycle; };
		struct { struct stuck stuck; struct clash clash; };
	};
	struct said said[SAID_MAX];
	uint8_t n_scope, n_name, n_device, n_mailbox;
	char scope_text[SCOPE_TEXT], name[PEER_TEXT], device[PEER_TEXT], mailbox[PEER_TEXT];
};

/* A thing to be recognised again, by what kind of thing and which it is. */
enum note_kind { NOTE_TOKEN, NOTE_SERVER_ID, NOTE_ATTEMPT, NOTE_ECHO, NOTE_POISON, NOTE_MAIL };
struct note {
	struct lru_node node;
	uint64_t number;               /* of the operation it began with */
	uint64_t a, b, c;              /* what its kind makes of them */
	uint32_t count, state;
	struct span first, last;
};
/* A body that a peer has been given. */
struct row_note { struct lru_node node; uint32_t cycle; };

struct sessions {
	struct teller teller;
	struct lru sessions, shelves, rows, notes;
	uint64_t numbered;
	uint32_t cycles;
	uint64_t saved;                /* sum of the record of the two above */
	struct forgotten forgotten;
};

/* ---- session.c ---- */
struct session *session_take(struct sessions *, const struct op *);     /* NULL: no memory */
struct note *note_find(struct sessions *, enum note_kind, uint64_t what);
struct note *note_take(struct sessions *, enum note_kind, uint64_t what, const struct op *); /* NULL: no memory */
/* The draft says what; who, where and the packets are filled in. op NULL: the end of the capture shows it. */
void session_tell(struct sessions *, struct session *, const struct op *, struct matter draft, struct evidence *);
/* A member of the collection of the operation, as people call it. */
struct slice member_path(const struct op *, const char *name, size_t n);
void item_tell(struct sessions *, const struct op *, struct matter draft, const struct note *, const struct evidence *);

/* ---- session_token.c: which token the client has, and what the server makes of it ---- */
struct offer {                     /* a token offered, or a SyncKey; hash 0: none, the client begins */
	const struct op *op;
	struct slice text;
	uint64_t hash;
	bool accepted, refused;        /* neither: not known */
	bool certain;                  /* the answer says that it is the token */
};
void token_forget(struct session *);                      /* an answer was lost: whatever it had is not known */
void token_restart(struct session *);                     /* what was given so far has no more to do with what comes */
const struct token *token_last(const struct session *);   /* NULL: not known */
const struct token *token_given(const struct session *, uint64_t hash); /* NULL: not that is remembered */
struct slice token_text(const struct token *);
void token_offered(struct sessions *, struct session *, const struct offer *);
/* The digits it ends with, and all before them. False: there are none, or too many. */
bool token_number(struct slice, uint64_t *prefix, uint64_t *number);
/* The answer gives a token: it is compared with those before it, and kept. */
void token_received(struct sessions *, struct session *, const struct op *, struct slice, bool part);

/* ---- session_write.c: what peers write, and which others hear of it ---- */
uint64_t member_number(struct slice last);
struct shelf *shelf_of(struct sessions *, uint64_t scope); /* NULL: none yet */
struct shelf *shelf_take(struct sessions *, uint64_t scope, struct slice path, uint64_t now); /* NULL: no memory */
void shelf_write(struct sessions *, const struct op *);
/* A write that makes the collection differ between the two; NULL: none that does for certain. */
const struct write *shelf_changed(const struct shelf *, uint64_t from, uint64_t to);
/* Nothing that may have changed it was seen to end behind `from`. */
bool shelf_quiet(struct sessions *, uint64_t scope, uint64_t from);

struct delta {                     /* what a server says has changed since a token */
	const struct op *op;
	const struct token *since;     /* NULL: not known when it was given */
	const uint64_t *rows;          /* members named in it, sorted */
	size_t n;
};
void delta_judge(struct sessions *, struct session *, const struct delta *);
/* A write that it should name and does not, whoever wrote it; NULL: none that is certain. */
const struct write *delta_lacks(struct sessions *, const struct session *, const struct delta *);
void suspect_clear(struct session *, uint64_t member);    /* the peer knows; 0: of all */
bool numbers_have(const uint64_t *sorted, size_t n, uint64_t number);
size_t numbers_sort(uint64_t *, size_t n);                 /* each once; how many are left */

/* ---- session_dav.c, session_listing.c, session_airsync.c, session_item.c ---- */
void session_dav(struct sessions *, const struct op *);
void first_judge(struct sessions *, struct session *, const struct op *);
void rows_listed(struct sessions *, const struct op *);    /* PROPFIND */
void bodies_read(struct sessions *, const struct op *);    /* GET, multiget */
void cycle_end(struct sessions *, struct session *);
void row_known(struct sessions *, const struct session *, uint64_t member);
bool row_is_known(struct sessions *, const struct session *, uint64_t member); /* the peer was told of it */
uint64_t *rows_members(const struct op *, bool stored_only, size_t *n); /* of a multistatus; NULL: not all known */
void session_airsync(struct sessions *, const struct op *, const struct sync_facts *);
void session_item(struct sessions *, const struct op *, const struct sync_facts *);
void session_echo(struct sessions *, const struct op *);   /* the server's own commands */
bool session_is_shared(const struct session *);           /* two clients spoil each other's keys */

#endif
