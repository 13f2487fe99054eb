/*
 * facts.h - the parts of the analysis. Private to analysis/.
 */
#ifndef DAVSCOPE_ANALYSIS_FACTS_H
#define DAVSCOPE_ANALYSIS_FACTS_H

#include "analysis/analysis.h"

/* ---- flavour.c: which dialect a server speaks, learned as transactions pass ---- */
struct flavours;
struct flavours *flavours_new(const struct limits *, struct hash_key);   /* NULL: out of memory */
/* Fills the flavour members of *facts, then learns from the transaction. */
void flavours_judge(struct flavours *, const struct txn *, struct facts *facts);
/* The server of the transaction has announced calendar-auto-schedule (RFC 6638 2) by now. */
bool flavours_scheduling(const struct flavours *, const struct txn *);
void flavours_free(struct flavours *);

/* ---- tag.c: which change tag the answer should carry, and whether it does ---- */
/* Needs facts->flavour; fills the tag members. */
void tag_judge(const struct txn *, bool server_schedules, struct facts *facts);
/* There may have been an answer, and a good one, that was not captured. */
bool answer_unknown(const struct txn *);

/* ---- damage.c: tags that were spoilt on their way, rows without one ---- */
/* The first needs facts->flavour. */
void damage_judge(const struct txn *, struct facts *facts);
void rows_judge(const struct txn *, struct facts *facts);

/* ---- summary.c: counts of the whole run ---- */
struct counter;
struct counter *counter_new(void);                                       /* NULL: out of memory */
void counter_txn(struct counter *, const struct txn *, const struct facts *);
void counter_flow(struct counter *, const struct flow *);
void counter_anomaly(struct counter *, const struct anomaly *);
/* What was forgotten is counted elsewhere. Valid until the next count. */
const struct summary *counter_summary(struct counter *, uint64_t items, uint64_t sessions);
void counter_free(struct counter *);

#endif
