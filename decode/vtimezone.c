/*
 * vtimezone.c - reads VTIMEZONE components (RFC 5545 3.6.5) into the rules that zone.c evaluates. Rules
 * are what clients write: once, on dates of a list, or yearly in one month on days told by BYDAY and
 * BYMONTHDAY. A zone with any other rule is not known: nothing is guessed.
 */
#include "decode/vtimezone.h"
#include "decode/object_time.h"

#include <string.h>

enum { HAS_FROM = 1, HAS_TO = 2, HAS_START = 4, HAS_ALL = 7 };
enum { ANY_DAY = 7, MONTH_DAYS = 31, MONTH_OF_START = 13, LAST_YEAR = 9999 };

struct vtimezone {
	uint64_t tzid; /* hash of it */
	size_t first, n;
	bool odd; /* not all of its rules can be read */
};

void vtimezones_forget(struct vtimezones *z)
{
	z->n_rules = 0;
	z->n_zones = 0;
}

/* Doubled when full; false: no room. */
static bool room_for(struct arena *arena, void **p, size_t n, size_t *room, size_t size)
{
	if (n < *room)
		return true;
	size_t more = *room > 0 ? 2 * *room : 8;
	void *larger = arena_alloc(arena, more * size);
	if (larger == NULL)
		return false;
	if (n > 0)
		memcpy(larger, *p, n * size);
	*p = larger;
	*room = more;
	return true;
}

static struct vtimezone *current(struct vtimezones *z)
{
	return z->n_zones > 0 ? &z->zones[z->n_zones - 1] : NULL;
}

static void is_odd(struct vtimezones *z)
{
	struct vtimezone *zone = current(z);
	if (zone != NULL)
		zone->odd = true;
}

void vtimezone_begin(struct vtimezones *z)
{
	void *p = z->zones;
	if (!room_for(z->arena, &p, z->n_zones, &z->room_zones, sizeof(*z->zones))) {
		is_odd(z);
		return;
	}
	z->zones = p;
	z->zones[z->n_zones++] = (struct vtimezone){ .first = z->n_rules };
}

static uint64_t tzid_hash(struct slice tzid)
{
	struct hash_run h = { 0 };
	hash_add(&h, tzid);
	return hash_sum(&h);
}

void vtimezone_tzid(struct vtimezones *z, struct slice tzid)
{
	struct vtimezone *zone = current(z);
	if (zone != NULL)
		zone->tzid = tzid_hash(tzid);
}

static void rule_add(struct vtimezones *z, const struct zone_rule *rule)
{
	struct vtimezone *zone = current(z);
	void *p = z->rules;
	if (zone == NULL)
		return;
	if (z->n_rules >= z->bound ||
	    !room_for(z->arena, &p, z->n_rules, &z->room_rules, sizeof(*z->rules))) {
		zone->odd = true;
		return;
	}
	z->rules = p;
	z->rules[z->n_rules++] = *rule;
	zone->n++;
}

/* ---- values ---- */

/* "+0100", "-045602" */
static bool offset_read(struct slice s, int32_t *out)
{
	uint64_t digits;
	s = slice_trim(s);
	if (s.n != 5 && s.n != 7)
		return false;
	if ((s.p[0] != '+' && s.p[0] != '-') || !slice_to_u64(slice_part(s, 1, s.n), &digits))
		return false;
	if (s.n == 5)
		digits *= 100;
	uint64_t seconds = digits / 10000 * 3600 + digits / 100 % 100 * 60 + digits % 100;
	if (seconds > DAY_SECONDS)
		return false;
	*out = s.p[0] == '-' ? -(int32_t)seconds : (int32_t)seconds;
	return true;
}

static struct slice take_item(struct slice *s, uint8_t separator)
{
	size_t end = slice_find_byte(*s, separator);
	struct slice item = slice_trim(slice_part(*s, 0, end));
	*s = slice_part(*s, end + 1, s->n);
	return item;
}

