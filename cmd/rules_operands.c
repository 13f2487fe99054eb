/*
 * rules_operands.c - what `rules test` was given: rule files, captures with an expectation beside
 * them, expectations, and directories that hold some.
 */
#include "cmd/rules.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define EXPECTATION ".expect.yaml"

static bool ends_with(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);
	return n >= m && strcmp(text + n - m, end) == 0;
}

static bool exists(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0;
}

/* The first n bytes of a path with another end; NULL: out of memory. */
static char *with_end(const char *path, size_t n, const char *end)
{
	size_t room = n + strlen(end) + 1;
	char *out = malloc(room);
	if (out != NULL)
		snprintf(out, room, "%.*s%s", (int)n, path, end);
	return out;
}

static bool make_room(struct operands *o)
{
	if (o->n_trials < o->room)
		return true;
	size_t room = o->room == 0 ? 16 : 2 * o->room;
	struct trial *more = realloc(o->trials, room * sizeof *more);
	if (more == NULL)
		return false;
	o->trials = more;
	o->room = room;
	return true;
}

/* Takes both, also when it fails. */
static bool add_trial(struct operands *o, char *expect, char *capture, struct error *e)
{
	if (expect != NULL && make_room(o)) {
		o->trials[o->n_trials++] = (struct trial){ expect, capture };
		return true;
	}
	free(expect);
	free(capture);
	return error_set(e, "out of memory");
}

/* ---- captures ---- */

static const char *const capture_ends[] = { ".pcap", ".pcapng", ".cap", ".pcap.gz", ".pcapng.gz",
	".cap.gz" };
enum { CAPTURE_ENDS = sizeof capture_ends / sizeof capture_ends[0] };

static size_t stem_of(const char *path)
{
	for (size_t i = 0; i < CAPTURE_ENDS; i++)
		if (ends_with(path, capture_ends[i]))
			return strlen(path) - strlen(capture_ends[i]);
	return strlen(path);
}

static bool add_capture(struct operands *o, const char *path, struct error *e)
{
	char *expect = with_end(path, stem_of(path), EXPECTATION);
	if (expect != NULL && !exists(expect)) {
		error_set(e, "%s: there is no %s that says what to expect", path, expect);
		free(expect);
		return false;
	}
	char *capture = strdup(path);
	if (capture != NULL)
		return add_trial(o, expect, capture, e);
	free(expect);
	return error_set(e, "out of memory");
}

/* Takes the path. The capture may be left out of a distribution for its size. */
static bool add_expectation(struct operands *o, char *expect, struct error *e)
{
	size_t stem = expect == NULL ? 0 : strlen(expect) - strlen(EXPECTATION);
	char *capture = NULL;
	for (size_t i = 0; i < CAPTURE_ENDS && expect != NULL && capture == NULL; i++) {
		capture = with_end(expect, stem, capture_ends[i]);
		if (capture == NULL || exists(capture))
			continue;
		free(capture);
		capture = NULL;
	}
	return add_trial(o, expect, capture, e);
}

/* ---- directories ---- */

static int by_expectation(const void *a, const void *b)
{
	const struct trial *x = a, *y = b;
	return strcmp(x->expect, y->expect);
}

static bool add_entries(struct operands *o, const char *path, DIR *dir, struct error *e)
{
	const char *slash = ends_with(path, "/") ? "" : "/";
	const struct dirent *entry = NULL;
	while ((entry = readdir(dir)) != NULL) {
		if (!ends_with(entry->d_name, EXPECTATION))
			continue;
		size_t room = strlen(path) + strlen(entry->d_name) + 2;
		char *expect = malloc(room);
		if (expect != NULL)
			snprintf(expect, room, "%s%s%s", path, slash, entry->d_name);
		if (!add_expectation(o, expect, e))
			return false;
	}
	return true;
}

static bool add_directory(struct operands *o, const char *path, struct error *e)
{
	size_t before = o->n_trials;
	DIR *dir = opendir(path);
	if (dir == NULL)
		return error_set(e, "%s: %s", path, strerror(errno));
	bool added = add_entries(o, path, dir, e);
	closedir(dir);
	if (added && o->n_trials == before)
		return error_set(e, "%s: holds no *" EXPECTATION "; for its rules: -R %s", path,
		    path);
	if (added)
		qsort(o->trials + before, o->n_trials - before, sizeof *o->trials, by_expectation);
	return added;
}

/* ---- all ---- */

static bool add_word(struct operands *o, const char *path, struct error *e)
{
	struct stat st;
	if (ends_with(path, EXPECTATION))
		return add_expectation(o, strdup(path), e);
	if (stat(path, &st) != 0)
		return error_set(e, "%s: %s", path, strerror(errno));
	if (S_ISDIR(st.st_mode))
		return add_directory(o, path, e);
	if (!ends_with(path, ".yaml") && !ends_with(path, ".yml"))
		return add_capture(o, path, e);
	o->files[o->n_files++] = path;
	return true;
}

bool operands_read(struct operands *o, const char *const *words, size_t n, struct error *e)
{
	*o = (struct operands){ .files = calloc(n + 1, sizeof *o->files) };
	bool good = o->files != NULL || error_set(e, "out of memory");
	for (size_t i = 0; good && i < n; i++)
		good = add_word(o, words[i], e);
	if (!good)
		operands_free(o);
	return good;
}

void operands_free(struct operands *o)
{
	for (size_t i = 0; i < o->n_trials; i++) {
		free(o->trials[i].expect);
		free(o->trials[i].capture);
	}
	free(o->trials);
	free(o->files);
	*o = (struct operands){ 0 };
}
