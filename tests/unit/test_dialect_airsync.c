/*
 * test_dialect_airsync.c - analysis/dialect_airsync.c: what an ActiveSync command does, and what became of it.
 */
#include "tests/unit/commandkit.h"

static const struct op *op_of(const struct command_scene *s, enum op_kind kind)
{
	for (size_t i = 0; i < s->ops.n; i++)
		if (s->ops.list[i].kind == kind)
			return &s->ops.list[i];
	fail_msg("no such operation");
	return NULL;
}

/* ---- what the command is ---- */

static void facts_of_a_command(void **state)
{
	(void)state;
	struct command_scene s;
	scene_init(&s, "Sync", 200);
	made_header(&s.made.txn.req, "MS-ASProtocolVersion", " 14.1");
	scene_run(&s);
	assert_slice(s.sync->query.command, "Sync");
	assert_slice(s.sync->user, "CORP\\Anna");
	assert_slice(s.sync->device_id, "DEV1");
	assert_slice(s.sync->device_type, "Phone");
	assert_int_equal(s.sync->version, 141);
	assert_ptr_equal(s.sync->req, &s.req.airsync);
	assert_ptr_equal(s.sync->res, &s.res.airsync);
	scene_free(&s);
}

static void versions(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		unsigned version;
	} cases[] = { { "2.5", 25 }, { "16.1", 161 }, { "12.0", 120 }, { "1.0", 10 }, { "", 0 },
		{ "14", 0 }, { "14.", 0 }, { ".1", 0 }, { "14.10", 0 }, { "999.1", 0 },
		{ "a.b", 0 }, { "0.0", 0 }, { "14.x", 0 } };
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct command_scene s;
		scene_init(&s, "Ping", 200);
		made_header(&s.made.txn.req, "ms-asprotocolversion", cases[i].text);
		scene_run(&s);
		assert_int_equal(s.sync->version, cases[i].version);
		scene_free(&s);
	}
}

static void what_is_no_command(void **state)
{
	(void)state;
	struct command_scene s;
	scene_init(&s, "Sync", 200);
	s.facts.flavour = FLAVOUR_CALDAV;
	assert_null(sync_facts_make(&s.made.txn, &s.facts));
	s.facts.flavour = FLAVOUR_ACTIVESYNC;
	s.made.txn.req.method = text("GET");
	assert_null(sync_facts_make(&s.made.txn, &s.facts));
	s.made.txn.req.method = text("POST");
	s.made.txn.req.seen = false;
	assert_null(sync_facts_make(&s.made.txn, &s.facts));
	s.made.txn.req.seen = true;
	s.made.txn.req.target = text("/Microsoft-Server-ActiveSync");
	s.made.txn.req.body.airsync = NULL;
	assert_null(sync_facts_make(&s.made.txn, &s.facts));
	scene_free(&s);
}

static void user_of_the_credentials(void **state)
{
	(void)state;
	struct command_scene s;
	scene_init(&s, "Sync", 200);
	s.made.txn.req.target = text("/Microsoft-Server-ActiveSync");
	s.made.txn.auth_user = text("bert");
	scene_run(&s);
	assert_slice(s.sync->query.command, "Sync"); /* of the body */
	assert_slice(s.sync->user, "bert");
	scene_free(&s);
}

static void options_probe(void **state)
{
	(void)state;
	struct command_scene s;
	scene_init(&s, "", 200);
	s.made.txn.req.method = text("OPTIONS");
	s.made.txn.req.target = text("/Microsoft-Server-ActiveSync");
	s.made.txn.req.body = (struct body){ .complete = true };
	s.made.txn.res.body = (struct body){ .complete = true };
	scene_run(&s);
	assert_int_equal(s.ops.n, 1);
	assert_op(&s.ops.list[0], OP_PROBE, OUT_OK, COMMIT_YES, 200);
	assert_int_equal(s.ops.list[0].guard, GUARD_NONE);
	scene_free(&s);
}

/* ---- Sync ---- */

