/*
 * state.h - what rules remember between events. Private to rules/.
 *
 * All state hangs on keys: one table for all rules, bounded in bytes and in keys a rule. Whoever was
 * not used for longest leaves first, and is counted when it still held something. Output never
 * depends on the order within the table.
 */
#ifndef DAVSCOPE_RULES_STATE_H
#define DAVSCOPE_RULES_STATE_H

#include "rules/clock.h"
#include "rules/ruleset.h"

/* ---- packets.c: the packets of an event, each once, in the total order ---- */
enum { EVENT_PACKETS = OP_PACKETS, WITNESS_PACKETS = 4 };
size_t event_packets(const struct event *, struct stamp out[EVENT_PACKETS]); /* not of findings */
uint64_t event_flow(const struct event *, struct hash_key); /* 0: no flow is concerned */
/* Tells it from other events that begin in its first packet; the same in every run. */
uint32_t event_mark(const struct event *);
enum { NUMBERS_MAX = 8 };
uint64_t numbers_hash(const uint64_t *, size_t n);       /* the same on every machine */

/* ---- losses.c: when packets of a flow went missing ---- */
struct losses;
struct losses *losses_new(void);
void losses_free(struct losses *);
void losses_note(struct losses *, const struct event *, struct moment, struct hash_key);
void losses_note_all(struct losses *, struct moment);    /* on all flows */
bool losses_since(const struct losses *, const uint64_t *flows, size_t n, int64_t from, int64_t now);
bool losses_any(const struct losses *, int64_t from, int64_t now); /* on whichever flow */

void losses_form(struct pack *, struct losses *);          /* reading: into one that is new */

/* ---- save.c ---- */
void last_form(struct pack *, struct last *);

/* ---- keys.c: the table ---- */
enum { KEY_VALUE_MAX = 256, KEY_VALUE_ROOM = 3 + KEY_VALUE_MAX + 8 };
struct key_text { uint64_t hash; size_t n; uint8_t bytes[8 + KEYS_MAX * KEY_VALUE_ROOM]; };

struct store;
struct key;
struct rules;
struct use {                           /* what a kind of key holds */
	size_t size;                   /* of its struct; the bytes of the key stand behind it */
	bool (*idle)(const struct key *, int64_t now);
	void (*clear)(struct store *, struct key *);
	/* What stands behind the key, to be written or read. False: there is no room; or it does not read, and is cleared later. */
	bool (*form)(struct pack *, struct rules *, struct key *);
};
extern const struct use window_use, sequence_use, limit_use, told_use;

struct space {                         /* the keys of one rule for one use */
	const struct use *use;
	struct rule_state *owner;
	uint64_t seed;                 /* tells it from the others, also after a reload */
	struct key *oldest, *newest;
	size_t n;
	int64_t forgotten;             /* last use of the keys that had to leave */
};

struct key {
	struct key *next;              /* of its bucket */
	struct key *older, *newer;     /* of its space, by use */
	struct key *before, *after;    /* of all spaces, by use */
	struct space *space;
	uint64_t hash;
	int64_t touched;
	uint16_t n, pins;              /* pins: who works with it now; it does not leave */
	bool saved;                    /* it was handed out once */
	struct key *unsaved, **unsaved_link; /* link NULL: it has not changed since */
};

struct store {
	struct hash_key hash_key;
	struct key **buckets;
	size_t n_buckets, n_keys, max_keys; /* max_keys: of one space */
	struct key *oldest, *newest;
	size_t used, budget;
	int64_t now;                   /* so far time has passed: up to the watermark, from due to due */
	struct try **due;              /* a heap by deadline */
	size_t n_due, due_room;
	bool remembers;                /* it is saved from time to time; else the rest is of no use */
	struct key *unsaved, **unsaved_end;
	struct { uint64_t key[2]; } *forgotten; /* keys that were handed out, and had to leave; NULL: none so far */
	size_t n_forgotten;
};
bool store_init(struct store *, const struct limits *, struct hash_key);
void store_fini(struct store *);
/* Makes room by letting old keys leave; NULL: there is none. */
void *store_alloc(struct store *, size_t n);
void store_release(struct store *, void *, size_t n);    /* n: as it was asked for */
void *store_grow(struct store *, void *, size_t old_n, size_t n);

void key_begin(struct key_text *, const struct space *);
enum seen key_add(struct key_text *, const struct field_ref *, const struct event *);
void key_add_missing(struct key_text *, enum seen);      /* absent and not observed as values of their own */
void key_end(struct key_text *, const struct store *);
/* The values in the order of `by`; false: there is no value number i. */
bool key_print(const struct key *, size_t i, char *out, size_t room, size_t *n);
struct slice key_bytes(const struct key *);
uint64_t value_hash(const struct value *, enum field_type, struct hash_key);

struct key *key_find(const struct store *, const struct space *, const struct key_text *);
struct key *key_take(struct store *, struct space *, const struct key_text *); /* found or made; NULL: no room, counted */
void key_touch(struct store *, struct key *, int64_t ns);
void key_drop(struct store *, struct key *);             /* with all it holds, not counted */
void key_drop_idle(struct store *, struct key *);        /* unless it holds something or is in use */
void space_clear(struct store *, struct space *);
void key_mark(struct store *, struct key *);             /* it has changed */
void key_saved(struct store *, struct key *);
bool key_is_sound(struct slice bytes, bool may_lack);    /* values that key_print() can read; may_lack: absent ones are some */

