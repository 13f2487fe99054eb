/*
 * job_run.h - a body, what it is read with, and all ways to cut it, which must not make a difference.
 */
#ifndef DAVSCOPE_TESTS_JOB_RUN_H
#define DAVSCOPE_TESTS_JOB_RUN_H

#include "decode/body.h"
#include "tests/unit/body_run.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

struct job {
	struct slice in;
	const struct body_reader *reader;         /* NULL: the usual one of the tests */
	const char *type, *coding;                /* what the headers say of it */
	const char *limit;
	bool cut, root_only, hash;
	enum content_wish wish;
	struct slice behind_gap;                  /* fed after a gap when its p is not NULL */
	size_t budget;                            /* of the arena; 0: that of a transaction */
};

/* Where a job is done. */
struct bench {
	struct limits limits;
	struct arena *arena;
	struct record *record;
};

static inline struct bench bench_open(const char *limit, size_t budget)
{
	struct bench b = { .limits = limits_default(), .record = calloc(1, sizeof(struct record)) };
	struct error e;
	assert_non_null(b.record);
	if (limit != NULL)
		assert_true(limits_set(&b.limits, limit, &e));
	b.arena = arena_new(budget > 0 ? budget : b.limits.txn_bytes);
	return b;
}

/* The record is the caller's to free. */
static inline struct record *bench_close(struct bench *b)
{
	arena_free(b->arena);
	return b->record;
}

/* Each kind of tests has its own; what came out is the caller's to free. */
static struct record *run_way(struct job job, struct feeder *f, int way);

static inline struct record *run_all(struct job job)
{
	struct feeder f = feeder_new(job.in.n > job.behind_gap.n ? job.in.n : job.behind_gap.n);
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

#endif
