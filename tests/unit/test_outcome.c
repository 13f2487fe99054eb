/*
 * test_outcome.c - analysis/outcome.c: what the client knows of a request, and what became of it in truth.
 */
#include "tests/unit/onescene.h"

static const struct dav_name no_error = { { NULL, 0 }, { NULL, 0 } };

static struct dav_name caldav_error(const char *name)
{
	return (struct dav_name){ SLICE("urn:ietf:params:xml:ns:caldav"), slice_from(name) };
}

static void assert_verdict(const struct txn *t, struct dav_name error, enum outcome_of outcome,
    enum commit commit)
{
	enum outcome_of o = outcome_judge(t, t->res.status, error);
	if (o != outcome)
		fail_msg("%u: %s, not %s", t->res.status, outcome_of_words[o],
		    outcome_of_words[outcome]);
	enum commit c = commit_judge(t, o, t->res.status);
	if (c != commit)
		fail_msg("%u: %s, not %s", t->res.status, commit_words[c], commit_words[commit]);
}

static struct txn *put(unsigned status)
{
	return begin(&s, "PUT", "/cal/a.ics", status);
}

static void statuses(void **state)
{
	static const struct {
		uint16_t from, to;
		enum outcome_of outcome;
		enum commit commit;
	} rows[] = {
		{ 200, 206, OUT_OK, COMMIT_YES },
		{ 208, 299, OUT_OK, COMMIT_YES }, /* 210: stored, and not what was sent */
		{ 300, 304, OUT_REDIRECT, COMMIT_NO }, { 307, 308, OUT_REDIRECT, COMMIT_NO },
		{ 400, 400, OUT_REFUSED, COMMIT_NO }, { 401, 401, OUT_AUTH, COMMIT_NO },
		{ 402, 403, OUT_DENIED, COMMIT_NO }, { 404, 404, OUT_GONE, COMMIT_NO },
		{ 405, 406, OUT_REFUSED, COMMIT_NO }, { 407, 407, OUT_AUTH, COMMIT_NO },
		{ 408, 408, OUT_TRANSIENT, COMMIT_MAYBE }, { 409, 409, OUT_CONFLICT, COMMIT_NO },
		{ 410, 410, OUT_GONE, COMMIT_NO }, { 411, 411, OUT_REFUSED, COMMIT_NO },
		{ 412, 412, OUT_PRECONDITION, COMMIT_NO }, { 413, 416, OUT_REFUSED, COMMIT_NO },
		{ 417, 417, OUT_REDIRECT, COMMIT_NO }, { 418, 418, OUT_REFUSED, COMMIT_NO },
		{ 421, 421, OUT_REDIRECT, COMMIT_NO }, { 422, 422, OUT_REFUSED, COMMIT_NO },
		{ 423, 423, OUT_CONFLICT, COMMIT_NO }, { 426, 426, OUT_REDIRECT, COMMIT_NO },
		{ 429, 429, OUT_THROTTLED, COMMIT_NO }, { 440, 440, OUT_AUTH, COMMIT_NO },
		{ 449, 449, OUT_AUTH, COMMIT_NO }, { 499, 499, OUT_REFUSED, COMMIT_NO },
		{ 500, 500, OUT_TRANSIENT, COMMIT_MAYBE }, { 501, 501, OUT_REFUSED, COMMIT_NO },
		{ 502, 502, OUT_TRANSIENT, COMMIT_MAYBE },
		{ 504, 504, OUT_TRANSIENT, COMMIT_MAYBE }, { 505, 505, OUT_REFUSED, COMMIT_NO },
		{ 507, 507, OUT_TRANSIENT, COMMIT_NO }, { 511, 511, OUT_TRANSIENT, COMMIT_NO },
		{ 520, 599, OUT_TRANSIENT, COMMIT_MAYBE }, /* RFC 9110 15: as 500 */
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (uint16_t status = rows[i].from; status <= rows[i].to; status++) {
			struct txn *t = put(status);
			assert_verdict(t, no_error, rows[i].outcome, rows[i].commit);
			txn_free(t);
		}
}

/* 101 hands over to what we cannot read; 0 and 999 are no answers. */
static void statuses_that_tell_nothing(void **state)
{
	static const uint16_t none[] = { 0, 1, 99, 101, 199, 600, 999 };
	(void)state;
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		struct txn *t = put(200);
		t->res.status = none[i];
		assert_verdict(t, no_error, OUT_UNSEEN, COMMIT_UNSEEN);
		txn_free(t);
	}
}

/* Who answers in DAV's words is the server itself; who does not may be a proxy that does not know. */
static void too_busy(void **state)
{
	struct txn *t = put(503);
	(void)state;
	assert_verdict(t, no_error, OUT_THROTTLED, COMMIT_MAYBE);
	res_error(t, "exception");
	assert_verdict(t, no_error, OUT_THROTTLED, COMMIT_NO);
	txn_free(t);
}

