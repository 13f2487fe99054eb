/*
 * keeper.c - the keeper's loop: what the watcher sends goes to the sinks, the database and the metrics
 * endpoint, and what it asks for is answered.
 */
#include "cmd/keeper/keeper.h"

#include "cmd/keeper/gauges.h"
#include "cmd/keeper/exporter.h"
#include "cmd/keeper/outlets.h"
#include "cmd/keeper/room.h"
#include "cmd/keeper/vault.h"
#include "cmd/message.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

enum {
	LOCK_MS = 10000, /* another keeper is about to end */
	COMMIT_MS = 200,
	LOOK_MS = 1000,
	RETRY_MS = 1000, /* when the database does not take what it should */
	ALIVE_MS = 10000, /* the watcher sends metrics more often than that */
	END_MS = 5000, /* for sinks that are slow at the end */
	SWAP_MS = 2000, /* ... and when others take their place */
	MESSAGES = 256, /* at most, before timers get their turn */
	STATE_MORE = 64, /* bytes of a packed state record beside its texts */
};

/* The answer to RECALL: *record lives in room until it has been sent. */
struct recall {
	bool active, loaded;
	struct db_place place;
	struct state_record record;
	uint64_t n;
	uint8_t *room, *packed;
	size_t room_n, packed_n;
};

/* What shall be told as soon as the socket takes it. */
struct owed {
	bool hello, empty, saved, checked;
	uint64_t save, fault;
	uint64_t taken; /* the last TAKEN that was sent */
};

struct keeper {
	const struct options *options;
	struct limits limits;
	struct channel *channel;
	struct outlets *outlets, *checked; /* checked: good, and not taken yet */
	struct sinks *sinks;
	struct db *db;
	struct vault *vault;
	struct exporter *exporter;
	struct recall recall;
	struct owed owed;
	struct error trouble; /* of the database; empty: none */
	struct error unreached; /* a required sink, until HELLO has told it */
	int64_t look_ms; /* when they are looked at again */
	char fault[OUTLETS_TEXT];
	uint8_t *told; /* the watcher's metrics */
	size_t told_n, told_room;
	int64_t told_ms, commit_ms, started_ns;
	uint64_t refused;
	bool lacks_state; /* a part of a batch could not be written: the rest of it is of no use */
	bool hears; /* findings and state, as nothing in front of them is lacking */
	bool ended;
};

/* ---- what is told to the watcher ---- */

static bool tell(struct keeper *k, enum message_kind kind, uint64_t number, struct slice body)
{
	const struct channel_message m = { kind, number, body };
	return channel_send(k->channel, &m);
}

static bool recall_pack(struct recall *r)
{
	size_t want = r->record.label.n + r->record.body.n + STATE_MORE, n = 0;
	uint8_t *p = want > r->packed_n ? realloc(r->packed, want) : r->packed;
	if (p == NULL)
		return false;
	r->packed = p;
	r->packed_n = want > r->packed_n ? want : r->packed_n;
	if (!state_write(&r->record, p, r->packed_n, &n))
		return false;
	r->record.body = (struct slice){ p, n };
	return true;
}

/* The next record, packed; false: there is none. */
static bool recall_load(struct keeper *k)
{
	struct recall *r = &k->recall;
	struct error e;
	enum db_walk walk = db_walk(k->db, &r->place, false, &r->record, &r->room, &r->room_n, &e);
	if (walk == DB_WALK_FAILED)
		warn("what was remembered cannot be read: %s", e.text);
	r->loaded = walk == DB_WALK_RECORD && recall_pack(r);
	return r->loaded;
}

static bool recall_go_on(struct keeper *k)
{
	struct recall *r = &k->recall;
	while (r->active) {
		if (!r->loaded && !recall_load(k)) {
			if (!tell(k, MESSAGE_RECALLED, r->n, SLICE("")))
				return false;
			r->active = false;
		} else if (tell(k, MESSAGE_REMEMBERED, 0, r->record.body)) {
			r->loaded = false;
			r->n++;
		} else {
			return false;
		}
	}
	return true;
}

static bool hello(struct keeper *k)
{
	const struct error *why = k->unreached.text[0] != '\0' ? &k->unreached : &k->trouble;
	if (!tell(k, MESSAGE_HELLO, db_finding_last(k->db), slice_from(why->text)))
		return false;
	k->unreached.text[0] = '\0';
	k->hears = k->lacks_state = false;
	return true;
}

