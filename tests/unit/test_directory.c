/*
 * The captures of a directory: which they are, in which order, and what is no capture.
 */
#include "tests/unit/capture_image.h"

#include <errno.h>
#include <ftw.h>
#include <sys/stat.h>
#include <zlib.h>

struct folder {
	char path[300];
};

static struct folder folder_new(void)
{
	struct image_path path = path_new();
	struct folder f;
	unlink(path.text);
	assert_int_equal(mkdir(path.text, 0700), 0);
	(void)snprintf(f.path, sizeof(f.path), "%s", path.text);
	return f;
}

static void put(const struct folder *f, const char *name, const void *p, size_t n)
{
	char path[600];
	(void)snprintf(path, sizeof(path), "%s/%s", f->path, name);
	FILE *out = fopen(path, "wb");
	assert_non_null(out);
	assert_int_equal(fwrite(p, 1, n, out), n);
	assert_int_equal(fclose(out), 0);
}

/* A capture of one packet, or of none; `cut` bytes are missing at its end. */
static void put_capture(const struct folder *f, const char *name, uint32_t seconds, size_t cut)
{
	struct image *m = calloc(1, sizeof(*m));
	image_pcap_file(m, 0xa1b2c3d4, 65535, 1);
	if (seconds > 0)
		image_pcap_packet(m, seconds, 0, IMAGE_DATA, image_data, IMAGE_DATA);
	put(f, name, m->bytes, m->n - cut);
	free(m);
}

static void put_packed(const struct folder *f, const char *name, uint32_t seconds)
{
	struct image *m = calloc(1, sizeof(*m));
	char path[600];
	image_pcap_file(m, 0xa1b2c3d4, 65535, 1);
	image_pcap_packet(m, seconds, 0, IMAGE_DATA, image_data, IMAGE_DATA);
	(void)snprintf(path, sizeof(path), "%s/%s", f->path, name);
	gzFile gz = gzopen(path, "wb1");
	assert_int_equal(gzwrite(gz, m->bytes, (unsigned)m->n), m->n);
	assert_int_equal(gzclose(gz), Z_OK);
	free(m);
}

/* Names of the captures, then of the others behind a bar. */
static void listed(const struct folder *f, const char *slash, char *out, size_t room)
{
	const struct limits limits = limits_default();
	struct captures c;
	struct error e = { "" };
	char directory[400];
	size_t n = 0;
	(void)snprintf(directory, sizeof(directory), "%s%s", f->path, slash);
	if (!captures_find(&c, directory, &limits, &e))
		fail_msg("%s", e.text);
	out[0] = '\0';
	for (size_t i = 0; i < c.n + c.n_others; i++) {
		assert_memory_equal(c.paths[i], f->path, strlen(f->path));
		assert_true(c.paths[i][strlen(f->path)] == '/');
		n += (size_t)snprintf(out + n, room - n, "%s%s ", i == c.n ? "| " : "",
		    c.paths[i] + strlen(f->path) + 1);
	}
	captures_free(&c);
}

static int entry_remove(const char *path, const struct stat *st, int kind, struct FTW *place)
{
	(void)st, (void)kind, (void)place;
	return remove(path);
}

static void folder_remove(const struct folder *f)
{
	assert_int_equal(nftw(f->path, entry_remove, 8, FTW_DEPTH | FTW_PHYS), 0);
}

static void by_first_packet_then_name(void **state)
{
	(void)state;
	struct folder f = folder_new();
	char got[400];
	put_capture(&f, "e", 1, 0);
	put_packed(&f, "d.gz", 2);
	put_capture(&f, "c", 3, 0);
	put_capture(&f, "b", 3, 0);
	put_capture(&f, "a-empty", 0, 0);
	put_capture(&f, "a-cut", 4, 1);
	put(&f, "notes.txt", "no capture", 10);
	put(&f, "empty", "", 0);
	put(&f, "broken.gz", "\x1f\x8b no", 5);
	char below[400];
	(void)snprintf(below, sizeof(below), "%s/below", f.path);
	assert_int_equal(mkdir(below, 0700), 0);
	struct folder inner;
	(void)snprintf(inner.path, sizeof(inner.path), "%.250s/below", f.path);
	put_capture(&inner, "deep", 1, 0);
	(void)snprintf(below, sizeof(below), "%s/pipe", f.path);
	assert_int_equal(mkfifo(below, 0600), 0);
	(void)snprintf(below, sizeof(below), "%s/dangling", f.path);
	assert_int_equal(symlink("nowhere", below), 0);
	(void)snprintf(below, sizeof(below), "%s/link", f.path);
	assert_int_equal(symlink("below/deep", below), 0);
	listed(&f, "", got, sizeof(got));
	assert_string_equal(got, "e link d.gz b c a-cut a-empty | broken.gz empty notes.txt ");
	listed(&f, "/", got, sizeof(got));
	assert_string_equal(got, "e link d.gz b c a-cut a-empty | broken.gz empty notes.txt ");
	folder_remove(&f);
}

static void nothing_and_nowhere(void **state)
{
	(void)state;
	const struct limits limits = limits_default();
	struct captures c;
	struct error e;
	char got[100];
	struct folder f = folder_new();
	listed(&f, "", got, sizeof(got));
	assert_string_equal(got, "");
	folder_remove(&f);
	assert_false(captures_find(&c, f.path, &limits, &e));
	assert_non_null(strstr(e.text, strerror(ENOENT)));
	captures_free(&c);
}

/* More files than there is room for windows and buffers: only those that are due have any. */
static void many_files_one_after_the_other(void **state)
{
	(void)state;
	enum { FILES = 300 };
	struct limits limits = limits_default();
	struct folder f = folder_new();
	struct captures c;
	struct error e = { "" };
	for (uint32_t i = 0; i < FILES; i++) {
		char name[20];
		(void)snprintf(name, sizeof(name), "%u", i * 7 % FILES);
		put_packed(&f, name, i + 1);
	}
	assert_true(captures_find(&c, f.path, &limits, &e));
	assert_int_equal(c.n, FILES);
	struct source_options options = { .specs = (const char *const *)c.paths,
		.n_specs = c.n,
		.since = INT64_MIN,
		.until = INT64_MAX,
		.limits = &limits };
	struct source *s = source_open(&options, &e);
	assert_non_null(s);
	struct packet p;
	for (uint32_t i = 0; i < FILES; i++) {
		assert_int_equal(source_next(s, &p), SOURCE_PACKET);
		assert_int_equal(p.at.input, i);
		assert_int_equal(p.at.frame, 1);
		assert_int_equal(p.at.ns, (i + 1) * INT64_C(1000000000));
		assert_int_equal(p.recording, 0);
		assert_memory_equal(p.bytes.p, image_data, IMAGE_DATA);
	}
	assert_int_equal(source_next(s, &p), SOURCE_END);
	assert_true(source_content_hash(s, 0) != source_content_hash(s, 1));
	struct source_counts counts = source_counts(s);
	assert_int_equal(counts.done, counts.total);
	source_close(s);
	captures_free(&c);
	folder_remove(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_first_packet_then_name),
		cmocka_unit_test(nothing_and_nowhere),
		cmocka_unit_test(many_files_one_after_the_other),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
