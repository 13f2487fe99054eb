/*
 * test_servers.c - analysis/servers.c: which servers there are and what they hold, profiles that agree,
 * limits; and analysis/servers_sync.c: tokens, lists of changes, Adds of ActiveSync.
 */
#include "analysis/servers_parts.h"
#include "tests/unit/synckit.h"

#include "tests/unit/serverkit.h"

#include <stdio.h>

static struct kit_side asked, answered;

/* ---- servers and views ---- */

static void names_and_products(void **state)
{
	(void)state;
	const struct servers *servers = analysis_servers(s.analysis);
	assert_int_equal(servers_count(servers), 0);
	plain(&s, "PROPFIND", "/cal/", 0); /* nobody is there */
	assert_int_equal(servers_count(servers), 0);
	struct txn *t = begin(&s, "PROPFIND", "/cal/", 207);
	res_header(t, "Server", "Example/1.0 ");
	deliver(&s, t);
	s.host = "other.example:8080";
	plain(&s, "PROPFIND", "/cal/", 207);
	s.host = NULL;
	plain(&s, "PROPFIND", "/cal/", 207);
	assert_int_equal(servers_count(servers), 3);
	assert_slice(servers_at(servers, 0)->name, "dav.example");
	assert_slice(servers_at(servers, 0)->product, "Example/1.0");
	assert_slice(servers_at(servers, 1)->name, "other.example:8080");
	assert_int_equal(servers_at(servers, 1)->product.n, 0);
	assert_slice(servers_at(servers, 2)->name, "10.0.0.2:80");
	assert_int_equal(servers_at(servers, 0)->flavour, FLAVOUR_CALDAV);
	assert_int_equal(servers_at(servers, 0)->shown, 0);
}

/* An event sink belongs to a folder: the calendar has one, contacts have none. */
static void sink_on_the_calendar(void **state)
{
	(void)state;
	s.flavour = FLAVOUR_EXCHANGE;
	for (int i = 0; i < 4; i++) {
		char path[64];
		bool card = i % 2 == 1;
		snprintf(path, sizeof(path), "/exchange/anna/%s/%d.EML",
		    card ? "Contacts" : "Calendar", i);
		struct txn *t = begin(&s, "PUT", path, 201);
		body_object(&t->req,
		    object_new(t, card ? OBJECT_CARD : OBJECT_EVENT, path, path, 10, 0));
		t->req.body.kind = BODY_MIME;
		if (card)
			res_header(t, "ResourceTag", "<rt:1>");
		deliver(&s, t);
	}
	const struct server_view *calendar = view_holding(HOLDS_CALENDAR);
	const struct server_view *contacts = view_holding(HOLDS_CONTACTS);
	assert_fit_of(calendar, POLICY_V1, V1_IF_EQUAL | V1_NOT_ON_CREATE | V1_NEVER);
	assert_fit_of(contacts, POLICY_V1, V1_ALWAYS | V1_IF_EQUAL);
	assert_int_equal(calendar->mixed | contacts->mixed, 0);
	assert_slice(calendar->product, "6.5.7638");
	assert_int_equal(calendar->invariants[INVARIANT_J8].broken, 2);
	assert_int_equal(contacts->invariants[INVARIANT_J8].kept, KEPT);
}

static struct txn *move_of(const char *from, unsigned status)
{
	struct txn *t = begin(&s, "MOVE", from, status);
	req_header(t, "Destination", "/cal/z.ics");
	return t;
}

/* What does not depend on a folder is known of all of them, those that come later too. */
static void known_of_all(void **state)
{
	(void)state;
	PUT(.inm = "*", .status = 201, .tag = "\"1\"");
	deliver(&s, move_of("/cal/a.ics", 201));
	s.flavour = FLAVOUR_CARDDAV;
	struct txn *t = begin(&s, "PUT", "/book/a.vcf", 201);
	body_object(&t->req, object_new(t, OBJECT_CARD, "c1", "Anna", 0, 0));
	deliver(&s, t);
	const struct server_view *contacts = view_holding(HOLDS_CONTACTS);
	assert_fit_of(contacts, POLICY_V10, V10_NATIVE);
	assert_fit_of(view(), POLICY_V10, V10_NATIVE);
	assert_ptr_equal(contacts->name.p, view()->name.p);
	assert_fit_of(contacts, POLICY_V1, V1_IF_EQUAL | V1_NOT_ON_CREATE | V1_NEVER);
	assert_fit(POLICY_V1, V1_ALWAYS | V1_IF_EQUAL);
}

