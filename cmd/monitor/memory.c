/*
 * memory.c - what outlives a restart: asked of the keeper at the start, handed to it while it changes.
 *
 * The first record is the watcher's own: the key of the hashes that all others are found by, and how far
 * packets and findings are numbered. Only with it the parts can be made that the others are loaded into.
 */
#include "cmd/monitor/watcher.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

/* Packets may have been numbered behind the last save of a run that did not end in order. */
#define ORDER_MARGIN (UINT64_C(1) << 28)
#define NUMBERS_MARGIN (UINT64_C(1) << 20)
/* No monitor gets there by counting: what is higher was made up, and would leave no numbers. */
#define NUMBERS_MOST (UINT64_C(1) << 62)
enum { ANSWER_MS = 15000, OWN_ROOM = 64, NAME_ROOM = 512, FINISH_MS = 10000 };

/* The watcher's own: key 0 of META. */
struct own {
	struct hash_key key;
	uint64_t order, findings, input, ended; /* ended: in order; nothing came behind it */
};

static void own_pack(struct pack *p, struct own *own)
{
	PACK(p, own->key.k0);
	PACK(p, own->key.k1);
	PACK(p, own->order);
	PACK(p, own->findings);
	PACK(p, own->input);
	PACK(p, own->ended);
}

static bool is_own(const struct state_record *r)
{
	return r->part == STATE_META && r->key[0] == 0 && r->key[1] == 0;
}

static bool own_read(struct slice body, struct own *own)
{
	struct pack p = pack_from(body);
	own_pack(&p, own);
	if (!p.bad && own->order < NUMBERS_MOST && own->findings < NUMBERS_MOST)
		return true;
	*own = (struct own){ 0 };
	return false;
}

/* ---- at the start ---- */

static bool open_with(struct watcher *w, struct own *own)
{
	bool known = own->order != 0;
	w->restarted = known && own->ended == 0;
	w->order = own->order + (w->restarted ? ORDER_MARGIN : 0);
	w->findings = own->findings > w->findings ? own->findings : w->findings;
	w->inputs_saved = (uint16_t)own->input;
	if (!known)
		own->key = w->pipeline.key;
	return watcher_ready(w, &own->key, (uint16_t)(own->input + 1));
}

static bool load_input(struct watcher *w, const struct state_record *r)
{
	struct pack p = pack_from(r->body);
	struct slice name = { 0 };
	uint64_t hash = 0;
	char text[NAME_ROOM];
	pack_slice(&p, &name);
	pack_u64(&p, &hash);
	if (p.bad || name.n >= sizeof(text) || r->key[0] >= RING_INPUTS)
		return false;
	if (name.n != 0)
		memcpy(text, name.p, name.n);
	text[name.n] = '\0';
	ring_remember(w->ring, (uint16_t)r->key[0], text, hash);
	return true;
}

static bool load(struct watcher *w, const struct state_record *r)
{
	switch (r->part) {
	case STATE_INPUT:
		return load_input(w, r);
	case STATE_RULE:
	case STATE_KEY:
		return rules_load(w->pipeline.rules, r);
	default:
		return analysis_load(w->pipeline.analysis, r);
	}
}

struct recall {
	struct own own;
	uint64_t loaded, refused;
	bool done;
};

static bool remembered(struct watcher *w, struct recall *recall, struct slice body)
{
	struct state_record r;
	if (!state_read(body, &r)) {
		recall->refused++;
		return true;
	}
	if (is_own(&r) && !w->opened) {
		if (!own_read(r.body, &recall->own))
			recall->refused++;
		return true;
	}
	if (!w->opened && !open_with(w, &recall->own))
		return false;
	if (load(w, &r))
		recall->loaded++;
	else
		recall->refused++;
	return true;
}

/* False: w->code. */
static bool answer_take(struct watcher *w, struct recall *recall, const struct channel_message *m)
{
	switch (m->kind) {
	case MESSAGE_HELLO:
		if (m->body.n != 0) {
			warn("%.*s", (int)m->body.n, (const char *)m->body.p);
			w->code = EXIT_OUTPUT;
			return false;
		}
		if (m->number > w->findings && m->number < NUMBERS_MOST)
			w->findings = m->number;
		outbox_send(w->outbox, MESSAGE_RECALL, 0, (struct slice){ 0 });
		outbox_flush(w->outbox);
		return true;
	case MESSAGE_REMEMBERED:
		return remembered(w, recall, m->body);
	case MESSAGE_RECALLED:
		recall->done = true;
		return w->opened || open_with(w, &recall->own);
	default:
		return true;
	}
}

/* 1: there is something to receive; 0: nothing came in time. */
static int channel_wait(const struct watcher *w, int timeout_ms)
{
	struct pollfd fd = { channel_fd(w->channel), POLLIN, 0 };
	int n;
	do
		n = poll(&fd, 1, timeout_ms);
	while (n < 0 && errno == EINTR);
	return n;
}

