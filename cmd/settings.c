/*
 * settings.c - the command line and, where it says nothing, the configuration: for watcher and keeper alike.
 */
#include "cmd/config.h"

#include "cmd/cmd.h"

#include <string.h>

void settings_rules(struct options *o, const struct options *given, const struct config *c)
{
	o->rule_paths = given->rule_paths;
	o->n_rule_paths = given->n_rule_paths;
	o->variables = given->variables;
	o->n_variables = given->n_variables;
	if (c == NULL)
		return;
	if (given->n_rule_paths == 0) {
		o->rule_paths = c->rules;
		o->n_rule_paths = c->n_rules;
	}
	if (given->n_variables == 0) {
		o->variables = c->variables;
		o->n_variables = c->n_variables;
	}
}

static void settings_text(const char **option, const char *configured)
{
	if (*option == NULL)
		*option = configured;
}

static void settings_number(uint64_t *option, uint64_t configured)
{
	if (*option == 0)
		*option = configured;
}

/* A ring on the command line is another one than that of the configuration. */
static void settings_ring(struct options *o, const struct config *c)
{
	if (o->ring_path != NULL)
		return;
	o->ring_path = c->ring.path;
	o->ring_bytes = c->ring.bytes;
	o->ring_seconds = c->ring.seconds;
	o->ring_files = c->ring.files;
	o->keep_free_bytes = c->ring.keep_free_bytes;
	o->keep_free_percent = c->ring.keep_free_percent;
	o->pins = c->ring.pins;
	o->pin_on = c->ring.pin_on;
}

/* A struct limits is a row of numbers, and nothing else. */
enum { LIMITS = sizeof(struct limits) / sizeof(uint64_t) };

/* Limits that the command line has left alone. */
static bool settings_limits(struct options *o, const struct config *c, struct error *e)
{
	const struct limits standard = limits_default();
	struct limits configured = standard;
	uint64_t usual[LIMITS], given[LIMITS], all[LIMITS];
	for (size_t i = 0; i < c->n_limits; i++)
		if (!limits_set(&configured, c->limits[i], e))
			return false;
	if (c->snaplen != 0)
		configured.snaplen = c->snaplen;
	memcpy(usual, &standard, sizeof usual);
	memcpy(given, &o->limits, sizeof given);
	memcpy(all, &configured, sizeof all);
	for (size_t i = 0; i < LIMITS; i++)
		if (given[i] != usual[i])
			all[i] = given[i];
	memcpy(&o->limits, all, sizeof all);
	return limits_check(&o->limits, e);
}

bool settings_merge(struct options *o, const struct options *given, const struct config *c,
    struct error *e)
{
	*o = *given;
	settings_rules(o, given, c);
	if (c == NULL)
		return true;
	settings_text(&o->sensor, c->sensor);
	settings_text(&o->user, c->user);
	settings_text(&o->metrics, c->metrics);
	settings_text(&o->state_dir, c->state);
	settings_number(&o->buffer, c->buffer);
	settings_ring(o, c);
	return settings_limits(o, c, e);
}
