/* From the text of one message in a .talk to bytes: escapes, {length}, {fill}, gzip, chunks. */
#include "tests/tool/message.h"

#include <brotli/encode.h>
#include <zlib.h>
#include <zstd.h>

/* The next line off the text without its LF; false at the end. */
static bool line_next(struct slice *text, struct slice *line)
{
	if (text->n == 0)
		return false;
	size_t end = slice_find_byte(*text, '\n');
	*line = slice_part(*text, 0, end);
	*text = slice_part(*text, end + 1, text->n);
	return true;
}

/* Without comment lines, and without the backslash that protects a line's first character. */
static void text_clean(struct slice text, bool raw, struct bytes *out)
{
	struct slice line;
	while (line_next(&text, &line)) {
		if (line.n > 0 && line.p[0] == '#')
			continue;
		bool guarded = !raw && line.n > 0 && line.p[0] == '\\';
		bytes_slice(out, slice_part(line, guarded, line.n));
		bytes_u8(out, '\n');
	}
}

static int hex_digit(uint8_t c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c ? strchr(digits, c >= 'A' && c <= 'F' ? c + 32 : c) : NULL;
	return at ? (int)(at - digits) : -1;
}

static bool hex_add(struct slice text, struct bytes *out, struct error *e)
{
	int high = -1;
	for (size_t i = 0; i < text.n; i++) {
		int digit = hex_digit(text.p[i]);
		if (digit < 0) {
			if (high >= 0 || !strchr(" \t\r\n", text.p[i]))
				return error_set(e, "the body is no hexadecimal text");
			continue;
		}
		if (high >= 0)
			bytes_u8(out, (unsigned)(high << 4 | digit));
		high = high >= 0 ? -1 : digit;
	}
	return high < 0 ? true : error_set(e, "the body has an odd number of hexadecimal digits");
}

/* One escape behind a backslash; takes it off text. */
static bool escape_add(struct slice *text, struct bytes *out)
{
	static const char names[] = "rnt0\\", values[] = "\r\n\t\0\\";
	if (text->n == 0 || text->p[0] == 0)
		return false;
	if (text->p[0] == 'x') {
		int high = text->n > 2 ? hex_digit(text->p[1]) : -1;
		int low = text->n > 2 ? hex_digit(text->p[2]) : -1;
		*text = slice_part(*text, 3, text->n);
		if (high < 0 || low < 0)
			return false;
		bytes_u8(out, (unsigned)high << 4 | (unsigned)low);
		return true;
	}
	const char *at = strchr(names, text->p[0]);
	*text = slice_part(*text, 1, text->n);
	if (at != NULL)
		bytes_u8(out, (uint8_t)values[at - names]);
	return at != NULL;
}

static bool raw_add(struct slice text, struct bytes *out, struct error *e)
{
	while (text.n > 0) {
		uint8_t c = text.p[0];
		text = slice_part(text, 1, text.n);
		if (c == '\\') {
			if (!escape_add(&text, out))
				return error_set(e,
				    "unknown escape; known are \\r \\n \\t \\0 \\\\ \\xNN");
		} else if (c != '\n') {
			bytes_u8(out, c);
		}
	}
	return true;
}

/* The number in "{fill N}" at the start of s; 0 when it is none, *used gets its length. */
static size_t fill_size(struct slice s, size_t *used)
{
	uint64_t n;
	size_t end = slice_find_byte(s, '}');
	if (!slice_starts(s, SLICE("{fill ")) || end == s.n ||
	    !slice_to_u64(slice_part(s, 6, end - 6), &n) || n > 1u << 26)
		return 0;
	*used = end + 1;
	return (size_t)n;
}

static void fill_add(struct slice line, struct bytes *out)
{
	size_t used = 0;
	for (size_t i = 0; i < line.n; i += used) {
		used = 1;
		size_t n = fill_size(slice_part(line, i, line.n), &used);
		if (n == 0)
			bytes_u8(out, line.p[i]);
		for (size_t k = 0; k < n; k++)
			bytes_u8(out, 'a' + (unsigned)(k % 26));
	}
}

