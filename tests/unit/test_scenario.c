/*
 * test_scenario.c - play/scenario.c: what a scenario file says, and mistakes with their places.
 */
#include "play/play.h"
#include "tests/unit/guard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

struct read {
	struct arena *arena;
	struct complaints *complaints;
	struct play_file file;
	bool fine;
};

static struct read read_text(const char *text)
{
	struct read r = { .arena = arena_new(1 << 20), .complaints = complaints_new() };
	size_t n = strlen(text);
	assert_true(complaints_file(r.complaints, "s.yaml"));
	r.fine = play_file_read((struct slice){ guard_copy(text, n), n }, "s.yaml", r.arena,
	    r.complaints, &r.file);
	return r;
}

static void read_free(struct read *r)
{
	arena_free(r->arena);
	complaints_free(r->complaints);
}

#define HEAD "davscope_scenario: 1\nclient: a\nserver: b\n"

/* One complaint, and the rest is fine. */
static void refused(const char *text, size_t line, size_t column, const char *code,
    const char *words)
{
	struct read r = read_text(text);
	size_t n = 0;
	const struct complaint *c = complaints_sorted(r.complaints, &n);
	assert_false(r.fine);
	if (n != 1)
		fail_msg("%s: %zu complaints, the first %s", text, n, n != 0 ? c->text : "");
	if (c->line != line || c->column != column || strcmp(c->code, code) != 0 ||
	    strstr(c->text, words) == NULL)
		fail_msg("%s: %zu:%zu: %s: %s", text, c->line, c->column, c->code, c->text);
	read_free(&r);
}

static void test_all_of_it(void **state)
{
	(void)state;
	struct read r = read_text("davscope_scenario: 1\n"
				  "title: all of it\n"
				  "client: phone\n"
				  "server: front\n"
				  "gateway: massync\n"
				  "store: sink\n"
				  "cycles: 7\n"
				  "edit_before: 0\n"
				  "hops: server\n"
				  "accidents: [{request: 3, what: answer-lost},\n"
				  "            {what: replayed, request: 0},\n"
				  "            {what: request-lost, request: 999}]\n");
	const struct play_file *f = &r.file;
	assert_true(r.fine);
	assert_string_equal(f->title, "all of it");
	assert_string_equal(f->client.text, "phone");
	assert_string_equal(f->gateway.text, "massync");
	assert_string_equal(f->store.text, "sink");
	assert_int_equal(f->server.start.line, 4);
	assert_int_equal(f->server.start.column, 9);
	assert_int_equal(f->cycles, 7);
	assert_int_equal(f->edit_before, 0);
	assert_int_equal(f->hops, PLAY_HOPS_SERVER);
	assert_int_equal(f->n_mishaps, 3);
	assert_int_equal(f->mishaps[0].request, 3);
	assert_int_equal(f->mishaps[0].accident, PLAY_ANSWER_LOST);
	assert_int_equal(f->mishaps[1].accident, PLAY_REPLAYED);
	assert_int_equal(f->mishaps[2].request, 999);
	assert_int_equal(f->mishaps[2].accident, PLAY_REQUEST_LOST);
	read_free(&r);
}

static void test_as_little_as_possible(void **state)
{
	(void)state;
	struct read r = read_text(HEAD "cycles: 5\n");
	assert_true(r.fine);
	assert_string_equal(r.file.title, "");
	assert_null(r.file.gateway.text);
	assert_null(r.file.store.text);
	assert_int_equal(r.file.edit_before, 5); /* never */
	assert_int_equal(r.file.hops, PLAY_HOPS_BOTH);
	assert_int_equal(r.file.n_mishaps, 0);
	read_free(&r);
}

static void test_mistakes_have_places(void **state)
{
	(void)state;
	refused("davscope_scenario: 2\nclient: a\nserver: b\ncycles: 1\n", 1, 20, "E0012",
	    "format 2");
	refused("- a\n", 1, 1, "E0011", "a map");
	refused("davscope_scenario: 1\nclient: a\ncycles: 1\n", 1, 1, "E0015", "the key server");
	refused(HEAD "cycles: 0\n", 4, 9, "E0016", "from 1 to 24");
	refused(HEAD "cycles: 25\n", 4, 9, "E0016", "from 1 to 24");
	refused(HEAD "cycles: -1\n", 4, 9, "E0016", "\"-1\"");
	refused(HEAD "cycles: 18446744073709551617\n", 4, 9, "E0016", "a number");
	refused(HEAD "cycles: 5\nedit_before: 5\n", 5, 14, "E0016", "from 0 to 4");
	refused(HEAD "cycles: 5\nhops: none\n", 5, 7, "E0017", "hops cannot be \"none\"");
	refused(HEAD "cycles: 5\nstore: x\n", 1, 1, "E0015", "a store a gateway");
	refused(HEAD "cycles: 5\ngateway: x\n", 1, 1, "E0015", "needs a store");
	refused(HEAD "cycles: 5\naccident: []\n", 5, 1, "E0014", "accident");
	refused(HEAD "cycles: 5\naccidents: {}\n", 5, 12, "E0016", "must be a list");
	refused(HEAD "cycles: 5\naccidents: [lost]\n", 5, 13, "E0016", "must be a map");
	refused(HEAD "cycles: 5\naccidents: [{request: 1}]\n", 5, 13, "E0015", "the key what");
	refused(HEAD "cycles: 5\naccidents: [{request: 1000, what: replayed}]\n", 5, 23, "E0016",
	    "from 0 to 999");
	refused(HEAD "cycles: 5\naccidents: [{request: 1, what: lost}]\n", 5, 32, "E0017", "lost");
	refused(HEAD "cycles: 5\naccidents:\n- {request: 1, what: replayed}\n"
		     "- {request: 1, what: answer-lost}\n",
	    7, 13, "E0019", "request 1 has an accident already");
	refused(HEAD "cycles: [\n", 5, 1, "E0001", "");
}

static void test_too_many_accidents(void **state)
{
	(void)state;
	char text[8192] = HEAD "cycles: 5\naccidents:\n";
	size_t n = strlen(text);
	for (unsigned i = 0; i <= PLAY_MISHAPS_MAX; i++)
		n += (size_t)snprintf(text + n, sizeof text - n,
		    "- {request: %u, what: replayed}\n", i);
	refused(text, 6 + PLAY_MISHAPS_MAX, 3, "E0024", "more than 64");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_of_it),
		cmocka_unit_test(test_as_little_as_possible),
		cmocka_unit_test(test_mistakes_have_places),
		cmocka_unit_test(test_too_many_accidents),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