static void sync_exploded(void **state)
{
	(void)state;
	struct object event = { .kind = OBJECT_EVENT, .fingerprint = 7 };
	struct object stored = { .kind = OBJECT_EVENT, .fingerprint = 9 };
	struct command_scene s;
	scene_init(&s, "Sync", 200);
	side_collection(&s.req, "cal", "{K}7", AIRSYNC_NONE)->class = text("Calendar");
	side_item(&s.req, AIRSYNC_ADD, "9", NULL)->object = &event;
	side_item(&s.req, AIRSYNC_CHANGE, NULL, "cal:1");
	side_item(&s.req, AIRSYNC_DELETE, NULL, "cal:2");
	side_item(&s.req, AIRSYNC_FETCH, NULL, "cal:3");
	side_collection(&s.res, "cal", "{K}8", 1);
	side_item(&s.res, AIRSYNC_CHANGE, NULL, "cal:1"); /* the server's own command: no result */
	side_row(&s.res, AIRSYNC_FETCH, NULL, "cal:3", 1)->object = &stored;
	side_row(&s.res, AIRSYNC_ADD, "9", "cal:4", 1);
	scene_run(&s);

	assert_int_equal(s.ops.n, 5);
	const struct op *add = &s.ops.list[0], *delta = &s.ops.list[4];
	assert_op(add, OP_CREATE, OUT_OK, COMMIT_YES, 1);
	assert_op(&s.ops.list[1], OP_UPDATE, OUT_OK, COMMIT_YES, 1);
	assert_op(&s.ops.list[2], OP_DELETE, OUT_OK, COMMIT_YES, 1);
	assert_op(&s.ops.list[3], OP_READ, OUT_OK, COMMIT_YES, 1);
	assert_op(delta, OP_DELTA, OUT_OK, COMMIT_YES, 1);
	assert_slice(add->at.path, "cal:4");
	assert_ptr_equal(add->object, &event);
	assert_ptr_equal(s.ops.list[3].object, &stored);
	assert_null(s.ops.list[1].answer);
	assert_ptr_equal(add->item, &s.req.items[0][0]);
	assert_ptr_equal(add->answer, &s.res.items[0][2]);
	assert_ptr_equal(delta->collection, &s.req.collections[0]);
	assert_ptr_equal(delta->answered, &s.res.collections[0]);
	for (size_t i = 0; i < s.ops.n; i++) {
		const struct op *op = &s.ops.list[i];
		assert_true(op->at.scope != 0 && op->at.scope == delta->at.scope);
		assert_true((op->at.id == 0) == (op == delta));
		assert_int_equal(op->guard, GUARD_KEY);
		assert_slice(op->guard_value, "{K}7");
		assert_slice(op->mailbox, "CORP\\Anna");
		assert_slice(op->device, "DEV1");
		assert_true(op->calendar && !op->contacts);
		assert_int_equal(op->legs, 1);
		assert_int_equal(op->attempts, 1);
	}
	scene_free(&s);
}

static void rows_find_their_commands(void **state)
{
	(void)state;
	struct command_scene s;
	scene_init(&s, "Sync", 200);
	side_collection(&s.req, "mail", "k1", AIRSYNC_NONE);
	side_item(&s.req, AIRSYNC_DELETE, NULL, "7");
	side_collection(&s.req, "cal", "k1", AIRSYNC_NONE);
	side_item(&s.req, AIRSYNC_ADD, "7", NULL);
	side_item(&s.req, AIRSYNC_ADD, "8", NULL);
	side_item(&s.req, AIRSYNC_ADD, "7", NULL); /* a ClientId used twice */
	side_item(&s.req, AIRSYNC_CHANGE, NULL, "7");
	side_collection(&s.res, "cal", "k2", 1);
	side_row(&s.res, AIRSYNC_CHANGE, NULL, "7", 8);
	side_row(&s.res, AIRSYNC_ADD, "8", "b", 1);
	side_row(&s.res, AIRSYNC_ADD, "7", "a", 1);
	side_row(&s.res, AIRSYNC_ADD, "7", "c", 1);
	side_collection(&s.res, "mail", "k2", 1);
	scene_run(&s);
	assert_int_equal(s.ops.n, 7);
	assert_op(&s.ops.list[0], OP_DELETE, OUT_OK, COMMIT_YES, 1);
	assert_ptr_equal(s.ops.list[1].answered, &s.res.collections[1]);
	assert_slice(s.ops.list[2].at.path, "a");
	assert_slice(s.ops.list[3].at.path, "b");
	assert_slice(s.ops.list[4].at.path, "c");
	assert_op(&s.ops.list[5], OP_UPDATE, OUT_GONE, COMMIT_NO, 8);
	assert_true(s.ops.list[1].at.scope != s.ops.list[6].at.scope);
	scene_free(&s);
}

static void fetch_without_row_failed(void **state)
{
	(void)state;
	struct command_scene s;
	scene_init(&s, "Sync", 200);
	side_collection(&s.req, "cal", "k1", AIRSYNC_NONE);
	side_item(&s.req, AIRSYNC_FETCH, NULL, "x");
	side_collection(&s.res, "cal", "k2", 1);
	scene_run(&s);
	assert_op(&s.ops.list[0], OP_READ, OUT_REFUSED, COMMIT_NO, 1);
	scene_free(&s);
}

