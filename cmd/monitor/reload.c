/*
 * reload.c - HUP: rules and sinks anew, all or nothing. The rules are read and tested here, the
 * configuration of the sinks by the keeper; both take the new one only when both are good.
 */
#include "cmd/monitor/watcher.h"

static void reload_drop(struct watcher *w)
{
	ruleset_free(w->waiting);
	config_free(w->waiting_config);
	w->waiting = NULL;
	w->waiting_config = NULL;
}

static void reload_end(struct watcher *w, bool good)
{
	metrics_reload(w->metrics, good, wall_ns());
	if (!good)
		warn("reload: nothing was changed");
	notify_ready(&w->notify);
}

/* The filter borrows from the rules. */
static bool reload_rules(struct watcher *w)
{
	struct error e;
	struct filter *filter = NULL;
	struct ruleset *set = w->waiting;
	if (w->filter != NULL && (filter = options_filter(&w->options, set)) == NULL)
		return false;
	w->waiting = NULL;
	metrics_rules(w->metrics, w->pipeline.rules);
	if (!rules_reload(w->pipeline.rules, set, &e)) {
		warn("%s", e.text);
		filter_free(filter);
		return false;
	}
	metrics_rules(w->metrics, w->pipeline.rules);
	filter_free(w->filter);
	w->filter = filter;
	return true;
}

/* What was listed so far belongs to the sinks so far. */
static void reload_config(struct watcher *w)
{
	records_flush(w);
	outbox_send(w->outbox, MESSAGE_APPLY, 0, (struct slice){ 0 });
	if (w->config != w->begun)
		config_free(w->config);
	w->config = w->waiting_config;
	w->waiting_config = NULL;
	settings_rules(&w->options, w->given, w->config);
	records_kinds(w);
}

/* What the list keeps of findings borrows from the rules, and the configuration says whether there is one. */
static void reload_list(struct watcher *w)
{
	struct error e;
	if (records_renew(w, &e))
		return;
	warn("%s", e.text);
	w->stopping = true;
	w->code = EXIT_INTERNAL;
}

static void reload_take(struct watcher *w)
{
	bool good = reload_rules(w);
	if (good && w->waiting_config != NULL)
		reload_config(w);
	if (good)
		reload_list(w);
	reload_drop(w);
	reload_end(w, good);
}

void reload_begin(struct watcher *w)
{
	int code = EXIT_DONE;
	struct options options = w->options;
	notify_reloading(&w->notify);
	outbox_send(w->outbox, MESSAGE_REOPEN, 0, (struct slice){ 0 });
	reload_drop(w);
	w->waiting_config = settings_config(w->given, &code);
	settings_rules(&options, w->given, w->waiting_config);
	if (code == EXIT_DONE)
		w->waiting = options_ruleset(&options, &code);
	if (w->waiting == NULL) {
		reload_drop(w);
		reload_end(w, false);
	} else if (w->waiting_config != NULL) {
		outbox_send(w->outbox, MESSAGE_CHECK, 0, (struct slice){ 0 });
	} else {
		reload_take(w);
	}
}

void reload_checked(struct watcher *w, bool good, struct slice why)
{
	if (w->waiting == NULL)
		return;
	if (good) {
		reload_take(w);
		return;
	}
	warn("%.*s", (int)why.n, (const char *)why.p);
	reload_drop(w);
	reload_end(w, false);
}
