/*
 * The preface by which a proxy names its client, as a line of text (version 1) or in binary
 * (version 2), after "The PROXY protocol" of HAProxy. What follows the addresses is read past.
 */
#include "decode/proxy.h"

#include <arpa/inet.h>
#include <string.h>

enum {
	LINE_MOST = 107, /* with its end */
	HEADER = 16, /* of version 2: signature, version and command, family, length */
	BLANKS = 4, /* the signature begins like blank lines */
	V4_BYTES = 12,
	V6_BYTES = 36,
	UNIX_BYTES = 216,
};

enum family { FAMILY_NONE, FAMILY_V4, FAMILY_V6, FAMILY_UNIX, FAMILIES };
enum transport { TRANSPORT_NONE, TRANSPORT_STREAM, TRANSPORT_DATAGRAM, TRANSPORTS };

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* How many bytes the two have in common. */
static size_t common(struct slice a, struct slice b)
{
	size_t n = 0;
	while (n < a.n && n < b.n && a.p[n] == b.p[n])
		n++;
	return n;
}

/* ---- version 1 ---- */

/* Words are apart by one blank each. */
static struct slice word_take(struct slice *line)
{
	size_t end = slice_find_byte(*line, ' ');
	struct slice word = slice_part(*line, 0, end);
	*line = slice_part(*line, end + 1, line->n);
	return word;
}

static bool address_read(struct slice word, uint16_t family, struct endpoint *out)
{
	char text[INET6_ADDRSTRLEN];
	if (word.n == 0 || word.n >= sizeof(text))
		return false;
	memcpy(text, word.p, word.n);
	text[word.n] = '\0';
	out->family = family;
	return strlen(text) == word.n &&
	    inet_pton(family == 4 ? AF_INET : AF_INET6, text, out->address) == 1;
}

static bool port_read(struct slice word, struct endpoint *out)
{
	uint64_t number;
	if (!slice_to_u64(word, &number) || number > UINT16_MAX || (word.n > 1 && word.p[0] == '0'))
		return false;
	out->port = (uint16_t)number;
	return true;
}

/* "TCP4 10.0.0.1 10.0.0.2 40000 80"; behind UNKNOWN anything may stand. */
static bool words_read(struct slice line, struct endpoint *client)
{
	struct endpoint to;
	struct slice kind = word_take(&line);
	if (slice_equal(kind, SLICE("UNKNOWN")))
		return true;
	bool v4 = slice_equal(kind, SLICE("TCP4"));
	if (!v4 && !slice_equal(kind, SLICE("TCP6")))
		return false;
	uint16_t family = v4 ? 4 : 6;
	struct slice from_address = word_take(&line), to_address = word_take(&line);
	struct slice from_port = word_take(&line);
	return address_read(from_address, family, client) && port_read(from_port, client) &&
	    address_read(to_address, family, &to) && port_read(line, &to);
}

static bool is_request(struct slice line)
{
	struct slice version = slice_part(line, line.n > 9 ? line.n - 9 : 0, 8);
	return slice_equal(version, SLICE(" HTTP/1."));
}

static enum proxy_verdict text_read(struct slice first, struct proxy_preface *out)
{
	struct slice start = SLICE("PROXY ");
	if (common(first, start) < smaller(first.n, start.n))
		return PROXY_NONE;
	struct slice line = slice_part(first, 0, LINE_MOST);
	size_t end = slice_find_byte(line, '\n');
	if (end == line.n)
		return line.n < LINE_MOST ? PROXY_MORE : PROXY_BROKEN;
	line = slice_part(line, 0, end);
	out->bytes = end + 1;
	if (line.p[line.n - 1] != '\r')
		return is_request(line) ? PROXY_NONE : PROXY_BROKEN;
	line.n--;
	if (is_request(line))
		return PROXY_NONE;
	struct endpoint client = { 0 };
	if (!words_read(slice_part(line, start.n, line.n), &client))
		return PROXY_BROKEN;
	out->client = client;
	return PROXY_WHOLE;
}

/* ---- version 2 ---- */

static void client_read(struct cursor *c, enum family family, struct endpoint *client)
{
	size_t n = family == FAMILY_V4 ? 4 : 16;
	struct slice from = cursor_take(c, n);
	cursor_skip(c, n);
	client->family = family == FAMILY_V4 ? 4 : 6;
	memcpy(client->address, from.p, n);
	client->port = cursor_be16(c);
}

static enum proxy_verdict addresses_read(struct cursor *c, uint8_t kind, size_t length,
    struct endpoint *client)
{
	static const size_t wanted[FAMILIES] = { 0, V4_BYTES, V6_BYTES, UNIX_BYTES };
	unsigned family = kind >> 4, transport = kind & 0x0f;
	if (family >= FAMILIES || transport >= TRANSPORTS || length < wanted[family])
		return PROXY_BROKEN;
	bool tcp = transport == TRANSPORT_STREAM && (family == FAMILY_V4 || family == FAMILY_V6);
	if (!tcp)
		return PROXY_WHOLE;
	if (cursor_left(c) < wanted[family])
		return PROXY_MORE;
	client_read(c, (enum family)family, client);
	return PROXY_WHOLE;
}

static enum proxy_verdict binary_read(struct slice first, struct proxy_preface *out)
{
	struct slice signature = SLICE("\r\n\r\n\0\r\nQUIT\n");
	size_t same = common(first, signature);
	if (same < smaller(first.n, signature.n))
		return same > BLANKS ? PROXY_BROKEN : PROXY_NONE;
	if (first.n < HEADER)
		return PROXY_MORE;
	struct cursor c = cursor_from(slice_part(first, signature.n, first.n));
	uint8_t command = cursor_u8(&c), kind = cursor_u8(&c);
	size_t length = cursor_be16(&c);
	if (command >> 4 != 2)
		return PROXY_BROKEN;
	out->bytes = HEADER + length;
	if ((command & 0x0f) > 1)
		return PROXY_BROKEN;
	/* The connection is the proxy's own, as to see whether the server lives. */
	if ((command & 0x0f) == 0)
		return PROXY_WHOLE;
	return addresses_read(&c, kind, length, &out->client);
}

enum proxy_verdict proxy_preface_read(struct slice first, struct proxy_preface *out)
{
	*out = (struct proxy_preface){ 0 };
	if (first.n && first.p[0] == 'P')
		return text_read(first, out);
	return first.n && first.p[0] != '\r' ? PROXY_NONE : binary_read(first, out);
}

/* ---- without what it says ---- */

static void text_blank(uint8_t *p, size_t n, bool whole)
{
	struct slice start = whole ? SLICE("PROXY UNKNOWN ") : SLICE("PROXY ");
	size_t end = n - 1;
	if (end > 0 && p[end - 1] == '\r')
		end--;
	for (size_t i = 0; i < end; i++)
		p[i] = i < start.n ? start.p[i] : 'x';
}

static void binary_blank(uint8_t *p, size_t n, bool whole)
{
	if (whole)
		p[12] = 0x20; /* the proxy speaks for itself */
	memset(p + HEADER, 0, n - HEADER);
}

size_t proxy_preface_blank(uint8_t *p, size_t n)
{
	struct proxy_preface preface;
	enum proxy_verdict verdict = proxy_preface_read((struct slice){ p, n }, &preface);
	bool whole = verdict == PROXY_WHOLE;
	if (!preface.bytes || preface.bytes > n || (!whole && verdict != PROXY_BROKEN))
		return 0;
	if (p[0] == 'P')
		text_blank(p, preface.bytes, whole);
	else
		binary_blank(p, preface.bytes, whole);
	return preface.bytes;
}
