/*
 * test_truth.c - the whole truth table of the condition language, every operator, type, quantifier
 * and state of a field, against possible worlds (truth_model.h). What has no meaning is refused.
 */
#include "tests/unit/truth_events.h"

/* ---- the two tables of the guide, word for word ---- */

struct guide_row {
	const char *condition;
	enum truth truth[6];
};

#define T TRUE
#define F FALSE
#define U UNKNOWN

static const char *const guide_events[6] = {
	"{at: 0s, set: {http.response.header: {H: x}, http.response.reason: x}}",
	"{at: 0s, set: {http.response.header: {H: y}, http.response.reason: y}}",
	"{at: 0s}",
	"{at: 0s, unknown: [http.response]}",
	/* Several values; of the last not all were seen. */
	"{at: 0s, set: {http.response.header: {H: [x, y]}}}",
	"{at: 0s, set: {http.response.header: {H: [x, x]}}, unknown: [http.response.header]}",
};

#define H "http.response.header[\"H\"]"
static const struct guide_row guide_rows[] = {
	/* Absent against negation, the whole story: x, y, not sent, not captured. */
	{ H " == \"x\"", { T, F, F, U, T, T } },
	{ "any " H " != \"x\"", { F, T, F, U, T, U } },
	{ "none " H " == \"x\"", { F, T, T, U, F, F } },
	{ "not exists " H, { F, F, T, U, F, F } },
	/* The table above it. */
	{ "any " H " == \"x\"", { T, F, F, U, T, T } },
	{ "all " H " == \"x\"", { T, F, F, U, F, U } },
	{ "all " H " != \"x\"", { F, T, F, U, F, F } },
	{ "any " H " == \"y\"", { F, T, F, U, T, U } },
	{ "none " H " == \"y\"", { T, F, T, U, F, U } },
	{ "exists " H, { T, T, F, U, T, T } },
	{ "absent " H, { F, F, T, U, F, F } },
	{ "observed " H, { T, T, T, F, T, T } },
	{ "not " H " == \"x\"", { F, T, T, U, F, F } },
};

/* One value: only the first four events. */
static const struct guide_row guide_single[] = {
	{ "http.response.reason == \"x\"", { T, F, F, U } },
	{ "http.response.reason != \"x\"", { F, T, F, U } },
	{ "not http.response.reason == \"x\"", { F, T, T, U } },
	{ "exists http.response.reason", { T, T, F, U } },
	{ "absent http.response.reason", { F, F, T, U } },
	{ "observed http.response.reason", { T, T, T, F } },
};

static void guide_table(struct stage *s, const struct guide_row *rows, size_t n, size_t events)
{
	for (size_t i = 0; i < n; i++) {
		struct tester t;
		if (!tester_new(&s->tally, rows[i].condition, NULL, &t))
			continue;
		for (size_t k = 0; k < events; k++) {
			struct event event;
			mock_event(s->arena, guide_events[k], &event);
			expect_truth(&s->tally, &t, &event, guide_events[k], rows[i].truth[k]);
		}
		tester_free(&t);
	}
}

static void tables_of_the_guide(void **state)
{
	struct stage *s = *state;
	guide_table(s, guide_rows, COUNT_OF(guide_rows), 6);
	guide_table(s, guide_single, COUNT_OF(guide_single), 4);
	assert_all_right(s);
}

/* ---- every operator of every type ---- */

/* What the language has, by the words of the guide. */
static bool op_allowed(enum vtype type, enum relop op)
{
	bool ordered = type == V_INT || type == V_DURATION || type == V_TIME || type == V_VERSION;
	bool texts = type == V_STRING || type == V_ISTRING || type == V_ENUM;
	if (op >= LT && op <= GE)
		return ordered;
	return op >= CONTAINS ? texts : true;
}

static bool right_fits(enum relop op, const struct right *right)
{
	if (op == MATCHES)
		return right->use == PATTERN || right->use == LISTED;
	if (op == IN)
		return right->use == AMONG || right->use == LISTED;
	return right->use == ALONE || (op >= CONTAINS && right->use == LISTED);
}

