/*
 * Sources: merging, numbering, filters, recordings, names, what is refused and with which words.
 */
#include "tests/unit/capture_image.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/time.h>

#define END UINT32_MAX

/* A pcap file with packets at these seconds, its index in their wire length. */
static struct image_path pcap_at(const uint32_t *seconds, uint32_t index)
{
	struct image *m = calloc(1, sizeof(*m));
	image_pcap_file(m, 0xa1b2c3d4, 65535, 1);
	for (; *seconds != END; seconds++)
		image_pcap_packet(m, *seconds, 0, 100 + index, image_data, IMAGE_DATA);
	struct image_path path = path_with(m->bytes, m->n);
	free(m);
	return path;
}

struct opened {
	struct limits limits;
	struct source_options options;
	struct source *source;
	struct error error;
};

/* The source and its options, all open; NULL when it is refused. */
static struct source *opened(struct opened *o, const char *const *specs, size_t n)
{
	o->limits = limits_default();
	o->options.specs = specs;
	o->options.n_specs = n;
	o->options.limits = &o->limits;
	if (o->options.since == 0 && o->options.until == 0) {
		o->options.since = INT64_MIN;
		o->options.until = INT64_MAX;
	}
	o->error.text[0] = '\0';
	o->source = source_open(&o->options, &o->error);
	return o->source;
}

/* What comes out, as "input:frame@second/recording" words. */
static void read_all(struct source *s, char *out, size_t room)
{
	struct packet p;
	size_t n = 0;
	uint64_t order = 0;
	out[0] = '\0';
	while (source_next(s, &p) == SOURCE_PACKET) {
		assert_true(p.at.order > order);
		order = p.at.order;
		assert_int_equal(p.bytes.n, IMAGE_DATA);
		assert_memory_equal(p.bytes.p, image_data, IMAGE_DATA);
		n += (size_t)snprintf(out + n, room - n, "%s%u:%" PRIu64 "@%" PRId64 "/%u",
		    n ? " " : "", p.at.input, p.at.frame, p.at.ns / 1000000000, p.recording);
		assert_true(n < room);
	}
	assert_int_equal(source_next(s, &p), SOURCE_END);
}

#define MERGED(expected, ...) \
	do { \
		const uint32_t *files[] = { __VA_ARGS__ }; \
		check_merged(expected, files, sizeof(files) / sizeof(files[0])); \
	} while (0)
#define AT(...) \
	(const uint32_t[]) \
	{ \
		__VA_ARGS__, END \
	}
#define NOTHING \
	(const uint32_t[]) \
	{ \
		END \
	}

static void check_merged(const char *expected, const uint32_t *const *files, size_t n)
{
	struct opened o = { .error = { "" } };
	struct image_path paths[8];
	const char *specs[8] = { NULL };
	char got[1000];
	for (size_t i = 0; i < n; i++) {
		paths[i] = pcap_at(files[i], (uint32_t)i);
		specs[i] = paths[i].text;
	}
	if (!opened(&o, specs, n))
		fail_msg("%s", o.error.text);
	read_all(o.source, got, sizeof(got));
	assert_string_equal(got, expected);
	assert_int_equal(source_inputs(o.source), n);
	source_close(o.source);
	for (size_t i = 0; i < n; i++)
		unlink(paths[i].text);
}

static void merged_by_time(void **state)
{
	(void)state;
	MERGED("0:1@1/0 1:1@2/1 0:2@3/0 1:2@4/1", AT(1, 3), AT(2, 4));
	/* Ties go to the input named first, whose next packet may be as early as the other's. */
	MERGED("0:1@5/0 0:2@5/0 1:1@5/0 1:2@5/0", AT(5, 5), AT(5, 5));
	MERGED("2:1@1/0 1:1@2/1 0:1@3/2 2:2@4/0 1:2@5/1 0:2@6/2", AT(3, 6), AT(2, 5), AT(1, 4));
	/* A file keeps its own order, backwards as it may be. */
	MERGED("1:1@2/0 1:2@3/0 0:1@4/0 0:2@1/0 0:3@5/0", AT(4, 1, 5), AT(2, 3));
	MERGED("", NOTHING, NOTHING);
}

