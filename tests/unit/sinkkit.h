/*
 * sinkkit.h - records, a spill that can be waited for, and servers on unix sockets, for tests of sinks.
 * Waits are for a condition, with a deadline that only a broken program reaches.
 */
#ifndef DAVSCOPE_TESTS_SINKKIT_H
#define DAVSCOPE_TESTS_SINKKIT_H

#include "report/report.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { DEADLINE_S = 60, FINDINGS_MAX = 4096, TEXT_MAX = 512 };
#define KIND(code) (1U << EVENT_##code)

static inline time_t deadline(void)
{
	return time(NULL) + DEADLINE_S;
}

/* Looks again and again until it holds. */
#define AWAIT(condition) \
	do { \
		time_t late_ = deadline(); \
		while (!(condition)) { \
			if (time(NULL) > late_) \
				fail_msg("never came true: %s", #condition); \
			poll(NULL, 0, 1); \
		} \
	} while (0)

/* ---- records ---- */

static inline struct record record_finding(uint64_t number, const char *json)
{
	return (struct record){
		.kind = EVENT_FINDING,
		.number = number,
		.ns = 1159200000123456789,
		.severity = SEVERITY_HIGH,
		.outcome = CONCLUSIVE,
		.id = 0x0123456789ab,
		.update = 2,
		.rule = SLICE("duplicate-live-uid"),
		.title = SLICE("Two live copies"),
		.message = SLICE("an item is there twice"),
		.keys = SLICE("mailbox=anna@example.com"),
		.json = slice_from(json),
	};
}

static inline struct record record_other(const char *json)
{
	return (struct record){
		.kind = EVENT_TRANSACTION,
		.ns = 1159200000123456789,
		.json = slice_from(json),
	};
}

/* ---- a spill that keeps everything ---- */
struct shelf {
	pthread_mutex_t lock;
	pthread_cond_t news;
	uint64_t numbers[FINDINGS_MAX];
	char texts[FINDINGS_MAX][TEXT_MAX];
	size_t n;
	uint64_t taken, begin;
	uint64_t critical; /* number of the first finding that is; 0: none is */
	bool backwards; /* taken() did not count up */
	bool unreadable;
};

static inline struct shelf *shelf_new(void)
{
	struct shelf *s = calloc(1, sizeof(*s));
	assert_non_null(s);
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->news, NULL);
	return s;
}

static inline void shelf_free(struct shelf *s)
{
	pthread_mutex_destroy(&s->lock);
	pthread_cond_destroy(&s->news);
	free(s);
}

static inline void shelf_add(struct shelf *s, uint64_t number, const char *json)
{
	pthread_mutex_lock(&s->lock);
	assert_true(s->n < FINDINGS_MAX);
	s->numbers[s->n] = number;
	snprintf(s->texts[s->n++], TEXT_MAX, "%s", json);
	pthread_mutex_unlock(&s->lock);
}

static inline enum spill_answer shelf_next(void *ctx, const char *sink, uint64_t number,
    struct record *r, uint8_t **room, size_t *n)
{
	struct shelf *s = ctx;
	(void)sink;
	bool found = false;
	pthread_mutex_lock(&s->lock);
	bool unreadable = s->unreadable;
	for (size_t i = 0; i < s->n && !found && !unreadable; i++) {
		if (s->numbers[i] <= number)
			continue;
		size_t length = strlen(s->texts[i]) + 1;
		if (*n < length) {
			*room = realloc(*room, length);
			*n = length;
		}
		memcpy(*room, s->texts[i], length);
		*r = record_finding(s->numbers[i], (char *)*room);
		if (s->critical != 0 && s->numbers[i] >= s->critical)
			r->severity = SEVERITY_CRITICAL;
		found = true;
	}
	pthread_mutex_unlock(&s->lock);
	return unreadable ? SPILL_FAILED : found ? SPILL_RECORD : SPILL_END;
}

static inline void shelf_taken(void *ctx, const char *sink, uint64_t number)
{
	struct shelf *s = ctx;
	(void)sink;
	pthread_mutex_lock(&s->lock);
	s->backwards |= number <= s->taken;
	s->taken = number;
	pthread_cond_broadcast(&s->news);
	pthread_mutex_unlock(&s->lock);
}

static inline uint64_t shelf_begin(void *ctx, const char *sink)
{
	(void)sink;
	return ((struct shelf *)ctx)->begin;
}

static inline struct spill shelf_spill(struct shelf *s)
{
	return (struct spill){ shelf_next, shelf_taken, shelf_begin, s };
}

static inline uint64_t shelf_taken_so_far(struct shelf *s)
{
	pthread_mutex_lock(&s->lock);
	uint64_t taken = s->taken;
	pthread_mutex_unlock(&s->lock);
	return taken;
}

