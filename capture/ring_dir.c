/*
 * The directory of a ring: names, which files are the ring's, what an earlier run left unfinished, which
 * go when there are too many. Every call but the first names files within the open directory only.
 */
#include "capture/ring.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "capture/reader.h"

static const char ending[] = ".pcapng", unfinished[] = ".part";
enum {
	UTC_LENGTH = 16,
	NUMBER_DIGITS = 6,
	TAIL_MAX = 64,
	NAME_LENGTH_MAX = 255,
	SECTION_LEAST = 28
};
static const uint64_t NUMBER_MOST = 999999999999;

static bool dir_error(const struct ring_dir *d, const char *name, struct error *e)
{
	return error_set(e, "%s/%s: %s", d->path, name, strerror(errno));
}

/* ---- names ---- */

/* What a sensor calls itself, as a part of a file name. */
static void name_sanitise(char *text)
{
	for (; *text; text++) {
		uint8_t c = ascii_lower((uint8_t)*text);
		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && !strchr("._-", c))
			*text = '_';
	}
}

/* "20061231T235959Z" */
static bool is_utc(struct slice s)
{
	if (s.n != UTC_LENGTH || s.p[8] != 'T' || s.p[15] != 'Z')
		return false;
	uint64_t unused;
	return slice_to_u64(slice_part(s, 0, 8), &unused) &&
	    slice_to_u64(slice_part(s, 9, 6), &unused);
}

static bool slice_ends(struct slice *s, const char *text)
{
	size_t n = strlen(text);
	if (s->n < n || !slice_is(slice_part(*s, s->n - n, n), text))
		return false;
	s->n -= n;
	return true;
}

/* False: no file of this ring. */
static bool name_parse(const struct ring_dir *d, const char *name, uint64_t *number, bool *part)
{
	struct slice s = slice_from(name);
	*part = slice_ends(&s, unfinished);
	if (!slice_ends(&s, ending) || !slice_starts(s, slice_from(d->prefix)))
		return false;
	s = slice_part(s, strlen(d->prefix), s.n);
	return is_utc(slice_part(s, 0, UTC_LENGTH)) && s.n >= UTC_LENGTH + 1 + NUMBER_DIGITS &&
	    s.p[UTC_LENGTH] == '-' && slice_to_u64(slice_part(s, UTC_LENGTH + 1, s.n), number) &&
	    *number <= NUMBER_MOST;
}

static char *name_join(const char *a, const char *b)
{
	size_t room = strlen(a) + strlen(b) + 1;
	char *name = malloc(room);
	if (name)
		(void)snprintf(name, room, "%s%s", a, b);
	return name;
}

char *ring_dir_name(struct ring_dir *d, int64_t ns)
{
	const int64_t second = 1000000000;
	char tail[2 * TAIL_MAX], utc[TAIL_MAX];
	time_t t = (time_t)(ns / second - (ns % second < 0));
	struct tm tm;
	if (!gmtime_r(&t, &tm) || strftime(utc, sizeof(utc), "%Y%m%dT%H%M%SZ", &tm) != UTC_LENGTH)
		memcpy(utc, "00000000T000000Z", UTC_LENGTH + 1);
	(void)snprintf(tail, sizeof(tail), "%s-%0*" PRIu64 "%s", utc, NUMBER_DIGITS, d->next++,
	    ending);
	return name_join(d->prefix, tail);
}

/* ---- what is there ---- */

static int file_compare(const void *a, const void *b)
{
	const struct ring_file *left = a, *right = b;
	if (left->number != right->number)
		return left->number < right->number ? -1 : 1;
	return strcmp(left->name, right->name);
}

static bool dir_add(struct ring_dir *d, const char *name, uint64_t number)
{
	if (d->n == d->room) {
		size_t room = d->room ? 2 * d->room : 64;
		struct ring_file *more = realloc(d->files, room * sizeof(*more));
		if (!more)
			return false;
		d->files = more;
		d->room = room;
	}
	char *copy = strdup(name);
	if (!copy)
		return false;
	struct ring_file *file = &d->files[d->n++];
	file->number = number;
	file->name = copy;
	return true;
}

enum measure { PART_FOREIGN, PART_EMPTY, PART_GOOD };

/* *whole: where its last whole block ends. What does not begin as a ring's file is not touched. */
static enum measure part_measure(const char *path, uint64_t *whole)
{
	const struct limits limits = limits_default();
	struct unpack_room none = { 0 };
	const struct input_options options = { .room = &none };
	struct reader r;
	struct error unused;
	struct packet p = { 0 };
	if (!reader_open(&r, path, &limits, &options, &unused))
		return PART_FOREIGN;
	enum read_status status;
	while ((status = r.format->next(&r, &p)) == READ_PACKET)
		continue;
	*whole = status == READ_END ? input_offset(&r.in) : r.offset;
	bool ours = r.format == &format_pcapng;
	reader_close(&r);
	if (!ours)
		return PART_FOREIGN;
	return r.frame ? PART_GOOD : PART_EMPTY;
}

