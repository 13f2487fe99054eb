/*
 * test_fields_sync.c - rules/fields_sync.c: ActiveSync commands, their collections and items.
 */
#include "tests/unit/opkit.h"

#include "analysis/meaning.h"

struct sync_scene {
	struct scene scene;
	struct airsync req, res;
	struct airsync_collection asked[2], answered[2];
	struct airsync_item sent[3], results[1], changes[2];
	struct object object;
	struct sync_facts sync;
	struct arena *arena;
};
#define S (&s.scene)

static void item_make(struct airsync_item *item, enum airsync_verb verb, const char *client_id,
    const char *server_id)
{
	*item = (struct airsync_item){ .verb = verb,
		.status = AIRSYNC_NONE,
		.client_id = guarded(client_id),
		.server_id = guarded(server_id) };
}

static struct airsync_collection collection_make(const char *class, const char *id, const char *key,
    int32_t status)
{
	return (struct airsync_collection){ .class = guarded(class),
		.id = guarded(id),
		.key = guarded(key),
		.status = status,
		.estimate = AIRSYNC_NONE,
		.window = AIRSYNC_NONE,
		.filter = AIRSYNC_NONE };
}

static void body_make(struct airsync *body, const struct airsync_collection *collections, size_t n)
{
	*body = (struct airsync){ .command = SLICE("Sync"),
		.status = AIRSYNC_NONE,
		.heartbeat = AIRSYNC_NONE,
		.collections = collections,
		.n_collections = n,
		.whole = true };
}

/* Two folders; an Add that is answered with Status 5, a change and a deletion; a folder of its own back. */
static void sync_scene_init(struct sync_scene *s)
{
	*s = (struct sync_scene){ .arena = arena_new(1 << 20),
		.object = { .kind = OBJECT_EVENT,
		    .uid = guarded("u@1"),
		    .summary = guarded("Tea"),
		    .start_ns = 5,
		    .end_ns = OBJECT_NO_TIME,
		    .whole = true } };
	scene_init(&s->scene, "POST", 200);
	item_make(&s->sent[0], AIRSYNC_ADD, "9", "");
	s->sent[0].object = &s->object;
	item_make(&s->sent[1], AIRSYNC_CHANGE, "", "c1:4");
	item_make(&s->sent[2], AIRSYNC_DELETE, "", "c1:5");
	item_make(&s->results[0], AIRSYNC_ADD, "9", "");
	s->results[0].result = true;
	s->results[0].status = 5;
	item_make(&s->changes[0], AIRSYNC_ADD, "", "c9:1");
	item_make(&s->changes[1], AIRSYNC_SOFT_DELETE, "", "c9:2");
	s->asked[0] = collection_make("Calendar", "c1", "{K}7", AIRSYNC_NONE);
	s->asked[0].items = s->sent;
	s->asked[0].n_items = 3;
	s->asked[1] = collection_make("", "c2", "{K}1", AIRSYNC_NONE);
	s->answered[0] = collection_make("", "c1", "{K}8", 1);
	s->answered[0].items = s->results;
	s->answered[0].n_items = 1;
	s->answered[1] = collection_make("", "c9", "{K}2", AIRSYNC_NONE);
	s->answered[1].more = true;
	s->answered[1].items = s->changes;
	s->answered[1].n_items = 2;
	body_make(&s->req, s->asked, 2);
	body_make(&s->res, s->answered, 2);
	s->sync = (struct sync_facts){ .query = { .command = guarded("Sync") },
		.version = 141,
		.req = &s->req,
		.res = &s->res,
		.user = guarded("anna"),
		.device_id = guarded("ABC"),
		.device_type = guarded("PocketPC") };
	sync_facts_index(&s->sync, s->arena);
	s->scene.event.kind = EVENT_SYNC;
	s->scene.event.sync = &s->sync;
}

static void assert_number(const struct sync_scene *s, const char *name, size_t element,
    int64_t number)
{
	struct value v = { 0 };
	assert_int_equal(read_nth(&s->scene, name, element, 0, &v), PRESENT);
	assert_int_equal(v.number, number);
}

static enum seen seen_at(const struct sync_scene *s, const char *name, size_t element)
{
	struct value v;
	return read_nth(&s->scene, name, element, 0, &v);
}

