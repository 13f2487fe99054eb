/*
 * ruleset.c - the rules that the options ask for: shipped ones, those of -R, variables of --var; the filter of -Y.
 */
#include "cmd/rules.h"

#include <string.h>

static bool load_all(struct ruleset *set, const char *const *paths, size_t n, struct error *e)
{
	for (size_t i = 0; i < n; i++)
		if (!ruleset_load(set, paths[i], e))
			return false;
	return true;
}

static bool set_variables(struct ruleset *set, const struct options *o, struct error *e)
{
	for (size_t i = 0; i < o->n_variables; i++)
		if (!ruleset_set_variable(set, o->variables[i], e))
			return false;
	return true;
}

struct ruleset *ruleset_open(const struct options *o, const char *const *more, size_t n,
    struct error *e)
{
	struct ruleset *set = ruleset_new(&o->limits, e);
	if (set != NULL && set_variables(set, o, e) &&
	    (o->no_shipped || ruleset_load_shipped(set, e)) &&
	    load_all(set, o->rule_paths, o->n_rule_paths, e) && load_all(set, more, n, e))
		return set;
	ruleset_free(set);
	return NULL;
}

bool path_covers(const char *const *paths, size_t n, const char *file)
{
	for (size_t i = 0; i < n && file != NULL; i++) {
		size_t length = strlen(paths[i]);
		if (length == 0 || strncmp(paths[i], file, length) != 0)
			continue;
		if (file[length] == '\0' || file[length] == '/' || paths[i][length - 1] == '/')
			return true;
	}
	return false;
}

/* Only what keeps the set from being used; warnings are for `rules check`. */
static void print_errors(const struct ruleset *set)
{
	size_t n = 0;
	const struct complaint *all = ruleset_complaints(set, &n);
	complaints_print(all, n, false);
}

static struct ruleset *compile(struct ruleset *set, int *code)
{
	if (ruleset_compile(set))
		return set;
	print_errors(set);
	ruleset_free(set);
	*code = EXIT_USAGE;
	return NULL;
}

struct ruleset *ruleset_ready(const struct options *o, const char *const *more, size_t n, int *code)
{
	struct error e;
	struct ruleset *set = ruleset_open(o, more, n, &e);
	if (set != NULL)
		return compile(set, code);
	warn("%s", e.text);
	*code = EXIT_USAGE;
	return NULL;
}

struct ruleset *options_ruleset(const struct options *o, int *code)
{
	return ruleset_ready(o, NULL, 0, code);
}

struct filter *options_filter(const struct options *o, struct ruleset *set)
{
	struct complaint why = { .line = 0 };
	struct filter *filter = filter_new(o->filter, set, &o->limits, &why);
	struct out *errors = filter == NULL ? out_errors(NULL) : NULL;
	if (errors == NULL)
		return filter;
	if (why.file != NULL) /* inside a macro of a rule file */
		complaint_write(errors, &why);
	else
		complaint_write_caret(errors, o->filter, &why);
	out_close(errors, NULL);
	return NULL;
}
