/*
 * test_legs.c - analysis/legs.c: the device's leg and the mailbox server's; and what ActiveSync alone shows
 * of copies (gate.c, orphans.c).
 */
#include "tests/unit/synckit.h"

#include "tests/unit/onescene.h" /* behind all that have an s of their own */

static struct kit_side asked, answered;

static int open_exchange(void **state)
{
	open_scene(state);
	s.flavour = FLAVOUR_EXCHANGE;
	return 0;
}

static const struct endpoint phone = { 4, 40000, { 10, 0, 0, 9 } };
static const struct endpoint front = { 4, 80, { 10, 0, 0, 1 } };
static const struct endpoint front_out = { 4, 50000, { 10, 0, 0, 1 } };
static const struct endpoint store = { 4, 80, { 10, 0, 0, 2 } };

/* A Sync that adds one appointment; server_id NULL: no row in the answer. */
static struct txn *add(const char *key, const char *client_id, const char *server_id, int status)
{
	s.client = phone;
	s.server = front;
	s.agent = "Apple-iPhone/1";
	s.host = "mail.example";
	s.flow = 1;
	s.flavour = FLAVOUR_ACTIVESYNC;
	side_init(&asked, "Sync");
	side_init(&answered, "Sync");
	struct txn *t = begin(&s, "POST",
	    "/Microsoft-Server-ActiveSync?User=anna&DeviceId=D1&DeviceType=PocketPC&Cmd=Sync", 200);
	side_collection(&asked, "cal", key, AIRSYNC_NONE);
	side_item(&asked, AIRSYNC_ADD, client_id, NULL)->object = object_new(t, OBJECT_EVENT, "",
	    "Tea", 10, 0);
	side_collection(&answered, "cal", "k2", server_id != NULL || status == 1 ? 1 : status);
	if (server_id != NULL)
		side_row(&answered, AIRSYNC_ADD, client_id, server_id, status);
	message_airsync(&t->req, &asked);
	message_airsync(&t->res, &answered);
	t->req.body.hash = text_hash(7, client_id);
	return t;
}

/* The front end's create, in the middle of it. */
static struct txn *create_at(const char *target, unsigned status, const char *uid)
{
	s.client = front_out;
	s.server = store;
	s.agent = "Microsoft-Server-ActiveSync/6.5.7638.1";
	s.host = "store";
	s.flow = 2;
	s.flavour = FLAVOUR_EXCHANGE;
	struct txn *t = begin(&s, "PUT", target, status);
	struct object *o = object_new(t, OBJECT_EVENT, uid, "Tea", 10, 0);
	body_object(&t->req, o);
	t->req.body.kind = BODY_MIME;
	return t;
}

static void refused_first(const char *target)
{
	deliver(&s, create_at(target, 412, ""));
}

/* ---- both legs ---- */

static void failed_and_stored(void **state)
{
	(void)state;
	struct txn *t = add("k1", "c1", NULL, 5);
	deliver(&s, create_at("/exchange/anna/Calendar/Tea.EML", 201, ""));
	deliver(&s, t);
	const struct told *m = scene_matter(&s, TROUBLE_GATEWAY_MISMATCH, 0);
	assert_non_null(m);
	assert_int_equal(m->m.certainty, CONFIRMED);
	assert_string_equal(m->value, "failed");
	assert_string_equal(m->other_value, "stored");
	assert_string_equal(m->href, "/exchange/anna/Calendar/Tea.EML");
	assert_string_equal(m->device, "D1");
}

static void fine_and_refused(void **state)
{
	(void)state;
	struct txn *t = add("k1", "c1", "1:1", 1);
	deliver(&s, create_at("/exchange/anna/Calendar/Tea.EML", 507, ""));
	deliver(&s, t);
	const struct told *m = scene_matter(&s, TROUBLE_GATEWAY_MISMATCH, 0);
	assert_non_null(m);
	assert_string_equal(m->value, "done");
	assert_string_equal(m->other_value, "refused");
	assert_true(m->m.number != 0);
}