/* 2.5 may name a collection by its class. */
static void collection_without_id(void **state)
{
	(void)state;
	struct command_scene s;
	scene_init(&s, "Sync", 200);
	side_collection(&s.req, NULL, "k1", AIRSYNC_NONE)->class = text("Calendar");
	side_item(&s.req, AIRSYNC_CHANGE, NULL, "x");
	side_collection(&s.res, NULL, "k2", 4)->class = text("Calendar");
	scene_run(&s);
	assert_op(&s.ops.list[0], OP_UPDATE, OUT_REFUSED, COMMIT_NO, 4);
	assert_true(s.ops.list[0].at.scope != 0);
	scene_free(&s);
}

static uint64_t scope_with(const char *target, const char *collection)
{
	struct command_scene s;
	scene_init(&s, "Sync", 200);
	if (target != NULL)
		s.made.txn.req.target = text(target);
	side_collection(&s.req, collection, "k1", AIRSYNC_NONE);
	scene_run(&s);
	uint64_t scope = s.ops.list[0].at.scope;
	scene_free(&s);
	return scope;
}

static void scopes(void **state)
{
	(void)state;
#define AS "/Microsoft-Server-ActiveSync?Cmd=Sync"
	uint64_t anna = scope_with(AS "&User=CORP%5Canna&DeviceId=D2", "cal");
	assert_true(anna != 0);
	assert_true(scope_with(AS "&User=corp%5CAnna&DeviceId=D1", "cal") == anna);
	assert_true(scope_with(AS "&User=anna", "cal") != anna);
	assert_true(scope_with(AS "&User=CORP%5Canna", "cal2") != anna);
	assert_true(scope_with(AS "&DeviceId=D1", "cal") == scope_with(AS "&DeviceId=d1", "cal"));
	assert_true(scope_with(AS "&DeviceId=D1", "cal") != scope_with(AS "&DeviceId=D2", "cal"));
#undef AS
}

/* ---- how HTTP ended ---- */

static void empty_answer_means_nothing_new(void **state)
{
	(void)state;
	struct command_scene s;
	scene_init(&s, "Sync", 200);
	s.made.txn.res.body = (struct body){ .complete = true };
	side_collection(&s.req, "cal", "k1", AIRSYNC_NONE);
	side_item(&s.req, AIRSYNC_ADD, "1", NULL);
	side_item(&s.req, AIRSYNC_CHANGE, NULL, "x");
	side_item(&s.req, AIRSYNC_DELETE, NULL, "y");
	scene_run(&s);
	assert_op(&s.ops.list[0], OP_CREATE, OUT_LOST, COMMIT_MAYBE, 200);
	assert_op(&s.ops.list[1], OP_UPDATE, OUT_OK, COMMIT_YES, 200);
	assert_op(&s.ops.list[2], OP_DELETE, OUT_OK, COMMIT_YES, 200);
	assert_op(&s.ops.list[3], OP_DELTA, OUT_OK, COMMIT_YES, 200);
	scene_free(&s);
}

/* What was not seen is not said to be missing. */
static void unseen_answers(void **state)
{
	(void)state;
	enum { GAP, CLIPPED, NOT_READ, UNSURE, CAPTURE_END, ONE_SIDED, OPAQUE, CASES };
	for (int i = 0; i < CASES; i++) {
		struct command_scene s;
		scene_init(&s, "Sync", i < CAPTURE_END ? 200 : 0);
		side_collection(&s.req, "cal", "k1", AIRSYNC_NONE);
		side_item(&s.req, AIRSYNC_CHANGE, NULL, "x");
		side_item(&s.req, AIRSYNC_ADD, "1", NULL);
		struct txn *txn = &s.made.txn;
		switch (i) {
		case GAP:
			txn->res.body.airsync = NULL;
			txn->res.body.bytes = 0;
			txn->res.body.gap_bytes = 90;
			txn->res.body.complete = false;
			txn->res.loss = LOSS_GAP;
			break;
		case CLIPPED:
			s.res.airsync.whole = false;
			txn->res.loss = LOSS_CLIPPED;
			side_collection(&s.res, "cal", "k2", 1);
			break;
		case NOT_READ:
			txn->res.body.airsync = NULL;
			break;
		case UNSURE:
			txn->unsure = true;
			side_collection(&s.res, "cal", "k2", 1);
			break;
		case CAPTURE_END:
			txn->unpaired = UNPAIRED_CAPTURE_END;
			break;
		case ONE_SIDED:
			txn->unpaired = UNPAIRED_ONE_SIDED;
			break;
		default:
			txn->unpaired = UNPAIRED_OPAQUE;
			break;
		}
		scene_run(&s);
		for (size_t k = 0; k < 2; k++) {
			assert_int_equal(s.ops.list[k].outcome, OUT_UNSEEN);
			assert_int_equal(s.ops.list[k].commit, COMMIT_UNSEEN);
		}
		assert_true((s.sync->res == NULL) == (i != CLIPPED));
		scene_free(&s);
	}
}

