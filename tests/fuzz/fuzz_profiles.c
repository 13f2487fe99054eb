/* Any bytes as a profile file: read, compared with an agent, and played. */
#include "analysis/simulate.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

/* A complaint names a place of the file, or the file as a whole, in printable words. */
static void check_complaints(struct profiles *set)
{
	size_t n, errors = 0;
	const struct complaint *all = profiles_complaints(set, &n);
	for (size_t i = 0; i < n; i++) {
		const struct complaint *c = &all[i];
		ensure(strlen(c->code) == 5 && c->text[0] != '\0', NULL);
		ensure(c->line <= c->end_line && (c->line == 0 || c->column > 0), NULL);
		for (const char *p = c->text; *p != '\0'; p++)
			ensure((unsigned char)*p >= ' ' && *p != 0x7f, NULL);
		errors += c->code[0] == 'E';
	}
	ensure((errors == 0) == (profiles_errors(set) == 0), NULL);
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
