/*
 * message.h - what watcher and keeper tell each other over a socketpair (SOCK_SEQPACKET). Private to cmd/.
 *
 * A message is one datagram, or several when it is long: kind, flags, number, then its part of the body.
 * A keeper that was started anew says HELLO and drops parts until one begins a message; findings and
 * state it drops until RECALL or AGAIN, as what went before them was told to somebody who is dead.
 * Neither side trusts the other: what does not read is refused, and counted.
 */
#ifndef DAVSCOPE_CMD_MESSAGE_H
#define DAVSCOPE_CMD_MESSAGE_H

#include "report/report.h"

enum message_kind {
	/* from the keeper */
	MESSAGE_HELLO = 1,     /* it is there; number: of the last finding it has, body: text of what goes wrong, or empty */
	MESSAGE_REMEMBERED,    /* body: a state record, answering RECALL */
	MESSAGE_RECALLED,      /* these were all; number: of them */
	MESSAGE_TAKEN,         /* all findings up to `number` are safe */
	MESSAGE_SAVED,         /* the state up to the save of that number is on the disk */
	MESSAGE_EMPTY,         /* behind the first HELLO: nothing is remembered, and somebody who had all of it saved is told so */
	MESSAGE_CHECKED,       /* number 0: the configuration is good; else: body says what is wrong with it */
	/* from the watcher */
	MESSAGE_RECALL = 32,   /* asks for all that is remembered */
	MESSAGE_RECORD,        /* body: a record for the sinks */
	MESSAGE_TEXT,          /* body: for standard output */
	MESSAGE_STATE,         /* body: a state record */
	MESSAGE_SAVE,          /* what was sent since the last one belongs together; number: of the save */
	MESSAGE_METRICS,       /* body: what the watcher counts, in the text format of Prometheus */
	MESSAGE_CHECK,         /* read the configuration anew, aside */
	MESSAGE_APPLY,         /* and take it */
	MESSAGE_REOPEN,        /* files of sinks */
	MESSAGE_END,           /* nothing follows: give out what is queued and end */
	MESSAGE_AGAIN,         /* answers a later HELLO: behind it comes all that was not safe, from the first on */
};
enum { MESSAGE_MAX = 4 << 20, MESSAGE_PART = 32 << 10 };

struct channel_message { enum message_kind kind; uint64_t number; struct slice body; };

#define KEEPER_CHANNEL "DAVSCOPE_CHANNEL"  /* the environment variable with the number of the keeper's descriptor */

struct channel;
struct channel *channel_new(int fd, struct error *);           /* takes the descriptor; non-blocking from here on */
int channel_fd(const struct channel *);
/* Whole, or false and nothing of it: the socket is full (errno EAGAIN), or nobody is there (EPIPE). */
bool channel_send(struct channel *, const struct channel_message *);
bool channel_flush(struct channel *);                          /* what channel_send() has begun; false: EAGAIN or EPIPE */
/*
 * 1: *out lives until the next call; 0: none is there; -1: *error, and errno: EPIPE, the other side is
 * gone; EBADMSG, it talks nonsense, of which a part is dropped, and the next call goes on.
 */
int channel_receive(struct channel *, struct channel_message *out, struct error *);
void channel_free(struct channel *);                           /* NULL is fine */

/* Bodies; false: no room, or it cannot be read. Slices of what is read point into it. */
bool record_write(const struct record *, uint8_t *out, size_t room, size_t *n);
bool record_read(struct slice body, struct record *);
bool state_write(const struct state_record *, uint8_t *out, size_t room, size_t *n);
bool state_read(struct slice body, struct state_record *);

#endif
