/*
 * test_limits.c - limits by name, and defaults that fit the machine and each other.
 */
#include "base/base.h"
#include "decode/flow.h"
#include "decode/http.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

static void assert_says(const struct error *e, const char *part)
{
	if (strstr(e->text, part) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", e->text, part);
}

static void test_defaults_agree_and_fit(void **state)
{
	(void)state;
	struct error e = { "" };
	struct limits l = limits_default();
	if (!limits_check(&l, &e))
		fail_msg("%s", e.text);
	enum { FLOW = sizeof(struct tcp_flow) + sizeof(struct http) + 48, ROUNDS = 5 << 20 };
	/* The parts that can be full at once. */
	uint64_t decoder = l.frag_bytes + l.frag_datagrams * 256 + l.reassembly_bytes +
	    l.history_bytes + l.flows * FLOW + l.txn_total + l.undelivered + l.credentials * 96 +
	    l.copy_packets * 96 + l.copy_networks * 96 + ROUNDS;
	uint64_t analysis = l.rule_state + l.rule_memory + l.profile_memory + l.store_bytes +
	    l.scopes * 256 + l.sessions * 6144 + l.session_rows * 80 + l.session_notes * 256 +
	    l.servers * 2304 + (80 << 10) + l.lifelines * 4352 + (2 << 20);
	uint64_t file = l.file_block + l.unpack_window;
	assert_true(decoder + analysis + file + l.packet_keep <= UINT64_C(1) << 30);
	/* Live there are no files; rules are replaced while they are in use, and records are on their way to the keeper. */
	uint64_t live = l.rule_memory + l.unsent_records + l.untaken_findings + l.unsaved_state +
	    2 * l.config_memory;
	assert_true(decoder + analysis + live <= UINT64_C(1) << 30);
	/* Queues of sinks are in the keeper, which is a process of its own with nothing of the above in it. */
	assert_true(8 * l.sink_bytes <= UINT64_C(128) << 20);
	/*
	 * scrub decodes and no more: no items, sessions, rules or profiles, no packets kept. A body is held as often
	 * as it is encoded within itself.
	 */
	uint64_t scrub = l.scrub_held + 4 * l.scrub_body + l.scrub_index + l.scrub_marks * 40;
	assert_true(decoder + file + scrub <= UINT64_C(1) << 30);
}

static void test_table_matches_struct(void **state)
{
	(void)state;
	size_t n = 0;
	const struct limit_info *info = limits_table(&n);
	assert_int_equal(n * sizeof(uint64_t), sizeof(struct limits));
	for (size_t i = 0; i < n; i++) {
		char text[64];
		struct error e;
		struct limits l = limits_default(), before = l;
		snprintf(text, sizeof(text), "%s=%llu", info[i].name,
		    (unsigned long long)info[i].value);
		assert_true(limits_set(&l, text, &e));
		assert_memory_equal(&l, &before, sizeof(l));
		assert_true(strlen(info[i].name) < 32);
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(info[i].name, info[k].name);
	}
}

static void test_suffixes(void **state)
{
	(void)state;
	struct limits l = limits_default();
	struct error e;
	assert_true(limits_set(&l, "ooo_bytes=512K", &e));
	assert_int_equal(l.ooo_bytes, 512 * 1024);
	assert_true(limits_set(&l, "ooo_bytes=3m", &e));
	assert_int_equal(l.ooo_bytes, 3 << 20);
	assert_true(limits_set(&l, "txn_total=2G", &e));
	assert_true(l.txn_total == UINT64_C(2) << 30);
	assert_true(limits_set(&l, "history_bytes=0", &e));
	assert_int_equal(l.history_bytes, 0);
}

static void test_refusals_name_the_limit(void **state)
{
	(void)state;
	static const struct {
		const char *text, *says;
	} cases[] = {
		{ "flows", "name=value" },
		{ "flows=", "flows" },
		{ "flows=K", "flows" },
		{ "flows=12x", "flows" },
		{ "flows=-1", "flows" },
		{ "flows= 1", "flows" },
		{ "frag_bytes=18446744073709551615", "frag_bytes" },
		{ "frag_bytes=17179869185G", "frag_bytes" },
		{ "gap_seconds=9223372036854775807", "gap_seconds" },
		{ "flwos=1", "did you mean \"flows\"" },
		{ "flow_idle_second=1", "did you mean \"flow_idle_seconds\"" },
		{ "Flows=1", "did you mean \"flows\"" },
		{ "=1", "no limit" },
		{ "zzzzzzzz=1", "no limit \"zzzzzzzz\"" },
		{ "a_name_that_is_longer_than_any_limit_has=1", "no limit" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct error e = { "" };
		struct limits l = limits_default(), before = l;
		assert_false(limits_set(&l, cases[i].text, &e));
		assert_says(&e, cases[i].says);
		assert_memory_equal(&l, &before, sizeof(l));
	}
}

static void test_contradictions(void **state)
{
	(void)state;
	static const struct {
		const char *set, *says;
	} cases[] = {
		{ "flows=0", "flows" },
		{ "flows=63", "flows" },
		{ "layers=0", "layers" },
		{ "frag_datagrams=0", "frag_datagrams" },
		{ "target=128K", "target" },
		{ "ooo_bytes=2M", "ooo_bytes" },
		{ "txn_bytes=9M", "txn_bytes" },
		{ "txn_total=1M", "txn_bytes" },
		{ "header_bytes=8K", "header_bytes" },
		{ "scrub_held=1M", "scrub_body" },
		{ "snaplen=32M", "file_block" },
		{ "frag_pieces=32M", "frag_bytes" },
		{ "reassembly_bytes=8M", "1/64 of reassembly_bytes" },
		{ "tcp_window=128K", "ooo_bytes" },
		{ "method=32K", "target" },
		{ "header_value=128K", "header_bytes" },
		{ "headers=128K", "header_bytes" },
		{ "header_bytes=8M", "txn_bytes" },
		{ "prop_value=2M", "xml_text" },
		{ "xml_token=32M", "xml_bytes" },
		{ "ical_line=8M", "txn_bytes" },
		{ "gap_seconds=60", "doubt_seconds" },
		{ "scrub_body=128M", "1/2 of scrub_held" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct error e = { "" };
		struct limits l = limits_default();
		assert_true(limits_set(&l, cases[i].set, &e));
		assert_false(limits_check(&l, &e));
		assert_says(&e, cases[i].says);
	}
	struct error e;
	struct limits l = limits_default();
	assert_true(limits_set(&l, "prop_value=0", &e) && limits_set(&l, "packet_keep=0", &e));
	assert_true(limits_set(&l, "gap_seconds=0", &e) && limits_check(&l, &e));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults_agree_and_fit),
		cmocka_unit_test(test_table_matches_struct),
		cmocka_unit_test(test_suffixes),
		cmocka_unit_test(test_refusals_name_the_limit),
		cmocka_unit_test(test_contradictions),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
