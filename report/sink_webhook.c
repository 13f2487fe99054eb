/*
 * sink_webhook.c - a finding's JSON by POST. Certificates are checked, redirects are not followed, and
 * without TLS it goes to this host alone unless the configuration says otherwise. 2xx is taken; what may be
 * better later is tried again; any other answer is a fault of the configuration, and the finding is dropped.
 */
#include "report/sink.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

struct hook {
	CURLM *multi;
	CURL *easy;
	struct curl_slist *headers;
	char said[CURL_ERROR_SIZE];
};

/* ---- where it may go ---- */

static bool is_this_host(struct slice host)
{
	return slice_is_nocase(host, "localhost") || slice_is(host, "[::1]") ||
	    slice_starts(host, SLICE("127."));
}

/* curl reads 127.1 as 127.0.0.1; a name such as 127.example.com is something else. */
static bool is_number(struct slice host)
{
	for (size_t i = 0; i < host.n; i++)
		if ((host.p[i] < '0' || host.p[i] > '9') && host.p[i] != '.')
			return false;
	return true;
}

static bool parts_allowed(const struct sink *s, const char *scheme, const char *host,
    struct error *e)
{
	struct slice name = slice_from(host);
	if (strcmp(scheme, "https") == 0)
		return true;
	if (strcmp(scheme, "http") != 0)
		return error_set(e, "%s: a web hook is https", s->config->name);
	bool here = is_this_host(name) && (name.p[0] != '1' || is_number(name));
	return here || s->config->insecure ||
	    error_set(e, "%s: http goes to this host alone, unless it is `insecure`",
		s->config->name);
}

static bool url_allowed(const struct sink *s, struct error *e)
{
	CURLU *url = curl_url();
	char *scheme = NULL, *host = NULL;
	bool good = url != NULL &&
	    curl_url_set(url, CURLUPART_URL, s->config->url, 0) == CURLUE_OK &&
	    curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
	    curl_url_get(url, CURLUPART_HOST, &host, 0) == CURLUE_OK;
	if (!good)
		error_set(e, "%s: no URL of a web hook", s->config->name);
	else
		good = parts_allowed(s, scheme, host, e);
	curl_free(scheme);
	curl_free(host);
	curl_url_cleanup(url);
	return good;
}

/* ---- making it ---- */

static bool headers_add(struct hook *h, const char *line)
{
	struct curl_slist *more = curl_slist_append(h->headers, line);
	if (more != NULL)
		h->headers = more;
	return more != NULL;
}

static bool headers_make(const struct sink *s)
{
	struct hook *h = s->own;
	/* Without Expect: no wait for a 100. */
	bool good = headers_add(h, "Content-Type: application/json") && headers_add(h, "Expect:");
	const char *const *more = s->config->headers;
	for (; good && more != NULL && *more != NULL; more++)
		good = headers_add(h, *more);
	return good;
}

static size_t body_ignore(char *p, size_t size, size_t n, void *ctx)
{
	(void)p;
	(void)ctx;
	return size * n;
}

/* Programs that other sinks start must not get it. */
static curl_socket_t socket_make(void *ctx, curlsocktype purpose, struct curl_sockaddr *a)
{
	(void)ctx;
	(void)purpose;
	return socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
}

static bool number_set(CURL *easy, CURLoption option, long value)
{
	return curl_easy_setopt(easy, option, value) == CURLE_OK;
}

static bool numbers_set(const struct sink *s, CURL *easy)
{
	long timeout = (long)sink_timeout(s);
	return number_set(easy, CURLOPT_NOSIGNAL, 1) &&
	    number_set(easy, CURLOPT_FOLLOWLOCATION, 0) &&
	    number_set(easy, CURLOPT_SSL_VERIFYPEER, 1) &&
	    number_set(easy, CURLOPT_SSL_VERIFYHOST, 2) &&
	    number_set(easy, CURLOPT_TIMEOUT_MS, timeout) &&
	    number_set(easy, CURLOPT_CONNECTTIMEOUT_MS, timeout) &&
	    number_set(easy, CURLOPT_NETRC, CURL_NETRC_IGNORED);
}

static bool schemes_set(CURL *easy)
{
#if LIBCURL_VERSION_NUM >= 0x075500
	return curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK;
#else
	return number_set(easy, CURLOPT_PROTOCOLS, CURLPROTO_HTTP | CURLPROTO_HTTPS);
#endif
}

static bool options_set(const struct sink *s)
{
	struct hook *h = s->own;
	CURL *easy = h->easy;
	return numbers_set(s, easy) &&
	    curl_easy_setopt(easy, CURLOPT_URL, s->config->url) == CURLE_OK && schemes_set(easy) &&
	    curl_easy_setopt(easy, CURLOPT_NOPROXY, "localhost,127.0.0.1,::1") == CURLE_OK &&
	    curl_easy_setopt(easy, CURLOPT_USERAGENT, "davscope/" DAVSCOPE_VERSION) == CURLE_OK &&
	    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, h->headers) == CURLE_OK &&
	    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, h->said) == CURLE_OK &&
	    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, body_ignore) == CURLE_OK &&
	    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, socket_make) == CURLE_OK;
}

