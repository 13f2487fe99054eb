/*
 * test_ring_sync.c - a file of the ring is on the disk before it has its name, and then the name: once for each file.
 */
#include "tests/unit/ringkit.h"

#include <sys/syscall.h>

/* What the ring asked the kernel for: d a directory, f a file was brought to the disk, n a file got its name, w writing began. */
static char said[64];
static int file_sync_fails;

static void say(char what)
{
	size_t n = strlen(said);
	assert_true(n + 1 < sizeof said);
	said[n] = what;
	said[n + 1] = '\0';
}

/* Instead of those of the C library. */
int fsync(int fd)
{
	struct stat st;
	assert_int_equal(fstat(fd, &st), 0);
	say(S_ISDIR(st.st_mode) ? 'd' : 'f');
	if (!S_ISDIR(st.st_mode) && file_sync_fails) {
		errno = EIO;
		return -1;
	}
	return (int)syscall(SYS_fsync, fd);
}

int renameat(int from, const char *old, int to, const char *name)
{
	say('n');
	return (int)syscall(SYS_renameat2, from, old, to, name, 0);
}

int sync_file_range(int fd, off64_t offset, off64_t n, unsigned flags)
{
	assert_int_equal(flags, SYNC_FILE_RANGE_WRITE);
	say('w');
	return (int)syscall(SYS_sync_file_range, fd, offset, n, flags);
}

static struct ring *begin(struct folder *f)
{
	said[0] = '\0';
	file_sync_fails = 0;
	*f = folder_new();
	return ring_of(f, (struct ring_options){ .files = 2 });
}

static void once_for_each_file(void **state)
{
	(void)state;
	struct folder f;
	struct error e;
	struct ring *r = begin(&f);
	for (int file = 0; file < 3; file++) {
		for (int i = 0; i < 100; i++)
			put(r, start_ns + i);
		assert_true(ring_rotate(r, &e));
	}
	assert_string_equal(said, "fndfndfnd");
	close_ring(r);
	assert_string_equal(said, "fndfndfnd");
	folder_delete(&f);
}

/* So that little is left to wait for at the end. */
static void each_second_writing_begins(void **state)
{
	(void)state;
	struct folder f;
	struct error e;
	struct ring *r = begin(&f);
	put(r, start_ns);
	for (int i = 1; i <= 3; i++)
		assert_true(ring_tick(r, start_ns + i * second_ns, &e));
	close_ring(r);
	assert_string_equal(said, "wwwfnd");
	folder_delete(&f);
}

static void without_packets_nothing_is_waited_for(void **state)
{
	(void)state;
	struct folder f;
	struct error e;
	struct ring *r = begin(&f);
	assert_true(ring_rotate(r, &e));
	close_ring(r);
	assert_string_equal(said, "");
	folder_delete(&f);
}

/* It is said, the file keeps what it has, and the next one is tried after a while. */
static void a_disk_that_fails(void **state)
{
	(void)state;
	struct folder f;
	struct error e;
	struct ring *r = begin(&f);
	put(r, start_ns);
	file_sync_fails = 1;
	assert_false(ring_rotate(r, &e));
	assert_non_null(strstr(e.text, "ring-s1-20231114T221320Z-000001.pcapng: "));
	ASSERT_NAMES(&f, "ring-s1-20231114T221320Z-000001.pcapng");
	struct packet p = packet_at(start_ns + second_ns);
	assert_false(ring_packet(r, &p, &e));
	file_sync_fails = 0;
	assert_true(ring_tick(r, start_ns + 60 * second_ns, &e));
	put(r, start_ns + 60 * second_ns);
	close_ring(r);
	folder_list(&f);
	assert_int_equal(f.n, 2);
	folder_delete(&f);
}

static void what_was_left_unfinished_as_well(void **state)
{
	(void)state;
	struct folder f;
	struct ring *r = begin(&f);
	put(r, start_ns);
	close_ring(r);
	assert_int_equal(rename(folder_file(&f, "ring-s1-20231114T221320Z-000001.pcapng").text,
			     folder_file(&f, "ring-s1-20231114T221320Z-000001.pcapng.part").text),
	    0);
	said[0] = '\0';
	close_ring(ring_of(&f, (struct ring_options){ .files = 2 }));
	assert_string_equal(said, "fnd");
	ASSERT_NAMES(&f, "ring-s1-20231114T221320Z-000001.pcapng");
	folder_delete(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(once_for_each_file),
		cmocka_unit_test(each_second_writing_begins),
		cmocka_unit_test(without_packets_nothing_is_waited_for),
		cmocka_unit_test(a_disk_that_fails),
		cmocka_unit_test(what_was_left_unfinished_as_well),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
