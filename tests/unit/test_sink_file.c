/*
 * test_sink_file.c - report/sink_file.c: whole lines whatever happens: a full disk, a crash, logrotate.
 */
#include "tests/unit/sinkkit.h"

#include <sys/mount.h>

enum { ROOM = 1 << 20 };

static struct sink_config file_at(const char *path)
{
	return (struct sink_config){
		.kind = SINK_FILE,
		.name = "f",
		.path = path,
		.kinds = KIND(FINDING) | KIND(TRANSACTION),
	};
}

static void file_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static void assert_text(const char *path, const char *want)
{
	char text[4096];
	slurp(path, text, sizeof text);
	assert_string_equal(text, want);
}

static void test_lines_are_added(void **state)
{
	(void)state;
	struct spot p;
	struct stat st;
	spot_make(&p);
	struct limits l = quick_limits();
	struct sink_config c = file_at(p.path);
	umask(0);
	for (unsigned turn = 0; turn < 2; turn++) {
		struct sinks *k = sinks_one(&c, &l, NULL);
		struct record other = record_other("{\"t\":1}");
		sinks_put(k, &other);
		finding_put(k, NULL, 1, "{\"f\":1}");
		sinks_close(k, DEADLINE_S * 1000);
	}
	umask(022);
	assert_text(p.path, "{\"t\":1}\n{\"f\":1}\n{\"t\":1}\n{\"f\":1}\n");
	assert_int_equal(stat(p.path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	spot_remove(&p);
}

/* One finding behind what a crash left there. */
static void assert_mended(const char *before, const char *after)
{
	struct spot p;
	spot_make(&p);
	struct limits l = quick_limits();
	struct sink_config c = file_at(p.path);
	file_write(p.path, before);
	struct sinks *k = sinks_one(&c, &l, NULL);
	finding_put(k, NULL, 1, "{\"f\":1}");
	sinks_close(k, DEADLINE_S * 1000);
	assert_text(p.path, after);
	spot_remove(&p);
}

static void test_what_a_crash_left_is_cut(void **state)
{
	(void)state;
	assert_mended("", "{\"f\":1}\n");
	assert_mended("{\"a\":1}\n", "{\"a\":1}\n{\"f\":1}\n");
	assert_mended("{\"a\":1}\n{\"b\":", "{\"a\":1}\n{\"f\":1}\n");
	assert_mended("{\"b\":", "{\"f\":1}\n");
	assert_mended("\n{", "\n{\"f\":1}\n");
	/* That is nobody's half record. */
	assert_mended("a: 1\nb: 2", "a: 1\nb: 2\n{\"f\":1}\n");
}

/* The line end lies farther back than one look. */
static void test_a_long_line_is_cut_as_well(void **state)
{
	(void)state;
	static const size_t lengths[] = { 4094, 4095, 4096, 4097, 8191, 8192, 9000 };
	for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
		char before[10000] = "{\"a\":1}\n{";
		memset(before + 9, 'x', lengths[i]);
		before[9 + lengths[i]] = '\0';
		assert_mended(before, "{\"a\":1}\n{\"f\":1}\n");
	}
}

static void test_a_renamed_file_is_left_by_reopening(void **state)
{
	(void)state;
	struct spot p;
	char old[128];
	spot_make(&p);
	snprintf(old, sizeof old, "%s.1", p.path);
	struct limits l = quick_limits();
	struct sink_config c = file_at(p.path);
	struct sinks *k = sinks_one(&c, &l, NULL);
	finding_put(k, NULL, 1, "{\"f\":1}");
	AWAIT(counts_of(k).delivered[1] == 1);
	assert_int_equal(rename(p.path, old), 0);
	finding_put(k, NULL, 2, "{\"f\":2}");
	AWAIT(counts_of(k).delivered[1] == 2);
	sinks_reopen(k);
	/* The new file is there before there is anything to write. */
	AWAIT(access(p.path, F_OK) == 0);
	finding_put(k, NULL, 3, "{\"f\":3}");
	AWAIT(counts_of(k).delivered[1] == 3);
	assert_text(old, "{\"f\":1}\n{\"f\":2}\n");
	assert_text(p.path, "{\"f\":3}\n");
	/* Deleted, and nobody told: seen by itself. */
	assert_int_equal(unlink(p.path), 0);
	finding_put(k, NULL, 4, "{\"f\":4}");
	AWAIT(counts_of(k).delivered[1] == 4);
	assert_text(p.path, "{\"f\":4}\n");
	sinks_close(k, 0);
	unlink(old);
	spot_remove(&p);
}

static void assert_refused(const char *path, const char *why)
{
	struct limits l = quick_limits();
	struct sink_config c = file_at(path);
	c.required = true;
	struct sinks *k = sinks_one(&c, &l, NULL);
	assert_true(counts_of(k).failing);
	assert_non_null(strstr(counts_of(k).why.text, why));
	sinks_close(k, 0);
}

static void test_no_link_no_pipe_no_second_writer(void **state)
{
	(void)state;
	struct spot p;
	char target[128];
	spot_make(&p);
	snprintf(target, sizeof target, "%s.target", p.path);
	file_write(target, "kept");
	assert_int_equal(symlink(target, p.path), 0);
	assert_refused(p.path, "symbolic link");
	assert_text(target, "kept");
	unlink(target);
	unlink(p.path);
	assert_int_equal(mkfifo(p.path, 0600), 0);
	assert_refused(p.path, "no regular file");
	unlink(p.path);
	assert_refused(p.directory, "directory");
	struct limits l = quick_limits();
	struct sink_config c = file_at(p.path);
	c.required = true;
	struct sinks *k = sinks_one(&c, &l, NULL);
	assert_false(counts_of(k).failing);
	assert_refused(p.path, "another one writes");
	sinks_close(k, 0);
	spot_remove(&p);
}

/* One line of n bytes without its end. */
static void long_line(char *text, size_t n, unsigned number)
{
	int head = snprintf(text, n + 1, "{\"f\":%u,\"x\":\"", number);
	memset(text + head, 'x', n - (size_t)head - 2);
	memcpy(text + n - 2, "\"}", 3);
}

static void disk_fill(struct sinks *k, struct shelf *shelf, const char *path, size_t line)
{
	enum { LINES = 60, GOES_IN = 10 };
	static char text[ROOM], want[ROOM];
	char filler[128];
	snprintf(filler, sizeof filler, "%s.filler", path);
	int fd = open(filler, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(posix_fallocate(fd, 0, 32 << 10), 0);
	close(fd);
	for (unsigned i = 1; i <= LINES; i++) {
		char one[TEXT_MAX];
		long_line(one, line, i);
		finding_put(k, shelf, i, one);
	}
	AWAIT(counts_of(k).failing);
	assert_non_null(strstr(counts_of(k).why.text, "No space"));
	assert_true(counts_of(k).delivered[1] >= GOES_IN);
	/* Tries go on: what one could not write whole may be there for a moment. */
	size_t n;
	AWAIT((n = slurp(path, text, sizeof text)) != 0 && n % (line + 1) == 0);
	assert_int_equal(unlink(filler), 0);
	shelf_await(shelf, LINES);
	n = slurp(path, text, sizeof text);
	assert_int_equal(n, LINES * (line + 1));
	for (unsigned i = 1; i <= LINES; i++) {
		long_line(want, line, i);
		assert_memory_equal(text + (i - 1) * (line + 1), want, line);
		assert_int_equal(text[i * (line + 1) - 1], '\n');
	}
	assert_int_equal(counts_of(k).delivered[1], LINES);
	assert_int_equal(counts_of(k).dropped[1], 0);
}

/* 48 KiB of memory as a disk, most of it taken; lines that do not end where pages do. */
static void test_a_full_disk(void **state)
{
	(void)state;
	struct spot p;
	spot_make(&p);
	if (mount("none", p.directory, "tmpfs", 0, "size=48k,mode=700") != 0) {
		assert_int_equal(rmdir(p.directory), 0);
		skip();
	}
	struct shelf *shelf = shelf_new();
	struct spill spill = shelf_spill(shelf);
	struct limits l = quick_limits();
	l.sink_records = 8;
	struct sink_config c = file_at(p.path);
	struct sinks *k = sinks_one(&c, &l, &spill);
	disk_fill(k, shelf, p.path, 477);
	sinks_close(k, 0);
	assert_int_equal(umount2(p.directory, MNT_DETACH), 0);
	shelf_free(shelf);
	spot_remove(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines_are_added),
		cmocka_unit_test(test_what_a_crash_left_is_cut),
		cmocka_unit_test(test_a_long_line_is_cut_as_well),
		cmocka_unit_test(test_a_renamed_file_is_left_by_reopening),
		cmocka_unit_test(test_no_link_no_pipe_no_second_writer),
		cmocka_unit_test(test_a_full_disk),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
