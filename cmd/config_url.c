/*
 * config_url.c - where a web hook goes (RFC 3986, RFC 9110 5.1), and what of it is a secret.
 */
#include "cmd/config_read.h"

#include <arpa/inet.h>
#include <string.h>

struct url {
	bool secure;
	struct slice authority, host, port;
};

static bool is_alnum(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_made_of(struct slice s, const char *others)
{
	for (size_t i = 0; i < s.n; i++)
		if (!is_alnum(s.p[i]) && (s.p[i] == '\0' || strchr(others, s.p[i]) == NULL))
			return false;
	return true;
}

/* "http://" or "https://" in front, or 0. */
static size_t scheme_length(struct slice s, bool *secure)
{
	*secure = slice_starts_nocase(s, SLICE("https://"));
	if (*secure)
		return sizeof "https://" - 1;
	return slice_starts_nocase(s, SLICE("http://")) ? sizeof "http://" - 1 : 0;
}

static size_t authority_end(struct slice s)
{
	size_t n = 0;
	while (n < s.n && strchr("/?#", s.p[n]) == NULL)
		n++;
	return n;
}

/* "[::1]" or a name, then nothing or ":port". */
static bool host_split(struct url *u)
{
	struct slice all = u->authority;
	bool bracket = all.n != 0 && all.p[0] == '[';
	size_t end = slice_find_byte(all, bracket ? ']' : ':');
	struct slice rest = slice_part(all, bracket ? end + 1 : end, all.n);
	if (bracket && end == all.n)
		return false;
	u->host = slice_part(all, bracket, end - bracket);
	u->port = slice_part(rest, 1, rest.n);
	bool fine = is_made_of(u->host, bracket ? ":." : "-._");
	return fine && u->host.n != 0 &&
	    (rest.n == 0 || (rest.p[0] == ':' && port_is_good(u->port)));
}

static bool host_text(struct slice host, char out[64])
{
	if (host.n >= 64)
		return false;
	memcpy(out, host.p, host.n);
	out[host.n] = '\0';
	return true;
}

static bool host_is_loopback(const struct url *u)
{
	char text[64];
	struct in_addr four;
	struct in6_addr six;
	if (slice_is_nocase(u->host, "localhost"))
		return true;
	if (!host_text(u->host, text))
		return false;
	if (inet_pton(AF_INET, text, &four) == 1)
		return ntohl(four.s_addr) >> 24 == 127;
	return inet_pton(AF_INET6, text, &six) == 1 && IN6_IS_ADDR_LOOPBACK(&six);
}

enum url_fault url_check(struct slice text)
{
	struct url u = { 0 };
	size_t begin = scheme_length(text, &u.secure);
	struct slice rest = slice_part(text, begin, text.n);
	u.authority = slice_part(rest, 0, authority_end(rest));
	if (slice_find_byte(u.authority, '@') < u.authority.n)
		return URL_CREDENTIALS;
	if (begin == 0 || !is_made_of(text, "-._~:/?[]@!$&'()*+,;=%") || !host_split(&u))
		return URL_MALFORMED;
	return u.secure || host_is_loopback(&u) ? URL_GOOD : URL_PLAIN;
}

struct slice url_origin(struct slice url)
{
	bool secure;
	size_t begin = scheme_length(url, &secure);
	return slice_part(url, 0, begin + authority_end(slice_part(url, begin, url.n)));
}

bool header_name_check(struct slice name)
{
	static const char *const own[] = { "Host", "Content-Length", "Content-Type",
		"Transfer-Encoding", "Connection", "Expect", "Upgrade", "TE", "Trailer" };
	for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
		if (slice_is_nocase(name, own[i]))
			return false;
	return name.n != 0 && is_made_of(name, "!#$%&'*+-.^_`|~");
}

bool header_is_secret(struct slice name)
{
	static const char *const words[] = { "auth", "cookie", "token", "secret", "key", "password",
		"signature" };
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
		struct slice word = slice_from(words[i]);
		for (size_t at = 0; at + word.n <= name.n; at++)
			if (slice_equal_nocase(slice_part(name, at, word.n), word))
				return true;
	}
	return false;
}
