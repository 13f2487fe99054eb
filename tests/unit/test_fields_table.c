/*
 * test_fields_table.c - rules/fields.c and fields_like.c: names and words.
 */
#include "tests/unit/fieldkit.h"

/* JSON nests by prefix: an object must not open twice, and no field may be an object too. */
static void names_with_a_prefix_stand_together(void **state)
{
	size_t n;
	const struct field *table = fields_table(&n);
	(void)state;
	assert_true(n > 100);
	for (size_t i = 0; i < n; i++) {
		assert_true(table[i].text[0] != '\0' && table[i].kinds != 0);
		for (const char *dot = strchr(table[i].name, '.'); dot != NULL;
		     dot = strchr(dot + 1, '.')) {
			size_t length = (size_t)(dot - table[i].name) + 1;
			bool left = false;
			for (size_t k = 0; k < n; k++) {
				bool inside = strncmp(table[k].name, table[i].name, length) == 0;
				assert_false(left && inside);
				left = left || (k > i && !inside);
				bool object = strlen(table[k].name) == length - 1 &&
				    strncmp(table[k].name, table[i].name, length - 1) == 0;
				assert_true(!object || table[k].type == FIELD_GROUP);
			}
		}
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(table[i].name, table[k].name);
	}
}

static void finding(void **state)
{
	struct {
		const char *name;
		bool found;
	} const cases[] = {
		{ "http.response.status", true },
		{ "http.response.header", true },
		{ "http.response.header[\"ResourceTag\"]", true },
		{ "dav.response", true },
		{ "http.response.header[\"\"]", false },
		{ "http.response.header[\"a\"b\"]", false },
		{ "http.response.header[ResourceTag]", false },
		{ "http.response.header[\"", false },
		{ "http.response.header[\"]", false },
		{ "http.response.header[\"a\"]x", false },
		{ "http.response.status[\"a\"]", false },
		{ "http.respons.status", false },
		{ "http.response", false },
		{ "", false },
		{ "[", false },
		{ "ts ", false },
		{ "finding.key[\"mailbox\"]", true },
		{ "finding.key[mailbox]", false },
		{ "airsync.collection.class", true },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct field_ref ref;
		struct error e = { "" };
		const uint8_t *name = guard_copy(cases[i].name, strlen(cases[i].name) + 1);
		assert_int_equal(field_find((const char *)name, &ref, &e), cases[i].found);
		assert_int_equal(e.text[0] == '\0', cases[i].found);
	}
}

static void members_know_their_group(void **state)
{
	struct field_ref ref, group;
	struct error e;
	(void)state;
	assert_true(field_find("dav.property", &group, &e));
	assert_true(field_find("dav.property.bytes", &ref, &e));
	assert_ptr_equal(field_group(ref.field), group.field);
	assert_null(field_group(group.field));
	assert_true(field_find("timing.request_ns", &ref, &e));
	assert_null(field_group(ref.field));
	assert_true(field_find("ts", &ref, &e));
	assert_null(field_group(ref.field));
}

/* ---- words ---- */

enum { FIELDS_MAX = 512, WORDS_MAX = 64, COMBINATIONS = 420 };
struct said {
	bool word[FIELDS_MAX][WORDS_MAX];
};

/* What the fields of this event say are words of theirs. */
static void note_words(struct said *said, const struct event *event)
{
	size_t n;
	const struct field *table = fields_table(&n);
	for (size_t i = 0; i < n; i++) {
		struct field_ref ref = { .field = &table[i] };
		struct value v = { 0 };
		if (table[i].type != FIELD_ENUM)
			continue;
		for (size_t nth = 0; field_read(&ref, event, 0, nth, &v) == PRESENT; nth++) {
			size_t word = 0;
			while (
			    table[i].words[word] != NULL && !slice_is(v.text, table[i].words[word]))
				word++;
			assert_non_null(table[i].words[word]);
			said->word[i][word] = true;
		}
	}
}

