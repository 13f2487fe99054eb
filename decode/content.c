/*
 * content.c - message bodies: undoes the content coding, finds the reader for the media type
 * (bodies.def) and feeds it; see content.h.
 */
#include "decode/body.h"
#include "decode/inflate.h"
#include "decode/xml.h"

#include <string.h>

enum coding { CODING_NONE, CODING_PACKED, CODING_UNKNOWN };

enum { SNIFF = 64, PIECE = 4096 };

struct content {
	const struct limits *limits;
	struct arena *arena;
	struct content_sink sink;
	uint64_t reported; /* anomalies by their code: each is told once a body */
	enum coding coding;
	enum inflate_coding packing; /* CODING_PACKED */
	enum body_kind kind;
	const struct body_reader *reader;
	void *reading; /* the reader's own; NULL before the first byte and when it has no room */
	bool reader_begun, reader_done;
	bool root_only;
	enum content_wish wish;
	bool gap;
	bool undecodable;
	bool sniffing; /* no media type: the first bytes decide */
	bool hashing;
	struct hash_run hash; /* of decoded bytes */
	uint8_t sniffed[SNIFF];
	size_t n_sniffed;
	struct inflater *inflater;
	struct inflate_sum *unpacked;
	uint64_t bytes; /* as they came */
	uint64_t fed; /* decoded ones */
};

static void content_report(void *ctx, enum anomaly_code code, uint64_t value)
{
	struct content *c = ctx;
	_Static_assert(ANOMALY_CODES <= 64, "one bit for each");
	if (c->reported & UINT64_C(1) << code)
		return;
	c->reported |= UINT64_C(1) << code;
	c->sink.anomaly(c->sink.ctx, code, value);
}

/* ---- media types and codings ---- */

static const struct body_reader *const readers[] = {
#define BODY(name) &body_##name,
#include "decode/bodies.def"
#undef BODY
};

static bool media_matches(struct slice media, const char *pattern)
{
	if (pattern[0] != '+')
		return slice_is_nocase(media, pattern);
	struct slice wanted = slice_from(pattern);
	return media.n > wanted.n &&
	    slice_equal_nocase(slice_part(media, media.n - wanted.n, wanted.n), wanted);
}

static const struct body_reader *reader_find(struct slice media_type)
{
	struct slice media = slice_trim(
	    slice_part(media_type, 0, slice_find_byte(media_type, ';')));
	for (size_t i = 0; i < sizeof(readers) / sizeof(readers[0]); i++)
		for (const char *const *m = readers[i]->media_types; *m != NULL; m++)
			if (media_matches(media, *m))
				return readers[i];
	return NULL;
}

enum body_kind content_kind(struct slice media_type)
{
	const struct body_reader *reader = reader_find(media_type);
	return reader != NULL ? reader->kind : BODY_OTHER;
}

/* Codings upon codings are refused: nobody needs them, and they are how bombs are stacked. */
static enum coding coding_find(struct slice value, enum inflate_coding *packing)
{
	static const struct {
		const char *name;
		enum inflate_coding packing;
	} packings[] = {
		{ "gzip", INFLATE_GZIP },
		{ "x-gzip", INFLATE_GZIP },
		{ "deflate", INFLATE_DEFLATE },
		{ "br", INFLATE_BROTLI },
		{ "zstd", INFLATE_ZSTD },
	};
	value = slice_trim(value);
	if (value.n == 0 || slice_is_nocase(value, "identity"))
		return CODING_NONE;
	for (size_t i = 0; i < sizeof(packings) / sizeof(packings[0]); i++) {
		if (slice_is_nocase(value, packings[i].name)) {
			*packing = packings[i].packing;
			return CODING_PACKED;
		}
	}
	return CODING_UNKNOWN;
}

static void reader_choose(struct content *c, const struct body_reader *reader)
{
	c->reader = reader;
	c->kind = reader != NULL ? reader->kind : BODY_OTHER;
	bool object = c->kind == BODY_CALENDAR || c->kind == BODY_VCARD || c->kind == BODY_MIME;
	c->hashing = c->hashing || (object && c->wish == CONTENT_ALL);
}

