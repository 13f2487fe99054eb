/*
 * test_load_hostile.c - rule files of an enemy: as long as they may be, cut anywhere, read with too
 * little memory. Nothing breaks, nothing grows beyond its budget, and it is over soon.
 */
#include "rules/ruleset.h"
#include "tests/unit/guard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define HEAD "davscope_rules: 1\n"

enum { FILE_BYTES = 1 << 20, MEMORY = 16 << 20 };

/* Ten times what an ordinary machine takes; what grows with the square of a file takes far more. */
enum { MOST_MS = 1000 };
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { SLOWER = 10 };
#else
enum { SLOWER = 1 };
#endif

static int64_t cpu_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* The first error's code in `code`, E0010 only when there is no other, "": none. How many rules. */
static size_t load(const char *text, size_t n, uint64_t memory, char code[8])
{
	struct limits limits = limits_default();
	struct error e;
	code[0] = '\0';
	limits.rule_memory = memory;
	struct ruleset *set = ruleset_new(&limits, &e);
	if (set == NULL) {
		snprintf(code, 8, "E0010");
		return 0;
	}
	ruleset_read(set, "t.yaml", (struct slice){ (const uint8_t *)text, n });
	bool fine = ruleset_compile(set);
	size_t complaints, rules = 0;
	const struct complaint *c = ruleset_complaints(set, &complaints);
	for (size_t i = 0; i < complaints; i++) {
		bool better = code[0] == '\0' || strcmp(code, "E0010") == 0;
		if (c[i].code[0] == 'E' && better)
			memcpy(code, c[i].code, sizeof(c[i].code));
	}
	assert_int_equal(fine, code[0] == '\0');
	assert_true(complaints <= 200);
	assert_true(arena_used(set->arena) <= memory);
	while (ruleset_rule(set, rules) != NULL)
		rules++;
	ruleset_free(set);
	return rules;
}

struct flood {
	const char *head, *item, *tail;
	size_t most; /* items; 0: as many as fit */
	const char *code;
};

/* %zu in an item is its number; what has none is repeated as it is. */
static size_t flood_make(const struct flood *f, char *out)
{
	size_t n = (size_t)snprintf(out, FILE_BYTES, "%s", f->head), tail = strlen(f->tail);
	const char *number = strstr(f->item, "#");
	size_t before = number != NULL ? (size_t)(number - f->item) : strlen(f->item);
	for (size_t i = 0; f->most == 0 || i < f->most; i++) {
		char item[256];
		int len = number != NULL ?
		    snprintf(item, sizeof(item), "%.*s%zu%s", (int)before, f->item, i, number + 1) :
		    snprintf(item, sizeof(item), "%s", f->item);
		if (n + (size_t)len + tail >= FILE_BYTES)
			break;
		memcpy(out + n, item, (size_t)len);
		n += (size_t)len;
	}
	memcpy(out + n, f->tail, tail);
	return n + tail;
}

#define RULES HEAD "rules:\n"
#define ONE RULES "  - id: a\n    title: t\n    severity: low\n    event: flow\n    output: x\n"
#define RULE(condition) \
	"  - {id: a#, title: t, severity: low, event: flow, condition: " condition ", output: x}\n"
#define DOUBLING \
	HEAD "macros:\n  m0: flow.resyncs == 1\n" \
	     "  m1: $m0 or $m0\n  m2: $m1 or $m1\n  m3: $m2 or $m2\n  m4: $m3 or $m3\n" \
	     "  m5: $m4 or $m4\n  m6: $m5 or $m5\n  m7: $m6 or $m6\n  m8: $m7 or $m7\n" \
	     "  m9: $m8 or $m8\n  n0: $m9 or $m9\n  n1: $n0 or $n0\n  n2: $n1 or $n1\n" \
	     "  n3: $n2 or $n2\n  n4: $n3 or $n3\n  n5: $n4 or $n4\n  n6: $n5 or $n5\n" \
	     "  n7: $n6 or $n6\n  n8: $n7 or $n7\n  n9: $n8 or $n8\n  o0: $n9 or $n9\n" \
	     "  o1: $o0 or $o0\n  o2: $o1 or $o1\n  o3: $o2 or $o2\n  o4: $o3 or $o3\n" \
	     "  o5: $o4 or $o4\n  o6: $o5 or $o5\n  o7: $o6 or $o6\n  o8: $o7 or $o7\n" \
	     "  o9: $o8 or $o8\n  p0: $o9 or $o9\nrules:\n"

