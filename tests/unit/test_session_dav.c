/*
 * test_session_dav.c - analysis/session_dav.c and what it stands on: sync tokens, listings and ctags that
 * go wrong, and the healthy or unproven ones that look like it.
 */
#include "analysis/session.h"
#include "tests/unit/sessionkit.h"

enum { ANNA = 101, BERT = 202 }; /* peers */
#define CAL UINT64_C(4711) /* a scope */

/* ---- a REPORT sync-collection ---- */

struct ask {
	const char *token; /* offered; NULL: none */
	unsigned status; /* 0: 207; NO_ANSWER: none */
	const char *gives; /* the token of the answer */
	const char *rows; /* "a.ics b.ics -c.ics/": the minus is a 404 */
	bool cut; /* a 507 row */
	bool torn, unsure, unread, filtered; /* torn: the answer has a hole */
	bool says_token; /* DAV:valid-sync-token */
	unsigned limit;
	const char *depth, *server, *user;
};
enum { NO_ANSWER = 1 };

enum { ROWS_MAX = 32 };
struct listing_made {
	struct dav asked, said;
	struct dav_response rows[ROWS_MAX];
	struct dav_prop props[ROWS_MAX][4];
	struct dav_name error;
};

static struct dav_response *row_add(struct listing_made *l, const char *name, size_t n)
{
	struct dav_response *row = &l->rows[l->said.n_responses++];
	char href[80];
	snprintf(href, sizeof(href), "/dav/cal/%.*s", (int)n, name);
	row->href = text(href);
	row->props = l->props[row - l->rows];
	return row;
}

static void row_prop(struct dav_response *row, const char *name, const char *value)
{
	struct dav_prop *prop = (struct dav_prop *)&row->props[row->n_props++];
	*prop = (struct dav_prop){ .name.local = text(name),
		.status = 200,
		.bytes = strlen(value),
		.value = text(value) };
}

/* Names, each with its tag behind "=" when it is read. */
static void rows_add(struct listing_made *l, const char *names, bool tags)
{
	while (names != NULL && *names != '\0') {
		size_t n = strcspn(names, " "), name = strcspn(names, " =");
		bool gone = *names == '-';
		struct dav_response *row = row_add(l, names + gone, name - gone);
		if (gone)
			row->status = 404;
		else if (tags)
			row_prop(row, "getetag", name < n ? "\"other\"" : "\"1\"");
		names += n + (names[n] == ' ');
	}
}

static void answer_made(struct made *m, struct listing_made *l)
{
	l->said.root.local = text("multistatus");
	l->said.responses = l->rows;
	l->said.responses_seen = l->said.n_responses;
	l->said.whole = true;
	m->txn.res.body.dav = &l->said;
	m->txn.res.body.kind = BODY_XML;
}

static void refusal_made(struct made *m, struct listing_made *l, bool says_token)
{
	l->said.root.local = text("error");
	l->error.local = text("valid-sync-token");
	l->said.errors = &l->error;
	l->said.n_errors = says_token;
	l->said.whole = true;
	m->txn.res.body.dav = &l->said;
}

static struct facts caldav = { .flavour = FLAVOUR_CALDAV };

static struct op op_made(uint64_t peer, enum op_kind kind, const char *path)
{
	return (struct op){ .facts = &caldav,
		.kind = kind,
		.peer = peer,
		.at = { .path = text(path), .scope = CAL },
		.calendar = true };
}

static void report(struct stage *g, uint64_t peer, struct ask a)
{
	struct made m;
	struct listing_made l = { .asked = { .whole = true } };
	unsigned status = a.status == 0 ? 207 : a.status == NO_ANSWER ? 0 : a.status;
	stage_begin(g, &m, "REPORT", "/dav/cal/", status);
	l.asked.root.local = text("sync-collection");
	l.asked.sync_token = text(a.token);
	l.asked.limit = a.limit;
	l.asked.filtered = a.filtered;
	l.said.sync_token = text(a.gives);
	m.txn.req.body.dav = &l.asked;
	m.txn.auth_user = text(a.user != NULL ? a.user : "anna");
	made_header(&m.txn.req, "Depth", a.depth != NULL ? a.depth : "0");
	if (status != 0)
		made_header(&m.txn.res, "Server", a.server != NULL ? a.server : "store/1");
	rows_add(&l, a.rows, true);
	if (a.cut)
		l.rows[l.said.n_responses++] = (struct dav_response){ .href = text("/dav/cal/"),
			.status = 507 };
	if (status == 207)
		answer_made(&m, &l);
	else if (status != 0)
		refusal_made(&m, &l, a.says_token);
	if (a.torn) {
		m.txn.res.loss = LOSS_GAP;
		l.said.whole = false;
	}
	if (a.unread)
		l.said.whole = false;
	m.txn.unsure = a.unsure;
	struct op op = op_made(peer, OP_DELTA, "/dav/cal");
	op.outcome = a.says_token ? OUT_TOKEN_BAD : status == 207 ? OUT_OK : OUT_REFUSED;
	stage_end(g, &m, &op);
	arena_free(m.txn.arena);
}

/* ---- writes ---- */

struct put {
	const char *match; /* If-Match; NULL: If-None-Match: *; "": neither */
	const char *tag;
	unsigned status;
	enum commit commit; /* COMMIT_UNSEEN: yes */
	const char *user;
};

static void put(struct stage *g, uint64_t peer, const char *name, struct put p)
{
	struct made m;
	char path[80];
	snprintf(path, sizeof(path), "/dav/cal/%s", name);
	stage_begin(g, &m, "PUT", path, p.status != 0 ? p.status : 201);
	m.txn.auth_user = text(p.user != NULL ? p.user : "anna");
	struct op op = op_made(peer, OP_WRITE, path);
	op.at.id = mix_slice(CAL, text(name));
	op.commit = p.commit != COMMIT_UNSEEN ? p.commit : COMMIT_YES;
	op.guard = p.match == NULL ? GUARD_ABSENT : *p.match != '\0' ? GUARD_TAG : GUARD_NONE;
	op.kind = p.match == NULL ? OP_CREATE : *p.match != '\0' ? OP_UPDATE : OP_WRITE;
	op.guard_value = text(p.match);
	op.tag = text(p.tag);
	op.tag_seen = p.tag != NULL ? PRESENT : ABSENT;
	stage_end(g, &m, &op);
	arena_free(m.txn.arena);
}

