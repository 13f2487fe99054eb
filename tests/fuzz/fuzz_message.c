/*
 * Any datagrams from the other process: each is a length in two bytes, then its bytes. What reads as a
 * record or a piece of state keeps its promises, and what a log gets of a record is one clean entry.
 */
#include "cmd/message.h"
#include "report/sink.h"
#include "tests/fuzz/fuzz.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { DATAGRAM_MAX = 1 << 17, ROOM = 1 << 17 };

/* ---- a log ---- */

struct log {
	struct sink sink;
	struct sink_config config;
	const struct sink_ops *ops;
	int fd;
};

static void log_open(struct log *l, const struct sink_ops *ops, const struct limits *limits)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	struct error e;
	int size = DATAGRAM_MAX;
	snprintf(a.sun_path, sizeof a.sun_path, "/tmp/davscope-fuzz-%d", (int)getpid());
	l->fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	ensure(l->fd >= 0 && bind(l->fd, (const struct sockaddr *)&a, sizeof a) == 0, NULL);
	l->config = (struct sink_config){ .name = "log", .path = a.sun_path };
	l->sink = (struct sink){ .config = &l->config, .limits = limits, .stop = -1 };
	l->ops = ops;
	ensure(ops->start(&l->sink, &e) && ops->open(&l->sink, &e), NULL);
	setsockopt(l->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
	unlink(a.sun_path);
	l->config.path = NULL; /* it is open, and stays so */
}

static void log_close(struct log *l)
{
	l->ops->free(&l->sink);
	close(l->fd);
}

/* A record that is too long for a datagram is refused: then nothing comes. */
static struct slice log_take(struct log *l, const struct record *r)
{
	static uint8_t room[2 * DATAGRAM_MAX];
	struct error e;
	if (l->ops->put(&l->sink, r, &e) != SINK_TAKEN)
		return (struct slice){ 0 };
	ssize_t n = recv(l->fd, room, sizeof room, MSG_DONTWAIT);
	ensure(n > 0, NULL);
	return (struct slice){ room, (size_t)n };
}

static void check_clean(struct slice s)
{
	while (s.n != 0) {
		char text[VIS_MAX];
		size_t before = s.n;
		bool backslash = s.p[0] == '\\';
		size_t n = vis_next(&s, text);
		ensure(backslash || n == before - s.n, NULL);
	}
}

/* <PRI>1 TIME HOST APP PID KIND [data] text: all of it without a control byte. */
static void check_syslog(struct slice s)
{
	ensure(slice_starts(s, SLICE("<")), NULL);
	for (size_t i = 0; i < s.n; i++)
		ensure(s.p[i] >= ' ' && s.p[i] != 0x7f, NULL);
}

/* NAME=VALUE lines: a value with a line end would have its length in front, and ours have none. */
static void check_journal(struct slice s)
{
	bool priority = slice_starts(s, SLICE("PRIORITY="));
	ensure(priority, NULL);
	while (s.n != 0) {
		size_t end = slice_find_byte(s, '\n');
		struct slice line = slice_part(s, 0, end);
		size_t equals = slice_find_byte(line, '=');
		bool first = slice_starts(line, SLICE("PRIORITY="));
		ensure(end != s.n && equals != 0 && equals < line.n, NULL);
		ensure(first == priority, NULL);
		priority = false;
		for (size_t i = 0; i < equals; i++)
			ensure(line.p[i] == '_' || (line.p[i] >= 'A' && line.p[i] <= 'Z') ||
				(line.p[i] >= '0' && line.p[i] <= '9'),
			    NULL);
		check_clean(slice_part(line, equals + 1, line.n));
		s = slice_part(s, end + 1, s.n);
	}
}

/* ---- bodies ---- */

static void check_record(struct slice body, struct log *logs)
{
	static uint8_t room[ROOM];
	struct record r, again;
	size_t n = 0;
	if (!record_read(body, &r) || body.n > ROOM / 2)
		return;
	ensure((r.kind == EVENT_FINDING) == (r.number != 0) && r.number <= INT64_MAX, NULL);
	check_clean(r.json);
	ensure(record_write(&r, room, sizeof room, &n), NULL);
	ensure(record_read((struct slice){ room, n }, &again), NULL);
	ensure(again.number == r.number && again.id == r.id && again.ns == r.ns, NULL);
	ensure(slice_equal(again.json, r.json) && slice_equal(again.keys, r.keys), NULL);
	check_syslog(log_take(&logs[0], &r));
	check_journal(log_take(&logs[1], &r));
}

static void check_state(struct slice body)
{
	static uint8_t room[ROOM];
	struct state_record r, again;
	size_t n = 0;
	if (!state_read(body, &r) || body.n > ROOM / 2)
		return;
	ensure((unsigned)r.part < STATE_PARTS, NULL);
	ensure(state_write(&r, room, sizeof room, &n), NULL);
	ensure(state_read((struct slice){ room, n }, &again) || n == 0, NULL);
	ensure(slice_equal(again.body, r.body) && slice_equal(again.label, r.label), NULL);
}

/* ---- datagrams ---- */

static void receive_all(struct channel *c, struct log *logs)
{
	struct channel_message m;
	struct error e = { "" };
	int got;
	while ((got = channel_receive(c, &m, &e)) != 0) {
		if (got < 0 && errno == EPIPE)
			return;
		ensure(got > 0 || (errno == EBADMSG && e.text[0] != '\0'), NULL);
		if (got < 0)
			continue;
		ensure(m.body.n <= MESSAGE_MAX, NULL);
		check_record(m.body, logs);
		check_state(m.body);
	}
}

static void send_all(int fd, struct slice in, struct channel *c, struct log *logs)
{
	while (in.n >= 2) {
		size_t n = (size_t)in.p[0] << 8 | in.p[1];
		struct slice part = slice_part(in, 2, n);
		ensure(send(fd, part.p, part.n, MSG_NOSIGNAL) >= 0, NULL);
		receive_all(c, logs);
		in = slice_part(in, 2 + part.n, in.n);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct limits limits = limits_default();
	struct log logs[2] = { 0 };
	struct error e;
	int fds[2];
	ensure(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds) == 0, NULL);
	struct channel *c = channel_new(fds[0], &e);
	ensure(c != NULL, NULL);
	log_open(&logs[0], &sink_SYSLOG, &limits);
	log_open(&logs[1], &sink_JOURNAL, &limits);
	send_all(fds[1], (struct slice){ data, n }, c, logs);
	for (size_t i = 0; i < 2; i++)
		log_close(&logs[i]);
	close(fds[1]);
	channel_free(c);
	return 0;
}
