/*
 * config.c - the configuration of the monitor: the file, and its sections but for alerts.
 */
#include "cmd/config_read.h"

#include "cmd/metrics_place.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_DEPTH = 8, SHARE_MOST = 99, RING_FILES_MOST = 65000 };
#define BUFFER_MOST ((uint64_t)2047 << 20)

/* ---- metrics: ADDRESS:PORT[/PATH] ---- */

bool metrics_check(struct slice text)
{
	struct metrics_place place;
	return metrics_place_read(text, &place) && place.port != 0;
}

static void metrics_read(struct config_reader *r, const struct yaml *node)
{
	char quote[64];
	if (node != NULL && !metrics_check(node->text))
		config_hint(config_refuse(r, node, "E0607",
				"metrics is ADDRESS:PORT[/PATH], not \"%s\"",
				quoted(quote, node->text)),
		    "127.0.0.1:9920 or [::1]:9920");
	else
		config_text(r, node, "metrics", &r->config->metrics);
}

/* ---- variables and limits: as the options take them, NAME=VALUE ---- */

static bool is_name(struct slice s)
{
	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = s.p[i];
		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && c != '_' &&
		    (i == 0 || c < '0' || c > '9'))
			return false;
	}
	return s.n != 0;
}

/* Limits are set in r->limits as well, so that each is told of where it stands. */
static const char *pair_read(struct config_reader *r, const struct yaml *node, const char *what,
    bool limit)
{
	char quote[64];
	struct error e;
	const char *value = NULL, *pair = NULL;
	config_text(r, node, what, &value);
	if (!is_name(node->key->text))
		config_refuse(r, node->key, "E0018", "a name has letters, digits and _: \"%s\"",
		    quoted(quote, node->key->text));
	else if (value != NULL)
		pair = config_pair(r, node, "=");
	if (pair == NULL || !limit || limits_set(&r->limits, pair, &e))
		return pair;
	config_refuse(r, node, "E0608", "%.180s", e.text);
	return NULL;
}

static size_t pairs_read(struct config_reader *r, const struct yaml *map, const char *what,
    bool limits, const char ***out)
{
	size_t n = 0;
	const char **all = map != NULL ? config_room(r, (map->n + 1) * sizeof *all) : NULL;
	if (all == NULL)
		return 0;
	for (const struct yaml *m = map->first; m != NULL; m = m->next)
		if ((all[n] = pair_read(r, m, what, limits)) != NULL)
			n++;
	*out = all;
	return n;
}

static void limits_read(struct config_reader *r, const struct yaml *map)
{
	struct error e;
	size_t before = complaints_errors(r->complaints);
	r->config->n_limits = pairs_read(r, map, "a limit", true, &r->config->limits);
	if (complaints_errors(r->complaints) == before && !limits_check(&r->limits, &e))
		config_refuse(r, map, "E0608", "%.180s", e.text);
}

/* ---- monitor ---- */

/* Whether it is one is for `config check` to ask: names in it are looked up, and who reloads has no network. */
static void filter_read(struct config_reader *r, const struct yaml *node)
{
	config_text(r, node, "filter", &r->config->filter);
	if (node == NULL)
		return;
	r->config->filter_start = node->start;
	r->config->filter_end = node->end;
}

/* A part of the names of files. */
static void sensor_read(struct config_reader *r, const struct yaml *node)
{
	config_text(r, node, "sensor", &r->config->sensor);
	if (node != NULL && slice_find_byte(node->text, '/') < node->text.n)
		config_refuse(r, node, "E0018", "sensor is a part of file names, without /");
}

static void monitor_read(struct config_reader *r, const struct yaml *map)
{
	enum {
		FILTER,
		SENSOR,
		USER,
		BUFFER,
		SNAPLEN,
		METRICS,
		STATE,
		RULES,
		VARIABLES,
		LIMITS,
		KEYS
	};
	static const struct config_key keys[KEYS] = {
		[FILTER] = { "filter", TEXT },
		[SENSOR] = { "sensor", TEXT },
		[USER] = { "user", TEXT },
		[BUFFER] = { "buffer", TEXT },
		[SNAPLEN] = { "snaplen", TEXT },
		[METRICS] = { "metrics", TEXT },
		[STATE] = { "state", TEXT },
		[RULES] = { "rules", LIST },
		[VARIABLES] = { "variables", MAP },
		[LIMITS] = { "limits", MAP },
	};
	struct config *config = r->config;
	const struct yaml *v[KEYS];
	if (map == NULL || !config_map(r, map, "monitor", keys, KEYS, v))
		return;
	filter_read(r, v[FILTER]);
	sensor_read(r, v[SENSOR]);
	config_text(r, v[USER], "user", &config->user);
	config_size(r, v[BUFFER], "buffer", BUFFER_MOST, &config->buffer);
	config_number(r, v[SNAPLEN], "snaplen", (struct range){ 0, INT32_MAX }, &config->snaplen);
	metrics_read(r, v[METRICS]);
	config_path(r, v[STATE], "state", &config->state);
	config->n_rules = config_paths(r, v[RULES], "a path of rules", &config->rules);
	config->n_variables = pairs_read(r, v[VARIABLES], "a variable", false, &config->variables);
	limits_read(r, v[LIMITS]);
}

/* ---- ring ---- */

