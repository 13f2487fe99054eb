/*
 * wbxml_dump.c - an ActiveSync body as XML, to compare with what other decoders make of it.
 * usage: wbxml_dump [--parts] FILE    exit code 1: the document is damaged or cut off
 */
#include "decode/wbxml.h"
#include "tests/tool/bytes.h"

#include <stdio.h>

struct dump {
	struct bytes xml, text;
	struct bytes names; /* of open elements, one after the other */
	size_t starts[WBXML_DEPTH_MAX]; /* of each in `names` */
	uint8_t pages[WBXML_DEPTH_MAX];
	size_t depth;
};

static bool is_xml_text(struct slice s)
{
	uint32_t c;
	while (s.n > 0) {
		size_t n = utf8_next(s, &c);
		bool control = c < 0x20 && c != '\t' && c != '\n';
		if (n == 0 || control || c == 0xfffe || c == 0xffff)
			return false;
		s = slice_part(s, n, s.n);
	}
	return true;
}

static void put_escaped(struct bytes *out, struct slice s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '<')
			bytes_text(out, "&lt;");
		else if (s.p[i] == '&')
			bytes_text(out, "&amp;");
		else
			bytes_u8(out, s.p[i]);
	}
}

/* What XML cannot hold. */
static void put_hex(struct bytes *out, struct slice s)
{
	static const char digits[] = "0123456789abcdef";
	bytes_text(out, "<hex>");
	for (size_t i = 0; i < s.n; i++) {
		bytes_u8(out, (unsigned)digits[s.p[i] >> 4]);
		bytes_u8(out, (unsigned)digits[s.p[i] & 15]);
	}
	bytes_text(out, "</hex>");
}

static void flush_text(struct dump *d)
{
	struct slice text = bytes_all(&d->text);
	if (is_xml_text(text))
		put_escaped(&d->xml, text);
	else
		put_hex(&d->xml, text);
	d->text.n = 0;
}

static bool on_start(void *ctx, const struct wbxml_tag *tag)
{
	struct dump *d = ctx;
	struct slice name = wbxml_tag_name(tag->page, tag->token);
	struct slice page = wbxml_page_name(tag->page);
	flush_text(d);
	if (tag->token == WBXML_LITERAL)
		name = tag->literal;
	if (name.n == 0)
		name = SLICE("unknown");
	d->starts[d->depth] = d->names.n;
	d->pages[d->depth] = tag->page;
	bytes_slice(&d->names, name);
	bytes_text(&d->xml, "<");
	bytes_slice(&d->xml, name);
	if (d->depth == 0 || d->pages[d->depth - 1] != tag->page) {
		bytes_text(&d->xml, " xmlns=\"");
		bytes_slice(&d->xml, page);
		bytes_text(&d->xml, ":\"");
	}
	bytes_text(&d->xml, ">");
	d->depth++;
	return true;
}

static bool on_text(void *ctx, struct slice s)
{
	struct dump *d = ctx;
	bytes_slice(&d->text, s);
	return true;
}

static bool on_end(void *ctx)
{
	struct dump *d = ctx;
	struct slice names = bytes_all(&d->names);
	flush_text(d);
	d->depth--;
	bytes_text(&d->xml, "</");
	bytes_slice(&d->xml, slice_part(names, d->starts[d->depth], names.n));
	bytes_text(&d->xml, d->depth > 0 ? ">" : ">\n");
	d->names.n = d->starts[d->depth];
	return true;
}

static void on_anomaly(void *ctx, enum anomaly_code code, uint64_t value)
{
	(void)ctx;
	(void)value;
	fprintf(stderr, "%s\n", anomaly_name(code));
}

static bool file_read(const char *path, struct bytes *out)
{
	uint8_t piece[4096];
	size_t n;
	FILE *f = fopen(path, "rb");
	if (f == NULL)
		return false;
	while ((n = fread(piece, 1, sizeof(piece), f)) > 0)
		bytes_add(out, piece, n);
	bool fine = ferror(f) == 0;
	fclose(f);
	return fine;
}

/* MS-ASCMD 2.2.2.10.1: number of parts, then offset and length of each. */
static struct slice first_part(struct slice body)
{
	struct cursor c = cursor_from(body);
	cursor_skip(&c, 4);
	uint32_t offset = cursor_le32(&c), length = cursor_le32(&c);
	return slice_part(body, offset, length);
}

static bool dump(struct slice body)
{
	struct dump d = { 0 };
	struct limits limits = limits_default();
	struct arena *arena = arena_new(limits.txn_bytes);
	const struct wbxml_events events = { on_start, on_text, on_end, &d };
	struct wbxml *w = wbxml_new(&limits, arena, events,
	    (struct content_sink){ on_anomaly, NULL });
	ensure(w != NULL, NULL);
	wbxml_data(w, body);
	bool whole = wbxml_end(w, true);
	while (d.depth > 0)
		on_end(&d);
	fwrite(d.xml.p, 1, d.xml.n, stdout);
	bytes_free(&d.xml);
	bytes_free(&d.text);
	bytes_free(&d.names);
	arena_free(arena);
	return whole;
}

int main(int argc, char **argv)
{
	struct bytes file = { 0 };
	bool parts = argc == 3 && strcmp(argv[1], "--parts") == 0;
	if (argc != 2 + parts || !file_read(argv[argc - 1], &file)) {
		fprintf(stderr, "usage: wbxml_dump [--parts] FILE\n");
		return 2;
	}
	struct slice body = bytes_all(&file);
	bool whole = dump(parts ? first_part(body) : body);
	bytes_free(&file);
	return whole ? 0 : 1;
}
