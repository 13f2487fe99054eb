/*
 * shape.h - hostile loads of any size, for `shapes NAME N >FILE`: an Ethernet capture, written as it is made, so
 * that a shape may have more packets than there is memory.
 */
#ifndef DAVSCOPE_TEST_SHAPE_H
#define DAVSCOPE_TEST_SHAPE_H

#include <stdio.h>

#include "tests/tool/bytes.h"
#include "tests/tool/talk.h"

struct shape {
	FILE *out;
	int64_t ns; /* of the next packet; each one moves it by `step_ns` */
	int64_t step_ns;
	uint64_t random; /* state of shape_random() */
};

/* One TCP connection: 10.0.0.1:PORT to 10.0.0.2:80. */
struct dialog {
	struct talk_address end[2]; /* CLIENT, SERVER */
	uint32_t next[2]; /* sequence number of the next byte of each side */
};

uint64_t shape_random(struct shape *, uint64_t below);
void shape_packet(struct shape *, struct slice frame); /* a link-layer packet as it is */
void shape_segment(struct shape *, const struct segment *); /* framed, with right checksums */

/* Handshake; the port is 1024 + number % 60000, and behind that the address of the client changes. */
struct dialog dialog_open(struct shape *, uint64_t number);
struct dialog dialog_between(struct shape *, struct talk_address client, struct talk_address server);
/* So many bytes of one side, cut into segments; the other side acknowledges the last one. */
void dialog_say(struct shape *, struct dialog *, unsigned side, struct slice);
void dialog_text(struct shape *, struct dialog *, unsigned side, const char *text);
/* One segment at `offset` bytes behind what is next; nothing moves. */
void dialog_piece(struct shape *, const struct dialog *, unsigned side, uint32_t offset,
    struct slice);
void dialog_close(struct shape *, struct dialog *);

/* A calendar object is written and the answer has a tag: what must survive whatever is around it. */
void dialog_put(struct shape *, struct dialog *, uint64_t number);

#define SHAPE(name, size, text) void shape_##name(struct shape *, uint64_t n);
#include "tests/tool/shapes.def"
#undef SHAPE

#endif
