/*
 * pcapng: a row of blocks in sections; each section has its own byte order and its own list of
 * interfaces with link type and clock. Blocks that are no packets are stepped over.
 * draft-ietf-opsawg-pcapng.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "capture/reader.h"

enum block_type {
	BLOCK_INTERFACE = 1,
	BLOCK_OLD_PACKET = 2,
	BLOCK_SIMPLE_PACKET = 3,
	BLOCK_STATISTICS = 5,
	BLOCK_PACKET = 6,
	BLOCK_JOURNAL = 9,
	BLOCK_SYSDIG = 0x204,
	BLOCK_SYSDIG_2 = 0x216,
	BLOCK_SYSDIG_2_LARGE = 0x221,
	BLOCK_CUSTOM = 0xbad,
	BLOCK_CUSTOM_LOCAL = 0x40000bad,
	BLOCK_SECTION = 0x0a0d0d0a, /* the same in both byte orders */
};

enum { OPTION_END = 0, OPTION_TSRESOL = 9, OPTION_TSOFFSET = 14 }; /* of an interface */
enum { OPTION_PACKET_DROPS = 4, OPTION_INTERFACE_DROPS = 5, OPTION_SYSTEM_DROPS = 7 };

enum {
	BLOCK_HEADER = 8, /* type, length */
	BLOCK_OVERHEAD = 12, /* and the length again at the end */
	SECTION_HEAD = 16, /* through the version */
	INTERFACE_HEAD = 8,
	PACKET_HEAD = 20, /* the same length for old and enhanced packets */
	SIMPLE_HEAD = 4,
	STATISTICS_HEAD = 12, /* interface, time */
};

static const uint8_t magic_big[] = { 0x1a, 0x2b, 0x3c, 0x4d };
static const uint8_t magic_little[] = { 0x4d, 0x3c, 0x2b, 0x1a };

__extension__ typedef __int128 wide;

struct block {
	uint32_t type;
	struct slice body;
};

static bool section_order(struct slice magic, bool *big)
{
	*big = slice_equal(magic, (struct slice){ magic_big, sizeof(magic_big) });
	return *big || slice_equal(magic, (struct slice){ magic_little, sizeof(magic_little) });
}

static bool pcapng_recognises(struct slice head)
{
	bool big;
	return slice_starts(head, SLICE("\n\r\r\n")) && section_order(slice_part(head, 8, 4), &big);
}

/* Versions 1.0 and 1.2 are the same format. */
static bool version_known(uint16_t major, uint16_t minor)
{
	return major == 1 && (minor == 0 || minor == 2);
}

static bool pcapng_start(struct reader *r, struct error *e)
{
	if (!input_have(&r->in, SECTION_HEAD))
		return error_set(e, "cut short within the section header");
	const uint8_t *h = input_at(&r->in);
	bool big;
	section_order((struct slice){ h + BLOCK_HEADER, 4 }, &big);
	uint16_t major = load16(h + 12, big), minor = load16(h + 14, big);
	return version_known(major, minor) ||
	    error_set(e, "pcapng version %u.%u is not known", major, minor);
}

static void pcapng_finish(struct reader *r)
{
	free(r->pcapng.interfaces);
	r->pcapng = (struct pcapng_state){ 0 };
}

static uint64_t power_of_ten(unsigned n)
{
	uint64_t power = 1;
	while (n-- > 0)
		power *= 10;
	return power;
}

/* if_tsresol: the high bit chooses between powers of two and of ten; all 256 values are legal. */
static void interface_clock(struct interface *i, uint8_t resolution)
{
	enum { NANO = 9, DIGITS_64 = 19 };
	unsigned n = resolution & 0x7f;
	i->multiply = i->divide = 1;
	i->shift = 0;
	if (resolution & 0x80) {
		i->multiply = power_of_ten(NANO);
		i->shift = n;
	} else if (n <= NANO) {
		i->multiply = power_of_ten(NANO - n);
	} else {
		/* Beyond 19 digits a 64-bit clock never reaches a nanosecond: 0 in any case. */
		i->divide = power_of_ten(n - NANO < DIGITS_64 ? n - NANO : DIGITS_64);
		i->multiply = n - NANO <= DIGITS_64;
	}
}

