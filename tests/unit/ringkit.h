/*
 * ringkit.h - a ring in a folder of its own, what is in the folder, and what a later run reads from a file.
 */
#ifndef DAVSCOPE_TESTS_RINGKIT_H
#define DAVSCOPE_TESTS_RINGKIT_H

#include "tests/unit/capture_image.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* 2023-11-14T22:13:20Z */
static const int64_t start_ns = 1700000000000000000, second_ns = 1000000000;
enum { PACKET_BYTES = 1000, PACKET_BLOCK = 1032, FILES_MAX = 64 };

struct folder {
	char path[128], ring[192];
	size_t n;
	char names[FILES_MAX][256]; /* sorted */
};

static inline int name_compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

static inline struct folder folder_new(void)
{
	struct folder f = { .n = 0 };
	struct image_path path = path_new();
	unlink(path.text);
	(void)snprintf(f.path, sizeof(f.path), "%.120s", path.text);
	(void)snprintf(f.ring, sizeof(f.ring), "%s/ring.pcapng", f.path);
	assert_int_equal(mkdir(f.path, 0700), 0);
	return f;
}

static inline void folder_list(struct folder *f)
{
	DIR *dir = opendir(f->path);
	f->n = 0;
	for (struct dirent *entry; (entry = readdir(dir));) {
		if (entry->d_name[0] == '.')
			continue;
		assert_true(f->n < FILES_MAX);
		(void)snprintf(f->names[f->n++], sizeof(f->names[0]), "%s", entry->d_name);
	}
	closedir(dir);
	qsort(f->names, f->n, sizeof(f->names[0]), name_compare);
}

static inline struct image_path folder_file(const struct folder *f, const char *name)
{
	struct image_path path;
	(void)snprintf(path.text, sizeof(path.text), "%s/%.120s", f->path, name);
	return path;
}

static inline void folder_write(const struct folder *f, const char *name, const void *p, size_t n)
{
	FILE *file = fopen(folder_file(f, name).text, "wb");
	assert_non_null(file);
	assert_int_equal(fwrite(p, 1, n, file), n);
	assert_int_equal(fclose(file), 0);
}

static inline void folder_delete(struct folder *f)
{
	folder_list(f);
	for (size_t i = 0; i < f->n; i++)
		unlink(folder_file(f, f->names[i]).text);
	assert_int_equal(rmdir(f->path), 0);
}

/* The names, one behind the other. */
static inline void assert_names(struct folder *f, size_t n, const char *const *names)
{
	folder_list(f);
	for (size_t i = 0; i < f->n && i < n; i++)
		assert_string_equal(f->names[i], names[i]);
	assert_int_equal(f->n, n);
}
#define ASSERT_NAMES(f, ...) \
	do { \
		const char *const names_[] = { __VA_ARGS__ }; \
		assert_names((f), sizeof(names_) / sizeof(names_[0]), names_); \
	} while (0)

static inline struct ring *ring_of(const struct folder *f, struct ring_options o)
{
	struct error e = { "" };
	o.path = f->ring;
	o.sensor = "s1";
	struct ring *r = ring_open(&o, &e);
	if (r == NULL)
		fail_msg("%s", e.text);
	return r;
}

static inline struct packet packet_at(int64_t ns)
{
	static uint8_t bytes[PACKET_BYTES];
	return (struct packet){ .at.ns = ns,
		.linktype = 1,
		.wire_len = PACKET_BYTES,
		.bytes = { bytes, PACKET_BYTES } };
}

static inline struct stamp put(struct ring *r, int64_t ns)
{
	struct error e = { "" };
	struct packet p = packet_at(ns);
	if (!ring_packet(r, &p, &e))
		fail_msg("%s", e.text);
	return p.at;
}

static inline void close_ring(struct ring *r)
{
	struct error e = { "" };
	if (!ring_close(r, &e))
		fail_msg("%s", e.text);
}

/* What a later run reads from it. */
struct reading {
	uint64_t packets, dropped, behind, hash;
	size_t damaged;
};

static inline struct reading read_file(const struct folder *f, const char *name)
{
	const struct limits limits = limits_default();
	struct image_path path = folder_file(f, name);
	const char *const paths[] = { path.text };
	struct error e = { "" };
	struct packet p;
	struct source_options o = { .specs = paths,
		.n_specs = 1,
		.since = INT64_MIN,
		.until = INT64_MAX,
		.limits = &limits };
	struct source *s = source_open(&o, &e);
	if (s == NULL)
		fail_msg("%s", e.text);
	while (source_next(s, &p) == SOURCE_PACKET)
		continue;
	struct source_counts c = source_counts(s);
	struct reading r = { c.packets, c.dropped, c.dropped_behind, source_content_hash(s, 0), 0 };
	source_damage(s, &r.damaged);
	source_close(s);
	return r;
}

#endif
