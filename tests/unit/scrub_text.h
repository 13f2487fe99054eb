/*
 * scrub_text.h - scrubs texts in tests: in front of a page that faults, and with what has to hold for every text.
 */
#ifndef DAVSCOPE_TESTS_SCRUB_TEXT_H
#define DAVSCOPE_TESTS_SCRUB_TEXT_H

#include "cmd/scrub/text.h"
#include "tests/unit/guard.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { SCRUBBED_MAX = 65536 };

struct scrubbed { size_t n; char text[SCRUBBED_MAX + 1]; };

static inline struct words *words_for(uint64_t seed)
{
	struct words *w = words_new(hash_key_from(seed));
	assert_non_null(w);
	return w;
}

/* A static buffer for each of four calls, so that results can be compared. */
static inline const char *scrub_bytes(const struct words *w, scrubbing *scrub, const void *arg, const void *p, size_t n)
{
	static struct scrubbed results[4];
	static unsigned next;
	struct scrubbed *r = &results[next++ % 4];
	uint8_t *guarded = (uint8_t *)(uintptr_t)guard_copy(p, n);
	assert_true(n <= SCRUBBED_MAX);
	scrub(w, guarded, n, arg);
	memcpy(r->text, guarded, n);
	r->text[n] = '\0';
	r->n = n;
	return r->text;
}

static inline const char *scrubbed(const struct words *w, scrubbing *scrub, const char *text)
{
	return scrub_bytes(w, scrub, NULL, text, strlen(text));
}

/* By words alone: what a name becomes wherever it stands. */
static inline const char *renamed(const struct words *w, const char *name)
{
	return scrub_bytes(w, scrub_words, &policy_name, name, strlen(name));
}

static inline void assert_has(const char *text, const char *part)
{
	if (strstr(text, part) == NULL)
		fail_msg("\"%s\" is not in \"%s\"", part, text);
}

static inline void assert_has_not(const char *text, const char *part)
{
	if (strcasestr(text, part) != NULL)
		fail_msg("\"%s\" is in \"%s\"", part, text);
}

#endif
