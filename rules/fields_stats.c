/*
 * fields_stats.c - getters of the counts of the whole run, named as in the JSON record of report/.
 */
#include "rules/fields.h"

enum seen evidence_complete_read(const struct asked *a, struct value *v)
{
	struct shortfall shortfalls[SHORTFALLS];
	return value_number(v, evidence_shortfalls(a->e->summary, a->e->run_end, shortfalls) == 0);
}

enum seen shortfalls_read(const struct asked *a, struct value *v)
{
	struct shortfall shortfalls[SHORTFALLS];
	size_t n = evidence_shortfalls(a->e->summary, a->e->run_end, shortfalls);
	return a->nth < n ? value_word(v, shortfall_names[shortfalls[a->nth].kind]) : ABSENT;
}

static enum seen shortfall_nth(const struct asked *a, bool missing, struct value *v)
{
	struct shortfall shortfalls[SHORTFALLS];
	size_t n = evidence_shortfalls(a->e->summary, a->e->run_end, shortfalls), nth = 0;
	for (size_t i = 0; i < n; i++)
		if (shortfall_is_missing(shortfalls[i].kind) == missing && nth++ == a->nth)
			return value_word(v, shortfall_names[shortfalls[i].kind]);
	return ABSENT;
}

enum seen missing_read(const struct asked *a, struct value *v)
{
	return shortfall_nth(a, true, v);
}

enum seen unread_read(const struct asked *a, struct value *v)
{
	return shortfall_nth(a, false, v);
}

enum seen stats_dropped_read(const struct asked *a, struct value *v)
{
	return value_count(v, a->e->run_end->dropped);
}

enum seen stats_bad_read(const struct asked *a, struct value *v)
{
	return value_count(v, a->e->run_end->decoded.bad);
}

enum seen stats_clipped_read(const struct asked *a, struct value *v)
{
	return value_count(v, a->e->run_end->decoded.clipped);
}

enum seen stats_clipped_to_read(const struct asked *a, struct value *v)
{
	return value_count(v, a->e->run_end->decoded.clipped_to);
}

enum seen stats_damaged_read(const struct asked *a, struct value *v)
{
	return value_count(v, a->e->run_end->decoded.damaged);
}

enum seen stats_unsummed_read(const struct asked *a, struct value *v)
{
	return value_count(v, a->e->run_end->decoded.unsummed);
}

enum seen stats_flows_read(const struct asked *a, struct value *v)
{
	return value_count(v, a->e->summary->flows);
}

enum seen stats_transactions_read(const struct asked *a, struct value *v)
{
	return value_count(v, a->e->summary->transactions);
}

enum seen stats_unpaired_requests_read(const struct asked *a, struct value *v)
{
	return value_count(v, a->e->summary->unpaired_requests);
}

enum seen stats_unpaired_responses_read(const struct asked *a, struct value *v)
{
	return value_count(v, a->e->summary->unpaired_responses);
}

enum seen stats_unsure_read(const struct asked *a, struct value *v)
{
	return value_count(v, a->e->summary->unsure);
}

enum seen stats_incomplete_bodies_read(const struct asked *a, struct value *v)
{
	return value_count(v, a->e->summary->incomplete_bodies);
}

enum seen stats_cut_off_bodies_read(const struct asked *a, struct value *v)
{
	return value_count(v, a->e->summary->cut_off_bodies);
}

enum seen stats_undecoded_bodies_read(const struct asked *a, struct value *v)
{
	return value_count(v, a->e->summary->undecoded_bodies);
}

enum seen stats_gaps_read(const struct asked *a, struct value *v)
{
	return value_count(v, a->e->summary->gaps);
}

enum seen stats_gap_bytes_read(const struct asked *a, struct value *v)
{
	return value_count(v, a->e->summary->gap_bytes);
}

enum seen stats_clipped_bytes_read(const struct asked *a, struct value *v)
{
	return value_count(v, a->e->summary->clipped_bytes);
}