static void recordings(void **state)
{
	(void)state;
	/* Parts of one recording, in whatever order they are named. */
	MERGED("0:1@1/0 0:2@2/0 1:1@3/0 1:2@4/0", AT(1, 2), AT(3, 4));
	MERGED("1:1@1/0 1:2@2/0 0:1@3/0 0:2@4/0", AT(3, 4), AT(1, 2));
	/* Two machines, two files each: the second file goes on with what ended last. */
	MERGED("0:1@1/0 1:1@2/1 0:2@3/0 1:2@4/1 2:1@5/1 3:1@6/0 2:2@7/1 3:2@8/0", AT(1, 3),
	    AT(2, 4), AT(5, 7), AT(6, 8));
	/* One that ended joins nobody twice; a third that overlaps both is new. */
	MERGED("0:1@1/0 1:1@2/0 2:1@3/1 1:2@4/0 2:2@5/1", AT(1), AT(2, 4), AT(3, 5));
	/* A file without packets is no part of anything. */
	MERGED("0:1@1/0 2:1@2/0", AT(1), NOTHING, AT(2));
	/* Their ends touch: the packet of the second input comes last. */
	MERGED("0:1@1/0 0:2@2/0 1:1@2/0", AT(1, 2), AT(2));
	MERGED("1:1@1/0 0:1@2/1 1:2@2/0", AT(2), AT(1, 2));
}

static void what_is_wanted(void **state)
{
	(void)state;
	static const uint32_t seconds[] = { 10, 20, 15, 30, 40, END };
	struct image_path path = pcap_at(seconds, 0);
	const char *spec = path.text;
	char got[200];
	static const struct {
		int64_t since, until;
		uint64_t most;
		const char *bpf, *expected;
		uint64_t filtered;
	} rows[] = {
		{ 15, 40, 0, NULL, "0:2@20/0 0:3@15/0 0:4@30/0", 2 },
		{ 15, 40, 2, NULL, "0:2@20/0 0:3@15/0", 1 },
		{ 41, 99, 0, NULL, "", 5 },
		{ 10, 41, 1, "ether proto 0x88b5", "0:1@10/0", 0 },
		{ 10, 41, 0, "ip or ip6", "", 5 },
		/* Compiles for another link type only: nothing here is wanted, which is no error. */
		{ 10, 41, 0, "wlan type data", "", 5 },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct opened o = { .options = { .bpf = rows[i].bpf,
					.max_packets = rows[i].most } };
		o.options.since = rows[i].since * 1000000000;
		o.options.until = rows[i].until * 1000000000;
		assert_non_null(opened(&o, &spec, 1));
		read_all(o.source, got, sizeof(got));
		assert_string_equal(got, rows[i].expected);
		struct source_counts counts = source_counts(o.source);
		assert_int_equal(counts.filtered, rows[i].filtered);
		assert_int_equal(counts.bytes, counts.packets * IMAGE_DATA);
		if (rows[i].most == 0)
			assert_int_equal(counts.backwards, 1);
		source_close(o.source);
	}
	unlink(path.text);
}

static void image_drops(struct image *m, uint32_t second, uint64_t drops)
{
	size_t start = block_begin(m, 6);
	uint64_t ticks = UINT64_C(1000000) * second;
	image_int(m, 0, 4);
	image_int(m, ticks >> 32, 4);
	image_int(m, ticks, 4);
	image_int(m, IMAGE_DATA, 4);
	image_int(m, IMAGE_DATA, 4);
	image_put(m, image_data, IMAGE_DATA);
	image_int(m, 0, -IMAGE_DATA & 3);
	image_option(m, 4, drops, 8);
	block_end(m, start);
}

/* A pcapng file with packets at these seconds, as many lost in front of each, and some at the end. */
static struct image_path pcapng_with_drops(const uint32_t *seconds, uint64_t at_end)
{
	struct image *m = calloc(1, sizeof(*m));
	uint64_t sum = at_end;
	image_section(m, false);
	image_interface(m, 1, 0);
	for (; *seconds != END; seconds++) {
		image_drops(m, *seconds, *seconds);
		sum += *seconds;
	}
	size_t start = block_begin(m, 5);
	image_int(m, 0, 4);
	image_int(m, 0, 8);
	image_option(m, 5, sum, 8);
	block_end(m, start);
	struct image_path path = path_with(m->bytes, m->n);
	free(m);
	return path;
}

