/*
 * test_constant.c - rules/constant.c: plain text as durations, versions, addresses, times.
 */
#include "rules/condition.h"
#include "tests/unit/guard.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define SEC INT64_C(1000000000)

static void test_durations(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int64_t ns; /* -1: it is none */
	} all[] = {
		{ "1.5s", 1500000000 },
		{ "0.001704s", 1704000 },
		{ "0.25h", 900 * SEC },
		{ "1.000000001s", 1000000001 },
		{ "1.0000000001s", -1 },
		{ "0.5ms", 500000 },
		{ "106751.0d", INT64_C(106751) * 86400 * SEC },
		{ "106751.99999d", -1 },
		{ "9223372036854.775807ms", INT64_MAX },
		{ "9223372036854.775808ms", -1 },
		{ "1.s", -1 },
		{ ".5s", -1 },
		{ "1.5", -1 },
		{ "1.5.5s", -1 },
		{ "1.-5s", -1 },
	};
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		int64_t ns = -1;
		bool fine = duration_read(slice_from(all[i].text), &ns);
		if ((fine ? ns : -1) != all[i].ns)
			fail_msg("%s: %lld", all[i].text, (long long)ns);
	}
	int64_t ns;
	assert_true(duration_read(SLICE("-1.5s"), &ns) && ns == -1500000000);
}

static int order_of(const char *a, const char *b, bool *valid)
{
	struct slice left = { guard_copy(a, strlen(a)), strlen(a) };
	struct slice right = { guard_copy(b, strlen(b)), strlen(b) };
	return version_compare(left, right, valid);
}

/* Part by part, as numbers of any length; missing parts are 0. */
static void test_versions(void **state)
{
	(void)state;
	static const struct {
		const char *a, *b;
		int order;
	} all[] = {
		{ "6.5.7651.9", "6.5.7651.50", -1 },
		{ "6.5", "6.5.0.0", 0 },
		{ "6.5.0.1", "6.5", 1 },
		{ "06.005", "6.5", 0 },
		{ "10", "9", 1 },
		{ "99999999999999999999999999", "100000000000000000000000000", -1 },
	};
	bool valid;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		int order = order_of(all[i].a, all[i].b, &valid);
		if (!valid || (order > 0) - (order < 0) != all[i].order)
			fail_msg("%s against %s: %d", all[i].a, all[i].b, order);
		order = order_of(all[i].b, all[i].a, &valid);
		assert_int_equal((order > 0) - (order < 0), -all[i].order);
	}
	static const char *const none[] = { "", ".", "6.", ".6", "6..5", "6.5a", "-6", "6 5" };
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		order_of(none[i], "6.5", &valid);
		if (valid)
			fail_msg("%s is no version", none[i]);
		order_of("7", none[i], &valid);
		assert_false(valid);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_durations),
		cmocka_unit_test(test_versions),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
