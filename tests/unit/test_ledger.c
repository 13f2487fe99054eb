/*
 * test_ledger.c - analysis/ledger.c, ledger_note.c: conversations become lifelines; whose traffic has holes.
 */
#include "analysis/replay.h"
#include "tests/unit/scenekit.h"

static struct scene s;

static int open_scene(void **state)
{
	(void)state;
	scene_open(&s, FLAVOUR_CALDAV);
	return 0;
}

static int close_scene(void **state)
{
	(void)state;
	scene_close(&s);
	return 0;
}

static struct ledger *ledger(void)
{
	return analysis_ledger(s.analysis);
}

static size_t lines_count(void)
{
	size_t n;
	free(ledger_lines(ledger(), &n));
	return n;
}

static const struct lifeline *line_at(size_t at)
{
	size_t n;
	const struct lifeline **lines = ledger_lines(ledger(), &n);
	const struct lifeline *line = at < n ? lines[at] : NULL;
	free(lines);
	assert_non_null(line);
	return line;
}

static size_t writes(const struct lifeline *line)
{
	size_t n = 0;
	for (size_t i = 0; i < line->n; i++)
		n += deed_is_write(&line->deeds[i]);
	return n;
}

static struct sight sight(size_t at)
{
	return lifeline_sight(ledger(), line_at(at));
}

/* The members, tagged. */
static void list(const char *a, const char *b)
{
	struct txn *t = listing(&s, "/cal");
	if (a != NULL)
		row_tag(t, a, "\"a\"");
	if (b != NULL)
		row_tag(t, b, "\"b\"");
	deliver(&s, t);
}

/* ---- which lifeline ---- */

static void test_the_same_event_under_another_name_is_one_lifeline(void **state)
{
	(void)state;
	put_new(&s, "/cal/a.ics", "u1", "Tea", 10, NULL, 201);
	put_new(&s, "/cal/b.ics", "u2", "Tea", 10, NULL, 201);
	put_new(&s, "/cal/c.ics", "u3", "Lunch", 12, NULL, 201);
	assert_int_equal(lines_count(), 2);
	const struct lifeline *tea = line_at(0);
	assert_string_equal(tea->text, "Tea");
	assert_int_equal(writes(tea), 2);
	assert_int_equal(tea->deeds[0].answer, ON_R_OK);
	assert_int_equal(tea->deeds[0].tag_seen, ABSENT);
	assert_true(tea->deeds[0].id != tea->deeds[1].id);
	assert_true(tea->open);
}

/* Who was told that it is stored means another item, however alike. */
static void test_a_proven_item_is_not_made_again(void **state)
{
	(void)state;
	put_new(&s, "/cal/a.ics", "u1", "Tea", 10, "\"1\"", 201);
	put_new(&s, "/cal/b.ics", "u2", "Tea", 10, "\"2\"", 201);
	assert_int_equal(lines_count(), 2);
}

/* To another collection and back: the list of the first one has it once. */
static void test_an_item_comes_back(void **state)
{
	(void)state;
	static const char *const ways[][2] = { { "/cal/a.ics", "/other/a.ics" },
		{ "/other/a.ics", "/cal/a.ics" } };
	put_new(&s, "/cal/a.ics", "u1", "Tea", 10, "\"1\"", 201);
	for (size_t i = 0; i < 2; i++) {
		struct txn *t = begin(&s, "MOVE", ways[i][0], 201);
		req_header(t, "Destination", ways[i][1]);
		deliver(&s, t);
	}
	list("/cal/a.ics", NULL);
	assert_int_equal(lines_count(), 1);
	assert_int_equal(line_at(0)->deeds[line_at(0)->n - 1].answer, ON_ROW);
}

static void test_clients_have_their_own(void **state)
{
	(void)state;
	size_t n;
	put_new(&s, "/cal/a.ics", "u1", "Tea", 10, NULL, 201);
	s.agent = "Other/1.0";
	put_new(&s, "/cal/b.ics", "u2", "Tea", 10, NULL, 201);
	assert_int_equal(lines_count(), 2);
	assert_string_equal(ledger_software(ledger(), line_at(0)->software, &n)->agent,
	    "Client/1.0");
	assert_string_equal(ledger_software(ledger(), line_at(1)->software, &n)->agent,
	    "Other/1.0");
	assert_int_equal(n, 2);
}

