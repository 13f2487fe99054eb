/*
 * test_truth_refused.c - what the language refuses beside the table of test_truth.c, and with which
 * code: constants of other types, functions, groups and quantifiers in the wrong place, grammar.
 */
#include "tests/unit/truth_events.h"

/* A constant of every type, and what it may be compared with. */
static const struct {
	const char *text;
	bool fits[V_TYPES];
} constants[] = {
	{ "7", { [V_INT] = true } },
	{ "\"caldav\"", { [V_STRING] = true, [V_ISTRING] = true, [V_ENUM] = true } },
	{ "\"6.5\"",
	    { [V_STRING] = true, [V_ISTRING] = true, [V_VERSION] = true, [V_ENUM] = true } },
	{ "10.0.0.1", { [V_IP] = true } },
	{ "fe80::1", { [V_IP] = true } },
	{ "5s", { [V_DURATION] = true } },
	{ "2006-09-25", { [V_TIME] = true } },
	{ "2006-09-25T16:00:00Z", { [V_TIME] = true } },
};

static void expect_refusal(struct stage *s, const char *code, const char *a, const char *b,
    const char *c)
{
	char text[TEXT] = "";
	struct tester t;
	text_add(text, a, b);
	text_add(text, c, "");
	if (tester_new(&s->tally, text, code, &t))
		tester_free(&t);
}

static const char *const names[V_TYPES] = { [V_BOOL] = "dav.write",
	[V_INT] = "http.response.status",
	[V_STRING] = "http.request.target",
	[V_ISTRING] = "auth.scheme",
	[V_IP] = "client.address",
	[V_DURATION] = "timing.wait_ns",
	[V_TIME] = "http.request.time",
	[V_VERSION] = "exchange.frontend.build" };

/* E0204: nothing is converted, on either side of the operator and in sets. */
static void constants_of_other_types(void **state)
{
	struct stage *s = *state;
	for (size_t i = 0; i < V_ENUM; i++) { /* of an enum: E0210, below */
		enum vtype type = (enum vtype)i;
		const char *name = names[i];
		for (size_t k = 0; k < COUNT_OF(constants); k++) {
			const char *code = constants[k].fits[type] ? NULL : "E0204";
			char set[TEXT];
			expect_refusal(s, code, name, " == ", constants[k].text);
			expect_refusal(s, code, name, " != ", constants[k].text);
			if (type == V_BOOL)
				continue;
			expect_refusal(s, code, constants[k].text, " == ", name);
			snprintf(set, sizeof set, "{%s}", constants[k].text);
			expect_refusal(s, code, name, " not in ", set);
		}
	}
	assert_all_right(s);
}