static void create(struct stage *g, uint64_t peer, const char *name)
{
	put(g, peer, name, (struct put){ .tag = "\"1\"" });
}

static void single(struct stage *g, uint64_t peer, const char *method, enum op_kind kind,
    const char *path, uint64_t id)
{
	struct made m;
	stage_begin(g, &m, method, path, 204);
	m.txn.auth_user = text("anna");
	struct op op = op_made(peer, kind, path);
	op.at.id = id;
	op.commit = COMMIT_YES;
	stage_end(g, &m, &op);
	arena_free(m.txn.arena);
}

static void erase(struct stage *g, uint64_t peer, const char *name)
{
	char path[80];
	snprintf(path, sizeof(path), "/dav/cal/%s", name);
	single(g, peer, "DELETE", OP_DELETE, path, mix_slice(CAL, text(name)));
}

/* ---- listings and bodies ---- */

static void list(struct stage *g, uint64_t peer, const char *depth, const char *ctag,
    const char *rows)
{
	struct made m;
	struct listing_made l = { .asked = { .whole = true } };
	stage_begin(g, &m, "PROPFIND", "/dav/cal/", 207);
	made_header(&m.txn.req, "Depth", depth);
	m.txn.req.body.dav = &l.asked;
	struct dav_response *self = row_add(&l, "", 0);
	row_prop(self, "resourcetype", "collection calendar");
	if (ctag != NULL)
		row_prop(self, "getctag", ctag);
	rows_add(&l, rows, true);
	answer_made(&m, &l);
	struct op op = op_made(peer, *depth == '0' ? OP_PROBE : OP_LIST, "/dav/cal");
	stage_end(g, &m, &op);
	arena_free(m.txn.arena);
}

static void multiget(struct stage *g, uint64_t peer, const char *rows)
{
	struct made m;
	struct listing_made l = { .asked = { .whole = true } };
	stage_begin(g, &m, "REPORT", "/dav/cal/", 207);
	l.asked.root.local = text("calendar-multiget");
	m.txn.req.body.dav = &l.asked;
	rows_add(&l, rows, true);
	for (size_t i = 0; i < l.said.n_responses; i++)
		row_prop(&l.rows[i], "calendar-data", "0123456789");
	answer_made(&m, &l);
	struct op op = op_made(peer, OP_READ, "/dav/cal");
	stage_end(g, &m, &op);
	arena_free(m.txn.arena);
}

/* ---- a storm of refusals: D13 ---- */

static void refuse(struct stage *g, const char *token, unsigned status, bool says_token)
{
	report(g, BERT, (struct ask){ .token = token, .status = status, .says_token = says_token });
}

static void begin(struct stage *g, const char *gives, const char *rows)
{
	report(g, BERT, (struct ask){ .gives = gives, .rows = rows });
}

static void storm_of_refusals(void **state)
{
	(void)state;
	struct stage g;
	stage_init(&g);
	begin(&g, "t1", "a.ics");
	stage_wait(&g, 1800);
	refuse(&g, "t1", 403, true);
	begin(&g, "t2", "a.ics");
	stage_wait(&g, 1800);
	assert_silence(&g);
	refuse(&g, "t2", 403, true);
	begin(&g, "t3", "a.ics");
	const struct heard *h = assert_heard(&g, TROUBLE_TOKEN_STORM, 1);
	assert_int_equal(h->certainty, CONFIRMED);
	assert_int_equal(h->count, 2);
	assert_int_equal(h->number, 1);
	assert_int_equal(h->update, 0);
	assert_string_equal(h->value, "t2");
	assert_string_equal(h->scope, "/dav/cal");
	assert_int_equal(h->n_packets, 6);
	uint64_t first = h->first_packet;
	stage_wait(&g, 1800);
	refuse(&g, "t3", 403, true);
	begin(&g, "t4", "a.ics");
	h = assert_heard(&g, TROUBLE_TOKEN_STORM, 2);
	assert_int_equal(h->count, 3);
	assert_int_equal(h->update, 1);
	assert_int_equal(h->first_packet, first);
	stage_free(&g);
}

/* The status alone may mean anything; that the next request without a token is served shows what it was. */
static void storm_by_status(void **state)
{
	(void)state;
	static const unsigned statuses[] = { 400, 403, 409, 410, 412, 415 };
	for (size_t i = 0; i < COUNT(statuses); i++) {
		struct stage g;
		stage_init(&g);
		begin(&g, "t1", "a.ics");
		refuse(&g, "t1", statuses[i], false);
		begin(&g, "t2", "a.ics");
		refuse(&g, "t2", statuses[i], false);
		begin(&g, "t3", "a.ics");
		assert_int_equal(assert_heard(&g, TROUBLE_TOKEN_STORM, 1)->certainty, PROBABLE);
		stage_free(&g);
	}
}

static void storm_of_a_token_repeated(void **state)
{
	(void)state;
	struct stage g;
	stage_init(&g);
	begin(&g, "t1", "a.ics");
	for (int i = 0; i < 3; i++) {
		stage_wait(&g, 900);
		refuse(&g, "t1", 409, true);
	}
	assert_int_equal(assert_heard(&g, TROUBLE_TOKEN_STORM, 1)->count, 2);
	stage_free(&g);
}

static void storm_by_ratio(void **state)
{
	(void)state;
	struct stage g;
	stage_init(&g);
	begin(&g, "t1", "a.ics");
	for (int i = 0; i < 4; i++) { /* once in 30 hours: never two within a day */
		char token[] = { 't', (char)('1' + i), '\0' },
		     next[] = { 't', (char)('2' + i), '\0' };
		stage_wait(&g, 108000);
		refuse(&g, token, 403, true);
		begin(&g, next, "a.ics");
		if (i < 3)
			assert_silence(&g);
	}
	assert_int_equal(assert_heard(&g, TROUBLE_TOKEN_STORM, 1)->count, 4);
	stage_free(&g);
}

