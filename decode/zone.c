/*
 * zone.c - evaluates the observances of a time zone; see zone.h.
 */
#include "decode/zone.h"
#include "decode/object_time.h"

enum { ANY_DAY = 7, YEARS_BACK = 8 };

static int64_t floor_day(int64_t seconds)
{
	return seconds / DAY_SECONDS - (seconds % DAY_SECONDS < 0);
}

static unsigned weekday_of(int64_t day)
{
	int64_t weekday = (day + 4) % 7;
	return (unsigned)(weekday < 0 ? weekday + 7 : weekday);
}

static bool rule_allows(const struct zone_rule *r, unsigned day, int64_t since_1970)
{
	bool right_day = r->days == 0 || (r->days >> day & 1) != 0;
	return right_day && (r->weekday == ANY_DAY || weekday_of(since_1970) == r->weekday);
}

/* The last onset in a year that is neither later than the bound, nor than the rule lasts. */
static bool onset_in_year(const struct zone_rule *r, int year, int64_t bound, int64_t *onset)
{
	int64_t first = civil_days(year, r->month, 1);
	int64_t next = r->month < 12 ? civil_days(year, r->month + 1u, 1) :
				       civil_days(year + 1, 1, 1);
	int64_t clock = r->start - floor_day(r->start) * DAY_SECONDS;
	unsigned from_end = 0;
	for (unsigned day = (unsigned)(next - first); day > 0; day--) {
		int64_t since_1970 = first + day - 1;
		int64_t at = since_1970 * DAY_SECONDS + clock;
		if (!rule_allows(r, day, since_1970))
			continue;
		if (r->days == 0 && ++from_end != r->last)
			continue;
		if (at <= bound && (r->until == ZONE_ALWAYS || at - r->from <= r->until)) {
			*onset = at;
			return at >= r->start;
		}
	}
	return false;
}

static int year_before(const struct zone_rule *r, int64_t bound)
{
	if (r->until != ZONE_ALWAYS && r->until + r->from < bound)
		bound = r->until + r->from;
	return civil_date_of(bound).year;
}

/* The last onset not later than the bound, both by the clock ahead of it. A 5th Sunday may take years. */
static bool onset_before(const struct zone_rule *r, int64_t bound, int64_t *onset)
{
	if (r->start > bound)
		return false;
	*onset = r->start;
	if (r->month == 0)
		return true;
	int year = year_before(r, bound);
	for (int back = 0; back < YEARS_BACK; back++)
		if (onset_in_year(r, year - back, bound, onset))
			return true;
	*onset = r->start;
	return true;
}

/* Not known to be later than this, by the clock ahead of it. */
static int64_t last_onset(const struct zone_rule *r)
{
	bool yearly = r->month != 0;
	if (yearly && r->until == ZONE_ALWAYS)
		return INT64_MAX / 2;
	if (yearly && r->until + r->from > r->start)
		return r->until + r->from;
	return r->start;
}

/*
 * An observance counts once the clock has been set: an onset at 2:00 that puts it forward counts from
 * 3:00. The last rules are asked first, as they are the youngest in most zones.
 */
bool zone_utc(struct zone zone, int64_t clock, int64_t *utc)
{
	int64_t latest = INT64_MIN, earliest = INT64_MAX;
	int32_t offset = 0;
	for (size_t i = zone.n; i-- > 0;) {
		const struct zone_rule *r = &zone.rules[i];
		int64_t forward = r->to > r->from ? r->to - r->from : 0;
		int64_t onset;
		if (last_onset(r) + forward <= latest)
			continue;
		bool begun = onset_before(r, clock - forward, &onset);
		if (begun && onset + forward > latest) {
			latest = onset + forward;
			offset = r->to;
		} else if (!begun && latest == INT64_MIN && r->start <= earliest) {
			earliest = r->start;
			offset = r->from;
		}
	}
	*utc = clock - offset;
	return zone.n > 0;
}
