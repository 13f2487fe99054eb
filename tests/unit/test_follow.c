/*
 * Following: which file comes next, and a source that waits for what is not written yet. What is written
 * meanwhile is written when the source says that it waits.
 */
#include "capture/follow.h"
#include "tests/unit/capture_image.h"

#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>

static void rows(void **state)
{
	(void)state;
	static const struct {
		const char *name, *other;
		bool same;
		int order;
	} table[] = {
		{ "cap", "cap1", true, -1 },
		{ "cap9", "cap10", true, -1 },
		{ "cap.pcap", "cap.pcap1", true, -1 },
		{ "cap.pcap2", "cap.pcap12", true, -1 },
		{ "cap1.pcap", "cap1.pcap1", true, -1 },
		{ "cap099", "cap100", true, -1 },
		{ "cap-01", "cap-1", true, 0 },
		{ "a-20261130T111103Z-00000001.pcapng", "a-20261130T111201Z-00000002.pcapng.part",
		    true, -1 },
		{ "a-1.pcapng.part", "a-1.pcapng", true, 0 },
		{ "a-1.pcapng.part", "a-2.pcapng", true, -1 },
		{ "a-18446744073709551616", "a-18446744073709551617", true, -1 },
		{ "cap1", "cap", false, 1 },
		{ "cap1.pcap", "cap1.txt", false, -1 },
		{ "cap1.pcap", "cup1.pcap", false, -1 },
		{ "cap1.pcap", "cap1.pcap.gz", false, -1 },
		{ "cap1.pcap", "cap.pcap", false, 1 },
		{ "", "1", true, -1 },
		{ ".part", ".part", true, 0 },
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		int order = row_compare(table[i].name, table[i].other);
		int back = row_compare(table[i].other, table[i].name);
		assert_int_equal(row_is_same(table[i].name, table[i].other), table[i].same);
		assert_int_equal((order > 0) - (order < 0), table[i].order);
		assert_int_equal((back > 0) - (back < 0), -table[i].order);
	}
}

/* ---- files ---- */

struct folder {
	char path[300], name[600];
};

static struct folder folder_new(void)
{
	struct image_path path = path_new();
	struct folder f = { 0 };
	unlink(path.text);
	assert_int_equal(mkdir(path.text, 0700), 0);
	(void)snprintf(f.path, sizeof(f.path), "%s", path.text);
	return f;
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

static const char *in_folder(struct folder *f, const char *name)
{
	(void)snprintf(f->name, sizeof(f->name), "%s/%s", f->path, name);
	return f->name;
}

/* Adds to a file; written to so many seconds ago. */
static void add(struct folder *f, const char *name, const void *p, size_t n, time_t age)
{
	int fd = open(in_folder(f, name), O_WRONLY | O_CREAT | O_APPEND, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, p, n), n);
	const struct timespec when[2] = { { 1700000000 - age, 0 }, { 1700000000 - age, 0 } };
	assert_int_equal(futimens(fd, when), 0);
	close(fd);
}

static void next_is(struct folder *f, const char *name, const char *expected)
{
	int fd = open(in_folder(f, name), O_RDONLY);
	char *next = follow_next(f->name, fd);
	if (!expected)
		assert_null(next);
	else
		assert_string_equal(next, in_folder(f, expected));
	free(next);
	close(fd);
}

static void next_file(void **state)
{
	(void)state;
	struct folder f = folder_new();
	add(&f, "cap8", "", 0, 40);
	add(&f, "cap9", "", 0, 30);
	next_is(&f, "cap9", NULL);
	add(&f, "cap11", "", 0, 10);
	add(&f, "cap10", "", 0, 20);
	add(&f, "other10", "", 0, 20);
	add(&f, "cap10.txt", "", 0, 20);
	next_is(&f, "cap8", "cap9");
	next_is(&f, "cap9", "cap10");
	next_is(&f, "cap10", "cap11");
	next_is(&f, "cap11", NULL);
	/* A file of yesterday is not what comes next. */
	add(&f, "cap12", "", 0, 86400);
	next_is(&f, "cap11", NULL);
	assert_int_equal(mkdir(in_folder(&f, "cap13"), 0700), 0);
	next_is(&f, "cap11", NULL);
	/* The row begins anew: tcpdump -W. */
	add(&f, "cap9", "", 0, 5);
	next_is(&f, "cap11", "cap9");
	add(&f, "cap8", "", 0, 6);
	next_is(&f, "cap11", "cap8");
	folder_remove(&f);
	int fd = open("/dev/null", O_RDONLY);
	assert_null(follow_next(in_folder(&f, "cap1"), fd));
	close(fd);
}

/* ---- a source ---- */

struct piece {
	const char *name;
	size_t from, to; /* of the image */
};

struct writing {
	struct folder folder;
	struct image *image;
	const struct piece *pieces;
	size_t n, done;
	uint64_t waits;
	struct source *source; /* is stopped when nothing is left to write */
};

