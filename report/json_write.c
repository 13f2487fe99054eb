/*
 * json_write.c - writing JSON piece by piece: commas, numbers, strings, base64.
 */
#include "report/json.h"

enum { EXACT_BITS = 53 }; /* of a double, which is what most readers make of a number */

void json_next(struct json *j)
{
	if (j->comma)
		out_char(j->out, ',');
	j->comma = true;
}

void json_key(struct json *j, const char *name)
{
	out_text(j->out, j->comma ? ",\"" : "\"");
	out_text(j->out, name);
	out_text(j->out, "\":");
	j->comma = true;
}

void json_begin(struct json *j, char bracket)
{
	out_char(j->out, bracket);
	j->comma = false;
}

void json_end(struct json *j, char bracket)
{
	out_char(j->out, bracket);
	j->comma = true;
}

void json_u64(struct json *j, uint64_t n)
{
	bool exact = n <= UINT64_C(1) << EXACT_BITS;
	if (!exact)
		out_char(j->out, '"');
	out_u64(j->out, n);
	if (!exact)
		out_char(j->out, '"');
}

void json_i64(struct json *j, int64_t n)
{
	bool exact = n >= -(INT64_C(1) << EXACT_BITS) && n <= INT64_C(1) << EXACT_BITS;
	if (!exact)
		out_char(j->out, '"');
	out_i64(j->out, n);
	if (!exact)
		out_char(j->out, '"');
}

void json_bool(struct json *j, bool b)
{
	out_text(j->out, b ? "true" : "false");
}

void json_text(struct json *j, const char *ours)
{
	out_char(j->out, '"');
	out_text(j->out, ours);
	out_char(j->out, '"');
}

void json_wire(struct json *j, struct slice s)
{
	out_json(j->out, s);
}

/* RFC 4648 section 4. */
void json_base64(struct json *j, struct slice s)
{
	static const char digits[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	out_char(j->out, '"');
	for (size_t i = 0; i < s.n; i += 3) {
		size_t left = s.n - i;
		uint32_t bits = (uint32_t)s.p[i] << 16 |
		    (left > 1 ? (uint32_t)s.p[i + 1] << 8 : 0) | (left > 2 ? s.p[i + 2] : 0);
		out_char(j->out, digits[bits >> 18]);
		out_char(j->out, digits[bits >> 12 & 63]);
		out_char(j->out, left > 1 ? digits[bits >> 6 & 63] : '=');
		out_char(j->out, left > 2 ? digits[bits & 63] : '=');
	}
	out_char(j->out, '"');
}

void json_member(struct json *j, const char *name, uint64_t n)
{
	json_key(j, name);
	json_u64(j, n);
}

void json_object(struct json *j, const char *name)
{
	json_key(j, name);
	json_begin(j, '{');
}

void json_array(struct json *j, const char *name)
{
	json_key(j, name);
	json_begin(j, '[');
}
