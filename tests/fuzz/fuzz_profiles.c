/* Any bytes as a profile file: read, compared with an agent, and played. */
#include "analysis/simulate.h"
#include "tests/fuzz/complaints.h"
#include "tests/fuzz/fuzz.h"

static void check_complaints(struct profiles *set)
{
	size_t n;
	const struct complaint *all = profiles_complaints(set, &n);
	ensure((complaints_check(all, n) == 0) == (profiles_errors(set) == 0), NULL);
}

static void check_policies(const struct profile *p)
{
	struct vector any = vector_any();
	for (unsigned i = POLICY_ANY + 1; i < POLICIES; i++) {
		ensure(p->policies.set[i] != 0 && !(p->policies.set[i] & ~any.set[i]), NULL);
		ensure(p->policies.set[i] >> p->policies.first[i] & 1, NULL);
	}
}

/* With a partner that may do anything, and takes what comes first. */
static void play(const struct profile *p)
{
	struct mishap mishap = { 0, ANSWER_LOST };
	struct profile other = { .speaks = p->speaks, .policies = vector_any() };
	struct scenario s = { .client = p,
		.server = &other,
		.cycles = 4,
		.edit_before = 2,
		.mishaps = &mishap,
		.n_mishaps = 1 };
	if (p->side == SIDE_SERVER) {
		s.client = &other;
		s.server = p;
	}
	ensure(simulate(&s).requests < 64, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct limits limits = limits_default();
	struct error error = { "" };
	struct profiles *set = profiles_new(&limits, &error);
	struct client_sign sign = { .agent = SLICE("Microsoft-Server-ActiveSync/6.5.7651.50 a*b"),
		.activesync = true,
		.protocol = { { 14, 1, 0, 0 } } };
	if (set == NULL)
		return 0;
	profiles_read(set, "fuzz.yaml", (struct slice){ data, n });
	check_complaints(set);
	for (const struct profile *p = profiles_first(set); p != NULL; p = p->next) {
		check_policies(p);
		profile_fits(p, &sign);
		play(p);
	}
	profiles_free(set);
	return 0;
}
