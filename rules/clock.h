/*
 * clock.h - packet time as rules see it. Private to rules/.
 *
 * A stamp far ahead of all others is not believed before the next packet agrees: one clock that went
 * wrong must not end all that is open. Until then such an event has two times, and what is claimed
 * of it has to hold at both.
 */
#ifndef DAVSCOPE_RULES_CLOCK_H
#define DAVSCOPE_RULES_CLOCK_H

#include "base/base.h"

#define NEVER INT64_MIN

int64_t ns_add(int64_t a, int64_t b);                    /* both stay at the ends of the range */
int64_t ns_sub(int64_t a, int64_t b);
void latest(int64_t *then, int64_t ns);                  /* whichever is later */

struct moment {
	int64_t now;                   /* the clock: so late it surely is */
	int64_t at;                    /* where the event says it is: `now`, or a time not believed */
};
bool moment_is_sure(struct moment);

struct watermark {
	int64_t now, start;            /* newest time that is believed, and the first */
	int64_t jump_ns;               /* a step further ahead needs a second packet */
	int64_t ahead;                 /* where a packet jumped to; NEVER: none did, or it is decided */
	struct stamp jumped;           /* that packet */
	int64_t confirmed;             /* the jump that was believed last */
	bool started;
};
struct watermark watermark_new(int64_t jump_ns);
struct moment watermark_take(struct watermark *, const struct stamp *);
void watermark_tick(struct watermark *, int64_t ns);     /* by the clock of the machine that captures */
void watermark_end(struct watermark *, int64_t ns);      /* of the last packet; nothing follows that could agree */

/* When something happened last; while that is not believed, also where it claims to be. */
struct last { int64_t sure, ahead; };
struct last last_never(void);
void last_note(struct last *, struct moment);
int64_t last_by(const struct last *, int64_t now);       /* as far as it is over by then; NEVER */

#endif
