/*
 * test_flavour.c - analysis/flavour.c and signs.c: what a transaction shows, what is learned from it.
 */
#include "analysis/facts.h"
#include "tests/unit/make.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define CALDAV_NS "urn:ietf:params:xml:ns:caldav"
#define CARDDAV_NS "urn:ietf:params:xml:ns:carddav"

static struct flavours *learner(uint64_t scopes, uint64_t seed)
{
	struct limits limits = limits_default();
	limits.scopes = scopes;
	struct flavours *f = flavours_new(&limits, hash_key_from(seed));
	assert_non_null(f);
	return f;
}

static struct facts judge(struct flavours *f, const struct made *m)
{
	struct facts facts = { 0 };
	flavours_judge(f, &m->txn, &facts);
	assert_non_null(facts.flavour_evidence);
	return facts;
}

static enum flavour flavour_alone(const struct made *m)
{
	struct flavours *f = learner(100, 1);
	enum flavour flavour = judge(f, m).flavour;
	flavours_free(f);
	return flavour;
}

static enum flavour simple(struct flavours *f, const char *method, const char *target,
    unsigned status)
{
	struct made m;
	made_init(&m, method, target, status);
	return judge(f, &m).flavour;
}

static enum flavour with_answer_header(const char *name, const char *value)
{
	struct made m;
	made_init(&m, "GET", "/x", 200);
	made_header(&m.txn.res, name, value);
	return flavour_alone(&m);
}

static void answer_headers(void **state)
{
	(void)state;
	assert_int_equal(with_answer_header("ms-webstorage", "6.5.7638"), FLAVOUR_EXCHANGE);
	assert_int_equal(with_answer_header("MicrosoftSharePointTeamServices", "12"),
	    FLAVOUR_SHAREPOINT);
	assert_int_equal(with_answer_header("MS-Server-ActiveSync", "14.1"), FLAVOUR_ACTIVESYNC);
	assert_int_equal(with_answer_header("DAV", "1, 2"), FLAVOUR_WEBDAV);
	assert_int_equal(with_answer_header("DAV", "1, calendar-access"), FLAVOUR_CALDAV);
	assert_int_equal(with_answer_header("DAV", "1,ADDRESSBOOK"), FLAVOUR_CARDDAV);
	assert_int_equal(with_answer_header("DAV", "1, calendar-access, addressbook"),
	    FLAVOUR_WEBDAV);
	assert_int_equal(with_answer_header("DAV", "calendar-access-not"), FLAVOUR_WEBDAV);
	assert_int_equal(with_answer_header("DAV", ""), FLAVOUR_WEBDAV);
	assert_int_equal(with_answer_header("DAVX", "1"), FLAVOUR_HTTP);
}

static void replication_headers(void **state)
{
	(void)state;
	assert_int_equal(with_answer_header("ResourceTag", "<rt:8996592620A4>"), FLAVOUR_EXCHANGE);
	assert_int_equal(with_answer_header("Repl-UID", "<rid:8996592620a4>"), FLAVOUR_EXCHANGE);
	assert_int_equal(with_answer_header("ResourceTag", "rt:doc1-06"), FLAVOUR_EXCHANGE);
	assert_int_equal(with_answer_header("ResourceTag", "rt:5F2A-11@00000000011"),
	    FLAVOUR_SHAREPOINT);
	assert_int_equal(with_answer_header("Repl-uid", "rid:{5F2A-11}"), FLAVOUR_SHAREPOINT);
	assert_int_equal(with_answer_header("ResourceTag", ""), FLAVOUR_HTTP);
	assert_int_equal(with_answer_header("ResourceTag", "<"), FLAVOUR_HTTP);
	assert_int_equal(with_answer_header("Repl-UID", "rid:"), FLAVOUR_EXCHANGE);
}

