/*
 * test_tricks.c - connections that open and close in odd ways, and sequence numbers that wrap within a message: what
 * is behind is read all the same.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/flowkit.h"

static const char get[] = "GET / HTTP/1.1\r\n\r\n";
static const char answer[] = "HTTP/1.1 204 No Content\r\n\r\n";
enum { G = sizeof(get) - 1, A = sizeof(answer) - 1, C = 101, S = 5001, FAR = 1 << 28, STEPS = 10 };
enum { CLIENT, SERVER };

struct step {
	unsigned side;
	uint32_t seq, ack;
	uint8_t flags;
	const char *text; /* NULL: the row ends here */
};

static size_t paired(const struct kit *k)
{
	size_t n = 0;
	const struct output *o;
	for (size_t i = 0; (o = kit_output(k, OUTPUT_TXN, i)) != NULL; i++)
		n += o->u.txn->unpaired == PAIRED;
	return n;
}

static void steps_send(struct kit *k, const struct step *s)
{
	for (; s->text != NULL; s++)
		kit_send(k, 0, s->side, s->seq, s->ack, s->flags, s->text);
}

/* ---- openings ---- */

#define SYN(side, seq) \
	{ \
		side, seq, 0, TCP_SYN, "" \
	}
#define SYN_ACK(side, seq, ack) \
	{ \
		side, seq, ack, TCP_SYN | TCP_ACK, "" \
	}
#define SAY(side, seq, ack, text) \
	{ \
		side, seq, ack, TCP_ACK, text \
	}
#define END \
	{ \
		0, 0, 0, 0, NULL \
	}

static const struct opening {
	const char *name;
	struct step steps[STEPS];
	size_t paired, unpaired, flows;
} openings[] = {
	{ "data without an acknowledgement before",
	    { SYN(CLIENT, C - 1), SYN_ACK(SERVER, S - 1, C), SAY(CLIENT, C, S, get),
		SAY(SERVER, S, C + G, answer), END },
	    1, 0, 1 },
	{ "data before the answer to the SYN",
	    { SYN(CLIENT, C - 1), SAY(CLIENT, C, S, get), SYN_ACK(SERVER, S - 1, C),
		SAY(SERVER, S, C + G, answer), END },
	    1, 0, 1 },
	{ "data in the SYN",
	    { { CLIENT, C - 1, 0, TCP_SYN, get }, SYN_ACK(SERVER, S - 1, C + G),
		SAY(SERVER, S, C + G, answer), END },
	    1, 0, 1 },
	{ "data in the SYN that is not taken, and comes again",
	    { { CLIENT, C - 1, 0, TCP_SYN, get }, SYN_ACK(SERVER, S - 1, C), SAY(CLIENT, C, S, get),
		SAY(SERVER, S, C + G, answer), END },
	    1, 0, 1 },
	{ "no answer to the SYN",
	    { SYN(CLIENT, C - 1), SAY(CLIENT, C, S, get), SAY(SERVER, S, C + G, answer), END }, 1,
	    0, 1 },
	{ "no SYN",
	    { SYN_ACK(SERVER, S - 1, C), SAY(CLIENT, C, S, get), SAY(SERVER, S, C + G, answer),
		END },
	    1, 0, 1 },
	{ "no handshake", { SAY(CLIENT, C, S, get), SAY(SERVER, S, C + G, answer), END }, 1, 0, 1 },
	{ "the client alone",
	    { SYN(CLIENT, C - 1), SAY(CLIENT, C, S, get), SAY(CLIENT, C + G, S + A, get), END }, 0,
	    2, 1 },
	{ "the server alone",
	    { SYN_ACK(SERVER, S - 1, C), SAY(SERVER, S, C + G, answer),
		SAY(SERVER, S + A, C + 2 * G, answer), END },
	    0, 2, 1 },
	{ "the ports used again behind a close",
	    { SYN(CLIENT, C - 1), SYN_ACK(SERVER, S - 1, C), SAY(CLIENT, C, S, get),
		SAY(SERVER, S, C + G, answer), { CLIENT, C + G, S + A, TCP_FIN | TCP_ACK, "" },
		{ SERVER, S + A, C + G + 1, TCP_FIN | TCP_ACK, "" }, SYN(CLIENT, C + 999),
		SAY(CLIENT, C + 1000, S, get), SAY(SERVER, S, C + 1000 + G, answer), END },
	    2, 0, 2 },
	{ "the ports used again without a close",
	    { SYN(CLIENT, C - 1), SYN_ACK(SERVER, S - 1, C), SAY(CLIENT, C, S, get),
		SAY(SERVER, S, C + G, answer), SYN(CLIENT, C + FAR),
		SYN_ACK(SERVER, S + FAR, C + FAR + 1), SAY(CLIENT, C + FAR + 1, S + FAR + 1, get),
		SAY(SERVER, S + FAR + 1, C + FAR + 1 + G, answer), END },
	    2, 0, 2 },
	{ "both open at once (RFC 9293 3.5)",
	    { SYN(CLIENT, C - 1), SYN(SERVER, S - 1), SYN_ACK(CLIENT, C - 1, S),
		SYN_ACK(SERVER, S - 1, C), SAY(CLIENT, C, S, get), SAY(SERVER, S, C + G, answer),
		END },
	    1, 0, 1 },
};

