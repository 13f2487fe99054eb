/*
 * parse.h - a condition while it is being compiled. Private to compile.c and compare.c.
 */
#ifndef DAVSCOPE_RULES_PARSE_H
#define DAVSCOPE_RULES_PARSE_H

#include "rules/program.h"
#include "rules/token.h"

enum { FRAMES_MAX = 32, PENDING_MAX = 4 * NESTING_MAX };

/* A text being read: the condition itself, and the macros it is in. */
struct frame {
	struct lexer lexer;
	const char *file;
	struct macro *macro;           /* NULL: the condition */
};

/* An operator that waits for its right side, or an open parenthesis. */
struct pending {
	enum token_kind kind;          /* TOKEN_NOT, TOKEN_AND, TOKEN_OR, TOKEN_OPEN */
	size_t patch;                  /* the jump to complete; TOKEN_OPEN of a group: its OP_GROUP */
	bool group, macro;             /* what the parenthesis belongs to */
	bool has_and, has_or;          /* seen at this level so far */
};

struct parse {
	struct compiler *compiler;
	unsigned kinds;
	struct frame frames[FRAMES_MAX];
	size_t n_frames;
	struct token token;            /* the one at hand */
	struct pending pending[PENDING_MAX];
	size_t n_pending;
	const struct field *group;     /* inside group(...): its field */
	struct guard guards[STACK_MAX]; /* of the values the program would have on its stack here */
	size_t n_guards;
	struct instruction *code;
	struct test *tests;
	size_t n_code, n_tests, room;
	bool deep, mixed;              /* mixed: W0301 was given */
	bool alone;                    /* a macro that no condition used, only looked at */
	bool guessed;                  /* and the group is one that its .members may be of */
	bool failed;
};

struct token parse_ahead(const struct parse *);         /* the one behind the one at hand */
void parse_advance(struct parse *);
/* Complains at a token, once: the first complaint ends the condition. The hint may be NULL. Always false. */
bool parse_refuse(struct parse *, const struct token *, const char *code, const char *hint, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
bool parse_refuse_wrong(struct parse *, const struct token *); /* the same for a TOKEN_WRONG */
/* A word that is no field, where a text is wanted. */
bool parse_refuse_bare(struct parse *, const struct token *);
void parse_warn(struct parse *, const struct mark *start, const struct mark *end, const char *code, const char *text, const char *hint);

/* compare.c: everything that is no operator: one operand and its comparison, if any. False: refused. */
bool parse_test(struct parse *, struct test *);
struct guard test_guard(const struct test *);
enum quantifier quantifier_of(enum token_kind);
bool token_is_constant(enum token_kind);
bool token_is_relation(enum token_kind);   /* ==, in, contains ... */

/* operand.c: a field, header["Name"], .member or function(field). */
bool parse_operand(struct parse *, struct operand *);
bool parse_field(struct parse *, struct operand *);
bool operand_is_many(const struct operand *);
bool token_is_group(const struct token *, struct field_ref *);
bool token_is_bare(const struct token *);  /* a word that is neither field nor function */

/* items.c: the constants on the right of a comparison with test->left. */
bool parse_items(struct parse *, struct test *);
bool type_is_text(enum field_type);

#endif