static void write_more(void *ctx)
{
	struct writing *w = ctx;
	w->waits++;
	if (w->done == w->n) {
		if (w->source)
			source_break(w->source);
		return;
	}
	const struct piece *p = &w->pieces[w->done++];
	add(&w->folder, p->name, w->image->bytes + p->from, p->to - p->from,
	    (time_t)(1000 - w->done));
}

enum { FILE_HEADER = 24, RECORD = 16 + IMAGE_DATA };

/* Five packets, a second apart. */
static struct writing writing_new(const struct piece *pieces, size_t n)
{
	struct writing w = { .folder = folder_new(), .pieces = pieces, .n = n };
	w.image = calloc(1, sizeof(*w.image));
	image_pcap_file(w.image, 0xa1b2c3d4, 65535, 1);
	for (uint32_t i = 1; i <= 5; i++)
		image_pcap_packet(w.image, i, 0, IMAGE_DATA, image_data, IMAGE_DATA);
	return w;
}

/* What comes out, as "input:frame@second" words; the rest of the pieces is written meanwhile. */
static void follow(struct writing *w, const char *first, const char *expected, size_t damaged)
{
	const struct limits limits = limits_default();
	char got[300] = "";
	size_t n = 0;
	struct error e = { "" };
	struct packet p;
	write_more(w);
	char path[600];
	(void)snprintf(path, sizeof(path), "%s", in_folder(&w->folder, first));
	const char *spec = path;
	const struct source_options options = { .specs = &spec,
		.n_specs = 1,
		.since = INT64_MIN,
		.until = INT64_MAX,
		.limits = &limits,
		.follow = true,
		.idle = write_more,
		.ctx = w };
	struct source *s = source_open(&options, &e);
	if (!s)
		fail_msg("%s", e.text);
	w->source = s;
	enum source_status status;
	while ((status = source_next(s, &p)) == SOURCE_PACKET)
		n += (size_t)snprintf(got + n, sizeof(got) - n, "%s%u:%" PRIu64 "@%" PRId64,
		    n ? " " : "", p.at.input, p.at.frame, p.at.ns / 1000000000);
	assert_string_equal(got, expected);
	/* It was stopped while it waited: all that was written has been read. */
	assert_int_equal(status, SOURCE_END);
	size_t n_damage;
	source_damage(s, &n_damage);
	assert_int_equal(n_damage, damaged);
	source_close(s);
	free(w->image);
	folder_remove(&w->folder);
}

static void a_file_grows(void **state)
{
	(void)state;
	enum { END = FILE_HEADER + 5 * RECORD };
	static const struct piece pieces[] = { { "cap", 0, 0 }, { "cap", 0, 1 }, { "cap", 1, 23 },
		{ "cap", 23, FILE_HEADER + 7 },
		{ "cap", FILE_HEADER + 7, FILE_HEADER + RECORD - 1 },
		{ "cap", FILE_HEADER + RECORD - 1, FILE_HEADER + 3 * RECORD },
		{ "cap", FILE_HEADER + 3 * RECORD, END } };
	struct writing w = writing_new(pieces, 7);
	follow(&w, "cap", "0:1@1 0:2@2 0:3@3 0:4@4 0:5@5", 0);
	/* What is not whole when it is stopped is no damage. */
	w = writing_new(pieces, 5);
	follow(&w, "cap", "", 0);
	assert_int_equal(w.waits, 6);
}

static void a_row_grows(void **state)
{
	(void)state;
	enum { TWO = FILE_HEADER + 2 * RECORD };
	static const struct piece pieces[] = { { "cap", 0, TWO }, { "cap1", 0, 0 },
		{ "cap1", 0, 20 }, { "cap1", 20, TWO }, { "cap2", 0, FILE_HEADER },
		{ "cap3", 0, TWO - 1 } };
	struct writing w = writing_new(pieces, 6);
	follow(&w, "cap", "0:1@1 0:2@2 1:1@1 1:2@2 3:1@1", 0);
	/* A file that another one follows gets no more: the rest of its packet is missing. */
	static const struct piece cut[] = { { "cap", 0, TWO - 1 }, { "cap1", 0, TWO } };
	w = writing_new(cut, 2);
	follow(&w, "cap", "0:1@1 1:1@1 1:2@2", 1);
	/* Nor is one that is no capture the end of the row. */
	static const struct piece strange[] = { { "cap", 0, TWO }, { "cap1", 30, 60 },
		{ "cap2", 0, TWO } };
	w = writing_new(strange, 3);
	follow(&w, "cap", "0:1@1 0:2@2 2:1@1 2:2@2", 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows),
		cmocka_unit_test(next_file),
		cmocka_unit_test(a_file_grows),
		cmocka_unit_test(a_row_grows),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
