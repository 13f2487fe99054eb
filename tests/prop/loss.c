/*
 * A capture that lost or clipped packets: no write counts as untagged that is tagged on the wire,
 * no answer is surely given to a request that it does not answer, no transaction is made up.
 * usage: loss [N [FIRST-SEED]], prints "N passed, N failed".
 */
#include "tests/prop/prop.h"

#include <inttypes.h>

enum { WRITES = 24, FLAVOURS_PLAYED = 3 };

/* ---- the conversation: every second write is tagged; X-For names the request of an answer ---- */

static void talk_write_pair(struct bytes *text, const char *path, int i, const char *server,
    const char *tag)
{
	char line[512];
	snprintf(line, sizeof(line),
	    ">>>\nPUT %s%s-%d HTTP/1.1\nHost: h\nContent-Type: text/calendar\n"
	    "Content-Length: {length}\n\n{fill %d}\n",
	    path, i % 2 ? "tagged" : "untagged", i, 100 + 300 * (i % 7));
	bytes_text(text, line);
	snprintf(line, sizeof(line), "<<<\nHTTP/1.1 201 Created\n%sX-For: %s%s-%d\n", server, path,
	    i % 2 ? "tagged" : "untagged", i);
	bytes_text(text, line);
	snprintf(line, sizeof(line),
	    "X-Filler: {fill}\n%s%sContent-Length: {length}\n\n{fill %d}\n", i % 2 ? tag : "",
	    i % 5 ? "" : "X-More: abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz\n",
	    10 + 200 * (i % 5));
	bytes_text(text, line);
}

static struct talk *talk_make(void)
{
	static const struct {
		const char *path, *server, *tag;
	} kinds[FLAVOURS_PLAYED] = {
		{ "/exchange/anna/Calendar/", "MS-WebStorage: 6.5.7638\n",
		    "ResourceTag: <rt:1>\n" },
		{ "/cal/anna/", "DAV: 1, calendar-access\n", "ETag: \"1\"\n" },
		{ "/files/", "DAV: 1\n", "ETag: \"1\"\n" },
	};
	struct bytes text = { 0 };
	char line[64];
	bytes_text(&text, "@mss 300\n");
	for (int k = 0; k < FLAVOURS_PLAYED; k++) {
		snprintf(line, sizeof(line), "@conn c%d 10.0.0.1:%d 10.0.1.%d:80\n", k, 40000 + k,
		    k + 1);
		bytes_text(&text, line);
		for (int i = 0; i < WRITES; i++)
			talk_write_pair(&text, kinds[k].path, i, kinds[k].server, kinds[k].tag);
	}
	struct error e;
	struct talk *talk = talk_parse("loss", bytes_all(&text), &e);
	ensure(talk != NULL, NULL);
	bytes_free(&text);
	return talk;
}

/* ---- what must never be said ---- */

struct verdict {
	uint64_t seed;
	size_t transactions, untagged, wrong;
};

static void print_vis(const char *name, struct slice s)
{
	printf("%s", name);
	while (s.n > 0) {
		char text[VIS_MAX];
		printf("%.*s", (int)vis_next(&s, text), text);
	}
}

static void complain(struct verdict *v, const char *what, const struct txn *t, struct slice answers)
{
	if (v->wrong++ > 0)
		return;
	printf("FAIL seed %" PRIu64 ": %s: flow of frame %" PRIu64 ", transaction %" PRIu32
	       ", frames %" PRIu64 " and %" PRIu64,
	    v->seed, what, t->flow.frame, t->seq, t->req.first.frame, t->res.first.frame);
	print_vis(", request ", t->req.target);
	print_vis(", answer to ", answers);
	printf("\n");
}

static bool is_tagged(struct slice target)
{
	return slice_find(target, SLICE("/tagged-")) < target.n;
}

static void on_event(void *ctx, const struct event *event)
{
	struct verdict *v = ctx;
	if (event->kind != EVENT_TRANSACTION)
		return;
	const struct txn *t = event->txn;
	bool absent = event->facts->tag_due != TAG_NOT_DUE && event->facts->tag_seen == ABSENT;
	struct slice answers = { 0 };
	bool named = message_header(&t->res, "X-For", &answers) == PRESENT;
	v->transactions++;
	v->untagged += absent;
	if (absent && is_tagged(t->req.target))
		complain(v, "a tagged write is called untagged", t, answers);
	if (absent && named && is_tagged(answers))
		complain(v, "a tagged answer is called untagged", t, answers);
	if (t->unpaired == PAIRED && !t->unsure && named && !slice_equal(answers, t->req.target))
		complain(v, "an answer is surely given to the wrong request", t, answers);
	if (t->req.seen && !slice_equal(t->req.method, SLICE("PUT")))
		complain(v, "a request that was never sent", t, answers);
	if (t->res.seen && t->res.status != 201)
		complain(v, "an answer that was never given", t, answers);
}

/* ---- loss ---- */

struct lossy {
	struct run run;
	struct random random;
	size_t lose, clip;
};

static void lossy_frame(void *ctx, const struct frame *f)
{
	struct lossy *l = ctx;
	struct frame copy = *f;
	if (random_below(&l->random, 1000) < l->lose)
		return;
	if (random_below(&l->random, 1000) < l->clip)
		copy.bytes.n = 14 + random_below(&l->random, copy.bytes.n - 14);
	run_frame(&l->run, &copy);
}

static struct verdict lossy_run(const struct talk *talk, uint64_t seed, size_t lose, size_t clip)
{
	struct verdict v = { .seed = seed };
	struct lossy l = { .random = { seed }, .lose = lose, .clip = clip };
	run_start(&l.run, (struct analysis_sink){ on_event, &v }, (struct way){ .seed = seed });
	l.run.linktype = LINK_ETHER;
	for (size_t i = 0; i < talk->n; i++)
		segment_frames(&talk->segments[i], LINK_ETHER,
		    (struct frame_sink){ lossy_frame, &l });
	run_end(&l.run);
	return v;
}

int main(int argc, char **argv)
{
	static const struct {
		size_t lose, clip;
	} rates[] = { { 10, 0 }, { 10, 10 }, { 50, 0 }, { 0, 200 }, { 200, 50 } };
	uint64_t n = 2000, first = 1, passed = 0;
	if ((argc > 1 && !slice_to_u64(slice_from(argv[1]), &n)) ||
	    (argc > 2 && !slice_to_u64(slice_from(argv[2]), &first))) {
		fprintf(stderr, "usage: loss [N [FIRST-SEED]]\n");
		return 2;
	}
	struct talk *talk = talk_make();
	struct verdict whole = lossy_run(talk, 0, 0, 0);
	size_t half = (size_t)WRITES / 2 * FLAVOURS_PLAYED;
	bool sound = whole.wrong == 0 && whole.transactions == 2 * half && whole.untagged == half;
	printf("without loss: %zu transactions, %zu untagged; expected %zu and %zu\n",
	    whole.transactions, whole.untagged, 2 * half, half);
	size_t untagged = 0;
	for (uint64_t seed = first; seed < first + n; seed++) {
		size_t rate = seed % (sizeof(rates) / sizeof(rates[0]));
		struct verdict v = lossy_run(talk, seed, rates[rate].lose, rates[rate].clip);
		passed += v.wrong == 0;
		untagged += v.untagged;
	}
	printf("with loss: %zu untagged writes still proven in %" PRIu64 " runs\n", untagged, n);
	printf("%" PRIu64 " passed, %" PRIu64 " failed\n", passed + sound, n - passed + !sound);
	talk_free(talk);
	return passed == n && sound ? 0 : 1;
}
