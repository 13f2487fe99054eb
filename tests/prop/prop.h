/* prop.h - random numbers, and a run of packets through decode and analysis. For tests/prop. */
#ifndef DAVSCOPE_TEST_PROP_H
#define DAVSCOPE_TEST_PROP_H

#include "analysis/analysis.h"
#include "capture/capture.h"
#include "tests/tool/bytes.h"
#include "tests/tool/talk.h"

/* splitmix64: the same numbers on every machine. */
struct random {
	uint64_t state;
};

static inline uint64_t random_next(struct random *r)
{
	uint64_t z = r->state += 0x9e3779b97f4a7c15;
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static inline size_t random_below(struct random *r, size_t n)
{
	return n ? (size_t)(random_next(r) % n) : 0;
}

static inline bool random_percent(struct random *r, size_t percent)
{
	return random_below(r, 100) < percent;
}

/* One decoder with its analysis; events go to the test. */
struct run {
	struct decode_options options;
	struct decoder *decoder;
	struct analysis *analysis;
	int linktype;
	uint64_t frames;
};

/* What must not change the results. */
struct way {
	unsigned workers, round_packets;
	uint64_t seed;
};

static inline void run_start(struct run *run, struct analysis_sink sink, struct way way)
{
	struct error e = { "" };
	*run = (struct run){
		.options = { .limits = limits_default(),
		    .key = hash_key_from(way.seed),
		    .workers = way.workers,
		    .round_packets = way.round_packets,
		    .bodies = BODIES_ALL },
		.linktype = LINK_RAW,
	};
	struct analysis_options options = { .limits = &run->options.limits,
		.key = run->options.key };
	run->analysis = analysis_new(&options, sink, &e);
	ensure(run->analysis != NULL, NULL);
	run->decoder = decoder_new(&run->options, analysis_input(run->analysis), &e);
	ensure(run->decoder != NULL, NULL);
}

static inline void run_frame(void *ctx, const struct frame *f)
{
	struct run *run = ctx;
	run->frames++;
	struct packet p = {
		.at = { .order = run->frames, .frame = run->frames, .ns = f->ns },
		.linktype = run->linktype,
		.wire_len = (uint32_t)f->wire_len,
		.bytes = f->bytes,
	};
	decoder_packet(run->decoder, &p);
}

static inline void run_segment(struct run *run, const struct segment *s)
{
	segment_frames(s, run->linktype, (struct frame_sink){ run_frame, run });
}

static inline void run_end(struct run *run)
{
	decoder_finish(run->decoder);
	decoder_free(run->decoder);
	analysis_free(run->analysis);
}

#endif
