/* Any bytes as iCalendar, vCard or MIME (by the first byte): the same object in one piece and in many, in bounded memory. */
#include "decode/body.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

enum { BUDGET = 8 << 20, ENOUGH = 2 << 20 };

static void told(void *ctx, enum anomaly_code code, uint64_t value)
{
	(void)ctx;
	(void)code;
	(void)value;
}

static struct body read_body(const struct body_reader *reader, struct slice in, size_t step,
    bool whole, struct arena *arena)
{
	struct limits limits = limits_default();
	const struct body_env env = { .limits = &limits, .arena = arena, .sink = { told, NULL } };
	struct body body = { 0 };
	void *reading = reader->start(&env);
	ensure(reading != NULL, NULL);
	while (in.n > 0) {
		(void)reader->data(reading, slice_part(in, 0, step));
		in = slice_part(in, step, in.n);
	}
	reader->end(reading, whole, &body);
	return body;
}

static void check_text(struct slice s)
{
	ensure(s.n <= OBJECT_TEXT, NULL);
	ensure(s.n == 0 || s.p != NULL, NULL);
}

static void check_object(const struct object *o, bool whole)
{
	const struct slice texts[] = { o->uid, o->recurrence_id, o->summary, o->location, o->rrule,
		o->organizer, o->method };
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		check_text(texts[i]);
	ensure(o->uids <= 2 && (o->uids > 0 || o->uid.n == 0), NULL);
	ensure((o->recurrence_id.n == 0) || o->overrides > 0, NULL);
	ensure(o->whole || o->fingerprint == 0, NULL);
	ensure(whole || !o->whole, NULL);
	ensure((o->octets != 0) == (o->text != 0), NULL);
}

static void check_same(const struct object *a, const struct object *b)
{
	ensure((a == NULL) == (b == NULL), NULL);
	if (a == NULL)
		return;
	ensure(slice_equal(a->uid, b->uid) && slice_equal(a->summary, b->summary), NULL);
	ensure(slice_equal(a->location, b->location) && slice_equal(a->rrule, b->rrule), NULL);
	ensure(slice_equal(a->organizer, b->organizer) && slice_equal(a->method, b->method), NULL);
	ensure(slice_equal(a->recurrence_id, b->recurrence_id), NULL);
	ensure(a->kind == b->kind && a->whole == b->whole && a->master == b->master, NULL);
	ensure(a->start_ns == b->start_ns && a->end_ns == b->end_ns, NULL);
	ensure(a->fingerprint == b->fingerprint && a->octets == b->octets, NULL);
	ensure(a->text == b->text && a->lines == b->lines && a->settled == b->settled, NULL);
	ensure(a->overrides == b->overrides && a->uids == b->uids, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const struct body_reader *const readers[] = { &body_calendar, &body_vcard,
		&body_mime };
	if (n == 0)
		return 0;
	/* "0", "1", "2" choose the reader; "@" and above say that more was sent, which a MIME part may not need. */
	const struct body_reader *reader = readers[(data[0] & 0x0f) % 3];
	bool whole = (data[0] & 0x40) == 0 || reader == &body_mime;
	struct slice in = slice_part((struct slice){ data, n }, 1, n);
	struct arena *arena = arena_new(BUDGET), *other = arena_new(BUDGET);
	ensure(arena != NULL && other != NULL, NULL);
	struct body one = read_body(reader, in, SIZE_MAX, whole, arena);
	struct body many = read_body(reader, in, 1 + (data[0] >> 4) % 7, whole, other);
	if (one.object != NULL)
		check_object(one.object, whole);
	check_same(one.object, many.object);
	ensure(one.organizer == many.organizer, NULL);
	ensure(arena_used(arena) < ENOUGH && arena_used(other) < ENOUGH, NULL);
	arena_free(arena);
	arena_free(other);
	return 0;
}
