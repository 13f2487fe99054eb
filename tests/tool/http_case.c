/*
 * Reads the cases of tests/http out of their markdown.
 */
#include "tests/tool/http_case.h"

#include <stdio.h>

struct reader {
	FILE *f;
	const char *file;
	unsigned line;
	char text[4096];
};

static bool reader_line(struct reader *r)
{
	if (!fgets(r->text, sizeof(r->text), r->f))
		return false;
	r->line++;
	r->text[strcspn(r->text, "\n")] = '\0';
	return true;
}

static bool reader_wrong(const struct reader *r, const char *what)
{
	fprintf(stderr, "%s:%u: %s\n", r->file, r->line, what);
	return false;
}

static unsigned hex_byte(const char *p)
{
	char pair[3] = { p[0], p[0] ? p[1] : '\0', '\0' };
	return (unsigned)strtoul(pair, NULL, 16);
}

void http_unescape(const char *text, struct bytes *out)
{
	for (const char *p = text; *p; p++) {
		if (*p != '\\' || !p[1]) {
			bytes_u8(out, (uint8_t)*p);
			continue;
		}
		p++;
		if (*p == '*') {
			char *end = NULL;
			unsigned long n = strtoul(p + 1, &end, 10);
			p = *end ? end + 1 : end; /* on the byte that is repeated */
			for (; *p && n > 0; n--)
				bytes_u8(out, (uint8_t)*p);
			if (!*p)
				return;
		} else if (*p == 'x' && p[1] && p[2]) {
			bytes_u8(out, hex_byte(p + 1));
			p += 2;
		} else {
			bytes_u8(out,
			    *p == 'r'     ? '\r' :
				*p == 'n' ? '\n' :
				*p == 't' ? '\t' :
					    (uint8_t)*p);
		}
	}
}

/* The lines up to the closing fence; `events` keeps them, bytes joins what they mean. */
static bool read_block(struct reader *r, struct bytes *out, bool literal)
{
	while (reader_line(r)) {
		if (strcmp(r->text, "```") == 0)
			return true;
		if (literal) {
			bytes_text(out, r->text);
			bytes_u8(out, '\n');
		} else {
			http_unescape(r->text, out);
		}
	}
	return reader_wrong(r, "a block without an end");
}

static unsigned side_of(const char *word)
{
	return strcmp(word, "server") == 0;
}

static struct http_step *add_step(struct http_case *c, enum http_step_kind kind, const char *side)
{
	ensure(c->n_steps < HTTP_STEPS, NULL);
	struct http_step *step = &c->steps[c->n_steps++];
	*step = (struct http_step){ .kind = kind, .side = side_of(side) };
	return step;
}

static bool read_fence(struct reader *r, struct http_case *c)
{
	char word[32] = "", side[32] = "", first[64] = "";
	size_t number = 0;
	sscanf(r->text, "```%31s %31s %zu", word, side, &number);
	sscanf(r->text, "```%*s %63s", first);
	struct bytes block = { 0 };
	if (!read_block(r, strcmp(word, "events") == 0 ? &c->events : &block,
		strcmp(word, "events") == 0))
		return false;
	if (strcmp(word, "client") == 0 || strcmp(word, "server") == 0) {
		struct http_step *step = add_step(c, STEP_BYTES, word);
		step->bytes = block.p;
		step->n = block.n;
		return true;
	}
	bytes_free(&block);
	if (strcmp(word, "gap") == 0)
		add_step(c, STEP_GAP, side)->gap = number;
	else if (strcmp(word, "fin") == 0)
		add_step(c, STEP_FIN, side);
	else if (strcmp(word, "rst") == 0)
		add_step(c, STEP_RST, side);
	else if (strcmp(word, "midstream") == 0)
		c->midstream = true;
	else if (strcmp(word, "segments") == 0)
		c->segments_matter = true;
	else if (strcmp(word, "limit") == 0 && c->n_limits < HTTP_LIMITS)
		snprintf(c->limits[c->n_limits++], sizeof(c->limits[0]), "%s", first);
	else if (strcmp(word, "events") != 0)
		return reader_wrong(r, "an unknown kind of block");
	return true;
}

static struct http_case *add_case(struct http_cases *cases, const struct reader *r)
{
	struct http_case *grown = realloc(cases->items, (cases->n + 1) * sizeof(*grown));
	ensure(grown != NULL, NULL);
	cases->items = grown;
	struct http_case *c = &grown[cases->n++];
	memset(c, 0, sizeof(*c));
	c->file = r->file;
	c->line = r->line;
	snprintf(c->title, sizeof(c->title), "%.120s", r->text + 3);
	return c;
}

bool http_cases_read(const char *file, struct http_cases *cases)
{
	struct reader r = { .f = fopen(file, "r"), .file = file };
	*cases = (struct http_cases){ 0 };
	if (!r.f)
		return reader_wrong(&r, "cannot be read");
	struct http_case *c = NULL;
	bool ok = true;
	while (ok && reader_line(&r)) {
		if (strncmp(r.text, "## ", 3) == 0)
			c = add_case(cases, &r);
		else if (c && strncmp(r.text, "```", 3) == 0)
			ok = read_fence(&r, c);
	}
	fclose(r.f);
	return ok;
}

void http_cases_free(struct http_cases *cases)
{
	for (size_t i = 0; i < cases->n; i++) {
		for (size_t n = 0; n < cases->items[i].n_steps; n++)
			free(cases->items[i].steps[n].bytes);
		bytes_free(&cases->items[i].events);
	}
	free(cases->items);
}

void http_case_limits(const struct http_case *c, struct limits *l)
{
	for (size_t i = 0; i < c->n_limits; i++) {
		struct error e;
		if (!limits_set(l, c->limits[i], &e))
			fprintf(stderr, "%s:%u: %s\n", c->file, c->line, e.text);
	}
}
