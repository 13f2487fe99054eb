/*
 * The writer: what it writes reads back the same, and a file is there whole or not at all.
 */
#include "tests/unit/capture_image.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

struct sample {
	int linktype;
	int64_t ns;
	uint32_t wire_len;
	size_t n;
};

static const struct sample samples[] = {
	{ 1, 1700000000123456789, 1500, IMAGE_DATA },
	{ 113, 1700000000123456788, IMAGE_DATA, IMAGE_DATA },
	{ 1, 0, 0, 0 },
	{ 65535, -1, 1, 1 },
	{ 1, INT64_MIN, 3, 3 },
	{ 113, INT64_MAX, UINT32_MAX, 2 },
};
enum { SAMPLES = sizeof(samples) / sizeof(samples[0]) };

/* An empty directory, to see what the writer leaves in it. */
static struct image_path dir_new(void)
{
	struct image_path dir = path_new();
	unlink(dir.text);
	assert_int_equal(mkdir(dir.text, 0700), 0);
	return dir;
}

static size_t dir_count(const char *path)
{
	DIR *dir = opendir(path);
	size_t n = 0;
	while (readdir(dir))
		n++;
	closedir(dir);
	return n - 2;
}

static struct image_path path_in(const struct image_path *dir, const char *name)
{
	struct image_path path;
	(void)snprintf(path.text, sizeof(path.text), "%.200s/%s", dir->text, name);
	return path;
}

static void write_samples(struct writer *w)
{
	struct error e = { "" };
	for (size_t i = 0; i < SAMPLES; i++) {
		struct packet p = { .linktype = samples[i].linktype,
			.wire_len = samples[i].wire_len };
		p.at.ns = samples[i].ns;
		p.bytes = (struct slice){ guard_copy(image_data, samples[i].n), samples[i].n };
		if (!writer_packet(w, &p, &e))
			fail_msg("%s", e.text);
	}
}

static void check_samples(const char *path)
{
	const struct limits limits = limits_default();
	struct reader r;
	struct error e = { "" };
	struct packet p;
	if (!image_open(&r, path, &limits, &e))
		fail_msg("%s", e.text);
	for (size_t i = 0; i < SAMPLES; i++) {
		assert_int_equal(r.format->next(&r, &p), READ_PACKET);
		assert_int_equal(p.linktype, samples[i].linktype);
		assert_int_equal(p.at.ns, samples[i].ns);
		assert_int_equal(p.wire_len, samples[i].wire_len);
		assert_int_equal(p.bytes.n, samples[i].n);
		assert_memory_equal(p.bytes.p, image_data, p.bytes.n);
	}
	assert_int_equal(r.format->next(&r, &p), READ_END);
	assert_int_equal(r.pcapng.n, 3); /* one interface for each link type */
	reader_close(&r);
}

