/*
 * test_truth_prefilter.c - which transactions a condition need not look at, by method and flavour:
 * none of which it is true or unknown. Against Kleene's tables, on real transactions.
 */
#include "tests/unit/truth_tree.h"

static const struct sample methods[] = { S("GET"), S("PUT"), S("put"), S("X-ODD") };
static const struct right is_put = RIGHT(ALONE, "\"PUT\"", W("PUT"));
static const struct right is_put_low = RIGHT(ALONE, "\"put\"", W("put"));
static const struct right is_put_nocase = RIGHT(ALONE, "\"pUt\"", W("pUt"));
static const struct right get_or_odd = RIGHT(AMONG, "{\"X-ODD\", \"GET\"}", W("X-ODD"), W("GET"));
static const struct right is_caldav = RIGHT(ALONE, "\"caldav\"", W("caldav"));
static const struct right two_flavours = RIGHT(AMONG, "{\"webdav\", \"caldav\"}", W("webdav"),
    W("caldav"));
#define METHOD .field = "http.request.method", .type = V_STRING
#define FLAVOUR_IS .field = "dav.flavour", .type = V_ENUM
static const struct atom prefilter_atoms[] = {
	{ METHOD, .op = EQ, .right = &is_put },
	{ METHOD, .op = EQ, .right = &is_put, .flipped = true },
	{ METHOD, .op = NE, .right = &is_put },
	{ METHOD, .op = IN, .right = &get_or_odd },
	{ METHOD, .op = IN, .right = &get_or_odd, .negated = true },
	{ METHOD, .op = ISTARTS, .right = &is_put_nocase },
	{ METHOD, .op = EQ, .right = &is_put_low, .func = LOWER },
	{ FLAVOUR_IS, .op = EQ, .right = &is_caldav },
	{ FLAVOUR_IS, .op = NE, .right = &is_caldav },
	{ FLAVOUR_IS, .op = IN, .right = &two_flavours },
	{ FLAVOUR_IS, .op = IN, .right = &two_flavours, .negated = true },
};
/* Then what is the same in all events, and groups of no element, or of one. */
static const char *const prefilter_more[] = { "true", "false", "exists dav.row_untagged",
	"none dav.error (http.request.method == \"PUT\")",
	"any dav.error (dav.flavour == \"caldav\")" };
static const enum truth prefilter_truth[] = { TRUE, FALSE, UNKNOWN };
enum {
	PREFILTER_ATOMS = COUNT_OF(prefilter_atoms),
	PREFILTER = PREFILTER_ATOMS + COUNT_OF(prefilter_more),
	REAL_EVENTS = 2 * (COUNT_OF(methods) + 1) * COUNT_OF(flavours)
};

struct real {
	struct made made;
	struct facts facts;
	struct dav dav;
	struct dav_name error;
	struct event event;
	enum truth leaves[PREFILTER];
};

static void real_leaves(struct real *r, const struct view *method, const struct view *flavour)
{
	enum truth *more = r->leaves + PREFILTER_ATOMS;
	for (size_t i = 0; i < PREFILTER_ATOMS; i++) {
		const struct atom *a = &prefilter_atoms[i];
		r->leaves[i] = atom_truth(a, a->type == V_ENUM ? flavour : method, NULL,
		    universes[V_STRING]);
	}
	memcpy(more, prefilter_truth, sizeof prefilter_truth);
	more[3] = group_truth(Q_NONE, &r->leaves[0], r->dav.n_errors, false);
	more[4] = group_truth(Q_ANY, &r->leaves[7], r->dav.n_errors, false);
}

/* The last method is that of a request that was not captured. */
static void real_event(struct real *r, size_t which)
{
	static const enum flavour codes[] = { FLAVOUR_CALDAV, FLAVOUR_CARDDAV, FLAVOUR_WEBDAV,
		FLAVOUR_EXCHANGE }; /* as in flavours[] */
	size_t half = which / 2, method = half % (COUNT_OF(methods) + 1);
	size_t flavour = half / (COUNT_OF(methods) + 1);
	bool seen = method < COUNT_OF(methods);
	struct view method_view = { .n = 0 }, flavour_view = { .n = 0 };
	made_init(&r->made, seen ? methods[method].word : "", "/", 207);
	r->dav = (struct dav){ .errors = &r->error, .n_errors = which % 2, .whole = true };
	r->made.txn.res.body = (struct body){ .kind = BODY_XML, .complete = true, .dav = &r->dav };
	r->facts.flavour = codes[flavour];
	view_value(&flavour_view, &flavours[flavour]);
	if (seen) {
		view_value(&method_view, &methods[method]);
	} else {
		r->made.txn.req = (struct message){ .seen = false };
		r->made.txn.unpaired = UNPAIRED_MIDSTREAM;
		view_hole(&method_view);
	}
	real_leaves(r, &method_view, &flavour_view);
	r->event = (struct event){ .kind = EVENT_TRANSACTION,
		.txn = &r->made.txn,
		.facts = &r->facts };
}

/*
 * method == "PUT" and method == "GET" is unknown by Kleene's tables where the method is, though it
 * is false for every method: the program may skip it, and a rule fires on neither.
 */
static bool is_contradiction(const struct tree *t, const struct real *events)
{
	bool holds = false;
	for (size_t i = 0; i < REAL_EVENTS; i++)
		holds |= events[i].made.txn.req.seen && tree_truth(t, events[i].leaves) != FALSE;
	return !holds;
}

static void prefilter_ask(struct stage *s, struct tree *t, const struct real *events)
{
	char text[TEXT] = "", atoms[PREFILTER_ATOMS][TEXT] = { "" };
	const char *leaves[PREFILTER];
	struct tester tester;
	for (size_t i = 0; i < PREFILTER_ATOMS; i++) {
		text_atom(atoms[i], &prefilter_atoms[i]);
		leaves[i] = atoms[i];
	}
	memcpy(leaves + PREFILTER_ATOMS, prefilter_more, sizeof prefilter_more);
	tree_text(t, t->n - 1, leaves, text);
	if (!tester_new(&s->tally, text, NULL, &tester))
		return;
	tester.contradiction = is_contradiction(t, events);
	for (size_t i = 0; i < REAL_EVENTS; i++)
		expect_truth(&s->tally, &tester, &events[i].event, "a real transaction",
		    tree_truth(t, events[i].leaves));
	tester_free(&tester);
}

static void prefilter(void **state)
{
	struct stage *s = *state;
	struct real *events = calloc(REAL_EVENTS, sizeof *events);
	uint64_t seed = 20040817;
	assert_non_null(events);
	for (size_t i = 0; i < REAL_EVENTS; i++)
		real_event(&events[i], i);
	for (size_t i = 0; i < 2000; i++) {
		struct tree t = random_tree(&seed, PREFILTER, i < 500 ? 2 : 5);
		prefilter_ask(s, &t, events);
	}
	free(events);
	assert_all_right(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(prefilter, stage_setup, stage_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
