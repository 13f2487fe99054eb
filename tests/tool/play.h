/* play.h - the connections of a .talk while it is played. Private to the talk library. */
#ifndef DAVSCOPE_TALK_PLAY_H
#define DAVSCOPE_TALK_PLAY_H

#include "tests/tool/bytes.h"
#include "tests/tool/words.h"

enum { CONNS_MAX = 64, SEGMENTS_MAX = 512 };
enum conn_state { CONN_NEW, CONN_OPEN, CONN_CLOSED };

struct conn {
	char name[32];
	struct talk_address end[2]; /* CLIENT, SERVER */
	uint32_t next[2]; /* sequence number of the next byte */
	bool fin[2];
	enum conn_state state;
	bool silent_open; /* no handshake in the capture */
	bool isn_given;
	unsigned number; /* of this opening, for struct segment */
	struct bytes joined[2]; /* @join: waits for the next message of that side */
	struct bytes sent[2]; /* the last message, for @again */
	uint32_t sent_at[2];
};

/* What happens to the segments of the next message; numbers count from 1 along the stream. */
struct fate {
	bool join, reverse, dup_all, drop_all;
	struct list split, order, dup, drop, overlap, damage;
};

struct play {
	struct talk *talk;
	struct conn conns[CONNS_MAX];
	size_t n_conns;
	struct conn *current;
	int64_t now;
	size_t mss;
	bool six, no_ack, no_close;
	bool captured[2]; /* the packets of which side reach the capture */
	unsigned openings;
	struct framing framing;
	struct fate fate;
};

struct conn *play_conn(struct play *p, struct slice name); /* NULL: there is none of that name */
struct conn *play_conn_add(struct play *p, struct slice name, struct error *e);
struct conn *play_conn_current(struct play *p); /* the default one when none was named */
void play_open(struct play *p, struct conn *c);
bool play_message(struct play *p, struct conn *c, unsigned side, struct slice bytes,
    struct error *e);
bool play_again(struct play *p, struct conn *c, unsigned side, size_t from, size_t n);
void play_fin(struct play *p, struct conn *c, unsigned side);
void play_close(struct play *p, struct conn *c, unsigned first);
void play_reset(struct play *p, struct conn *c, unsigned side);
void play_probe(struct play *p, struct conn *c, unsigned side);
void play_verbatim(struct play *p, struct slice frame);
void play_end(struct play *p); /* closes what is still open */
void play_free(struct play *p);

#endif
