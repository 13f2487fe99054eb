/*
 * airsync_object.c - from the properties of an ActiveSync item to a struct object; a recurrence is
 * written as the RRULE that means the same (MS-ASCAL 2.2.2.37, RFC 5545 3.3.10).
 */
#include "decode/airsync_object.h"
#include "decode/object_make.h"
#include "decode/object_time.h"

#include <string.h>

/* As object_make() does: a midnight of any zone becomes the day that begins there. */
enum { ALL_DAY_SHIFT = 13 * 3600 };

enum { PAGE_CONTACTS = 1, PAGE_CALENDAR = 4, PAGE_TASKS = 9, PAGE_CONTACTS2 = 12 };

void airsync_data_begin(struct airsync_data *d)
{
	enum { NONE = AIRSYNC_NONE };
	*d = (struct airsync_data){ .all_day = NONE,
		.exception_deleted = NONE,
		.recurrence = { NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, { NULL, 0 } } };
}

/* Of "Don Funk" <d@example.com> the address. */
static struct slice address_of(struct slice text)
{
	size_t start = slice_find_byte(text, '<');
	if (start == text.n)
		return slice_trim(text);
	text = slice_part(text, start + 1, text.n);
	return slice_trim(slice_part(text, 0, slice_find_byte(text, '>')));
}

static bool counts_in_number(uint8_t byte)
{
	return (byte >= '0' && byte <= '9') || byte == '+';
}

/* As those of a vCard are counted: addresses in any case, of numbers the digits. */
void airsync_contact(struct airsync_data *d, struct slice text, bool phone)
{
	struct hash_run h = { 0 };
	if (!phone)
		text = address_of(text);
	if (text.n == 0)
		return;
	hash_add(&h, phone ? SLICE("T") : SLICE("E"));
	for (size_t i = 0; i < text.n; i++) {
		uint8_t byte = ascii_lower(text.p[i]);
		if (!phone || counts_in_number(byte))
			hash_add(&h, (struct slice){ &byte, 1 });
	}
	d->contacts += hash_sum(&h);
}

void airsync_exception_begin(struct airsync_data *d)
{
	d->exception = (struct slice){ NULL, 0 };
	d->exception_deleted = AIRSYNC_NONE;
}

/* A deleted one is what EXDATE is in iCalendar: no component of its own. */
bool airsync_exception_end(struct airsync_data *d)
{
	bool first = d->exception_deleted <= 0 && d->overrides == 0;
	if (first)
		d->recurrence_id = d->exception;
	if (d->exception_deleted <= 0 && d->overrides < UINT32_MAX)
		d->overrides++;
	return first;
}

/* ---- text that is made ---- */

/* Longer than the longest rule that there can be. */
struct line {
	uint8_t bytes[192];
	size_t n;
};

static void line_add(struct line *l, struct slice s)
{
	if (s.n == 0 || s.n > sizeof(l->bytes) - l->n)
		return;
	memcpy(l->bytes + l->n, s.p, s.n);
	l->n += s.n;
}

static void line_text(struct line *l, const char *text)
{
	line_add(l, slice_from(text));
}

static void line_number(struct line *l, uint64_t number, size_t digits)
{
	char text[DECIMAL_MAX];
	size_t n = decimal_put(text, number);
	for (; digits > n; digits--)
		line_text(l, "0");
	line_add(l, (struct slice){ (const uint8_t *)text, n });
}

static struct slice line_slice(const struct line *l)
{
	return (struct slice){ l->bytes, l->n };
}

static void line_date(struct line *l, int64_t seconds)
{
	struct civil_date d = civil_date_of(seconds);
	line_number(l, (uint64_t)d.year, 4);
	line_number(l, d.month, 2);
	line_number(l, d.day, 2);
}

/* "20060925T140000Z", "20060925"; a text that is no time as it is. */
static void line_time(struct line *l, struct slice text)
{
	struct civil c;
	if (!civil_read(text, &c)) {
		line_add(l, text);
		return;
	}
	uint64_t clock = (uint64_t)((c.seconds % DAY_SECONDS + DAY_SECONDS) % DAY_SECONDS);
	line_date(l, c.seconds);
	if (c.date)
		return;
	line_text(l, "T");
	line_number(l, clock / 3600 * 10000 + clock / 60 % 60 * 100 + clock % 60, 6);
	line_text(l, "Z");
}

/* ---- recurrences ---- */