/* No loss is told twice, and none goes under with a packet that nobody wants. */
static void losses_go_with_the_next_wanted_packet(void **state)
{
	(void)state;
	static const uint32_t first[] = { 1, 2, 3, 10, END }, second[] = { 4, 5, 7, END };
	static const struct {
		int64_t since, until;
		uint64_t most;
		uint64_t lost[7], behind;
	} rows[] = {
		{ 0, 99, 0, { 1, 2, 3, 4, 5, 7, 200 + 10 }, 100 },
		{ 3, 6, 0, { 1 + 2 + 3, 4, 5 }, 7 + 200 + 10 + 100 },
		{ 0, 99, 2, { 1, 2 }, 0 },
		{ 98, 99, 0, { 0 }, 1 + 2 + 3 + 4 + 5 + 7 + 200 + 10 + 100 },
	};
	struct image_path paths[] = { pcapng_with_drops(first, 100),
		pcapng_with_drops(second, 200) };
	const char *specs[] = { paths[0].text, paths[1].text };
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct opened o = { .options = { .max_packets = rows[i].most } };
		struct packet p;
		o.options.since = rows[i].since * 1000000000;
		o.options.until = rows[i].until * 1000000000;
		assert_non_null(opened(&o, specs, 2));
		for (size_t n = 0; source_next(o.source, &p) == SOURCE_PACKET; n++)
			assert_int_equal(p.dropped, rows[i].lost[n]);
		struct source_counts counts = source_counts(o.source);
		assert_int_equal(counts.dropped_behind, rows[i].behind);
		if (rows[i].most == 0)
			assert_int_equal(counts.dropped, 332);
		source_close(o.source);
	}
	unlink(paths[0].text);
	unlink(paths[1].text);
}

/* One filter, one program for each link type: the same packet bare and behind two kinds of header. */
static void filters_know_link_types(void **state)
{
	(void)state;
	static const uint8_t ip[] = { 0x45, 0, 0, 40, 0, 1, 0, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0,
		0, 2, 0x9c, 0x40, 0, 80, 0, 0, 0, 1, 0, 0, 0, 0, 0x50, 2, 0, 1, 0, 0, 0, 0 };
	static const struct {
		uint16_t link;
		size_t header;
		uint8_t bytes[20];
	} rows[] = {
		{ 1, 14, { [12] = 8 } }, { 101, 0, { 0 } }, { 113, 16, { [5] = 6, [14] = 8 } },
		{ 276, 20, { 8 } }, { 228, 0, { 0 } },
		{ 147, 0, { 0 } }, /* private: libpcap does not know where its IP is */
	};
	enum { ROWS = sizeof(rows) / sizeof(rows[0]) };
	struct image *m = calloc(1, sizeof(*m));
	image_section(m, false);
	for (uint32_t i = 0; i < ROWS; i++) {
		uint8_t packet[60];
		image_interface(m, rows[i].link, 0);
		memcpy(packet, rows[i].bytes, rows[i].header);
		memcpy(packet + rows[i].header, ip, sizeof(ip));
		image_enhanced(m, i, i, 60, packet, rows[i].header + sizeof(ip));
	}
	struct image_path path = path_with(m->bytes, m->n);
	const char *spec = path.text;
	struct opened o = { .options = { .bpf = "tcp port 80" } };
	struct packet p;
	assert_non_null(opened(&o, &spec, 1));
	for (size_t i = 0; i < ROWS - 1; i++) {
		assert_int_equal(source_next(o.source, &p), SOURCE_PACKET);
		assert_int_equal(p.linktype, rows[i].link);
	}
	assert_int_equal(source_next(o.source, &p), SOURCE_END);
	assert_int_equal(source_counts(o.source).filtered, 1);
	source_close(o.source);
	o.options.bpf = "tcp port 81";
	assert_non_null(opened(&o, &spec, 1));
	assert_int_equal(source_next(o.source, &p), SOURCE_END);
	source_close(o.source);
	unlink(path.text);
	free(m);
}

