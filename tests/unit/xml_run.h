/*
 * xml_run.h - feeds an XML body to its reader whole, byte by byte and in random pieces, which must not make a
 * difference, and says what came out.
 */
#ifndef DAVSCOPE_TESTS_XML_RUN_H
#define DAVSCOPE_TESTS_XML_RUN_H

#include "decode/xml.h"
#include "tests/unit/job_run.h"

static inline void give(void *ctx, struct slice s)
{
	(void)body_xml.data(ctx, s);
}

static inline struct record *run_way(struct job job, struct feeder *f, int way)
{
	struct bench b = bench_open(job.limit, job.budget);
	const struct body_env env = {
		.limits = &b.limits,
		.arena = b.arena,
		.sink = { record_anomaly, b.record },
		.root_only = job.root_only,
	};
	void *reading = b.arena != NULL ? body_xml.start(&env) : NULL;
	struct body body = { 0 };
	if (reading != NULL) {
		feed(f, way, job.in, give, reading);
		body_xml.end(reading, !job.cut, &body);
	}
	if (body.dav != NULL)
		record_dav(b.record, body.dav);
	return bench_close(&b);
}

static inline void check(const char *in, const char *want)
{
	check_job((struct job){ .in = slice_from(in) }, want);
}

#endif
