/*
 * head.c - start lines and fields. A field of which nothing is known is scrubbed as a text.
 */
#include "cmd/scrub/head.h"

#include "cmd/scrub/address.h"
#include "cmd/scrub/credential.h"

#include <string.h>

enum field {
	FIELD_TOKEN,
	FIELD_PRODUCT,
	FIELD_TAG,
	FIELD_IF,
	FIELD_URL,
	FIELD_AUTHORITY,
	FIELD_ADDRESSES,
	FIELD_CREDENTIALS,
	FIELD_CHALLENGES,
	FIELD_SECRET,
	FIELD_MEDIA,
	FIELD_TEXT,
};

static const struct rule fields[] = {
	{ "Accept Accept-Charset Accept-Encoding Accept-Language Accept-Ranges Accept-Patch "
	  "Age Allow Allow-Rename Apply-To-Redirect-Ref Brief Cache-Control Connection "
	  "Content-Encoding Content-Language Content-Length Content-Range "
	  "Content-Transfer-Encoding Content-Class Date DAV DASL Depth Expect Expires",
	    FIELD_TOKEN },
	{ "If-Modified-Since If-Unmodified-Since Keep-Alive Last-Modified Max-Forwards "
	  "MIME-Version MS-ASProtocolVersion MS-ASProtocolVersions MS-ASProtocolCommands "
	  "MS-ASProtocolSupports MS-Author-Via MS-Server-ActiveSync MS-WebStorage "
	  "MicrosoftSharePointTeamServices Notification-Type Notification-Delay Overwrite",
	    FIELD_TOKEN },
	{ "Pragma Prefer Preference-Applied Proxy-Connection Public Public-Extension Range "
	  "Retry-After SaveInSent Status Strict-Transport-Security Subscription-Lifetime TE "
	  "Timeout Trailer Transfer-Encoding Translate Upgrade Upgrade-Insecure-Requests Vary "
	  "X-Content-Type-Options X-Forwarded-Proto X-Forwarded-Port X-Frame-Options "
	  "X-MS-PolicyKey X-XSS-Protection Importance Priority X-Priority",
	    FIELD_TOKEN },
	{ "Server User-Agent X-Powered-By X-AspNet-Version X-OWA-Version X-Sabre-Version "
	  "X-Mailer X-MimeOLE",
	    FIELD_PRODUCT },
	{ "ETag If-Match If-None-Match If-Range Schedule-Tag If-Schedule-Tag-Match ResourceTag "
	  "Repl-UID GetETag Lock-Token Subscription-ID Transaction Content-MD5 Digest",
	    FIELD_TAG },
	{ "If", FIELD_IF },
	{ "Location Content-Location Destination Referer Origin MS-Exchange-Permanent-URL "
	  "Call-Back Link X-Original-URL X-Rewrite-URL X-Request-URI X-WebObjects-Server-URL",
	    FIELD_URL },
	{ "Host X-Forwarded-Host X-Forwarded-Server", FIELD_AUTHORITY },
	{ "X-Forwarded-For Forwarded X-Real-IP Client-IP True-Client-IP X-Client-IP "
	  "X-Cluster-Client-IP Remote-Addr CF-Connecting-IP X-Originating-IP "
	  "X-WebObjects-Remote-Host Via Received",
	    FIELD_ADDRESSES },
	{ "Authorization Proxy-Authorization", FIELD_CREDENTIALS },
	{ "WWW-Authenticate Proxy-Authenticate", FIELD_CHALLENGES },
	{ "Authentication-Info Proxy-Authentication-Info Cookie Cookie2 Set-Cookie Set-Cookie2 "
	  "X-Auth-Token X-Api-Key",
	    FIELD_SECRET },
	{ "Content-Type Content-Disposition", FIELD_MEDIA },
	{ NULL, 0 },
};

/* ---- single fields ---- */

static void scrub_tag(const struct words *w, uint8_t *p, size_t n, const void *arg)
{
	(void)arg;
	struct slice s = { p, n };
	bool exchange = slice_find(s, SLICE("rt:")) != n || slice_find(s, SLICE("rid:")) != n;
	words_scrub(w, p, n, exchange ? &policy_opaque : &policy_tag);
}

/* RFC 4918 10.4: tokens and tags within parentheses, the URL they are about in front of them. */
static void scrub_if(const struct words *w, uint8_t *p, size_t n, const void *arg)
{
	struct span rest = { p, n };
	while (rest.n != 0) {
		size_t open = span_find(rest, "(");
		scrub_url(w, rest.p, open, arg);
		rest = span_part(rest, open, rest.n);
		size_t close = span_find(rest, ")");
		scrub_tag(w, rest.p, close, arg);
		rest = span_part(rest, close, rest.n);
	}
}

static void scrub_addresses(const struct words *w, uint8_t *p, size_t n, const void *arg)
{
	(void)arg;
	addresses_scrub(w, p, n);
}

static bool contains(struct slice name, const char *part)
{
	struct slice wanted = slice_from(part);
	for (size_t i = 0; i + wanted.n <= name.n; i++)
		if (slice_equal_nocase(slice_part(name, i, wanted.n), wanted))
			return true;
	return false;
}

static enum field field_find(struct slice name)
{
	int known = rule_find(fields, name, -1);
	if (known >= 0)
		return (enum field)known;
	if (contains(name, "etag"))
		return FIELD_TAG;
	if (contains(name, "authorization"))
		return FIELD_CREDENTIALS;
	static const char *const secrets[] = { "token", "secret", "passw", "session", "cookie",
		"key", "auth" };
	for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++)
		if (contains(name, secrets[i]))
			return FIELD_SECRET;
	return FIELD_TEXT;
}

