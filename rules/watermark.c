/*
 * watermark.c - the clock of the rules: the newest time that is believed. It never steps back, and a
 * jump moves it only when the next packet agrees.
 */
#include "rules/clock.h"

int64_t ns_add(int64_t a, int64_t b)
{
	if (b > 0 && a > INT64_MAX - b)
		return INT64_MAX;
	if (b < 0 && a < INT64_MIN - b)
		return INT64_MIN;
	return a + b;
}

int64_t ns_sub(int64_t a, int64_t b)
{
	if (b < 0 && a > INT64_MAX + b)
		return INT64_MAX;
	if (b > 0 && a < INT64_MIN + b)
		return INT64_MIN;
	return a - b;
}

void latest(int64_t *then, int64_t ns)
{
	if (ns > *then)
		*then = ns;
}

bool moment_is_sure(struct moment m)
{
	return m.at == m.now;
}

struct watermark watermark_new(int64_t jump_ns)
{
	return (struct watermark){ .jump_ns = jump_ns, .ahead = NEVER, .confirmed = NEVER };
}

static void watermark_move(struct watermark *w, int64_t ns)
{
	if (!w->started)
		w->now = w->start = ns;
	w->started = true;
	latest(&w->now, ns);
}

static bool is_jump(const struct watermark *w, int64_t ns)
{
	return w->started && ns > ns_add(w->now, w->jump_ns);
}

/* Near to where the other one jumped, and nearer to that than to the clock. */
static bool agrees(const struct watermark *w, int64_t ns)
{
	int64_t apart = ns > w->ahead ? ns_sub(ns, w->ahead) : ns_sub(w->ahead, ns);
	return apart <= w->jump_ns && ns_sub(ns, w->now) > apart;
}

/* The end of the captures has a place of its own in the order, and the stamp of the last packet. */
static bool is_later(const struct stamp *at, const struct stamp *than)
{
	bool same = at->frame == than->frame && at->input == than->input;
	return at->order > than->order && !same;
}

/* Events of the packet that jumped, and late ones of packets before it, say nothing about the jump. */
static void jump_decide(struct watermark *w, const struct stamp *at)
{
	if (w->ahead == NEVER || !is_later(at, &w->jumped))
		return;
	if (agrees(w, at->ns)) {
		w->confirmed = w->ahead;
		watermark_move(w, w->ahead);
	}
	w->ahead = NEVER;
}

struct moment watermark_take(struct watermark *w, const struct stamp *at)
{
	jump_decide(w, at);
	if (!is_jump(w, at->ns)) {
		watermark_move(w, at->ns);
		return (struct moment){ w->now, w->now };
	}
	if (w->ahead == NEVER) {
		w->ahead = at->ns;
		w->jumped = *at;
	}
	return (struct moment){ w->now, at->ns };
}

/*
 * It is believed, however far ahead. It decides for a stamp that it comes near to; an earlier one
 * does not decide against it: the next packet does.
 */
void watermark_tick(struct watermark *w, int64_t ns)
{
	if (w->started && ns <= w->now)
		return;
	if (w->ahead != NEVER && (ns >= w->ahead || agrees(w, ns))) {
		w->confirmed = w->ahead;
		watermark_move(w, w->ahead);
		w->ahead = NEVER;
	}
	watermark_move(w, ns);
}

void watermark_end(struct watermark *w, int64_t ns)
{
	if (!is_jump(w, ns))
		watermark_move(w, ns);
}

struct last last_never(void)
{
	return (struct last){ NEVER, NEVER };
}

void last_note(struct last *l, struct moment m)
{
	latest(&l->sure, m.now);
	if (!moment_is_sure(m))
		l->ahead = m.at;
}

int64_t last_by(const struct last *l, int64_t now)
{
	return l->ahead <= now && l->ahead > l->sure ? l->ahead : l->sure;
}
