/*
 * limits.c - the numbers of limits.def by name: defaults, setting one by hand, and the check that
 * together they leave room for each other.
 */
#include "base/base.h"

#include <inttypes.h>
#include <string.h>

/* So that neither sums of limits nor seconds told in nanoseconds can overflow 63 bits. */
#define LARGEST_BYTES (UINT64_C(1) << 40)
#define LARGEST_OTHER (UINT64_C(1) << 30)

enum { NAME_MAX_LENGTH = 31, TYPO_DISTANCE = 2 };

static const struct limit_info infos[] = {
#define LIMIT(name, value, unit, text) { #name, value, unit, text },
#include "limits.def"
#undef LIMIT
};

static const size_t places[] = {
#define LIMIT(name, value, unit, text) offsetof(struct limits, name),
#include "limits.def"
#undef LIMIT
};

enum { LIMITS = sizeof(infos) / sizeof(infos[0]) };

const struct limit_info *limits_table(size_t *n)
{
	*n = LIMITS;
	return infos;
}

struct limits limits_default(void)
{
	return (struct limits){
#define LIMIT(name, value, unit, text) .name = value,
#include "limits.def"
#undef LIMIT
	};
}

static uint64_t limit_get(const struct limits *l, size_t i)
{
	uint64_t value;
	memcpy(&value, (const uint8_t *)l + places[i], sizeof(value));
	return value;
}

