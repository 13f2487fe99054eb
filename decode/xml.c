/*
 * xml.c - the only user of libxml2: its SAX2 push parser within limits, silent and fed in blocks of
 * one size, so that what comes out does not depend on how the body arrives. On the way to it bytes
 * become UTF-8 (charset.c) and what Exchange gets wrong is mended (sanitise.c).
 */
#include "decode/xml.h"
#include "decode/charset.h"
#include "decode/sanitise.h"

#include <libxml/parser.h>
#include <string.h>

enum { BLOCK = 4096, HELD = 1024 };

struct xml {
	const struct limits *limits;
	struct xml_events events;
	struct content_sink sink;
	xmlParserCtxtPtr parser; /* NULL until the first block is full */
	bool begun; /* the first block was looked at */
	bool stopped;
	struct charset charset;
	struct sanitiser sanitiser;
	uint64_t bytes; /* taken from the body */
	uint64_t text; /* since the last tag */
	size_t depth, namespaces;
	uint32_t scopes[XML_DEPTH_MAX]; /* bindings each open element made */
	size_t n_in, n_out;
	size_t n_held;
	uint8_t held[HELD]; /* text: the parser hands it out in pieces, two and more a line */
	uint8_t in[BLOCK], out[BLOCK]; /* as sent; as the parser gets it */
};

struct xml *xml_new(const struct limits *limits, struct arena *arena, struct xml_events events,
    struct content_sink sink)
{
	struct xml *x = arena_alloc(arena, sizeof(*x));
	if (x == NULL)
		return NULL;
	x->limits = limits;
	x->events = events;
	x->sink = sink;
	x->sanitiser.attributes_max = limits->xml_attributes;
	return x;
}

static void xml_stop(struct xml *x)
{
	x->stopped = true;
	if (x->parser != NULL)
		xmlStopParser(x->parser);
}

static void xml_fail(struct xml *x, enum anomaly_code code)
{
	if (x->stopped)
		return;
	xml_stop(x);
	x->sink.anomaly(x->sink.ctx, code, 0);
}

static struct slice slice_of(const xmlChar *text)
{
	return text != NULL ? slice_from((const char *)text) : (struct slice){ NULL, 0 };
}

static void text_give(struct xml *x, struct slice s)
{
	if (s.n != 0 && !x->stopped && !x->events.text(x->events.ctx, s))
		xml_stop(x);
}

static void text_flush(struct xml *x)
{
	struct slice held = { x->held, x->n_held };
	x->n_held = 0;
	text_give(x, held);
}

static void on_start(void *ctx, const xmlChar *local, const xmlChar *prefix, const xmlChar *uri,
    int n_bindings, const xmlChar **bindings, int n_attributes, int n_defaulted,
    const xmlChar **attributes)
{
	struct xml *x = ctx;
	(void)prefix;
	(void)n_defaulted;
	text_flush(x);
	if (x->stopped)
		return;
	x->text = 0;
	x->namespaces += (size_t)n_bindings;
	bool deep = x->depth == XML_DEPTH_MAX || x->depth >= x->limits->xml_depth;
	if (deep || x->namespaces > x->limits->xml_namespaces) {
		xml_fail(x, XML_LIMIT);
		return;
	}
	x->scopes[x->depth++] = (uint32_t)n_bindings;
	const struct xml_element element = {
		.name = { slice_of(uri), sanitise_undo(slice_of(local)) },
		.bindings = bindings,
		.n_bindings = (size_t)n_bindings,
		.attributes = attributes,
		.n_attributes = (size_t)n_attributes,
	};
	if (!x->events.start(x->events.ctx, &element))
		xml_stop(x);
}

static void on_end(void *ctx, const xmlChar *local, const xmlChar *prefix, const xmlChar *uri)
{
	struct xml *x = ctx;
	(void)local;
	(void)prefix;
	(void)uri;
	text_flush(x);
	if (x->stopped)
		return;
	x->text = 0;
	x->namespaces -= x->scopes[--x->depth];
	if (!x->events.end(x->events.ctx))
		xml_stop(x);
}

