/*
 * talk.h - conversations a person wrote (.talk), as TCP segments and as captures.
 *
 * The language is described in README.md. Used by mkpcap and by the property tests, which
 * reorder, cut and lose the segments before they become packets.
 */
#ifndef DAVSCOPE_TALK_H
#define DAVSCOPE_TALK_H

#include "base/base.h"

enum { CLIENT, SERVER };
enum { TCP_FIN = 1, TCP_SYN = 2, TCP_RST = 4, TCP_PSH = 8, TCP_ACK = 16 };
enum { LINK_NULL = 0, LINK_ETHER = 1, LINK_RAW = 101, LINK_SLL = 113, LINK_SLL2 = 276 };
enum talk_format { FORMAT_PCAP, FORMAT_PCAP_NS, FORMAT_PCAP_BE, FORMAT_PCAPNG };

struct talk_address {
	uint8_t family; /* 4 or 6 */
	uint16_t port;
	uint8_t bytes[16]; /* v4 in the first four */
};

enum tunnel_kind {
	TUNNEL_NONE,
	TUNNEL_PPPOE,
	TUNNEL_MPLS,
	TUNNEL_IPIP,
	TUNNEL_GRE,
	TUNNEL_GRETAP,
	TUNNEL_VXLAN,
	TUNNEL_GENEVE,
	TUNNEL_ERSPAN1,
	TUNNEL_ERSPAN2,
	TUNNEL_ERSPAN3,
};

/* What stands in the checksum of TCP: the right one, what a network card is left to complete, or neither. */
enum sums { SUMS_RIGHT, SUMS_PARTIAL, SUMS_LENGTHLESS, SUMS_ZERO, SUMS_WRONG };

/* How packets look from here on. */
struct framing {
	enum sums sums[2]; /* of CLIENT, SERVER */
	enum tunnel_kind tunnel;
	uint32_t tunnel_id;
	int64_t mirror_ns; /* each packet is seen again so much later; 0 = once */
	uint16_t mirror_vlan; /* what the server's side is tagged with; 0 = the same everywhere */
	bool mirror_routed; /* and has passed a router by then */
	uint8_t hops; /* TTL; filled in for each packet */
	uint16_t vlan[2];
	size_t n_vlan;
	size_t frag; /* IP payload bytes a fragment, a multiple of 8; 0 = whole */
	size_t snap; /* bytes kept of a packet; 0 = all */
};

struct segment {
	int64_t ns;
	unsigned conn; /* which opening of which connection: a number from 0 */
	unsigned side; /* who sends it */
	struct talk_address from, to;
	uint32_t seq, ack;
	uint8_t flags;
	bool verbatim; /* data is a whole link-layer packet */
	bool damaged; /* its data arrives as letters X, under the checksum of what it was */
	struct slice data;
	struct framing framing;
	size_t dropped; /* packets the file says were lost in front of it */
};

struct talk {
	struct arena *arena; /* holds the bytes of all segments */
	struct segment *segments;
	size_t n, room;
	int linktype;
	enum talk_format format;
	size_t dropped; /* of the next segment; at the end: behind the last one */
	size_t cut; /* bytes the file ends too early */
};

struct talk *talk_read(const char *path, struct error *);
struct talk *talk_parse(const char *name, struct slice text,
    struct error *); /* text may die afterwards */
void talk_free(struct talk *); /* NULL is fine */
void talk_append(struct talk *, const struct segment *); /* the bytes are not copied */
struct slice talk_keep(struct talk *,
    struct slice bytes); /* a copy that lives as long as the talk */

/* One packet of the capture; bytes die when the callback returns. */
struct frame {
	int64_t ns;
	size_t wire_len;
	struct slice bytes;
	size_t dropped;
};
struct frame_sink {
	void (*frame)(void *ctx, const struct frame *);
	void *ctx;
};
void segment_frames(const struct segment *, int linktype, struct frame_sink);

bool talk_write(const struct talk *, const char *path, struct error *);

#endif
