/*
 * test_diagnosis.c - diagnosis.c, lineages.c, explain.c, words.c: the lives of items for people.
 */
#include "report/explain.h"
#include "tests/unit/opkit.h"
#include "tests/unit/out_text.h"

static const struct rule copies = { .id = "recreate-after-untagged",
	.code = "D02",
	.title = "Created again",
	.remedy = "Install the hotfix.",
	.severity = SEVERITY_HIGH,
	.worst = SEVERITY_CRITICAL };
static const struct rule trifle = { .id = "lying-tag",
	.title = "Other bytes",
	.severity = SEVERITY_INFO };
static const struct rule medium = { .id = "loop", .title = "A loop", .severity = SEVERITY_MEDIUM };

struct bench {
	struct written written;
	struct limits limits;
	struct report *report;
};

static void bench_open(struct bench *b, struct report_options options)
{
	static const char *const names[] = { "be.pcap", "f\x1b.pcap" };
	struct error e;
	*b = (struct bench){ .written = written_open(), .limits = limits_default() };
	options.limits = &b->limits;
	options.input_names = names;
	options.n_inputs += options.n_inputs == 0;
	b->report = report_new(&options, b->written.out, &e);
	assert_non_null(b->report);
}

/* From the diagnosis on; the caller frees it. */
static char *bench_close(struct bench *b)
{
	struct summary s = { .first_ns = 1 };
	struct run_end end = { 0 };
	report_end(b->report, &s, &end, NULL);
	report_free(b->report);
	char *text = written_close(&b->written), *summary = strstr(text, "evidence: complete\n");
	if (summary != NULL)
		*summary = '\0';
	char *from = strstr(text, "diagnosis of ");
	from = from != NULL ? from : strstr(text, "not in the diagnosis");
	memmove(text, from != NULL ? from : "", from != NULL ? strlen(from) + 1 : 1);
	return text;
}

static void find(struct bench *b, const struct rule *rule, enum severity severity, uint64_t id,
    uint64_t update, const struct event *cause)
{
	struct finding f = { .rule = rule,
		.severity = severity,
		.id = id,
		.update = update,
		.message = SLICE("m") };
	report_finding(b->report, &(struct event){ .kind = EVENT_FINDING, .finding = &f }, cause);
}

#define S(s) (&(s).scene)
/* The chain of KB 923164: a create, what the device hears of it, two more tries. */
static void three_tries(void **state)
{
	struct op_scene s;
	struct bench b;
	(void)state;
	op_scene_init(&s);
	op_scene_event(&s, EVENT_ITEM);
	life_make(&s.history[1], 20, "Sync Add", "", 5);
	s.history[1].front = true;
	snprintf(s.history[1].note, sizeof s.history[1].note, "ClientId 9 SyncKey {K}7");
	life_make(&s.history[2], 30, "PUT", "/cal/a-2.ics", 201);
	s.history[2].copies = true;
	s.matter.n_history = 3;
	s.matter.front_build = guarded("6.5.7638.1");
	bench_open(&b, (struct report_options){ .quiet = true });
	find(&b, &copies, SEVERITY_HIGH, 1, 0, &S(s)->event);
	life_make(&s.history[3], 40, "PUT", "/cal/a-3.ics", 0);
	s.history[3].copies = true;
	s.history[3].commit = COMMIT_MAYBE;
	s.matter.n_history = 4;
	s.matter.copies = 3;
	find(&b, &copies, SEVERITY_CRITICAL, 1, 1, &S(s)->event);
	/* Another finding on the same item, which tells no life: what is known stays. */
	s.matter.n_history = 0;
	s.matter.mailbox = guarded("someone");
	s.matter.copies = 0;
	s.matter.cause = CAUSE_NONE;
	find(&b, &medium, SEVERITY_MEDIUM, 2, 0, &S(s)->event);
	s.matter.number = 5;
	find(&b, &medium, SEVERITY_MEDIUM, 3, 0, &S(s)->event);
	char *text = bench_close(&b);
	assert_string_equal(text,
	    "diagnosis of mailbox anna\n"
	    "\n"
	    "LINEAGE i-4, Tea, UID u@1, client 10.0.0.1, front end 6.5.7638.1, collection /cal\n"
	    "  #10 2006-09-25T16:00:10Z PUT /cal/a.ics -> 201, no change tag; stored\n"
	    "  #20 2006-09-25T16:00:20Z device: Sync Add (ClientId 9 SyncKey {K}7) -> Status 5\n"
	    "  #30 2006-09-25T16:00:30Z PUT /cal/a-2.ics -> 201, no change tag; stored - one more copy\n"
	    "  #40 2006-09-25T16:00:40Z PUT /cal/a-3.ics -> no answer; outcome open - one more copy\n"
	    "  critical recreate-after-untagged (D02), confirmed: 3 live copies. Created again\n"
	    "  cause: R1, the server stored the item and its answer carried no change tag; the "
	    "client took that for a failure and created the item again under another name\n"
	    "  helps: Install the hotfix.\n"
	    "  medium loop, confirmed: A loop\n"
	    "\n");
	free(text);
}