static void methods_and_targets(void **state)
{
	struct {
		const char *method, *target;
		enum flavour flavour;
	} const cases[] = {
		{ "POST", "/Microsoft-Server-ActiveSync?Cmd=Sync", FLAVOUR_ACTIVESYNC },
		{ "OPTIONS", "/sogo/microsoft-server-activesync", FLAVOUR_ACTIVESYNC },
		{ "POST", "/Microsoft-Server-ActiveSync/default.eas?x", FLAVOUR_ACTIVESYNC },
		/* The front end's own state, read by DAV from the mailbox. */
		{ "GET", "/exchange/a/NON_IPM_SUBTREE/Microsoft-Server-ActiveSync/PocketPC/1/x",
		    FLAVOUR_HTTP },
		{ "MKCOL", "/exchange/a/NON_IPM_SUBTREE/Microsoft-Server-ActiveSync",
		    FLAVOUR_WEBDAV },
		{ "GET", "/Microsoft-Server-ActiveSync.html", FLAVOUR_HTTP },
		{ "GET", "/a?/Microsoft-Server-ActiveSync", FLAVOUR_HTTP },
		{ "BPROPPATCH", "/exchange/a/", FLAVOUR_EXCHANGE },
		{ "POLL", "/exchange/a/", FLAVOUR_EXCHANGE },
		{ "X-MS-ENUMATTS", "/exchange/a/b.EML", FLAVOUR_EXCHANGE },
		{ "SUBSCRIBE", "/upnp", FLAVOUR_HTTP },
		{ "MKCALENDAR", "/c", FLAVOUR_CALDAV },
		{ "SEARCH", "/", FLAVOUR_WEBDAV },
		{ "propfind", "/", FLAVOUR_HTTP },
		{ "GET", "", FLAVOUR_HTTP },
		{ "CONNECT", "host:443", FLAVOUR_HTTP },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct made m;
		made_init(&m, cases[i].method, cases[i].target, 404);
		assert_int_equal(flavour_alone(&m), cases[i].flavour);
	}
}

static enum flavour with_request_header(const char *method, const char *name, const char *value)
{
	struct made m;
	made_init(&m, method, "/x", 404);
	made_header(&m.txn.req, name, value);
	return flavour_alone(&m);
}

static void request_headers(void **state)
{
	(void)state;
	assert_int_equal(with_request_header("PUT", "User-Agent",
			     "Microsoft-Server-ActiveSync/6.5.7651.50"),
	    FLAVOUR_EXCHANGE);
	assert_int_equal(with_request_header("PUT", "User-Agent", "Microsoft-Server"),
	    FLAVOUR_HTTP);
	assert_int_equal(with_request_header("POST", "MS-ASProtocolVersion", "2.5"),
	    FLAVOUR_ACTIVESYNC);
	assert_int_equal(with_request_header("SUBSCRIBE", "notification-type", "Update"),
	    FLAVOUR_EXCHANGE);
}

static enum flavour with_bodies(const char *method, struct dav *req, struct dav *res)
{
	struct made m;
	made_init(&m, method, "/x/", 207);
	m.txn.req.body.dav = req;
	m.txn.res.body.dav = res;
	return flavour_alone(&m);
}

static struct dav dav_root(const char *ns, const char *local)
{
	return (struct dav){ .root = { guarded(ns), guarded(local) } };
}

static void bodies(void **state)
{
	(void)state;
	struct dav caldav = dav_root(CALDAV_NS, "calendar-query");
	struct dav carddav = dav_root(CARDDAV_NS, "addressbook-multiget");
	struct dav plain = dav_root("DAV:", "multistatus");
	assert_int_equal(with_bodies("REPORT", &caldav, &plain), FLAVOUR_CALDAV);
	assert_int_equal(with_bodies("REPORT", &carddav, NULL), FLAVOUR_CARDDAV);
	assert_int_equal(with_bodies("REPORT", &plain, &plain), FLAVOUR_WEBDAV);

	struct slice both[] = { guarded(CALDAV_NS), guarded(CARDDAV_NS) };
	struct dav one = plain, two = plain;
	one.namespaces = two.namespaces = both;
	one.n_namespaces = 1;
	two.n_namespaces = 2;
	assert_int_equal(with_bodies("PROPFIND", &one, NULL), FLAVOUR_CALDAV);
	assert_int_equal(with_bodies("PROPFIND", &plain, &one), FLAVOUR_CALDAV);
	assert_int_equal(with_bodies("PROPFIND", &two, &two), FLAVOUR_WEBDAV);

	struct dav_prop prop = { .name = { guarded(CARDDAV_NS), guarded("addressbook-home-set") } };
	struct dav asked = plain;
	asked.props = &prop;
	asked.n_props = 1;
	assert_int_equal(with_bodies("PROPFIND", &asked, NULL), FLAVOUR_CARDDAV);

	struct slice repl = guarded("http://schemas.microsoft.com/repl/");
	struct dav search = plain;
	search.namespaces = &repl;
	search.n_namespaces = 1;
	assert_int_equal(with_bodies("SEARCH", &search, NULL), FLAVOUR_EXCHANGE);
	/* Office and SharePoint clients ask for it too. */
	assert_int_equal(with_bodies("PROPFIND", &search, NULL), FLAVOUR_WEBDAV);
}

