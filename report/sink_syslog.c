/*
 * sink_syslog.c - syslog by RFC 5424: to the local socket, over UDP (RFC 5426), or over TCP with octet
 * counting (RFC 6587). A finding has its rule, severity and id as structured data and its message as text;
 * the text of other records is their JSON.
 *
 * Over UDP a message that nobody receives is lost. Over TCP a finding is taken when the other side's kernel
 * has it; more cannot be known, as syslog has no answers.
 */
#include "report/sink.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define SYSLOG_PATH "/dev/log"

enum { LOCAL5 = 21, HOST_MAX = 255, MICROSECOND = 1000 };

struct syslog {
	int fd, type;
	struct line head, message, frame;
	char host[HOST_MAX + 1];
};

/* PRINTUSASCII; anything else would end the field. */
static void host_learn(struct syslog *l)
{
	if (gethostname(l->host, sizeof(l->host)) != 0)
		l->host[0] = '\0';
	l->host[HOST_MAX] = '\0';
	for (const char *p = l->host; *p != '\0'; p++)
		if (*p <= ' ' || *p > '~')
			l->host[0] = '\0';
	if (l->host[0] == '\0')
		memcpy(l->host, "-", 2);
}

static bool syslog_start(struct sink *s, struct error *e)
{
	const struct sink_config *c = s->config;
	if (c->host != NULL && c->port == NULL)
		return error_set(e, "%s: a host, and no port", c->name);
	struct syslog *l = calloc(1, sizeof(*l));
	if (l == NULL)
		return error_set(e, "%s: out of memory", c->name);
	l->fd = -1;
	l->type = c->host != NULL && c->tcp ? SOCK_STREAM : SOCK_DGRAM;
	host_learn(l);
	s->own = l;
	return true;
}

static void syslog_close(struct sink *s)
{
	struct syslog *l = s->own;
	if (l->fd >= 0)
		close(l->fd);
	l->fd = -1;
}

static bool syslog_open(struct sink *s, struct error *e)
{
	const struct sink_config *c = s->config;
	struct syslog *l = s->own;
	if (l->fd >= 0 && l->type == SOCK_STREAM)
		stream_check(s, &l->fd);
	if (l->fd < 0 && c->host != NULL)
		l->fd = host_connect(s, l->type, e);
	else if (l->fd < 0)
		l->fd = unix_connect(c->path != NULL ? c->path : SYSLOG_PATH, SOCK_DGRAM, e);
	return l->fd >= 0;
}

/* ---- the message ---- */

/* With microseconds, which is as fine as the format goes. Years that it cannot say: NILVALUE. */
static void head_time(struct line *l, int64_t ns)
{
	bool borrow = ns % 1000000000 < 0;
	time_t seconds = (time_t)(ns / 1000000000 - borrow);
	uint64_t in_second = (uint64_t)(ns % 1000000000 + (borrow ? 1000000000 : 0));
	struct tm tm;
	char text[32], digits[DECIMAL_MAX];
	if (gmtime_r(&seconds, &tm) == NULL || tm.tm_year < -1900 || tm.tm_year > 8099) {
		line_words(l, "-");
		return;
	}
	size_t n = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S.", &tm);
	line_bytes(l, text, n);
	/* A one in front keeps the zeros. */
	n = decimal_put(digits, 1000000 + in_second / MICROSECOND);
	line_bytes(l, digits + 1, n - 1);
	line_words(l, "Z");
}

/* PARAM-VALUE (6.3.3): quote, backslash and bracket are escaped, on top of what our own escaping makes. */
static void head_value(struct line *l, const char *name, const struct line *value)
{
	line_words(l, " ");
	line_words(l, name);
	line_words(l, "=\"");
	for (size_t i = 0; i < value->n; i++) {
		if (strchr("\"\\]", value->p[i]) != NULL)
			line_words(l, "\\");
		line_bytes(l, &value->p[i], 1);
	}
	line_words(l, "\"");
}

