/*
 * The beginning of a stream: the preface of a proxy, the first bytes that make another protocol known, and
 * the names in the hello of a TLS client.
 */
#include <stdlib.h>
#include <string.h>

#include "decode/hello.h"
#include "decode/http.h"
#include "decode/proxy.h"

static const struct limits *limits_of(const struct side *s)
{
	return &s->http->flow->shard->options->limits;
}

/* ---- the first bytes ---- */

/* Of bytes that lie at an offset. False: none of them. */
static bool first_add(struct side *s, struct slice bytes, uint64_t offset)
{
	size_t room = FIRST_MOST - s->n_first, n = bytes.n < room ? bytes.n : room;
	if (!n)
		return false;
	if (!s->n_first)
		s->first_at = offset;
	memcpy(s->first + s->n_first, bytes.p, n);
	s->n_first += n;
	return true;
}

/* False: they are as they were. */
bool first_note(struct side *s, struct slice left)
{
	const struct piece *piece = s->http->piece;
	while (!s->n_first && left.n && (left.p[0] == '\r' || left.p[0] == '\n'))
		left = slice_part(left, 1, left.n);
	return left.n && first_add(s, left, piece->offset + (uint64_t)(left.p - piece->bytes.p));
}

const char *first_protocol(const struct side *s)
{
	struct slice first = { s->first, s->n_first };
	const char *name = s->messages ? NULL : protocol_recognise(first);
	bool request = name && strcmp(name, "http/0.9") == 0;
	return request && s->role == ROLE_SERVER ? NULL : name;
}

/* What comes behind a gap is not the start, but what comes first is all there is to go by. */
void first_gap(struct side *s)
{
	s->n_first = s->opaque_bytes ? FIRST_MOST : 0;
	if (s->http->hello == s)
		http_hello_end(s->http);
}

/* ---- the hello of TLS ---- */

static void hello_store(struct http *http, const struct tls_hello *hello)
{
	size_t n = hello->server_name.n + hello->n_alpn;
	http->names = n ? malloc(n) : NULL;
	if (!http->names)
		return;
	if (hello->server_name.n)
		memcpy(http->names, hello->server_name.p, hello->server_name.n);
	memcpy(http->names + hello->server_name.n, hello->alpn, hello->n_alpn);
	http->n_server_name = hello->server_name.n;
	http->n_alpn = hello->n_alpn;
}

void http_hello_end(struct http *http)
{
	struct side *s = http->hello;
	struct tls_hello hello;
	if (!s)
		return;
	http->hello_whole = tls_hello_read((struct slice){ s->line, s->n_line }, &hello);
	hello_store(http, &hello);
	http->hello = NULL;
	side_line_drop(s);
}

static size_t hello_wanted(const struct side *s)
{
	if (s->n_line < HELLO_HEADER)
		return HELLO_HEADER;
	const struct limits *l = limits_of(s);
	size_t n = tls_hello_bytes((struct slice){ s->line, s->n_line });
	size_t most = side_line_most(l);
	most = l->tls_hello < most ? (size_t)l->tls_hello : most;
	return n < most ? n : most;
}

/* Takes what is new of some bytes that lie at an offset. */
void hello_note(struct side *s, struct slice bytes, uint64_t offset)
{
	while (s->http->hello == s) {
		size_t wanted = hello_wanted(s), skip = (size_t)(s->first_at + s->n_line - offset);
		struct slice part = slice_part(bytes, skip, wanted - s->n_line);
		if (s->n_line >= wanted)
			http_hello_end(s->http);
		else if (!part.n)
			return;
		else if (!side_line_keep(s, part))
			http_hello_end(s->http);
	}
}

void hello_begin(struct side *s, const char *protocol)
{
	if (strcmp(protocol, "tls") != 0)
		return;
	s->http->hello = s;
	hello_note(s, (struct slice){ s->first, s->n_first }, s->first_at);
}

/* ---- the preface of a proxy ---- */

/* The addresses count only when all of it was seen. */
static size_t preface_rest(struct side *s, struct slice left)
{
	size_t n = s->left < left.n ? (size_t)s->left : left.n;
	side_tap(s, slice_part(left, 0, n), TAP_HEAD);
	s->left -= n;
	if (!s->left) {
		side_tap_end(s, TAP_NO_MESSAGE);
		s->state = SIDE_START;
		s->prefaced = true;
		first_note(s, slice_part(left, n, left.n));
	}
	return n;
}

static size_t preface_keep(struct side *s, struct slice left)
{
	if (!s->n_line)
		side_line_mark(s, &left);
	side_tap(s, left, TAP_HEAD);
	if (!side_line_keep(s, left))
		side_give_up(s);
	return left.n;
}

/* What was kept is the beginning of a line, behind blank lines at most. */
static size_t preface_none(struct side *s, struct slice left)
{
	size_t blank = 0;
	for (size_t i = 0; i < s->n_line; i++)
		blank = s->line[i] == '\n' ? i + 1 : blank;
	s->line_offset += blank;
	s->n_line -= blank;
	if (s->n_line && blank)
		memmove(s->line, s->line + blank, s->n_line);
	if (s->n_line && s->line[0] != '\r')
		first_add(s, (struct slice){ s->line, s->n_line }, s->line_offset);
	s->state = SIDE_START;
	first_note(s, left);
	return 0;
}

static size_t preface_lost(struct side *s)
{
	side_tap_end(s, TAP_NO_MESSAGE);
	s->opaque_bytes += s->n_line;
	s->n_line = 0;
	s->n_first = FIRST_MOST; /* the first bytes were the preface's */
	s->state = SIDE_LOST;
	return 0;
}

size_t preface_feed(struct side *s, struct slice left)
{
	uint8_t start[PROXY_MOST];
	struct slice first = left;
	struct proxy_preface preface;
	if (s->left)
		return preface_rest(s, left);
	if (s->n_line) {
		size_t room = sizeof(start) - s->n_line, n = left.n < room ? left.n : room;
		memcpy(start, s->line, s->n_line);
		memcpy(start + s->n_line, left.p, n);
		first = (struct slice){ start, s->n_line + n };
	}
	enum proxy_verdict verdict = proxy_preface_read(first, &preface);
	if (verdict == PROXY_MORE)
		return preface_keep(s, left);
	if (verdict == PROXY_NONE)
		return preface_none(s, left);
	if (verdict == PROXY_BROKEN)
		side_anomaly(s, PROXY_MALFORMED, 0);
	if (!preface.bytes)
		return preface_lost(s);
	s->left = preface.bytes - s->n_line;
	s->origin = preface.client;
	s->n_line = 0;
	return preface_rest(s, left);
}
