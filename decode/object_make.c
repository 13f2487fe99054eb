/*
 * object_make.c - from a draft to an object that stays: texts cut and copied, the fingerprint computed.
 * See object_make.h; what counts in a fingerprint is what people see of an object.
 */
#include "decode/object_make.h"
#include "decode/object_time.h"

#define NANO INT64_C(1000000000)
#define DAY_NS (DAY_SECONDS * NANO)

/*
 * An all-day object in UTC begins at some midnight between 13 hours ahead of UTC and 10 behind: its
 * date is that of the instant 13 hours later.
 */
#define DATE_SHIFT (13 * 3600 * NANO)

static bool is_blank(uint8_t byte)
{
	return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

/* ---- the fingerprint ---- */

/* A tag ahead and a byte that no UTF-8 has behind, so that fields cannot run into each other. */
static void field_open(struct hash_run *h, char tag)
{
	hash_add(h, (struct slice){ (const uint8_t *)&tag, 1 });
}

static void field_close(struct hash_run *h)
{
	hash_add(h, SLICE("\xff"));
}

static void field_number(struct hash_run *h, char tag, uint64_t number)
{
	uint8_t bytes[8];
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(number >> 8 * i);
	field_open(h, tag);
	hash_add(h, (struct slice){ bytes, sizeof(bytes) });
}

static struct slice take_word(struct slice *s)
{
	size_t start = 0;
	while (start < s->n && is_blank(s->p[start]))
		start++;
	size_t end = start;
	while (end < s->n && !is_blank(s->p[end]))
		end++;
	struct slice word = slice_part(*s, start, end - start);
	*s = slice_part(*s, end, s->n);
	return word;
}

static void field_text(struct hash_run *h, char tag, struct slice s)
{
	struct slice word = take_word(&s);
	if (word.n == 0)
		return;
	field_open(h, tag);
	for (; word.n > 0; word = take_word(&s)) {
		hash_add(h, word);
		field_close(h);
	}
}

static bool has_text(struct slice s)
{
	return take_word(&s).n > 0;
}

static void add_upper(struct hash_run *h, struct slice s)
{
	for (size_t i = 0; i < s.n; i++) {
		uint8_t upper = s.p[i] >= 'a' && s.p[i] <= 'z' ? s.p[i] & 0xdf : s.p[i];
		hash_add(h, (struct slice){ &upper, 1 });
	}
	field_close(h);
}

static struct slice take_until(struct slice *s, uint8_t byte)
{
	size_t end = slice_find_byte(*s, byte);
	struct slice part = slice_part(*s, 0, end);
	*s = end < s->n ? slice_part(*s, end + 1, s->n) : (struct slice){ NULL, 0 };
	while (part.n > 0 && is_blank(part.p[0]))
		part = slice_part(part, 1, part.n);
	while (part.n > 0 && is_blank(part.p[part.n - 1]))
		part.n--;
	return part;
}

static struct slice date_of(struct slice value)
{
	size_t time = slice_find_byte(value, 'T');
	return slice_part(value, 0, time < value.n ? time : slice_find_byte(value, 't'));
}

/* "BYDAY=MO,WE" counts as two, whatever their order. */
static uint64_t rule_part(struct slice part)
{
	struct slice name = take_until(&part, '=');
	uint64_t sum = 0;
	bool unsaid = name.n == 0 || slice_is_nocase(name, "WKST") ||
	    (slice_is_nocase(name, "INTERVAL") && slice_is(slice_trim(part), "1"));
	if (unsaid)
		return 0;
	if (slice_is_nocase(name, "UNTIL"))
		part = date_of(part);
	do {
		struct hash_run h = { 0 };
		add_upper(&h, name);
		add_upper(&h, take_until(&part, ','));
		sum += hash_sum(&h);
	} while (part.n > 0);
	return sum;
}

static uint64_t rule_sum(struct slice rule)
{
	uint64_t sum = 0;
	if (slice_starts_nocase(rule, SLICE("RRULE:")))
		rule = slice_part(rule, 6, rule.n);
	while (rule.n > 0)
		sum += rule_part(take_until(&rule, ';'));
	return sum;
}

static int64_t date_number(int64_t ns)
{
	int64_t shifted = ns < INT64_MAX - DATE_SHIFT ? ns + DATE_SHIFT : ns;
	return shifted / DAY_NS - (shifted % DAY_NS < 0);
}

struct instant {
	int64_t ns;
	bool local; /* `clock` is all that is known of it */
	int64_t clock;
};

static void field_time(struct hash_run *h, char tag, const struct object *o, struct instant t)
{
	if (t.local && o->all_day)
		field_number(h, tag,
		    (uint64_t)(t.clock / DAY_SECONDS - (t.clock % DAY_SECONDS < 0)));
	else if (t.local)
		field_number(h, (char)(tag | 0x20), (uint64_t)t.clock);
	else if (t.ns == OBJECT_NO_TIME)
		return;
	else if (o->all_day)
		field_number(h, tag, (uint64_t)date_number(t.ns));
	else if (o->floating)
		field_number(h, (char)(tag | 0x20), (uint64_t)(t.ns / NANO));
	else
		field_number(h, tag, (uint64_t)t.ns);
}

static bool is_enough(const struct object *o, struct instant start)
{
	bool dated = start.local || start.ns != OBJECT_NO_TIME;
	if (!o->whole)
		return false;
	return o->kind == OBJECT_EVENT ? dated : has_text(o->summary);
}

static uint64_t fingerprint_of(const struct object *o, const struct object_more *more)
{
	struct instant start = { o->start_ns, more->has_start, more->start };
	struct instant end = { o->end_ns, more->has_end, more->end };
	struct hash_run h = { 0 };
	if (!is_enough(o, start))
		return 0;
	field_number(&h, 'K', (uint64_t)o->kind << 1 | (o->all_day ? 1 : 0));
	field_text(&h, 'S', o->summary);
	field_time(&h, 'B', o, start);
	field_time(&h, 'E', o, end);
	field_text(&h, 'L', o->location);
	field_number(&h, 'R', rule_sum(o->rrule));
	field_number(&h, 'C', more->contacts);
	return hash_sum(&h);
}

/* ---- the object ---- */

/* RFC 5545 3.6.1: without an end an event is over at once, or at the end of its day. */
static void end_default(struct object *o, struct object_more *more)
{
	bool missing = o->end_ns == OBJECT_NO_TIME && !more->has_end;
	if (o->kind != OBJECT_EVENT || !missing || !o->whole)
		return;
	if (more->has_start) {
		more->has_end = true;
		more->end = more->start + (o->all_day ? DAY_SECONDS : 0);
	} else if (o->start_ns != OBJECT_NO_TIME && o->start_ns <= INT64_MAX - DAY_NS) {
		o->end_ns = o->start_ns + (o->all_day ? DAY_NS : 0);
	}
}

/* Half a character is not left behind. */
static bool text_copy(struct arena *arena, struct slice *text)
{
	size_t n = text->n;
	if (n > OBJECT_TEXT) {
		n = OBJECT_TEXT;
		while (n > OBJECT_TEXT - 4 && (text->p[n] & 0xc0) == 0x80)
			n--;
	}
	return arena_copy(arena, slice_part(*text, 0, n), text);
}

const struct object *object_make_with(struct arena *arena, const struct object *draft,
    const struct object_more *given)
{
	struct object *o = arena_alloc(arena, sizeof(*o));
	struct object_more more = *given;
	if (o == NULL)
		return NULL;
	*o = *draft;
	end_default(o, &more);
	o->fingerprint = fingerprint_of(o, &more);
	bool kept = text_copy(arena, &o->uid) && text_copy(arena, &o->recurrence_id) &&
	    text_copy(arena, &o->summary) && text_copy(arena, &o->location) &&
	    text_copy(arena, &o->rrule) && text_copy(arena, &o->organizer) &&
	    text_copy(arena, &o->method);
	return kept ? o : NULL;
}

const struct object *object_make(struct arena *arena, const struct object *draft)
{
	return object_make_with(arena, draft, &(struct object_more){ 0 });
}
