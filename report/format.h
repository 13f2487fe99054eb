/*
 * format.h - one output format: what report.c calls. Private to report/.
 *
 * Each format is a const table of functions: text.c has report_text, json.c report_json,
 * fields.c report_fields. `open` may return NULL only when out of memory (*error says so).
 */
#ifndef DAVSCOPE_REPORT_FORMAT_H
#define DAVSCOPE_REPORT_FORMAT_H

#include "report/report.h"

struct format {
	void *(*open)(const struct report_options *, struct error *); /* borrows the options */
	/* `cause`: of a finding, the event that completed it; NULL: none, or it is no finding. */
	void (*event)(void *self, struct out *, const struct event *, const struct event *cause);
	void (*end)(void *self, struct out *, const struct summary *, const struct run_end *,
	    const struct rules *);                                /* NULL: none were run */
	void (*close)(void *self);                                    /* NULL is fine */
};

extern const struct format report_text, report_json, report_fields;

#endif
