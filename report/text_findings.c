/*
 * text_findings.c - findings for people: a line on the list at first proof, and at the end each one
 * once, under its rule, with its evidence and what to do about it.
 */
#include "report/findings.h"
#include "report/text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { EACH_SHOWN = 20, NUMBER_ROOM = 96 }; /* findings of one rule, on a terminal */

/* ---- one finding, on the list ---- */

void severity_write(struct out *o, const struct report_options *options, enum severity s)
{
	static const char *const colors[] = { [SEVERITY_INFO] = "\033[36m",
		[SEVERITY_LOW] = "\033[34m",
		[SEVERITY_MEDIUM] = "\033[33m",
		[SEVERITY_HIGH] = "\033[31m",
		[SEVERITY_CRITICAL] = "\033[1;31m" };
	color_begin(o, options, colors[s]);
	out_text(o, severity_name(s));
	color_end(o, options);
}

void rule_write(struct out *o, const struct rule *rule)
{
	out_vis(o, slice_from(rule->id), SIZE_MAX);
	if (rule->code == NULL)
		return;
	out_text(o, " (");
	out_vis(o, slice_from(rule->code), SIZE_MAX);
	out_char(o, ')');
}

bool finding_is_listed(const struct report_options *options, const struct finding *f)
{
	if (f->outcome == INCONCLUSIVE_EOF)
		return false;
	return options->live || (f->update == 0 && f->outcome != INCONCLUSIVE_LOSS);
}

void finding_list(struct out *o, const struct report_options *options, const struct finding *f)
{
	static const char *const outcomes[] = { [CONCLUSIVE] = ": ",
		[INCONCLUSIVE_EOF] = ", open at the end: ",
		[INCONCLUSIVE_LOSS] = ", inconclusive for missing packets: ",
		[INCONCLUSIVE_UNKNOWN] = ", inconclusive: " };
	severity_write(o, options, f->severity);
	out_char(o, ' ');
	rule_write(o, f->rule);
	out_text(o, f->update != 0 ? ", again" : "");
	out_text(o, outcomes[f->outcome]);
	escaped_write(o, f->message);
	out_char(o, '\n');
}

/* ---- the headline ---- */

static uint64_t sum_of(const uint64_t *counts, size_t n)
{
	uint64_t sum = 0;
	for (size_t i = 0; i < n; i++)
		sum += counts[i];
	return sum;
}

static void write_outcomes(struct out *o, const uint64_t outcomes[OUTCOMES])
{
	static const char *const reasons[] = {
		[INCONCLUSIVE_EOF] = " open at the end of the capture",
		[INCONCLUSIVE_LOSS] = " for missing packets",
		[INCONCLUSIVE_UNKNOWN] = " not observed in full"
	};
	const char *before = " (";
	uint64_t sum = sum_of(outcomes, OUTCOMES);
	if (sum == 0)
		return;
	out_text(o, "; inconclusive ");
	out_u64(o, sum);
	for (size_t i = INCONCLUSIVE_EOF; i < OUTCOMES; i++) {
		if (outcomes[i] == 0)
			continue;
		out_text(o, before);
		out_u64(o, outcomes[i]);
		out_text(o, reasons[i]);
		before = ", ";
	}
	out_char(o, ')');
}

static void write_headline(struct out *o, const struct report_options *options,
    const struct tally *t, uint64_t hidden)
{
	bool any = false;
	out_text(o, "findings: ");
	for (size_t i = SEVERITIES; i-- != 0;) {
		if (t->severities[i] == 0)
			continue;
		out_text(o, any ? ", " : "");
		out_u64(o, t->severities[i]);
		out_char(o, ' ');
		severity_write(o, options, (enum severity)i);
		any = true;
	}
	out_text(o, any ? "" : "none");
	write_outcomes(o, t->outcomes);
	if (hidden != 0) {
		out_text(o,
		    options->live ? "; told before a reload or left out by the filter " :
				    "; left out by the filter ");
		out_u64(o, hidden);
	}
	out_char(o, '\n');
}

/* ---- one finding, in the block ---- */

static void paragraph_number(struct paragraph *p, const char *before, uint64_t n,
    const char *behind)
{
	char text[NUMBER_ROOM];
	snprintf(text, sizeof text, "%s%" PRIu64 "%s", before, n, behind);
	paragraph_words(p, text);
}

