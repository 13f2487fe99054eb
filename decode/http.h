/*
 * http.h - HTTP/1.x on both directions of a flow (RFC 9110, 9112). Private to decode/.
 *
 * Lines of a head are cut and judged here, so that every lenience is ours and has a name; llhttp is
 * fed the straightened form of what counts for framing ("POST / HTTP/1.1", Content-Length,
 * Transfer-Encoding, chunk sizes) and says where bodies and messages end. So methods it does not
 * know, and versions of it that differ in strictness, make no difference.
 */
#ifndef DAVSCOPE_DECODE_HTTP_H
#define DAVSCOPE_DECODE_HTTP_H

#include <llhttp.h>

#include "decode/content.h"
#include "decode/tcp.h"

enum { FIRST_MOST = 64 };  /* bytes that make a protocol known */

enum side_state {
	SIDE_PREFACE,     /* the first bytes of who opened the connection: a proxy may name its client */
	SIDE_START,       /* between messages */
	SIDE_HEAD,
	SIDE_BODY,
	SIDE_LOST,        /* waits for a segment that begins like a message */
	SIDE_OPAQUE,      /* tunnel, or a protocol known by its first bytes */
};

enum role { ROLE_UNKNOWN, ROLE_CLIENT, ROLE_SERVER };

enum chunk_state { CHUNK_NONE, CHUNK_SIZE, CHUNK_DATA, CHUNK_END, CHUNK_TRAILER };

/* What the header fields say about the length of the body (RFC 9112 6). */
struct framing {
	bool has_length, bad_length, repeated_length;
	bool coded, chunked;       /* Transfer-Encoding is there; its last coding is chunked */
	bool close;
	uint64_t length;
};

/* A transaction that is not complete yet; lives in its arena. */
struct pending {
	struct pending *next;
	struct txn *txn;
	uint64_t req_offset;       /* where the request starts in its stream */
	uint64_t req_acked;        /* how much of the other stream its sender had then */
	uint64_t interim_offset;   /* where its first interim response starts, when there was one */
	uint64_t res_offset;       /* where its response starts, interim ones not counted */
	int64_t held_clock;        /* held: since when */
	bool req_acked_known;
	bool req_done, res_started, res_done;
	bool held;                 /* complete, but whether the client got the answer is not seen yet */
	bool head, connect;        /* the method is HEAD, CONNECT */
	size_t accounted;          /* of the arena, in shard.txn_used */
};

struct side {
	struct http *http;
	enum side_state state;
	enum role role;
	llhttp_t parser;
	struct pending *pending;   /* whose message is being read; NULL: it is read past */
	struct message *message;
	struct content *content;
	struct inflate_sum unpacked; /* all bodies so far */
	size_t parser_cost;        /* in shard.txn_used: what a parser keeps outside of the arena */

	uint8_t *line;             /* the beginning of a line whose end has not come yet */
	size_t n_line, line_room;
	struct stamp line_at;      /* packet, offsets of the first byte of that line */
	uint64_t line_offset, line_acked;
	bool line_acked_known;
	bool line_doubtful;        /* a byte of it so far is */
	uint8_t line_last;         /* its last byte so far, kept or not */
	bool mid_line;             /* lost in the middle of a line: no message starts before its end */

	bool dropped;              /* header fields were left out */
	bool garbled;              /* a line of the head could not be read: any field may be in it */
	bool skipped;              /* the line before was no field */
	bool lf_said, control_said;
	bool interim;              /* a 1xx response */
	bool filling;              /* what llhttp is fed stands for a gap */
	bool complete;             /* llhttp saw the end of the message */
	bool lost_unsaid;          /* no start of a message, but its first bytes may yet make another protocol known */
	bool said_close;           /* the last message announced the end of the connection */
	bool gap_seen;
	unsigned folds;
	enum chunk_state chunk;
	struct framing framing;
	size_t headers_room, head_bytes;
	uint64_t left;             /* of the body by Content-Length, of the chunk, or of the preface */
	uint64_t body_bytes;
	struct stamp last;         /* packet of the last byte read */
	uint64_t messages, opaque_bytes;
	uint8_t first[FIRST_MOST]; /* of the stream, to know a protocol by; behind a preface and blank lines */
	size_t n_first;
	uint64_t first_at;         /* offset of first[0] */
	bool prefaced;             /* a preface was read, to its end */
	struct endpoint origin;    /* for whom a proxy says it speaks; family 0: nothing was said */
};

struct http {
	struct tcp_flow *flow;
	struct side side[2];
	const struct piece *piece; /* being read; NULL outside of http_data */
	struct pending *first, *last; /* requests in order; answered ones leave when they are complete */
	size_t n_pending, n_held;
	const char *protocol;      /* what else it is, or has become; NULL: nothing else is known */
	struct side *hello;        /* whose TLS hello is being kept as its line */
	uint8_t *names;            /* what the hello said: server name, then protocols offered */
	size_t n_server_name, n_alpn;
	bool hello_whole;
	bool unsure;               /* requests may be lost: pairing is by guess until the flow was quiet ... */
	bool unsure_fresh;         /* ... and not just now, in bytes nobody saw a part of */
	uint64_t res_gap_end;      /* responses were lost before this offset; 0 = none */
	uint32_t seq;
	uint64_t resyncs, unpaired_requests, unpaired_responses;
};

