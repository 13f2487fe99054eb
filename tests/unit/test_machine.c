/*
 * test_machine.c - analysis/machine.c: every row of the table by itself, and the table as a whole.
 */
#include "analysis/machine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { ALL_FACTS = (1 << FACTS) - 1 };

static bool is_among(const struct machine_row *row, const struct machine_moment *s,
    const struct vector *v)
{
	const struct machine_row *rows[STEP_ROWS];
	size_t n = machine_step(s, v, rows);
	for (size_t i = 0; i < n; i++)
		if (rows[i] == row)
			return true;
	return false;
}

/* One row, in one of its states, at one of its events: with and without all that it asks for. */
static void row_walk(const struct machine_row *row, const struct machine_moment *s)
{
	struct vector any = vector_any(), others = any;
	struct machine_moment open = { s->state, s->event, 0, 0 };
	assert_true(is_among(row, s, &any));
	assert_true(is_among(row, &open, &any)); /* not observed: it may apply */
	for (unsigned f = 0; f < FACTS; f++) {
		struct machine_moment other = *s;
		other.yes ^= BIT(f);
		other.no ^= BIT(f);
		assert_int_equal(is_among(row, &other, &any), !((row->yes | row->no) & BIT(f)));
	}
	others.set[row->policy] = (uint8_t)(any.set[row->policy] & ~row->values);
	assert_int_equal(is_among(row, s, &others), row->policy == POLICY_ANY);
	for (unsigned v = 0; v < VALUES_MAX; v++) {
		struct vector one = any;
		one.set[row->policy] = (uint8_t)BIT(v);
		if (row->values & BIT(v))
			assert_true(is_among(row, s, &one));
	}
}

static void test_every_row(void **state)
{
	(void)state;
	size_t n, walked = 0;
	const struct machine_row *table = machine_table(&n);
	for (size_t i = 0; i < n; i++) {
		const struct machine_row *row = &table[i];
		struct machine_moment s = { .yes = row->yes, .no = ALL_FACTS & ~row->yes };
		size_t before = walked;
		for (unsigned at = 0; at < STATES; at++) {
			for (unsigned e = 0; e < MACHINE_EVENTS; e++) {
				s.state = (enum machine_state)at;
				s.event = (enum machine_event)e;
				bool here = row->from >> at & 1 && row->events >> e & 1;
				struct vector any = vector_any();
				if (here)
					row_walk(row, &s);
				else
					assert_false(is_among(row, &s, &any));
				walked += here;
			}
		}
		assert_true(walked > before);
	}
	print_message("%zu rows, %zu times a row in a state at an event\n", n, walked);
}

static void test_rows_are_sound(void **state)
{
	(void)state;
	size_t n;
	const struct machine_row *table = machine_table(&n);
	struct vector any = vector_any();
	for (size_t i = 0; i < n; i++) {
		const struct machine_row *row = &table[i];
		assert_int_equal(row->yes & row->no, 0);
		assert_int_equal(row->policy == POLICY_ANY, row->values == 0);
		assert_int_equal(row->values & ~any.set[row->policy], 0);
		assert_int_equal(policies_table[row->policy].side, SIDE_CLIENT);
		for (unsigned at = 0; at < STATES; at++)
			if (row->from >> at & 1)
				assert_int_equal(state_layer((enum machine_state)at),
				    row_layer(row));
		if (row->to < STATES)
			assert_int_equal(state_layer(row->to), row_layer(row));
		assert_int_equal(row_next(row, STATE_FORK),
		    row->to == STATE_SAME ? STATE_FORK : row->to);
	}
}

/* The numbers of the machine: 1 to 44 and s1 to s15, none without a row. */
static void test_rows_are_all_there(void **state)
{
	(void)state;
	size_t n;
	const struct machine_row *table = machine_table(&n);
	for (unsigned number = 1; number <= 44 + 15; number++) {
		char name[8];
		size_t found = 0;
		snprintf(name, sizeof name, number <= 44 ? "%u" : "s%u",
		    number <= 44 ? number : number - 44);
		for (size_t i = 0; i < n; i++)
			found += strcmp(table[i].name, name) == 0 && !row_completes(&table[i]);
		if (found == 0)
			fail_msg("row %s is missing", name);
	}
}

/* No state without a way in and a way out. */
static void test_states_are_connected(void **state)
{
	(void)state;
	size_t n;
	const struct machine_row *table = machine_table(&n);
	for (unsigned at = 0; at < STATES; at++) {
		bool in = at == STATE_TOP || at == STATE_S_TOP, out = false;
		for (size_t i = 0; i < n; i++) {
			in = in || (table[i].to == at && table[i].from != BIT(at));
			out = out ||
			    (table[i].from >> at & 1 && table[i].to < STATES && table[i].to != at);
		}
		if (!in || !out)
			fail_msg("%s has no way %s", machine_states[at].word, in ? "out" : "in");
	}
}

