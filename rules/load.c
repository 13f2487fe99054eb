/*
 * load.c - where rule files come from: a path, a directory, the program itself.
 */
#include "rules/load.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void refuse_file(struct ruleset *set, const char *path, const char *why, uint64_t bytes)
{
	char *name = room_for(set, strlen(path) + 1);
	if (name == NULL)
		return;
	memcpy(name, path, strlen(path));
	if (!complaints_file(set->complaints, name))
		set_is_full(set);
	struct complaint *c = complaint_add(set->complaints, "E0002", name, NULL, NULL);
	snprintf(c->text, sizeof(c->text), why, (unsigned long long)bytes);
}

static bool load_open(struct ruleset *set, const char *path, int fd, struct error *error)
{
	size_t most = (size_t)set->limits->rule_file, n;
	uint8_t *text = malloc(most + 1);
	if (text == NULL)
		return error_set(error, "no memory to read a rule file");
	bool fine = read_whole(fd, text, most, &n);
	if (!fine)
		error_set(error, "%s: %s", path, strerror(errno));
	else if (n > most)
		refuse_file(set, path, "longer than %llu bytes (rule_file)", most);
	else
		ruleset_read(set, path, (struct slice){ text, n });
	free(text);
	return fine;
}

static int name_compare(const void *left, const void *right)
{
	return strcmp(*(const char *const *)left, *(const char *const *)right);
}

static bool is_rule_file(const char *name)
{
	struct slice s = slice_from(name);
	struct slice end = slice_part(s, s.n < 5 ? s.n : s.n - 5, 5);
	struct slice expect = slice_part(s, s.n < 12 ? s.n : s.n - 12, 12);
	return name[0] != '.' && slice_is(end, ".yaml") && !slice_is(expect, ".expect.yaml");
}

/* The paths of its rule files, in the order of their bytes. */
static bool directory_list(struct ruleset *set, const char *path, DIR *dir, struct growing *names)
{
	for (const struct dirent *entry; (entry = readdir(dir)) != NULL;) {
		if (!is_rule_file(entry->d_name))
			continue;
		size_t room = strlen(path) + strlen(entry->d_name) + 2;
		char **next = growing_next(set, names, sizeof(*next));
		char *name = room_for(set, room);
		if (next == NULL || name == NULL)
			return false;
		bool slash = path[strlen(path) - 1] == '/';
		snprintf(name, room, "%s%s%s", path, slash ? "" : "/", entry->d_name);
		*next = name;
	}
	if (names->n != 0)
		qsort(names->items, names->n, sizeof(char *), name_compare);
	return true;
}

/* A file that is named twice, or by a directory too, counts once. */
static bool is_new(struct ruleset *set, const struct stat *st)
{
	struct growing *read = &set->loading->files;
	const struct file_id *all = read->items;
	for (size_t i = 0; i < read->n; i++)
		if (all[i].device == st->st_dev && all[i].number == st->st_ino)
			return false;
	struct file_id *next = growing_next(set, read, sizeof(*next));
	if (next != NULL)
		*next = (struct file_id){ st->st_dev, st->st_ino };
	return true;
}

static bool load_file(struct ruleset *set, const char *path, int fd, const struct stat *st,
    struct error *error)
{
	bool fine = true;
	if (S_ISREG(st->st_mode))
		fine = !is_new(set, st) || load_open(set, path, fd, error);
	else
		refuse_file(set, path, "no regular file", 0);
	close(fd);
	return fine;
}

static bool load_paths(struct ruleset *set, char *const *paths, size_t n, struct error *error)
{
	for (size_t i = 0; i < n; i++) {
		struct stat st;
		int fd = path_open(paths[i], &st, error);
		if (fd < 0 || !load_file(set, paths[i], fd, &st, error))
			return false;
	}
	return true;
}

static bool load_directory(struct ruleset *set, const char *path, int fd, struct error *error)
{
	struct growing names = { NULL, 0, 0 };
	DIR *dir = fdopendir(fd);
	if (dir == NULL) {
		close(fd);
		return error_set(error, "%s: %s", path, strerror(errno));
	}
	bool listed = directory_list(set, path, dir, &names);
	closedir(dir);
	if (listed && names.n == 0)
		return error_set(error, "%.120s: holds no *.yaml", path);
	return !listed || load_paths(set, names.items, names.n, error);
}

bool ruleset_load(struct ruleset *set, const char *path, struct error *error)
{
	struct stat st;
	int fd = path_open(path, &st, error);
	if (fd < 0)
		return false;
	if (S_ISDIR(st.st_mode))
		return load_directory(set, path, fd, error);
	return load_file(set, path, fd, &st, error);
}

bool ruleset_load_shipped(struct ruleset *set, struct error *error)
{
	for (size_t i = 0; i < n_shipped_rules; i++) {
		const struct shipped *s = &shipped_rules[i];
		origin_read(set, s->name, (struct slice){ s->text, s->n }, true);
	}
	return !set->loading->full || error_set(error, "no memory for the shipped rules");
}

void ruleset_read(struct ruleset *set, const char *name, struct slice text)
{
	origin_read(set, name, text, false);
}
