/*
 * The bytes of a connection (connection.h) in segments as the input says, byte by byte, and cut at random: the
 * same transactions, anomalies and verdict in the same order. Where framing is lost reading goes on at a
 * segment that begins like a message, so it counts how they are cut; and whether a request has a body after
 * all, when it was answered before. There the comparison ends. Memory runs out at one packet or another: it
 * does not here.
 */
#include "tests/fuzz/connection.h"
#include "tests/tool/http_case.h"

enum cuts { AS_IT_IS, BYTES, RANDOM };

struct result {
	struct bytes log;
	unsigned steps;
	bool stopped;
};

static size_t cut_length(enum cuts cuts, uint32_t *random, size_t left)
{
	size_t n = left;
	*random = *random * 1664525u + 1013904223u;
	if (cuts != AS_IT_IS)
		n = cuts == BYTES ? 1 : 1 + (*random >> 8) % 24;
	return n < left ? n : left;
}

static const struct side *side_of(struct connection *c, unsigned dir)
{
	const struct http *http = connection_reader(c);
	return http != NULL ? &http->side[dir] : NULL;
}

/* Whether this is a body, or another request, is read off the segment. */
static bool is_answered_early(const struct side *s)
{
	return s != NULL &&
	    (s->state == SIDE_HEAD || (s->state == SIDE_BODY && s->body_bytes == 0)) &&
	    s->role == ROLE_CLIENT && s->pending != NULL && s->pending->res_done;
}

static bool is_lost(const struct side *s)
{
	return s != NULL && s->state == SIDE_LOST;
}

/*
 * A stream that began as something else may still be known by its first bytes. A segment that proves a
 * message would begin one: single bytes do not. False: cuts count from here on.
 */
static bool send_cut(struct connection *c, const struct step *step, enum cuts cuts,
    uint32_t *random)
{
	struct slice bytes = step->bytes;
	while (bytes.n != 0) {
		const struct side *s = side_of(c, step->side);
		if (is_answered_early(s) || (is_lost(s) && s->messages != 0))
			return false;
		size_t n = is_lost(s) ? 1 : cut_length(cuts, random, bytes.n);
		connection_bytes(c, step->side, slice_part(bytes, 0, n));
		bytes = slice_part(bytes, n, bytes.n);
	}
	if (is_lost(side_of(c, step->side)))
		return false;
	connection_acknowledge(c, step->side);
	return true;
}

static struct result run(struct slice in, enum cuts cuts)
{
	struct cursor script = cursor_from(in);
	struct result r = { .steps = 0 };
	struct connection c;
	struct step step;
	unsigned side = 0;
	uint32_t random = 1;
	connection_open(&c, cursor_u8(&script) & SMALL_LIMITS);
	while (!r.stopped && step_next(&script, &side, &step)) {
		r.steps++;
		if (c.ended[step.side])
			continue; /* of each packet behind the end something is said */
		if (step.kind == SEND_BYTES)
			r.stopped = !send_cut(&c, &step, cuts, &random);
		else
			connection_step(&c, &step);
	}
	if (!r.stopped)
		connection_finish(&c);
	http_log(&c.kit.shard.out, &r.log);
	kit_close(&c.kit);
	return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct slice in = { data, n };
	struct result first = run(in, AS_IT_IS);
	for (enum cuts cuts = BYTES; cuts <= RANDOM; cuts++) {
		struct result r = run(in, cuts);
		ensure(r.stopped == first.stopped && r.steps == first.steps, NULL);
		ensure(slice_equal(bytes_all(&r.log), bytes_all(&first.log)), NULL);
		bytes_free(&r.log);
	}
	bytes_free(&first.log);
	return 0;
}
