/*
 * test_session_airsync.c - analysis/session_airsync.c: SyncKeys that get stuck, two clients with one DeviceId,
 * less than was estimated; and the healthy scenes that look like it.
 */
#include "analysis/session.h"
#include "tests/unit/roundkit.h"

/* ---- E03: one key again and again ---- */

static const struct item_said add_9 = { AIRSYNC_ADD, "9", NULL, 0, 7, NULL, NULL };

static void key_is_stuck(void **state)
{
	(void)state;
	enum { STATUS_5, STATUS_16, HTTP_500, HTTP_503, LOST, WAYS };
	for (int i = 0; i < WAYS; i++) {
		struct stage g;
		struct ask a = { .key = "{K}7", .sent = { add_9 } };
		stage_init(&g);
		next(&g, ONE, "{K}6", "{K}7");
		if (i == STATUS_5 || i == STATUS_16)
			a.gives = "{K}7";
		a.status = i == STATUS_5 ? 5 : i == STATUS_16 ? 16 : 0;
		a.http = i == HTTP_500 ? 500 : i == HTTP_503 ? 503 : i == LOST ? NO_ANSWER : 0;
		for (int k = 0; k < 4; k++) {
			if (k == 2)
				assert_silence(&g);
			stage_wait(&g, 900);
			round_of(&g, ONE, a);
		}
		const struct heard *h = assert_heard(&g, TROUBLE_KEY_STUCK, 2);
		assert_string_equal(h->value, "{K}7");
		assert_string_equal(h->scope, "cal");
		assert_int_equal(h->count, 4);
		assert_int_equal(h->update, 1);
		stage_free(&g);
	}
}

static void key_that_moves(void **state)
{
	(void)state;
	enum {
		CONTROL,
		HEARTBEAT,
		ANSWERED,
		OTHER_KEY,
		NOT_SEEN,
		OTHER_DEVICE,
		OTHER_COLLECTION,
		BY_LIBRARY,
		SCENES
	};
	for (int i = 0; i < SCENES; i++) {
		struct stage g;
		stage_init(&g);
		for (int k = 0; k < 3; k++) {
			struct ask a = { .key = "{K}7",
				.gives = "{K}7",
				.status = 5,
				.sent = { add_9 } };
			if (i == HEARTBEAT)
				a.sent[0] = (struct item_said){ 0 };
			if (i == ANSWERED && k == 1)
				a.status = 1;
			if (i == OTHER_KEY && k == 1)
				a.key = "{K}8";
			a.torn = i == NOT_SEEN && k == 1;
			if (a.torn)
				a.gives = NULL;
			if (i == BY_LIBRARY) {
				a.gives = NULL;
				a.http = NO_ANSWER;
			}
			if (i == OTHER_COLLECTION && k == 1)
				a.collection = "tasks";
			round_of(&g, i == OTHER_DEVICE && k == 1 ? TWO : ONE, a);
		}
		assert_told(&g, TROUBLE_KEY_STUCK, i);
		stage_free(&g);
	}
}

/* ---- E05: two clients with one DeviceId ---- */

static void turn(struct stage *g, const char *agent, const char *key, const char *gives, int status)
{
	stage_wait(g, 600);
	round_of(g, ONE,
	    (struct ask){ .key = key, .gives = gives, .status = status, .agent = agent });
}

static void two_clients_one_device(void **state)
{
	(void)state;
	struct stage g;
	stage_init(&g);
	turn(&g, "Phone/1", "a1", "a2", 1);
	turn(&g, "Tablet/1", "b1", "0", 3);
	turn(&g, "Tablet/1", "0", "b2", 1);
	turn(&g, "Phone/1", "a2", "0", 3);
	turn(&g, "Phone/1", "0", "a3", 1);
	assert_silence(&g);
	turn(&g, "Tablet/1", "b2", "0", 3);
	const struct heard *h = assert_heard(&g, TROUBLE_DEVICE_ID_CLASH, 1);
	assert_int_equal(h->count, 3);
	turn(&g, "Tablet/1", "0", "b3", 1);
	turn(&g, "Phone/1", "a3", "0", 3);
	turn(&g, "Phone/1", "0", "a4", 1);
	assert_heard(&g, TROUBLE_DEVICE_ID_CLASH, 2); /* and it is no storm */
	stage_free(&g);
}

