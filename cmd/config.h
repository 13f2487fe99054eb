/*
 * config.h - /etc/davscope/davscope.yaml: what `davscope monitor` does where the command line says nothing. Private to cmd/.
 */
#ifndef DAVSCOPE_CMD_CONFIG_H
#define DAVSCOPE_CMD_CONFIG_H

#include "report/report.h"

#define CONFIG_PATH "/etc/davscope/davscope.yaml"

/* Everything lives until config_free(); NULL and 0: it says nothing of it. */
struct config {
	struct arena *arena;                                       /* holds it, itself included */
	const char *path;
	const char *filter, *sensor, *user, *metrics, *state;      /* metrics: ADDRESS:PORT[/PATH] */
	struct mark filter_start, filter_end;
	uint64_t buffer, snaplen;
	const char **rules; size_t n_rules;                  /* files and directories */
	const char **variables; size_t n_variables;          /* NAME=VALUE */
	const char **limits; size_t n_limits;                /* name=value */
	struct {
		const char *path;
		uint64_t bytes, seconds, files, keep_free_bytes;
		unsigned keep_free_percent;
		bool pins; enum severity pin_on;
	} ring;
	struct sink_config *sinks; size_t n_sinks;
};
/*
 * NULL: it cannot be read, *error says why, or there are errors among the complaints (and *error is
 * empty). The path has to outlive the complaints.
 */
struct config *config_load(const char *path, struct complaints *, struct error *);
/* The same of a text; others_read: everybody may read its file. */
struct config *config_read(const char *name, struct slice text, bool others_read, struct complaints *, struct error *);
void config_free(struct config *);                             /* NULL is fine */
bool metrics_check(struct slice);                              /* is it ADDRESS:PORT[/PATH]? */

/* ---- settings.c ---- */
struct options;
/* The command line and, where it says nothing, the configuration (NULL: none), which has to outlive it. */
bool settings_merge(struct options *, const struct options *given, const struct config *, struct error *);
/* Of that, rules and their variables: they may change while a monitor runs. */
void settings_rules(struct options *, const struct options *given, const struct config *);

/* What may be shown of where a sink writes to: no path of a URL, no header. */
void sink_describe(struct out *, const struct sink_config *);

#endif
