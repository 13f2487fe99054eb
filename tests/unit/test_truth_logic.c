/*
 * test_truth_logic.c - what is made of comparisons: two fields against each other, element groups,
 * and/or/not with precedence and parentheses; against possible worlds and Kleene's tables.
 */
#include "tests/unit/truth_tree.h"

/* ---- a field against a field ---- */

struct pair {
	struct target left, right;
};

static const struct pair pairs[] = {
	{ { .name = "http.request.complete", .type = V_BOOL },
	    { .name = "http.response.complete", .type = V_BOOL } },
	{ { .name = "client.port", .type = V_INT }, { .name = "server.port", .type = V_INT } },
	{ { .name = "http.request.target", .type = V_STRING },
	    { .name = "http.request.method", .type = V_STRING } },
	{ { .name = "client.address", .type = V_IP }, { .name = "server.address", .type = V_IP } },
	{ { .name = "timing.wait_ns", .type = V_DURATION },
	    { .name = "timing.request_ns", .type = V_DURATION } },
	{ { .name = "http.request.time", .type = V_TIME },
	    { .name = "http.response.time", .type = V_TIME } },
	{ { .name = "http.response.header[\"Via\"]",
	      .type = V_STRING,
	      .shape = HEADER,
	      .many = true,
	      .set = "http.response.header",
	      .values = { strings, 4 } },
	    { .name = "http.request.method", .type = V_STRING } },
	{ { .name = "dav.request.href",
	      .type = V_STRING,
	      .shape = LIST,
	      .many = true,
	      .values = { strings, 3 } },
	    { .name = "http.request.target", .type = V_STRING } },
	{ { .name = "dav.property.status",
	      .type = V_INT,
	      .shape = MEMBER,
	      .many = true,
	      .set = "dav.property",
	      .member = "status",
	      .values = { ints, 3 } },
	    { .name = "http.response.status", .type = V_INT } },
	{ { .name = ".name",
	      .type = V_STRING,
	      .shape = MEMBER,
	      .set = "dav.property",
	      .member = "name",
	      .around = "any dav.property (" },
	    { .name = "http.request.method", .type = V_STRING } },
	{ { .name = ".frames",
	      .type = V_INT,
	      .shape = FRAMES,
	      .many = true,
	      .set = "evidence",
	      .member = "frames",
	      .around = "any evidence (",
	      .values = { ints, 3 } },
	    { .name = "client.port", .type = V_INT } },
};

struct pair_scene {
	struct event event;
	struct view left, right;
	const char *shown;
};

static void pair_event(struct arena *arena, const struct pair *p, const struct situation *left,
    const struct situation *right, struct pair_scene *out)
{
	char *text = arena_alloc(arena, TEXT);
	assert_non_null(text);
	text_add(text, "{at: 0s, set: {", "");
	text_set(text, &p->left, left);
	text_add(text, text[strlen(text) - 1] != '{' && right->n != 0 ? ", " : "", "");
	text_set(text, &p->right, right);
	text_add(text, "}, unknown: [", "");
	text_unknown(text, &p->left, left);
	text_add(text, left->mode != WHOLE && right->mode != WHOLE ? ", " : "", "");
	text_unknown(text, &p->right, right);
	text_add(text, "]}", "");
	situation_view(&p->left, left, &out->left);
	situation_view(&p->right, right, &out->right);
	mock_event(arena, text, &out->event);
	out->shown = text;
}

static void pair_ask(struct tally *tally, const struct pair *p, const struct atom *a,
    const char *code, const struct pair_scene *scenes, size_t n)
{
	char text[TEXT] = "";
	struct tester t;
	text_add(text, p->left.around != NULL ? p->left.around : "", "");
	text_atom(text, a);
	text_add(text, p->left.around != NULL ? ")" : "", "");
	if (!tester_new(tally, text, code, &t))
		return;
	for (size_t i = 0; i < n; i++)
		expect_truth(tally, &t, &scenes[i].event, scenes[i].shown,
		    atom_truth(a, &scenes[i].left, &scenes[i].right, target_values(&p->left)));
	tester_free(&t);
}