enum { DAILY = 0, WEEKLY = 1, MONTHLY = 2, MONTHLY_NTH = 3, YEARLY = 5, YEARLY_NTH = 6 };
enum { ALL_DAYS = 127, LAST_WEEK = 5 };

static const char *const day_names[] = { "SU", "MO", "TU", "WE", "TH", "FR", "SA" };

/* A bit a day, Sunday first; 0: none was given. */
static unsigned days_of(const struct airsync_recurrence *r)
{
	return r->days > 0 ? (unsigned)r->days & ALL_DAYS : 0;
}

static const char *frequency(const struct airsync_recurrence *r)
{
	/* "Every weekday" comes as daily with a set of days. */
	if (r->type == WEEKLY || (r->type == DAILY && days_of(r) > 0 && r->interval <= 1))
		return "WEEKLY";
	if (r->type == DAILY)
		return "DAILY";
	if (r->type == MONTHLY || r->type == MONTHLY_NTH)
		return "MONTHLY";
	return r->type == YEARLY || r->type == YEARLY_NTH ? "YEARLY" : NULL;
}

static void rule_number(struct line *l, const char *name, int32_t number)
{
	if (number <= 0)
		return;
	line_text(l, name);
	line_number(l, (uint64_t)number, 1);
}

static void rule_days(struct line *l, unsigned days)
{
	const char *before = ";BYDAY=";
	for (unsigned i = 0; i < 7; i++) {
		if ((days >> i & 1) == 0)
			continue;
		line_text(l, before);
		line_text(l, day_names[i]);
		before = ",";
	}
}

static void rule_week(struct line *l, int32_t week)
{
	if (week == LAST_WEEK)
		line_text(l, "-1");
	else
		line_number(l, (uint64_t)week, 1);
}

/* "The second Tuesday", "the last day", "the first weekday": each as it is commonly written. */
static void rule_nth(struct line *l, const struct airsync_recurrence *r)
{
	unsigned days = days_of(r);
	bool single = (days & (days - 1)) == 0;
	if (days == 0 || r->week < 1 || r->week > LAST_WEEK)
		return;
	if (days == ALL_DAYS) {
		line_text(l, ";BYMONTHDAY=");
		rule_week(l, r->week);
	} else if (single) {
		struct line name = { .n = 0 };
		rule_days(&name, days);
		line_text(l, ";BYDAY=");
		rule_week(l, r->week);
		line_add(l, slice_part(line_slice(&name), sizeof(";BYDAY=") - 1, name.n));
	} else {
		rule_days(l, days);
		line_text(l, ";BYSETPOS=");
		rule_week(l, r->week);
	}
}

static void rule_until(struct line *l, struct slice until, bool all_day)
{
	struct civil c;
	if (!civil_read(until, &c))
		return;
	line_text(l, ";UNTIL=");
	if (all_day)
		line_date(l, c.seconds + ALL_DAY_SHIFT);
	else
		line_time(l, until);
}

/* False: no recurrence that is known. */
static bool rule_make(struct line *l, const struct airsync_recurrence *r, bool all_day)
{
	const char *name = frequency(r);
	if (name == NULL)
		return false;
	line_text(l, "FREQ=");
	line_text(l, name);
	if (r->interval > 1)
		rule_number(l, ";INTERVAL=", r->interval);
	if (r->type == MONTHLY_NTH || r->type == YEARLY_NTH)
		rule_nth(l, r);
	else if (r->type == DAILY || r->type == WEEKLY)
		rule_days(l, days_of(r));
	if (r->type == MONTHLY || r->type == YEARLY)
		rule_number(l, ";BYMONTHDAY=", r->day_of_month);
	if (r->type == YEARLY || r->type == YEARLY_NTH)
		rule_number(l, ";BYMONTH=", r->month);
	rule_number(l, ";COUNT=", r->occurrences);
	rule_until(l, r->until, all_day);
	/* It makes a difference to nothing else. */
	if (r->type == WEEKLY && r->interval > 1 && r->first_day >= 0 && r->first_day < 7) {
		line_text(l, ";WKST=");
		line_text(l, day_names[r->first_day]);
	}
	return true;
}

/* ---- objects ---- */

static bool has_page(const struct airsync_data *d, unsigned page)
{
	return (d->pages >> page & 1) != 0;
}

