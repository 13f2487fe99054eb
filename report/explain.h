/*
 * explain.h - what the analysis numbers, in words; what it did not take for a fault. Private to report/.
 */
#ifndef DAVSCOPE_REPORT_EXPLAIN_H
#define DAVSCOPE_REPORT_EXPLAIN_H

#include "report/report.h"

/* ---- words.c ---- */
const char *cause_text(enum cause);                              /* NULL: CAUSE_NONE */
const char *gate_text(enum gate);                                /* "deleted before"; NULL: GATE_NONE */
/* What became of it, as far as it can change something: "stored"; NULL: nothing is to be said. */
const char *commit_text(enum op_kind, enum commit);

/* ---- explain.c: --explain, a line below the transaction that shows it ---- */
void explain_list(struct out *, const struct event *);

#endif