static const struct {
	const char *text, *code;
} refused[] = {
	{ "http.response.status in 10.0.0.0/8", "E0204" },
	{ "http.request.target in 1..5", "E0204" },
	{ "timing.wait_ns in 1..5", "E0204" },
	{ "exchange.frontend.build in {\"6.5\", 6}", "E0204" },
	{ "exchange.frontend.build == \"6.x\"", "E0204" },
	{ "exchange.frontend.build == \"\"", "E0204" },
	{ "http.response.status in {1, \"x\"}", "E0204" },
	{ "http.response.status in {1..5, 10.0.0.0/8}", "E0204" },
	{ "http.request.target contains 5", "E0204" },
	{ "http.request.target matches 5s", "E0204" },
	{ "any http.response.header[\"Via\"] == 5", "E0204" },
	{ "any http.response.header[\"Via\"] in 1..5", "E0204" },
	{ "any dav.property.status == \"404\"", "E0204" },
	{ "any dav.property (.status == \"404\")", "E0204" },
	{ "any dav.property (.name == 404)", "E0204" },
	{ "len(http.request.target) == \"x\"", "E0204" },
	{ "count(dav.property) == \"x\"", "E0204" },
	{ "len(http.response.status) == 3", "E0204" },
	{ "len(dav.write) == 1", "E0204" },
	{ "lower(client.address) == \"x\"", "E0204" },
	{ "http.request.target == client.port", "E0204" },
	{ "client.address == http.request.target", "E0204" },
	{ "timing.wait_ns < http.request.time", "E0204" },
	{ "timing.wait_ns == http.response.status", "E0204" },
	{ "exchange.frontend.build == http.request.target", "E0204" },
	{ "dav.write == http.response.status", "E0204" },
	{ "http.request.target matches client.address", "E0204" },
	{ "http.request.target < http.request.method", "E0205" },
	{ "client.address >= server.address", "E0205" },
	{ "http.request.complete < http.response.complete", "E0205" },
	{ "any http.response.header[\"Via\"] < \"x\"", "E0205" },
	{ "len(http.request.target) contains \"x\"", "E0205" },
	{ "count(dav.property) matches \"x\"", "E0205" },
	{ "lower(http.request.target) > \"x\"", "E0205" },
	{ "any dav.property (.status contains \"4\")", "E0205" },
	{ "any dav.property (.name >= \"4\")", "E0205" },
	{ "lower(http.request.target)", "E0206" },
	{ "count(dav.property)", "E0206" },
	{ "any dav.property (.name)", "E0206" },
	{ "dav.write or dav.tag", "E0206" },
	{ "http.response.header[\"Via\"] != http.request.method", "E0207" },
	{ "http.request.method != http.response.header[\"Via\"]", "E0207" },
	{ "dav.property.status not in 200..299", "E0207" },
	{ "not dav.property.status != 404", "E0207" },
	{ "any evidence (.frames != 5)", "E0207" },
	{ "lower(rule.tags) != \"x\"", "E0207" },
	{ "len(rule.tags) not in {1, 2}", "E0207" },
	{ "\"x\" != rule.tags", "E0207" },
	{ "finding.key != \"x\"", "E0207" },
	{ "any finding.key[\"m\"] == \"x\"", "E0208" },
	{ "none count(dav.property) == 1", "E0208" },
	{ "all first(rule.tags) == \"x\"", "E0208" },
	{ "any lower(http.request.target) == \"x\"", "E0208" },
	{ "any 201 == http.response.status", "E0208" },
	{ "any dav.property (any .name == \"x\")", "E0208" },
	{ "any dav.property (none .status == 5)", "E0208" },
	{ "last(http.request.method) == \"x\"", "E0208" },
	{ "dav.property", "E0209" },
	{ "dav.property == \"x\"", "E0209" },
	{ "dav.property contains \"x\"", "E0209" },
	{ "any dav.property == \"x\"", "E0209" },
	{ "first(dav.property) == \"x\"", "E0209" },
	{ "exists .name", "E0209" },
	{ "any .name == \"x\"", "E0209" },
	{ "count(.name) == 1", "E0209" },
	{ "any dav.property (.name == \"x\") and .status == 404", "E0209" },
	{ "any dav.property (none evidence (.input == \"x\"))", "E0209" },
	{ "all dav.property (not (all dav.property (.status == 5)))", "E0209" },
	{ "dav.flavour == \"6.5\"", "E0210" },
	{ "dav.flavour != \"CalDAV\"", "E0210" },
	{ "\"\" == dav.flavour", "E0210" },
	{ "dav.flavour not in {\"caldav\", \"x\"}", "E0210" },
	{ "any quality.loss == \"gaps\"", "E0210" },
	/* These the grammar does not have. */
	{ "dav.write == not true", "E0101" },
	{ "http.response.status == and 5", "E0101" },
	{ "http.request.target == any", "E0101" },
	{ "http.request.target == )", "E0101" },
	{ "http.request.target == {\"x\"}", "E0101" },
	{ "any exists rule.tags", "E0101" },
	{ "any not rule.tags == \"x\"", "E0101" },
	{ "any true", "E0101" },
	{ "any (rule.tags == \"x\")", "E0101" },
	{ "http.response.status == 201 == 201", "E0101" },
	{ "1 < http.response.status < 5", "E0101" },
	{ "http.request.target not not in {\"x\"}", "E0101" },
	{ "http.request.target in \"x\"", "E0101" },
	{ "http.response.status == 1..5", "E0101" },
	{ "count(rule.tags) + 1 == 2", "E0102" },
	{ "dav.write and (true or", "E0101" },
	{ "client.address == 10.0.0.0/8", "E0101" },
};

static void refusals(void **state)
{
	struct stage *s = *state;
	for (size_t i = 0; i < COUNT_OF(refused); i++)
		expect_refusal(s, refused[i].code, refused[i].text, "", "");
	assert_all_right(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(constants_of_other_types, stage_setup,
		    stage_teardown),
		cmocka_unit_test_setup_teardown(refusals, stage_setup, stage_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