static void one_client_one_device(void **state)
{
	(void)state;
	enum { CONTROL, UPDATE, PEACE, ONE_SIDE, DAYS, SCENES };
	for (int i = 0; i < SCENES; i++) {
		struct stage g;
		stage_init(&g);
		for (int k = 0; k < 6; k++) {
			bool other = i == UPDATE ? k >= 3 : k % 2 == 1;
			bool refused = i != PEACE && !(i == ONE_SIDE && other) && k != 0;
			if (i == DAYS)
				stage_wait(&g, 30000);
			turn(&g, other ? "Phone/2" : "Phone/1", other ? "b" : "a",
			    refused ? "0" : "c", refused ? 3 : 1);
		}
		if (i == CONTROL || heard_times(&g, TROUBLE_DEVICE_ID_CLASH) != 0)
			assert_told(&g, TROUBLE_DEVICE_ID_CLASH, i);
		stage_free(&g);
	}
}

/* ---- D13: Status 3 again and again ---- */

static void storm_round(struct stage *g, const char *key, const char *gives)
{
	stage_wait(g, 600);
	round_of(g, ONE, (struct ask){ .key = key, .gives = "0", .status = 3 });
	begin(g, ONE, gives);
}

/* What was asked before the refusal, and is told behind it, is no answer to it. */
static void status_3_and_a_late_start(void **state)
{
	(void)state;
	struct stage g;
	stage_init(&g);
	begin(&g, ONE, "k1");
	storm_round(&g, "k1", "k2");
	storm_round(&g, "k2", "k3");
	stage_wait(&g, 600);
	round_of(&g, ONE, (struct ask){ .key = "k3", .gives = "0", .status = 3 });
	stage_wait(&g, -300);
	begin(&g, ONE, "k4");
	assert_silence(&g);
	stage_free(&g);
}

static void status_3_again_and_again(void **state)
{
	(void)state;
	struct stage g;
	stage_init(&g);
	begin(&g, ONE, "k1");
	storm_round(&g, "k1", "k2");
	storm_round(&g, "k2", "k3");
	assert_silence(&g); /* twice may happen: it is how to start over */
	storm_round(&g, "k3", "k4");
	const struct heard *h = assert_heard(&g, TROUBLE_TOKEN_STORM, 1);
	assert_int_equal(h->count, 3);
	assert_int_equal(h->certainty, CONFIRMED);
	stage_free(&g);

	stage_init(&g);
	folders(&g, ONE, "FolderSync", "0", "f1", 1);
	folders(&g, ONE, "FolderSync", "f1", NULL, 9);
	folders(&g, ONE, "FolderSync", "0", "f2", 1);
	folders(&g, ONE, "FolderSync", "f2", NULL, 9);
	folders(&g, ONE, "FolderSync", "0", "f3", 1);
	folders(&g, ONE, "FolderSync", "f3", NULL, 9);
	folders(&g, ONE, "FolderSync", "0", "f4", 1);
	assert_heard(&g, TROUBLE_TOKEN_STORM, 1);
	stage_free(&g);
}

static void status_3_for_a_reason(void **state)
{
	(void)state;
	enum { CONTROL, OLD, MADE_UP, NOT_SEEN, FAR_APART, SCENES };
	for (int i = 0; i < SCENES; i++) {
		struct stage g;
		stage_init(&g);
		begin(&g, ONE, "k0");
		for (int k = 0; k < 4; k++) {
			char key[] = { 'k', (char)('0' + k), '\0' },
			     gives[] = { 'k', (char)('1' + k), '\0' };
			if (i == OLD)
				stage_wait(&g, 8 * 86400);
			if (i == FAR_APART) {
				stage_wait(&g, 80000);
				next(&g, ONE, key, key);
				next(&g, ONE, key, key);
			}
			round_of(&g, ONE,
			    (struct ask){ .key = i == MADE_UP ? "mine" : key,
				.gives = "0",
				.status = 3,
				.unsure = i == NOT_SEEN });
			begin(&g, ONE, gives);
		}
		assert_told(&g, TROUBLE_TOKEN_STORM, i);
		stage_free(&g);
	}
}

/* ---- D18: the client offers an older key; D14: the server gives one ---- */

