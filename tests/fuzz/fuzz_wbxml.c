/*
 * Any bytes as an ActiveSync body, alone and as an answer in parts, whole and in pieces: what comes out must
 * be the same. And as the target of a request.
 */
#include "decode/body.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/airsync_text.h"

enum { BODY_MAX = 64 << 10 };

/* Pieces grow from one byte to seven and begin again, so that they end everywhere. */
static void give(const struct body_reader *reader, void *reading, struct slice s, bool whole)
{
	bool more = true;
	for (size_t i = 0; s.n > 0 && more; i++) {
		struct slice piece = slice_part(s, 0, whole ? s.n : i % 7 + 1);
		uint8_t *copy = malloc(piece.n);
		ensure(copy != NULL, NULL);
		memcpy(copy, piece.p, piece.n);
		more = reader->data(reading, (struct slice){ copy, piece.n });
		free(copy);
		s = slice_part(s, piece.n, s.n);
	}
}

static void read_body(const struct body_reader *reader, struct slice s, bool whole,
    struct record *out)
{
	struct limits limits = limits_default();
	struct arena *arena = arena_new(limits.txn_bytes);
	const struct body_env env = { .limits = &limits,
		.arena = arena,
		.sink = { record_anomaly, out } };
	struct body body = { 0 };
	void *reading = reader->start(&env);
	ensure(reading != NULL, NULL);
	give(reader, reading, s, whole);
	reader->end(reading, true, &body);
	ensure(body.airsync == NULL || !body.airsync->whole || body.airsync->command.n > 0, NULL);
	if (body.airsync != NULL)
		record_airsync(out, body.airsync);
	arena_free(arena);
}

static void compare(const struct body_reader *reader, struct slice s)
{
	static struct record whole, pieces;
	whole.n = pieces.n = 0;
	read_body(reader, s, true, &whole);
	read_body(reader, s, false, &pieces);
	ensure(whole.n == pieces.n && memcmp(whole.text, pieces.text, whole.n) == 0, NULL);
}

static void read_target(struct slice s)
{
	struct airsync_query q;
	struct arena *arena = arena_new(256 << 10);
	bool read = airsync_query_read(s, arena, &q);
	ensure(read == (q.command.n > 0), NULL);
	arena_free(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct slice s = { data, n };
	if (n > BODY_MAX)
		return 0;
	compare(&body_wbxml, s);
	compare(&body_wbxml_parts, s);
	read_target(s);
	return 0;
}
