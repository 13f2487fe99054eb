/*
 * Memory that runs out while a capture is scrubbed: nothing private gets through, and all is given back.
 * Linked with malloc, calloc and realloc wrapped.
 */
#include "capture/capture.h"
#include "cmd/scrub/body.h"
#include "cmd/scrub/scrub.h"
#include "tests/unit/alloc_fail.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <zlib.h>

static const char secret[] = "Geheimnis";

static bool is_in(const uint8_t *p, size_t n)
{
	struct slice s = { p, n };
	return slice_find(s, SLICE("Geheim")) != n || slice_find(s, SLICE("R2VoZWlt")) != n ||
	    slice_find(s, SLICE("=47eheim")) != n || slice_find(s, SLICE("%47eheim")) != n ||
	    slice_find(s, SLICE("&#71;eheim")) != n;
}

static bool scrub_with(long allocations, const char *type, const char *coding, uint8_t *p, size_t n)
{
	struct words *w = words_new(hash_key_from(1));
	const struct limits limits = limits_default();
	struct head head = { .n_type = strlen(type), .n_coding = strlen(coding) };
	memcpy(head.type, type, head.n_type);
	memcpy(head.coding, coding, head.n_coding);
	allocations_left = allocations;
	body_scrub(w, &limits, &head, (struct span){ p, n });
	bool all = allocations_left > 0;
	allocations_left = -1;
	words_free(w);
	return all;
}

static void test_bodies(void **state)
{
	(void)state;
	static const struct {
		const char *type, *text;
	} bodies[] = {
		{ "text/calendar",
		    "SUMMARY:Geheim\r\n nis\\, Geheimnis\r\nNOTE;ENCODING=QUOTED-PRINTABLE:=47eheimnis\r\n" },
		{ "text/xml",
		    "<href>/%47eheimnis/&#71;eheimnis</href><calendar-data>X:Geheim\n nis</calendar-data>" },
		{ "message/rfc822",
		    "Subject: =?x?B?R2VoZWltbmlz?=\n\tGeheimnis\nContent-Transfer-Encoding: base64\n\nR2VoZWltbmlzR2VoZWltbmlz\n" },
		{ "application/json", "{\"a\":\"\\u0047eheimnis Geheimnis\"}" },
		{ "application/x-www-form-urlencoded", "a=%47eheimnis" },
	};
	for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
		size_t n = strlen(bodies[i].text);
		long failures = 0;
		for (bool all = false; !all; failures++) {
			uint8_t copy[256];
			memcpy(copy, bodies[i].text, n);
			all = scrub_with(failures, bodies[i].type, "", copy, n);
			assert_false(is_in(copy, n));
		}
		assert_true(failures > 1);
	}
}

static void test_packed(void **state)
{
	(void)state;
	uint8_t packed[512], copy[512], plain[512];
	char text[256] = "";
	for (int i = 0; i < 12; i++)
		strncat(text, i % 2 ? secret : "<a>b</a>", sizeof text - strlen(text) - 1);
	z_stream z = { .next_in = (Bytef *)text,
		.avail_in = (uInt)strlen(text),
		.next_out = packed,
		.avail_out = sizeof packed };
	assert_int_equal(deflateInit2(&z, 1, Z_DEFLATED, 31, 8, 0), Z_OK);
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	size_t n = z.total_out;
	deflateEnd(&z);
	long failures = 0;
	for (bool all = false; !all; failures++) {
		memcpy(copy, packed, n);
		all = scrub_with(failures, "text/xml", "gzip", copy, n);
		z_stream u = { .next_in = copy,
			.avail_in = (uInt)n,
			.next_out = plain,
			.avail_out = sizeof plain };
		assert_int_equal(inflateInit2(&u, 31), Z_OK);
		inflate(&u, Z_FINISH);
		assert_false(is_in(plain, u.total_out));
		inflateEnd(&u);
	}
	assert_true(failures > 5);
}

/* What the listener could not keep is not in the packet. */
static void test_streams(void **state)
{
	(void)state;
	const struct limits limits = limits_default();
	struct scrub_options options = { .limits = &limits,
		.key = hash_key_from(1),
		.beside = "-" };
	struct error e;
	long failures = 0, opened = 0;
	for (bool all = false; !all; failures++) {
		allocations_left = failures;
		struct scrubber *s = scrubber_new(&options, &e);
		if (s != NULL) {
			const struct decode_tap *tap = scrubber_tap(s);
			void *own = NULL;
			struct slice head = SLICE(
			    "GET /Geheimnis HTTP/1.1\r\nHost: Geheimnis\r\n\r\n");
			for (uint64_t at = 0; at < 20 * head.n; at += head.n) {
				tap->bytes(tap->ctx, &own, at, head,
				    at == 0 ? TAP_HEAD : TAP_OPAQUE);
				tap->end(tap->ctx, &own, TAP_WHOLE);
			}
			tap->gap(tap->ctx, &own);
			tap->close(tap->ctx, &own);
			all = allocations_left > 0;
			opened++;
		}
		allocations_left = -1;
		scrubber_free(s);
	}
	assert_true(opened > 3 && failures > opened);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bodies),
		cmocka_unit_test(test_packed),
		cmocka_unit_test(test_streams),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
