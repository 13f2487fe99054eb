/*
 * test_dialect_dav.c - analysis/dialect_dav.c: which operation a transaction is, on what, and how it ended.
 */
#include "tests/unit/scenekit.h"

static struct scene scene;
static struct places *places;

static int open_scene(void **state)
{
	(void)state;
	scene_open(&scene, FLAVOUR_CALDAV);
	places = places_new(&scene.limits);
	return 0;
}

static int close_scene(void **state)
{
	(void)state;
	places_free(places);
	scene_close(&scene);
	return 0;
}

static struct ops judge(struct txn *t, enum flavour flavour)
{
	struct facts *facts = make(t, sizeof(*facts));
	facts->flavour = flavour;
	tag_judge(t, false, facts);
	return dialect_dav(places, t, facts);
}

static const struct op *judge_one(struct txn *t, enum flavour flavour)
{
	struct ops ops = judge(t, flavour);
	assert_int_equal(ops.n, 1);
	assert_ptr_equal(ops.list[0].txn, t);
	assert_int_equal(ops.list[0].legs, 1);
	assert_int_equal(ops.list[0].attempts, 1);
	return &ops.list[0];
}

static struct txn *ask(const char *method, const char *target, unsigned status)
{
	return begin(&scene, method, target, status);
}

static void root(struct txn *t, const char *name)
{
	message_dav(t, &t->req, name);
}

static void methods(void **state)
{
	static const struct {
		const char *method, *root;
		enum op_kind kind;
		unsigned flavour;
	} rows[] = {
		{ "PUT", NULL, OP_WRITE, FLAVOUR_CALDAV },
		{ "GET", NULL, OP_READ, FLAVOUR_CALDAV },
		{ "HEAD", NULL, OP_PROBE, FLAVOUR_CALDAV },
		{ "OPTIONS", NULL, OP_PROBE, FLAVOUR_CALDAV },
		{ "DELETE", NULL, OP_DELETE, FLAVOUR_CALDAV },
		{ "MOVE", NULL, OP_MOVE, FLAVOUR_CALDAV },
		{ "COPY", NULL, OP_COPY, FLAVOUR_CALDAV },
		{ "PROPFIND", "propfind", OP_LIST, FLAVOUR_CALDAV },
		{ "PROPPATCH", "propertyupdate", OP_OTHER, FLAVOUR_CALDAV },
		{ "PROPPATCH", "propertyupdate", OP_OTHER, FLAVOUR_EXCHANGE },
		{ "MKCOL", NULL, OP_OTHER, FLAVOUR_EXCHANGE },
		{ "MKCALENDAR", NULL, OP_OTHER, FLAVOUR_CALDAV },
		{ "REPORT", "sync-collection", OP_DELTA, FLAVOUR_CALDAV },
		{ "REPORT", "calendar-multiget", OP_READ, FLAVOUR_CALDAV },
		{ "REPORT", "addressbook-multiget", OP_READ, FLAVOUR_CARDDAV },
		{ "REPORT", "calendar-query", OP_LIST, FLAVOUR_CALDAV },
		{ "REPORT", "addressbook-query", OP_LIST, FLAVOUR_CARDDAV },
		{ "REPORT", "free-busy-query", OP_OTHER, FLAVOUR_CALDAV },
		{ "REPORT", NULL, OP_OTHER, FLAVOUR_CALDAV },
		{ "SEARCH", "searchrequest", OP_LIST, FLAVOUR_EXCHANGE },
		{ "POST", NULL, OP_OTHER, FLAVOUR_CALDAV },
		{ "LOCK", NULL, OP_OTHER, FLAVOUR_CALDAV },
		{ "put", NULL, OP_OTHER, FLAVOUR_CALDAV },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct txn *t = ask(rows[i].method, "/cal/a.ics", 200);
		if (rows[i].root != NULL)
			root(t, rows[i].root);
		const struct op *op = judge_one(t, rows[i].flavour);
		if (op->kind != rows[i].kind)
			fail_msg("%s %s: %s", rows[i].method, rows[i].root, op_words[op->kind]);
		txn_free(t);
	}
}

static void not_of_this_dialect(void **state)
{
	(void)state;
	struct txn *t = ask("PUT", "/cal/a.ics", 201);
	assert_int_equal(judge(t, FLAVOUR_HTTP).n, 0);
	assert_int_equal(judge(t, FLAVOUR_ACTIVESYNC).n, 0);
	t->req.seen = false;
	assert_int_equal(judge(t, FLAVOUR_CALDAV).n, 0);
	txn_free(t);
}

