/*
 * match.c - the only user of PCRE2. Patterns look at bytes, not characters, because header values
 * need not be UTF-8. No JIT: where it stops at a limit differs from machine to machine.
 */
#include "rules/program.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdlib.h>
#include <string.h>

enum { PATTERN_MAX = 4096, PARENTHESES_MAX = 100, MESSAGE_ROOM = 160 };

struct matcher {
	pcre2_match_context *context;
	pcre2_match_data *data;
};

/* Patterns live and die with the arena of their set. */
static void *arena_malloc(size_t n, void *arena)
{
	return arena_alloc(arena, n);
}

static void arena_keep(void *memory, void *arena)
{
	(void)memory, (void)arena;
}

static const struct pattern *refuse(int code, struct error *e)
{
	PCRE2_UCHAR text[MESSAGE_ROOM];
	int n = pcre2_get_error_message(code, text, sizeof text);
	error_set(e, "%s", n > 0 ? (const char *)text : "it cannot be compiled");
	return NULL;
}

/* Names for groups mean nothing here, and many of them with one name take long to compile. */
static bool has_named_group(struct slice text)
{
	for (size_t i = 0; i + 2 < text.n; i++) {
		if (text.p[i] == '\\')
			i++;
		else if (text.p[i] == '(' && text.p[i + 1] == '?' &&
		    (text.p[i + 2] == 'P' || text.p[i + 2] == '\'' ||
			(text.p[i + 2] == '<' && i + 3 < text.n && text.p[i + 3] != '=' &&
			    text.p[i + 3] != '!')))
			return true;
	}
	return false;
}

const struct pattern *pattern_new(struct slice text, bool nocase, struct arena *arena,
    size_t *offset, struct error *e)
{
	uint32_t options = PCRE2_NEVER_UTF | PCRE2_NEVER_UCP | PCRE2_NEVER_BACKSLASH_C |
	    PCRE2_DOLLAR_ENDONLY | (nocase ? PCRE2_CASELESS : 0);
	pcre2_general_context *general = pcre2_general_context_create(arena_malloc, arena_keep,
	    arena);
	pcre2_compile_context *context = NULL;
	if (general != NULL)
		context = pcre2_compile_context_create(general);
	*offset = 0;
	if (has_named_group(text)) {
		error_set(e, "groups need no names here");
		return NULL;
	}
	if (context == NULL) {
		error_set(e, "the rules need too much memory");
		return NULL;
	}
	pcre2_set_max_pattern_length(context, PATTERN_MAX);
	pcre2_set_parens_nest_limit(context, PARENTHESES_MAX);
	int code = 0;
	pcre2_code *compiled = pcre2_compile(text.p != NULL ? text.p : (PCRE2_SPTR) "", text.n,
	    options, &code, offset, context);
	return compiled != NULL ? (const struct pattern *)compiled : refuse(code, e);
}

bool pattern_has_prefix(const struct pattern *pattern)
{
	uint32_t kind = 0, options = 0;
	pcre2_pattern_info((const pcre2_code *)pattern, PCRE2_INFO_FIRSTCODETYPE, &kind);
	pcre2_pattern_info((const pcre2_code *)pattern, PCRE2_INFO_ALLOPTIONS, &options);
	return kind != 0 || (options & PCRE2_ANCHORED) != 0;
}

struct matcher *matcher_new(const struct limits *limits)
{
	struct matcher *m = calloc(1, sizeof *m);
	if (m == NULL)
		return NULL;
	m->context = pcre2_match_context_create(NULL);
	m->data = pcre2_match_data_create(1, NULL);
	if (m->context == NULL || m->data == NULL) {
		matcher_free(m);
		return NULL;
	}
	pcre2_set_match_limit(m->context, (uint32_t)limits->pattern_steps);
	pcre2_set_depth_limit(m->context, (uint32_t)limits->pattern_depth);
	pcre2_set_heap_limit(m->context, (uint32_t)(limits->pattern_bytes / 1024));
	return m;
}

enum truth pattern_test(const struct pattern *pattern, struct matcher *m, struct slice subject)
{
	int code = pcre2_match((const pcre2_code *)pattern,
	    subject.p != NULL ? subject.p : (PCRE2_SPTR) "", subject.n, 0, 0, m->data, m->context);
	if (code >= 0)
		return TRUE;
	return code == PCRE2_ERROR_NOMATCH ? FALSE : UNKNOWN;
}

void matcher_free(struct matcher *m)
{
	if (m == NULL)
		return;
	pcre2_match_context_free(m->context);
	pcre2_match_data_free(m->data);
	free(m);
}
