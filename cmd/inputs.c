/*
 * inputs.c - what -r names: a directory stands for the captures in it, and what has several names is read
 * once.
 */
#include "cmd/cmd.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NAMES_MAX = 200 };

static bool is_directory(const char *path)
{
	struct stat st;
	return strcmp(path, "-") != 0 && stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* Those that are no captures are named, as far as a line is long. */
static void tell_others(const char *directory, const struct captures *c)
{
	char names[NAMES_MAX];
	size_t used = 0, told = 0;
	for (; told < c->n_others; told++) {
		const char *name = strrchr(c->paths[c->n + told], '/') + 1;
		size_t room = sizeof names - used;
		if (strlen(name) + sizeof ", " > room)
			break;
		used += (size_t)snprintf(names + used, room, "%s%s", told == 0 ? "" : ", ", name);
	}
	if (told == 0)
		names[0] = '\0';
	if (c->n_others != 0)
		warn("%s: %zu of %zu files are no captures: %s%s", directory, c->n_others,
		    c->n + c->n_others, names, told < c->n_others ? ", ..." : "");
}

static bool inputs_add(struct inputs *in, const char *const *paths, size_t n, struct error *e)
{
	const char **more = realloc(in->paths, (in->n + n + 1) * sizeof *more);
	if (more == NULL)
		return error_set(e, "out of memory");
	in->paths = more;
	for (size_t i = 0; i < n; i++)
		in->paths[in->n++] = paths[i];
	return true;
}

static bool inputs_directory(struct inputs *in, const char *path, const struct limits *limits,
    struct error *e)
{
	struct captures *c = &in->directories[in->n_directories];
	if (!captures_find(c, path, limits, e))
		return false;
	in->n_directories++;
	if (c->n == 0)
		return error_set(e, "%.200s: no capture in it", path);
	tell_others(path, c);
	return inputs_add(in, (const char *const *)c->paths, c->n, e);
}

/* ---- one file under several names ---- */

struct named {
	struct file_id id;
	size_t at; /* in the order in which they were named */
};

bool file_identify(const char *path, struct file_id *id)
{
	struct stat st;
	if ((strcmp(path, "-") == 0 ? fstat(STDIN_FILENO, &st) : stat(path, &st)) != 0)
		return false;
	*id = (struct file_id){ st.st_dev, st.st_ino };
	return true;
}

bool file_same(const struct file_id *a, const struct file_id *b)
{
	return a->device == b->device && a->node == b->node;
}

static int named_compare(const void *a, const void *b)
{
	const struct named *x = a, *y = b;
	if (x->id.device != y->id.device)
		return x->id.device < y->id.device ? -1 : 1;
	if (x->id.node != y->id.node)
		return x->id.node < y->id.node ? -1 : 1;
	return x->at < y->at ? -1 : x->at > y->at;
}

static void tell_same(const char *first, const char *again)
{
	if (strcmp(first, again) == 0)
		warn("%s is named twice, and read once", first);
	else
		warn("%s and %s are one file, which is read once", first, again);
}

static void inputs_compact(struct inputs *in)
{
	size_t n = 0;
	for (size_t i = 0; i < in->n; i++)
		if (in->paths[i] != NULL)
			in->paths[n++] = in->paths[i];
	in->n = n;
}

/* Its first name stays. What cannot be asked for is told when it is opened. */
static bool inputs_distinct(struct inputs *in, struct error *e)
{
	struct named *all = calloc(in->n + 1, sizeof *all);
	size_t n = 0, first = 0;
	if (all == NULL)
		return error_set(e, "out of memory");
	for (size_t i = 0; i < in->n; i++)
		if (file_identify(in->paths[i], &all[n].id))
			all[n++].at = i;
	qsort(all, n, sizeof *all, named_compare);
	for (size_t i = 1; i < n; i++) {
		if (!file_same(&all[first].id, &all[i].id)) {
			first = i;
			continue;
		}
		tell_same(in->paths[all[first].at], in->paths[all[i].at]);
		in->paths[all[i].at] = NULL;
	}
	inputs_compact(in);
	free(all);
	return true;
}

/* As many descriptors as there are inputs may be more than a shell allows at first. */
void descriptors_raise(void)
{
	struct rlimit most;
	if (getrlimit(RLIMIT_NOFILE, &most) != 0)
		return;
	most.rlim_cur = most.rlim_max;
	setrlimit(RLIMIT_NOFILE, &most);
}

bool inputs_open(struct inputs *in, const struct options *o, struct error *e)
{
	*in = (struct inputs){ .directories = calloc(o->n_inputs, sizeof *in->directories) };
	bool good = in->directories != NULL || error_set(e, "out of memory");
	for (size_t i = 0; good && i < o->n_inputs; i++)
		good = is_directory(o->inputs[i]) ?
		    inputs_directory(in, o->inputs[i], &o->limits, e) :
		    inputs_add(in, &o->inputs[i], 1, e);
	if (in->n_directories != 0)
		descriptors_raise();
	return good && inputs_distinct(in, e);
}

void inputs_close(struct inputs *in)
{
	for (size_t i = 0; i < in->n_directories; i++)
		captures_free(&in->directories[i]);
	free(in->directories);
	free(in->paths);
}
