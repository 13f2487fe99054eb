/*
 * config_check.c - `davscope config check`: everything that is wrong with a configuration and with the
 * rules it names, as compilers say it, or as JSON lines; else where its alerts go.
 */
#include "cmd/rules.h"

#include "cmd/config.h"

#include <string.h>

struct config_check {
	const struct options *options;
	const char *path;
	struct complaints *complaints;
	struct config *config; /* NULL: there are errors */
};

static void print_complaints(const struct config_check *c, struct out *out)
{
	size_t n = 0;
	const struct complaint *all = complaints_sorted(c->complaints, &n);
	for (size_t i = 0; i < n; i++)
		complaint_print(out, &all[i], c->options->json);
}

static int print_result(const struct config_check *c)
{
	struct error e;
	struct out *out = c->options->json ? out_stdout(&e) : out_errors(&e);
	if (out == NULL)
		return EXIT_INTERNAL;
	print_complaints(c, out);
	int code = finish_output(out);
	return code == EXIT_DONE && complaints_errors(c->complaints) != 0 ? EXIT_USAGE : code;
}

/* A line an alert. With JSON the complaints are the data, and there are none. */
static int print_alerts(const struct config_check *c)
{
	struct error e;
	if (c->options->json)
		return EXIT_DONE;
	struct out *out = out_stdout(&e);
	if (out == NULL)
		return EXIT_INTERNAL;
	for (size_t i = 0; i < c->config->n_sinks; i++)
		sink_describe(out, &c->config->sinks[i]);
	out_u64(out, c->config->n_sinks);
	out_text(out, c->config->n_sinks == 1 ? " alert\n" : " alerts\n");
	return finish_output(out);
}

/* Whether it is a filter is asked here only: names in it are looked up. */
static void check_filter(const struct config_check *c)
{
	struct error e;
	const struct config *config = c->config;
	if (config->filter == NULL || bpf_check(config->filter, &e))
		return;
	struct complaint *said = complaint_add(c->complaints, "E0610", c->path,
	    &config->filter_start, &config->filter_end);
	snprintf(said->text, sizeof said->text, "%.180s", e.text);
}

/* With the variables and limits that the configuration has. */
static int check_rules(const struct config_check *c)
{
	const char *words[] = { "check" };
	const struct config *config = c->config;
	struct options o = *c->options;
	struct error e;
	for (size_t i = 0; i < config->n_limits; i++)
		if (!limits_set(&o.limits, config->limits[i], &e))
			return EXIT_INTERNAL;
	o.rule_paths = config->rules;
	o.n_rule_paths = config->n_rules;
	o.variables = config->variables;
	o.n_variables = config->n_variables;
	o.words = words;
	o.n_words = 1;
	return rules_check(&o);
}

static int check_all(struct config_check *c)
{
	struct error e;
	c->config = config_load(c->path, c->complaints, &e);
	if (c->config == NULL && complaints_errors(c->complaints) == 0) {
		warn("%s", e.text);
		return EXIT_USAGE;
	}
	if (c->config != NULL)
		check_filter(c);
	int code = print_result(c);
	if (code == EXIT_DONE)
		code = print_alerts(c);
	return code == EXIT_DONE ? check_rules(c) : code;
}

int command_config(const struct options *o)
{
	if (o->n_words == 0 || strcmp(o->words[0], "check") != 0 || o->n_words > 2) {
		warn("davscope config check [FILE]");
		return EXIT_USAGE;
	}
	struct config_check c = { .options = o,
		.path = o->n_words == 2 ? o->words[1] : CONFIG_PATH,
		.complaints = complaints_new() };
	if (c.complaints == NULL) {
		warn("out of memory");
		return EXIT_INTERNAL;
	}
	int code = check_all(&c);
	config_free(c.config);
	complaints_free(c.complaints);
	return code;
}
