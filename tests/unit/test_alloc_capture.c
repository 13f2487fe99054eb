/*
 * Memory that runs out while captures are opened, read and written: an error or damage each time,
 * and everything is given back. Linked with malloc, calloc and realloc wrapped.
 */
#include "tests/unit/alloc_fail.h"
#include "tests/unit/capture_image.h"

#include <zlib.h>

/* Five interfaces and a block beyond the first buffer: every kind of allocation that reading has. */
static struct image_path file_new(bool packed)
{
	struct image *m = calloc(1, sizeof(*m));
	image_section(m, false);
	for (uint32_t i = 0; i < 5; i++)
		image_interface(m, 1, 0);
	size_t start = block_begin(m, 0x12345);
	m->n += 200000;
	block_end(m, start);
	image_enhanced(m, 4, 1, 1, image_data, IMAGE_DATA);
	struct image_path path = path_with(m->bytes, m->n);
	if (packed) {
		gzFile gz = gzopen(path.text, "wb1");
		assert_int_equal(gzwrite(gz, m->bytes, (unsigned)m->n), m->n);
		assert_int_equal(gzclose(gz), Z_OK);
	}
	free(m);
	return path;
}

enum outcome { REFUSED, DAMAGED, DONE };

static enum outcome read_with(const char *const specs[2], long allocations)
{
	const struct limits limits = limits_default();
	const struct source_options options = { .specs = specs,
		.n_specs = 2,
		.bpf = "less 99",
		.since = INT64_MIN,
		.until = INT64_MAX,
		.limits = &limits };
	struct error e = { "" };
	struct packet p;
	uint64_t packets = 0;
	size_t damaged;
	allocations_left = allocations;
	struct source *s = source_open(&options, &e);
	if (!s) {
		allocations_left = -1;
		assert_non_null(strstr(e.text, "out of memory"));
		return REFUSED;
	}
	while (source_next(s, &p) == SOURCE_PACKET)
		packets++;
	allocations_left = -1;
	const struct damage *d = source_damage(s, &damaged);
	for (size_t i = 0; i < damaged; i++)
		assert_true(strstr(d[i].text, "out of memory") || strstr(d[i].text, "no room"));
	assert_int_equal(packets, 2 - damaged);
	source_close(s);
	return damaged ? DAMAGED : DONE;
}

static void reading(void **state)
{
	(void)state;
	struct image_path plain = file_new(false), packed = file_new(true);
	const char *specs[] = { plain.text, packed.text };
	enum outcome outcome = REFUSED;
	size_t seen[3] = { 0 };
	for (long n = 0; outcome != DONE; n++) {
		outcome = read_with(specs, n);
		seen[outcome]++;
	}
	assert_true(seen[REFUSED] >= 10);
	assert_true(seen[DAMAGED] >= 4);
	unlink(plain.text);
	unlink(packed.text);
}

static void writing(void **state)
{
	(void)state;
	struct image_path path = path_new();
	struct error e = { "" };
	struct writer *w = NULL;
	long n = 0;
	for (; !w; n++) {
		allocations_left = n;
		w = writer_open(path.text, CAPTURE_PCAPNG, &e);
		allocations_left = -1;
	}
	assert_true(n >= 3);
	writer_abandon(w);
	unlink(path.text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reading),
		cmocka_unit_test(writing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
