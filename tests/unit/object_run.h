/*
 * object_run.h - feeds a body to a reader of objects whole, byte by byte and in random pieces, which must
 * not make a difference, and says what came out.
 */
#ifndef DAVSCOPE_TESTS_OBJECT_RUN_H
#define DAVSCOPE_TESTS_OBJECT_RUN_H

#include "decode/body.h"
#include "decode/object_read.h"
#include "tests/unit/body_run.h"

struct object_job {
	const struct body_reader *reader;
	struct slice in;
	bool cut; /* more was sent */
	const char *limit;
	size_t budget;
	int ways; /* 0: all */
};

/* The object lives in the arena, which is the caller's to free. */
struct object_run {
	struct arena *arena;
	const struct object *object; /* NULL: none */
	enum seen organizer;
};

struct object_feed {
	const struct body_reader *reader;
	void *reading;
};

static inline void object_anomaly(void *ctx, enum anomaly_code code, uint64_t value)
{
	(void)ctx;
	(void)code;
	(void)value;
}

static inline void object_give(void *ctx, struct slice s)
{
	const struct object_feed *f = ctx;
	(void)f->reader->data(f->reading, s);
}

static inline struct object_run object_run_way(struct object_job job, struct feeder *f, int way)
{
	struct limits limits = limits_default();
	struct error e;
	if (job.limit != NULL && !limits_set(&limits, job.limit, &e))
		abort();
	struct object_run run = { arena_new(job.budget > 0 ? job.budget : limits.txn_bytes), NULL, 0 };
	const struct body_env env = { .limits = &limits,
		.arena = run.arena,
		.sink = { object_anomaly, NULL } };
	struct object_feed feed_to = { job.reader, job.reader->start(&env) };
	if (feed_to.reading == NULL)
		return run;
	feed(f, way, job.in, object_give, &feed_to);
	struct body body = { 0 };
	job.reader->end(feed_to.reading, !job.cut, &body);
	run.object = body.object;
	run.organizer = body.organizer;
	return run;
}

static inline void object_record(struct record *r, struct object_run run)
{
	r->n = 0;
	r->text[0] = '\0';
	if (run.object != NULL)
		record_object(r, run.object, true);
	else
		record_add(r, "nothing\n");
}

/* As it comes out of all ways to cut the text; the arena of the last one. */
static inline struct object_run object_run_all(struct object_job job)
{
	static struct record first, other;
	struct feeder f = feeder_new(job.in.n < 65536 ? job.in.n : 65536);
	struct object_run run = object_run_way(job, &f, WHOLE);
	object_record(&first, run);
	for (int way = BYTES; way <= (job.ways > 0 ? job.ways : LAST_SEED); way++) {
		arena_free(run.arena);
		run = object_run_way(job, &f, way);
		object_record(&other, run);
		assert_string_equal(first.text, other.text);
	}
	feeder_free(&f);
	return run;
}

static inline void object_says(struct object_run run, const char *want)
{
	static struct record r;
	r.n = 0;
	r.text[0] = '\0';
	if (run.object != NULL)
		record_object(&r, run.object, false);
	assert_string_equal(r.text, want);
}

static inline void object_expect(const struct body_reader *reader, struct slice in, const char *want)
{
	struct object_run run = object_run_all((struct object_job){ .reader = reader, .in = in });
	object_says(run, want);
	arena_free(run.arena);
}

/* A cut text says nothing else than the whole one, only less. */
static inline void object_truncate(const struct body_reader *reader, struct slice in)
{
	for (size_t n = 0; n < in.n; n++) {
		struct object_job job = { .reader = reader, .in = slice_part(in, 0, n), .cut = true, .ways = BYTES };
		struct object_run run = object_run_all(job);
		const struct object *o = run.object;
		if (o != NULL) {
			assert_false(o->whole);
			assert_true(o->fingerprint == 0 && o->octets == 0 && o->text == 0);
		}
		arena_free(run.arena);
	}
}

#endif
