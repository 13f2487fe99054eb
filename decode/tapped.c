/*
 * tapped.c - segments, told to who listens at the tap.
 */
#include "decode/tapped.h"

static struct tap_segment told_of(const struct segment *s, uint64_t offset, enum checksum sum)
{
	return (struct tap_segment){
		.at = &s->at,
		.pieces = s->pieces,
		.n_pieces = s->n_pieces,
		.offset = offset,
		.captured = s->payload.n,
		.header = s->header,
		.sum = sum,
	};
}

void tapped_segment(struct tcp_flow *f, unsigned dir, const struct segment *s, enum checksum sum)
{
	const struct decode_options *options = f->shard->options;
	const struct decode_tap *tap = options->tap;
	/* With ON nothing else is read. */
	enum checksum known = options->checksums == CHECKSUMS_ON ? CHECKSUM_RIGHT : sum;
	struct tap_segment told = told_of(s, segment_offset(&f->half[dir], s), known);
	if (tap)
		tap->segment(tap->ctx, &f->tapped[dir], &told);
}

void tapped_damage(const struct shard *shard, const struct segment *s)
{
	const struct decode_tap *tap = shard->options->tap;
	struct tap_segment told = told_of(s, 0, CHECKSUM_WRONG);
	if (tap)
		tap->damaged(tap->ctx, &told);
}

void tapped_close(struct tcp_flow *f)
{
	const struct decode_tap *tap = f->shard->options->tap;
	for (unsigned dir = 0; tap && dir < 2; dir++)
		tap->close(tap->ctx, &f->tapped[dir]);
}
