/*
 * test_tag.c - analysis/tag.c: which change tag is due, and when its absence may be claimed.
 */
#include "analysis/facts.h"
#include "tests/unit/make.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct facts judge(const struct made *m, enum flavour flavour, bool schedules)
{
	struct facts facts = { .flavour = flavour };
	tag_judge(&m->txn, schedules, &facts);
	return facts;
}

static void assert_tag(const struct facts *facts, const char *value)
{
	assert_int_equal(facts->tag_seen, PRESENT);
	assert_int_equal(facts->tag.n, strlen(value));
	assert_memory_equal(facts->tag.p, value, facts->tag.n);
}

static void exchange_methods(void **state)
{
	struct {
		const char *method;
		unsigned status;
		bool due, write;
	} const cases[] = {
		{ "PUT", 201, true, true },
		{ "PUT", 210, true, true },
		{ "MKCOL", 201, true, true },
		{ "PROPPATCH", 207, true, true },
		{ "DELETE", 200, true, true },
		{ "POST", 201, true, true },
		{ "POST", 200, false, false },
		{ "PUT", 412, false, true },
		{ "PUT", 302, false, true },
		{ "PUT", 100, false, true },
		{ "DELETE", 404, false, true },
		{ "POST", 507, false, false },
		{ "MOVE", 201, false, true },
		{ "COPY", 201, false, true },
		{ "SEARCH", 207, false, false },
		{ "PROPFIND", 207, false, false },
		{ "BPROPPATCH", 207, false, true },
		{ "BDELETE", 207, false, true },
		{ "GET", 200, false, false },
		{ "put", 201, false, false },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct made m;
		made_init(&m, cases[i].method, "/exchange/a", cases[i].status);
		struct facts facts = judge(&m, FLAVOUR_EXCHANGE, true);
		assert_int_equal(facts.tag_due, cases[i].due ? TAG_DUE_EXCHANGE : TAG_NOT_DUE);
		assert_int_equal(facts.write, cases[i].write);
		assert_int_equal(facts.tag_seen, cases[i].due ? ABSENT : NOT_OBSERVED);
		if (cases[i].due)
			assert_string_equal(facts.tag_header, "ResourceTag");
		else
			assert_null(facts.tag_header);
	}
}

