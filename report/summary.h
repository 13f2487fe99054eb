/*
 * summary.h - the closing summary for people. Private to report/.
 */
#ifndef DAVSCOPE_REPORT_SUMMARY_H
#define DAVSCOPE_REPORT_SUMMARY_H

#include "report/report.h"

/* `found`: there are findings, told before it. */
void summary_write(struct out *, const struct report_options *, const struct summary *,
    const struct run_end *, const struct rules *, bool found);
/* What a person should know of a rule beside its findings, a line; false: there is nothing. */
bool summary_rule(struct out *, bool first, const struct rule *, const struct rule_counts *);

#endif
