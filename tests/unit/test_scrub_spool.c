/*
 * test_scrub_spool.c - spool.c: what was written comes back, what was not is zero, and no file is left behind.
 */
#include "cmd/scrub/spool.h"
#include "tests/unit/capture_image.h"

#include <dirent.h>
#include <sys/stat.h>

static struct spool *spool_for(const char *beside, uint64_t index)
{
	struct error e = { "" };
	struct spool *s = spool_new(beside, index, &e);
	if (s == NULL)
		fail_msg("%s", e.text);
	return s;
}

static void test_streams(void **state)
{
	(void)state;
	struct spool *s = spool_for("-", 1 << 20);
	struct error e;
	uint32_t a = spool_stream(s), b = spool_stream(s);
	static uint8_t text[70000], out[70000], zero[100];
	for (uint64_t i = 0; i < sizeof text; i++)
		text[i] = (uint8_t)hash_fixed(&i, sizeof i);
	spool_write(s, b, 10, SLICE("beta"));
	spool_write(s, a, 16380, (struct slice){ text, sizeof text }); /* over several blocks */
	spool_write(s, a, 0, SLICE("alpha"));
	spool_read(s, a, 16380, out, sizeof text);
	assert_memory_equal(out, text, sizeof text);
	spool_read(s, a, 0, out, 6);
	assert_memory_equal(out, "alpha\0", 6);
	spool_read(s, b, 8, out, 8);
	assert_memory_equal(out, "\0\0beta\0\0", 8);
	spool_read(s, b, UINT64_MAX - 50, out, 40); /* before the first byte we know of */
	assert_memory_equal(out, zero, 40);
	spool_read(s, a, 16380 + sizeof text, out, 100);
	assert_memory_equal(out, zero, 100);
	spool_write(s, 0, 0, SLICE("nowhere"));
	spool_read(s, 0, 0, out, 8);
	assert_memory_equal(out, zero, 8);
	assert_true(spool_good(s, &e));
	spool_free(s);
}

/* Beyond the limit nothing is kept, and nothing breaks. */
static void test_index_limit(void **state)
{
	(void)state;
	struct spool *s = spool_for("-", 2000);
	struct error e;
	uint8_t out[4];
	uint32_t a = spool_stream(s);
	assert_int_not_equal(a, 0);
	spool_write(s, a, UINT64_C(1) << 40, SLICE("far"));
	spool_read(s, a, UINT64_C(1) << 40, out, 4);
	assert_memory_equal(out, "\0\0\0\0", 4);
	spool_write(s, a, 0, SLICE("near"));
	spool_read(s, a, 0, out, 4);
	assert_memory_equal(out, "near", 4);
	for (int i = 1; i < 64; i++)
		assert_int_not_equal(spool_stream(s), 0);
	assert_int_equal(spool_stream(s), 0);
	assert_true(spool_good(s, &e));
	spool_free(s);
}

static void test_journal(void **state)
{
	(void)state;
	struct error e = { "" };
	struct journal *j = journal_new("-", &e);
	assert_non_null(j);
	struct spot spot;
	for (uint64_t i = 0; i < 5000; i++) { /* neighbours change places: order is not strict */
		uint64_t frame = i ^ 1;
		spot = (struct spot){ .offset = 3 * frame, .stream = (uint32_t)frame, .n = 7 };
		if (frame % 5 != 0)
			journal_put(j, frame, &spot);
	}
	for (uint64_t i = 0; i <= 6000; i++) {
		bool there = i % 5 != 0 && i < 5000;
		assert_int_equal(journal_get(j, i, &spot), there);
		assert_true(!there || (spot.offset == 3 * i && spot.stream == i));
	}
	assert_true(journal_good(j, &e));
	journal_free(j);
}

static void test_no_file_is_left(void **state)
{
	(void)state;
	struct image_path dir = path_new();
	char beside[300];
	unlink(dir.text);
	assert_int_equal(mkdir(dir.text, 0700), 0);
	snprintf(beside, sizeof beside, "%s/out.pcapng", dir.text);
	struct spool *s = spool_for(beside, 1000);
	DIR *d = opendir(dir.text);
	int n = 0;
	while (readdir(d))
		n++;
	closedir(d);
	assert_int_equal(n, 2); /* . and .. */
	spool_free(s);
	rmdir(dir.text);
	struct error e = { "" };
	assert_null(spool_new("/no-such-directory/out", 1000, &e));
	assert_non_null(strstr(e.text, "/no-such-directory"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_streams),
		cmocka_unit_test(test_index_limit),
		cmocka_unit_test(test_journal),
		cmocka_unit_test(test_no_file_is_left),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
