/*
 * test_scrub_coding.c - coding.c, pack.c, huffman.c: packed again into exactly the room there was.
 */
#include "cmd/scrub/coding.h"
#include "cmd/scrub/formats.h"
#include "cmd/scrub/pack.h"
#include "tests/unit/scrub_text.h"

#include <stdio.h>
#include <zlib.h>

enum { ROOM = 1 << 17 };

static size_t zip(const void *p, size_t n, int bits, int level, uint8_t *out)
{
	z_stream z = { .next_in = (Bytef *)(uintptr_t)p,
		.avail_in = (uInt)n,
		.next_out = out,
		.avail_out = ROOM };
	assert_int_equal(deflateInit2(&z, level, Z_DEFLATED, bits, 8, Z_DEFAULT_STRATEGY), Z_OK);
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	deflateEnd(&z);
	return ROOM - z.avail_out;
}

/* All of the input has to be used up. */
static int unzip(const uint8_t *p, size_t n, int bits, uint8_t *out, size_t *made)
{
	z_stream z = { .next_in = (Bytef *)(uintptr_t)p,
		.avail_in = (uInt)n,
		.next_out = out,
		.avail_out = ROOM };
	assert_int_equal(inflateInit2(&z, bits), Z_OK);
	int result = inflate(&z, Z_SYNC_FLUSH);
	*made = ROOM - z.avail_out;
	int end = z.avail_in == 0 ? result : Z_DATA_ERROR;
	inflateEnd(&z);
	return end;
}

static const struct packed way = { scrub_xml, NULL, NULL };

static bool recode(enum coding coding, uint8_t *p, size_t n)
{
	const struct limits limits = limits_default();
	struct words *w = words_for(1);
	bool kept = coding_scrub(w, &limits, coding, (struct span){ p, n }, &way);
	words_free(w);
	return kept;
}

static const char listing[] =
    "<?xml version=\"1.0\" encoding=\"utf-8\"?><multistatus><response><href>/anna/calendar/meeting.ics</href></response>"
    "<response><href>/anna/calendar/lunch.ics</href></response><response><href>/anna/calendar/dentist.ics</href></response>"
    "</multistatus>";

static void test_lengths_stay(void **state)
{
	(void)state;
	static const struct {
		enum coding coding;
		int bits;
	} kinds[] = { { CODING_GZIP, MAX_WBITS + 16 }, { CODING_DEFLATE, MAX_WBITS },
		{ CODING_DEFLATE, -MAX_WBITS } };
	static uint8_t packed[ROOM], out[ROOM];
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
		for (int level = 0; level < 4; level++) {
			size_t n = zip(listing, sizeof listing - 1, kinds[i].bits, level, packed),
			       made;
			if (!recode(kinds[i].coding, packed, n))
				fail_msg("kind %zu level %d: %zu bytes", i, level, n);
			assert_int_equal(unzip(packed, n, kinds[i].bits, out, &made), Z_STREAM_END);
			assert_int_equal(made, sizeof listing - 1);
			out[made] = '\0';
			assert_has_not((char *)out, "anna");
			assert_has((char *)out, "</");
		}
	}
}

/* Every padding that can be made of empty blocks, and those that cannot. */
static void test_any_length(void **state)
{
	(void)state;
	static uint8_t packed[ROOM], out[ROOM];
	static const char text[] =
	    "a short text of several words, and some words again: a short text of several words";
	for (size_t more = 0; more < 60; more++) {
		char longer[256];
		size_t length = (size_t)snprintf(longer, sizeof longer, "%s%.*s", text, (int)more,
		    "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");
		size_t n = zip(longer, length, -MAX_WBITS, 1, packed), made;
		bool kept = recode(CODING_DEFLATE, packed, n);
		int result = unzip(packed, n, -MAX_WBITS, out, &made);
		assert_true(result == Z_STREAM_END || !kept);
		assert_int_equal(made, kept ? length : 0);
	}
}

/* Cut off in the middle it stays cut off, and readable as far as it was. */
static void test_beginnings(void **state)
{
	(void)state;
	static uint8_t packed[ROOM], out[ROOM];
	size_t n = zip(listing, sizeof listing - 1, MAX_WBITS + 16, 1, packed), made;
	for (size_t part = 0; part < n; part++) {
		uint8_t copy[512];
		memcpy(copy, packed, part);
		bool kept = recode(CODING_GZIP, copy, part);
		int result = part == 0 ? Z_BUF_ERROR :
					 unzip(copy, part, MAX_WBITS + 16, out, &made);
		assert_int_not_equal(result, Z_STREAM_END);
		if (kept)
			assert_true(result == Z_OK || result == Z_BUF_ERROR);
	}
}

