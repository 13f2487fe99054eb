/*
 * test_sink_syslog.c - report/sink_syslog.c, read by a strict reader of RFC 5424: hostile texts, lengths,
 * and each of the three ways.
 */
#include "tests/unit/sinkkit.h"

#include <arpa/inet.h>
#include <netinet/in.h>

enum { ROOM = 1 << 20, PARAM_MAX = 512 };

/* ---- the reader: one message, whole, or the test fails ---- */

struct heard {
	unsigned pri;
	char time[40], host[256], app[64], process[64], id[64];
	char rule[PARAM_MAX], severity[PARAM_MAX], number[PARAM_MAX], update[PARAM_MAX];
	bool data, bom;
	const char *text;
};

static const char *token_read(const char *p, char *out, size_t room)
{
	size_t n = 0;
	for (; *p != ' '; p++) {
		assert_true(*p > ' ' && *p <= '~');
		assert_true(n + 1 < room);
		out[n++] = *p;
	}
	assert_true(n != 0);
	out[n] = '\0';
	return p + 1;
}

static const char *param_read(const char *p, const char *name, char *out)
{
	size_t n = strlen(name), i = 0;
	assert_memory_equal(p, name, n);
	p += n;
	assert_memory_equal(p, "=\"", 2);
	for (p += 2; *p != '"'; p++) {
		assert_true(*p != ']' && *p != '\0');
		if (*p == '\\') {
			p++;
			assert_non_null(strchr("\"\\]", *p));
		}
		assert_true(i + 1 < PARAM_MAX);
		out[i++] = *p;
	}
	out[i] = '\0';
	return p + 1;
}

static const char *data_read(const char *p, struct heard *h)
{
	h->data = *p == '[';
	if (!h->data) {
		assert_memory_equal(p, "- ", 2);
		return p + 2;
	}
	assert_memory_equal(p, "[davscope@32473 ", 16);
	p = param_read(p + 16, "rule", h->rule) + 1;
	p = param_read(p, "severity", h->severity) + 1;
	p = param_read(p, "id", h->number) + 1;
	p = param_read(p, "update", h->update);
	assert_memory_equal(p, "] ", 2);
	return p + 2;
}

static void message_read(const char *p, struct heard *h)
{
	for (const char *c = p; *c != '\0'; c++)
		assert_true((unsigned char)*c >= ' ' && *c != 0x7f);
	char *end;
	assert_int_equal(*p, '<');
	h->pri = (unsigned)strtoul(p + 1, &end, 10);
	assert_true(h->pri <= 191 && end > p + 1);
	assert_memory_equal(end, ">1 ", 3);
	p = token_read(end + 3, h->time, sizeof h->time);
	p = token_read(p, h->host, sizeof h->host);
	p = token_read(p, h->app, 48 + 1);
	p = token_read(p, h->process, sizeof h->process);
	p = token_read(p, h->id, 32 + 1);
	p = data_read(p, h);
	h->bom = strncmp(p, "\xef\xbb\xbf", 3) == 0;
	h->text = h->bom ? p + 3 : p;
	/* UTF-8 to the end, also where it was cut. */
	struct slice rest = slice_from(h->text);
	while (rest.n != 0) {
		uint32_t cp;
		size_t n = utf8_next(rest, &cp);
		assert_true(n != 0);
		rest = slice_part(rest, n, SIZE_MAX);
	}
}

static void assert_usual(const struct heard *h)
{
	assert_string_equal(h->app, "davscope");
	assert_int_equal(strtoul(h->process, NULL, 10), getpid());
	assert_string_equal(h->time, "2006-09-25T16:00:00.123456Z");
}

/* ---- the local socket ---- */

struct local {
	struct spot p;
	int server;
	struct sink_config c;
	struct limits l;
	struct sinks *k;
};

static void local_make(struct local *o)
{
	spot_make(&o->p);
	o->server = unix_serve(o->p.path, SOCK_DGRAM);
	o->l = quick_limits();
	o->c = (struct sink_config){
		.kind = SINK_SYSLOG,
		.name = "s",
		.path = o->p.path,
		.kinds = KIND(FINDING) | KIND(TRANSACTION),
	};
	o->k = sinks_one(&o->c, &o->l, NULL);
}

static void local_free(struct local *o)
{
	sinks_close(o->k, 0);
	close(o->server);
	spot_remove(&o->p);
}

static void local_read(struct local *o, char *text, struct heard *h)
{
	memset(h, 0, sizeof *h);
	size_t n = datagram_read(o->server, text, ROOM);
	assert_int_equal(strlen(text), n);
	message_read(text, h);
	assert_usual(h);
}

