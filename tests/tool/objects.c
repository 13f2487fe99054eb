/*
 * objects.c - prints every object of a capture, a line each, with tabs: frame, method, target, status, place
 * (request, answer, row), href, kind, whole or part, uid, start in seconds, fingerprint, octets, text, lines,
 * settled. What there is not is "-". usage: objects CAPTURE
 */
#include "capture/capture.h"
#include "decode/decode.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void print_text(struct slice s)
{
	putchar('\t');
	if (s.n == 0)
		putchar('-');
	for (size_t i = 0; i < s.n; i++)
		putchar(s.p[i] > ' ' && s.p[i] < 0x7f ? s.p[i] : '_');
}

static void print_hash(uint64_t hash)
{
	if (hash != 0)
		printf("\t%016" PRIx64, hash);
	else
		printf("\t-");
}

static void print_object(const struct txn *t, const char *place, struct slice href,
    const struct object *o)
{
	static const char *const kinds[] = { "other", "event", "todo", "journal", "card" };
	const struct message *m = strcmp(place, "request") == 0 ? &t->req : &t->res;
	printf("%" PRIu64, m->head.frame);
	print_text(t->req.method);
	print_text(t->req.target);
	printf("\t%u\t%s", t->res.status, place);
	print_text(href);
	printf("\t%s\t%s", kinds[o->kind], o->whole ? "whole" : "part");
	print_text(o->uid);
	if (o->start_ns != OBJECT_NO_TIME)
		printf("\t%" PRId64, o->start_ns / 1000000000);
	else
		printf("\t-");
	print_hash(o->fingerprint);
	print_hash(o->octets);
	print_hash(o->text);
	print_hash(o->lines);
	print_hash(o->settled);
	putchar('\n');
}

static void print_dav(const struct txn *t, const struct message *m, const char *place)
{
	const struct dav *dav = m->body.dav;
	if (dav->object != NULL)
		print_object(t, place, t->req.target, dav->object);
	for (size_t i = 0; i < dav->n_responses; i++)
		if (dav->responses[i].object != NULL)
			print_object(t, "row", dav->responses[i].href, dav->responses[i].object);
}

static void print_message(const struct txn *t, const struct message *m, const char *place)
{
	if (m->body.object != NULL)
		print_object(t, place, t->req.target, m->body.object);
	if (m->body.dav != NULL)
		print_dav(t, m, place);
}

static void on_txn(void *ctx, struct txn *t)
{
	(void)ctx;
	print_message(t, &t->req, "request");
	print_message(t, &t->res, "answer");
	txn_free(t);
}

static void on_flow(void *ctx, const struct flow *flow)
{
	(void)ctx;
	(void)flow;
}

static void on_anomaly(void *ctx, const struct anomaly *anomaly)
{
	(void)ctx;
	(void)anomaly;
}

static void on_dropped(void *ctx, const struct dropped *dropped)
{
	(void)ctx;
	(void)dropped;
}

static bool print_capture(const char *path, struct error *e)
{
	struct decode_options options = { .limits = limits_default(),
		.key = hash_key_from(1),
		.bodies = BODIES_ALL };
	const char *specs[] = { path };
	const struct source_options from = { .specs = specs,
		.n_specs = 1,
		.since = INT64_MIN,
		.until = INT64_MAX,
		.limits = &options.limits };
	struct decode_sink sink = { on_txn, on_flow, on_anomaly, on_dropped, NULL };
	struct source *source = source_open(&from, e);
	if (source == NULL)
		return false;
	struct decoder *decoder = decoder_new(&options, sink, e);
	struct packet packet;
	if (decoder == NULL) {
		source_close(source);
		return false;
	}
	while (source_next(source, &packet) == SOURCE_PACKET)
		decoder_packet(decoder, &packet);
	decoder_finish(decoder);
	decoder_free(decoder);
	source_close(source);
	return true;
}

int main(int argc, char **argv)
{
	struct error e = { "usage: objects CAPTURE" };
	if (argc == 2 && print_capture(argv[1], &e))
		return 0;
	fprintf(stderr, "objects: %s\n", e.text);
	return 1;
}