static void both_say_the_same(void **state)
{
	(void)state;
	struct txn *t = add("k1", "c1", "1:1", 1);
	deliver(&s, create_at("/exchange/anna/Calendar/Tea.EML", 201, ""));
	deliver(&s, t);
	t = add("k2", "c2", NULL, 6);
	deliver(&s, create_at("/exchange/anna/Calendar/Tea-2.EML", 507, ""));
	deliver(&s, t);
	assert_int_equal(scene_count(&s, TROUBLE_GATEWAY_MISMATCH), 0);
}

/* A name that is taken is tried no more; the next one did it. */
static void another_name_did_it(void **state)
{
	(void)state;
	struct txn *t = add("k1", "c1", "1:1", 1);
	refused_first("/exchange/anna/Calendar/Tea.EML");
	deliver(&s, create_at("/exchange/anna/Calendar/Tea-2.EML", 201, ""));
	deliver(&s, t);
	assert_int_equal(scene_count(&s, TROUBLE_GATEWAY_MISMATCH), 0);
}

static void of_another(void **state)
{
	(void)state;
	struct txn *t = add("k1", "c1", NULL, 5);
	deliver(&s, create_at("/exchange/bob/Calendar/Tea.EML", 201, ""));
	deliver(&s, t);
	deliver(&s, create_at("/exchange/anna/Calendar/Tea.EML", 201, "")); /* behind it */
	assert_int_equal(scene_count(&s, TROUBLE_GATEWAY_MISMATCH), 0);
}

/* KB 923164: one command, two tries, two copies in the store. */
static void one_command_two_copies(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		struct txn *t = add("k1", "c1", NULL, 5);
		deliver(&s,
		    create_at(i == 0 ? "/exchange/anna/Calendar/Tea.EML" :
				       "/exchange/anna/Calendar/Tea-2.EML",
			201, ""));
		deliver(&s, t);
		scene_wait(&s, 120);
	}
	scene_finish(&s);
	assert_int_equal(scene_count(&s, TROUBLE_DUPLICATE), 1);
	const struct told *m = scene_matter(&s, TROUBLE_DUPLICATE, 0);
	assert_int_equal(m->m.certainty, CONFIRMED);
	assert_int_equal(m->m.copies, 2);
	assert_int_equal(m->m.n_history, 4); /* two tries of the device, two creates */
}

/* ---- clocks of two recordings ---- */

static void deliver_at(uint16_t input, struct txn *t)
{
	t->req.head.input = t->req.first.input = input;
	deliver(&s, t);
}

static void clocks_that_differ(void **state)
{
	(void)state;
	deliver_at(0, add("k1", "c1", NULL, 5));
	scene_wait(&s, 300);
	deliver_at(1, create_at("/exchange/anna/Calendar/Tea.EML", 201, ""));
	scene_finish(&s);
	const struct told *m = scene_matter(&s, TROUBLE_CLOCKS_DIFFER, 0);
	assert_non_null(m);
	assert_memory_equal(m->value, "-300.", 5);
	assert_int_equal(scene_matter(&s, TROUBLE_GATEWAY_MISMATCH, 0)->m.certainty, PROBABLE);
}

static void times_without_sense(void **state)
{
	static const int64_t times[] = { INT64_MIN, INT64_MAX - 100000000, 0, -1 };
	(void)state;
	for (size_t i = 0; i < 64; i++) {
		s.ns = times[i % 4];
		struct txn *t = add("k1", "c1", NULL, 5);
		s.ns = times[i / 4 % 4];
		deliver_at(1, create_at("/exchange/anna/Calendar/Tea.EML", 201, ""));
		s.ns = times[i / 16 % 4];
		deliver_at(0, t);
	}
	scene_finish(&s);
}

/* ---- the device's leg alone ---- */

