/*
 * Any bytes as any format: nothing is read or written out of place, the length stays, equal bytes become equal
 * bytes, and a long word that is in no vocabulary is gone. The first byte picks the format.
 */
#include "cmd/scrub/body.h"
#include "cmd/scrub/credential.h"
#include "cmd/scrub/formats.h"
#include "cmd/scrub/head.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

static void whole_head(const struct words *w, uint8_t *p, size_t n, const void *arg)
{
	struct head head;
	(void)arg;
	head_scrub(w, p, n, &head);
}

static void coded(const struct words *w, uint8_t *p, size_t n, const char *coding, const char *type)
{
	struct limits limits = limits_default();
	struct head head = { .n_type = strlen(type), .n_coding = strlen(coding) };
	limits.inflate_bytes = 1 << 20;
	limits.scrub_pack = 4096; /* or the slow way is all that is tried */
	memcpy(head.type, type, head.n_type);
	memcpy(head.coding, coding, head.n_coding);
	body_scrub(w, &limits, &head, (struct span){ p, n });
}

static void gzip_xml(const struct words *w, uint8_t *p, size_t n, const void *arg)
{
	(void)arg;
	coded(w, p, n, "gzip", "text/xml");
}

static void deflate_calendar(const struct words *w, uint8_t *p, size_t n, const void *arg)
{
	(void)arg;
	coded(w, p, n, "deflate", "text/calendar");
}

static void multipart(const struct words *w, uint8_t *p, size_t n, const void *arg)
{
	(void)arg;
	coded(w, p, n, "", "multipart/mixed; boundary=x");
}

static const struct {
	scrubbing *scrub;
	bool words; /* it is text, in which a word can be found */
} formats[] = {
	{ scrub_value, true },
	{ scrub_url, true },
	{ scrub_authority, true },
	{ scrub_query, true },
	{ scrub_media_type, true },
	{ scrub_json, true },
	{ scrub_sql, true },
	{ scrub_words_encoded, true },
	{ scrub_credentials, true },
	{ scrub_challenges, true },
	{ scrub_calendar, true },
	{ scrub_xml, true },
	{ scrub_mime, true },
	{ scrub_wbxml, true },
	{ scrub_parts, true },
	{ whole_head, true },
	{ multipart, true },
	{ gzip_xml, false },
	{ deflate_calendar, false },
};

/* In front of a byte that is nobody's. */
static uint8_t *copy_of(const uint8_t *data, size_t n)
{
	uint8_t *copy = malloc(n + 1);
	ensure(copy != NULL, NULL);
	if (n != 0)
		memcpy(copy, data, n);
	copy[n] = 0xa5;
	return copy;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct words *words; /* made once: it does not change */
	static const char name[] = "Zwirbelfant";
	if (words == NULL)
		words = words_new(hash_key_from(1));
	if (n == 0)
		return 0;
	size_t format = data[0] % (sizeof formats / sizeof formats[0]);
	n--;
	uint8_t *a = copy_of(data + 1, n), *b = copy_of(data + 1, n);
	formats[format].scrub(words, a, n, NULL);
	formats[format].scrub(words, b, n, NULL);
	ensure(a[n] == 0xa5 && memcmp(a, b, n + 1) == 0, NULL);
	if (formats[format].words)
		ensure(memmem(a, n, name, sizeof name - 1) == NULL, NULL);
	free(a);
	free(b);
	return 0;
}
