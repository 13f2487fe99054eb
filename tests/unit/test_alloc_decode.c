/*
 * Memory that runs out anywhere between a packet and a transaction: no crash, nothing kept, and no
 * claim that a header is absent which the whole conversation has. Linked with malloc, calloc and
 * realloc wrapped.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/alloc_fail.h"
#include "tests/unit/flowkit.h"

static const char put[] =
    "PUT /c/a.ics HTTP/1.1\r\nAuthorization: Basic YTpi\r\nContent-Type: text/calendar\r\n"
    "Content-Length: 15\r\n\r\nBEGIN:VCALENDAR";
static const char report[] =
    "REPORT /c/ HTTP/1.1\r\nContent-Type: text/xml\r\nTransfer-Encoding: chunked\r\n\r\n"
    "2b\r\n<sync-collection xmlns='DAV:'><sync-token/>\r\n12\r\n</sync-collection>\r\n0\r\n\r\n";
static const char created[] = "HTTP/1.1 201 Created\r\nETag: \"1\"\r\nContent-Length: 0\r\n\r\n";
static const char status[] =
    "HTTP/1.1 207 Multi-Status\r\nContent-Type: text/xml\r\nETag: \"2\"\r\n"
    "Content-Length: 92\r\n\r\n<multistatus xmlns='DAV:'><response><href>/c/a.ics</href><status>x</status>"
    "</response></multistatus>";

/* Segments come early, twice and in pieces, so that every kind of allocation is met. */
static void converse(struct kit *k)
{
	uint32_t c = 101, s = 501;
	kit_send(k, 0, 0, 100, 0, TCP_SYN, "");
	kit_send(k, 0, 1, 500, 101, TCP_SYN | TCP_ACK, "");
	kit_send(k, 0, 0, c + 9, s, TCP_ACK, put + 9);
	kit_send(k, 0, 0, c, s, TCP_ACK, "PUT /c/a.");
	c += sizeof(put) - 1;
	kit_send(k, 0, 1, s, c, TCP_ACK, "HTTP/1.1 20");
	kit_send(k, 0, 1, s + 11, c, TCP_ACK, created + 11);
	s += sizeof(created) - 1;
	kit_send(k, 0, 0, c, s, TCP_ACK, report);
	c += sizeof(report) - 1;
	kit_send(k, 0, 1, s, c, TCP_ACK, status);
	s += sizeof(status) - 1;
	kit_send(k, 0, 0, c, s, TCP_ACK | TCP_FIN, "");
	kit_send(k, 0, 1, s, c + 1, TCP_ACK | TCP_FIN, "");
	kit_finish(k);
}

/* Both answers carry a tag: whatever is missing, it is not absent. */
static size_t transactions_of(const struct kit *k)
{
	size_t n = 0;
	for (const struct output *o; (o = kit_output(k, OUTPUT_TXN, n)); n++) {
		struct slice tag;
		if (o->u.txn->res.seen)
			assert_int_not_equal(message_header(&o->u.txn->res, "etag", &tag), ABSENT);
	}
	return n;
}

/* Returns whether the k-th allocation was ever asked for. */
static bool one_failure(long k)
{
	struct kit kit = { .options = { .limits = limits_default(),
			       .key = hash_key_from(1),
			       .bodies = BODIES_ALL,
			       .keep_packets = true } };
	allocations_left = k;
	bool opened = shard_init(&kit.shard, &kit.options);
	if (opened)
		converse(&kit);
	bool failed = allocations_left < 0;
	allocations_left = -1;
	if (opened) {
		size_t n = transactions_of(&kit);
		assert_true(failed || n == 2);
		assert_int_equal(kit.shard.txn_used, 0);
		assert_int_equal(kit.shard.reassembly_used, 0);
		assert_int_equal(kit.shard.history_used, 0);
	}
	shard_fini(&kit.shard);
	return failed;
}

static void every_allocation_may_fail(void **unused)
{
	(void)unused;
	long k = 0;
	while (one_failure(k))
		k++;
	assert_true(k > 15);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(every_allocation_may_fail) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
