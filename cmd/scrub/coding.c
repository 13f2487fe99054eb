/*
 * coding.c - gzip and deflate undone and done again. What the packed text is shorter by goes into the comment
 * of the gzip header (RFC 1952 2.3.1), or into blocks of deflate that hold nothing (RFC 1951 3.2.4, 3.2.6).
 */
#include "cmd/scrub/coding.h"

#include "cmd/scrub/pack.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { GZIP_HEAD = 10, GZIP_TAIL = 8, GZIP_COMMENT = 16, RATIO_FROM = 65536, FIRST_ROOM = 65536 };

enum coding coding_of(struct slice value)
{
	value = slice_trim(value);
	if (value.n == 0 || slice_is_nocase(value, "identity"))
		return CODING_NONE;
	if (slice_is_nocase(value, "gzip") || slice_is_nocase(value, "x-gzip"))
		return CODING_GZIP;
	return slice_is_nocase(value, "deflate") ? CODING_DEFLATE : CODING_UNKNOWN;
}

/* What is packed: bytes on the heap that grow. */
struct plain {
	uint8_t *p;
	size_t n, room;
	uint64_t short_most; /* a longer one is not packed the slow way */
};

static bool plain_grow(struct plain *t)
{
	size_t room = t->room == 0 ? FIRST_ROOM : 2 * t->room;
	uint8_t *p = realloc(t->p, room);
	if (p == NULL)
		return false;
	t->p = p;
	t->room = room;
	return true;
}

/* ---- unpacking ---- */

enum unpacked { UNPACKED_WHOLE, UNPACKED_SHORT, UNPACKED_NOT };

/* How the deflate data is wrapped, in the numbers of zlib: gzip, zlib or not at all. */
static int window_bits(enum coding coding, struct span s)
{
	if (coding == CODING_GZIP)
		return MAX_WBITS + 16;
	bool wrapped = s.n >= 2 && (s.p[0] & 15) == Z_DEFLATED && (s.p[0] << 8 | s.p[1]) % 31 == 0;
	return wrapped ? MAX_WBITS : -MAX_WBITS;
}

static bool is_bomb(const struct limits *l, const struct plain *t, size_t seen)
{
	bool ratio = t->n > RATIO_FROM && t->n / (seen + 1) >= l->inflate_ratio;
	return ratio || t->n > l->inflate_bytes;
}

static enum unpacked unpack_run(const struct limits *l, z_stream *z, struct plain *t, size_t n)
{
	int result = Z_OK;
	while (result == Z_OK || result == Z_STREAM_END) {
		if (result == Z_STREAM_END && z->avail_in == 0)
			return UNPACKED_WHOLE;
		if (result == Z_STREAM_END) /* another member follows */
			inflateReset(z);
		if (t->n == t->room && !plain_grow(t))
			return UNPACKED_NOT;
		z->next_out = t->p + t->n;
		z->avail_out = (uInt)(t->room - t->n);
		result = inflate(z, Z_NO_FLUSH);
		t->n = t->room - z->avail_out;
		if (is_bomb(l, t, n - z->avail_in))
			return UNPACKED_NOT;
	}
	return result == Z_BUF_ERROR && z->avail_in == 0 ? UNPACKED_SHORT : UNPACKED_NOT;
}

static enum unpacked unpack(const struct limits *l, int bits, struct span s, struct plain *t)
{
	z_stream z = { .next_in = s.p, .avail_in = (uInt)s.n };
	if (s.n == 0 || s.n > UINT32_MAX || inflateInit2(&z, bits) != Z_OK)
		return UNPACKED_NOT;
	enum unpacked status = unpack_run(l, &z, t, s.n);
	inflateEnd(&z);
	return status;
}

/* ---- packing ---- */

/* Ways of packing: none of them is the shortest for all texts. */
static const struct way {
	int level, memory, strategy;
} ways[] = {
	{ 9, 9, Z_DEFAULT_STRATEGY },
	{ 9, 8, Z_FILTERED },
	{ 8, 9, Z_DEFAULT_STRATEGY },
	{ 7, 9, Z_FILTERED },
	{ 6, 8, Z_DEFAULT_STRATEGY },
	{ 5, 9, Z_FILTERED },
	{ 4, 9, Z_DEFAULT_STRATEGY },
	{ 9, 1, Z_DEFAULT_STRATEGY },
	{ 9, 9, Z_FIXED },
	{ 3, 9, Z_DEFAULT_STRATEGY },
};
enum { ZLIB_WAYS = sizeof ways / sizeof ways[0], WAYS = ZLIB_WAYS + 1 }; /* the last is our own */
/* The first way, for long texts: all but as short, where one that was packed well would take a second. */
enum { LONG_GOOD = 32, LONG_LAZY = 258, LONG_NICE = 258, LONG_CHAIN = 1024 };

