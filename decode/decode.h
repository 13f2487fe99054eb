/*
 * decode.h - from packets to transactions.
 *
 * A decoder takes packets in order and hands up, in one total order that depends on nothing but
 * the input and the limits: transactions (a request with its response, RFC 9112), flows (TCP
 * connections that ended), anomalies (odd or damaged input) and losses the capture tells of.
 */
#ifndef DAVSCOPE_DECODE_H
#define DAVSCOPE_DECODE_H

#include "base/base.h"
#include "decode/airsync.h"
#include "decode/dav.h"
#include "decode/object.h"
#include "decode/tap.h"

struct packet;

/* What we know of a thing that may or may not be there. Only ABSENT may be reported as missing. */
enum seen { NOT_OBSERVED, ABSENT, PRESENT };

struct endpoint { uint16_t family, port; uint8_t address[16]; }; /* family 4 or 6; v4 in address[0..3], rest 0 */
struct flow_id { uint64_t frame; uint16_t input; };  /* the packet that opened the flow */
/* A packet of a flow, and which bytes of its stream it has; bytes 0: none, it only acknowledges. */
struct packet_ref {
	uint64_t frame, offset;
	uint32_t bytes;            /* on the wire, captured or not */
	uint16_t input;
	bool from_client;
};

/* Fields in wire order, repeats kept; credentials already redacted (value "<cred Basic>"). */
struct header { struct slice name, value; uint64_t credential; bool trailer; };

enum loss { LOSS_GAP = 1, LOSS_CLIPPED = 2, LOSS_CONFLICT = 4, LOSS_LIMIT = 8, LOSS_DAMAGED = 16 };

enum body_kind { BODY_NONE, BODY_OTHER, BODY_XML, BODY_CALENDAR, BODY_VCARD, BODY_WBXML, BODY_MIME };

struct body {
	uint64_t bytes;            /* after transfer coding, before content coding; seen ones only */
	uint64_t gap_bytes;        /* of it known to be missing */
	uint64_t decoded_bytes;    /* after content coding; = bytes when there is none */
	enum body_kind kind;       /* by media type */
	bool complete;             /* every byte was seen and every coding was undone */
	bool undecodable;          /* unknown, damaged or refused content coding */
	enum seen organizer;       /* BODY_CALENDAR: an ORGANIZER property (RFC 5545 3.8.4.3) */
	uint64_t hash;             /* of its decoded bytes, in requests and of objects; 0: none, or not all were seen */
	const struct dav *dav;     /* BODY_XML: what it says, NULL when it was not parsed */
	const struct object *object;   /* BODY_CALENDAR, BODY_VCARD, BODY_MIME with one inside */
	const struct airsync *airsync; /* BODY_WBXML */
};

struct message {
	bool seen;                 /* the start line was seen whole */
	bool head_complete;        /* and so was the header block, up to its blank line, nothing dropped */
	bool end_seen;             /* and the end of the message by its framing */
	bool cut_off;              /* no more of it was sent: connection closed or reset, body withheld */
	bool chunked, redacted;    /* redacted: a field hides a credential */
	uint8_t loss;              /* enum loss, anywhere in the message */
	uint8_t version;           /* 10 or 11 */
	uint16_t status;           /* responses; 0 in requests */
	struct stamp first;        /* packet of the first byte */
	struct stamp head;         /* packet that completed the header block */
	struct stamp last;         /* the latest packet with a byte of it */
	uint64_t from, to;         /* its bytes in the stream, interim responses included; to: where its last packet ends */
	struct slice method, target, reason;
	struct header *headers;
	size_t n_headers;
	struct body body;
};

/* Why a request has no response, or a response no request. */
enum unpaired {
	PAIRED,
	UNPAIRED_CLOSED,           /* the connection ended in order without an answer */
	UNPAIRED_RESET,            /* it was reset */
	UNPAIRED_CAPTURE_END,      /* the capture ends first */
	UNPAIRED_GAP,              /* the other half lies in bytes that were not captured */
	UNPAIRED_ONE_SIDED,        /* no packet of the other direction was captured */
	UNPAIRED_MIDSTREAM,        /* the other half was before the capture began */
	UNPAIRED_LIMIT,            /* given up at a limit: flows, pipeline, idle time */
	UNPAIRED_OPAQUE,           /* the other side does not speak HTTP that we can read */
	UNPAIRED_UNSOLICITED,      /* a response nobody asked for, as 408 on an idle connection */
	UNPAIRED_REASONS
};

struct txn {
	struct arena *arena;       /* holds all below; txn_free() is the only free */
	struct flow_id flow;
	uint32_t seq;              /* 1-based within the flow, in order of completion */
	uint32_t interim;          /* 1xx responses before the final one */
	struct endpoint client, server;
	struct endpoint peer;      /* the proxy that says who the client is; family 0: the client itself */
	struct stamp done;         /* the packet that completed it: its place in the total order */
	struct message req, res;
	enum unpaired unpaired;
	bool unsure;               /* paired by order across a gap: may belong to another request */
	bool unreceived;           /* the client reset the connection, and had acknowledged no byte of the response */
	bool gapless;              /* its flow was seen from its start in both directions, without a gap so far */
	struct slice auth_scheme;  /* of Authorization, as sent */
	struct slice auth_user;    /* Basic and Digest */
};

