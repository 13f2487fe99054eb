/*
 * capture.h - packets in and packets out.
 *
 * A source reads one or more captures (files, stdin) as one timeline: packets of several inputs
 * are merged by capture time, each input kept in its own order (ties: order of the specs).
 * Formats: classic pcap (both byte orders, micro- and nanosecond), pcapng (several sections,
 * interfaces, link types and clock resolutions); gzip, zstd and lz4 of these. Live packets come from interfaces
 * (Linux: packet(7), TPACKET_V3 by libpcap), and go to a ring of files.
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
	/*
	 * The one spec is a file that grows: at its end more is waited for, until there is a file behind it in a
	 * row (follow.h), which then goes on, or source_break(). Each time before it waits idle() is called,
	 * which may call source_break().
	 */
	bool follow;
	void (*idle)(void *ctx);
	void *ctx;
};

enum source_status {
	SOURCE_PACKET,
	SOURCE_END,
	SOURCE_STOPPED,    /* source_break was called, and not while it waited for what is not written yet */
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
size_t source_inputs(const struct source *);                   /* so far: more may follow */
/* Name of an input for people: the base name of its path, the whole path where base names collide. */
const char *source_name(const struct source *, uint16_t input);
/* Tells captures apart: of its first packet record, time stamp included; the same from that packet on. */
uint64_t source_content_hash(const struct source *, uint16_t input);
void source_close(struct source *);                            /* NULL is fine */
/* Of one directory, without those below it: captures by the time of their first packets, then names; others behind them. */
struct captures { char **paths; size_t n, n_others; };
bool captures_find(struct captures *, const char *directory, const struct limits *, struct error *);
void captures_free(struct captures *);
/* Is it pcap-filter(7) text, for Ethernet? Looks names up. */
bool bpf_check(const char *text, struct error *);

/* ---- live.c: interfaces ---- */
struct live_options {
	const char *const *interfaces;  /* names; "any" = all of them; borrowed for the life of it */
	size_t n_interfaces;
	const char *bpf;                /* NULL = everything */
	uint64_t snaplen, buffer;       /* bytes; the buffer is the kernel's, of each handle */
	bool promiscuous;
	unsigned fanout;                /* handles an interface, by flow; 0 = one, without a fanout group */
};
enum live_status {
	LIVE_PACKET,
	LIVE_IDLE,     /* all that was there is handed out: the time to end a round */
	LIVE_REST,     /* the same time, though packets wait: somebody calls, or they never end */
	LIVE_GONE,     /* an interface has vanished, or cannot be read any more: *error says which and why */
};
struct live_counts {
	const char *interface;
	uint64_t packets, bytes;
	uint64_t kernel_drops;          /* no room in its buffer */
	uint64_t interface_drops;       /* by the word of the driver */
	bool down;                      /* it is there, and down */
};
struct live;
/* NULL: no such interface, no permission; a bad filter: the text begins with "filter: ". */
struct live *live_open(const struct live_options *, struct error *);
/*
 * The earliest of the packets that wait; its bytes die with the next call. With several handles one is
 * held back for up to 150 ms, so that they come out by time. Of `at` only the time is
 * set; `dropped`: so many were lost in front of it, on whichever interface. Without a packet it waits
 * for `timeout_ms` at most and for a second, or until one of the `n` <= 8 descriptors can be read, and says
 * LIVE_IDLE. When packets never end it says LIVE_REST each 100 ms, and soon after one can be read. Both set the
 * time of `at`: all that is older has been handed out. Without a packet `dropped` is what was lost with no packet
 * behind it so far.
 */
enum live_status live_next(struct live *, struct packet *, const int *wake, size_t n, int timeout_ms, struct error *);
uint64_t live_lost(struct live *);                             /* at the end: losses that were not handed out yet */
/* An entry an interface, counted now; how many there are. */
size_t live_counts(struct live *, struct live_counts *out, size_t room);
void live_close(struct live *);                                /* NULL is fine */
struct device { char *name, *text; bool up, loopback; };       /* text: NULL = none */
struct device *devices_list(size_t *n, struct error *);        /* those that can be named with -i; NULL: *error says why */
void devices_free(struct device *, size_t n);

/* ---- ring.c: packets to a row of files, of which the oldest go; the number and place of each packet ---- */
struct ring_options {
	const char *path;               /* "DIR/NAME.pcapng": files are DIR/NAME-SENSOR-UTC-SEQ.pcapng; NULL: no files, only numbers */
	const char *sensor;
	const char *interface;          /* said in the files, when there is but one; NULL: not said */
	uint64_t bytes, seconds, files; /* when one is full; how many are kept; 0 = no bound */
	uint64_t keep_free_bytes;       /* the oldest go before the file system has less; 0 = no bound ... */
	unsigned keep_free_percent;     /* ... or less of its size than this */
	uint16_t first_input;           /* the number of its first file; see ring_remember() */
};
struct ring_counts { uint64_t closed, deleted, pinned, lost; /* lost: packets that could not be written */ };
struct ring;
struct ring *ring_open(const struct ring_options *, struct error *);     /* copies the options; takes over what an earlier run left */
void ring_remember(struct ring *, uint16_t input, const char *name, uint64_t content_hash); /* a file of an earlier run */
/*
 * Writes it, and sets input and frame of its stamp. False: it was not written (and is counted), though
 * numbered. The text of an error is empty where the same trouble was told before.
 */
bool ring_packet(struct ring *, struct packet *, struct error *);
void ring_lost(struct ring *, uint64_t packets);                /* without a packet behind them so far; `dropped` of a packet counts itself */
bool ring_tick(struct ring *, int64_t now_ns, struct error *);  /* each second: flushes, rotates when it is time, keeps space free */
bool ring_rotate(struct ring *, struct error *);                /* the file so far gets its name; the next packet begins another */
uint16_t ring_input(const struct ring *);                       /* the number of the file written now */
/* Always RING_INPUTS names, "" for those not known; entries change as files come and go, the array stays. */
enum { RING_INPUTS = 65536 };
const char *const *ring_names(const struct ring *);
uint64_t ring_content_hash(const struct ring *, uint16_t input); /* as source_content_hash() of the file; 0: not known */
/* The file stays when its turn to go comes: a link NAME-pinned-... beside it. False: it is gone, or *error. */
bool ring_pin(struct ring *, uint16_t input, struct error *);
struct ring_counts ring_counts(const struct ring *);
bool ring_close(struct ring *, struct error *);                 /* the last file gets its name; frees; NULL is fine */

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
bool writer_unread(const struct writer *);                     /* nobody reads standard output any more: no error, what comes is dropped */
bool writer_close(struct writer *, struct error *);            /* commits the file under its name; frees */
void writer_abandon(struct writer *);                          /* removes what was written; NULL is fine */

#endif