static void exchange_values(void **state)
{
	struct {
		const char *header, *tag;
	} const cases[] = {
		{ "<rt:12>", "rt:12" },
		{ " < rt:12 >\t", "rt:12" },
		{ "rt:12", "rt:12" },
		{ "<rt:12", "<rt:12" },
		{ "<", "<" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct made m;
		made_init(&m, "PUT", "/a", 201);
		made_header(&m.txn.res, "ETag", "\"e\"");
		made_header(&m.txn.res, "resourcetag", cases[i].header);
		struct facts facts = judge(&m, FLAVOUR_EXCHANGE, false);
		assert_tag(&facts, cases[i].tag);
	}
}

/* An empty header is no tag; a second one may hold it. ETag and GetETag do not stand in for it. */
static void exchange_empty_value(void **state)
{
	struct made m;
	(void)state;
	made_init(&m, "PUT", "/a", 201);
	made_header(&m.txn.res, "ETag", "\"e\"");
	made_header(&m.txn.res, "GetETag", "\"g\"");
	made_header(&m.txn.res, "ResourceTag", "");
	made_header(&m.txn.res, "ResourceTag", "<>");
	assert_int_equal(judge(&m, FLAVOUR_EXCHANGE, false).tag_seen, ABSENT);
	made_header(&m.txn.res, "ResourceTag", "<rt:1>");
	struct facts facts = judge(&m, FLAVOUR_EXCHANGE, false);
	assert_tag(&facts, "rt:1");
}

static void exchange_reads(void **state)
{
	struct made m;
	(void)state;
	made_init(&m, "GET", "/a.EML", 200);
	made_header(&m.txn.req, "translate", "F");
	struct facts facts = judge(&m, FLAVOUR_EXCHANGE, false);
	assert_int_equal(facts.tag_due, TAG_DUE_EXCHANGE);
	assert_int_equal(facts.tag_seen, ABSENT);
	assert_false(facts.write);
	made_init(&m, "GET", "/a.EML", 200);
	made_header(&m.txn.res, "ResourceTag", "<rt:9>");
	facts = judge(&m, FLAVOUR_EXCHANGE, false);
	assert_int_equal(facts.tag_due, TAG_NOT_DUE);
	assert_tag(&facts, "rt:9");
}

static void exchange_post_by_uid(void **state)
{
	struct made m;
	(void)state;
	made_init(&m, "POST", "/a/", 200);
	made_header(&m.txn.res, "Repl-UID", "<rid:1>");
	assert_int_equal(judge(&m, FLAVOUR_EXCHANGE, false).tag_seen, ABSENT);
	assert_true(judge(&m, FLAVOUR_EXCHANGE, false).write);
	made_init(&m, "POST", "/a/", 507);
	m.txn.req.body.kind = BODY_MIME;
	assert_true(judge(&m, FLAVOUR_EXCHANGE, false).write);
}

static void absence_needs_proof(void **state)
{
	enum { CASES = 7 };
	(void)state;
	for (int i = 0; i <= CASES; i++) {
		struct made m;
		made_init(&m, "PUT", "/a", 201);
		switch (i) {
		case 0:
			m.txn.res.loss = LOSS_GAP;
			break;
		case 1:
			m.txn.res.head_complete = false;
			break;
		case 2:
			m.txn.res.end_seen = false;
			break;
		case 3:
			m.txn.unsure = true;
			break;
		case 4:
			m.txn.unpaired = UNPAIRED_MIDSTREAM;
			break;
		case 5:
			m.txn.res.loss = LOSS_CLIPPED;
			break;
		case 6:
			m.txn.res.loss = LOSS_CONFLICT;
			break;
		}
		enum seen seen = i == CASES ? ABSENT : NOT_OBSERVED;
		assert_int_equal(judge(&m, FLAVOUR_EXCHANGE, false).tag_seen, seen);
		assert_int_equal(judge(&m, FLAVOUR_CALDAV, false).tag_seen, seen);
		made_header(&m.txn.res, "ETag", "\"1\"");
		/* A tag that may be another item's is not this one's. */
		seen = m.txn.unsure ? NOT_OBSERVED : PRESENT;
		assert_int_equal(judge(&m, FLAVOUR_CALDAV, false).tag_seen, seen);
	}
}

/* A write whose answer was not captured may have had its tag; one that got no answer had none. */
static void answers_not_seen(void **state)
{
	(void)state;
	for (enum unpaired why = UNPAIRED_CLOSED; why < UNPAIRED_REASONS; why++) {
		struct made m;
		made_init(&m, "PUT", "/a", 0);
		m.txn.unpaired = why;
		bool unknown = why == UNPAIRED_GAP || why == UNPAIRED_CAPTURE_END ||
		    why == UNPAIRED_ONE_SIDED || why == UNPAIRED_LIMIT;
		struct facts facts = judge(&m, FLAVOUR_WEBDAV, false);
		assert_int_equal(facts.tag_due, unknown ? TAG_USUAL : TAG_NOT_DUE);
		assert_int_equal(facts.tag_seen, NOT_OBSERVED);
		assert_true(facts.write);
	}
}

static void answer_alone(void **state)
{
	struct made m;
	(void)state;
	made_init(&m, "", "", 201);
	m.txn.req = (struct message){ 0 };
	m.txn.unpaired = UNPAIRED_MIDSTREAM;
	made_header(&m.txn.res, "ETag", "W/\"x\"");
	struct facts facts = judge(&m, FLAVOUR_WEBDAV, false);
	assert_int_equal(facts.tag_due, TAG_NOT_DUE);
	assert_false(facts.write);
	assert_tag(&facts, "W/\"x\"");
}

static void standard_writes(void **state)
{
	struct {
		const char *method;
		enum body_kind body;
		unsigned status;
		bool usual, write;
	} const cases[] = {
		{ "PUT", BODY_CALENDAR, 201, true, true },
		{ "PUT", BODY_OTHER, 204, true, true },
		{ "POST", BODY_CALENDAR, 201, true, true },
		{ "POST", BODY_VCARD, 201, true, true },
		{ "POST", BODY_CALENDAR, 200, false, false },
		{ "POST", BODY_CALENDAR, 507, false, true },
		{ "POST", BODY_MIME, 500, false, false },
		{ "POST", BODY_XML, 201, false, false },
		{ "POST", BODY_XML, 403, false, false },
		{ "REPORT", BODY_XML, 403, false, false },
		{ "MKCOL", BODY_NONE, 201, false, true },
		{ "MKCALENDAR", BODY_XML, 201, false, true },
		{ "PROPPATCH", BODY_XML, 207, false, true },
		{ "DELETE", BODY_NONE, 204, false, true },
		{ "PUT", BODY_CALENDAR, 409, false, true },
	};
	static const enum flavour usual[] = { FLAVOUR_HTTP, FLAVOUR_WEBDAV, FLAVOUR_CALDAV,
		FLAVOUR_CARDDAV };
	static const enum flavour never[] = { FLAVOUR_ACTIVESYNC, FLAVOUR_SHAREPOINT };
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct made m;
		made_init(&m, cases[i].method, "/a", cases[i].status);
		m.txn.req.body.kind = cases[i].body;
		for (size_t k = 0; k < sizeof usual / sizeof usual[0]; k++) {
			struct facts facts = judge(&m, usual[k], true);
			assert_int_equal(facts.write, cases[i].write);
			assert_int_equal(facts.tag_due, cases[i].usual ? TAG_USUAL : TAG_NOT_DUE);
		}
		for (size_t k = 0; k < sizeof never / sizeof never[0]; k++)
			assert_int_equal(judge(&m, never[k], true).tag_due, TAG_NOT_DUE);
	}
}

