/*
 * test_exporter.c - where the metrics endpoint listens, and what it refuses to understand. Its answers
 * are in test_keeper.c.
 */
#include "cmd/keeper/exporter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static char *no_text(void *ctx, size_t *n)
{
	(void)ctx;
	*n = 0;
	return calloc(1, 1);
}

static bool is_well(void *ctx, struct error *why)
{
	(void)ctx;
	(void)why;
	return true;
}

static struct exporter *try_open(const char *address, struct error *e)
{
	return exporter_open(address, (struct exporter_answers){ no_text, is_well, NULL }, e);
}

static void test_addresses(void **state)
{
	(void)state;
	static const char *const good[] = { "127.0.0.1:0", "localhost:0", "[::1]:0",
		"0.0.0.0:0/metrics", "[::1]:0/a/b:c", "127.0.0.1:0/" };
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		struct error e = { "" };
		struct exporter *x = try_open(good[i], &e);
		if (x == NULL)
			print_error("%s: %s\n", good[i], e.text);
		assert_non_null(x);
		assert_true(exporter_port(x) != 0);
		assert_true(exporter_fd(x) >= 0);
		exporter_run(x);
		exporter_close(x);
	}
}

static void test_no_addresses(void **state)
{
	(void)state;
	static const char *const bad[] = { "", "127.0.0.1", "9920", ":9920", "::1:9920", "[::1]",
		"[::1]9920", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1",
		"127.0.0.1:99999999999999999999", "host:80", "[127.0.0.1]:80", "127.0.0.1:80x",
		"/metrics", "256.0.0.1:80" };
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct error e = { "" };
		assert_null(try_open(bad[i], &e));
		assert_non_null(strstr(e.text, "--metrics"));
	}
	char longest[300] = "127.0.0.1:0/";
	memset(longest + 12, 'x', 200);
	struct error e;
	assert_null(try_open(longest, &e));
}

static void test_port_is_taken(void **state)
{
	(void)state;
	struct error e = { "" };
	struct exporter *first = try_open("127.0.0.1:0", &e);
	char address[32];
	assert_non_null(first);
	snprintf(address, sizeof address, "127.0.0.1:%u", exporter_port(first));
	struct exporter *second = try_open(address, &e);
	assert_null(second);
	assert_non_null(strstr(e.text, "cannot be listened on"));
	exporter_close(first);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_no_addresses),
		cmocka_unit_test(test_port_is_taken),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
