/*
 * load.h - rule files on their way to a compiled set. Private to ruleset.c, load*.c, template.c.
 *
 * Reading collects what stands in the files; compiling gives it meaning, over all files at once.
 * Every complaint is made where it arises, and the rest goes on: one run shows all errors.
 */
#ifndef DAVSCOPE_RULES_LOAD_H
#define DAVSCOPE_RULES_LOAD_H

#include "rules/ruleset.h"

#include <sys/types.h>

enum { FILE_DEPTH = 32 };

/* A file as it was read. Its text and tree live in the arena of the set. */
struct origin {
	struct ruleset *set;
	const char *name;
	struct slice text;
	bool shipped;
};

/* A value and the file that says so: an override may take it from another one than the rule. */
struct said { const struct yaml *node; const struct origin *from; };

enum rule_key {
	RULE_ID, RULE_REV, RULE_TITLE, RULE_DESCRIPTION, RULE_SEVERITY, RULE_ESCALATE, RULE_CONFIDENCE,
	RULE_STATUS, RULE_TAGS, RULE_REFERENCES, RULE_REMEDY, RULE_ENABLED, RULE_EVENT,
	RULE_CONDITION, RULE_EXCEPT, RULE_WINDOW, RULE_SEQUENCE, RULE_LIMIT, RULE_OUTPUT,
	RULE_FIELDS, RULE_ON_UNKNOWN, RULE_TESTS,
	RULE_KEYS,
	RULE_APPEND_EXCEPT = RULE_KEYS, /* overrides only */
	OVERRIDE_KEYS
};

struct appended { struct said said; struct appended *next; };

/* An array in the arena, and its next element: NULL when there is no room. */
struct growing { void *items; size_t n, room; };
void *growing_next(struct ruleset *, struct growing *, size_t size);

/* A rule as its file and the overrides say it. */
struct raw_rule {
	const char *id;
	struct said item;              /* the whole of it */
	struct said keys[RULE_KEYS];   /* node NULL: not given */
	bool overridden[RULE_KEYS];
	struct growing overrides;      /* of struct overridden */
	struct appended *except;       /* lists of conditions */
	uint64_t hash;
	size_t number;
};

struct override { const char *id; struct said item; const struct yaml *keys[OVERRIDE_KEYS]; };
struct declared { struct said value; size_t number; }; /* its name is the key of the value */
struct given { struct slice name, text; };              /* --var */

struct file_id { dev_t device; ino_t number; };

struct loading {
	struct growing rules;          /* of raw_rule */
	struct growing overrides;      /* of override */
	struct growing suppressions;   /* of said */
	struct growing lists, macros, variables; /* of declared */
	struct growing given;
	struct growing files;          /* of file_id */
	struct raw_rule **by_id;       /* sorted, each id once; when compiling began */
	size_t n_by_id;
	const char *file;              /* read last */
	bool full;                     /* E0010 was said */
	size_t guesses;                /* ids that were looked for among their like */
};

/* ---- load_schema.c: kinds, keys and simple values. What returns false or NULL has complained ---- */
enum { TEXT = 1u << YAML_SCALAR, LIST = 1u << YAML_LIST, MAP = 1u << YAML_MAP };
struct key { const char *name; unsigned kind; bool required; };

/* A complaint about a node, its text filled; the hint stays empty. */
struct complaint *refuse(const struct origin *, const struct yaml *, const char *code,
    const char *format, ...) __attribute__((format(printf, 4, 5)));
struct complaint *refuse_at(const struct origin *, const struct mark *, const char *code,
    const char *format, ...) __attribute__((format(printf, 4, 5)));
void hint(struct complaint *, const char *format, ...) __attribute__((format(printf, 2, 3)));
void *room_for(struct ruleset *, size_t n);    /* NULL: E0010 */
void set_is_full(struct ruleset *);            /* says E0010, once */

/* False: there are so many errors that further ones are not kept. */
bool complaints_wanted(const struct complaints *);
/* Picks the values of a map; out[i] is NULL when keys[i] is not there or of the wrong kind. */
bool map_read(const struct origin *, const struct yaml *, const char *what, const struct key *,
    size_t n, const struct yaml **out);
bool kind_check(const struct origin *, const struct yaml *, unsigned kind, const char *what);
/* A text that may not be empty, a line break at its end taken off; NULL: complained. */
const char *text_read(const struct origin *, const struct yaml *, const char *what);
bool word_read(const struct origin *, const struct yaml *, const char *what,
    const char *const *words, size_t n, size_t *out);
bool flag_read(const struct origin *, const struct yaml *, const char *what, bool *out);
bool count_read(const struct origin *, const struct yaml *, const char *what, uint64_t least,
    uint64_t most, uint64_t *out);
bool event_read(const struct origin *, const struct yaml *, enum event_kind *out);
bool is_ident(struct slice);
/* A duration that is not negative and not 0, or ${name} of a variable that is one. */
bool period_read(const struct origin *, const struct yaml *, const char *what, int64_t *ns);
bool name_is_new(const struct origin *, const struct yaml *, const char *what,
    const char *const *names, size_t n);
/* Names in a list: each a text, none twice, at most `most`. Returns how many it put. */
size_t names_read(const struct origin *, const struct yaml *list, const char *what,
    const char **out, size_t most);

/* ---- load_file.c ---- */
void origin_read(struct ruleset *, const char *name, struct slice text, bool shipped);

/* ---- load_names.c ---- */
void names_build(struct ruleset *);

/* ---- load_override.c ---- */
void rules_index(struct ruleset *);
void overrides_apply(struct ruleset *);
struct raw_rule *raw_rule_find(const struct ruleset *, const char *id);
void hint_rule(struct complaint *, struct ruleset *, const char *id); /* the nearest id */

/* ---- load_rule.c ---- */
struct slice item_text(const struct said *);   /* as it stands in its file */
struct loaded_rule *rule_build(struct ruleset *, const struct raw_rule *);
/* Compiles it and notes in the set whether it is deep. */
struct condition *said_condition(const struct said *, unsigned kinds);

/* ---- load_state.c ---- */
enum { ALL_KINDS = (1 << EVENT_KINDS) - 1 };
void window_build(struct loaded_rule *, const struct said *);
void limit_build(struct loaded_rule *, const struct said *);
void carried_build(struct loaded_rule *, const struct said *);
void escalate_build(struct loaded_rule *, const struct said *);
/* A field by its name, of one of these events; `single`: fit for a key. */
bool said_field(const struct said *, struct slice name, unsigned kinds, bool single,
    struct field_ref *out);
/* The events whose fields are at hand when the rule fires: 0 behind a last negative step. */
unsigned rule_cause_kinds(const struct loaded_rule *);

/* ---- load_sequence.c ---- */
void sequence_build(struct loaded_rule *, const struct said *);

/* ---- load_test.c ---- */
void tests_build(struct loaded_rule *, const struct said *); /* after all else of the rule */

/* ---- load_suppress.c ---- */
void suppressions_build(struct ruleset *);

/* ---- load_lint.c ---- */
void ruleset_lint(struct ruleset *);

#endif
