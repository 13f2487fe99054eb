/*
 * settings.c - the command line and, where it says nothing, the configuration; and which directories
 * the watcher still has to reach when it has given up its rights.
 */
#include "cmd/monitor/watcher.h"

/* ---- the configuration ---- */

static void print_complaints(struct complaints *all)
{
	size_t n = 0;
	const struct complaint *list = complaints_sorted(all, &n);
	struct out *out = out_errors(NULL);
	for (size_t i = 0; out != NULL && i < n; i++)
		complaint_write(out, &list[i]);
	if (out != NULL)
		out_close(out, NULL);
}

struct config *settings_config(const struct options *o, int *code)
{
	struct error e = { "" };
	struct complaints *complaints = complaints_new();
	struct config *config = NULL;
	*code = EXIT_DONE;
	if (o->config_path == NULL)
		goto done;
	if (complaints == NULL)
		error_set(&e, "out of memory");
	else
		config = config_load(o->config_path, complaints, &e);
	if (complaints != NULL)
		print_complaints(complaints);
	if (config == NULL && e.text[0] != '\0')
		warn("%s", e.text);
	if (config == NULL)
		*code = EXIT_USAGE;
done:
	complaints_free(complaints);
	return config;
}

void settings_rules(struct options *o, const struct options *given, const struct config *c)
{
	o->rule_paths = given->rule_paths;
	o->n_rule_paths = given->n_rule_paths;
	o->variables = given->variables;
	o->n_variables = given->n_variables;
	if (c == NULL)
		return;
	if (given->n_rule_paths == 0) {
		o->rule_paths = (const char **)c->rules;
		o->n_rule_paths = c->n_rules;
	}
	if (given->n_variables == 0) {
		o->variables = (const char **)c->variables;
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

/* Limits that the command line has left alone. */
static bool settings_limits(struct options *o, const struct config *c, struct error *e)
{
	struct limits configured = limits_default();
	const struct limits standard = configured;
	uint64_t *to = (uint64_t *)&o->limits;
	const uint64_t *from = (const uint64_t *)&configured, *was = (const uint64_t *)&standard;
	for (size_t i = 0; i < c->n_limits; i++)
		if (!limits_set(&configured, c->limits[i], e))
			return false;
	if (c->snaplen != 0)
		configured.snaplen = c->snaplen;
	for (size_t i = 0; i < sizeof(standard) / sizeof(*was); i++)
		if (to[i] == was[i])
			to[i] = from[i];
	return limits_check(&o->limits, e);
}

/* Who reads records of several machines tells them apart by it. */
static bool settings_sensor(struct watcher *w, struct error *e)
{
	w->options.sensor = options_sensor(&w->options, w->host, e);
	return w->options.sensor != NULL;
}

static bool settings_merge(struct watcher *w, struct error *e)
{
	struct options *o = &w->options;
	const struct config *c = w->config;
	*o = *w->given;
	w->bpf = o->bpf;
	settings_rules(o, w->given, c);
	if (c == NULL)
		return settings_sensor(w, e);
	settings_text(&w->bpf, c->filter);
	settings_text(&o->sensor, c->sensor);
	settings_text(&o->user, c->user);
	settings_text(&o->metrics, c->metrics);
	settings_text(&o->state_dir, c->state);
	settings_number(&o->buffer, c->buffer);
	settings_ring(o, c);
	return settings_sensor(w, e) && settings_limits(o, c, e);
}

static bool settings_check(const struct options *o, struct error *e)
{
	return o->metrics == NULL || metrics_check(slice_from(o->metrics)) ||
	    error_set(e, "--metrics: '%.80s' is no ADDRESS:PORT[/PATH]", o->metrics);
}

bool settings_read(struct watcher *w, int *code)
{
	struct error e;
	w->config = w->begun = settings_config(w->given, code);
	if (*code != EXIT_DONE)
		return false;
	if (settings_merge(w, &e) && settings_check(&w->options, &e)) {
		w->remembers = w->options.state_dir != NULL;
		return true;
	}
	warn("%s", e.text);
	*code = EXIT_USAGE;
	return false;
}

/* ---- directories ---- */

char **settings_reads(const struct watcher *w, struct error *e)
{
	const struct options *o = &w->options;
	char **list = directories_new(e);
	bool good = list != NULL;
	for (size_t i = 0; good && i < o->n_rule_paths; i++)
		good = directories_add(list, o->rule_paths[i], e);
	if (good && o->config_path != NULL)
		good = directories_add(list, o->config_path, e);
	return directories_or_none(list, good);
}

char **settings_writes(const struct watcher *w, struct error *e)
{
	char **list = directories_new(e);
	bool good = list != NULL &&
	    (w->options.ring_path == NULL || directories_add(list, w->options.ring_path, e));
	return directories_or_none(list, good);
}