static const struct flood floods[] = {
	{ RULES, RULE("true"), "", 0, "E0010" },
	{ RULES, RULE("true"), "", 10000, "E0010" },
	{ RULES, RULE("true"), "", 1500, "" },
	{ RULES, RULE("x.y"), "", 1500, "E0201" },
	{ RULES, "  - {id: a, title: t, severity: low, event: flow, condition: true, output: x}\n",
	    "", 0, "E0010" },
	{ RULES, "  - {id: a, title: t, severity: low, event: flow, condition: true, output: x}\n",
	    "", 1500, "E0019" },
	{ RULES, "  - {idd: 1}\n", "", 20000, "E0015" },
	{ HEAD, "k#: 1\n", "", 40000, "E0014" },
	{ HEAD "rules: [", "1,", "1]\n", 80000, "E0016" },
	{ HEAD "macros:\n", "  m#: true\n", "", 0, "E0010" },
	{ HEAD "macros:\n", "  m#: true\n", "", 20000, "" },
	{ HEAD "lists:\n  l:\n    type: ip\n    items: [", "10.0.0.1,", "\"::\"]\n", 50000, "" },
	{ HEAD "lists:\n  l:\n    type: ip\n    items: [", "x,", "y]\n", 50000, "E0020" },
	{ HEAD "lists:\n", "  l#: {type: int, items: []}\n", "", 10000, "" },
	{ HEAD "vars: {", "k#: 1,", "}\n", 40000, "E0016" },
	{ HEAD "vars: {", "k: 1,", "}\n", 40000, "E0007" },
	{ DOUBLING, RULE("$p0"), "", 1, "E0212" },
	{ DOUBLING, RULE("$p0"), "", 100, "E0212" },
	{ DOUBLING, RULE("$m9"), "", 1000, "E0010" },
	{ HEAD "macros:\n  a: $a\nrules:\n", RULE("$a"), "", 1000, "E0211" },
	{ ONE "    condition: ", "(", "\n", 0, "E0212" },
	{ ONE "    condition: ", "not ", "true\n", 0, "E0212" },
	{ ONE "    condition: ", "$x or ", "true\n", 0, "E0202" },
	{ ONE "    condition: flow.resyncs in {", "1,", "2}\n", 0, "E0010" },
	{ ONE "    condition: true\n    tags: [", "a,", "b]\n", 40000, "E0310" },
	{ ONE "    condition: true\n    except: [", "false,", "true]\n", 40000, "E0024" },
	{ ONE "    condition: true\n    fields: [", "ts,", "id]\n", 40000, "E0310" },
	{ ONE "    condition: true\n    window: {within: 5s, fire: \">= 2\", by: [", "x#.y,",
	    "id]}\n", 20000, "E0201" },
	{ ONE "    condition: true\n    tests:\n", "      - {name: t#, events: [], expect: []}\n",
	    "", 5000, "E0024" },
	{ ONE
	    "    condition: true\n    tests:\n      - name: t\n        expect: []\n        events:\n",
	    "          - {at: #s, set: {flow.resyncs: 1}}\n", "", 8000, "" },
	{ ONE
	    "    condition: true\n    tests:\n      - name: t\n        expect: []\n        events:\n",
	    "          - {at: 0s, set: {flow.resyncss: 1}}\n", "", 8000, "E0501" },
	{ RULES
	    "  - id: a\n    title: t\n    severity: low\n    event: flow\n    condition: true\n    output: \"",
	    "{id}", "\"\n", 0, "E0024" },
	{ RULES
	    "  - id: a\n    title: t\n    severity: low\n    event: flow\n    condition: true\n    output: \"",
	    "{x.y}", "\"\n", 0, "E0201" },
	{ RULES
	    "  - id: a\n    title: t\n    severity: low\n    event: flow\n    condition: true\n    output: \"",
	    "{{}} ", "\"\n", 0, "E0024" },
	{ RULES
	    "  - id: a\n    title: t\n    severity: low\n    event: flow\n    condition: true\n    output: \"",
	    "x", "\"\n", 0, "" },
	{ ONE "    condition: true\n"
	      "override:\n",
	    "  - {id: b#, rev: 1}\n", "", 10000, "E0022" },
	{ ONE "    condition: true\n"
	      "suppress:\n",
	    "  - {rule: b#, until: 2030-01-01, reason: x}\n", "", 8000, "" },
	{ RULES
	    "  - id: a\n    title: t\n    severity: low\n    output: x\n    sequence:\n      within: 5s\n      steps:\n",
	    "        - {name: s#, event: flow, condition: true}\n", "", 8000, "E0024" },
	{ HEAD "#", "x", "\n", 0, "" },
	{ "", "[", "", 0, "E0009" },
	{ HEAD "vars: ", "{a: ", "", 0, "E0009" },
	{ "", "a", "", 0, "E0011" },
	{ "", "\n", "", 0, "E0011" },
	{ HEAD "requires: {engine: \">= ", "1.", "1\"}\n", 0, "E0013" },
};