static void limit_put(struct limits *l, size_t i, uint64_t value)
{
	memcpy((uint8_t *)l + places[i], &value, sizeof(value));
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Letters to insert, drop or change to make one name the other (Levenshtein, one row kept). */
static size_t name_distance(struct slice a, struct slice b)
{
	size_t row[NAME_MAX_LENGTH + 1];
	for (size_t j = 0; j <= b.n; j++)
		row[j] = j;
	for (size_t i = 0; i < a.n; i++) {
		size_t diagonal = row[0];
		row[0] = i + 1;
		for (size_t j = 0; j < b.n; j++) {
			size_t changed = diagonal + (a.p[i] != b.p[j]);
			diagonal = row[j + 1];
			row[j + 1] = least(changed, least(row[j], row[j + 1]) + 1);
		}
	}
	return row[b.n];
}

static bool unknown_limit(struct slice name, struct error *e)
{
	if (name.n > NAME_MAX_LENGTH)
		return error_set(e, "no limit has so long a name");
	const char *best = NULL;
	size_t best_distance = TYPO_DISTANCE + 1;
	for (size_t i = 0; i < LIMITS; i++) {
		struct slice candidate = slice_from(infos[i].name);
		size_t distance = name_distance(name, candidate);
		if (distance < best_distance) {
			best = infos[i].name;
			best_distance = distance;
		}
	}
	int n = (int)name.n;
	const char *text = (const char *)name.p;
	if (best != NULL)
		return error_set(e, "no limit \"%.*s\"; did you mean \"%s\"?", n, text, best);
	return error_set(e, "no limit \"%.*s\"; see --list limits", n, text);
}

static size_t limit_find(struct slice name)
{
	for (size_t i = 0; i < LIMITS; i++)
		if (slice_equal(name, slice_from(infos[i].name)))
			return i;
	return LIMITS;
}

static unsigned suffix_shift(uint8_t suffix)
{
	switch (suffix) {
	case 'K':
	case 'k':
		return 10;
	case 'M':
	case 'm':
		return 20;
	case 'G':
	case 'g':
		return 30;
	default:
		return 0;
	}
}

static bool value_parse(struct slice text, uint64_t *value)
{
	unsigned shift = text.n == 0 ? 0 : suffix_shift(text.p[text.n - 1]);
	if (shift != 0)
		text.n--;
	if (!slice_to_u64(text, value) || *value > UINT64_MAX >> shift)
		return false;
	*value <<= shift;
	return true;
}

static uint64_t largest_value(const struct limit_info *info)
{
	return strcmp(info->unit, "bytes") == 0 ? LARGEST_BYTES : LARGEST_OTHER;
}

bool limits_set(struct limits *l, const char *name_value, struct error *e)
{
	struct slice whole = slice_from(name_value);
	size_t equals = slice_find_byte(whole, '=');
	if (equals == whole.n)
		return error_set(e, "a limit is set as name=value");
	size_t i = limit_find(slice_part(whole, 0, equals));
	if (i == LIMITS)
		return unknown_limit(slice_part(whole, 0, equals), e);
	uint64_t value = 0;
	if (!value_parse(slice_part(whole, equals + 1, SIZE_MAX), &value))
		return error_set(e, "limit %s: not a number, with K, M or G behind it or without",
		    infos[i].name);
	if (value > largest_value(&infos[i]))
		return error_set(e, "limit %s: at most %" PRIu64 " %s", infos[i].name,
		    largest_value(&infos[i]), infos[i].unit);
	limit_put(l, i, value);
	return true;
}

/* Where zero is an answer: keep none, do not wait. Elsewhere it would forbid the work. */
static bool zero_makes_sense(size_t i)
{
	static const char *const names[] = { "packet_keep", "copy_packets", "copy_ms",
		"history_bytes", "prop_value", "items", "gap_packets", "gap_seconds",
		"held_packets", "scopes", "credentials", "scrub_marks", "scrub_pack" };
	for (size_t k = 0; k < sizeof(names) / sizeof(names[0]); k++)
		if (strcmp(names[k], infos[i].name) == 0)
			return true;
	return false;
}

/* `small` must fit `share` times into `large`. */
struct relation {
	const char *small_name, *large_name;
	uint64_t small, large, share;
};

static bool relation_holds(const struct relation *r, struct error *e)
{
	if (r->small <= r->large / r->share)
		return true;
	if (r->share == 1)
		return error_set(e, "limit %s=%" PRIu64 " must not be more than %s=%" PRIu64,
		    r->small_name, r->small, r->large_name, r->large);
	return error_set(e,
	    "limit %s=%" PRIu64 " must not be more than 1/%" PRIu64 " of %s=%" PRIu64,
	    r->small_name, r->small, r->share, r->large_name, r->large);
}

#define WITHIN(small, large, share) #small, #large, l->small, l->large, share

bool limits_check(const struct limits *l, struct error *e)
{
	for (size_t i = 0; i < LIMITS; i++)
		if (limit_get(l, i) == 0 && !zero_makes_sense(i))
			return error_set(e, "limit %s must not be 0", infos[i].name);
	/* Each of the 64 shards has an equal part of what all flows share. */
	const struct relation relations[] = {
		{ WITHIN(snaplen, file_block, 1) },
		{ WITHIN(frag_pieces, frag_bytes, 1) },
		{ WITHIN(ooo_bytes, reassembly_bytes, 64) },
		{ WITHIN(ooo_bytes, tcp_window, 1) },
		{ WITHIN(method, target, 1) },
		{ WITHIN(target, header_bytes, 1) },
		{ WITHIN(header_value, header_bytes, 1) },
		{ WITHIN(headers, header_bytes, 1) },
		{ WITHIN(header_bytes, txn_bytes, 1) },
		{ WITHIN(prop_value, xml_text, 1) },
		{ WITHIN(prop_value, txn_bytes, 1) },
		{ WITHIN(xml_token, xml_bytes, 1) },
		{ WITHIN(ical_line, txn_bytes, 1) },
		{ WITHIN(txn_bytes, txn_total, 64) },
		{ WITHIN(gap_seconds, doubt_seconds, 1) },
		{ WITHIN(scrub_body, scrub_held, 2) },
	};
	for (size_t i = 0; i < sizeof(relations) / sizeof(relations[0]); i++)
		if (!relation_holds(&relations[i], e))
			return false;
	if (l->flows < 64)
		return error_set(e, "limit flows must be at least 64, one a shard");
	return true;
}
