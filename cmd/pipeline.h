/*
 * pipeline.h - source, decoder, analysis and rules, one behind the other. Private to cmd/.
 *
 * Opened in this order: pipeline_begin, pipeline_source or pipeline_live, pipeline_open.
 * pipeline_close frees what there is, whenever.
 */
#ifndef DAVSCOPE_CMD_PIPELINE_H
#define DAVSCOPE_CMD_PIPELINE_H

#include "cmd/cmd.h"

struct pipeline_wish {
	enum bodies bodies;            /* at least so far, and all of them where the rules look inside */
	bool keep_packets;             /* as in struct decode_options */
	bool alone;                    /* as in struct analysis_options; where there are rules it is not done */
};

struct pipeline_sink {
	void (*event)(void *ctx, const struct event *); /* before the rules see it; NULL: nobody asks */
	void (*finding)(void *ctx, const struct event *finding, const struct event *cause);
	void *ctx;
};

struct pipeline_inputs {
	const char *const *names;      /* by number, n of them */
	size_t n;
	uint64_t (*content_hash)(void *ctx, uint16_t input);
	void *ctx;
};

struct pipeline {
	const struct options *options;
	struct pipeline_sink sink;
	struct hash_key key;
	struct source *source;         /* NULL: packets come from elsewhere */
	struct source_counts counts;   /* of these, as their owner keeps them */
	struct pipeline_inputs inputs;
	const char **names;            /* of the inputs of a source, "" those that are still to come ... */
	size_t n_names;                /* ... behind so many */
	struct rules *rules;
	struct analysis *analysis;
	struct decoder *decoder;
	struct stamp last;             /* of the packet read last */
};

struct pipeline pipeline_begin(const struct options *, struct pipeline_sink);
bool pipeline_source(struct pipeline *, const struct source_options *, struct error *);
void pipeline_live(struct pipeline *, struct pipeline_inputs);  /* all of it borrowed */
/* Takes the compiled set, also when it fails. From here on a signal stops the source. */
bool pipeline_open(struct pipeline *, struct ruleset *, struct pipeline_wish, struct error *);
enum source_status pipeline_next(struct pipeline *, struct packet *);  /* the caller hands it to the decoder */
void pipeline_packet(struct pipeline *, const struct packet *); /* of elsewhere */
void pipeline_flush(struct pipeline *);                         /* what is complete so far goes out */
void pipeline_tick(struct pipeline *, int64_t now_ns);          /* nothing came, and so late it is */
/*
 * Delivers what the decoder holds; the totals are the last event the rules see. Items, sessions and rules go on
 * in another run: nothing is given up.
 */
struct run_end pipeline_pause(struct pipeline *, int64_t now_ns);
struct run_end pipeline_totals(const struct pipeline *, bool whole); /* so far */
struct event pipeline_stats(const struct pipeline *, const struct run_end *); /* the same as an event */
/* Delivers all that is left; the totals are the last event the rules see. `whole`: nothing was left unread. */
struct run_end pipeline_finish(struct pipeline *, bool whole);
void pipeline_close(struct pipeline *);

#endif
