/*
 * ical.c - reads the properties of an iCalendar stream (RFC 5545) that make a struct object. Of several
 * components the one without a RECURRENCE-ID stands for all, else the first. Times wait for the end of
 * the text, because their zones may stand behind them.
 */
#include "decode/object_read.h"
#include "decode/object_time.h"
#include "decode/vtimezone.h"

enum place { AT_TOP, IN_CALENDAR, IN_COMPONENT, IN_ZONE, IN_OBSERVANCE };

/* The time of a property. */
struct moment {
	struct civil at;
	struct text zone; /* TZID; empty: none */
	bool given, good;
};

struct component {
	enum object_kind kind;
	struct moment start, end;
	struct text uid, summary, location, rrule, organizer;
	int64_t duration;
	bool has_duration, all_day, override;
};

struct calendar {
	struct component slots[2];
	struct component *reading, *chosen; /* chosen: NULL, none has ended */
	struct moment override; /* RECURRENCE-ID of the first one */
	struct text method;
	struct vtimezones zones;
	enum place place, around; /* around: of the component */
	size_t inner; /* components in one that is read, and in those that are not */
	uint64_t uid; /* hash of the first one */
	uint8_t uids;
	uint32_t overrides;
	bool master, ended;
	char override_text[CIVIL_TEXT];
};

/* ---- names ---- */

enum name {
	NAME_OTHER,
	NAME_BEGIN,
	NAME_END,
	NAME_UID,
	NAME_SUMMARY,
	NAME_LOCATION,
	NAME_RRULE,
	NAME_ORGANIZER,
	NAME_START,
	NAME_FINISH,
	NAME_DURATION,
	NAME_OVERRIDE,
	NAME_ALL_DAY,
	NAME_METHOD,
	NAME_ZONE,
};

static enum name name_find(struct slice text)
{
	static const struct {
		size_t n;
		const char *text;
		enum name name;
	} names[] = {
		{ 5, "BEGIN", NAME_BEGIN },
		{ 3, "END", NAME_END },
		{ 3, "UID", NAME_UID },
		{ 7, "SUMMARY", NAME_SUMMARY },
		{ 8, "LOCATION", NAME_LOCATION },
		{ 5, "RRULE", NAME_RRULE },
		{ 9, "ORGANIZER", NAME_ORGANIZER },
		{ 7, "DTSTART", NAME_START },
		{ 5, "DTEND", NAME_FINISH },
		{ 3, "DUE", NAME_FINISH },
		{ 8, "DURATION", NAME_DURATION },
		{ 13, "RECURRENCE-ID", NAME_OVERRIDE },
		{ 27, "X-MICROSOFT-CDO-ALLDAYEVENT", NAME_ALL_DAY },
		{ 6, "METHOD", NAME_METHOD },
		{ 4, "TZID", NAME_ZONE },
	};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (text.n == names[i].n && slice_is_nocase(text, names[i].text))
			return names[i].name;
	return NAME_OTHER;
}

static enum object_kind kind_of(struct slice component)
{
	if (slice_is_nocase(component, "VEVENT"))
		return OBJECT_EVENT;
	if (slice_is_nocase(component, "VTODO"))
		return OBJECT_TODO;
	return slice_is_nocase(component, "VJOURNAL") ? OBJECT_JOURNAL : OBJECT_OTHER;
}

/* ---- values; where a property is repeated the first one counts ---- */

static bool text_take(struct text *out, struct slice value)
{
	return out->n > 0 || object_text(out, value);
}

static bool raw_take(struct text *out, struct slice value)
{
	if (out->n > 0)
		return true;
	text_begin(out, value.n);
	return text_add(out, value);
}

static bool organizer_take(struct text *out, struct slice value)
{
	if (slice_starts_nocase(value, SLICE("mailto:")))
		value = slice_part(value, 7, value.n);
	return raw_take(out, value);
}

static bool moment_take(struct moment *m, const struct property *p)
{
	if (m->given)
		return true;
	m->given = true;
	m->good = civil_read(p->value, &m->at);
	text_begin(&m->zone, p->params.n);
	if (!m->good || m->at.utc || m->at.date)
		return m->good;
	return text_add(&m->zone, param_find(p->params, "TZID"));
}

static bool duration_take(struct component *c, struct slice value)
{
	if (c->has_duration)
		return true;
	c->has_duration = civil_span(value, &c->duration);
	return c->has_duration;
}

static bool override_take(struct calendar *c, const struct property *p)
{
	if (c->reading->override)
		return true;
	c->reading->override = true;
	c->overrides++;
	return moment_take(&c->override, p);
}

static bool uid_take(struct calendar *c, struct slice value)
{
	struct hash_run h = { 0 };
	hash_add(&h, value);
	uint64_t uid = hash_sum(&h);
	if (c->uids == 0)
		c->uid = uid;
	if (c->uids < 2 && (c->uids == 0 || uid != c->uid))
		c->uids++;
	return text_take(&c->reading->uid, value);
}

