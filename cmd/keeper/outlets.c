/*
 * outlets.c - which sinks the configuration and the command line ask for: those of the first, a program
 * for each --exec, and standard output.
 */
#include "cmd/keeper/outlets.h"

#include <stdlib.h>
#include <string.h>

enum { PROGRAM_TIMEOUT_MS = 10000, LOOKED_AT = 64 };

/* As they would be printed, without the last line end. */
static void complaints_text(struct complaints *complaints, char why[OUTLETS_TEXT])
{
	size_t n = 0;
	const struct complaint *c = complaints_sorted(complaints, &n);
	struct error e;
	struct out *text = out_memory(&e);
	for (size_t i = 0; text != NULL && i < n; i++)
		if (c[i].code[0] == 'E')
			complaint_write(text, &c[i]);
	if (text == NULL)
		return;
	struct slice all = out_taken(text);
	snprintf(why, OUTLETS_TEXT, "%.*s", (int)(all.n != 0 ? all.n - 1 : 0), (const char *)all.p);
	out_abandon(text);
}

static bool outlets_read(struct outlets *out, const char *path, char why[OUTLETS_TEXT])
{
	struct error e = { "" };
	struct complaints *complaints = complaints_new();
	if (complaints != NULL)
		out->config = config_load(path, complaints, &e);
	else
		error_set(&e, "out of memory");
	why[0] = '\0';
	if (out->config == NULL && complaints != NULL && complaints_errors(complaints) != 0)
		complaints_text(complaints, why);
	if (out->config == NULL && why[0] == '\0')
		snprintf(why, OUTLETS_TEXT, "%s", e.text);
	complaints_free(complaints);
	return out->config != NULL;
}

static void sink_add(struct outlets *out, struct sink_config sink)
{
	out->sinks[out->n_sinks++] = sink;
}

/* The list comes as text that the watcher has made, also as JSON: no record goes there beside it. */
static void add_stdout(struct outlets *out)
{
	for (size_t i = 0; i < out->n_sinks; i++)
		if (out->sinks[i].kind == SINK_STDOUT)
			return;
	sink_add(out, (struct sink_config){ .kind = SINK_STDOUT, .name = sink_words[SINK_STDOUT] });
}

static void add_programs(struct outlets *out, const struct options *o)
{
	for (size_t i = 0; i < o->n_programs; i++)
		sink_add(out,
		    (struct sink_config){ .kind = SINK_PROGRAM,
			.name = o->programs[i],
			.path = o->programs[i],
			.kinds = 1u << EVENT_FINDING,
			.least = SEVERITY_INFO,
			.timeout_ms = PROGRAM_TIMEOUT_MS });
}

static bool sinks_gather(struct outlets *out, const struct options *o)
{
	size_t n = out->config != NULL ? out->config->n_sinks : 0;
	out->sinks = calloc(n + o->n_programs + 1, sizeof *out->sinks);
	out->fails = calloc(n + o->n_programs + 1, sizeof *out->fails);
	if (out->sinks == NULL || out->fails == NULL)
		return false;
	for (size_t i = 0; i < n; i++)
		sink_add(out, out->config->sinks[i]);
	add_programs(out, o);
	add_stdout(out);
	for (size_t i = 0; i < out->n_sinks; i++)
		out->sinks[i].required = out->sinks[i].required || o->require_sinks;
	return true;
}

struct outlets *outlets_load(const struct options *o, char why[OUTLETS_TEXT])
{
	struct outlets *out = calloc(1, sizeof *out);
	snprintf(why, OUTLETS_TEXT, "out of memory");
	if (out != NULL && (o->config_path == NULL || outlets_read(out, o->config_path, why)) &&
	    sinks_gather(out, o))
		return out;
	outlets_free(out);
	return NULL;
}

void outlets_free(struct outlets *out)
{
	if (out == NULL)
		return;
	config_free(out->config);
	free(out->sinks);
	free(out->fails);
	free(out);
}

/* ---- how they fare ---- */

static size_t counts_read(const struct outlets *out, const struct sinks *sinks,
    struct sink_counts counts[LOOKED_AT])
{
	size_t n = sinks != NULL ? sinks_counts(sinks, counts, LOOKED_AT) : 0;
	n = n < out->n_sinks ? n : out->n_sinks;
	return n < LOOKED_AT ? n : LOOKED_AT;
}

void outlets_reached(struct outlets *out, const struct sinks *sinks, struct error *why)
{
	struct sink_counts counts[LOOKED_AT];
	size_t n = counts_read(out, sinks, counts);
	for (size_t i = 0; i < n; i++)
		if (out->sinks[i].required && counts[i].failing) {
			error_set(why, "sink %.60s: %.180s", counts[i].name, counts[i].why.text);
			out->fails[i] = true;
		}
}

/* Who has to mend it learns it now, and not from a finding that he never gets. */
void outlets_look(struct outlets *out, const struct sinks *sinks)
{
	struct sink_counts counts[LOOKED_AT];
	size_t n = counts_read(out, sinks, counts);
	for (size_t i = 0; i < n; i++) {
		if (counts[i].failing == out->fails[i])
			continue;
		out->fails[i] = counts[i].failing;
		warn("sink %s: %s", counts[i].name,
		    counts[i].failing ? counts[i].why.text : "goes on");
	}
}

/* ---- what they need ---- */

struct sandbox outlets_sandbox(const struct outlets *out, enum sandbox_mode mode)
{
	struct sandbox s = { .mode = mode, .role = SANDBOX_KEEPER, .lacking = rights_lack };
	for (size_t i = 0; i < out->n_sinks; i++)
		s.programs |= out->sinks[i].kind == SINK_PROGRAM;
	return s;
}

char **outlets_reads(const struct outlets *out, const struct options *o, struct error *e)
{
	char **list = directories_new(e);
	bool good = list != NULL &&
	    (o->config_path == NULL || directories_add(list, o->config_path, e));
	for (size_t i = 0; good && i < out->n_sinks; i++)
		if (out->sinks[i].kind == SINK_PROGRAM)
			good = directories_add(list, out->sinks[i].path, e);
	return directories_or_none(list, good);
}

char **outlets_writes(const struct outlets *out, const char *state, struct error *e)
{
	char **list = directories_new(e);
	bool good = list != NULL && (state == NULL || directories_add(list, state, e));
	for (size_t i = 0; good && i < out->n_sinks; i++)
		if (out->sinks[i].kind == SINK_FILE)
			good = directories_add(list, out->sinks[i].path, e);
	return directories_or_none(list, good);
}
