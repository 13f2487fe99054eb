/*
 * watcher.h - the process of `davscope monitor` that reads packets, and its parts. Private to cmd/monitor/.
 *
 * It is set up in the order in which rights are given up: see monitor.c. From then on one loop (loop.c)
 * takes packets and, between them, does the chores: signals, what the keeper says, what is due by time.
 */
#ifndef DAVSCOPE_CMD_MONITOR_WATCHER_H
#define DAVSCOPE_CMD_MONITOR_WATCHER_H

#include "cmd/config.h"
#include "cmd/monitor/notify.h"
#include "cmd/monitor/outbox.h"
#include "cmd/pipeline.h"

/* What the clock has to bring next, in ns of CLOCK_MONOTONIC. */
struct timers { int64_t second, save, beat; };

struct watcher {
	const struct options *given;   /* the command line */
	struct options options;        /* the same, where it says nothing as the configuration has it */
	struct config *config;         /* the one in force; NULL: there is none */
	struct config *begun;          /* the one that the run began with: the options borrow from it */
	char host[HOST_ROOM];          /* the sensor, if nobody names it */
	const char *bpf;               /* the capture filter of either; NULL = everything */

	struct live *live;
	struct ring *ring;
	struct channel *channel;
	struct outbox *outbox;
	struct notify notify;
	int signals;                   /* signalfd */

	struct ruleset *ruleset;       /* until the pipeline takes it */
	struct filter *filter;         /* NULL without -Y; borrows from the rules */
	struct pipeline pipeline;
	bool opened;                   /* it takes packets */

	struct out *list, *line;       /* what goes to standard output; one record for the sinks */
	struct report *lister, *liner; /* write them; lister NULL: nothing is listed */
	uint64_t list_flushed;         /* bytes of the list that are on their way */
	unsigned kinds;                /* bit per enum event_kind that a sink wants */
	struct metrics *metrics;

	uint64_t order, findings;      /* packets and findings numbered so far */
	uint16_t inputs_saved;         /* the last file of the ring that is remembered */
	bool saving, restarted;        /* state is being handed out; the run before ended without saying so */
	bool forgotten;                /* the keeper has lost what was saved; see memory_anew() */
	bool remembers;                /* there is a state directory */
	bool keeper_lost;              /* nobody listens any more */
	bool parting;                  /* which is how it should be */

	struct timers timers;
	int64_t clock_offset;          /* of the wall clock to the other one; 0: not looked at yet */
	struct ruleset *waiting;       /* rules that are taken when the keeper has checked the configuration */
	struct config *waiting_config;
	bool stopping, found;          /* found: what --fail-on is about */
	int code;                      /* the exit code, as far as it is known */
};

/* ---- settings.c ---- */
/* The configuration that the options ask for, and both put together. False: *code, and all is said. */
bool settings_read(struct watcher *, int *code);
struct config *settings_config(const struct options *, int *code);   /* NULL: none was asked for, or *code */
/* Directories that stay readable, and writable, when rights are given up: directories_free(). NULL: *error. */
char **settings_reads(const struct watcher *, struct error *);
char **settings_writes(const struct watcher *, struct error *);

/* ---- signals.c ---- */
void signals_take(struct watcher *);   /* does what those say that have come */

/* ---- records.c: events and findings to the list, the sinks and the metrics ---- */
bool records_open(struct watcher *, struct error *);
bool records_renew(struct watcher *, struct error *); /* the list begins anew, if there is one: its rules are gone */
void records_kinds(struct watcher *);  /* the sinks are others now */
void records_event(void *ctx, const struct event *);
void records_finding(void *ctx, const struct event *event, const struct event *cause);
void records_flush(struct watcher *);  /* the list so far goes on its way */
void records_stats(struct watcher *);  /* counters as a record for the sinks */
void records_end(struct watcher *, const struct run_end *);
void records_close(struct watcher *);

/* ---- memory.c: state over restarts ---- */
/* Asks the keeper, opens the rest of the watcher on the way, fills it. False: w->code, and all is said. */
bool memory_recall(struct watcher *);
void memory_save(struct watcher *);    /* hands out as much as there is room for; w->saving: not all yet */
void memory_anew(struct watcher *);    /* the keeper has lost its database: all of it is handed out again */
bool memory_finish(struct watcher *);  /* all of it is on the disk, or time is up: false */

/* ---- monitor.c ---- */
bool watcher_ready(struct watcher *, const struct hash_key *, uint16_t first_input); /* ring, confinement, pipeline */

/* ---- talk.c: what the keeper says ---- */
void talk_take(struct watcher *);      /* what has come; of a flood a part */

/* ---- reload.c ---- */
void reload_begin(struct watcher *);   /* HUP */
void reload_checked(struct watcher *, bool good, struct slice why); /* the keeper's answer */

/* ---- loop.c ---- */
void loop_run(struct watcher *);       /* until it is told to stop; w->code */
void loop_counters(struct watcher *);  /* a line on standard error */

/* ---- guard.c ---- */
/* Starts the process that keeps a keeper running; *fd: the watcher's end. False: *error. */
bool guard_start(const struct options *, int *fd, struct error *);

#endif