/* "SU", "2SU", "-1SU" */
static bool byday_read(struct slice s, struct zone_rule *r)
{
	static const char names[] = "SUMOTUWETHFRSA";
	uint64_t nth = 0;
	bool from_end = s.n > 0 && s.p[0] == '-';
	if (s.n > 0 && (s.p[0] == '-' || s.p[0] == '+'))
		s = slice_part(s, 1, s.n);
	if (s.n == 3 && slice_to_u64(slice_part(s, 0, 1), &nth))
		s = slice_part(s, 1, s.n);
	if (s.n != 2 || nth > 5 || (from_end && nth == 0))
		return false;
	for (uint8_t day = 0; day < 7; day++)
		if (slice_equal_nocase(s, (struct slice){ (const uint8_t *)names + 2 * day, 2 }))
			r->weekday = day;
	if (from_end)
		r->last = (uint8_t)nth;
	else if (nth > 0)
		r->days = (uint32_t)0xfe << 7 * (nth - 1);
	return r->weekday != ANY_DAY;
}

static bool bymonthday_read(struct slice s, struct zone_rule *r)
{
	while (s.n > 0) {
		uint64_t day;
		if (!slice_to_u64(take_item(&s, ','), &day) || day < 1 || day > MONTH_DAYS)
			return false;
		r->days |= UINT32_C(1) << day;
	}
	return r->days != 0;
}

static bool until_read(struct vtimezones *z, struct slice s)
{
	struct civil c;
	if (!civil_read(s, &c))
		return false;
	z->rule.until = c.seconds + (c.date ? DAY_SECONDS - 1 : 0);
	z->until_local = !c.utc;
	return true;
}

static bool month_read(struct slice s, struct zone_rule *r)
{
	uint64_t month;
	if (!slice_to_u64(s, &month) || month < 1 || month > 12)
		return false;
	r->month = (uint8_t)month;
	return true;
}

struct rule_parts {
	struct slice freq, interval, count, until, byday, bymonth, bymonthday;
	bool other;
};

static struct rule_parts parts_of(struct slice s)
{
	struct rule_parts parts = { 0 };
	const struct {
		const char *name;
		struct slice *value;
	} known[] = {
		{ "FREQ", &parts.freq },
		{ "INTERVAL", &parts.interval },
		{ "COUNT", &parts.count },
		{ "UNTIL", &parts.until },
		{ "BYDAY", &parts.byday },
		{ "BYMONTH", &parts.bymonth },
		{ "BYMONTHDAY", &parts.bymonthday },
	};
	while (s.n > 0) {
		struct slice value = take_item(&s, ';');
		struct slice name = take_item(&value, '=');
		bool found = name.n == 0 || slice_is_nocase(name, "WKST");
		for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
			if (!slice_is_nocase(name, known[i].name))
				continue;
			*known[i].value = value;
			found = true;
		}
		parts.other |= !found;
	}
	return parts;
}

static bool is_yearly(const struct rule_parts *p)
{
	bool each_year = p->interval.n == 0 || slice_is(p->interval, "1");
	return slice_is_nocase(p->freq, "YEARLY") && each_year && !p->other;
}

/* Days that BYDAY and BYMONTHDAY name together have to be of one kind. */
static bool days_read(const struct rule_parts *p, struct zone_rule *r)
{
	if (p->byday.n > 0 && !byday_read(p->byday, r))
		return false;
	if (p->bymonthday.n == 0)
		return p->byday.n == 0 || r->last > 0 || r->days != 0;
	return r->last == 0 && r->days == 0 && bymonthday_read(p->bymonthday, r);
}

