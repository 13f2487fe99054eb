/*
 * test_scrub_layer.c - layer.c, layers.c: a name is the same name however it is spelt, and spelt as before.
 */
#include "cmd/scrub/layer.h"
#include "tests/unit/scrub_text.h"

#include <stdio.h>

static const struct layer *const layers[] = { &layer_percent, &layer_entity, &layer_quoted,
	&layer_q, &layer_fold, &layer_obs_fold, &layer_escape, &layer_json, &layer_utf16le,
	&layer_utf16be };
enum { LAYERS = sizeof layers / sizeof layers[0] };

static void leave(const struct words *w, uint8_t *p, size_t n, const void *arg)
{
	(void)w, (void)p, (void)n, (void)arg;
}

/* Whatever comes is put back as it was: also what is cut off in the middle. */
static void test_nothing_changes_by_itself(void **state)
{
	(void)state;
	struct words *w = words_for(1);
	static const char *const texts[] = { "a%41%C3%B6%%4%zz",
		"&#228;&#xE4;&amp;&#;&#x;&#1114112;&#99999999;&",
		"=41=\r\n=3D= \r\nx=", "a\r\n b\n\tc\r\n", "\\n\\,\\\\\\",
		"\\u00e4\\ud83d\\ude00\\ud83dx\\u12", "\xff\xfe<\0a\0\xd8", "" };
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		for (size_t k = 0; k < LAYERS; k++) {
			for (size_t n = 0; n <= strlen(texts[i]); n++) {
				uint8_t *p = (uint8_t *)(uintptr_t)guard_copy(texts[i], n);
				layer_through(w, layers[k], p, n, leave, NULL);
				assert_memory_equal(p, texts[i], n);
			}
		}
	}
	words_free(w);
}

struct spelling {
	const struct layer *layer;
	const char *spelt;
	const char *form; /* the same with _ for what is scrubbed */
};

static const char *through(const struct words *w, const struct layer *layer, const char *text)
{
	static struct scrubbed r;
	size_t n = strlen(text);
	uint8_t *p = (uint8_t *)(uintptr_t)guard_copy(text, n);
	layer_through(w, layer, p, n, scrub_words, &policy_name);
	memcpy(r.text, p, n);
	r.text[n] = '\0';
	return r.text;
}

static void test_spellings_of_one_name(void **state)
{
	(void)state;
	struct words *w = words_for(2);
	char name[16], expected[64];
	snprintf(name, sizeof name, "%s", renamed(w, "Quirl"));
	snprintf(expected, sizeof expected, "%%%02X%%%02xirl", 0, 0);
	const char *out = through(w, &layer_percent, "%51%75irl");
	snprintf(expected, sizeof expected, "%%%02X%%%02X%s", name[0], name[1], name + 2);
	assert_int_equal(strcasecmp(out, expected), 0);
	snprintf(expected, sizeof expected, "&#%d;%s", name[0], name + 1);
	assert_string_equal(through(w, &layer_entity, "&#81;uirl"), expected);
	snprintf(expected, sizeof expected, "&#x%x;%s", name[0], name + 1);
	assert_int_equal(strcasecmp(through(w, &layer_entity, "&#x51;uirl"), expected), 0);
	snprintf(expected, sizeof expected, "%.3s=\r\n%s", name, name + 3);
	assert_string_equal(through(w, &layer_quoted, "Qui=\r\nrl"), expected);
	snprintf(expected, sizeof expected, "%.3s\r\n %s", name, name + 3);
	assert_string_equal(through(w, &layer_fold, "Qui\r\n rl"), expected);
	snprintf(expected, sizeof expected, "\\u%04x%s", name[0], name + 1);
	assert_int_equal(strcasecmp(through(w, &layer_json, "\\u0051uirl"), expected), 0);
	words_free(w);
}

/* A letter beyond ASCII keeps its length in all spellings. */
static void test_letters_beyond_ascii(void **state)
{
	(void)state;
	struct words *w = words_for(3);
	const char *name = renamed(w, "kökŐ");
	uint32_t o, big;
	utf8_next((struct slice){ (const uint8_t *)name + 1, 2 }, &o);
	utf8_next((struct slice){ (const uint8_t *)name + 4, 2 }, &big);
	char expected[64];
	snprintf(expected, sizeof expected, "%c&#%u;%c&#x%X;", name[0], o, name[3], big);
	assert_string_equal(through(w, &layer_entity, "k&#246;k&#x150;"), expected);
	snprintf(expected, sizeof expected, "%c%%%02X%%%02X%c%%%02X%%%02X", name[0],
	    (uint8_t)name[1], (uint8_t)name[2], name[3], (uint8_t)name[4], (uint8_t)name[5]);
	assert_string_equal(through(w, &layer_percent, "k%C3%B6k%C5%90"), expected);
	uint8_t wide[] = { 'k', 0, 0xf6, 0, 'k', 0, 0x50, 1 };
	layer_through(w, &layer_utf16le, wide, sizeof wide, scrub_words, &policy_name);
	assert_int_equal(wide[2] | wide[3] << 8, o);
	assert_int_equal(wide[6] | wide[7] << 8, big);
	words_free(w);
}

static void test_base64(void **state)
{
	(void)state;
	struct words *w = words_for(4);
	struct {
		const char *text;
		const char *base64;
	} cases[] = {
		{ "quirl", "cXVpcmw=" },
		{ "quirle", "cXVpcmxl" },
		{ "quirl:a", "cXVpcmw6YQ==" },
		{ "quirl", "cXVp\r\n cmw=" },
		{ "", "" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		size_t n = strlen(cases[i].base64);
		uint8_t *p = (uint8_t *)(uintptr_t)guard_copy(cases[i].base64, n);
		layer_base64(w, p, n, scrub_words, &policy_name);
		assert_int_equal(
		    strspn((char *)memcpy((char[64]){ 0 }, p, n),
			"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=\r\n "),
		    n);
		/* Back again: what is in it is the other name of what was in it. */
		struct scrubbed plain = { 0 };
		uint8_t copy[64];
		memcpy(copy, p, n);
		char expected[32];
		snprintf(expected, sizeof expected, "%s", renamed(w, cases[i].text));
		size_t made = 0;
		uint32_t bits = 0;
		unsigned n_bits = 0;
		for (size_t k = 0; k < n; k++) {
			const char *all =
			    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
			const char *at = copy[k] == 0 ? NULL : strchr(all, copy[k]);
			if (at == NULL)
				continue;
			bits = bits << 6 | (uint32_t)(at - all);
			if ((n_bits += 6) >= 8)
				plain.text[made++] = (char)(bits >> (n_bits -= 8));
		}
		assert_string_equal(plain.text, expected);
	}
	words_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_changes_by_itself),
		cmocka_unit_test(test_spellings_of_one_name),
		cmocka_unit_test(test_letters_beyond_ascii),
		cmocka_unit_test(test_base64),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
