/*
 * scrub.h - a capture without what it says of people: addresses, hosts, credentials, names and texts are
 * replaced, while sizes, times, structure and which things are the same stay.
 *
 * Two passes over one capture. In the first a decoder that the scrubber listens to says what each byte of
 * the streams is, and the streams are written anew, next to the output, into a file without a name. In the
 * second each packet is built from nothing: headers that are known to be harmless, other addresses, and the
 * bytes its place in a stream has now. What nobody could attribute is not copied.
 */
#ifndef DAVSCOPE_SCRUB_H
#define DAVSCOPE_SCRUB_H

#include "decode/decode.h"

struct scrub_options {
	const struct limits *limits;   /* borrowed */
	struct hash_key key;           /* what is the same under it becomes the same */
	const char *beside;            /* the path of the output; "-": the scratch files go to $TMPDIR */
};

struct scrub_counts {
	uint64_t packets, bytes;       /* written; bytes that were replaced */
	uint64_t bodies, bodies_blanked;
	uint64_t packets_blanked;      /* their payload was not attributed to a stream */
};

struct scrubber;
struct scrubber *scrubber_new(const struct scrub_options *, struct error *);     /* NULL: *e */
/* For the decoder of the first pass, which has no workers. */
const struct decode_tap *scrubber_tap(const struct scrubber *);
/* The first pass is over: nothing is told any more. False: something could not be kept. */
bool scrubber_turn(struct scrubber *, struct error *);
/* Second pass, the same packets in the same order. Its bytes are replaced; they die with the next call. */
bool scrubber_packet(struct scrubber *, struct packet *, struct error *);
struct scrub_counts scrubber_counts(const struct scrubber *);
void scrubber_free(struct scrubber *);                                            /* NULL is fine */

#endif