/* Properties of an answer are read only with --bodies: they must not count. */
static void answer_properties_do_not_count(void **state)
{
	(void)state;
	struct dav_prop prop = { .name = { guarded(CALDAV_NS), guarded("calendar-data") } };
	struct dav_response response = { .props = &prop, .n_props = 1 };
	struct dav res = dav_root("DAV:", "multistatus");
	res.props = &prop;
	res.n_props = 1;
	res.responses = &response;
	res.n_responses = 1;
	assert_int_equal(with_bodies("PROPFIND", NULL, &res), FLAVOUR_WEBDAV);
}

static void collection_then_server(void **state)
{
	struct flavours *f = learner(100, 2);
	struct made m;
	(void)state;
	made_init(&m, "PUT", "/cal/u/a.ics", 201);
	m.txn.req.body.kind = BODY_CALENDAR;
	struct facts facts = judge(f, &m);
	assert_int_equal(facts.flavour, FLAVOUR_CALDAV);
	assert_int_equal(facts.flavour_from, FROM_TRANSACTION);
	assert_int_equal(facts.flavour_at.frame, 2);

	made_init(&m, "DELETE", "/cal/u/b.ics", 204);
	m.txn.req.head.frame = 77;
	facts = judge(f, &m);
	assert_int_equal(facts.flavour, FLAVOUR_CALDAV);
	assert_int_equal(facts.flavour_from, FROM_COLLECTION);
	assert_int_equal(facts.flavour_at.frame, 2);
	assert_int_equal(simple(f, "PROPFIND", "/cal/u", 207), FLAVOUR_CALDAV);
	assert_int_equal(simple(f, "PROPFIND", "/cal/u/", 207), FLAVOUR_CALDAV);
	assert_int_equal(simple(f, "GET", "http://host:8080/cal/u/c.ics?x=/", 200), FLAVOUR_CALDAV);
	/* A stored text/calendar alone does not speak for the whole server; another one knows nothing. */
	assert_int_equal(simple(f, "GET", "/elsewhere/b.ics", 200), FLAVOUR_WEBDAV);
	made_init(&m, "GET", "/cal/u/b.ics", 200);
	m.txn.server.port = 81;
	assert_int_equal(judge(f, &m).flavour, FLAVOUR_HTTP);
	flavours_free(f);
}

static void several_dialects_tell_nothing(void **state)
{
	struct flavours *f = learner(100, 3);
	struct dav caldav = dav_root(CALDAV_NS, "calendar-query");
	struct dav carddav = dav_root(CARDDAV_NS, "addressbook-query");
	struct made m;
	(void)state;
	made_init(&m, "REPORT", "/dav/cal/", 207);
	m.txn.req.body.dav = &caldav;
	judge(f, &m);
	struct facts facts;
	made_init(&m, "PROPFIND", "/dav/", 207);
	facts = judge(f, &m);
	assert_int_equal(facts.flavour, FLAVOUR_CALDAV);
	assert_int_equal(facts.flavour_from, FROM_SERVER);
	made_init(&m, "REPORT", "/dav/card/", 207);
	m.txn.req.body.dav = &carddav;
	judge(f, &m);
	assert_int_equal(simple(f, "PROPFIND", "/dav/", 207), FLAVOUR_WEBDAV);
	assert_int_equal(simple(f, "PROPFIND", "/dav/cal/", 207), FLAVOUR_CALDAV);
	assert_int_equal(simple(f, "PROPFIND", "/dav/card/", 207), FLAVOUR_CARDDAV);
	flavours_free(f);
}

static void refusals_and_guesses_are_not_learned(void **state)
{
	struct flavours *f = learner(100, 4);
	struct made m;
	(void)state;
	assert_int_equal(simple(f, "MKCALENDAR", "/c/new", 501), FLAVOUR_CALDAV);
	assert_int_equal(simple(f, "GET", "/c/new/x", 200), FLAVOUR_HTTP);
	assert_int_equal(simple(f, "MKCALENDAR", "/c/new", 0), FLAVOUR_CALDAV);
	assert_int_equal(simple(f, "GET", "/c/new/x", 200), FLAVOUR_HTTP);
	made_init(&m, "GET", "/c/new/x", 200);
	made_header(&m.txn.res, "MS-WebStorage", "6.5");
	m.txn.unsure = true;
	assert_int_equal(judge(f, &m).flavour, FLAVOUR_EXCHANGE);
	assert_int_equal(simple(f, "GET", "/c/new/x", 200), FLAVOUR_HTTP);
	assert_int_equal(simple(f, "MKCALENDAR", "/c/new", 201), FLAVOUR_CALDAV);
	assert_int_equal(simple(f, "GET", "/c/new/x", 200), FLAVOUR_CALDAV);
	flavours_free(f);
}