/* The code of its refusal, NULL: it is fine. At most one thing is wrong with any of them. */
static const char *refusal(const struct atom *a, bool many)
{
	if (a->quant != Q_NO && !many)
		return "E0208";
	if (!op_allowed(a->type, a->op))
		return "E0205";
	return a->quant == Q_NO && many && (a->negated || a->op == NE) ? "E0207" : NULL;
}

struct asking {
	struct stage *stage;
	const struct target *target;
	bool many; /* after the function */
	struct rights rights;
};

/* What is refused is asked with one constant only. */
static void ask_quantified(const struct asking *q, struct atom a, bool once)
{
	struct stage *s = q->stage;
	bool allowed = op_allowed(a.type, a.op);
	for (enum quant quant = Q_NO; quant < QUANTS; quant++) {
		a.quant = quant;
		const char *code = refusal(&a, q->many);
		/* Only one thing wrong at a time. */
		if (code != NULL && (once || (!allowed && (quant != Q_NO) != q->many)))
			continue;
		expect_atom(&s->tally, q->target, &a, code, s->scenes, s->n);
	}
}

static void ask_op(const struct asking *q, struct atom a)
{
	bool once = false;
	for (size_t i = 0; i < q->rights.n; i++) {
		a.right = &q->rights.rights[i];
		if (!right_fits(a.op, a.right))
			continue;
		ask_quantified(q, a, once);
		a.negated = a.op >= IN;
		a.flipped = a.op < IN;
		ask_quantified(q, a, once);
		a.negated = a.flipped = false;
		once = true;
	}
}

static void ask_ops(const struct asking *q, struct atom a)
{
	for (enum relop op = EQ; op < OPS; op++) {
		a.op = op;
		ask_op(q, a);
	}
}

static bool func_allowed(const struct target *t, enum func func)
{
	if (t->plain)
		return func == PLAIN;
	if (func == LOWER || func == LEN)
		return t->type == V_STRING;
	return func == PLAIN || t->many;
}

static void ask_functions(struct stage *s, const struct target *t)
{
	for (enum func func = PLAIN; func < FUNCS; func++) {
		bool number = func == LEN || func == COUNT;
		struct asking q = { .stage = s,
			.target = t,
			.rights = target_rights(t),
			.many = t->many && (func == PLAIN || func == LOWER || func == LEN) };
		struct atom a = { .func = func,
			.field = t->name,
			.type = number ? V_INT : t->type };
		if (!func_allowed(t, func))
			continue;
		if (number)
			q.rights = (struct rights)ALL(small_rights);
		ask_ops(&q, a);
	}
}

static void ask_forms(struct stage *s, const struct target *t)
{
	struct atom a = { .field = t->name, .type = t->type };
	for (enum form form = EXISTS; form <= BARE; form++) {
		a.form = form;
		const char *code = form == BARE && t->type != V_BOOL ? "E0206" : NULL;
		expect_atom(&s->tally, t, &a, code, s->scenes, s->n);
	}
}

/* The mock says what the view says, or all that follows would be about something else. */
static void stage_check(const struct target *t, const struct scene *scene)
{
	struct field_ref ref;
	struct error e;
	struct value v;
	if (t->around != NULL)
		return;
	assert_true(field_find(t->name, &ref, &e));
	if (field_group(ref.field) != NULL)
		return; /* read by element: the groups below would show it */
	size_t n = view_values(&scene->view);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(field_read(&ref, &scene->event, 0, i, &v), PRESENT);
	assert_int_equal(field_read(&ref, &scene->event, 0, n, &v),
	    view_complete(&scene->view) ? ABSENT : NOT_OBSERVED);
}

static void ask_target(struct stage *s, const struct target *t, size_t most)
{
	s->n = situations(t, most, s->situations, SCENES);
	for (size_t i = 0; i < s->n; i++) {
		scene_mock(s->arena, t, &s->situations[i], &s->scenes[i]);
		stage_check(t, &s->scenes[i]);
	}
	ask_functions(s, t);
	ask_forms(s, t);
}

