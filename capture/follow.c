/*
 * The file that comes next: davscope and tcpdump write rows of files whose names count or tell the time.
 */
#include "capture/follow.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static size_t digits_at(const char *s)
{
	size_t n = 0;
	while (is_digit(s[n]))
		n++;
	return n;
}

/* A ring of ours writes under this name until the file is whole. */
size_t row_name_length(const char *name)
{
	static const char unfinished[] = ".part";
	size_t n = strlen(name), end = sizeof(unfinished) - 1;
	return n > end && strcmp(name + n - end, unfinished) == 0 ? n - end : n;
}

bool row_is_same(const char *name, const char *other)
{
	const char *a = name, *a_end = name + row_name_length(name);
	const char *b = other, *b_end = other + row_name_length(other);
	while (a < a_end && b < b_end) {
		size_t n = digits_at(a), m = digits_at(b);
		if (n > 0 && m > 0) {
			a += n;
			b += m;
		} else if (*a++ != *b++) {
			return false;
		}
	}
	return a == a_end && b + digits_at(b) == b_end;
}

/* Without leading zeros the longer number is the larger one. */
static int number_compare(const char *a, size_t n, const char *b, size_t m)
{
	for (; n > 1 && *a == '0'; n--)
		a++;
	for (; m > 1 && *b == '0'; m--)
		b++;
	if (n != m)
		return n < m ? -1 : 1;
	return strncmp(a, b, n);
}

int row_compare(const char *name, const char *other)
{
	const char *a = name, *a_end = name + row_name_length(name);
	const char *b = other, *b_end = other + row_name_length(other);
	while (a < a_end && b < b_end) {
		size_t n = digits_at(a), m = digits_at(b);
		int order = n > 0 && m > 0 ? number_compare(a, n, b, m) : *a - *b;
		if (order != 0)
			return order;
		a += n > 0 ? n : 1;
		b += m > 0 ? m : 1;
	}
	return (a < a_end) - (b < b_end);
}

static int time_compare(const struct timespec *a, const struct timespec *b)
{
	if (a->tv_sec != b->tv_sec)
		return a->tv_sec < b->tv_sec ? -1 : 1;
	return (a->tv_nsec > b->tv_nsec) - (a->tv_nsec < b->tv_nsec);
}

struct search {
	const char *name; /* of the file that is read */
	struct stat st;
	bool ageless; /* st is not known */
	char *behind; /* the least name above it ... */
	char *first; /* ... and the least below that is younger: the row began anew */
};

/* False: out of memory. */
static bool least_keep(char **least, const char *name)
{
	if (*least != NULL && row_compare(name, *least) >= 0)
		return true;
	free(*least);
	*least = strdup(name);
	return *least != NULL;
}

static bool search_look(struct search *s, DIR *dir, const char *name)
{
	struct stat st;
	if (!row_is_same(s->name, name) && !row_is_same(name, s->name))
		return true;
	int order = row_compare(name, s->name);
	if (order == 0 || fstatat(dirfd(dir), name, &st, 0) != 0 || !S_ISREG(st.st_mode))
		return true;
	int age = time_compare(&st.st_mtim, &s->st.st_mtim);
	if (order > 0 && (age >= 0 || s->ageless))
		return least_keep(&s->behind, name);
	return order > 0 || age <= 0 || s->ageless || least_keep(&s->first, name);
}

static char *path_join(const char *directory, const char *name)
{
	size_t room = strlen(directory) + strlen(name) + 2;
	char *path = malloc(room);
	if (path != NULL)
		(void)snprintf(path, room, "%s/%s", directory, name);
	return path;
}

/* Out of memory is no file yet: it is looked for again. */
static char *search_in(struct search *s, const char *directory)
{
	DIR *dir = opendir(directory);
	char *found = NULL;
	bool good = dir != NULL;
	for (const struct dirent *d; good && (d = readdir(dir)) != NULL;)
		good = search_look(s, dir, d->d_name);
	if (good && (s->behind != NULL || s->first != NULL))
		found = path_join(directory, s->behind != NULL ? s->behind : s->first);
	if (dir != NULL)
		closedir(dir);
	free(s->behind);
	free(s->first);
	return found;
}

char *follow_next(const char *path, int fd)
{
	const char *slash = strrchr(path, '/');
	struct search s = { .name = slash ? slash + 1 : path, .ageless = fd < 0 };
	char *directory = slash ? strndup(path, (size_t)(slash - path) + (slash == path)) :
				  strdup(".");
	char *found = NULL;
	if (directory != NULL && (s.ageless || fstat(fd, &s.st) == 0))
		found = search_in(&s, directory);
	free(directory);
	return found;
}