static bool is_long(const struct plain *t)
{
	return t->n > t->short_most;
}

/* Of a long text the other slow ways are left out. */
static bool is_tried(const struct plain *t, size_t way)
{
	return !is_long(t) || way == 0 || (way < ZLIB_WAYS && ways[way].level <= 6);
}

static size_t pack_zlib(const struct plain *t, uint8_t *out, size_t room, const struct way *how,
    bool finish)
{
	z_stream z = { .next_in = t->p, .avail_in = (uInt)t->n };
	if (deflateInit2(&z, how->level, Z_DEFLATED, -MAX_WBITS, how->memory, how->strategy) !=
	    Z_OK)
		return 0;
	if (is_long(t) && how == &ways[0])
		deflateTune(&z, LONG_GOOD, LONG_LAZY, LONG_NICE, LONG_CHAIN);
	z.next_out = out;
	z.avail_out = (uInt)room;
	int result = deflate(&z, finish ? Z_FINISH : Z_SYNC_FLUSH);
	bool done = finish ? result == Z_STREAM_END :
			     result == Z_OK && z.avail_in == 0 && z.avail_out != 0;
	size_t n = room - z.avail_out;
	deflateEnd(&z);
	return done ? n : 0;
}

/* Deflate data without a wrapper; 0: it does not fit. */
static size_t pack(const struct plain *t, uint8_t *out, size_t room, size_t way, bool finish)
{
	if (!is_tried(t, way))
		return 0;
	if (way < ZLIB_WAYS)
		return pack_zlib(t, out, room, &ways[way], finish);
	return pack_short((struct slice){ t->p, t->n }, out, room, finish);
}

static void put_le32(uint8_t *p, uLong value)
{
	for (size_t i = 0; i < 4; i++)
		p[i] = (uint8_t)(value >> 8 * i);
}

static size_t gzip_head(uint8_t *p, size_t pad)
{
	static const uint8_t head[GZIP_HEAD] = { 0x1f, 0x8b, Z_DEFLATED, 0, 0, 0, 0, 0, 0, 255 };
	memcpy(p, head, GZIP_HEAD);
	if (pad == 0)
		return GZIP_HEAD;
	p[3] = GZIP_COMMENT;
	memset(p + GZIP_HEAD, 'x', pad - 1);
	p[GZIP_HEAD + pad - 1] = 0;
	return GZIP_HEAD + pad;
}

static bool gzip_make(const struct plain *t, struct span body, uint8_t *packed, bool finish)
{
	size_t frame = GZIP_HEAD + (finish ? GZIP_TAIL : 0);
	if (body.n <= frame)
		return false;
	size_t n = 0;
	for (size_t way = 0; way < WAYS && n == 0; way++)
		n = pack(t, packed, body.n - frame, way, finish);
	if (n == 0)
		return false;
	size_t at = gzip_head(body.p, body.n - frame - n);
	memcpy(body.p + at, packed, n);
	if (finish) {
		put_le32(body.p + at + n, crc32(0, t->p, (uInt)t->n));
		put_le32(body.p + at + n + 4, t->n);
	}
	return true;
}

/*
 * Blocks that hold nothing: j of them with fixed codes, 10 bits each, and a stored one, which ends at a byte
 * boundary, take 5, 6, 7, 9 bytes for j = 0, 1, 2, 3. False: that many bytes cannot be made of them.
 */
static bool pad_put(uint8_t *p, size_t pad)
{
	while (pad != 0) {
		size_t fixed = pad % 5 == 1 ? 1 : pad % 5 == 4 ? 3 : pad % 5 == 0 ? 0 : 2;
		size_t length = (10 * fixed + 3 + 7) / 8 + 4;
		if (length > pad)
			return false;
		memset(p, 0, length - 2);
		for (size_t i = 0; i < fixed; i++)
			p[(10 * i + 1) / 8] |= (uint8_t)(1u << (10 * i + 1) % 8);
		p[length - 2] = p[length - 1] = 0xff;
		p += length;
		pad -= length;
	}
	return true;
}