static const char *input_name(const struct report_options *options, uint16_t input)
{
	return options->input_names != NULL && input < options->n_inputs ?
	    options->input_names[input] :
	    "?";
}

/* The shown frames from `from` on that are of the same input: "4, 5". */
static void write_frames_of(struct paragraph *p, const struct kept *k, size_t from, size_t n)
{
	for (size_t i = from; i < n; i++) {
		if (k->frames[i].input != k->frames[from].input)
			continue;
		if (i != from)
			paragraph_join(p, ",");
		paragraph_number(p, "", k->frames[i].frame, "");
	}
}

static bool input_is_new(const struct kept *k, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (k->frames[i].input == k->frames[at].input)
			return false;
	return true;
}

/* "frames 13, 39, 65" or "frames be.pcap 4, 5 / fe.pcap 17" */
static void write_frames(struct paragraph *p, const struct report_options *options,
    const struct kept *k)
{
	size_t n = k->n_evidence < FINDING_FRAMES ? k->n_evidence : FINDING_FRAMES;
	bool several = options->n_inputs > 1;
	if (n != 0)
		paragraph_words(p, k->n_evidence == 1 ? "frame" : "frames");
	for (size_t i = 0; i < n; i++) {
		if (!input_is_new(k, i))
			continue;
		if (i != 0)
			paragraph_words(p, "/");
		if (several)
			paragraph_wire(p, slice_from(input_name(options, k->frames[i].input)));
		write_frames_of(p, k, i, n);
	}
	if (k->n_evidence > n)
		paragraph_number(p, "and ", k->n_evidence - n, " more");
}

static void write_count(struct paragraph *p, const char *before, uint64_t n, const char *behind)
{
	if (n == 0)
		return;
	paragraph_join(p, ";");
	paragraph_number(p, before, n, behind);
}

static void write_details(struct out *o, const struct report_options *options, const struct kept *k)
{
	struct paragraph p = paragraph_begin(o, options, 6);
	color_begin(o, options, "\033[2m");
	paragraph_join(&p, "    ");
	uint64_t start = out_written(o);
	out_time(o, k->at_ns);
	p.column += (size_t)(out_written(o) - start);
	if (k->n_evidence != 0)
		paragraph_join(&p, ",");
	write_frames(&p, options, k);
	write_count(&p, "", k->suppressed, " before it kept back by the rule's limit");
	write_count(&p, "seen again ", k->update, k->update == 1 ? " time" : " times");
	if (k->evicted) {
		paragraph_join(&p, ";");
		paragraph_words(&p, "state was evicted at a limit, there may be more to it");
	}
	color_end(o, options);
	paragraph_end(&p);
}

/* The values that the rule asks for, a line each. */
static void write_fields(struct out *o, const struct report_options *options, const struct kept *k)
{
	struct slice left = k->fields;
	while (left.n != 0) {
		size_t end = slice_find_byte(left, '\n');
		struct paragraph p = paragraph_begin(o, options, 8);
		paragraph_join(&p, "     ");
		paragraph_escaped(&p, slice_part(left, 0, end));
		paragraph_end(&p);
		left = slice_part(left, end + 1, left.n);
	}
	if (k->fields_cut)
		out_text(o, "      ...\n");
}

static void write_finding(struct out *o, const struct report_options *options, const struct kept *k)
{
	struct paragraph p = paragraph_begin(o, options, 4);
	paragraph_join(&p, k->outcome == CONCLUSIVE ? "  -" : "  ? not observed in full:");
	if (k->message.p != NULL)
		paragraph_escaped(&p, k->message);
	else
		paragraph_words(&p, "(its message is lost: out of memory)");
	if (k->cut)
		paragraph_join(&p, "...");
	paragraph_end(&p);
	write_details(o, options, k);
	write_fields(o, options, k);
}

/* ---- one rule with its findings ---- */

static void write_rule(struct out *o, const struct report_options *options,
    const struct kept *first, size_t n)
{
	const struct rule *rule = first->rule;
	struct paragraph p = paragraph_begin(o, options, 4);
	uint64_t start = out_written(o);
	severity_write(o, options, first->severity);
	out_char(o, ' ');
	rule_write(o, rule);
	p.column = (size_t)(out_written(o) - start);
	p.fresh = false;
	if (n > 1) {
		paragraph_join(&p, ",");
		paragraph_number(&p, "", n, " findings");
	}
	paragraph_join(&p, ":");
	paragraph_wire(&p, slice_from(rule->title));
	paragraph_end(&p);
}

