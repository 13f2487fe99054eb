/*
 * rules_capture.c - the whole analysis over one capture, with nobody to read it but an expectation.
 */
#include "cmd/pipeline.h"
#include "cmd/rules.h"

static void on_finding(void *ctx, const struct event *finding, const struct event *cause)
{
	expect_finding(ctx, finding, cause);
}

static bool open_source(struct pipeline *p, const char *const *path, struct error *e)
{
	struct source_options options = {
		.specs = path,
		.n_specs = 1,
		.since = INT64_MIN,
		.until = INT64_MAX,
		.limits = &p->options->limits,
	};
	return pipeline_source(p, &options, e);
}

/* What was read to its end only: of a part nobody can say that nothing is found. */
static bool run(struct pipeline *p, struct error *e)
{
	struct packet packet;
	enum source_status status;
	while ((status = pipeline_next(p, &packet)) == SOURCE_PACKET)
		decoder_packet(p->decoder, &packet);
	pipeline_finish(p, status == SOURCE_END);
	return status == SOURCE_END || error_set(e, "the reading was stopped");
}

bool capture_run(const struct options *o, const char *path, struct ruleset *set,
    struct expect *expect, struct error *e)
{
	struct pipeline p = pipeline_begin(o, (struct pipeline_sink){ NULL, on_finding, expect });
	bool good = open_source(&p, &path, e);
	if (good)
		good = pipeline_open(&p, set, (struct pipeline_wish){ .bodies = BODIES_NEEDED },
			   e) &&
		    run(&p, e);
	else
		ruleset_free(set);
	pipeline_close(&p);
	return good;
}