static bool hook_start(struct sink *s, struct error *e)
{
	const char *name = s->config->name;
	if (s->config->url == NULL)
		return error_set(e, "%s: no URL", name);
	struct hook *h = calloc(1, sizeof(*h));
	if (h == NULL)
		return error_set(e, "%s: out of memory", name);
	/* Counted by curl; here no thread of ours exists yet. */
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
		free(h);
		return error_set(e, "%s: curl does not start", name);
	}
	s->own = h;
	if (!url_allowed(s, e))
		return false;
	h->multi = curl_multi_init();
	h->easy = curl_easy_init();
	if (h->multi != NULL && h->easy != NULL && headers_make(s) && options_set(s))
		return true;
	return error_set(e, "%s: curl lacks memory, or a feature", name);
}

/* ---- one request ---- */

/* CURLE_ABORTED_BY_CALLBACK: the sink is to stop. */
static CURLcode hook_perform(const struct sink *s)
{
	struct hook *h = s->own;
	struct curl_waitfd stop = { s->stop, CURL_WAIT_POLLIN, 0 };
	enum { LONGEST = 1000 };
	int running = 1, left;
	CURLMcode fault = curl_multi_perform(h->multi, &running);
	while (fault == CURLM_OK && running != 0) {
		fault = curl_multi_poll(h->multi, &stop, 1, LONGEST, NULL);
		if (stop.revents != 0)
			return CURLE_ABORTED_BY_CALLBACK;
		if (fault == CURLM_OK)
			fault = curl_multi_perform(h->multi, &running);
	}
	const CURLMsg *m = curl_multi_info_read(h->multi, &left);
	return fault != CURLM_OK || m == NULL ? CURLE_FAILED_INIT : m->data.result;
}

static CURLcode hook_request(const struct sink *s)
{
	struct hook *h = s->own;
	h->said[0] = '\0';
	if (curl_multi_add_handle(h->multi, h->easy) != CURLM_OK)
		return CURLE_FAILED_INIT;
	CURLcode result = hook_perform(s);
	curl_multi_remove_handle(h->multi, h->easy);
	return result;
}

/* The text of curl may quote the other side, which is a stranger when the name was wrong. */
static bool hook_says(const struct sink *s, CURLcode result, struct error *e)
{
	const struct hook *h = s->own;
	char text[64];
	if (result == CURLE_OPERATION_TIMEDOUT)
		return error_set(e, "%s: no answer in time", s->config->name);
	const char *said = h->said[0] != '\0' ? h->said : curl_easy_strerror(result);
	return error_set(e, "%s: %s", s->config->name, quoted(text, slice_from(said)));
}

/* Whether there is anybody: asked once, of required ones, before the first finding. */
static bool hook_reach(struct sink *s, struct error *e)
{
	struct hook *h = s->own;
	if (!number_set(h->easy, CURLOPT_CONNECT_ONLY, 1))
		return error_set(e, "%s: curl refuses", s->config->name);
	CURLcode result = hook_request(s);
	number_set(h->easy, CURLOPT_CONNECT_ONLY, 0);
	return result == CURLE_OK || hook_says(s, result, e);
}

static bool is_for_later(long status)
{
	enum { TIMEOUT = 408, TOO_EARLY = 425, TOO_MANY = 429, SERVER = 500 };
	return status == TIMEOUT || status == TOO_EARLY || status == TOO_MANY || status >= SERVER;
}

static enum sink_answer hook_answered(struct sink *s, struct error *e)
{
	const struct hook *h = s->own;
	long status = 0;
	curl_off_t wait_s = 0;
	curl_easy_getinfo(h->easy, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(h->easy, CURLINFO_RETRY_AFTER, &wait_s);
	if (status >= 200 && status < 300)
		return SINK_TAKEN;
	bool redirect = status >= 300 && status < 400;
	error_set(e, "%s: HTTP %ld%s", s->config->name, status,
	    redirect ? ", a redirect, which is not followed" : "");
	if (!is_for_later(status))
		return SINK_REFUSED;
	enum { LONGEST_S = 3600 };
	s->wait_ms = wait_s <= 0 ? 0 : (uint64_t)(wait_s < LONGEST_S ? wait_s : LONGEST_S) * 1000;
	return SINK_LATER;
}

static enum sink_answer hook_put(struct sink *s, const struct record *r, struct error *e)
{
	struct hook *h = s->own;
	if (!number_set(h->easy, CURLOPT_POST, 1) ||
	    curl_easy_setopt(h->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->json.n) !=
		CURLE_OK ||
	    curl_easy_setopt(h->easy, CURLOPT_POSTFIELDS, r->json.p) != CURLE_OK) {
		error_set(e, "%s: curl refuses", s->config->name);
		return SINK_LATER;
	}
	CURLcode result = hook_request(s);
	if (result == CURLE_OK)
		return hook_answered(s, e);
	hook_says(s, result, e);
	return SINK_LATER;
}

static bool hook_open(struct sink *s, struct error *e)
{
	(void)s;
	(void)e;
	return true;
}

static void hook_close(struct sink *s)
{
	(void)s;
}

static void hook_free(struct sink *s)
{
	struct hook *h = s->own;
	curl_easy_cleanup(h->easy);
	curl_multi_cleanup(h->multi);
	curl_slist_free_all(h->headers);
	free(h);
	curl_global_cleanup();
}

const struct sink_ops sink_WEBHOOK = {
	.findings_only = true,
	.start = hook_start,
	.reach = hook_reach,
	.open = hook_open,
	.put = hook_put,
	.close = hook_close,
	.free = hook_free,
};
