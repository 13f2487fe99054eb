/* The words of one line of a .talk: numbers, lists, times and addresses. */
#include "tests/tool/words.h"

#include <arpa/inet.h>
#include <string.h>

bool words_split(struct slice line, struct words *out)
{
	*out = (struct words){ 0 };
	struct slice left = slice_trim(line);
	while (left.n > 0) {
		if (out->n == WORDS_MAX)
			return false;
		size_t end = 0;
		while (end < left.n && left.p[end] != ' ' && left.p[end] != '\t')
			end++;
		out->v[out->n++] = slice_part(left, 0, end);
		left = slice_trim(slice_part(left, end, left.n));
		if (out->n == 1)
			out->rest = left;
	}
	return true;
}

bool word_is(struct slice word, const char *text)
{
	return slice_equal(word, slice_from(text));
}

bool word_size(struct slice word, size_t *out)
{
	uint64_t v;
	if (!slice_to_u64(word, &v) || v > 1u << 30)
		return false;
	*out = (size_t)v;
	return true;
}

bool word_u32(struct slice word, uint32_t *out)
{
	uint64_t v;
	if (!slice_to_u64(word, &v) || v > UINT32_MAX)
		return false;
	*out = (uint32_t)v;
	return true;
}

bool word_list(struct slice word, struct list *out)
{
	out->n = 0;
	while (out->n < LIST_MAX) {
		size_t comma = slice_find_byte(word, ',');
		if (!word_size(slice_part(word, 0, comma), &out->v[out->n++]))
			return false;
		if (comma == word.n)
			return true;
		word = slice_part(word, comma + 1, word.n);
	}
	return false;
}

bool list_has(const struct list *l, size_t number)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->v[i] == number)
			return true;
	return false;
}

bool word_duration(struct slice word, int64_t *ns)
{
	static const struct {
		const char *name;
		int64_t ns;
	} units[] = {
		{ "ns", 1 },
		{ "us", 1000 },
		{ "ms", 1000000 },
		{ "s", 1000000000 },
		{ "m", 60000000000 },
		{ "h", 3600000000000 },
	};
	size_t digits = 0;
	while (digits < word.n && word.p[digits] >= '0' && word.p[digits] <= '9')
		digits++;
	uint64_t v;
	if (!slice_to_u64(slice_part(word, 0, digits), &v) || v > 1000000000)
		return false;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (word_is(slice_part(word, digits, word.n), units[i].name)) {
			*ns = (int64_t)v * units[i].ns;
			return true;
		}
	}
	return false;
}

/* Days since 1970-01-01 in the proleptic Gregorian calendar. */
static int64_t days_from_date(int64_t year, int64_t month, int64_t day)
{
	static const int before[] = { 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334 };
	int64_t y = year - 1;
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
	int64_t days = y * 365 + y / 4 - y / 100 + y / 400 - 719162;
	return days + before[month - 1] + (leap && month > 2) + day - 1;
}

static bool time_part(struct slice word, size_t at, size_t n, int64_t low, int64_t high,
    int64_t *out)
{
	uint64_t v;
	if (!slice_to_u64(slice_part(word, at, n), &v) || (int64_t)v < low || (int64_t)v > high)
		return false;
	*out = (int64_t)v;
	return true;
}

static bool time_fraction(struct slice digits, int64_t *ns)
{
	*ns = 0;
	int64_t scale = 100000000;
	for (size_t i = 0; i < digits.n; i++, scale /= 10) {
		if (i == 9 || digits.p[i] < '0' || digits.p[i] > '9')
			return false;
		*ns += (digits.p[i] - '0') * scale;
	}
	return true;
}

bool word_time(struct slice word, int64_t *ns)
{
	static const char shape[] = "0000-00-00T00:00:00";
	if (word.n < sizeof(shape) || word.p[word.n - 1] != 'Z')
		return false;
	for (size_t i = 0; i < sizeof(shape) - 1; i++)
		if (shape[i] != '0' && word.p[i] != (uint8_t)shape[i])
			return false;
	int64_t year, month, day, hour, minute, second, fraction = 0;
	if (!time_part(word, 0, 4, 1970, 2200, &year) || !time_part(word, 5, 2, 1, 12, &month) ||
	    !time_part(word, 8, 2, 1, 31, &day) || !time_part(word, 11, 2, 0, 23, &hour) ||
	    !time_part(word, 14, 2, 0, 59, &minute) || !time_part(word, 17, 2, 0, 60, &second))
		return false;
	if (word.n > sizeof(shape)) {
		struct slice digits = slice_part(word, sizeof(shape), word.n - sizeof(shape) - 1);
		if (word.p[sizeof(shape) - 1] != '.' || !time_fraction(digits, &fraction))
			return false;
	}
	int64_t seconds = days_from_date(year, month, day) * 86400 + hour * 3600 + minute * 60 +
	    second;
	*ns = seconds * 1000000000 + fraction;
	return true;
}

bool word_address(struct slice word, struct talk_address *out)
{
	*out = (struct talk_address){ 0 };
	bool six = word.n > 0 && word.p[0] == '[';
	size_t end = slice_find_byte(word, six ? ']' : ':');
	struct slice host = slice_part(word, six, end - six);
	struct slice port = slice_part(word, end + (six ? 2 : 1), word.n);
	char text[64];
	uint32_t number;
	if (end >= word.n || host.n >= sizeof(text) || !word_u32(port, &number) || number > 65535)
		return false;
	if (six && (end + 1 >= word.n || word.p[end + 1] != ':'))
		return false;
	memcpy(text, host.p, host.n);
	text[host.n] = '\0';
	out->family = six ? 6 : 4;
	out->port = (uint16_t)number;
	return inet_pton(six ? AF_INET6 : AF_INET, text, out->bytes) == 1;
}
