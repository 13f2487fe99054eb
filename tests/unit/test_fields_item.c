/*
 * test_fields_item.c - rules/fields_item.c and packets.c: items with their history, sessions, and the
 * packets they rest on.
 */
#include "tests/unit/opkit.h"

#include "rules/state.h"

#define S (&s.scene)

static void an_item(void **state)
{
	struct op_scene s;
	(void)state;
	op_scene_init(&s);
	op_scene_event(&s, EVENT_ITEM);
	assert_text(S, "item.lineage", 0, 0, "i-4");
	assert_int_equal(seen_of(S, "item.update"), ABSENT);
	assert_text(S, "item.trouble", 0, 0, "duplicate");
	assert_int_equal(number_of(S, "item.duplicate"), 1);
	assert_text(S, "item.cause", 0, 0, "R1");
	assert_text(S, "item.certainty", 0, 0, "confirmed");
	assert_int_equal(seen_of(S, "item.cleared"), ABSENT);
	assert_text(S, "item.commit", 0, 0, "yes");
	assert_int_equal(number_of(S, "item.operation"), 7);
	assert_text(S, "item.mailbox", 0, 0, "anna");
	assert_text(S, "item.href", 0, 0, "/cal/b.ics");
	assert_text(S, "item.other_href", 0, 0, "/cal/a.ics");
	assert_int_equal(number_of(S, "item.copies"), 2);
	assert_int_equal(seen_of(S, "item.count"), ABSENT);
	assert_int_equal(seen_of(S, "item.device"), ABSENT);
	assert_int_equal(seen_of(S, "item.history_dropped"), ABSENT);
	/* Another kind of event has none of it. */
	assert_int_equal(seen_of(S, "session.id"), ABSENT);
	assert_int_equal(seen_of(S, "operation.number"), ABSENT);
}

static void a_later_state(void **state)
{
	struct op_scene s;
	(void)state;
	op_scene_init(&s);
	op_scene_event(&s, EVENT_ITEM);
	S->event.update = 2;
	S->event.id = SLICE("i-4.2");
	s.matter.op = NULL;
	s.matter.number = UINT64_MAX;
	assert_text(S, "item.lineage", 0, 0, "i-18446744073709551615");
	assert_int_equal(number_of(S, "item.update"), 2);
	assert_int_equal(seen_of(S, "item.commit"), ABSENT);
	assert_int_equal(seen_of(S, "item.operation"), ABSENT);
}

static void nothing_wrong(void **state)
{
	struct op_scene s;
	(void)state;
	op_scene_init(&s);
	op_scene_event(&s, EVENT_ITEM);
	s.matter.trouble = TROUBLE_NONE;
	s.matter.cause = CAUSE_NONE;
	s.matter.uid = s.matter.summary = (struct slice){ 0 };
	assert_int_equal(seen_of(S, "item.trouble"), ABSENT);
	assert_int_equal(seen_of(S, "item.cause"), ABSENT);
	assert_int_equal(number_of(S, "item.duplicate"), 0);
	assert_int_equal(seen_of(S, "item.uid"), NOT_OBSERVED);
	assert_int_equal(seen_of(S, "item.summary"), NOT_OBSERVED);
	s.matter.trouble = TROUBLE_SUSPICION_CLEARED;
	s.matter.cleared = GATE_DELETED;
	assert_text(S, "item.cleared", 0, 0, "deleted-before");
}

static void history(void **state)
{
	struct op_scene s;
	bool complete;
	struct value v;
	(void)state;
	op_scene_init(&s);
	op_scene_event(&s, EVENT_ITEM);
	s.history[1].front = true;
	s.history[1].status = 5;
	s.history[1].copies = true;
	snprintf(s.history[1].note, sizeof s.history[1].note, "ClientId 9");
	assert_int_equal(elements_of(S, "item.history", &complete), 2);
	assert_true(complete);
	assert_text(S, "item.history.input", 0, 0, "a.pcap");
	assert_int_equal(number_of(S, "item.history.frame"), 10);
	assert_text(S, "item.history.method", 0, 0, "PUT");
	assert_text(S, "item.history.path", 0, 0, "/cal/a.ics");
	assert_text(S, "item.history.leg", 0, 0, "back");
	assert_text(S, "item.history.operation", 0, 0, "create");
	assert_text(S, "item.history.tag_state", 0, 0, "absent");
	assert_text(S, "item.history.commit", 0, 0, "yes");
	assert_int_equal(read_nth(S, "item.history.note", 0, 0, &v), ABSENT);
	assert_text(S, "item.history.leg", 1, 0, "front");
	assert_text(S, "item.history.note", 1, 0, "ClientId 9");
	assert_int_equal(read_nth(S, "item.history.tag_state", 1, 0, &v), ABSENT);
	assert_int_equal(read_nth(S, "item.history.copy", 1, 0, &v), PRESENT);
	assert_int_equal(v.number, 1);
	assert_int_equal(read_nth(S, "item.history.frame", 2, 0, &v), ABSENT);
	s.history[0].status = 0;
	assert_int_equal(seen_of(S, "item.history.status"), NOT_OBSERVED);
	s.matter.history_dropped = 3;
	elements_of(S, "item.history", &complete);
	assert_false(complete);
	assert_int_equal(number_of(S, "item.history_dropped"), 3);
}