static void head_data(struct syslog *l, const struct record *r)
{
	struct line *value = &l->message;
	line_words(&l->head, "[davscope@32473");
	value->n = 0;
	line_vis(value, r->rule);
	head_value(&l->head, "rule", value);
	value->n = 0;
	line_words(value, severity_name(r->severity));
	head_value(&l->head, "severity", value);
	value->n = 0;
	line_id(value, r->id);
	head_value(&l->head, "id", value);
	value->n = 0;
	line_u64(value, r->update);
	head_value(&l->head, "update", value);
	line_words(&l->head, "]");
}

static void head_write(const struct sink *s, const struct record *r)
{
	struct syslog *l = s->own;
	struct line *h = &l->head;
	unsigned facility = s->config->facility != 0 ? s->config->facility : LOCAL5;
	h->n = 0;
	line_words(h, "<");
	line_u64(h, facility * 8 + syslog_level(r));
	line_words(h, ">1 ");
	head_time(h, r->ns);
	line_words(h, " ");
	line_words(h, l->host);
	line_words(h, " davscope ");
	line_u64(h, (uint64_t)getpid());
	line_words(h, " ");
	line_words(h, event_kind_name(r->kind));
	line_words(h, " ");
	if (r->kind == EVENT_FINDING)
		head_data(l, r);
	else
		line_words(h, "-");
	line_words(h, " ");
}

static void message_write(struct syslog *l, const struct record *r)
{
	l->message.n = 0;
	if (r->kind == EVENT_FINDING)
		line_finding(&l->message, r);
	else
		line_clean(&l->message, r->json);
}

/* UTF-8 that is more than ASCII says so by a BOM (6.4). */
static bool has_more_than_ascii(const struct line *l)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->p[i] >= 0x80)
			return true;
	return false;
}

/* No character is cut in two: a byte 10xxxxxx goes on with one. */
static size_t length_cut(const uint8_t *p, size_t n, size_t most)
{
	if (n <= most)
		return n;
	while (most != 0 && (p[most] & 0xc0) == 0x80)
		most--;
	return most;
}

static bool syslog_write(const struct sink *s, const struct record *r, struct error *e)
{
	struct syslog *l = s->own;
	bool good;
	head_write(s, r);
	message_write(l, r);
	if (has_more_than_ascii(&l->message))
		line_words(&l->head, "\xef\xbb\xbf");
	line_bytes(&l->head, l->message.p, l->message.n);
	l->frame.n = 0;
	if (l->type == SOCK_STREAM) {
		line_u64(&l->frame, l->head.n);
		line_words(&l->frame, " ");
	} else {
		l->head.n = length_cut(l->head.p, l->head.n,
		    s->config->host != NULL ? s->limits->sink_datagram : s->limits->sink_local);
	}
	line_bytes(&l->frame, l->head.p, l->head.n);
	good = line_ready(&l->message, e);
	good &= line_ready(&l->head, e);
	return line_ready(&l->frame, e) && good;
}

static enum sink_answer syslog_put(struct sink *s, const struct record *r, struct error *e)
{
	struct syslog *l = s->own;
	if (!syslog_write(s, r, e))
		return SINK_LATER;
	struct slice all = { l->frame.p, l->frame.n };
	bool stream = l->type == SOCK_STREAM;
	if (stream ? sink_send(s, l->fd, &all) : sink_send_one(s, l->fd, all)) {
		s->sent += stream ? l->frame.n : 0;
		return SINK_TAKEN;
	}
	bool too_long = !stream && errno == EMSGSIZE;
	error_set(e, "syslog: %s", strerror(errno));
	syslog_close(s);
	s->broken = stream;
	return too_long ? SINK_REFUSED : SINK_LATER;
}

static uint64_t syslog_unread(struct sink *s)
{
	struct syslog *l = s->own;
	return l->type == SOCK_STREAM ? stream_unread(s, &l->fd) : 0;
}

static void syslog_free(struct sink *s)
{
	struct syslog *l = s->own;
	syslog_close(s);
	line_free(&l->head);
	line_free(&l->message);
	line_free(&l->frame);
	free(l);
}

const struct sink_ops sink_SYSLOG = {
	.start = syslog_start,
	.open = syslog_open,
	.put = syslog_put,
	.unread = syslog_unread,
	.close = syslog_close,
	.free = syslog_free,
};
