/*
 * test_fields_finding.c - rules/fields_finding.c, fields_evidence.c, fields_stats.c.
 */
#include "tests/unit/fieldkit.h"

static void findings(void **state)
{
	struct found f;
	struct value v;
	struct slice name;
	struct field_ref ref;
	struct error e;
	(void)state;
	found_init(&f);
	assert_found(&f, "event.kind", 0, 0, "alert");
	assert_found(&f, "event.outcome", 0, 0, "conclusive");
	assert_int_equal(found_read(&f, "finding.reason", 0, 0, &v), ABSENT);
	assert_int_equal(found_number(&f, "event.severity"), 3);
	f.finding.severity = SEVERITY_INFO;
	assert_int_equal(found_number(&f, "event.severity"), 6);
	f.finding.severity = SEVERITY_CRITICAL;
	assert_int_equal(found_number(&f, "event.severity"), 2);
	f.finding.outcome = INCONCLUSIVE_LOSS;
	assert_found(&f, "event.outcome", 0, 0, "inconclusive");
	assert_found(&f, "finding.reason", 0, 0, "loss");
	assert_found(&f, "rule.version", 0, 0, "3");
	assert_found(&f, "rule.tags", 0, 1, "d02");
	assert_int_equal(found_read(&f, "rule.tags", 0, 2, &v), ABSENT);
	/* Only references that have an address. */
	assert_found(&f, "rule.reference", 0, 0, "http://x/1");
	assert_found(&f, "rule.reference", 0, 1, "http://x/2");
	assert_int_equal(found_read(&f, "rule.reference", 0, 2, &v), ABSENT);
	assert_int_equal(found_read(&f, "rule.code", 0, 0, &v), ABSENT);
	assert_int_equal(found_read(&f, "finding.remedy", 0, 0, &v), ABSENT);
	assert_int_equal(found_read(&f, "finding.update", 0, 0, &v), ABSENT);
	f.finding.update = 2;
	assert_int_equal(found_number(&f, "finding.update"), 2);
	assert_found(&f, "finding.steps.id", 1, 0, "t-9-1");
	assert_int_equal(found_read(&f, "finding.steps.id", 2, 0, &v), ABSENT);
	/* Keys are told apart by case, as rules name them. */
	assert_found(&f, "finding.key[\"Mailbox\"]", 0, 0, "bert");
	assert_int_equal(found_read(&f, "finding.key[\"Mailbox\"]", 0, 1, &v), ABSENT);
	assert_int_equal(found_read(&f, "finding.key[\"MAILBOX\"]", 0, 0, &v), ABSENT);
	assert_found(&f, "finding.key", 0, 1, "bert");
	assert_int_equal(found_read(&f, "finding.key", 0, 2, &v), ABSENT);
	assert_true(field_find("finding.key", &ref, &e));
	assert_true(field_entry(ref.field, &f.event, 0, &name, &v));
	assert_true(slice_is(name, "mailbox") && slice_is(v.text, "anna"));
	assert_false(field_entry(ref.field, &f.event, 2, &name, &v));
	f.event.kind = EVENT_LOSS;
	assert_false(field_entry(ref.field, &f.event, 0, &name, &v));
	assert_int_equal(found_read(&f, "finding.key", 0, 0, &v), ABSENT);
}

enum { MANY_PACKETS = 100000 };

/* All of them in the order they are in; the time must not grow with the square of their number. */
static void assert_evidence(const struct found *f, size_t runs)
{
	struct field_ref group, frames, input;
	struct error e;
	struct value v = { 0 };
	bool complete;
	size_t i = 0;
	assert_true(field_find("evidence", &group, &e) &&
	    field_find("evidence.frames", &frames, &e) && field_find("evidence.input", &input, &e));
	assert_int_equal(field_elements(group.field, &f->event, &complete), runs);
	assert_true(complete);
	for (size_t run = 0; run < runs; run++) {
		size_t n = 0;
		assert_int_equal(field_read(&input, &f->event, run, 0, &v), PRESENT);
		assert_ptr_equal(v.text.p, f->event.input_names[f->finding.evidence[i].input]);
		for (; field_read(&frames, &f->event, run, n, &v) == PRESENT; n++, i++)
			assert_int_equal(v.number, f->finding.evidence[i].frame);
		assert_true(n != 0);
		assert_int_equal(field_read(&frames, &f->event, run, n + 1, &v), ABSENT);
	}
	assert_int_equal(i, f->finding.n_evidence);
	assert_int_equal(field_read(&frames, &f->event, runs, 0, &v), ABSENT);
	assert_int_equal(field_read(&input, &f->event, runs, 0, &v), ABSENT);
}

static void evidence_of_findings(void **state)
{
	struct stamp *packets = calloc(MANY_PACKETS, sizeof *packets);
	size_t *runs = calloc(MANY_PACKETS, sizeof *runs), n_runs = 0;
	struct found f;
	(void)state;
	assert_true(packets != NULL && runs != NULL);
	found_init(&f);
	assert_evidence(&f, 0);
	for (size_t i = 0; i < MANY_PACKETS; i++)
		packets[i] = (struct stamp){ .order = i + 1, .frame = 2 * i + 1 };
	f.finding.evidence = packets;
	f.finding.n_evidence = MANY_PACKETS;
	f.finding.runs = runs;
	f.finding.n_runs = 1;
	assert_evidence(&f, 1);

	/* Two inputs in turn, a few packets each time; with the index and, for few, without. */
	for (size_t i = 0; i < MANY_PACKETS; i++) {
		packets[i].input = i / 3 % 2;
		if (i % 3 == 0)
			runs[n_runs++] = i;
	}
	f.finding.n_runs = n_runs;
	assert_evidence(&f, n_runs);
	f.finding.runs = NULL;
	for (f.finding.n_evidence = 1; f.finding.n_evidence < 10; f.finding.n_evidence++)
		assert_evidence(&f, (f.finding.n_evidence + 2) / 3);
	free(packets);
	free(runs);
}

/* ---- the end of the run ---- */

static void stats_fields(void **state)
{
	struct summary summary = { .gaps = 3, .gap_bytes = UINT64_MAX };
	struct run_end end = { .dropped = 7 };
	struct scene s;
	(void)state;
	scene_init(&s, "PUT", 201);
	s.event.kind = EVENT_STATS;
	s.event.summary = &summary;
	s.event.run_end = &end;
	assert_int_equal(number_of(&s, "stats.packets.dropped"), 7);
	assert_int_equal(number_of(&s, "stats.loss.gaps"), 3);
	assert_int_equal(number_of(&s, "stats.loss.gap_bytes"), INT64_MAX);
	assert_int_equal(number_of(&s, "stats.evidence.complete"), 0);
	assert_int_equal(seen_of(&s, "http.request.method"), ABSENT);
	end.dropped = summary.gaps = 0;
	assert_int_equal(number_of(&s, "stats.evidence.complete"), 1);
	/* Bytes of a body that are missing count, an answer that never was does not. */
	summary.unpaired_requests = summary.unpaired[UNPAIRED_CLOSED] = 1;
	assert_int_equal(number_of(&s, "stats.evidence.complete"), 1);
	summary.unpaired_requests = 2;
	assert_int_equal(number_of(&s, "stats.evidence.complete"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(findings),
		cmocka_unit_test(evidence_of_findings),
		cmocka_unit_test(stats_fields),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
