/*
 * load_suppress.c - findings that somebody decided not to be told of, until a day and for a reason.
 */
#include "rules/load.h"

#include <string.h>

static const int64_t day_ns = 86400 * INT64_C(1000000000);

/* The end of the day; it is part of it. */
static bool until_read(const struct origin *from, const struct yaml *node, int64_t *out)
{
	enum { DATE = sizeof("2026-01-31") - 1 };
	char text[64];
	if (node->text.n == DATE && node->text.p[4] == '-' && when_read(node->text, out) &&
	    *out <= INT64_MAX - day_ns) {
		*out += day_ns - 1;
		return true;
	}
	hint(refuse(from, node, "E0311", "until is a day, not \"%s\"", quoted(text, node->text)),
	    "write it as 2026-01-31");
	return false;
}

static struct loaded_rule *rule_of(const struct ruleset *set, const char *id)
{
	const struct raw_rule *raw = raw_rule_find(set, id);
	const struct raw_rule *first = set->loading->rules.items;
	size_t i = raw != NULL ? (size_t)(raw - first) : set->n_rules;
	return i < set->n_rules ? set->rules[i] : NULL;
}

static void suppression_build(struct ruleset *set, struct suppression *s, const struct said *said)
{
	enum { RULE, WHERE, UNTIL, REASON, KEYS };
	static const struct key keys[KEYS] = {
		[RULE] = { "rule", TEXT, true },
		[WHERE] = { "where", TEXT, false },
		[UNTIL] = { "until", TEXT, true },
		[REASON] = { "reason", TEXT, true },
	};
	const struct yaml *values[KEYS];
	const struct origin *from = said->from;
	*s = (struct suppression){ .file = from->name,
		.at = said->node->start,
		.until_ns = INT64_MAX };
	map_read(from, said->node, "a suppression", keys, KEYS, values);
	if (values[UNTIL] != NULL)
		until_read(from, values[UNTIL], &s->until_ns);
	if (values[REASON] != NULL)
		s->reason = text_read(from, values[REASON], "reason");
	s->rule = values[RULE] != NULL ? text_read(from, values[RULE], "rule") : NULL;
	struct loaded_rule *rule = s->rule != NULL ? rule_of(set, s->rule) : NULL;
	if (values[WHERE] != NULL)
		s->where = said_condition(&(struct said){ values[WHERE], from },
		    rule != NULL ? rule->kinds : ALL_KINDS);
	if (rule != NULL) {
		rule->n_suppressions++;
	} else if (s->rule != NULL) {
		char text[64];
		struct complaint *c = refuse(from, values[RULE], "W0310",
		    "there is no rule %s to suppress", quoted(text, values[RULE]->text));
		hint_rule(c, set, s->rule);
	}
}

/* Each was counted at its rule; now the rules get their lists. */
static void suppressions_hand_out(struct ruleset *set)
{
	for (size_t i = 0; i < set->n_rules; i++) {
		struct loaded_rule *rule = set->rules[i];
		rule->suppressions = room_for(set,
		    rule->n_suppressions * sizeof(struct suppression *));
		rule->n_suppressions = 0;
	}
	for (size_t i = 0; i < set->n_suppressions; i++) {
		const struct suppression *s = &set->suppressions[i];
		struct loaded_rule *rule = s->rule != NULL ? rule_of(set, s->rule) : NULL;
		if (rule != NULL && rule->suppressions != NULL)
			rule->suppressions[rule->n_suppressions++] = s;
	}
}

void suppressions_build(struct ruleset *set)
{
	const struct growing *g = &set->loading->suppressions;
	const struct said *all = g->items;
	set->suppressions = room_for(set, g->n * sizeof(*set->suppressions));
	if (set->suppressions == NULL)
		return;
	set->n_suppressions = g->n;
	for (size_t i = 0; i < g->n; i++)
		suppression_build(set, &set->suppressions[i], &all[i]);
	suppressions_hand_out(set);
}

bool suppression_expired(const struct suppression *s, int64_t now_ns)
{
	return now_ns > s->until_ns;
}

void ruleset_lint_time(struct ruleset *set, int64_t now_ns)
{
	for (size_t i = 0; i < set->n_suppressions; i++) {
		const struct suppression *s = &set->suppressions[i];
		if (s->rule == NULL || !suppression_expired(s, now_ns))
			continue;
		struct complaint *c = complaint_add(set->complaints, "W0305", s->file, &s->at,
		    NULL);
		char text[64];
		snprintf(c->text, sizeof(c->text), "this suppression of %s is over",
		    quoted(text, slice_from(s->rule)));
		snprintf(c->hint, sizeof(c->hint), "take it out, or decide anew until when");
	}
}
