/*
 * test_yaml_hostile.c - base/yaml.c: depth, memory that ends, megabytes that mean harm.
 */
#include "tests/unit/yaml_doc.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { SANITIZED = 1 };
#else
enum { SANITIZED = 0 };
#endif

static char *repeat(char *to, const char *what, size_t times)
{
	size_t n = strlen(what);
	for (size_t i = 0; i < times; i++, to += n)
		memcpy(to, what, n + 1);
	return to;
}

static void depth_is_counted(void **state)
{
	(void)state;
	static const struct {
		const char *open, *core, *close;
		size_t width;
	} shapes[] = {
		{ "[", "x", "]", 1 },
		{ "{a: ", "x", "}", 4 },
		{ "- ", "x", "", 2 },
		{ "[a: ", "x", "]", 0 },
	};
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		for (size_t levels = 6; levels <= 10; levels += 2) {
			char text[128];
			size_t pairs = shapes[i].width != 0 ? levels : levels / 2;
			char *end = repeat(text, shapes[i].open, pairs);
			repeat(repeat(end, shapes[i].core, 1), shapes[i].close, pairs);
			struct doc d = doc_parse(slice_from(text), BUDGET, 8);
			assert_int_equal(d.root != NULL, levels <= 8);
			if (d.root == NULL)
				assert_int_equal(d.error.fault, YAML_DEPTH);
			if (d.root == NULL && shapes[i].width != 0)
				assert_mark(d.error.at, 1, 8 * shapes[i].width + 1,
				    8 * shapes[i].width);
			doc_free(&d);
		}
	}
	struct doc d = doc_parse(SLICE("a: 1"), BUDGET, 0);
	assert_null(d.root);
	assert_int_equal(d.error.fault, YAML_DEPTH);
	doc_free(&d);
	d = doc_parse(SLICE("a: 1"), BUDGET, SIZE_MAX);
	assert_non_null(d.root);
	doc_free(&d);
}

/* Levels that were closed count no more. */
static void depth_is_given_back(void **state)
{
	(void)state;
	struct doc d = doc_parse(SLICE("[[], [], {a: {}}, [[]]]"), BUDGET, 3);
	assert_non_null(d.root);
	assert_int_equal(d.root->n, 4);
	doc_free(&d);
}

/* At every budget: the whole tree or YAML_MEMORY; more memory never gives less. */
static void arena_that_ends_anywhere(void **state)
{
	(void)state;
	char text[4096];
	size_t n = 0;
	for (size_t i = 0; i < 40; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n,
		    "key%zu: [one, {two: 'three', \"four\": 4}]\nk%zu: >\n five\n", i, i);
	for (size_t i = 0; i < 2; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "long%zu: \"%0200d\"\n", i, 7);
	size_t failures = 0;
	bool whole = false;
	for (size_t budget = 0; budget < 64 * 1024; budget += 61) {
		struct doc d = doc_parse(slice_from(text), budget, DEPTH);
		assert_false(whole && d.root == NULL);
		whole = d.root != NULL;
		if (!whole) {
			failures++;
			assert_int_equal(d.error.fault, YAML_MEMORY);
			check_mark(d.text, d.error.at);
		}
		assert_true(arena_used(d.arena) <= (budget > 256 ? budget : 256));
		doc_free(&d);
	}
	assert_true(whole);
	assert_true(failures > 100);
}

/* ---- hostile texts ---- */

static int64_t cpu_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

struct hostile {
	const char *begin, *again, *end;
	bool taken;
	enum yaml_fault fault;
};

static size_t hostile_text(const struct hostile *h, char *text)
{
	size_t begin = strlen(h->begin), again = strlen(h->again), end = strlen(h->end);
	memcpy(text, h->begin, begin);
	size_t n = begin;
	for (; n + again + end <= MIB; n += again)
		memcpy(text + n, h->again, again);
	memcpy(text + n, h->end, end);
	return n + end;
}

