/*
 * One conversation in N random TCP schedules gives the same transactions: cut anew, out of order
 * within a window, sent twice, sent again with other boundaries, with probes, interleaved anyhow.
 * usage: schedules [N [FIRST-SEED]], prints "N passed, N failed".
 */
#include "tests/prop/prop.h"

#include <inttypes.h>

enum { CONNS = 8, WINDOW_MAX = 8, CROSS_MAX = 4, PIECE_MAX = 1460 };

/* ---- what came out: a sorted list of one line a transaction ---- */

struct lines {
	char **v;
	size_t n, room;
};

static void lines_add(struct lines *l, struct bytes *line)
{
	bytes_u8(line, 0);
	if (l->n == l->room) {
		l->room = 2 * l->room + 32;
		l->v = realloc(l->v, l->room * sizeof(*l->v));
		ensure(l->v != NULL, NULL);
	}
	l->v[l->n++] = (char *)line->p;
}

static void lines_free(struct lines *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->v[i]);
	free(l->v);
}

static int line_compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void lines_sort(struct lines *l)
{
	qsort(l->v, l->n, sizeof(*l->v), line_compare);
}

static void put_number(struct bytes *b, const char *name, uint64_t v)
{
	char text[64];
	snprintf(text, sizeof(text), " %s=%" PRIu64, name, v);
	bytes_text(b, text);
}

static void put_slice(struct bytes *b, const char *name, struct slice s)
{
	bytes_text(b, " ");
	bytes_text(b, name);
	bytes_text(b, "=");
	while (s.n > 0) {
		char text[VIS_MAX];
		bytes_add(b, text, vis_next(&s, text));
	}
}

static void put_message(struct bytes *b, const struct message *m)
{
	put_slice(b, "method", m->method);
	put_slice(b, "target", m->target);
	put_number(b, "status", m->status);
	put_number(b, "seen", m->seen);
	put_number(b, "head", m->head_complete);
	put_number(b, "end", m->end_seen);
	put_number(b, "complete", message_complete(m));
	put_number(b, "loss", m->loss);
	put_number(b, "bytes", m->body.bytes);
	put_number(b, "decoded", m->body.decoded_bytes);
	put_number(b, "kind", m->body.kind);
	put_number(b, "organizer", m->body.organizer);
	put_number(b, "responses", m->body.dav ? m->body.dav->responses_seen : 0);
	for (size_t i = 0; i < m->n_headers; i++) {
		put_slice(b, "name", m->headers[i].name);
		put_slice(b, "value", m->headers[i].value);
	}
}

static void on_event(void *ctx, const struct event *event)
{
	if (event->kind != EVENT_TRANSACTION)
		return;
	const struct txn *t = event->txn;
	const struct facts *f = event->facts;
	struct bytes line = { 0 };
	put_number(&line, "port", t->client.port);
	put_number(&line, "seq", t->seq);
	put_message(&line, &t->req);
	put_message(&line, &t->res);
	put_number(&line, "interim", t->interim);
	put_number(&line, "unpaired", t->unpaired);
	put_number(&line, "unsure", t->unsure);
	put_number(&line, "flavour", f->flavour);
	put_number(&line, "write", f->write);
	put_number(&line, "due", f->tag_due);
	put_number(&line, "tag-seen", f->tag_seen);
	put_slice(&line, "tag", f->tag);
	lines_add(ctx, &line);
}

/* ---- schedules ---- */

struct queue {
	struct segment *v;
	size_t n, room, next;
};

static void queue_add(struct queue *q, struct segment s)
{
	if (q->n == q->room) {
		q->room = 2 * q->room + 64;
		q->v = realloc(q->v, q->room * sizeof(*q->v));
		ensure(q->v != NULL, NULL);
	}
	q->v[q->n++] = s;
}

/* All bytes one side sent on one connection so far; the first has the sequence number `start`. */
struct stream {
	struct bytes bytes;
	uint32_t start;
};

struct schedule {
	struct random random;
	const struct talk *talk;
	struct queue queue[CONNS];
	struct stream stream[CONNS][2];
};

