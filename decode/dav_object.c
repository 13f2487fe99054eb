/*
 * dav_object.c - makes objects of calendar and address data in XML, and of the properties that
 * Exchange has for the same (urn:schemas:calendar: and others); see dav_object.h.
 */
#include "decode/dav_object.h"
#include "decode/object_time.h"
#include "decode/xml.h"

#include <string.h>

/* ---- data ---- */

void dav_object_data_begin(struct dav_objects *d, enum element element)
{
	bool card = element == ELEMENT_ADDRESS_DATA;
	struct object_read **read = card ? &d->card : &d->calendar;
	if (element != ELEMENT_CALENDAR_DATA && !card)
		return;
	if (*read == NULL)
		*read = object_read_new(card ? &grammar_card : &grammar_calendar, d->env, false);
	else
		object_read_begin(*read);
	d->reading = *read;
	d->no_room |= *read == NULL;
}

void dav_object_data(struct dav_objects *d, struct slice s)
{
	if (d->reading != NULL)
		object_read_data(d->reading, s);
}

void dav_object_data_end(struct dav_objects *d)
{
	const struct object *object;
	if (d->reading == NULL)
		return;
	d->no_room |= !object_read_end(d->reading, true, &object);
	if (d->object == NULL)
		d->object = object;
	d->reading = NULL;
}

/* ---- Exchange ---- */

void dav_object_property(struct dav_objects *d, enum element element, struct slice value)
{
	if (element < ELEMENT_CLASS || element >= ELEMENTS)
		return;
	d->any = true;
	d->mentioned[element] = true;
	if (d->texts[element].n == 0)
		d->texts[element] = xml_trim(value);
}

void dav_objects_begin(struct dav_objects *d)
{
	d->object = NULL;
	d->reading = NULL;
	if (!d->any)
		return;
	memset(d->texts, 0, sizeof(d->texts));
	memset(d->mentioned, 0, sizeof(d->mentioned));
	d->any = false;
}

bool exchange_class(struct slice class, enum object_kind *kind)
{
	static const struct {
		const char *start;
		enum object_kind kind;
	} classes[] = {
		{ "urn:content-classes:appointment", OBJECT_EVENT },
		{ "urn:content-classes:person", OBJECT_CARD },
		{ "urn:content-classes:task", OBJECT_TODO },
		{ "IPM.Appointment", OBJECT_EVENT },
		{ "IPM.Contact", OBJECT_CARD },
		{ "IPM.Task", OBJECT_TODO },
	};
	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
		struct slice start = slice_from(classes[i].start);
		bool longer = class.n > start.n && class.p[start.n] != '.';
		if (slice_starts_nocase(class, start) && !longer) {
			*kind = classes[i].kind;
			return true;
		}
	}
	return false;
}

static const struct slice *text_of(const struct dav_objects *d, enum element element)
{
	return &d->texts[element];
}

static bool is_mentioned(const struct dav_objects *d, enum element element)
{
	return d->mentioned[element];
}

/* What its class says, else what its properties are for. False: it is no object that is synchronised. */
static bool kind_find(const struct dav_objects *d, enum object_kind *kind)
{
	struct slice class = *text_of(d, ELEMENT_CLASS);
	struct slice message_class = *text_of(d, ELEMENT_MESSAGE_CLASS);
	if (exchange_class(class, kind) || exchange_class(message_class, kind))
		return true;
	bool timed = text_of(d, ELEMENT_START)->n > 0 || text_of(d, ELEMENT_END)->n > 0;
	*kind = OBJECT_OTHER;
	if (class.n == 0 && message_class.n == 0 && timed)
		*kind = OBJECT_EVENT;
	for (enum element e = ELEMENT_UID; e <= ELEMENT_SUBJECT; e++)
		if (text_of(d, e)->n > 0)
			return true;
	return false;
}

static struct slice card_name(const struct dav_objects *d)
{
	static const enum element names[] = { ELEMENT_FILE_AS, ELEMENT_COMMON_NAME,
		ELEMENT_DISPLAY_NAME, ELEMENT_SUBJECT };
	size_t i = 0;
	while (i + 1 < sizeof(names) / sizeof(names[0]) && text_of(d, names[i])->n == 0)
		i++;
	return *text_of(d, names[i]);
}