/* The code of its refusal, NULL: it is fine. */
static const char *pair_refusal(const struct atom *a, bool many)
{
	bool ordered = a->type == V_INT || a->type == V_DURATION || a->type == V_TIME;
	if (a->quant != Q_NO && !many)
		return "E0208";
	if (a->op >= LT && !ordered)
		return "E0205";
	return a->quant == Q_NO && many && a->op == NE ? "E0207" : NULL;
}

static void pair_ops(struct tally *tally, const struct pair *p, struct atom a,
    const struct pair_scene *scenes, size_t n)
{
	bool many = p->left.many;
	for (a.op = EQ; a.op <= GE; a.op++) {
		for (a.quant = Q_NO; a.quant < QUANTS; a.quant++) {
			const char *code = pair_refusal(&a, many);
			/* Only one thing wrong at a time. */
			if (code == NULL || (a.quant != Q_NO) == many || a.op <= NE)
				pair_ask(tally, p, &a, code, scenes, n);
		}
	}
}

static void pair_funcs(struct tally *tally, const struct pair *p, const struct pair_scene *scenes,
    size_t n)
{
	struct atom a = { .field = p->left.name, .other = p->right.name, .type = p->left.type };
	pair_ops(tally, p, a, scenes, n);
	if (a.type != V_STRING)
		return;
	a.func = a.other_func = LOWER;
	pair_ops(tally, p, a, scenes, n);
	a.func = PLAIN;
	pair_ops(tally, p, a, scenes, n);
	a.func = a.other_func = LEN;
	a.type = V_INT;
	pair_ops(tally, p, a, scenes, n);
}

static void fields_against_fields(void **state)
{
	struct stage *s = *state;
	for (size_t i = 0; i < COUNT_OF(pairs); i++) {
		struct situation *lefts = s->situations, *rights = s->situations + SCENES / 2;
		size_t most = pairs[i].left.many ? 2 : 1;
		size_t n_left = situations(&pairs[i].left, most, lefts, SCENES / 2);
		size_t n_right = situations(&pairs[i].right, 1, rights, SCENES / 2), n = 0;
		struct pair_scene *scenes = calloc(n_left * n_right, sizeof *scenes);
		assert_non_null(scenes);
		for (size_t l = 0; l < n_left; l++)
			for (size_t r = 0; r < n_right; r++)
				pair_event(s->arena, &pairs[i], &lefts[l], &rights[r],
				    &scenes[n++]);
		pair_funcs(&s->tally, &pairs[i], scenes, n);
		free(scenes);
	}
	assert_all_right(s);
}

/* ---- and, or, not over all that three conditions can be ---- */

enum { TRIPLES = 27 };
struct triple {
	struct event event;
	enum truth leaves[6];
	char shown[TEXT];
};

/* Three fields that are true, false or unknown in turn, and what is the same in all events. */
static const char *const triple_leaves[] = { "dav.write", "http.request.complete",
	"http.response.complete", "true", "false", "exists dav.tag" };

static void triple_event(struct arena *arena, unsigned which, struct triple *out)
{
	static const char *const words[] = { [FALSE] = ": false, ", [TRUE] = ": true, " };
	static const enum truth ends[] = { TRUE, FALSE, UNKNOWN };
	char unknown[TEXT] = "";
	snprintf(out->shown, TEXT, "{at: 0s, set: {");
	for (size_t i = 0; i < 3; i++, which /= 3) {
		enum truth truth = (enum truth)(which % 3);
		out->leaves[i] = truth;
		out->leaves[i + 3] = ends[i];
		if (truth == UNKNOWN)
			text_add(unknown, triple_leaves[i], ", ");
		else
			text_add(out->shown, triple_leaves[i], words[truth]);
	}
	text_add(out->shown, "http.interim: 1}, unknown: [", unknown);
	text_add(out->shown, "dav.tag]}", "");
	mock_event(arena, out->shown, &out->event);
}

