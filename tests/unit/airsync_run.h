/*
 * airsync_run.h - feeds ActiveSync bodies to their reader, whole, byte by byte and in random pieces, and
 * compares what comes out with a text.
 */
#ifndef DAVSCOPE_TESTS_AIRSYNC_RUN_H
#define DAVSCOPE_TESTS_AIRSYNC_RUN_H

#include "decode/body.h"
#include "tests/unit/airsync_text.h"
#include "tests/unit/wbxml_make.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

struct job {
	struct slice in;
	const struct body_reader *reader; /* NULL: body_wbxml */
	const char *limit;
	bool cut;
	size_t budget;
};

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
	};
	struct way w = { .reader = job.reader != NULL ? job.reader : &body_wbxml };
	struct body body = { 0 };
	w.reading = arena != NULL ? w.reader->start(&env) : NULL;
	if (w.reading != NULL) {
		feed(f, way, job.in, give, &w);
		w.reader->end(w.reading, !job.cut, &body);
	}
	if (body.airsync != NULL)
		record_airsync(r, body.airsync);
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
	return first;
}

static inline void check_job(struct job job, const char *want)
{
	struct record *r = run_all(job);
	assert_string_equal(r->text, want);
	free(r);
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
