/*
 * token.h - the words of a condition, each with its exact place in the file. Private to rules/.
 */
#ifndef DAVSCOPE_RULES_TOKEN_H
#define DAVSCOPE_RULES_TOKEN_H

#include "rules/condition.h"

enum token_kind {
	TOKEN_END, TOKEN_WRONG,
	TOKEN_OPEN, TOKEN_CLOSE, TOKEN_SET_OPEN, TOKEN_SET_CLOSE, TOKEN_INDEX_OPEN, TOKEN_INDEX_CLOSE,
	TOKEN_COMMA, TOKEN_RANGE, TOKEN_SLASH,
	TOKEN_AND, TOKEN_OR, TOKEN_NOT, TOKEN_IN, TOKEN_TRUE, TOKEN_FALSE,
	TOKEN_ANY, TOKEN_ALL, TOKEN_NONE, TOKEN_EXISTS, TOKEN_ABSENT, TOKEN_OBSERVED,
	TOKEN_EQ, TOKEN_NE, TOKEN_LT, TOKEN_LE, TOKEN_GT, TOKEN_GE,
	TOKEN_CONTAINS, TOKEN_ICONTAINS, TOKEN_STARTS, TOKEN_ISTARTS, TOKEN_ENDS, TOKEN_IENDS, TOKEN_MATCHES,
	TOKEN_NAME,        /* a.b.c, or .c inside a group */
	TOKEN_MACRO, TOKEN_LIST, TOKEN_VARIABLE, /* text: the name alone */
	TOKEN_STRING,      /* text: what it means */
	TOKEN_INTEGER, TOKEN_DECIMAL, TOKEN_DURATION, TOKEN_IP, TOKEN_TIME, /* text: as written */
};

struct token {
	enum token_kind kind;
	struct slice text;
	struct mark start, end;
	const char *code;  /* TOKEN_WRONG: what to complain of, with its text */
	const char *why, *hint; /* the hint may be NULL */
};

/* Where reading stands. Copying it is how the parser looks ahead. */
struct lexer {
	struct slice source;   /* the whole file, or the text of a filter */
	struct mark at;
	size_t end;            /* byte offset where the scalar ends */
	struct arena *arena;   /* for strings */
};

struct lexer lexer_scalar(struct slice source, const struct yaml *node, struct arena *);
struct lexer lexer_text(struct slice text, struct arena *);
struct token lexer_next(struct lexer *);
const char *token_word(enum token_kind);   /* "and", "==", "a string": for complaints */

#endif