struct content *content_new(const struct content_options *options, struct arena *arena,
    struct content_sink sink)
{
	struct content *c = arena_alloc(arena, sizeof(*c));
	if (c == NULL)
		return NULL;
	c->limits = options->limits;
	c->arena = arena;
	c->sink = sink;
	c->unpacked = options->unpacked;
	c->root_only = options->root_only;
	c->wish = options->wish;
	c->coding = coding_find(options->coding, &c->packing);
	c->sniffing = slice_trim(options->media_type).n == 0;
	c->hashing = options->hash;
	reader_choose(c, reader_find(options->media_type));
	return c;
}

/* ---- decoded bytes ---- */

static bool is_read(const struct content *c)
{
	if (c->reader == NULL)
		return false;
	return c->wish == CONTENT_ALL || c->kind == BODY_XML ||
	    (c->wish == CONTENT_ORGANIZER && c->kind == BODY_CALENDAR);
}

static void reader_begin(struct content *c)
{
	c->reader_begun = true;
	if (!is_read(c) || c->reader->start == NULL) {
		c->reader_done = true;
		return;
	}
	const struct body_env env = {
		.limits = c->limits,
		.arena = c->arena,
		.sink = { content_report, c },
		.root_only = c->root_only,
		.organizer_only = c->wish == CONTENT_ORGANIZER,
	};
	c->reading = c->reader->start(&env);
	if (c->reading == NULL) {
		c->reader_done = true;
		content_report(c, HTTP_LIMIT, 0);
	}
}

static void reader_feed(struct content *c, struct slice s)
{
	if (c->hashing)
		hash_add(&c->hash, s);
	if (!c->reader_begun)
		reader_begin(c);
	if (!c->reader_done)
		c->reader_done = !c->reader->data(c->reading, s);
}

static bool is_name_start(uint8_t byte)
{
	uint8_t lower = byte | 0x20;
	return (lower >= 'a' && lower <= 'z') || byte == '_' || byte == ':' || byte >= 0x80;
}

/* Behind byte order mark and white space: "<?xml", or '<' and a name. NULs are UTF-16's. */
static bool looks_like_xml(struct slice s)
{
	uint8_t text[SNIFF];
	size_t n = 0;
	if (slice_starts(s, SLICE("\xef\xbb\xbf")))
		s = slice_part(s, 3, s.n);
	else if (slice_starts(s, SLICE("\xff\xfe")) || slice_starts(s, SLICE("\xfe\xff")))
		s = slice_part(s, 2, s.n);
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] != 0 && (n > 0 || !xml_blank(s.p[i])))
			text[n++] = s.p[i];
	}
	struct slice start = { text, n };
	return slice_starts(start, SLICE("<?xml")) ||
	    (n > 1 && text[0] == '<' && is_name_start(text[1]));
}

/* Field names that a MIME message begins with (RFC 2045 3, RFC 5322 3.6), Exchange's own too. */
static const struct body_reader *sniff(struct slice s)
{
	static const struct {
		const char *start;
		const struct body_reader *reader;
	} starts[] = {
		{ "BEGIN:VCALENDAR", &body_calendar },
		{ "BEGIN:VCARD", &body_vcard },
		{ "MIME-Version:", &body_mime },
		{ "Content-Type:", &body_mime },
		{ "Content-Class:", &body_mime },
		{ "Received:", &body_mime },
		{ "Message-ID:", &body_mime },
	};
	if (looks_like_xml(s))
		return &body_xml;
	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++)
		if (slice_starts_nocase(s, slice_from(starts[i].start)))
			return starts[i].reader;
	return NULL;
}

static void sniff_decide(struct content *c)
{
	struct slice s = { c->sniffed, c->n_sniffed };
	c->sniffing = false;
	if (s.n == 0)
		return;
	reader_choose(c, sniff(s));
	reader_feed(c, s);
}

static void content_piece(struct content *c, struct slice s)
{
	if (!c->sniffing) {
		reader_feed(c, s);
		return;
	}
	memcpy(c->sniffed + c->n_sniffed, s.p, s.n);
	c->n_sniffed += s.n;
	if (c->n_sniffed == SNIFF)
		sniff_decide(c);
}

