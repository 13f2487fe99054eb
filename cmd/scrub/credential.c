/*
 * credential.c - Basic (RFC 7617), Digest (RFC 7616), Negotiate and NTLM (RFC 4559, MS-NTHT), and whatever
 * else is in the place of a credential.
 */
#include "cmd/scrub/credential.h"

#include <string.h>

static bool scheme_known(struct slice name)
{
	return slice_in(name,
	    "Basic Digest Negotiate NTLM Kerberos Bearer DPoP GNAP HOBA Mutual OAuth "
	    "PrivateToken SCRAM-SHA-1 SCRAM-SHA-256 vapid WRAP Token Passport1.4 "
	    "AWS4-HMAC-SHA256 GoogleLogin X-MobileMe-AuthToken");
}

void scrub_secret(const struct words *w, uint8_t *p, size_t n, const void *arg)
{
	(void)arg;
	words_scrub(w, p, n, &policy_secret);
}

/* user:password; without a colon there is no telling which is which. */
static void basic_plain(const struct words *w, uint8_t *p, size_t n, const void *arg)
{
	(void)arg;
	size_t colon = slice_find_byte((struct slice){ p, n }, ':');
	size_t user = colon < n ? colon : 0, secret = colon < n ? colon + 1 : 0;
	words_scrub(w, p, user, &policy_name);
	words_hide(w, p + secret, n - secret);
}

/* Which leg of the handshake it is stays to be seen: NTLMSSP, NUL and four bytes. */
static void handshake_plain(const struct words *w, uint8_t *p, size_t n, const void *arg)
{
	enum { LEG = 12 };
	(void)arg;
	struct slice mark = { (const uint8_t *)"NTLMSSP", 8 };
	size_t at = slice_find((struct slice){ p, n }, mark);
	size_t kept = at < n ? at + LEG : 1; /* else only what it begins with */
	if (at < n && at > 1)
		words_fill(w, p + 1, at - 1);
	if (kept < n)
		words_fill(w, p + kept, n - kept);
}

static void token_scrub(const struct words *w, struct slice scheme, struct span token)
{
	if (slice_in(scheme, "Basic"))
		layer_base64(w, token.p, token.n, basic_plain, NULL);
	else if (slice_in(scheme, "Negotiate NTLM Kerberos"))
		layer_base64(w, token.p, token.n, handshake_plain, NULL);
	else
		scrub_secret(w, token.p, token.n, NULL);
}

/* ---- parameters ---- */

static size_t token_length(struct span s)
{
	size_t n = span_find(s, " \t\"(),/:;<=>?@[\\]{}");
	return n;
}

/* name = value; in a token68 "=" only stands at the end (RFC 9110 11.2) */
static bool is_parameter(struct span s)
{
	size_t n = token_length(s);
	struct span rest = span_trim(span_part(s, n, s.n));
	if (n == 0 || rest.n == 0 || rest.p[0] != '=')
		return false;
	rest = span_trim(span_part(rest, 1, rest.n));
	return rest.n != 0 && rest.p[0] != '=';
}

static void parameter_scrub(const struct words *w, struct span s)
{
	enum { NAME, URL, TOKEN, SECRET };
	static const struct rule rules[] = {
		{ "username username* realm domain", NAME },
		{ "uri", URL },
		{ "qop algorithm nc stale charset userhash version", TOKEN },
		{ NULL, 0 },
	};
	size_t equals = span_find(s, "=");
	struct span name = span_trim(span_part(s, 0, equals)),
		    value = span_part(s, equals + 1, s.n);
	int kind = rule_find(rules, span_slice(name), SECRET);
	words_scrub(w, name.p, name.n, &policy_token);
	if (kind == NAME)
		words_scrub(w, value.p, value.n, &policy_name);
	else if (kind == TOKEN)
		words_scrub(w, value.p, value.n, &policy_token);
	else if (kind == SECRET)
		scrub_secret(w, value.p, value.n, NULL);
	else
		scrub_url(w, value.p, value.n, NULL);
}

/* Up to a comma that is not within quotes (RFC 9110 5.6.4). */
static struct span element_take(struct span *rest)
{
	bool quoted = false;
	size_t i = 0;
	for (; i < rest->n && (quoted || rest->p[i] != ','); i++) {
		if (rest->p[i] == '"')
			quoted = !quoted;
		else if (rest->p[i] == '\\' && quoted && i + 1 < rest->n)
			i++;
	}
	struct span element = span_trim(span_part(*rest, 0, i));
	*rest = span_part(*rest, i + 1, rest->n);
	return element;
}

static void parameters_scrub(const struct words *w, struct span rest)
{
	while (rest.n != 0)
		parameter_scrub(w, element_take(&rest));
}

/* ---- whole fields ---- */

static struct span scheme_take(struct span s, struct span *rest)
{
	size_t n = span_find(s, " \t");
	*rest = span_trim(span_part(s, n, s.n));
	return span_part(s, 0, n);
}

void scrub_credentials(const struct words *w, uint8_t *p, size_t n, const void *arg)
{
	struct span s = span_trim((struct span){ p, n }), rest;
	struct span scheme = scheme_take(s, &rest);
	if (!scheme_known(span_slice(scheme)))
		scrub_secret(w, p, n, arg);
	else if (is_parameter(rest))
		parameters_scrub(w, rest);
	else
		token_scrub(w, span_slice(scheme), rest);
}

static void challenge_scrub(const struct words *w, struct span s)
{
	struct span rest;
	struct span scheme = scheme_take(s, &rest);
	if (is_parameter(s)) {
		parameter_scrub(w, s);
		return;
	}
	bool known = scheme_known(span_slice(scheme));
	if (is_parameter(rest))
		parameter_scrub(w, rest);
	else
		token_scrub(w, known ? span_slice(scheme) : SLICE(""), rest);
	if (!known)
		scrub_secret(w, scheme.p, scheme.n, NULL);
}

void scrub_challenges(const struct words *w, uint8_t *p, size_t n, const void *arg)
{
	(void)arg;
	struct span rest = { p, n };
	while (rest.n != 0)
		challenge_scrub(w, element_take(&rest));
}
