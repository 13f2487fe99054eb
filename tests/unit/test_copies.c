/*
 * test_copies.c - analysis/copies.c: one request seen at two places, and two that only look alike.
 */
#include "tests/unit/onescene.h"

/* Client 10.0.0.1, proxy 10.0.0.2:80, server 10.0.0.3:8080. */
static const struct endpoint client = { 4, 40000, { 10, 0, 0, 1 } };
static const struct endpoint proxy = { 4, 80, { 10, 0, 0, 2 } };
static const struct endpoint proxy_out = { 4, 50000, { 10, 0, 0, 2 } };
static const struct endpoint inner = { 4, 8080, { 10, 0, 0, 3 } };

static void hop(uint64_t flow, struct endpoint from, struct endpoint to, const char *host)
{
	s.flow = flow;
	s.client = from;
	s.server = to;
	s.host = host;
}

static void outside(void)
{
	hop(1, client, proxy, "dav.example");
}

static void inside(void)
{
	hop(2, proxy_out, inner, "backend:8080");
}

static struct txn *put(const char *target, unsigned status)
{
	struct txn *t = begin(&s, "PUT", target, status);
	req_header(t, "If-None-Match", "*");
	req_event(t, "u1", "Tea", 10);
	return t;
}

static const struct op *last(void)
{
	return scene_op(&s, SIZE_MAX);
}

static size_t counted(void)
{
	size_t n = 0, all = scene_ops(&s);
	for (size_t i = 0; i < all; i++)
		n += !scene_op(&s, i)->copy;
	return n;
}

/* The usual scene: the proxy takes it, passes it on, and gives the answer back. */
static void proxied(const char *out, const char *in, const char *outer_tag, const char *inner_tag)
{
	outside();
	struct txn *a = put(out, 201);
	inside();
	struct txn *b = put(in, 201);
	if (inner_tag != NULL)
		res_header(b, "ETag", inner_tag);
	if (outer_tag != NULL)
		res_header(a, "ETag", outer_tag);
	deliver(&s, b);
	deliver(&s, a);
}

static void nested(void **state)
{
	(void)state;
	proxied("/cal/a.ics", "/cal/a.ics", "\"1\"", "\"1\"");
	assert_int_equal(scene_ops(&s), 2);
	assert_int_equal(counted(), 1);
	assert_false(scene_op(&s, 0)->copy);
	assert_true(last()->copy);
	assert_non_null(scene_cleared(&s, GATE_SHADOW, 0));
	scene_finish(&s);
	assert_quiet(&s);
}

/* The proxy's paths need not be those of the server, and the client's next request shows that. */
static void paths_are_learned(void **state)
{
	(void)state;
	proxied("/dav/cal/a.ics", "/cal/a.ics", "\"1\"", "\"1\"");
	assert_int_equal(counted(), 1);
	outside();
	plain(&s, "DELETE", "/dav/cal/a.ics", 204);
	assert_true(last()->at.id == scene_op(&s, 0)->at.id);
	proxied("/dav/cal/b.ics", "/cal/b.ics", "\"2\"", "\"2\"");
	scene_finish(&s);
	assert_int_equal(scene_count(&s, TROUBLE_DUPLICATE), 0);
	assert_quiet(&s);
}

/* One after the other is a retry; the client did it itself. */
static void disjoint(void **state)
{
	(void)state;
	outside();
	deliver(&s, put("/cal/a.ics", 0));
	inside();
	deliver(&s, put("/cal/a.ics", 201));
	assert_int_equal(counted(), 2);
	outside();
	deliver(&s, put("/cal/a.ics", 201));
	assert_int_equal(counted(), 3);
	assert_int_equal(scene_count(&s, TROUBLE_PROXY_REPLAY), 0);
}

static void other_request_inside(void **state)
{
	(void)state;
	outside();
	struct txn *a = put("/cal/a.ics", 201);
	inside();
	deliver(&s, put("/cal/b.ics", 201));
	struct txn *b = put("/cal/a.ics", 201);
	body_revise(&b->req, 2);
	deliver(&s, b);
	plain(&s, "DELETE", "/cal/a.ics", 204);
	deliver(&s, put("/cal/a.ics?x=1", 201));
	deliver(&s, a);
	assert_int_equal(counted(), 5);
}

/* ---- what the client saw of it ---- */

static void answer_lost_outside(void **state)
{
	(void)state;
	outside();
	struct txn *a = put("/cal/a.ics", 0);
	inside();
	deliver(&s, put("/cal/a.ics", 201));
	deliver(&s, a);
	assert_int_equal(counted(), 1);
	assert_int_equal(scene_count(&s, TROUBLE_UNKNOWN_OUTCOME), 1);
	proxied("/cal/b.ics", "/cal/b.ics", "\"2\"", "\"2\"");
	scene_finish(&s);
	const struct told *t = scene_matter(&s, TROUBLE_DUPLICATE, 0);
	assert_non_null(t);
	assert_int_equal(t->m.cause, CAUSE_LOST_ANSWER);
}

