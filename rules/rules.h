/*
 * rules.h - the typed field table, conditions over it, and the rules that turn events into findings.
 *
 * One name is rule field, JSON path, -e column and filter name. A condition is true, false or
 * unknown: what was not observed is never taken for absent. A rule fires only on true.
 */
#ifndef DAVSCOPE_RULES_H
#define DAVSCOPE_RULES_H

#include "analysis/analysis.h"

enum field_type {
	FIELD_BOOL, FIELD_INT, FIELD_STRING, FIELD_ISTRING, FIELD_IP, FIELD_DURATION, FIELD_TIME,
	FIELD_VERSION,     /* 6.5.7651.50: compared part by part, missing parts are 0 */
	FIELD_ENUM,        /* a string out of a short list */
	FIELD_HEADERS,     /* a map: lower-case name to values; field["Name"] picks one */
	FIELD_MAP,         /* a map: name to one value; field["name"] picks one */
	FIELD_GROUP,       /* a list of elements; its fields follow it in the table as GROUP.NAME */
};
const char *field_type_name(enum field_type);

enum { VALUE_MADE = 24 };
struct value {                 /* its slices live as long as the event, or as itself: see `made` */
	struct slice text;     /* STRING, ISTRING, ENUM, VERSION; maps: the value */
	int64_t number;        /* BOOL, INT, DURATION and TIME in ns */
	const struct endpoint *ip;
	char made[VALUE_MADE]; /* a text made from a number: `text` points here, so a copy does not own its text */
};

struct field {
	const char *name, *text; /* text: one line for people */
	enum field_type type;
	bool many;             /* can hold several values */
	bool deep;             /* needs every body parsed (BODIES_ALL) */
	unsigned kinds;        /* bit per enum event_kind that has it */
	const char *const *words; /* FIELD_ENUM: all it can be, NULL at the end */
};

/*
 * Reading one field of one event. Elements of a group are addressed by index; a header by name.
 * field_read: PRESENT sets *v to value number `nth` (0-based). With nth beyond the last, ABSENT
 * when all values were observed, else NOT_OBSERVED.
 */
struct field_ref {
	const struct field *field;
	struct slice header;   /* FIELD_HEADERS, FIELD_MAP: the name asked for, empty = all of them; points into field_find's name */
};
const struct field *fields_table(size_t *n);                    /* in the order of fields.def */
bool field_find(const char *name, struct field_ref *out, struct error *); /* name or name["Header"] */
bool field_allows(const struct field *, struct slice text);       /* an enum: it is one of its words; else any text is */
const struct field *field_like(struct slice name);              /* the nearest spelling, NULL: none is near */
enum seen field_read(const struct field_ref *, const struct event *, size_t element, size_t nth, struct value *v);
/* The message whose header block the map shows, and whether all of it was seen; NULL: none, or a mock. */
const struct message *field_headers(const struct field *map, const struct event *, bool *complete);
/* Entry i of a FIELD_MAP; false: there are no more. */
bool field_entry(const struct field *map, const struct event *, size_t i, struct slice *name, struct value *v);
const struct field *field_group(const struct field *member);    /* NULL: it is no member of a group */
size_t field_elements(const struct field *group, const struct event *, bool *complete);

/* ---- conditions: the language of rules, as a filter ---- */
enum truth { FALSE, UNKNOWN, TRUE };
struct filter;
struct ruleset;
/*
 * NULL: *why says what is wrong with it; its line and column are those of `text`. Macros, lists
 * and variables are those of the compiled set, which has to outlive the filter; NULL: there are none.
 */
struct filter *filter_new(const char *text, struct ruleset *, const struct limits *, struct complaint *why);
enum truth filter_test(struct filter *, const struct event *);
bool filter_is_deep(const struct filter *);                     /* reads a field that is deep */
void filter_free(struct filter *);

/* ---- rules ---- */
enum severity { SEVERITY_INFO, SEVERITY_LOW, SEVERITY_MEDIUM, SEVERITY_HIGH, SEVERITY_CRITICAL, SEVERITIES };
enum confidence { CONFIDENCE_LOW, CONFIDENCE_MEDIUM, CONFIDENCE_HIGH };
const char *severity_name(enum severity);                       /* "info" */
const char *confidence_name(enum confidence);
bool severity_find(const char *name, enum severity *);

struct reference { const char *url, *title, *kb; };             /* each may be NULL */
struct overridden { const char *file, *keys; size_t line; };    /* "severity, limit" */
struct rule {
	const char *id, *title, *file;
	const char *code;              /* the tag that is a detector's code ("D02"), NULL = none */
	const char *description, *remedy; /* NULL = none */
	const char *status;            /* "experimental", "test", "stable" */
	unsigned rev; const char *version; /* version: rev as text */
	enum severity severity, worst; /* worst: with escalate what it leads to, else the same */
	enum confidence confidence;
	const char *const *tags;
	const struct reference *references;
	size_t n_tags, n_references, line;
	bool enabled, shipped;
	const struct overridden *overrides; size_t n_overrides; /* in the order of the files */
	const char *source;            /* its text as it stands in the file, NUL-terminated */
};