static struct segment stream_segment(const struct stream *s, struct segment like, size_t at,
    size_t n)
{
	like.seq = s->start + (uint32_t)at;
	like.data = slice_part(bytes_all(&s->bytes), at, n);
	return like;
}

static size_t piece_size(struct random *r)
{
	static const size_t most[] = { 4, 60, 400, PIECE_MAX };
	return 1 + random_below(r, most[random_below(r, 4)]);
}

/* Moves each of the queue's entries from `from` on by less than `window` places. */
static void queue_shuffle(struct queue *q, size_t from, size_t window, struct random *r)
{
	for (size_t i = from; i + 1 < q->n; i++) {
		size_t left = q->n - i;
		size_t k = i + random_below(r, left < window ? left : window);
		struct segment s = q->v[k];
		memmove(&q->v[i + 1], &q->v[i], (k - i) * sizeof(s));
		q->v[i] = s;
	}
}

/* The bytes of one flight, [at, end) of its stream, in a new order. */
static void schedule_flight(struct schedule *sc, const struct segment *like, size_t at)
{
	struct queue *q = &sc->queue[like->conn];
	const struct stream *s = &sc->stream[like->conn][like->side];
	struct random *r = &sc->random;
	size_t first = q->n;
	for (size_t size = 0; at < s->bytes.n; at += size) {
		size = piece_size(r);
		queue_add(q, stream_segment(s, *like, at, size));
		if (random_percent(r, 4))
			queue_add(q, q->v[q->n - 1]);
		if (random_percent(r, 4)) {
			size_t old = random_below(r, at + 1);
			size_t left = s->bytes.n < at + size ? s->bytes.n - old : at + size - old;
			queue_add(q,
			    stream_segment(s, *like, old,
				1 + random_below(r, left < PIECE_MAX ? left : PIECE_MAX)));
		}
	}
	queue_shuffle(q, first, 1 + random_below(r, WINDOW_MAX), r);
}

static bool same_flight(const struct segment *a, const struct segment *b)
{
	return a->conn == b->conn && a->side == b->side && b->data.n > 0;
}

static void schedule_make(struct schedule *sc)
{
	const struct segment *all = sc->talk->segments;
	size_t cross = 1 + random_below(&sc->random, CROSS_MAX);
	for (size_t i = 0; i < sc->talk->n; i++) {
		struct segment like = all[i];
		struct stream *s = &sc->stream[like.conn][like.side];
		if (like.data.n == 0) {
			if (like.flags & TCP_SYN)
				s->start = like.seq + 1;
			queue_add(&sc->queue[like.conn], like);
			if (random_percent(&sc->random, 3))
				queue_add(&sc->queue[like.conn], like);
			continue;
		}
		size_t at = s->bytes.n;
		bytes_slice(&s->bytes, like.data);
		while (i + 1 < sc->talk->n && same_flight(&like, &all[i + 1]))
			bytes_slice(&s->bytes, all[++i].data);
		/* A probe that overtakes the byte it repeats could not be told from it. */
		if (at > 0 && cross == 1 && random_percent(&sc->random, 5)) {
			struct segment probe = like;
			probe.seq = s->start + (uint32_t)at - 1;
			probe.data = SLICE("\0");
			queue_add(&sc->queue[like.conn], probe);
		}
		schedule_flight(sc, &like, at);
	}
	/* As a mirror port or several queues of a card do: an answer may be captured before its request. */
	for (size_t c = 0; c < CONNS; c++)
		queue_shuffle(&sc->queue[c], 3, cross, &sc->random);
}

/* Streams grow while segments point into them, so they get their room beforehand. */
static void schedule_start(struct schedule *sc, const struct talk *talk, uint64_t seed)
{
	*sc = (struct schedule){ .random = { seed }, .talk = talk };
	size_t total = 0;
	for (size_t i = 0; i < talk->n; i++)
		total += talk->segments[i].data.n;
	for (size_t c = 0; c < CONNS; c++) {
		for (size_t side = 0; side < 2; side++) {
			struct bytes *b = &sc->stream[c][side].bytes;
			b->room = total + 1;
			b->p = malloc(b->room);
			ensure(b->p != NULL, NULL);
		}
	}
}

