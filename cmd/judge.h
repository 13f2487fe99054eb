/*
 * judge.h - captures read for what they say of clients and servers. Private to cmd/.
 */
#ifndef DAVSCOPE_CMD_JUDGE_H
#define DAVSCOPE_CMD_JUDGE_H

#include "cmd/pipeline.h"

struct judge {
	struct options options;        /* those of the command, without rules */
	struct pipeline pipeline;
	struct conclusions conclusions; /* valid until judge_close() */
	struct run_end end;
	bool incomplete;               /* something of the evidence is missing; why: */
	char why[512];
};

/*
 * Reads the captures, all as one recording.
 * The exit code; EXIT_DONE and EXIT_INCOMPLETE: there are conclusions. What is wrong has been said.
 */
int judge_captures(struct judge *, const struct options *, const char *const *paths, size_t n, const struct profiles *, const struct conclude_wish *);
static inline bool judge_is_done(int code) { return code == EXIT_DONE || code == EXIT_INCOMPLETE; }
struct report_options judge_report(const struct judge *); /* how its conclusions are printed */
void judge_close(struct judge *);

#endif