/* A set of rule files. Everything in it lives until ruleset_free(). */
struct ruleset;
struct ruleset *ruleset_new(const struct limits *, struct error *);      /* borrows the limits */
bool ruleset_set_variable(struct ruleset *, const char *name_value, struct error *); /* --var, before any file */
/* False: *error says why the file cannot be had. What is wrong inside is a complaint. */
bool ruleset_load(struct ruleset *, const char *path, struct error *);   /* a file, or *.yaml of a directory */
bool ruleset_load_shipped(struct ruleset *, struct error *);
void ruleset_read(struct ruleset *, const char *name, struct slice text);
/* Names, types, templates, over all files; once. False: there are errors among the complaints. */
bool ruleset_compile(struct ruleset *);
/* W0305 for suppressions that are over by then: a library has no clock of its own. */
void ruleset_lint_time(struct ruleset *, int64_t now_ns);
const struct complaint *ruleset_complaints(const struct ruleset *, size_t *n); /* by file and position */
const struct rule *ruleset_rule(const struct ruleset *, size_t i);       /* by file, then place; NULL: no more */
bool ruleset_is_deep(const struct ruleset *);
unsigned ruleset_kinds(const struct ruleset *, size_t rule);    /* bit per enum event_kind it looks at */
/* The fields that a rule's conditions read, each once, in the order of the table; how many. */
size_t ruleset_reads(const struct ruleset *, size_t rule, const struct field **out, size_t room);
bool ruleset_clause(const struct ruleset *, size_t rule, size_t i, char *out, size_t room); /* sentence i on when it fires, or ""; false: no more */
const char *ruleset_like(const struct ruleset *, const char *id); /* the nearest id, NULL: none is near */
void ruleset_free(struct ruleset *);

/* ---- findings ---- */
enum outcome { CONCLUSIVE, INCONCLUSIVE_EOF, INCONCLUSIVE_LOSS, INCONCLUSIVE_UNKNOWN };
struct named_text { struct slice name, text; };                 /* a key with its value, a step with its event */
struct finding {
	const struct rule *rule;
	enum severity severity; enum outcome outcome; /* severity: of its rule, or what that escalates to */
	uint64_t id;                   /* of rule, rev, key, first event, its first packet and its file */
	uint64_t update;               /* 0 the first time; a later state of the same finding counts up */
	struct slice message;
	const struct named_text *keys, *steps;
	size_t n_keys, n_steps;
	const struct named_text *fields; size_t n_fields; /* the rule's `fields:`, a line a value */
	uint64_t count;                /* events it rests on */
	int64_t first_ns, last_ns;
	uint64_t suppressed;           /* findings of this rule kept back by its limit since the last one */
	bool state_evicted;            /* state of this rule was lost at a limit: there may be more to it */
	const struct stamp *evidence; size_t n_evidence; /* packets, in the total order, each once */
	const size_t *runs; size_t n_runs; /* where each run of packets of one input begins; NULL: found by walking */
};

/* Per rule, in the order of ruleset_rule(). */
struct rule_counts {
	uint64_t matches, findings, unknown, keyless, evicted;
	uint64_t limited, suppressed, excepted, inconclusive[3]; /* by enum outcome - 1 */
};

/* `cause` is the event that completed the finding; NULL: time passed. Both die with the call. */
struct rules_sink { void (*finding)(void *ctx, const struct event *finding, const struct event *cause); void *ctx; };
struct rules_options {
	const struct limits *limits;
	struct hash_key key;
	const char *const *input_names;
	size_t n_inputs;
	uint64_t (*content_hash)(void *ctx, uint16_t input);    /* tells files apart in finding ids; NULL: all are one */
	void *content_ctx;
};
struct rules;
struct rules *rules_new(struct ruleset *, const struct rules_options *, struct rules_sink, struct error *); /* takes the compiled set, also when it fails */
void rules_event(struct rules *, const struct event *);         /* may call the sink */
/* Behind loading, where packets may have gone by unseen: what was open then cannot say any more that something did not come. */
void rules_missed(struct rules *);
void rules_tick(struct rules *, int64_t now_ns);                         /* nothing came, and so late it is */
/* As analysis_save() and analysis_load(); a rule that is another one now has nothing to remember. */
bool rules_save(struct rules *, const struct state_sink *);
void rules_save_anew(struct rules *);
bool rules_load(struct rules *, const struct state_record *);
/* Moves the clock to the last packet, if that is no jump; what is still open then is inconclusive. */
void rules_finish(struct rules *, int64_t last_ns);
/*
 * All or nothing: takes the new set when it compiled and its embedded tests pass, else frees it
 * and goes on with the old one. Rules with the same id, rev and text keep their state.
 */
bool rules_reload(struct rules *, struct ruleset *, struct error *);
const struct ruleset *rules_set(const struct rules *);
const struct rule_counts *rules_counts(const struct rules *, size_t i);  /* NULL: no more */
size_t rules_keys(const struct rules *, size_t i);              /* what that rule remembers now */
void rules_free(struct rules *);

/* ---- tests ---- */
struct test_result {
	const struct rule *rule;
	const char *name, *file;
	size_t line;
	bool passed, skipped;          /* skipped: not run, and so passed */
	char why[400];                 /* it failed: expected, seen; or why it was skipped */
};
struct test_sink { void (*result)(void *ctx, const struct test_result *); void *ctx; };
/* The tests embedded in the rules, in order. False: one failed, or *error: none could be run. */
bool ruleset_test(const struct ruleset *, const struct limits *, struct test_sink, struct error *);
bool ruleset_expects_silence(const struct ruleset *, size_t rule);       /* has a test that expects no finding */

/* What must be found in one capture: NAME.expect.yaml beside it. */
struct expect;
struct expect *expect_load(const char *path, struct error *);
bool expect_fits(const struct expect *, const struct ruleset *, struct error *); /* false: it names a rule that is not in the set */
void expect_finding(struct expect *, const struct event *finding, const struct event *cause);
bool expect_finish(struct expect *, struct test_sink);          /* one result an expectation; true: all passed */
void expect_free(struct expect *);

#endif