/* RFC 4791 5.3.2.1 and its many dresses: whatever status it comes with, nothing was stored. */
static void uid_conflicts(void **state)
{
	static const uint16_t dresses[] = { 400, 403, 409, 412, 500 };
	(void)state;
	for (size_t i = 0; i < sizeof(dresses) / sizeof(dresses[0]); i++) {
		struct txn *t = put(dresses[i]);
		assert_verdict(t, caldav_error("no-uid-conflict"), OUT_UID_CONFLICT, COMMIT_NO);
		assert_verdict(t, caldav_error("unique-scheduling-object-resource"),
		    OUT_UID_CONFLICT, COMMIT_NO);
		txn_free(t);
	}
	struct txn *t = put(201);
	assert_verdict(t, caldav_error("no-uid-conflict"), OUT_OK, COMMIT_YES);
	txn_free(t);
}

static void bad_tokens(void **state)
{
	struct txn *t = put(403);
	(void)state;
	assert_verdict(t, caldav_error("valid-sync-token"), OUT_TOKEN_BAD, COMMIT_NO);
	assert_verdict(t, caldav_error("supported-report"), OUT_DENIED, COMMIT_NO);
	txn_free(t);
}

/* ---- no answer ---- */

static void ways_to_end(void **state)
{
	static const struct {
		enum unpaired why;
		enum outcome_of outcome;
		enum commit commit;
	} rows[] = {
		{ UNPAIRED_CLOSED, OUT_LOST, COMMIT_MAYBE },
		{ UNPAIRED_RESET, OUT_LOST, COMMIT_MAYBE },
		{ UNPAIRED_CAPTURE_END, OUT_UNSEEN, COMMIT_UNSEEN },
		{ UNPAIRED_GAP, OUT_UNSEEN, COMMIT_UNSEEN },
		{ UNPAIRED_ONE_SIDED, OUT_UNSEEN, COMMIT_UNSEEN },
		{ UNPAIRED_MIDSTREAM, OUT_UNSEEN, COMMIT_UNSEEN },
		{ UNPAIRED_LIMIT, OUT_UNSEEN, COMMIT_UNSEEN },
		{ UNPAIRED_OPAQUE, OUT_UNSEEN, COMMIT_UNSEEN },
		{ PAIRED, OUT_UNSEEN, COMMIT_UNSEEN },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct txn *t = put(0);
		t->unpaired = rows[i].why;
		assert_verdict(t, no_error, rows[i].outcome, rows[i].commit);
		txn_free(t);
	}
}

static void unsure_pairs(void **state)
{
	struct txn *t = put(201);
	(void)state;
	t->unsure = true;
	assert_verdict(t, no_error, OUT_UNSEEN, COMMIT_UNSEEN);
	txn_free(t);
	t = put(412);
	t->unsure = true;
	assert_verdict(t, no_error, OUT_UNSEEN, COMMIT_UNSEEN);
	txn_free(t);
	t = put(200);
	t->req.seen = false;
	assert_verdict(t, no_error, OUT_UNSEEN, COMMIT_UNSEEN);
	txn_free(t);
}

static struct txn *cut_request(unsigned status)
{
	struct txn *t = put(status);
	t->req.end_seen = false;
	t->req.body.complete = false;
	t->req.cut_off = true;
	return t;
}

/* What was not sent whole was not stored, unless the server said so before it had all of it. */
static void cut_requests(void **state)
{
	(void)state;
	struct txn *t = cut_request(0);
	assert_verdict(t, no_error, OUT_LOST, COMMIT_NO);
	t->req.loss = LOSS_GAP;
	assert_verdict(t, no_error, OUT_LOST, COMMIT_UNSEEN);
	txn_free(t);
	t = cut_request(0);
	t->req.cut_off = false; /* it may have gone on behind the end of the capture */
	assert_verdict(t, no_error, OUT_LOST, COMMIT_UNSEEN);
	txn_free(t);
	t = cut_request(201);
	assert_verdict(t, no_error, OUT_OK, COMMIT_MAYBE);
	txn_free(t);
	t = cut_request(413);
	assert_verdict(t, no_error, OUT_REFUSED, COMMIT_NO);
	txn_free(t);
}

/* Bytes of the request that only the capture misses are no doubt about the answer. */
static void gaps_in_requests(void **state)
{
	struct txn *t = put(201);
	(void)state;
	t->req.loss = LOSS_GAP;
	t->req.body.complete = false;
	assert_verdict(t, no_error, OUT_OK, COMMIT_YES);
	t->req.end_seen = false;
	assert_verdict(t, no_error, OUT_OK, COMMIT_YES);
	txn_free(t);
}

static void continue_alone(void **state)
{
	struct txn *t = put(0);
	(void)state;
	t->interim = 1;
	assert_verdict(t, no_error, OUT_LOST, COMMIT_MAYBE);
	txn_free(t);
	t = cut_request(0);
	t->interim = 1;
	assert_verdict(t, no_error, OUT_LOST, COMMIT_NO);
	txn_free(t);
}

