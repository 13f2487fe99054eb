/*
 * reader.h - one capture file as a row of packets, whatever its format.
 *
 * A format is one file with one const struct format, listed in reader.c.
 */
#ifndef DAVSCOPE_CAPTURE_READER_H
#define DAVSCOPE_CAPTURE_READER_H

#include "capture/capture.h"
#include "capture/input.h"

enum read_status {
	READ_PACKET,
	READ_END,
	READ_DAMAGED,          /* reader.damage says what; nothing comes after */
	READ_STOPPED,
};

struct reader;

struct format {
	const char *record;                                /* what the file calls its records */
	bool (*recognises)(struct slice head);             /* the first 16 bytes, or all there are */
	bool (*start)(struct reader *r, struct error *e);  /* checks the head and may consume it */
	/* Sets all of the packet but order, input and recording. */
	enum read_status (*next)(struct reader *r, struct packet *p);
	void (*finish)(struct reader *r);                  /* NULL when there is nothing to free */
};

struct pcap_state {
	int linktype;
	uint32_t snaplen;      /* as the file header says; 0 = not said */
	int64_t tick_ns;       /* what the fraction counts */
	size_t captured_at;    /* where a packet header has the captured length */
	uint64_t skip;         /* bytes of the last packet beyond the snaplen limit */
};

struct interface {
	int linktype;
	uint32_t snaplen;      /* 0 = no bound */
	uint64_t multiply, divide;
	unsigned shift;        /* ns = ticks * multiply / divide >> shift */
	int64_t offset;        /* seconds */
	uint64_t packet_drops;                   /* sum of what its packets say */
	uint64_t interface_drops, system_drops;  /* its statistics, which count from the start */
	uint64_t told;         /* of these: went out with a packet */
};

struct pcapng_state {
	struct interface *interfaces;  /* of the current section */
	size_t n, room;
	int64_t last_ns;               /* for simple packets, which carry no time */
};

struct reader {
	struct input in;
	const struct format *format;
	const struct limits *limits;
	bool big;              /* byte order of the file, or of the current section */
	uint64_t record;       /* 1-based number of the record being read */
	uint64_t offset;       /* where it starts in the uncompressed file */
	uint64_t frame;        /* packets so far */
	uint64_t dropped;      /* packets that the file says were lost when it was recorded ... */
	uint64_t lost;         /* ... and of them behind the last packet */
	union {
		struct pcap_state pcap;
		struct pcapng_state pcapng;
	};
	char damage[160];
};

extern const struct format format_pcap, format_pcapng;

bool reader_open(struct reader *r, const char *spec, const struct limits *limits, const struct input_options *,
    struct error *e);
/* Keeps the file open and nothing else but the hash, until reader_wake() begins again. False: it cannot. */
bool reader_park(struct reader *r);
bool reader_wake(struct reader *r, const char *spec, struct error *e);
void reader_close(struct reader *r);   /* keeps the counters, the hash and the damage */

/* The input ran out inside or in front of a record: a clean end, a break, or damage. */
enum read_status reader_short(struct reader *r);
enum read_status reader_damage(struct reader *r, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* A record starts here. False: it has not even n bytes; answer with reader_short(). */
static inline bool reader_begin(struct reader *r, size_t n)
{
	r->record++;
	r->offset = input_offset(&r->in);
	return input_have(&r->in, n);
}

/*
 * A record of n bytes is at hand. The content hash sees the start of each up to the first packet,
 * with its time stamp: enough to tell two captures apart, and the same however far reading goes.
 */
static inline void reader_digest(struct reader *r, size_t n)
{
	enum { DIGESTED = 256 };
	if (r->frame == 0)
		input_digest(&r->in, n < DIGESTED ? n : DIGESTED);
}

/* The file may say any numbers: a sum stays at the end of the range. */
static inline uint64_t drops_add(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

static inline uint16_t load16(const uint8_t *p, bool big)
{
	return (uint16_t)(big ? p[0] << 8 | p[1] : p[1] << 8 | p[0]);
}

static inline uint32_t load32(const uint8_t *p, bool big)
{
	uint32_t high = load16(big ? p : p + 2, big), low = load16(big ? p + 2 : p, big);
	return high << 16 | low;
}

#endif