static void check_hostile(struct slice text, const struct hostile *h)
{
	int64_t before = cpu_ms();
	struct arena *arena = arena_new(BUDGET);
	struct yaml_error error = { .text = "" };
	struct yaml *root = yaml_parse(text, arena, DEPTH, &error);
	int64_t took = cpu_ms() - before;
	/* Linear work takes a tenth of it, what grows with the square much more. */
	bool slow = took > (SANITIZED ? 4000 : 500);
	if (slow || (root != NULL) != h->taken)
		print_error("%s%s: %d ms, %s\n", h->begin, h->again, (int)took, error.text);
	assert_false(slow);
	assert_int_equal(root != NULL, h->taken);
	if (root == NULL)
		assert_int_equal(error.fault, h->fault);
	arena_free(arena);
}

static void hostile_megabytes(void **state)
{
	(void)state;
	static const struct hostile texts[] = {
		{ "", "[", "", false, YAML_DEPTH },
		{ "", "{", "", false, YAML_SYNTAX },
		{ "", "{a: ", "", false, YAML_DEPTH },
		{ "", "- ", "", false, YAML_DEPTH },
		{ "", "? ", "", false, YAML_SYNTAX },
		{ "", "a: ", "", false, YAML_SYNTAX },
		{ "[", "a,", "a]", false, YAML_MEMORY },
		{ "[", "a,\n ", "a]", false, YAML_MEMORY },
		{ "", "- \n", "", false, YAML_MEMORY },
		{ "", "- []\n", "", false, YAML_MEMORY },
		{ "[", "a: b,", "]", false, YAML_MEMORY },
		{ "", "k: v\n", "", false, YAML_MEMORY },
		{ "{", "? ,", "}", false, YAML_MEMORY },
		{ "", "x", "", true, YAML_SYNTAX },
		{ "", "x ", "", true, YAML_SYNTAX },
		{ "", "x\n", "", true, YAML_SYNTAX },
		{ "\"", "\\x41", "\"", true, YAML_SYNTAX },
		{ "'", "''", "'", true, YAML_SYNTAX },
		{ "'", "\n", "'", true, YAML_SYNTAX },
		{ "|\n", " x\n", "", true, YAML_SYNTAX },
		{ ">\n", " \n", " x", true, YAML_SYNTAX },
		{ "|\n", " \r", " x", true, YAML_SYNTAX },
		{ "# ", "\xc3\xa9", "\xe2\x80\xa8", false, YAML_ENCODING },
		{ "a: 1 #", "c", "", true, YAML_SYNTAX },
		{ "", "#\n", "a: 1", true, YAML_SYNTAX },
		{ "", "\n", "a: 1", true, YAML_SYNTAX },
		{ "a:", " ", "1", true, YAML_SYNTAX },
		{ "", "--- ", "", true, YAML_SYNTAX },
		{ "", "---\n", "", false, YAML_DOCUMENTS },
		{ "", "%YAML 1.1\n", "", false, YAML_SYNTAX },
		{ "", "%TAG !a! b\n", "", false, YAML_SYNTAX },
		{ "!", "a", " x", false, YAML_TAG },
		{ "&", "a", " x", false, YAML_ANCHOR },
		{ "[", "\xf0\x9f\x98\x80,", "]", false, YAML_MEMORY },
		{ "", "\xc3\xa9", "\xff", false, YAML_ENCODING },
		{ "[[[[", "],[", "", false, YAML_MEMORY },
	};
	char *text = malloc(MIB + 64);
	assert_non_null(text);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		size_t n = hostile_text(&texts[i], text);
		check_hostile((struct slice){ (const uint8_t *)text, n }, &texts[i]);
	}
	free(text);
}