static void openings_are_read(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof(openings) / sizeof(openings[0]); i++) {
		const struct opening *o = &openings[i];
		struct kit k;
		kit_open(&k);
		steps_send(&k, o->steps);
		kit_finish(&k);
		if (paired(&k) != o->paired ||
		    kit_count(&k, OUTPUT_TXN) != o->paired + o->unpaired ||
		    kit_count(&k, OUTPUT_FLOW) != o->flows)
			fail_msg("%s: %zu of %zu paired, %zu flows", o->name, paired(&k),
			    kit_count(&k, OUTPUT_TXN), kit_count(&k, OUTPUT_FLOW));
		assert_int_equal(kit_anomalies(&k, TCP_CONFLICT), 0);
		kit_close(&k);
	}
}

/* ---- ends that are none ---- */

/* Sent by a side at its place, or so far from it; the connection goes on. */
static const struct false_end {
	uint8_t flags;
	int32_t ahead;
	enum anomaly_code says; /* ANOMALY_CODES: nothing */
} false_ends[] = {
	{ TCP_RST, FAR, TCP_RST_IGNORED },
	{ TCP_RST, -FAR, TCP_RST_IGNORED },
	{ TCP_RST | TCP_ACK, FAR, TCP_RST_IGNORED },
	{ TCP_RST, 0, TCP_DATA_AFTER_RST },
	{ TCP_RST | TCP_ACK, 0, TCP_DATA_AFTER_RST },
	{ TCP_RST, 1000, TCP_DATA_AFTER_RST },
	{ TCP_FIN | TCP_ACK, 0, TCP_DATA_AFTER_FIN },
	{ TCP_FIN | TCP_ACK, FAR, TCP_OUT_OF_WINDOW },
	{ TCP_FIN | TCP_ACK, -9, TCP_OUT_OF_WINDOW },
};

