/*
 * sinks.h - where records go: files, syslog, the journal, sockets, web hooks, programs. Part of report.h.
 *
 * Each sink has a thread and a bounded queue of its own, so that a slow one holds up nobody. When a
 * queue is full, records that are no findings leave first; findings wait in the spill (the state
 * directory) until the sink takes them again. Nothing leaves without being counted.
 */
#ifndef DAVSCOPE_REPORT_SINKS_H
#define DAVSCOPE_REPORT_SINKS_H

#include "rules/rules.h"

enum sink_kind {
#define SINK(code, name, text) SINK_##code,
#include "sinks.def"
#undef SINK
	SINK_KINDS
};
extern const char *const sink_words[];         /* names by kind, NULL at the end */

/* As the configuration says; all of it lives as long as the configuration. */
struct sink_config {
	enum sink_kind kind;
	const char *name;              /* of the entry: labels of metrics, messages, its place in the spill */
	const char *path;              /* file, socket, program */
	const char *const *arguments;  /* program: behind its path; NULL at the end */
	const char *url;               /* web hook: https, or http to loopback unless `insecure` */
	const char *host, *port;       /* syslog over UDP or TCP; NULL: the local socket in `path` */
	bool tcp, datagram, insecure, required;
	unsigned facility;             /* syslog; local5 = 21 */
	const char *const *headers;    /* web hook: "Name: value"; NULL at the end */
	unsigned kinds;                /* bit per enum event_kind */
	enum severity least;           /* of findings */
	uint64_t timeout_ms;           /* web hook, program */
};

/* One record as sinks get it; borrowed. */
struct record {
	enum event_kind kind;
	uint64_t number;               /* findings: counts up, also over restarts; else 0 */
	int64_t ns;
	enum severity severity;        /* findings, as all below but json */
	enum outcome outcome;
	uint64_t id, update;
	struct slice rule, title, message; /* as they are: who prints them escapes them */
	struct slice keys;             /* NAME=VALUE, values vis-escaped, LF between */
	struct slice json;             /* one object, without LF; everything else stands in it, too */
};

enum spill_answer { SPILL_END, SPILL_RECORD, SPILL_FAILED };
/*
 * Findings that a sink has not taken yet, kept by somebody who survives: a finding is in it before
 * sinks_put() gets it. Called from the threads of all sinks, without any lock of theirs; taken() is also
 * said of numbers that a sink passes over, as they are not for it.
 */
struct spill {
	/* The first finding behind `number` for that sink, into a buffer of the caller. FAILED: ask again, it may be there. */
	enum spill_answer (*next)(void *ctx, const char *sink, uint64_t number, struct record *, uint8_t **room, size_t *n);
	void (*taken)(void *ctx, const char *sink, uint64_t number); /* that sink has it, and all before it */
	uint64_t (*begin)(void *ctx, const char *sink);              /* the last it has taken; a new sink: the last there is */
	void *ctx;
};

struct sink_counts {
	const char *name;
	uint64_t queued, queued_bytes;
	uint64_t delivered[2], dropped[2], retried; /* [0]: other records, [1]: findings */
	uint64_t reach;                        /* number of the last finding that it has, or holds: the spill need not */
	bool failing;                          /* the last attempt failed */
	struct error why;                      /* of the last failure, also when it is over */
};

struct sinks;
/*
 * Threads begin here. NULL: the configuration is wrong, or something is lacking. Of a required one that
 * cannot be reached sinks_counts() says so right afterwards: failing, and why. SIGPIPE has to be ignored,
 * and SIGCHLD must not be.
 */
struct sinks *sinks_new(const struct sink_config *, size_t n, const struct limits *, const struct spill *, struct error *);
void sinks_put(struct sinks *, const struct record *);       /* copies; never waits */
void sinks_text(struct sinks *, struct slice);               /* what is meant for standard output */
void sinks_reopen(struct sinks *);
size_t sinks_counts(const struct sinks *, struct sink_counts *out, size_t room);
/* Gives each what is queued, for so long at most; then frees. */
void sinks_close(struct sinks *, int64_t patience_ms);

#endif