/*
 * Pieces end at fixed places, so that memory is asked for in the same order however the body arrives:
 * when there is not enough of it, the same things are missing.
 */
static void content_decoded(struct content *c, struct slice s)
{
	while (s.n > 0) {
		size_t room = c->fed < SNIFF ? SNIFF - c->fed : PIECE - c->fed % PIECE;
		size_t n = s.n < room ? s.n : room;
		content_piece(c, slice_part(s, 0, n));
		c->fed += n;
		s = slice_part(s, n, s.n);
	}
}

/* ---- coded bytes ---- */

static bool inflated(void *ctx, struct slice s)
{
	struct content *c = ctx;
	content_decoded(c, s);
	return !c->reader_done || (!c->root_only && c->wish == CONTENT_ALL);
}

static void inflate_judge(struct content *c, enum inflate_status status, bool ended)
{
	enum anomaly_code code = BODY_BAD_CODING;
	if (status == INFLATE_ENDED || status == INFLATE_STOPPED ||
	    (status == INFLATE_MORE && !ended))
		return;
	if (status == INFLATE_BOMB)
		code = BODY_BOMB;
	else if (status == INFLATE_NO_ROOM)
		code = HTTP_LIMIT;
	c->undecodable = true;
	content_report(c, code, code == BODY_BOMB ? inflater_made(c->inflater) : 0);
}

static void content_inflate(struct content *c, struct slice s)
{
	if (c->undecodable)
		return;
	if (c->inflater == NULL) {
		const struct inflate_sink sink = { inflated, c };
		c->inflater = inflater_new(c->packing, c->limits, c->unpacked, c->arena, sink);
	}
	if (c->inflater == NULL)
		inflate_judge(c, INFLATE_NO_ROOM, false);
	else
		inflate_judge(c, inflater_data(c->inflater, s), false);
}

/* ---- the face ---- */

void content_data(struct content *c, struct slice s)
{
	c->bytes += s.n;
	if (s.n == 0 || c->gap)
		return;
	switch (c->coding) {
	case CODING_NONE:
		content_decoded(c, s);
		break;
	case CODING_PACKED:
		content_inflate(c, s);
		break;
	case CODING_UNKNOWN:
		c->undecodable = true;
		content_report(c, BODY_BAD_CODING, 0);
		break;
	}
}

/* Works off what layers hold back. `ended`: the message is whole, so the coding has to be too. */
static void content_flush(struct content *c, bool ended)
{
	if (c->inflater != NULL && !c->undecodable)
		inflate_judge(c, inflater_end(c->inflater), ended);
	if (c->sniffing)
		sniff_decide(c);
}

void content_gap(struct content *c, uint64_t bytes)
{
	if (bytes == 0 || c->gap)
		return;
	content_flush(c, false);
	c->gap = true;
}

static uint64_t decoded_bytes(const struct content *c)
{
	if (c->coding == CODING_NONE)
		return c->bytes;
	return c->inflater != NULL ? inflater_made(c->inflater) : 0;
}

void content_end(struct content *c, bool whole, struct body *body)
{
	if (!c->gap)
		content_flush(c, whole);
	body->bytes = c->bytes;
	body->decoded_bytes = decoded_bytes(c);
	body->kind = c->bytes > 0 || c->gap ? c->kind : BODY_NONE;
	body->undecodable = c->undecodable;
	body->complete = whole && !c->gap && !c->undecodable;
	body->organizer = NOT_OBSERVED;
	body->hash = body->complete && c->hash.n > 0 ? hash_sum(&c->hash) : 0;
	body->dav = NULL;
	body->object = NULL;
	body->airsync = NULL;
	inflater_free(c->inflater);
	if (c->reading != NULL)
		c->reader->end(c->reading, body->complete, body);
}

void content_abandon(struct content *c)
{
	if (c == NULL)
		return;
	inflater_free(c->inflater);
	if (c->reading != NULL)
		c->reader->abandon(c->reading);
}
