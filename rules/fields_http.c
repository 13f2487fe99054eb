/*
 * fields_http.c - getters of the messages of a transaction, its times and what is missing of it.
 */
#include "rules/fields.h"

const char *const version_words[] = { "1.0", "1.1", NULL };
const char *const body_type_words[] = { [BODY_NONE] = "none",
	[BODY_OTHER] = "other",
	[BODY_XML] = "xml",
	[BODY_CALENDAR] = "calendar",
	[BODY_VCARD] = "vcard",
	[BODY_WBXML] = "wbxml",
	[BODY_MIME] = "mime",
	NULL };
enum { EXACT, UNSURE, UNPAIRED };
const char *const
    pairing_words[] = { [EXACT] = "exact", [UNSURE] = "unsure", [UNPAIRED] = "unpaired", NULL };
const char *const loss_words[] = { "gap", "clipped", "conflict", "limit", "damaged", NULL };

enum seen version_read(const struct asked *a, struct value *v)
{
	const struct txn *txn = a->e->txn;
	if (!txn->req.seen && !txn->res.seen)
		return NOT_OBSERVED;
	uint8_t version = txn->req.seen ? txn->req.version : txn->res.version;
	return value_word(v, version_words[version != 10]);
}

enum seen interim_read(const struct asked *a, struct value *v)
{
	return value_number(v, a->e->txn->interim);
}

enum seen method_read(const struct asked *a, struct value *v)
{
	return value_text_or(v, a->e->txn->req.method, NOT_OBSERVED);
}

enum seen target_read(const struct asked *a, struct value *v)
{
	return value_text_or(v, a->e->txn->req.target, NOT_OBSERVED);
}

enum seen status_read(const struct asked *a, struct value *v)
{
	const struct message *res = &a->e->txn->res;
	return res->seen ? value_number(v, res->status) : NOT_OBSERVED;
}

enum seen reason_read(const struct asked *a, struct value *v)
{
	const struct message *res = &a->e->txn->res;
	return value_text_or(v, res->reason, res->seen ? ABSENT : NOT_OBSERVED);
}

enum seen frame_read(const struct asked *a, struct value *v)
{
	const struct message *m = asked_message(a);
	return m->seen && m->head.frame != 0 ? value_count(v, m->head.frame) : NOT_OBSERVED;
}

enum seen time_read(const struct asked *a, struct value *v)
{
	const struct message *m = asked_message(a);
	return m->seen ? value_number(v, m->first.ns) : NOT_OBSERVED;
}

enum seen complete_read(const struct asked *a, struct value *v)
{
	const struct message *m = asked_message(a);
	return m->seen ? value_number(v, message_complete(m)) : NOT_OBSERVED;
}

/* Trailers may still come while a chunked message is not at its end. */
enum seen header_missing(const struct message *m)
{
	bool all_seen = m->seen && m->head_complete && (!m->chunked || m->end_seen);
	return all_seen ? ABSENT : NOT_OBSERVED;
}

enum seen header_read(const struct message *m, struct slice name, size_t nth, struct value *v)
{
	for (size_t i = 0; i < m->n_headers; i++)
		if (slice_equal_nocase(m->headers[i].name, name) && nth-- == 0)
			return value_text(v, m->headers[i].value);
	return header_missing(m);
}

enum seen headers_read(const struct asked *a, struct value *v)
{
	const struct message *m = asked_message(a);
	return a->nth < m->n_headers ? value_text(v, m->headers[a->nth].value) : header_missing(m);
}

enum seen body_type_read(const struct asked *a, struct value *v)
{
	const struct message *m = asked_message(a);
	if (!m->seen || (m->body.kind == BODY_NONE && !m->head_complete))
		return NOT_OBSERVED;
	return value_word(v, body_type_words[m->body.kind]);
}

enum seen body_bytes_read(const struct asked *a, struct value *v)
{
	const struct message *m = asked_message(a);
	return m->seen && m->head_complete ? value_count(v, m->body.bytes) : NOT_OBSERVED;
}

