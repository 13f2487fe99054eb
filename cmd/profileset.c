/*
 * profileset.c - the profiles that the options ask for: the shipped ones and those of --profiles.
 */
#include "cmd/cmd.h"

static void print_complaints(struct profiles *set)
{
	size_t n = 0;
	const struct complaint *all = profiles_complaints(set, &n);
	complaints_print(all, n, true);
}

static bool load_all(struct profiles *set, const struct options *o, struct error *e)
{
	profiles_load_shipped(set);
	for (size_t i = 0; i < o->n_profile_paths; i++)
		if (!profiles_load(set, o->profile_paths[i], e))
			return false;
	return true;
}

struct profiles *options_profiles(const struct options *o, int *code)
{
	struct error e = { "" };
	struct profiles *set = profiles_new(&o->limits, &e);
	bool fine = set != NULL && load_all(set, o, &e);
	if (fine && profiles_errors(set) == 0)
		return set;
	if (fine)
		print_complaints(set);
	else
		warn("%s", e.text);
	profiles_free(set);
	*code = EXIT_USAGE;
	return NULL;
}

bool options_profile(const struct options *o, const struct profiles *set,
    const struct profile **out)
{
	*out = o->profile != NULL ? profile_find(set, o->profile) : NULL;
	if (o->profile == NULL)
		return true;
	if (*out != NULL && (*out)->side == SIDE_CLIENT)
		return true;
	const char *like = *out == NULL ? profile_like(set, o->profile) : NULL;
	if (*out != NULL)
		warn("--profile %s: is a server's; a client's is wanted", o->profile);
	else if (like != NULL)
		warn("--profile %s: no such profile; did you mean %s?", o->profile, like);
	else
		warn("--profile %s: no such profile; see davscope machine profiles", o->profile);
	return false;
}