static void listings_and_depth(void **state)
{
	(void)state;
	struct txn *t = ask("PROPFIND", "/cal/", 207);
	req_header(t, "Depth", "0");
	assert_int_equal(judge_one(t, FLAVOUR_CALDAV)->kind, OP_PROBE);
	txn_free(t);
	t = ask("SEARCH", "/exchange/anna/calendar", 207);
	root(t, "searchrequest");
	((struct dav *)(uintptr_t)t->req.body.dav)->collblob = SLICE("AAAA");
	assert_int_equal(judge_one(t, FLAVOUR_EXCHANGE)->kind, OP_DELTA);
	txn_free(t);
}

/* Create, update, or one of them: the condition says it, never the status. */
static void kinds_of_writes(void **state)
{
	static const struct {
		const char *name, *value;
		enum op_kind kind;
	} rows[] = {
		{ "If-None-Match", "*", OP_CREATE },
		{ "If-Match", "\"1\"", OP_UPDATE },
		{ "If-Match", "*", OP_UPDATE },
		{ "If-Schedule-Tag-Match", "\"1\"", OP_UPDATE },
		{ "If", "(<rt:1>)", OP_UPDATE },
		{ "If", "(<opaquelocktoken:1>)", OP_WRITE },
		{ "X", "y", OP_WRITE },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (unsigned status = 200; status <= 204; status++) {
			struct txn *t = ask("PUT", "/cal/a.ics", status);
			req_header(t, rows[i].name, rows[i].value);
			assert_int_equal(judge_one(t, FLAVOUR_CALDAV)->kind, rows[i].kind);
			txn_free(t);
		}
}

static void places_of(void **state)
{
	(void)state;
	struct txn *t = ask("PUT", "http://dav.example/cal/%61.ics?x", 201);
	const struct op *op = judge_one(t, FLAVOUR_CALDAV);
	struct place a = op->at;
	assert_true(slice_is(a.path, "/cal/a.ics"));
	assert_true(
	    a.id != 0 && a.scope == place_scope(places, place_authority(t), SLICE("/cal"), false));
	txn_free(t);
	t = ask("PROPFIND", "/cal/", 207);
	assert_true(judge_one(t, FLAVOUR_CALDAV)->at.scope == a.scope);
	assert_int_equal(judge_one(t, FLAVOUR_CALDAV)->at.id, 0);
	txn_free(t);
	t = ask("DELETE", "/cal/", 204);
	assert_int_equal(judge_one(t, FLAVOUR_CALDAV)->at.id, 0);
	txn_free(t);
	t = ask("PUT", "/Exchange/Anna/Tea.EML", 201);
	op = judge_one(t, FLAVOUR_EXCHANGE);
	assert_true(slice_is(op->at.path, "/Exchange/Anna/Tea.EML"));
	assert_true(slice_is(op->mailbox, "Anna"));
	txn_free(t);
}

static void destinations(void **state)
{
	(void)state;
	struct txn *t = ask("MOVE", "/cal/a.ics", 201);
	req_header(t, "Destination", "http://dav.example/cal2/%62.ics");
	const struct op *op = judge_one(t, FLAVOUR_CALDAV);
	assert_true(slice_is(op->to.path, "/cal2/b.ics"));
	assert_true(
	    op->to.id == place_member(places, place_authority(t), SLICE("/cal2/b.ics"), false).id);
	txn_free(t);
	t = ask("MOVE", "/cal/a.ics", 201);
	assert_int_equal(judge_one(t, FLAVOUR_CALDAV)->to.id, 0);
	txn_free(t);
}

/* ---- the status inside ---- */

static const struct op *inside(const char *method, unsigned status, const char *error)
{
	struct txn *t = ask(method, "/cal/a.ics", 207);
	struct dav_response *r = row(t, "/cal/a.ics", status);
	if (error != NULL)
		r->error = (struct dav_name){ SLICE("DAV:"), keep(t, error) };
	static struct op op;
	op = *judge_one(t, FLAVOUR_CALDAV);
	txn_free(t);
	return &op;
}

static void inner_statuses(void **state)
{
	(void)state;
	const struct op *op = inside("PUT", 412, NULL); /* Xandikos 0.2.8 */
	assert_int_equal(op->outcome, OUT_PRECONDITION);
	assert_int_equal(op->commit, COMMIT_NO);
	assert_int_equal(op->row_status, 412);
	op = inside("PUT", 412, "no-uid-conflict");
	assert_int_equal(op->outcome, OUT_UID_CONFLICT);
	assert_int_equal(op->commit, COMMIT_NO);
	op = inside("PUT", 201, NULL);
	assert_int_equal(op->commit, COMMIT_YES);
	op = inside("DELETE", 423, NULL);
	assert_int_equal(op->outcome, OUT_CONFLICT);
	assert_int_equal(op->commit, COMMIT_NO);
	op = inside("PUT", 500, NULL);
	assert_int_equal(op->commit, COMMIT_MAYBE);
	op = inside("PUT", 507, NULL);
	assert_int_equal(op->commit, COMMIT_NO);
	op = inside("PROPPATCH", 403, NULL);
	assert_int_equal(op->kind, OP_OTHER);
	assert_int_equal(op->commit, COMMIT_NO);
}

/* A 207 whose inside was not read, or says nothing, tells nothing. */
static void inside_unseen(void **state)
{
	struct txn *t = ask("PUT", "/cal/a.ics", 207);
	(void)state;
	const struct op *op = judge_one(t, FLAVOUR_CALDAV);
	assert_int_equal(op->outcome, OUT_UNSEEN);
	assert_int_equal(op->commit, COMMIT_UNSEEN);
	struct dav *dav = res_rows(t);
	dav->whole = false;
	assert_int_equal(judge_one(t, FLAVOUR_CALDAV)->commit, COMMIT_UNSEEN);
	row(t, "/cal/a.ics", 0);
	assert_int_equal(judge_one(t, FLAVOUR_CALDAV)->commit, COMMIT_UNSEEN);
	dav->whole = true;
	assert_int_equal(judge_one(t, FLAVOUR_CALDAV)->commit, COMMIT_UNSEEN);
	txn_free(t);
	t = ask("PROPFIND", "/cal/", 207);
	assert_int_equal(judge_one(t, FLAVOUR_CALDAV)->outcome, OUT_OK);
	txn_free(t);
}

static struct txn *exchange_proppatch(unsigned status)
{
	struct txn *t = ask("PROPPATCH", "/exchange/anna/calendar/tea.eml", status);
	message_dav(t, &t->req, "propertyupdate")->object = object_new(t, OBJECT_EVENT, "u", "Tea",
	    10, 0);
	return t;
}

/* Exchange 2003 SDK: Brief: t leaves out what went well. */
static void brief_answers(void **state)
{
	(void)state;
	struct txn *t = exchange_proppatch(207);
	res_rows(t);
	req_header(t, "Brief", "t");
	assert_int_equal(judge_one(t, FLAVOUR_EXCHANGE)->commit, COMMIT_YES);
	row(t, "/exchange/anna/calendar/tea.eml", 0);
	assert_int_equal(judge_one(t, FLAVOUR_EXCHANGE)->commit, COMMIT_YES);
	txn_free(t);
	t = exchange_proppatch(207);
	res_rows(t);
	assert_int_equal(judge_one(t, FLAVOUR_EXCHANGE)->commit, COMMIT_UNSEEN);
	txn_free(t);
}

static void proppatch_of_exchange(void **state)
{
	(void)state;
	struct txn *t = exchange_proppatch(207);
	struct dav_response *r = row(t, "/exchange/anna/calendar/tea.eml", 201);
	row_prop_add(t, r, "subject", "", 200);
	res_header(t, "ResourceTag", "<rt:8996>");
	const struct op *op = judge_one(t, FLAVOUR_EXCHANGE);
	assert_int_equal(op->kind, OP_WRITE);
	assert_int_equal(op->commit, COMMIT_YES);
	assert_int_equal(op->row_status, 201);
	assert_int_equal(op->tag_seen, PRESENT);
	assert_true(slice_is(op->tag, "rt:8996"));
	assert_non_null(op->object);
	assert_true(op->calendar);
	txn_free(t);
	t = exchange_proppatch(207);
	r = row(t, "/exchange/anna/calendar/tea.eml", 0);
	row_prop_add(t, r, "subject", "", 424);
	row_prop_add(t, r, "uid", "", 403);
	op = judge_one(t, FLAVOUR_EXCHANGE);
	assert_int_equal(op->commit, COMMIT_NO);
	txn_free(t);
	t = exchange_proppatch(207);
	r = row(t, "/exchange/anna/calendar/tea.eml", 0);
	row_prop_add(t, r, "subject", "", 200);
	op = judge_one(t, FLAVOUR_EXCHANGE);
	assert_int_equal(op->commit, COMMIT_YES);
	assert_int_equal(op->tag_seen, ABSENT);
	txn_free(t);
}

/* sabre/dav says what happened in words of its own before it says it in the standard's. */
static void errors_behind_others(void **state)
{
	(void)state;
	struct txn *t = ask("PUT", "/cal/a.ics", 409);
	res_error(t, "exception");
	res_error(t, "message");
	res_error(t, "no-uid-conflict");
	assert_int_equal(judge_one(t, FLAVOUR_CALDAV)->outcome, OUT_UID_CONFLICT);
	txn_free(t);
	t = ask("REPORT", "/cal/", 403);
	root(t, "sync-collection");
	res_error(t, "exception");
	res_error(t, "valid-sync-token");
	assert_int_equal(judge_one(t, FLAVOUR_CALDAV)->outcome, OUT_TOKEN_BAD);
	txn_free(t);
}

/* ---- tags ---- */

static void tags_of_answers(void **state)
{
	(void)state;
	struct txn *t = ask("PUT", "/cal/a.ics", 201);
	const struct op *op = judge_one(t, FLAVOUR_CALDAV);
	assert_int_equal(op->tag_seen, ABSENT);
	assert_int_equal(op->schedule_tag_seen, ABSENT);
	res_header(t, "ETag", " \"1\" ");
	res_header(t, "Schedule-Tag", "\"2\"");
	op = judge_one(t, FLAVOUR_CALDAV);
	assert_int_equal(op->tag_seen, PRESENT);
	assert_true(slice_is(op->tag, "\"1\""));
	assert_true(slice_is(op->schedule_tag, "\"2\""));
	t->unsure = true;
	op = judge_one(t, FLAVOUR_CALDAV);
	assert_int_equal(op->tag_seen, NOT_OBSERVED);
	txn_free(t);
	t = ask("PUT", "/cal/a.ics", 201);
	t->res.loss = LOSS_GAP;
	assert_int_equal(judge_one(t, FLAVOUR_CALDAV)->tag_seen, NOT_OBSERVED);
	txn_free(t);
	t = ask("PUT", "/cal/a.ics", 0);
	assert_int_equal(judge_one(t, FLAVOUR_CALDAV)->tag_seen, NOT_OBSERVED);
	txn_free(t);
	t = ask("PUT", "/cal/a.ics", 201);
	res_header(t, "ETag", "");
	assert_int_equal(judge_one(t, FLAVOUR_CALDAV)->tag_seen, ABSENT);
	txn_free(t);
}

/* ---- POST ---- */

static void add_member(void **state)
{
	(void)state;
	struct txn *t = ask("POST", "/cal/", 201);
	req_event(t, "u", "Tea", 10);
	res_header(t, "Location", "/cal/1.ics");
	const struct op *op = judge_one(t, FLAVOUR_CALDAV);
	assert_int_equal(op->kind, OP_CREATE);
	assert_true(slice_is(op->at.path, "/cal/1.ics"));
	assert_true(op->at.id != 0);
	txn_free(t);
	t = ask("POST", "/cal/", 200); /* Xandikos */
	req_event(t, "u", "Tea", 10);
	res_header(t, "Location", "http://dav.example/cal/1.ics");
	assert_int_equal(judge_one(t, FLAVOUR_CALDAV)->kind, OP_CREATE);
	txn_free(t);
	t = ask("POST", "/cal/", 201);
	req_event(t, "u", "Tea", 10);
	op = judge_one(t, FLAVOUR_CALDAV);
	assert_int_equal(op->kind, OP_CREATE);
	assert_int_equal(op->at.id, 0);
	assert_true(op->at.scope == place_scope(places, place_authority(t), SLICE("/cal"), false));
	txn_free(t);
}

/* Without an answer it may have made something; nobody knows under which name. */
static void add_member_lost(void **state)
{
	(void)state;
	struct txn *t = ask("POST", "/cal/", 0);
	req_event(t, "u", "Tea", 10);
	const struct op *op = judge_one(t, FLAVOUR_CALDAV);
	assert_int_equal(op->kind, OP_CREATE);
	assert_int_equal(op->commit, COMMIT_MAYBE);
	assert_int_equal(op->at.id, 0);
	assert_true(op->at.scope == place_scope(places, place_authority(t), SLICE("/cal"), false));
	txn_free(t);
	t = ask("POST", "/cal/", 500);
	req_event(t, "u", "Tea", 10);
	assert_int_equal(judge_one(t, FLAVOUR_CALDAV)->kind, OP_CREATE);
	txn_free(t);
}

/* RFC 6638 outbox: what it posts is a message, not an object. */
static void outbox(void **state)
{
	static const unsigned statuses[] = { 200, 0, 500 };
	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct txn *t = ask("POST", "/cal/outbox/", statuses[i]);
		req_event(t, "u", "Tea", 10)->method = SLICE("REQUEST");
		assert_int_equal(judge_one(t, FLAVOUR_CALDAV)->kind, OP_OTHER);
		txn_free(t);
	}
	struct txn *t = ask("POST", "/cal/", 200);
	req_event(t, "u", "Tea", 10);
	assert_int_equal(judge_one(t, FLAVOUR_CALDAV)->kind, OP_OTHER);
	txn_free(t);
}