static void damage_ends_one_input(void **state)
{
	(void)state;
	static const uint32_t first[] = { 1, 4, 7, END }, second[] = { 2, 5, 8, END };
	struct image_path paths[] = { pcap_at(first, 0), pcap_at(second, 1) };
	const char *specs[] = { paths[0].text, paths[1].text };
	struct opened o = { .error = { "" } };
	char got[200];
	size_t n;
	assert_int_equal(truncate(paths[0].text, 24 + 2 * (16 + IMAGE_DATA) + 3), 0);
	assert_non_null(opened(&o, specs, 2));
	source_damage(o.source, &n);
	assert_int_equal(n, 0);
	read_all(o.source, got, sizeof(got));
	assert_string_equal(got, "0:1@1/0 1:1@2/1 0:2@4/0 1:2@5/1 1:3@8/1");
	const struct damage *d = source_damage(o.source, &n);
	assert_int_equal(n, 1);
	assert_int_equal(d->input, 0);
	assert_int_equal(d->record, 3);
	assert_int_equal(d->offset, 24 + 2 * (16 + IMAGE_DATA));
	assert_string_equal(d->text, "cut short in the middle of packet 3");
	struct source_counts counts = source_counts(o.source);
	assert_int_equal(counts.done, counts.total);
	source_close(o.source);
	unlink(paths[0].text);
	unlink(paths[1].text);
}

static void refused(const void *p, size_t n, const char *says)
{
	struct image_path path = path_with(p, n);
	const char *spec = path.text;
	struct opened o = { .error = { "" } };
	char expected[600];
	size_t out = 0;
	for (; *says; says++) {
		const char *piece = *says == '%' ? spec : (char[]){ *says, '\0' };
		out += (size_t)snprintf(expected + out, sizeof(expected) - out, "%s", piece);
	}
	assert_null(opened(&o, &spec, 1));
	assert_string_equal(o.error.text, expected);
	unlink(path.text);
}

static void foreign_files(void **state)
{
	(void)state;
#define REFUSED(bytes, says) refused(bytes, sizeof(bytes) - 1, "%: " says)
	REFUSED("", "empty file");
	REFUSED("x", "not a capture file");
	REFUSED("\xd4\xc3\xb2", "not a capture file");
	REFUSED("\xd4\xc3\xb2\xa1\2\0\4\0", "cut short within the file header");
	REFUSED("\n\r\r\n\x1c\0\0\0\x4d\x3c\x2b\x1a\1", "cut short within the section header");
	REFUSED("\n\r\r\n\x1c\0\0\0xxxxxxxx", "not a capture file");
	REFUSED("\n\r\r\n\0\0\0\x1c\x1a\x2b\x3c\x4d\0\1\0\1", "pcapng version 1.1 is not known");
	REFUSED("\x1f\x8b\x08\0", "the gzip data is cut short");
	REFUSED("\x1f\x8b not gzip", "the gzip data is damaged");
	REFUSED("\x28\xb5\x2f\xfd", "the zstd data is cut short");
	REFUSED("\x28\xb5\x2f\xfd\x04\xff....",
	    "zstd needs a window of 4123168604160 bytes (limit unpack_window)");
	REFUSED("\x04\x22\x4d\x18", "the lz4 data is cut short");
	REFUSED("\x04\x22\x4d\x18....", "the lz4 data is damaged");
	REFUSED("\x50\x2a\x4d\x18\2\0\0\0xx", "not a capture file");
	REFUSED("\x50\x2a\x4d\x18\2\0\0\0xx\xd4\xc3\xb2\xa1\2\0\4\0", "not a capture file");
	REFUSED("\x50\x2a\x4d\x18\xff\xff\xff\xff", "not a capture file");
	REFUSED("\x02\x21\x4c\x18....",
	    "compressed with an lz4 of before 2013; unpack it: lz4 -dc % | davscope -r -");
	REFUSED("\xfd\x37zXZ\0..", "compressed with xz; unpack it: xz -dc % | davscope -r -");
	REFUSED("GMBU\2\0", "a Network Monitor 2 capture; convert it: editcap -F pcap % %.pcap");
	REFUSED("RTSS\1\1", "a Network Monitor 1 capture; convert it: editcap -F pcap % %.pcap");
	REFUSED("snoop\0\0\0\0\0\0\2", "a snoop capture; convert it: editcap -F pcap % %.pcap");
	REFUSED("\x34\xcd\xb2\xa1\2\0\4\0",
	    "a pcap in Kuznetzov's modified format; convert it: editcap -F pcap % %.pcap");
#undef REFUSED
}

