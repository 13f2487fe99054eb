/*
 * machine.c - `davscope machine`: which of its subcommands is meant.
 */
#include "cmd/machine.h"

#include <string.h>

static const struct subcommand {
	const char *name;
	int (*run)(const struct options *);
	const char *wants; /* beside at most one operand */
	bool plays; /* takes the options of the player */
} subcommands[] = {
	{ "show", machine_show, "takes ITEM, SESSION or the name of one row", false },
	{ "profiles", machine_profiles, "takes the name of one profile", false },
	{ "play", machine_play, "takes one scenario", true },
};

static const struct subcommand *subcommand_find(const char *name)
{
	for (size_t i = 0; i < sizeof subcommands / sizeof subcommands[0]; i++)
		if (strcmp(subcommands[i].name, name) == 0)
			return &subcommands[i];
	return NULL;
}

bool is_machine_subcommand(const char *name)
{
	return subcommand_find(name) != NULL;
}

int command_machine(const struct options *o)
{
	if (o->n_words == 0) {
		int code = help_page(o->command);
		return code == EXIT_DONE ? EXIT_USAGE : code;
	}
	const struct subcommand *sub = subcommand_find(o->words[0]);
	bool player = o->slice_path != NULL || o->client != NULL || o->server != NULL;
	if (sub != NULL && player && !sub->plays) {
		warn("machine %s: -w, --client and --server belong to machine play", sub->name);
		return EXIT_USAGE;
	}
	if (sub != NULL && o->n_words <= 2)
		return sub->run(o);
	if (sub != NULL)
		warn("machine %s: %s", sub->name, sub->wants);
	else
		warn("machine %s: is none of show, profiles and play; see davscope machine --help",
		    o->words[0]);
	return EXIT_USAGE;
}
