/*
 * findings.h - findings as they are kept until the end. Private to report/.
 */
#ifndef DAVSCOPE_REPORT_FINDINGS_H
#define DAVSCOPE_REPORT_FINDINGS_H

#include "report/report.h"

enum { FINDING_FRAMES = 12, OUTCOMES = INCONCLUSIVE_UNKNOWN + 1 };

/* An item that findings are about, with its history, as the last of them had it. */
enum lineage_text { LINEAGE_MAILBOX, LINEAGE_SCOPE, LINEAGE_PEER, LINEAGE_DEVICE, LINEAGE_UID, LINEAGE_SUMMARY,
	LINEAGE_FRONT_BUILD, LINEAGE_BACK_BUILD, LINEAGE_TEXTS };
struct lineage {
	struct lineage *next;          /* in its bucket */
	uint64_t number;
	struct slice texts[LINEAGE_TEXTS]; /* empty: not known */
	uint8_t *text;                 /* holds them */
	struct life history[HISTORY_MAX];
	size_t n_history;
	uint64_t dropped;
};

/* One finding in its last state. */
struct kept {
	struct kept *next;             /* in its bucket */
	struct kept *older, *newer;    /* of the same severity */
	const struct rule *rule;       /* id, code, title, remedy, severity and first reference */
	enum severity severity;
	struct lineage *lineage;       /* NULL: it is about no item, or only information */
	enum certainty certainty;      /* of what it says of the lineage, the best of all states; cause and copies are of the last */
	bool in_part;                  /* that holds of some of the copies, others only may be some */
	enum cause cause;
	uint64_t copies;
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
/* Borrows nothing. `cause`: the event that completed it, NULL: time passed. */
void findings_add(struct findings *, const struct event *, const struct event *cause);
uint64_t findings_unlined(const struct findings *);              /* whose item is beyond limit lineages_kept */
struct tally findings_tally(const struct findings *);
/* The gravest rule first, then by id; n of them. Free the list; NULL: out of memory. */
const struct kept **findings_sorted(const struct findings *, size_t *n);
void findings_free(struct findings *);                           /* NULL is fine */

/* ---- lineages.c ---- */
struct lineages;
struct lineages *lineages_new(const struct limits *);            /* NULL: out of memory */
struct lineage *lineages_take(struct lineages *, const struct matter *); /* found or made, brought up to date; NULL: no room */
void lineages_free(struct lineages *);                           /* NULL is fine */

/* ---- diagnosis.c: the lives of the items that findings above info are about ---- */
/* Puts the list in another order. `unlined`: findings_unlined(). */
void diagnosis_write(const struct kept **list, size_t n, uint64_t unlined, const struct report_options *,
    const struct conclusions *, struct out *); /* conclusions: NULL: none were drawn */

/* ---- text_findings.c ---- */
void severity_write(struct out *, const struct report_options *, enum severity);
void rule_write(struct out *, const struct rule *);              /* "untagged-write (D02)" */
/* Later states are on no list but a live one, nor is what is open at a loss; what is open at the end is on none. */
bool finding_is_listed(const struct report_options *, const struct finding *);
void finding_list(struct out *, const struct report_options *, const struct finding *); /* the line, behind its indent or time */
/* The block at the end; false: there was nothing to tell. The rules know of more than a filter let through. */
bool findings_write(const struct findings *, const struct report_options *, const struct rules *,
    const struct conclusions *,
    struct out *);

#endif