static void converted_name(void **state)
{
	(void)state;
	static const struct {
		const char *spec, *to;
	} rows[] = {
		{ "t.cap", "t.pcap" },
		{ "t", "t.pcap" },
		{ "t.pcap", "t.pcap.pcap" },
		{ "a.b.cap", "a.b.pcap" },
		{ "d.x/.cap", "d.x/.cap.pcap" },
		{ "d.x/t", "d.x/t.pcap" },
		{ "-t.cap", "./-t.pcap" },
	};
	struct image_path dir = path_new();
	unlink(dir.text);
	assert_int_equal(mkdir(dir.text, 0700), 0);
	int home = open(".", O_RDONLY | O_DIRECTORY);
	assert_int_equal(chdir(dir.text), 0);
	assert_int_equal(mkdir("d.x", 0700), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct opened o = { .error = { "" } };
		char expected[200];
		int fd = open(rows[i].spec, O_WRONLY | O_CREAT, 0600);
		assert_int_equal(write(fd, "GMBU", 4), 4);
		close(fd);
		assert_null(opened(&o, &rows[i].spec, 1));
		(void)snprintf(expected, sizeof(expected), "%s%s %s",
		    rows[i].spec[0] == '-' ? "./" : "", rows[i].spec, rows[i].to);
		assert_string_equal(strstr(o.error.text, "-F pcap ") + 8, expected);
		unlink(rows[i].spec);
	}
	assert_int_equal(rmdir("d.x"), 0);
	assert_int_equal(fchdir(home), 0);
	close(home);
	assert_int_equal(rmdir(dir.text), 0);
}

/* What the hint says can be pasted into a shell. */
static void quoted_name(void **state)
{
	(void)state;
	struct image_path path = path_with("GMBU", 4);
	char spec[300], expected[1000];
	(void)snprintf(spec, sizeof(spec), "%s it's $1.cap", path.text);
	assert_int_equal(rename(path.text, spec), 0);
	struct opened o = { .error = { "" } };
	assert_null(opened(&o, (const char *[]){ spec }, 1));
	(void)snprintf(expected, sizeof(expected),
	    "editcap -F pcap '%s it'\"'\"'s $1.cap' '%s it'\"'\"'s $1.pcap'", path.text, path.text);
	assert_string_equal(strstr(o.error.text, "editcap"), expected);
	unlink(spec);
}

static void unreadable(void **state)
{
	(void)state;
	static const uint32_t seconds[] = { 1, END };
	struct opened o = { .error = { "" } };
	struct image_path path = pcap_at(seconds, 0);
	const char *specs[] = { path.text, "/nowhere/x.pcap" };
	assert_null(opened(&o, specs, 2));
	assert_string_equal(o.error.text, "/nowhere/x.pcap: No such file or directory");
	specs[1] = "/";
	assert_null(opened(&o, specs, 2));
	assert_string_equal(o.error.text, "/: is a directory");
	assert_null(opened(&o, (const char *[]){ "-", "-" }, 2));
	assert_string_equal(o.error.text, "-: stdin can be read only once");
	assert_null(opened(&o, specs, 0));
	assert_string_equal(o.error.text, "no capture to read");
	o.options.bpf = "tcp port";
	assert_null(opened(&o, specs, 1));
	assert_memory_equal(o.error.text, "filter: ", 8);
	assert_non_null(strstr(o.error.text, "syntax error"));
	unlink(path.text);
}

static void names_for_people(void **state)
{
	(void)state;
	static const uint32_t seconds[] = { 1, END };
	struct image_path paths[] = { pcap_at(seconds, 0), pcap_at(seconds, 1) };
	char twisted[300];
	const char *base = strrchr(paths[0].text, '/') + 1;
	int stem = (int)(base - 1 - paths[0].text);
	(void)snprintf(twisted, sizeof(twisted), "%.*s/./%s", stem, paths[0].text, base);
	const char *specs[] = { paths[0].text, paths[1].text, twisted };
	struct opened o = { .error = { "" } };
	assert_non_null(opened(&o, specs, 3));
	assert_string_equal(source_name(o.source, 0), specs[0]);
	assert_string_equal(source_name(o.source, 1), strrchr(specs[1], '/') + 1);
	assert_string_equal(source_name(o.source, 2), specs[2]);
	source_close(o.source);
	unlink(paths[0].text);
	unlink(paths[1].text);
}

static uint64_t hash_of(const char *spec, uint64_t packets)
{
	struct opened o = { .options = { .max_packets = packets } };
	struct packet p;
	assert_non_null(opened(&o, &spec, 1));
	while (source_next(o.source, &p) == SOURCE_PACKET)
		continue;
	uint64_t hash = source_content_hash(o.source, 0);
	source_close(o.source);
	return hash;
}

