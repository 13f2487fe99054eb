/*
 * Any bytes as an XML document (decode/xml.h), whole, byte by byte and in random pieces: the same elements up to
 * the end of the last whole one, the same anomalies, the same verdict. Elements are closed as often as opened
 * in a document that is whole, never more often, and what the limits say holds. The first byte picks limits.
 */
#include "decode/xml.h"
#include "tests/fuzz/fuzz.h"
#include "tests/tool/bytes.h"
#include "tests/unit/body_run.h"

enum { BODY_MAX = 64 << 10, BUDGET = 4 << 20 };

struct result {
	const struct limits *limits;
	struct bytes log;
	size_t sure; /* of the log: up to the end of an element */
	size_t depth, elements;
	uint64_t anomalies; /* a bit each */
	bool over; /* no call may follow */
	bool whole;
	struct xml *xml;
};

static void log_slice(struct bytes *log, char mark, struct slice s)
{
	bytes_u8(log, (uint8_t)mark);
	bytes_slice(log, s);
}

static bool on_start(void *ctx, const struct xml_element *e)
{
	struct result *r = ctx;
	ensure(!r->over && ++r->depth <= r->limits->xml_depth, NULL);
	ensure(e->n_attributes <= r->limits->xml_attributes && e->name.local.n != 0, NULL);
	log_slice(&r->log, '<', e->name.ns);
	log_slice(&r->log, '|', e->name.local);
	for (size_t i = 0; i < e->n_bindings; i++)
		log_slice(&r->log, '=', xml_binding(e, i));
	log_slice(&r->log, '@', xml_attribute(e, "name"));
	r->elements++;
	return true;
}

static bool on_text(void *ctx, struct slice s)
{
	struct result *r = ctx;
	ensure(!r->over && r->depth != 0, NULL);
	bytes_slice(&r->log, s);
	return true;
}

static bool on_end(void *ctx)
{
	struct result *r = ctx;
	ensure(!r->over && r->depth-- != 0, NULL);
	log_slice(&r->log, '>', (struct slice){ 0 });
	r->sure = r->log.n;
	return true;
}

static void on_anomaly(void *ctx, enum anomaly_code code, uint64_t value)
{
	struct result *r = ctx;
	(void)value;
	r->anomalies |= UINT64_C(1) << code;
}

static void give(void *ctx, struct slice s)
{
	struct result *r = ctx;
	r->over = !xml_data(r->xml, s) || r->over;
}

static struct result run(struct slice in, int way, const struct limits *limits)
{
	static struct feeder feeder;
	struct result r = { .limits = limits };
	struct arena *arena = arena_new(BUDGET);
	const struct xml_events events = { on_start, on_text, on_end, &r };
	if (feeder.room == 0) {
		feeder = feeder_new(BODY_MAX);
		xml_setup();
	}
	r.xml = xml_new(limits, arena, events, (struct content_sink){ on_anomaly, &r });
	ensure(r.xml != NULL, NULL);
	feed(&feeder, way, in, give, &r);
	r.whole = xml_end(r.xml, true);
	ensure(!r.whole || (r.depth == 0 && r.elements != 0 && r.sure == r.log.n), NULL);
	arena_free(arena);
	return r;
}

static struct limits limits_small(void)
{
	struct limits l = limits_default();
	l.xml_bytes = 4096;
	l.xml_token = 512;
	l.xml_depth = 6;
	l.xml_namespaces = l.xml_attributes = 4;
	l.xml_text = 200;
	return l;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	if (n < 1 || n > BODY_MAX)
		return 0;
	struct limits limits = (data[0] & 1) != 0 ? limits_small() : limits_default();
	struct slice in = { data + 1, n - 1 };
	struct result whole = run(in, WHOLE, &limits);
	for (int way = BYTES; way <= FIRST_SEED + 1; way++) {
		struct result r = run(in, way, &limits);
		ensure(r.whole == whole.whole && r.anomalies == whole.anomalies, NULL);
		ensure(r.sure == whole.sure, NULL);
		ensure(r.sure == 0 || memcmp(r.log.p, whole.log.p, r.sure) == 0, NULL);
		bytes_free(&r.log);
	}
	bytes_free(&whole.log);
	return 0;
}