static void one_refusal_is_no_storm(void **state)
{
	(void)state;
	struct stage g;
	stage_init(&g);
	begin(&g, "t1", "a.ics");
	refuse(&g, "t1", 403, true);
	refuse(&g, "t1", 403, true); /* a library tries once more, at once */
	begin(&g, "t2", "a.ics");
	report(&g, BERT, (struct ask){ .token = "t2", .gives = "t2" });
	assert_silence(&g);
	stage_free(&g);
}

/* Each case: two refusals that would be a storm, but for one thing. */
static void lawful_refusals(void **state)
{
	(void)state;
	enum {
		CONTROL,
		OLD,
		OTHER_SERVER,
		OTHER_PLACE,
		MADE_UP,
		NO_RIGHT,
		NOT_SUPPORTED,
		TORN,
		UNSURE,
		CASES
	};
	for (int i = 0; i < CASES; i++) {
		struct stage g;
		stage_init(&g);
		for (int round = 0; round < 3; round++) {
			char token[] = { 't', (char)('1' + round), '\0' };
			struct ask a = { .token = token, .status = 403, .says_token = true };
			if (i == OTHER_PLACE) { /* given for another collection */
				struct made m;
				struct listing_made l = { .asked = { .whole = true } };
				stage_begin(&g, &m, "REPORT", "/dav/work/", 207);
				l.asked.root.local = text("sync-collection");
				l.said.sync_token = text(token);
				m.txn.req.body.dav = &l.asked;
				answer_made(&m, &l);
				struct op op = op_made(BERT, OP_DELTA, "/dav/work");
				op.at.scope = CAL + 1;
				stage_end(&g, &m, &op);
				arena_free(m.txn.arena);
			} else if (i == MADE_UP) {
				begin(&g, "mine", "a.ics");
			} else {
				begin(&g, token, "a.ics");
			}
			if (i == OLD)
				stage_wait(&g, 8 * 86400);
			if (i == OTHER_SERVER)
				a.server = "store/2";
			if (i == NO_RIGHT || i == NOT_SUPPORTED)
				a.says_token = false;
			a.torn = i == TORN;
			a.unsure = i == UNSURE;
			report(&g, BERT, a);
			if (i == NO_RIGHT || i == NOT_SUPPORTED) /* without a token as well */
				report(&g, BERT, (struct ask){ .status = 403 });
		}
		assert_told(&g, TROUBLE_TOKEN_STORM, i);
		stage_free(&g);
	}
}

/* ---- the server hands out an older token: D14 ---- */

static void older_token_given_again(void **state)
{
	(void)state;
	struct stage g;
	stage_init(&g);
	begin(&g, "blue", "a.ics");
	create(&g, ANNA, "b.ics");
	report(&g, BERT, (struct ask){ .token = "blue", .gives = "red", .rows = "b.ics" });
	stage_wait(&g, 5);
	report(&g, BERT, (struct ask){ .token = "red", .gives = "blue" });
	const struct heard *h = assert_heard(&g, TROUBLE_TOKEN_REGRESSION, 1);
	assert_int_equal(h->certainty, CONFIRMED);
	assert_string_equal(h->value, "blue");
	assert_string_equal(h->other, "red");
	assert_int_equal(h->n_packets, 8);
	stage_free(&g);
}

/* A token that is made of the contents comes back with them. */
static void same_contents_same_token(void **state)
{
	(void)state;
	enum { CONTROL, UNDONE, TOUCHED, UNSURE_WRITE, PAGE, NO_WRITE, AT_ONCE, CASES };
	for (int i = 0; i < CASES; i++) {
		struct stage g;
		stage_init(&g);
		if (i == PAGE)
			report(&g, BERT,
			    (struct ask){ .gives = "blue", .rows = "a.ics", .cut = true });
		else
			begin(&g, "blue", "a.ics");
		uint64_t before = g.order - 2;
		if (i != NO_WRITE && i != TOUCHED)
			put(&g, ANNA, "b.ics",
			    (struct put){ .tag = "\"1\"",
				.commit = i == UNSURE_WRITE ? COMMIT_MAYBE : COMMIT_YES });
		if (i == TOUCHED)
			put(&g, ANNA, "a.ics", (struct put){ .match = "\"1\"", .tag = "\"1\"" });
		if (i == UNDONE)
			erase(&g, ANNA, "b.ics");
		report(&g, BERT, (struct ask){ .token = "blue", .gives = "red", .rows = "b.ics" });
		if (i == AT_ONCE) /* asked before the write was over */
			g.begun = before;
		report(&g, BERT, (struct ask){ .token = "red", .gives = "blue" });
		assert_told(&g, TROUBLE_TOKEN_REGRESSION, i);
		stage_free(&g);
	}
}

static void token_that_counts_down(void **state)
{
	(void)state;
	struct stage g;
	stage_init(&g);
	begin(&g, "http://x/sync/7", "a.ics");
	report(&g, BERT, (struct ask){ .token = "http://x/sync/7", .gives = "http://x/sync/9" });
	report(&g, BERT, (struct ask){ .token = "http://x/sync/9", .gives = "http://x/sync/12" });
	assert_silence(&g);
	report(&g, BERT, (struct ask){ .token = "http://x/sync/12", .gives = "http://x/sync/8" });
	const struct heard *h = assert_heard(&g, TROUBLE_TOKEN_REGRESSION, 1);
	assert_int_equal(h->certainty, PROBABLE);
	assert_string_equal(h->value, "http://x/sync/8");
	assert_string_equal(h->other, "http://x/sync/12");
	stage_free(&g);
}

static void tokens_that_do_not_count(void **state)
{
	(void)state;
	static const char *const runs[][5] = {
		{ "a/7", "a/9", "a/12", "b/8" }, /* another text before it */
		{ "a/7", "b/9", "a/12", "a/8" }, /* so before, as well */
		{ "a/7", "a/7", "a/7", "a/5" }, /* never grew: digits of a hash */
		{ "a/9", "a/7", "a/12", "a/3" }, /* fell before it was learned */
		{ "f7e", "a1c", "0ab", "99b" }, /* no number at the end */
		{ "a/7", "a/9", "a/99999999999999999999999", "a/8" },
	};
	for (size_t i = 0; i < COUNT(runs); i++) {
		struct stage g;
		stage_init(&g);
		begin(&g, runs[i][0], "a.ics");
		for (size_t k = 1; k < 4; k++)
			report(&g, BERT,
			    (struct ask){ .token = runs[i][k - 1], .gives = runs[i][k] });
		if (g.n != 0)
			fail_msg("run %zu", i);
		stage_free(&g);
	}
}

