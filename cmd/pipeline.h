/*
 * pipeline.h - source, decoder, analysis and rules, one behind the other. Private to cmd/.
 *
 * Opened in this order: pipeline_begin, pipeline_source, pipeline_open. pipeline_close frees what
 * there is, whenever.
 */
#ifndef DAVSCOPE_CMD_PIPELINE_H
#define DAVSCOPE_CMD_PIPELINE_H

#include "cmd/cmd.h"

struct pipeline_sink {
	void (*event)(void *ctx, const struct event *); /* before the rules see it; NULL: nobody asks */
	void (*finding)(void *ctx, const struct event *finding, const struct event *cause);
	void *ctx;
};

struct pipeline {
	const struct options *options;
	struct pipeline_sink sink;
	struct hash_key key;
	struct source *source;
	const char **names;            /* of the inputs */
	size_t n_names;
	struct rules *rules;
	struct analysis *analysis;
	struct decoder *decoder;
	struct stamp last;             /* of the packet read last */
};

struct pipeline pipeline_begin(const struct options *, struct pipeline_sink);
bool pipeline_source(struct pipeline *, const struct source_options *, struct error *);
/*
 * Takes the compiled set, also when it fails. Bodies are parsed as far as `least`, and all of them
 * where the rules look inside. From here on a signal stops the source.
 */
bool pipeline_open(struct pipeline *, struct ruleset *, enum bodies least, bool keep_packets, struct error *);
enum source_status pipeline_next(struct pipeline *, struct packet *);  /* the caller hands it to the decoder */
/* Delivers all that is left; the totals are the last event the rules see. `whole`: nothing was left unread. */
struct run_end pipeline_finish(struct pipeline *, bool whole);
void pipeline_close(struct pipeline *);

#endif
