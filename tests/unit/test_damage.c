/*
 * test_damage.c - analysis/damage.c: spoilt change tags, the lawful ones that look like them, and rows
 * that come without a tag.
 */
#include "analysis/facts.h"
#include "tests/unit/make.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct facts judge(const struct made *m, enum flavour flavour)
{
	struct facts facts = { .flavour = flavour };
	damage_judge(&m->txn, &facts);
	return facts;
}

/* An answer about an event: what was stored (PUT), or what was read. */
static void object_made(struct made *m, const char *method, unsigned status, const char *etag)
{
	made_init(m, method, "/cal/a.ics", status);
	struct message *holder = *method == 'P' ? &m->txn.req : &m->txn.res;
	holder->body.kind = BODY_CALENDAR;
	if (etag != NULL)
		made_header(&m->txn.res, "etag", etag);
}

static void values(void **state)
{
	struct {
		const char *etag;
		enum tag_damage damage;
	} const cases[] = {
		{ "\"abc\"", DAMAGE_NONE },
		{ " \"abc\"\t", DAMAGE_NONE },
		{ "\"\"", DAMAGE_NONE },
		{ "\"abc\\\"", DAMAGE_NONE },
		{ "\"gzip\"", DAMAGE_NONE },
		{ "\"abc-gzipped\"", DAMAGE_NONE },
		{ "\"W/abc\"", DAMAGE_NONE },
		{ "\"abc-gzip\"", DAMAGE_GZIP_SUFFIX },
		{ "\"abc;gzip\"", DAMAGE_GZIP_SUFFIX },
		{ "\"abc--gzip\"", DAMAGE_GZIP_SUFFIX },
		{ "\"abc\"-gzip", DAMAGE_GZIP_SUFFIX },
		{ "\"abc\";gzip", DAMAGE_GZIP_SUFFIX },
		{ "\"abc\"--gzip", DAMAGE_GZIP_SUFFIX },
		{ "W/\"abc-gzip\"", DAMAGE_GZIP_SUFFIX },
		{ "abc-gzip", DAMAGE_GZIP_SUFFIX },
		{ "W/\"abc\"", DAMAGE_WEAK },
		{ "w/\"abc\"", DAMAGE_WEAK },
		{ "abc", DAMAGE_UNQUOTED },
		{ "\"abc", DAMAGE_UNQUOTED },
		{ "abc\"", DAMAGE_UNQUOTED },
		{ "\"", DAMAGE_UNQUOTED },
		{ "W/abc", DAMAGE_UNQUOTED },
		{ "W/", DAMAGE_UNQUOTED },
		{ "'abc'", DAMAGE_UNQUOTED },
		{ "\\\"abc\\\"", DAMAGE_ESCAPED_QUOTES },
		{ "\"\\\"abc\\\"\"", DAMAGE_ESCAPED_QUOTES },
		{ "\"\"abc\"\"", DAMAGE_ESCAPED_QUOTES },
		{ "\"\"\"", DAMAGE_ESCAPED_QUOTES },
		{ "&quot;abc&quot;", DAMAGE_ESCAPED_QUOTES },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct made m;
		object_made(&m, "PUT", 201, cases[i].etag);
		struct facts facts = judge(&m, FLAVOUR_CALDAV);
		if (facts.damage != cases[i].damage)
			fail_msg("%s: %d, expected %d", cases[i].etag, facts.damage,
			    cases[i].damage);
		assert_int_equal(facts.damage_seen,
		    cases[i].damage == DAMAGE_NONE ? ABSENT : PRESENT);
	}
}

/* A weak tag is lawful on what is no calendar or address object, and on servers that hold none. */
static void lawful(void **state)
{
	enum flavour const others[] = { FLAVOUR_HTTP, FLAVOUR_WEBDAV, FLAVOUR_EXCHANGE,
		FLAVOUR_ACTIVESYNC, FLAVOUR_SHAREPOINT };
	struct {
		const char *method;
		unsigned status;
	} const answers[] = { { "GET", 304 }, { "GET", 404 }, { "PUT", 412 }, { "PUT", 207 },
		{ "PUT", 409 }, { "PROPFIND", 207 }, { "REPORT", 207 }, { "OPTIONS", 200 },
		{ "DELETE", 204 } };
	struct made m;
	(void)state;
	for (size_t i = 0; i < COUNT(others); i++) {
		object_made(&m, "PUT", 201, "W/\"1\"");
		assert_int_equal(judge(&m, others[i]).damage_seen, ABSENT);
	}
	for (size_t i = 0; i < COUNT(answers); i++) {
		object_made(&m, answers[i].method, answers[i].status, "W/\"1\"");
		assert_int_equal(judge(&m, FLAVOUR_CALDAV).damage_seen, ABSENT);
	}
	enum body_kind const kinds[] = { BODY_NONE, BODY_OTHER, BODY_XML };
	for (size_t i = 0; i < COUNT(kinds); i++) {
		object_made(&m, "GET", 200, "W/\"1\"");
		m.txn.res.body.kind = kinds[i];
		assert_int_equal(judge(&m, FLAVOUR_CALDAV).damage_seen, ABSENT);
	}
}