static void a_session(void **state)
{
	struct op_scene s;
	(void)state;
	op_scene_init(&s);
	op_scene_event(&s, EVENT_SESSION);
	s.matter.trouble = TROUBLE_TOKEN_STORM;
	s.matter.count = 3;
	s.matter.value = guarded("http://x/ns/3");
	assert_text(S, "session.id", 0, 0, "s-4");
	assert_text(S, "session.trouble", 0, 0, "token-storm");
	assert_text(S, "session.scope", 0, 0, "/cal");
	assert_text(S, "session.value", 0, 0, "http://x/ns/3");
	assert_int_equal(seen_of(S, "session.other_value"), ABSENT);
	assert_int_equal(number_of(S, "session.count"), 3);
	assert_int_equal(seen_of(S, "item.lineage"), ABSENT);
}

/* ---- packets ---- */

static size_t frames_of(const struct event *e, uint64_t *last)
{
	struct stamp at[EVENT_PACKETS];
	size_t n = event_packets(e, at);
	for (size_t i = 1; i < n; i++)
		assert_true(at[i - 1].order < at[i].order);
	*last = n != 0 ? at[n - 1].frame : 0;
	return n;
}

static void packets(void **state)
{
	struct op_scene s;
	uint64_t last;
	(void)state;
	op_scene_init(&s);
	op_scene_event(&s, EVENT_OPERATION);
	assert_int_equal(frames_of(&S->event, &last), 6);
	op_scene_event(&s, EVENT_ITEM);
	s.matter.n_packets = OP_PACKETS;
	assert_int_equal(frames_of(&S->event, &last), OP_PACKETS);
	assert_int_equal(last, OP_PACKETS);
	/* Of more the first ones and the last. */
	s.matter.n_packets = OP_PACKETS + 8;
	assert_int_equal(frames_of(&S->event, &last), OP_PACKETS);
	assert_int_equal(last, OP_PACKETS + 8);
	/* Whatever order they come in, and each once. */
	s.packets[0] = made_stamp(9);
	s.packets[3] = made_stamp(9);
	s.packets[4] = (struct stamp){ 0 };
	s.matter.n_packets = 5;
	assert_int_equal(frames_of(&S->event, &last), 3);
	/* One that names none rests on the operation that shows it, or on nothing. */
	s.matter.n_packets = 0;
	assert_int_equal(frames_of(&S->event, &last), 4);
	s.matter.op = NULL;
	assert_int_equal(frames_of(&S->event, &last), 0);
	op_scene_event(&s, EVENT_SYNC);
	assert_int_equal(frames_of(&S->event, &last), 0);
	S->event.txn = &S->made.txn;
	assert_int_equal(frames_of(&S->event, &last), 6);
}

static void evidence(void **state)
{
	struct op_scene s;
	struct value v;
	bool complete;
	(void)state;
	op_scene_init(&s);
	op_scene_event(&s, EVENT_ITEM);
	s.packets[5].input = 1;
	assert_int_equal(elements_of(S, "evidence", &complete), 2);
	assert_text(S, "evidence.input", 1, 0, "b.pcap");
	assert_int_equal(read_nth(S, "evidence.frames", 0, 4, &v), PRESENT);
	assert_int_equal(v.number, 5);
	assert_int_equal(read_nth(S, "evidence.frames", 0, 5, &v), ABSENT);
}

/* One matter in all its states, and no other. */
static void marks(void **state)
{
	struct op_scene s;
	(void)state;
	op_scene_init(&s);
	op_scene_event(&s, EVENT_ITEM);
	uint32_t mark = event_mark(&S->event);
	S->event.update = 3;
	s.matter.n_packets = 2;
	s.matter.certainty = PROBABLE;
	assert_int_equal(event_mark(&S->event), mark);
	s.matter.number = 5;
	assert_true(event_mark(&S->event) != mark);
	s.matter.number = 4;
	s.matter.trouble = TROUBLE_LYING_TAG;
	assert_true(event_mark(&S->event) != mark);
	op_scene_event(&s, EVENT_OPERATION);
	assert_int_equal(event_mark(&S->event), 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_item),
		cmocka_unit_test(a_later_state),
		cmocka_unit_test(nothing_wrong),
		cmocka_unit_test(history),
		cmocka_unit_test(a_session),
		cmocka_unit_test(packets),
		cmocka_unit_test(evidence),
		cmocka_unit_test(marks),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