enum flow_end { FLOW_FIN, FLOW_RST, FLOW_IDLE, FLOW_EVICTED, FLOW_REUSED, FLOW_CAPTURE_END };

/* Index 0 is the client (who sends requests; else who sent the SYN or the first packet). */
struct flow {
	struct flow_id id;
	struct stamp first, last, done;
	struct endpoint side[2];
	struct endpoint peer;      /* as in struct txn */
	const char *protocol;      /* "http", "tls", "http2", ..., "unknown", "none" when no byte was seen, or a preface alone */
	struct slice tls_server_name, tls_alpn; /* that a TLS client asked for and offered */
	const char *tunnel;        /* what HTTP turned into: "websocket", "http2", "tunnel", "upgraded", or NULL */
	bool syn[2], fin[2], rst[2];
	enum flow_end end;
	uint64_t packets[2], bytes[2], gap_bytes[2], opaque_bytes[2];
	uint64_t retransmitted, out_of_order, conflicts, resyncs;
	uint64_t transactions, unpaired_requests, unpaired_responses;
	bool tls_hello;            /* its first message was seen whole */
	const uint8_t *tls_names;  /* where these stand */
	const struct packet_ref *packet_list; /* with keep_packets: every packet of it, in order, else NULL */
	size_t n_packet_list;
};

enum anomaly_code {
#define ANOMALY(code, name, text) code,
#include "anomalies.def"
#undef ANOMALY
	ANOMALY_CODES
};
struct anomaly {
	enum anomaly_code code;
	struct stamp at, other;    /* other.frame 0: only one packet is concerned */
	struct flow_id flow;       /* frame 0: no flow */
	uint64_t value;            /* bytes, or what the name says; 0 = none */
};

/* Packets that were on the wire and not recorded, by the word of the capture itself; `at` is the packet behind them. */
struct dropped { struct stamp at; uint64_t packets; };

const char *anomaly_name(enum anomaly_code);
extern const char *const anomaly_words[];       /* the names by code, NULL at the end */
const char *anomaly_text(enum anomaly_code);

struct decode_sink {
	void (*txn)(void *ctx, struct txn *);                 /* takes it */
	void (*flow)(void *ctx, const struct flow *);         /* borrows it */
	void (*anomaly)(void *ctx, const struct anomaly *);   /* borrows it */
	void (*dropped)(void *ctx, const struct dropped *);   /* borrows it */
	void *ctx;
};

/*
 * Of multistatus answers to reads the root element, or all. BODIES_FACTS: what struct facts rests on, of calendars that
 * are sent the organizer, no other object and no WBXML; of these nothing is decoded, and no hash made.
 */
enum bodies { BODIES_FACTS, BODIES_NEEDED, BODIES_ALL };

/*
 * What a wrong checksum does. AUTO: segments are held back whose sender has been seen to send right ones, until their
 * receiver shows whether it took them; what is left to network cards to fill in is read. ON: nothing wrong is read.
 */
enum checksums { CHECKSUMS_OFF, CHECKSUMS_AUTO, CHECKSUMS_ON };

struct decode_options {
	struct limits limits;
	struct hash_key key;
	unsigned workers;          /* 0 = the caller's thread does all */
	unsigned round_packets;    /* 0 = 4,096; results do not depend on it */
	enum bodies bodies;
	enum checksums checksums;
	bool keep_packets;         /* fill flow.packet_list */
	const struct decode_tap *tap; /* borrowed; NULL: nobody listens */
};

struct decode_counts {
	uint64_t packets, bytes, tcp, not_ip, not_tcp, bad, fragments, copies, flows;
	uint64_t opaque_flows, opaque_bytes;
	uint64_t clipped, clipped_to;  /* packets recorded in part; bytes of the longest one of them: the snap length */
	uint64_t damaged, unsummed;    /* packets with a wrong checksum: not read; read all the same */
};

struct decoder;
struct decoder *decoder_new(const struct decode_options *, struct decode_sink, struct error *);
void decoder_packet(struct decoder *, const struct packet *);    /* copies what it keeps; may call the sink */
void decoder_tick(struct decoder *, int64_t now_ns);             /* idle: lets old state expire */
void decoder_dropped(struct decoder *, uint64_t packets);        /* so many were lost behind the last packet */
void decoder_finish(struct decoder *);                           /* delivers all that is left */
struct decode_counts decoder_counts(const struct decoder *);
void decoder_free(struct decoder *);

void txn_free(struct txn *);
struct stamp message_packet(const struct message *); /* that it is known by: `head`; without a whole block `first` */
bool message_complete(const struct message *);  /* no gap, clip, conflict or limit, and its end was seen */
/* First field of that name (no case), trailers too. ABSENT only when the whole block was seen. */
enum seen message_header(const struct message *, const char *name, struct slice *value);

#endif