/* A calendar that was made anew counts from 1. */
static void collection_made_anew(void **state)
{
	(void)state;
	enum { CONTROL, SLASH, NO_SLASH, ABOVE, MADE, WAYS };
	for (int i = 0; i < WAYS; i++) {
		struct stage g;
		stage_init(&g);
		begin(&g, "n/7", "a.ics");
		report(&g, BERT, (struct ask){ .token = "n/7", .gives = "n/8" });
		report(&g, BERT, (struct ask){ .token = "n/8", .gives = "n/9" });
		list(&g, BERT, "0", "c1", NULL);
		create(&g, ANNA, "z.ics");
		if (i == SLASH)
			single(&g, ANNA, "DELETE", OP_DELETE, "/dav/cal", 0);
		if (i ==
		    NO_SLASH) { /* the member of the collection above has the number of the collection */
			struct made m;
			stage_begin(&g, &m, "DELETE", "/dav/cal", 204);
			struct op op = op_made(ANNA, OP_DELETE, "/dav/cal");
			op.at.scope = CAL + 5;
			op.at.id = CAL;
			op.commit = COMMIT_YES;
			stage_end(&g, &m, &op);
			arena_free(m.txn.arena);
		}
		if (i == ABOVE) {
			struct made m;
			stage_begin(&g, &m, "DELETE", "/dav/", 204);
			struct op op = op_made(ANNA, OP_DELETE, "/dav");
			op.at.scope = CAL + 5;
			op.commit = COMMIT_YES;
			stage_end(&g, &m, &op);
			arena_free(m.txn.arena);
		}
		if (i == MADE)
			single(&g, ANNA, "MKCALENDAR", OP_OTHER, "/dav/cal", 0);
		report(&g, BERT, (struct ask){ .gives = "n/1" });
		assert_told(&g, TROUBLE_TOKEN_REGRESSION, i);
		list(&g, BERT, "0", "c1", NULL);
		assert_true(i == CONTROL || g.n == 0);
		stage_free(&g);
	}
}

/* ---- the client offers an older token: D18 ---- */

static void offer_old(struct stage *g, uint64_t flow)
{
	g->flow = flow;
	report(g, BERT, (struct ask){ .token = "t1", .gives = "t2" });
}

static void client_goes_back(void **state)
{
	(void)state;
	struct stage g;
	stage_init(&g);
	begin(&g, "t1", "a.ics");
	offer_old(&g, 7);
	offer_old(&g, 7);
	assert_silence(&g);
	offer_old(&g, 7);
	const struct heard *h = assert_heard(&g, TROUBLE_TOKEN_ROLLBACK, 1);
	assert_int_equal(h->certainty, CONFIRMED); /* one connection: one client */
	assert_int_equal(h->count, 2);
	assert_string_equal(h->value, "t1");
	assert_string_equal(h->other, "t2");
	stage_free(&g);

	stage_init(&g);
	begin(&g, "t1", "a.ics");
	for (int i = 0; i < 3; i++)
		offer_old(&g, 0);
	assert_silence(&g);
	offer_old(&g, 0);
	assert_int_equal(assert_heard(&g, TROUBLE_TOKEN_ROLLBACK, 1)->certainty, PROBABLE);
	stage_free(&g);
}

/* What the client has is not known, or is known to be right. */
static void client_that_is_right(void **state)
{
	(void)state;
	enum { CONTROL, TORN, LOST, UNSURE, UNREAD, TWO_CLIENTS, ONCE, CASES };
	for (int i = 0; i < CASES; i++) {
		struct stage g;
		stage_init(&g);
		begin(&g, "t1", "a.ics");
		for (int round = 0; round < 3; round++) {
			g.flow = 7;
			if (i == TWO_CLIENTS) { /* each goes on from its own token */
				char token[] = { 'x', (char)('0' + round), '\0' };
				char next[] = { 'x', (char)('1' + round), '\0' };
				report(&g, BERT, (struct ask){ .token = "t1", .gives = token });
				report(&g, BERT, (struct ask){ .token = token, .gives = next });
				continue;
			}
			report(&g, BERT,
			    (struct ask){ .token = "t1",
				.gives = "t2",
				.status = i == LOST ? NO_ANSWER : 207,
				.torn = i == TORN,
				.unsure = i == UNSURE,
				.unread = i == UNREAD });
			if (i == ONCE)
				report(&g, BERT, (struct ask){ .token = "t2", .gives = "t2" });
		}
		assert_told(&g, TROUBLE_TOKEN_ROLLBACK, i);
		stage_free(&g);
	}
}

/* Sent before the answer had come: nobody goes back. */
static void requests_side_by_side(void **state)
{
	(void)state;
	struct stage g;
	stage_init(&g);
	begin(&g, "t1", "a.ics");
	uint64_t before = g.order;
	for (int i = 0; i < 4; i++) {
		g.flow = 7;
		g.begun = before;
		report(&g, BERT, (struct ask){ .token = "t1", .gives = "t2" });
	}
	assert_silence(&g);
	stage_free(&g);
}

/* ---- the first synchronisation: D15, D16 ---- */

static void first_sync_short(void **state)
{
	(void)state;
	for (int listed_first = 0; listed_first < 2; listed_first++) {
		struct stage g;
		stage_init(&g);
		if (listed_first)
			list(&g, BERT, "1", NULL, "a.ics b.ics c.ics");
		begin(&g, "t1", "a.ics");
		if (!listed_first)
			list(&g, BERT, "1", NULL, "a.ics b.ics c.ics");
		const struct heard *h = assert_heard(&g, TROUBLE_FIRST_SYNC_SHORT, 1);
		assert_int_equal(h->count, 2);
		list(&g, BERT, "1", NULL, "a.ics b.ics c.ics");
		assert_int_equal(g.n, 1); /* once is enough */
		stage_free(&g);
	}
}

