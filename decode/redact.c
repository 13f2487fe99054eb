/*
 * redact.c - where headers and targets are copied, secrets stay behind. What is not known to be
 * harmless in a credential header counts as secret.
 *
 * Every rewriting runs twice, first to learn the length, then into arena memory of just that size.
 */
#include "decode/redact.h"
#include "decode/syntax.h"

#include <string.h>

enum { USER_MAX = 256 };

/* Where rewritten text goes: nowhere while p is NULL. Text beyond `room` is cut off. */
struct rewrite {
	struct hash_key key;
	uint8_t *p;
	size_t n, room;
	uint64_t credential; /* over all secrets met, in order; 0 = none */
};

static void put(struct rewrite *w, struct slice s)
{
	size_t n = s.n < w->room - w->n ? s.n : w->room - w->n;
	if (w->p != NULL && n != 0)
		memcpy(w->p + w->n, s.p, n);
	w->n += n;
}

static void note_secret(struct rewrite *w, struct slice secret)
{
	uint64_t both[2] = { w->credential, hash_keyed(w->key, secret.p, secret.n) };
	w->credential = both[0] == 0 ? both[1] : hash_keyed(w->key, both, sizeof(both));
	if (w->credential == 0)
		w->credential = 1;
}

static void put_secret(struct rewrite *w, struct slice scheme, struct slice secret)
{
	note_secret(w, secret);
	put(w, SLICE("<cred"));
	if (scheme.n != 0)
		put(w, SLICE(" "));
	put(w, scheme);
	put(w, SLICE(">"));
}

static struct slice part_after(struct slice s, size_t from)
{
	return slice_part(s, from, s.n);
}

/* `words` are parted by single blanks. */
static bool word_in(struct slice word, struct slice words)
{
	while (words.n != 0) {
		size_t n = slice_find_byte(words, ' ');
		if (slice_equal_nocase(word, slice_part(words, 0, n)))
			return true;
		words = part_after(words, n + 1);
	}
	return false;
}

/* A name that is no scheme may be the secret itself: only these are ever shown. */
static bool scheme_known(struct slice name)
{
	struct slice schemes = SLICE(
	    "Basic Digest Negotiate NTLM Kerberos Bearer DPoP GNAP HOBA Mutual OAuth "
	    "PrivateToken SCRAM-SHA-1 SCRAM-SHA-256 vapid WRAP Token Passport1.4 "
	    "AWS4-HMAC-SHA256 GoogleLogin X-MobileMe-AuthToken");
	return word_in(name, schemes);
}

/* The word up to a blank; *rest is what stands behind it, trimmed. */
static struct slice word_take(struct slice s, struct slice *rest)
{
	size_t n = 0;
	while (n < s.n && s.p[n] != ' ' && s.p[n] != '\t')
		n++;
	*rest = slice_trim(part_after(s, n));
	return slice_part(s, 0, n);
}

static void rewrite_credentials(struct rewrite *w, struct slice value)
{
	struct slice rest;
	struct slice scheme = word_take(slice_trim(value), &rest);
	if (!scheme_known(scheme))
		put_secret(w, (struct slice){ NULL, 0 }, slice_trim(value));
	else if (rest.n == 0)
		put(w, scheme);
	else
		put_secret(w, scheme, rest);
}

static void rewrite_whole(struct rewrite *w, struct slice value)
{
	put_secret(w, (struct slice){ NULL, 0 }, slice_trim(value));
}

/* The next element of a list; commas within quoted strings do not count (RFC 9110 5.6.4). */
static size_t element_length(struct slice s)
{
	bool quoted = false;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '"')
			quoted = !quoted;
		else if (s.p[i] == '\\' && quoted)
			i++;
		else if (s.p[i] == ',' && !quoted)
			return i;
	}
	return s.n;
}

/* name BWS "=" BWS value; in a token68 "=" only stands at the end (RFC 9110 11.2). */
static bool is_parameter(struct slice s)
{
	size_t n = 0;
	while (n < s.n && http_token_char(s.p[n]))
		n++;
	struct slice rest = slice_trim(part_after(s, n));
	if (n == 0 || rest.n == 0 || rest.p[0] != '=')
		return false;
	rest = slice_trim(part_after(rest, 1));
	return rest.n != 0 && rest.p[0] != '=';
}

/* Of a challenge only a token68 is secret: the NTLM and Kerberos handshakes (RFC 4559). */
static void rewrite_challenge(struct rewrite *w, struct slice element)
{
	struct slice rest;
	struct slice scheme = word_take(element, &rest);
	if (element.n == 0 || is_parameter(element))
		put(w, element);
	else if (!scheme_known(scheme) && !is_parameter(rest))
		put_secret(w, (struct slice){ NULL, 0 }, element);
	else if (rest.n == 0 || is_parameter(rest))
		put(w, element);
	else
		put_secret(w, scheme, rest);
}