/* One item of two findings stands once; information alone has none; mailboxes, then collections. */
static void places(void **state)
{
	struct op_scene s;
	struct bench b;
	(void)state;
	op_scene_init(&s);
	op_scene_event(&s, EVENT_ITEM);
	s.matter.n_history = 1;
	s.matter.uid = s.matter.summary = s.matter.peer = (struct slice){ 0 };
	s.matter.copies = 0;
	s.matter.cause = CAUSE_NONE;
	bench_open(&b, (struct report_options){ .quiet = true });
	s.matter.number = 9;
	s.matter.mailbox = (struct slice){ 0 };
	find(&b, &medium, SEVERITY_MEDIUM, 1, 0, &S(s)->event);
	s.matter.number = 7;
	struct slice scope = s.matter.scope;
	s.matter.scope = (struct slice){ 0 };
	s.matter.peer = SLICE("anna with Phone/1");
	find(&b, &medium, SEVERITY_MEDIUM, 7, 0, &S(s)->event);
	s.matter.scope = scope;
	s.matter.peer = (struct slice){ 0 };
	s.matter.number = 8;
	s.matter.mailbox = SLICE("berta");
	find(&b, &medium, SEVERITY_MEDIUM, 2, 0, &S(s)->event);
	s.matter.mailbox = SLICE("anna");
	s.matter.number = 5;
	find(&b, &medium, SEVERITY_MEDIUM, 3, 0, &S(s)->event);
	find(&b, &copies, SEVERITY_HIGH, 4, 0, &S(s)->event);
	s.matter.number = 6;
	find(&b, &trifle, SEVERITY_INFO, 5, 0, &S(s)->event);
	find(&b, &medium, SEVERITY_MEDIUM, 6, 0, NULL);
	char *text = bench_close(&b);
#define LIFE "  #10 2006-09-25T16:00:10Z PUT /cal/a.ics -> 201, no change tag; stored\n"
#define LOOP "  medium loop, confirmed: A loop\n"
	assert_string_equal(text,
	    "diagnosis of mailbox anna\n\n"
	    "LINEAGE i-5, collection /cal\n" LIFE
	    "  high recreate-after-untagged (D02), confirmed: Created again\n"
	    "  helps: Install the hotfix.\n" LOOP "\n"
	    "diagnosis of mailbox berta\n\n"
	    "LINEAGE i-8, collection /cal\n" LIFE LOOP "\n"
	    "diagnosis of collection /cal\n\n"
	    "LINEAGE i-9, collection /cal\n" LIFE LOOP "\n"
	    "diagnosis of client anna with Phone/1\n\n"
	    "LINEAGE i-7, client anna with Phone/1\n" LIFE LOOP "\n");
	free(text);
}

static const char escaped[] = "LINEAGE i-4, T\\x1b[2J, UID u@1, client 10.0.0.1, collection /cal\n"
			      "  #f\\x1b.pcap:10 2006-09-25T16:00:10Z P\\x1bT /a b \\x9b -> %s\n"
			      "  2 more in between\n";