static void tag_changed(void **state)
{
	(void)state;
	proxied("/cal/a.ics", "/cal/a.ics", "W/\"1\"", "\"1\"");
	const struct told *t = scene_matter(&s, TROUBLE_TAG_CHANGED_BY_HOP, 0);
	assert_non_null(t);
	assert_string_equal(t->value, "W/\"1\"");
	assert_string_equal(t->other_value, "\"1\"");
	assert_string_equal(t->href, "/cal/a.ics");
	assert_true(t->m.number != 0);
	/* What the client was told, and what the server had said, in the order of the packets. */
	assert_int_equal(t->m.n_packets, 4);
	proxied("/cal/b.ics", "/cal/b.ics", NULL, "\"1\"");
	const struct told *other = scene_matter(&s, TROUBLE_TAG_CHANGED_BY_HOP, 1);
	assert_non_null(other);
	assert_true(other->m.number != t->m.number);
	proxied("/cal/c.ics", "/cal/c.ics", "\"1\"", NULL);
	proxied("/cal/d.ics", "/cal/d.ics", NULL, NULL);
	assert_int_equal(scene_count(&s, TROUBLE_TAG_CHANGED_BY_HOP), 2);
}

/* On a page for people a hop may weaken what it likes. */
static void tag_of_a_page(void **state)
{
	(void)state;
	outside();
	struct txn *a = begin(&s, "GET", "/web/page", 200);
	inside();
	struct txn *b = begin(&s, "GET", "/web/page", 200);
	req_header(b, "X-Forwarded-For", "10.0.0.1");
	res_header(b, "ETag", "\"1\"");
	res_header(a, "ETag", "W/\"1\"");
	deliver(&s, b);
	deliver(&s, a);
	assert_true(last()->copy);
	assert_int_equal(scene_count(&s, TROUBLE_TAG_CHANGED_BY_HOP), 0);
}

/* ---- replays ---- */

static void replayed(unsigned first, unsigned second, size_t told)
{
	outside();
	struct txn *a = put("/cal/a.ics", 201);
	inside();
	deliver(&s, put("/cal/a.ics", first));
	deliver(&s, put("/cal/a.ics", second));
	deliver(&s, a);
	assert_int_equal(scene_count(&s, TROUBLE_PROXY_REPLAY), told);
	assert_int_equal(counted(), 2);
}

static void replay_after_a_loss(void **state)
{
	(void)state;
	replayed(0, 201, 1);
	assert_true(scene_matter(&s, TROUBLE_PROXY_REPLAY, 0)->m.number != 0);
}

static void replay_after_success(void **state)
{
	(void)state;
	replayed(201, 201, 1);
}

static void asked_for_a_password_inside(void **state)
{
	(void)state;
	outside();
	struct txn *a = put("/cal/a.ics", 201);
	inside();
	deliver(&s, put("/cal/a.ics", 401));
	deliver(&s, put("/cal/a.ics", 201));
	deliver(&s, a);
	assert_int_equal(scene_count(&s, TROUBLE_PROXY_REPLAY), 0);
	assert_int_equal(counted(), 1);
}

static void refused_is_no_replay(void **state)
{
	(void)state;
	replayed(403, 201, 0);
}

/* The proxy goes on to the next server of its list. */
static void replay_at_another_server(void **state)
{
	const struct endpoint second = { 4, 8080, { 10, 0, 0, 4 } };
	(void)state;
	outside();
	struct txn *a = put("/cal/a.ics", 201);
	inside();
	deliver(&s, put("/cal/a.ics", 0));
	hop(3, proxy_out, second, "backend:8080");
	deliver(&s, put("/cal/a.ics", 201));
	deliver(&s, a);
	assert_int_equal(scene_count(&s, TROUBLE_PROXY_REPLAY), 1);
}

/* A mirror for tests gets it at the same time. */
static void mirrored(void **state)
{
	const struct endpoint second = { 4, 8080, { 10, 0, 0, 4 } };
	(void)state;
	outside();
	struct txn *a = put("/cal/a.ics", 201);
	inside();
	struct txn *b = put("/cal/a.ics", 201);
	hop(3, proxy_out, second, "backend:8080");
	struct txn *c = put("/cal/a.ics", 201);
	deliver(&s, b);
	deliver(&s, c);
	deliver(&s, a);
	assert_int_equal(scene_count(&s, TROUBLE_PROXY_REPLAY), 0);
}