/* The rows that were read count, whatever was lost behind them. */
static void row_of_a_cut_answer_counts(void **state)
{
	(void)state;
	struct command_scene s;
	scene_init(&s, "Sync", 200);
	side_collection(&s.req, "cal", "k1", AIRSYNC_NONE);
	side_item(&s.req, AIRSYNC_ADD, "1", NULL);
	side_item(&s.req, AIRSYNC_ADD, "2", NULL);
	side_collection(&s.res, "cal", "k2", 1);
	side_row(&s.res, AIRSYNC_ADD, "1", "a", 1);
	s.res.airsync.whole = false;
	s.made.txn.res.end_seen = false;
	s.made.txn.res.cut_off = true; /* the connection ended: the client lacks the rest as well */
	scene_run(&s);
	assert_op(&s.ops.list[0], OP_CREATE, OUT_OK, COMMIT_YES, 1);
	assert_op(&s.ops.list[1], OP_CREATE, OUT_LOST, COMMIT_MAYBE, 200);
	scene_free(&s);
}

static void request_never_sent_is_not_stored(void **state)
{
	(void)state;
	struct command_scene s;
	scene_init(&s, "Sync", 0);
	side_collection(&s.req, "cal", "k1", AIRSYNC_NONE);
	side_item(&s.req, AIRSYNC_ADD, "1", NULL);
	s.made.txn.req.end_seen = false;
	s.made.txn.req.cut_off = true;
	scene_run(&s);
	assert_op(&s.ops.list[0], OP_CREATE, OUT_LOST, COMMIT_NO, 0);
	s.made.txn.req.cut_off = false; /* not captured is not: not sent */
	scene_run(&s);
	assert_op(&s.ops.list[0], OP_CREATE, OUT_LOST, COMMIT_MAYBE, 0);
	scene_free(&s);
}

static void body_that_was_not_read(void **state)
{
	(void)state;
	struct command_scene s;
	scene_init(&s, "Sync", 200);
	s.made.txn.req.body.airsync = NULL;
	scene_run(&s);
	assert_int_equal(s.ops.n, 1);
	assert_op(&s.ops.list[0], OP_DELTA, OUT_OK, COMMIT_YES, 200);
	assert_int_equal(s.ops.list[0].guard, GUARD_UNSEEN);
	assert_int_equal(s.ops.list[0].at.scope, 0);
	scene_free(&s);
}

/* ---- other commands ---- */

static void folders(void **state)
{
	(void)state;
	struct command_scene s;
	scene_init(&s, "FolderSync", 200);
	s.req.airsync.key = text("{F}3");
	s.res.airsync.status = 9;
	scene_run(&s);
	assert_int_equal(s.ops.n, 1);
	assert_op(&s.ops.list[0], OP_LIST, OUT_TOKEN_BAD, COMMIT_NO, 9);
	assert_slice(s.ops.list[0].guard_value, "{F}3");
	assert_true(s.ops.list[0].at.scope != 0);
	scene_free(&s);
}

static void estimates(void **state)
{
	(void)state;
	struct command_scene s;
	scene_init(&s, "GetItemEstimate", 200);
	side_collection(&s.req, "cal", "k1", AIRSYNC_NONE);
	side_collection(&s.req, "tasks", "k1", AIRSYNC_NONE);
	side_collection(&s.res, "tasks", NULL, 4);
	side_collection(&s.res, "cal", NULL, 1)->estimate = 12;
	scene_run(&s);
	assert_int_equal(s.ops.n, 2);
	assert_op(&s.ops.list[0], OP_PROBE, OUT_OK, COMMIT_YES, 1);
	assert_int_equal(s.ops.list[0].answered->estimate, 12);
	assert_op(&s.ops.list[1], OP_PROBE, OUT_TOKEN_BAD, COMMIT_NO, 4);
	scene_free(&s);
}

