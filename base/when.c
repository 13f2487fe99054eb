/*
 * when.c - points in time as people write them, strictly read: always UTC, never a guess.
 */
#include "base/base.h"

#include <time.h>

enum { NANO_DIGITS = 9, LAST_YEAR = 2261 };

/* Exactly n digits. */
static bool take_digits(struct slice *s, size_t n, int *out)
{
	uint64_t value = 0;
	if (s->n < n || !slice_to_u64(slice_part(*s, 0, n), &value))
		return false;
	*out = (int)value;
	*s = slice_part(*s, n, s->n - n);
	return true;
}

static bool take_byte(struct slice *s, uint8_t byte)
{
	if (s->n == 0 || s->p[0] != byte)
		return false;
	*s = slice_part(*s, 1, s->n - 1);
	return true;
}

/* ".25": one to nine digits; nothing at all is 0. */
static bool take_fraction(struct slice *s, int64_t *ns)
{
	*ns = 0;
	if (!take_byte(s, '.'))
		return true;
	size_t n = 0;
	for (; n < s->n && n < NANO_DIGITS && s->p[n] >= '0' && s->p[n] <= '9'; n++)
		*ns = *ns * 10 + (s->p[n] - '0');
	*s = slice_part(*s, n, s->n - n);
	for (size_t i = n; i < NANO_DIGITS; i++)
		*ns *= 10;
	return n != 0;
}

static bool take_date(struct slice *s, struct tm *tm)
{
	bool shape = take_digits(s, 4, &tm->tm_year) && take_byte(s, '-') &&
	    take_digits(s, 2, &tm->tm_mon) && take_byte(s, '-') && take_digits(s, 2, &tm->tm_mday);
	tm->tm_year -= 1900;
	tm->tm_mon--;
	return shape;
}

static bool take_clock(struct slice *s, struct tm *tm)
{
	return take_digits(s, 2, &tm->tm_hour) && take_byte(s, ':') &&
	    take_digits(s, 2, &tm->tm_min) && take_byte(s, ':') && take_digits(s, 2, &tm->tm_sec) &&
	    tm->tm_hour < 24 && tm->tm_min < 60 && tm->tm_sec < 60;
}

/* timegm() mends the 30th of February; a date that it had to mend is none. */
static bool to_seconds(const struct tm *tm, int64_t *seconds)
{
	struct tm mended = *tm;
	*seconds = timegm(&mended);
	return mended.tm_mday == tm->tm_mday && mended.tm_mon == tm->tm_mon &&
	    tm->tm_year + 1900 >= 1970 && tm->tm_year + 1900 <= LAST_YEAR;
}

static bool parse_calendar(struct slice s, int64_t *ns)
{
	struct tm tm = { 0 };
	int64_t seconds = 0, fraction = 0;
	if (!take_date(&s, &tm))
		return false;
	if (s.n != 0) {
		bool clock = (take_byte(&s, 'T') || take_byte(&s, ' ')) && take_clock(&s, &tm) &&
		    take_fraction(&s, &fraction) && take_byte(&s, 'Z');
		if (!clock || s.n != 0)
			return false;
	}
	if (!to_seconds(&tm, &seconds))
		return false;
	*ns = seconds * 1000000000 + fraction;
	return true;
}

static bool parse_epoch(struct slice s, int64_t *ns)
{
	uint64_t seconds = 0;
	int64_t fraction = 0;
	size_t whole = slice_find_byte(s, '.');
	if (!slice_to_u64(slice_part(s, 0, whole), &seconds) ||
	    seconds > INT64_MAX / 1000000000 - 1)
		return false;
	struct slice rest = slice_part(s, whole, s.n - whole);
	if (!take_fraction(&rest, &fraction) || rest.n != 0)
		return false;
	*ns = (int64_t)seconds * 1000000000 + fraction;
	return true;
}

bool when_read(struct slice text, int64_t *ns)
{
	return parse_calendar(text, ns) || parse_epoch(text, ns);
}