/* That no answer came is known late, so the second attempt is noted first. */
static void test_numbered_by_its_first_attempt(void **state)
{
	(void)state;
	struct txn *lost = begin(&s, "PUT", "/cal/a.ics", 0);
	req_header(lost, "If-None-Match", "*");
	req_event(lost, "u1", "Tea", 10);
	lost->unpaired = UNPAIRED_CLOSED;
	scene_wait(&s, 60);
	put_new(&s, "/cal/b.ics", "u1", "Tea", 10, NULL, 201);
	assert_int_equal(line_at(0)->number, 1);
	deliver(&s, lost);
	scene_finish(&s);
	assert_int_equal(lines_count(), 1);
	const struct lifeline *line = line_at(0);
	assert_int_equal(writes(line), 2);
	assert_int_equal(line->deeds[0].answer, ON_N_LOST);
	assert_true(line->deeds[0].flags & DEED_OPEN);
	assert_true(line->deeds[0].order < line->deeds[1].order);
	assert_int_equal(line->number, line->deeds[0].number);
}

/* One request on both sides of a proxy: the client's side counts, and how it was stored behind it. */
static void test_the_inner_hop_gives_way(void **state)
{
	(void)state;
	const struct endpoint client = { 4, 40000, { 10, 0, 0, 1 } },
			      proxy = { 4, 80, { 10, 0, 0, 5 } };
	const struct endpoint proxy_out = { 4, 50000, { 10, 0, 0, 5 } },
			      server = { 4, 80, { 10, 0, 0, 2 } };
	s.client = client;
	s.server = proxy;
	s.flow = 1;
	struct txn *outer = begin(&s, "PUT", "/cal/a.ics", 502);
	req_event(outer, "u1", "Tea", 10);
	s.client = proxy_out;
	s.server = server;
	s.flow = 2;
	struct txn *inner = begin(&s, "PUT", "/cal/a.ics", 201);
	req_event(inner, "u1", "Tea", 10);
	deliver(&s, inner);
	uint64_t order = outer->req.first.order;
	deliver(&s, outer);
	scene_finish(&s);
	assert_int_equal(lines_count(), 1);
	const struct lifeline *line = line_at(0);
	assert_int_equal(writes(line), 1);
	assert_int_equal(line->deeds[0].order, order);
	assert_int_equal(line->deeds[0].answer, ON_R_TRANSIENT);
	assert_int_equal(line->deeds[0].commit, COMMIT_YES);
	assert_true(line->deeds[0].flags & DEED_OPEN); /* the client cannot know */
	assert_false(line->deeds[0].flags & DEED_REPLAYED);
}

/* A header block that was not captured whole ends in no packet: then it is known by its first one. */
static void test_known_by_a_packet_in_any_case(void **state)
{
	(void)state;
	struct txn *t = begin(&s, "PUT", "/cal/a.ics", 201);
	struct stamp first = t->req.first;
	first.input = 2;
	t->req.first = first;
	t->req.head = (struct stamp){ .frame = 0 };
	t->req.head_complete = false;
	deliver(&s, t);
	scene_finish(&s);
	assert_int_equal(line_at(0)->deeds[0].frame, first.frame);
	assert_int_equal(line_at(0)->deeds[0].input, 2);
}

/* ---- what is shown ---- */

static void test_what_lists_show_and_do_not_show(void **state)
{
	(void)state;
	put_new(&s, "/cal/a.ics", "u1", "Tea", 10, NULL, 201);
	list("/cal/a.ics", NULL);
	const struct lifeline *line = line_at(0);
	assert_int_equal(line->n, 2);
	assert_int_equal(line->deeds[1].answer, ON_ROW);
	assert_int_equal(line->deeds[1].id, line->deeds[0].id);
	assert_int_equal(line->deeds[1].tag_seen, PRESENT);
	assert_true(line->tagged_read);
	list("/cal/a.ics", NULL); /* the same again */
	assert_int_equal(line_at(0)->n, 2);
	assert_int_equal(line_at(0)->deeds[1].times, 2);
	list(NULL, "/cal/b.ics");
	line = line_at(0);
	assert_int_equal(line->n, 3);
	assert_int_equal(line->deeds[2].answer, ON_NO_ROW);
}

static void put_lost(const char *target)
{
	struct txn *t = begin(&s, "PUT", target, 0);
	req_header(t, "If-None-Match", "*");
	req_event(t, "u1", "Tea", 10);
	deliver(&s, t);
}

/* A complete list that names one of its names, and not another, settles both. */
static void test_lists_settle_each_name(void **state)
{
	(void)state;
	put_lost("/cal/a.ics");
	put_lost("/cal/b.ics");
	put_new(&s, "/cal/c.ics", "u1", "Tea", 10, "\"1\"", 201);
	scene_finish(&s);
	const struct lifeline *line = line_at(0);
	assert_int_equal(lines_count(), 1);
	assert_int_equal(deed_settled(line, line->n, 0), COMMIT_MAYBE);
	list("/cal/a.ics", "/cal/c.ics");
	line = line_at(0);
	assert_int_equal(deed_settled(line, line->n, 0), COMMIT_YES);
	assert_int_equal(deed_settled(line, line->n, 1), COMMIT_NO);
	assert_int_equal(deed_settled(line, line->n, 2), COMMIT_YES);
}

