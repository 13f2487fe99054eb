/*
 * machine.c - `davscope machine`: which of its subcommands is meant.
 */
#include "cmd/machine.h"

#include <string.h>

static const struct subcommand {
	const char *name;
	int (*run)(const struct options *);
	size_t least, most; /* operands */
	const char *wants;
	bool plays, fits; /* takes the options of the player, takes --profile */
} subcommands[] = {
	{ "show", machine_show, 0, 1, "takes ITEM, SESSION or the name of one row", false, false },
	{ "profiles", machine_profiles, 0, 1, "takes the name of one profile", false, false },
	{ "fit", machine_fit, 1, SIZE_MAX, "takes captures", false, true },
	{ "scenario", machine_scenario, 1, SIZE_MAX, "takes captures", false, false },
	{ "play", machine_play, 1, 1, "takes one scenario", true, false },
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

static bool takes_options(const struct subcommand *sub, const struct options *o)
{
	bool player = o->slice_path != NULL || o->client != NULL || o->server != NULL;
	if (player && !sub->plays)
		warn("machine %s: -w, --client and --server belong to machine play", sub->name);
	else if (o->profile != NULL && !sub->fits)
		warn("machine %s: --profile belongs to machine fit", sub->name);
	else
		return true;
	return false;
}

int command_machine(const struct options *o)
{
	if (o->n_words == 0) {
		int code = help_page(o->command);
		return code == EXIT_DONE ? EXIT_USAGE : code;
	}
	const struct subcommand *sub = subcommand_find(o->words[0]);
	if (sub == NULL) {
		warn(
		    "machine %s: is none of show, profiles, fit, scenario and play; see davscope machine --help",
		    o->words[0]);
		return EXIT_USAGE;
	}
	if (!takes_options(sub, o))
		return EXIT_USAGE;
	if (o->n_words - 1 >= sub->least && o->n_words - 1 <= sub->most)
		return sub->run(o);
	warn("machine %s: %s", sub->name, sub->wants);
	return EXIT_USAGE;
}
