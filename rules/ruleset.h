/*
 * ruleset.h - rules as they are after loading. Private to rules/.
 */
#ifndef DAVSCOPE_RULES_RULESET_H
#define DAVSCOPE_RULES_RULESET_H

#include "rules/condition.h"
#include "rules/template.h"

enum { KEYS_MAX = 8, STEPS_MAX = 16, EXCEPT_MAX = 64, CARRIED_MAX = 32 };

/* `by:` of a window, sequence or limit; values in the order of the names. */
struct key_spec {
	const char *names[KEYS_MAX];   /* sequences: the names of `by`; else the field names */
	struct field_ref fields[KEYS_MAX]; /* sequences: unused, each step has its own */
	size_t n;
};

struct window {
	int64_t within_ns;
	struct key_spec by;            /* n 0: one window for all events */
	uint64_t fire;                 /* this many events or distinct values */
	bool distinct, keep;           /* keep: `after: keep` */
	struct field_ref of;           /* distinct: of which field */
};

struct step {
	const char *name;
	bool negative;                 /* `not: true` */
	enum event_kind kind;
	struct condition *condition;
	struct field_ref keys[KEYS_MAX]; /* by number of the name in `by` */
};
struct sequence {
	int64_t within_ns;
	struct key_spec by;
	struct step steps[STEPS_MAX];
	size_t n_steps;
	bool fire_at_eof;              /* `at_eof: fire` */
};

struct limit { struct key_spec by; uint64_t max; int64_t per_ns; };

struct suppression {
	const char *rule, *reason, *file;
	struct condition *where;       /* NULL: all */
	int64_t until_ns;              /* packet time; the whole last day is in it */
	struct mark at;
	bool used;
};

bool suppression_expired(const struct suppression *, int64_t now_ns);

/* One item of `events:` and one test, still as YAML: mock.c reads them when the test runs. */
struct rule_test {
	const char *name;
	const struct yaml *events;     /* a list of maps: at, event, set, unknown */
	const struct yaml *expect;     /* a list of maps: count, match */
	uint64_t expect_inconclusive;
	struct mark at;
	const char *file;              /* that of the rule, or of an override */
};

enum shape { SHAPE_SINGLE, SHAPE_WINDOW, SHAPE_SEQUENCE };
struct loaded_rule {
	struct rule public;
	enum shape shape;
	unsigned kinds;                /* bits of the events it looks at; a sequence: of its steps */
	struct condition *condition;   /* not of a sequence */
	struct condition *except[EXCEPT_MAX];
	size_t n_except;
	struct condition *escalate;    /* NULL: none; else the severity it leads to is public.worst */
	struct window window;
	struct sequence sequence;
	struct limit limit;            /* max 0: none */
	bool report_unknown;           /* `on_unknown: report` */
	struct template *output;
	struct field_ref carried[CARRIED_MAX]; /* `fields:` */
	const char *carried_names[CARRIED_MAX];
	size_t n_carried;
	const struct suppression **suppressions; /* those that name this rule */
	size_t n_suppressions;
	const struct rule_test *tests;
	size_t n_tests;
	bool tests_stale;              /* written for the rule as it was before it was overridden */
	uint64_t hash;                 /* of its text and of the names it uses: equal on reload keeps the state */
};

struct ruleset {
	const struct limits *limits;
	struct arena *arena;
	struct complaints *complaints;
	struct names names;
	struct interned interned;
	struct compiler compiler;
	struct loaded_rule **rules;    /* by file, then place */
	size_t n_rules;
	struct suppression *suppressions;
	size_t n_suppressions;
	struct loading *loading;       /* load.c's own, until compiled */
	bool compiled, deep;
};

/* The shipped files, built into the program. */
extern const struct shipped shipped_rules[];
extern const size_t n_shipped_rules;

#endif