static void a_product_outweighs_weak_signs(void **state)
{
	struct flavours *f = learner(100, 5);
	struct made m;
	(void)state;
	made_init(&m, "GET", "/exchange/", 200);
	made_header(&m.txn.res, "MS-WebStorage", "6.5");
	judge(f, &m);
	made_init(&m, "PUT", "/exchange/anna/Calendar/a.ics", 201);
	m.txn.req.body.kind = BODY_CALENDAR;
	struct facts facts = judge(f, &m);
	assert_int_equal(facts.flavour, FLAVOUR_EXCHANGE);
	assert_int_equal(facts.flavour_from, FROM_SERVER);
	assert_int_equal(simple(f, "POST", "/Microsoft-Server-ActiveSync?Cmd=Sync", 200),
	    FLAVOUR_ACTIVESYNC);
	assert_int_equal(simple(f, "PUT", "/exchange/x", 201), FLAVOUR_EXCHANGE);
	flavours_free(f);
}

static void answers_without_requests(void **state)
{
	struct flavours *f = learner(100, 6);
	struct made m;
	(void)state;
	made_init(&m, "", "", 207);
	m.txn.req = (struct message){ 0 };
	m.txn.unpaired = UNPAIRED_MIDSTREAM;
	made_header(&m.txn.res, "MS-WebStorage", "6.5");
	struct facts facts = judge(f, &m);
	assert_int_equal(facts.flavour, FLAVOUR_EXCHANGE);
	assert_int_equal(facts.flavour_at.frame, 5);
	assert_int_equal(simple(f, "PUT", "/exchange/x", 201), FLAVOUR_EXCHANGE);
	flavours_free(f);
}

static void learning_is_bounded(void **state)
{
	struct flavours *f = learner(2, 7);
	(void)state;
	assert_int_equal(simple(f, "MKCALENDAR", "/a/", 201), FLAVOUR_CALDAV);
	assert_int_equal(simple(f, "MKCALENDAR", "/b/", 201), FLAVOUR_CALDAV);
	struct made m;
	made_init(&m, "GET", "/b/x", 200);
	assert_int_equal(judge(f, &m).flavour_from, FROM_SERVER);
	made_init(&m, "GET", "/a/x", 200);
	assert_int_equal(judge(f, &m).flavour_from, FROM_COLLECTION);
	flavours_free(f);

	f = learner(0, 7);
	assert_int_equal(simple(f, "MKCALENDAR", "/a/", 201), FLAVOUR_CALDAV);
	assert_int_equal(simple(f, "GET", "/a/x", 200), FLAVOUR_HTTP);
	flavours_free(f);
}

/* Enough collections to make the table grow; no key changes what is found. */
static void many_collections(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < 3; seed++) {
		struct flavours *f = learner(10000, seed);
		char path[32];
		struct made m;
		for (unsigned i = 0; i < 1500; i++) {
			snprintf(path, sizeof path, "/c/%u/", i);
			made_init(&m, i % 3 == 0 ? "MKCALENDAR" : "MKCOL", "", 201);
			m.txn.req.target = slice_from(path);
			judge(f, &m);
		}
		for (unsigned i = 0; i < 1500; i++) {
			snprintf(path, sizeof path, "/c/%u/x", i);
			made_init(&m, "GET", "", 200);
			m.txn.req.target = slice_from(path);
			assert_int_equal(judge(f, &m).flavour_from,
			    i % 3 == 0 ? FROM_COLLECTION : FROM_SERVER);
		}
		flavours_free(f);
	}
}

static void scheduling(void **state)
{
	struct flavours *f = learner(100, 8);
	struct made m;
	(void)state;
	made_init(&m, "OPTIONS", "/", 200);
	made_header(&m.txn.res, "DAV", "1, calendar-auto-schedule-2");
	judge(f, &m);
	assert_false(flavours_scheduling(f, &m.txn));
	made_header(&m.txn.res, "dav", "x,\tCalendar-Auto-Schedule ,y");
	judge(f, &m);
	assert_true(flavours_scheduling(f, &m.txn));
	m.txn.server.address[3]++;
	assert_false(flavours_scheduling(f, &m.txn));
	flavours_free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answer_headers),
		cmocka_unit_test(replication_headers),
		cmocka_unit_test(methods_and_targets),
		cmocka_unit_test(request_headers),
		cmocka_unit_test(bodies),
		cmocka_unit_test(answer_properties_do_not_count),
		cmocka_unit_test(collection_then_server),
		cmocka_unit_test(several_dialects_tell_nothing),
		cmocka_unit_test(refusals_and_guesses_are_not_learned),
		cmocka_unit_test(a_product_outweighs_weak_signs),
		cmocka_unit_test(answers_without_requests),
		cmocka_unit_test(learning_is_bounded),
		cmocka_unit_test(many_collections),
		cmocka_unit_test(scheduling),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