static void post_to_exchange(void **state)
{
	(void)state;
	struct txn *t = ask("POST", "/exchange/anna/calendar", 201);
	res_header(t, "Location", "http://x/exchange/Anna/Calendar/Tea.EML");
	res_header(t, "Repl-UID", "<rid:1>");
	const struct op *op = judge_one(t, FLAVOUR_EXCHANGE);
	assert_int_equal(op->kind, OP_CREATE);
	assert_true(slice_is(op->at.path, "/exchange/Anna/Calendar/Tea.EML"));
	txn_free(t);
	t = ask("POST", "/exchange/anna/calendar", 200);
	assert_int_equal(judge_one(t, FLAVOUR_EXCHANGE)->kind, OP_OTHER);
	txn_free(t);
}

/* ---- methods on several resources ---- */

static struct txn *batch(const char *method, const char *const *hrefs, size_t n, unsigned status)
{
	struct txn *t = ask(method, "/exchange/anna/calendar/", status);
	struct dav *dav = message_dav(t, &t->req, "delete");
	struct slice *list = make(t, n * sizeof(*list));
	for (size_t i = 0; i < n; i++)
		list[i] = keep(t, hrefs[i]);
	dav->hrefs = list;
	dav->n_hrefs = n;
	return t;
}

static const char *const three[] = { "/exchange/anna/calendar/a.eml",
	"http://x/exchange/Anna/Calendar/B.EML", "/exchange/anna/calendar/c%2eeml" };

