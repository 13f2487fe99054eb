/*
 * test_scrub_words.c - words.c, character.c, vocabulary.c: names keep their shape and stay different.
 */
#include "cmd/scrub/character.h"
#include "cmd/scrub/vocabulary.h"
#include "tests/unit/scrub_text.h"

#include <ctype.h>
#include <stdio.h>

static void test_shape_is_kept(void **state)
{
	(void)state;
	struct words *w = words_for(1);
	const char *in = "Anna_Meyer-Lueders x7B Z9z (Raum 12345) anna ANNA";
	const char *out = renamed(w, in);
	for (size_t i = 0; in[i] != '\0'; i++) {
		assert_int_equal(isupper((unsigned char)in[i]) != 0,
		    isupper((unsigned char)out[i]) != 0);
		assert_int_equal(islower((unsigned char)in[i]) != 0,
		    islower((unsigned char)out[i]) != 0);
		assert_int_equal(isdigit((unsigned char)in[i]) != 0,
		    isdigit((unsigned char)out[i]) != 0);
		if (!isalnum((unsigned char)in[i]))
			assert_int_equal(in[i], out[i]);
	}
	assert_has_not(out, "anna");
	assert_has_not(out, "12345");
	words_free(w);
}

static void test_same_stays_same(void **state)
{
	(void)state;
	struct words *w = words_for(2);
	const char *a = renamed(w, "anna"), *b = renamed(w, "ANNA"), *c = renamed(w, "x.anna/y");
	assert_int_equal(strcasecmp(a, b), 0);
	assert_memory_equal(a, c + 2, 4);
	assert_string_not_equal(a, renamed(w, "anne"));
	words_free(w);
}

/* All words of three letters: no two become one, and none becomes what stays. */
static void test_different_stays_different(void **state)
{
	(void)state;
	struct words *w = words_for(3);
	struct vocabulary *v = vocabulary_new();
	static uint8_t seen[26 * 26 * 26];
	memset(seen, 0, sizeof seen);
	for (unsigned i = 0; i < sizeof seen; i++) {
		uint8_t word[3] = { (uint8_t)('a' + i / 676), (uint8_t)('a' + i / 26 % 26),
			(uint8_t)('a' + i % 26) };
		if (vocabulary_groups(v, (struct slice){ word, 3 }) != 0)
			continue; /* where it does not stay it is taken along, and may collide */
		words_scrub(w, word, 3, &policy_text);
		assert_int_equal(vocabulary_groups(v, (struct slice){ word, 3 }), 0);
		unsigned to = (word[0] - 'a') * 676u + (word[1] - 'a') * 26u + (word[2] - 'a');
		assert_int_equal(seen[to]++, 0);
	}
	vocabulary_free(v);
	words_free(w);
}

static void test_hexadecimal_stays_so(void **state)
{
	(void)state;
	struct words *w = words_for(4);
	const char *out = renamed(w, "550e8400e29b41d4a716446655440000");
	assert_int_equal(strspn(out, "0123456789abcdef"), 32);
	assert_has_not(out, "550e8400");
	for (int i = 0; i < 2000; i++) { /* nothing else becomes hexadecimal */
		char word[8];
		snprintf(word, sizeof word, "g%03d", i % 1000);
		assert_int_not_equal(strspn(renamed(w, word), "0123456789abcdef"), 4);
	}
	words_free(w);
}

static void test_numbers(void **state)
{
	(void)state;
	struct words *w = words_for(5);
	assert_string_equal(renamed(w, "-2"), "-2");
	assert_string_equal(renamed(w, "5:123"), "5:123");
	assert_string_not_equal(renamed(w, "12345678"), "12345678");
	assert_string_not_equal(renamed(w, "%61%62"), "%61%62"); /* a letter in disguise */
	assert_string_not_equal(scrub_bytes(w, scrub_words, &policy_text, "17", 2), "17");
	assert_string_equal(scrub_bytes(w, scrub_words, &policy_token, "20060925T160000Z", 16),
	    "20060925T160000Z");
	words_free(w);
}

static void test_vocabulary_depends_on_place(void **state)
{
	(void)state;
	struct words *w = words_for(6);
	assert_string_equal(renamed(w, "/exchange/Calendar"), "/exchange/Calendar");
	assert_string_not_equal(renamed(w, "multistatus"), "multistatus");
	assert_string_equal(scrub_bytes(w, scrub_words, &policy_element, "D:multistatus", 13),
	    "D:multistatus");
	assert_string_equal(scrub_bytes(w, scrub_words, &policy_element, "x0fff0102", 9),
	    "x0fff0102");
	assert_string_equal(scrub_bytes(w, scrub_words, &policy_zone, "Europe/Berlin", 13),
	    "Europe/Berlin");
	assert_string_not_equal(renamed(w, "Berlin"), "Berlin");
	words_free(w);
}

static size_t digits_of(uint32_t code, uint32_t base)
{
	size_t n = 0;
	for (; code != 0; code /= base)
		n++;
	return n;
}