static void first_sync_that_is_whole(void **state)
{
	(void)state;
	enum {
		CONTROL,
		LATE,
		WRITTEN,
		WRITE_UNDER_WAY,
		FILTERED,
		COLLECTIONS,
		TORN,
		DEPTH_0,
		OTHER_PEER,
		TAGLESS,
		TWICE,
		CASES
	};
	for (int i = 0; i < CASES; i++) {
		struct stage g;
		const char *rows = "a.ics b.ics";
		stage_init(&g);
		report(&g, BERT,
		    (struct ask){ .gives = "t1",
			.rows = "a.ics",
			.filtered = i == FILTERED,
			.torn = i == TORN });
		if (i == LATE)
			stage_wait(&g, 61);
		if (i == WRITTEN)
			create(&g, ANNA, "b.ics");
		if (i == WRITE_UNDER_WAY)
			put(&g, ANNA, "b.ics", (struct put){ .commit = COMMIT_MAYBE });
		if (i == COLLECTIONS)
			rows = "a.ics b/";
		if (i == TAGLESS)
			rows = "a.ics -b.ics";
		if (i == TWICE) /* one member listed twice is one */
			rows = "a.ics a.ics";
		list(&g, i == OTHER_PEER ? ANNA : BERT, i == DEPTH_0 ? "0" : "1", NULL, rows);
		assert_told(&g, TROUBLE_FIRST_SYNC_SHORT, i);
		stage_free(&g);
	}
}

static void empty_token_refused(void **state)
{
	(void)state;
	struct stage g;
	stage_init(&g);
	report(&g, BERT, (struct ask){ .status = 403, .says_token = true });
	assert_int_equal(assert_heard(&g, TROUBLE_FIRST_SYNC_SHORT, 1)->certainty, CONFIRMED);
	stage_free(&g);

	stage_init(&g);
	report(&g, BERT, (struct ask){ .token = "t1", .gives = "t2" });
	report(&g, BERT, (struct ask){ .status = 415 });
	assert_int_equal(assert_heard(&g, TROUBLE_FIRST_SYNC_SHORT, 1)->certainty, PROBABLE);
	stage_free(&g);

	static const unsigned lawful[] = { 400, 403, 404, 405, 415,
		501 }; /* no such report, no right */
	for (size_t i = 0; i < COUNT(lawful); i++) {
		stage_init(&g);
		report(&g, BERT, (struct ask){ .status = lawful[i] });
		report(&g, BERT, (struct ask){ .status = lawful[i] });
		assert_silence(&g);
		stage_free(&g);
	}
}

static void pages_that_skip(void **state)
{
	(void)state;
	struct stage g;
	stage_init(&g);
	report(&g, BERT, (struct ask){ .gives = "p1", .rows = "a.ics b.ics", .cut = true });
	report(&g, BERT,
	    (struct ask){ .token = "p1", .gives = "p2", .rows = "c.ics", .cut = true });
	report(&g, BERT, (struct ask){ .token = "p2", .gives = "t1", .rows = "d.ics" });
	list(&g, BERT, "1", NULL, "a.ics b.ics c.ics d.ics e.ics");
	assert_int_equal(assert_heard(&g, TROUBLE_TRUNCATED_SILENTLY, 1)->count, 1);
	stage_free(&g);
}

static void pages_that_are_whole(void **state)
{
	(void)state;
	enum { CONTROL, COMPLETE, NOT_AT_THE_END, BROKEN_OFF, LOST_PAGE, CASES };
	for (int i = 0; i < CASES; i++) {
		struct stage g;
		stage_init(&g);
		report(&g, BERT, (struct ask){ .gives = "p1", .rows = "a.ics b.ics", .cut = true });
		if (i == LOST_PAGE)
			report(&g, BERT,
			    (struct ask){ .token = "p1", .gives = "p2", .torn = true });
		if (i == CONTROL)
			report(&g, BERT, (struct ask){ .token = "p1", .gives = "t1" });
		if (i == COMPLETE)
			report(&g, BERT,
			    (struct ask){ .token = "p1", .gives = "t1", .rows = "c.ics" });
		if (i == LOST_PAGE)
			report(&g, BERT, (struct ask){ .token = "p2", .gives = "t1" });
		if (i == BROKEN_OFF)
			report(&g, BERT, (struct ask){ .token = "other", .gives = "t1" });
		list(&g, BERT, "1", NULL, "a.ics b.ics c.ics");
		assert_told(&g, TROUBLE_TRUNCATED_SILENTLY, i);
		stage_free(&g);
	}
}

static void limit_kept_and_not_said(void **state)
{
	(void)state;
	struct stage g;
	stage_init(&g);
	report(&g, BERT, (struct ask){ .gives = "t1", .rows = "a.ics b.ics", .limit = 2 });
	list(&g, BERT, "1", NULL, "a.ics b.ics c.ics");
	assert_heard(&g, TROUBLE_TRUNCATED_SILENTLY, 1);
	stage_free(&g);

	stage_init(&g); /* exactly so many */
	report(&g, BERT, (struct ask){ .gives = "t1", .rows = "a.ics b.ics", .limit = 2 });
	list(&g, BERT, "1", NULL, "a.ics b.ics");
	assert_silence(&g);
	stage_free(&g);

	stage_init(&g); /* fewer than the limit: that is another matter */
	report(&g, BERT, (struct ask){ .gives = "t1", .rows = "a.ics", .limit = 5 });
	list(&g, BERT, "1", NULL, "a.ics b.ics");
	assert_silence(&g);
	stage_free(&g);
}