static void batches(void **state)
{
	(void)state;
	struct txn *t = batch("BDELETE", three, 3, 207);
	row(t, "http://x/exchange/anna/calendar/A.EML", 200);
	row(t, "/exchange/anna/calendar/c.eml", 404);
	row(t, "/exchange/anna/calendar/b.eml", 423);
	struct ops ops = judge(t, FLAVOUR_EXCHANGE);
	assert_int_equal(ops.n, 3);
	assert_int_equal(ops.list[0].kind, OP_DELETE);
	assert_int_equal(ops.list[0].commit, COMMIT_YES);
	assert_int_equal(ops.list[1].outcome, OUT_CONFLICT);
	assert_int_equal(ops.list[1].commit, COMMIT_NO);
	assert_int_equal(ops.list[2].outcome, OUT_GONE);
	assert_true(slice_is(ops.list[2].at.path, "/exchange/anna/calendar/c.eml"));
	assert_int_equal(ops.list[0].tag_seen, NOT_OBSERVED);
	txn_free(t);
}

/* One status for all, and rows that are missing. */
static void batches_in_short(void **state)
{
	(void)state;
	struct txn *t = batch("BDELETE", three, 3, 200);
	struct ops ops = judge(t, FLAVOUR_EXCHANGE);
	assert_int_equal(ops.list[2].commit, COMMIT_YES);
	txn_free(t);
	t = batch("BDELETE", three, 3, 403);
	assert_int_equal(judge(t, FLAVOUR_EXCHANGE).list[0].commit, COMMIT_NO);
	txn_free(t);
	t = batch("BDELETE", three, 3, 0);
	assert_int_equal(judge(t, FLAVOUR_EXCHANGE).list[0].commit, COMMIT_MAYBE);
	txn_free(t);
	t = batch("BDELETE", three, 3, 207);
	row(t, three[0], 200);
	ops = judge(t, FLAVOUR_EXCHANGE);
	assert_int_equal(ops.list[0].commit, COMMIT_YES);
	assert_int_equal(ops.list[1].commit, COMMIT_UNSEEN);
	txn_free(t);
	t = batch("BCOPY", three, 0, 207); /* without targets it is nothing of the kind */
	assert_int_equal(judge_one(t, FLAVOUR_EXCHANGE)->kind, OP_OTHER);
	txn_free(t);
}

