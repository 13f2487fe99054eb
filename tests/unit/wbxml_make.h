/*
 * wbxml_make.h - WBXML from text that a person can write and read, by the tables of decode/:
 *
 *   Sync{Collections{Collection{SyncKey=0 Commands{Add{ClientId=1 ApplicationData{Calendar:Subject='A b'}}}}}}
 *
 * A name without its code page is of the page of its elder sibling, the first one of its parent's.
 */
#ifndef DAVSCOPE_TESTS_WBXML_MAKE_H
#define DAVSCOPE_TESTS_WBXML_MAKE_H

#include "decode/wbxml.h"
#include "tests/tool/bytes.h"

enum { MAKE_PAGES = 26, MAKE_DEPTH = 32 };

struct wbxml_make {
	struct slice text;
	struct bytes out;
	uint8_t page; /* the switched one */
	uint8_t pages[MAKE_DEPTH]; /* for the next one at each depth */
	size_t depth;
};

static inline bool make_is(const struct wbxml_make *m, uint8_t byte)
{
	return m->text.n > 0 && m->text.p[0] == byte;
}

static inline struct slice make_take(struct wbxml_make *m, size_t n)
{
	struct slice taken = slice_part(m->text, 0, n);
	m->text = slice_part(m->text, n, m->text.n);
	return taken;
}

static inline struct slice make_until(struct wbxml_make *m, const char *ends)
{
	size_t n = 0;
	while (n < m->text.n && strchr(ends, m->text.p[n]) == NULL)
		n++;
	return make_take(m, n);
}

static inline void make_blanks(struct wbxml_make *m)
{
	while (make_is(m, ' ') || make_is(m, '\n') || make_is(m, '\t'))
		make_take(m, 1);
}

static inline uint8_t make_page(struct slice name)
{
	uint8_t page = 0;
	while (page < MAKE_PAGES && !slice_equal(wbxml_page_name(page), name))
		page++;
	ensure(page < MAKE_PAGES, NULL);
	return page;
}

static inline uint8_t make_token(uint8_t page, struct slice name)
{
	uint8_t token = 5;
	while (token < 0x40 && !slice_equal(wbxml_tag_name(page, token), name))
		token++;
	ensure(token < 0x40, NULL);
	return token;
}

static inline void make_text(struct wbxml_make *m)
{
	bool quoted = make_is(m, '\'');
	if (quoted)
		make_take(m, 1);
	bytes_u8(&m->out, 3);
	bytes_slice(&m->out, make_until(m, quoted ? "'" : " \t\n}"));
	bytes_u8(&m->out, 0);
	if (quoted)
		make_take(m, 1);
}

static inline void make_element(struct wbxml_make *m)
{
	uint8_t page = m->pages[m->depth];
	struct slice name = make_until(m, ":={} \t\n");
	if (make_is(m, ':')) {
		make_take(m, 1);
		page = make_page(name);
		name = make_until(m, "={} \t\n");
	}
	uint8_t token = make_token(page, name);
	bool content = make_is(m, '=') || make_is(m, '{');
	if (page != m->page) {
		bytes_u8(&m->out, 0);
		bytes_u8(&m->out, page);
	}
	m->page = m->pages[m->depth] = page;
	bytes_u8(&m->out, content ? token | 0x40u : token);
	if (make_is(m, '=')) {
		make_take(m, 1);
		make_text(m);
		bytes_u8(&m->out, 1);
	} else if (content) {
		make_take(m, 1);
		ensure(m->depth + 1 < MAKE_DEPTH, NULL);
		m->pages[++m->depth] = page;
	}
}

/* A mistake in the text ends the program. The caller frees the bytes. */
static inline struct bytes wbxml_make(const char *text)
{
	struct wbxml_make m = { .text = slice_from(text) };
	bytes_add(&m.out, "\x03\x01\x6a", 4);
	for (make_blanks(&m); m.text.n > 0; make_blanks(&m)) {
		if (make_is(&m, '}')) {
			ensure(m.depth > 0, NULL);
			make_take(&m, 1);
			m.depth--;
			bytes_u8(&m.out, 1);
		} else {
			make_element(&m);
		}
	}
	ensure(m.depth == 0, NULL);
	return m.out;
}

#endif