static void rewrite_challenges(struct rewrite *w, struct slice value)
{
	while (value.n != 0) {
		size_t n = element_length(value);
		struct slice element = slice_part(value, 0, n);
		struct slice trimmed = slice_trim(element);
		size_t lead = trimmed.n == 0 ? 0 : (size_t)(trimmed.p - element.p);
		put(w, slice_part(element, 0, lead));
		rewrite_challenge(w, trimmed);
		put(w, part_after(element, lead + trimmed.n));
		put(w, slice_part(value, n, 1));
		value = part_after(value, n + 1);
	}
}

static size_t find_any(struct slice s, const char *bytes)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] != 0 && strchr(bytes, s.p[i]) != NULL)
			return i;
	return s.n;
}

/*
 * Userinfo (RFC 3986 3.2.1) ends at the last "@" of an authority, which `s` begins with. Without a
 * scheme in front it only counts with a password: "//user@example.org/" may well be a path.
 */
static struct slice rewrite_authority(struct rewrite *w, struct slice s, bool with_scheme)
{
	struct slice authority = slice_part(s, 0, find_any(s, "/?#"));
	size_t at = authority.n;
	while (at != 0 && authority.p[at - 1] != '@')
		at--;
	if (at == 0)
		return s;
	struct slice userinfo = slice_part(authority, 0, at - 1);
	if (!with_scheme && slice_find_byte(userinfo, ':') == userinfo.n)
		return s;
	put_secret(w, (struct slice){ NULL, 0 }, userinfo);
	return part_after(s, at - 1);
}

/* The userinfo of every URL within `s`, however deep one stands in the other. */
static void rewrite_urls(struct rewrite *w, struct slice s)
{
	for (;;) {
		size_t n = slice_find(s, SLICE("://"));
		if (n == s.n)
			break;
		put(w, slice_part(s, 0, n + 3));
		s = rewrite_authority(w, part_after(s, n + 3), true);
	}
	put(w, s);
}

/* Undoes percent-encoding; a key longer than `room` is none that we look for. */
static struct slice key_decode(struct slice key, uint8_t *out, size_t room)
{
	size_t n = 0;
	for (size_t i = 0; i < key.n; i++) {
		if (n == room)
			return (struct slice){ NULL, 0 };
		int high = key.p[i] == '%' && key.n - i > 2 ? hex_digit(key.p[i + 1]) : -1;
		int low = high < 0 ? -1 : hex_digit(key.p[i + 2]);
		out[n++] = (uint8_t)(low < 0 ? key.p[i] : high << 4 | low);
		i += low < 0 ? 0 : 2;
	}
	return (struct slice){ out, n };
}

/* ActiveSync's User, DeviceId, DeviceType and Cmd are not among them and must not be. */
static bool key_is_secret(struct slice key)
{
	struct slice keys = SLICE(
	    "password passwd passphrase pwd pass pw secret client_secret token access_token "
	    "refresh_token id_token auth_token oauth_token csrf_token requesttoken auth "
	    "authorization key apikey api_key api-key sig signature x-amz-signature "
	    "x-amz-credential x-amz-security-token session sessionid session_id jsessionid "
	    "phpsessid sid ticket code credential credentials");
	uint8_t decoded[24];
	struct slice name = key_decode(key, decoded, sizeof(decoded));
	return name.n != 0 && word_in(name, keys);
}

static void rewrite_pair(struct rewrite *w, struct slice pair)
{
	size_t equals = slice_find_byte(pair, '=');
	struct slice value = part_after(pair, equals + 1);
	if (value.n == 0 || !key_is_secret(slice_part(pair, 0, equals))) {
		rewrite_urls(w, pair);
		return;
	}
	put(w, slice_part(pair, 0, equals + 1));
	put_secret(w, (struct slice){ NULL, 0 }, value);
}

static void rewrite_target(struct rewrite *w, struct slice s)
{
	size_t path = find_any(s, "?#");
	struct slice front = slice_part(s, 0, path);
	if (slice_starts(front, SLICE("//"))) {
		put(w, SLICE("//"));
		front = rewrite_authority(w, part_after(front, 2), false);
	} else if (slice_find(front, SLICE("://")) == front.n) {
		front = rewrite_authority(w, front, false);
	}
	rewrite_urls(w, front);
	s = part_after(s, path);
	while (s.n != 0) {
		put(w, slice_part(s, 0, 1));
		s = part_after(s, 1);
		size_t n = find_any(s, "&;?#");
		rewrite_pair(w, slice_part(s, 0, n));
		s = part_after(s, n);
	}
}

typedef void rewriting(struct rewrite *, struct slice);

static bool rewrite_copy(struct arena *a, struct rewrite *w, rewriting *run, struct slice in,
    struct slice *out)
{
	struct rewrite measure = *w;
	run(&measure, in);
	*out = (struct slice){ NULL, 0 };
	if (measure.n == 0)
		return true;
	w->p = arena_alloc(a, measure.n);
	if (w->p == NULL)
		return false;
	run(w, in);
	*out = (struct slice){ w->p, w->n };
	return true;
}