static void older_key_offered(void **state)
{
	(void)state;
	enum { CONTROL, LOST, TORN, EMPTY, SAME_KEY, BEGUN_ANEW, SCENES };
	for (int i = 0; i < SCENES; i++) {
		struct stage g;
		stage_init(&g);
		begin(&g, ONE, "k1");
		for (int k = 0; k < 3; k++) {
			struct ask a = { .key = "k1", .gives = "k2" };
			a.http = i == LOST ? NO_ANSWER : 0;
			a.torn = i == TORN;
			a.empty = i == EMPTY;
			if (i == SAME_KEY || i == EMPTY)
				a.gives = i == EMPTY ? NULL : "k1";
			g.flow = 9;
			round_of(&g, ONE, a);
			if (i == BEGUN_ANEW)
				begin(&g, ONE, "k1");
		}
		assert_told(&g, TROUBLE_TOKEN_ROLLBACK, i);
		stage_free(&g);
	}
}

/* Behind an answer that was not seen nobody knows which key the device has; a refusal has none. */
static void older_key_behind_an_unseen_answer(void **state)
{
	(void)state;
	enum { CONTROL, TORN, LOST, UNSURE, HTTP_500, SCENES };
	for (int i = -1; i < SCENES; i++) {
		struct ask a = { .key = "k2", .gives = "k3" };
		struct stage g;
		stage_init(&g);
		begin(&g, ONE, "k1");
		next(&g, ONE, "k1", "k2");
		a.torn = i == TORN;
		a.unsure = i == UNSURE;
		a.http = i == LOST ? NO_ANSWER : i == HTTP_500 ? 500 : i == -1 ? 401 : 200;
		if (a.http != 200)
			a.gives = NULL;
		round_of(&g, ONE, a);
		for (int k = 0; k < 2; k++) {
			g.flow = 9;
			next(&g, ONE, "k1", "k3");
		}
		assert_told(&g, TROUBLE_TOKEN_ROLLBACK, i < 0 ? 0 : i);
		stage_free(&g);
	}
}

/* The commands that change folders move the key of their hierarchy, too. */
static void older_key_of_folders(void **state)
{
	(void)state;
	static const char *const commands[] = { "FolderCreate", "FolderSync", "Ping" };
	for (size_t i = 0; i < COUNT(commands); i++) {
		struct stage g;
		stage_init(&g);
		folders(&g, ONE, "FolderSync", "0", "f1", 1);
		folders(&g, ONE, commands[i], "f1", "f2", 1);
		for (int k = 0; k < 2; k++) {
			g.flow = 9;
			folders(&g, ONE, "FolderSync", "f1", k == 0 ? NULL : "f1", 1);
		}
		assert_told(&g, TROUBLE_TOKEN_ROLLBACK, i < 2 ? 0 : (int)i);
		stage_free(&g);
	}
}

/* SOGo: the first key is the same each time, and each begin makes it new. */
static void first_key_comes_back(void **state)
{
	(void)state;
	struct stage g;
	stage_init(&g);
	begin(&g, ONE, "-1");
	round_of(&g, ONE,
	    (struct ask){ .key = "-1",
		.gives = "1795341971",
		.sent = { { AIRSYNC_ADD, "c-1", "uid-A", 1, 7, NULL, NULL } } });
	begin(&g, ONE, "-1");
	next(&g, ONE, "-1", "1795341971");
	next(&g, ONE, "1795341971", "1795341974");
	assert_silence(&g);
	stage_free(&g);
}

static void older_key_given(void **state)
{
	(void)state;
	for (int written = 0; written < 2; written++) {
		struct stage g;
		stage_init(&g);
		begin(&g, ONE, "blue");
		next(&g, ONE, "blue", "red");
		if (written)
			round_of(&g, TWO,
			    (struct ask){ .key = "z1",
				.gives = "z2",
				.sent = { { AIRSYNC_ADD, "1", "y", 1, 8, NULL, NULL } } });
		next(&g, ONE, "red", "green");
		next(&g, ONE, "green", "red");
		assert_told(&g, TROUBLE_TOKEN_REGRESSION, !written);
		stage_free(&g);
	}
}

/* The answer to an older key may be the one that came next then. */
static void older_answer_given_again(void **state)
{
	(void)state;
	struct stage g;
	stage_init(&g);
	begin(&g, ONE, "{K}1");
	next(&g, ONE, "{K}1", "{K}2");
	next(&g, ONE, "{K}2", "{K}3");
	next(&g, ONE, "{K}3", "{K}4");
	next(&g, ONE, "{K}2", "{K}3");
	assert_silence(&g);
	stage_free(&g);
}

