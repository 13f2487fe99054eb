/*
 * progress.c - tells somebody who waits how far a long run is. The wall clock is read here only:
 * nothing of it reaches the output.
 */
#include "cmd/cmd.h"

#include <inttypes.h>
#include <unistd.h>

static const int64_t silence_ns = 2000000000, interval_ns = 250000000;

/* Lines that scroll by on the same terminal are progress enough. */
struct progress progress_begin(bool list_on_terminal)
{
	bool wanted = isatty(STDERR_FILENO) == 1 && !list_on_terminal;
	return (struct progress){ .wanted = wanted, .begun_ns = clock_ns() };
}

void progress_show(struct progress *p, const struct source_counts *c, uint64_t transactions)
{
	if (!p->wanted || c->total == 0)
		return;
	int64_t now = clock_ns();
	if (now - p->begun_ns < silence_ns || now - p->shown_ns < interval_ns)
		return;
	double seconds = (double)(now - p->begun_ns) / 1e9;
	double share = c->done < c->total ? (double)c->done / (double)c->total : 1.0;
	fprintf(stderr,
	    "\r%.0f of %.0f MB, %.0f %%, %.0f packets/s, %" PRIu64 " transactions\033[K",
	    (double)c->done / 1e6, (double)c->total / 1e6, 100 * share,
	    (double)c->packets / seconds, transactions);
	p->shown = true;
	p->shown_ns = now;
}

void progress_erase(struct progress *p)
{
	if (p->shown)
		fputs("\r\033[K", stderr);
	p->shown = false;
	p->wanted = false;
}
