/*
 * The ClientHello of TLS (RFC 8446 4.1.2): the server name it asks for (RFC 6066 3) and the protocols
 * it offers (RFC 7301 3.1). One that is spread over several records is read in its first one.
 */
#include "decode/hello.h"

#include <string.h>

enum {
	RECORD_HEADER = 5,
	RECORD_HANDSHAKE = 22,
	CLIENT_HELLO = 1,
	HELLO_FIXED = 3 + 2 + 32, /* length, version, random */
	EXTENSION_NAME = 0,
	EXTENSION_ALPN = 16,
	NAME_HOST = 0,
	NAME_MOST = 255,
};

size_t tls_hello_bytes(struct slice first)
{
	struct cursor c = cursor_from(first);
	uint8_t type = cursor_u8(&c);
	cursor_skip(&c, 2);
	size_t n = cursor_be16(&c);
	uint8_t message = cursor_u8(&c);
	bool hello = type == RECORD_HANDSHAKE && message == CLIENT_HELLO && !c.bad;
	return hello ? RECORD_HEADER + n : 0;
}

static void name_read(struct cursor c, struct tls_hello *out)
{
	cursor_skip(&c, 2);
	uint8_t kind = cursor_u8(&c);
	struct slice name = cursor_take(&c, cursor_be16(&c));
	if (!c.bad && kind == NAME_HOST && name.n <= NAME_MOST)
		out->server_name = name;
}

static void alpn_read(struct cursor c, struct tls_hello *out)
{
	cursor_skip(&c, 2);
	while (cursor_left(&c) != 0) {
		struct slice name = cursor_take(&c, cursor_u8(&c));
		size_t comma = out->n_alpn != 0;
		if (c.bad || name.n == 0 || out->n_alpn + comma + name.n > HELLO_ALPN_MOST)
			return;
		if (comma)
			out->alpn[out->n_alpn++] = ',';
		memcpy(out->alpn + out->n_alpn, name.p, name.n);
		out->n_alpn += name.n;
	}
}

bool tls_hello_read(struct slice stream, struct tls_hello *out)
{
	*out = (struct tls_hello){ 0 };
	size_t bytes = tls_hello_bytes(stream);
	struct cursor c = cursor_from(slice_part(stream, 0, bytes));
	cursor_skip(&c, HELLO_HEADER + HELLO_FIXED);
	cursor_skip(&c, cursor_u8(&c)); /* session */
	cursor_skip(&c, cursor_be16(&c)); /* ciphers */
	cursor_skip(&c, cursor_u8(&c)); /* compression */
	cursor_skip(&c, 2);
	while (cursor_left(&c) != 0) {
		uint16_t type = cursor_be16(&c);
		struct slice data = cursor_take(&c, cursor_be16(&c));
		if (c.bad)
			return false;
		if (type == EXTENSION_NAME && out->server_name.n == 0)
			name_read(cursor_from(data), out);
		else if (type == EXTENSION_ALPN && out->n_alpn == 0)
			alpn_read(cursor_from(data), out);
	}
	return !c.bad && bytes != 0 && stream.n >= bytes;
}