static bool rrule_read(struct vtimezones *z, struct slice value)
{
	struct rule_parts p = parts_of(value);
	if (!is_yearly(&p) || !days_read(&p, &z->rule))
		return false;
	if (p.until.n > 0 && !until_read(z, p.until))
		return false;
	if (p.count.n > 0 && (!slice_to_u64(p.count, &z->count) || z->count == 0))
		return false;
	if (p.bymonth.n > 0)
		return month_read(p.bymonth, &z->rule);
	z->rule.month = MONTH_OF_START;
	return p.byday.n == 0 && p.bymonthday.n == 0;
}

/* ---- observances ---- */

void vtimezone_observance_begin(struct vtimezones *z)
{
	z->rule = (struct zone_rule){ .until = ZONE_ALWAYS, .weekday = ANY_DAY };
	z->first_rule = z->n_rules;
	z->count = 0;
	z->has = 0;
	z->until_local = false;
}

static bool rdate_read(struct vtimezones *z, struct slice s)
{
	while (s.n > 0) {
		struct civil c;
		if (!civil_read(take_item(&s, ','), &c) || c.utc)
			return false;
		rule_add(z, &(struct zone_rule){ .start = c.seconds, .until = ZONE_ALWAYS });
	}
	return true;
}

static bool start_read(struct vtimezones *z, struct slice s)
{
	struct civil c;
	if (!civil_read(s, &c) || c.utc)
		return false;
	z->rule.start = c.seconds;
	z->has |= HAS_START;
	return true;
}

static bool has(struct vtimezones *z, uint8_t property, bool good)
{
	z->has |= property;
	return good;
}

void vtimezone_observance_property(struct vtimezones *z, const struct property *p)
{
	bool good = true;
	if (!p->has_value)
		good = false;
	else if (slice_is_nocase(p->name, "DTSTART"))
		good = start_read(z, p->value);
	else if (slice_is_nocase(p->name, "TZOFFSETFROM"))
		good = has(z, HAS_FROM, offset_read(p->value, &z->rule.from));
	else if (slice_is_nocase(p->name, "TZOFFSETTO"))
		good = has(z, HAS_TO, offset_read(p->value, &z->rule.to));
	else if (slice_is_nocase(p->name, "RRULE"))
		good = z->rule.month == 0 && rrule_read(z, p->value);
	else if (slice_is_nocase(p->name, "RDATE"))
		good = rdate_read(z, p->value);
	else if (slice_is_nocase(p->name, "EXDATE") || slice_is_nocase(p->name, "EXRULE"))
		good = false;
	if (!good)
		is_odd(z);
}

/* A start without a rule is the only onset, one with it the first: its month and day stand for what is unsaid. */
static void rule_finish(struct vtimezones *z)
{
	struct zone_rule *r = &z->rule;
	struct civil_date first = civil_date_of(r->start);
	if (r->month == 0)
		return;
	if (r->month == MONTH_OF_START)
		r->month = (uint8_t)first.month;
	if (r->days == 0 && r->last == 0)
		r->days = UINT32_C(1) << first.day;
	if (z->until_local)
		r->until -= r->from;
	if (z->count > 0 && z->count < LAST_YEAR)
		r->until = civil_days(first.year + (int)z->count, 1, 1) * DAY_SECONDS - r->from - 1;
}

void vtimezone_observance_end(struct vtimezones *z)
{
	if (z->has != HAS_ALL) {
		is_odd(z);
		return;
	}
	rule_finish(z);
	for (size_t i = z->first_rule; i < z->n_rules; i++) {
		z->rules[i].from = z->rule.from;
		z->rules[i].to = z->rule.to;
	}
	rule_add(z, &z->rule);
}

bool vtimezone_find(const struct vtimezones *z, struct slice tzid, struct zone *zone)
{
	uint64_t wanted = tzid_hash(tzid);
	for (size_t i = 0; i < z->n_zones; i++) {
		const struct vtimezone *v = &z->zones[i];
		if (v->tzid != wanted)
			continue;
		if (v->odd || v->n == 0)
			return false;
		*zone = (struct zone){ z->rules + v->first, v->n };
		return true;
	}
	return false;
}
