/*
 * analysis.h - from transactions to facts: what kind of server it is, which change tag was due.
 *
 * One thread, one total order. Facts are not judgements: severity and wording live in rules/.
 */
#ifndef DAVSCOPE_ANALYSIS_H
#define DAVSCOPE_ANALYSIS_H

#include "decode/decode.h"

enum flavour {
#define FLAVOUR(code, name, text) code,
#include "flavours.def"
#undef FLAVOUR
	FLAVOURS
};
const char *flavour_name(enum flavour);
extern const char *const flavour_words[];     /* the names, NULL at the end; so the other two */
extern const char *const event_words[], *const unpaired_words[];
const char *flavour_text(enum flavour);
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
	bool write;                    /* counts among the writes that should carry a change tag */
	enum tag_due tag_due;
	enum seen tag_seen;            /* ABSENT only in a complete 2xx answer whose pairing is sure */
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
	const struct txn *txn;
	const struct facts *facts;
	const struct flow *flow;
	const struct anomaly *anomaly;
	const struct dropped *dropped;         /* EVENT_LOSS */
	const struct summary *summary;
	const struct run_end *run_end;
	const struct finding *finding;
	const struct mock *mock;
};

/* Counts of the whole run, kept as events pass. */
struct tag_counts { uint64_t tagged, untagged, unseen; };
struct name_count { struct slice name; uint64_t count, bytes; };  /* bytes: protocols only */
struct summary {
	uint64_t transactions, flows, http_flows, gaps, gap_bytes, clipped_bytes;
	uint64_t unpaired_requests, unpaired_responses, unsure;
	uint64_t gapless_unsure, gapless_opaque; /* unsure, UNPAIRED_OPAQUE: though no packet is missing */
	uint64_t incomplete_bodies;            /* bytes of them were not captured */
	uint64_t cut_off_bodies;               /* ended by the peer: there was no more of them */
	uint64_t undecoded_bodies;             /* captured, and could not be read */
	uint64_t anomalies[ANOMALY_CODES];
	uint64_t flavours[FLAVOURS];
	struct tag_counts exchange_due, scheduling_due, usual[FLAVOURS];
	const struct name_count *methods;      /* by count falling, then name */
	const struct name_count *protocols;    /* opaque flows, by name */
	size_t n_methods, n_protocols;
	uint64_t statuses[1000];
	uint64_t unpaired[UNPAIRED_REASONS];   /* by enum unpaired; [PAIRED] counts the pairs */
	int64_t first_ns, last_ns;
};

/* What keeps the evidence from being complete. */
enum shortfall_kind {
	SHORT_DAMAGED,         /* inputs */
	SHORT_DROPPED,         /* packets, when they were recorded */
	SHORT_STOPPED,         /* before the end; count 1 */
	SHORT_GAPS,
	SHORT_CLIPPED,         /* bytes */
	SHORT_UNREADABLE,      /* packets */
	SHORT_DATAGRAMS,       /* not whole */
	SHORT_HALVES,          /* messages whose other half was not seen, and may have been sent */
	SHORT_UNSURE,          /* pairings, for packets that may be missing */
	SHORT_BODIES,          /* bytes of them were not captured */
	SHORT_UNREAD,          /* from here on it was captured, and could not be read for certain */
	SHORT_CONFLICTS = SHORT_UNREAD, /* overlaps that differ */
	SHORT_NOT_HTTP,        /* stretches */
	SHORT_DOUBTFUL,        /* pairings, though no packet is missing */
	SHORT_UNDECODED,       /* bodies */
	SHORT_LIMITS,          /* reached */
	SHORTFALLS
};
extern const char *const shortfall_names[SHORTFALLS + 1]; /* "gaps"; NULL at the end, as of the two below */
extern const char *const missing_names[SHORT_UNREAD + 1]; /* the rest: shortfall_names + SHORT_UNREAD */
struct shortfall { enum shortfall_kind kind; uint64_t count; };
bool shortfall_is_missing(enum shortfall_kind);           /* not captured; else captured, and not read */
/* Those that occur, in this order; none: the evidence is complete. */
size_t evidence_shortfalls(const struct summary *, const struct run_end *, struct shortfall out[SHORTFALLS]);

struct analysis_options {
	const struct limits *limits;           /* borrowed, as are the names, for the life of the analysis */
	struct hash_key key;
	const char *const *input_names;        /* source_name() of each input; NULL = none are known */
	size_t n_inputs;
};
struct analysis_sink { void (*event)(void *ctx, const struct event *); void *ctx; };

struct analysis;
struct analysis *analysis_new(const struct analysis_options *, struct analysis_sink, struct error *);
struct decode_sink analysis_input(struct analysis *);   /* give this to decoder_new(); txns are freed after the event */
const struct summary *analysis_summary(struct analysis *); /* valid until the next event */
void analysis_free(struct analysis *);

#endif
