/*
 * test_session_item.c - analysis/session_item.c: items and mails of ActiveSync that go round in circles, ids that
 * are used twice.
 */
#include "analysis/session.h"
#include "tests/unit/roundkit.h"

/* ---- E07: a new item taken for an old one ---- */

static void new_item_swallowed(void **state)
{
	(void)state;
	enum {
		CONTROL,
		RETRY,
		SAME_KEY,
		OTHER_ID,
		OTHER_CLIENT_ID,
		SAME_UID,
		EDITED,
		DELETED,
		NOT_ANSWERED,
		REFUSED,
		EDITED_OTHERWISE,
		SCENES
	};
	for (int i = 0; i < SCENES; i++) {
		struct stage g;
		struct item_said first = made_x, second = made_x;
		stage_init(&g);
		second.print = i == RETRY ? 7 : 8;
		if (i == OTHER_ID)
			second.server_id = "y";
		if (i == OTHER_CLIENT_ID)
			second.client_id = "2";
		if (i == SAME_UID)
			first.uid = second.uid = "u";
		if (i == NOT_ANSWERED)
			first.status = 0;
		if (i == REFUSED)
			second.status = 6;
		round_of(&g, ONE, (struct ask){ .key = "k1", .gives = "k2", .sent = { first } });
		if (i == EDITED || i == EDITED_OTHERWISE)
			round_of(&g, ONE,
			    (struct ask){ .key = "k2",
				.gives = "k3",
				.sent = { { AIRSYNC_CHANGE, NULL, "x", 0, i == EDITED ? 8 : 9, NULL,
				    NULL } } });
		if (i == DELETED)
			round_of(&g, ONE,
			    (struct ask){ .key = "k2",
				.gives = "k3",
				.sent = { { AIRSYNC_DELETE, NULL, "x", 0, 0, NULL, NULL } } });
		round_of(&g, ONE,
		    (struct ask){ .key = i == SAME_KEY ? "k1" : "k3",
			.gives = "k4",
			.sent = { second } });
		assert_told(&g, TROUBLE_CLIENT_ID_SWALLOWED, i == EDITED_OTHERWISE ? 0 : i);
		stage_free(&g);
	}
}

/* ---- E06: UID and ClientUid ---- */

static void client_uid_misused(void **state)
{
	(void)state;
	static const struct {
		uint16_t version;
		int status; /* of the first attempt's collection */
		const char *uid, *first, *second;
		uint64_t print; /* of the second */
		size_t told;
	} cases[] = {
		{ 160, 1, "u", "c", "c", 9, 2 }, /* a UID has no place here */
		{ 141, 1, "u", "c", "c", 9, 0 }, /* it has, in 14.1 */
		{ 161, 5, NULL, "AB-CD", "{abcd}", 7, 0 }, /* another spelling */
		{ 161, 5, NULL, "abcd", "abce", 7, 1 },
		{ 161, 5, NULL, "abcd", NULL, 7, 1 },
		{ 161, 5, NULL, NULL, NULL, 7, 1 },
		{ 161, 5, NULL, "abcd", "abce", 9, 0 }, /* another event */
		{ 161, 1, NULL, "abcd", "abce", 7, 0 }, /* the first one was acknowledged */
		{ 141, 5, NULL, "abcd", "abce", 7, 0 },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct stage g;
		int status = cases[i].status;
		stage_init(&g);
		round_of(&g, ONE,
		    (struct ask){ .key = "k1",
			.gives = "k1",
			.status = status,
			.version = cases[i].version,
			.sent = { { AIRSYNC_ADD, "1", "x", status == 1, 7, cases[i].uid,
			    cases[i].first } } });
		round_of(&g, ONE,
		    (struct ask){ .key = "k1",
			.gives = "k2",
			.version = cases[i].version,
			.sent = { { AIRSYNC_ADD, "2", "y", 1, cases[i].print, cases[i].uid,
			    cases[i].second } } });
		if (g.n != cases[i].told)
			fail_msg("case %zu: %zu", i, g.n);
		assert_int_equal(heard_times(&g, TROUBLE_CLIENT_UID_MISUSED), cases[i].told);
		const struct heard *h = &g.heard[0];
		const char *value = cases[i].uid != NULL ? cases[i].uid : cases[i].second;
		if (g.n != 0) {
			assert_int_equal(h->certainty, cases[i].uid != NULL ? CONFIRMED : PROBABLE);
			assert_string_equal(h->value, value != NULL ? value : "");
			assert_int_equal(h->count, 1);
			assert_int_equal(h->number, 1);
		}
		stage_free(&g);
	}
}

/* ---- E08: mail ---- */

static void send_mail(struct stage *g, uint64_t device, uint64_t body, const char *client_id,
    unsigned http)
{
	struct command c;
	command_begin(g, &c, "SendMail", http);
	c.made.txn.req.body.hash = body;
	c.req.airsync.client_id = text(client_id);
	if (http == 200)
		c.made.txn.res.body = (struct body){ .complete = true };
	command_end(g, &c, device);
}

static void mail_sent_again(void **state)
{
	(void)state;
	struct stage g;
	stage_init(&g);
	send_mail(&g, ONE, 77, "SendMail-1", 200);
	send_mail(&g, ONE, 77, "SendMail-1", 200);
	const struct heard *h = assert_heard(&g, TROUBLE_MAIL_REPEATED, 1);
	assert_int_equal(h->certainty, PROBABLE); /* the server may know the ClientId */
	assert_int_equal(h->number, 1);
	assert_string_equal(h->value, "SendMail-1");
	send_mail(&g, ONE, 77, "SendMail-1", 200);
	h = assert_heard(&g, TROUBLE_MAIL_REPEATED, 2);
	assert_int_equal(h->count, 3);
	assert_int_equal(h->update, 1);
	assert_int_equal(h->number, 1);
	stage_free(&g);

	stage_init(&g);
	send_mail(&g, ONE, 77, NULL, 200);
	send_mail(&g, ONE, 77, NULL, 200);
	assert_int_equal(assert_heard(&g, TROUBLE_MAIL_REPEATED, 1)->certainty, CONFIRMED);
	stage_free(&g);
}

