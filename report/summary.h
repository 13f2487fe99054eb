/*
 * summary.h - the closing summary for people. Private to report/.
 */
#ifndef DAVSCOPE_REPORT_SUMMARY_H
#define DAVSCOPE_REPORT_SUMMARY_H

#include "report/report.h"

void summary_write(struct out *, const struct report_options *, const struct summary *, const struct run_end *);

#endif
