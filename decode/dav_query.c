/*
 * dav_query.c - tells queries that list or return a part of what is there; see dav_query.h.
 */
#include "decode/dav_query.h"

bool query_is_partial(struct dav_name child)
{
	static const char *const names[] = { "comp", "prop", "expand", "limit-recurrence-set",
		"limit-freebusy-set" };
	if (!slice_starts(child.ns, SLICE("urn:ietf:params:xml:ns:ca")))
		return false;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (slice_is(child.local, names[i]))
			return true;
	return false;
}

static bool is_letter(uint8_t byte)
{
	return ascii_lower(byte) >= 'a' && ascii_lower(byte) <= 'z';
}

/* What follows the keyword WHERE outside of quotes; empty: there is none. */
static struct slice where_find(struct slice sql)
{
	uint8_t quote = 0;
	for (size_t i = 0; i < sql.n; i++) {
		uint8_t byte = sql.p[i];
		struct slice rest = slice_part(sql, i, sql.n);
		bool word = quote == 0 && (i == 0 || !is_letter(sql.p[i - 1])) &&
		    slice_starts_nocase(rest, SLICE("WHERE"));
		if (word && (rest.n == 5 || !is_letter(rest.p[5])))
			return slice_part(rest, 5, rest.n);
		if (quote != 0)
			quote = byte == quote ? 0 : quote;
		else if (byte == '"' || byte == '\'')
			quote = byte;
	}
	return (struct slice){ NULL, 0 };
}

static bool is_class(struct slice property)
{
	static const char *const names[] = { "DAV:contentclass", "DAV:isfolder", "DAV:ishidden",
		"DAV:iscollection", "http://schemas.microsoft.com/exchange/outlookmessageclass" };
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (slice_is_nocase(property, names[i]))
			return true;
	return false;
}

bool query_is_filtered(struct slice sql, bool cut)
{
	struct slice where = where_find(sql);
	if (where.n == 0 || cut)
		return cut;
	bool classes = false;
	while (where.n > 0) {
		size_t open = slice_find_byte(where, '"');
		where = slice_part(where, open + 1, where.n);
		if (where.n == 0)
			return !classes;
		size_t close = slice_find_byte(where, '"');
		if (!is_class(slice_part(where, 0, close)))
			return true;
		classes = true;
		where = slice_part(where, close + 1, where.n);
	}
	return !classes;
}