/* False: the socket is full. */
static bool answers_send(struct keeper *k)
{
	struct owed *o = &k->owed;
	if (!channel_flush(k->channel))
		return false;
	if (o->hello && !hello(k))
		return false;
	o->hello = false;
	if (o->empty && !tell(k, MESSAGE_EMPTY, 0, SLICE("")))
		return false;
	o->empty = false;
	uint64_t safe = vault_safe(k->vault);
	if (safe > o->taken) {
		if (!tell(k, MESSAGE_TAKEN, safe, SLICE("")))
			return false;
		o->taken = safe;
	}
	if (o->saved && !tell(k, MESSAGE_SAVED, o->save, SLICE("")))
		return false;
	o->saved = false;
	if (o->checked && !tell(k, MESSAGE_CHECKED, o->fault, slice_from(k->fault)))
		return false;
	o->checked = false;
	return recall_go_on(k);
}

/* ---- the database ---- */

static void trouble_begin(struct keeper *k, const struct error *e)
{
	if (k->trouble.text[0] == '\0')
		warn("the state directory: %s; trying again", e->text);
	k->trouble = *e;
}

/* That nothing failed proves nothing where nothing was written: a record comes, and goes. */
static bool takes_state(struct keeper *k, struct error *e)
{
	const struct state_record tried = { .part = STATE_META };
	return db_batch_put(k->db, &tried, e) && db_batch_drop(k->db, e) && db_commit(k->db, e);
}

static void commit_now(struct keeper *k)
{
	struct error e = { "" };
	vault_sinks_reach(k->vault, k->sinks);
	bool good = vault_commit(k->vault, &e) && (!k->lacks_state || takes_state(k, &e));
	k->commit_ms = clock_ms() + (good ? COMMIT_MS : RETRY_MS);
	if (!good) {
		trouble_begin(k, &e);
		return;
	}
	if (k->trouble.text[0] != '\0')
		warn("the state directory: written again");
	k->owed.hello = k->owed.hello || vault_asks_again(k->vault) || k->lacks_state;
	k->trouble.text[0] = '\0';
}

/*
 * A batch of which a part is lost is sent again when the disk takes it: HELLO asks for that. Findings go
 * on meanwhile.
 */
static void state_lost(struct keeper *k, const struct error *e)
{
	trouble_begin(k, e);
	k->lacks_state = true;
}

static bool hears_state(const struct keeper *k)
{
	return k->db != NULL && k->hears && !k->lacks_state;
}

static void hear(struct keeper *k)
{
	struct error e;
	k->hears = true;
	if (k->db != NULL && !db_batch_drop(k->db, &e))
		state_lost(k, &e);
}

static void take_state(struct keeper *k, struct slice body)
{
	struct state_record r;
	struct error e;
	if (!state_read(body, &r))
		k->refused++;
	else if (hears_state(k) && !db_batch_put(k->db, &r, &e))
		state_lost(k, &e);
}

static void take_save(struct keeper *k, uint64_t number)
{
	struct error e;
	if (!hears_state(k))
		return;
	if (!db_batch_save(k->db, &e)) {
		state_lost(k, &e);
		return;
	}
	k->owed.saved = true;
	k->owed.save = number;
}

/* ---- sinks ---- */

static bool sinks_begin(struct keeper *k, const struct outlets *outlets, struct error *e)
{
	vault_sinks_begin(k->vault);
	k->sinks = sinks_new(outlets->sinks, outlets->n_sinks, &k->limits, vault_spill(k->vault),
	    e);
	if (k->sinks != NULL)
		vault_sinks_end(k->vault);
	return k->sinks != NULL;
}

static void take_record(struct keeper *k, struct slice body)
{
	struct record r;
	if (!record_read(body, &r)) {
		k->refused++;
		return;
	}
	if (r.kind == EVENT_FINDING && (!k->hears || vault_finding(k->vault, &r) != VAULT_NEW))
		return;
	if (k->sinks != NULL)
		sinks_put(k->sinks, &r);
}

static void take_check(struct keeper *k)
{
	outlets_free(k->checked);
	k->checked = outlets_load(k->options, k->fault);
	k->owed.checked = true;
	k->owed.fault = k->checked == NULL;
	if (k->checked != NULL)
		k->fault[0] = '\0';
}

/*
 * The old sinks end first, or two of one name would share its place in the spill; findings that they
 * do not get rid of wait there. When the new ones cannot begin, the old configuration comes back.
 */
