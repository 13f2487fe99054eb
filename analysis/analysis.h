/*
 * analysis.h - from transactions to facts: what kind of server it is, which change tag was due.
 *
 * One thread, one total order. Facts are not judgements: severity and wording live in rules/.
 */
#ifndef DAVSCOPE_ANALYSIS_H
#define DAVSCOPE_ANALYSIS_H

#include "analysis/verify.h"
#include "analysis/simulate.h"
#include "analysis/summary.h"
#include "analysis/sync.h"
#include "decode/decode.h"

extern const char *const flavour_words[];     /* the names, NULL at the end; so the other two */
extern const char *const event_words[], *const unpaired_words[];
const char *unpaired_reason(enum unpaired);   /* "closed", "reset", "capture-end", ...; "paired" */

/* Whether the answer to this request should carry a change tag, and by whose word. */
enum tag_due {
	TAG_NOT_DUE,
	TAG_DUE_EXCHANGE,      /* ResourceTag: Exchange 2003 SDK, ms877925 */
	TAG_DUE_SCHEDULING,    /* Schedule-Tag: RFC 6638 3.2.10 (MUST); that the user takes part is assumed */
	TAG_USUAL,             /* ETag: SHOULD or lawfully missing, RFC 4791 5.3.4, RFC 9110 9.3.4 */
};

/* What the change tag of a calendar or address object has suffered; DAMAGE_NONE: nothing that is known. */
enum tag_damage {
	DAMAGE_NONE,
	DAMAGE_GZIP_SUFFIX,    /* the name of a content coding was put behind it */
	DAMAGE_WEAK,           /* W/: it never matches in If-Match, RFC 9110 13.1.1 */
	DAMAGE_UNQUOTED,
	DAMAGE_ESCAPED_QUOTES, /* quotes inside its quotes, or \" in their place */
	DAMAGE_RENAMED,        /* no ETag, but OC-ETag or X-...-ETag */
};

enum flavour_from { FROM_NOTHING, FROM_TRANSACTION, FROM_COLLECTION, FROM_SERVER };

struct facts {
	enum flavour flavour;
	enum flavour_from flavour_from; /* the transaction itself, or an earlier one of its collection or server */
	const char *flavour_evidence;  /* what showed it, a constant text: "MS-WebStorage header" */
	struct stamp flavour_at;       /* the packet that showed it first; frame 0: FROM_NOTHING */
	bool write;                    /* asks to create, change, move or remove something, whatever was answered */
	enum tag_due tag_due;
	enum seen tag_seen;            /* ABSENT only in a complete 2xx answer whose pairing is sure */
	bool tag_open;                 /* none is due, and whether one is there was not observed */
	const char *tag_header;        /* "ResourceTag", "ETag", "Schedule-Tag"; NULL: none due and none there */
	struct slice tag;              /* its value, Exchange's angle brackets taken off; lives with the transaction */
	enum tag_damage damage;
	enum seen damage_seen;         /* PRESENT: there is damage; ABSENT: the tag is sound, or not looked at */
	enum seen rows_seen;           /* of the two below; ABSENT: no such row, or not asked for */
	uint64_t rows_untagged;        /* multistatus: rows with calendar or address data and getetag 404 */
	struct slice row_untagged;     /* the first of them */
	const size_t *prop_start;      /* res.body.dav: properties in the responses before each; n_responses of them */
	size_t n_props;                /* in all of them; prop_start NULL: not observed, or there are none */
};

enum event_kind {
#define EVENT(code, name) EVENT_##code,
#include "events.def"
#undef EVENT
	EVENT_KINDS
};
const char *event_kind_name(enum event_kind);  /* "transaction" */

/* What only the end of the run knows, beside the summary. */
struct run_end {
	struct decode_counts decoded;
	uint64_t packets, bytes, filtered, backwards, dropped;
	const struct damage *damage;           /* capture.h */
	size_t n_damage;
	bool stopped;                          /* by a signal, or by -c */
	const struct conclusions *conclusions; /* NULL: none were drawn */
};

struct finding;                                /* rules.h */
struct mock;                                   /* rules/mock.h */

/*
 * What flows to the right. The members of its kind are set, `facts` with `txn`, `run_end` with
 * `summary`. `mock` stands in the place of all of them where a rule is tested.
 */
struct event {
	enum event_kind kind;
	struct stamp at;
	struct slice id;                       /* "t-4-1", "c-4", "a-1"; with several inputs "t-FILE:4-1" */
	struct slice flow_id;                  /* "c-4"; empty: no flow is concerned */
	const char *const *input_names;        /* by input number, n_inputs of them */
	size_t n_inputs;
	uint64_t update;                       /* of an item or session: a later state of what was told */
	const struct txn *txn;
	const struct facts *facts;
	const struct op *op;                   /* of an operation; of a transaction, as it stands alone; NULL: it is none */
	const struct matter *matter;           /* EVENT_ITEM, EVENT_SESSION */
	const struct sync_facts *sync;         /* EVENT_SYNC; of a transaction that is one, too */
	const struct flow *flow;
	const struct anomaly *anomaly;
	const struct dropped *dropped;         /* EVENT_LOSS */
	const struct summary *summary;
	const struct run_end *run_end;
	const struct finding *finding;
	const struct mock *mock;
};

struct analysis_options {
	const struct limits *limits;           /* borrowed, as are the names, for the life of the analysis */
	struct hash_key key;
	const char *const *input_names;        /* source_name() of each input; NULL = none are known */
	size_t n_inputs;
	bool alone;                            /* each transaction by itself: no operations, items, sessions, conclusions */
};
struct analysis_sink { void (*event)(void *ctx, const struct event *); void *ctx; };

struct analysis;
struct analysis *analysis_new(const struct analysis_options *, struct analysis_sink, struct error *);
struct decode_sink analysis_input(struct analysis *);   /* give this to decoder_new(); txns are freed after the event */
void analysis_tick(struct analysis *, int64_t now_ns);     /* nothing came, and so late it is: what waited for that is told */
/* Hands out what has changed since the last time; true: all of it was taken. */
bool analysis_save(struct analysis *, const struct state_sink *);
/* What was handed out so far did not come to rest: all that is known is handed out again. */
void analysis_save_anew(struct analysis *);
/* Before the first transaction, in the order of state.def. False: it cannot be read, nothing is changed. */
bool analysis_load(struct analysis *, const struct state_record *);
uint64_t analysis_last_order(const struct analysis *);     /* of all packets that it has heard of, and of the loaded ones */
/*
 * Behind loading, where packets may have gone by unseen: they end before the packet of that order, and
 * so many numbers of operations, sessions ... may have been given since the state was saved.
 */
void analysis_missed(struct analysis *, uint64_t order, uint64_t numbers);
void analysis_finish(struct analysis *);                   /* what waits for a next leg is told, sessions end */
/* Behind analysis_finish(). Valid until the next call; borrows the profiles. */
bool analysis_conclude(struct analysis *, const struct profiles *, const struct conclude_wish *, struct conclusions *, struct error *);
const struct summary *analysis_summary(struct analysis *); /* valid until the next event */
void analysis_free(struct analysis *);

#endif