/* None of its names, and one that was sent again: the last attempt decides, the one before stays as open. */
static void test_lists_settle_what_they_do_not_name(void **state)
{
	(void)state;
	put_lost("/cal/a.ics");
	put_lost("/cal/b.ics");
	put_lost("/cal/c.ics");
	put_new(&s, "/cal/c.ics", "u1", "Tea", 10, "\"1\"", 201);
	scene_finish(&s);
	list("/cal/c.ics", NULL);
	const struct lifeline *line = line_at(0);
	assert_int_equal(deed_settled(line, line->n, 0), COMMIT_NO);
	assert_int_equal(deed_settled(line, line->n, 1), COMMIT_NO);
	assert_int_equal(deed_settled(line, line->n, 2), COMMIT_MAYBE);
	assert_int_equal(deed_settled(line, line->n, 3), COMMIT_YES);
}

static void test_pauses_end_synchronisations(void **state)
{
	(void)state;
	put_new(&s, "/cal/a.ics", "u1", "Tea", 10, NULL, 201);
	list("/cal/a.ics", NULL);
	assert_int_equal(line_at(0)->cycles, 1);
	scene_wait(&s, 600);
	list("/cal/a.ics", NULL);
	assert_int_equal(line_at(0)->cycles, 2);
	int64_t apart = ns_apart(ledger_last_seen(ledger(), line_at(0)), line_at(0)->deeds[0].ns);
	assert_true(apart >= INT64_C(600) * 1000000000);
}

/* A request without an answer is told when its connection ends: it is no new beginning. */
static void test_what_is_told_late_ends_no_synchronisation(void **state)
{
	(void)state;
	put_new(&s, "/cal/a.ics", "u1", "Tea", 10, NULL, 201);
	struct txn *slow = begin(&s, "GET", "/cal/b.ics", 404);
	for (unsigned i = 0; i < 2; i++) {
		scene_wait(&s, 10);
		list("/cal/a.ics", NULL);
	}
	deliver(&s, slow);
	list("/cal/a.ics", NULL);
	assert_int_equal(line_at(0)->cycles, 1);
}

static void test_no_room_for_more_deeds_is_said(void **state)
{
	(void)state;
	put_new(&s, "/cal/a.ics", "u1", "Tea", 10, NULL, 201);
	for (unsigned i = 0; i < DEEDS_MAX; i++)
		put_new(&s, "/cal/a.ics", "u1", "Tea", 10, NULL, 412);
	assert_true(line_at(0)->full);
	assert_int_equal(line_at(0)->n, DEEDS_MAX);
	assert_true(sight(0).after);
}

static void test_who_has_to_leave_is_counted(void **state)
{
	(void)state;
	struct limits limits = limits_default();
	limits.lifelines = 2;
	scene_close(&s);
	scene_open_with(&s, FLAVOUR_CALDAV, limits);
	put_new(&s, "/cal/a.ics", "u1", "Tea", 10, NULL, 201);
	put_new(&s, "/cal/b.ics", "u2", "Lunch", 12, NULL, 201);
	list("/cal/a.ics", NULL); /* named again: the other one is older */
	assert_int_equal(ledger_forgotten(ledger()), 0);
	put_new(&s, "/cal/c.ics", "u3", "Choir", 19, NULL, 201);
	assert_int_equal(ledger_forgotten(ledger()), 1);
	assert_int_equal(lines_count(), 2);
	put_new(&s, "/cal/d.ics", "u4", "Visit", 20, NULL, 201);
	put_new(&s, "/cal/e.ics", "u5", "Review", 21, NULL, 201);
	assert_int_equal(ledger_forgotten(ledger()), 3);
	put_new(&s, "/cal/e2.ics", "u6", "Review", 21, NULL, 201);
	assert_int_equal(writes(line_at(1)), 2); /* keys of those that are gone lead nowhere */
}

/* ---- holes ---- */

static void gap(uint64_t flow)
{
	const struct anomaly a = { .code = TCP_GAP,
		.at = scene_stamp(&s),
		.flow = { .frame = flow } };
	s.in.anomaly(s.in.ctx, &a);
}

static void flow_end(uint64_t number, struct endpoint client, uint64_t missing)
{
	struct flow f = { .id = { .frame = number },
		.first = scene_stamp(&s),
		.side = { client, s.server },
		.protocol = "http",
		.gap_bytes = { missing, 0 } };
	f.last = f.done = scene_stamp(&s);
	s.in.flow(s.in.ctx, &f);
}

