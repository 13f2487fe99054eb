/*
 * test_sink_journal.c - report/sink_journal.c, read by a strict reader of the journal's native protocol.
 */
#include "tests/unit/sinkkit.h"

enum { ROOM = 1 << 20, FIELDS_MAX = 32 };

struct fields {
	size_t n;
	struct slice name[FIELDS_MAX], value[FIELDS_MAX];
};

static size_t length_read(const uint8_t *p)
{
	uint64_t n = 0;
	for (size_t i = 8; i != 0; i--)
		n = n << 8 | p[i - 1];
	return (size_t)n;
}

static void name_check(struct slice name)
{
	assert_true(name.n != 0 && name.n <= 64 && name.p[0] != '_');
	for (size_t i = 0; i < name.n; i++) {
		uint8_t c = name.p[i];
		assert_true((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_');
	}
}

static void fields_read(struct slice all, struct fields *f)
{
	f->n = 0;
	while (all.n != 0) {
		size_t equals = slice_find_byte(all, '='), end = slice_find_byte(all, '\n');
		assert_true(f->n < FIELDS_MAX && end < all.n);
		if (equals < end) {
			f->name[f->n] = slice_part(all, 0, equals);
			f->value[f->n] = slice_part(all, equals + 1, end - equals - 1);
		} else {
			assert_true(all.n - end > 9);
			size_t n = length_read(all.p + end + 1);
			assert_true(n < all.n - end - 9);
			f->name[f->n] = slice_part(all, 0, end);
			f->value[f->n] = slice_part(all, end + 9, n);
			end += 9 + n - 1 + 1;
			assert_int_equal(all.p[end], '\n');
		}
		name_check(f->name[f->n++]);
		all = slice_part(all, end + 1, SIZE_MAX);
	}
}

/* Once, and with that value; NULL: not at all. */
static void assert_field(const struct fields *f, const char *name, const char *value)
{
	unsigned seen = 0;
	for (size_t i = 0; i < f->n; i++) {
		if (!slice_is(f->name[i], name))
			continue;
		seen++;
		if (value == NULL || !slice_is(f->value[i], value))
			fail_msg("%s is \"%.*s\"", name, (int)f->value[i].n, (char *)f->value[i].p);
	}
	assert_int_equal(seen, value != NULL);
}

struct desk {
	struct spot p;
	int server;
	struct sinks *k;
	struct limits l;
	struct sink_config c;
};

static void desk_make(struct desk *o)
{
	spot_make(&o->p);
	o->server = unix_serve(o->p.path, SOCK_DGRAM);
	o->l = quick_limits();
	o->c = (struct sink_config){
		.kind = SINK_JOURNAL,
		.name = "j",
		.path = o->p.path,
		.kinds = KIND(FINDING) | KIND(TRANSACTION),
	};
	o->k = sinks_one(&o->c, &o->l, NULL);
}

static void desk_free(struct desk *o)
{
	sinks_close(o->k, 0);
	close(o->server);
	spot_remove(&o->p);
}

static void desk_read(struct desk *o, struct fields *f)
{
	static char text[ROOM];
	size_t n = datagram_read(o->server, text, sizeof text);
	fields_read((struct slice){ (uint8_t *)text, n }, f);
}

static void test_a_finding_and_another_record(void **state)
{
	(void)state;
	struct desk o;
	struct fields f;
	desk_make(&o);
	struct record r = record_finding(1, "{\"a\":1}");
	r.keys = SLICE("mailbox=anna@example.com\nhttp.request.host=mail=1");
	sinks_put(o.k, &r);
	desk_read(&o, &f);
	assert_field(&f, "MESSAGE", "Two live copies: an item is there twice");
	assert_field(&f, "PRIORITY", "3");
	assert_field(&f, "SYSLOG_IDENTIFIER", "davscope");
	assert_field(&f, "DAVSCOPE_KIND", "finding");
	assert_field(&f, "DAVSCOPE_RULE", "duplicate-live-uid");
	assert_field(&f, "DAVSCOPE_SEVERITY", "high");
	assert_field(&f, "DAVSCOPE_OUTCOME", "conclusive");
	assert_field(&f, "DAVSCOPE_ID", "f-0123456789ab");
	assert_field(&f, "DAVSCOPE_UPDATE", "2");
	assert_field(&f, "DAVSCOPE_MAILBOX", "anna@example.com");
	assert_field(&f, "DAVSCOPE_HTTP_REQUEST_HOST", "mail=1");
	assert_field(&f, "DAVSCOPE_JSON", "{\"a\":1}");
	assert_int_equal(f.n, 12);
	struct record other = record_other("{\"b\":1}");
	sinks_put(o.k, &other);
	desk_read(&o, &f);
	assert_field(&f, "MESSAGE", "transaction");
	assert_field(&f, "PRIORITY", "6");
	assert_field(&f, "DAVSCOPE_JSON", "{\"b\":1}");
	assert_field(&f, "DAVSCOPE_RULE", NULL);
	desk_free(&o);
}

/* A text that holds a field of its own stays a text; odd keys make no odd names. */
static void test_hostile_texts(void **state)
{
	(void)state;
	struct desk o;
	struct fields f;
	desk_make(&o);
	struct record r = record_finding(1, "{}");
	r.title = (struct slice){ NULL, 0 };
	r.message = SLICE("x\nPRIORITY=0\n\x1b[2J\\");
	r.keys = SLICE(
	    "mailbox=a\\x0Ab\x07\nno value\n=no name\n"
	    "a.very.long.name.of.a.key.that.goes.on.and.on.until.it.is.too.long.for.the.journal=1");
	sinks_put(o.k, &r);
	desk_read(&o, &f);
	assert_field(&f, "MESSAGE", "x\\x0aPRIORITY=0\\x0a\\x1b[2J\\\\");
	assert_field(&f, "PRIORITY", "3");
	assert_field(&f, "DAVSCOPE_MAILBOX", "a\\x0Ab\\x07");
	assert_field(&f, "DAVSCOPE_A_VERY_LONG_NAME_OF_A_KEY_THAT_GOES_ON_AND_ON_UNTIL_IT_", "1");
	assert_int_equal(f.n, 12);
	desk_free(&o);
}

static void test_too_long_goes_without_its_json(void **state)
{
	(void)state;
	static char json[1 << 20];
	struct desk o;
	struct fields f;
	desk_make(&o);
	memset(json, 'x', sizeof json - 1);
	finding_put(o.k, NULL, 1, json);
	desk_read(&o, &f);
	assert_field(&f, "DAVSCOPE_ID", "f-0123456789ab");
	assert_field(&f, "DAVSCOPE_JSON", NULL);
	/* Too long even so: counted, and the next one comes. */
	struct record r = record_finding(2, "{}");
	r.message = slice_from(json);
	sinks_put(o.k, &r);
	finding_put(o.k, NULL, 3, "{}");
	desk_read(&o, &f);
	AWAIT(counts_of(o.k).delivered[1] == 2);
	assert_int_equal(counts_of(o.k).dropped[1], 1);
	desk_free(&o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_finding_and_another_record),
		cmocka_unit_test(test_hostile_texts),
		cmocka_unit_test(test_too_long_goes_without_its_json),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