/* NULL: nothing of this field is secret. */
static rewriting *rewriting_for(struct slice name)
{
	static const struct {
		struct slice name;
		rewriting *run;
#define NAME(literal) \
	{ \
		(const uint8_t *)(literal), sizeof(literal) - 1 \
	}
	} fields[] = {
		{ NAME("Authorization"), rewrite_credentials },
		{ NAME("Proxy-Authorization"), rewrite_credentials },
		{ NAME("WWW-Authenticate"), rewrite_challenges },
		{ NAME("Proxy-Authenticate"), rewrite_challenges },
		{ NAME("Authentication-Info"), rewrite_whole },
		{ NAME("Proxy-Authentication-Info"), rewrite_whole },
		{ NAME("Cookie"), rewrite_whole },
		{ NAME("Cookie2"), rewrite_whole },
		{ NAME("Set-Cookie"), rewrite_whole },
		{ NAME("Set-Cookie2"), rewrite_whole },
		{ NAME("X-Auth-Token"), rewrite_whole },
		{ NAME("X-Api-Key"), rewrite_whole },
		{ NAME("Location"), rewrite_target },
		{ NAME("Content-Location"), rewrite_target },
		{ NAME("Destination"), rewrite_target },
		{ NAME("Referer"), rewrite_target },
#undef NAME
	};
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (slice_equal_nocase(name, fields[i].name))
			return fields[i].run;
	/* X-Forwarded-Authorization and its like */
	static const char tail[] = "authorization";
	size_t n = sizeof(tail) - 1;
	if (name.n > n && slice_is_nocase(slice_part(name, name.n - n, n), tail))
		return rewrite_credentials;
	return NULL;
}

bool redact_header(struct arena *a, struct hash_key key, size_t limit, struct slice name,
    struct slice value, struct header *out)
{
	*out = (struct header){ .credential = 0 };
	if (!arena_copy(a, name, &out->name))
		return false;
	rewriting *run = rewriting_for(name);
	if (run == NULL || value.n == 0)
		return arena_copy(a, slice_part(value, 0, limit), &out->value);
	struct rewrite w = { .key = key, .room = limit };
	if (!rewrite_copy(a, &w, run, value, &out->value))
		return false;
	out->credential = w.credential;
	return true;
}

bool redact_target(struct arena *a, struct hash_key key, struct slice target, struct slice *out)
{
	if (find_any(target, "?@#") == target.n)
		return arena_copy(a, target, out);
	struct rewrite w = { .key = key, .room = SIZE_MAX };
	return rewrite_copy(a, &w, rewrite_target, target, out);
}

/*
 * RFC 7617: base64 of user ":" password. Bytes behind the colon are not even decoded, and without
 * a colon there is no telling which part is secret: 0.
 */
static size_t basic_user(struct slice base64, uint8_t *user, size_t room)
{
	uint32_t bits = 0;
	unsigned n_bits = 0;
	size_t n = 0;
	for (size_t i = 0; i < base64.n; i++) {
		int value = base64_digit(base64.p[i]);
		if (value < 0)
			return 0;
		bits = (bits << 6 | (uint32_t)value) & 0xfff;
		n_bits += 6;
		if (n_bits < 8)
			continue;
		n_bits -= 8;
		uint8_t byte = (uint8_t)(bits >> n_bits);
		if (byte == ':')
			return n;
		if (n < room)
			user[n++] = byte;
	}
	return 0;
}

/* The text of a quoted string, or a token, at the start of s. */
static size_t text_unquote(struct slice s, uint8_t *out, size_t room)
{
	size_t n = 0;
	bool quoted = s.n != 0 && s.p[0] == '"';
	for (size_t i = quoted; i < s.n && n < room; i++) {
		if (quoted ? s.p[i] == '"' : !http_token_char(s.p[i]))
			break;
		if (quoted && s.p[i] == '\\' && i + 1 < s.n)
			i++;
		out[n++] = s.p[i];
	}
	return n;
}

/* RFC 7616 3.4 */
static size_t digest_user(struct slice parameters, uint8_t *user, size_t room)
{
	while (parameters.n != 0) {
		size_t n = element_length(parameters);
		struct slice element = slice_trim(slice_part(parameters, 0, n));
		size_t equals = slice_find_byte(element, '=');
		struct slice name = slice_trim(slice_part(element, 0, equals));
		struct slice value = slice_trim(part_after(element, equals + 1));
		if (slice_equal_nocase(name, SLICE("username")))
			return text_unquote(value, user, room);
		parameters = part_after(parameters, n + 1);
	}
	return 0;
}

bool redact_user(struct arena *a, struct slice authorization, struct slice *scheme,
    struct slice *user)
{
	uint8_t text[USER_MAX];
	struct slice rest, found = { text, 0 };
	struct slice word = word_take(slice_trim(authorization), &rest);
	if (!scheme_known(word))
		word.n = 0;
	else if (slice_equal_nocase(word, SLICE("Basic")))
		found.n = basic_user(rest, text, sizeof(text));
	else if (slice_equal_nocase(word, SLICE("Digest")))
		found.n = digest_user(rest, text, sizeof(text));
	*user = (struct slice){ NULL, 0 };
	return arena_copy(a, word, scheme) && arena_copy(a, found, user);
}