static void no_room(void **state)
{
	(void)state;
	struct limits limits = limits_default();
	struct error e;
	assert_true(limits_set(&limits, "servers=2", &e));
	scene_close(&s);
	scene_open_with(&s, FLAVOUR_CALDAV, limits);
	const char *const hosts[] = { "a.example", "b.example", "c.example", "a.example" };
	for (size_t i = 0; i < COUNT(hosts); i++) {
		s.host = hosts[i];
		PUT(.inm = "*", .status = 201);
	}
	const struct servers *servers = analysis_servers(s.analysis);
	assert_int_equal(servers_count(servers), 2);
	assert_true(servers_left_out(servers) != 0);
	assert_slice(servers_at(servers, 1)->name, "b.example");
}

static void of_a_collection(void **state)
{
	(void)state;
	PUT(.inm = "*", .status = 201);
	const struct op *op = scene_op(&s, 0);
	const struct servers *servers = analysis_servers(s.analysis);
	assert_ptr_equal(servers_of(servers, op->at.scope), view());
	assert_null(servers_of(servers, op->at.scope + 1));
	assert_null(servers_of(servers, 0));
}

/* ---- profiles ---- */

static void who_agrees(void **state)
{
	(void)state;
	struct error e;
	struct limits limits = limits_default();
	struct profiles *profiles = profiles_new(&limits, &e);
	profiles_load_shipped(profiles);
	PUT(.inm = "*", .status = 201, .tag = "\"1\"");
	GET(.tag = "\"1\"", .rev = 1);
	PUT(.match = "\"1\"", .status = 201, .tag = "\"2\"", .rev = 2);
	static const struct {
		const char *name;
		bool agrees;
	} cases[] = { { "radicale", true }, { "sogo-caldav", false }, { "caldav-strict", false },
		{ "exchange-sink", false }, { "sogo-activesync", false }, { "vdirsyncer", false },
		{ "stalwart", false } };
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct profile *p = profile_find(profiles, cases[i].name);
		assert_non_null(p);
		if (server_agrees(p, view()) != cases[i].agrees)
			fail_msg("%s", cases[i].name);
	}
	profiles_free(profiles);
}

/* ---- V6, V7, J5, J6, J9: tokens and lists of changes ---- */

static struct txn *delta_of(const char *token, const char *next, unsigned status)
{
	struct txn *t = begin(&s, "REPORT", "/cal/", status);
	message_dav(t, &t->req, "sync-collection")->sync_token = keep(t, token);
	if (status == 207)
		res_rows(t)->sync_token = keep(t, next);
	return t;
}

static void delta(const char *token, const char *next)
{
	deliver(&s, delta_of(token, next, 207));
}

static void counters(void **state)
{
	(void)state;
	delta("", "http://sabre.io/ns/sync/7");
	assert_fit(POLICY_V6, V6_COUNTER | V6_EPOCH | V6_OPAQUE);
	delta("http://sabre.io/ns/sync/7", "http://sabre.io/ns/sync/8");
	assert_fit(POLICY_V6, V6_COUNTER | V6_EPOCH | V6_OPAQUE);
	delta("http://sabre.io/ns/sync/8", "http://sabre.io/ns/sync/11");
	assert_fit(POLICY_V6, V6_COUNTER);
}

static void seconds_and_hashes(void **state)
{
	(void)state;
	delta("", "1158999990"); /* the scene is at 1159000000 */
	assert_fit(POLICY_V6, V6_EPOCH);
	again();
	delta("", "1000000001"); /* long ago: it may count */
	assert_fit(POLICY_V6, V6_COUNTER | V6_EPOCH | V6_OPAQUE);
	again();
	delta("", "http://radicale.org/ns/sync/ab12f");
	assert_fit(POLICY_V6, V6_OPAQUE);
	again();
	delta("", "http://radicale.org/ns/sync/ab12");
	assert_fit(POLICY_V6, V6_COUNTER | V6_EPOCH | V6_OPAQUE);
	delta("http://radicale.org/ns/sync/ab12", "http://radicale.org/ns/sync/cd13");
	assert_fit(POLICY_V6, V6_OPAQUE);
	again();
	delta("", "uuid-a-1");
	delta("", "uuid-b-1"); /* begun anew */
	assert_fit(POLICY_V6, V6_COUNTER | V6_EPOCH | V6_OPAQUE);
}

static void ctag(const char *value)
{
	struct txn *t = begin(&s, "PROPFIND", "/cal/", 207);
	req_header(t, "Depth", "0");
	row_prop_add(t, row(t, "/cal/", 0), "getctag", value, 200);
	deliver(&s, t);
}

