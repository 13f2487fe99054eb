/*
 * zone_known.c - finds one of the time zones that were built in by its name; see zone.h.
 */
#include "decode/zone.h"

static int compare_nocase(struct slice a, const char *b)
{
	for (size_t i = 0; i < a.n; i++) {
		int difference = ascii_lower(a.p[i]) - ascii_lower((uint8_t)b[i]);
		if (difference != 0)
			return difference;
	}
	return b[a.n] == '\0' ? 0 : -1;
}

static bool known_find(struct slice name, struct zone *zone)
{
	size_t from = 0, to = n_zones_known;
	if (name.n == 0 || name.n >= ZONE_NAME)
		return false;
	while (from < to) {
		size_t middle = from + (to - from) / 2;
		const struct zone_known *known = &zones_known[middle];
		int order = compare_nocase(name, known->name);
		if (order == 0) {
			*zone = (struct zone){ zone_known_rules + known->first, known->n };
			return true;
		}
		if (order < 0)
			to = middle;
		else
			from = middle + 1;
	}
	return false;
}

bool zone_find(struct slice tzid, struct zone *zone)
{
	if (tzid.n == 0 || tzid.p[0] != '/')
		return known_find(tzid, zone);
	while (tzid.n > 0) {
		if (tzid.p[0] == '/' && known_find(slice_part(tzid, 1, tzid.n), zone))
			return true;
		size_t next = slice_find_byte(slice_part(tzid, 1, tzid.n), '/');
		tzid = slice_part(tzid, next + 1, tzid.n);
	}
	return false;
}
