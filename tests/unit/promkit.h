/*
 * promkit.h - a strict reader of Prometheus' text format 0.0.4: what it accepts, any scraper does. It also
 * holds to the customs of names, and to labels that cannot come from the wire.
 */
#ifndef DAVSCOPE_TESTS_PROMKIT_H
#define DAVSCOPE_TESTS_PROMKIT_H

#include "report/report.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { PROM_SERIES = 20000, PROM_FAMILIES = 64 };
struct prom_series {
	struct slice family, series;   /* the whole series with its labels */
	double value;
	bool counts;                   /* must never go back */
};
struct prom {
	char *text;
	struct prom_series *list;
	size_t n;
	struct slice families[PROM_FAMILIES];
	size_t n_families;
	const char *p;
	struct slice family, type;     /* of the lines that follow */
	double below, last_le, total;  /* of a histogram: the bucket before, and the last one */
};

static inline bool prom_word(struct slice s)
{
	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = s.p[i];
		bool letter = (c >= 'a' && c <= 'z') || c == '_' || (i != 0 && c >= '0' && c <= '9');
		if (!letter)
			return false;
	}
	return s.n != 0;
}

static inline struct slice prom_until(struct prom *p, const char *ends)
{
	size_t n = strcspn(p->p, ends);
	struct slice s = { (const uint8_t *)p->p, n };
	p->p += n;
	return s;
}

static inline void prom_expect(struct prom *p, const char *what)
{
	if (strncmp(p->p, what, strlen(what)) != 0)
		fail_msg("\"%s\" expected at: %.60s", what, p->p);
	p->p += strlen(what);
}

static inline bool prom_ends(struct slice s, const char *end)
{
	size_t n = strlen(end);
	return s.n > n && memcmp(s.p + s.n - n, end, n) == 0;
}

static inline void prom_head(struct prom *p)
{
	prom_expect(p, "# HELP ");
	p->family = prom_until(p, " \n");
	assert_true(prom_word(p->family) && slice_starts(p->family, SLICE("davscope_")));
	for (size_t i = 0; i < p->n_families; i++)
		assert_false(slice_equal(p->families[i], p->family));
	assert_true(p->n_families < PROM_FAMILIES);
	p->families[p->n_families++] = p->family;
	prom_expect(p, " ");
	struct slice help = prom_until(p, "\n");
	assert_true(help.n > 8 && help.p[help.n - 1] == '.' && slice_find_byte(help, '\\') == help.n);
	prom_expect(p, "\n# TYPE ");
	assert_true(slice_equal(prom_until(p, " \n"), p->family));
	prom_expect(p, " ");
	p->type = prom_until(p, "\n");
	prom_expect(p, "\n");
	bool counter = slice_is(p->type, "counter"), total = prom_ends(p->family, "_total");
	assert_true(counter || slice_is(p->type, "gauge") || slice_is(p->type, "histogram"));
	assert_true(counter == total);
}

/* A label's value, its quotes taken off. */
static inline struct slice prom_value(struct prom *p)
{
	prom_expect(p, "\"");
	const char *start = p->p;
	for (; *p->p != '"'; p->p++) {
		assert_true((uint8_t)*p->p >= 0x20);
		if (*p->p == '\\') {
			p->p++;
			assert_non_null(strchr("\\\"n", *p->p));
		}
	}
	struct slice s = { (const uint8_t *)start, (size_t)(p->p - start) };
	prom_expect(p, "\"");
	return s;
}

static inline struct slice prom_labels(struct prom *p)
{
	static const char *const known[] = { "interface", "event", "layer", "reason", "result", "state",
		"method", "status_class", "side", "kind", "rule", "severity", "why", "version", "pool", "le" };
	struct slice le = { 0 };
	const char *open = "{";
	while (*p->p != '}') {
		prom_expect(p, open);
		open = ",";
		struct slice name = prom_until(p, "=");
		bool found = false;
		for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
			found = found || slice_is(name, known[i]);
		assert_true(found);
		prom_expect(p, "=");
		struct slice value = prom_value(p);
		if (slice_is(name, "le"))
			le = value;
	}
	prom_expect(p, "}");
	return le;
}

