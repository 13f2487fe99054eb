/*
 * fetch.c - an HTTP client by libcurl: one request on a connection of its own, stepped until its answer
 * is there or its connection is gone. It repeats nothing by itself.
 */
#include "play/leg.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

enum { TIMEOUT_MS = 20000, WAIT_MS = 1, SOCKETS_MAX = 8 };

struct fetcher {
	struct world *world;
	uint16_t port;
	CURL *easy;
	CURLM *multi;
	struct curl_slist *headers;
	char url[TARGET_MAX + 40];
	struct message *answer;
};

/* ---- the answer ---- */

static size_t on_body(char *data, size_t size, size_t n, void *ctx)
{
	struct fetcher *f = ctx;
	text_bytes(&f->answer->body, data, size * n);
	return size * n;
}

/* "Name: value", once a line; an interim answer would be forgotten by the next status line. */
static size_t on_header(char *data, size_t size, size_t n, void *ctx)
{
	struct fetcher *f = ctx;
	struct slice line = { (const uint8_t *)data, size * n };
	size_t colon = slice_find_byte(line, ':');
	char name[HEADER_NAME], value[HEADER_VALUE];
	if (slice_starts(line, SLICE("HTTP/")))
		f->answer->n_headers = 0;
	else if (colon != line.n) {
		struct slice rest = slice_part(line, colon + 1, line.n);
		rest = slice_part(rest, 0, slice_find_byte(rest, '\r'));
		text_copy(name, sizeof name, slice_part(line, 0, colon));
		text_copy(value, sizeof value, slice_trim(rest));
		message_put(f->answer, name, "%s", value);
	}
	return size * n;
}

/* ---- the request ---- */

static bool add_line(struct fetcher *f, const char *line)
{
	struct curl_slist *more = curl_slist_append(f->headers, line);
	if (more == NULL)
		return false;
	f->headers = more;
	return true;
}

/* A User-Agent of ours comes before Accept, as curl writes its own. */
static bool add_headers(struct fetcher *f, const struct message *m)
{
	char line[HEADER_NAME + HEADER_VALUE + 4];
	bool fine = add_line(f, "Expect:");
	for (size_t i = 0; i < m->n_headers; i++) {
		snprintf(line, sizeof line, "%s: %s", m->headers[i].name, m->headers[i].value);
		fine = fine && add_line(f, line);
	}
	return fine && add_line(f, "Connection: close") &&
	    curl_easy_setopt(f->easy, CURLOPT_HTTPHEADER, f->headers) == CURLE_OK;
}

static bool set_method(CURL *easy, const struct message *m)
{
	if (strcmp(m->method, "HEAD") == 0)
		return curl_easy_setopt(easy, CURLOPT_NOBODY, 1L) == CURLE_OK;
	if (m->body.n != 0 &&
	    (curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, (long)m->body.n) != CURLE_OK ||
		curl_easy_setopt(easy, CURLOPT_POSTFIELDS, m->body.p) != CURLE_OK))
		return false;
	return curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, m->method) == CURLE_OK;
}

/* No proxy of the environment, no waiting, no second use of a connection. */
static bool set_ways(struct fetcher *f)
{
	const struct {
		CURLoption option;
		long value;
	} numbers[] = { { CURLOPT_NOSIGNAL, 1 }, { CURLOPT_TIMEOUT_MS, TIMEOUT_MS },
		{ CURLOPT_FRESH_CONNECT, 1 }, { CURLOPT_FORBID_REUSE, 1 },
		{ CURLOPT_PATH_AS_IS, 1 }, { CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1 } };
	bool fine = true;
	for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
		fine = fine &&
		    curl_easy_setopt(f->easy, numbers[i].option, numbers[i].value) == CURLE_OK;
	return fine && curl_easy_setopt(f->easy, CURLOPT_PROXY, "") == CURLE_OK &&
	    curl_easy_setopt(f->easy, CURLOPT_WRITEFUNCTION, on_body) == CURLE_OK &&
	    curl_easy_setopt(f->easy, CURLOPT_WRITEDATA, f) == CURLE_OK &&
	    curl_easy_setopt(f->easy, CURLOPT_HEADERFUNCTION, on_header) == CURLE_OK &&
	    curl_easy_setopt(f->easy, CURLOPT_HEADERDATA, f) == CURLE_OK;
}

bool fetcher_begin(struct fetcher *f, const struct message *request, struct message *answer)
{
	snprintf(f->url, sizeof f->url, "http://127.0.0.1:%u%s", f->port, request->target);
	message_answer(answer, 0);
	f->answer = answer;
	curl_easy_reset(f->easy);
	if (set_ways(f) && curl_easy_setopt(f->easy, CURLOPT_URL, f->url) == CURLE_OK &&
	    set_method(f->easy, request) && add_headers(f, request) &&
	    curl_multi_add_handle(f->multi, f->easy) == CURLM_OK)
		return true;
	return world_break(f->world, "libcurl takes no request");
}

/* ---- its turns ---- */

static enum fetched fetcher_result(struct fetcher *f)
{
	int left = 0;
	long status = 0;
	const CURLMsg *m = curl_multi_info_read(f->multi, &left);
	if (m == NULL)
		return FETCH_RUNS;
	if (m->msg != CURLMSG_DONE || m->data.result != CURLE_OK)
		return FETCH_LOST;
	curl_easy_getinfo(f->easy, CURLINFO_RESPONSE_CODE, &status);
	f->answer->status = (unsigned)status;
	return FETCH_DONE;
}

enum fetched fetcher_step(struct fetcher *f)
{
	int running = 0;
	if (curl_multi_perform(f->multi, &running) == CURLM_OK)
		return fetcher_result(f);
	world_break(f->world, "libcurl gives up");
	return FETCH_LOST;
}

void fetcher_wait(struct fetcher *f, const int *sockets, size_t n)
{
	struct curl_waitfd wait[SOCKETS_MAX];
	n = n < SOCKETS_MAX ? n : SOCKETS_MAX;
	for (size_t i = 0; i < n; i++)
		wait[i] = (struct curl_waitfd){ sockets[i], CURL_WAIT_POLLIN, 0 };
	curl_multi_wait(f->multi, wait, (unsigned)n, WAIT_MS, NULL);
}

void fetcher_end(struct fetcher *f)
{
	curl_multi_remove_handle(f->multi, f->easy);
	curl_slist_free_all(f->headers);
	f->headers = NULL;
}

/* ---- a client ---- */

/* The libraries of TLS that libcurl is made with stay asleep. */
struct fetcher *fetcher_open(struct world *w, uint16_t port)
{
	struct fetcher *f = calloc(1, sizeof *f);
	if (f != NULL && curl_global_init(CURL_GLOBAL_NOTHING) == CURLE_OK) {
		*f = (struct fetcher){ .world = w, .port = port };
		f->easy = curl_easy_init();
		f->multi = curl_multi_init();
	}
	if (f != NULL && f->easy != NULL && f->multi != NULL)
		return f;
	world_break(w, "libcurl cannot be had");
	fetcher_close(f);
	return NULL;
}

void fetcher_close(struct fetcher *f)
{
	if (f == NULL)
		return;
	if (f->easy != NULL)
		curl_easy_cleanup(f->easy);
	if (f->multi != NULL)
		curl_multi_cleanup(f->multi);
	curl_global_cleanup();
	free(f);
}
