/*
 * sink_journal.c - the journal of systemd by its native protocol: fields in one datagram, a value with a
 * line end in it with its length in front (systemd.io/JOURNAL_NATIVE_PROTOCOL). Keys of a finding become
 * fields of their own: mailbox is DAVSCOPE_MAILBOX. What is too long for a datagram goes without its JSON.
 */
#include "report/sink.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define JOURNAL_PATH "/run/systemd/journal/socket"
#define FIELD_PREFIX "DAVSCOPE_"

enum { FIELD_MAX = 64 };

struct journal {
	int fd;
	struct line all, value;
};

static bool journal_start(struct sink *s, struct error *e)
{
	struct journal *j = calloc(1, sizeof(*j));
	if (j == NULL)
		return error_set(e, "%s: out of memory", s->config->name);
	j->fd = -1;
	s->own = j;
	return true;
}

static void journal_close(struct sink *s)
{
	struct journal *j = s->own;
	if (j->fd >= 0)
		close(j->fd);
	j->fd = -1;
}

static bool journal_open(struct sink *s, struct error *e)
{
	struct journal *j = s->own;
	if (j->fd < 0)
		j->fd = unix_connect(s->config->path != NULL ? s->config->path : JOURNAL_PATH,
		    SOCK_DGRAM, e);
	return j->fd >= 0;
}

/* ---- fields ---- */

static void field_put(struct line *l, struct slice name, struct slice value)
{
	line_bytes(l, name.p, name.n);
	if (slice_find_byte(value, '\n') == value.n) {
		line_words(l, "=");
	} else {
		uint8_t length[8];
		for (size_t i = 0; i < sizeof(length); i++)
			length[i] = (uint8_t)((uint64_t)value.n >> 8 * i);
		line_words(l, "\n");
		line_bytes(l, length, sizeof(length));
	}
	line_bytes(l, value.p, value.n);
	line_words(l, "\n");
}

static void field_words(struct line *l, const char *name, const char *value)
{
	field_put(l, slice_from(name), slice_from(value));
}

static struct slice value_of(const struct journal *j)
{
	return (struct slice){ j->value.p, j->value.n };
}

/* Capitals, digits and `_` are all that the journal takes. */
static void field_key(struct journal *j, struct slice name, struct slice value)
{
	uint8_t field[FIELD_MAX];
	size_t n = sizeof(FIELD_PREFIX) - 1;
	memcpy(field, FIELD_PREFIX, n);
	for (size_t i = 0; i < name.n && n < FIELD_MAX; i++) {
		uint8_t c = ascii_lower(name.p[i]);
		bool letter = c >= 'a' && c <= 'z', digit = c >= '0' && c <= '9';
		field[n++] = letter ? (uint8_t)(c - 'a' + 'A') : digit ? c : '_';
	}
	j->value.n = 0;
	line_clean(&j->value, value);
	field_put(&j->all, (struct slice){ field, n }, value_of(j));
}

static void fields_keys(struct journal *j, struct slice keys)
{
	while (keys.n != 0) {
		size_t end = slice_find_byte(keys, '\n');
		struct slice key = slice_part(keys, 0, end);
		size_t equals = slice_find_byte(key, '=');
		if (equals != 0 && equals != key.n)
			field_key(j, slice_part(key, 0, equals),
			    slice_part(key, equals + 1, SIZE_MAX));
		keys = slice_part(keys, end + 1, SIZE_MAX);
	}
}

static void fields_finding(struct journal *j, const struct record *r)
{
	static const char *const outcomes[] = { "conclusive", "eof", "loss", "unknown" };
	j->value.n = 0;
	line_finding(&j->value, r);
	field_put(&j->all, SLICE("MESSAGE"), value_of(j));
	j->value.n = 0;
	line_vis(&j->value, r->rule);
	field_put(&j->all, SLICE(FIELD_PREFIX "RULE"), value_of(j));
	field_words(&j->all, FIELD_PREFIX "SEVERITY", severity_name(r->severity));
	if ((size_t)r->outcome < sizeof(outcomes) / sizeof(outcomes[0]))
		field_words(&j->all, FIELD_PREFIX "OUTCOME", outcomes[r->outcome]);
	j->value.n = 0;
	line_id(&j->value, r->id);
	field_put(&j->all, SLICE(FIELD_PREFIX "ID"), value_of(j));
	j->value.n = 0;
	line_u64(&j->value, r->update);
	field_put(&j->all, SLICE(FIELD_PREFIX "UPDATE"), value_of(j));
	fields_keys(j, r->keys);
}

static bool journal_write(struct journal *j, const struct record *r, bool with_json,
    struct error *e)
{
	char level[2] = { (char)('0' + syslog_level(r)), '\0' };
	j->all.n = 0;
	field_words(&j->all, "PRIORITY", level);
	field_words(&j->all, "SYSLOG_IDENTIFIER", "davscope");
	field_words(&j->all, FIELD_PREFIX "KIND", event_kind_name(r->kind));
	if (r->kind == EVENT_FINDING)
		fields_finding(j, r);
	else
		field_words(&j->all, "MESSAGE", event_kind_name(r->kind));
	if (with_json)
		field_put(&j->all, SLICE(FIELD_PREFIX "JSON"), r->json);
	bool good = line_ready(&j->value, e);
	return line_ready(&j->all, e) && good;
}

static enum sink_answer journal_put(struct sink *s, const struct record *r, struct error *e)
{
	struct journal *j = s->own;
	for (int with_json = 1; with_json >= 0; with_json--) {
		if (!journal_write(j, r, with_json, e))
			return SINK_LATER;
		if (sink_send_one(s, j->fd, (struct slice){ j->all.p, j->all.n }))
			return SINK_TAKEN;
		if (errno != EMSGSIZE)
			break;
	}
	bool too_long = errno == EMSGSIZE;
	error_set(e, "journal: %s", strerror(errno));
	journal_close(s);
	return too_long ? SINK_REFUSED : SINK_LATER;
}

static void journal_free(struct sink *s)
{
	struct journal *j = s->own;
	journal_close(s);
	line_free(&j->all);
	line_free(&j->value);
	free(j);
}

const struct sink_ops sink_JOURNAL = {
	.start = journal_start,
	.open = journal_open,
	.put = journal_put,
	.close = journal_close,
	.free = journal_free,
};