static void write_reference(struct out *o, const struct report_options *options,
    const struct reference *reference)
{
	struct paragraph p = paragraph_begin(o, options, 10);
	const char *parts[] = { reference->kb, reference->title, reference->url };
	bool any = false;
	paragraph_join(&p, "  see:   ");
	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
		if (parts[i] == NULL)
			continue;
		if (any)
			paragraph_join(&p, ",");
		if (i == 0)
			paragraph_words(&p, "KB");
		paragraph_wire(&p, slice_from(parts[i]));
		any = true;
	}
	paragraph_end(&p);
}

static void write_advice(struct out *o, const struct report_options *options,
    const struct rule *rule)
{
	if (rule->remedy != NULL) {
		struct paragraph p = paragraph_begin(o, options, 10);
		paragraph_join(&p, "  remedy:");
		paragraph_wire(&p, slice_from(rule->remedy));
		paragraph_end(&p);
	}
	if (rule->n_references != 0)
		write_reference(o, options, &rule->references[0]);
}

static void write_group(struct out *o, const struct report_options *options,
    const struct kept *const *list, size_t n)
{
	size_t shown = options->narrow && n > EACH_SHOWN ? EACH_SHOWN : n;
	out_char(o, '\n');
	write_rule(o, options, list[0], n);
	for (size_t i = 0; i < shown; i++)
		write_finding(o, options, list[i]);
	if (shown < n) {
		out_text(o, "  and ");
		out_u64(o, n - shown);
		out_text(o, " more; a file or pipe gets them all\n");
	}
	write_advice(o, options, list[0]->rule);
}

/* ---- the block ---- */

/* Of a set that gave way to another one the rule may have been graver, or less so. */
static bool same_headline(const struct kept *a, const struct kept *b)
{
	return a->severity == b->severity && strcmp(a->rule->id, b->rule->id) == 0;
}

static void write_groups(struct out *o, const struct report_options *options,
    const struct kept *const *list, size_t n)
{
	for (size_t from = 0, to = 0; from < n; from = to) {
		while (to < n && same_headline(list[to], list[from]))
			to++;
		write_group(o, options, list + from, to - from);
	}
}

static void write_lost(struct out *o, uint64_t lost)
{
	if (lost == 0)
		return;
	out_text(o, "\nnot listed: ");
	out_u64(o, lost);
	out_text(o, lost == 1 ? " finding" : " findings");
	out_text(o, " beyond limit findings_kept\n");
}

/*
 * What the rules counted goes beyond what came here: a filter lets fewer through, a live list begins anew
 * with other rules, and of those that
 * are inconclusive only the first are sent at all. Returns the findings that were left out.
 */
static uint64_t tally_complete(struct tally *t, const struct rules *rules)
{
	const struct rule_counts *counts;
	uint64_t findings = 0, told = sum_of(t->severities, SEVERITIES);
	uint64_t outcomes[OUTCOMES] = { 0 };
	for (size_t i = 0; rules != NULL && (counts = rules_counts(rules, i)) != NULL; i++) {
		findings += counts->findings;
		for (size_t k = INCONCLUSIVE_EOF; k < OUTCOMES; k++)
			outcomes[k] += counts->inconclusive[k - 1];
	}
	for (size_t k = INCONCLUSIVE_EOF; k < OUTCOMES; k++)
		if (outcomes[k] > t->outcomes[k])
			t->outcomes[k] = outcomes[k];
	return findings > told ? findings - told : 0;
}

bool findings_write(const struct findings *f, const struct report_options *options,
    const struct rules *rules, const struct conclusions *conclusions, struct out *o)
{
	struct tally tally = findings_tally(f);
	uint64_t hidden = tally_complete(&tally, rules);
	if (hidden == 0 && sum_of(tally.severities, SEVERITIES) == 0 &&
	    sum_of(tally.outcomes, OUTCOMES) == 0)
		return false;
	size_t n = 0;
	const struct kept **list = findings_sorted(f, &n);
	write_headline(o, options, &tally, hidden);
	if (list != NULL)
		write_groups(o, options, list, n);
	else
		out_text(o, "\nnot listed: out of memory\n");
	write_lost(o, tally.lost);
	out_char(o, '\n');
	if (list != NULL)
		diagnosis_write(list, n, findings_unlined(f), options, conclusions, o);
	free(list);
	return true;
}