static bool component_property(struct calendar *c, enum name name, const struct property *p)
{
	struct component *reading = c->reading;
	switch (name) {
	case NAME_UID:
		return uid_take(c, p->value);
	case NAME_SUMMARY:
		return text_take(&reading->summary, p->value);
	case NAME_LOCATION:
		return text_take(&reading->location, p->value);
	case NAME_RRULE:
		return raw_take(&reading->rrule, p->value);
	case NAME_ORGANIZER:
		return organizer_take(&reading->organizer, p->value);
	case NAME_START:
		return moment_take(&reading->start, p);
	case NAME_FINISH:
		return moment_take(&reading->end, p);
	case NAME_DURATION:
		return duration_take(reading, p->value);
	case NAME_OVERRIDE:
		return override_take(c, p);
	case NAME_ALL_DAY:
		reading->all_day = slice_is_nocase(slice_trim(p->value), "TRUE");
		return true;
	default:
		return true;
	}
}

/* ---- components ---- */

static void moment_forget(struct moment *m)
{
	m->given = m->good = false;
	text_begin(&m->zone, 0);
}

static void component_forget(struct component *c, enum object_kind kind)
{
	c->kind = kind;
	moment_forget(&c->start);
	moment_forget(&c->end);
	text_begin(&c->uid, 0);
	text_begin(&c->summary, 0);
	text_begin(&c->location, 0);
	text_begin(&c->rrule, 0);
	text_begin(&c->organizer, 0);
	c->has_duration = c->all_day = c->override = false;
}

static void component_begin(struct calendar *c, enum object_kind kind)
{
	c->around = c->place;
	c->place = IN_COMPONENT;
	component_forget(c->reading, kind);
}

/* `ended`: all of it was seen, so that it has no RECURRENCE-ID when none was. */
static void component_choose(struct calendar *c, bool ended)
{
	struct component *reading = c->reading;
	if (ended && !reading->override)
		c->master = true;
	bool better = c->chosen == NULL || (c->chosen->override && !reading->override) ||
	    (c->chosen->kind == OBJECT_OTHER && reading->kind != OBJECT_OTHER);
	if (!better)
		return;
	c->chosen = reading;
	c->reading = reading == &c->slots[0] ? &c->slots[1] : &c->slots[0];
}

static void on_begin(struct calendar *c, struct slice value)
{
	struct slice name = slice_trim(value);
	enum object_kind kind = kind_of(name);
	if (c->inner > 0) {
		c->inner++;
	} else if (c->place == AT_TOP && slice_is_nocase(name, "VCALENDAR")) {
		c->place = IN_CALENDAR;
	} else if (c->place == IN_CALENDAR && slice_is_nocase(name, "VTIMEZONE")) {
		c->place = IN_ZONE;
		vtimezone_begin(&c->zones);
	} else if (c->place == IN_CALENDAR || (c->place == AT_TOP && kind != OBJECT_OTHER)) {
		component_begin(c, kind);
	} else if (c->place == IN_ZONE) {
		c->place = IN_OBSERVANCE;
		vtimezone_observance_begin(&c->zones);
	} else {
		c->inner++;
	}
}

static void on_end(struct calendar *c)
{
	if (c->inner > 0) {
		c->inner--;
		return;
	}
	switch (c->place) {
	case AT_TOP:
		return;
	case IN_CALENDAR:
		c->place = AT_TOP;
		break;
	case IN_COMPONENT:
		component_choose(c, true);
		c->place = c->around;
		break;
	case IN_ZONE:
		c->place = IN_CALENDAR;
		break;
	case IN_OBSERVANCE:
		vtimezone_observance_end(&c->zones);
		c->place = IN_ZONE;
		break;
	}
	c->ended = c->place == AT_TOP;
}

/* ---- times ---- */

/* Seconds in UTC, of dates and of times in no zone as if that were UTC. False: nobody knows its zone. */
static bool moment_utc(const struct calendar *c, const struct moment *m, int64_t *utc)
{
	struct slice tzid = text_slice(&m->zone);
	struct zone zone;
	*utc = m->at.seconds;
	if (tzid.n == 0)
		return true;
	if (!vtimezone_find(&c->zones, tzid, &zone) && !zone_find(tzid, &zone))
		return false;
	return zone_utc(zone, m->at.seconds, utc);
}

static void start_finish(const struct calendar *c, struct object *o, struct object_more *more)
{
	const struct moment *m = &c->chosen->start;
	int64_t utc;
	if (!m->good)
		return;
	o->all_day = m->at.date || c->chosen->all_day;
	o->floating = !m->at.date && !m->at.utc && m->zone.n == 0;
	if (moment_utc(c, m, &utc) && civil_ns(utc, m->at.ns, &o->start_ns))
		return;
	more->has_start = true;
	more->start = m->at.seconds;
}

/* Days of a duration are days on the calendar, hours are hours that pass (RFC 5545 3.3.6). */
static bool end_from_duration(const struct calendar *c, struct moment *end, int64_t *utc)
{
	int64_t duration = c->chosen->duration;
	bool days = duration % DAY_SECONDS == 0;
	if (days)
		end->at.seconds += duration;
	bool known = moment_utc(c, end, utc);
	if (!days) {
		end->at.seconds += duration;
		*utc += duration;
	}
	return known;
}

