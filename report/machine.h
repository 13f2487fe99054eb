/*
 * machine.h - what the reference machine says, in words. Private to report/.
 */
#ifndef DAVSCOPE_REPORT_MACHINE_H
#define DAVSCOPE_REPORT_MACHINE_H

#include "report/text.h"

/* A paragraph that begins so far in, with a heading of our own. */
struct paragraph machine_begin(struct out *, const struct report_options *, size_t indent, const char *heading);
/* "#240", "#FILE:240" with several inputs. */
void frame_write(struct paragraph *, const struct report_options *, const char *before, struct stamp);
void number_write(struct paragraph *, const char *before, uint64_t n, const char *behind);
/* "P1=fail|null" */
void values_write(struct paragraph *, enum policy, uint8_t values);
/* Behind them, in brackets, what a single value means. */
void meaning_write(struct paragraph *, enum policy, uint8_t values);
/* "1 copy", "1 to 3 copies" */
void copies_write(struct paragraph *, const char *before, const struct predicted *);
/* Which profiles can have done it; below an item: what others would have made of it, and whose fault it is. */
void client_checks_write(struct out *, const struct report_options *, size_t indent, const struct client_view *);
void line_machine_write(struct out *, const struct report_options *, size_t indent, const struct line_view *);
void check_write(struct out *, const struct report_options *, size_t indent, const struct check_view *);
void line_write(struct out *, const struct report_options *, size_t indent, const struct line_view *);
/* NULL: the machine has nothing of it. */
const struct line_view *conclusions_line(const struct conclusions *, uint64_t number);

/* ---- machine_json.c ---- */
void conclusions_json(struct out *, const struct report_options *, const struct conclusions *, const struct profiles *);
void verification_json(struct out *, const struct report_options *, const struct verification *, const char *before, const char *after,
    const char *reason, const char *advice); /* before, advice: NULL: there is none */

#endif
