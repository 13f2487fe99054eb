/*
 * test_json_sync.c - records and columns of operations, items, sessions and ActiveSync commands.
 */
#include "tests/unit/opkit.h"
#include "tests/unit/out_text.h"

static char *text_of(struct report_options options, const struct event *event)
{
	struct limits limits = limits_default();
	struct written w = written_open();
	struct error e;
	options.limits = &limits;
	struct report *r = report_new(&options, w.out, &e);
	assert_non_null(r);
	report_event(r, event);
	report_free(r);
	return written_close(&w);
}

static char *json_of(const struct op_scene *s)
{
	return text_of((struct report_options){ .format = REPORT_JSON }, &s->scene.event);
}

static void assert_holds(const char *text, const char *part)
{
	if (strstr(text, part) == NULL)
		fail_msg("%s\nlacks %s", text, part);
}

static void operation(void **state)
{
	struct op_scene s;
	(void)state;
	op_scene_init(&s);
	op_scene_event(&s, EVENT_OPERATION);
	char *text = json_of(&s);
	assert_string_equal(text,
	    "{\"ts\":\"1970-01-01T00:00:00.006000000Z\",\"event_type\":\"operation\","
	    "\"schema\":\"davscope/1\",\"id\":\"o-7\","
	    "\"client\":{\"address\":\"10.0.0.1\",\"port\":40000},"
	    "\"server\":{\"address\":\"10.0.0.2\",\"port\":80},"
	    "\"dav\":{\"flavour\":\"http\",\"mailbox\":\"anna\",\"href\":\"/cal/a.ics\","
	    "\"operation\":\"create\",\"folder\":{\"class\":\"calendar\"}},"
	    "\"cal\":{\"uid\":\"u@1\",\"fingerprint\":\"0123456789abcdef\",\"summary\":\"Tea\","
	    "\"start\":\"1970-01-01T00:00:00.000000005Z\",\"end\":\"1970-01-01T00:00:00.000000009Z\","
	    "\"organizer\":\"mailto:a@b\"},"
	    "\"operation\":{\"number\":7,\"commit\":\"yes\",\"outcome\":\"ok\",\"guard\":\"absent\","
	    "\"status\":201,\"tag_state\":\"absent\",\"legs\":1,\"attempts\":1,\"peer\":\"10.0.0.1\","
	    "\"copy\":false},\"evidence\":[{\"input\":\"a.pcap\",\"frames\":[1,2,3,4,5,6]}]}\n");
	free(text);
}

static void item(void **state)
{
	struct op_scene s;
	(void)state;
	op_scene_init(&s);
	op_scene_event(&s, EVENT_ITEM);
	s.scene.event.update = 1;
	s.matter.n_history = 1;
	s.matter.history_dropped = 2;
	s.matter.n_packets = 1;
	snprintf(s.history[0].path, sizeof s.history[0].path, "/cal/\xff.ics");
	char *text = json_of(&s);
	assert_holds(text,
	    "\"item\":{\"lineage\":\"i-4\",\"update\":1,\"trouble\":\"duplicate\",\"duplicate\":true,"
	    "\"cause\":\"R1\",\"certainty\":\"confirmed\",\"copies_certainty\":\"confirmed\",\"commit\":\"yes\",\"operation\":7,"
	    "\"mailbox\":\"anna\",\"scope\":\"/cal\",\"href\":\"/cal/b.ics\","
	    "\"other_href\":\"/cal/a.ics\",\"uid\":\"u@1\",\"summary\":\"Tea\",\"peer\":\"10.0.0.1\","
	    "\"copies\":2,\"history\":[{\"input\":\"a.pcap\",\"frame\":10,"
	    "\"time\":\"2006-09-25T16:00:10.000000000Z\",\"leg\":\"back\",\"operation\":\"create\","
	    "\"method\":\"PUT\",\"path\":\"/cal/\\ufffd.ics\",\"path_b64\":\"L2NhbC//Lmljcw==\","
	    "\"status\":201,\"tag_state\":\"absent\",\"commit\":\"yes\",\"copy\":false}],"
	    "\"history_dropped\":2},\"evidence\":[{\"input\":\"a.pcap\",\"frames\":[1]}],"
	    "\"unobserved\":[\"item.history\"]}\n");
	free(text);
}

static void session(void **state)
{
	struct op_scene s;
	(void)state;
	op_scene_init(&s);
	op_scene_event(&s, EVENT_SESSION);
	s.matter.trouble = TROUBLE_KEY_STUCK;
	s.matter.count = 3;
	char *text = json_of(&s);
	assert_holds(text,
	    "\"id\":\"s-4\",\"session\":{\"id\":\"s-4\",\"trouble\":\"key-stuck\","
	    "\"certainty\":\"confirmed\",\"operation\":7,\"mailbox\":\"anna\",\"scope\":\"/cal\","
	    "\"href\":\"/cal/b.ics\",\"peer\":\"10.0.0.1\",\"count\":3},\"evidence\":");
	free(text);
}

static void rows(void **state)
{
	static const char *const both[] = { "dav.operation", "dav.href", "dav.folder.class" };
	static const char *const items[] = { "item.lineage", "item.cause", "item.history.path" };
	struct op_scene s;
	struct field_ref refs[3];
	struct error e;
	struct report_options options = { .format = REPORT_FIELDS,
		.columns = refs,
		.n_columns = 3 };
	(void)state;
	op_scene_init(&s);
	op_scene_event(&s, EVENT_OPERATION);
	s.op.calendar = false;
	for (size_t i = 0; i < 3; i++)
		assert_true(field_find(both[i], &refs[i], &e));
	char *text = text_of(options, &s.scene.event);
	assert_string_equal(text, "create\t/cal/a.ics\t?\n");
	free(text);
	for (size_t i = 0; i < 3; i++)
		assert_true(field_find(items[i], &refs[i], &e));
	text = text_of(options, &s.scene.event);
	assert_string_equal(text, "");
	free(text);
	op_scene_event(&s, EVENT_ITEM);
	text = text_of(options, &s.scene.event);
	assert_string_equal(text, "i-4\tR1\t/cal/a.ics,/cal/a.ics\n");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(operation),
		cmocka_unit_test(item),
		cmocka_unit_test(session),
		cmocka_unit_test(rows),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
