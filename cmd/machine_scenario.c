/*
 * machine_scenario.c - `davscope machine scenario FILE...`: what happened to the item that fared worst, as a
 * scenario for `davscope machine play`.
 */
#include "cmd/judge.h"
#include "cmd/machine.h"

static const char *const accident_words[] = { [REQUEST_LOST] = "request-lost",
	[ANSWER_LOST] = "answer-lost",
	[REPLAYED] = "replayed" };

static unsigned badness(const struct line_view *v)
{
	return v->ending == ENDED_COPIES ? 3 : v->ending == ENDED_STUCK ? 2 : v->triggers != 0;
}

/* The first of the worst that can be played. */
static const struct line_view *worst_of(const struct conclusions *c)
{
	const struct line_view *worst = NULL;
	for (size_t i = 0; i < c->n_lines; i++) {
		const struct line_view *v = &c->lines[i];
		if (v->scenario != NULL && (worst == NULL || badness(v) > badness(worst)))
			worst = v;
	}
	return worst;
}

static void print_side(struct out *out, const char *side, const struct profile *p)
{
	out_text(out, side);
	out_text(out, ": ");
	out_text(out, p != NULL ? p->name : "");
	out_text(out,
	    p != NULL ? "\n" : "\"\" # none of the profiles that are known explains it\n");
}

static void print_accidents(struct out *out, const struct scenario_view *s)
{
	if (s->n_mishaps == 0)
		return;
	out_text(out, "accidents:\n");
	for (size_t i = 0; i < s->n_mishaps; i++) {
		out_text(out, "- {request: ");
		out_u64(out, s->mishaps[i].request);
		out_text(out, ", what: ");
		out_text(out, accident_words[s->mishaps[i].accident]);
		out_text(out, "}\n");
	}
}

static void print_scenario(struct out *out, const struct line_view *v)
{
	const struct scenario_view *s = v->scenario;
	out_text(out, "davscope_scenario: 1\ntitle: item ");
	out_u64(out, v->number);
	out_text(out, " of a capture, from frame ");
	out_u64(out, v->first.frame);
	out_text(out, "\n");
	print_side(out, "client", s->client);
	print_side(out, "server", s->server);
	out_text(out, "cycles: ");
	out_u64(out, s->cycles);
	if (s->edit_before < s->cycles) {
		out_text(out, "\nedit_before: ");
		out_u64(out, s->edit_before);
	}
	out_char(out, '\n');
	print_accidents(out, s);
}

static int print_worst(const struct judge *j, int code)
{
	struct error e;
	const struct line_view *worst = worst_of(&j->conclusions);
	if (worst == NULL) {
		warn(
		    "machine scenario: nothing in it can be played: no create went amiss, or a part of it was not captured");
		return EXIT_INCOMPLETE;
	}
	struct out *out = out_stdout(&e);
	if (out == NULL) {
		warn("%s", e.text);
		return EXIT_INTERNAL;
	}
	print_scenario(out, worst);
	return exit_worse(code, finish_output(out));
}

int machine_scenario(const struct options *o)
{
	struct judge j;
	int code = EXIT_USAGE;
	struct profiles *set = options_profiles(o, &code);
	if (set == NULL)
		return code;
	const struct conclude_wish wish = { .profile = NULL };
	code = judge_captures(&j, o, o->words + 1, o->n_words - 1, set, &wish);
	if (judge_is_done(code))
		code = print_worst(&j, code);
	judge_close(&j);
	profiles_free(set);
	return code;
}
