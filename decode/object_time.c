/*
 * object_time.c - reads the dates, times and durations of objects, strictly; see object_time.h.
 */
#include "decode/object_time.h"
#include "decode/object_make.h"

enum { NANO_DIGITS = 9, NANO = 1000000000, HOUR = 3600, MINUTE = 60, DURATION_DIGITS = 9 };

static bool take_byte(struct slice *s, uint8_t byte)
{
	if (s->n == 0 || s->p[0] != byte)
		return false;
	*s = slice_part(*s, 1, s->n);
	return true;
}

static bool take_number(struct slice *s, size_t digits, unsigned *out)
{
	uint64_t value = 0;
	if (s->n < digits || !slice_to_u64(slice_part(*s, 0, digits), &value))
		return false;
	*out = (unsigned)value;
	*s = slice_part(*s, digits, s->n);
	return true;
}

/* Howard Hinnant's count: years begin in March, so that the leap day is the last one. */
int64_t civil_days(int year, unsigned month, unsigned day)
{
	int64_t y = (int64_t)year - (month <= 2);
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t of_era = y - era * 400;
	int64_t of_year = (153 * ((int64_t)month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

struct civil_date civil_date_of(int64_t seconds)
{
	int64_t days = seconds / DAY_SECONDS - (seconds % DAY_SECONDS < 0);
	struct civil_date d = { (int)(1970 + days * 400 / 146097), 12, 1 };
	while (civil_days(d.year + 1, 1, 1) <= days)
		d.year++;
	while (civil_days(d.year, 1, 1) > days)
		d.year--;
	while (civil_days(d.year, d.month, 1) > days)
		d.month--;
	d.day = (unsigned)(days - civil_days(d.year, d.month, 1)) + 1;
	return d;
}

static unsigned month_days(unsigned year, unsigned month)
{
	static const uint8_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
	return days[month - 1] + (month == 2 && leap ? 1u : 0u);
}

/* "20060925", "2006-09-25" */
static bool take_date(struct slice *s, bool *extended, int64_t *seconds)
{
	unsigned year, month, day;
	if (!take_number(s, 4, &year))
		return false;
	*extended = take_byte(s, '-');
	if (!take_number(s, 2, &month) || (*extended && !take_byte(s, '-')) ||
	    !take_number(s, 2, &day))
		return false;
	if (month < 1 || month > 12 || day < 1 || day > month_days(year, month))
		return false;
	*seconds = civil_days((int)year, month, day) * DAY_SECONDS;
	return true;
}

/* ".000", ",5": what nanoseconds cannot hold is cut. */
static bool take_fraction(struct slice *s, int32_t *ns)
{
	size_t n = 0;
	*ns = 0;
	if (!take_byte(s, '.') && !take_byte(s, ','))
		return true;
	for (; n < s->n && s->p[n] >= '0' && s->p[n] <= '9'; n++)
		if (n < NANO_DIGITS)
			*ns = *ns * 10 + (s->p[n] - '0');
	for (size_t i = n; i < NANO_DIGITS; i++)
		*ns *= 10;
	*s = slice_part(*s, n, s->n);
	return n > 0;
}

/* A 60th second is the first one of the next minute. */
static bool take_clock(struct slice *s, struct civil *c)
{
	unsigned hour, minute, second;
	if (!take_number(s, 2, &hour))
		return false;
	bool extended = take_byte(s, ':');
	if (!take_number(s, 2, &minute) || (extended && !take_byte(s, ':')) ||
	    !take_number(s, 2, &second))
		return false;
	if (hour > 23 || minute > 59 || second > 60)
		return false;
	c->seconds += hour * HOUR + minute * MINUTE + second;
	return take_fraction(s, &c->ns);
}

/* "Z", "+02:00", "-0330", "+01", or nothing */
static bool take_zone(struct slice *s, struct civil *c)
{
	unsigned hours, minutes;
	if (take_byte(s, 'Z') || take_byte(s, 'z')) {
		c->utc = true;
		return true;
	}
	bool west = take_byte(s, '-');
	if (!west && !take_byte(s, '+'))
		return true;
	if (!take_number(s, 2, &hours))
		return false;
	if (!take_byte(s, ':') && s->n == 0)
		minutes = 0;
	else if (!take_number(s, 2, &minutes))
		return false;
	if (hours > 23 || minutes > 59)
		return false;
	int64_t offset = hours * HOUR + minutes * MINUTE;
	c->seconds -= west ? -offset : offset;
	c->utc = true;
	return true;
}

bool civil_read(struct slice text, struct civil *out)
{
	struct slice s = slice_trim(text);
	struct civil c = { 0 };
	bool extended;
	if (!take_date(&s, &extended, &c.seconds))
		return false;
	c.date = s.n == 0;
	if (!c.date && !take_byte(&s, 'T') && !take_byte(&s, 't') &&
	    !(extended && take_byte(&s, ' ')))
		return false;
	if (!c.date && (!take_clock(&s, &c) || !take_zone(&s, &c)))
		return false;
	*out = c;
	return s.n == 0;
}

bool civil_ns(int64_t seconds, int32_t ns, int64_t *out)
{
	/* One second less at both ends: OBJECT_NO_TIME lies there. */
	if (seconds >= INT64_MAX / NANO || seconds <= INT64_MIN / NANO)
		return false;
	*out = seconds * NANO + ns;
	return true;
}

static char *write_number(char *out, unsigned number, size_t digits)
{
	for (size_t i = digits; i-- > 0; number /= 10)
		out[i] = (char)('0' + number % 10);
	return out + digits;
}

size_t civil_write(const struct civil *c, char out[CIVIL_TEXT])
{
	struct civil_date d = civil_date_of(c->seconds);
	int64_t midnight = civil_days(d.year, d.month, d.day) * DAY_SECONDS;
	unsigned clock = (unsigned)(c->seconds - midnight);
	char *end = write_number(out, (unsigned)d.year, 4);
	end = write_number(end, d.month, 2);
	end = write_number(end, d.day, 2);
	if (c->date)
		return (size_t)(end - out);
	*end++ = 'T';
	end = write_number(end, clock / HOUR, 2);
	end = write_number(end, clock / MINUTE % 60, 2);
	end = write_number(end, clock % 60, 2);
	if (c->utc)
		*end++ = 'Z';
	return (size_t)(end - out);
}

bool object_time_read(struct slice text, int64_t *ns, bool *date)
{
	struct civil c;
	if (!civil_read(text, &c) || !(c.date || c.utc))
		return false;
	*date = c.date;
	return civil_ns(c.seconds, c.ns, ns);
}

static int64_t unit_seconds(uint8_t unit, bool of_day)
{
	switch (unit) {
	case 'W':
		return of_day ? 0 : 7 * DAY_SECONDS;
	case 'D':
		return of_day ? 0 : DAY_SECONDS;
	case 'H':
		return of_day ? HOUR : 0;
	case 'M':
		return of_day ? MINUTE : 0;
	case 'S':
		return of_day ? 1 : 0;
	default:
		return 0;
	}
}

static bool take_span(struct slice *s, bool of_day, int64_t *sum)
{
	size_t n = 0;
	while (n < s->n && s->p[n] >= '0' && s->p[n] <= '9')
		n++;
	uint64_t count;
	if (n == s->n || n > DURATION_DIGITS || !slice_to_u64(slice_part(*s, 0, n), &count))
		return false;
	int64_t unit = unit_seconds(s->p[n], of_day);
	*sum += (int64_t)count * unit;
	*s = slice_part(*s, n + 1, s->n);
	return unit != 0;
}

bool civil_span(struct slice text, int64_t *seconds)
{
	struct slice s = slice_trim(text);
	bool negative = take_byte(&s, '-');
	bool of_day = false;
	int64_t sum = 0;
	if (!negative)
		(void)take_byte(&s, '+');
	if (!take_byte(&s, 'P') || s.n == 0)
		return false;
	for (unsigned spans = 0; s.n > 0; spans++) {
		if (!of_day)
			of_day = take_byte(&s, 'T');
		if (spans > 5 || !take_span(&s, of_day, &sum))
			return false;
	}
	*seconds = negative ? -sum : sum;
	return true;
}
