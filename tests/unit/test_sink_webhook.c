/*
 * test_sink_webhook.c - report/sink_webhook.c against a small server: what is taken, what is tried again and
 * when, what is dropped, and what is never sent.
 */
#include "tests/unit/sinkkit.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <netinet/in.h>

enum { REQUEST_MAX = 65536, REQUESTS_MAX = 256 };

/* ---- a server that answers by a list; the last answer is repeated, NULL: it hangs ---- */
struct server {
	int fd;
	char url[64];
	const char *const *answers;
	pthread_t thread;
	pthread_mutex_t lock;
	size_t n;
	char *requests[REQUESTS_MAX]; /* whole */
};

static bool request_whole(const char *text, size_t n)
{
	const char *end = strstr(text, "\r\n\r\n"),
		   *length = strcasestr(text, "\r\nContent-Length:");
	if (end == NULL)
		return false;
	size_t body = length == NULL ? 0 : strtoul(length + 17, NULL, 10);
	return n >= (size_t)(end - text) + 4 + body;
}

/* False: the other side has closed before. */
static bool request_read(int fd, char *text)
{
	size_t n = 0;
	text[0] = '\0';
	while (!request_whole(text, n)) {
		ssize_t got = read(fd, text + n, REQUEST_MAX - 1 - n);
		if (got <= 0)
			return false;
		n += (size_t)got;
		text[n] = '\0';
	}
	return true;
}

static void *server_main(void *arg)
{
	struct server *s = arg;
	size_t turn = 0;
	for (int fd; (fd = accept(s->fd, NULL, NULL)) >= 0; close(fd)) {
		static const char stop[] = "STOP";
		char *text = malloc(REQUEST_MAX);
		bool whole = text != NULL && request_read(fd, text);
		if (text != NULL && strncmp(text, stop, 4) == 0) {
			free(text);
			close(fd);
			break;
		}
		if (!whole) {
			free(text);
			continue;
		}
		pthread_mutex_lock(&s->lock);
		s->requests[s->n++ % REQUESTS_MAX] = text;
		pthread_mutex_unlock(&s->lock);
		const char *answer = s->answers[turn];
		if (s->answers[turn + 1] != NULL || answer == NULL)
			turn++;
		char nothing;
		if (answer == NULL)
			while (read(fd, &nothing, 1) > 0)
				;
		else
			send(fd, answer, strlen(answer), MSG_NOSIGNAL);
	}
	return NULL;
}

static uint16_t loopback_serve(int *fd)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	socklen_t n = sizeof a;
	*fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(*fd >= 0);
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(*fd, (struct sockaddr *)&a, sizeof a), 0);
	assert_int_equal(listen(*fd, 8), 0);
	assert_int_equal(getsockname(*fd, (struct sockaddr *)&a, &n), 0);
	return ntohs(a.sin_port);
}

static void server_start(struct server *s, const char *const *answers)
{
	memset(s, 0, sizeof *s);
	snprintf(s->url, sizeof s->url, "http://127.0.0.1:%u/hook", loopback_serve(&s->fd));
	s->answers = answers;
	pthread_mutex_init(&s->lock, NULL);
	assert_int_equal(pthread_create(&s->thread, NULL, server_main, s), 0);
}

static size_t server_count(struct server *s)
{
	pthread_mutex_lock(&s->lock);
	size_t n = s->n;
	pthread_mutex_unlock(&s->lock);
	return n;
}

static void server_stop(struct server *s)
{
	struct sockaddr_in a;
	socklen_t n = sizeof a;
	assert_int_equal(getsockname(s->fd, (struct sockaddr *)&a, &n), 0);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
	assert_int_equal(send(fd, "STOP", 4, MSG_NOSIGNAL), 4);
	close(fd);
	pthread_join(s->thread, NULL);
	close(s->fd);
	for (size_t i = 0; i < s->n && i < REQUESTS_MAX; i++)
		free(s->requests[i]);
	pthread_mutex_destroy(&s->lock);
}