/* The i-th mixture of all that enum fields look at. */
static void scene_mix(struct scene *s, size_t i)
{
	static const char *const tags[] = { "ResourceTag", "Schedule-Tag", "ETag", NULL };
	scene_init(s, "PUT", 201);
	s->made.txn.req.version = i % 2 ? 10 : 11;
	s->made.txn.req.body.kind = i % (BODY_MIME + 1);
	s->made.txn.res.body.kind = i % (BODY_MIME + 1);
	s->made.txn.res.loss = (uint8_t)(i % 32);
	s->made.txn.unpaired = i % UNPAIRED_REASONS;
	s->made.txn.unsure = i % 3 == 0;
	s->facts.flavour = i % FLAVOURS;
	s->facts.flavour_from = i % 4;
	s->facts.tag_due = i % 4;
	s->facts.tag_seen = i % 3;
	s->facts.tag_header = tags[i % 4];
	s->facts.damage = i % 6;
	s->facts.damage_seen = i % 6 != DAMAGE_NONE ? PRESENT : ABSENT;
}

/* Everything that can be short of the whole is. */
static void summary_spoil(struct summary *s, struct run_end *end)
{
	*s = (struct summary){ .gaps = 1,
		.clipped_bytes = 1,
		.unpaired_requests = 1,
		.unsure = 2,
		.gapless_unsure = 1,
		.incomplete_bodies = 1,
		.undecoded_bodies = 1 };
	for (size_t i = 0; i < ANOMALY_CODES; i++)
		s->anomalies[i] = 1;
	*end = (struct run_end){ .decoded = { .bad = 1 },
		.dropped = 1,
		.n_damage = 1,
		.stopped = true };
}

/* What sync.h numbers: each number of each enum comes up. */
static void note_meaning(struct said *said, size_t i)
{
	struct scene s;
	static const enum trouble none = TROUBLE_NONE;
	scene_init(&s, "PUT", 201);
	struct airsync_item item = { .verb = i % 5 };
	struct airsync_row row = { .item = &item, .answer = i % 2 };
	struct sync_facts sync = { .rows = &row, .n_rows = 1, .indexed = true };
	struct op op = { .txn = &s.made.txn,
		.facts = &s.facts,
		.kind = i % (OP_OTHER + 1),
		.outcome = i % (OUT_UNSEEN + 1),
		.commit = i % (COMMIT_YES + 1),
		.guard = i % (GUARD_UNSEEN + 1),
		.tag_seen = i / 16 % 3,
		.calendar = i % 2,
		.contacts = true };
	struct life life = { .kind = op.kind,
		.commit = op.commit,
		.tag_seen = i / 16 % 3,
		.front = i / 48 % 2 };
	struct matter matter = { .trouble = i % TROUBLES,
		.certainty = i % (CONFIRMED + 1),
		.in_part = i / 16 % 2,
		.cause = i % CAUSES,
		.cleared = i % GATES,
		.op = &op,
		.history = &life,
		.n_history = 1 };
	s.facts.flavour = i % FLAVOURS;
	s.event.op = &op;
	s.event.matter = &matter;
	s.event.sync = &sync;
	for (enum event_kind kind = EVENT_OPERATION; kind <= EVENT_SYNC; kind++) {
		bool right = matter.trouble == none ||
		    trouble_is_of_item(matter.trouble) == (kind == EVENT_ITEM);
		s.event.kind = kind;
		if (right || kind == EVENT_OPERATION || kind == EVENT_SYNC)
			note_words(said, &s.event);
	}
	s.event.kind = EVENT_TRANSACTION;
	note_words(said, &s.event);
}

static void note_all(struct said *said)
{
	struct scene s;
	struct found f;
	static struct summary summary;
	static struct run_end run_end;
	summary_spoil(&summary, &run_end);
	for (size_t i = 0; i < COMBINATIONS; i++) {
		note_meaning(said, i);
		struct flow flow = { .protocol = "http",
			.end = i % 6,
			.syn = { i % 2, i % 3 == 0 } };
		struct anomaly anomaly = { .code = i % ANOMALY_CODES };
		struct event event = { .kind = EVENT_FLOW, .flow = &flow, .anomaly = &anomaly };
		scene_mix(&s, i);
		note_words(said, &s.event);
		note_words(said, &event);
		event.kind = EVENT_ANOMALY;
		note_words(said, &event);
		found_init(&f);
		f.finding.severity = i % SEVERITIES;
		f.rule.confidence = i % 3;
		f.finding.outcome = i % 4;
		note_words(said, &f.event);
	}
	for (enum event_kind kind = 0; kind < EVENT_KINDS; kind++) {
		struct event event = s.event;
		event.kind = kind;
		event.summary = &summary;
		event.run_end = &run_end;
		if (kind == EVENT_LOSS || kind == EVENT_STATS)
			note_words(said, &event);
	}
}