/* How long the client waited was not captured: the second one may be of its next request. */
static void outer_answer_missing(void **state)
{
	(void)state;
	outside();
	struct txn *a = put("/cal/a.ics", 0);
	a->unpaired = UNPAIRED_GAP;
	inside();
	deliver(&s, put("/cal/a.ics", 201));
	outside();
	struct txn *b = put("/cal/a.ics", 201);
	inside();
	deliver(&s, put("/cal/a.ics", 201));
	deliver(&s, a);
	deliver(&s, b);
	assert_int_equal(scene_count(&s, TROUBLE_PROXY_REPLAY), 0);
	assert_int_equal(counted(), 2);
}

/* Reading twice does no harm. */
static void reads_are_no_replay(void **state)
{
	(void)state;
	outside();
	struct txn *a = begin(&s, "GET", "/cal/a.ics", 200);
	inside();
	for (int i = 0; i < 2; i++) {
		struct txn *b = begin(&s, "GET", "/cal/a.ics", 200);
		req_header(b, "X-Forwarded-For", "10.0.0.1");
		deliver(&s, b);
	}
	deliver(&s, a);
	assert_int_equal(scene_count(&s, TROUBLE_PROXY_REPLAY), 0);
}

/* Three capture points: the middle one is a copy and has one. */
static void three_hops(void **state)
{
	const struct endpoint middle = { 4, 81, { 10, 0, 0, 5 } },
			      middle_out = { 4, 50001, { 10, 0, 0, 5 } };
	(void)state;
	outside();
	struct txn *a = put("/cal/a.ics", 201);
	hop(2, proxy_out, middle, "middle");
	struct txn *b = put("/cal/a.ics", 201);
	hop(3, middle_out, inner, "backend:8080");
	struct txn *c = put("/cal/a.ics", 201);
	deliver(&s, c);
	deliver(&s, b);
	deliver(&s, a);
	assert_int_equal(counted(), 1);
	assert_int_equal(scene_count(&s, TROUBLE_PROXY_REPLAY), 0);
	scene_finish(&s);
	assert_quiet(&s);
}

/* ---- two requests ---- */

/* One client keeps two servers alike: what it sends to one it sends to the other. */
static void one_client_two_servers(void **state)
{
	(void)state;
	hop(1, client, proxy, "a.example");
	struct txn *a = put("/cal/a.ics", 201);
	struct endpoint other = client;
	other.port = 40001;
	hop(2, other, inner, "b.example");
	struct txn *b = put("/cal/a.ics", 201);
	res_header(a, "ETag", "\"a\"");
	res_header(b, "ETag", "\"b\"");
	deliver(&s, b);
	deliver(&s, a);
	assert_int_equal(counted(), 2);
	assert_int_equal(scene_count(&s, TROUBLE_TAG_CHANGED_BY_HOP), 0);
	assert_true(scene_op(&s, 0)->at.id != scene_op(&s, 1)->at.id);
}

/* Two clients ask two servers behind one proxy for the same, which polling clients do all day. */
static void two_servers_behind_one_proxy(void **state)
{
	const struct endpoint second = { 4, 8080, { 10, 0, 0, 4 } };
	(void)state;
	hop(1, proxy_out, inner, "a.example");
	struct txn *a = listing(&s, "/cal/");
	req_header(a, "X-Forwarded-For", "192.0.2.1");
	struct endpoint other = proxy_out;
	other.port = 50001;
	hop(2, other, second, "b.example");
	struct txn *b = listing(&s, "/cal/");
	req_header(b, "X-Forwarded-For", "192.0.2.2");
	deliver(&s, b);
	deliver(&s, a);
	assert_int_equal(counted(), 2);
	assert_true(scene_op(&s, 0)->at.scope != scene_op(&s, 1)->at.scope);
}

static void two_clients_two_servers(void **state)
{
	const struct endpoint client2 = { 4, 40000, { 10, 0, 0, 9 } };
	(void)state;
	hop(1, client, proxy, "a.example");
	struct txn *a = listing(&s, "/cal/");
	hop(2, client2, inner, "b.example");
	struct txn *b = listing(&s, "/cal/");
	deliver(&s, b);
	deliver(&s, a);
	assert_int_equal(counted(), 2);
}

static void two_clients_one_server(void **state)
{
	(void)state;
	outside();
	struct txn *a = put("/cal/a.ics", 201);
	s.flow = 2;
	s.client.address[3] = 9;
	struct txn *b = put("/cal/a.ics", 412);
	deliver(&s, b);
	deliver(&s, a);
	assert_int_equal(counted(), 2);
}

/* ---- ways to be one ---- */

