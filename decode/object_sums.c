/*
 * object_sums.c - hashes of an object's text without the kind of line ends, of its lines in any
 * order, and of those without what a scheduling server may change by itself (RFC 6638 3.2, 7.2);
 * see object_sums.h.
 */
#include "decode/object_sums.h"

/* ---- text ---- */

static bool is_blank(uint8_t byte)
{
	return byte == ' ' || byte == '\t';
}

static void text_bytes(struct object_sums *s, struct slice in)
{
	while (!s->begun && in.n > 0 && is_blank(in.p[0]))
		in = slice_part(in, 1, in.n);
	if (in.n == 0)
		return;
	s->begun = true;
	s->carriage = false;
	size_t n = in.n;
	while (n > 0 && is_blank(in.p[n - 1]))
		n--;
	if (n > 0) {
		hash_add(&s->run, slice_part(in, 0, n));
		s->text = s->run;
	}
	hash_add(&s->run, slice_part(in, n, in.n));
}

/* XML makes one LF of CR LF and of a CR alone (XML 1.0 2.11). */
static void text_break(struct object_sums *s, uint8_t byte)
{
	if (s->begun && !(byte == '\n' && s->carriage))
		hash_add(&s->run, SLICE("\n"));
	s->carriage = byte == '\r';
}

static void text_line(struct object_sums *s, struct slice in)
{
	while (in.n > 0) {
		size_t n = slice_find_byte(in, '\r');
		text_bytes(s, slice_part(in, 0, n));
		if (n < in.n)
			text_break(s, '\r');
		in = slice_part(in, n + 1, in.n);
	}
}

void object_sums_data(struct object_sums *s, struct slice in)
{
	while (in.n > 0) {
		size_t n = slice_find_byte(in, '\n');
		text_line(s, slice_part(in, 0, n));
		if (n < in.n)
			text_break(s, '\n');
		in = slice_part(in, n + 1, in.n);
	}
}

uint64_t object_sums_text(const struct object_sums *s)
{
	return hash_sum(&s->text);
}

/* ---- lines ---- */

static bool is_bookkeeping(struct slice name)
{
	static const struct {
		size_t n;
		const char *name;
	} names[] = {
		{ 7, "DTSTAMP" },
		{ 7, "CREATED" },
		{ 8, "SEQUENCE" },
		{ 13, "LAST-MODIFIED" },
		{ 14, "REQUEST-STATUS" },
	};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (name.n == names[i].n && slice_is_nocase(name, names[i].name))
			return true;
	return false;
}

static bool is_calendar_user(struct slice name)
{
	return (name.n == 8 && slice_is_nocase(name, "ATTENDEE")) ||
	    (name.n == 9 && slice_is_nocase(name, "ORGANIZER"));
}

static bool is_server_param(struct slice name)
{
	return slice_is_nocase(name, "PARTSTAT") || slice_is_nocase(name, "SCHEDULE-STATUS");
}

/* Their parameters in any order, with quotes or without: servers write them anew. */
static void user_sums(const struct property *p, uint64_t *all, uint64_t *settled)
{
	struct slice params = p->params, name, value, whole;
	struct hash_run h = { 0 };
	hash_add(&h, p->name);
	hash_add(&h, SLICE(":"));
	hash_add(&h, p->value);
	*all = *settled = hash_sum(&h);
	while (param_next(&params, &name, &value, &whole)) {
		struct hash_run one = { 0 };
		hash_add(&one, name);
		hash_add(&one, SLICE("="));
		hash_add(&one, value);
		uint64_t sum = hash_sum(&one);
		*all += sum;
		*settled += is_server_param(name) ? 0 : sum;
	}
}

void object_sums_line(struct object_sums *s, const struct content_line *line,
    const struct property *p)
{
	uint64_t all = line->sum, settled = all;
	if (is_calendar_user(p->name) && !line->cut)
		user_sums(p, &all, &settled);
	s->lines += all;
	if (!is_bookkeeping(p->name))
		s->settled += settled;
}
