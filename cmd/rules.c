/*
 * rules.c - `davscope rules`: which of its subcommands is meant.
 */
#include "cmd/rules.h"

#include <string.h>

static const struct subcommand {
	const char *name;
	int (*run)(const struct options *);
	size_t least, most; /* operands */
	const char *wants;
} subcommands[] = {
	{ "check", rules_check, 0, SIZE_MAX, "" },
	{ "test", rules_test, 0, SIZE_MAX, "" },
	{ "list", rules_list, 0, 0, "takes no operand" },
	{ "show", rules_show, 1, 1, "wants the id of one rule" },
	{ "explain", rules_explain, 1, 1, "wants the id of one rule" },
	{ "fields", rules_fields, 0, 1, "takes at most one prefix" },
};

static const struct subcommand *subcommand_find(const char *name)
{
	for (size_t i = 0; i < sizeof subcommands / sizeof subcommands[0]; i++)
		if (strcmp(subcommands[i].name, name) == 0)
			return &subcommands[i];
	return NULL;
}

bool is_subcommand(const char *name)
{
	return subcommand_find(name) != NULL;
}

int command_rules(const struct options *o)
{
	if (o->n_words == 0) {
		int code = help_page(o->command);
		return code == EXIT_DONE ? EXIT_USAGE : code;
	}
	const struct subcommand *sub = subcommand_find(o->words[0]);
	if (sub == NULL) {
		warn("rules %s: is none of check, test, list, show, explain and fields; see "
		     "davscope rules --help",
		    o->words[0]);
		return EXIT_USAGE;
	}
	size_t n = o->n_words - 1;
	if (n >= sub->least && n <= sub->most)
		return sub->run(o);
	warn("rules %s: %s", sub->name, sub->wants);
	return EXIT_USAGE;
}