static const struct target one_value[] = {
	{ .name = "dav.write", .type = V_BOOL },
	{ .name = "http.response.status", .type = V_INT },
	{ .name = "http.request.target", .type = V_STRING },
	{ .name = "auth.scheme", .type = V_ISTRING },
	{ .name = "client.address", .type = V_IP },
	{ .name = "timing.wait_ns", .type = V_DURATION },
	{ .name = "http.request.time", .type = V_TIME },
	{ .name = "exchange.frontend.build", .type = V_VERSION },
	{ .name = "dav.flavour", .type = V_ENUM },
	{ .name = "finding.key[\"m\"]", .type = V_STRING, .shape = MAP_KEY, .set = "finding.key" },
	{ .name = ".name",
	    .type = V_STRING,
	    .shape = MEMBER,
	    .set = "dav.property",
	    .member = "name",
	    .around = "any dav.property (" },
	{ .name = ".status",
	    .type = V_INT,
	    .shape = MEMBER,
	    .set = "dav.property",
	    .member = "status",
	    .around = "any dav.property (" },
};

static void fields_of_one_value(void **state)
{
	struct stage *s = *state;
	for (size_t i = 0; i < COUNT_OF(one_value); i++)
		ask_target(s, &one_value[i], 1);
	assert_all_right(s);
}

/* Fewer values where every pair of them is tried. */
#define FIRST_OF(a, n) \
	{ \
		a, n \
	}
static const struct target many_values[] = {
	{ .name = "http.response.header[\"Via\"]",
	    .type = V_STRING,
	    .shape = HEADER,
	    .many = true,
	    .set = "http.response.header",
	    .values = FIRST_OF(strings, 5) },
	{ .name = "http.request.header",
	    .type = V_STRING,
	    .shape = HEADERS,
	    .many = true,
	    .plain = true,
	    .values = FIRST_OF(strings, 3) },
	{ .name = "dav.request.href",
	    .type = V_STRING,
	    .shape = LIST,
	    .many = true,
	    .values = FIRST_OF(strings, 4) },
	{ .name = "rule.tags",
	    .type = V_STRING,
	    .shape = LIST,
	    .many = true,
	    .plain = true,
	    .values = FIRST_OF(strings, 3) },
	{ .name = "finding.key",
	    .type = V_STRING,
	    .shape = MAP,
	    .many = true,
	    .plain = true,
	    .values = FIRST_OF(strings, 3) },
	{ .name = "quality.loss",
	    .type = V_ENUM,
	    .shape = LIST,
	    .many = true,
	    .values = ALL(losses),
	    .rights = ALL(loss_rights) },
	{ .name = "dav.property.name",
	    .type = V_STRING,
	    .shape = MEMBER,
	    .many = true,
	    .set = "dav.property",
	    .member = "name",
	    .values = FIRST_OF(strings, 4) },
	{ .name = "dav.property.status",
	    .type = V_INT,
	    .shape = MEMBER,
	    .many = true,
	    .set = "dav.property",
	    .member = "status",
	    .values = FIRST_OF(ints, 4) },
	{ .name = "evidence.frames",
	    .type = V_INT,
	    .shape = FRAMES,
	    .many = true,
	    .set = "evidence",
	    .member = "frames",
	    .values = FIRST_OF(ints, 4) },
	{ .name = ".frames",
	    .type = V_INT,
	    .shape = FRAMES,
	    .many = true,
	    .set = "evidence",
	    .member = "frames",
	    .around = "any evidence (",
	    .values = FIRST_OF(ints, 4) },
};

static void fields_of_several_values(void **state)
{
	struct stage *s = *state;
	for (size_t i = 0; i < COUNT_OF(many_values); i++)
		ask_target(s, &many_values[i], 2);
	assert_all_right(s);
}

static void three_values(void **state)
{
	struct stage *s = *state;
	struct target t = many_values[0];
	t.values = (struct universe){ strings, 2 };
	ask_target(s, &t, 3);
	assert_all_right(s);
}

/* ---- the same of real transactions ---- */

struct real {
	struct made made;
	struct facts facts;
	struct dav dav;
	struct slice hrefs[VALUES];
	struct dav_name errors[VALUES];
	struct dav_prop props[VALUES];
};

