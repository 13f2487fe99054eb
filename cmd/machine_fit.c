/*
 * machine_fit.c - `davscope machine fit FILE...`: what the clients and servers of captures behave like.
 */
#include "cmd/judge.h"
#include "cmd/machine.h"

int machine_fit(const struct options *o)
{
	struct error e;
	struct judge j;
	int code = EXIT_USAGE;
	struct conclude_wish wish = { .profile = NULL };
	struct profiles *set = options_profiles(o, &code);
	if (set == NULL)
		return code;
	if (!options_profile(o, set, &wish.profile)) {
		profiles_free(set);
		return EXIT_USAGE;
	}
	code = judge_captures(&j, o, o->words + 1, o->n_words - 1, set, &wish);
	struct out *out = judge_is_done(code) ? out_stdout(&e) : NULL;
	if (out != NULL) {
		const struct report_options options = judge_report(&j);
		conclusions_write(out, &options, &j.conclusions, set);
		code = exit_worse(code, finish_output(out));
	}
	judge_close(&j);
	profiles_free(set);
	return code;
}
