/*
 * test_fields_op.c - rules/fields_op.c: what operations say, what is absent and what was not observed.
 */
#include "tests/unit/opkit.h"

#define S (&s.scene)

static void an_operation(void **state)
{
	struct op_scene s;
	(void)state;
	op_scene_init(&s);
	op_scene_event(&s, EVENT_OPERATION);
	assert_text(S, "dav.mailbox", 0, 0, "anna");
	assert_text(S, "dav.href", 0, 0, "/cal/a.ics");
	assert_int_equal(seen_of(S, "dav.destination"), ABSENT);
	assert_text(S, "dav.operation", 0, 0, "create");
	assert_text(S, "dav.folder.class", 0, 0, "calendar");
	assert_text(S, "dav.flavour", 0, 0, "http");
	assert_int_equal(number_of(S, "operation.number"), 7);
	assert_text(S, "operation.commit", 0, 0, "yes");
	assert_text(S, "operation.outcome", 0, 0, "ok");
	assert_text(S, "operation.guard", 0, 0, "absent");
	assert_int_equal(seen_of(S, "operation.guard_value"), ABSENT);
	assert_int_equal(number_of(S, "operation.status"), 201);
	assert_text(S, "operation.tag_state", 0, 0, "absent");
	assert_int_equal(number_of(S, "operation.legs"), 1);
	assert_int_equal(number_of(S, "operation.attempts"), 1);
	assert_text(S, "operation.peer", 0, 0, "10.0.0.1");
	assert_int_equal(seen_of(S, "operation.device"), ABSENT);
	assert_int_equal(number_of(S, "operation.copy"), 0);
	assert_int_equal(number_of(S, "client.port"), 40000);
	assert_text(S, "id", 0, 0, "o-7");
}

static void what_was_not_seen(void **state)
{
	struct op_scene s;
	(void)state;
	op_scene_init(&s);
	op_scene_event(&s, EVENT_OPERATION);
	s.op.calendar = false;
	assert_int_equal(seen_of(S, "dav.folder.class"), NOT_OBSERVED);
	s.op.contacts = true;
	assert_text(S, "dav.folder.class", 0, 0, "contacts");
	s.op.guard = GUARD_UNSEEN;
	assert_int_equal(seen_of(S, "operation.guard_value"), NOT_OBSERVED);
	S->facts.flavour = FLAVOUR_ACTIVESYNC;
	assert_int_equal(seen_of(S, "operation.tag_state"), ABSENT);
	s.op.kind = OP_MOVE;
	assert_int_equal(seen_of(S, "dav.destination"), ABSENT);
	assert_int_equal(seen_of(S, "operation.tag_state"), ABSENT);
	S->made.txn.req.head_complete = false;
	assert_int_equal(seen_of(S, "dav.destination"), NOT_OBSERVED);
	s.op.to.path = guarded("/cal/c.ics");
	assert_text(S, "dav.destination", 0, 0, "/cal/c.ics");
	s.op.row_status = 0;
	assert_int_equal(seen_of(S, "operation.status"), ABSENT);
	S->made.txn.res.seen = false;
	assert_int_equal(seen_of(S, "operation.status"), NOT_OBSERVED);
}

/* A transaction that is none says so, unless what it is was not seen or not kept. */
static void a_transaction(void **state)
{
	struct op_scene s;
	(void)state;
	op_scene_init(&s);
	op_scene_event(&s, EVENT_TRANSACTION);
	assert_text(S, "dav.mailbox", 0, 0, "anna");
	assert_text(S, "cal.summary", 0, 0, "Tea");
	S->event.op = NULL;
	assert_int_equal(seen_of(S, "dav.mailbox"), ABSENT);
	assert_int_equal(seen_of(S, "dav.operation"), ABSENT);
	assert_int_equal(seen_of(S, "dav.destination"), ABSENT);
	assert_int_equal(seen_of(S, "dav.folder.class"), ABSENT);
	assert_int_equal(seen_of(S, "cal.uid"), ABSENT);
	S->made.txn.req.loss = LOSS_LIMIT;
	assert_int_equal(seen_of(S, "dav.href"), NOT_OBSERVED);
	assert_int_equal(seen_of(S, "cal.start"), NOT_OBSERVED);
	S->made.txn.req = (struct message){ 0 };
	assert_int_equal(seen_of(S, "dav.operation"), NOT_OBSERVED);
	assert_int_equal(seen_of(S, "cal.fingerprint"), NOT_OBSERVED);
}

