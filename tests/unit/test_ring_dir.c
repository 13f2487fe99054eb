/*
 * The directory of a ring: which files are its own, which go, what becomes of those that an earlier run left.
 */
#include "tests/unit/ringkit.h"

/* Files of this ring only, those of earlier runs included, whatever order the directory has. */
static void count_spans_runs_and_spares_strangers(void **state)
{
	(void)state;
	static const char *const strangers[] = {
		"ring-s1-20200101T000000Z-000001.pcap",
		"ring-s1-20200101T000000Z-00001.pcapng",
		"ring-s1-2020010100000000-000001.pcapng",
		"ring-s1-pinned-20200101T000000Z-000001.pcapng",
		"ring-s2-20200101T000000Z-000001.pcapng",
		"ring-pinned-s1-20200101T000000Z-000001.pcapng",
		"ring-s1-20200101T000000Z-000001x.pcapng",
	};
	enum { STRANGERS = sizeof(strangers) / sizeof(strangers[0]) };
	struct folder f = folder_new();
	struct error e = { "" };
	for (size_t i = 0; i < STRANGERS; i++)
		folder_write(&f, strangers[i], "x", 1);
	for (int run = 0; run < 3; run++) {
		struct ring *r = ring_of(&f, (struct ring_options){ .files = 4 });
		for (int i = 0; i < 3; i++) {
			put(r, start_ns + second_ns * (run * 3 + i));
			assert_true(ring_rotate(r, &e));
		}
		assert_int_equal(ring_counts(r).deleted, run == 0 ? 0 : run == 1 ? 2 : 3);
		close_ring(r);
	}
	for (size_t i = 0; i < STRANGERS; i++)
		assert_int_equal(unlink(folder_file(&f, strangers[i]).text), 0);
	ASSERT_NAMES(&f, "ring-s1-20231114T221325Z-000006.pcapng",
	    "ring-s1-20231114T221326Z-000007.pcapng", "ring-s1-20231114T221327Z-000008.pcapng",
	    "ring-s1-20231114T221328Z-000009.pcapng");
	folder_delete(&f);
}

/* The file being written counts among them. */
static void one_file_is_one_file(void **state)
{
	(void)state;
	struct folder f = folder_new();
	struct error e = { "" };
	struct ring *r = ring_of(&f, (struct ring_options){ .files = 1 });
	put(r, start_ns);
	assert_true(ring_rotate(r, &e));
	put(r, start_ns);
	ASSERT_NAMES(&f, "ring-s1-20231114T221320Z-000002.pcapng.part");
	close_ring(r);
	folder_delete(&f);
}

static void free_space_is_kept_by_the_oldest(void **state)
{
	(void)state;
	struct folder f = folder_new();
	struct error e = { "" };
	folder_write(&f, "other.pcapng", "x", 1);
	struct ring *r = ring_of(&f, (struct ring_options){ 0 });
	for (int i = 0; i < 3; i++) {
		put(r, start_ns);
		assert_true(ring_rotate(r, &e));
	}
	close_ring(r);
	/* More than there is: all go but the one that is written. */
	r = ring_of(&f, (struct ring_options){ .keep_free_bytes = UINT64_C(1) << 60 });
	put(r, start_ns);
	assert_true(ring_tick(r, start_ns, &e));
	assert_int_equal(ring_counts(r).deleted, 3);
	ASSERT_NAMES(&f, "other.pcapng", "ring-s1-20231114T221320Z-000004.pcapng.part");
	close_ring(r);
	r = ring_of(&f, (struct ring_options){ .keep_free_bytes = 1 });
	put(r, start_ns);
	assert_true(ring_tick(r, start_ns, &e));
	assert_int_equal(ring_counts(r).deleted, 0);
	close_ring(r);
	folder_delete(&f);
}

/* A file of an earlier run, of every length: its whole packets stay. */
static void an_unfinished_file_is_cut_and_named(void **state)
{
	(void)state;
	static uint8_t image[4096];
	struct folder f = folder_new();
	struct ring *r = ring_of(&f, (struct ring_options){ 0 });
	put(r, start_ns);
	put(r, start_ns);
	close_ring(r);
	FILE *file = fopen(folder_file(&f, "ring-s1-20231114T221320Z-000001.pcapng").text, "rb");
	size_t n = fread(image, 1, sizeof(image), file);
	fclose(file);
	folder_delete(&f);
	const size_t head = 28 + 32; /* section and interface */
	assert_int_equal(n, head + 2 * PACKET_BLOCK);
	for (size_t cut = 0; cut <= n; cut += cut % 7 == 0 && cut + 1 < n ? 3 : 1) {
		f = folder_new();
		folder_write(&f, "ring-s1-20231114T221320Z-000041.pcapng.part", image, cut);
		r = ring_of(&f, (struct ring_options){ 0 });
		size_t packets = cut < head ? 0 : (cut - head) / PACKET_BLOCK;
		if (packets == 0) {
			folder_list(&f);
			assert_int_equal(f.n, 0);
		} else {
			ASSERT_NAMES(&f, "ring-s1-20231114T221320Z-000041.pcapng");
			struct reading got = read_file(&f, f.names[0]);
			assert_int_equal(got.packets, packets);
			assert_int_equal(got.damaged, 0);
		}
		put(r, start_ns);
		assert_string_equal(ring_names(r)[0], "ring-s1-20231114T221320Z-000042.pcapng");
		close_ring(r);
		folder_delete(&f);
	}
}