/* "10%" of the file system, or a size. */
static void keep_free_read(struct config_reader *r, const struct yaml *node)
{
	char quote[64];
	uint64_t share = 0;
	bool percent = node != NULL && node->text.n != 0 && node->text.p[node->text.n - 1] == '%';
	if (!percent) {
		config_size(r, node, "keep-free", UINT64_MAX, &r->config->ring.keep_free_bytes);
		return;
	}
	if (slice_to_u64(slice_part(node->text, 0, node->text.n - 1), &share) && share != 0 &&
	    share <= SHARE_MOST)
		r->config->ring.keep_free_percent = (unsigned)share;
	else
		config_refuse(r, node, "E0602", "keep-free is a share from 1%% to %d%%, not \"%s\"",
		    SHARE_MOST, quoted(quote, node->text));
}

static void ring_read(struct config_reader *r, const struct yaml *map)
{
	enum { PATH, SIZE, SECONDS, FILES, KEEP_FREE, PIN_ON, KEYS };
	static const struct config_key keys[KEYS] = {
		[PATH] = { "path", TEXT },
		[SIZE] = { "size", TEXT },
		[SECONDS] = { "seconds", TEXT },
		[FILES] = { "files", TEXT },
		[KEEP_FREE] = { "keep-free", TEXT },
		[PIN_ON] = { "pin-on", TEXT },
	};
	struct config *config = r->config;
	const struct yaml *v[KEYS];
	if (map == NULL || !config_map(r, map, "ring", keys, KEYS, v))
		return;
	if (yaml_get(map, "path") == NULL)
		config_missing(r, map, "ring", "path");
	config_path(r, v[PATH], "path", &config->ring.path);
	config_size(r, v[SIZE], "size", UINT64_MAX, &config->ring.bytes);
	config_number(r, v[SECONDS], "seconds", (struct range){ 1, INT32_MAX },
	    &config->ring.seconds);
	config_number(r, v[FILES], "files", (struct range){ 1, RING_FILES_MOST },
	    &config->ring.files);
	keep_free_read(r, v[KEEP_FREE]);
	config_severity(r, v[PIN_ON], "pin-on", &config->ring.pin_on);
	config->ring.pins = v[PIN_ON] != NULL;
}

/* ---- the file ---- */

static const struct yaml *root_read(struct config_reader *r, struct slice text)
{
	struct yaml_error why;
	const struct yaml *root = yaml_parse(text, r->arena, FILE_DEPTH, &why);
	if (root == NULL) {
		struct complaint *c = complaint_add(r->complaints, yaml_fault_code(why.fault),
		    r->name, &why.at, NULL);
		snprintf(c->text, sizeof c->text, "%s", why.text);
	} else if (root->kind == YAML_LIST || (root->kind == YAML_SCALAR && root->text.n != 0)) {
		config_refuse(r, root, "E0011", "a configuration is a map: monitor, ring, alerts");
	}
	return root != NULL && root->kind == YAML_MAP ? root : NULL;
}

/* An empty file says nothing, and nothing is wrong with that. */
static void sections_read(struct config_reader *r, struct slice text)
{
	enum { MONITOR, RING, ALERTS, KEYS };
	static const struct config_key keys[KEYS] = {
		[MONITOR] = { "monitor", MAP | OR_NOTHING },
		[RING] = { "ring", MAP | OR_NOTHING },
		[ALERTS] = { "alerts", LIST | OR_NOTHING },
	};
	const struct yaml *v[KEYS];
	const struct yaml *root = root_read(r, text);
	if (root == NULL || !config_map(r, root, "a configuration", keys, KEYS, v))
		return;
	monitor_read(r, v[MONITOR]);
	ring_read(r, v[RING]);
	alerts_read(r, v[ALERTS]);
}

struct config *config_read(const char *name, struct slice text, bool others_read,
    struct complaints *complaints, struct error *error)
{
	struct config_reader r = { .name = name,
		.complaints = complaints,
		.limits = limits_default(),
		.others_read = others_read };
	size_t before = complaints_errors(complaints);
	*error = (struct error){ "" };
	r.arena = arena_new((size_t)r.limits.config_memory);
	r.config = r.arena != NULL ? arena_alloc(r.arena, sizeof *r.config) : NULL;
	if (r.config == NULL || !complaints_file(complaints, name)) {
		arena_free(r.arena);
		error_set(error, "no memory for a configuration");
		return NULL;
	}
	r.config->arena = r.arena;
	r.config->path = config_copy(&r, slice_from(name));
	sections_read(&r, text);
	if (complaints_errors(complaints) == before)
		return r.config;
	arena_free(r.arena);
	return NULL;
}

static struct config *load_open(const char *path, int fd, const struct stat *st,
    struct complaints *complaints, struct error *error)
{
	struct limits limits = limits_default();
	size_t most = (size_t)limits.config_file, n = 0;
	uint8_t *text = malloc(most + 1);
	struct config *config = NULL;
	if (text == NULL)
		error_set(error, "no memory to read a configuration");
	else if (!read_whole(fd, text, most, &n))
		error_set(error, "%.160s: %s", path, strerror(errno));
	else if (n > most)
		error_set(error, "%.160s: longer than %zu bytes (config_file)", path, most);
	else
		config = config_read(path, (struct slice){ text, n }, st->st_mode & S_IROTH,
		    complaints, error);
	if (text != NULL)
		explicit_bzero(text, n);
	free(text);
	return config;
}

struct config *config_load(const char *path, struct complaints *complaints, struct error *error)
{
	struct stat st;
	struct config *config = NULL;
	int fd = path_open(path, &st, error);
	if (fd < 0)
		return NULL;
	if (S_ISREG(st.st_mode))
		config = load_open(path, fd, &st, complaints, error);
	else
		error_set(error, "%.160s: no regular file", path);
	close(fd);
	return config;
}

void config_free(struct config *config)
{
	if (config != NULL)
		arena_free(config->arena);
}