static void tree_ask(struct stage *s, struct tree *t, const struct triple *triples)
{
	char text[TEXT] = "";
	struct tester tester;
	tree_text(t, t->n - 1, triple_leaves, text);
	if (!tester_new(&s->tally, text, NULL, &tester))
		return;
	for (size_t i = 0; i < TRIPLES; i++)
		expect_truth(&s->tally, &tester, &triples[i].event, triples[i].shown,
		    tree_truth(t, triples[i].leaves));
	tester_free(&tester);
}

/* x OP y OP z in both shapes, each of the three and the whole with and without a not. */
static struct tree triple_tree(unsigned bits, const size_t leaves[3])
{
	struct tree t = { .style = bits };
	size_t x[3];
	enum node_kind first = bits & 1U ? AND : OR, second = bits & 2U ? AND : OR;
	for (size_t i = 0; i < 3; i++) {
		x[i] = tree_add(&t, LEAF, leaves[i], 0);
		if (bits >> (2 + i) & 1U)
			x[i] = tree_add(&t, NOT, x[i], 0);
	}
	size_t top = (bits & 32U) != 0 ?
	    tree_add(&t, first, tree_add(&t, second, x[0], x[1]), x[2]) :
	    tree_add(&t, first, x[0], tree_add(&t, second, x[1], x[2]));
	if (bits & 64U)
		tree_add(&t, NOT, top, 0);
	return t;
}

static void kleene(void **state)
{
	struct stage *s = *state;
	struct triple *triples = calloc(TRIPLES, sizeof *triples);
	uint64_t seed = 20060925;
	assert_non_null(triples);
	for (unsigned i = 0; i < TRIPLES; i++)
		triple_event(s->arena, i, &triples[i]);
	for (unsigned bits = 0; bits < 128; bits++) {
		struct tree t = triple_tree(bits, (const size_t[]){ 0, 1, 2 });
		tree_ask(s, &t, triples);
		/* With constants, which a compiler may put together: every pair, on either side. */
		for (unsigned k = 0; k < 27; k++) {
			t = triple_tree(bits, (const size_t[]){ 3 + k % 3, 3 + k / 3 % 3, k / 9 });
			tree_ask(s, &t, triples);
		}
	}
	for (size_t i = 0; i < 1500; i++) {
		struct tree t = random_tree(&seed, COUNT_OF(triple_leaves), 8);
		tree_ask(s, &t, triples);
	}
	free(triples);
	assert_all_right(s);
}

/* ---- element groups ---- */

enum { ELEMENTS = 3, MISSING = -1 };
struct element {
	int name, status;
}; /* of strings[] and ints[] */
static const struct element some_elements[] = { { 0, 1 }, { 0, 2 }, { 1, 1 }, { 1, MISSING },
	{ MISSING, MISSING } };

enum group_mode { ALL_SEEN, STATUS_UNSEEN, GROUP_UNSEEN, GROUP_MODES };
struct group {
	struct event event;
	const struct element *elements[ELEMENTS];
	size_t n;
	enum group_mode mode;
	char shown[TEXT];
};

static const struct right is_x = RIGHT(ALONE, "\"x\"", W("x"));
static const struct right is_404 = RIGHT(ALONE, "404", I(404));
static const struct right ok_range = RIGHT(AMONG, "200..299", FROM_TO(200, 299));
static const struct atom element_atoms[] = {
	{ .field = ".name", .type = V_STRING, .op = EQ, .right = &is_x },
	{ .field = ".status", .type = V_INT, .op = EQ, .right = &is_404 },
	{ .field = ".status", .type = V_INT, .op = NE, .right = &is_404 },
	{ .field = ".status", .type = V_INT, .op = IN, .right = &ok_range, .negated = true },
	{ .form = EXISTS, .field = ".status" },
	{ .form = NOT_THERE, .field = ".name" },
	{ .form = SEEN, .field = ".status" },
	{ .func = LEN, .field = ".name", .type = V_INT, .op = LT, .right = &is_404 },
};
/* Behind them conditions about the event, the same for each element. */
static const char *const outer_leaves[] = { "dav.write", "absent dav.write", "exists dav.tag" };
static const enum truth outer_truth[] = { TRUE, FALSE, UNKNOWN };
enum { ATOMS = COUNT_OF(element_atoms), INNER = ATOMS + COUNT_OF(outer_leaves) };

