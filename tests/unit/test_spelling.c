/*
 * test_spelling.c - base/spelling.c: distances against a plain table of all of them, and which word
 * somebody meant.
 */
#include "base/base.h"
#include "tests/unit/guard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { LONGEST = 8 };

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* The definition, every cell of it. */
static unsigned plain_distance(struct slice a, struct slice b)
{
	unsigned d[LONGEST + 1][LONGEST + 1];
	for (size_t i = 0; i <= a.n; i++) {
		for (size_t k = 0; k <= b.n; k++) {
			d[i][k] = (unsigned)(i + k);
			if (i == 0 || k == 0)
				continue;
			d[i][k] = least(d[i - 1][k], d[i][k - 1]) + 1;
			d[i][k] = least(d[i][k], d[i - 1][k - 1] + (a.p[i - 1] != b.p[k - 1]));
			if (i > 1 && k > 1 && a.p[i - 1] == b.p[k - 2] && a.p[i - 2] == b.p[k - 1])
				d[i][k] = least(d[i][k], d[i - 2][k - 2] + 1);
		}
	}
	return d[a.n][b.n];
}

/* Words of two letters, each length from nothing on: all that can happen to letters does. */
static struct slice word_number(unsigned number)
{
	uint8_t text[LONGEST];
	size_t n = 0;
	for (number++; number > 1; number /= 2)
		text[n++] = number % 2 != 0 ? 'a' : 'b';
	return (struct slice){ guard_copy(text, n), n };
}

static void distances_are_those_of_the_definition(void **state)
{
	(void)state;
	enum { WORDS = 120 };
	struct slice words[WORDS];
	size_t near = 0;
	for (unsigned i = 0; i < WORDS; i++)
		words[i] = word_number(i);
	for (unsigned i = 0; i < WORDS * WORDS * 5; i++) {
		struct slice a = words[i / 5 % WORDS], b = words[i / 5 / WORDS];
		unsigned allowed = i % 5, plain = plain_distance(a, b);
		near += plain <= allowed;
		assert_int_equal(spelling_distance(a, b, allowed),
		    plain <= allowed ? plain : SPELLING_FAR);
	}
	assert_true(near > WORDS);
}

static void long_words_are_far(void **state)
{
	(void)state;
	char text[SPELLING_MAX + 2];
	memset(text, 'x', sizeof text);
	struct slice longest = { (const uint8_t *)text, SPELLING_MAX };
	struct slice too_long = { (const uint8_t *)text, SPELLING_MAX + 1 };
	assert_int_equal(spelling_distance(longest, longest, 0), 0);
	assert_int_equal(spelling_distance(too_long, longest, 1), 1);
	assert_int_equal(spelling_distance(longest, too_long, 1), SPELLING_FAR);
}

static void the_nearest_word(void **state)
{
	(void)state;
	static const char *const words[] = { "id", "rev", "title", "tags", "tests", "tag-lost" };
	enum { WORDS = sizeof words / sizeof words[0] };
	static const struct {
		const char *typed, *meant;
	} cases[] = { { "tag", "tags" }, { "tets", "tests" }, { "tagz-lost", "tag-lost" },
		{ "ttile", "title" }, { "di", "id" }, { "xy", NULL }, { "x", NULL }, { "", NULL },
		{ "severity", NULL }, { "REV", NULL }, { "lost", NULL },
		{ "tag-last", "tag-lost" } };
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const char *like = word_like(slice_from(cases[i].typed), words, WORDS);
		if (cases[i].meant == NULL)
			assert_null(like);
		else if (like == NULL || strcmp(like, cases[i].meant) != 0)
			fail_msg("%s: %s", cases[i].typed, like != NULL ? like : "nothing");
	}
	assert_null(word_like(SLICE("id"), words, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(distances_are_those_of_the_definition),
		cmocka_unit_test(long_words_are_far),
		cmocka_unit_test(the_nearest_word),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
