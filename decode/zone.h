/*
 * zone.h - time zones: from a clock on the wall to UTC. Private to decode/.
 *
 * A zone is a set of observances (RFC 5545 3.6.5), each at an offset of its own from some onset on:
 * those of a VTIMEZONE, or those that libical knew when this program was built.
 */
#ifndef DAVSCOPE_DECODE_ZONE_H
#define DAVSCOPE_DECODE_ZONE_H

#include "base/base.h"

#define ZONE_ALWAYS INT64_MAX

/* Once, or in one month of every year on the days of it that `days` and `weekday` allow. */
struct zone_rule {
	int64_t start; /* first onset, seconds since 1970 by the clock that was valid until then */
	int64_t until; /* the last onset is not later than this, UTC; or ZONE_ALWAYS */
	int32_t from, to; /* offsets from UTC in seconds */
	uint32_t days; /* bit 1: the first of the month. 0: counted from the end, see `last` */
	uint8_t month; /* 1 to 12; 0: only once */
	uint8_t weekday; /* 0 Sunday to 6 Saturday; 7: any */
	uint8_t last; /* 1: the last such day of the month, 2: the last but one */
};

struct zone {
	const struct zone_rule *rules;
	size_t n;
};

/*
 * UTC of that clock. A time that the clock shows twice is the first one, one that it skips counts as
 * if it had not been put forward (RFC 5545 3.3.5). False: the zone has no observance.
 */
bool zone_utc(struct zone, int64_t clock, int64_t *utc);

/* By its name in the tz database, whatever stands ahead of that as in "/mozilla.org/1/Europe/Paris". */
bool zone_find(struct slice tzid, struct zone *);

/* Made when the program is built, from what libical knows: names in order, without regard to case. */
enum { ZONE_NAME = 40 };
struct zone_known {
	char name[ZONE_NAME];
	uint32_t first, n; /* in zone_known_rules */
};
extern const struct zone_known zones_known[];
extern const size_t n_zones_known;
extern const struct zone_rule zone_known_rules[];

#endif
