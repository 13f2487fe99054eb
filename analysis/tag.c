/*
 * tag.c - the change tag an answer should carry, and whether it carries one.
 *
 * Who promises what: Exchange's SDK for ResourceTag (ms877925 and the pages of the methods),
 * RFC 6638 3.2.10 for Schedule-Tag, RFC 4791 5.3.4 and RFC 9110 9.3.4 for ETag. A missing tag is
 * claimed only from a complete answer that surely belongs to the request.
 */
#include "analysis/facts.h"

static bool method_is(const struct txn *txn, const char *name)
{
	return slice_is(txn->req.method, name);
}

/* A 207 may say that nothing was done (RFC 4918 9.2, 9.6.1); a body that was not read says nothing. */
static bool all_refused(const struct message *res)
{
	const struct dav *dav = res->body.dav;
	if (res->status != 207 || dav == NULL || !dav->whole)
		return false;
	for (size_t i = 0; i < dav->n_responses; i++) {
		const struct dav_response *r = &dav->responses[i];
		if (r->status / 100 == 2)
			return false;
		for (size_t k = 0; k < r->n_props; k++)
			if (r->props[k].status / 100 == 2)
				return false;
	}
	return dav->n_responses != 0;
}

static bool answer_ok(const struct txn *txn)
{
	return txn->res.seen && txn->res.status / 100 == 2 && !all_refused(&txn->res);
}

bool answer_unknown(const struct txn *txn)
{
	if (txn->res.seen)
		return false;
	switch (txn->unpaired) {
	case UNPAIRED_CAPTURE_END:
	case UNPAIRED_GAP:
	case UNPAIRED_ONE_SIDED:
	case UNPAIRED_LIMIT:
		return true;
	default:
		return false;
	}
}

/* Exchange writes <rt:...>, others rt:... */
static struct slice tag_bare(struct slice value)
{
	struct slice s = slice_trim(value);
	if (s.n >= 2 && s.p[0] == '<' && s.p[s.n - 1] == '>')
		s = slice_trim(slice_part(s, 1, s.n - 2));
	return s;
}

/* The first value of that name that is not empty: an empty header is no tag. */
static bool tag_find(const struct message *res, const char *name, struct slice *tag)
{
	struct slice wanted = slice_from(name);
	for (size_t i = 0; i < res->n_headers; i++) {
		if (!slice_equal_nocase(res->headers[i].name, wanted))
			continue;
		*tag = slice_is(slice_from(name), "ResourceTag") ?
		    tag_bare(res->headers[i].value) :
		    slice_trim(res->headers[i].value);
		if (tag->n != 0)
			return true;
	}
	*tag = (struct slice){ 0 };
	return false;
}

static void tag_fill(const struct txn *txn, const char *name, struct facts *facts)
{
	facts->tag_header = name;
	if (txn->unsure)
		return;
	if (tag_find(&txn->res, name, &facts->tag))
		facts->tag_seen = PRESENT;
	else if (answer_ok(txn) && txn->unpaired == PAIRED && txn->res.head_complete &&
	    message_complete(&txn->res))
		facts->tag_seen = ABSENT;
}

/* None is due, but what is there is shown. */
static void tag_fill_anyway(const struct txn *txn, struct facts *facts)
{
	static const char *const names[] = { "ResourceTag", "Schedule-Tag", "ETag" };
	size_t first = facts->flavour == FLAVOUR_EXCHANGE || facts->flavour == FLAVOUR_SHAREPOINT ?
	    0 :
	    2;
	for (size_t i = first; i < sizeof(names) / sizeof(names[0]); i++)
		if (tag_find(&txn->res, names[i], &facts->tag)) {
			facts->tag_header = names[i];
			facts->tag_seen = PRESENT;
			return;
		}
	struct slice value;
	facts->tag_open = txn->res.seen ?
	    txn->unsure || message_header(&txn->res, "ETag", &value) == NOT_OBSERVED :
	    answer_unknown(txn);
}

/* GET of the item itself, not of the page Outlook Web Access makes of it. */
static bool is_dav_view(const struct message *req)
{
	struct slice value;
	return message_header(req, "Translate", &value) == PRESENT &&
	    slice_equal_nocase(slice_trim(value), SLICE("f"));
}

