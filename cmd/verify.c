/*
 * verify.c - `davscope verify`: whether a fix holds, by a capture from before and one from after, or by one
 * capture and the profile that a client is said to have.
 */
#include "cmd/judge.h"
#include "cmd/rules.h"

#include <string.h>

struct verifying {
	const struct options *options;
	struct profiles *profiles;
	const struct profile *profile;
	const char *const *after;
	size_t n_after;
	struct judge judged[2]; /* before, after */
	bool done[2];
};

static int verdict_code(const struct verification *v)
{
	switch (v->verdict) {
	case VERIFIED:
		return EXIT_DONE;
	case STILL_BROKEN:
	case PARTIAL:
		return EXIT_FINDINGS;
	default:
		return EXIT_INCOMPLETE;
	}
}

/* Either two captures, or one and a profile. */
static bool words_agree(struct verifying *v)
{
	const struct options *o = v->options;
	if (o->after != NULL && o->n_words != 0)
		warn("verify: '%s' is a word too many: the capture from after is given by --after",
		    o->words[0]);
	else if (o->after == NULL && o->n_words == 0)
		warn(
		    "verify: no capture; davscope verify --before A.pcap --after B.pcap, or FILE --profile NAME");
	else if (o->before == NULL && v->profile == NULL)
		warn("verify: nothing to hold it against; give --before FILE or --profile NAME");
	else
		return true;
	return false;
}

static int judge_one(struct verifying *v, size_t which, const char *const *paths, size_t n)
{
	const struct conclude_wish wish = { .profile = v->profile, .facts_only = true };
	int code = judge_captures(&v->judged[which], v->options, paths, n, v->profiles, &wish);
	v->done[which] = true;
	return code;
}

static int judge_both(struct verifying *v)
{
	int code = EXIT_DONE;
	if (v->options->before != NULL)
		code = judge_one(v, 0, &v->options->before, 1);
	/* The fault was seen or not; what else is missing of that capture changes nothing. */
	return judge_is_done(code) ? judge_one(v, 1, v->after, v->n_after) : code;
}

/* A capture that ends in damage shows no health, whatever its items say. */
static int print_verdict(const struct verifying *v, int code)
{
	struct error e;
	struct out *out = out_stdout(&e);
	if (out == NULL) {
		warn("%s", e.text);
		return EXIT_INTERNAL;
	}
	const struct judge *before = &v->judged[0], *after = &v->judged[1];
	struct verification r = verify(v->done[0] ? &before->conclusions : NULL,
	    &after->conclusions, v->profile);
	const struct report_options options = judge_report(after);
	if (code != EXIT_DONE && r.verdict == VERIFIED)
		r.verdict = UNDECIDED;
	verification_write(out, &options, &r, v->options->before, v->after[0]);
	if (after->incomplete)
		warn("%s: evidence: incomplete (%s)", v->after[0], after->why);
	code = r.verdict == STILL_BROKEN || r.verdict == PARTIAL ? EXIT_DONE : code;
	return exit_worse(exit_worse(code, verdict_code(&r)), finish_output(out));
}

int command_verify(const struct options *o)
{
	int code = EXIT_USAGE;
	struct verifying v = { .options = o, .profiles = options_profiles(o, &code) };
	if (v.profiles == NULL)
		return code;
	v.after = o->after != NULL ? &o->after : o->words;
	v.n_after = o->after != NULL ? 1 : o->n_words;
	code = EXIT_USAGE;
	if (options_profile(o, v.profiles, &v.profile) && words_agree(&v)) {
		code = judge_both(&v);
		if (judge_is_done(code))
			code = print_verdict(&v, code);
	}
	for (size_t i = 0; i < 2; i++)
		if (v.done[i])
			judge_close(&v.judged[i]);
	profiles_free(v.profiles);
	return code;
}
