/*
 * compile.c - the operators of a condition: a stack of those that wait for their right side turns
 * the text into a flat program in one pass. Macros are read in place, as if in parentheses.
 */
#include "rules/parse.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- tokens and complaints ---- */

static struct frame *frame_now(struct parse *p)
{
	return &p->frames[p->n_frames - 1];
}

void parse_advance(struct parse *p)
{
	p->token = lexer_next(&frame_now(p)->lexer);
}

struct token parse_ahead(const struct parse *p)
{
	struct lexer copy = p->frames[p->n_frames - 1].lexer;
	return lexer_next(&copy);
}

/* Syntax, unknown names, cycles, length: wrong whatever group the members are of. */
static bool holds_in_any_group(const char *code)
{
	return strncmp(code, "E01", 3) == 0 || strncmp(code, "E00", 3) == 0 ||
	    strcmp(code, "E0201") == 0 || strcmp(code, "E0202") == 0 ||
	    strcmp(code, "E0211") == 0 || strcmp(code, "E0212") == 0;
}

bool parse_refuse_wrong(struct parse *p, const struct token *t)
{
	return parse_refuse(p, t, t->code, t->hint, "%s", t->why);
}

bool parse_refuse_bare(struct parse *p, const struct token *t)
{
	char text[64], hint[128];
	snprintf(hint, sizeof hint, "texts stand in double quotes: \"%s\"", quoted(text, t->text));
	return parse_refuse(p, t, "E0201", hint, "unknown field %s", quoted(text, t->text));
}

bool parse_refuse(struct parse *p, const struct token *at, const char *code, const char *hint,
    const char *format, ...)
{
	if (p->failed)
		return false;
	p->failed = true;
	if (p->guessed && !holds_in_any_group(code))
		return false;
	for (size_t i = 0; i < p->n_frames; i++)
		if (p->frames[i].macro != NULL)
			p->frames[i].macro->broken = true;
	struct complaint *c = complaint_add(p->compiler->complaints, code, frame_now(p)->file,
	    &at->start, &at->end);
	va_list args;
	va_start(args, format);
	vsnprintf(c->text, sizeof c->text, format, args);
	va_end(args);
	snprintf(c->hint, sizeof c->hint, "%s", hint != NULL ? hint : "");
	c->rule = p->compiler->rule;
	return false;
}

void parse_warn(struct parse *p, const struct mark *start, const struct mark *end, const char *code,
    const char *text, const char *hint)
{
	struct complaint *c = complaint_add(p->compiler->complaints, code, frame_now(p)->file,
	    start, end);
	snprintf(c->text, sizeof c->text, "%s", text);
	snprintf(c->hint, sizeof c->hint, "%s", hint);
	c->rule = p->compiler->rule;
}

/* ---- the program ---- */

static bool grow(struct parse *p)
{
	size_t room = p->room == 0 ? 32 : 2 * p->room;
	void *code = realloc(p->code, room * sizeof *p->code);
	if (code != NULL)
		p->code = code;
	void *tests = realloc(p->tests, room * sizeof *p->tests);
	if (tests != NULL)
		p->tests = tests;
	if (code == NULL || tests == NULL)
		return parse_refuse(p, &p->token, "E0010", NULL, "out of memory");
	p->room = room;
	return true;
}

static bool emit(struct parse *p, enum opcode op, uint32_t arg)
{
	if (p->n_code == p->compiler->max_steps)
		return parse_refuse(p, &p->token, "E0212", "a list or a pattern may say the same",
		    "the condition is too long with its macros in place");
	if (p->compiler->steps_left == 0)
		return parse_refuse(p, &p->token, "E0212", NULL,
		    "all conditions together are too long with their macros in place");
	p->compiler->steps_left--;
	if (p->n_code == p->room && !grow(p))
		return false;
	p->code[p->n_code++] = (struct instruction){ op, arg };
	return true;
}

static bool push_guard(struct parse *p, struct guard guard)
{
	ensure(p->n_guards < STACK_MAX, NULL);
	p->guards[p->n_guards++] = guard;
	return true;
}

static const struct guard guard_all = { UINT64_MAX, UINT64_MAX };

static bool emit_test(struct parse *p, const struct test *test)
{
	if (!emit(p, OP_TEST, (uint32_t)p->n_tests))
		return false;
	p->tests[p->n_tests++] = *test;
	return push_guard(p, test_guard(test));
}