static void content_hash(void **state)
{
	(void)state;
	static const uint32_t seconds[] = { 1, 2, END }, others[] = { 2, 2, END };
	static const uint32_t later[] = { 1, 3, END };
	struct image_path same[] = { pcap_at(seconds, 0), pcap_at(seconds, 0), pcap_at(others, 0),
		pcap_at(later, 0) };
	assert_int_equal(hash_of(same[0].text, 0), hash_of(same[1].text, 0));
	assert_int_not_equal(hash_of(same[0].text, 0), hash_of(same[2].text, 0));
	/* It does not depend on how far reading went, or on what comes later. */
	assert_int_equal(hash_of(same[0].text, 1), hash_of(same[0].text, 0));
	assert_int_equal(hash_of(same[0].text, 0), hash_of(same[3].text, 0));
	/* The bytes of the packet count as its time does. */
	int fd = open(same[1].text, O_WRONLY);
	assert_int_equal(pwrite(fd, "!", 1, 24 + 16 + IMAGE_DATA - 1), 1);
	close(fd);
	assert_int_not_equal(hash_of(same[0].text, 0), hash_of(same[1].text, 0));
	for (size_t i = 0; i < 4; i++)
		unlink(same[i].text);
}

static struct source *ringing;

static void ring(int signal)
{
	(void)signal;
	source_break(ringing);
}

/* A pipe whose writer says nothing more: the packets are out, then the alarm ends the waiting. */
static void break_while_waiting(void **state)
{
	(void)state;
	struct image *m = calloc(1, sizeof(*m));
	struct image_path path = path_new();
	const char *spec = path.text;
	struct opened o = { .error = { "" } };
	struct packet p;
	image_pcap_file(m, 0xa1b2c3d4, 65535, 1);
	image_pcap_packet(m, 1, 0, 99, image_data, IMAGE_DATA);
	image_pcap_packet(m, 2, 0, 99, image_data, IMAGE_DATA);
	unlink(path.text);
	assert_int_equal(mkfifo(path.text, 0600), 0);
	int fd = open(path.text, O_RDWR);
	assert_int_equal(write(fd, m->bytes, m->n), m->n);
	assert_non_null(opened(&o, &spec, 1));
	assert_int_equal(source_next(o.source, &p), SOURCE_PACKET);
	assert_int_equal(source_next(o.source, &p), SOURCE_PACKET);
	assert_int_equal(p.at.frame, 2);

	ringing = o.source;
	struct sigaction action = { .sa_handler = ring };
	sigaction(SIGALRM, &action, NULL);
	struct itimerval soon = { .it_value = { .tv_usec = 10000 } };
	setitimer(ITIMER_REAL, &soon, NULL);
	assert_int_equal(source_next(o.source, &p), SOURCE_STOPPED);
	assert_int_equal(source_next(o.source, &p), SOURCE_STOPPED);
	size_t n;
	source_damage(o.source, &n);
	assert_int_equal(n, 0);
	assert_int_equal(source_counts(o.source).total, 0);
	source_close(o.source);
	close(fd);
	unlink(path.text);
	free(m);
}

static void break_in_a_file(void **state)
{
	(void)state;
	static const uint32_t seconds[] = { 1, 2, END };
	struct image_path path = pcap_at(seconds, 0);
	const char *spec = path.text;
	struct opened o = { .error = { "" } };
	struct packet p;
	assert_non_null(opened(&o, &spec, 1));
	assert_int_equal(source_next(o.source, &p), SOURCE_PACKET);
	source_break(o.source);
	assert_int_equal(source_next(o.source, &p), SOURCE_STOPPED);
	source_close(o.source);
	source_close(NULL);
	unlink(path.text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(merged_by_time),
		cmocka_unit_test(recordings),
		cmocka_unit_test(what_is_wanted),
		cmocka_unit_test(losses_go_with_the_next_wanted_packet),
		cmocka_unit_test(filters_know_link_types),
		cmocka_unit_test(damage_ends_one_input),
		cmocka_unit_test(foreign_files),
		cmocka_unit_test(converted_name),
		cmocka_unit_test(quoted_name),
		cmocka_unit_test(unreadable),
		cmocka_unit_test(names_for_people),
		cmocka_unit_test(content_hash),
		cmocka_unit_test(break_while_waiting),
		cmocka_unit_test(break_in_a_file),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