/* ---- D15: key 0, an estimate, and less than that ---- */

static const struct item_said row_a = { AIRSYNC_ADD, NULL, "a", 0, 1, NULL, NULL };
static const struct item_said row_b = { AIRSYNC_ADD, NULL, "b", 0, 2, NULL, NULL };

static void less_than_estimated(void **state)
{
	(void)state;
	enum {
		CONTROL,
		AS_ESTIMATED,
		MORE_TO_COME,
		FILTERED,
		WRITTEN,
		LATE,
		NOT_ASKED,
		LOST,
		OTHER_KEY,
		SCENES
	};
	for (int i = 0; i < SCENES; i++) {
		struct stage g;
		stage_init(&g);
		begin(&g, ONE, "k1");
		estimate(&g, ONE, (struct guess){ .key = "k1", .n = i == AS_ESTIMATED ? 2 : 3 });
		if (i == LATE)
			stage_wait(&g, 90);
		if (i == WRITTEN)
			round_of(&g, TWO,
			    (struct ask){ .key = "z1",
				.gives = "z2",
				.sent = { { AIRSYNC_DELETE, NULL, "c", 0, 0, NULL, NULL } } });
		round_of(&g, ONE,
		    (struct ask){ .key = "k1",
			.gives = "k2",
			.got = { row_a },
			.more = true,
			.filter = i == FILTERED ? 6 : 1,
			.torn = i == LOST });
		round_of(&g, ONE,
		    (struct ask){ .key = i == OTHER_KEY ? "k9" : "k2",
			.gives = "k3",
			.more = i == MORE_TO_COME,
			.got = { i == NOT_ASKED ? (struct item_said){ 0 } : row_b },
			.silent = i == NOT_ASKED });
		assert_told(&g, TROUBLE_FIRST_SYNC_SHORT, i);
		if (i == CONTROL)
			assert_int_equal(g.heard[0].count, 1);
		stage_free(&g);
	}
}

static void estimates_that_say_nothing(void **state)
{
	(void)state;
	static const struct guess scenes[] = {
		{ .key = "k1", .n = 3 },
		{ .key = "k0", .n = 3 },
		{ .key = "k1", .n = 3, .status = 3 },
		{ .key = "k1", .n = 3, .filter = 6 },
		{ .key = "k1", .n = 3, .torn = true },
		{ .key = "k1", .nothing = true },
		{ .key = "k1", .n = AIRSYNC_NONE },
	};
	for (size_t i = 0; i < COUNT(scenes); i++) {
		struct stage g;
		stage_init(&g);
		begin(&g, ONE, "k1");
		estimate(&g, ONE, scenes[i]);
		round_of(&g, ONE, (struct ask){ .key = "k1", .gives = "k2", .got = { row_a } });
		assert_told(&g, TROUBLE_FIRST_SYNC_SHORT, (int)i);
		stage_free(&g);
	}
	struct stage g;
	stage_init(&g); /* of what is left behind the first page */
	begin(&g, ONE, "k1");
	round_of(&g, ONE,
	    (struct ask){ .key = "k1", .gives = "k2", .got = { row_a }, .more = true });
	estimate(&g, ONE, (struct guess){ .key = "k2", .n = 9 });
	round_of(&g, ONE, (struct ask){ .key = "k2", .gives = "k3", .got = { row_b } });
	assert_silence(&g);
	stage_free(&g);
}

/* The last page may be an empty body: nothing more. */
static void nothing_at_all_delivered(void **state)
{
	(void)state;
	struct stage g;
	stage_init(&g);
	begin(&g, ONE, "k1");
	estimate(&g, ONE, (struct guess){ .key = "k1", .n = 3 });
	round_of(&g, ONE, (struct ask){ .key = "k1", .empty = true });
	assert_int_equal(assert_heard(&g, TROUBLE_FIRST_SYNC_SHORT, 1)->count, 3);
	stage_free(&g);
}

/* ---- D17, D20: what another device wrote ---- */