/* The right side of a waiting operator is complete. */
static bool complete(struct parse *p, const struct pending *w)
{
	if (w->kind == TOKEN_NOT) {
		p->guards[p->n_guards - 1] = guard_all;
		return emit(p, OP_NOT, 0);
	}
	struct guard right = p->guards[--p->n_guards];
	struct guard *left = &p->guards[p->n_guards - 1];
	bool and = w->kind == TOKEN_AND;
	left->methods = and? left->methods & right.methods : left->methods | right.methods;
	left->flavours = and? left->flavours & right.flavours : left->flavours | right.flavours;
	if (!emit(p, and? OP_AND : OP_OR, 0))
		return false;
	p->code[w->patch].arg = (uint32_t)p->n_code;
	return true;
}

static int binding(enum token_kind kind)
{
	return kind == TOKEN_NOT ? 3 : kind == TOKEN_AND ? 2 : kind == TOKEN_OR ? 1 : 0;
}

/* Completes the operators that bind at least as tightly. */
static bool reduce(struct parse *p, int least)
{
	while (p->n_pending != 0 && binding(p->pending[p->n_pending - 1].kind) >= least) {
		struct pending waiting = p->pending[--p->n_pending];
		if (!complete(p, &waiting))
			return false;
	}
	return true;
}

static bool wait_for(struct parse *p, struct pending pending)
{
	size_t open = 0;
	for (size_t i = 0; i < p->n_pending; i++)
		open += p->pending[i].kind != TOKEN_AND && p->pending[i].kind != TOKEN_OR;
	if (p->n_pending == PENDING_MAX || open == NESTING_MAX)
		return parse_refuse(p, &p->token, "E0212", "use macros or fewer parentheses",
		    "the condition is nested too deeply");
	p->pending[p->n_pending++] = pending;
	return true;
}

/* ---- macros ---- */

static struct frame frame_of(struct macro *macro, struct arena *arena)
{
	return (struct frame){
		.lexer = lexer_scalar(macro->source, macro->body, arena),
		.file = macro->file,
		.macro = macro,
	};
}

static bool enter_macro(struct parse *p)
{
	struct compiler *c = p->compiler;
	struct macro *macro = names_macro(c->names, p->token.text);
	char name[64];
	if (macro == NULL)
		return parse_refuse(p, &p->token, "E0202", NULL, "unknown macro $%s",
		    quoted(name, p->token.text));
	macro->used = macro->used || !p->alone;
	p->failed = p->failed || macro->broken; /* complained of where it was used first */
	if (p->failed)
		return false;
	if (macro->open)
		return parse_refuse(p, &p->token, "E0211", NULL, "macro $%s uses itself",
		    macro->name);
	if (p->n_frames == FRAMES_MAX)
		return parse_refuse(p, &p->token, "E0212", NULL,
		    "macros within macros, more than %d deep", FRAMES_MAX);
	if (!wait_for(p, (struct pending){ .kind = TOKEN_OPEN, .macro = true }))
		return false;
	macro->open = true;
	p->frames[p->n_frames++] = frame_of(macro, c->arena);
	parse_advance(p);
	return true;
}

/* The text of a macro is at its end, and so is what it stands for. */
static bool leave_macro(struct parse *p)
{
	if (!reduce(p, 1))
		return false;
	struct pending *open = p->n_pending != 0 ? &p->pending[p->n_pending - 1] : NULL;
	if (open == NULL || !open->macro)
		return parse_refuse(p, &p->token, "E0101", NULL,
		    "a parenthesis is not closed before the end");
	p->n_pending--;
	frame_now(p)->macro->open = false;
	p->n_frames--;
	parse_advance(p);
	return true;
}

/* ---- what stands where an operand is wanted ---- */

static bool enter_group(struct parse *p, enum token_kind word, const struct field_ref *ref)
{
	struct test test = { .kind = TEST_GROUP,
		.quantifier = quantifier_of(word),
		.left = { .ref = *ref, .group = ref->field } };
	if (p->group != NULL)
		return parse_refuse(p, &p->token, "E0209", NULL,
		    "a group inside another one; only one element is at hand");
	if (!(ref->field->kinds & p->kinds))
		return parse_refuse(p, &p->token, "E0203", NULL, "these events have no %s",
		    ref->field->name);
	p->deep = p->deep || ref->field->deep;
	struct pending open = { .kind = TOKEN_OPEN, .group = true, .patch = p->n_code };
	if (!emit(p, OP_GROUP, (uint32_t)p->n_tests))
		return false;
	p->tests[p->n_tests++] = test;
	p->group = ref->field;
	parse_advance(p);
	if (!wait_for(p, open))
		return false;
	parse_advance(p);
	return true;
}

