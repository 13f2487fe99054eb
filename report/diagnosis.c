/*
 * diagnosis.c - what an administrator forwards: for each mailbox the items that findings are about,
 * each with its life line by line, what is wrong with it, why, and what helps.
 */
#include "report/explain.h"
#include "report/findings.h"
#include "report/machine.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SHOWN = 20, ROOM = 96 }; /* items of one mailbox, on a terminal */

static int text_compare(struct slice a, struct slice b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int order = n != 0 ? memcmp(a.p, b.p, n) : 0;
	return order != 0 ? order : (a.n > b.n) - (a.n < b.n);
}

/* Whose items: where neither mailbox nor path is known, as of a device alone, those of the client. */
enum heading { HEADING_MAILBOX, HEADING_COLLECTION, HEADING_CLIENT, HEADINGS };
static const struct {
	enum lineage_text text;
	const char *name;
} headings[HEADINGS] = {
	[HEADING_MAILBOX] = { LINEAGE_MAILBOX, "mailbox" },
	[HEADING_COLLECTION] = { LINEAGE_SCOPE, "collection" },
	[HEADING_CLIENT] = { LINEAGE_PEER, "client" },
};

static enum heading heading_of(const struct lineage *l)
{
	enum heading h = HEADING_MAILBOX;
	while (h != HEADING_CLIENT && l->texts[headings[h].text].n == 0)
		h++;
	return h;
}

static int place_compare(const struct lineage *a, const struct lineage *b)
{
	enum heading at = heading_of(a), other = heading_of(b);
	if (at != other)
		return at < other ? -1 : 1;
	return text_compare(a->texts[headings[at].text], b->texts[headings[at].text]);
}

/* By mailbox, then item; of one item the gravest first, as in the list of findings. */
static int entry_compare(const void *left, const void *right)
{
	const struct kept *a = *(const struct kept *const *)left;
	const struct kept *b = *(const struct kept *const *)right;
	int order = place_compare(a->lineage, b->lineage);
	if (order != 0)
		return order;
	if (a->lineage->number != b->lineage->number)
		return a->lineage->number < b->lineage->number ? -1 : 1;
	if (a->severity != b->severity)
		return a->severity > b->severity ? -1 : 1;
	return a->place < b->place ? -1 : 1;
}

/* ---- the life of an item ---- */

/* To the second: who compares it with a log has no more. */
static void write_time(struct paragraph *p, int64_t ns)
{
	char text[ROOM];
	struct tm tm;
	time_t seconds = (time_t)(ns / 1000000000) - (ns % 1000000000 < 0);
	if (gmtime_r(&seconds, &tm) != NULL &&
	    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm) != 0)
		paragraph_words(p, text);
}

static void write_tag(struct paragraph *p, const struct life *life)
{
	static const char *const words[] = { [NOT_OBSERVED] = "change tag not captured",
		[ABSENT] = "no change tag",
		[PRESENT] = "change tag" };
	if (!life_is_write(life) || life->status / 100 != 2)
		return;
	paragraph_join(p, ",");
	paragraph_words(p, words[life->tag_seen]);
}

static void write_answer(struct paragraph *p, const struct life *life)
{
	paragraph_words(p, "->");
	if (life->status == 0)
		paragraph_words(p,
		    life->commit == COMMIT_UNSEEN ? "answer not captured" : "no answer");
	else
		number_write(p, life->front ? "Status " : "", life->status, "");
	write_tag(p, life);
	const char *commit = commit_text(life->kind, life->commit);
	bool unknown = life->status == 0 && life->commit == COMMIT_UNSEEN;
	if (commit == NULL || life->front || unknown)
		return;
	paragraph_join(p, ";");
	paragraph_words(p, commit);
}

/* "  #112 2006-09-25T16:00:03Z PUT /a/Tea.EML -> 201, no change tag; stored" */
static void write_life(struct out *o, const struct report_options *options, const struct life *life)
{
	struct paragraph p = paragraph_begin(o, options, 6);
	paragraph_join(&p, "  ");
	p.fresh = true;
	frame_write(&p, options, "#", life->at);
	write_time(&p, life->at.ns);
	if (life->front)
		paragraph_words(&p, "device:");
	paragraph_wire(&p, slice_from(life->method));
	paragraph_wire(&p, slice_from(life->path));
	if (life->note[0] != '\0') {
		paragraph_words(&p, "(");
		p.fresh = true;
		paragraph_wire(&p, slice_from(life->note));
		paragraph_join(&p, ")");
	}
	write_answer(&p, life);
	if (life->copies)
		paragraph_words(&p, "- one more copy");
	paragraph_end(&p);
}

/* ---- what is wrong with it ---- */

static void write_reason(struct out *o, const struct report_options *options, const char *heading,
    const char *code, struct slice text)
{
	struct paragraph p = paragraph_begin(o, options, 10);
	paragraph_join(&p, heading);
	if (code != NULL) {
		paragraph_words(&p, code);
		paragraph_join(&p, ",");
	}
	paragraph_wire(&p, text);
	paragraph_end(&p);
}

