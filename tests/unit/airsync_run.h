/*
 * airsync_run.h - feeds ActiveSync bodies to their reader, whole, byte by byte and in random pieces, and
 * compares what comes out with a text.
 */
#ifndef DAVSCOPE_TESTS_AIRSYNC_RUN_H
#define DAVSCOPE_TESTS_AIRSYNC_RUN_H

#include "tests/unit/airsync_text.h"
#include "tests/unit/job_run.h"
#include "tests/unit/wbxml_make.h"

struct way {
	const struct body_reader *reader;
	void *reading;
	bool done;
};

static inline void give(void *ctx, struct slice s)
{
	struct way *w = ctx;
	if (!w->done)
		w->done = !w->reader->data(w->reading, s);
}

/* With body_wbxml, unless the job names another reader. */
static inline struct record *run_way(struct job job, struct feeder *f, int way)
{
	struct bench b = bench_open(job.limit, job.budget);
	const struct body_env env = {
		.limits = &b.limits,
		.arena = b.arena,
		.sink = { record_anomaly, b.record },
	};
	struct way w = { .reader = job.reader != NULL ? job.reader : &body_wbxml };
	struct body body = { 0 };
	w.reading = b.arena != NULL ? w.reader->start(&env) : NULL;
	if (w.reading != NULL) {
		feed(f, way, job.in, give, &w);
		w.reader->end(w.reading, !job.cut, &body);
	}
	if (body.airsync != NULL)
		record_airsync(b.record, body.airsync);
	return bench_close(&b);
}

static inline void check_limited(const char *text, const char *limit, const char *want)
{
	struct bytes doc = wbxml_make(text);
	check_job((struct job){ .in = bytes_all(&doc), .limit = limit }, want);
	bytes_free(&doc);
}

static inline void check(const char *text, const char *want)
{
	check_limited(text, NULL, want);
}

static inline int hex_value(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = strchr(digits, c);
	return c != '\0' && at != NULL ? (int)(at - digits) : -1;
}

static inline struct bytes from_hex(const char *text)
{
	struct bytes out = { 0 };
	for (; text[0] != '\0'; text++)
		if (hex_value(text[0]) >= 0 && hex_value(text[1]) >= 0) {
			bytes_u8(&out, (unsigned)(hex_value(text[0]) << 4 | hex_value(text[1])));
			text++;
		}
	return out;
}

static inline void check_hex(const char *hex, const char *want)
{
	struct bytes doc = from_hex(hex);
	check_job((struct job){ .in = bytes_all(&doc) }, want);
	bytes_free(&doc);
}

#endif
