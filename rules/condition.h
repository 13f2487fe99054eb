/*
 * condition.h - conditions compiled to flat programs, and their evaluation. Private to rules/.
 *
 * A condition is read once, token by token with exact positions, typed, and becomes an array of
 * steps for a small stack machine over {FALSE, UNKNOWN, TRUE}. Nothing is text at run time: header
 * names are interned, patterns compiled, constants converted, macros and lists put in place.
 */
#ifndef DAVSCOPE_RULES_CONDITION_H
#define DAVSCOPE_RULES_CONDITION_H

#include "rules/rules.h"

/* ---- constants ---- */
/* Reads plain text as a value of the type ("5m", "10.0.0.1", "6.5", "true"); text and ip point into the arena. */
bool constant_read(enum field_type, struct slice text, struct arena *, struct value *out);
int version_compare(struct slice a, struct slice b, bool *valid); /* <0, 0, >0; *valid false: one is no version */
bool duration_read(struct slice text, int64_t *ns);     /* "90s", "1.5h", "7d", "500ms" */

/* ---- names a condition may use ---- */
struct list {                  /* @name */
	const char *name;
	enum field_type type;  /* STRING, INT, IP, VERSION, DURATION */
	const struct value *items;
	size_t n_items;
	struct mark at;
	const char *file;
	uint64_t hash;         /* of its items; 0: not made yet */
	bool used;
};
struct macro {                 /* $name: compiled where it is used, because a group gives it meaning */
	const char *name;
	const struct yaml *body;
	const char *file;
	struct slice source;   /* the whole file */
	uint64_t hash;         /* of its text; 0: not made yet */
	bool used;
	bool open, broken;     /* being expanded now; wrong, and complained of */
};
struct variable {              /* ${name} */
	const char *name;
	enum field_type type;
	struct value value;
	uint64_t hash;         /* of its value; 0: not made yet */
	bool used, given;      /* given: by --var */
	bool broken;           /* it has no value, which is complained of */
};
struct names {
	struct list *lists;
	struct macro *macros;
	struct variable *variables;
	size_t n_lists, n_macros, n_variables;
	uint64_t asked;        /* a hash of what was found since it was set to 0, and of what it stands for */
};
/* The arrays are sorted by name, in this order. */
int names_order(struct slice a, struct slice b);
struct list *names_list(struct names *, struct slice name);
struct macro *names_macro(struct names *, struct slice name);
struct variable *names_variable(struct names *, struct slice name);

/* ---- header names used by a set, numbered ---- */
enum { INTERNED_MAX = 1024, NOT_INTERNED = INTERNED_MAX };
struct interned { struct slice names[INTERNED_MAX]; uint16_t table[2 * INTERNED_MAX]; size_t n; };
unsigned interned_find(const struct interned *, struct slice name); /* NOT_INTERNED: not there */
unsigned intern(struct interned *, struct slice name, struct arena *); /* NOT_INTERNED when there are too many */

/* ---- compiling ---- */
struct compiler {
	struct arena *arena;           /* programs and constants live here */
	struct complaints *complaints;
	struct names *names;
	struct interned *interned;
	size_t max_steps;              /* of one condition, macros in place */
	size_t steps_left;             /* of all conditions of the set together */
	const char *rule;              /* for complaints; NULL: none */
};

struct condition;
/* A scalar of a file. `kinds`: the events it will be asked about. NULL: complaints were made. */
struct condition *condition_compile(struct compiler *, const char *file, struct slice source,
    const struct yaml *node, unsigned kinds);
/* The text of a filter, all events. */
struct condition *condition_compile_text(struct compiler *, struct slice text);
/* Complains of what is wrong in a macro that no condition used, whatever it would be asked about. */
void macro_check(struct compiler *, struct macro *);
bool condition_is_deep(const struct condition *);
bool condition_is_never(const struct condition *);      /* false whatever the event is */

/* One field name in a key, template, `distinct:` or `fields:` list; E0201 otherwise. */
bool field_compile(struct compiler *, const char *file, const struct yaml *node, struct slice name,
    struct mark at, struct field_ref *out);

/* ---- evaluating ---- */
struct eval;                           /* what is remembered of one event while conditions look at it */
struct eval *eval_new(const struct interned *, const struct limits *); /* NULL: out of memory */
void eval_free(struct eval *);
void eval_event(struct eval *, const struct event *);   /* the event that the next calls are about */
enum truth eval_condition(struct eval *, const struct condition *);
/* False within nanoseconds when the condition cannot be true or unknown for this event. */
bool eval_may_match(const struct eval *, const struct condition *);

#endif