/* "Anna" <anna@example.com>, mailto:anna@example.com */
static struct slice address_of(struct slice s)
{
	size_t open = slice_find_byte(s, '<');
	if (open < s.n) {
		s = slice_part(s, open + 1, s.n);
		return slice_part(s, 0, slice_find_byte(s, '>'));
	}
	return slice_starts_nocase(s, SLICE("mailto:")) ? slice_part(s, 7, s.n) : s;
}

static bool is_true(struct slice s)
{
	return slice_is(s, "1") || slice_is_nocase(s, "true");
}

/* False: it is there, but cannot be read. */
static bool time_read(struct slice text, int64_t *ns)
{
	bool date;
	*ns = OBJECT_NO_TIME;
	if (text.n == 0 || object_time_read(text, ns, &date))
		return true;
	*ns = OBJECT_NO_TIME;
	return false;
}

/* The same time in the form that iCalendar has. */
static struct slice time_rewrite(struct slice text, char out[CIVIL_TEXT])
{
	struct civil c;
	if (!civil_read(text, &c))
		return text;
	return (struct slice){ (const uint8_t *)out, civil_write(&c, out) };
}

/* Instance types: 0 single, 1 master, 2 an instance of a series, 3 one that was changed. */
static void series_fill(const struct dav_objects *d, struct object *o)
{
	struct slice type = *text_of(d, ELEMENT_INSTANCE_TYPE);
	struct slice id = *text_of(d, ELEMENT_RECURRENCE_ID);
	bool instance = slice_is(type, "2") || slice_is(type, "3") || (type.n == 0 && id.n > 0);
	o->overrides = instance ? 1 : 0;
	o->master = !instance;
	if (instance)
		o->recurrence_id = id;
}

/*
 * Whether what is not there is absent. Clients ask for and change a choice of properties: name and
 * times have to be among them, and in answers the other ones that a fingerprint is made of.
 */
static bool is_whole(const struct dav_objects *d, const struct object *o, enum dav_scope scope)
{
	if (scope == SCOPE_CUT)
		return false;
	if (o->kind == OBJECT_CARD)
		return o->summary.n > 0;
	if (!is_mentioned(d, ELEMENT_SUBJECT))
		return false;
	if (o->kind != OBJECT_EVENT)
		return true;
	bool timed = is_mentioned(d, ELEMENT_START) && is_mentioned(d, ELEMENT_END);
	bool single = slice_is(*text_of(d, ELEMENT_INSTANCE_TYPE), "0");
	bool ruled = is_mentioned(d, ELEMENT_RRULE) || single;
	return timed && (scope == SCOPE_REQUEST || (is_mentioned(d, ELEMENT_LOCATION) && ruled));
}

static void exchange_object(struct dav_objects *d, enum dav_scope scope)
{
	char recurrence_id[CIVIL_TEXT];
	struct object o = { 0 };
	if (!d->any || !kind_find(d, &o.kind))
		return;
	o.uid = *text_of(d, ELEMENT_UID);
	o.uids = o.uid.n > 0;
	o.summary = o.kind == OBJECT_CARD ? card_name(d) : *text_of(d, ELEMENT_SUBJECT);
	o.location = *text_of(d, ELEMENT_LOCATION);
	o.rrule = *text_of(d, ELEMENT_RRULE);
	o.organizer = address_of(*text_of(d, ELEMENT_ORGANIZER));
	o.method = *text_of(d, ELEMENT_METHOD);
	o.all_day = is_true(*text_of(d, ELEMENT_ALL_DAY));
	bool read = time_read(*text_of(d, ELEMENT_START), &o.start_ns);
	read = time_read(*text_of(d, ELEMENT_END), &o.end_ns) && read;
	series_fill(d, &o);
	o.recurrence_id = time_rewrite(o.recurrence_id, recurrence_id);
	o.whole = read && is_whole(d, &o, scope);
	d->object = object_make(d->env->arena, &o);
	d->no_room |= d->object == NULL;
}

bool dav_objects_end(struct dav_objects *d, enum dav_scope scope, const struct object **object)
{
	if (d->object == NULL)
		exchange_object(d, scope);
	*object = d->object;
	return !d->no_room;
}
