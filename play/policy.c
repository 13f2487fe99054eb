/*
 * policy.c - the words of a profile, and the User-Agents by which profiles recognise their clients.
 */
#include "play/policy.h"

#include <string.h>

/* What is played where a profile leaves it open: the first value of each policy. */
static const struct {
	const char *code, *word;
} defaults[] = {
	{ "P1", "fail" },
	{ "P1u", "fetch" },
	{ "P2", "sticky" },
	{ "P2u", "sticky" },
	{ "P3", "absent" },
	{ "P4", "same" },
	{ "P5", "adopt" },
	{ "P6", "adopt" },
	{ "P7", "server-wins" },
	{ "P7b", "read" },
	{ "P11", "replay" },
	{ "P16", "writes-first" },
	{ "V1", "always" },
	{ "V2", "no" },
	{ "V3", "yes" },
	{ "V4", "none" },
	{ "V4d", "403" },
	{ "V5", "no" },
	{ "V8", "key-client-id" },
	{ "V11", "201" },
	{ "V12", "yes" },
};

bool says(const struct play_side *side, const char *code, const char *word)
{
	size_t i = 0, n = sizeof defaults / sizeof defaults[0];
	while (i < n && strcmp(defaults[i].code, code) != 0)
		i++;
	ensure(i < n, NULL);
	const char *value = side->value(side->profile, code);
	return strcmp(value != NULL ? value : defaults[i].word, word) == 0;
}

const char *agent_of(const struct play_side *side)
{
	static const struct {
		const char *begin, *agent; /* of a profile's name */
	} agents[] = {
		{ "massync-unpatched", "Microsoft-Server-ActiveSync/6.5.7638.1" },
		{ "massync-hotfixed", "Microsoft-Server-ActiveSync/6.5.7651.50" },
		{ "davx5", "DAVx5/4.5" },
		{ "vdirsyncer", "vdirsyncer/0.19.3" },
		{ "thunderbird",
		    "Mozilla/5.0 (X11; Linux x86_64; rv:115.0) Gecko/20100101 "
		    "Thunderbird/115.0" },
		{ "evolution", "Evolution/3.46.4" },
		{ "zpush-caldav", "ModifiedDAViCalClient" },
		{ "python-caldav", "python-caldav/0.11.0" },
		{ "syncevolution", "SyncEvolution 2.0.0" },
		{ "eas-4-tbsync", "Thunderbird ActiveSync" },
		{ "eas-device", "MSFT-PPC/5.1.2301" },
	};
	for (size_t i = 0; i < sizeof agents / sizeof agents[0]; i++)
		if (slice_starts(slice_from(side->name), slice_from(agents[i].begin)))
			return agents[i].agent;
	return "davscope-play/1";
}

bool is_exchange(const struct play_side *side)
{
	return slice_starts(slice_from(side->name), SLICE("exchange-"));
}
