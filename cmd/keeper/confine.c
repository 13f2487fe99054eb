/*
 * confine.c - what the keeper may still do when it works: write where its files are, read the
 * configuration, start the programs it was told of. A reload does not widen that.
 */
#include "cmd/keeper/confine.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Paths of directories, NULL at the end. */
struct places {
	char **all;
	size_t n;
};

static bool places_init(struct places *p, size_t most)
{
	*p = (struct places){ calloc(most + 1, sizeof *p->all), 0 };
	return p->all != NULL;
}

static void places_fini(struct places *p)
{
	for (size_t i = 0; i < p->n; i++)
		free(p->all[i]);
	free(p->all);
}

/* One that is not there is no right to have: who needs it says so. */
static bool place_add(struct places *p, const char *path, bool itself)
{
	struct stat st;
	const char *slash = strrchr(path, '/');
	char *copy = NULL;
	if (itself)
		copy = strdup(path);
	else if (slash == NULL)
		copy = strdup(".");
	else
		copy = strndup(path, slash == path ? 1 : (size_t)(slash - path));
	if (copy == NULL)
		return false;
	if (stat(copy, &st) == 0)
		p->all[p->n++] = copy;
	else
		free(copy);
	return true;
}

static void lacking(const char *what)
{
	warn("sandbox of davscope-keeper: %s", what);
}

static struct sandbox sandbox_of(const struct options *o, const struct outlets *outlets)
{
	struct sandbox sandbox = { .mode = o->sandbox, .role = SANDBOX_KEEPER, .lacking = lacking };
	for (size_t i = 0; i < outlets->n_sinks; i++)
		sandbox.programs = sandbox.programs || outlets->sinks[i].kind == SINK_PROGRAM;
	return sandbox;
}

static bool places_gather(struct places *reads, struct places *writes, const struct options *o,
    const struct outlets *outlets, const char *state_dir)
{
	if (!places_init(reads, outlets->n_sinks + 1) || !places_init(writes, outlets->n_sinks + 1))
		return false;
	bool good = o->config_path == NULL || place_add(reads, o->config_path, false);
	good = good && (state_dir == NULL || place_add(writes, state_dir, true));
	for (size_t i = 0; good && i < outlets->n_sinks; i++) {
		const struct sink_config *sink = &outlets->sinks[i];
		if (sink->kind == SINK_FILE)
			good = place_add(writes, sink->path, false);
		else if (sink->kind == SINK_PROGRAM)
			good = place_add(reads, sink->path, true);
	}
	return good;
}

bool keeper_confine(const struct options *o, const struct outlets *outlets, const char *state_dir,
    struct error *e)
{
	struct sandbox sandbox = sandbox_of(o, outlets);
	struct places reads = { 0 }, writes = { 0 };
	bool good = places_gather(&reads, &writes, o, outlets, state_dir);
	sandbox.reads = (const char *const *)reads.all;
	sandbox.writes = (const char *const *)writes.all;
	good = good ? sandbox_confine(&sandbox, e) : error_set(e, "out of memory");
	places_fini(&reads);
	places_fini(&writes);
	return good;
}

bool keeper_seal(const struct options *o, const struct outlets *outlets, struct error *e)
{
	const struct sandbox sandbox = sandbox_of(o, outlets);
	return sandbox_seal(&sandbox, e);
}