static void end_finish(const struct calendar *c, struct object *o, struct object_more *more)
{
	struct moment end = c->chosen->end;
	int64_t utc;
	bool known;
	if (end.good) {
		known = moment_utc(c, &end, &utc);
	} else if (c->chosen->has_duration && c->chosen->start.good) {
		end = c->chosen->start;
		known = end_from_duration(c, &end, &utc);
	} else {
		return;
	}
	if (known && civil_ns(utc, end.at.ns, &o->end_ns))
		return;
	more->has_end = true;
	more->end = end.at.seconds;
}

static void override_finish(struct calendar *c, struct object *o)
{
	struct civil at = c->override.at;
	int64_t utc;
	if (!c->override.good)
		return;
	if (c->override.zone.n > 0 && moment_utc(c, &c->override, &utc)) {
		at.seconds = utc;
		at.utc = true;
	}
	o->recurrence_id = (struct slice){ (const uint8_t *)c->override_text,
		civil_write(&at, c->override_text) };
}

/* ---- the grammar ---- */

static void *calendar_start(const struct limits *limits, struct arena *arena)
{
	struct calendar *c = arena_alloc(arena, sizeof(*c));
	if (c == NULL)
		return NULL;
	c->zones.arena = arena;
	c->zones.bound = (size_t)limits->ical_props;
	c->method.arena = c->override.zone.arena = arena;
	for (size_t i = 0; i < 2; i++) {
		struct component *slot = &c->slots[i];
		slot->start.zone.arena = slot->end.zone.arena = arena;
		slot->uid.arena = slot->summary.arena = slot->location.arena = arena;
		slot->rrule.arena = slot->organizer.arena = arena;
	}
	return c;
}

static void calendar_begin(void *ctx)
{
	struct calendar *c = ctx;
	c->reading = &c->slots[0];
	c->chosen = NULL;
	moment_forget(&c->override);
	text_begin(&c->method, 0);
	vtimezones_forget(&c->zones);
	c->place = AT_TOP;
	c->inner = 0;
	c->uids = 0;
	c->overrides = 0;
	c->master = c->ended = false;
}

static bool calendar_property(void *ctx, const struct property *p)
{
	struct calendar *c = ctx;
	enum name name = p->group.n == 0 ? name_find(p->name) : NAME_OTHER;
	bool structure = name == NAME_BEGIN || name == NAME_END;
	bool counts = structure || (c->inner == 0 && c->place != AT_TOP);
	if (c->place == IN_OBSERVANCE && c->inner == 0 && !structure)
		vtimezone_observance_property(&c->zones, p);
	else if (!p->has_value)
		return name == NAME_OTHER || !counts;
	else if (name == NAME_BEGIN)
		on_begin(c, p->value);
	else if (name == NAME_END)
		on_end(c);
	else if (!counts)
		return true;
	else if (c->place == IN_COMPONENT)
		return component_property(c, name, p);
	else if (c->place == IN_ZONE && name == NAME_ZONE)
		vtimezone_tzid(&c->zones, p->value);
	else if (c->place == IN_CALENDAR && name == NAME_METHOD)
		return text_take(&c->method, p->value);
	return true;
}

static bool calendar_end(void *ctx, struct object *o, struct object_more *more)
{
	struct calendar *c = ctx;
	if (c->place == IN_COMPONENT)
		component_choose(c, false);
	const struct component *chosen = c->chosen;
	if (chosen == NULL)
		return false;
	o->kind = chosen->kind;
	o->uid = text_slice(&chosen->uid);
	o->summary = text_slice(&chosen->summary);
	o->location = text_slice(&chosen->location);
	o->rrule = text_slice(&chosen->rrule);
	o->organizer = text_slice(&chosen->organizer);
	o->method = text_slice(&c->method);
	o->overrides = c->overrides;
	o->uids = c->uids;
	o->master = c->master;
	o->whole = c->ended && c->place == AT_TOP && c->inner == 0;
	start_finish(c, o, more);
	end_finish(c, o, more);
	override_finish(c, o);
	return true;
}

const struct object_grammar grammar_calendar = {
	.start = calendar_start,
	.begin = calendar_begin,
	.property = calendar_property,
	.end = calendar_end,
};

/* ---- the body ---- */

static void *body_start(const struct body_env *env)
{
	return object_read_new(&grammar_calendar, env, true);
}

static void body_end(void *ctx, bool whole, struct body *body)
{
	(void)object_read_end(ctx, whole, &body->object);
	body->organizer = object_read_organizer(ctx, whole);
}

static const char *const calendar_types[] = { "text/calendar", "application/ical", NULL };

const struct body_reader body_calendar = {
	.kind = BODY_CALENDAR,
	.media_types = calendar_types,
	.start = body_start,
	.data = object_body_data,
	.end = body_end,
	.abandon = object_body_abandon,
};
