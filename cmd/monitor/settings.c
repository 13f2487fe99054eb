/*
 * settings.c - what the watcher is told, and which directories it still has to reach when it has given up
 * its rights.
 */
#include "cmd/monitor/watcher.h"

/* ---- the configuration ---- */

struct config *settings_config(const struct options *o, int *code)
{
	struct error e = { "" };
	struct complaints *complaints = complaints_new();
	const struct complaint *all = NULL;
	size_t n = 0;
	struct config *config = NULL;
	*code = EXIT_DONE;
	if (o->config_path == NULL)
		goto done;
	if (complaints == NULL)
		error_set(&e, "out of memory");
	else
		config = config_load(o->config_path, complaints, &e);
	if (complaints != NULL)
		all = complaints_sorted(complaints, &n);
	complaints_print(all, n, true);
	if (config == NULL && e.text[0] != '\0')
		warn("%s", e.text);
	if (config == NULL)
		*code = EXIT_USAGE;
done:
	complaints_free(complaints);
	return config;
}

/* Who reads records of several machines tells them apart by it. */
static bool settings_sensor(struct watcher *w, struct error *e)
{
	w->options.sensor = options_sensor(&w->options, w->host, e);
	return w->options.sensor != NULL;
}

static bool settings_both(struct watcher *w, struct error *e)
{
	if (!settings_merge(&w->options, w->given, w->config, e))
		return false;
	w->bpf = w->given->bpf;
	if (w->bpf == NULL && w->config != NULL)
		w->bpf = w->config->filter;
	return settings_sensor(w, e);
}

bool settings_read(struct watcher *w, int *code)
{
	struct error e;
	w->config = w->begun = settings_config(w->given, code);
	if (*code != EXIT_DONE)
		return false;
	if (settings_both(w, &e)) {
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