/* A ctag speaks for the tokens as long as none is seen. */
static void ctags(void **state)
{
	(void)state;
	ctag("\"0a0b0c\"");
	assert_fit(POLICY_V6, V6_OPAQUE);
	delta("", "1158999990");
	assert_fit(POLICY_V6, V6_EPOCH);
	ctag("\"0a0b0d\"");
	assert_fit(POLICY_V6, V6_EPOCH);
}

static void long_lists(void **state)
{
	(void)state;
	struct txn *t = delta_of("", "t1", 207);
	row_tag(t, "/cal/a.ics", "\"1\"");
	row(t, "/cal/", 507);
	deliver(&s, t);
	assert_fit(POLICY_V7, V7_507);
	assert_kept(INVARIANT_J6, KEPT, 1, 0);
	again();
	t = delta_of("", "t1", 207);
	message_dav(t, &t->req, "sync-collection")->limit = 1;
	row_tag(t, "/cal/a.ics", "\"1\"");
	row_tag(t, "/cal/b.ics", "\"1\"");
	deliver(&s, t);
	assert_fit(POLICY_V7, V7_NONE);
	again();
	t = delta_of("", "t1", 207);
	row(t, "/cal/", 507);
	t->res.loss = LOSS_GAP;
	deliver(&s, t);
	assert_open(POLICY_V7);
}

static void changes_are_named(void **state)
{
	(void)state;
	PUT(.inm = "*", .status = 201, .tag = "\"1\"");
	for (int i = 0; i < 2; i++) {
		struct txn *t = delta_of("t1", "t2", 207);
		row_tag(t, "/cal/a.ics", "\"1\"");
		deliver(&s, t);
		assert_kept(INVARIANT_J5, KEPT, 1, 0); /* each change once */
	}
}

static void refused_tokens(void **state)
{
	(void)state;
	struct txn *t = delta_of("t1", "", 403);
	res_error(t, "valid-sync-token");
	deliver(&s, t);
	assert_kept(INVARIANT_J9, KEPT, 1, 0);
	t = delta_of("t1", "", 400);
	res_error(t, "valid-sync-token");
	deliver(&s, t);
	assert_kept(INVARIANT_J9, KEPT_NOT, 2, 1);
}

/* ---- V8, J7: Adds of ActiveSync ---- */

struct added {
	const char *key, *client_id, *uid, *client_uid, *server_id, *summary;
};

static void add_item(struct added a)
{
	s.flavour = FLAVOUR_ACTIVESYNC;
	side_init(&asked, "Sync");
	side_init(&answered, "Sync");
	struct txn *t = begin(&s, "POST",
	    "/Microsoft-Server-ActiveSync?User=anna&DeviceId=D1&DeviceType=P&Cmd=Sync",
	    a.server_id != NULL ? 200 : 0);
	side_collection(&asked, "cal", a.key, AIRSYNC_NONE);
	struct airsync_item *item = side_item(&asked, AIRSYNC_ADD, a.client_id, NULL);
	item->object = object_new(t, OBJECT_EVENT, a.uid != NULL ? a.uid : "",
	    a.summary != NULL ? a.summary : "Tea", 10, 0);
	item->client_uid = text(a.client_uid);
	message_airsync(&t->req, &asked);
	t->req.body.hash = text_hash(7, a.client_id);
	if (a.server_id != NULL) {
		side_collection(&answered, "cal", "k9", 1);
		side_row(&answered, AIRSYNC_ADD, a.client_id, a.server_id, 1);
		message_airsync(&t->res, &answered);
	}
	deliver(&s, t);
}

#define ALL_V8 (V8_KEY_CLIENT_ID | V8_CLIENT_ID | V8_UID | V8_CLIENT_UID | V8_NONE)