/* An empty name or href is none, so these are not. */
static const struct sample filled[] = { S("x"), S("X"), S("xa"), S("AX") };
static const struct target real_fields[] = {
	{ .name = "http.response.header[\"via\"]",
	    .type = V_STRING,
	    .shape = HEADER,
	    .many = true,
	    .values = FIRST_OF(strings, 4) },
	{ .name = "http.response.header",
	    .type = V_STRING,
	    .shape = HEADERS,
	    .many = true,
	    .values = FIRST_OF(filled, 2) },
	{ .name = "dav.request.href",
	    .type = V_STRING,
	    .shape = LIST,
	    .many = true,
	    .values = ALL(filled) },
	{ .name = "dav.error.name",
	    .type = V_STRING,
	    .shape = LIST,
	    .many = true,
	    .values = ALL(filled) },
	{ .name = "dav.request.property.value",
	    .type = V_STRING,
	    .shape = TEXTS,
	    .many = true,
	    .values = FIRST_OF(filled, 2) },
};

static void real_values(struct real *r, const struct target *t, const struct situation *s)
{
	static const char *const names[VALUES] = { "A", "Via", "b" };
	for (size_t i = 0; i < s->n; i++) {
		int value = s->values[i];
		const char *word = value < 0 ? "" : target_values(t).samples[value].word;
		if (t->shape == HEADER || t->shape == HEADERS) {
			made_header(&r->made.txn.res, t->shape == HEADER ? "Via" : names[i], word);
			continue;
		}
		r->hrefs[i] = r->errors[i].local = r->props[i].value = guarded(word);
		r->props[i].bytes = value == LEFT_OUT ? 0 : 1 + strlen(word);
	}
}

/* With a tail: the header block, the document are not whole, or the answer was not captured. */
static void real_event(struct arena *arena, const struct target *t, const struct situation *s,
    struct scene *out)
{
	struct real *r = arena_alloc(arena, sizeof *r);
	assert_non_null(r);
	bool whole = s->mode == WHOLE, request = strncmp(t->name, "dav.request.", 12) == 0;
	made_init(&r->made, "REPORT", "/", s->n == 0 && !whole && !request ? 0 : 207);
	struct message *m = request ? &r->made.txn.req : &r->made.txn.res;
	real_values(r, t, s);
	r->dav = (struct dav){ .hrefs = r->hrefs,
		.errors = r->errors,
		.props = r->props,
		.whole = whole };
	r->dav.n_hrefs = r->dav.n_errors = r->dav.n_props = s->n;
	if (t->shape == LIST || t->shape == TEXTS)
		m->body = (struct body){ .kind = BODY_XML, .complete = true, .dav = &r->dav };
	else if (m->seen)
		m->head_complete = whole;
	out->shown = whole ? "a whole transaction" : "a transaction in part";
	situation_view(t, s, &out->view);
	out->event = (struct event){ .kind = EVENT_TRANSACTION,
		.at = r->made.txn.done,
		.txn = &r->made.txn,
		.facts = &r->facts };
}

static void real_transactions(void **state)
{
	struct stage *s = *state;
	for (size_t i = 0; i < COUNT_OF(real_fields); i++) {
		s->n = situations(&real_fields[i], 2, s->situations, SCENES);
		for (size_t k = 0; k < s->n; k++) {
			real_event(s->arena, &real_fields[i], &s->situations[k], &s->scenes[k]);
			stage_check(&real_fields[i], &s->scenes[k]);
		}
		ask_functions(s, &real_fields[i]);
		ask_forms(s, &real_fields[i]);
	}
	assert_all_right(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(tables_of_the_guide, stage_setup, stage_teardown),
		cmocka_unit_test_setup_teardown(fields_of_one_value, stage_setup, stage_teardown),
		cmocka_unit_test_setup_teardown(fields_of_several_values, stage_setup,
		    stage_teardown),
		cmocka_unit_test_setup_teardown(three_values, stage_setup, stage_teardown),
		cmocka_unit_test_setup_teardown(real_transactions, stage_setup, stage_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
