/*
 * metrics.h - what is counted between metrics.c, which is told, and metrics_write.c, which tells. Private to report/.
 */
#ifndef DAVSCOPE_REPORT_METRICS_H
#define DAVSCOPE_REPORT_METRICS_H

#include "report/report.h"

/* A counter that somebody else keeps and may begin anew. */
struct steady { uint64_t base, last; };
static inline uint64_t steady_value(const struct steady *s)
{
	return s->base + s->last;
}

enum { METHOD_WORDS = 33, STATUS_CLASSES = 6, BUCKETS = 16, RAISED_SLOTS = 16384 };
extern const char *const metric_methods[METHOD_WORDS]; /* the last two: others, and a request that was not seen */
extern const char *const metric_classes[STATUS_CLASSES]; /* [0]: no answer was seen */
struct bucket { int64_t ns; const char *le; };
extern const struct bucket metric_buckets[BUCKETS];

struct durations { uint64_t count, ns, within[BUCKETS]; }; /* within: not summed up */

enum { INTERFACE_PACKETS, INTERFACE_BYTES, INTERFACE_KERNEL_DROPS, INTERFACE_DROPS, INTERFACE_COUNTS };
struct interface_tally { char *name; struct steady counts[INTERFACE_COUNTS]; };

enum { RING_CLOSED, RING_DELETED, RING_PINNED, RING_LOST, RING_COUNTS };
enum { DECODED_PACKETS, DECODED_BYTES, DECODED_FLOWS, DECODED_FRAGMENTS, DECODED_COPIES, DECODED_COUNTS };

enum rule_count { RULE_MATCHES, RULE_UNKNOWN, RULE_EVICTED, RULE_LIMITED, RULE_SUPPRESSED, RULE_EXCEPTED,
	RULE_EOF, RULE_LOSS, RULE_NOT_OBSERVED, RULE_COUNTS };
struct rule_tally {
	char *id;
	struct steady counts[RULE_COUNTS];
	uint64_t findings[SEVERITIES];
	unsigned severities;           /* bit per severity that is told, also at 0 */
	uint64_t keys;
	bool loaded;                   /* it is in the set of now */
};

struct metrics {
	uint64_t transactions[METHOD_WORDS][STATUS_CLASSES];
	struct durations durations[METHOD_WORDS];
	uint64_t unpaired[2];          /* requests, responses */
	uint64_t anomalies[ANOMALY_CODES];
	uint64_t gap_bytes, flows_ended;
	struct interface_tally *interfaces;
	size_t n_interfaces;
	struct steady ring[RING_COUNTS], decoded[DECODED_COUNTS];
	bool has_ring, has_decoded, has_rules, has_reload, has_lag, reload_good;
	int64_t reload_ns, lag_ns;
	struct rule_tally *rules;
	size_t n_rules, max_rules;
	uint64_t rules_loaded;
	uint64_t raised[RAISED_SLOTS]; /* ids of findings graver than their rule, the latest of each slot */
};

#endif
