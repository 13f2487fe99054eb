/*
 * outcome.c - what became of a request: in the words of the client, and in truth, which is the commit.
 *
 * By status, DAV:error and the way the connection ended. A client that got no answer does not know; a
 * capture that did not see the answer knows even less, and that is not the same.
 */
#include "analysis/facts.h"
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

static enum outcome_of outcome_4xx(uint16_t status, struct dav_name error)
{
	if (is_uid_conflict(error))
		return OUT_UID_CONFLICT;
	if (error_is(error, "valid-sync-token"))
		return OUT_TOKEN_BAD;
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

static enum outcome_of outcome_status(uint16_t status, struct dav_name error)
{
	if (status / 100 == 2)
		return OUT_OK;
	if (status / 100 == 3)
		return OUT_REDIRECT;
	if (status / 100 == 4)
		return outcome_4xx(status, error);
	if (status == 503)
		return OUT_THROTTLED;
	return status == 501 || status == 505 ? OUT_REFUSED : OUT_TRANSIENT;
}

enum outcome_of outcome_judge(const struct txn *txn, uint16_t status, struct dav_name error)
{
	if (txn->unsure || !txn->req.seen)
		return OUT_UNSEEN;
	if (txn->res.seen)
		return outcome_status(status, error);
	return answer_unknown(txn) || txn->unpaired == UNPAIRED_OPAQUE ? OUT_UNSEEN : OUT_LOST;
}

/* Nothing was kept from the server on the way: 500 and the like may come from a step behind the write. */
static enum commit commit_failed(uint16_t status)
{
	switch (status) {
	case 408:
	case 500:
	case 502:
	case 503: /* the origin stored nothing; a proxy in front of it does not know */
	case 504:
		return COMMIT_MAYBE;
	default:
		return COMMIT_NO;
	}
}

static enum commit commit_lost(const struct message *req)
{
	if (req->end_seen || req->body.complete)
		return COMMIT_MAYBE;
	return req->cut_off && req->loss == 0 ? COMMIT_NO : COMMIT_UNSEEN;
}

enum commit commit_judge(const struct txn *txn, enum outcome_of outcome, uint16_t status)
{
	switch (outcome) {
	case OUT_OK:
		return COMMIT_YES;
	case OUT_UNSEEN:
		return COMMIT_UNSEEN;
	case OUT_LOST:
		return commit_lost(&txn->req);
	default:
		return commit_failed(status);
	}
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