/* Buckets of one label set follow each other, grow, and end in +Inf, which is the count. */
static inline void prom_bucket(struct prom *p, struct slice le, double value)
{
	double bound = slice_is(le, "+Inf") ? 1e300 : strtod((const char *)le.p, NULL);
	assert_true(bound > p->last_le && value >= p->below);
	p->below = value;
	p->last_le = bound;
	p->total = value;
}

static inline void prom_sample(struct prom *p)
{
	struct prom_series *s = &p->list[p->n];
	const char *start = p->p;
	struct slice name = prom_until(p, "{ "), le = { 0 };
	assert_true(p->n++ < PROM_SERIES && prom_word(name));
	if (*p->p == '{')
		le = prom_labels(p);
	s->series = (struct slice){ (const uint8_t *)start, (size_t)(p->p - start) };
	s->family = p->family;
	s->counts = !slice_is(p->type, "gauge");
	prom_expect(p, " ");
	char *end;
	s->value = strtod(p->p, &end);
	assert_true(end != p->p && s->value >= 0);
	p->p = end;
	prom_expect(p, "\n");
	if (!slice_is(p->type, "histogram")) {
		assert_true(slice_equal(name, p->family) && le.n == 0);
		return;
	}
	struct slice suffix = slice_part(name, p->family.n, name.n);
	assert_true(slice_starts(name, p->family));
	assert_true((le.n != 0) == slice_is(suffix, "_bucket"));
	if (le.n != 0) {
		prom_bucket(p, le, s->value);
	} else if (slice_is(suffix, "_count")) {
		assert_true(p->last_le > 1e299 && s->value == p->total);
		p->last_le = p->below = 0;
	} else {
		assert_true(slice_is(suffix, "_sum"));
	}
}

static inline void prom_read(struct prom *p, struct slice text)
{
	*p = (struct prom){ .text = test_malloc(text.n + 1),
		.list = test_malloc(PROM_SERIES * sizeof(struct prom_series)) };
	memcpy(p->text, text.p, text.n);
	p->text[text.n] = '\0';
	assert_int_equal(strlen(p->text), text.n);
	for (p->p = p->text; *p->p != '\0';) {
		if (*p->p == '#')
			prom_head(p);
		else
			prom_sample(p);
	}
	for (size_t i = 0; i < p->n; i++)
		for (size_t k = 0; k < i; k++)
			assert_false(slice_equal(p->list[i].series, p->list[k].series));
}

/* The value of a series, written as in the text; -1: it is not there. */
static inline double prom_get(const struct prom *p, const char *series)
{
	for (size_t i = 0; i < p->n; i++)
		if (slice_is(p->list[i].series, series))
			return p->list[i].value;
	return -1;
}

static inline void prom_never_back(const struct prom *before, const struct prom *after)
{
	for (size_t i = 0; i < before->n; i++) {
		char series[256];
		const struct prom_series *s = &before->list[i];
		if (!s->counts)
			continue;
		snprintf(series, sizeof series, "%.*s", (int)s->series.n, (const char *)s->series.p);
		if (prom_get(after, series) < s->value)
			fail_msg("%s was %g and is %g", series, s->value, prom_get(after, series));
	}
}

static inline void prom_free(struct prom *p)
{
	test_free(p->text);
	test_free(p->list);
}

/* ---- the page of one struct metrics ---- */
struct page {
	struct limits limits;
	struct metrics *metrics;
	struct out *out;
	struct prom prom;
	bool read;
};

static inline void page_open(struct page *p)
{
	struct error e;
	*p = (struct page){ .limits = limits_default() };
	p->metrics = metrics_new(&p->limits, &e);
	p->out = out_memory(&e);
	assert_non_null(p->metrics);
	assert_non_null(p->out);
}

/* Writes and reads it anew; nothing that counts may have gone back since the last time. */
static inline void page_read(struct page *p)
{
	struct prom now;
	metrics_write(p->metrics, p->out);
	prom_read(&now, out_taken(p->out));
	if (p->read) {
		prom_never_back(&p->prom, &now);
		prom_free(&p->prom);
	}
	p->prom = now;
	p->read = true;
}

static inline void page_close(struct page *p)
{
	if (p->read)
		prom_free(&p->prom);
	out_abandon(p->out);
	metrics_free(p->metrics);
}

static inline void assert_value(struct page *p, const char *series, double expected)
{
	double value = prom_get(&p->prom, series);
	if (value != expected)
		fail_msg("%s is %.10g, not %.10g", series, value, expected);
}

#endif
