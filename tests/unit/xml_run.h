/*
 * xml_run.h - feeds an XML body to its reader whole, byte by byte and in random pieces, which must not make a
 * difference, and says what came out.
 */
#ifndef DAVSCOPE_TESTS_XML_RUN_H
#define DAVSCOPE_TESTS_XML_RUN_H

#include "decode/body.h"
#include "decode/xml.h"
#include "tests/unit/body_run.h"

struct job {
	struct slice in;
	const char *limit;
	bool cut, root_only;
	size_t budget;
};

static inline void give(void *ctx, struct slice s)
{
	(void)body_xml.data(ctx, s);
}

/* NULL when there is no room to begin. */
static inline struct record *run_way(struct job job, struct feeder *f, int way)
{
	struct record *r = calloc(1, sizeof(*r));
	struct limits limits = limits_default();
	struct error e;
	if (job.limit != NULL)
		assert_true(limits_set(&limits, job.limit, &e));
	struct arena *arena = arena_new(job.budget > 0 ? job.budget : limits.txn_bytes);
	const struct body_env env = {
		.limits = &limits,
		.arena = arena,
		.sink = { record_anomaly, r },
		.root_only = job.root_only,
	};
	void *reading = arena != NULL ? body_xml.start(&env) : NULL;
	struct body body = { 0 };
	if (reading != NULL) {
		feed(f, way, job.in, give, reading);
		body_xml.end(reading, !job.cut, &body);
	}
	if (body.dav != NULL)
		record_dav(r, body.dav);
	arena_free(arena);
	return r;
}

static inline struct record *run_all(struct job job)
{
	struct feeder f = feeder_new(job.in.n);
	struct record *first = run_way(job, &f, WHOLE);
	for (int way = BYTES; way <= LAST_SEED; way++) {
		struct record *r = run_way(job, &f, way);
		assert_string_equal(r->text, first->text);
		free(r);
	}
	feeder_free(&f);
	return first;
}

static inline void check_job(struct job job, const char *want)
{
	struct record *r = run_all(job);
	assert_string_equal(r->text, want);
	free(r);
}

static inline void check(const char *in, const char *want)
{
	check_job((struct job){ .in = slice_from(in) }, want);
}

#endif
