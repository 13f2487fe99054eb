/* What a watcher saves, as a keeper would have it, and what it finds. For restart.c. */
#include "tests/prop/restart.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- records ---- */

static size_t kept_find(const struct records *r, const struct state_record *record)
{
	size_t i = 0;
	while (i < r->n &&
	    (r->list[i].record.part != record->part ||
		memcmp(r->list[i].record.key, record->key, sizeof(record->key)) != 0))
		i++;
	return i;
}

static void kept_drop(struct records *r, size_t i)
{
	free(r->list[i].bytes);
	memmove(&r->list[i], &r->list[i + 1], (r->n - i - 1) * sizeof(*r->list));
	r->n--;
}

/* Exactly as large as it is: who reads too far is found out. */
static void kept_set(struct kept *k, const struct state_record *record)
{
	k->record = *record;
	k->bytes = malloc(record->body.n);
	ensure(k->bytes != NULL, NULL);
	memcpy(k->bytes, record->body.p, record->body.n);
	k->record.body.p = k->bytes;
	k->record.label = (struct slice){ 0 };
}

bool records_put(void *records, const struct state_record *record)
{
	struct records *r = records;
	size_t old = kept_find(r, record), at = 0;
	r->given++;
	if (old < r->n)
		kept_drop(r, old);
	if (record->body.n == 0)
		return true;
	if (r->n == r->room) {
		r->room = r->room != 0 ? 2 * r->room : 64;
		r->list = realloc(r->list, r->room * sizeof(*r->list));
		ensure(r->list != NULL, NULL);
	}
	for (at = r->n; at != 0 && r->list[at - 1].record.part > record->part; at--)
		r->list[at] = r->list[at - 1];
	kept_set(&r->list[at], record);
	r->n++;
	return true;
}

static void record_say(const char *what, const struct state_record *r)
{
	printf("  %s: %s %" PRIx64 " %" PRIx64 ", %zu bytes\n", what, state_words[r->part],
	    r->key[0], r->key[1], r->body.n);
}

bool records_equal(const struct records *a, const struct records *b)
{
	bool same = true;
	for (size_t i = 0; i < a->n; i++) {
		size_t k = kept_find(b, &a->list[i].record);
		if (k < b->n && slice_equal(a->list[i].record.body, b->list[k].record.body))
			continue;
		record_say(k < b->n ? "differs" : "is missing", &a->list[i].record);
		same = false;
	}
	for (size_t i = 0; i < b->n; i++)
		if (kept_find(a, &b->list[i].record) == a->n) {
			record_say("is too many", &b->list[i].record);
			same = false;
		}
	return same;
}

void records_free(struct records *r)
{
	for (size_t i = 0; i < r->n; i++)
		free(r->list[i].bytes);
	free(r->list);
}

/* ---- findings ---- */

void found_add(struct found *f, const char *line)
{
	if (f->n == f->room) {
		f->room = f->room != 0 ? 2 * f->room : 64;
		f->lines = realloc(f->lines, f->room * sizeof(*f->lines));
		ensure(f->lines != NULL, NULL);
	}
	f->lines[f->n] = strdup(line);
	ensure(f->lines[f->n] != NULL, NULL);
	f->n++;
}

static int line_compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void found_sort(struct found *f)
{
	if (f->n != 0)
		qsort(f->lines, f->n, sizeof(*f->lines), line_compare);
}

bool found_equal(const struct found *a, const struct found *b)
{
	bool same = a->n == b->n;
	for (size_t i = 0; same && i < a->n; i++)
		same = strcmp(a->lines[i], b->lines[i]) == 0;
	return same;
}

void found_diff(const struct found *whole, const struct found *other)
{
	for (size_t i = 0, k = 0; i < whole->n || k < other->n;) {
		int order = i == whole->n ? 1 :
		    k == other->n         ? -1 :
					    strcmp(whole->lines[i], other->lines[k]);
		if (order < 0)
			printf("  - %s", whole->lines[i]);
		else if (order > 0)
			printf("  + %s", other->lines[k]);
		i += order <= 0;
		k += order >= 0;
	}
}

void found_free(struct found *f)
{
	for (size_t i = 0; i < f->n; i++)
		free(f->lines[i]);
	free(f->lines);
}

/* ---- saving and loading ---- */

/* A keeper that has no room now and then. */
struct stingy {
	struct records *records;
	struct random *random;
	bool full;
};

static bool stingy_put(void *ctx, const struct state_record *record)
{
	struct stingy *s = ctx;
	s->full = random_percent(s->random, 10);
	return !s->full && records_put(s->records, record);
}

bool watch_save(struct watch *w, struct records *records)
{
	struct stingy stingy = { .records = records, .random = &w->random };
	const struct state_sink sink = { stingy_put, &stingy };
	size_t tries = 0;
	while (tries++ < 1000000 &&
	    !(analysis_save(w->analysis, &sink) && rules_save(w->rules, &sink)))
		if (!stingy.full)
			return false;
	size_t given = records->given;
	return analysis_save(w->analysis, &(struct state_sink){ records_put, records }) &&
	    rules_save(w->rules, &(struct state_sink){ records_put, records }) &&
	    records->given == given;
}

static bool record_load(struct watch *w, const struct state_record *r)
{
	bool rules = r->part == STATE_RULE || r->part == STATE_KEY;
	return rules ? rules_load(w->rules, r) : analysis_load(w->analysis, r);
}

size_t watch_load(struct watch *w, const struct records *records)
{
	size_t refused = 0;
	for (size_t i = 0; i < records->n; i++)
		if (!record_load(w, &records->list[i].record)) {
			record_say("refused", &records->list[i].record);
			refused++;
		}
	return refused;
}

/* Each cut short to every length, with bytes that are others, and then as it was. */
static void damaged_load(struct watch *w, const struct state_record *whole, struct random *random)
{
	struct state_record r = *whole;
	size_t n = whole->body.n, step = 1 + n / 256;
	for (size_t cut = 0; cut < n; cut += step) {
		uint8_t *bytes = malloc(cut + 1);
		ensure(bytes != NULL, NULL);
		memcpy(bytes + 1, whole->body.p, cut);
		r.body = (struct slice){ bytes + 1, cut };
		r.key[1] = whole->key[1] ^ random_below(random, 2);
		record_load(w, &r);
		free(bytes);
	}
	for (int i = 0; i < 200; i++) {
		uint8_t *bytes = malloc(n);
		ensure(bytes != NULL, NULL);
		memcpy(bytes, whole->body.p, n);
		for (size_t k = 1 + random_below(random, 4); k != 0; k--)
			bytes[random_below(random, n)] = (uint8_t)random_next(random);
		r.body = (struct slice){ bytes, n };
		r.key[1] = whole->key[1] ^ random_below(random, 64);
		record_load(w, &r);
		free(bytes);
	}
	record_load(w, whole);
}

void watch_load_damaged(struct watch *w, const struct records *records, struct random *random)
{
	for (size_t i = 0; i < records->n; i++)
		damaged_load(w, &records->list[i].record, random);
}
