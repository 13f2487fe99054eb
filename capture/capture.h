/*
 * capture.h - packets in and packets out.
 *
 * A source reads one or more captures (files, stdin) as one timeline: packets of several inputs
 * are merged by capture time, each input kept in its own order (ties: order of the specs).
 * Formats: classic pcap (both byte orders, micro- and nanosecond), pcapng (several sections,
 * interfaces, link types and clock resolutions), gzip of these.
 * Sources: draft-ietf-opsawg-pcap, draft-ietf-opsawg-pcapng.
 */
#ifndef DAVSCOPE_CAPTURE_H
#define DAVSCOPE_CAPTURE_H

#include "base/base.h"

struct packet {
	struct stamp at;
	int linktype;          /* LINKTYPE_ value as files carry it (tcpdump.org/linktypes.html) */
	uint16_t recording;    /* inputs that follow each other in time share one; inputs that overlap do not */
	uint32_t wire_len;     /* bytes on the wire; bytes.n is less when the packet was clipped */
	uint64_t dropped;      /* packets lost in front of this one, by the word of the file */
	struct slice bytes;    /* dies with the next call on the source */
};

struct source_options {
	const char *const *specs;   /* paths, "-" = stdin; borrowed for the life of the source */
	size_t n_specs;
	const char *bpf;            /* pcap-filter(7) text, NULL = everything */
	uint64_t max_packets;       /* after filtering; 0 = no bound */
	int64_t since, until;       /* capture time in ns, since <= t < until; INT64_MIN, INT64_MAX = open */
	const struct limits *limits;
};

enum source_status {
	SOURCE_PACKET,
	SOURCE_END,
	SOURCE_STOPPED,    /* source_break was called */
};

/* Where an input stopped being readable; everything before was delivered. */
struct damage {
	uint16_t input;
	uint64_t record;       /* 1-based packet record (pcap) or block (pcapng) that is damaged */
	uint64_t offset;       /* its byte offset in the uncompressed file */
	char text[160];        /* what is wrong, for people */
};

struct source_counts {
	uint64_t packets;          /* delivered */
	uint64_t bytes;            /* captured bytes delivered */
	uint64_t filtered;         /* read, but not wanted: BPF, since, until */
	uint64_t backwards;        /* packets whose time is before their predecessor's in the same input */
	uint64_t dropped;          /* lost when they were recorded, by the word of the files ... */
	uint64_t dropped_behind;   /* ... and of them behind the packet delivered last */
	uint64_t done, total;      /* progress in file bytes as stored; total 0 = not known (stdin) */
};

struct source;
struct source *source_open(const struct source_options *, struct error *); /* NULL: cannot be read at all */
enum source_status source_next(struct source *, struct packet *);
void source_break(struct source *);                            /* async-signal-safe */
const struct damage *source_damage(const struct source *, size_t *n); /* in the order found; lives as long as the source */
struct source_counts source_counts(const struct source *);
size_t source_inputs(const struct source *);
/* Name of an input for people: the base name of its path, the whole path where base names collide. */
const char *source_name(const struct source *, uint16_t input);
/* Tells captures apart: of its first packet record, time stamp included; the same from that packet on. */
uint64_t source_content_hash(const struct source *, uint16_t input);
void source_close(struct source *);                            /* NULL is fine */

/* A file with nanosecond stamps; pcapng has one interface per link type, pcap one link type; "-" = stdout. */
enum capture_format { CAPTURE_PCAPNG, CAPTURE_PCAP };
struct writer;
struct writer *writer_open(const char *path, enum capture_format, struct error *);
/* False with the first error; what comes after it is dropped, and writer_close() says it again. */
bool writer_packet(struct writer *, const struct packet *, struct error *);
/* So many were lost when the next packet was recorded; behind the last one: writer_end() says it. False: pcap cannot say so. */
bool writer_lost(struct writer *, uint64_t packets);
/* So many frame numbers belong to no packet: the next one has a higher number. False: pcap cannot say so. */
bool writer_skip(struct writer *, uint64_t frames);
/* Nothing follows; `damaged`: the file ends within a packet, as the one it was made from does. */
void writer_end(struct writer *, bool damaged);
bool writer_close(struct writer *, struct error *);            /* commits the file under its name; frees */
void writer_abandon(struct writer *);                          /* removes what was written; NULL is fine */

#endif