static void group_event(struct arena *arena, struct group *g)
{
	static const char *const unknown[] = { "", ", dav.property.status", ", dav.property" };
	snprintf(g->shown, TEXT, "{at: 0s, set: {dav.write: true, dav.property: [");
	for (size_t i = 0; i < g->n; i++) {
		const struct element *e = g->elements[i];
		text_add(g->shown, i == 0 ? "" : ", ", "{");
		if (e->name != MISSING)
			text_add(g->shown, "name: ", strings[e->name].word);
		text_add(g->shown, e->name != MISSING && e->status != MISSING ? ", " : "", "");
		if (e->status != MISSING)
			text_add(g->shown, "status: ", ints[e->status].word);
		text_add(g->shown, "}", "");
	}
	text_add(g->shown, "]}, unknown: [dav.tag", unknown[g->mode]);
	text_add(g->shown, "]}", "");
	mock_event(arena, g->shown, &g->event);
}

/* All groups of up to three elements. */
static size_t all_groups(struct arena *arena, struct group *out)
{
	size_t n = 0, kinds = COUNT_OF(some_elements), lists[] = { 1, 5, 25, 125 };
	for (enum group_mode mode = ALL_SEEN; mode < GROUP_MODES; mode++) {
		for (size_t length = 0; length <= ELEMENTS; length++) {
			for (size_t list = 0; list < lists[length]; list++) {
				struct group *g = &out[n++];
				*g = (struct group){ .n = length, .mode = mode };
				for (size_t i = 0, rest = list; i < length; i++, rest /= kinds)
					g->elements[i] = &some_elements[rest % kinds];
				group_event(arena, g);
			}
		}
	}
	return n;
}

/* A member of one element: a value, or missing, or not seen. */
static struct view element_view(const struct group *g, const struct element *e, const char *field)
{
	struct view view = { .n = 0 };
	bool name = strcmp(field, ".name") == 0;
	int value = name ? e->name : e->status;
	if (value != MISSING)
		view_value(&view, name ? &strings[value] : &ints[value]);
	else if (g->mode == GROUP_UNSEEN || (g->mode == STATUS_UNSEEN && !name))
		view_hole(&view);
	return view;
}

static void element_leaves(const struct group *g, const struct element *e, enum truth leaves[INNER])
{
	for (size_t i = 0; i < ATOMS; i++) {
		struct view view = element_view(g, e, element_atoms[i].field);
		leaves[i] = atom_truth(&element_atoms[i], &view, NULL, universes[V_STRING]);
	}
	memcpy(leaves + ATOMS, outer_truth, sizeof outer_truth);
}

static enum truth tree_of_group(const struct tree *t, enum quant quant, const struct group *g)
{
	enum truth inner[ELEMENTS], leaves[INNER];
	for (size_t i = 0; i < g->n; i++) {
		element_leaves(g, g->elements[i], leaves);
		inner[i] = tree_truth(t, leaves);
	}
	return group_truth(quant, inner, g->n, g->mode == GROUP_UNSEEN);
}

static void group_ask(struct stage *s, struct tree *t, const struct group *groups, size_t n)
{
	char inner[TEXT] = "", atoms[ATOMS][TEXT] = { "" };
	const char *leaves[INNER];
	for (size_t i = 0; i < ATOMS; i++) {
		text_atom(atoms[i], &element_atoms[i]);
		leaves[i] = atoms[i];
	}
	memcpy(leaves + ATOMS, outer_leaves, sizeof outer_leaves);
	tree_text(t, t->n - 1, leaves, inner);
	for (enum quant quant = Q_ANY; quant < QUANTS; quant++) {
		struct tester tester;
		char text[TEXT] = "";
		text_add(text, quant_text[quant], "dav.property (");
		text_add(text, inner, ")");
		if (!tester_new(&s->tally, text, NULL, &tester))
			continue;
		for (size_t i = 0; i < n; i++)
			expect_truth(&s->tally, &tester, &groups[i].event, groups[i].shown,
			    tree_of_group(t, quant, &groups[i]));
		tester_free(&tester);
	}
}

