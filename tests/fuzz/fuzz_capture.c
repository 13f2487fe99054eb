/*
 * Any bytes as a capture file, through all that `davscope -r FILE` runs: capture, decode, analysis, the
 * shipped rules, the machine's diagnosis, and all formats of output at once. A text has no control byte,
 * columns are as many in each line, JSON lines are JSON; and once more with another hash seed: the same bytes.
 */
#include "cmd/pipeline.h"
#include "rules/state.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/json.h"

enum { CAPTURE_MAX = 1 << 20, FORMATS = 3, COLUMNS = 4 };

struct view {
	struct out *out;
	struct report *report;
};

struct run {
	struct options options;
	struct pipeline pipeline;
	struct view views[FORMATS]; /* by enum report_format; those that are wanted */
	struct field_ref columns[COLUMNS];
	uint64_t transactions, findings;
};

static void run_event(void *ctx, const struct event *event)
{
	struct run *run = ctx;
	for (size_t i = 0; i < FORMATS; i++)
		if (run->views[i].report != NULL)
			report_event(run->views[i].report, event);
	run->transactions += event->kind == EVENT_TRANSACTION;
}

static void run_finding(void *ctx, const struct event *finding, const struct event *cause)
{
	struct run *run = ctx;
	for (size_t i = 0; i < FORMATS; i++)
		if (run->views[i].report != NULL)
			report_finding(run->views[i].report, finding, cause);
	run->findings++;
}

static void view_open(struct run *run, enum report_format format)
{
	static const char *const names[COLUMNS] = { "http.request.frame", "http.request.target",
		"http.response.header", "dav.href" };
	struct view *view = &run->views[format];
	struct report_options options = options_report(&run->options);
	struct error e;
	for (size_t i = 0; i < COLUMNS; i++)
		ensure(field_find(names[i], &run->columns[i], &e), NULL);
	options.format = format;
	options.columns = run->columns;
	options.n_columns = COLUMNS;
	options.explain = true;
	options.input_names = run->pipeline.inputs.names;
	options.n_inputs = run->pipeline.inputs.n;
	view->out = out_memory(&e);
	view->report = report_new(&options, view->out, &e);
	ensure(view->report != NULL, NULL);
}

/* To make it anew costs more than all the rest; see run_close(). */
static struct ruleset *rules_of_all_runs(void)
{
	static struct ruleset *set;
	static struct options options; /* the set borrows the limits */
	int code;
	options.limits = limits_default();
	if (set == NULL)
		set = options_ruleset(&options, &code);
	ensure(set != NULL, NULL);
	return set;
}

/* Little tables are quickly made, and soon full. Of each story a hundred clients are played: another matter. */
static struct limits limits_small(void)
{
	struct limits l = limits_default();
	l.frag_datagrams = l.copy_packets = l.copy_networks = 16;
	l.flows = 640;
	l.scopes = l.sessions = l.session_notes = l.credentials = l.lifelines = 32;
	l.items_known = l.session_rows = 256;
	l.servers = 4;
	l.findings_kept = 20;
	l.lineages_kept = 8;
	l.stories = 0;
	return l;
}

/* False: the file is refused, with a reason that can be shown. */
static bool run_open(struct run *run, const char *path, uint64_t seed, unsigned formats)
{
	struct error e = { "" };
	const struct source_options source = { .specs = &path,
		.n_specs = 1,
		.since = INT64_MIN,
		.until = INT64_MAX,
		.limits = &run->options.limits };
	run->options = (struct options){ .seeded = true, .seed = seed };
	run->options.limits = limits_small();
	run->pipeline = pipeline_begin(&run->options,
	    (struct pipeline_sink){ run_event, run_finding, run });
	if (!pipeline_source(&run->pipeline, &source, &e)) {
		ensure(vis_is_plain(slice_from(e.text)) && e.text[0] != '\0', NULL);
		return false;
	}
	for (size_t i = 0; i < FORMATS; i++)
		if (formats >> i & 1)
			view_open(run, i);
	ensure(pipeline_open(&run->pipeline, rules_of_all_runs(), BODIES_ALL, false, &e), NULL);
	return true;
}

static void run_close(struct run *run)
{
	for (size_t i = 0; i < FORMATS; i++) {
		report_free(run->views[i].report);
		out_abandon(run->views[i].out);
	}
	if (run->pipeline.rules != NULL)
		run->pipeline.rules->owned = NULL;
	pipeline_close(&run->pipeline);
}

static void run_packets(struct run *run)
{
	static struct profiles *profiles; /* made once: they do not change */
	const struct conclude_wish wish = { .profile = NULL };
	struct conclusions conclusions;
	struct pipeline *p = &run->pipeline;
	struct packet packet;
	struct error e;
	int code;
	if (profiles == NULL)
		profiles = options_profiles(&run->options, &code);
	while (pipeline_next(p, &packet) == SOURCE_PACKET)
		decoder_packet(p->decoder, &packet);
	struct run_end end = pipeline_finish(p, true);
	const struct summary *summary = analysis_summary(p->analysis);
	if (analysis_conclude(p->analysis, profiles, &wish, &conclusions, &e))
		end.conclusions = &conclusions;
	for (size_t i = 0; i < FORMATS; i++)
		if (run->views[i].report != NULL)
			report_end(run->views[i].report, summary, &end, p->rules);
}

static void check_columns(struct slice s)
{
	while (s.n != 0) {
		size_t end = slice_find_byte(s, '\n'), tabs = 0;
		ensure(end < s.n, NULL);
		for (size_t i = 0; i < end; i++)
			tabs += s.p[i] == '\t';
		ensure(tabs == COLUMNS - 1, NULL);
		s = slice_part(s, end + 1, s.n);
	}
}

static void check_views(struct run *run, struct slice json)
{
	struct slice text = out_taken(run->views[REPORT_TEXT].out);
	struct slice fields = out_taken(run->views[REPORT_FIELDS].out);
	check_text_clean(text, false);
	check_text_clean(fields, true);
	check_text_clean(json, false);
	check_columns(fields);
	ensure(json_lines(json), NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct memory_file file;
	struct run one = { .transactions = 0 }, other = one;
	if (n > CAPTURE_MAX)
		return 0;
	memory_file_write(&file, (struct slice){ data, n });
	if (run_open(&one, file.path, 1,
		1 << REPORT_TEXT | 1 << REPORT_JSON | 1 << REPORT_FIELDS)) {
		run_packets(&one);
		ensure(run_open(&other, file.path, 2, 1 << REPORT_JSON), NULL);
		run_packets(&other);
		struct slice json = out_taken(one.views[REPORT_JSON].out);
		check_views(&one, json);
		ensure(slice_equal(json, out_taken(other.views[REPORT_JSON].out)), NULL);
		ensure(one.transactions == other.transactions && one.findings == other.findings,
		    NULL);
		run_close(&other);
	}
	run_close(&one);
	return 0;
}
