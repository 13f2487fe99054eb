/*
 * summary.h - counts of the whole run, and what keeps the evidence from being complete. Part of analysis.h.
 */
#ifndef DAVSCOPE_ANALYSIS_SUMMARY_H
#define DAVSCOPE_ANALYSIS_SUMMARY_H

#include "decode/decode.h"

struct run_end;

enum flavour {
#define FLAVOUR(code, name, text) code,
#include "flavours.def"
#undef FLAVOUR
	FLAVOURS
};
const char *flavour_name(enum flavour);

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
	const struct name_count *tls_names;    /* whom TLS clients asked for, and what they offered */
	size_t n_methods, n_protocols, n_tls_names;
	uint64_t statuses[1000];
	uint64_t unpaired[UNPAIRED_REASONS];   /* by enum unpaired; [PAIRED] counts the pairs */
	uint64_t items_forgotten, sessions_forgotten; /* at limits items_known, store_bytes; sessions */
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
	SHORT_STALE,           /* segments with a wrong checksum, read in doubt */
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

#endif