/* An event that is sure, a client that is sure: one next state, unless the user is asked. */
static void test_sure_clients_are_sure(void **state)
{
	(void)state;
	uint64_t seed = 923164;
	for (unsigned round = 0; round < 200000; round++) {
		struct vector v = { .set = { 0 } };
		const struct machine_row *rows[STEP_ROWS];
		seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
		uint32_t facts = (uint32_t)(seed >> 33) & ALL_FACTS;
		struct machine_moment s = { (enum machine_state)(seed >> 20 & 1023) % STATES,
			(enum machine_event)(round % MACHINE_EVENTS), facts, ALL_FACTS & ~facts };
		for (unsigned p = 1; p < POLICIES; p++)
			v.set[p] = (uint8_t)BIT((seed >> p) % policy_values((enum policy)p));
		size_t n = machine_step(&s, &v, rows);
		if (v.set[POLICY_P8] == P8_ASK)
			continue;
		for (size_t i = 1; i < n; i++) {
			if (row_next(rows[0], s.state) != row_next(rows[i], s.state))
				fail_msg("rows %s and %s in %s at %s", rows[0]->name, rows[i]->name,
				    machine_states[s.state].word, machine_events[s.event].word);
		}
	}
}

/* When nothing is known the most rows apply: they have room. */
static void test_rows_have_room(void **state)
{
	(void)state;
	struct vector any = vector_any();
	size_t most = 0;
	for (unsigned at = 0; at < STATES; at++) {
		for (unsigned e = 0; e < MACHINE_EVENTS; e++) {
			const struct machine_row *rows[STEP_ROWS];
			struct machine_moment s = { (enum machine_state)at, (enum machine_event)e,
				0, 0 };
			size_t n = machine_step(&s, &any, rows);
			most = n > most ? n : most;
		}
	}
	assert_true(most > 1 && most <= STEP_ROWS);
}

static void words_differ(const struct machine_word *words, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		assert_non_null(words[i].word);
		assert_true(words[i].text[0] != '\0');
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(words[i].word, words[k].word);
	}
}

static void test_words(void **state)
{
	(void)state;
	words_differ(machine_states, STATES);
	words_differ(machine_events, MACHINE_EVENTS);
	words_differ(machine_facts, FACTS);
	words_differ(machine_effects, EFFECTS);
	for (unsigned p = 1; p < POLICIES; p++) {
		unsigned n = policy_values((enum policy)p);
		assert_true(n > 1 && n < VALUES_MAX);
		words_differ(policies_table[p].values, n);
		for (unsigned v = n; v < VALUES_MAX; v++) /* numbers leave no hole */
			assert_null(policies_table[p].values[v].word);
		for (unsigned k = 1; k < p; k++)
			assert_string_not_equal(policies_table[p].code, policies_table[k].code);
	}
	assert_string_equal(policies_table[POLICY_P5].values[4].word, "ignore");
	assert_int_equal(P5_IGNORE, 1 << 4);
}

static void test_vectors(void **state)
{
	(void)state;
	struct vector any = vector_any();
	assert_int_equal(any.set[POLICY_P1], P1_FAIL | P1_FETCH | P1_NULL | P1_ALWAYS);
	any.first[POLICY_P1] = 2;
	struct vector played = vector_played(&any);
	assert_int_equal(played.set[POLICY_P1], P1_NULL);
	assert_int_equal(played.set[POLICY_P2], P2_STICKY);
}

/* KB 923164 in three rows. */
static void test_the_heart_of_it(void **state)
{
	(void)state;
	static const struct {
		uint8_t policy;
		enum machine_state next;
	} cases[] = { { P1_FAIL, STATE_AGAIN }, { P1_FETCH, STATE_REC }, { P1_NULL, STATE_B_NOTAG },
		{ P1_ALWAYS, STATE_REC } };
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct vector v = vector_any();
		const struct machine_row *rows[STEP_ROWS];
		struct machine_moment s = { STATE_C_FLY, ON_R_OK, 0,
			BIT(FACT_TAGGED) | BIT(FACT_TWIN) };
		v.set[POLICY_P1] = cases[i].policy;
		assert_int_equal(machine_step(&s, &v, rows), 1);
		assert_string_equal(rows[0]->name, "4");
		assert_int_equal(rows[0]->to, cases[i].next);
		assert_true(rows[0]->effects & BIT(EFFECT_UNTAGGED));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_row),
		cmocka_unit_test(test_rows_are_sound),
		cmocka_unit_test(test_rows_are_all_there),
		cmocka_unit_test(test_states_are_connected),
		cmocka_unit_test(test_sure_clients_are_sure),
		cmocka_unit_test(test_rows_have_room),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_the_heart_of_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