/* SOGo 5.8: one key, one ClientId, two ServerIds. */
static void replay_is_not_the_same(void **state)
{
	(void)state;
	deliver(&s, add("k1", "c1", "1:1", 1));
	deliver(&s, add("k1", "c1", "1:2", 1));
	scene_finish(&s);
	const struct told *m = scene_matter(&s, TROUBLE_DUPLICATE, 0);
	assert_non_null(m);
	assert_int_equal(m->m.cause, CAUSE_SERVER_REPLAY);
	assert_int_equal(m->m.certainty, CONFIRMED);
}

static void replay_is_the_same(void **state)
{
	(void)state;
	deliver(&s, add("k1", "c1", "1:1", 1));
	deliver(&s, add("k1", "c1", "1:1", 1));
	scene_finish(&s);
	assert_int_equal(scene_count(&s, TROUBLE_DUPLICATE), 0);
}

/* ClientIds begin anew in each Sync. */
static void same_client_id_of_another_key(void **state)
{
	(void)state;
	deliver(&s, add("k1", "c1", "1:1", 1));
	deliver(&s, add("k2", "c1", "1:2", 1));
	scene_finish(&s);
	assert_int_equal(scene_count(&s, TROUBLE_DUPLICATE), 0);
}

/* What the device was never told the id of turns up in a listing. */
static void orphan_listed(bool restarted)
{
	struct txn *t = add("k1", "c1", NULL, AIRSYNC_NONE);
	t->res.seen = false;
	t->unpaired = UNPAIRED_CLOSED;
	deliver(&s, t);
	assert_int_equal(scene_count(&s, TROUBLE_UNKNOWN_OUTCOME), 1);
	deliver(&s, add("k1", "c9", "1:2", 1));
	if (restarted)
		scene_restart(&s);
	t = add("k2", "c10", NULL, AIRSYNC_NONE);
	asked.collections[0].n_items = 0;
	side_item(&answered, AIRSYNC_ADD, NULL, "1:1")->object = object_new(t, OBJECT_EVENT, "",
	    "Tea", 10, 0);
	deliver(&s, t);
	scene_finish(&s);
	const struct told *m = scene_matter(&s, TROUBLE_DUPLICATE, 0);
	assert_non_null(m);
	assert_int_equal(m->m.cause, CAUSE_LOST_ANSWER);
	assert_int_equal(m->m.certainty, PROBABLE);
}

static void orphan_turns_up(void **state)
{
	(void)state;
	orphan_listed(false);
}

static void orphan_turns_up_later(void **state)
{
	(void)state;
	orphan_listed(true);
}

static void replay_to_another_process(void **state)
{
	(void)state;
	deliver(&s, add("k1", "c1", "1:1", 1));
	scene_restart(&s);
	deliver(&s, add("k1", "c1", "1:2", 1));
	scene_finish(&s);
	const struct told *m = scene_matter(&s, TROUBLE_DUPLICATE, 0);
	assert_non_null(m);
	assert_int_equal(m->m.cause, CAUSE_SERVER_REPLAY);
}

int main(void)
{
#define EXCHANGE_TEST(name) cmocka_unit_test_setup_teardown(name, open_exchange, close_scene)
	const struct CMUnitTest tests[] = {
		EXCHANGE_TEST(failed_and_stored),
		EXCHANGE_TEST(fine_and_refused),
		EXCHANGE_TEST(both_say_the_same),
		EXCHANGE_TEST(another_name_did_it),
		EXCHANGE_TEST(of_another),
		EXCHANGE_TEST(one_command_two_copies),
		EXCHANGE_TEST(clocks_that_differ),
		EXCHANGE_TEST(times_without_sense),
		EXCHANGE_TEST(replay_is_not_the_same),
		EXCHANGE_TEST(replay_is_the_same),
		EXCHANGE_TEST(same_client_id_of_another_key),
		EXCHANGE_TEST(orphan_turns_up),
		EXCHANGE_TEST(orphan_turns_up_later),
		EXCHANGE_TEST(replay_to_another_process),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