/* BMOVE and BCOPY name a folder; what they move keeps its name. */
static void batches_with_destination(void **state)
{
	(void)state;
	struct txn *t = batch("BMOVE", three, 3, 200);
	req_header(t, "Destination", "http://x/exchange/Anna/Deleted%20Items/");
	struct ops ops = judge(t, FLAVOUR_EXCHANGE);
	assert_int_equal(ops.list[1].kind, OP_MOVE);
	assert_true(slice_is(ops.list[1].to.path, "/exchange/Anna/Deleted Items/B.EML"));
	struct place to = place_member(places, place_authority(t),
	    SLICE("/exchange/anna/deleted items/b.eml"), true);
	assert_true(ops.list[1].to.id == to.id && ops.list[1].to.scope == to.scope);
	txn_free(t);
}

/* Whatever their order, 1,024 targets do not eat the memory of the transaction. */
static void large_batches(void **state)
{
	enum { MANY = 1024 };
	struct txn *t = ask("BDELETE", "/exchange/anna/calendar/", 207);
	struct dav *dav = message_dav(t, &t->req, "delete"), *rows = res_rows(t);
	struct slice *hrefs = make(t, MANY * sizeof(*hrefs));
	struct dav_response *list = make(t, MANY * sizeof(*list));
	char href[80];
	(void)state;
	for (int i = 0; i < MANY; i++) {
		snprintf(href, sizeof(href), "/exchange/anna/calendar/%d.eml", i);
		hrefs[i] = list[MANY - 1 - i].href = keep(t, href);
		list[MANY - 1 - i].status = i % 2 != 0 ? 200 : 404;
	}
	dav->hrefs = hrefs;
	rows->responses = list;
	dav->n_hrefs = rows->n_responses = MANY;
	size_t used = arena_used(t->arena);
	struct ops ops = judge(t, FLAVOUR_EXCHANGE);
	assert_int_equal(ops.n, 1024);
	for (size_t i = 0; i < ops.n; i++)
		assert_int_equal(ops.list[i].commit, i % 2 != 0 ? COMMIT_YES : COMMIT_NO);
	assert_true(arena_used(t->arena) - used < 1 << 20);
	txn_free(t);
}

