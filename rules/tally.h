/*
 * tally.h - findings held against what was expected of them. Private to rules/.
 *
 * Findings count by their id: a later state takes the place of the earlier one.
 */
#ifndef DAVSCOPE_RULES_TALLY_H
#define DAVSCOPE_RULES_TALLY_H

#include "rules/condition.h"

enum { WANTED_MAX = 64, NOTED_MAX = 4096, NOTED_TEXT = 96, WHY_MAX = 400 };

struct wanted_value { struct field_ref ref; struct value value; const struct yaml *said; };

/* One item of `expect:`, or of `findings:` beside a capture. */
struct wanted {
	const char *rule;              /* its id; NULL: any */
	uint64_t count;
	const struct wanted_value *match;
	const struct field_ref *has, *has_not;
	const uint64_t *frames;        /* packets that the evidence of each must hold */
	size_t n_match, n_has, n_has_not, n_frames;
	size_t line;
};
/* The kind of event that a test of the rule makes when it names none. */
struct loaded_rule;
enum event_kind rule_test_kind(const struct loaded_rule *);

struct fault { struct mark at; struct error why; };
/*
 * All items of a list (NULL: there is none). `beside`: of a file beside a capture, with its further
 * keys. False: *fault.
 */
bool wanted_read(struct arena *, const struct yaml *list, bool beside, const struct wanted **, size_t *n,
    struct fault *);

struct noted {
	uint64_t id;
	uint64_t matches, lacks;       /* bit per wanted: it matches; and lacks packets */
	uint64_t missing;              /* one of these */
	bool conclusive;
	char rule[NOTED_TEXT], text[NOTED_TEXT];
};
struct tally {
	const struct wanted *wanted;   /* borrowed */
	size_t n_wanted;
	struct noted *noted;
	size_t n_noted, room;
	bool full;                     /* more than can be kept: nothing passes */
};
void tally_init(struct tally *, const struct wanted *, size_t n);
void tally_fini(struct tally *);
void tally_finding(struct tally *, const struct event *finding, const struct event *cause);
/* Each says why not, and appends to what stands in `why`. */
bool tally_wanted(const struct tally *, size_t i, char why[WHY_MAX]);     /* seen as often as wanted */
bool tally_no_others(const struct tally *, char why[WHY_MAX]);            /* each conclusive one was wanted */
bool tally_inconclusive(const struct tally *, uint64_t wanted, char why[WHY_MAX]);

#endif