/* Some file systems cannot bring a directory to the disk; the file has its name already. */
static bool part_name(struct ring_dir *d, const char *part, const char *name)
{
	if (renameat(d->fd, part, d->fd, name) != 0)
		return false;
	(void)fsync(d->fd);
	return true;
}

/* Cut back and named, or deleted when no packet is in it. */
static bool part_end(struct ring_dir *d, const char *part, int fd, struct error *e)
{
	struct stat st;
	uint64_t whole = 0;
	size_t room = strlen(d->path) + strlen(part) + 2;
	char *path = malloc(room), *name = strndup(part, strlen(part) - strlen(unfinished));
	enum measure measure = PART_FOREIGN;
	if (path && name) {
		(void)snprintf(path, room, "%s/%s", d->path, part);
		measure = part_measure(path, &whole);
	}
	if (measure == PART_FOREIGN && fstat(fd, &st) == 0 && st.st_size < SECTION_LEAST)
		measure = PART_EMPTY;
	bool good = true;
	if (measure == PART_GOOD)
		good = ftruncate(fd, (off_t)whole) == 0 && fsync(fd) == 0 &&
		    part_name(d, part, name);
	else if (measure == PART_EMPTY)
		good = unlinkat(d->fd, part, 0) == 0;
	if (!good)
		dir_error(d, part, e);
	free(path);
	free(name);
	return good;
}

/* A file that a process has open is locked by it. *named: it is a finished one now. */
static bool part_recover(struct ring_dir *d, const char *part, bool *named, struct error *e)
{
	struct stat st;
	int fd = openat(d->fd, part, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	*named = false;
	if (fd < 0)
		return errno == ELOOP || errno == ENOENT || dir_error(d, part, e);
	bool good = true;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && flock(fd, LOCK_EX | LOCK_NB) == 0) {
		good = part_end(d, part, fd, e);
		*named = good && faccessat(d->fd, part, F_OK, 0) != 0;
	}
	close(fd);
	return good;
}

static bool dir_entry(struct ring_dir *d, const char *name, struct error *e)
{
	char final[NAME_LENGTH_MAX + 1];
	uint64_t number;
	bool part, named = true;
	if (!name_parse(d, name, &number, &part))
		return true;
	if (number >= d->next)
		d->next = number + 1;
	(void)snprintf(final, sizeof(final), "%.*s",
	    (int)(strlen(name) - (part ? strlen(unfinished) : 0)), name);
	if (part && !part_recover(d, name, &named, e))
		return false;
	if (!named || faccessat(d->fd, final, F_OK, 0) != 0)
		return true;
	return dir_add(d, final, number) || error_set(e, "%s: out of memory", d->path);
}