#define ANSWER(line) "HTTP/1.1 " line "\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"

/* ---- one sink against one server ---- */
struct hooked {
	struct server server;
	struct shelf *shelf;
	struct spill spill;
	struct limits l;
	struct sink_config c;
	struct sinks *k;
};

static void hooked_make(struct hooked *h, const char *const *answers)
{
	server_start(&h->server, answers);
	h->shelf = shelf_new();
	h->spill = shelf_spill(h->shelf);
	h->l = quick_limits();
	h->c = (struct sink_config){
		.kind = SINK_WEBHOOK,
		.name = "hook",
		.url = h->server.url,
		.kinds = KIND(FINDING) | KIND(TRANSACTION),
	};
}

static void hooked_start(struct hooked *h)
{
	h->k = sinks_one(&h->c, &h->l, &h->spill);
}

static void hooked_free(struct hooked *h)
{
	sinks_close(h->k, 0);
	server_stop(&h->server);
	shelf_free(h->shelf);
}

static const char *request_body(const struct hooked *h, size_t i)
{
	return strstr(h->server.requests[i], "\r\n\r\n") + 4;
}

static void test_a_finding_is_posted(void **state)
{
	(void)state;
	static const char *const answers[] = { ANSWER("204 No Content"), NULL };
	static const char *const headers[] = { "Authorization: Bearer secret", "X-Site: north",
		NULL };
	struct hooked h;
	hooked_make(&h, answers);
	h.c.headers = headers;
	hooked_start(&h);
	struct record other = record_other("{}");
	sinks_put(h.k, &other);
	finding_put(h.k, h.shelf, 1, "{\"a\":1}");
	finding_put(h.k, h.shelf, 2, "{\"a\":2}");
	shelf_await(h.shelf, 2);
	assert_int_equal(server_count(&h.server), 2);
	const char *r = h.server.requests[0];
	assert_int_equal(strncmp(r, "POST /hook HTTP/1.1\r\n", 21), 0);
	assert_non_null(strstr(r, "\r\nContent-Type: application/json\r\n"));
	assert_non_null(strstr(r, "\r\nAuthorization: Bearer secret\r\n"));
	assert_non_null(strstr(r, "\r\nX-Site: north\r\n"));
	assert_non_null(strstr(r, "\r\nUser-Agent: davscope/"));
	assert_null(strstr(r, "\r\nExpect:"));
	assert_string_equal(request_body(&h, 0), "{\"a\":1}");
	assert_string_equal(request_body(&h, 1), "{\"a\":2}");
	assert_int_equal(counts_of(h.k).delivered[1], 2);
	assert_int_equal(counts_of(h.k).delivered[0] + counts_of(h.k).dropped[0], 0);
	hooked_free(&h);
}

static void test_what_may_be_better_later(void **state)
{
	(void)state;
	static const char *const answers[] = { ANSWER("503 Later"), ANSWER("500 Oh"),
		ANSWER("429 Slow"), ANSWER("408 Late"), "nonsense\r\n\r\n", "", ANSWER("200 OK"),
		NULL };
	struct hooked h;
	hooked_make(&h, answers);
	hooked_start(&h);
	finding_put(h.k, h.shelf, 1, "{\"a\":1}");
	finding_put(h.k, h.shelf, 2, "{\"a\":2}");
	shelf_await(h.shelf, 2);
	struct sink_counts n = counts_of(h.k);
	assert_int_equal(n.delivered[1], 2);
	assert_int_equal(n.dropped[1], 0);
	assert_int_equal(n.retried, 6);
	assert_false(n.failing);
	assert_int_equal(server_count(&h.server), 8);
	for (size_t i = 0; i < 7; i++)
		assert_string_equal(request_body(&h, i), "{\"a\":1}");
	assert_string_equal(request_body(&h, 7), "{\"a\":2}");
	hooked_free(&h);
}

