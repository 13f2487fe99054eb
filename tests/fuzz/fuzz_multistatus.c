/*
 * Any bytes as the XML body of a WebDAV request or answer, from a 207 to its items (decode/dav.h): whole, byte by
 * byte and in random pieces the same, within the limits, in bounded memory. The first byte picks limits, whether
 * only the root is asked for, and whether the body was cut off.
 */
#include "decode/body.h"
#include "decode/xml.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/body_run.h"

enum { BODY_MAX = 64 << 10, BUDGET = 4 << 20 };
enum { SMALL_LIMITS = 1, ROOT_ONLY = 2, CUT_OFF = 4 };

static void give(void *ctx, struct slice s)
{
	(void)body_xml.data(ctx, s);
}

static void check_props(const struct dav_prop *props, size_t n, const struct limits *l)
{
	for (size_t i = 0; i < n; i++) {
		ensure(props[i].name.local.n != 0 && props[i].status <= 999, NULL);
		ensure(props[i].value.n <= l->prop_value, NULL);
	}
}

static void check_dav(const struct dav *d, const struct limits *l, uint8_t how)
{
	ensure(d->n_responses <= l->items && d->n_responses <= d->responses_seen, NULL);
	ensure(d->n_namespaces <= l->xml_namespaces, NULL);
	ensure(!d->whole || (how & (ROOT_ONLY | CUT_OFF)) == 0, NULL);
	ensure((how & ROOT_ONLY) == 0 || (d->n_responses == 0 && d->n_props == 0), NULL);
	check_props(d->props, d->n_props, l);
	for (size_t i = 0; i < d->n_responses; i++) {
		ensure(d->responses[i].status <= 999, NULL);
		check_props(d->responses[i].props, d->responses[i].n_props, l);
	}
}

static void run(struct slice in, int way, const struct limits *limits, uint8_t how,
    struct record *out)
{
	static struct feeder feeder;
	struct arena *arena = arena_new(BUDGET);
	struct body body = { 0 };
	const struct body_env env = { .limits = limits,
		.arena = arena,
		.sink = { record_anomaly, out },
		.root_only = (how & ROOT_ONLY) != 0 };
	if (feeder.room == 0) {
		feeder = feeder_new(BODY_MAX);
		xml_setup();
	}
	out->n = 0;
	out->text[0] = '\0';
	void *reading = body_xml.start(&env);
	ensure(reading != NULL, NULL);
	feed(&feeder, way, in, give, reading);
	body_xml.end(reading, (how & CUT_OFF) == 0, &body);
	if (body.dav != NULL) {
		check_dav(body.dav, limits, how);
		record_dav(out, body.dav);
	}
	arena_free(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct record whole, pieces;
	struct limits limits = limits_default();
	if (n < 1 || n > BODY_MAX)
		return 0;
	if ((data[0] & SMALL_LIMITS) != 0) {
		limits.items = 3;
		limits.prop_value = 16;
		limits.xml_text = 400;
		limits.xml_depth = 8;
		limits.ical_props = 8;
		limits.ical_line = 80;
	}
	struct slice in = { data + 1, n - 1 };
	run(in, WHOLE, &limits, data[0], &whole);
	for (int way = BYTES; way <= FIRST_SEED; way++) {
		run(in, way, &limits, data[0], &pieces);
		ensure(whole.n == pieces.n && memcmp(whole.text, pieces.text, whole.n) == 0, NULL);
	}
	return 0;
}