static void test_floods(void **state)
{
	(void)state;
	char *text = test_malloc(FILE_BYTES + 1), code[8];
	for (size_t i = 0; i < sizeof(floods) / sizeof(floods[0]); i++) {
		const struct flood *f = &floods[i];
		size_t n = flood_make(f, text);
		int64_t start = cpu_ms();
		load(text, n, MEMORY, code);
		int64_t ms = cpu_ms() - start;
		if (strcmp(code, f->code) != 0)
			fail_msg("%s of '%s': \"%s\", not \"%s\"", f->head, f->item, code, f->code);
		if (ms > MOST_MS * SLOWER)
			fail_msg("%s of '%s': %d ms", f->head, f->item, (int)ms);
	}
	test_free(text);
}

/* Many names that are near to many others, and to none near enough: the costliest to look for. */
static void test_near_names(void **state)
{
	(void)state;
	static const char a[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
	char *text = test_malloc(FILE_BYTES), code[8];
	size_t n = (size_t)snprintf(text, FILE_BYTES, RULES);
	for (int i = 0; i < 300; i++)
		n += (size_t)snprintf(text + n, FILE_BYTES - n,
		    "  - {id: %s%04d, title: t, severity: low, event: flow, condition: true, output: x}\n",
		    a, i);
	n += (size_t)snprintf(text + n, FILE_BYTES - n, "suppress:\n");
	for (int i = 0; i < 8000; i++)
		n += (size_t)snprintf(text + n, FILE_BYTES - n,
		    "  - {rule: %.28sbbbb%04d, until: 2030-01-01, reason: x}\n", a, i);
	assert_true(n < FILE_BYTES);
	int64_t start = cpu_ms();
	assert_int_equal(load(text, n, MEMORY, code), 300);
	assert_string_equal(code, "");
	assert_true(cpu_ms() - start <= MOST_MS * SLOWER);
	test_free(text);
}

/* ---- cut anywhere, little memory ---- */

static const char whole[] = HEAD
    "requires: {engine: \">= 0.1\"}\n"
    "vars: {w: {type: duration, default: 30m, doc: d}}\n"
    "lists: {l: {type: string, items: [PUT, \"POST\"]}, i: {type: ip, items: [\"::1\"]}}\n"
    "macros:\n"
    "  m: >\n"
    "    http.request.method in @l\n"
    "    and http.request.target matches \"^/a\"\n"
    "rules:\n"
    "  - id: a\n"
    "    title: t\n"
    "    severity: low\n"
    "    event: transaction\n"
    "    condition: $m\n"
    "    except: [http.interim == 2]\n"
    "    window: {within: \"${w}\", by: [client.address], fire: \">= 2\", distinct: http.request.target}\n"
    "    limit: {by: [auth.user], max: 1, per: 5m}\n"
    "    fields:\n"
    "      - http.response.header[\"Server\"]\n"
    "    output: \"{key.client.address|trunc(9)}: {window.count} {dav.tag|default(\\\"-\\\")}\"\n"
    "    references: [{title: t, url: u}]\n"
    "    tags: [D01, x]\n"
    "    tests:\n"
    "      - name: silent\n"
    "        events: [{at: 0s, set: {http.request.method: PUT}, unknown: [dav]}]\n"
    "        expect: []\n"
    "  - id: b\n"
    "    title: t\n"
    "    severity: low\n"
    "    sequence:\n"
    "      within: 5s\n"
    "      by: [who]\n"
    "      steps:\n"
    "        - {name: s, event: flow, condition: true, keys: {who: flow.id}}\n"
    "        - {name: t, event: transaction, not: true, condition: true, keys: {who: flow.id}}\n"
    "    output: 'none'\n"
    "suppress:\n"
    "  - {rule: a, where: http.interim == 1, until: 2030-01-01, reason: r}\n"
    "override:\n"
    "  - {id: b, rev: 2, append_except: [true]}\n";

static void test_cut_anywhere(void **state)
{
	(void)state;
	size_t good = 0;
	for (size_t n = 0; n < sizeof(whole); n++) {
		char code[8];
		load((const char *)guard_copy(whole, n), n, MEMORY, code);
		good += code[0] == '\0';
	}
	assert_true(good > 0 && good < sizeof(whole) / 4);
}

/* Each byte in turn becomes another one. */
static void test_one_byte_wrong(void **state)
{
	(void)state;
	static const char others[] = "\xff\"'{}[]:,-\n \t&*!|>#%0$@";
	char text[sizeof(whole)];
	memcpy(text, whole, sizeof(whole));
	for (size_t i = 0; i < sizeof(whole) - 1; i++) {
		char code[8];
		text[i] = others[i % (sizeof(others) - 1)];
		load(text, sizeof(whole) - 1, MEMORY, code);
		text[i] = whole[i];
	}
	char code[8];
	assert_int_equal(load(text, sizeof(whole) - 1, MEMORY, code), 2);
	assert_string_equal(code, "");
}

/*
 * With every budget it either says E0010, and nothing that follows from it, or has all of it; more
 * memory never makes it worse. Conditions (E02) may still take a lack of room for a mistake.
 */
static void test_little_memory(void **state)
{
	(void)state;
	bool enough = false;
	size_t refused = 0;
	for (uint64_t memory = 64; memory < 128 * 1024; memory += 224) {
		char code[8];
		size_t n = load(whole, sizeof(whole) - 1, memory, code);
		bool fine = code[0] == '\0';
		if (enough && !fine)
			fail_msg("%s with %d bytes", code, (int)memory);
		if (fine)
			assert_int_equal(n, 2);
		else if (strcmp(code, "E0010") != 0 && strncmp(code, "E02", 3) != 0)
			fail_msg("%s with %d bytes", code, (int)memory);
		refused += !fine;
		enough = fine;
	}
	assert_true(enough);
	assert_true(refused > 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_floods),
		cmocka_unit_test(test_near_names),
		cmocka_unit_test(test_cut_anywhere),
		cmocka_unit_test(test_one_byte_wrong),
		cmocka_unit_test(test_little_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