/* ---- no room ---- */

static void no_room(void **state)
{
	(void)state;
	for (size_t more = 0; more < 1200; more += 16) {
		struct txn *t = batch("BDELETE", three, 3, 207);
		row(t, three[1], 200);
		struct facts facts = { .flavour = FLAVOUR_EXCHANGE };
		while (arena_alloc(t->arena, 256) != NULL && arena_used(t->arena) < 1 << 16)
			continue;
		arena_limit(t->arena, arena_used(t->arena));
		for (size_t n = 4096; n >= 16; n /= 2)
			while (arena_alloc(t->arena, n) != NULL)
				continue;
		arena_limit(t->arena, arena_used(t->arena) + more);
		struct ops ops = dialect_dav(places, t, &facts);
		for (size_t i = 0; i < ops.n; i++)
			assert_true(ops.list[i].commit == COMMIT_YES ||
			    ops.list[i].commit == COMMIT_UNSEEN);
		txn_free(t);
	}
}

int main(void)
{
#define SCENE_TEST(name) cmocka_unit_test_setup_teardown(name, open_scene, close_scene)
	const struct CMUnitTest tests[] = {
		SCENE_TEST(methods),
		SCENE_TEST(not_of_this_dialect),
		SCENE_TEST(listings_and_depth),
		SCENE_TEST(kinds_of_writes),
		SCENE_TEST(places_of),
		SCENE_TEST(destinations),
		SCENE_TEST(inner_statuses),
		SCENE_TEST(inside_unseen),
		SCENE_TEST(brief_answers),
		SCENE_TEST(proppatch_of_exchange),
		SCENE_TEST(errors_behind_others),
		SCENE_TEST(tags_of_answers),
		SCENE_TEST(add_member),
		SCENE_TEST(add_member_lost),
		SCENE_TEST(outbox),
		SCENE_TEST(post_to_exchange),
		SCENE_TEST(batches),
		SCENE_TEST(batches_in_short),
		SCENE_TEST(batches_with_destination),
		SCENE_TEST(large_batches),
		SCENE_TEST(no_room),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