enum seen decoded_bytes_read(const struct asked *a, struct value *v)
{
	const struct message *m = asked_message(a);
	if (!m->seen || !m->head_complete || m->body.undecodable)
		return NOT_OBSERVED;
	return value_count(v, m->body.decoded_bytes);
}

enum seen body_complete_read(const struct asked *a, struct value *v)
{
	const struct message *m = asked_message(a);
	return m->seen ? value_number(v, m->body.complete) : NOT_OBSERVED;
}

static enum seen request_missing(const struct message *req)
{
	return req->seen && req->head_complete ? ABSENT : NOT_OBSERVED;
}

enum seen auth_scheme_read(const struct asked *a, struct value *v)
{
	return value_text_or(v, a->e->txn->auth_scheme, request_missing(&a->e->txn->req));
}

/* Schemes other than Basic and Digest hide the user in a token. */
enum seen auth_user_read(const struct asked *a, struct value *v)
{
	const struct txn *txn = a->e->txn;
	return value_text_or(v, txn->auth_user,
	    txn->auth_scheme.n != 0 ? NOT_OBSERVED : request_missing(&txn->req));
}

enum seen request_ns_read(const struct asked *a, struct value *v)
{
	const struct message *req = &a->e->txn->req;
	return req->seen && req->end_seen ? value_number(v, ns_between(req->first, req->last)) :
					    NOT_OBSERVED;
}

/* Where the pairing is a guess, so is the time between the two. */
static bool both_sure(const struct txn *txn)
{
	return txn->req.seen && txn->res.seen && !txn->unsure;
}

enum seen wait_ns_read(const struct asked *a, struct value *v)
{
	const struct txn *txn = a->e->txn;
	return both_sure(txn) && txn->req.end_seen ?
	    value_number(v, ns_between(txn->req.last, txn->res.first)) :
	    NOT_OBSERVED;
}

enum seen response_ns_read(const struct asked *a, struct value *v)
{
	const struct message *res = &a->e->txn->res;
	return res->seen && res->end_seen ? value_number(v, ns_between(res->first, res->last)) :
					    NOT_OBSERVED;
}

enum seen duration_ns_read(const struct asked *a, struct value *v)
{
	const struct txn *txn = a->e->txn;
	return both_sure(txn) && txn->res.end_seen ?
	    value_number(v, ns_between(txn->req.first, txn->res.last)) :
	    NOT_OBSERVED;
}

enum seen pairing_read(const struct asked *a, struct value *v)
{
	const struct txn *txn = a->e->txn;
	if (txn->unpaired != PAIRED)
		return value_word(v, pairing_words[UNPAIRED]);
	return value_word(v, pairing_words[txn->unsure ? UNSURE : EXACT]);
}

enum seen unpaired_read(const struct asked *a, struct value *v)
{
	enum unpaired reason = a->e->txn->unpaired;
	return reason != PAIRED ? value_word(v, unpaired_reason(reason)) : ABSENT;
}

enum seen unreceived_read(const struct asked *a, struct value *v)
{
	return a->e->txn->unreceived ? value_number(v, true) : ABSENT;
}

enum seen gap_bytes_read(const struct asked *a, struct value *v)
{
	return value_count(v, a->e->txn->req.body.gap_bytes + a->e->txn->res.body.gap_bytes);
}

static bool cut_short(const struct message *m)
{
	return m->seen && !m->end_seen;
}

enum seen truncated_read(const struct asked *a, struct value *v)
{
	return value_number(v, cut_short(&a->e->txn->req) || cut_short(&a->e->txn->res));
}

enum seen loss_read(const struct asked *a, struct value *v)
{
	unsigned loss = a->e->txn->req.loss | a->e->txn->res.loss;
	size_t nth = a->nth;
	for (size_t i = 0; loss_words[i] != NULL; i++)
		if ((loss >> i & 1) && nth-- == 0)
			return value_word(v, loss_words[i]);
	return ABSENT;
}
