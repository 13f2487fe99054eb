/* captured.h - all packets of a capture file in memory, as bytes that can be compared. */
#ifndef DAVSCOPE_TESTS_FUZZ_CAPTURED_H
#define DAVSCOPE_TESTS_FUZZ_CAPTURED_H

#include "capture/capture.h"
#include "tests/fuzz/fuzz.h"
#include "tests/tool/bytes.h"

struct captured {
	struct bytes log;          /* the packets, one behind the other */
	uint64_t packets;
	bool opened, damaged;
	char why[256];             /* not opened, or damaged: where and by what */
};

static inline void captured_packet(struct captured *c, const struct packet *p, const struct limits *limits)
{
	const int64_t numbers[] = { (int64_t)p->at.frame, p->at.ns, p->linktype, p->wire_len,
		(int64_t)p->dropped, (int64_t)p->bytes.n };
	c->packets++;
	ensure(p->at.order == c->packets && p->at.frame >= c->packets && p->at.input == 0, &p->at);
	ensure(p->bytes.n <= limits->snaplen, &p->at);
	bytes_add(&c->log, numbers, sizeof numbers);
	bytes_slice(&c->log, p->bytes);
}

static inline void captured_end(struct captured *c, const struct source *source, size_t stored)
{
	size_t n = 0;
	const struct damage *damage = source_damage(source, &n);
	struct source_counts counts = source_counts(source);
	ensure(n <= 1 && counts.packets == c->packets && counts.filtered == 0, NULL);
	ensure(counts.done <= stored && counts.total == stored, NULL);
	c->damaged = n != 0;
	if (c->damaged) {
		ensure(damage->record > 0 && vis_is_plain(slice_from(damage->text)), NULL);
		snprintf(c->why, sizeof c->why, "%llu %llu %s", (unsigned long long)damage->record,
		    (unsigned long long)damage->offset, damage->text);
	}
}

/* The caller frees the log. */
static inline struct captured captured_read(struct slice file, const struct limits *limits)
{
	static struct memory_file memory;
	memory_file_write(&memory, file);
	const char *path = memory.path;
	const struct source_options options = { .specs = &path, .n_specs = 1, .since = INT64_MIN,
		.until = INT64_MAX, .limits = limits };
	struct captured c = { .packets = 0 };
	struct error e = { "" };
	struct packet packet;
	struct source *source = source_open(&options, &e);
	if (source == NULL) {
		ensure(e.text[0] != '\0' && vis_is_plain(slice_from(e.text)), NULL);
		snprintf(c.why, sizeof c.why, "%s", e.text);
		return c;
	}
	c.opened = true;
	while (source_next(source, &packet) == SOURCE_PACKET)
		captured_packet(&c, &packet, limits);
	captured_end(&c, source, file.n);
	source_close(source);
	return c;
}

/* A file that is cut off says the same up to there. */
static inline void check_cut_capture(const struct captured *whole, struct slice file, size_t at,
    const struct limits *limits)
{
	struct captured cut = captured_read(slice_part(file, 0, at), limits);
	ensure(cut.packets <= whole->packets && cut.log.n <= whole->log.n, NULL);
	ensure(slice_equal(bytes_all(&cut.log), slice_part(bytes_all(&whole->log), 0, cut.log.n)), NULL);
	bytes_free(&cut.log);
}

#endif