/* One step where an operand is wanted; *have: there is one now. */
static bool operand_step(struct parse *p, bool *have)
{
	enum token_kind kind = p->token.kind;
	struct field_ref ref;
	*have = false;
	if (kind == TOKEN_OPEN || kind == TOKEN_NOT) {
		struct pending pending = { .kind = kind };
		if (!wait_for(p, pending))
			return false;
		parse_advance(p);
		return true;
	}
	if (kind == TOKEN_MACRO)
		return enter_macro(p);
	if ((kind == TOKEN_TRUE || kind == TOKEN_FALSE) &&
	    !token_is_relation(parse_ahead(p).kind)) {
		struct guard never = { 0, 0 };
		if (!emit(p, kind == TOKEN_TRUE ? OP_TRUE : OP_FALSE, 0))
			return false;
		parse_advance(p);
		*have = true;
		return push_guard(p, kind == TOKEN_TRUE ? guard_all : never);
	}
	if (kind == TOKEN_ANY || kind == TOKEN_ALL || kind == TOKEN_NONE) {
		struct token next = parse_ahead(p);
		if (token_is_group(&next, &ref)) {
			parse_advance(p);
			if (parse_ahead(p).kind == TOKEN_OPEN)
				return enter_group(p, kind, &ref);
			return parse_refuse(p, &p->token, "E0209", NULL,
			    "%s is a group; write (...) behind it, with .member inside",
			    ref.field->name);
		}
	}
	struct test test = { 0 };
	*have = true;
	return parse_test(p, &test) && emit_test(p, &test);
}

/* ---- what stands behind an operand ---- */

/* `a and b or c`: right, but read twice by everyone. */
static void note_mixed(struct parse *p, enum token_kind kind)
{
	struct pending *level = NULL;
	for (size_t i = p->n_pending; i != 0 && level == NULL; i--)
		if (p->pending[i - 1].kind == TOKEN_OPEN)
			level = &p->pending[i - 1];
	if (level == NULL)
		return;
	level->has_and = level->has_and || kind == TOKEN_AND;
	level->has_or = level->has_or || kind == TOKEN_OR;
	if (!level->has_and || !level->has_or || p->mixed)
		return;
	p->mixed = true;
	parse_warn(p, &p->token.start, &p->token.end, "W0301", "and beside or without parentheses",
	    "and binds tighter; parentheses show it");
}

static bool binary_step(struct parse *p)
{
	enum token_kind kind = p->token.kind;
	if (!reduce(p, binding(kind)))
		return false;
	note_mixed(p, kind);
	struct pending pending = { .kind = kind, .patch = p->n_code };
	if (!emit(p, kind == TOKEN_AND ? OP_UNLESS_FALSE : OP_UNLESS_TRUE, 0) ||
	    !wait_for(p, pending))
		return false;
	parse_advance(p);
	return true;
}

static bool close_step(struct parse *p)
{
	if (!reduce(p, 1))
		return false;
	struct pending *open = &p->pending[p->n_pending - 1];
	if (p->n_pending <= 1 || open->macro)
		return parse_refuse(p, &p->token, "E0101", NULL, "a ) without its (");
	p->n_pending--;
	if (open->group) {
		p->group = NULL;
		p->guards[p->n_guards - 1] = guard_all;
		if (!emit(p, OP_END, 0))
			return false;
		p->tests[p->code[open->patch].arg].behind = p->n_code;
	}
	parse_advance(p);
	return true;
}

static const char *wrong_case(const struct token *t)
{
	static const char *const words[] = { "and", "or", "not", "in" };
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		if (t->kind == TOKEN_NAME && slice_is_nocase(t->text, words[i]))
			return "keywords are in lower case";
	return NULL;
}

static bool refuse_here(struct parse *p, const char *wanted)
{
	const struct token *t = &p->token;
	char text[64];
	if (t->kind == TOKEN_WRONG)
		return parse_refuse_wrong(p, t);
	if (t->kind == TOKEN_END)
		return parse_refuse(p, t, "E0101", NULL, "%s is missing at the end", wanted);
	return parse_refuse(p, t, "E0101", wrong_case(t), "%s is expected here, not %s", wanted,
	    quoted(text, t->text));
}