/* http.c: the stream side */
struct http *http_new(struct tcp_flow *);
void http_data(struct http *, unsigned dir, const struct piece *);
void http_gap(struct http *, unsigned dir, uint64_t offset, uint64_t bytes, enum gap_kind);
void http_conflict(struct http *, unsigned dir);
void http_end(struct http *, unsigned dir, enum stream_end);
void http_hello_end(struct http *);              /* what came of a TLS hello is all there is */
void http_finish(struct http *, enum flow_end);  /* delivers what is left */
void http_free(struct http *);
unsigned http_client(const struct http *);       /* direction of the client */
/* Who the client is by the preface of the proxy, which then is *peer; else *peer is all zero. */
void http_origin(const struct http *, struct endpoint *client, struct endpoint *peer);

/* Tells whoever listens what bytes of the piece being read are; what became of those told before. */
void side_tap(struct side *, struct slice, enum tap_kind);
void side_tap_end(struct side *, enum tap_end);
struct stamp side_later(const struct side *, struct stamp); /* that, or the packet being read where it came after it */
void side_anomaly(struct side *, enum anomaly_code, uint64_t value);
void side_lost(struct side *);                   /* reading stops until the next message start */
void side_message_end(struct side *, bool whole);
/* One line, without its end, out of *left and what was kept before. False: its end has not come. */
bool side_line(struct side *, struct slice *left, struct slice *line);
size_t side_line_most(const struct limits *);    /* a line of that length was cut */
bool side_line_keep(struct side *, struct slice part); /* its beginning, until the rest comes; false: no memory */
void side_line_drop(struct side *);
void side_line_mark(struct side *, const struct slice *left); /* a line starts here */
void side_give_up(struct side *);                /* no memory to go on with this message */
bool side_is_response(const struct side *);
uint64_t side_offset(const struct side *);       /* what was delivered, with all of the packet or gap being read */

/* http_first.c: the beginning of a stream */
size_t preface_feed(struct side *, struct slice left);
bool first_note(struct side *, struct slice left); /* false: the first bytes are as they were */
const char *first_protocol(const struct side *); /* NULL: none that is known */
void first_gap(struct side *);
void hello_begin(struct side *, const char *protocol);
void hello_note(struct side *, struct slice bytes, uint64_t offset); /* takes what is new of them */

/* head.c: start lines and fields */
struct start_line { bool response; uint8_t version; uint16_t status; struct slice method, target, reason; };
bool start_line_parse(struct slice line, const struct limits *, struct start_line *);
bool start_line_possible(struct slice beginning, enum role, const struct limits *);
bool message_start_proven(struct slice segment, enum role, const struct limits *);
void head_line(struct side *, struct slice line); /* a line of a head, or an empty one between messages */
void head_cut(struct side *);                    /* the head ends here: a gap, or the end of the stream */
void head_field(struct side *, struct slice line, bool trailer); /* or what continues one; not empty */

/* http_body.c: framing */
void body_begin(struct side *);                  /* the head is complete */
size_t body_feed(struct side *, struct slice left);
bool body_gap(struct side *, uint64_t *bytes);   /* takes what it can of a gap; false: framing is lost */
void body_end_of_stream(struct side *);
void body_read_end(struct side *, bool whole);   /* fills message->body */
void body_read_give_up(struct side *);           /* too much memory: the rest is counted, not read */

/* pair.c: transactions */
bool pending_request(struct side *, const struct start_line *);   /* sets side->pending, ->message */
bool pending_response(struct side *, const struct start_line *);
void pending_message_done(struct side *);        /* the side's message is as complete as it will be */
/* An unknown number of messages of this side is gone, up to an offset (0 = here). */
void pending_lost(struct side *, uint64_t gap_end, enum gap_kind);
void pending_settle(struct http *, uint64_t acked); /* the client had so much of the responses when it went on */
void pending_heard(struct http *);               /* a packet of the client may show whether it got what is held */
void pending_unhold(struct http *);              /* nothing will show it any more */
void pending_expire(struct http *, int64_t since); /* nor has anything, of what is held since then or longer */
void pending_account(struct http *, struct pending *);
void pending_limit(const struct http *, const struct pending *);
void pending_close(struct http *, enum unpaired why); /* all that is unanswered will stay so */
enum unpaired pending_reason(const struct http *, enum flow_end);

/* proto.c: what is not HTTP, by its first bytes; NULL: not known */
const char *protocol_recognise(struct slice first_bytes);

#endif
