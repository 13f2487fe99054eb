/*
 * Classic pcap: 24 bytes of file header, then packets of a 16-byte header and the captured bytes,
 * in the byte order and clock unit that the magic number says. draft-ietf-opsawg-pcap.
 */
#include <inttypes.h>

#include "capture/reader.h"

enum {
	FILE_HEADER = 24,
	PACKET_HEADER = 16,
	/* What libpcap and Wireshark take for the longest packet, whatever the file header says. */
	PLAUSIBLE = 262144,
};

static const struct variant {
	uint32_t magic; /* as the first four bytes read in order */
	bool big;
	int64_t tick_ns;
} variants[] = {
	{ 0xd4c3b2a1, false, 1000 },
	{ 0xa1b2c3d4, true, 1000 },
	{ 0x4d3cb2a1, false, 1 },
	{ 0xa1b23c4d, true, 1 },
};

static const struct variant *variant_find(struct slice head)
{
	uint32_t magic = head.n < 4 ? 0 : load32(head.p, true);
	for (size_t i = 0; i < sizeof(variants) / sizeof(variants[0]); i++) {
		if (variants[i].magic == magic)
			return &variants[i];
	}
	return NULL;
}

static bool pcap_recognises(struct slice head)
{
	return variant_find(head) != NULL;
}

static bool pcap_start(struct reader *r, struct error *e)
{
	if (!input_have(&r->in, FILE_HEADER))
		return error_set(e, "cut short within the file header");
	const uint8_t *h = input_at(&r->in);
	const struct variant *variant = variant_find((struct slice){ h, FILE_HEADER });
	r->big = variant->big;
	uint16_t major = load16(h + 4, r->big), minor = load16(h + 6, r->big);
	if (major != 2)
		return error_set(e, "pcap version %u.%u is not known", major, minor);
	/* Before 2.3 the two lengths stood the other way round; above the link type is the FCS length. */
	r->pcap = (struct pcap_state){
		.tick_ns = variant->tick_ns,
		.captured_at = minor < 3 ? 12 : 8,
		.snaplen = load32(h + 16, r->big),
		.linktype = (int)(load32(h + 20, r->big) & 0xffff),
	};
	input_digest(&r->in, FILE_HEADER);
	input_advance(&r->in, FILE_HEADER);
	return true;
}

/* No capture holds packets longer than its own snap length; then the header is not to be believed. */
static bool pcap_lies(const struct reader *r, uint32_t captured)
{
	if (captured <= PLAUSIBLE)
		return false;
	return captured > r->limits->file_record || (r->pcap.snaplen && captured > r->pcap.snaplen);
}

static enum read_status pcap_next(struct reader *r, struct packet *p)
{
	if (r->pcap.skip && !input_skip(&r->in, r->pcap.skip))
		return reader_short(r);
	if (!reader_begin(r, PACKET_HEADER))
		return reader_short(r);
	const uint8_t *h = input_at(&r->in);
	uint32_t captured = load32(h + r->pcap.captured_at, r->big);
	if (pcap_lies(r, captured))
		return reader_damage(r, "packet %" PRIu64 " claims %" PRIu32 " bytes", r->record,
		    captured);
	size_t kept = captured < r->limits->snaplen ? captured : (size_t)r->limits->snaplen;
	if (!input_have(&r->in, PACKET_HEADER + kept))
		return reader_short(r);
	h = input_at(&r->in);
	reader_digest(r, PACKET_HEADER + kept);
	input_advance(&r->in, PACKET_HEADER + kept);
	r->pcap.skip = captured - kept;
	/* Seconds are unsigned (until 2106); a fraction of a second or more is kept as it is. */
	p->at.ns = load32(h, r->big) * INT64_C(1000000000) +
	    load32(h + 4, r->big) * r->pcap.tick_ns;
	p->at.frame = ++r->frame;
	p->linktype = r->pcap.linktype;
	p->dropped = 0;
	p->wire_len = load32(h + 20 - r->pcap.captured_at, r->big);
	p->bytes = (struct slice){ h + PACKET_HEADER, kept };
	return READ_PACKET;
}

const struct format format_pcap = {
	.record = "packet",
	.recognises = pcap_recognises,
	.start = pcap_start,
	.next = pcap_next,
};
