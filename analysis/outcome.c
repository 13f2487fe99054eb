/*
 * outcome.c - what became of a request: in the words of the client, and in truth, which is the commit.
 *
 * By status, DAV:error and the way the connection ended. A client that got no answer does not know; a
 * capture that did not see the answer knows even less, and that is not the same.
 */
#include "analysis/meaning.h"

static bool error_is(struct dav_name error, const char *name)
{
	return slice_is(error.local, name);
}

/* RFC 4791 5.3.2.1, RFC 6352 6.3.2.1, RFC 6638 3.2.4.1: whatever status it comes with. */
static bool is_uid_conflict(struct dav_name error)
{
	return error_is(error, "no-uid-conflict") ||
	    error_is(error, "unique-scheduling-object-resource");
}

/* RFC 6578 3.2 */
static bool is_bad_token(struct dav_name error)
{
	return error_is(error, "valid-sync-token");
}

bool error_is_known(struct dav_name error)
{
	return is_uid_conflict(error) || is_bad_token(error);
}

static enum outcome_of outcome_4xx(uint16_t status)
{
	switch (status) {
	case 401:
	case 407:
	case 440: /* Exchange 2003: the login has timed out */
	case 449: /* ActiveSync: provision first */
		return OUT_AUTH;
	case 402:
	case 403:
		return OUT_DENIED;
	case 404:
	case 410:
		return OUT_GONE;
	case 408:
		return OUT_TRANSIENT;
	case 409:
	case 423:
		return OUT_CONFLICT;
	case 412:
		return OUT_PRECONDITION;
	case 417:
	case 421:
	case 426:
		return OUT_REDIRECT;
	case 429:
		return OUT_THROTTLED;
	default:
		return OUT_REFUSED;
	}
}

static enum outcome_of outcome_5xx(uint16_t status)
{
	if (status == 503)
		return OUT_THROTTLED;
	return status == 501 || status == 505 ? OUT_REFUSED : OUT_TRANSIENT;
}

/* What is no final status is no answer: behind a 101 there is one that we cannot read. */
static enum outcome_of outcome_status(uint16_t status, struct dav_name error)
{
	switch (status / 100) {
	case 2:
		return OUT_OK;
	case 3:
		return OUT_REDIRECT;
	case 4:
	case 5:
		break;
	default:
		return OUT_UNSEEN;
	}
	if (is_uid_conflict(error))
		return OUT_UID_CONFLICT;
	if (is_bad_token(error))
		return OUT_TOKEN_BAD;
	return status / 100 == 4 ? outcome_4xx(status) : outcome_5xx(status);
}

/* No more of the header block was sent: to the client that is no answer. */
static bool head_cut_off(const struct message *res)
{
	return res->cut_off && !res->head_complete && res->loss == 0;
}

enum outcome_of outcome_judge(const struct txn *txn, uint16_t status, struct dav_name error)
{
	bool ended = txn->unpaired == UNPAIRED_CLOSED || txn->unpaired == UNPAIRED_RESET;
	if (txn->unsure || !txn->req.seen)
		return OUT_UNSEEN;
	if (txn->res.seen)
		return head_cut_off(&txn->res) ? OUT_LOST : outcome_status(status, error);
	return ended ? OUT_LOST : OUT_UNSEEN;
}

/*
 * Statuses that a server may send although it has stored what was sent: a step behind the write failed.
 * What is not known counts as 500 (RFC 9110 15).
 */
static enum commit commit_failed(const struct txn *txn, uint16_t status)
{
	switch (status) {
	case 408:
		return COMMIT_MAYBE;
	case 503: /* who speaks DAV is the server itself; a proxy in front of it does not know */
		return txn->res.body.dav != NULL ? COMMIT_NO : COMMIT_MAYBE;
	case 501:
	case 505:
	case 507:
	case 508:
	case 511:
		return COMMIT_NO;
	default:
		return status / 100 == 5 ? COMMIT_MAYBE : COMMIT_NO;
	}
}

static bool sent_in_part(const struct message *req)
{
	return req->cut_off && !req->end_seen && req->loss == 0;
}

static enum commit commit_lost(const struct txn *txn)
{
	const struct message *req = &txn->req;
	if (txn->res.seen && txn->res.status / 100 != 2)
		return commit_failed(txn, txn->res.status);
	if (req->end_seen || req->body.complete)
		return COMMIT_MAYBE;
	return sent_in_part(req) ? COMMIT_NO : COMMIT_UNSEEN;
}

enum commit commit_judge(const struct txn *txn, enum outcome_of outcome, uint16_t status)
{
	switch (outcome) {
	case OUT_OK: /* before all of it was there: who knows */
		return sent_in_part(&txn->req) ? COMMIT_MAYBE : COMMIT_YES;
	case OUT_UNSEEN:
		return COMMIT_UNSEEN;
	case OUT_LOST:
		return commit_lost(txn);
	case OUT_UID_CONFLICT:
		return COMMIT_NO;
	default:
		return commit_failed(txn, status);
	}
}

/* An answer that did not arrive says what the server did; its client knows as much as without one. */
void ops_unreceived(const struct txn *txn, struct ops ops)
{
	for (size_t i = 0; txn->unreceived && i < ops.n; i++)
		if (ops.list[i].outcome != OUT_UNSEEN)
			ops.list[i].outcome = OUT_LOST;
}

static bool header_is(const struct message *req, const char *name, struct slice *value,
    bool *unseen)
{
	*value = (struct slice){ 0 };
	enum seen seen = message_header(req, name, value);
	*value = slice_trim(*value);
	*unseen |= seen == NOT_OBSERVED;
	return seen == PRESENT && value->n != 0;
}

/* If: (<rt:...>), RFC 4918 10.4: the token of the first list that is a replication tag. */
static bool replication_tag(struct slice value, struct slice *tag)
{
	size_t at = slice_find(value, SLICE("<rt:"));
	if (at == value.n)
		return false;
	*tag = slice_part(value, at + 1, value.n);
	tag->n = slice_find_byte(*tag, '>');
	return true;
}

enum op_guard guard_judge(const struct message *req, struct slice *value)
{
	bool unseen = false;
	if (header_is(req, "If-None-Match", value, &unseen))
		return slice_is(*value, "*") ? GUARD_ABSENT : GUARD_OTHER;
	if (header_is(req, "If-Schedule-Tag-Match", value, &unseen))
		return GUARD_SCHEDULE_TAG;
	if (header_is(req, "If-Match", value, &unseen))
		return slice_is(*value, "*") ? GUARD_EXISTS : GUARD_TAG;
	if (header_is(req, "If", value, &unseen))
		return replication_tag(*value, value) ? GUARD_TAG : GUARD_OTHER;
	*value = (struct slice){ 0 };
	return unseen ? GUARD_UNSEEN : GUARD_NONE;
}