/* Keys that agree for a long way, and the repetition far from its like. */
static void many_keys(void **state)
{
	(void)state;
	static const struct hostile taken = { "many keys", "", "", true, YAML_SYNTAX },
				    repeated = { "many keys, one twice", "", "", false,
					    YAML_REPEATED };
	char *text = malloc(2 * MIB);
	assert_non_null(text);
	for (int flow = 0; flow < 2; flow++) {
		size_t n = 0;
		if (flow)
			text[n++] = '{';
		for (unsigned i = 0; i < 60000; i++)
			n += (size_t)snprintf(text + n, 32, "key-%08x: 1%s", i * 2654435761u,
			    flow ? "," : "\n");
		size_t all = n;
		if (flow)
			text[all++] = '}';
		check_hostile((struct slice){ (const uint8_t *)text, all }, &taken);
		n += (size_t)snprintf(text + n, 32, "key-%08x: 1%s", 3 * 2654435761u,
		    flow ? "}" : "");
		check_hostile((struct slice){ (const uint8_t *)text, n }, &repeated);
	}
	size_t n = 0;
	for (unsigned i = 0; i < 1024; i++)
		n += (size_t)snprintf(text + n, 2 * MIB - n, "%0*u: 1\n", 1000, i);
	check_hostile((struct slice){ (const uint8_t *)text, n }, &taken);
	free(text);
}

/* libyaml compares each with all before it: it must not come to see them. */
static void many_directives(void **state)
{
	(void)state;
	static const struct hostile cases[] = {
		{ "", "many directives", "", false, YAML_SYNTAX },
		{ "a: 1\n", "many directives", "", false, YAML_DOCUMENTS },
		{ "a: 1\n...\n", "many directives", "", false, YAML_DOCUMENTS },
		{ "[a,\n", "many directives", "", false, YAML_SYNTAX },
	};
	char *text = malloc(MIB);
	assert_non_null(text);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t n = (size_t)snprintf(text, MIB, "%s", cases[i].begin);
		for (unsigned tag = 0; n + 64 < MIB; tag++)
			n += (size_t)snprintf(text + n, 32, "%%TAG !x%x! tag:y\n", tag);
		n += (size_t)snprintf(text + n, 32, "---\n");
		check_hostile((struct slice){ (const uint8_t *)text, n }, &cases[i]);
	}
	free(text);
}

/* ---- libyaml without memory ---- */

static size_t bytes_mapped(void)
{
	unsigned long pages = 0;
	FILE *f = fopen("/proc/self/statm", "r");
	if (f == NULL || fscanf(f, "%lu", &pages) != 1)
		pages = 0;
	if (f != NULL)
		fclose(f);
	return pages * (size_t)sysconf(_SC_PAGESIZE);
}

enum { MEMORY_SEEN = 40, TREE_SEEN, SOMETHING_ELSE };

/* In a process of its own, as the system gives nothing back after this. */
static int parse_with_room(struct slice text, size_t room)
{
	struct arena *arena = arena_new(BUDGET);
	size_t mapped = bytes_mapped();
	struct rlimit limit = { mapped + room, mapped + room };
	if (arena == NULL || mapped == 0 || setrlimit(RLIMIT_AS, &limit) != 0)
		return SOMETHING_ELSE;
	struct yaml_error error;
	if (yaml_parse(text, arena, DEPTH, &error) != NULL)
		return TREE_SEEN;
	return error.fault == YAML_MEMORY ? MEMORY_SEEN : SOMETHING_ELSE;
}

static void library_without_memory(void **state)
{
	(void)state;
	if (SANITIZED)
		skip();
	size_t n = 8 * MIB, failures = 0;
	char *text = malloc(n);
	assert_non_null(text);
	memset(text, 'x', n);
	int code = MEMORY_SEEN;
	for (size_t room = 0; code == MEMORY_SEEN && room < 64; room += 2) {
		pid_t child = fork();
		if (child == 0)
			_exit(parse_with_room((struct slice){ (uint8_t *)text, n }, room * MIB));
		int status;
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFEXITED(status));
		code = WEXITSTATUS(status);
		failures += code == MEMORY_SEEN;
	}
	assert_int_equal(code, TREE_SEEN);
	assert_true(failures > 3);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(depth_is_counted),
		cmocka_unit_test(depth_is_given_back),
		cmocka_unit_test(arena_that_ends_anywhere),
		cmocka_unit_test(hostile_megabytes),
		cmocka_unit_test(many_keys),
		cmocka_unit_test(many_directives),
		cmocka_unit_test(library_without_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