static void schedule_free(struct schedule *sc)
{
	for (size_t c = 0; c < CONNS; c++) {
		free(sc->queue[c].v);
		bytes_free(&sc->stream[c][CLIENT].bytes);
		bytes_free(&sc->stream[c][SERVER].bytes);
	}
}

/* Plays the queues of all connections, a few segments of one at a time. */
static void schedule_play(struct schedule *sc, struct run *run)
{
	int64_t now = sc->talk->segments[0].ns;
	size_t left = 0;
	for (size_t c = 0; c < CONNS; c++)
		left += sc->queue[c].n;
	while (left > 0) {
		struct queue *q = &sc->queue[random_below(&sc->random, CONNS)];
		size_t turn = 1 + random_below(&sc->random, 6);
		for (; turn > 0 && q->next < q->n; turn--, left--) {
			struct segment s = q->v[q->next++];
			s.ns = now;
			now += (int64_t)random_below(&sc->random, 2000000);
			run_segment(run, &s);
		}
	}
}

static struct lines schedule_run(const struct talk *talk, uint64_t seed, struct way way)
{
	struct lines lines = { 0 };
	struct schedule sc;
	struct run run;
	schedule_start(&sc, talk, seed);
	schedule_make(&sc);
	run_start(&run, (struct analysis_sink){ on_event, &lines }, way);
	schedule_play(&sc, &run);
	run_end(&run);
	schedule_free(&sc);
	return lines;
}

static struct lines talk_run(const struct talk *talk)
{
	struct lines lines = { 0 };
	struct run run;
	run_start(&run, (struct analysis_sink){ on_event, &lines }, (struct way){ .seed = 1 });
	for (size_t i = 0; i < talk->n; i++)
		run_segment(&run, &talk->segments[i]);
	run_end(&run);
	lines_sort(&lines);
	return lines;
}

static bool lines_same(const struct lines *expected, const struct lines *actual, uint64_t seed)
{
	size_t i = 0;
	while (i < expected->n && i < actual->n && strcmp(expected->v[i], actual->v[i]) == 0)
		i++;
	if (i == expected->n && i == actual->n)
		return true;
	printf("FAIL seed %" PRIu64
	       ": %zu transactions, expected %zu\n  expected:%s\n  actual:  %s\n",
	    seed, actual->n, expected->n, i < expected->n ? expected->v[i] : " nothing",
	    i < actual->n ? actual->v[i] : " nothing");
	return false;
}

/* Threads, rounds and hash seeds change nothing, not even the order; schedules only the order. */
static bool seed_check(const struct talk *talk, const struct lines *expected, uint64_t seed)
{
	struct lines lines = schedule_run(talk, seed, (struct way){ .seed = seed });
	bool same = true;
	if (seed % 20 == 0) {
		struct way way = { (unsigned)(seed / 20 % 5), 1 + (unsigned)(seed % 97), seed + 1 };
		struct lines again = schedule_run(talk, seed, way);
		same = lines_same(&lines, &again, seed);
		lines_free(&again);
	}
	lines_sort(&lines);
	same = same && lines_same(expected, &lines, seed);
	lines_free(&lines);
	return same;
}

int main(int argc, char **argv)
{
	uint64_t n = 2000, first = 1, passed = 0;
	if ((argc > 1 && !slice_to_u64(slice_from(argv[1]), &n)) ||
	    (argc > 2 && !slice_to_u64(slice_from(argv[2]), &first))) {
		fprintf(stderr, "usage: schedules [N [FIRST-SEED]]\n");
		return 2;
	}
	struct error e;
	struct talk *talk = talk_read("tests/prop/schedules.talk", &e);
	if (talk == NULL) {
		fprintf(stderr, "schedules: %s\n", e.text);
		return 2;
	}
	struct lines expected = talk_run(talk);
	for (uint64_t seed = first; seed < first + n; seed++)
		passed += expected.n > 0 && seed_check(talk, &expected, seed);
	printf("%zu transactions\n%" PRIu64 " passed, %" PRIu64 " failed\n", expected.n, passed,
	    n - passed);
	lines_free(&expected);
	talk_free(talk);
	return passed == n ? 0 : 1;
}