static void test_a_finding(void **state)
{
	(void)state;
	static char text[ROOM];
	struct heard h;
	struct local o;
	local_make(&o);
	finding_put(o.k, NULL, 1, "{}");
	local_read(&o, text, &h);
	assert_int_equal(h.pri, 21 * 8 + 3);
	assert_string_equal(h.id, "finding");
	assert_string_equal(h.rule, "duplicate-live-uid");
	assert_string_equal(h.severity, "high");
	assert_string_equal(h.number, "f-0123456789ab");
	assert_string_equal(h.update, "2");
	assert_false(h.bom);
	assert_string_equal(h.text, "Two live copies: an item is there twice");
	struct record r = record_other("{\"a\":\"b\\\\c \xc3\xa9\"}");
	sinks_put(o.k, &r);
	local_read(&o, text, &h);
	assert_int_equal(h.pri, 21 * 8 + 6);
	assert_string_equal(h.id, "transaction");
	assert_false(h.data);
	assert_true(h.bom);
	assert_string_equal(h.text, "{\"a\":\"b\\\\c \xc3\xa9\"}");
	local_free(&o);
}

static void test_severities_and_facility(void **state)
{
	(void)state;
	static const unsigned levels[] = { 6, 5, 4, 3, 2 };
	static char text[ROOM];
	struct heard h;
	struct local o;
	local_make(&o);
	o.c.facility = 4;
	for (unsigned i = 0; i < SEVERITIES; i++) {
		struct record r = record_finding(i + 1, "{}");
		r.severity = (enum severity)i;
		sinks_put(o.k, &r);
		local_read(&o, text, &h);
		assert_int_equal(h.pri, 4 * 8 + levels[i]);
	}
	local_free(&o);
}

/* Everything that could end a value, a line or a message, and every byte. */
static void test_hostile_texts(void **state)
{
	(void)state;
	static char text[ROOM];
	uint8_t all[256];
	uint8_t back[4 * sizeof all];
	struct heard h;
	struct local o;
	local_make(&o);
	for (size_t i = 0; i < sizeof all; i++)
		all[i] = (uint8_t)i;
	struct record r = record_finding(1, "{}");
	r.rule = SLICE("a\"b]c\\d\n<1>1 - - - - - -\x1b[2J\xe2\x80\xae");
	r.title = (struct slice){ NULL, 0 };
	r.message = (struct slice){ all, sizeof all };
	sinks_put(o.k, &r);
	local_read(&o, text, &h);
	assert_string_equal(h.rule, "a\"b]c\\\\d\\x0a<1>1 - - - - - -\\x1b[2J\\u{202e}");
	assert_int_equal(unvis(h.text, strlen(h.text), back, sizeof back), sizeof all);
	assert_memory_equal(back, all, sizeof all);
	local_free(&o);
}

static void test_long_ones_are_cut_between_characters(void **state)
{
	(void)state;
	static char text[ROOM], message[20001];
	struct heard h;
	struct local o;
	local_make(&o);
	for (size_t i = 0; i < 20000; i += 2)
		memcpy(message + i, "\xc3\xa9", 2);
	for (unsigned odd = 0; odd < 2; odd++) {
		struct record r = record_finding(odd + 1, "{}");
		r.title = odd ? SLICE("x") : SLICE("xy");
		r.message = slice_from(message);
		sinks_put(o.k, &r);
		local_read(&o, text, &h);
		size_t most = (size_t)limits_default().sink_local;
		assert_true(strlen(text) <= most && strlen(text) >= most - 1);
	}
	local_free(&o);
}

static void test_odd_times(void **state)
{
	(void)state;
	static char text[ROOM];
	static const struct {
		int64_t ns;
		const char *text;
	} cases[] = {
		{ 0, "1970-01-01T00:00:00.000000Z" },
		{ -1, "1969-12-31T23:59:59.999999Z" },
		{ 999, "1970-01-01T00:00:00.000000Z" },
		{ 1000, "1970-01-01T00:00:00.000001Z" },
		{ INT64_MIN, "1677-09-21T00:12:43.145224Z" },
		{ INT64_MAX, "2262-04-11T23:47:16.854775Z" },
	};
	struct local o;
	local_make(&o);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct heard h = { 0 };
		struct record r = record_other("{}");
		r.ns = cases[i].ns;
		sinks_put(o.k, &r);
		datagram_read(o.server, text, sizeof text);
		message_read(text, &h);
		assert_string_equal(h.time, cases[i].text);
	}
	local_free(&o);
}