/* An alphabet has characters of one length in every spelling. */
static void test_alphabets(void **state)
{
	(void)state;
	for (uint32_t code = 0x80; code < 0x110000; code++) {
		uint8_t utf8[4];
		if (code >= 0xd800 && code < 0xe000)
			continue;
		size_t n = character_put(code, utf8);
		struct character c = character_read(utf8, n);
		assert_int_equal(c.bytes, n);
		if (!c.word)
			continue;
		assert_int_equal(c.base + c.value, code);
		for (uint32_t end = 0; end < 2; end++) {
			uint32_t other = c.base + (end == 0 ? 0 : c.radix - 1);
			uint8_t bytes[4];
			assert_int_equal(character_put(other, bytes), n);
			assert_int_equal(digits_of(other, 10), digits_of(code, 10));
			assert_int_equal(digits_of(other, 16), digits_of(code, 16));
			assert_false(other >= 0xd800 && other < 0xe000);
		}
	}
}

static void test_other_scripts(void **state)
{
	(void)state;
	struct words *w = words_for(7);
	static const char *const names[] = { "Müller", "Ιωάννης", "Иванова", "山田太郎", "😀name",
		"\xe4\xf6 latin" };
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		const char *out = renamed(w, names[i]);
		assert_string_not_equal(out, names[i]);
		uint32_t code;
		struct slice in = slice_from(names[i]), s = { (const uint8_t *)out, in.n };
		for (; in.n != 0 && i < 5; in = slice_part(in, utf8_next(in, &code), in.n)) {
			assert_int_equal(utf8_next(s, &code), utf8_next(in, &code));
			s = slice_part(s, utf8_next(s, &code), s.n);
		}
	}
	words_free(w);
}

static void test_secrets_are_apart(void **state)
{
	(void)state;
	struct words *w = words_for(8);
	char name[16];
	snprintf(name, sizeof name, "%s", renamed(w, "anna"));
	assert_string_not_equal(scrub_bytes(w, scrub_words, &policy_secret, "anna", 4), name);
	uint8_t password[] = "p@ss wörd!";
	words_hide(w, password, sizeof password - 1);
	for (size_t i = 0; i < sizeof password - 1; i++)
		assert_true(password[i] == ' ' ? i == 4 : password[i] > ' ');
	words_free(w);
}

static void test_prose_tells_little(void **state)
{
	(void)state;
	struct words *w = words_for(9);
	static const char text[] =
	    "Dear Anna, the meeting about the merger is on Monday; please bring the "
	    "contract and call me under 0171 5550123, or write to Otto. Best wishes";
	const char *a = scrubbed(w, scrub_value, text);
	assert_has(a, "xxx xxxxxx xx xx Xxxxxx; xxxxxx");
	assert_int_equal(strlen(a), sizeof text - 1);
	char other[sizeof text];
	memcpy(other, text, sizeof text);
	other[sizeof text - 3] = 'x';
	assert_string_not_equal(a, scrubbed(w, scrub_value, other));
	assert_string_equal(a, scrubbed(w, scrub_value, text));
	words_free(w);
}

static void test_filler_tells_equal_from_different(void **state)
{
	(void)state;
	struct words *w = words_for(10);
	uint8_t a[50] = { 1, 2, 3 }, b[50] = { 1, 2, 3 }, c[50] = { 1, 2, 4 }, zero[50] = { 0 };
	words_fill(w, a, sizeof a);
	words_fill(w, b, sizeof b);
	words_fill(w, c, sizeof c);
	assert_memory_equal(a, b, sizeof a);
	assert_memory_not_equal(a, c, sizeof a);
	assert_memory_not_equal(a + 30, zero, 20);
	words_free(w);
}

static void test_key_counts(void **state)
{
	(void)state;
	struct words *a = words_for(11), *b = words_for(12);
	char first[32];
	snprintf(first, sizeof first, "%s", renamed(a, "quibblewick"));
	assert_string_not_equal(first, renamed(b, "quibblewick"));
	words_free(a);
	words_free(b);
}

/* The list is sound: small letters, no word twice as long as the table takes. */
static void test_words_of_the_list(void **state)
{
	(void)state;
	static const char *const lists[] = {
#define WORDS(group, words) words,
#include "cmd/scrub/words.def"
#undef WORDS
	};
	for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
		const char *p = lists[i];
		assert_int_equal(strspn(p, "abcdefghijklmnopqrstuvwxyz0123456789 "), strlen(p));
		for (size_t n; *p != '\0'; p += n + (p[n] == ' ')) {
			n = strcspn(p, " ");
			assert_true(n > 0 && n <= VOCABULARY_WORD);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shape_is_kept),
		cmocka_unit_test(test_same_stays_same),
		cmocka_unit_test(test_different_stays_different),
		cmocka_unit_test(test_hexadecimal_stays_so),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_vocabulary_depends_on_place),
		cmocka_unit_test(test_alphabets),
		cmocka_unit_test(test_other_scripts),
		cmocka_unit_test(test_secrets_are_apart),
		cmocka_unit_test(test_prose_tells_little),
		cmocka_unit_test(test_filler_tells_equal_from_different),
		cmocka_unit_test(test_key_counts),
		cmocka_unit_test(test_words_of_the_list),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