/* One step behind an operand; *have: it is still there, *done: nothing is left. */
static bool operator_step(struct parse *p, bool *have, bool *done)
{
	*have = true;
	switch (p->token.kind) {
	case TOKEN_AND:
	case TOKEN_OR:
		*have = false;
		return binary_step(p);
	case TOKEN_CLOSE:
		return close_step(p);
	case TOKEN_END:
		if (p->n_frames > 1)
			return leave_macro(p);
		*done = true;
		if (!reduce(p, 1))
			return false;
		return p->n_pending == 1 ||
		    parse_refuse(p, &p->token, "E0101", NULL,
			"a parenthesis is not closed before the end");
	default:
		return refuse_here(p, "and, or, or the end");
	}
}

/* ---- the whole ---- */

static void close_macros(struct parse *p)
{
	for (size_t i = 0; i < p->n_frames; i++)
		if (p->frames[i].macro != NULL)
			p->frames[i].macro->open = false;
}

static bool parse_all(struct parse *p)
{
	bool have = false, done = false;
	wait_for(p, (struct pending){ .kind = TOKEN_OPEN });
	parse_advance(p);
	while (!done) {
		enum token_kind kind = p->token.kind;
		if (!have && (kind == TOKEN_END || kind == TOKEN_CLOSE || kind == TOKEN_WRONG))
			return refuse_here(p, "a comparison");
		if (!(have ? operator_step(p, &have, &done) : operand_step(p, &have)))
			return false;
	}
	return emit(p, OP_END, 0);
}

/* Copies what was compiled, of the size it came to have. */
static struct condition *condition_keep(struct parse *p)
{
	struct arena *arena = p->compiler->arena;
	struct condition *c = arena_alloc(arena, sizeof *c);
	struct instruction *code = arena_alloc(arena, p->n_code * sizeof *code);
	struct test *tests = arena_alloc(arena, p->n_tests * sizeof *tests);
	if (c == NULL || code == NULL || tests == NULL) {
		parse_refuse(p, &p->token, "E0010", NULL, "the rules need too much memory");
		return NULL;
	}
	memcpy(code, p->code, p->n_code * sizeof *code);
	if (p->n_tests != 0)
		memcpy(tests, p->tests, p->n_tests * sizeof *tests);
	*c = (struct condition){ .code = code,
		.tests = tests,
		.n_code = p->n_code,
		.guard = p->guards[0],
		.deep = p->deep };
	return c;
}

/* NULL: out of memory, complained of. */
static struct parse *parse_new(struct compiler *compiler, struct frame first, unsigned kinds)
{
	struct parse *p = calloc(1, sizeof *p);
	if (p == NULL) {
		struct mark *at = &first.lexer.at;
		struct complaint *why = complaint_add(compiler->complaints, "E0010", first.file, at,
		    at);
		snprintf(why->text, sizeof why->text, "out of memory");
		return NULL;
	}
	p->compiler = compiler;
	p->kinds = kinds;
	p->frames[p->n_frames++] = first;
	return p;
}

static void parse_free(struct parse *p)
{
	close_macros(p);
	free(p->code);
	free(p->tests);
	free(p);
}

static struct condition *compile(struct compiler *compiler, const char *file, struct lexer lexer,
    unsigned kinds)
{
	struct frame first = { .lexer = lexer, .file = file };
	struct parse *p = parse_new(compiler, first, kinds);
	if (p == NULL)
		return NULL;
	struct condition *c = parse_all(p) ? condition_keep(p) : NULL;
	parse_free(p);
	return c;
}

struct condition *condition_compile(struct compiler *compiler, const char *file,
    struct slice source, const struct yaml *node, unsigned kinds)
{
	if (node->kind == YAML_SCALAR && node->style != YAML_QUOTED)
		return compile(compiler, file, lexer_scalar(source, node, compiler->arena), kinds);
	struct complaint *c = complaint_add(compiler->complaints, "E0103", file, &node->start,
	    &node->end);
	snprintf(c->text, sizeof c->text, "a condition is plain text or a block");
	snprintf(c->hint, sizeof c->hint, "leave the quotes out, or write it as a block behind |");
	c->rule = compiler->rule;
	return NULL;
}

struct condition *condition_compile_text(struct compiler *compiler, struct slice text)
{
	unsigned all = (1u << EVENT_KINDS) - 1;
	return compile(compiler, NULL, lexer_text(text, compiler->arena), all);
}

void macro_check(struct compiler *compiler, struct macro *macro)
{
	struct frame first = frame_of(macro, compiler->arena);
	struct parse *p = macro->used || macro->broken ?
	    NULL :
	    parse_new(compiler, first, (1u << EVENT_KINDS) - 1);
	if (p == NULL)
		return;
	p->alone = macro->open = true;
	parse_all(p);
	parse_free(p);
}

bool condition_is_deep(const struct condition *c)
{
	return c->deep;
}