/* A POST says by 201 or by the new item's Repl-UID that it made one. */
static bool post_created(const struct message *res)
{
	struct slice value;
	return res->status == 201 || message_header(res, "Repl-UID", &value) == PRESENT;
}

/* MOVE, COPY, SEARCH, PROPFIND and the methods on several resources never carry one. */
static void judge_exchange(const struct txn *txn, struct facts *facts)
{
	bool read = method_is(txn, "GET") && is_dav_view(&txn->req);
	bool post = method_is(txn, "POST") && txn->res.seen && post_created(&txn->res);
	if (read || post || method_is(txn, "PUT") || method_is(txn, "MKCOL") ||
	    method_is(txn, "PROPPATCH") || method_is(txn, "DELETE"))
		facts->tag_due = TAG_DUE_EXCHANGE;
}

static bool sends_object(const struct message *req)
{
	return req->body.kind == BODY_CALENDAR || req->body.kind == BODY_VCARD;
}

static bool is_add_member(const struct txn *txn)
{
	return method_is(txn, "POST") && txn->res.seen && txn->res.status == 201 &&
	    sends_object(&txn->req);
}

/* Whether a POST made something a good answer says; without one an object that was sent was to be stored. */
static bool post_writes(const struct txn *txn, enum flavour flavour)
{
	if (txn->res.seen && txn->res.status / 100 == 2)
		return flavour == FLAVOUR_EXCHANGE ? post_created(&txn->res) : is_add_member(txn);
	return sends_object(&txn->req) ||
	    (flavour == FLAVOUR_EXCHANGE && txn->req.body.kind == BODY_MIME);
}

/* By what is asked for, whatever was answered. */
static bool is_write(const struct txn *txn, enum flavour flavour)
{
	static const char *const methods[] = { "PUT", "PATCH", "DELETE", "MOVE", "COPY", "MKCOL",
		"MKCALENDAR", "PROPPATCH", "BDELETE", "BMOVE", "BCOPY", "BPROPPATCH" };
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		if (method_is(txn, methods[i]))
			return true;
	return method_is(txn, "POST") && post_writes(txn, flavour);
}

/* RFC 6638 3.1: an ORGANIZER makes a scheduling object; that the user takes part is assumed. */
static bool is_scheduling(const struct txn *txn, bool server_schedules)
{
	struct slice value;
	bool put = method_is(txn, "PUT");
	if (txn->res.seen && message_header(&txn->res, "Schedule-Tag", &value) == PRESENT)
		server_schedules = true;
	if (!server_schedules || (!put && !method_is(txn, "GET")))
		return false;
	const struct body *body = put ? &txn->req.body : &txn->res.body;
	return body->kind == BODY_CALENDAR && body->organizer == PRESENT;
}

static void judge_standard(const struct txn *txn, bool server_schedules, struct facts *facts)
{
	if (facts->flavour == FLAVOUR_CALDAV && is_scheduling(txn, server_schedules))
		facts->tag_due = TAG_DUE_SCHEDULING;
	else if (method_is(txn, "PUT") || is_add_member(txn))
		facts->tag_due = TAG_USUAL;
}

void tag_judge(const struct txn *txn, bool server_schedules, struct facts *facts)
{
	static const char *const header[] = { [TAG_DUE_EXCHANGE] = "ResourceTag",
		[TAG_DUE_SCHEDULING] = "Schedule-Tag",
		[TAG_USUAL] = "ETag" };
	facts->write = txn->req.seen && is_write(txn, facts->flavour);
	facts->tag_due = TAG_NOT_DUE;
	facts->tag_seen = NOT_OBSERVED;
	facts->tag_open = false;
	facts->tag_header = NULL;
	facts->tag = (struct slice){ 0 };
	if (txn->req.seen && (answer_ok(txn) || answer_unknown(txn))) {
		if (facts->flavour == FLAVOUR_EXCHANGE)
			judge_exchange(txn, facts);
		else if (facts->flavour != FLAVOUR_ACTIVESYNC &&
		    facts->flavour != FLAVOUR_SHAREPOINT)
			judge_standard(txn, server_schedules, facts);
	}
	if (facts->tag_due == TAG_NOT_DUE)
		tag_fill_anyway(txn, facts);
	else
		tag_fill(txn, header[facts->tag_due], facts);
}
