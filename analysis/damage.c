/*
 * damage.c - change tags that a hop between client and server is known to spoil, and listings that
 * hand out data without a tag. Facts only: a server may do the same by itself.
 *
 * On a calendar or address object the tag has to be strong and the same in every answer (RFC 4791
 * 5.3.4, RFC 6352 6.3.2.3). On anything else a weak tag is lawful, so nothing else is looked at.
 */
#include "analysis/facts.h"
#include "analysis/signs.h"

static bool is_object(enum body_kind kind)
{
	return kind == BODY_CALENDAR || kind == BODY_VCARD;
}

/* The answer is about one calendar or address object; what was stored or what was read says so. */
static bool about_object(const struct txn *txn)
{
	struct slice method = txn->req.method;
	uint16_t status = txn->res.status;
	if (slice_is(method, "PUT"))
		return is_object(txn->req.body.kind) && status / 100 == 2 && status != 207;
	if (slice_is(method, "GET") || slice_is(method, "HEAD"))
		return is_object(txn->res.body.kind) && (status == 200 || status == 206);
	return false;
}

static bool slice_ends(struct slice s, struct slice end)
{
	return s.n >= end.n && slice_equal(slice_part(s, s.n - end.n, end.n), end);
}

/* "tag-gzip", "tag;gzip", "tag--gzip", and the same behind the closing quote. */
static bool has_coding_suffix(struct slice tag)
{
	struct slice s = tag;
	if (s.n != 0 && s.p[s.n - 1] == '"')
		s.n--;
	return slice_ends(s, SLICE("-gzip")) || slice_ends(s, SLICE(";gzip"));
}

/* RFC 9110 8.8.3 allows no quote inside; a backslash is a character like any other there. */
static bool has_inner_quote(struct slice tag)
{
	if (slice_starts(tag, SLICE("\\\"")) || slice_find(tag, SLICE("&quot;")) != tag.n)
		return true;
	return tag.n > 2 && slice_find_byte(slice_part(tag, 1, tag.n - 2), '"') != tag.n - 2;
}

static enum tag_damage tag_damage_of(struct slice value)
{
	bool weak = slice_starts_nocase(value, SLICE("W/"));
	struct slice tag = weak ? slice_part(value, 2, value.n) : value;
	if (has_coding_suffix(tag))
		return DAMAGE_GZIP_SUFFIX;
	if (has_inner_quote(tag))
		return DAMAGE_ESCAPED_QUOTES;
	if (tag.n < 2 || tag.p[0] != '"' || tag.p[tag.n - 1] != '"')
		return DAMAGE_UNQUOTED;
	return weak ? DAMAGE_WEAK : DAMAGE_NONE;
}

/* "OC-ETag", "X-Original-ETag", "X-ETag": where some hops put the tag they took away. */
static bool is_other_name(struct slice name)
{
	static const struct slice tail = NAME("-ETag");
	if (slice_is_nocase(name, "OC-ETag"))
		return true;
	return slice_starts_nocase(name, SLICE("X-")) && name.n > tail.n &&
	    slice_equal_nocase(slice_part(name, name.n - tail.n, tail.n), tail);
}

/* An empty header is no tag. */
static bool value_find(const struct message *res, bool (*wanted)(struct slice name),
    struct slice *value)
{
	for (size_t i = 0; i < res->n_headers; i++) {
		*value = slice_trim(res->headers[i].value);
		if (value->n != 0 && wanted(res->headers[i].name))
			return true;
	}
	return false;
}

static bool is_etag(struct slice name)
{
	return slice_is_nocase(name, "ETag");
}

void damage_judge(const struct txn *txn, struct facts *facts)
{
	struct slice value;
	bool objects = facts->flavour == FLAVOUR_CALDAV || facts->flavour == FLAVOUR_CARDDAV;
	facts->damage = DAMAGE_NONE;
	facts->damage_seen = ABSENT;
	if (!objects || (txn->req.seen && txn->res.seen && !about_object(txn)))
		return;
	if (!txn->req.seen || !txn->res.seen || txn->unsure) {
		facts->damage_seen = answer_unknown(txn) || txn->res.seen ? NOT_OBSERVED : ABSENT;
		return;
	}
	if (value_find(&txn->res, is_etag, &value))
		facts->damage = tag_damage_of(value);
	else if (!txn->res.head_complete || !message_complete(&txn->res))
		facts->damage_seen = NOT_OBSERVED;
	else if (value_find(&txn->res, is_other_name, &value))
		facts->damage = DAMAGE_RENAMED;
	if (facts->damage != DAMAGE_NONE)
		facts->damage_seen = PRESENT;
}

/* ---- rows of a listing ---- */

static bool name_is(const struct dav_name *name, const char *ns, const char *local)
{
	return slice_is(name->ns, ns) && slice_is(name->local, local);
}

static bool is_tag_name(const struct dav_name *name)
{
	return name_is(name, "DAV:", "getetag");
}

static bool is_data_name(const struct dav_name *name)
{
	return name_is(name, "urn:ietf:params:xml:ns:caldav", "calendar-data") ||
	    name_is(name, "urn:ietf:params:xml:ns:carddav", "address-data");
}

/* Data is there, and the server says in so many words that there is no tag: 404 in its propstat. */
static bool row_untagged(const struct dav_response *row)
{
	bool data = false, refused = false;
	for (size_t i = 0; i < row->n_props; i++) {
		const struct dav_prop *p = &row->props[i];
		data = data || (p->status / 100 == 2 && is_data_name(&p->name));
		refused = refused || (p->status == 404 && is_tag_name(&p->name));
	}
	return data && refused;
}

/* Whether the request names getetag: a client that did not ask is owed none. */
static enum seen tag_asked(const struct message *req)
{
	const struct dav *dav = req->body.dav;
	for (size_t i = 0; dav != NULL && i < dav->n_props; i++)
		if (is_tag_name(&dav->props[i].name))
			return PRESENT;
	return dav != NULL && dav->whole ? ABSENT : NOT_OBSERVED;
}

static bool is_listing(const struct txn *txn)
{
	return slice_is(txn->req.method, "REPORT") || slice_is(txn->req.method, "PROPFIND");
}

static void rows_count(const struct dav *dav, struct facts *facts)
{
	for (size_t i = 0; i < dav->n_responses; i++) {
		if (!row_untagged(&dav->responses[i]))
			continue;
		if (facts->rows_untagged++ == 0)
			facts->row_untagged = dav->responses[i].href;
	}
}

void rows_judge(const struct txn *txn, struct facts *facts)
{
	const struct dav *dav = txn->res.body.dav;
	facts->rows_untagged = 0;
	facts->rows_seen = ABSENT;
	facts->row_untagged = (struct slice){ 0 };
	if (!txn->req.seen || !is_listing(txn) || (txn->res.seen && txn->res.status != 207))
		return;
	enum seen asked = txn->unsure ? NOT_OBSERVED : tag_asked(&txn->req);
	if (asked == ABSENT || (!txn->res.seen && !answer_unknown(txn)))
		return;
	if (dav != NULL)
		rows_count(dav, facts);
	if (facts->rows_untagged == 0) {
		facts->rows_seen = dav != NULL && dav->whole ? ABSENT : NOT_OBSERVED;
		return;
	}
	facts->rows_seen = asked;
	if (asked != PRESENT)
		facts->rows_untagged = 0;
}