static void on_text(void *ctx, const xmlChar *p, int n)
{
	struct xml *x = ctx;
	if (x->stopped || x->depth == 0)
		return;
	x->text += (uint64_t)n;
	if (x->text > x->limits->xml_text) {
		xml_fail(x, XML_LIMIT);
		return;
	}
	if ((size_t)n > HELD - x->n_held)
		text_flush(x);
	if ((size_t)n > HELD) {
		text_give(x, (struct slice){ p, (size_t)n });
		return;
	}
	memcpy(x->held + x->n_held, p, (size_t)n);
	x->n_held += (size_t)n;
}

/* The sanitiser stops at a DOCTYPE first; this is for the case that the two lex differently. */
static void on_doctype(void *ctx, const xmlChar *name, const xmlChar *public_id,
    const xmlChar *system_id)
{
	(void)name;
	(void)public_id;
	(void)system_id;
	xml_fail(ctx, XML_DOCTYPE);
}

/* The library's constness of the second argument differs between versions. */
#if LIBXML_VERSION >= 21200
static void on_error(void *ctx, const xmlError *error)
#else
static void on_error(void *ctx, xmlError *error)
#endif
{
	(void)ctx;
	(void)error;
}

static void on_generic_error(void *ctx, const char *format, ...)
{
	(void)ctx;
	(void)format;
}

static bool parser_new(struct xml *x)
{
	xmlSAXHandler sax = {
		.initialized = XML_SAX2_MAGIC,
		.startElementNs = on_start,
		.endElementNs = on_end,
		.characters = on_text,
		.ignorableWhitespace = on_text,
		.cdataBlock = on_text,
		.internalSubset = on_doctype,
		.serror = on_error,
	};
	/* Kept by the library per thread, so it cannot be done once and for all. */
	xmlSetGenericErrorFunc(NULL, on_generic_error);
	x->parser = xmlCreatePushParserCtxt(&sax, x, NULL, 0, NULL);
	if (x->parser == NULL)
		return false;
	xmlCtxtUseOptions(x->parser, XML_PARSE_NONET | XML_PARSE_IGNORE_ENC);
	return true;
}

static size_t parser_pending(const struct xml *x)
{
	const xmlParserInput *input = x->parser->input;
	return input != NULL ? (size_t)(input->end - input->cur) : 0;
}

static void parser_judge(struct xml *x)
{
	if (x->parser->wellFormed == 0)
		xml_fail(x, x->parser->errNo == XML_ERR_NO_MEMORY ? HTTP_LIMIT : XML_MALFORMED);
}

/* libxml2 2.9 hands out 300 bytes of a long CDATA section a call: ask until it has caught up. */
static void parser_catch_up(struct xml *x)
{
	size_t before = SIZE_MAX;
	while (!x->stopped && parser_pending(x) > BLOCK && parser_pending(x) < before) {
		before = parser_pending(x);
		xmlParseChunk(x->parser, "", 0, 0);
		parser_judge(x);
	}
}

/*
 * The sanitiser knows how long a token is. When the parser holds back more than that, it waits for
 * the end of something that cannot be: the document is not well-formed. Unchecked, this wait would
 * cost time quadratic in its length.
 */
static void xml_push(struct xml *x)
{
	size_t n = x->n_out;
	x->n_out = 0;
	if (x->stopped || n == 0)
		return;
	/* Other starts might make the library guess at an encoding and load its tables. */
	if (x->parser == NULL && x->out[0] != '<' && !xml_blank(x->out[0])) {
		xml_fail(x, XML_MALFORMED);
		return;
	}
	if (x->parser == NULL && !parser_new(x)) {
		xml_fail(x, HTTP_LIMIT);
		return;
	}
	xmlParseChunk(x->parser, (const char *)x->out, (int)n, 0);
	parser_judge(x);
	parser_catch_up(x);
	if (!x->stopped && parser_pending(x) > x->limits->xml_token + 2 * BLOCK)
		xml_fail(x, XML_MALFORMED);
}

static void xml_put(void *ctx, struct slice s)
{
	struct xml *x = ctx;
	while (s.n > 0 && !x->stopped) {
		size_t n = s.n < BLOCK - x->n_out ? s.n : BLOCK - x->n_out;
		memcpy(x->out + x->n_out, s.p, n);
		x->n_out += n;
		s = slice_part(s, n, s.n);
		if (x->n_out == BLOCK)
			xml_push(x);
	}
}

static void xml_mended(void *ctx)
{
	struct xml *x = ctx;
	if (!x->stopped)
		x->sink.anomaly(x->sink.ctx, XML_SANITISED, 0);
}