/* ---- witness.c: an event as it is remembered ---- */
struct packet_place { uint64_t order, frame : 48, input : 16; int64_t ns; };
struct witness {
	int64_t ns;
	uint64_t flow;
	uint32_t mark;                 /* event_mark() */
	uint8_t n_packets, n_id;
	struct packet_place packets[]; /* then the id */
};
struct witness *witness_new(struct store *, const struct event *, int64_t ns, bool with_id);
void witness_free(struct store *, struct witness *);     /* NULL is fine */
struct slice witness_id(const struct witness *);
struct stamp witness_packet(const struct witness *, size_t i);
bool witness_form(struct pack *, struct store *, struct witness **); /* not NULL; reading: made. False: as the form of a use */

/* ---- state of one rule ---- */
struct rule_state {
	const struct loaded_rule *rule;
	size_t index;                  /* in its set */
	struct space keys, limits, told;
	struct rule_counts counts;
	uint64_t records;              /* inconclusive findings handed out */
	int64_t since;                 /* what was before it did not see; NEVER: before the first event */
	struct last blurred;           /* when an event may have been of any key */
	uint64_t number;               /* names it in what is saved; another one when the rule has changed */
	uint64_t saved;                /* sum of its record */
};
struct rule_state *rule_state_new(const struct loaded_rule *, size_t index, int64_t since);
void rule_state_adopt(struct rule_state *, const struct loaded_rule *, size_t index);

struct rules;
void window_event(struct rules *, struct rule_state *, const struct event *, struct moment);
/* Bit i of `yes` and `maybe`: the condition of step i is true, is unknown. */
void sequence_event(struct rules *, struct rule_state *, const struct event *, struct moment,
    uint32_t yes, uint32_t maybe);
unsigned sequence_first(const struct sequence *);        /* its first positive step */

/* ---- tries.c ---- */
void tries_expire(struct rules *);                       /* what is due by the clock fires or ends */
void tries_finish(struct rules *);                       /* so does all that is open */

/* ---- finding.c ---- */
struct occasion {                      /* why and when a finding is made */
	enum outcome outcome;
	const struct event *event;     /* that completed it; NULL: time passed */
	struct stamp at;
	struct moment moment;
	int64_t suppressed_until;
	struct slice limit_key;        /* bytes of limiter_key(); empty: read from the event */
	uint64_t id, update;           /* id 0: to be made */
	enum severity least;           /* what an earlier state had */
	uint64_t count, distinct;
	int64_t first_ns, last_ns;
	const struct key *key;         /* NULL: none */
};
struct draft;
void draft_free(struct draft *);
/*
 * NULL: it is suppressed, kept back by a limit or only counted, or there is no memory for it. Counted.
 * What comes of it is sent before the next one of the same depth begins.
 */
enum severity occasion_severity(struct rules *, const struct rule_state *, const struct occasion *);
struct draft *draft_begin(struct rules *, struct rule_state *, const struct occasion *);
void draft_event(struct draft *, const struct event *);
void draft_witness(struct draft *, const struct witness *);
void draft_step(struct draft *, const char *name, const struct witness *);
uint64_t draft_send(struct rules *, struct rule_state *, struct draft *, const struct occasion *); /* its id */
int64_t suppressed_until(struct rules *, const struct rule_state *); /* of the event that eval knows */
bool rule_excepts(struct rules *, struct rule_state *);  /* likewise; counted */
/* False: kept back; *kept_back: how many before. Counted. */
bool limiter_pass(struct rules *, struct rule_state *, const struct occasion *, uint64_t *kept_back);
void limiter_key(struct rules *, struct rule_state *, const struct event *, struct key_text *);

/* ---- told.c: later states of one item or session ---- */
/* False: the event is about neither, or does not say which one: it is an occasion like any other. */
bool told_fire(struct rules *, struct rule_state *, struct occasion *);

/* ---- engine.c ---- */
/* A finding that rests on the one event; its id, 0: it was not told. */
uint64_t single_send(struct rules *, struct rule_state *, const struct occasion *);
struct watcher {
	const struct condition *condition;
	struct rule_state *state;
	enum shape shape;
	unsigned step;
	bool always;                   /* a step to ask for also when no try is open */
};
struct audience { struct watcher *watchers; size_t n; };

struct rules {
	const struct ruleset *set;
	struct ruleset *owned;         /* the same, unless it is borrowed */
	size_t only;                   /* the one rule of a test; SIZE_MAX: all that are on */
	struct rules_options options;
	struct rules_sink sink;
	struct eval *eval;
	struct watermark clock;
	int64_t grace_ns;              /* a loss may become known that late: so long a due absence waits */
	struct losses *losses;
	struct store store;
	struct rule_state **states;    /* of all rules of the set */
	size_t n_states;
	struct audience audiences[EVENT_KINDS];
	struct draft *drafts[2];       /* of a rule; of a rule about its finding; NULL: none was made yet */
	unsigned depth;
	uint64_t serial;               /* visits of events to sequences so far */
	struct packing *packing;       /* save.c: NULL: nothing was saved yet */
};
void packing_free(struct packing *);
/* For tests of one rule: borrows the set, takes also a rule that is off, believes every time, waits for no loss. */
struct rules *rules_new_for_test(const struct ruleset *, size_t rule, const struct rules_options *,
    struct rules_sink, struct error *);
/* Of the rules that are on, or of the only one; false: out of memory. */
bool audiences_make(struct audience out[EVENT_KINDS], const struct ruleset *,
    struct rule_state *const *, size_t only);
void audiences_free(struct audience audiences[EVENT_KINDS]);
void rules_dispatch(struct rules *, const struct event *, struct moment);

#endif
