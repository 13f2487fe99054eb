/*
 * findings.h - findings as they are kept until the end. Private to report/.
 */
#ifndef DAVSCOPE_REPORT_FINDINGS_H
#define DAVSCOPE_REPORT_FINDINGS_H

#include "report/report.h"

enum { FINDING_FRAMES = 12, OUTCOMES = INCONCLUSIVE_UNKNOWN + 1 };

/* One finding in its last state. */
struct kept {
	struct kept *next;             /* in its bucket */
	struct kept *older;            /* of the same severity */
	const struct rule *rule;       /* id, code, title, remedy, severity and first reference */
	uint64_t id, update, place;    /* place: in the order they came */
	uint64_t suppressed;           /* of all its states */
	bool evicted, cut, fields_cut; /* cut: the message was longer; fields_cut: there were more */
	enum outcome outcome;          /* CONCLUSIVE, or INCONCLUSIVE_UNKNOWN where the rule reports it */
	int64_t at_ns;
	struct stamp frames[FINDING_FRAMES]; /* the first of n_evidence */
	size_t n_evidence;
	struct slice message;
	struct slice fields;           /* the rule's `fields:`, a line each: "NAME = VALUE\n", values escaped */
};
struct tally { uint64_t severities[SEVERITIES], outcomes[OUTCOMES], lost; }; /* lost: counted, not kept */

struct findings;
struct findings *findings_new(const struct limits *);            /* borrows them; NULL: out of memory */
void findings_add(struct findings *, const struct event *);      /* borrows nothing */
struct tally findings_tally(const struct findings *);
/* The gravest rule first, then by id; n of them. Free the list; NULL: out of memory. */
const struct kept **findings_sorted(const struct findings *, size_t *n);
void findings_free(struct findings *);                           /* NULL is fine */

/* ---- text_findings.c ---- */
/* One line below the transaction that completed it. Later states have none, nor what is open at an end or a loss. */
void finding_list(struct out *, const struct report_options *, const struct finding *);
/* The block at the end; false: there was nothing to tell. The rules know of more than a filter let through. */
bool findings_write(const struct findings *, const struct report_options *, const struct rules *,
    struct out *);

#endif