static wide interface_scale(const struct interface *i, wide ticks)
{
	wide ns = ticks * (wide)i->multiply >> i->shift;
	if (i->divide > 1)
		ns /= (wide)i->divide;
	return ns + (wide)i->offset * 1000000000;
}

/* The clock is unsigned, yet there are files with negative times: read so what is out of range else. */
static int64_t interface_time(const struct interface *i, uint64_t ticks)
{
	wide ns = interface_scale(i, (wide)ticks);
	if (ns > INT64_MAX && ticks > INT64_MAX)
		ns = interface_scale(i, (int64_t)ticks);
	if (ns > INT64_MAX)
		return INT64_MAX;
	return ns < INT64_MIN ? INT64_MIN : (int64_t)ns;
}

struct option {
	uint16_t code;
	struct slice value;
};

enum option_status { OPTION_GOT, OPTION_NONE, OPTION_BAD };

/* The next option; OPTION_BAD: it is longer than what is left. */
static enum option_status option_next(struct slice *options, bool big, struct option *o)
{
	if (options->n < 4)
		return OPTION_NONE;
	uint16_t n = load16(options->p + 2, big);
	size_t whole = 4 + (((size_t)n + 3) & ~(size_t)3);
	o->code = load16(options->p, big);
	if (o->code == OPTION_END)
		return OPTION_NONE;
	if (whole > options->n)
		return OPTION_BAD;
	o->value = slice_part(*options, 4, n);
	*options = slice_part(*options, whole, options->n);
	return OPTION_GOT;
}

static uint64_t option_u64(const struct option *o, bool big)
{
	uint64_t high = load32(o->value.p + (big ? 0 : 4), big);
	return high << 32 | load32(o->value.p + (big ? 4 : 0), big);
}

/* False: the options contradict their lengths. An option of an odd length is not believed. */
static bool interface_options(struct interface *i, struct slice options, bool big)
{
	bool resolution_seen = false;
	enum option_status status;
	for (struct option o; (status = option_next(&options, big, &o)) == OPTION_GOT;) {
		if (o.code == OPTION_TSRESOL && o.value.n == 1 && !resolution_seen) {
			interface_clock(i, o.value.p[0]);
			resolution_seen = true;
		} else if (o.code == OPTION_TSOFFSET && o.value.n == 8) {
			i->offset = (int64_t)option_u64(&o, big);
		}
	}
	return status == OPTION_NONE;
}

/* Packets and statistics tell of the same losses. What was not told yet goes with the next packet. */
static void drops_tell(struct reader *r, struct interface *i)
{
	uint64_t known = drops_add(i->interface_drops, i->system_drops);
	if (known < i->packet_drops)
		known = i->packet_drops;
	if (known <= i->told)
		return;
	r->dropped = drops_add(r->dropped, known - i->told);
	r->lost = drops_add(r->lost, known - i->told);
	i->told = known;
}

/* What an old packet says has two bytes, of which all bits set mean that it is not known. */
static uint64_t packet_drops(struct reader *r, const struct block *b, struct slice options)
{
	uint64_t drops = 0;
	if (b->type == BLOCK_OLD_PACKET) {
		drops = load16(b->body.p + 2, r->big);
		return drops == UINT16_MAX ? 0 : drops;
	}
	for (struct option o; option_next(&options, r->big, &o) == OPTION_GOT;) {
		if (o.code == OPTION_PACKET_DROPS && o.value.n == 8)
			drops = option_u64(&o, r->big);
	}
	return drops;
}

static void statistics_read(struct reader *r, struct slice body)
{
	if (body.n < STATISTICS_HEAD || load32(body.p, r->big) >= r->pcapng.n)
		return;
	struct interface *i = &r->pcapng.interfaces[load32(body.p, r->big)];
	struct slice options = slice_part(body, STATISTICS_HEAD, body.n);
	for (struct option o; option_next(&options, r->big, &o) == OPTION_GOT;) {
		if (o.value.n == 8 && o.code == OPTION_INTERFACE_DROPS)
			i->interface_drops = option_u64(&o, r->big);
		else if (o.value.n == 8 && o.code == OPTION_SYSTEM_DROPS)
			i->system_drops = option_u64(&o, r->big);
	}
	drops_tell(r, i);
}

