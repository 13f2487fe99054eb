/*
 * json_plan.h - the field table as nested objects, worked out once. Private to report/json*.c.
 */
#ifndef DAVSCOPE_REPORT_JSON_PLAN_H
#define DAVSCOPE_REPORT_JSON_PLAN_H

#include "report/report.h"

enum { PLAN_DEPTH = 4, PLAN_KINDS = EVENT_KINDS };

/* An object that fields share; "http.response" of http.response.status. */
struct plan_node {
	struct slice path;
	const char *key;                  /* "response" */
	unsigned leaves[PLAN_KINDS];      /* fields below it that events of this kind have */
};

/* A field; members of a group follow it and have no objects above them but the element. */
struct plan_step {
	struct field_ref ref;
	const char *key;                  /* "status" */
	size_t depth, members;            /* objects above it; groups: how many steps follow */
	size_t nodes[PLAN_DEPTH];
};

struct plan {
	struct plan_step *steps;
	struct plan_node *nodes;
	size_t n_steps, n_nodes;
	char *keys;
};

bool plan_init(struct plan *, struct error *);
void plan_fini(struct plan *);

#endif
