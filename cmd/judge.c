/*
 * judge.c - captures through the whole pipeline without rules, for the conclusions at its end.
 */
#include "cmd/judge.h"
#include "cmd/rules.h"

#include <unistd.h>

static int judge_open(struct judge *j, const char *const *paths, size_t n, struct error *e)
{
	struct source_options options = { .specs = paths,
		.n_specs = n,
		.since = INT64_MIN,
		.until = INT64_MAX,
		.limits = &j->options.limits };
	if (!pipeline_source(&j->pipeline, &options, e))
		return EXIT_INPUT;
	int code = EXIT_DONE;
	struct ruleset *none = options_ruleset(&j->options, &code);
	if (none == NULL)
		return code;
	const struct pipeline_wish wish = { .bodies = BODIES_ALL };
	return pipeline_open(&j->pipeline, none, wish, e) ? EXIT_DONE : EXIT_INTERNAL;
}

static bool judge_read(struct judge *j)
{
	struct packet packet;
	enum source_status status;
	while ((status = pipeline_next(&j->pipeline, &packet)) == SOURCE_PACKET)
		decoder_packet(j->pipeline.decoder, &packet);
	return status == SOURCE_END;
}

int judge_captures(struct judge *j, const struct options *o, const char *const *paths, size_t n,
    const struct profiles *profiles, const struct conclude_wish *wish)
{
	struct error e = { "" };
	*j = (struct judge){ .options = *o };
	j->options.no_shipped = true;
	j->options.n_rule_paths = 0;
	j->pipeline = pipeline_begin(&j->options, (struct pipeline_sink){ 0 });
	int code = judge_open(j, paths, n, &e);
	if (code != EXIT_DONE) {
		if (e.text[0] != '\0')
			warn("%s", e.text);
		return code;
	}
	j->end = pipeline_finish(&j->pipeline, judge_read(j));
	j->incomplete = report_incomplete(analysis_summary(j->pipeline.analysis), &j->end, j->why,
	    sizeof j->why);
	if (!analysis_conclude(j->pipeline.analysis, profiles, wish, &j->conclusions, &e)) {
		warn("%s", e.text);
		return EXIT_INTERNAL;
	}
	return j->end.n_damage != 0 || j->end.stopped ? EXIT_INCOMPLETE : EXIT_DONE;
}

struct report_options judge_report(const struct judge *j)
{
	return (struct report_options){ .format = j->options.json ? REPORT_JSON : REPORT_TEXT,
		.narrow = isatty(STDOUT_FILENO) == 1,
		.limits = &j->options.limits,
		.input_names = j->pipeline.inputs.names,
		.n_inputs = j->pipeline.inputs.n };
}

void judge_close(struct judge *j)
{
	pipeline_close(&j->pipeline);
}