static void group_ask_atom(struct stage *s, struct atom a, const struct group *groups, size_t n)
{
	struct tester tester;
	char text[TEXT] = "";
	a.field = "dav.property";
	text_atom(text, &a);
	if (!tester_new(&s->tally, text, NULL, &tester))
		return;
	for (size_t i = 0; i < n; i++) {
		struct view view = { .n = 0 };
		for (size_t k = 0; k < groups[i].n; k++)
			view_value(&view, &strings[0]);
		if (groups[i].mode == GROUP_UNSEEN)
			view_tail(&view);
		expect_truth(&s->tally, &tester, &groups[i].event, groups[i].shown,
		    atom_truth(&a, &view, NULL, universes[V_INT]));
	}
	tester_free(&tester);
}

/* The group itself: its elements are its values, whatever is seen of their members. */
static void group_ask_itself(struct stage *s, const struct group *groups, size_t n)
{
	for (enum form form = EXISTS; form <= SEEN; form++)
		group_ask_atom(s, (struct atom){ .form = form }, groups, n);
	for (size_t i = 0; i < COUNT_OF(small_rights); i++) {
		const struct right *right = &small_rights[i];
		struct atom a = { .func = COUNT, .type = V_INT, .right = right };
		for (a.op = EQ; a.op <= IN; a.op++)
			if ((a.op == IN) == (right->use == AMONG))
				group_ask_atom(s, a, groups, n);
	}
}

/* Asked apart, the two halves may hold for different elements; asked of one, they must not. */
static void group_apart(struct stage *s)
{
	static const char shown[] = "{at: 0s, set: {dav.property: [{name: x, status: 5}, "
				    "{name: y, status: 404}]}}";
	static const struct {
		const char *text;
		enum truth truth;
	} rows[] = {
		{ "dav.property.name == \"x\" and dav.property.status == 404", TRUE },
		{ "any dav.property (.name == \"x\" and .status == 404)", FALSE },
		{ "none dav.property (.name == \"x\" and .status == 404)", TRUE },
		{ "any dav.property (.name == \"x\") and any dav.property (.status == 404)", TRUE },
		{ "any dav.property (.name == \"y\" and .status == 404)", TRUE },
	};
	struct event event;
	mock_event(s->arena, shown, &event);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct tester tester;
		if (!tester_new(&s->tally, rows[i].text, NULL, &tester))
			continue;
		expect_truth(&s->tally, &tester, &event, shown, rows[i].truth);
		tester_free(&tester);
	}
}

static void element_groups(void **state)
{
	enum { GROUPS = GROUP_MODES * (1 + 5 + 25 + 125), RANDOM = 200 };
	struct stage *s = *state;
	struct group *groups = calloc(GROUPS, sizeof *groups);
	uint64_t seed = 923164;
	assert_non_null(groups);
	size_t n = all_groups(s->arena, groups);
	for (size_t leaf = 0; leaf < INNER; leaf++) {
		struct tree t = { .n = 0 };
		tree_add(&t, LEAF, leaf, 0);
		group_ask(s, &t, groups, n);
	}
	for (size_t i = 0; i < RANDOM; i++) {
		struct tree t = random_tree(&seed, INNER, 4);
		group_ask(s, &t, groups, n);
	}
	group_ask_itself(s, groups, n);
	group_apart(s);
	free(groups);
	assert_all_right(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(fields_against_fields, stage_setup, stage_teardown),
		cmocka_unit_test_setup_teardown(kleene, stage_setup, stage_teardown),
		cmocka_unit_test_setup_teardown(element_groups, stage_setup, stage_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