/* Without its headers an answer is none to a client; a body that is cut is not needed. */
static void cut_answers(void **state)
{
	struct txn *t = put(201);
	(void)state;
	t->res.end_seen = false;
	t->res.cut_off = true;
	assert_verdict(t, no_error, OUT_OK, COMMIT_YES);
	t->res.head_complete = false;
	assert_verdict(t, no_error, OUT_LOST, COMMIT_MAYBE);
	t->res.loss = LOSS_GAP;
	assert_verdict(t, no_error, OUT_OK, COMMIT_YES);
	txn_free(t);
	t = put(412);
	t->res.end_seen = t->res.head_complete = false;
	t->res.cut_off = true;
	assert_verdict(t, no_error, OUT_LOST, COMMIT_NO);
	txn_free(t);
}

/* ---- conditions ---- */

static void assert_guard(const char *name, const char *value, enum op_guard guard,
    const char *guard_value)
{
	struct txn *t = put(201);
	struct slice out = SLICE("old");
	if (name != NULL)
		req_header(t, name, value);
	assert_int_equal(guard_judge(&t->req, &out), guard);
	if (!slice_is(out, guard_value))
		fail_msg("%s: %.*s", value, (int)out.n, (const char *)out.p);
	txn_free(t);
}

static void guards(void **state)
{
	(void)state;
	assert_guard(NULL, NULL, GUARD_NONE, "");
	assert_guard("If-None-Match", "*", GUARD_ABSENT, "*");
	assert_guard("if-none-match", " * ", GUARD_ABSENT, "*");
	assert_guard("If-None-Match", "\"1\"", GUARD_OTHER, "\"1\"");
	assert_guard("If-Match", "\"1\"", GUARD_TAG, "\"1\"");
	assert_guard("If-Match", "*", GUARD_EXISTS, "*");
	assert_guard("If-Match", "", GUARD_NONE, "");
	assert_guard("If-Schedule-Tag-Match", "\"s\"", GUARD_SCHEDULE_TAG, "\"s\"");
	assert_guard("If", "(<rt:8996>)", GUARD_TAG, "rt:8996");
	assert_guard("If", "<http://x/a> (<rt:8996>)", GUARD_TAG, "rt:8996");
	assert_guard("If", "(<rt:8996", GUARD_TAG, "rt:8996");
	assert_guard("If", "(<rid:8996>)", GUARD_OTHER, "(<rid:8996>)");
	assert_guard("If", "(<opaquelocktoken:1>)", GUARD_OTHER, "(<opaquelocktoken:1>)");
	assert_guard("If", "", GUARD_NONE, "");
	assert_guard("If-Modified-Since", "yesterday", GUARD_NONE, "");
}

static void guards_that_may_be_hidden(void **state)
{
	struct txn *t = put(201);
	struct slice value;
	(void)state;
	t->req.head_complete = false;
	assert_int_equal(guard_judge(&t->req, &value), GUARD_UNSEEN);
	assert_int_equal(value.n, 0);
	req_header(t, "If-Match", "\"1\"");
	assert_int_equal(guard_judge(&t->req, &value), GUARD_TAG);
	txn_free(t);
}

/* An answer that did not arrive: its client knows nothing, what the server did is known. */
static void answers_not_received(void **state)
{
	struct txn *t = put(201);
	struct op list[] = { { .outcome = OUT_OK, .commit = COMMIT_YES },
		{ .outcome = OUT_PRECONDITION, .commit = COMMIT_NO },
		{ .outcome = OUT_UNSEEN, .commit = COMMIT_UNSEEN } };
	const struct ops ops = { list, 3 };
	(void)state;
	ops_unreceived(t, ops);
	assert_int_equal(list[0].outcome, OUT_OK);
	t->unreceived = true;
	ops_unreceived(t, ops);
	assert_int_equal(list[0].outcome, OUT_LOST);
	assert_int_equal(list[0].commit, COMMIT_YES);
	assert_int_equal(list[1].outcome, OUT_LOST);
	assert_int_equal(list[1].commit, COMMIT_NO);
	assert_int_equal(list[2].outcome, OUT_UNSEEN);
	txn_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENE_TEST(statuses),
		SCENE_TEST(statuses_that_tell_nothing),
		SCENE_TEST(too_busy),
		SCENE_TEST(uid_conflicts),
		SCENE_TEST(bad_tokens),
		SCENE_TEST(ways_to_end),
		SCENE_TEST(unsure_pairs),
		SCENE_TEST(cut_requests),
		SCENE_TEST(gaps_in_requests),
		SCENE_TEST(continue_alone),
		SCENE_TEST(cut_answers),
		SCENE_TEST(answers_not_received),
		SCENE_TEST(guards),
		SCENE_TEST(guards_that_may_be_hidden),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