static enum object_kind kind_of(const struct airsync_data *d, struct slice class)
{
	static const struct {
		const char *class;
		enum object_kind kind;
	} classes[] = {
		{ "Calendar", OBJECT_EVENT },
		{ "Contacts", OBJECT_CARD },
		{ "Tasks", OBJECT_TODO },
		{ "Email", OBJECT_OTHER },
		{ "Notes", OBJECT_OTHER },
		{ "SMS", OBJECT_OTHER },
	};
	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++)
		if (slice_is_nocase(class, classes[i].class))
			return classes[i].kind;
	if (has_page(d, PAGE_CALENDAR))
		return OBJECT_EVENT;
	if (has_page(d, PAGE_CONTACTS) || has_page(d, PAGE_CONTACTS2))
		return OBJECT_CARD;
	return has_page(d, PAGE_TASKS) ? OBJECT_TODO : OBJECT_OTHER;
}

static bool card_name(struct arena *arena, const struct airsync_data *d, struct slice *name)
{
	struct slice first = d->first_name, last = d->last_name;
	*name = d->file_as;
	if (name->n > 0)
		return true;
	if (first.n == 0 || last.n == 0) {
		*name = first.n > 0 ? first : last;
		if (name->n == 0)
			*name = d->company;
		return true;
	}
	uint8_t *both = arena_alloc(arena, first.n + 1 + last.n);
	if (both == NULL)
		return false;
	memcpy(both, first.p, first.n);
	both[first.n] = ' ';
	memcpy(both + first.n + 1, last.p, last.n);
	*name = (struct slice){ both, first.n + 1 + last.n };
	return true;
}

/* True when there is one. */
static bool time_of(struct slice text, int64_t *ns, bool *date)
{
	*date = false;
	*ns = OBJECT_NO_TIME;
	return text.n > 0 && object_time_read(text, ns, date);
}

static void event_fill(struct object *o, const struct airsync_data *d)
{
	bool date, end_date;
	time_of(d->start, &o->start_ns, &date);
	time_of(d->end, &o->end_ns, &end_date);
	o->all_day = d->all_day > 0 || date;
	o->master = o->start_ns != OBJECT_NO_TIME;
	o->overrides = d->overrides;
}

/* A task has each time twice: in UTC, and as the clock of its owner shows it. */
static void todo_fill(struct object *o, const struct airsync_data *d)
{
	bool date;
	bool utc = time_of(d->utc_start, &o->start_ns, &date);
	utc = time_of(d->utc_end, &o->end_ns, &date) || utc;
	if (utc)
		return;
	bool local = time_of(d->start, &o->start_ns, &date);
	o->floating = time_of(d->end, &o->end_ns, &date) || local;
}

/*
 * What a Change does not name stays as it was: without both times it cannot be compared as a whole.
 * With an InstanceId it is about one instance of a series.
 */
static void change_fill(struct object *o, const struct airsync_item *item)
{
	bool timed = o->start_ns != OBJECT_NO_TIME && o->end_ns != OBJECT_NO_TIME;
	if (o->kind != OBJECT_EVENT)
		return;
	if (item->verb == AIRSYNC_CHANGE && !timed)
		o->whole = false;
	if (item->instance_id.n > 0) {
		o->master = false;
		o->overrides = 1;
	}
}

const struct object *airsync_object(struct arena *arena, const struct airsync_data *d,
    const struct airsync_item *item, struct slice class)
{
	struct object o = { .kind = kind_of(d, class),
		.uid = d->uid,
		.uids = d->uid.n > 0 ? 1 : 0,
		.summary = d->subject,
		.location = d->location,
		.organizer = d->organizer,
		.start_ns = OBJECT_NO_TIME,
		.end_ns = OBJECT_NO_TIME,
		.master = true,
		.whole = !d->cut };
	struct line rule = { .n = 0 }, id = { .n = 0 };
	if (o.kind == OBJECT_CARD && !card_name(arena, d, &o.summary))
		return NULL;
	if (o.kind == OBJECT_EVENT)
		event_fill(&o, d);
	else if (o.kind == OBJECT_TODO)
		todo_fill(&o, d);
	if (d->recurs && !rule_make(&rule, &d->recurrence, o.all_day))
		o.whole = false;
	o.rrule = line_slice(&rule);
	change_fill(&o, item);
	line_time(&id, item->instance_id.n > 0 ? item->instance_id : d->recurrence_id);
	o.recurrence_id = line_slice(&id);
	const struct object_more more = { .contacts = d->contacts };
	return object_make_with(arena, &o, &more);
}