static void take_apply(struct keeper *k)
{
	struct error e = { "" };
	struct outlets *new = k->checked != NULL ? k->checked : outlets_load(k->options, k->fault);
	k->checked = NULL;
	if (new == NULL) {
		warn("the old configuration stays: %s", k->fault);
		return;
	}
	if (k->sinks != NULL)
		sinks_close(k->sinks, SWAP_MS);
	bool good = sinks_begin(k, new, &e);
	if (!good) {
		warn("the old configuration stays: %s", e.text);
		if (!sinks_begin(k, k->outlets, &e))
			warn("without sinks: %s", e.text);
	}
	outlets_free(good ? k->outlets : new);
	k->outlets = good ? new : k->outlets;
}

/* ---- metrics ---- */

static void take_metrics(struct keeper *k, struct slice text)
{
	struct slice *const parts[] = { &text };
	if (!gauges_readable(text) || !room_keep(&k->told, &k->told_room, parts, 1)) {
		k->refused++;
		return;
	}
	k->told_n = text.n;
	k->told_ms = clock_ms();
}

static char *metrics_text(void *ctx, size_t *n)
{
	const struct keeper *k = ctx;
	struct sink_counts counts[GAUGED_SINKS];
	size_t sinks = k->sinks != NULL ? sinks_counts(k->sinks, counts, GAUGED_SINKS) : 0;
	const struct gauges g = {
		.watcher = { k->told, k->told_n },
		.sinks = counts,
		.n_sinks = sinks < GAUGED_SINKS ? sinks : GAUGED_SINKS,
		.db = db_counts(k->db),
		.repeated = vault_repeated(k->vault),
		.refused = k->refused,
		.started_ns = k->started_ns,
		.stores = k->db != NULL,
	};
	return gauges_text(&g, n);
}

static bool is_healthy(void *ctx, struct error *why)
{
	const struct keeper *k = ctx;
	if (k->told == NULL)
		return error_set(why, "the watcher has not said anything yet");
	if (clock_ms() - k->told_ms > ALIVE_MS)
		return error_set(why, "the watcher has been silent for %d s",
		    (int)((clock_ms() - k->told_ms) / 1000));
	return k->trouble.text[0] == '\0' ||
	    error_set(why, "the state directory: %.200s", k->trouble.text);
}

/* NULL: nobody asks. */
static bool metrics_begin(struct keeper *k, const char *address, struct error *e)
{
	if (address == NULL)
		return true;
	k->exporter = exporter_open(address,
	    (struct exporter_answers){ metrics_text, is_healthy, k }, e);
	return k->exporter != NULL;
}

/* ---- the loop ---- */

static void take(struct keeper *k, const struct channel_message *m)
{
	switch (m->kind) {
	case MESSAGE_RECALL:
		k->recall.active = true;
		k->recall.loaded = false;
		k->recall.n = 0;
		k->recall.place = (struct db_place){ 0 };
		hear(k);
		break;
	case MESSAGE_AGAIN:
		hear(k);
		break;
	case MESSAGE_RECORD:
		take_record(k, m->body);
		break;
	case MESSAGE_TEXT:
		if (k->sinks != NULL)
			sinks_text(k->sinks, m->body);
		break;
	case MESSAGE_STATE:
		take_state(k, m->body);
		break;
	case MESSAGE_SAVE:
		take_save(k, m->number);
		break;
	case MESSAGE_METRICS:
		take_metrics(k, m->body);
		break;
	case MESSAGE_CHECK:
		take_check(k);
		break;
	case MESSAGE_APPLY:
		take_apply(k);
		break;
	case MESSAGE_REOPEN:
		if (k->sinks != NULL)
			sinks_reopen(k->sinks);
		break;
	case MESSAGE_END:
		k->ended = true;
		break;
	default: /* ours, not the watcher's */
		k->refused++;
		break;
	}
}

static void messages_read(struct keeper *k)
{
	for (int i = 0; i < MESSAGES && !k->ended; i++) {
		struct channel_message m;
		struct error e;
		int n = channel_receive(k->channel, &m, &e);
		if (n == 0)
			return;
		if (n == 1)
			take(k, &m);
		else if (errno == EPIPE)
			k->ended = true;
		else if (k->refused++ == 0)
			warn("keeper: %s", e.text);
	}
}