static bool dir_scan(struct ring_dir *d, struct error *e)
{
	int fd = openat(d->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *all = fd >= 0 ? fdopendir(fd) : NULL;
	bool good = true;
	if (!all) {
		dir_error(d, ".", e);
		if (fd >= 0)
			close(fd);
		return false;
	}
	/* A name that recovering gives may come up here again: a file counts once. */
	for (struct dirent *entry; good && (entry = readdir(all));)
		good = dir_entry(d, entry->d_name, e);
	closedir(all);
	if (d->n > 1)
		qsort(d->files, d->n, sizeof(*d->files), file_compare);
	size_t kept = 0;
	for (size_t i = 0; i < d->n; i++) {
		if (kept && file_compare(&d->files[kept - 1], &d->files[i]) == 0)
			free(d->files[i].name);
		else
			d->files[kept++] = d->files[i];
	}
	d->n = kept;
	return good;
}

/* ---- opening ---- */

static const char *base_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

static bool dir_set_names(struct ring_dir *d, const char *path, const char *sensor)
{
	const char *slash = strrchr(path, '/');
	const char *base = base_of(path);
	size_t n = strlen(base), tail = strlen(ending);
	if (n > tail && strcmp(base + n - tail, ending) == 0)
		n -= tail;
	char *clean = strdup(sensor && sensor[0] ? sensor : "sensor");
	size_t room = n + (clean ? strlen(clean) : 0) + sizeof("-pinned--");
	d->path = slash ? strndup(path, slash == path ? 1 : (size_t)(slash - path)) : strdup(".");
	d->prefix = malloc(room);
	d->pinned = malloc(room);
	if (clean && d->path && d->prefix && d->pinned) {
		name_sanitise(clean);
		(void)snprintf(d->prefix, room, "%.*s-%s-", (int)n, base, clean);
		(void)snprintf(d->pinned, room, "%.*s-pinned-%s-", (int)n, base, clean);
	}
	free(clean);
	return clean && d->path && d->prefix && d->pinned;
}

static bool dir_begin(struct ring_dir *d, const char *path, const char *sensor, struct error *e)
{
	size_t n = strlen(path);
	if (n == 0 || path[n - 1] == '/')
		return error_set(e, "%s: needs the name of a file", path);
	if (!dir_set_names(d, path, sensor))
		return error_set(e, "%s: out of memory", path);
	if (strlen(d->pinned) + TAIL_MAX > NAME_LENGTH_MAX)
		return error_set(e, "%.60s: so long a name leaves no room for what is added",
		    base_of(path));
	d->fd = open(d->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (d->fd < 0 || faccessat(d->fd, ".", W_OK | X_OK, AT_EACCESS) != 0)
		return error_set(e, "%s: %s", d->path, strerror(errno));
	return dir_scan(d, e);
}

bool ring_dir_open(struct ring_dir *d, const char *path, const char *sensor, struct error *e)
{
	*d = (struct ring_dir){ .fd = -1, .next = 1 };
	if (dir_begin(d, path, sensor, e))
		return true;
	ring_dir_close(d);
	return false;
}

void ring_dir_close(struct ring_dir *d)
{
	if (d->fd >= 0)
		close(d->fd);
	for (size_t i = 0; i < d->n; i++)
		free(d->files[i].name);
	free(d->files);
	free(d->path);
	free(d->prefix);
	free(d->pinned);
	*d = (struct ring_dir){ .fd = -1 };
}

/* ---- one file ---- */

int ring_dir_create(struct ring_dir *d, const char *name, struct error *e)
{
	char *part = name_join(name, unfinished);
	int fd = -1;
	if (!part)
		errno = ENOMEM;
	else if (faccessat(d->fd, name, F_OK, 0) == 0)
		errno = EEXIST;
	else
		fd = openat(d->fd, part, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		    0600);
	if (fd < 0)
		dir_error(d, name, e);
	else if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		dir_error(d, name, e);
		close(fd);
		fd = -1;
	}
	free(part);
	return fd;
}

bool ring_dir_commit(struct ring_dir *d, const char *name, struct error *e)
{
	char *part = name_join(name, unfinished);
	uint64_t number = 0;
	bool unused;
	if (!part || !part_name(d, part, name)) {
		dir_error(d, name, e);
		free(part);
		return false;
	}
	free(part);
	(void)name_parse(d, name, &number, &unused);
	return dir_add(d, name, number) || error_set(e, "%s: out of memory", d->path);
}

bool ring_dir_discard(struct ring_dir *d, const char *name)
{
	char *part = name_join(name, unfinished);
	bool gone = part && unlinkat(d->fd, part, 0) == 0;
	free(part);
	return gone;
}

bool ring_dir_pin(struct ring_dir *d, const char *name, uint64_t *pinned, struct error *e)
{
	uint64_t unused;
	bool part;
	if (!name_parse(d, name, &unused, &part) || part)
		return error_set(e, "%s: no file of this ring", name[0] ? name : "file unknown");
	char *second = name_join(d->pinned, name + strlen(d->prefix));
	bool new = second &&linkat(d->fd, name, d->fd, second, 0) == 0;
	bool good = new || (second && errno == EEXIST) || dir_error(d, name, e);
	*pinned += new;
	free(second);
	return good;
}

/* ---- too many ---- */

/* *bytes: what the file system gets back. */
static bool dir_drop_first(struct ring_dir *d, uint64_t *deleted, uint64_t *bytes, struct error *e)
{
	enum { SECTOR = 512 };
	struct stat st = { 0 };
	char *name = d->files[0].name;
	d->n--;
	memmove(d->files, d->files + 1, d->n * sizeof(*d->files));
	bool there = fstatat(d->fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
	bool gone = unlinkat(d->fd, name, 0) == 0;
	*bytes = there && st.st_nlink == 1 ? (uint64_t)st.st_blocks * SECTOR : 0;
	*deleted += gone;
	bool good = gone || errno == ENOENT || dir_error(d, name, e);
	free(name);
	return good;
}

bool ring_dir_trim(struct ring_dir *d, size_t most, uint64_t *deleted, struct error *e)
{
	uint64_t unused;
	bool good = true;
	while (d->n > most)
		good = dir_drop_first(d, deleted, &unused, e) && good;
	return good;
}

/*
 * What is deleted counts as free at once: some file systems give it back later, and the whole ring would
 * go meanwhile. The file being written stays.
 */
bool ring_dir_spare(struct ring_dir *d, const struct ring_options *o, uint64_t *deleted,
    struct error *e)
{
	struct statvfs fs;
	bool good = true;
	if ((!o->keep_free_bytes && !o->keep_free_percent) || fstatvfs(d->fd, &fs) != 0)
		return true;
	uint64_t unit = fs.f_frsize ? fs.f_frsize : fs.f_bsize;
	uint64_t have = fs.f_bavail * unit;
	uint64_t want = fs.f_blocks / 100 * unit * o->keep_free_percent;
	want = want > o->keep_free_bytes ? want : o->keep_free_bytes;
	for (uint64_t bytes; have < want && d->n > 0; have += bytes)
		good = dir_drop_first(d, deleted, &bytes, e) && good;
	return good;
}