static void the_object(void **state)
{
	struct op_scene s;
	(void)state;
	op_scene_init(&s);
	op_scene_event(&s, EVENT_OPERATION);
	assert_text(S, "cal.uid", 0, 0, "u@1");
	assert_text(S, "cal.fingerprint", 0, 0, "0123456789abcdef");
	assert_text(S, "cal.summary", 0, 0, "Tea");
	assert_text(S, "cal.organizer", 0, 0, "mailto:a@b");
	assert_int_equal(number_of(S, "cal.start"), 5);
	assert_int_equal(number_of(S, "cal.end"), 9);
	assert_int_equal(seen_of(S, "cal.method"), ABSENT);
	assert_int_equal(seen_of(S, "cal.recurrence_id"), ABSENT);
	s.object.start_ns = OBJECT_NO_TIME;
	assert_int_equal(seen_of(S, "cal.start"), NOT_OBSERVED);
	s.object.kind = OBJECT_CARD;
	assert_int_equal(seen_of(S, "cal.start"), ABSENT);
	s.object.fingerprint = 0;
	assert_int_equal(seen_of(S, "cal.fingerprint"), ABSENT);
	s.object.whole = false;
	assert_int_equal(seen_of(S, "cal.fingerprint"), NOT_OBSERVED);
	assert_int_equal(seen_of(S, "cal.method"), NOT_OBSERVED);
	assert_int_equal(seen_of(S, "cal.start"), NOT_OBSERVED);
	assert_text(S, "cal.uid", 0, 0, "u@1");
}

/* Whether there is none depends on what the body can hold and on how much of it was seen. */
static void no_object(void **state)
{
	static struct dav dav = { .whole = true };
	static struct airsync airsync = { .whole = true };
	const struct {
		struct body body;
		enum seen seen;
	} cases[] = {
		{ { .kind = BODY_NONE, .complete = true }, ABSENT },
		{ { .kind = BODY_CALENDAR, .complete = true }, ABSENT }, /* empty */
		{ { .kind = BODY_CALENDAR, .bytes = 4, .complete = true }, NOT_OBSERVED },
		{ { .kind = BODY_VCARD, .bytes = 4 }, NOT_OBSERVED },
		{ { .kind = BODY_MIME, .bytes = 4, .complete = true }, ABSENT },
		{ { .kind = BODY_MIME, .bytes = 4 }, NOT_OBSERVED },
		{ { .kind = BODY_OTHER, .bytes = 4, .complete = true }, ABSENT },
		{ { .kind = BODY_XML, .bytes = 4, .complete = true, .dav = &dav }, ABSENT },
		{ { .kind = BODY_XML, .bytes = 4, .complete = true }, NOT_OBSERVED },
		{ { .kind = BODY_WBXML, .bytes = 4, .complete = true, .airsync = &airsync },
		    ABSENT },
		{ { .kind = BODY_WBXML, .bytes = 4, .complete = true }, NOT_OBSERVED },
	};
	struct op_scene s;
	(void)state;
	op_scene_init(&s);
	op_scene_event(&s, EVENT_OPERATION);
	s.op.object = NULL;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		S->made.txn.req.body = cases[i].body;
		if (seen_of(S, "cal.uid") != cases[i].seen)
			fail_msg("case %zu", i);
		assert_int_equal(seen_of(S, "cal.start"), cases[i].seen);
		s.op.kind = OP_READ; /* its object comes in the answer, which is empty */
		assert_int_equal(seen_of(S, "cal.uid"), ABSENT);
		s.op.kind = OP_CREATE;
	}
	S->made.txn.req.loss = LOSS_LIMIT;
	S->made.txn.req.body = (struct body){ .kind = BODY_OTHER, .bytes = 4, .complete = true };
	assert_int_equal(seen_of(S, "cal.uid"), NOT_OBSERVED);
	s.op.kind = OP_DELETE;
	assert_int_equal(seen_of(S, "cal.uid"), ABSENT);
	s.op.kind = OP_READ;
	S->made.txn.res.seen = false;
	assert_int_equal(seen_of(S, "cal.uid"), NOT_OBSERVED);
}

static void the_front_end(void **state)
{
	static const struct {
		const char *agent, *build;
	} cases[] = { { "Microsoft-Server-ActiveSync/6.5.7638.1", "6.5.7638.1" },
		{ "microsoft-server-activesync/6.5.7651.50 (x)", "6.5.7651.50" },
		{ "Microsoft-Server-ActiveSync/", NULL }, { "Microsoft-Server-ActiveSync", "none" },
		{ "DAVx5/4.0", "none" } };
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct op_scene s;
		struct value v = { 0 };
		op_scene_init(&s);
		op_scene_event(&s, i % 2 ? EVENT_TRANSACTION : EVENT_OPERATION);
		made_header(&S->made.txn.req, "User-Agent", cases[i].agent);
		bool other = cases[i].build != NULL && strcmp(cases[i].build, "none") == 0;
		assert_int_equal(read_nth(S, "exchange.frontend.address", 0, 0, &v),
		    other ? ABSENT : PRESENT);
		if (!other)
			assert_ptr_equal(v.ip, &S->made.txn.client);
		if (cases[i].build == NULL || other)
			assert_int_equal(seen_of(S, "exchange.frontend.build"), ABSENT);
		else
			assert_text(S, "exchange.frontend.build", 0, 0, cases[i].build);
		S->made.txn.req.n_headers = 0;
		S->made.txn.req.head_complete = false;
		assert_int_equal(seen_of(S, "exchange.frontend.address"), NOT_OBSERVED);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_operation),
		cmocka_unit_test(what_was_not_seen),
		cmocka_unit_test(a_transaction),
		cmocka_unit_test(the_object),
		cmocka_unit_test(no_object),
		cmocka_unit_test(the_front_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
