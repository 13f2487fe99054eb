/*
 * watermark.c - the clock of the rules: the newest time that is believed. It never steps back, and a
 * jump moves it only when the next event agrees.
 */
#include "rules/state.h"

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

void watermark_move(struct watermark *w, int64_t ns)
{
	if (!w->started)
		*w = (struct watermark){ .now = ns, .start = ns, .jump_ns = w->jump_ns };
	w->started = true;
	w->ahead = NEVER;
	if (ns > w->now)
		w->now = ns;
}

/* The jump before is confirmed: its time counts as well. */
static bool agrees(const struct watermark *w, int64_t ns)
{
	return w->ahead != NEVER && ns >= ns_sub(w->ahead, w->jump_ns);
}

struct moment watermark_take(struct watermark *w, int64_t ns)
{
	if (w->started && ns > ns_add(w->now, w->jump_ns) && !agrees(w, ns)) {
		w->ahead = ns;
		return (struct moment){ .ns = ns, .believed = false };
	}
	int64_t newest = agrees(w, ns) && w->ahead > ns ? w->ahead : ns;
	watermark_move(w, newest);
	return (struct moment){ .ns = w->now, .believed = true };
}