static void value_scrub(const struct words *w, struct slice name, struct span value)
{
	static const struct {
		scrubbing *scrub;
		const void *arg;
	} ways[] = {
		[FIELD_TOKEN] = { scrub_words, &policy_token },
		[FIELD_PRODUCT] = { scrub_words, &policy_product },
		[FIELD_TAG] = { scrub_tag, NULL },
		[FIELD_IF] = { scrub_if, NULL },
		[FIELD_URL] = { scrub_url, NULL },
		[FIELD_AUTHORITY] = { scrub_authority, NULL },
		[FIELD_ADDRESSES] = { scrub_addresses, NULL },
		[FIELD_CREDENTIALS] = { scrub_credentials, NULL },
		[FIELD_CHALLENGES] = { scrub_challenges, NULL },
		[FIELD_SECRET] = { scrub_secret, NULL },
		[FIELD_MEDIA] = { scrub_media_type, NULL },
		[FIELD_TEXT] = { scrub_words_encoded, NULL },
	};
	enum field kind = field_find(name);
	layer_through(w, &layer_obs_fold, value.p, value.n, ways[kind].scrub, ways[kind].arg);
}

/* ---- what is told of the body ---- */

static void note(uint8_t *to, size_t room, size_t *n, struct span value)
{
	if (*n != 0)
		return;
	*n = value.n < room ? value.n : room;
	if (*n != 0)
		memcpy(to, value.p, *n);
}

static void head_note(struct head *head, struct slice name, struct span value)
{
	value = span_trim(value);
	if (slice_in(name, "Content-Type"))
		note(head->type, sizeof head->type, &head->n_type, value);
	else if (slice_in(name, "Content-Encoding"))
		note(head->coding, sizeof head->coding, &head->n_coding, value);
	else if (slice_in(name, "Content-Transfer-Encoding"))
		note(head->transfer, sizeof head->transfer, &head->n_transfer, value);
}

/* ---- lines ---- */

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

/* A line with those that continue it, line ends included. */
static struct span line_take(struct span *rest, bool folds)
{
	size_t n = 0;
	do {
		n += slice_find_byte(span_slice(span_part(*rest, n, rest->n)), '\n');
		n += n < rest->n;
	} while (folds && n < rest->n && is_blank(rest->p[n]));
	struct span line = span_part(*rest, 0, n);
	*rest = span_part(*rest, n, rest->n);
	return line;
}

static struct span without_end(struct span line)
{
	while (line.n != 0 && (line.p[line.n - 1] == '\n' || line.p[line.n - 1] == '\r'))
		line.n--;
	return line;
}

static void field_scrub(const struct words *w, struct span line, struct head *head)
{
	line = without_end(line);
	size_t colon = span_find(line, ":");
	struct span name = span_trim(span_part(line, 0, colon));
	struct span value = span_part(line, colon + 1, line.n);
	if (colon == line.n) { /* no field, or what is left of one */
		words_scrub(w, line.p, line.n, &policy_secret);
		return;
	}
	head_note(head, span_slice(name), value);
	value_scrub(w, span_slice(name), value);
	words_scrub(w, name.p, name.n, &policy_element);
}

void fields_scrub(const struct words *w, uint8_t *p, size_t n, struct head *head)
{
	struct span rest = { p, n };
	while (rest.n != 0)
		field_scrub(w, line_take(&rest, true), head);
}

/* A name of the protocol, whether it is known or not. */
static bool is_method(struct slice method)
{
	for (size_t i = 0; i < method.n; i++)
		if ((method.p[i] < 'A' || method.p[i] > 'Z') && method.p[i] != '-' &&
		    method.p[i] != '_')
			return false;
	return method.n <= 24;
}

static void request_line(const struct words *w, struct span line)
{
	size_t space = span_find(line, " ");
	struct span method = span_part(line, 0, space);
	struct span target = span_part(line, space + 1, line.n);
	bool versioned = target.n > 9 && target.p[target.n - 9] == ' ' &&
	    slice_starts_nocase(slice_part(span_slice(target), target.n - 8, 8), SLICE("HTTP/"));
	if (versioned)
		target.n -= 9;
	if (slice_is(span_slice(method), "CONNECT"))
		scrub_authority(w, target.p, target.n, NULL);
	else
		scrub_url(w, target.p, target.n, NULL);
	if (!is_method(span_slice(method)))
		words_scrub(w, method.p, method.n, &policy_element);
}

/* A request line that has no end was never read as one. */
static void start_line(const struct words *w, struct span line)
{
	bool status = slice_starts_nocase(span_slice(line), SLICE("HTTP/"));
	bool whole = line.n != 0 && line.p[line.n - 1] == '\n';
	struct span text = without_end(line);
	if (status)
		words_scrub(w, text.p, text.n, &policy_token);
	else if (whole)
		request_line(w, text);
	else
		bytes_blank(line.p, line.n);
}

void head_scrub(const struct words *w, uint8_t *p, size_t n, struct head *head)
{
	struct span rest = { p, n };
	*head = (struct head){ .n_type = 0 };
	while (rest.n != 0) {
		struct span line = line_take(&rest, false);
		if (without_end(line).n == 0)
			continue;
		start_line(w, line);
		break;
	}
	fields_scrub(w, rest.p, rest.n, head);
}