static void ends_that_are_none(void **unused)
{
	(void)unused;
	const size_t n = sizeof(false_ends) / sizeof(false_ends[0]);
	for (size_t i = 0; i < 4 * n; i++) {
		const struct false_end *end = &false_ends[i / 4];
		unsigned side = i % 2, late = i / 2 % 2;
		struct kit k;
		kit_open(&k);
		const struct step before[] = { SYN(CLIENT, C - 1), SYN_ACK(SERVER, S - 1, C),
			SAY(CLIENT, C, S, get), SAY(SERVER, S, C + G, answer), END };
		const struct step after[] = { SAY(CLIENT, C + G, S + A, get),
			SAY(SERVER, S + A, C + 2 * G, answer),
			SAY(CLIENT, C + 2 * G, S + 2 * A, get),
			SAY(SERVER, S + 2 * A, C + 3 * G, answer), END };
		steps_send(&k, before);
		/* Late: behind the second request, whose answer is to come. */
		if (late)
			kit_send(&k, 0, CLIENT, C + G, S + A, TCP_ACK, get);
		uint32_t place = side == CLIENT ? C + G + late * G : S + A;
		uint32_t acked = side == CLIENT ? S + A : C + G + late * G;
		kit_send(&k, 0, side, place + (uint32_t)end->ahead, acked, end->flags, "");
		steps_send(&k, after + late);
		kit_finish(&k);
		/* A FIN of the server at its place ends the answer that was to come, and no later one. */
		bool ends = late && side == SERVER && (end->flags & TCP_FIN) && end->ahead == 0;
		if (paired(&k) != (ends ? 2 : 3) || kit_anomalies(&k, end->says) == 0)
			fail_msg(
			    "row %zu: flags %x, %d ahead, side %u, late %u: %zu paired, %zu said",
			    i / 4, end->flags, end->ahead, side, late, paired(&k),
			    kit_anomalies(&k, end->says));
		kit_close(&k);
	}
}

/* One side is done, the other goes on. */
static void half_closed(void **unused)
{
	(void)unused;
	struct kit k;
	kit_open(&k);
	const struct step steps[] = { SYN(CLIENT, C - 1), SYN_ACK(SERVER, S - 1, C),
		{ CLIENT, C, S, TCP_FIN | TCP_ACK, get },
		SAY(SERVER, S, C + G + 1, "HTTP/1.1 200 OK\r\n"),
		SAY(SERVER, S + 17, C + G + 1, "\r\nto the end"),
		{ CLIENT, C + G + 1, S + 19, TCP_ACK, "" },
		{ SERVER, S + 29, C + G + 1, TCP_FIN | TCP_ACK, "" }, END };
	steps_send(&k, steps);
	kit_finish(&k);
	assert_int_equal(paired(&k), 1);
	assert_int_equal(kit_output(&k, OUTPUT_TXN, 0)->u.txn->res.body.bytes, 10);
	assert_true(message_complete(&kit_output(&k, OUTPUT_TXN, 0)->u.txn->res));
	kit_close(&k);
}

/* ---- numbers that wrap within head, body and chunk line ---- */

static void wrapping_anywhere_in_messages(void **unused)
{
	(void)unused;
	static const char put[] = "PUT /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
				  "10\r\n0123456789abcdef\r\n2;x=y\r\n01\r\n0\r\n\r\n";
	static const char created[] =
	    "HTTP/1.1 201 Created\r\nETag: \"1\"\r\nContent-Length: 4\r\n\r\nbody";
	const uint32_t n = sizeof(put) - 1, m = sizeof(created) - 1;
	for (uint32_t back = 0; back < 256; back++) {
		uint32_t c = 0 - back, s = 0 - back / 2;
		struct kit k;
		kit_open(&k);
		kit_send(&k, 0, CLIENT, c - 1, 0, TCP_SYN, "");
		kit_send(&k, 0, SERVER, s - 1, c, TCP_SYN | TCP_ACK, "");
		char part[2] = "";
		for (uint32_t i = 0; i < n; i++) {
			part[0] = put[i];
			kit_send(&k, 0, CLIENT, c + i, s, TCP_ACK, part);
		}
		kit_send(&k, 0, SERVER, s, c + n, TCP_ACK, created);
		kit_finish(&k);
		assert_int_equal(paired(&k), 1);
		const struct txn *t = kit_output(&k, OUTPUT_TXN, 0)->u.txn;
		assert_true(message_complete(&t->req) && message_complete(&t->res));
		assert_int_equal(t->req.body.bytes, 18);
		assert_int_equal(t->res.to, m);
		kit_close(&k);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(openings_are_read),
		cmocka_unit_test(ends_that_are_none),
		cmocka_unit_test(half_closed),
		cmocka_unit_test(wrapping_anywhere_in_messages),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
