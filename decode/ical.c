/*
 * ical.c - scans an iCalendar stream (RFC 5545) as it arrives for the one thing asked of it: does it
 * have an ORGANIZER property? Lines are unfolded on the way (section 3.1); bare LF ends a line too.
 */
#include "decode/body.h"

#include <string.h>

static const char wanted[] = "ORGANIZER";

enum { WANTED = sizeof(wanted) - 1 };

struct ical {
	size_t matched; /* bytes of the name that this line has so far */
	bool other; /* this line is another property */
	bool carriage; /* the last byte was CR */
	bool line_end; /* the last byte was LF: a blank now continues the line */
	bool found;
	bool unreadable; /* a NUL: some encoding where absence cannot be told */
};

static void *ical_start(const struct body_env *env)
{
	return arena_alloc(env->arena, sizeof(struct ical));
}

static void ical_name_byte(struct ical *c, uint8_t byte)
{
	uint8_t upper = byte >= 'a' && byte <= 'z' ? (uint8_t)(byte - 'a' + 'A') : byte;
	if (c->carriage)
		c->other = true;
	else if (c->matched == WANTED && (byte == ':' || byte == ';'))
		c->found = true;
	else if (c->matched < WANTED && upper == (uint8_t)wanted[c->matched])
		c->matched++;
	else
		c->other = true;
}

/* True when the byte only continues a folded line. */
static bool ical_unfold(struct ical *c, uint8_t byte)
{
	c->line_end = false;
	if (byte == ' ' || byte == '\t')
		return true;
	c->matched = 0;
	c->other = false;
	return false;
}

static void ical_byte(struct ical *c, uint8_t byte)
{
	if (c->line_end && ical_unfold(c, byte))
		return;
	if (byte == '\n')
		c->line_end = true;
	else if (byte != '\r' && !c->other)
		ical_name_byte(c, byte);
	else if (byte == '\r' && c->carriage)
		c->other = true;
	c->carriage = byte == '\r';
}

static bool ical_data(void *ctx, struct slice in)
{
	struct ical *c = ctx;
	if (memchr(in.p, 0, in.n) != NULL)
		c->unreadable = true;
	while (in.n > 0 && !c->found) {
		if (c->other && !c->line_end) {
			size_t skip = slice_find_byte(in, '\n');
			in = slice_part(in, skip, in.n);
			if (in.n == 0)
				break;
		}
		ical_byte(c, in.p[0]);
		in = slice_part(in, 1, in.n);
	}
	return !c->found;
}

static void ical_end(void *ctx, bool whole, struct body *body)
{
	const struct ical *c = ctx;
	if (c->found)
		body->organizer = PRESENT;
	else if (whole && !c->unreadable)
		body->organizer = ABSENT;
}

static void ical_abandon(void *ctx)
{
	(void)ctx;
}

static const char *const ical_types[] = { "text/calendar", "application/ical", NULL };

const struct body_reader body_calendar = {
	.kind = BODY_CALENDAR,
	.media_types = ical_types,
	.start = ical_start,
	.data = ical_data,
	.end = ical_end,
	.abandon = ical_abandon,
};
