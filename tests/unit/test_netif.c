/*
 * What the kernel says of interfaces: the loopback one is everywhere, the highest number nowhere.
 */
#include <fcntl.h>
#include <net/if.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <unistd.h>
#include <cmocka.h>

#include "capture/netif.h"

static void there_and_gone(void **state)
{
	(void)state;
	struct netif n = { .up = true };
	int fd = netif_open();
	unsigned loopback = if_nametoindex("lo");
	if (fd < 0 || loopback == 0)
		skip();
	for (int i = 0; i < 3; i++) { /* an answer is of the question asked last */
		assert_int_equal(netif_ask(fd, loopback, &n), NETIF_THERE);
		assert_int_equal(n.missed, 0);
		assert_int_equal(netif_ask(fd, INT32_MAX, &n), NETIF_GONE);
		assert_false(n.up);
	}
	close(fd);
}

/* What nobody answers is not gone. */
static void nothing_is_known(void **state)
{
	(void)state;
	struct netif n = { .up = true };
	assert_int_equal(netif_ask(-1, 1, &n), NETIF_UNKNOWN);
	assert_false(n.up);
	int null = open("/dev/null", O_RDWR);
	assert_int_equal(netif_ask(null, 1, &n), NETIF_UNKNOWN);
	close(null);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(there_and_gone),
		cmocka_unit_test(nothing_is_known),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