/* What could not be read cannot be read afterwards, and what does not fit unpacks to nothing. */
static void test_blanked(void **state)
{
	(void)state;
	static uint8_t packed[ROOM], out[ROOM];
	uint8_t junk[40] = { 0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 255, 255, 255, 255 };
	size_t made;
	assert_false(recode(CODING_GZIP, junk, sizeof junk));
	assert_int_not_equal(unzip(junk, sizeof junk, MAX_WBITS + 16, out, &made), Z_STREAM_END);
	uint8_t other[8] = "geheim!";
	assert_false(recode(CODING_UNKNOWN, other, sizeof other));
	assert_memory_equal(other, ((uint8_t[8]){ 0 }), 8);
	static const char same[] =
	    "aaaaaaaaaaaa bbbbbbbbbbbbbbbb cccccccccccccccc dddddddddd eeeeeeeeeeeeeeeee ffffffffffff";
	size_t n = zip(same, sizeof same - 1, MAX_WBITS + 16, 9, packed);
	assert_false(recode(CODING_GZIP, packed, n)); /* its other letters are not so regular */
	assert_int_equal(unzip(packed, n, MAX_WBITS + 16, out, &made), Z_STREAM_END);
	assert_int_equal(made, 0);
}

static void test_bombs(void **state)
{
	(void)state;
	uint8_t *zeros = calloc(1, ROOM * 64);
	static uint8_t packed[ROOM];
	size_t n = zip(zeros, ROOM * 64, MAX_WBITS + 16, 9, packed);
	assert_false(recode(CODING_GZIP, packed, n));
	free(zeros);
}

/* Not longer than zlib's, and right. */
static void check_pack(const uint8_t *p, size_t n, bool must_fit)
{
	static uint8_t ours[ROOM], out[ROOM], theirs[ROOM];
	size_t room = zip(p, n, -MAX_WBITS, 9, theirs), made = 0;
	size_t length = pack_short((struct slice){ p, n }, ours, room, true);
	if (length == 0 && must_fit)
		fail_msg("%zu bytes in more than %zu", n, room);
	if (length == 0)
		return;
	assert_true(length <= room);
	assert_int_equal(unzip(ours, length, -MAX_WBITS, out, &made), Z_STREAM_END);
	assert_int_equal(made, n);
	assert_memory_equal(out, p, n);
}

static void test_pack(void **state)
{
	(void)state;
	static uint8_t text[60000];
	static const char *const words[] = { "href", "prop", "status", "/cal/", "multistatus", "<",
		">", "anna", "2006", "-" };
	size_t n = 0;
	for (uint64_t i = 0; n + 12 < sizeof text; i++) {
		const char *word = words[hash_fixed(&i, sizeof i) % 10];
		memcpy(text + n, word, strlen(word));
		n += strlen(word);
	}
	static const size_t sizes[] = { 0, 1, 2, 3, 4, 10, 100, 1000, 10000, 59000 };
	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
		check_pack((const uint8_t *)guard_copy(text, sizes[i]), sizes[i],
		    sizes[i] >= 100 && sizes[i] <= 10000);
	memset(text, 'a', sizeof text);
	check_pack(text, sizeof text, false);
	for (uint64_t i = 0; i < sizeof text; i++) /* all bytes, and no two places alike */
		text[i] = (uint8_t)hash_fixed(&i, sizeof i);
	check_pack(text, 3000, false);
	for (size_t i = 0; i < 258; i++) /* skewed as Fibonacci: codes longer than deflate allows */
		text[i] = (uint8_t)i;
	uint32_t a = 1, b = 1;
	n = 0;
	for (uint8_t letter = 0; letter < 22 && n + a < sizeof text; letter++) {
		memset(text + n, letter, a);
		n += a;
		b += a;
		a = b - a;
	}
	check_pack(text, n, false);
}

/* Without an end something may follow: another block does. */
static void test_pack_unfinished(void **state)
{
	(void)state;
	uint8_t out[256], plain[ROOM];
	size_t n = pack_short(slice_from("words and words and words"), out, 200, false), made;
	assert_true(n != 0);
	memcpy(out + n, "\x03\x00", 2); /* a block that is the last, and empty */
	assert_int_equal(unzip(out, n + 2, -MAX_WBITS, plain, &made), Z_STREAM_END);
	assert_memory_equal(plain, "words and words and words", made);
	assert_int_equal(pack_short(slice_from("words"), out, 2, true), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lengths_stay),
		cmocka_unit_test(test_any_length),
		cmocka_unit_test(test_beginnings),
		cmocka_unit_test(test_blanked),
		cmocka_unit_test(test_bombs),
		cmocka_unit_test(test_pack),
		cmocka_unit_test(test_pack_unfinished),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