static int64_t now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Two seconds are asked for, and 60 times the first wait is the most that is given: 600 ms. */
static void test_retry_after(void **state)
{
	(void)state;
	static const char *const answers[] = {
		"HTTP/1.1 503 Later\r\nRetry-After: 2\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
		ANSWER("200 OK"), NULL
	};
	struct hooked h;
	hooked_make(&h, answers);
	h.l.sink_backoff_ms = 10;
	hooked_start(&h);
	int64_t begin = now_ms();
	finding_put(h.k, h.shelf, 1, "{}");
	shelf_await(h.shelf, 1);
	assert_true(now_ms() - begin >= 590);
	assert_int_equal(counts_of(h.k).retried, 1);
	hooked_free(&h);
}

static void test_faults_of_the_configuration_are_dropped_and_told(void **state)
{
	(void)state;
	static const char *const answers[] = { ANSWER("404 No"),
		"HTTP/1.1 302 Found\r\nLocation: /else\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
		ANSWER("200 OK"), NULL };
	struct hooked h;
	hooked_make(&h, answers);
	hooked_start(&h);
	finding_put(h.k, h.shelf, 1, "{\"a\":1}");
	shelf_await(h.shelf, 1);
	assert_int_equal(counts_of(h.k).dropped[1], 1);
	assert_true(counts_of(h.k).failing);
	assert_non_null(strstr(counts_of(h.k).why.text, "404"));
	finding_put(h.k, h.shelf, 2, "{\"a\":2}");
	shelf_await(h.shelf, 2);
	assert_non_null(strstr(counts_of(h.k).why.text, "redirect"));
	assert_int_equal(counts_of(h.k).dropped[1], 2);
	finding_put(h.k, h.shelf, 3, "{\"a\":3}");
	shelf_await(h.shelf, 3);
	assert_int_equal(server_count(&h.server), 3);
	assert_null(strstr(h.server.requests[2], "/else"));
	assert_int_equal(counts_of(h.k).delivered[1], 1);
	assert_int_equal(counts_of(h.k).retried, 0);
	assert_false(counts_of(h.k).failing);
	hooked_free(&h);
}

static void test_a_server_that_hangs(void **state)
{
	(void)state;
	static const char *const answers[] = { NULL, ANSWER("200 OK"), NULL };
	struct hooked h;
	hooked_make(&h, answers);
	h.l.sink_timeout_ms = 300;
	hooked_start(&h);
	finding_put(h.k, h.shelf, 1, "{}");
	shelf_await(h.shelf, 1);
	assert_int_equal(counts_of(h.k).retried, 1);
	assert_non_null(strstr(counts_of(h.k).why.text, "in time"));
	hooked_free(&h);
}

static void test_the_end_does_not_wait_for_one_that_hangs(void **state)
{
	(void)state;
	static const char *const answers[] = { NULL, NULL };
	struct hooked h;
	hooked_make(&h, answers);
	h.c.timeout_ms = 1000 * DEADLINE_S;
	hooked_start(&h);
	finding_put(h.k, h.shelf, 1, "{}");
	AWAIT(server_count(&h.server) == 1);
	time_t before = time(NULL);
	hooked_free(&h);
	assert_true(time(NULL) - before < DEADLINE_S / 2);
}

static void test_nobody_there_and_required(void **state)
{
	(void)state;
	static const char *const answers[] = { ANSWER("200 OK"), NULL };
	struct hooked h;
	hooked_make(&h, answers);
	h.c.required = true;
	hooked_start(&h);
	assert_false(counts_of(h.k).failing);
	finding_put(h.k, h.shelf, 1, "{}");
	shelf_await(h.shelf, 1);
	/* Asking whether anybody is there was no request. */
	assert_int_equal(server_count(&h.server), 1);
	hooked_free(&h);
	struct sinks *k = sinks_one(&h.c, &h.l, NULL);
	assert_true(counts_of(k).failing);
	sinks_close(k, 0);
}

/* ---- TLS, with a certificate that nobody has signed: no part of this project trusts it ---- */