static void reads(void **state)
{
	struct made m;
	(void)state;
	object_made(&m, "GET", 200, "W/\"1\"");
	assert_int_equal(judge(&m, FLAVOUR_CALDAV).damage, DAMAGE_WEAK);
	object_made(&m, "GET", 206, "\"1-gzip\"");
	m.txn.res.body.kind = BODY_VCARD;
	assert_int_equal(judge(&m, FLAVOUR_CARDDAV).damage, DAMAGE_GZIP_SUFFIX);
	object_made(&m, "HEAD", 200, "1");
	assert_int_equal(judge(&m, FLAVOUR_CALDAV).damage, DAMAGE_UNQUOTED);
}

static void renamed(void **state)
{
	struct {
		const char *name;
		bool damage;
	} const cases[] = { { "OC-ETag", true }, { "oc-etag", true }, { "X-ETag", true },
		{ "X-Original-Etag", true }, { "x-backend-ETAG", true }, { "X-Petag", false },
		{ "GetETag", false }, { "Schedule-Tag", false }, { "X-", false },
		{ "X-ETag-Age", false } };
	struct made m;
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		object_made(&m, "PUT", 201, NULL);
		made_header(&m.txn.res, cases[i].name, "\"1\"");
		struct facts facts = judge(&m, FLAVOUR_CALDAV);
		assert_int_equal(facts.damage, cases[i].damage ? DAMAGE_RENAMED : DAMAGE_NONE);
		assert_int_equal(facts.damage_seen, cases[i].damage ? PRESENT : ABSENT);
		/* Beside the real one it is a copy, and an empty real one is none. */
		made_header(&m.txn.res, "ETag", "");
		facts = judge(&m, FLAVOUR_CALDAV);
		assert_int_equal(facts.damage, cases[i].damage ? DAMAGE_RENAMED : DAMAGE_NONE);
		made_header(&m.txn.res, "ETag", "\"1\"");
		assert_int_equal(judge(&m, FLAVOUR_CALDAV).damage_seen, ABSENT);
	}
	object_made(&m, "PUT", 201, NULL);
	assert_int_equal(judge(&m, FLAVOUR_CALDAV).damage_seen, ABSENT);
}

static void not_observed(void **state)
{
	struct made m;
	(void)state;
	/* The tag may stand behind the cut: neither sound nor taken away. */
	object_made(&m, "PUT", 201, NULL);
	made_header(&m.txn.res, "OC-ETag", "\"1\"");
	m.txn.res.head_complete = false;
	assert_int_equal(judge(&m, FLAVOUR_CALDAV).damage_seen, NOT_OBSERVED);
	object_made(&m, "PUT", 201, NULL);
	m.txn.res.loss = LOSS_GAP;
	assert_int_equal(judge(&m, FLAVOUR_CALDAV).damage_seen, NOT_OBSERVED);
	/* What is seen is seen. */
	object_made(&m, "PUT", 201, "W/\"1\"");
	m.txn.res.head_complete = false;
	assert_int_equal(judge(&m, FLAVOUR_CALDAV).damage, DAMAGE_WEAK);
	/* It may be another request's answer. */
	m.txn.unsure = true;
	assert_int_equal(judge(&m, FLAVOUR_CALDAV).damage_seen, NOT_OBSERVED);
	assert_int_equal(judge(&m, FLAVOUR_CALDAV).damage, DAMAGE_NONE);
	object_made(&m, "PUT", 201, "W/\"1\"");
	m.txn.req.seen = false;
	assert_int_equal(judge(&m, FLAVOUR_CALDAV).damage_seen, NOT_OBSERVED);
	object_made(&m, "PUT", 0, NULL);
	m.txn.unpaired = UNPAIRED_GAP;
	assert_int_equal(judge(&m, FLAVOUR_CALDAV).damage_seen, NOT_OBSERVED);
	/* The connection closed: there is no answer, so nothing in it is spoilt. */
	m.txn.unpaired = UNPAIRED_CLOSED;
	assert_int_equal(judge(&m, FLAVOUR_CALDAV).damage_seen, ABSENT);
}

/* ---- rows ---- */

#define CAL "urn:ietf:params:xml:ns:caldav"
#define CARD "urn:ietf:params:xml:ns:carddav"

struct listing {
	struct made m;
	struct dav asked, answer;
	struct dav_prop wanted[2], props[2][2];
	struct dav_response rows[2];
};

static struct dav_prop prop(const char *ns, const char *local, uint16_t status)
{
	return (struct dav_prop){ .name = { guarded(ns), guarded(local) },
		.status = status,
		.bytes = 9 };
}

