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
const char *flavour_text(enum flavour);
const char *unpaired_reason(enum unpaired);   /* "closed", "reset", "capture-end", ...; "paired" */

/* Whether the answer to this request should carry a change tag, and by whose word. */
enum tag_due {
	TAG_NOT_DUE,
	TAG_DUE_EXCHANGE,      /* ResourceTag: Exchange 2003 SDK, ms877925 */
	TAG_DUE_SCHEDULING,    /* Schedule-Tag: RFC 6638 3.2.10 (MUST); that the user takes part is assumed */
	TAG_USUAL,             /* ETag: SHOULD or lawfully missing, RFC 4791 5.3.4, RFC 9110 9.3.4 */
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
	const size_t *prop_start;      /* res.body.dav: properties in the responses before each; n_responses of them */
	size_t n_props;                /* in all of them; prop_start NULL: not observed, or there are none */
};

enum event_kind { EVENT_TRANSACTION, EVENT_FLOW, EVENT_ANOMALY, EVENT_STATS };

/* What flows to the right: exactly the member of its kind is set, `facts` with `txn`. */
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
	const struct summary *summary;
};

/* Counts of the whole run, kept as events pass. */
struct tag_counts { uint64_t tagged, untagged, unseen; };
struct name_count { struct slice name; uint64_t count, bytes; };  /* bytes: protocols only */
struct summary {
	uint64_t transactions, flows, http_flows, gaps, gap_bytes, clipped_bytes;
	uint64_t unpaired_requests, unpaired_responses, unsure, incomplete_bodies;
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