/* All on one host: every address is the same. */
static void on_one_host(void **state)
{
	const struct endpoint a = { 4, 40000, { 127, 0, 0, 1 } }, b = { 4, 80, { 127, 0, 0, 1 } },
			      c = { 4, 40001, { 127, 0, 0, 1 } }, d = { 4, 8080, { 127, 0, 0, 1 } };
	(void)state;
	hop(1, a, b, "localhost");
	struct txn *outer = put("/cal/a.ics", 201);
	hop(2, c, d, "localhost:8080");
	deliver(&s, put("/cal/a.ics", 201));
	deliver(&s, outer);
	assert_int_equal(counted(), 1);
}

/* A container behind an address that is translated: the client is the same, port and all. */
static void translated(void **state)
{
	(void)state;
	outside();
	struct txn *outer = put("/cal/a.ics", 201);
	hop(2, client, inner, "dav.example");
	deliver(&s, put("/cal/a.ics", 201));
	deliver(&s, outer);
	assert_int_equal(counted(), 1);
}

/* The proxy has another address inside; that it passes on for this client, it says. */
static void proxy_with_two_addresses(void **state)
{
	const struct endpoint in = { 4, 50000, { 172, 16, 0, 1 } };
	(void)state;
	outside();
	struct txn *outer = listing(&s, "/cal/");
	hop(2, in, inner, "backend");
	struct txn *t = listing(&s, "/cal/");
	req_header(t, "X-Forwarded-For", "10.0.0.1");
	deliver(&s, t);
	deliver(&s, outer);
	assert_int_equal(counted(), 1);
	outside();
	outer = listing(&s, "/cal/");
	hop(2, in, inner, "backend");
	t = listing(&s, "/cal/");
	req_header(t, "X-Forwarded-For", "10.0.0.11");
	deliver(&s, t);
	deliver(&s, outer);
	assert_int_equal(counted(), 3);
}

/* ---- odd input ---- */

static void times_without_sense(void **state)
{
	static const int64_t times[] = { INT64_MIN, INT64_MAX - 100000000, 0, -1 };
	(void)state;
	for (size_t i = 0; i < 64; i++) {
		outside();
		s.ns = times[i % 4];
		struct txn *a = put("/cal/a.ics", 201);
		inside();
		s.ns = times[(i / 4) % 4];
		deliver(&s, put("/cal/a.ics", 201));
		s.ns = times[(i / 16) % 4];
		deliver(&s, a);
	}
	scene_finish(&s);
}

static void long_paths(void **state)
{
	static char path[5000];
	(void)state;
	memset(path, 'x', sizeof(path) - 1);
	path[0] = '/';
	proxied(path, path, "\"1\"", "\"1\"");
	assert_int_equal(counted(), 2); /* what is not kept is not compared */
}

/* Copies are looked for among the last 512 requests. */
static bool found_behind(int others)
{
	char target[40];
	outside();
	struct txn *a = put("/cal/a.ics", 201);
	inside();
	deliver(&s, put("/cal/a.ics", 201));
	hop(3, (struct endpoint){ 4, 40000, { 10, 0, 0, 9 } }, inner, "backend:8080");
	for (int i = 0; i < others; i++) {
		snprintf(target, sizeof(target), "/cal/other%d.ics", i);
		deliver(&s, put(target, 201));
	}
	deliver(&s, a);
	return last()->copy;
}

static void found_among_many(void **state)
{
	(void)state;
	assert_true(found_behind(511));
	assert_true(found_behind(300));
	assert_false(found_behind(512));
	assert_true(found_behind(0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENE_TEST(nested),
		SCENE_TEST(paths_are_learned),
		SCENE_TEST(disjoint),
		SCENE_TEST(other_request_inside),
		SCENE_TEST(answer_lost_outside),
		SCENE_TEST(tag_changed),
		SCENE_TEST(tag_of_a_page),
		SCENE_TEST(replay_after_a_loss),
		SCENE_TEST(replay_after_success),
		SCENE_TEST(asked_for_a_password_inside),
		SCENE_TEST(refused_is_no_replay),
		SCENE_TEST(replay_at_another_server),
		SCENE_TEST(mirrored),
		SCENE_TEST(outer_answer_missing),
		SCENE_TEST(reads_are_no_replay),
		SCENE_TEST(three_hops),
		SCENE_TEST(one_client_two_servers),
		SCENE_TEST(two_servers_behind_one_proxy),
		SCENE_TEST(two_clients_two_servers),
		SCENE_TEST(two_clients_one_server),
		SCENE_TEST(on_one_host),
		SCENE_TEST(translated),
		SCENE_TEST(proxy_with_two_addresses),
		SCENE_TEST(times_without_sense),
		SCENE_TEST(long_paths),
		SCENE_TEST(found_among_many),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
