/*
 * sink.h - what a kind of sink has to say of itself, and what several kinds share. Private to report/.
 *
 * All calls for one sink come from one thread at a time: start() and a first open() from the one that
 * makes it, the rest from its own. That thread has all signals blocked, so a broken pipe is EPIPE.
 */
#ifndef DAVSCOPE_REPORT_SINK_H
#define DAVSCOPE_REPORT_SINK_H

#include "report/sinks.h"

/* A record of this kind is text for standard output: its json is that text, with its line ends. */
enum { RECORD_TEXT = EVENT_KINDS };

enum sink_answer {
	SINK_TAKEN,
	SINK_LATER,                    /* not now; *error says why */
	SINK_REFUSED,                  /* never; *error says why */
	SINK_ENDED,                    /* nobody listens any more, which is no fault */
};

struct sink {
	const struct sink_config *config;
	const struct limits *limits;
	int stop;                      /* readable: stop waiting for others */
	uint64_t sent;                 /* bytes of all streams so far; see unread() */
	bool broken;                   /* a stream ended, and what it had not read is lost */
	uint64_t wait_ms;              /* with SINK_LATER: what the other side asks for; 0: nothing */
	void *own;
};

struct sink_ops {
	bool findings_only;
	bool reopens;                  /* sinks_reopen() closes it, and opens it again */
	bool (*start)(struct sink *, struct error *);  /* makes `own`; false: a fault of the configuration */
	bool (*reach)(struct sink *, struct error *);  /* in place of open(), when it is required: is anybody there? NULL: open() */
	bool (*open)(struct sink *, struct error *);   /* when it is not open; in front of each put() */
	enum sink_answer (*put)(struct sink *, const struct record *, struct error *);
	/* Of what was sent, bytes that the other side may not have read yet; NULL: what put() took is safe. */
	uint64_t (*unread)(struct sink *);
	bool (*flush)(struct sink *, struct error *);  /* each second, when there were puts; NULL: nothing to do */
	void (*close)(struct sink *);                  /* it may be closed already */
	void (*free)(struct sink *);                   /* closes; start() may have failed */
};

#define SINK(code, name, text) extern const struct sink_ops sink_##code;
#include "sinks.def"
#undef SINK

/* ---- sink_queue.c: what waits. Findings stay; other records give way to what is newer ---- */
struct entry {
	struct entry *next;
	uint64_t order;
	size_t bytes;
	struct record record;          /* its slices point behind it */
	uint8_t data[];
};
struct row { struct entry *first, *last; uint64_t n, bytes; };
struct queue {
	struct row rows[2];            /* [0]: other records, [1]: findings */
	uint64_t most_records, most_bytes;
	uint64_t held, held_bytes;     /* taken by queue_take(), and not given back yet */
	uint64_t order;
	uint64_t dropped;              /* other records that gave way */
};
struct entry *entry_new(const struct record *);               /* NULL: out of memory */
bool queue_put(struct queue *, struct entry *);               /* takes it when it is true; false: there is no room */
struct entry *queue_take(struct queue *);                     /* in the order they came; NULL: empty. It counts until queue_done() */
void queue_done(struct queue *, struct entry *);              /* frees it */
void queue_forget(struct queue *);                            /* frees the findings in it */
void queue_clear(struct queue *);

/* ---- sink_line.c: a text in the making ---- */
struct line { uint8_t *p; size_t n, room; bool bad; };        /* bad: out of memory */
void line_bytes(struct line *, const void *, size_t n);
void line_words(struct line *, const char *);                 /* our own */
void line_u64(struct line *, uint64_t);
void line_id(struct line *, uint64_t);                        /* as JSON has it: f-, and 12 digits */
void line_vis(struct line *, struct slice wire);              /* escaped, reversibly */
void line_clean(struct line *, struct slice escaped);         /* is escaped already; if not, controls are */
bool line_ready(struct line *, struct error *);               /* false: it was bad, and is empty now */
void line_free(struct line *);
void line_finding(struct line *, const struct record *);      /* what people read of a finding: title and message */
unsigned syslog_level(const struct record *);                 /* RFC 5424, 6.2.1 */

/* ---- sink_net.c: descriptors that may keep one waiting ---- */
enum { FOREVER = -1 };
uint64_t sink_timeout(const struct sink *);                   /* its own, or the limit; in ms */
/* False: errno is ETIMEDOUT, ECANCELED (stop), or why it cannot be waited for. */
bool sink_wait(const struct sink *, int fd, short events, int64_t timeout_ms);
bool sink_send(const struct sink *, int fd, struct slice *);  /* a stream, socket or not; false: errno, and what is left */
bool sink_send_one(const struct sink *, int fd, struct slice); /* one datagram; false: errno */
/* A stream: closes it, and *fd is -1, when the other side has; `broken` when that lost something. */
void stream_check(struct sink *, int *fd);
uint64_t stream_unread(struct sink *, int *fd);               /* as unread(); checks it, too */
int unix_connect(const char *path, int type, struct error *); /* -1: *error */
int host_connect(const struct sink *, int type, struct error *); /* config->host and port; -1: *error */

#endif
