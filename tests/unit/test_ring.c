/*
 * The ring: numbers, when a file ends, and that what it says of a packet is what the file says.
 */
#include "tests/unit/ringkit.h"

static void files_have_names_numbers_and_modes(void **state)
{
	(void)state;
	struct folder f = folder_new();
	struct error e = { "" };
	struct stat st;
	struct ring *r = ring_of(&f, (struct ring_options){ .first_input = 7 });
	folder_list(&f);
	assert_int_equal(f.n, 0); /* nothing came: no file */
	struct stamp first = put(r, start_ns), second = put(r, start_ns + 1);
	assert_true(first.input == 7 && first.frame == 1 && first.ns == start_ns);
	assert_true(second.input == 7 && second.frame == 2);
	ASSERT_NAMES(&f, "ring-s1-20231114T221320Z-000001.pcapng.part");
	assert_int_equal(stat(folder_file(&f, f.names[0]).text, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_true(ring_rotate(r, &e));
	assert_true(ring_rotate(r, &e)); /* nothing to rotate: nothing made */
	ASSERT_NAMES(&f, "ring-s1-20231114T221320Z-000001.pcapng");
	struct stamp third = put(r, start_ns + 61 * second_ns);
	assert_true(third.input == 8 && third.frame == 1);
	assert_int_equal(ring_input(r), 8);
	assert_string_equal(ring_names(r)[7], "ring-s1-20231114T221320Z-000001.pcapng");
	assert_string_equal(ring_names(r)[8], "ring-s1-20231114T221421Z-000002.pcapng");
	assert_string_equal(ring_names(r)[6], "");
	assert_int_equal(ring_counts(r).closed, 1);
	close_ring(r);
	assert_int_equal(read_file(&f, "ring-s1-20231114T221320Z-000001.pcapng").packets, 2);
	assert_int_equal(read_file(&f, "ring-s1-20231114T221421Z-000002.pcapng").packets, 1);
	folder_delete(&f);
}

/* Input numbers begin again behind the last one. */
static void numbers_go_round(void **state)
{
	(void)state;
	struct folder f = folder_new();
	struct error e = { "" };
	struct ring *r = ring_of(&f, (struct ring_options){ .first_input = UINT16_MAX });
	ring_remember(r, 0, "ring-s1-20200101T000000Z-000000.pcapng", 5);
	assert_int_equal(put(r, start_ns).input, UINT16_MAX);
	assert_int_equal(ring_content_hash(r, 0), 5);
	assert_true(ring_rotate(r, &e));
	assert_int_equal(put(r, start_ns).input, 0);
	assert_string_equal(ring_names(r)[0], "ring-s1-20231114T221320Z-000002.pcapng");
	assert_true(ring_content_hash(r, 0) != 5);
	close_ring(r);
	folder_delete(&f);
}

static void size_ends_a_file_before_it_is_reached(void **state)
{
	(void)state;
	enum { MOST = 10 * PACKET_BLOCK };
	struct folder f = folder_new();
	struct stat st;
	struct ring *r = ring_of(&f, (struct ring_options){ .bytes = MOST });
	for (int i = 0; i < 40; i++)
		put(r, start_ns + i);
	close_ring(r);
	folder_list(&f);
	assert_true(f.n >= 4 && f.n <= 5);
	uint64_t packets = 0;
	for (size_t i = 0; i < f.n; i++) {
		assert_int_equal(stat(folder_file(&f, f.names[i]).text, &st), 0);
		assert_true(st.st_size <= MOST && (i + 1 == f.n || st.st_size > MOST / 2));
		packets += read_file(&f, f.names[i]).packets;
	}
	assert_int_equal(packets, 40);
	/* A packet that is larger than a file may be has one for itself. */
	r = ring_of(&f, (struct ring_options){ .bytes = 10 });
	put(r, start_ns);
	assert_int_equal(put(r, start_ns).frame, 1);
	close_ring(r);
	folder_delete(&f);
}

static void a_timer_ends_a_file_and_makes_no_empty_one(void **state)
{
	(void)state;
	struct folder f = folder_new();
	struct error e = { "" };
	struct ring *r = ring_of(&f, (struct ring_options){ .seconds = 10 });
	for (int i = 0; i < 30; i++)
		assert_true(ring_tick(r, start_ns + i * second_ns, &e));
	folder_list(&f);
	assert_int_equal(f.n, 0);
	put(r, start_ns + 30 * second_ns);
	assert_true(ring_tick(r, start_ns + 39 * second_ns, &e));
	ASSERT_NAMES(&f, "ring-s1-20231114T221350Z-000001.pcapng.part");
	assert_true(ring_tick(r, start_ns + 40 * second_ns, &e));
	ASSERT_NAMES(&f, "ring-s1-20231114T221350Z-000001.pcapng");
	assert_true(ring_tick(r, start_ns + 60 * second_ns, &e));
	ASSERT_NAMES(&f, "ring-s1-20231114T221350Z-000001.pcapng");
	/* The clock is set back an hour: the length counts from there. */
	put(r, start_ns + 70 * second_ns);
	assert_true(ring_tick(r, start_ns - 3600 * second_ns, &e));
	assert_int_equal(ring_counts(r).closed, 1);
	assert_true(ring_tick(r, start_ns - 3590 * second_ns, &e));
	assert_int_equal(ring_counts(r).closed, 2);
	close_ring(r);
	folder_delete(&f);
}

static void a_tick_flushes(void **state)
{
	(void)state;
	struct folder f = folder_new();
	struct error e = { "" };
	struct ring *r = ring_of(&f, (struct ring_options){ 0 });
	for (int i = 0; i < 3; i++) {
		put(r, start_ns);
		assert_true(ring_tick(r, start_ns, &e));
		struct reading now = read_file(&f, "ring-s1-20231114T221320Z-000001.pcapng.part");
		assert_int_equal(now.packets, i + 1);
		assert_int_equal(now.damaged, 0);
	}
	close_ring(r);
	folder_delete(&f);
}

/* The hash of the running file is the one of the file when it is read, for first packets of all kinds. */
static void hashes_are_those_of_the_files(void **state)
{
	(void)state;
	static const size_t lengths[] = { 0, 1, 3, 100, 223, 224, 225, 300, 70000 };
	static uint8_t bytes[70000];
	uint64_t before = 0;
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		struct folder f = folder_new();
		struct error e = { "" };
		struct ring *r = ring_of(&f,
		    (struct ring_options){ .interface = i % 4 ? "eth0.7" : NULL });
		memset(bytes, (int)i, sizeof(bytes));
		struct packet p = { .at.ns = start_ns,
			.linktype = i % 2 ? 113 : 1,
			.dropped = i % 3,
			.wire_len = 9,
			.bytes = { bytes, lengths[i] } };
		assert_true(ring_packet(r, &p, &e));
		uint64_t hash = ring_content_hash(r, 0);
		put(r, start_ns);
		assert_true(hash == ring_content_hash(r, 0) && hash != 0 && hash != before);
		close_ring(r);
		folder_list(&f);
		assert_true(read_file(&f, f.names[0]).hash == hash);
		before = hash;
		folder_delete(&f);
	}
}

static void losses_stand_in_the_file(void **state)
{
	(void)state;
	struct folder f = folder_new();
	struct error e = { "" };
	struct ring *r = ring_of(&f, (struct ring_options){ 0 });
	struct packet p = packet_at(start_ns);
	p.dropped = 3;
	ring_lost(r, 4); /* in front of the first file */
	assert_true(ring_packet(r, &p, &e));
	ring_lost(r, 5);
	assert_true(ring_rotate(r, &e));
	put(r, start_ns);
	assert_true(ring_rotate(r, &e));
	struct reading one = read_file(&f, "ring-s1-20231114T221320Z-000001.pcapng");
	assert_int_equal(one.dropped, 12);
	assert_int_equal(one.behind, 5);
	assert_int_equal(read_file(&f, "ring-s1-20231114T221320Z-000002.pcapng").dropped, 0);
	close_ring(r);
	folder_delete(&f);
}

/* No room: one message, every packet counted, and the next file says how many are missing. */
static void no_room_is_told_once_and_tried_again(void **state)
{
	(void)state;
	enum { ROOM = 100000, PACKETS = 400 };
	struct folder f = folder_new();
	struct error e = { "" };
	struct rlimit limit, small;
	struct ring *r = ring_of(&f, (struct ring_options){ 0 });
	getrlimit(RLIMIT_FSIZE, &limit);
	small = limit;
	small.rlim_cur = ROOM;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	int said = 0, refused = 0;
	for (uint64_t i = 1; i <= PACKETS; i++) {
		struct packet p = packet_at(start_ns);
		bool good = ring_packet(r, &p, &e);
		refused += !good;
		if (!good && e.text[0] != '\0') {
			assert_non_null(strstr(e.text, ".pcapng: File too large"));
			said++;
		}
		assert_true(p.at.input == 0 && p.at.frame == i);
	}
	assert_int_equal(said, 1);
	assert_true(refused > 0);
	folder_list(&f);
	assert_int_equal(f.n, 1);
	struct reading first = read_file(&f, f.names[0]);
	assert_true(first.packets > 0 && first.damaged == 0);
	assert_int_equal(first.packets + ring_counts(r).lost, PACKETS);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);

	struct packet p = packet_at(start_ns);
	p.dropped = 2;
	assert_true(ring_tick(r, start_ns + second_ns, &e)); /* too early */
	assert_false(ring_packet(r, &p, &e));
	assert_string_equal(e.text, "");
	assert_true(ring_tick(r, start_ns + 6 * second_ns, &e));
	assert_true(put(r, start_ns + 6 * second_ns).input == 1);
	uint64_t lost = ring_counts(r).lost;
	close_ring(r);
	folder_list(&f);
	assert_int_equal(f.n, 2);
	assert_int_equal(read_file(&f, f.names[1]).packets, 1);
	assert_int_equal(read_file(&f, f.names[1]).dropped, lost + 2);
	folder_delete(&f);
}