/* Every way a line can end, and bytes of the wire in all places. */
static void lives(void **state)
{
	static const struct {
		enum op_kind kind;
		enum commit commit;
		enum seen tag;
		uint16_t status;
		const char *expected;
	} cases[] = {
		{ OP_WRITE, COMMIT_YES, PRESENT, 204, "204, change tag; stored" },
		{ OP_UPDATE, COMMIT_NO, ABSENT, 412, "412; refused" },
		{ OP_CREATE, COMMIT_UNSEEN, NOT_OBSERVED, 0, "answer not captured" },
		{ OP_CREATE, COMMIT_YES, NOT_OBSERVED, 201,
		    "201, change tag not captured; stored" },
		{ OP_DELETE, COMMIT_YES, ABSENT, 200, "200; deleted" },
		{ OP_MOVE, COMMIT_UNSEEN, ABSENT, 207, "207; outcome not captured" },
		{ OP_LIST, COMMIT_YES, ABSENT, 207, "207" },
		{ OP_SEND, COMMIT_YES, ABSENT, 200, "200; sent" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct op_scene s;
		struct bench b;
		char expected[256];
		op_scene_init(&s);
		op_scene_event(&s, EVENT_ITEM);
		life_make(&s.history[0], 10, "P\x1bT", "/a b\n\x9b", cases[i].status);
		s.history[0].kind = cases[i].kind;
		s.history[0].commit = cases[i].commit;
		s.history[0].tag_seen = cases[i].tag;
		s.history[0].at.input = 1;
		s.matter.n_history = 1;
		s.matter.history_dropped = 2;
		s.matter.summary = guarded("T\x1b[2J");
		bench_open(&b, (struct report_options){ .quiet = true, .n_inputs = 2 });
		find(&b, &medium, SEVERITY_MEDIUM, 1, 0, &S(s)->event);
		char *text = bench_close(&b);
		snprintf(expected, sizeof expected, escaped, cases[i].expected);
		if (strstr(text, expected) == NULL)
			fail_msg("case %zu: %s\nlacks %s", i, text, expected);
		free(text);
	}
}

static void bounded(void **state)
{
	struct op_scene s;
	struct bench b;
	(void)state;
	op_scene_init(&s);
	op_scene_event(&s, EVENT_ITEM);
	bench_open(&b, (struct report_options){ .quiet = true });
	report_free(b.report);
	b.limits.lineages_kept = 1;
	struct report_options options = { .quiet = true, .limits = &b.limits, .n_inputs = 1 };
	struct error e;
	b.report = report_new(&options, b.written.out, &e);
	for (uint64_t i = 0; i < 3; i++) {
		s.matter.number = i;
		find(&b, &medium, SEVERITY_MEDIUM, i, 0, &S(s)->event);
		find(&b, &medium, SEVERITY_MEDIUM, i, 1, &S(s)->event);
	}
	char *text = bench_close(&b);
	assert_non_null(strstr(text, "LINEAGE i-0,"));
	assert_null(strstr(text, "LINEAGE i-1"));
	assert_non_null(strstr(text,
	    "\nnot in the diagnosis: the items of 2 findings beyond limit lineages_kept\n\n"));
	free(text);
}

/* On a terminal twenty items of one mailbox. */
static void narrow(void **state)
{
	struct op_scene s;
	struct bench b;
	(void)state;
	op_scene_init(&s);
	op_scene_event(&s, EVENT_ITEM);
	bench_open(&b, (struct report_options){ .quiet = true, .narrow = true });
	for (uint64_t i = 0; i < 23; i++) {
		s.matter.number = i;
		find(&b, &copies, SEVERITY_HIGH, i, 0, &S(s)->event);
	}
	char *text = bench_close(&b);
	assert_non_null(strstr(text, "LINEAGE i-19,"));
	assert_null(strstr(text, "LINEAGE i-20,"));
	assert_non_null(strstr(text, "\nand 3 more; a file or pipe gets them all\n\n"));
	for (char *p = text; *p != '\0'; p = strchr(p, '\n') + 1)
		assert_true(strcspn(p, "\n") <= 100);
	free(text);
}

/* ---- --explain ---- */

static char *explained(const struct event *event, bool explain)
{
	struct bench b;
	bench_open(&b, (struct report_options){ .explain = explain });
	report_event(b.report, event);
	report_free(b.report);
	return written_close(&b.written);
}

static void assert_explained(const struct event *event, const char *expected)
{
	char *text = explained(event, true);
	assert_string_equal(text, expected);
	free(text);
	text = explained(event, false);
	assert_string_equal(text, "");
	free(text);
}

static void explain(void **state)
{
	struct op_scene s;
	(void)state;
	op_scene_init(&s);
	op_scene_event(&s, EVENT_ITEM);
	s.matter.trouble = TROUBLE_SUSPICION_CLEARED;
	s.matter.cleared = GATE_DELETED;
	assert_explained(&S(s)->event,
	    "  not a copy: /cal/b.ics of /cal/a.ics (deleted before, step 8)\n");
	s.matter.href = (struct slice){ 0 };
	s.matter.other_href = (struct slice){ 0 };
	s.matter.summary = guarded("T\x1b");
	s.matter.cleared = GATE_NONE;
	assert_explained(&S(s)->event, "  not a copy: T\\x1b\n");
	s.matter.trouble = TROUBLE_DUPLICATE;
	assert_explained(&S(s)->event, "");
	op_scene_event(&s, EVENT_OPERATION);
	assert_explained(&S(s)->event, "");
	s.op.legs = 3;
	assert_explained(&S(s)->event, "  one attempt: o-7 create /cal/a.ics, 3 transactions\n");
	s.op.attempts = 2;
	s.op.at.path = (struct slice){ 0 };
	assert_explained(&S(s)->event, "  one attempt: o-7 create, 3 transactions, sent 2 times\n");
	op_scene_event(&s, EVENT_SESSION);
	assert_explained(&S(s)->event, "");
}

static void every_number_has_words(void **state)
{
	(void)state;
	assert_null(cause_text(CAUSE_NONE));
	for (enum cause cause = CAUSE_UNTAGGED; cause < CAUSES; cause++)
		assert_non_null(cause_text(cause));
	assert_null(gate_text(GATE_NONE));
	for (enum gate gate = GATE_SAME_ID; gate < GATES; gate++)
		assert_non_null(gate_text(gate));
	for (enum op_kind kind = OP_CREATE; kind <= OP_OTHER; kind++)
		for (enum commit commit = COMMIT_UNSEEN; commit <= COMMIT_YES; commit++)
			commit_text(kind, commit);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(three_tries),
		cmocka_unit_test(places),
		cmocka_unit_test(lives),
		cmocka_unit_test(bounded),
		cmocka_unit_test(narrow),
		cmocka_unit_test(explain),
		cmocka_unit_test(every_number_has_words),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