static void what_is_in_use_or_strange_is_left_alone(void **state)
{
	(void)state;
	static const char used[] = "ring-s1-20231114T221320Z-000001.pcapng.part";
	static const char strange[] = "ring-s1-20231114T221320Z-000002.pcapng.part";
	static const char text[] = "forty bytes of something that is no file of ours";
	struct folder f = folder_new();
	folder_write(&f, used, "", 0);
	folder_write(&f, strange, text, sizeof(text));
	int fd = open(folder_file(&f, used).text, O_RDWR);
	assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
	struct ring *r = ring_of(&f, (struct ring_options){ 0 });
	ASSERT_NAMES(&f, used, strange);
	put(r, start_ns);
	ASSERT_NAMES(&f, used, strange, "ring-s1-20231114T221320Z-000003.pcapng.part");
	/* The ring that writes is in use as well. */
	struct ring *other = ring_of(&f, (struct ring_options){ 0 });
	ASSERT_NAMES(&f, used, strange, "ring-s1-20231114T221320Z-000003.pcapng.part");
	close_ring(other);
	close(fd);
	close_ring(r);
	folder_delete(&f);
}

static void pinned_files_stay(void **state)
{
	(void)state;
	struct folder f = folder_new();
	struct error e = { "" };
	struct ring *r = ring_of(&f, (struct ring_options){ .files = 1 });
	put(r, start_ns);
	assert_true(ring_pin(r, 0, &e)); /* while it is written: when it is closed */
	assert_true(ring_pin(r, 0, &e));
	ASSERT_NAMES(&f, "ring-s1-20231114T221320Z-000001.pcapng.part");
	assert_true(ring_rotate(r, &e));
	assert_true(ring_pin(r, 0, &e));
	assert_int_equal(ring_counts(r).pinned, 1);
	put(r, start_ns);
	assert_true(ring_rotate(r, &e));
	put(r, start_ns);
	ASSERT_NAMES(&f, "ring-pinned-s1-20231114T221320Z-000001.pcapng",
	    "ring-s1-20231114T221320Z-000003.pcapng.part");
	assert_int_equal(read_file(&f, f.names[0]).packets, 1);
	assert_false(ring_pin(r, 1, &e)); /* it is gone */
	assert_non_null(strstr(e.text, "No such file"));
	assert_false(ring_pin(r, 9, &e)); /* there never was one */
	close_ring(r);

	r = ring_of(&f, (struct ring_options){ .first_input = 1 });
	ring_remember(r, 0, "ring-s1-20231114T221320Z-000003.pcapng", 1);
	assert_true(ring_pin(r, 0, &e));
	ring_remember(r, 3, "../other", 1);
	assert_false(ring_pin(r, 3, &e));
	close_ring(r);
	ASSERT_NAMES(&f, "ring-pinned-s1-20231114T221320Z-000001.pcapng",
	    "ring-pinned-s1-20231114T221320Z-000003.pcapng",
	    "ring-s1-20231114T221320Z-000003.pcapng");
	folder_delete(&f);
}

static void what_cannot_be_opened(void **state)
{
	(void)state;
	struct error e = { "" };
	struct ring_options o = { .path = "/nowhere/ring.pcapng", .sensor = "s1" };
	assert_null(ring_open(&o, &e));
	assert_string_equal(e.text, "/nowhere: No such file or directory");
	o.path = "/tmp/";
	assert_null(ring_open(&o, &e));
	assert_string_equal(e.text, "/tmp/: needs the name of a file");
	static char long_name[300];
	memset(long_name, 'x', sizeof(long_name) - 1);
	o.path = long_name;
	assert_null(ring_open(&o, &e));
	assert_non_null(strstr(e.text, "so long a name"));
	/* A sensor is no way out of the directory. */
	struct folder f = folder_new();
	o = (struct ring_options){ .path = f.ring, .sensor = "../../a b" };
	struct ring *r = ring_open(&o, &e);
	put(r, start_ns);
	close_ring(r);
	ASSERT_NAMES(&f, "ring-.._.._a_b-20231114T221320Z-000001.pcapng");
	folder_delete(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(count_spans_runs_and_spares_strangers),
		cmocka_unit_test(one_file_is_one_file),
		cmocka_unit_test(free_space_is_kept_by_the_oldest),
		cmocka_unit_test(an_unfinished_file_is_cut_and_named),
		cmocka_unit_test(what_is_in_use_or_strange_is_left_alone),
		cmocka_unit_test(pinned_files_stay),
		cmocka_unit_test(what_cannot_be_opened),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