static const char key[] = "-----BEGIN PRIVATE KEY-----\n"
			  "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg9Uh31UOFJ/jYmb0i\n"
			  "OMywnJXptbK03mAqQE3obV5pROyhRANCAARaGRV0HSM+Cqe70zKX7HCTxz+H5JS4\n"
			  "CT/TQjPD4rkXP9vATHkCbllnHRIPeBL5M4eMJ3FlwKZVKw1cd1dhi+al\n"
			  "-----END PRIVATE KEY-----\n";
static const char certificate[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBnDCCAUGgAwIBAgIUG19D5CmQJtKCkZrTUBDFyDEMzI8wCgYIKoZIzj0EAwIw\n"
    "FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEzMDA5NTkwMFoYDzIxMjYxMTA2\n"
    "MDk1OTAwWjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO\n"
    "PQMBBwNCAARaGRV0HSM+Cqe70zKX7HCTxz+H5JS4CT/TQjPD4rkXP9vATHkCblln\n"
    "HRIPeBL5M4eMJ3FlwKZVKw1cd1dhi+alo28wbTAdBgNVHQ4EFgQU/0NMmgsFo8aR\n"
    "IlWSn3eJR0g+s7UwHwYDVR0jBBgwFoAU/0NMmgsFo8aRIlWSn3eJR0g+s7UwDwYD\n"
    "VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEwCgYIKoZI\n"
    "zj0EAwIDSQAwRgIhALsBLaO9D01AGoCRggHkMwQJUO1yvfmNYYkVKaOSjzpVAiEA\n"
    "6Yqa3hQ9ShcS4U/CFG1HhJA/p44FcbkZwZ5erY0mJkw=\n"
    "-----END CERTIFICATE-----\n";

static enum MHD_Result on_request(void *ctx, struct MHD_Connection *connection, const char *url,
    const char *method, const char *version, const char *body, size_t *n, void **own)
{
	(void)connection;
	(void)url;
	(void)method;
	(void)version;
	(void)body;
	(void)n;
	(void)own;
	__atomic_store_n((bool *)ctx, true, __ATOMIC_SEQ_CST);
	return MHD_NO;
}

static void test_a_certificate_that_is_not_trusted(void **state)
{
	(void)state;
	if (MHD_is_feature_supported(MHD_FEATURE_TLS) != MHD_YES)
		skip();
	bool asked = false;
	int fd;
	char url[64];
	snprintf(url, sizeof url, "https://localhost:%u/", loopback_serve(&fd));
	struct MHD_Daemon *daemon = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_TLS,
	    0, NULL, NULL, on_request, &asked, MHD_OPTION_LISTEN_SOCKET, fd,
	    MHD_OPTION_HTTPS_MEM_KEY, key, MHD_OPTION_HTTPS_MEM_CERT, certificate, MHD_OPTION_END);
	assert_non_null(daemon);
	struct limits l = quick_limits();
	const struct sink_config c = { .kind = SINK_WEBHOOK,
		.name = "hook",
		.url = url,
		.insecure = true,
		.kinds = KIND(FINDING) };
	struct sinks *k = sinks_one(&c, &l, NULL);
	finding_put(k, NULL, 1, "{}");
	AWAIT(counts_of(k).retried >= 2);
	struct sink_counts n = counts_of(k);
	assert_non_null(strcasestr(n.why.text, "certificate"));
	assert_int_equal(n.delivered[1] + n.dropped[1], 0);
	sinks_close(k, 0);
	MHD_stop_daemon(daemon);
	assert_false(asked);
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_finding_is_posted),
		cmocka_unit_test(test_what_may_be_better_later),
		cmocka_unit_test(test_retry_after),
		cmocka_unit_test(test_faults_of_the_configuration_are_dropped_and_told),
		cmocka_unit_test(test_a_server_that_hangs),
		cmocka_unit_test(test_the_end_does_not_wait_for_one_that_hangs),
		cmocka_unit_test(test_nobody_there_and_required),
		cmocka_unit_test(test_a_certificate_that_is_not_trusted),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