static inline void shelf_await(struct shelf *s, uint64_t number)
{
	const struct timespec late = { deadline(), 0 };
	pthread_mutex_lock(&s->lock);
	while (s->taken < number && pthread_cond_timedwait(&s->news, &s->lock, &late) == 0)
		;
	uint64_t taken = s->taken;
	bool backwards = s->backwards;
	pthread_mutex_unlock(&s->lock);
	assert_int_equal(taken, number);
	assert_false(backwards);
}

/* ---- sinks ---- */

static inline struct limits quick_limits(void)
{
	struct limits l = limits_default();
	l.sink_backoff_ms = 1;
	return l;
}

static inline struct sinks *sinks_one(const struct sink_config *c, const struct limits *l,
    const struct spill *spill)
{
	struct error e = { "" };
	struct sinks *k = sinks_new(c, 1, l, spill, &e);
	if (k == NULL)
		fail_msg("%s", e.text);
	return k;
}

static inline struct sink_counts counts_of(const struct sinks *k)
{
	struct sink_counts c;
	assert_int_equal(sinks_counts(k, &c, 1), 1);
	return c;
}

/* Into the shelf first, as the contract is. */
static inline void finding_put(struct sinks *k, struct shelf *s, uint64_t number, const char *json)
{
	struct record r = record_finding(number, json);
	if (s != NULL)
		shelf_add(s, number, json);
	sinks_put(k, &r);
}

/* ---- places ---- */
struct spot {
	char directory[64], path[96];
};

static inline void spot_make(struct spot *p)
{
	snprintf(p->directory, sizeof p->directory, "/tmp/davscope-sink-XXXXXX");
	assert_non_null(mkdtemp(p->directory));
	snprintf(p->path, sizeof p->path, "%s/it", p->directory);
}

static inline void spot_remove(struct spot *p)
{
	unlink(p->path);
	assert_int_equal(rmdir(p->directory), 0);
}

static inline int unix_serve(const char *path, int type)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	snprintf(a.sun_path, sizeof a.sun_path, "%s", path);
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	unlink(path);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
	if (type == SOCK_STREAM)
		assert_int_equal(listen(fd, 8), 0);
	return fd;
}

static inline void readable_await(int fd)
{
	struct pollfd p = { fd, POLLIN, 0 };
	assert_int_equal(poll(&p, 1, DEADLINE_S * 1000), 1);
}

static inline int peer_accept(int server)
{
	readable_await(server);
	int fd = accept(server, NULL, NULL);
	assert_true(fd >= 0);
	return fd;
}

/* The next datagram, with a NUL behind it. */
static inline size_t datagram_read(int fd, char *text, size_t room)
{
	readable_await(fd);
	ssize_t n = recv(fd, text, room - 1, 0);
	assert_true(n >= 0);
	text[n] = '\0';
	return (size_t)n;
}

/* The next line, without its end; false: the other side has closed. */
static inline bool line_read(int fd, char *text, size_t room)
{
	size_t n = 0;
	for (;;) {
		readable_await(fd);
		ssize_t got = read(fd, text + n, 1);
		if (got <= 0)
			return false;
		if (text[n] == '\n')
			break;
		assert_true(++n < room);
	}
	text[n] = '\0';
	return true;
}

static inline size_t slurp(const char *path, char *text, size_t room)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, text, room - 1);
	assert_true(n >= 0);
	text[n] = '\0';
	if (fd >= 0)
		close(fd);
	return (size_t)n;
}

static inline struct sink_config stream_to(const char *path)
{
	return (struct sink_config){
		.kind = SINK_SOCKET,
		.name = "s",
		.path = path,
		.kinds = KIND(FINDING) | KIND(TRANSACTION),
	};
}

/* A place for a socket, a spill behind it, a sink that shall be there; tests change what they want otherwise. */
struct scene {
	struct spot spot;
	struct shelf *shelf;
	struct spill spill;
	struct limits limits;
	struct sink_config config;
};

static inline int scene_make(void **state)
{
	static struct scene s;
	spot_make(&s.spot);
	s.shelf = shelf_new();
	s.spill = shelf_spill(s.shelf);
	s.limits = quick_limits();
	s.config = stream_to(s.spot.path);
	*state = &s;
	return 0;
}

static inline int scene_free(void **state)
{
	struct scene *s = *state;
	shelf_free(s->shelf);
	spot_remove(&s->spot);
	return 0;
}

#define SCENE(test) cmocka_unit_test_setup_teardown(test, scene_make, scene_free)

static inline const char *numbered(char text[64], const char *what, unsigned i)
{
	snprintf(text, 64, "{\"%s\":%u}", what, i);
	return text;
}

#endif
