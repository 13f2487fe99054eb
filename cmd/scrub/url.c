/*
 * url.c - URLs and parts of them (RFC 3986), queries, and what ActiveSync packs into one (MS-ASHTTP 2.2.1.1.1).
 */
#include "cmd/scrub/text.h"

#include "cmd/scrub/address.h"

/* Twice: %2541 is %41 for one reader and A for the next. */
static void encoded_words_again(const struct words *w, uint8_t *p, size_t n, const void *policy)
{
	layer_through(w, &layer_percent, p, n, scrub_words, policy);
}

static void encoded_words(const struct words *w, struct span s, const struct policy *policy)
{
	layer_through(w, &layer_percent, s.p, s.n, encoded_words_again, policy);
}

/* ---- authority ---- */

static void host_scrub(const struct words *w, struct span s)
{
	size_t port = s.n;
	while (port != 0 && s.p[port - 1] >= '0' && s.p[port - 1] <= '9')
		port--;
	if (port != 0 && s.n - port <= 5 && s.p[port - 1] == ':')
		s.n = port - 1;
	size_t address = 0;
	if (s.n > 2 && s.p[0] == '[')
		address = address_scrub_text6(w, s.p + 1, s.n - 1);
	if (address != 0)
		s = span_part(s, 1 + address, s.n);
	encoded_words(w, s, &policy_name);
}

void scrub_authority(const struct words *w, uint8_t *p, size_t n, const void *arg)
{
	(void)arg;
	struct span s = { p, n };
	size_t at = n;
	while (at != 0 && p[at - 1] != '@')
		at--;
	if (at != 0) {
		struct span user = span_part(s, 0, at - 1);
		size_t colon = span_find(user, ":");
		encoded_words(w, span_part(user, 0, colon), &policy_name);
		encoded_words(w, span_part(user, colon, user.n), &policy_secret);
	}
	host_scrub(w, span_part(s, at, n));
}

/* ---- path ---- */

/* Words, and the authority of each URL that stands within it. */
static void path_scrub(const struct words *w, struct span s, const struct policy *policy)
{
	for (;;) {
		size_t scheme = slice_find(span_slice(s), SLICE("://"));
		encoded_words(w, span_part(s, 0, scheme), policy);
		s = span_part(s, scheme + 3, s.n);
		size_t end = span_find(s, "/?#");
		scrub_authority(w, s.p, end, NULL);
		s = span_part(s, end, s.n);
		if (s.n == 0)
			return;
	}
}

static void value_scrub(const struct words *w, uint8_t *p, size_t n, const void *arg)
{
	(void)arg;
	path_scrub(w, (struct span){ p, n }, &policy_name);
}

/* Behind it stand the parts of an Exchange resource id in hexadecimal. */
static size_t flat_space(struct slice s)
{
	struct slice mark = SLICE("-FlatUrlSpace-/");
	for (size_t i = 0; i + mark.n <= s.n; i++)
		if (slice_starts_nocase(slice_part(s, i, s.n), mark))
			return i + mark.n;
	return s.n;
}

/* ---- query ---- */

static bool key_is_secret(struct slice key)
{
	return slice_in(key,
	    "password passwd passphrase pwd pass pw secret client_secret token access_token "
	    "refresh_token id_token auth_token oauth_token csrf_token requesttoken auth "
	    "authorization key apikey api_key api-key sig signature x-amz-signature "
	    "x-amz-credential x-amz-security-token session sessionid session_id jsessionid "
	    "phpsessid sid ticket code credential credentials");
}

static void pair_scrub(const struct words *w, struct span pair)
{
	static const struct policy key_policy = { .keep = KEEP_PATH | KEEP_HTTP,
		.numbers = NUMBERS_SHORT };
	size_t equals = span_find(pair, "=");
	struct span key = span_part(pair, 0, equals), value = span_part(pair, equals + 1, pair.n);
	struct slice name = span_slice(key);
	bool encoded = span_find(key, "%") != key.n; /* nobody spells a harmless one like that */
	if (equals == pair.n) {
		layer_through(w, &layer_percent, key.p, key.n, value_scrub, NULL);
		return;
	}
	if (encoded || key_is_secret(name))
		encoded_words(w, value, &policy_secret);
	else if (slice_in(name, "cmd"))
		encoded_words(w, value, &policy_token);
	else
		layer_through(w, &layer_percent, value.p, value.n, value_scrub, NULL);
	encoded_words(w, key, &key_policy);
}

