/*
 * test_vis.c - what is shown is harmless, and nothing is lost on the way.
 */
#include "base/base.h"
#include "tests/unit/guard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static size_t vis_all(const void *p, size_t n, char *out, size_t room)
{
	struct slice in = { guard_copy(p, n), n };
	size_t written = 0;
	while (in.n != 0) {
		char next[VIS_MAX];
		size_t left = in.n, got = vis_next(&in, next);
		assert_true(in.n < left && got > 0 && got <= VIS_MAX && got <= room - written);
		memcpy(out + written, next, got);
		written += got;
	}
	return written;
}

static void assert_vis(const char *in, const char *expected)
{
	char out[512];
	uint8_t back[512];
	size_t n = vis_all(in, strlen(in), out, sizeof(out) - 1);
	out[n] = 0;
	assert_string_equal(out, expected);
	assert_int_equal(unvis(out, n, back, sizeof(back)), strlen(in));
	assert_memory_equal(back, in, strlen(in));
}

static void test_what_is_escaped(void **state)
{
	(void)state;
	assert_vis("plain \"text\" <&>", "plain \"text\" <&>");
	assert_vis("\x1b[31m\t\r\n\x7f", "\\x1b[31m\\x09\\x0d\\x0a\\x7f");
	assert_vis("a\\x41", "a\\\\x41");
	assert_vis("gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x93\x85",
	    "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x93\x85");
	assert_vis("\xc2\x9b"
		   "31m",
	    "\\xc2\\x9b31m");
	assert_vis("\xe2\x80\xae"
		   "fdp.exe",
	    "\\u{202e}fdp.exe");
	assert_vis("\xe2\x81\xa6\xe2\x81\xa9\xd8\x9c\xe2\x80\x8f",
	    "\\u{2066}\\u{2069}\\u{61c}\\u{200f}");
	assert_vis("a\xe2\x80\xa8z\xe2\x80\xa9", "a\\u{2028}z\\u{2029}");
}

static void test_what_is_no_utf8(void **state)
{
	(void)state;
	assert_vis("\xff\xfe", "\\xff\\xfe");
	assert_vis("\xc0\xaf", "\\xc0\\xaf");
	assert_vis("\xe0\x80\xaf", "\\xe0\\x80\\xaf");
	assert_vis("\xf0\x8f\xbf\xbf", "\\xf0\\x8f\\xbf\\xbf");
	assert_vis("\xed\xa0\x80", "\\xed\\xa0\\x80");
	assert_vis("\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80");
	assert_vis("\xe2\x82", "\\xe2\\x82");
	assert_vis("\xe2\x82z", "\\xe2\\x82z");
	assert_vis("\xf4\x8f\xbf\xbf\xef\xbf\xbf", "\xf4\x8f\xbf\xbf\xef\xbf\xbf");
}

static void test_nul_is_a_byte(void **state)
{
	(void)state;
	char out[8];
	assert_int_equal(vis_all("\0", 1, out, sizeof(out)), 4);
	assert_memory_equal(out, "\\x00", 4);
	struct slice nothing = { NULL, 0 };
	assert_int_equal(vis_next(&nothing, (char[VIS_MAX]){ 0 }), 0);
}

/* Random bytes of a fixed seed, half of them from the alphabet that makes trouble. */
static void test_round_trip(void **state)
{
	(void)state;
	static const char trouble[] = "\\xu{}0aF\xe2\x80\xaa\xc2\x85\xf4\x8f\xed\xa0\n";
	uint64_t seed = 1;
	for (unsigned round = 0; round < 2000; round++) {
		uint8_t in[24], back[24];
		char out[sizeof(in) * 4];
		for (size_t i = 0; i < sizeof(in); i++) {
			seed = seed * 6364136223846793005u + 1442695040888963407u;
			uint32_t r = (uint32_t)(seed >> 33);
			in[i] = r & 1 ? (uint8_t)(r >> 8) :
					(uint8_t)trouble[(r >> 8) % (sizeof(trouble) - 1)];
		}
		size_t length = round % (sizeof(in) + 1);
		size_t n = vis_all(in, length, out, sizeof(out));
		struct slice shown = { (const uint8_t *)out, n };
		while (shown.n != 0) {
			uint32_t cp = 0;
			size_t step = utf8_next(shown, &cp);
			assert_true(step != 0 && cp >= 0x20 && (cp < 0x7f || cp > 0x9f));
			shown = slice_part(shown, step, SIZE_MAX);
		}
		const char *text = (const char *)guard_copy(out, n);
		assert_int_equal(unvis(text, n, back, sizeof(back)), length);
		assert_memory_equal(back, in, length);
		if (length != 0)
			assert_true(unvis(text, n, back, length - 1) == SIZE_MAX);
	}
}

static void test_what_unvis_refuses(void **state)
{
	(void)state;
	static const char *const bad[] = { "\\", "\\x", "\\x1", "\\xg0", "\\n", "\\u", "\\u{",
		"\\u{}", "\\u{12", "\\u{1234567}", "\\u{110000}", "\\u{d800}", "\\u{x}",
		"\\u202e" };
	uint8_t out[32];
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		size_t n = strlen(bad[i]);
		assert_true(
		    unvis((const char *)guard_copy(bad[i], n), n, out, sizeof(out)) == SIZE_MAX);
	}
	assert_int_equal(unvis("", 0, out, 0), 0);
	assert_int_equal(unvis("\\u{10FFFF}\\xAb", 14, out, sizeof(out)), 5);
	assert_memory_equal(out, "\xf4\x8f\xbf\xbf\xab", 5);
	assert_int_equal(unvis("\\u{e9}\\u{7a}", 12, out, sizeof(out)), 3);
	assert_memory_equal(out, "\xc3\xa9z", 3);
}

static void test_what_is_plain(void **state)
{
	(void)state;
	static const char *const marked[] = { "a\nb", "\x1b[2J", "\x7f", "\xc2\x9b", "\xff",
		"\xe2\x80", "\xe2\x80\xae", "\xe2\x80\xa8" };
	assert_true(vis_is_plain(SLICE("")));
	assert_true(vis_is_plain(SLICE("{\"a\":\"\\\\n \xc3\xa9 \xf0\x9f\x98\x80\"}")));
	for (size_t i = 0; i < sizeof(marked) / sizeof(marked[0]); i++) {
		size_t n = strlen(marked[i]);
		assert_false(vis_is_plain((struct slice){ guard_copy(marked[i], n), n }));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_escaped),
		cmocka_unit_test(test_what_is_no_utf8),
		cmocka_unit_test(test_nul_is_a_byte),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_what_unvis_refuses),
		cmocka_unit_test(test_what_is_plain),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