/* Two rows with data; the tag of the second one is there or is not. */
static void listing_made(struct listing *l, const char *ns, const char *data, uint16_t tag_status)
{
	*l = (struct listing){ .asked = { .n_props = 2, .whole = true },
		.answer = { .n_responses = 2, .responses_seen = 2, .whole = true } };
	made_init(&l->m, "REPORT", "/cal/", 207);
	l->wanted[0] = prop("DAV:", "getetag", 0);
	l->wanted[1] = prop(ns, data, 0);
	for (size_t i = 0; i < 2; i++) {
		l->props[i][0] = prop(ns, data, 200);
		l->props[i][1] = prop("DAV:", "getetag", i == 0 ? 200 : tag_status);
		l->rows[i] = (struct dav_response){ .href = guarded(i == 0 ? "/cal/a" : "/cal/b"),
			.props = l->props[i],
			.n_props = 2 };
	}
	l->asked.props = l->wanted;
	l->answer.responses = l->rows;
	l->m.txn.req.body.dav = &l->asked;
	l->m.txn.res.body.dav = &l->answer;
}

static struct facts rows(const struct listing *l)
{
	struct facts facts = { 0 };
	rows_judge(&l->m.txn, &facts);
	return facts;
}

static void rows_without_tag(void **state)
{
	struct listing l;
	(void)state;
	listing_made(&l, CAL, "calendar-data", 404);
	struct facts facts = rows(&l);
	assert_int_equal(facts.rows_seen, PRESENT);
	assert_int_equal(facts.rows_untagged, 1);
	assert_memory_equal(facts.row_untagged.p, "/cal/b", 6);
	listing_made(&l, CARD, "address-data", 404);
	l.props[0][1].status = 404;
	facts = rows(&l);
	assert_int_equal(facts.rows_untagged, 2);
	assert_memory_equal(facts.row_untagged.p, "/cal/a", 6);
	/* Seen in a part of the answer is seen. */
	l.answer.whole = false;
	assert_int_equal(rows(&l).rows_seen, PRESENT);
}

static void rows_not_claimed(void **state)
{
	struct listing l;
	(void)state;
	listing_made(&l, CAL, "calendar-data", 200);
	assert_int_equal(rows(&l).rows_seen, ABSENT);
	/* Prefer: return=minimal leaves out what is not there; that says nothing. */
	listing_made(&l, CAL, "calendar-data", 404);
	l.rows[1].n_props = 1;
	assert_int_equal(rows(&l).rows_seen, ABSENT);
	/* Refused for another reason. */
	listing_made(&l, CAL, "calendar-data", 403);
	assert_int_equal(rows(&l).rows_seen, ABSENT);
	/* No data either: the resource is gone. */
	listing_made(&l, CAL, "calendar-data", 404);
	l.props[1][0].status = 404;
	assert_int_equal(rows(&l).rows_seen, ABSENT);
	/* Other data, as of a file server. */
	listing_made(&l, "DAV:", "displayname", 404);
	assert_int_equal(rows(&l).rows_seen, ABSENT);
	listing_made(&l, CARD, "calendar-data", 404);
	assert_int_equal(rows(&l).rows_seen, ABSENT);
	/* Nobody asked. */
	listing_made(&l, CAL, "calendar-data", 404);
	l.wanted[0] = prop("DAV:", "getcontenttype", 0);
	assert_int_equal(rows(&l).rows_seen, ABSENT);
	/* No listing. */
	listing_made(&l, CAL, "calendar-data", 404);
	l.m.txn.req.method = guarded("PROPPATCH");
	assert_int_equal(rows(&l).rows_seen, ABSENT);
	listing_made(&l, CAL, "calendar-data", 404);
	l.m.txn.res.status = 403;
	assert_int_equal(rows(&l).rows_seen, ABSENT);
}

static void rows_not_observed(void **state)
{
	struct listing l;
	(void)state;
	listing_made(&l, CAL, "calendar-data", 200);
	l.answer.whole = false;
	assert_int_equal(rows(&l).rows_seen, NOT_OBSERVED);
	l.m.txn.res.body.dav = NULL;
	assert_int_equal(rows(&l).rows_seen, NOT_OBSERVED);
	/* What was asked is not known: the row may answer another question. */
	listing_made(&l, CAL, "calendar-data", 404);
	l.m.txn.req.body.dav = NULL;
	assert_int_equal(rows(&l).rows_seen, NOT_OBSERVED);
	listing_made(&l, CAL, "calendar-data", 404);
	l.m.txn.unsure = true;
	assert_int_equal(rows(&l).rows_seen, NOT_OBSERVED);
	assert_int_equal(rows(&l).rows_untagged, 0);
	listing_made(&l, CAL, "calendar-data", 404);
	l.m.txn.res = (struct message){ 0 };
	l.m.txn.unpaired = UNPAIRED_CAPTURE_END;
	assert_int_equal(rows(&l).rows_seen, NOT_OBSERVED);
	l.m.txn.unpaired = UNPAIRED_RESET;
	assert_int_equal(rows(&l).rows_seen, ABSENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values),
		cmocka_unit_test(lawful),
		cmocka_unit_test(reads),
		cmocka_unit_test(renamed),
		cmocka_unit_test(not_observed),
		cmocka_unit_test(rows_without_tag),
		cmocka_unit_test(rows_not_claimed),
		cmocka_unit_test(rows_not_observed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