void scrub_query(const struct words *w, uint8_t *p, size_t n, const void *arg)
{
	(void)arg;
	struct span rest = { p, n };
	while (rest.n != 0) {
		size_t end = span_find(rest, "&;?");
		pair_scrub(w, span_part(rest, 0, end));
		rest = span_part(rest, end + 1, rest.n);
	}
}

static void identifier_scrub(const struct words *w, struct span s)
{
	bool printable = true;
	for (size_t i = 0; i < s.n; i++)
		printable = printable && s.p[i] >= ' ' && s.p[i] < 0x7f;
	if (printable)
		words_scrub(w, s.p, s.n, &policy_name);
	else
		words_fill(w, s.p, s.n);
}

/* A length and so many bytes; *rest is what follows. Empty when it is longer than the rest. */
static struct span counted_take(struct span *rest)
{
	size_t n = rest->n != 0 ? rest->p[0] : 0;
	struct span value = span_part(*rest, 1, n);
	if (value.n < n || rest->n == 0)
		return span_part(*rest, 0, 0);
	*rest = span_part(*rest, 1 + n, rest->n);
	return value;
}

static void packed_query(const struct words *w, uint8_t *p, size_t n, const void *arg)
{
	enum { HEAD = 4, OPTIONS = 7 }; /* version, command, locale; the parameter that is flags */
	(void)arg;
	struct span rest = span_part((struct span){ p, n }, HEAD, n);
	identifier_scrub(w, counted_take(&rest));
	counted_take(&rest); /* the policy key is a number */
	identifier_scrub(w, counted_take(&rest));
	while (rest.n > 1) {
		uint8_t tag = rest.p[0];
		struct span after = span_part(rest, 1, rest.n);
		struct span value = counted_take(&after);
		if (after.n + 1 == rest.n)
			break;
		if (tag != OPTIONS)
			identifier_scrub(w, value);
		rest = after;
	}
	words_fill(w, rest.p, rest.n);
}

static void packed_query_encoded(const struct words *w, uint8_t *p, size_t n, const void *arg)
{
	layer_base64(w, p, n, packed_query, arg);
}

static bool is_packed(struct span path, struct span query)
{
	struct slice name = SLICE("Microsoft-Server-ActiveSync");
	struct slice tail = slice_part(span_slice(path), path.n > name.n ? path.n - name.n : 0,
	    path.n);
	size_t equals = span_find(query, "=&");
	for (size_t i = equals; i < query.n; i++)
		if (query.p[i] != '=')
			return false;
	return slice_equal_nocase(tail, name) && query.n != 0;
}

/* ---- all of it ---- */

void scrub_url(const struct words *w, uint8_t *p, size_t n, const void *arg)
{
	struct span s = span_trim((struct span){ p, n });
	struct slice text = span_slice(s);
	if (slice_starts_nocase(text, SLICE("opaquelocktoken:")) ||
	    slice_starts_nocase(text, SLICE("urn:uuid:"))) {
		words_scrub(w, s.p, s.n, &policy_tag);
		return;
	}
	struct span path = span_part(s, 0, span_find(s, "?#"));
	struct span rest = span_part(s, path.n, s.n);
	struct span query = span_part(rest, 1, span_find(rest, "#") - (rest.n != 0));
	if (rest.n == 0 || rest.p[0] != '?')
		query.n = 0;
	if (is_packed(path, query))
		layer_through(w, &layer_percent, query.p, query.n, packed_query_encoded, NULL);
	else
		scrub_query(w, query.p, query.n, arg);
	path_scrub(w, span_part(rest, query.n + (query.n != 0), rest.n), &policy_name);
	size_t flat = flat_space(span_slice(path));
	path_scrub(w, span_part(path, flat, path.n), &policy_opaque);
	path = span_part(path, 0, flat);
	if (slice_starts(span_slice(path), SLICE("//"))) {
		struct span authority = span_part(path, 2, path.n);
		authority.n = span_find(authority, "/");
		scrub_authority(w, authority.p, authority.n, NULL);
		path = span_part(path, 2 + authority.n, path.n);
	}
	path_scrub(w, path, &policy_name);
}