static void not_due_but_there(void **state)
{
	struct made m;
	(void)state;
	made_init(&m, "GET", "/a", 200);
	made_header(&m.txn.res, "ETag", "\"7\"");
	made_header(&m.txn.res, "ResourceTag", "rt:1@2");
	struct facts facts = judge(&m, FLAVOUR_CALDAV, false);
	assert_tag(&facts, "\"7\"");
	assert_string_equal(facts.tag_header, "ETag");
	facts = judge(&m, FLAVOUR_SHAREPOINT, false);
	assert_tag(&facts, "rt:1@2");
}

static void scheduling_made(struct made *m, const char *method, enum seen organizer)
{
	made_init(m, method, "/a.ics", 201);
	struct body *body = *method == 'P' ? &m->txn.req.body : &m->txn.res.body;
	body->kind = BODY_CALENDAR;
	body->organizer = organizer;
}

static void scheduling_objects(void **state)
{
	struct made m;
	(void)state;
	scheduling_made(&m, "PUT", PRESENT);
	made_header(&m.txn.res, "ETag", "\"e\"");
	struct facts facts = judge(&m, FLAVOUR_CALDAV, true);
	assert_int_equal(facts.tag_due, TAG_DUE_SCHEDULING);
	assert_int_equal(facts.tag_seen, ABSENT);
	assert_string_equal(facts.tag_header, "Schedule-Tag");
	assert_true(facts.write);
	/* The server never said that it schedules. */
	facts = judge(&m, FLAVOUR_CALDAV, false);
	assert_int_equal(facts.tag_due, TAG_USUAL);
	assert_tag(&facts, "\"e\"");
	/* The answer says it itself. */
	made_header(&m.txn.res, "Schedule-Tag", "\"s\"");
	facts = judge(&m, FLAVOUR_CALDAV, false);
	assert_int_equal(facts.tag_due, TAG_DUE_SCHEDULING);
	assert_tag(&facts, "\"s\"");
	assert_int_equal(judge(&m, FLAVOUR_WEBDAV, true).tag_due, TAG_USUAL);

	scheduling_made(&m, "PUT", NOT_OBSERVED);
	assert_int_equal(judge(&m, FLAVOUR_CALDAV, true).tag_due, TAG_USUAL);
	scheduling_made(&m, "GET", PRESENT);
	facts = judge(&m, FLAVOUR_CALDAV, true);
	assert_int_equal(facts.tag_due, TAG_DUE_SCHEDULING);
	assert_false(facts.write);
	scheduling_made(&m, "GET", ABSENT);
	assert_int_equal(judge(&m, FLAVOUR_CALDAV, true).tag_due, TAG_NOT_DUE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exchange_methods),
		cmocka_unit_test(exchange_values),
		cmocka_unit_test(exchange_empty_value),
		cmocka_unit_test(exchange_reads),
		cmocka_unit_test(exchange_post_by_uid),
		cmocka_unit_test(absence_needs_proof),
		cmocka_unit_test(answers_not_seen),
		cmocka_unit_test(answer_alone),
		cmocka_unit_test(standard_writes),
		cmocka_unit_test(not_due_but_there),
		cmocka_unit_test(scheduling_objects),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
