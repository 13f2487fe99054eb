/*
 * evidence.c - what keeps the evidence of a run from being complete, counted.
 */
#include "analysis/analysis.h"

#define MISSING \
	[SHORT_DAMAGED] = "damaged-input", [SHORT_DROPPED] = "dropped-packets", \
	[SHORT_STOPPED] = "stopped", [SHORT_GAPS] = "gaps", [SHORT_CLIPPED] = "clipped-bytes", \
	[SHORT_UNREADABLE] = "unreadable-packets", [SHORT_DATAGRAMS] = "fragments", \
	[SHORT_HALVES] = "missing-halves", [SHORT_UNSURE] = "unsure-pairs", \
	[SHORT_BODIES] = "bodies"

const char *const missing_names[SHORT_UNREAD + 1] = { MISSING };
const char *const shortfall_names[SHORTFALLS + 1] = {
	MISSING,
	[SHORT_CONFLICTS] = "overlap-conflicts",
	[SHORT_STALE] = "stale-checksums",
	[SHORT_NOT_HTTP] = "not-http",
	[SHORT_DOUBTFUL] = "doubtful-pairs",
	[SHORT_UNDECODED] = "undecoded-bodies",
	[SHORT_LIMITS] = "limits",
};

bool shortfall_is_missing(enum shortfall_kind kind)
{
	return kind < SHORT_UNREAD;
}

/* What provably never was sent, or is there and no HTTP, is not missing; what is unseen may be. */
static uint64_t unseen_halves(const struct summary *s)
{
	uint64_t all = s->unpaired_requests + s->unpaired_responses;
	uint64_t proven = s->unpaired[UNPAIRED_CLOSED] + s->unpaired[UNPAIRED_RESET] +
	    s->unpaired[UNPAIRED_UNSOLICITED] + s->gapless_opaque;
	return all > proven ? all - proven : 0;
}

static uint64_t refused_by_limits(const struct summary *s)
{
	static const enum anomaly_code codes[] = {
		LINK_TOO_DEEP,
		IP_FRAG_EVICTED,
		FLOW_EVICTED_LIMIT,
		HTTP_HEADER_TOO_BIG,
		HTTP_PIPELINE_FULL,
		HTTP_LIMIT,
		BODY_BOMB,
		XML_LIMIT,
	};
	uint64_t sum = s->items_forgotten + s->sessions_forgotten;
	for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
		sum += s->anomalies[codes[i]];
	return sum;
}

size_t evidence_shortfalls(const struct summary *s, const struct run_end *end,
    struct shortfall out[SHORTFALLS])
{
	const uint64_t counts[SHORTFALLS] = {
		[SHORT_DAMAGED] = end->n_damage,
		[SHORT_DROPPED] = end->dropped,
		[SHORT_STOPPED] = end->stopped,
		[SHORT_GAPS] = s->gaps,
		[SHORT_CLIPPED] = s->clipped_bytes,
		[SHORT_UNREADABLE] = end->decoded.bad,
		[SHORT_DATAGRAMS] = s->anomalies[IP_FRAG_TIMEOUT],
		[SHORT_HALVES] = unseen_halves(s),
		[SHORT_UNSURE] = s->unsure - s->gapless_unsure,
		[SHORT_BODIES] = s->incomplete_bodies,
		[SHORT_CONFLICTS] = s->anomalies[TCP_CONFLICT],
		[SHORT_STALE] = s->anomalies[TCP_STALE_CHECKSUM],
		[SHORT_NOT_HTTP] = s->anomalies[HTTP_LOST] + s->gapless_opaque,
		[SHORT_DOUBTFUL] = s->gapless_unsure,
		[SHORT_UNDECODED] = s->undecoded_bodies,
		[SHORT_LIMITS] = refused_by_limits(s),
	};
	size_t n = 0;
	for (enum shortfall_kind kind = 0; kind < SHORTFALLS; kind++)
		if (counts[kind] != 0)
			out[n++] = (struct shortfall){ kind, counts[kind] };
	return n;
}