static void the_command(void **state)
{
	struct sync_scene s;
	(void)state;
	sync_scene_init(&s);
	made_header(&S->made.txn.req, "X-MS-PolicyKey", "17");
	made_header(&S->made.txn.res, "MS-Server-ActiveSync", " 6.5.7638.1 ");
	assert_text(S, "airsync.command", 0, 0, "Sync");
	assert_text(S, "airsync.user", 0, 0, "anna");
	assert_text(S, "airsync.device_id", 0, 0, "ABC");
	assert_text(S, "airsync.device_type", 0, 0, "PocketPC");
	assert_text(S, "airsync.protocol", 0, 0, "14.1");
	assert_int_equal(number_of(S, "airsync.policy_key"), 17);
	assert_text(S, "airsync.server_build", 0, 0, "6.5.7638.1");
	assert_int_equal(seen_of(S, "airsync.status"), ABSENT);
	s.res.status = 3;
	assert_int_equal(number_of(S, "airsync.status"), 3);
	assert_int_equal(seen_of(S, "airsync.folder_key"), ABSENT);
	s.res.key = guarded("{F}2");
	assert_text(S, "airsync.folder_response_key", 0, 0, "{F}2");
	assert_int_equal(seen_of(S, "airsync.heartbeat"), ABSENT);
	s.req.heartbeat = 480;
	assert_int_equal(number_of(S, "airsync.heartbeat"), 480);
	assert_int_equal(seen_of(S, "airsync.client_id"), ABSENT);
	arena_free(s.arena);
}

static void versions(void **state)
{
	static const struct {
		uint16_t version;
		const char *text;
	} cases[] = { { 10, "1.0" }, { 25, "2.5" }, { 120, "12.0" }, { 161, "16.1" }, { 7, "0.7" },
		{ 65535, "6553.5" } };
	struct sync_scene s;
	(void)state;
	sync_scene_init(&s);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		s.sync.version = cases[i].version;
		assert_text(S, "airsync.protocol", 0, 0, cases[i].text);
	}
	s.sync.version = 0;
	assert_int_equal(seen_of(S, "airsync.protocol"), ABSENT);
	made_header(&S->made.txn.req, "MS-ASProtocolVersion", "new");
	assert_int_equal(seen_of(S, "airsync.protocol"), NOT_OBSERVED);
	arena_free(s.arena);
}

static void a_transaction(void **state)
{
	struct sync_scene s;
	(void)state;
	sync_scene_init(&s);
	S->event.kind = EVENT_TRANSACTION;
	assert_text(S, "airsync.command", 0, 0, "Sync");
	assert_int_equal(seen_of(S, "airsync.collection.class"), ABSENT);
	S->event.sync = NULL;
	assert_int_equal(seen_of(S, "airsync.command"), ABSENT);
	assert_int_equal(seen_of(S, "airsync.user"), ABSENT);
	assert_int_equal(seen_of(S, "airsync.protocol"), ABSENT);
	assert_int_equal(seen_of(S, "airsync.server_build"), ABSENT);
	S->made.txn.req.seen = false;
	assert_int_equal(seen_of(S, "airsync.command"), NOT_OBSERVED);
	assert_int_equal(seen_of(S, "airsync.policy_key"), NOT_OBSERVED);
	arena_free(s.arena);
}

/* Credentials that are not read may name the user. */
static void the_user(void **state)
{
	struct sync_scene s;
	(void)state;
	sync_scene_init(&s);
	s.sync.user = (struct slice){ 0 };
	assert_int_equal(seen_of(S, "airsync.user"), ABSENT);
	S->made.txn.auth_scheme = guarded("NTLM");
	assert_int_equal(seen_of(S, "airsync.user"), NOT_OBSERVED);
	S->event.txn = NULL;
	assert_int_equal(seen_of(S, "airsync.user"), NOT_OBSERVED);
	assert_int_equal(seen_of(S, "airsync.server_build"), NOT_OBSERVED);
	arena_free(s.arena);
}

static void collections(void **state)
{
	struct sync_scene s;
	bool complete;
	(void)state;
	sync_scene_init(&s);
	assert_int_equal(elements_of(S, "airsync.collection", &complete), 3);
	assert_true(complete);
	assert_text(S, "airsync.collection.class", 0, 0, "Calendar");
	assert_text(S, "airsync.collection.id", 0, 0, "c1");
	assert_text(S, "airsync.collection.key", 0, 0, "{K}7");
	assert_text(S, "airsync.collection.response_key", 0, 0, "{K}8");
	assert_number(&s, "airsync.collection.status", 0, 1);
	assert_number(&s, "airsync.collection.more", 0, 0);
	assert_number(&s, "airsync.collection.adds", 0, 1);
	assert_number(&s, "airsync.collection.changes", 0, 1);
	assert_number(&s, "airsync.collection.deletes", 0, 1);
	assert_number(&s, "airsync.collection.server_adds", 0, 0);
	assert_int_equal(seen_at(&s, "airsync.collection.class", 1), ABSENT);
	assert_int_equal(seen_at(&s, "airsync.collection.status", 1), ABSENT);
	assert_int_equal(seen_at(&s, "airsync.collection.more", 1), ABSENT);
	assert_int_equal(seen_at(&s, "airsync.collection.key", 2), ABSENT);
	assert_text(S, "airsync.collection.id", 2, 0, "c9");
	assert_number(&s, "airsync.collection.more", 2, 1);
	assert_number(&s, "airsync.collection.server_adds", 2, 1);
	assert_number(&s, "airsync.collection.server_deletes", 2, 1);
	assert_int_equal(seen_at(&s, "airsync.collection.adds", 2), ABSENT);
	assert_int_equal(seen_at(&s, "airsync.collection.id", 3), ABSENT);
	arena_free(s.arena);
}