/* A directory that is gone: packets are numbered all the same. */
static void no_file_can_be_made(void **state)
{
	(void)state;
	struct folder f = folder_new();
	struct error e = { "" };
	struct ring *r = ring_of(&f, (struct ring_options){ 0 });
	assert_int_equal(rmdir(f.path), 0);
	struct packet p = packet_at(start_ns);
	assert_false(ring_packet(r, &p, &e));
	assert_non_null(strstr(e.text, "No such file"));
	assert_false(ring_packet(r, &p, &e));
	assert_string_equal(e.text, "");
	assert_int_equal(p.at.frame, 2);
	assert_int_equal(ring_counts(r).lost, 2);
	close_ring(r);
}

static void without_files_there_are_numbers(void **state)
{
	(void)state;
	struct error e = { "" };
	struct ring_options o = { .sensor = "s1", .first_input = 3 };
	struct ring *r = ring_open(&o, &e), *other = ring_open(&o, &e);
	assert_non_null(r);
	struct stamp at = put(r, start_ns);
	assert_true(at.input == 3 && at.frame == 1);
	assert_true(ring_rotate(r, &e) && ring_tick(r, start_ns, &e));
	at = put(r, start_ns);
	assert_true(at.input == 3 && at.frame == 2);
	put(other, start_ns + 1);
	assert_string_equal(ring_names(r)[3], "live-s1-20231114T221320Z");
	assert_true(ring_content_hash(r, 3) != 0);
	assert_true(ring_content_hash(r, 3) != ring_content_hash(other, 3));
	assert_false(ring_pin(r, 3, &e));
	close_ring(r);
	close_ring(other);
	close_ring(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_have_names_numbers_and_modes),
		cmocka_unit_test(numbers_go_round),
		cmocka_unit_test(size_ends_a_file_before_it_is_reached),
		cmocka_unit_test(a_timer_ends_a_file_and_makes_no_empty_one),
		cmocka_unit_test(a_tick_flushes),
		cmocka_unit_test(hashes_are_those_of_the_files),
		cmocka_unit_test(losses_stand_in_the_file),
		cmocka_unit_test(no_room_is_told_once_and_tried_again),
		cmocka_unit_test(no_file_can_be_made),
		cmocka_unit_test(without_files_there_are_numbers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