/* One message, or word that none comes. */
static bool answer_next(struct watcher *w, struct recall *recall)
{
	struct channel_message m;
	struct error e;
	int received = channel_receive(w->channel, &m, &e);
	if (received > 0)
		return answer_take(w, recall, &m);
	if (received == 0 && channel_wait(w, ANSWER_MS) > 0)
		return true;
	warn("%s", received < 0 ? e.text : "davscope-keeper does not answer");
	w->code = EXIT_INTERNAL;
	return false;
}

bool memory_recall(struct watcher *w)
{
	struct recall recall = { .loaded = 0 };
	while (!recall.done)
		if (!answer_next(w, &recall))
			return false;
	unsigned long long refused = recall.refused, all = refused + recall.loaded;
	if (refused != 0)
		warn("%llu of %llu records of the state could not be read and are forgotten",
		    refused, all);
	/* Between two runs everything may have happened; behind a kill more than what was saved. */
	if (w->order != 0) {
		analysis_missed(w->pipeline.analysis, w->order + 1,
		    w->restarted ? NUMBERS_MARGIN : 0);
		rules_missed(w->pipeline.rules);
	}
	w->saving = true; /* that this run has begun */
	return true;
}

/* ---- while it runs ---- */

static bool put(void *ctx, const struct state_record *record)
{
	struct watcher *w = ctx;
	return outbox_state(w->outbox, record);
}

static bool save_own(struct watcher *w, bool ended)
{
	uint8_t room[OWN_ROOM];
	struct pack p = pack_to(room, sizeof(room));
	struct own own = { w->pipeline.key, w->order, w->findings, ring_input(w->ring), ended };
	own_pack(&p, &own);
	/* By its time it comes back in front of all others. */
	const struct state_record r = { .part = STATE_META,
		.used_ns = INT64_MIN,
		.label = SLICE("the monitor's own numbers"),
		.body = { room, pack_done(&p) } };
	return outbox_state(w->outbox, &r);
}

static bool save_input(struct watcher *w, uint16_t input)
{
	uint8_t room[NAME_ROOM + OWN_ROOM];
	struct slice name = slice_from(ring_names(w->ring)[input]);
	if (name.n == 0)
		return true;
	uint64_t hash = ring_content_hash(w->ring, input);
	struct pack p = pack_to(room, sizeof(room));
	pack_slice(&p, &name);
	pack_u64(&p, &hash);
	const struct state_record r = { .part = STATE_INPUT,
		.key = { input, 0 },
		.used_ns = wall_ns(),
		.label = name,
		.body = { room, pack_done(&p) } };
	return p.bad || outbox_state(w->outbox, &r);
}

/* Files that have a packet by now. The one that is written now is saved again when its hash is known. */
static bool save_inputs(struct watcher *w)
{
	uint16_t now = ring_input(w->ring);
	while (w->inputs_saved != now) {
		uint16_t next = (uint16_t)(w->inputs_saved + 1);
		if (next == now && ring_content_hash(w->ring, next) == 0)
			return true;
		if (!save_input(w, next))
			return false;
		w->inputs_saved = next;
	}
	return true;
}

static bool save_all(struct watcher *w, bool ended)
{
	const struct state_sink sink = { put, w };
	return save_inputs(w) && analysis_save(w->pipeline.analysis, &sink) &&
	    rules_save(w->pipeline.rules, &sink) && save_own(w, ended);
}

void memory_save(struct watcher *w)
{
	w->saving = !save_all(w, false);
	outbox_save(w->outbox);
}

/* Names of files come round again: behind the one of now stands the oldest. */
void memory_anew(struct watcher *w)
{
	w->forgotten = false;
	warn("davscope-keeper has begun a new database: all that is known is saved again");
	analysis_save_anew(w->pipeline.analysis);
	rules_save_anew(w->pipeline.rules);
	w->inputs_saved = (uint16_t)(ring_input(w->ring) + 1);
	w->saving = true;
}

/* ---- at the end ---- */

bool memory_finish(struct watcher *w)
{
	int64_t until = clock_ns() + FINISH_MS * INT64_C(1000000);
	w->saving = true;
	while (w->forgotten || w->saving || !outbox_is_saved(w->outbox)) {
		if (w->forgotten)
			memory_anew(w);
		if (w->saving) {
			w->saving = !save_all(w, true);
			outbox_save(w->outbox);
		}
		outbox_flush(w->outbox);
		if (w->saving || !outbox_is_saved(w->outbox))
			channel_wait(w, 100);
		talk_take(w);
		if (w->keeper_lost || clock_ns() > until)
			return false;
	}
	return true;
}