static void reads_back_the_same(void **state)
{
	(void)state;
	struct image_path dir = dir_new(), path = path_in(&dir, "out.pcapng");
	struct error e = { "" };
	struct stat st;
	struct writer *w = writer_open(path.text, CAPTURE_PCAPNG, &e);
	assert_non_null(w);
	write_samples(w);
	assert_int_equal(access(path.text, F_OK), -1);
	assert_int_equal(dir_count(dir.text), 1);
	assert_true(writer_close(w, &e));
	assert_int_equal(dir_count(dir.text), 1);
	assert_int_equal(stat(path.text, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	check_samples(path.text);
	unlink(path.text);
	assert_int_equal(rmdir(dir.text), 0);
}

/* More than the buffer holds, in packets shorter and longer than the buffer. */
static void more_than_the_buffer(void **state)
{
	(void)state;
	enum { PACKETS = 300, LONGEST = 200001 };
	const struct limits limits = limits_default();
	struct image_path path = path_new();
	struct error e = { "" };
	struct writer *w = writer_open(path.text, CAPTURE_PCAPNG, &e);
	uint8_t *data = malloc(LONGEST);
	for (size_t i = 0; i < PACKETS; i++) {
		size_t n = i % 50 == 0 ? LONGEST - i : i * 7 % 1501;
		memset(data, (int)(i % 251), n);
		struct packet p = { .at.ns = (int64_t)i,
			.linktype = 1,
			.wire_len = 9,
			.bytes = { data, n } };
		assert_true(writer_packet(w, &p, &e));
	}
	assert_true(writer_close(w, &e));
	struct reader r;
	struct packet p;
	assert_true(image_open(&r, path.text, &limits, &e));
	for (size_t i = 0; i < PACKETS; i++) {
		assert_int_equal(r.format->next(&r, &p), READ_PACKET);
		assert_int_equal(p.at.ns, i);
		assert_int_equal(p.bytes.n, i % 50 == 0 ? LONGEST - i : i * 7 % 1501);
		memset(data, (int)(i % 251), p.bytes.n);
		assert_memory_equal(p.bytes.p, data, p.bytes.n);
	}
	assert_int_equal(r.format->next(&r, &p), READ_END);
	reader_close(&r);
	unlink(path.text);
	free(data);
}

static void old_file_stays_until_the_new_one_is_whole(void **state)
{
	(void)state;
	struct image_path dir = dir_new(), path = path_in(&dir, "out.pcapng");
	struct error e = { "" };
	int fd = open(path.text, O_WRONLY | O_CREAT, 0644);
	assert_int_equal(write(fd, "old", 3), 3);
	close(fd);
	struct writer *w = writer_open(path.text, CAPTURE_PCAPNG, &e);
	struct writer *other = writer_open(path.text, CAPTURE_PCAPNG, &e);
	assert_non_null(w);
	assert_non_null(other);
	write_samples(w);
	write_samples(other);
	writer_abandon(other);
	writer_abandon(NULL);
	struct stat st;
	assert_int_equal(stat(path.text, &st), 0);
	assert_int_equal(st.st_size, 3);
	assert_true(writer_close(w, &e));
	check_samples(path.text);
	assert_int_equal(dir_count(dir.text), 1);
	unlink(path.text);
	assert_int_equal(rmdir(dir.text), 0);
}

/* Somebody else's link at the temporary name is not followed, and not in the way. */
static void no_link_is_followed(void **state)
{
	(void)state;
	struct image_path dir = dir_new(), path = path_in(&dir, "out"),
			  victim = path_in(&dir, "victim");
	struct image_path trap;
	struct error e = { "" };
	(void)snprintf(trap.text, sizeof(trap.text), "%.200s.%ld-0.part", path.text,
	    (long)getpid());
	assert_int_equal(symlink(victim.text, trap.text), 0);
	struct writer *w = writer_open(path.text, CAPTURE_PCAPNG, &e);
	assert_non_null(w);
	write_samples(w);
	assert_true(writer_close(w, &e));
	assert_int_equal(access(victim.text, F_OK), -1);
	check_samples(path.text);
	unlink(trap.text);
	unlink(path.text);
	assert_int_equal(rmdir(dir.text), 0);
}

static void a_full_disk_is_said_once(void **state)
{
	(void)state;
	if (access("/dev/full", W_OK) != 0)
		skip();
	struct error e = { "" };
	struct writer *w = writer_open("/dev/full", CAPTURE_PCAPNG, &e);
	assert_non_null(w);
	struct packet p = { .linktype = 1, .bytes = { (const uint8_t *)image_data, IMAGE_DATA } };
	int said = 0;
	for (int i = 0; i < 5000; i++)
		said += !writer_packet(w, &p, &e);
	assert_int_equal(said, 1);
	assert_string_equal(e.text, "/dev/full: No space left on device");
	e.text[0] = '\0';
	assert_false(writer_close(w, &e));
	assert_string_equal(e.text, "/dev/full: No space left on device");
	struct stat st;
	assert_int_equal(stat("/dev/full", &st), 0);
	assert_true(S_ISCHR(st.st_mode));
}

static void cannot_be_written(void **state)
{
	(void)state;
	struct image_path dir = dir_new();
	struct error e = { "" };
	assert_null(writer_open("/nowhere/x.pcapng", CAPTURE_PCAPNG, &e));
	assert_string_equal(e.text, "/nowhere/x.pcapng: No such file or directory");
	assert_null(writer_open(dir.text, CAPTURE_PCAPNG, &e));
	assert_non_null(strstr(e.text, ": Is a directory"));
	assert_int_equal(dir_count(dir.text), 0);

	/* What takes the place of the name meanwhile is not overwritten, and nothing is left behind. */
	struct image_path path = path_in(&dir, "out");
	struct writer *w = writer_open(path.text, CAPTURE_PCAPNG, &e);
	write_samples(w);
	assert_int_equal(mkdir(path.text, 0700), 0);
	assert_false(writer_close(w, &e));
	assert_non_null(strstr(e.text, ": Is a directory"));
	assert_int_equal(dir_count(dir.text), 1);
	assert_int_equal(rmdir(path.text), 0);
	assert_int_equal(rmdir(dir.text), 0);
}

static void a_pipe_is_written_to(void **state)
{
	(void)state;
	struct image_path path = path_new(), copy;
	struct error e = { "" };
	static uint8_t bytes[4096];
	unlink(path.text);
	assert_int_equal(mkfifo(path.text, 0600), 0);
	int fd = open(path.text, O_RDWR);
	struct writer *w = writer_open(path.text, CAPTURE_PCAPNG, &e);
	assert_non_null(w);
	write_samples(w);
	assert_true(writer_close(w, &e));
	ssize_t n = read(fd, bytes, sizeof(bytes));
	assert_true(n > 0);
	copy = path_with(bytes, (size_t)n);
	check_samples(copy.text);
	close(fd);
	unlink(path.text);
	unlink(copy.text);
}

static struct packet packet_at(int64_t ns, int linktype)
{
	return (struct packet){ .at.ns = ns,
		.linktype = linktype,
		.wire_len = 60,
		.bytes = { (const uint8_t *)image_data, IMAGE_DATA } };
}

static struct source *source_of(const char *const *path, const struct limits *limits)
{
	struct error e = { "" };
	struct source_options options = { .specs = path,
		.n_specs = 1,
		.since = INT64_MIN,
		.until = INT64_MAX,
		.limits = limits };
	struct source *s = source_open(&options, &e);
	if (s == NULL)
		fail_msg("%s", e.text);
	return s;
}

/* Numbers of packets, what was lost before each and behind the last, and how the file ends. */
static void losses_numbers_and_the_end(void **state)
{
	(void)state;
	const struct limits limits = limits_default();
	struct image_path path = path_new();
	struct error e = { "" };
	struct writer *w = writer_open(path.text, CAPTURE_PCAPNG, &e);
	struct packet p = packet_at(1, 1), other = packet_at(2, 113);
	assert_true(writer_lost(w, 3) && writer_packet(w, &p, &e));
	assert_true(writer_skip(w, 2) && writer_packet(w, &other, &e));
	assert_true(writer_lost(w, 4) && writer_packet(w, &other, &e));
	assert_true(writer_lost(w, 5));
	writer_end(w, true);
	assert_true(writer_close(w, &e));
	const char *const paths[] = { path.text };
	struct source *s = source_of(paths, &limits);
	static const struct {
		uint64_t frame, dropped;
	} expected[] = { { 1, 3 }, { 4, 0 }, { 5, 4 } };
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(source_next(s, &p), SOURCE_PACKET);
		assert_int_equal(p.at.frame, expected[i].frame);
		assert_int_equal(p.dropped, expected[i].dropped);
	}
	assert_int_equal(source_next(s, &p), SOURCE_END);
	size_t n;
	source_damage(s, &n);
	assert_int_equal(n, 1);
	assert_int_equal(source_counts(s).dropped, 12);
	assert_int_equal(source_counts(s).dropped_behind, 5);
	source_close(s);
	unlink(path.text);
}

static void pcap_reads_back(void **state)
{
	(void)state;
	const struct limits limits = limits_default();
	for (int damaged = 0; damaged < 2; damaged++) {
		struct image_path path = path_new();
		struct error e = { "" };
		struct writer *w = writer_open(path.text, CAPTURE_PCAP, &e);
		struct packet p = packet_at(1700000000123456789, 113);
		assert_true(writer_packet(w, &p, &e));
		assert_false(writer_lost(w, 1));
		assert_false(writer_skip(w, 1));
		writer_end(w, damaged != 0);
		assert_true(writer_close(w, &e));
		const char *const paths[] = { path.text };
		struct source *s = source_of(paths, &limits);
		assert_int_equal(source_next(s, &p), SOURCE_PACKET);
		assert_true(
		    p.at.ns == 1700000000123456789 && p.linktype == 113 && p.wire_len == 60);
		assert_memory_equal(p.bytes.p, image_data, IMAGE_DATA);
		assert_int_equal(source_next(s, &p), SOURCE_END);
		size_t n;
		source_damage(s, &n);
		assert_int_equal(n, damaged);
		source_close(s);
		unlink(path.text);
	}
}

static void pcap_has_one_link_type(void **state)
{
	(void)state;
	struct image_path dir = dir_new(), path = path_in(&dir, "out.pcap");
	struct error e = { "" };
	struct writer *w = writer_open(path.text, CAPTURE_PCAP, &e);
	struct packet p = packet_at(1, 1), other = packet_at(2, 113);
	assert_true(writer_packet(w, &p, &e));
	assert_false(writer_packet(w, &other, &e));
	assert_non_null(strstr(e.text, "one link type"));
	assert_false(writer_close(w, &e));
	assert_int_equal(dir_count(dir.text), 0);
	assert_int_equal(rmdir(dir.text), 0);
}

static void empty_files_are_files(void **state)
{
	(void)state;
	const struct limits limits = limits_default();
	for (int format = CAPTURE_PCAPNG; format <= CAPTURE_PCAP; format++) {
		struct image_path path = path_new();
		struct error e = { "" };
		struct packet p;
		struct writer *w = writer_open(path.text, (enum capture_format)format, &e);
		writer_end(w, false);
		assert_true(writer_close(w, &e));
		const char *const paths[] = { path.text };
		struct source *s = source_of(paths, &limits);
		assert_int_equal(source_next(s, &p), SOURCE_END);
		source_close(s);
		unlink(path.text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(losses_numbers_and_the_end),
		cmocka_unit_test(pcap_reads_back),
		cmocka_unit_test(pcap_has_one_link_type),
		cmocka_unit_test(empty_files_are_files),
		cmocka_unit_test(reads_back_the_same),
		cmocka_unit_test(more_than_the_buffer),
		cmocka_unit_test(old_file_stays_until_the_new_one_is_whole),
		cmocka_unit_test(no_link_is_followed),
		cmocka_unit_test(a_full_disk_is_said_once),
		cmocka_unit_test(cannot_be_written),
		cmocka_unit_test(a_pipe_is_written_to),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
