/*
 * Threads take shards off a counter until none is left; who runs a shard makes no difference.
 * With no thread at all the caller does the same work in workers_wait().
 */
#include "decode/workers.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>

struct workers {
	unsigned shards, n_threads;
	shard_job *job;
	pthread_mutex_t lock;
	pthread_cond_t work, done;
	void *round; /* what the fields below belong to */
	uint64_t generation;
	unsigned busy; /* threads inside the round */
	bool stop;
	atomic_uint next; /* the next shard to take */
	pthread_t thread[];
};

static void take_shards(struct workers *w, void *round)
{
	unsigned shard;
	while ((shard = atomic_fetch_add(&w->next, 1)) < w->shards)
		w->job(round, shard);
}

static void *worker_main(void *arg)
{
	struct workers *w = arg;
	uint64_t seen = 0;
	pthread_mutex_lock(&w->lock);
	for (;;) {
		while (w->generation == seen && !w->stop)
			pthread_cond_wait(&w->work, &w->lock);
		if (w->stop)
			break;
		seen = w->generation;
		void *round = w->round;
		w->busy++;
		pthread_mutex_unlock(&w->lock);
		take_shards(w, round);
		pthread_mutex_lock(&w->lock);
		if (--w->busy == 0)
			pthread_cond_signal(&w->done);
	}
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

/* Signals are for the main thread. */
static bool threads_start(struct workers *w, unsigned threads)
{
	sigset_t all, old;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	while (w->n_threads < threads &&
	    pthread_create(&w->thread[w->n_threads], NULL, worker_main, w) == 0)
		w->n_threads++;
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return w->n_threads == threads;
}

struct workers *workers_new(unsigned threads, unsigned shards, shard_job *job, struct error *e)
{
	struct workers *w = calloc(1, sizeof(*w) + threads * sizeof(w->thread[0]));
	if (!w) {
		error_set(e, "no memory for the workers");
		return NULL;
	}
	w->shards = shards;
	w->job = job;
	atomic_init(&w->next, shards);
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->work, NULL);
	pthread_cond_init(&w->done, NULL);
	if (!threads_start(w, threads)) {
		error_set(e, "cannot start %u worker threads", threads);
		workers_free(w);
		return NULL;
	}
	return w;
}

void workers_start(struct workers *w, void *round)
{
	pthread_mutex_lock(&w->lock);
	w->round = round;
	w->generation++;
	atomic_store(&w->next, 0);
	pthread_cond_broadcast(&w->work);
	pthread_mutex_unlock(&w->lock);
}

void workers_wait(struct workers *w)
{
	take_shards(w, w->round);
	pthread_mutex_lock(&w->lock);
	while (w->busy)
		pthread_cond_wait(&w->done, &w->lock);
	pthread_mutex_unlock(&w->lock);
}

void workers_free(struct workers *w)
{
	if (!w)
		return;
	pthread_mutex_lock(&w->lock);
	w->stop = true;
	pthread_cond_broadcast(&w->work);
	pthread_mutex_unlock(&w->lock);
	for (unsigned i = 0; i < w->n_threads; i++)
		pthread_join(w->thread[i], NULL);
	pthread_cond_destroy(&w->work);
	pthread_cond_destroy(&w->done);
	pthread_mutex_destroy(&w->lock);
	free(w);
}
