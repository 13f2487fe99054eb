/*
 * clauses.c - when a rule fires, in words: its window, sequence, exceptions and limit, one sentence
 * each.
 */
#include "rules/ruleset.h"

#include <stdarg.h>
#include <stdio.h>

/* Text that grows in a room of fixed size and is cut at its end. */
struct words {
	char *out;
	size_t n, room;
};

static __attribute__((format(printf, 2, 3))) void say(struct words *w, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	int n = vsnprintf(w->out + w->n, w->room - w->n, format, args);
	va_end(args);
	if (n > 0)
		w->n += (size_t)n < w->room - w->n ? (size_t)n : w->room - w->n - 1;
}

/* In the largest unit that leaves nothing over, as a rule file has it. */
static void say_span(struct words *w, int64_t ns)
{
	static const struct {
		const char *name;
		int64_t ns;
	} units[] = {
		{ "d", INT64_C(86400000000000) },
		{ "h", INT64_C(3600000000000) },
		{ "m", INT64_C(60000000000) },
		{ "s", INT64_C(1000000000) },
		{ "ms", INT64_C(1000000) },
	};
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (ns % units[i].ns != 0)
			continue;
		say(w, "%lld%s", (long long)(ns / units[i].ns), units[i].name);
		return;
	}
	say(w, "%.9fs", (double)ns / 1e9);
}

static void say_keys(struct words *w, const struct key_spec *by)
{
	for (size_t i = 0; i < by->n; i++)
		say(w, "%s%s", i == 0 ? ", for each " : " and ", by->names[i]);
}

static void say_window(struct words *w, const struct window *window)
{
	say(w, "It fires when there are at least %llu ", (unsigned long long)window->fire);
	if (window->distinct)
		say(w, "different values of %s in events for which the condition is true, within ",
		    window->of.field->name);
	else
		say(w, "events for which the condition is true, within ");
	say_span(w, window->within_ns);
	say_keys(w, &window->by);
	say(w, window->keep ? ". Events count again after it has fired." : ".");
}

static void say_sequence(struct words *w, const struct sequence *q)
{
	say(w, "It fires when these happen in this order within ");
	say_span(w, q->within_ns);
	say_keys(w, &q->by);
	for (size_t i = 0; i < q->n_steps; i++)
		say(w, "%s%s%s (%s)", i == 0 ? ": " : ", then ", q->steps[i].negative ? "no " : "",
		    q->steps[i].name, event_kind_name(q->steps[i].kind));
	say(w, ".");
	if (q->n_steps != 0 && q->steps[q->n_steps - 1].negative)
		say(w,
		    q->fire_at_eof ? " The end of the capture counts as the end of that time." :
				     " Where the capture ends before, it is inconclusive.");
}

static void say_main(struct words *w, const struct loaded_rule *rule)
{
	if (rule->shape == SHAPE_WINDOW)
		say_window(w, &rule->window);
	else if (rule->shape == SHAPE_SEQUENCE)
		say_sequence(w, &rule->sequence);
	else
		say(w, "It fires on each event for which its condition is true.");
}

static void say_escalate(struct words *w, const struct loaded_rule *rule)
{
	if (rule->escalate != NULL)
		say(w, "Its findings are %s where the condition of escalate is true, else %s.",
		    severity_name(rule->public.worst), severity_name(rule->public.severity));
}

static void say_except(struct words *w, const struct loaded_rule *rule)
{
	if (rule->n_except == 1)
		say(w, "It does not where its exception is true.");
	else if (rule->n_except != 0)
		say(w, "It does not where one of its %zu exceptions is true.", rule->n_except);
}

static void say_limit(struct words *w, const struct limit *limit)
{
	if (limit->max == 0)
		return;
	say(w, "At most %llu of its findings in ", (unsigned long long)limit->max);
	say_span(w, limit->per_ns);
	say(w, limit->max == 1 ? " is shown" : " are shown");
	say_keys(w, &limit->by);
	say(w, "; the others are counted.");
}

static void say_unknown(struct words *w, const struct loaded_rule *rule)
{
	say(w,
	    "What was not captured counts as unknown, never as missing: where the capture cannot "
	    "prove what it says, the rule %s.",
	    rule->report_unknown ? "reports that, as an inconclusive finding" : "stays silent");
}

enum { CLAUSES = 5 };

bool ruleset_clause(const struct ruleset *set, size_t rule, size_t i, char *out, size_t room)
{
	const struct loaded_rule *r = set->rules[rule];
	struct words w = { out, 0, room };
	out[0] = '\0';
	if (i == 0)
		say_main(&w, r);
	else if (i == 1)
		say_except(&w, r);
	else if (i == 2)
		say_escalate(&w, r);
	else if (i == 3)
		say_limit(&w, &r->limit);
	else if (i == 4)
		say_unknown(&w, r);
	return i < CLAUSES;
}