static void collections_in_part(void **state)
{
	struct sync_scene s;
	bool complete;
	(void)state;
	sync_scene_init(&s);
	s.res.whole = false;
	elements_of(S, "airsync.collection", &complete);
	assert_false(complete);
	assert_int_equal(seen_at(&s, "airsync.collection.status", 1), NOT_OBSERVED);
	assert_int_equal(seen_at(&s, "airsync.collection.server_adds", 0), NOT_OBSERVED);
	assert_int_equal(seen_at(&s, "airsync.collection.more", 0), NOT_OBSERVED);
	assert_number(&s, "airsync.collection.more", 2, 1);
	assert_number(&s, "airsync.collection.adds", 0, 1);
	/* The answer was not captured, or is empty: that is "nothing new". */
	s.sync.res = NULL;
	S->made.txn.res.body = (struct body){ .complete = true };
	assert_int_equal(seen_of(S, "airsync.status"), ABSENT);
	S->made.txn.res.seen = false;
	assert_int_equal(seen_of(S, "airsync.status"), NOT_OBSERVED);
	S->event.txn = NULL;
	assert_int_equal(seen_of(S, "airsync.status"), NOT_OBSERVED);
	s.sync.indexed = false;
	s.sync.n_pairs = 0;
	assert_int_equal(elements_of(S, "airsync.collection", &complete), 0);
	assert_false(complete);
	arena_free(s.arena);
}

static void items(void **state)
{
	struct sync_scene s;
	bool complete;
	(void)state;
	sync_scene_init(&s);
	assert_int_equal(elements_of(S, "airsync.item", &complete), 6);
	assert_true(complete);
	assert_text(S, "airsync.item.from", 0, 0, "client");
	assert_text(S, "airsync.item.collection", 0, 0, "c1");
	assert_text(S, "airsync.item.verb", 0, 0, "add");
	assert_text(S, "airsync.item.client_id", 0, 0, "9");
	assert_text(S, "airsync.item.uid", 0, 0, "u@1");
	assert_text(S, "airsync.item.summary", 0, 0, "Tea");
	assert_number(&s, "airsync.item.start", 0, 5);
	assert_number(&s, "airsync.item.result", 0, 0);
	assert_int_equal(seen_at(&s, "airsync.item.status", 0), ABSENT);
	assert_int_equal(seen_at(&s, "airsync.item.client_uid", 0), ABSENT);
	assert_int_equal(seen_at(&s, "airsync.item.uid", 1), ABSENT);
	assert_int_equal(seen_at(&s, "airsync.item.start", 1), ABSENT);
	assert_text(S, "airsync.item.from", 3, 0, "server");
	assert_number(&s, "airsync.item.result", 3, 1);
	assert_number(&s, "airsync.item.status", 3, 5);
	assert_text(S, "airsync.item.verb", 5, 0, "soft-delete");
	assert_int_equal(seen_at(&s, "airsync.item.verb", 6), ABSENT);
	s.object.whole = false;
	s.object.uid = (struct slice){ 0 };
	s.object.start_ns = OBJECT_NO_TIME;
	assert_int_equal(seen_at(&s, "airsync.item.uid", 0), NOT_OBSERVED);
	assert_int_equal(seen_at(&s, "airsync.item.start", 0), NOT_OBSERVED);
	s.req.whole = false;
	assert_int_equal(seen_at(&s, "airsync.item.client_uid", 0), NOT_OBSERVED);
	assert_int_equal(seen_at(&s, "airsync.item.client_id", 4), ABSENT);
	arena_free(s.arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_command),
		cmocka_unit_test(versions),
		cmocka_unit_test(a_transaction),
		cmocka_unit_test(the_user),
		cmocka_unit_test(collections),
		cmocka_unit_test(collections_in_part),
		cmocka_unit_test(items),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