/* Each word of each field can be said, and nothing else. */
static void words_are_what_getters_say(void **state)
{
	static struct said said;
	size_t n;
	const struct field *table = fields_table(&n);
	(void)state;
	assert_true(n < FIELDS_MAX);
	note_all(&said);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(table[i].words != NULL, table[i].type == FIELD_ENUM);
		for (size_t word = 0; table[i].words != NULL && table[i].words[word] != NULL;
		     word++)
			if (!said.word[i][word])
				fail_msg("%s never says %s", table[i].name, table[i].words[word]);
	}
}

static void words_are_allowed(void **state)
{
	static const struct {
		const char *name, *text;
		bool allowed;
	} cases[] = { { "dav.tag", "", true }, { "dav.tag_state", "present", true },
		{ "dav.tag_state", "Present", false }, { "dav.tag_state", "presen", false },
		{ "dav.tag_state", "", false }, { "http.request.method", "NOT-A-WORD", true } };
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct field_ref ref;
		struct error e;
		assert_true(field_find(cases[i].name, &ref, &e));
		if (field_allows(ref.field, slice_from(cases[i].text)) != cases[i].allowed)
			fail_msg("%s: \"%s\"", cases[i].name, cases[i].text);
	}
}

static void deep_fields(void **state)
{
	static const struct {
		const char *name;
		bool deep;
	} cases[] = { { "dav.response", true }, { "dav.response.href", true },
		{ "dav.responses", true }, { "dav.property.value", true }, { "dav.root", false },
		{ "dav.request.property", false }, { "http.response.header", false },
		{ "item.cause", true }, { "item.history.path", true } };
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct field_ref ref;
		struct error e;
		assert_true(field_find(cases[i].name, &ref, &e));
		assert_int_equal(ref.field->deep, cases[i].deep);
		if (!slice_starts(slice_from(cases[i].name), SLICE("item")))
			assert_int_equal(ref.field->kinds, 1u << EVENT_TRANSACTION);
	}
}

/* ---- the nearest name ---- */

static void nearest_names(void **state)
{
	static const struct {
		const char *name, *near;
	} cases[] = {
		{ "http.respons.status", "http.response.status" },
		{ "http.response.staus", "http.response.status" },
		{ "http.response.sttaus", "http.response.status" },
		{ "http.response.statusss", "http.response.status" },
		{ "http.response.headers", "http.response.header" },
		{ "http.status", "http.response.status" },
		{ "response.status", "http.response.status" },
		{ "http.response.status.code", "http.response.status" },
		{ "x.http.response.status", "http.response.status" },
		{ "flow.packets", "flow.packets.client" }, /* the first in the table */
		{ "dav.mailbax", "dav.mailbox" },
		{ "st", NULL },
		{ "tss", "ts" },
		{ "http.respnose.sattus", "http.response.status" },
		{ "xy", NULL },
		{ "", NULL },
		{ ".", NULL },
		{ "..", NULL },
		{ "nothing.like.it", NULL },
		{ "http.response.status.http.response.status.http.response.status.xx", NULL },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const struct field *field = field_like(guarded(cases[i].name));
		const char *name = field != NULL ? field->name : "none";
		assert_string_equal(name, cases[i].near != NULL ? cases[i].near : "none");
	}
}

/* Each name is nearest to itself, with any one letter gone too unless that is another's name. */
static void names_near_themselves(void **state)
{
	size_t n;
	const struct field *table = fields_table(&n);
	(void)state;
	for (size_t i = 0; i < n; i++) {
		char name[128];
		size_t length = strlen(table[i].name);
		assert_ptr_equal(field_like(slice_from(table[i].name)), &table[i]);
		if (length < 6)
			continue;
		for (size_t gone = 0; gone < length; gone++) {
			snprintf(name, sizeof name, "%.*s%s", (int)gone, table[i].name,
			    table[i].name + gone + 1);
			assert_non_null(field_like(guarded(name)));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_with_a_prefix_stand_together),
		cmocka_unit_test(finding),
		cmocka_unit_test(members_know_their_group),
		cmocka_unit_test(words_are_what_getters_say),
		cmocka_unit_test(words_are_allowed),
		cmocka_unit_test(deep_fields),
		cmocka_unit_test(nearest_names),
		cmocka_unit_test(names_near_themselves),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