static void mails(void **state)
{
	(void)state;
	static const char *const commands[] = { "SendMail", "SmartForward", "SmartReply" };
	for (size_t i = 0; i < COUNT(commands); i++) {
		struct command_scene s;
		scene_init(&s, commands[i], 200);
		s.made.txn.req.body.hash = 77;
		s.made.txn.res.body = (struct body){ .complete = true };
		scene_run(&s);
		assert_op(&s.ops.list[0], OP_SEND, OUT_OK, COMMIT_YES, 200);
		assert_int_equal(s.ops.list[0].body_hash, 77);
		message_airsync(&s.made.txn.res, &s.res);
		s.res.airsync.status = 120;
		scene_run(&s);
		assert_op(&s.ops.list[0], OP_SEND, OUT_REFUSED, COMMIT_NO, 120);
		scene_free(&s);
	}
}

static void moves(void **state)
{
	(void)state;
	struct command_scene s;
	scene_init(&s, "MoveItems", 200);
	s.req.airsync.n_moves = 3;
	s.res.airsync.n_moves = 2;
	for (size_t i = 0; i < 3; i++) {
		char id[] = { (char)('a' + i), '\0' };
		s.req.moves[i] = (struct airsync_move){ text(id), text("in"), text("out"),
			text(NULL), AIRSYNC_NONE };
	}
	s.res.moves[0] = (struct airsync_move){ .id = text("b"), .status = 5 };
	s.res.moves[1] = (struct airsync_move){ .id = text("a"), .new_id = text("z"), .status = 3 };
	scene_run(&s);
	assert_int_equal(s.ops.n, 3);
	const struct op *op = &s.ops.list[0];
	assert_op(op, OP_MOVE, OUT_OK, COMMIT_YES, 3);
	assert_slice(op->at.path, "a");
	assert_slice(op->to.path, "z");
	assert_true(op->at.scope != 0 && op->to.scope != 0 && op->at.scope != op->to.scope);
	assert_true(op->at.id != 0 && op->to.id != 0);
	assert_op(&s.ops.list[1], OP_MOVE, OUT_TRANSIENT, COMMIT_MAYBE, 5);
	assert_int_equal(s.ops.list[1].to.id, 0);
	assert_op(&s.ops.list[2], OP_MOVE, OUT_LOST, COMMIT_MAYBE, 200);
	scene_free(&s);
}

static void probes(void **state)
{
	(void)state;
	static const char *const commands[] = { "Ping", "Provision", "Settings", "Search" };
	for (size_t i = 0; i < COUNT(commands); i++) {
		struct command_scene s;
		scene_init(&s, commands[i], 200);
		s.res.airsync.status = 1;
		scene_run(&s);
		assert_op(op_of(&s, OP_PROBE), OP_PROBE, OUT_OK, COMMIT_YES, 1);
		scene_free(&s);
	}
	struct command_scene s;
	scene_init(&s, "Ping", 200);
	s.res.airsync.status = 2; /* something has changed */
	scene_run(&s);
	assert_op(op_of(&s, OP_PROBE), OP_PROBE, OUT_OK, COMMIT_YES, 2);
	scene_free(&s);
}

/* ---- no room ---- */

static void no_room(void **state)
{
	(void)state;
	struct command_scene s;
	scene_init(&s, "Sync", 200);
	side_collection(&s.req, "cal", "k1", AIRSYNC_NONE);
	side_item(&s.req, AIRSYNC_ADD, "1", NULL);
	side_collection(&s.res, "cal", "k2", 1);
	scene_run(&s);
	arena_limit(s.made.txn.arena, 0);
	while (arena_alloc(s.made.txn.arena, 16) != NULL)
		continue;
	assert_int_equal(dialect_airsync(&s.made.txn, &s.facts, s.sync).n, 0);
	assert_null(sync_facts_make(&s.made.txn, &s.facts));
	scene_free(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(facts_of_a_command),
		cmocka_unit_test(versions),
		cmocka_unit_test(what_is_no_command),
		cmocka_unit_test(user_of_the_credentials),
		cmocka_unit_test(options_probe),
		cmocka_unit_test(sync_exploded),
		cmocka_unit_test(rows_find_their_commands),
		cmocka_unit_test(fetch_without_row_failed),
		cmocka_unit_test(collection_without_id),
		cmocka_unit_test(scopes),
		cmocka_unit_test(empty_answer_means_nothing_new),
		cmocka_unit_test(unseen_answers),
		cmocka_unit_test(row_of_a_cut_answer_counts),
		cmocka_unit_test(request_never_sent_is_not_stored),
		cmocka_unit_test(body_that_was_not_read),
		cmocka_unit_test(folders),
		cmocka_unit_test(estimates),
		cmocka_unit_test(mails),
		cmocka_unit_test(moves),
		cmocka_unit_test(probes),
		cmocka_unit_test(no_room),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