static struct interface *interface_add(struct pcapng_state *s, size_t most)
{
	if (s->n == most)
		return NULL;
	if (s->n == s->room) {
		size_t room = s->room ? 2 * s->room : 4;
		struct interface *more = realloc(s->interfaces, room * sizeof(*more));
		if (!more)
			return NULL;
		s->interfaces = more;
		s->room = room;
	}
	struct interface *i = &s->interfaces[s->n++];
	*i = (struct interface){ 0 };
	interface_clock(i, 6);
	return i;
}

static bool interface_read(struct reader *r, struct slice body)
{
	if (body.n < INTERFACE_HEAD) {
		reader_damage(r, "block %" PRIu64 ": too short for an interface", r->record);
		return false;
	}
	struct interface *i = interface_add(&r->pcapng, r->limits->file_interfaces);
	if (!i) {
		reader_damage(r, "block %" PRIu64 ": no room for another interface", r->record);
		return false;
	}
	i->linktype = load16(body.p, r->big);
	i->snaplen = load32(body.p + 4, r->big);
	if (interface_options(i, slice_part(body, INTERFACE_HEAD, body.n), r->big))
		return true;
	reader_damage(r, "block %" PRIu64 ": an interface option is longer than the block",
	    r->record);
	return false;
}

/* Byte order before length: a section header says how its own length is to be read. */
static bool section_begin(struct reader *r)
{
	const uint8_t *h = input_at(&r->in);
	if (!section_order((struct slice){ h + BLOCK_HEADER, 4 }, &r->big)) {
		reader_damage(r, "block %" PRIu64 ": a section header without byte order",
		    r->record);
		return false;
	}
	uint16_t major = load16(h + 12, r->big), minor = load16(h + 14, r->big);
	if (!version_known(major, minor)) {
		reader_damage(r, "block %" PRIu64 ": pcapng version %u.%u is not known", r->record,
		    major, minor);
		return false;
	}
	r->pcapng.n = 0;
	return true;
}

/* The type is known and the header at hand: the rest of the block, and whether its lengths agree. */
static enum read_status block_take(struct reader *r, struct block *b)
{
	uint32_t claimed = load32(input_at(&r->in) + 4, r->big);
	size_t least = b->type == BLOCK_SECTION ? SECTION_HEAD + BLOCK_OVERHEAD : BLOCK_OVERHEAD;
	if (claimed < least)
		return reader_damage(r, "block %" PRIu64 " claims %" PRIu32 " bytes, too few",
		    r->record, claimed);
	if (claimed > r->limits->file_block)
		return reader_damage(r, "block %" PRIu64 " claims %" PRIu32 " bytes, too many",
		    r->record, claimed);
	/* Some writers do not count the padding: Wireshark rounds up, and so do we. */
	size_t n = ((size_t)claimed + 3) & ~(size_t)3;
	if (!input_have(&r->in, n))
		return reader_short(r);
	const uint8_t *h = input_at(&r->in);
	uint32_t again = load32(h + n - 4, r->big);
	if (again != claimed && again != n)
		return reader_damage(r,
		    "block %" PRIu64 " claims %" PRIu32 " bytes in front and %" PRIu32 " behind",
		    r->record, claimed, again);
	reader_digest(r, n);
	input_advance(&r->in, n);
	b->body = (struct slice){ h + BLOCK_HEADER, n - BLOCK_OVERHEAD };
	return READ_PACKET;
}

static enum read_status block_next(struct reader *r, struct block *b)
{
	if (!reader_begin(r, BLOCK_HEADER))
		return reader_short(r);
	b->type = load32(input_at(&r->in), r->big);
	if (b->type == BLOCK_SECTION) {
		if (!input_have(&r->in, SECTION_HEAD))
			return reader_short(r);
		if (!section_begin(r))
			return READ_DAMAGED;
	}
	return block_take(r, b);
}