/* Lines joined by CRLF; blank lines at the end are layout of the .talk and do not count. */
static bool body_add(struct slice text, bool hex, struct bytes *out, struct error *e)
{
	if (hex)
		return hex_add(text, out, e);
	while (text.n > 0 && text.p[text.n - 1] == '\n')
		text.n--;
	struct slice line;
	for (bool first = true; line_next(&text, &line); first = false) {
		if (!first)
			bytes_text(out, "\r\n");
		fill_add(line, out);
	}
	return true;
}

static bool pack_gzip(const struct bytes *body, struct bytes *packed)
{
	z_stream z = { 0 };
	if (deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		return false;
	z.next_in = body->p;
	z.avail_in = (uInt)body->n;
	z.next_out = packed->p;
	z.avail_out = (uInt)packed->room;
	int rc = deflate(&z, Z_FINISH);
	packed->n = z.total_out;
	deflateEnd(&z);
	return rc == Z_STREAM_END;
}

static bool pack_brotli(const struct bytes *body, struct bytes *packed)
{
	packed->n = packed->room;
	return BrotliEncoderCompress(9, 18, BROTLI_MODE_TEXT, body->n, body->p, &packed->n,
		   packed->p) == BROTLI_TRUE;
}

static bool pack_zstd(const struct bytes *body, struct bytes *packed)
{
	packed->n = ZSTD_compress(packed->p, packed->room, body->p, body->n, 3);
	return !ZSTD_isError(packed->n);
}

static bool body_pack(struct bytes *body, enum message_packing packing, struct error *e)
{
	static bool (*const pack[])(const struct bytes *, struct bytes *) = {
		[PACKING_GZIP] = pack_gzip,
		[PACKING_BROTLI] = pack_brotli,
		[PACKING_ZSTD] = pack_zstd,
	};
	if (packing == PACKING_NONE)
		return true;
	struct bytes packed = { .room = body->n + body->n / 8 + 1024 };
	packed.p = malloc(packed.room);
	ensure(packed.p != NULL, NULL);
	bool fine = pack[packing](body, &packed);
	bytes_free(body);
	*body = packed;
	return fine ? true : error_set(e, "the body cannot be packed");
}

static void chunks_add(struct slice body, const struct message_shape *shape, struct bytes *out)
{
	char line[32];
	for (size_t at = 0; at < body.n; at += shape->chunk) {
		struct slice chunk = slice_part(body, at, shape->chunk);
		snprintf(line, sizeof(line), "%zx\r\n", chunk.n);
		bytes_text(out, line);
		bytes_slice(out, chunk);
		bytes_text(out, "\r\n");
	}
	bytes_text(out, "0\r\n");
	bytes_slice(out, bytes_all(&shape->trailers));
	bytes_text(out, "\r\n");
}

static void head_add(struct slice head, size_t length, struct bytes *out)
{
	char number[24];
	snprintf(number, sizeof(number), "%zu", length);
	struct slice line;
	while (line_next(&head, &line)) {
		size_t at = slice_find(line, SLICE("{length}"));
		bytes_slice(out, slice_part(line, 0, at));
		if (at < line.n) {
			bytes_text(out, number);
			bytes_slice(out, slice_part(line, at + 8, line.n));
		}
		bytes_text(out, "\r\n");
	}
	bytes_text(out, "\r\n");
}

static bool http_add(struct slice text, const struct message_shape *shape, struct bytes *out,
    struct error *e)
{
	bool data = shape->style == STYLE_DATA;
	size_t head = data ? 0 : slice_find(text, SLICE("\n\n"));
	struct bytes body = { 0 };
	bool ok = body_add(slice_part(text, data ? 0 : head + 2, text.n), shape->hex, &body, e);
	ok = ok && body_pack(&body, shape->packing, e);
	if (ok && !data)
		head_add(slice_part(text, 0, head), body.n, out);
	if (ok && shape->chunk > 0)
		chunks_add(bytes_all(&body), shape, out);
	else if (ok)
		bytes_slice(out, bytes_all(&body));
	bytes_free(&body);
	return ok;
}

bool message_build(struct slice text, const struct message_shape *shape, struct bytes *out,
    struct error *e)
{
	bool raw = shape->style == STYLE_RAW;
	struct bytes clean = { 0 };
	text_clean(text, raw, &clean);
	bool ok = raw ? raw_add(bytes_all(&clean), out, e) :
			http_add(bytes_all(&clean), shape, out, e);
	bytes_free(&clean);
	return ok;
}