static void wait_for_work(struct keeper *k, bool full)
{
	struct pollfd fds[] = {
		{ .fd = channel_fd(k->channel), .events = (short)(POLLIN | (full ? POLLOUT : 0)) },
		{ .fd = k->exporter != NULL ? exporter_fd(k->exporter) : -1, .events = POLLIN },
	};
	int64_t left = k->commit_ms - clock_ms();
	poll(fds, 2, left > 0 ? (int)left : 0);
}

static void look(struct keeper *k)
{
	outlets_look(k->outlets, k->sinks);
	k->look_ms = clock_ms() + LOOK_MS;
}

/* A damaged file is looked at by the next keeper, when it opens it. */
static int keeper_loop(struct keeper *k)
{
	while (!k->ended) {
		if (clock_ms() >= k->commit_ms)
			commit_now(k);
		if (clock_ms() >= k->look_ms)
			look(k);
		if (db_damaged(k->db)) {
			warn("the state directory: %s; beginning anew", k->trouble.text);
			return EXIT_INTERNAL;
		}
		wait_for_work(k, !answers_send(k));
		messages_read(k);
		if (k->exporter != NULL)
			exporter_run(k->exporter);
	}
	return EXIT_DONE;
}

/* NULL: nothing is remembered. */
static bool database_begin(struct keeper *k, const char *dir, struct error *e)
{
	if (dir != NULL) {
		k->db = db_open(dir, &k->limits, LOCK_MS, e);
		if (k->db == NULL)
			return false;
	}
	k->vault = vault_new(k->db, &k->limits, e);
	return k->vault != NULL;
}

/* Its directory for the state, and those of the sinks as they are configured now. */
static bool confine(const struct keeper *k, const char *state, struct sandbox *sandbox,
    struct error *e)
{
	char **reads = outlets_reads(k->outlets, k->options, e);
	return rights_narrow(sandbox, reads, outlets_writes(k->outlets, state, e), e);
}

/* Everything is opened before threads begin. */
static bool keeper_begin(struct keeper *k, struct error *e)
{
	k->started_ns = wall_ns();
	k->outlets = outlets_load(k->options, k->fault);
	if (k->outlets == NULL)
		return error_set(e, "%.250s", k->fault);
	k->fault[0] = '\0';
	struct options o;
	if (!settings_merge(&o, k->options, k->outlets->config, e))
		return false;
	k->limits = o.limits;
	if (!database_begin(k, o.state_dir, e) || !metrics_begin(k, o.metrics, e))
		return false;
	struct sandbox sandbox = outlets_sandbox(k->outlets, o.sandbox);
	if (!confine(k, o.state_dir, &sandbox, e) || !sinks_begin(k, k->outlets, e) ||
	    !sandbox_seal(&sandbox, e))
		return false;
	/* The watcher learns it with HELLO, and ends if it has just begun. */
	outlets_reached(k->outlets, k->sinks, &k->unreached);
	k->owed.hello = true;
	k->owed.empty = k->db != NULL && db_counts(k->db).records == 0;
	k->owed.taken = vault_safe(k->vault);
	return true;
}

/* What sinks have taken at the last moment is written once more. */
static void keeper_end(struct keeper *k)
{
	struct error e = { "" };
	if (k->vault != NULL && !vault_commit(k->vault, &e))
		warn("the state directory: %s", e.text);
	if (k->sinks != NULL)
		sinks_close(k->sinks, END_MS);
	if (k->vault != NULL && !vault_commit(k->vault, &e))
		warn("the state directory: %s", e.text);
	if (k->vault != NULL)
		answers_send(k);
	exporter_close(k->exporter);
	vault_free(k->vault);
	db_close(k->db);
	outlets_free(k->outlets);
	outlets_free(k->checked);
	channel_free(k->channel);
	free(k->recall.room);
	free(k->recall.packed);
	free(k->told);
}

int keeper_run(const struct options *o, int fd)
{
	struct error e = { "" };
	struct keeper *k = calloc(1, sizeof *k);
	if (k == NULL)
		return EXIT_INTERNAL;
	k->options = o;
	k->channel = channel_new(fd, &e);
	int code = EXIT_USAGE;
	if (k->channel != NULL && keeper_begin(k, &e)) {
		code = keeper_loop(k);
	} else {
		/* Who hears it says it. */
		if (k->channel == NULL || !tell(k, MESSAGE_HELLO, 0, slice_from(e.text)))
			warn("davscope-keeper: %s", e.text);
	}
	keeper_end(k);
	free(k);
	return code;
}