static void write_verdict(struct out *o, const struct report_options *options, const struct kept *k)
{
	struct paragraph p = paragraph_begin(o, options, 6);
	paragraph_join(&p, "  ");
	uint64_t start = out_written(o);
	severity_write(o, options, k->severity);
	out_char(o, ' ');
	rule_write(o, k->rule);
	p.column += (size_t)(out_written(o) - start);
	paragraph_join(&p, ",");
	paragraph_words(&p, copies_words[k->in_part ? CONFIRMED + 1 : k->certainty]);
	paragraph_join(&p, ":");
	if (k->copies > 1)
		number_write(&p, "", k->copies, " live copies.");
	paragraph_wire(&p, slice_from(k->rule->title));
	paragraph_end(&p);
	if (cause_text(k->cause) != NULL)
		write_reason(o, options, "  cause:", cause_words[k->cause - CAUSE_UNTAGGED],
		    slice_from(cause_text(k->cause)));
	if (k->rule->remedy != NULL)
		write_reason(o, options, "  helps:", NULL, slice_from(k->rule->remedy));
}

/* ---- one item ---- */

static void write_known(struct paragraph *p, const char *what, struct slice text)
{
	if (text.n == 0)
		return;
	paragraph_join(p, ",");
	if (what != NULL)
		paragraph_words(p, what);
	paragraph_wire(p, text);
}

/* "LINEAGE i-7, Tea, client fe01, front end 6.5.7638.1, collection /exchange/anna/Calendar" */
static void write_head(struct out *o, const struct report_options *options, const struct lineage *l)
{
	static const struct {
		enum lineage_text text;
		const char *what;
	} parts[] = { { LINEAGE_SUMMARY, NULL }, { LINEAGE_UID, "UID" }, { LINEAGE_PEER, "client" },
		{ LINEAGE_DEVICE, "device" }, { LINEAGE_FRONT_BUILD, "front end" },
		{ LINEAGE_BACK_BUILD, "store" }, { LINEAGE_SCOPE, "collection" } };
	struct paragraph p = paragraph_begin(o, options, 4);
	paragraph_join(&p, "LINEAGE");
	number_write(&p, "i-", l->number, "");
	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
		write_known(&p, parts[i].what, l->texts[parts[i].text]);
	paragraph_end(&p);
}

/* Of the items that went wrong: who can have done it, and what others would have made of it. */
static void write_machine(struct out *o, const struct report_options *options,
    const struct lineage *l, const struct conclusions *c)
{
	const struct line_view *line = c != NULL ? conclusions_line(c, l->number) : NULL;
	if (line == NULL || (line->ending != ENDED_COPIES && line->ending != ENDED_STUCK))
		return;
	if (line->client < c->n_clients)
		client_checks_write(o, options, 2, &c->clients[line->client]);
	line_machine_write(o, options, 2, line);
}

static void write_lineage(struct out *o, const struct report_options *options,
    const struct kept *const *list, size_t n, const struct conclusions *conclusions)
{
	const struct lineage *l = list[0]->lineage;
	out_char(o, '\n');
	write_head(o, options, l);
	for (size_t i = 0; i < l->n_history; i++)
		write_life(o, options, &l->history[i]);
	if (l->dropped != 0) {
		out_text(o, "  ");
		out_u64(o, l->dropped);
		out_text(o, " more in between\n");
	}
	for (size_t i = 0; i < n; i++)
		write_verdict(o, options, list[i]);
	write_machine(o, options, l, conclusions);
}

/* ---- one mailbox ---- */

static void write_heading(struct out *o, const struct lineage *l)
{
	enum heading h = heading_of(l);
	struct slice name = l->texts[headings[h].text];
	out_text(o, "diagnosis of ");
	out_text(o, headings[h].name);
	out_char(o, ' ');
	if (name.n != 0)
		out_vis(o, name, SIZE_MAX);
	else
		out_text(o, "(not known)");
	out_char(o, '\n');
}

static void write_place(struct out *o, const struct report_options *options,
    const struct kept *const *list, size_t n, const struct conclusions *conclusions)
{
	uint64_t shown = 0, hidden = 0;
	write_heading(o, list[0]->lineage);
	for (size_t from = 0, to = 0; from < n; from = to) {
		while (to < n && list[to]->lineage == list[from]->lineage)
			to++;
		if (options->narrow && shown == SHOWN) {
			hidden++;
			continue;
		}
		write_lineage(o, options, list + from, to - from, conclusions);
		shown++;
	}
	if (hidden != 0) {
		out_text(o, "\nand ");
		out_u64(o, hidden);
		out_text(o, " more; a file or pipe gets them all\n");
	}
	out_char(o, '\n');
}

static void write_places(struct out *o, const struct report_options *options,
    const struct kept *const *list, size_t n, const struct conclusions *conclusions)
{
	for (size_t from = 0, to = 0; from < n; from = to) {
		while (to < n && place_compare(list[to]->lineage, list[from]->lineage) == 0)
			to++;
		write_place(o, options, list + from, to - from, conclusions);
	}
}

static void write_unlined(struct out *o, uint64_t n)
{
	if (n == 0)
		return;
	out_text(o, "not in the diagnosis: the items of ");
	out_u64(o, n);
	out_text(o, n == 1 ? " finding" : " findings");
	out_text(o, " beyond limit lineages_kept\n\n");
}

/* Of an item whose life is not told there is no more to say than the finding does. */
void diagnosis_write(const struct kept **list, size_t n, uint64_t unlined,
    const struct report_options *options, const struct conclusions *conclusions, struct out *o)
{
	size_t kept = 0;
	for (size_t i = 0; i < n; i++)
		if (list[i]->lineage != NULL && list[i]->lineage->n_history != 0)
			list[kept++] = list[i];
	if (kept != 0) {
		qsort(list, kept, sizeof *list, entry_compare);
		write_places(o, options, list, kept, conclusions);
	}
	write_unlined(o, unlined);
}