static void test_nothing_is_missing(void **state)
{
	(void)state;
	put_new(&s, "/cal/a.ics", "u1", "Tea", 10, NULL, 201);
	list("/cal/a.ics", NULL);
	flow_end(1, s.client, 0);
	assert_int_equal(sight(0).whole, 2);
	assert_false(sight(0).before || sight(0).after);
}

static void test_a_message_with_a_hole(void **state)
{
	(void)state;
	put_new(&s, "/cal/a.ics", "u1", "Tea", 10, NULL, 201);
	struct txn *t = listing(&s, "/cal");
	t->unpaired = UNPAIRED_GAP;
	t->res.loss = 1;
	deliver(&s, t);
	list("/cal/a.ics", NULL);
	assert_int_equal(sight(0).whole, 1);
	assert_true(sight(0).after);
}

/* Between two messages: known to be the client's when its flow is over. */
static void test_a_gap_between_messages(void **state)
{
	(void)state;
	put_new(&s, "/cal/a.ics", "u1", "Tea", 10, NULL, 201);
	gap(1);
	list("/cal/a.ics", NULL);
	put_new(&s, "/cal/b.ics", "u2", "Lunch", 12, NULL, 201);
	flow_end(1, s.client, 100);
	assert_int_equal(sight(0).whole, 1);
	assert_true(sight(0).after);
	assert_false(sight(0).before);
	assert_true(sight(1).before); /* it may have been made under another name */
	assert_false(sight(1).after);
	assert_int_equal(sight(1).whole, line_at(1)->n);
}

static void test_gaps_of_somebody_else(void **state)
{
	(void)state;
	const struct endpoint other = { 4, 40000, { 10, 0, 0, 77 } };
	put_new(&s, "/cal/a.ics", "u1", "Tea", 10, NULL, 201);
	gap(2);
	list("/cal/a.ics", NULL);
	flow_end(2, other, 100);
	flow_end(1, s.client, 0);
	assert_int_equal(sight(0).whole, 2);
	assert_false(sight(0).after);
}

static void test_more_gaps_than_are_remembered(void **state)
{
	(void)state;
	gap(1);
	for (unsigned i = 0; i < 1000; i++)
		gap(2);
	put_new(&s, "/cal/a.ics", "u1", "Tea", 10, NULL, 201);
	struct flow f = { .id = { .frame = 1 },
		.first = { .order = 1 },
		.side = { s.client, s.server },
		.protocol = "http",
		.gap_bytes = { 0, 9 } };
	f.last = f.done = scene_stamp(&s);
	s.in.flow(s.in.ctx, &f);
	assert_int_equal(sight(0).whole, 0);
	assert_true(sight(0).after);
}

/* In whatever order they become known, and however many. */
static void test_many_holes(void **state)
{
	(void)state;
	uint64_t flows[20];
	put_new(&s, "/cal/a.ics", "u1", "Tea", 10, NULL, 201);
	list("/cal/a.ics", NULL);
	for (unsigned i = 0; i < 20; i++) {
		gap(flows[i] = 10 + i);
		put_new(&s, "/cal/a.ics", "u1", "Tea", 10, NULL, 412);
	}
	for (unsigned i = 20; i-- != 0;)
		flow_end(flows[i], s.client, 1);
	assert_int_equal(sight(0).whole, 2);
	assert_true(sight(0).after);
}

static void test_what_the_capture_says_it_lacks_is_anybodys(void **state)
{
	(void)state;
	put_new(&s, "/cal/a.ics", "u1", "Tea", 10, NULL, 201);
	const struct dropped dropped = { .at = scene_stamp(&s), .packets = 3 };
	s.in.dropped(s.in.ctx, &dropped);
	list("/cal/a.ics", NULL);
	assert_int_equal(sight(0).whole, 1);
	assert_true(sight(0).after);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, open_scene, close_scene)
	const struct CMUnitTest tests[] = {
		TEST(the_same_event_under_another_name_is_one_lifeline),
		TEST(a_proven_item_is_not_made_again),
		TEST(an_item_comes_back),
		TEST(clients_have_their_own),
		TEST(numbered_by_its_first_attempt),
		TEST(the_inner_hop_gives_way),
		TEST(known_by_a_packet_in_any_case),
		TEST(what_lists_show_and_do_not_show),
		TEST(lists_settle_each_name),
		TEST(lists_settle_what_they_do_not_name),
		TEST(pauses_end_synchronisations),
		TEST(what_is_told_late_ends_no_synchronisation),
		TEST(no_room_for_more_deeds_is_said),
		TEST(who_has_to_leave_is_counted),
		TEST(nothing_is_missing),
		TEST(a_message_with_a_hole),
		TEST(a_gap_between_messages),
		TEST(gaps_of_somebody_else),
		TEST(more_gaps_than_are_remembered),
		TEST(many_holes),
		TEST(what_the_capture_says_it_lacks_is_anybodys),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
