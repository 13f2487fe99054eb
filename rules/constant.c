/*
 * constant.c - plain text to typed values: numbers, durations, addresses, times, versions.
 */
#include "rules/condition.h"

#include <arpa/inet.h>
#include <string.h>

static const int64_t ns_in_ms = 1000000, ns_in_second = 1000000000;

/* The digits behind the point, of a unit of so many nanoseconds; finer than those it cannot be. */
static bool read_fraction(struct slice digits, int64_t unit, int64_t *ns)
{
	*ns = 0;
	for (size_t i = 0; i < digits.n; i++) {
		if (unit % 10 != 0)
			return false;
		unit /= 10;
		*ns += unit * (digits.p[i] - '0');
	}
	return true;
}

static size_t count_digits(struct slice text)
{
	size_t n = 0;
	while (n < text.n && text.p[n] >= '0' && text.p[n] <= '9')
		n++;
	return n;
}

/* Takes digits, and behind a point more of them. */
static bool take_decimal(struct slice *text, uint64_t *whole, struct slice *fraction)
{
	size_t n = count_digits(*text);
	if (!slice_to_u64(slice_part(*text, 0, n), whole))
		return false;
	*text = slice_part(*text, n, text->n);
	*fraction = slice_part(*text, 0, 0);
	if (text->n == 0 || text->p[0] != '.')
		return true;
	*text = slice_part(*text, 1, text->n);
	n = count_digits(*text);
	*fraction = slice_part(*text, 0, n);
	*text = slice_part(*text, n, text->n);
	return n != 0;
}

bool duration_read(struct slice text, int64_t *ns)
{
	const struct {
		const char *name;
		int64_t ns;
	} units[] = {
		{ "ms", ns_in_ms },
		{ "s", ns_in_second },
		{ "m", 60 * ns_in_second },
		{ "h", 3600 * ns_in_second },
		{ "d", 86400 * ns_in_second },
	};
	bool negative = text.n != 0 && text.p[0] == '-';
	struct slice unit = slice_part(text, negative, text.n), fraction;
	uint64_t value;
	int64_t part;
	if (!take_decimal(&unit, &value, &fraction))
		return false;
	for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
		if (!slice_is(unit, units[i].name))
			continue;
		if (value > (uint64_t)(INT64_MAX / units[i].ns) ||
		    !read_fraction(fraction, units[i].ns, &part) ||
		    (int64_t)value * units[i].ns > INT64_MAX - part)
			return false;
		*ns = ((int64_t)value * units[i].ns + part) * (negative ? -1 : 1);
		return true;
	}
	return false;
}

static bool read_int(struct slice text, int64_t *out)
{
	uint64_t value;
	bool negative = text.n != 0 && text.p[0] == '-';
	if (!slice_to_u64(slice_part(text, negative, text.n), &value) || value > INT64_MAX)
		return false;
	*out = negative ? -(int64_t)value : (int64_t)value;
	return true;
}

static bool read_bool(struct slice text, int64_t *out)
{
	*out = slice_is(text, "true");
	return *out || slice_is(text, "false");
}

static bool read_ip(struct slice text, struct arena *arena, const struct endpoint **out)
{
	char name[INET6_ADDRSTRLEN];
	struct endpoint *ip = arena_alloc(arena, sizeof *ip);
	if (ip == NULL || text.n == 0 || text.n >= sizeof name)
		return false;
	memcpy(name, text.p, text.n);
	name[text.n] = '\0';
	*out = ip;
	ip->family = 4;
	if (strlen(name) == text.n && inet_pton(AF_INET, name, ip->address) == 1)
		return true;
	ip->family = 6;
	return strlen(name) == text.n && inet_pton(AF_INET6, name, ip->address) == 1;
}

bool constant_read(enum field_type type, struct slice text, struct arena *arena, struct value *out)
{
	bool valid;
	*out = (struct value){ .text = text };
	switch (type) {
	case FIELD_BOOL:
		return read_bool(text, &out->number);
	case FIELD_INT:
		return read_int(text, &out->number);
	case FIELD_DURATION:
		return duration_read(text, &out->number);
	case FIELD_TIME:
		return when_read(text, &out->number);
	case FIELD_IP:
		return read_ip(text, arena, &out->ip);
	case FIELD_VERSION:
		version_compare(text, text, &valid);
		return valid && arena_copy(arena, text, &out->text);
	case FIELD_GROUP:
		return false;
	default:
		return arena_copy(arena, text, &out->text);
	}
}

/* ---- versions ---- */

/* Takes one number and the dot behind it; leading zeros do not count. An end reads as 0. */
static bool take_part(struct slice *s, struct slice *part)
{
	size_t n = 0, zeros = 0;
	while (n < s->n && s->p[n] >= '0' && s->p[n] <= '9')
		n++;
	bool dot = n < s->n;
	if (n == 0 || (dot && (s->p[n] != '.' || n + 1 == s->n)))
		return false;
	while (zeros < n && s->p[zeros] == '0')
		zeros++;
	*part = slice_part(*s, zeros, n - zeros);
	*s = slice_part(*s, n + dot, s->n);
	return true;
}

static int part_compare(struct slice a, struct slice b)
{
	if (a.n != b.n)
		return a.n < b.n ? -1 : 1;
	return a.n != 0 ? memcmp(a.p, b.p, a.n) : 0;
}

int version_compare(struct slice a, struct slice b, bool *valid)
{
	int order = 0;
	*valid = a.n != 0 && b.n != 0;
	while (*valid && (a.n != 0 || b.n != 0)) {
		struct slice left = { 0 }, right = { 0 };
		*valid = (a.n == 0 || take_part(&a, &left)) && (b.n == 0 || take_part(&b, &right));
		if (order == 0)
			order = part_compare(left, right);
	}
	return order;
}