static void full_page_lacks_a_write(void **state)
{
	(void)state;
	struct stage g;
	stage_init(&g);
	begin(&g, "t1", NULL);
	create(&g, ANNA, "a.ics");
	create(&g, ANNA, "b.ics");
	create(&g, ANNA, "c.ics");
	stage_wait(&g, 120);
	report(&g, BERT,
	    (struct ask){ .token = "t1", .gives = "t2", .rows = "a.ics b.ics", .limit = 2 });
	const struct heard *h = assert_heard(&g, TROUBLE_TRUNCATED_SILENTLY, 1);
	assert_int_equal(h->certainty, CONFIRMED);
	assert_string_equal(h->href, "c.ics");
	stage_free(&g);

	stage_init(&g);
	begin(&g, "t1", NULL);
	create(&g, ANNA, "a.ics");
	create(&g, ANNA, "b.ics");
	stage_wait(&g, 120);
	report(&g, BERT,
	    (struct ask){ .token = "t1", .gives = "t2", .rows = "a.ics b.ics", .limit = 2 });
	report(&g, BERT,
	    (struct ask){ .token = "t1", .gives = "t2", .rows = "a.ics", .limit = 1, .cut = true });
	assert_silence(&g);
	stage_free(&g);
}

/* ---- everything again: D19 ---- */

#define TEN "a.ics b.ics c.ics d.ics e.ics f.ics g.ics h.ics i.ics j.ics"

static void everything_again(void **state)
{
	(void)state;
	struct stage g;
	stage_init(&g);
	list(&g, BERT, "1", NULL, TEN);
	multiget(&g, BERT, TEN);
	list(&g, BERT, "1", NULL, TEN);
	multiget(&g, BERT, TEN);
	assert_silence(&g); /* the round is not over */
	sessions_finish(g.sessions);
	const struct heard *h = assert_heard(&g, TROUBLE_FULL_REDOWNLOAD, 1);
	assert_int_equal(h->count, 100);
	assert_false(h->by_op);
	assert_string_equal(h->scope, "/dav/cal");
	stage_free(&g);

	stage_init(&g); /* after a refusal the tags tell what need not be read */
	begin(&g, "t1", TEN);
	multiget(&g, BERT, TEN);
	refuse(&g, "t1", 403, true);
	begin(&g, "t2", TEN);
	multiget(&g, BERT, TEN);
	report(&g, BERT, (struct ask){ .token = "t2", .gives = "t2" });
	assert_heard(&g, TROUBLE_FULL_REDOWNLOAD, 1);
	stage_free(&g);
}

static void reading_that_has_to_be(void **state)
{
	(void)state;
	enum { CONTROL, NEW_DEVICE, OTHER_PEER, OTHER_TAGS, FEW, PART, ONE_ROUND, CASES };
	for (int i = 0; i < CASES; i++) {
		struct stage g;
		const char *rows = TEN;
		stage_init(&g);
		begin(&g, "t1", TEN);
		multiget(&g, BERT, rows);
		if (i == NEW_DEVICE)
			begin(&g, "t1", TEN);
		else if (i != ONE_ROUND)
			report(&g, BERT, (struct ask){ .token = "t1", .gives = "t2" });
		if (i == OTHER_TAGS)
			rows = "a.ics b.ics c.ics d.ics e.ics f.ics g.ics h=2 i=2 j=2";
		if (i == FEW)
			rows = "a.ics b.ics c.ics d.ics e.ics f.ics g.ics h.ics i.ics";
		if (i == PART)
			rows = "a.ics b.ics c.ics d.ics e.ics f.ics g.ics k.ics l.ics m.ics";
		multiget(&g, i == OTHER_PEER ? ANNA : BERT, rows);
		sessions_finish(g.sessions);
		assert_told(&g, TROUBLE_FULL_REDOWNLOAD, i);
		stage_free(&g);
	}
}

/* ---- changes that do not arrive: D17, D20 ---- */

static void check(struct stage *g, const char *token, const char *gives, const char *rows)
{
	report(g, BERT, (struct ask){ .token = token, .gives = gives, .rows = rows });
}

static void change_is_lost(void **state)
{
	(void)state;
	enum { CREATED, CHANGED, REMOVED, KINDS };
	for (int i = 0; i < KINDS; i++) {
		struct stage g;
		stage_init(&g);
		begin(&g, "t1", "a.ics");
		if (i == CREATED)
			create(&g, ANNA, "b.ics");
		if (i == CHANGED)
			put(&g, ANNA, "b.ics", (struct put){ .match = "\"1\"", .tag = "\"2\"" });
		if (i == REMOVED)
			erase(&g, ANNA, "b.ics");
		stage_wait(&g, 70);
		check(&g, "t1", "t2", "c.ics");
		assert_silence(&g); /* a copy of the server may lag behind */
		check(&g, "t2", "t3", NULL);
		const struct heard *h = assert_heard(&g, TROUBLE_LOST_CHANGE, 1);
		assert_int_equal(h->certainty, CONFIRMED);
		assert_string_equal(h->href, "b.ics");
		assert_int_equal(h->n_packets, 6);
		check(&g, "t3", "t4", NULL);
		assert_int_equal(g.n, 1);
		stage_free(&g);
	}
}

static void change_that_arrives_or_need_not(void **state)
{
	(void)state;
	enum {
		CONTROL,
		NAMED,
		NAMED_LATER,
		ALIAS,
		OWN,
		NOTHING_CHANGED,
		NOT_KNOWN_TO_CHANGE,
		UNSURE_WRITE,
		REFUSED_WRITE,
		GONE_AGAIN,
		OWN_AFTER,
		READ,
		LISTED,
		CUT,
		FILTERED,
		TORN,
		TOO_SOON,
		TOKEN_AFTER,
		BEGUN_ANEW,
		OTHER_USER,
		WRITTEN_AGAIN,
		CASES
	};
	for (int i = 0; i < CASES; i++) {
		struct stage g;
		struct put p = { .tag = "\"1\"", .user = i == OTHER_USER ? "bert" : "anna" };
		stage_init(&g);
		begin(&g, "t1", "a.ics");
		uint64_t before = g.order - 2;
		if (i == TOKEN_AFTER)
			g.begun = before; /* the token may stand for the state behind the write */
		if (i == NOTHING_CHANGED)
			p.match = "\"1\"";
		if (i == NOT_KNOWN_TO_CHANGE)
			p.match = "";
		if (i == UNSURE_WRITE)
			p.commit = COMMIT_MAYBE;
		if (i == REFUSED_WRITE)
			p.commit = COMMIT_NO;
		put(&g, i == OWN ? BERT : ANNA, "b.ics", p);
		if (i == GONE_AGAIN)
			erase(&g, ANNA, "b.ics");
		if (i == OWN_AFTER)
			put(&g, BERT, "b.ics", (struct put){ .match = "\"1\"", .tag = "\"9\"" });
		stage_wait(&g, i == TOO_SOON ? 1 : 70);
		report(&g, BERT,
		    (struct ask){ .token = i == BEGUN_ANEW ? NULL : "t1",
			.gives = "t2",
			.rows = i == NAMED ? "b.ics" :
			    i == ALIAS     ? "../cal/b%2Eics" :
					     "c.ics",
			.cut = i == CUT,
			.filtered = i == FILTERED,
			.torn = i == TORN });
		if (i == READ)
			multiget(&g, BERT, "b.ics");
		if (i == LISTED)
			list(&g, BERT, "1", NULL, "a.ics b.ics c.ics");
		if (i == WRITTEN_AGAIN)
			put(&g, ANNA, "b.ics", (struct put){ .match = "\"1\"", .tag = "\"3\"" });
		check(&g, "t2", "t3", i == NAMED_LATER ? "b.ics" : NULL);
		assert_told(&g, TROUBLE_LOST_CHANGE, i);
		stage_free(&g);
	}
}

