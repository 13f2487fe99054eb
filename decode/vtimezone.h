/*
 * vtimezone.h - the time zones that an iCalendar text brings along (RFC 5545 3.6.5). Private to decode/.
 */
#ifndef DAVSCOPE_DECODE_VTIMEZONE_H
#define DAVSCOPE_DECODE_VTIMEZONE_H

#include "decode/content_line.h"
#include "decode/zone.h"

struct vtimezone; /* one of them */

/* Zeroed with `arena` and `bound` set is a new one. */
struct vtimezones {
	struct arena *arena;
	size_t bound; /* rules of all zones; a zone that has no room is not known */
	struct zone_rule *rules;
	struct vtimezone *zones;
	size_t n_rules, room_rules, n_zones, room_zones;
	/* the observance that is being read */
	struct zone_rule rule;
	size_t first_rule; /* of its RDATEs */
	uint64_t count; /* COUNT of its RRULE; 0: none */
	uint8_t has; /* which properties it has */
	bool until_local; /* UNTIL of its RRULE is not UTC */
};

void vtimezones_forget(struct vtimezones *); /* but keeps the memory */
void vtimezone_begin(struct vtimezones *);
void vtimezone_tzid(struct vtimezones *, struct slice);
void vtimezone_observance_begin(struct vtimezones *);
void vtimezone_observance_property(struct vtimezones *, const struct property *); /* no value: it was cut */
void vtimezone_observance_end(struct vtimezones *);
/* False: there is none of that name, or it has rules of a kind that is not read. */
bool vtimezone_find(const struct vtimezones *, struct slice tzid, struct zone *);

#endif
