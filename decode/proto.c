/*
 * What is not HTTP/1.x, told by its first bytes, so that it can be counted by name.
 */
#include <string.h>

#include "decode/http.h"

static bool is_tls(struct slice s)
{
	return s.n >= 3 && s.p[0] >= 20 && s.p[0] <= 23 && s.p[1] == 3 && s.p[2] <= 4;
}

/* An SSL 2 style hello, as old clients send it: length with the high bit, type 1, version 3.x. */
static bool is_ssl2(struct slice s)
{
	return s.n >= 5 && (s.p[0] & 0x80) && s.p[2] == 1 && s.p[3] == 3;
}

static bool is_http2(struct slice s)
{
	return slice_starts(s, SLICE("PRI * HTTP/2.0"));
}

/* What an HTTP/2 server sends first: a frame of settings, six bytes each (RFC 9113 6.5). */
static bool is_http2_settings(struct slice s)
{
	static const uint8_t stream[4] = { 0 };
	return s.n >= 9 && s.p[0] == 0 && s.p[1] <= 1 && s.p[2] % 6 == (s.p[1] ? 2 : 0) &&
	    s.p[3] == 4 && s.p[4] == 0 && memcmp(s.p + 5, stream, 4) == 0;
}

static bool is_http09(struct slice s)
{
	size_t end = slice_find_byte(s, '\n');
	return slice_starts(s, SLICE("GET /")) && end < s.n &&
	    slice_find(slice_part(s, 0, end), SLICE(" HTTP/")) == end;
}

static bool is_ssh(struct slice s)
{
	return slice_starts(s, SLICE("SSH-"));
}
static bool is_smb(struct slice s)
{
	return s.n >= 8 && (s.p[4] == 0xff || s.p[4] == 0xfe) && memcmp(s.p + 5, "SMB", 3) == 0;
}
static bool is_imap(struct slice s)
{
	return slice_starts(s, SLICE("* OK")) || slice_starts(s, SLICE("* PREAUTH"));
}
static bool is_pop3(struct slice s)
{
	return slice_starts(s, SLICE("+OK"));
}
static bool is_greeting(struct slice s)
{
	return slice_starts(s, SLICE("220 ")) || slice_starts(s, SLICE("220-"));
}
static bool is_smtp(struct slice s)
{
	return slice_starts_nocase(s, SLICE("EHLO ")) || slice_starts_nocase(s, SLICE("HELO "));
}

/* Where the content of a BER element of that tag begins, 0: it is none. Lengths in up to four more bytes. */
static size_t ber_content(struct slice s, uint8_t tag)
{
	if (s.n < 2 || s.p[0] != tag)
		return 0;
	return s.p[1] < 0x80 ? 2 : s.p[1] > 0x80 && s.p[1] <= 0x84 ? 2 + (s.p[1] & 0x0fU) : 0;
}

/* A message with a number, then bind, search or an extended operation, or its answer (RFC 4511 4.1.1). */
static bool is_ldap(struct slice s)
{
	static const uint8_t operations[] = { 0x60, 0x61, 0x63, 0x64, 0x65, 0x77, 0x78 };
	size_t at = ber_content(s, 0x30);
	if (!at || at + 2 >= s.n || s.p[at] != 2 || s.p[at + 1] < 1 || s.p[at + 1] > 4)
		return false;
	at += 2 + s.p[at + 1];
	return at < s.n && memchr(operations, s.p[at], sizeof(operations)) != NULL;
}
static bool is_rtsp(struct slice s)
{
	return slice_starts(s, SLICE("RTSP/1.0"));
}

static const struct protocol {
	const char *name;
	bool (*is)(struct slice);
	size_t signature; /* bytes that show it */
} protocols[] = {
	{ "tls", is_tls, 5 },
	{ "tls", is_ssl2, 5 },
	{ "http2", is_http2, 14 },
	{ "http2", is_http2_settings, 9 },
	{ "http/0.9", is_http09, 5 },
	{ "ssh", is_ssh, 4 },
	{ "smb", is_smb, 8 },
	{ "imap", is_imap, 4 },
	{ "pop3", is_pop3, 3 },
	{ "smtp or ftp", is_greeting, 4 },
	{ "smtp", is_smtp, 5 },
	{ "ldap", is_ldap, 12 },
	{ "rtsp", is_rtsp, 8 },
};

static const struct protocol *protocol_find(struct slice first_bytes)
{
	for (size_t i = 0; i < sizeof(protocols) / sizeof(protocols[0]); i++) {
		if (protocols[i].is(first_bytes))
			return &protocols[i];
	}
	return NULL;
}

const char *protocol_recognise(struct slice first_bytes)
{
	const struct protocol *p = protocol_find(first_bytes);
	return p ? p->name : NULL;
}

size_t protocol_signature(struct slice first, bool *records)
{
	const struct protocol *p = protocol_find(first);
	*records = p && p->is == is_tls;
	return !p ? 0 : p->signature < first.n ? p->signature : first.n;
}