/* Another user is not owed what it never saw; what it was shown it is. */
static void change_of_what_was_shown(void **state)
{
	(void)state;
	struct stage g;
	stage_init(&g);
	begin(&g, "t1", "a.ics");
	put(&g, ANNA, "a.ics", (struct put){ .match = "\"1\"", .tag = "\"2\"", .user = "bert" });
	stage_wait(&g, 70);
	check(&g, "t1", "t2", NULL);
	check(&g, "t2", "t3", NULL);
	assert_heard(&g, TROUBLE_LOST_CHANGE, 1);
	stage_free(&g);
}

/* More writes than are remembered: what the first of them made is not known. */
static void too_many_writes_to_know(void **state)
{
	(void)state;
	struct stage g;
	stage_init(&g);
	begin(&g, "t1", "a.ics");
	for (int i = 0; i < SHELF_WRITES + 1; i++) {
		char name[16];
		snprintf(name, sizeof(name), "n%d.ics", i);
		create(&g, ANNA, name);
	}
	stage_wait(&g, 70);
	check(&g, "t1", "t2", NULL);
	check(&g, "t2", "t3", NULL);
	assert_silence(&g);
	stage_free(&g);
}

static void second_hides_a_write(void **state)
{
	(void)state;
	enum { WITHIN, BEHIND, NOT_SECONDS, OWN, CASES };
	for (int i = 0; i < CASES; i++) {
		struct stage g;
		stage_init(&g);
		const char *token = i == NOT_SECONDS ? "x17000000000" : "1700000000";
		begin(&g, token, "a.ics");
		if (i == BEHIND)
			stage_wait(&g, 1);
		create(&g, i == OWN ? BERT : ANNA, "b.ics");
		stage_wait(&g, 10);
		check(&g, token, "1700000011", NULL);
		if (i == WITHIN) {
			const struct heard *h = assert_heard(&g, TROUBLE_COARSE_TOKEN, 1);
			assert_string_equal(h->href, "b.ics");
			assert_string_equal(h->value, "1700000000");
			stage_wait(&g, 70);
			check(&g, "1700000011", "1700000090", NULL);
			assert_int_equal(g.n, 1); /* said once */
		} else {
			assert_silence(&g);
		}
		stage_free(&g);
	}
}

/* ---- Depth, ctag: D22, D23 ---- */

static void depth_is_refused(void **state)
{
	(void)state;
	static const struct {
		const char *depth;
		unsigned status;
		size_t told;
	} cases[] = { { "1", 400, 1 }, { "infinity", 400, 1 }, { "0", 400, 0 }, { "1", 207, 0 },
		{ "1", 404, 0 } };
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct stage g;
		stage_init(&g);
		report(&g, BERT,
		    (struct ask){ .depth = cases[i].depth,
			.status = cases[i].status,
			.gives = "t1" });
		if (cases[i].told != 0)
			assert_string_equal(assert_heard(&g, TROUBLE_DEPTH_REFUSED, 1)->value,
			    cases[i].depth);
		else
			assert_silence(&g);
		stage_free(&g);
	}
}

static void ctag_stays(void **state)
{
	(void)state;
	struct stage g;
	stage_init(&g);
	list(&g, BERT, "0", "c1", NULL);
	create(&g, ANNA, "b.ics");
	list(&g, BERT, "0", "c1", NULL);
	const struct heard *h = assert_heard(&g, TROUBLE_CTAG_STALE, 1);
	assert_int_equal(h->certainty, CONFIRMED);
	assert_string_equal(h->value, "c1");
	assert_string_equal(h->href, "b.ics");
	list(&g, BERT, "0", "c1", NULL);
	assert_int_equal(g.n, 1);
	stage_free(&g);
}

static void ctag_is_right(void **state)
{
	(void)state;
	enum { CONTROL, MOVED_ON, NO_WRITE, UNDONE, SAME_CONTENT, MAYBE, UNDER_WAY, CASES };
	for (int i = 0; i < CASES; i++) {
		struct stage g;
		stage_init(&g);
		list(&g, BERT, "0", "c1", NULL);
		if (i == UNDER_WAY) /* sent before the first PROPFIND was answered */
			g.begun = g.order - 2;
		if (i != NO_WRITE && i != SAME_CONTENT)
			put(&g, ANNA, "b.ics",
			    (struct put){ .tag = "\"1\"",
				.commit = i == MAYBE ? COMMIT_MAYBE : COMMIT_YES });
		if (i == SAME_CONTENT)
			put(&g, ANNA, "a.ics", (struct put){ .match = "\"1\"", .tag = "\"1\"" });
		if (i == UNDONE)
			erase(&g, ANNA, "b.ics");
		list(&g, BERT, "0", i == MOVED_ON ? "c2" : "c1", NULL);
		assert_told(&g, TROUBLE_CTAG_STALE, i);
		stage_free(&g);
	}
}