static void change_is_lost(void **state)
{
	(void)state;
	enum {
		CONTROL,
		NAMED,
		FILTERED,
		FILTERED_BEFORE,
		NOT_FROM_START,
		NOT_ASKED,
		MORE,
		OWN,
		OTHER_FOLDER,
		ONLY_CHANGED,
		NOT_STORED,
		EMPTY_ONCE,
		SCENES
	};
	for (int i = 0; i < SCENES; i++) {
		struct stage g;
		struct ask a = { .key = "z1", .gives = "z2", .sent = { made_x } };
		stage_init(&g);
		if (i == NOT_FROM_START)
			next(&g, ONE, "k0", "k1");
		else
			round_of(&g, ONE,
			    (struct ask){ .key = "0",
				.gives = "k1",
				.silent = true,
				.filter = i == FILTERED_BEFORE ? 6 : 0 });
		if (i == OTHER_FOLDER)
			a.collection = "tasks";
		if (i == ONLY_CHANGED)
			a.sent[0] = (struct item_said){ AIRSYNC_CHANGE, NULL, "x", 0, 7, NULL,
				NULL };
		if (i == NOT_STORED)
			a.sent[0].status = 6;
		if (i == OWN)
			a.key = "k1", a.gives = "k1";
		round_of(&g, i == OWN ? ONE : TWO, a);
		stage_wait(&g, 70);
		struct ask first = { .key = "k1",
			.gives = "k2",
			.silent = i == NOT_ASKED,
			.more = i == MORE,
			.filter = i == FILTERED ? 6 : 0 };
		if (i == NAMED)
			first.got[0] = (struct item_said){ AIRSYNC_ADD, NULL, "x", 0, 7, NULL,
				NULL };
		round_of(&g, ONE, first);
		assert_silence(&g);
		round_of(&g, ONE,
		    (struct ask){ .key = "k2",
			.gives = i == EMPTY_ONCE ? NULL : "k3",
			.empty = i == EMPTY_ONCE,
			.torn = i == EMPTY_ONCE });
		assert_told(&g, TROUBLE_LOST_CHANGE, i);
		if (i == CONTROL)
			assert_string_equal(g.heard[0].href, "x");
		stage_free(&g);
	}
}

static void second_hides_a_write(void **state)
{
	(void)state;
	struct stage g;
	stage_init(&g);
	begin(&g, ONE, "-1");
	next(&g, ONE, "-1", "1700000000");
	round_of(&g, TWO, (struct ask){ .key = "z1", .gives = "z2", .sent = { made_x } });
	stage_wait(&g, 10);
	next(&g, ONE, "1700000000", "1700000000");
	const struct heard *h = assert_heard(&g, TROUBLE_COARSE_TOKEN, 1);
	assert_string_equal(h->href, "x");
	stage_free(&g);
}

/* ---- requests that tell nothing ---- */

static void unread_requests(void **state)
{
	(void)state;
	struct stage g;
	stage_init(&g);
	begin(&g, ONE, "k1");
	for (int i = 0; i < 4; i++) {
		struct command c;
		command_begin(&g, &c, "Sync", 200);
		side_collection(&c.req, "cal", "k1", AIRSYNC_NONE);
		side_collection(&c.res, "cal", "k2", 1);
		c.req.airsync.whole = false;
		c.made.txn.req.loss = LOSS_CLIPPED;
		command_end(&g, &c, ONE);
	}
	assert_silence(&g);
	stage_free(&g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(key_is_stuck),
		cmocka_unit_test(key_that_moves),
		cmocka_unit_test(two_clients_one_device),
		cmocka_unit_test(one_client_one_device),
		cmocka_unit_test(status_3_and_a_late_start),
		cmocka_unit_test(status_3_again_and_again),
		cmocka_unit_test(status_3_for_a_reason),
		cmocka_unit_test(older_key_offered),
		cmocka_unit_test(older_key_behind_an_unseen_answer),
		cmocka_unit_test(older_key_of_folders),
		cmocka_unit_test(first_key_comes_back),
		cmocka_unit_test(older_key_given),
		cmocka_unit_test(older_answer_given_again),
		cmocka_unit_test(less_than_estimated),
		cmocka_unit_test(estimates_that_say_nothing),
		cmocka_unit_test(nothing_at_all_delivered),
		cmocka_unit_test(change_is_lost),
		cmocka_unit_test(second_hides_a_write),
		cmocka_unit_test(unread_requests),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
