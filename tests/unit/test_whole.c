/*
 * test_whole.c - files that get their name when they are whole: what is replaced, and what runs that were
 * killed left behind.
 */
#include "base/base.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

struct spot {
	char directory[64], path[400];
};

static const char *at(struct spot *s, const char *name)
{
	static char path[400];
	(void)snprintf(path, sizeof path, "%s/%s", s->directory, name);
	return path;
}

static void spot_make(struct spot *s)
{
	(void)snprintf(s->directory, sizeof s->directory, "/tmp/davscope-whole-XXXXXX");
	assert_non_null(mkdtemp(s->directory));
	(void)snprintf(s->path, sizeof s->path, "%s", at(s, "out"));
}

/* How many files; they are deleted. */
static int spot_remove(struct spot *s)
{
	int n = 0;
	DIR *all = opendir(s->directory);
	assert_non_null(all);
	for (struct dirent *entry; (entry = readdir(all)) != NULL;) {
		if (entry->d_name[0] == '.')
			continue;
		n++;
		assert_int_equal(unlink(at(s, entry->d_name)), 0);
	}
	closedir(all);
	assert_int_equal(rmdir(s->directory), 0);
	return n;
}

static void file_make(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static void assert_holds(const char *path, const char *text)
{
	char is[64] = "";
	int fd = open(path, O_RDONLY | O_NOFOLLOW);
	assert_true(fd >= 0);
	assert_int_equal(read(fd, is, sizeof is - 1), strlen(text));
	assert_string_equal(is, text);
	close(fd);
}

static void new_open(struct spot *s, struct whole *w)
{
	struct error e;
	assert_true(whole_open(w, s->path, &e));
	assert_int_equal(write(w->fd, "new", 3), 3);
}

static void old_until_whole(void **state)
{
	(void)state;
	struct spot s;
	struct whole w;
	struct stat st;
	spot_make(&s);
	file_make(s.path, "old");
	mode_t mask = umask(0);
	new_open(&s, &w);
	umask(0777);
	assert_holds(s.path, "old");
	whole_discard(&w);
	assert_holds(s.path, "old");
	new_open(&s, &w); /* a umask that takes everything */
	umask(mask);
	assert_true(whole_commit(&w));
	assert_holds(s.path, "new");
	assert_int_equal(stat(s.path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(spot_remove(&s), 1);
}

static void assert_refused(const char *path, const char *why)
{
	struct whole w;
	struct error e = { "" };
	assert_false(whole_open(&w, path, &e));
	assert_int_equal(strncmp(e.text, path, strlen(path)), 0);
	assert_string_equal(e.text + strlen(path), why);
}

static void refused(void **state)
{
	(void)state;
	struct spot s;
	spot_make(&s);
	const char not_regular[] = ": is there and is not a regular file";
	assert_refused("/nonexistent/out", ": No such file or directory");
	assert_refused("/", ": Is a directory");
	assert_refused("/dev/null", not_regular);
	assert_refused(s.directory, ": Is a directory");
	file_make(at(&s, "victim"), "old");
	assert_int_equal(symlink("victim", s.path), 0);
	assert_refused(s.path, not_regular);
	assert_holds(at(&s, "victim"), "old");
	unlink(s.path);
	assert_int_equal(symlink("nowhere", s.path), 0);
	assert_refused(s.path, not_regular);
	unlink(s.path);
	assert_int_equal(mkfifo(s.path, 0600), 0);
	assert_refused(s.path, not_regular);
	assert_int_equal(spot_remove(&s), 2);
}

/* What another one put in the place of the name meanwhile is not lost, nor the temporary left. */
static void cannot_be_renamed(void **state)
{
	(void)state;
	struct spot s;
	struct whole w;
	spot_make(&s);
	new_open(&s, &w);
	assert_int_equal(mkdir(s.path, 0700), 0);
	assert_false(whole_commit(&w));
	assert_int_equal(errno, EISDIR);
	assert_int_equal(rmdir(s.path), 0);
	assert_int_equal(spot_remove(&s), 0);
}

/* Only what is of this name, and only when nobody has it locked. */
static void strays(void **state)
{
	(void)state;
	struct spot s;
	struct whole w;
	static const char *const stay[] = { "out.1-.part", "out.-1.part", "out.1-1.parts",
		"out2.1-1.part", "out.1-1", "out.x1-1.part", "other.1-1.part", "out.2-1.part" };
	static const char *const leave[] = { "out.1-0.part", "out.4194304-99.part" };
	spot_make(&s);
	for (size_t i = 0; i < sizeof stay / sizeof stay[0]; i++)
		file_make(at(&s, stay[i]), "");
	for (size_t i = 0; i < sizeof leave / sizeof leave[0]; i++)
		file_make(at(&s, leave[i]), "");
	assert_int_equal(symlink("out.1-1", at(&s, "out.3-1.part")), 0);
	int busy = open(at(&s, "out.2-1.part"), O_RDWR);
	assert_int_equal(flock(busy, LOCK_EX), 0);
	struct whole other;
	new_open(&s, &other);
	new_open(&s, &w); /* must not take away the other's */
	for (size_t i = 0; i < sizeof leave / sizeof leave[0]; i++)
		assert_int_equal(access(at(&s, leave[i]), F_OK), -1);
	assert_true(whole_commit(&other));
	assert_true(whole_commit(&w));
	close(busy);
	assert_int_equal(spot_remove(&s), sizeof stay / sizeof stay[0] + 2);
}

static void longest_name(void **state)
{
	(void)state;
	struct spot s;
	struct whole w;
	char name[256];
	memset(name, 'n', 255);
	name[255] = '\0';
	spot_make(&s);
	(void)snprintf(s.path, sizeof s.path, "%s", at(&s, name));
	new_open(&s, &w);
	assert_true(whole_commit(&w));
	assert_holds(s.path, "new");
	assert_int_equal(spot_remove(&s), 1);
}

static void no_name(void **state)
{
	(void)state;
	struct spot s;
	struct stat st;
	struct error e;
	spot_make(&s);
	int fd = whole_scratch(s.path, &e);
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_nlink, 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	close(fd);
	assert_int_equal(whole_scratch("/nonexistent/out", &e), -1);
	assert_string_equal(e.text, "/nonexistent/out: No such file or directory");
	assert_int_equal(spot_remove(&s), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(old_until_whole),
		cmocka_unit_test(refused),
		cmocka_unit_test(cannot_be_renamed),
		cmocka_unit_test(strays),
		cmocka_unit_test(longest_name),
		cmocka_unit_test(no_name),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