static void mail_sent_once(void **state)
{
	(void)state;
	struct stage g;
	stage_init(&g);
	send_mail(&g, ONE, 77, "1", 0); /* lost, refused: may be sent again */
	send_mail(&g, ONE, 77, "1", 500);
	send_mail(&g, ONE, 77, "1", 200);
	send_mail(&g, ONE, 78, "1", 200); /* another one, by a client that counts from 1 again */
	send_mail(&g, TWO, 77, "1", 200);
	send_mail(&g, ONE, 0, "2", 200); /* not seen whole */
	send_mail(&g, ONE, 0, "2", 200);
	assert_silence(&g);
	stage_free(&g);
}

/* ---- E09: poison ---- */

static void poison(void **state)
{
	(void)state;
	enum {
		CONTROL,
		STATUS_4,
		BY_COLLECTION,
		EDITED,
		TWICE,
		TRANSIENT,
		ACCEPTED,
		NOT_ALONE,
		SCENES
	};
	for (int i = 0; i < SCENES; i++) {
		struct stage g;
		stage_init(&g);
		for (int k = 0; k < 4; k++) {
			struct ask a = { .key = "k1", .gives = "k2" };
			a.sent[0] = (struct item_said){ AIRSYNC_ADD, "1", NULL, 6, 7, NULL, NULL };
			if (i == STATUS_4)
				a.sent[0].status = 4;
			if (i == BY_COLLECTION || i == NOT_ALONE) {
				a.sent[0].status = 0;
				a.status = 4;
			}
			if (i == NOT_ALONE)
				a.sent[1] = (struct item_said){ AIRSYNC_DELETE, NULL, "y", 0, 0,
					NULL, NULL };
			if (i == EDITED)
				a.sent[0].print += (uint64_t)k;
			if (i == TRANSIENT)
				a.sent[0].status = 5;
			if (i == ACCEPTED && k == 2)
				a.sent[0].status = 1;
			if (i != TWICE || k < 2)
				round_of(&g, ONE, a);
		}
		assert_told(&g, TROUBLE_POISON, i <= BY_COLLECTION ? 0 : i);
		if (i == CONTROL) {
			const struct heard *h = assert_heard(&g, TROUBLE_POISON, 2);
			assert_int_equal(h->number, 1);
			assert_int_equal(h->count, 4);
			assert_int_equal(h->update, 1);
		}
		stage_free(&g);
	}
}

/* ---- E10: echo ---- */

static void change_x(struct stage *g, uint64_t print)
{
	round_of(g, ONE,
	    (struct ask){ .key = "k1",
		.gives = "k1",
		.sent = { { AIRSYNC_CHANGE, NULL, "x", 0, print, NULL, NULL } } });
}

static void server_says_x(struct stage *g, uint64_t print)
{
	round_of(g, ONE,
	    (struct ask){ .key = "k1",
		.gives = "k1",
		.got = { { AIRSYNC_CHANGE, NULL, "x", 0, print, NULL, NULL } } });
}

static void echo(void **state)
{
	(void)state;
	struct stage g;
	stage_init(&g);
	change_x(&g, 7);
	server_says_x(&g, 7);
	change_x(&g, 7);
	assert_silence(&g); /* the first time the server may have touched it */
	server_says_x(&g, 7);
	const struct heard *h = assert_heard(&g, TROUBLE_ECHO, 1);
	assert_int_equal(h->count, 2);
	assert_int_equal(h->number, 1);
	change_x(&g, 7);
	server_says_x(&g, 7);
	assert_int_equal(assert_heard(&g, TROUBLE_ECHO, 2)->number, 1);
	stage_free(&g);

	stage_init(&g); /* in the same answer, too */
	for (int i = 0; i < 2; i++)
		round_of(&g, ONE,
		    (struct ask){ .key = "k1",
			.gives = "k1",
			.sent = { { AIRSYNC_CHANGE, NULL, "x", 0, 7, NULL, NULL } },
			.got = { { AIRSYNC_CHANGE, NULL, "x", 0, 7, NULL, NULL } } });
	assert_heard(&g, TROUBLE_ECHO, 1);
	stage_free(&g);
}

static void no_echo(void **state)
{
	(void)state;
	enum { CONTROL, ALTERED, EDITED, LATER, ONE_ROUND, ADDED, SCENES };
	for (int i = 0; i < SCENES; i++) {
		struct stage g;
		stage_init(&g);
		for (int k = 0; k < 2; k++) {
			uint64_t print = i == EDITED ? 7 + (uint64_t)k : 7;
			change_x(&g, print);
			if (i == ADDED)
				round_of(&g, ONE,
				    (struct ask){ .key = "k1",
					.gives = "k1",
					.got = { { AIRSYNC_ADD, NULL, "x", 0, 7, NULL, NULL } } });
			else if (i != ONE_ROUND || k == 0)
				server_says_x(&g, i == ALTERED ? 50 : print);
			if (i == LATER)
				stage_wait(&g, 7200);
		}
		assert_told(&g, TROUBLE_ECHO, i);
		stage_free(&g);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(new_item_swallowed),
		cmocka_unit_test(client_uid_misused),
		cmocka_unit_test(mail_sent_again),
		cmocka_unit_test(mail_sent_once),
		cmocka_unit_test(poison),
		cmocka_unit_test(echo),
		cmocka_unit_test(no_echo),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