/* With or without the wrapper of zlib. Another way makes another length, in case one cannot be padded. */
static bool deflate_make(const struct plain *t, struct span body, uint8_t *packed, bool wrapped,
    bool finish)
{
	size_t head = wrapped ? 2 : 0, frame = head + (wrapped && finish ? 4 : 0);
	for (size_t way = 0; way < WAYS && body.n > frame; way++) {
		size_t n = pack(t, packed, body.n - frame, way, finish);
		if (n == 0 || !pad_put(body.p + head, body.n - frame - n))
			continue;
		if (wrapped) {
			body.p[0] = 0x78;
			body.p[1] = 0xda;
		}
		memcpy(body.p + body.n - (frame - head) - n, packed, n);
		uLong sum = adler32(adler32(0, NULL, 0), t->p, (uInt)t->n);
		for (size_t i = 0; i < frame - head; i++)
			body.p[body.n - 1 - i] = (uint8_t)(sum >> 8 * i);
		return true;
	}
	return false;
}

static bool make(enum coding coding, const struct plain *t, struct span body, int bits, bool finish)
{
	uint8_t *packed = malloc(body.n + 1);
	bool made = false;
	if (packed != NULL && coding == CODING_GZIP)
		made = gzip_make(t, body, packed, finish);
	else if (packed != NULL)
		made = deflate_make(t, body, packed, bits > 0, finish);
	free(packed);
	return made;
}

/* Something that unpacks as far as it did, to nothing; where there is no room for that, nothing at all. */
static void blank(enum coding coding, struct span body, int bits, enum unpacked status)
{
	const struct plain nothing = { .p = (uint8_t *)"", .n = 0 };
	if (status == UNPACKED_NOT || !make(coding, &nothing, body, bits, status == UNPACKED_WHOLE))
		memset(body.p, 0, body.n);
}

/* The XML declaration of a text in UTF-8 says nothing that is not so without it. */
static void declaration_blank(struct plain *t)
{
	struct slice s = { t->p, t->n };
	size_t n = slice_find(s, SLICE("?>")) + 2;
	struct slice declaration = slice_part(s, 0, n);
	size_t encoding = slice_find(declaration, SLICE("encoding="));
	struct slice named = slice_part(declaration, encoding + 10, 5);
	bool utf8 = encoding == declaration.n || slice_is_nocase(named, "utf-8");
	if (slice_starts(s, SLICE("<?xml ")) && n <= s.n && utf8)
		memset(t->p, ' ', n);
}

static bool is_space(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* White space between tags, or in front of the first: how much there is. */
static size_t spaces_at(const struct plain *t, size_t i)
{
	size_t end = i;
	if (i != 0 && t->p[i - 1] != '>')
		return 0;
	while (end < t->n && is_space(t->p[end]))
		end++;
	return end == t->n || t->p[end] == '<' ? end - i : 0;
}

/* One kind of it is as good as another ... */
static void spaces_unify(struct plain *t)
{
	for (size_t i = 0; i < t->n; i++)
		memset(t->p + i, ' ', spaces_at(t, i));
}

/* ... and so is none, though then the text is shorter than it was. */
static void spaces_drop(struct plain *t)
{
	size_t n = 0;
	for (size_t i = 0; i < t->n;) {
		i += spaces_at(t, i);
		if (i < t->n)
			t->p[n++] = t->p[i++];
	}
	t->n = n;
}

/* Makes markup shorter when it is packed, and nothing else of it. */
static bool fit_markup(enum coding coding, struct plain *t, struct span body, int bits, bool finish)
{
	if (t->n == 0 || t->p[0] != '<')
		return false;
	declaration_blank(t);
	spaces_unify(t);
	if (make(coding, t, body, bits, finish))
		return true;
	spaces_drop(t);
	return make(coding, t, body, bits, finish);
}

/* Takes ever more out of it, until it fits. */
static bool fit_text(const struct words *w, enum coding coding, struct plain *t, struct span body,
    int bits, bool finish, scrubbing *thin)
{
	if (thin == NULL)
		return false;
	thin(w, t->p, t->n, NULL);
	if (make(coding, t, body, bits, finish))
		return true;
	bytes_blank(t->p, t->n);
	return make(coding, t, body, bits, finish);
}

bool coding_scrub(const struct words *w, const struct limits *l, enum coding coding,
    struct span body, const struct packed *packed)
{
	struct plain t = { .short_most = l->scrub_pack };
	int bits = window_bits(coding, body);
	enum unpacked status = coding == CODING_UNKNOWN ? UNPACKED_NOT : unpack(l, bits, body, &t);
	bool made = false, whole = status == UNPACKED_WHOLE;
	if (status != UNPACKED_NOT) {
		packed->scrub(w, t.p, t.n, packed->arg);
		made = make(coding, &t, body, bits, whole) ||
		    fit_markup(coding, &t, body, bits, whole) ||
		    fit_text(w, coding, &t, body, bits, whole, packed->thin);
	}
	if (!made)
		blank(coding, body, bits, status);
	free(t.p);
	return made;
}