/* A write that was under way at the second PROPFIND is over at the third. */
static void ctag_over_a_longer_time(void **state)
{
	(void)state;
	struct stage g;
	stage_init(&g);
	list(&g, BERT, "0", "c1", NULL);
	uint64_t before = g.order;
	list(&g, BERT, "0", "c1", NULL);
	g.begun = before;
	create(&g, ANNA, "b.ics");
	assert_silence(&g);
	list(&g, BERT, "0", "c1", NULL);
	assert_heard(&g, TROUBLE_CTAG_STALE, 1);
	stage_free(&g);
}

/* ---- bounds ---- */

static void copies_do_not_count(void **state)
{
	(void)state;
	struct stage g;
	stage_init(&g);
	for (int i = 0; i < 4; i++) {
		struct made m;
		struct listing_made l = { .asked = { .whole = true } };
		stage_begin(&g, &m, "REPORT", "/dav/cal/", 403);
		l.asked.root.local = text("sync-collection");
		m.txn.req.body.dav = &l.asked;
		refusal_made(&m, &l, true);
		struct op op = op_made(BERT, OP_DELTA, "/dav/cal");
		op.outcome = OUT_TOKEN_BAD;
		op.copy = true;
		stage_end(&g, &m, &op);
		arena_free(m.txn.arena);
	}
	assert_silence(&g);
	assert_int_equal(sessions_evicted(g.sessions), 0);
	stage_free(&g);
}

static void oldest_leaves(void **state)
{
	(void)state;
	struct limits limits = limits_default();
	struct stage g;
	limits.sessions = limits.session_rows = limits.session_notes = 2;
	stage_init_with(&g, &limits, 1);
	begin(&g, "t1", TEN);
	multiget(&g, BERT, TEN);
	create(&g, ANNA, "b.ics");
	assert_int_equal(sessions_evicted(g.sessions), 0);
	for (uint64_t peer = 1; peer < 5; peer++)
		report(&g, peer, (struct ask){ .gives = "t1", .rows = "a.ics" });
	assert_int_equal(sessions_evicted(g.sessions), 3);
	stage_wait(&g, 70);
	check(&g, "t1", "t2", NULL); /* the session is a new one, and owes nothing to anybody */
	check(&g, "t2", "t3", NULL);
	assert_silence(&g);
	stage_free(&g);
}

/* What lay on a shelf that left is not known: two writes may have undone each other. */
static void shelf_that_left(void **state)
{
	(void)state;
	struct limits limits = limits_default();
	struct stage g;
	limits.sessions = 1;
	stage_init_with(&g, &limits, 1);
	begin(&g, "t1", "a.ics");
	erase(&g, ANNA, "b.ics");
	struct made m;
	stage_begin(&g, &m, "PUT", "/dav/work/x.ics", 201);
	struct op op = op_made(ANNA, OP_CREATE, "/dav/work/x.ics");
	op.at.scope = CAL + 1;
	op.at.id = 5;
	op.commit = COMMIT_YES;
	op.guard = GUARD_ABSENT;
	stage_end(&g, &m, &op);
	arena_free(m.txn.arena);
	create(&g, ANNA, "b.ics");
	stage_wait(&g, 70);
	check(&g, "t1", "t2", NULL);
	check(&g, "t2", "t3", NULL);
	assert_silence(&g);
	stage_free(&g);
}

/* Which hash the tables use must not show. */
static void same_for_every_seed(void **state)
{
	(void)state;
	struct limits limits = limits_default();
	struct stage g[3];
	limits.sessions = limits.session_rows = limits.session_notes = 12;
	for (uint64_t seed = 0; seed < 3; seed++) {
		struct stage *x = &g[seed];
		stage_init_with(x, &limits, seed);
		for (uint64_t peer = 1; peer < 40; peer++)
			report(x, peer % 17 + 1, (struct ask){ .gives = "t1", .rows = TEN });
		for (int round = 0; round < 3; round++) {
			list(x, BERT, "1", NULL, TEN);
			multiget(x, BERT, TEN);
			refuse(x, "t1", 403, true);
			begin(x, "t1", TEN);
		}
		sessions_finish(x->sessions);
		assert_true(x->n != 0);
		assert_int_equal(x->n, g[0].n);
		assert_memory_equal(x->heard, g[0].heard, sizeof(x->heard));
		stage_free(x);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(storm_of_refusals),
		cmocka_unit_test(storm_by_status),
		cmocka_unit_test(storm_of_a_token_repeated),
		cmocka_unit_test(storm_by_ratio),
		cmocka_unit_test(one_refusal_is_no_storm),
		cmocka_unit_test(lawful_refusals),
		cmocka_unit_test(older_token_given_again),
		cmocka_unit_test(same_contents_same_token),
		cmocka_unit_test(token_that_counts_down),
		cmocka_unit_test(tokens_that_do_not_count),
		cmocka_unit_test(collection_made_anew),
		cmocka_unit_test(client_goes_back),
		cmocka_unit_test(client_that_is_right),
		cmocka_unit_test(requests_side_by_side),
		cmocka_unit_test(first_sync_short),
		cmocka_unit_test(first_sync_that_is_whole),
		cmocka_unit_test(empty_token_refused),
		cmocka_unit_test(pages_that_skip),
		cmocka_unit_test(pages_that_are_whole),
		cmocka_unit_test(limit_kept_and_not_said),
		cmocka_unit_test(full_page_lacks_a_write),
		cmocka_unit_test(everything_again),
		cmocka_unit_test(reading_that_has_to_be),
		cmocka_unit_test(change_is_lost),
		cmocka_unit_test(change_that_arrives_or_need_not),
		cmocka_unit_test(change_of_what_was_shown),
		cmocka_unit_test(too_many_writes_to_know),
		cmocka_unit_test(second_hides_a_write),
		cmocka_unit_test(depth_is_refused),
		cmocka_unit_test(ctag_stays),
		cmocka_unit_test(ctag_is_right),
		cmocka_unit_test(ctag_over_a_longer_time),
		cmocka_unit_test(copies_do_not_count),
		cmocka_unit_test(oldest_leaves),
		cmocka_unit_test(shelf_that_left),
		cmocka_unit_test(same_for_every_seed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