static struct interface *packet_interface(struct reader *r, uint32_t index)
{
	if (index < r->pcapng.n)
		return &r->pcapng.interfaces[index];
	reader_damage(r,
	    "block %" PRIu64 ": a packet of interface %" PRIu32 ", which is not described",
	    r->record, index);
	return NULL;
}

static enum read_status packet_set(struct reader *r, struct packet *p, const struct interface *i,
    struct slice captured, uint32_t wire_len)
{
	p->at.ns = r->pcapng.last_ns;
	p->at.frame = ++r->frame;
	p->linktype = i->linktype;
	p->wire_len = wire_len;
	p->dropped = r->lost;
	r->lost = 0;
	p->bytes = slice_part(captured, 0, r->limits->snaplen);
	return READ_PACKET;
}

/* Enhanced packets and the old ones differ only in the width of the interface number. */
static enum read_status packet_read(struct reader *r, struct packet *p, const struct block *b)
{
	const uint8_t *h = b->body.p;
	if (b->body.n < PACKET_HEAD)
		return reader_damage(r, "block %" PRIu64 ": too short for a packet", r->record);
	uint32_t captured = load32(h + 12, r->big);
	if (captured > b->body.n - PACKET_HEAD)
		return reader_damage(r,
		    "block %" PRIu64 ": a packet of %" PRIu32 " bytes, more than the block has",
		    r->record, captured);
	struct interface *i = packet_interface(r,
	    b->type == BLOCK_PACKET ? load32(h, r->big) : load16(h, r->big));
	if (!i)
		return READ_DAMAGED;
	uint64_t ticks = (uint64_t)load32(h + 4, r->big) << 32 | load32(h + 8, r->big);
	r->pcapng.last_ns = interface_time(i, ticks);
	size_t options = PACKET_HEAD + (((size_t)captured + 3) & ~(size_t)3);
	i->packet_drops = drops_add(i->packet_drops,
	    packet_drops(r, b, slice_part(b->body, options, b->body.n)));
	drops_tell(r, i);
	return packet_set(r, p, i, (struct slice){ h + PACKET_HEAD, captured },
	    load32(h + 16, r->big));
}

/* A simple packet has neither time nor captured length: the last time, and what interface 0 clips to. */
static enum read_status packet_read_simple(struct reader *r, struct packet *p,
    const struct block *b)
{
	if (b->body.n < SIMPLE_HEAD)
		return reader_damage(r, "block %" PRIu64 ": too short for a packet", r->record);
	const struct interface *i = packet_interface(r, 0);
	if (!i)
		return READ_DAMAGED;
	uint32_t wire_len = load32(b->body.p, r->big);
	uint32_t captured = i->snaplen && i->snaplen < wire_len ? i->snaplen : wire_len;
	return packet_set(r, p, i, slice_part(b->body, SIMPLE_HEAD, captured), wire_len);
}

static enum read_status pcapng_next(struct reader *r, struct packet *p)
{
	for (;;) {
		struct block b = { 0 };
		enum read_status status = block_next(r, &b);
		if (status != READ_PACKET)
			return status;
		switch (b.type) {
		case BLOCK_PACKET:
		case BLOCK_OLD_PACKET:
			return packet_read(r, p, &b);
		case BLOCK_SIMPLE_PACKET:
			return packet_read_simple(r, p, &b);
		case BLOCK_INTERFACE:
			if (!interface_read(r, b.body))
				return READ_DAMAGED;
			break;
		case BLOCK_STATISTICS:
			statistics_read(r, b.body);
			break;
		case BLOCK_JOURNAL:
		case BLOCK_SYSDIG:
		case BLOCK_SYSDIG_2:
		case BLOCK_SYSDIG_2_LARGE:
		case BLOCK_CUSTOM:
		case BLOCK_CUSTOM_LOCAL:
			r->frame++; /* Wireshark gives these a frame number */
			break;
		default:
			break;
		}
	}
}

const struct format format_pcapng = {
	.record = "block",
	.recognises = pcapng_recognises,
	.start = pcapng_start,
	.next = pcapng_next,
	.finish = pcapng_finish,
};