/* The daemon is started anew: its socket is another one. */
static void test_a_new_daemon(void **state)
{
	(void)state;
	static char text[ROOM];
	struct heard h;
	struct local o;
	local_make(&o);
	finding_put(o.k, NULL, 1, "{}");
	local_read(&o, text, &h);
	close(o.server);
	finding_put(o.k, NULL, 2, "{}");
	AWAIT(counts_of(o.k).failing);
	o.server = unix_serve(o.p.path, SOCK_DGRAM);
	local_read(&o, text, &h);
	AWAIT(counts_of(o.k).delivered[1] == 2);
	assert_false(counts_of(o.k).failing);
	local_free(&o);
}

/* ---- over the network ---- */

static int loopback_serve(int type, uint16_t want, char port[8])
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(want) };
	socklen_t n = sizeof a;
	int on = 1, fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &n), 0);
	if (type == SOCK_STREAM)
		assert_int_equal(listen(fd, 8), 0);
	snprintf(port, 8, "%u", ntohs(a.sin_port));
	return fd;
}

static void test_udp(void **state)
{
	(void)state;
	static char text[ROOM], message[5001];
	char port[8];
	struct heard h = { 0 };
	struct limits l = quick_limits();
	int server = loopback_serve(SOCK_DGRAM, 0, port);
	const struct sink_config c = { .kind = SINK_SYSLOG,
		.name = "s",
		.host = "127.0.0.1",
		.port = port,
		.kinds = KIND(FINDING) };
	struct sinks *k = sinks_one(&c, &l, NULL);
	memset(message, 'm', sizeof message - 1);
	struct record r = record_finding(1, "{}");
	r.message = slice_from(message);
	sinks_put(k, &r);
	assert_int_equal(datagram_read(server, text, sizeof text), l.sink_datagram);
	message_read(text, &h);
	assert_usual(&h);
	sinks_close(k, 0);
	close(server);
}

/* Octets counted; the message itself is not cut. */
static void frame_read(int fd, char *text, struct heard *h)
{
	size_t n = 0;
	char c = 0;
	for (;;) {
		readable_await(fd);
		assert_int_equal(read(fd, &c, 1), 1);
		if (c == ' ')
			break;
		assert_true(c >= '0' && c <= '9');
		n = 10 * n + (size_t)(c - '0');
	}
	assert_true(n < ROOM);
	for (size_t got = 0; got < n;) {
		readable_await(fd);
		ssize_t part = read(fd, text + got, n - got);
		assert_true(part > 0);
		got += (size_t)part;
	}
	text[n] = '\0';
	memset(h, 0, sizeof *h);
	message_read(text, h);
}

static void test_tcp_and_a_server_that_comes_back(void **state)
{
	(void)state;
	static char text[ROOM], message[100001];
	char port[8];
	struct heard h;
	struct limits l = quick_limits();
	int server = loopback_serve(SOCK_STREAM, 0, port);
	const struct sink_config c = { .kind = SINK_SYSLOG,
		.name = "s",
		.host = "127.0.0.1",
		.port = port,
		.tcp = true,
		.kinds = KIND(FINDING) };
	struct sinks *k = sinks_one(&c, &l, NULL);
	memset(message, 'm', sizeof message - 1);
	struct record r = record_finding(1, "{}");
	r.title = (struct slice){ NULL, 0 };
	r.message = slice_from(message);
	sinks_put(k, &r);
	int peer = peer_accept(server);
	frame_read(peer, text, &h);
	assert_string_equal(h.text, message);
	AWAIT(counts_of(k).delivered[1] == 1);
	close(peer);
	close(server);
	for (unsigned i = 2; i <= 20; i++) {
		r.number = r.update = i;
		r.message = SLICE("m");
		sinks_put(k, &r);
	}
	AWAIT(counts_of(k).failing);
	server = loopback_serve(SOCK_STREAM, (uint16_t)strtoul(port, NULL, 10), port);
	peer = peer_accept(server);
	for (unsigned i = 2; i <= 20; i++) {
		frame_read(peer, text, &h);
		assert_int_equal(strtoul(h.update, NULL, 10), i);
	}
	AWAIT(counts_of(k).delivered[1] == 20);
	sinks_close(k, 0);
	close(peer);
	close(server);
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_finding),
		cmocka_unit_test(test_severities_and_facility),
		cmocka_unit_test(test_hostile_texts),
		cmocka_unit_test(test_long_ones_are_cut_between_characters),
		cmocka_unit_test(test_odd_times),
		cmocka_unit_test(test_a_new_daemon),
		cmocka_unit_test(test_udp),
		cmocka_unit_test(test_tcp_and_a_server_that_comes_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