static void xml_sanitise(struct xml *x, struct slice utf8)
{
	const struct sanitise_sink sink = { xml_put, xml_mended, x };
	struct sanitiser *s = &x->sanitiser;
	sanitiser_data(s, utf8, &sink);
	if (s->doctype || s->wide || s->token > x->limits->xml_token) {
		xml_push(x);
		xml_fail(x, s->doctype ? XML_DOCTYPE : XML_LIMIT);
	}
}

static void xml_convert(struct xml *x, struct slice in)
{
	uint8_t utf8[BLOCK];
	size_t n = 0;
	for (size_t i = 0; i < in.n && !x->stopped; i++) {
		n += charset_byte(&x->charset, in.p[i], utf8 + n);
		if (n > sizeof(utf8) - CHARSET_MAX || i + 1 == in.n) {
			xml_sanitise(x, (struct slice){ utf8, n });
			n = 0;
		}
	}
}

/* Works off one block: a full one, or what there is when no more comes. */
static void xml_block(struct xml *x, struct slice in)
{
	if (!x->begun) {
		size_t mark;
		x->begun = true;
		x->charset.kind = charset_detect(in, &mark);
		in = slice_part(in, mark, in.n);
	}
	if (x->charset.kind == CHARSET_UNKNOWN)
		xml_fail(x, XML_MALFORMED);
	else if (x->charset.kind == CHARSET_UTF8)
		xml_sanitise(x, in);
	else
		xml_convert(x, in);
}

static void xml_flush(struct xml *x)
{
	xml_block(x, (struct slice){ x->in, x->n_in });
	x->n_in = 0;
	xml_push(x);
}

/* The document is over: what still waits for its other half will not get it. */
static void xml_finish(struct xml *x)
{
	const struct sanitise_sink sink = { xml_put, xml_mended, x };
	uint8_t rest[CHARSET_MAX];
	size_t n = charset_end(&x->charset, rest);
	xml_sanitise(x, (struct slice){ rest, n });
	sanitiser_end(&x->sanitiser, &sink);
	xml_push(x);
	if (x->parser == NULL)
		xml_fail(x, XML_MALFORMED);
	if (x->stopped)
		return;
	xmlParseChunk(x->parser, "", 0, 1);
	parser_judge(x);
}

bool xml_data(struct xml *x, struct slice in)
{
	bool over = in.n > x->limits->xml_bytes - x->bytes;
	if (over)
		in.n = x->limits->xml_bytes - x->bytes;
	x->bytes += in.n;
	while (in.n > 0 && !x->stopped) {
		size_t n = in.n < BLOCK - x->n_in ? in.n : BLOCK - x->n_in;
		if (n == BLOCK) {
			xml_block(x, slice_part(in, 0, n));
		} else {
			memcpy(x->in + x->n_in, in.p, n);
			x->n_in += n;
			if (x->n_in == BLOCK) {
				x->n_in = 0;
				xml_block(x, (struct slice){ x->in, BLOCK });
			}
		}
		in = slice_part(in, n, in.n);
	}
	if (over && !x->stopped) {
		xml_flush(x);
		xml_fail(x, XML_LIMIT);
	}
	return !x->stopped;
}

bool xml_end(struct xml *x, bool whole)
{
	if (!x->stopped)
		xml_flush(x);
	if (whole)
		xml_finish(x);
	bool well_formed = whole && !x->stopped;
	xml_abandon(x);
	return well_formed;
}

void xml_abandon(struct xml *x)
{
	if (x->parser != NULL)
		xmlFreeParserCtxt(x->parser);
	x->parser = NULL;
}

struct slice xml_binding(const struct xml_element *e, size_t i)
{
	return slice_of(e->bindings[2 * i + 1]);
}

struct slice xml_attribute(const struct xml_element *e, const char *name)
{
	for (size_t i = 0; i < e->n_attributes; i++) {
		const unsigned char **a = e->attributes + 5 * i;
		if (a[2] == NULL && slice_equal(slice_of(a[0]), slice_from(name)))
			return (struct slice){ a[3], (size_t)(a[4] - a[3]) };
	}
	return (struct slice){ NULL, 0 };
}

void xml_setup(void)
{
	xmlInitParser();
}
