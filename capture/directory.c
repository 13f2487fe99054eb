/*
 * The captures of one directory, as one timeline: which of its files are captures, and in which order
 * they began.
 */
#include "capture/capture.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture/reader.h"

struct entry {
	char *path;
	bool is_capture;
	bool timed; /* it has a packet, and the first is at: */
	int64_t ns;
};

struct listing {
	const char *directory;
	struct entry *entries;
	size_t n, room;
};

static const char *entry_name(const struct entry *entry)
{
	const char *slash = strrchr(entry->path, '/');
	return slash ? slash + 1 : entry->path;
}

static void listing_fini(struct listing *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->entries[i].path);
	free(l->entries);
}

/* "DIR/NAME" of a regular file, or a link to one; NULL: it is none, or *e. */
static char *path_of(const struct listing *l, const char *name, struct error *e)
{
	size_t n = strlen(l->directory), room = n + strlen(name) + 2;
	char *path = malloc(room);
	struct stat st;
	e->text[0] = '\0';
	if (!path) {
		error_set(e, "out of memory");
		return NULL;
	}
	bool slashed = n > 0 && l->directory[n - 1] == '/';
	(void)snprintf(path, room, "%s%s%s", l->directory, slashed ? "" : "/", name);
	bool regular = stat(path, &st) == 0 && S_ISREG(st.st_mode);
	/* What cannot be read is not known to be no capture. */
	if (regular && faccessat(AT_FDCWD, path, R_OK, AT_EACCESS) != 0) {
		error_set(e, "%s: %s", path, strerror(errno));
		regular = false;
	}
	if (regular)
		return path;
	free(path);
	return NULL;
}

static bool listing_add(struct listing *l, const char *name, struct error *e)
{
	if (l->n == l->room) {
		size_t room = l->room ? 2 * l->room : 64;
		struct entry *more = realloc(l->entries, room * sizeof(*more));
		if (!more)
			return error_set(e, "out of memory");
		l->entries = more;
		l->room = room;
	}
	char *path = path_of(l, name, e);
	if (path)
		l->entries[l->n++] = (struct entry){ .path = path };
	return path || e->text[0] == '\0';
}

static bool listing_read(struct listing *l, struct error *e)
{
	DIR *dir = opendir(l->directory);
	bool good = dir != NULL || error_set(e, "%s: %s", l->directory, strerror(errno));
	errno = 0;
	for (const struct dirent *d; dir && good && (d = readdir(dir)) != NULL; errno = 0)
		good = listing_add(l, d->d_name, e);
	if (good && errno != 0)
		good = error_set(e, "%s: %s", l->directory, strerror(errno));
	if (dir)
		closedir(dir);
	return good;
}

static void entry_look(struct entry *entry, const struct limits *limits)
{
	struct unpack_room room = { limits->unpack_window, limits->unpack_idle };
	const struct input_options options = { .room = &room };
	struct packet first = { 0 };
	struct reader r;
	struct error unused;
	entry->is_capture = reader_open(&r, entry->path, limits, &options, &unused);
	if (!entry->is_capture)
		return;
	entry->timed = r.format->next(&r, &first) == READ_PACKET;
	entry->ns = first.at.ns;
	reader_close(&r);
}

/* Captures first; of them those without a packet last. */
static int entry_compare(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	if (x->is_capture != y->is_capture)
		return x->is_capture ? -1 : 1;
	if (x->timed != y->timed)
		return x->timed ? -1 : 1;
	if (x->timed && x->ns != y->ns)
		return x->ns < y->ns ? -1 : 1;
	return strcmp(entry_name(x), entry_name(y));
}

/* The paths change hands. */
static bool listing_give(struct listing *l, struct captures *out)
{
	out->paths = calloc(l->n + 1, sizeof(*out->paths));
	if (!out->paths)
		return false;
	for (size_t i = 0; i < l->n; i++) {
		out->paths[i] = l->entries[i].path;
		out->n += l->entries[i].is_capture;
	}
	out->n_others = l->n - out->n;
	l->n = 0;
	return true;
}

bool captures_find(struct captures *out, const char *directory, const struct limits *limits,
    struct error *e)
{
	struct listing l = { .directory = directory };
	*out = (struct captures){ 0 };
	bool good = listing_read(&l, e);
	for (size_t i = 0; good && i < l.n; i++)
		entry_look(&l.entries[i], limits);
	if (good && l.n > 0)
		qsort(l.entries, l.n, sizeof(*l.entries), entry_compare);
	if (good && !listing_give(&l, out))
		good = error_set(e, "out of memory");
	listing_fini(&l);
	return good;
}

void captures_free(struct captures *c)
{
	for (size_t i = 0; i < c->n + c->n_others; i++)
		free(c->paths[i]);
	free(c->paths);
	*c = (struct captures){ 0 };
}
