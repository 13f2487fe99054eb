/*
 * talk.c - what the keeper says while the monitor runs.
 */
#include "cmd/monitor/watcher.h"

#include <errno.h>

enum { TURN = 64 }; /* messages; packets wait meanwhile */

/* A new keeper, as the one before it died, or one that had no room: what it may lack is sent again. */
static void keeper_asks(struct watcher *w, const struct channel_message *m)
{
	if (m->body.n != 0)
		warn("%.*s", (int)m->body.n, (const char *)m->body.p);
	outbox_again(w->outbox, m->number);
}

static void talk(struct watcher *w, const struct channel_message *m)
{
	switch (m->kind) {
	case MESSAGE_HELLO:
		keeper_asks(w, m);
		break;
	case MESSAGE_TAKEN:
		outbox_taken(w->outbox, m->number);
		break;
	case MESSAGE_SAVED:
		outbox_saved(w->outbox, m->number);
		break;
	case MESSAGE_EMPTY:
		w->forgotten = true;
		break;
	case MESSAGE_CHECKED:
		reload_checked(w, m->number == 0, m->body);
		break;
	default:
		break;
	}
}

/* The guard is gone too, so there will be no other keeper: another run is better than one that tells nobody. */
static void give_up(struct watcher *w)
{
	warn("davscope-keeper and its guard are gone; ending, as nobody can be told of findings");
	w->code = exit_worse(w->code, EXIT_INTERNAL);
	w->stopping = true;
}

/* False: there is no more to be had now. */
static bool talk_next(struct watcher *w)
{
	struct channel_message m;
	struct error e;
	int received = channel_receive(w->channel, &m, &e);
	if (received > 0)
		talk(w, &m);
	if (received >= 0)
		return received > 0;
	w->keeper_lost = errno != EBADMSG;
	if (!w->keeper_lost)
		warn("%s", e.text);
	else if (!w->parting)
		give_up(w);
	return !w->keeper_lost;
}

void talk_take(struct watcher *w)
{
	for (unsigned i = 0; i < TURN && !w->keeper_lost && talk_next(w); i++)
		;
}