static void repeated_adds(void **state)
{
	(void)state;
	static const struct {
		struct added first, second;
		unsigned fit;
		enum promise_kept kept;
	} cases[] = {
		{ { .key = "k1", .client_id = "c1", .server_id = "1" },
		    { .key = "k1", .client_id = "c1", .server_id = "1" },
		    V8_KEY_CLIENT_ID | V8_CLIENT_ID, KEPT },
		{ { .key = "k1", .client_id = "c1", .server_id = "1" },
		    { .key = "k1", .client_id = "c1", .server_id = "2" },
		    V8_UID | V8_CLIENT_UID | V8_NONE, KEPT_NOT },
		{ { .key = "k1", .client_id = "c1", .uid = "u", .server_id = "1" },
		    { .key = "k2", .client_id = "c2", .uid = "u", .server_id = "1" }, V8_UID,
		    KEPT_UNTRIED },
		{ { .key = "k1", .client_id = "c1", .uid = "u", .server_id = "1" },
		    { .key = "k1", .client_id = "c1", .uid = "u", .server_id = "2" },
		    V8_CLIENT_UID | V8_NONE, KEPT_NOT },
		{ { .key = "k1", .client_id = "c1", .client_uid = "x", .server_id = "1" },
		    { .key = "k2", .client_id = "c2", .client_uid = "x", .server_id = "1" },
		    V8_CLIENT_UID, KEPT_UNTRIED },
		/* Another item under a ClientId that was used before: only one kind of server is wrong here. */
		{ { .key = "k1", .client_id = "c1", .server_id = "1" },
		    { .key = "k2", .client_id = "c1", .server_id = "1", .summary = "Milk" },
		    V8_CLIENT_ID, KEPT_UNTRIED },
		{ { .key = "k1", .client_id = "c1", .server_id = "1" },
		    { .key = "k2", .client_id = "c1", .server_id = "2", .summary = "Milk" },
		    ALL_V8 & ~V8_CLIENT_ID, KEPT_UNTRIED },
		{ { .key = "k1", .client_id = "c1", .server_id = "1" },
		    { .key = "k2", .client_id = "c2", .server_id = "2" }, ALL_V8, KEPT_UNTRIED },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		again();
		add_item(cases[i].first);
		add_item(cases[i].second);
		assert_fit(POLICY_V8, cases[i].fit);
		assert_int_equal(view()->invariants[INVARIANT_J7].kept, cases[i].kept);
	}
}

/* The first one never had an answer: a listing shows that it is there, beside the second. */
static void lost_and_repeated(void **state)
{
	(void)state;
	add_item((struct added){ .key = "k1", .client_id = "c1" });
	add_item((struct added){ .key = "k1", .client_id = "c1", .server_id = "2" });
	side_init(&asked, "Sync");
	side_init(&answered, "Sync");
	struct txn *t = begin(&s, "POST",
	    "/Microsoft-Server-ActiveSync?User=anna&DeviceId=D1&DeviceType=P&Cmd=Sync", 200);
	side_collection(&asked, "cal", "k9", AIRSYNC_NONE);
	side_collection(&answered, "cal", "k10", 1);
	side_item(&answered, AIRSYNC_ADD, NULL, "1")->object = object_new(t, OBJECT_EVENT, "",
	    "Tea", 10, 0);
	message_airsync(&t->req, &asked);
	message_airsync(&t->res, &answered);
	deliver(&s, t);
	assert_open(POLICY_V8);
	scene_finish(&s);
	assert_int_equal(scene_matter(&s, TROUBLE_DUPLICATE, 0)->m.cause, CAUSE_SERVER_REPLAY);
	assert_fit(POLICY_V8, V8_UID | V8_CLIENT_UID | V8_NONE);
	assert_kept(INVARIANT_J7, KEPT_NOT, 1, 1);
}

/* ---- words and sizes ---- */

static void words(void **state)
{
	(void)state;
	for (unsigned i = 0; i < INVARIANTS; i++) {
		char code[8];
		snprintf(code, sizeof(code), "J%u", i + 1);
		assert_string_equal(invariants_table[i].word, code);
		assert_true(invariants_table[i].text[0] != '\0');
	}
	assert_null(kept_words[KEPT_NOT + 1]);
	assert_null(holds_words[HOLDS_KINDS]);
}

/* The sum of test_limits.c reckons with it. */
static void room_that_is_taken(void **state)
{
	(void)state;
	assert_true(sizeof(struct server_view) + sizeof(struct server) <= 2304);
	assert_true(sizeof(struct servers) <= 80 << 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENE_TEST(names_and_products),
		SCENE_TEST(sink_on_the_calendar),
		SCENE_TEST(known_of_all),
		SCENE_TEST(no_room),
		SCENE_TEST(of_a_collection),
		SCENE_TEST(who_agrees),
		SCENE_TEST(counters),
		SCENE_TEST(seconds_and_hashes),
		SCENE_TEST(ctags),
		SCENE_TEST(long_lists),
		SCENE_TEST(changes_are_named),
		SCENE_TEST(refused_tokens),
		SCENE_TEST(repeated_adds),
		SCENE_TEST(lost_and_repeated),
		cmocka_unit_test(words),
		cmocka_unit_test(room_that_is_taken),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
