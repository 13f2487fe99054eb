/*
 * text.c - one line a transaction, for people on a terminal and for awk; findings stand below them.
 *
 * Lines go out as they come, so a column is as wide as its widest cell so far; short targets and
 * IPv4 fit 120 columns. The change tag stands last, because it is as long as the server likes.
 */
#include "report/explain.h"
#include "report/findings.h"
#include "report/format.h"
#include "report/summary.h"
#include "report/text.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum column {
	COLUMN_FRAME,
	COLUMN_CLIENT,
	COLUMN_SERVER,
	COLUMN_METHOD,
	COLUMN_TARGET,
	COLUMN_STATUS,
	COLUMN_SENT,
	COLUMN_RECEIVED,
	COLUMN_SECONDS,
	COLUMNS
};
static const struct {
	const char *title;
	size_t width;
	bool right;
} columns[COLUMNS] = {
	[COLUMN_FRAME] = { "frame", 5, true },
	[COLUMN_CLIENT] = { "client", 15, false },
	[COLUMN_SERVER] = { "server", 15, false },
	[COLUMN_METHOD] = { "method", 9, false },
	[COLUMN_TARGET] = { "target", 24, false },
	[COLUMN_STATUS] = { "code", 4, false },
	[COLUMN_SENT] = { "sent", 5, true },
	[COLUMN_RECEIVED] = { "recv", 6, true },
	[COLUMN_SECONDS] = { "seconds", 8, true },
};

/* On a terminal a long target keeps its root and, as the item is named there, more of its end. */
enum {
	TARGET_MAX = 32,
	TARGET_HEAD = 9,
	TARGET_TAIL = TARGET_MAX - TARGET_HEAD - 3,
	METHOD_MAX = 24
};

static const int64_t ns_in_second = 1000000000, seconds_in_day = 86400;

struct text {
	const struct report_options *options;
	struct findings *findings;
	size_t width[COLUMNS];
	int64_t day, offset; /* of the last date line */
	int64_t quarter; /* the quarter of an hour for which local_offset holds */
	int64_t local_offset;
	uint16_t input; /* whose name was written last, live */
	bool begun; /* date and titles were written */
	bool names_input; /* `input` is one */
	bool listed; /* anything was */
};

static void *text_open(const struct report_options *options, struct error *e)
{
	struct text *t = calloc(1, sizeof *t);
	struct findings *findings = findings_new(options->limits);
	if (t == NULL || findings == NULL) {
		error_set(e, "out of memory");
		findings_free(findings);
		free(t);
		return NULL;
	}
	t->options = options;
	t->findings = findings;
	t->quarter = INT64_MIN;
	for (size_t i = 0; i < COLUMNS; i++)
		t->width[i] = columns[i].width;
	return t;
}

static void text_close(void *self)
{
	struct text *t = self;
	findings_free(t->findings);
	free(t);
}

/* ---- cells ---- */

/* Blanks around a cell of n columns: in front of a right-aligned one, behind a left-aligned one. */
static void cell_pad(struct text *t, struct out *o, enum column c, size_t n)
{
	if (n > t->width[c])
		t->width[c] = n;
	columns_pad(o, t->width[c] - n);
}

static void cell_end(struct text *t, struct out *o, enum column c, uint64_t start)
{
	cell_pad(t, o, c, (size_t)(out_written(o) - start));
	out_char(o, ' ');
}

static size_t digits(uint64_t value)
{
	size_t n = 1;
	for (; value >= 10; value /= 10)
		n++;
	return n;
}

/* ---- the date and the titles ---- */

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

/* Seconds east of UTC. Zones change their offset on quarters of an hour only. */
static int64_t zone_offset(struct text *t, int64_t seconds)
{
	if (!t->options->local_time)
		return 0;
	int64_t quarter = floor_div(seconds, 900);
	time_t when = (time_t)seconds;
	struct tm tm;
	if (quarter != t->quarter && localtime_r(&when, &tm) != NULL) {
		t->quarter = quarter;
		t->local_offset = tm.tm_gmtoff;
	}
	return t->local_offset;
}

static void write_titles(const struct text *t, struct out *o)
{
	out_text(o, "# time         ");
	for (size_t i = 0; i < COLUMNS; i++) {
		size_t n = t->width[i] - strlen(columns[i].title);
		out_char(o, ' ');
		columns_pad(o, columns[i].right ? n : 0);
		out_text(o, columns[i].title);
		columns_pad(o, columns[i].right ? 0 : n);
	}
	out_text(o, " change tag\n");
}

static void write_date(struct text *t, struct out *o, int64_t day, int64_t offset)
{
	time_t midnight = (time_t)(day * seconds_in_day);
	char date[32] = "";
	struct tm tm;
	if (gmtime_r(&midnight, &tm) != NULL)
		strftime(date, sizeof date, "# %Y-%m-%d UTC", &tm);
	out_text(o, date);
	if (t->options->local_time) {
		int64_t minutes = (offset < 0 ? -offset : offset) / 60;
		out_char(o, offset < 0 ? '-' : '+');
		out_digits(o, (uint64_t)minutes / 60, 2);
		out_char(o, ':');
		out_digits(o, (uint64_t)minutes % 60, 2);
	}
	out_char(o, '\n');
	if (!t->begun)
		write_titles(t, o);
	t->begun = true;
	t->day = day;
	t->offset = offset;
}

static void write_time(struct text *t, struct out *o, int64_t ns)
{
	int64_t seconds = floor_div(ns, ns_in_second);
	uint64_t micro = (uint64_t)(ns - seconds * ns_in_second) / 1000;
	int64_t offset = zone_offset(t, seconds);
	int64_t day = floor_div(seconds + offset, seconds_in_day);
	uint64_t clock = (uint64_t)(seconds + offset - day * seconds_in_day);
	if (!t->begun || day != t->day || offset != t->offset)
		write_date(t, o, day, offset);
	out_digits(o, clock / 3600, 2);
	out_char(o, ':');
	out_digits(o, clock / 60 % 60, 2);
	out_char(o, ':');
	out_digits(o, clock % 60, 2);
	out_char(o, '.');
	out_digits(o, micro, 6);
	out_char(o, ' ');
}

/* ---- the columns ---- */

/* "": there is but one, or it has none. */
static const char *name_of(const struct text *t, uint16_t input)
{
	bool named = t->options->n_inputs > 1 && input < t->options->n_inputs;
	return named ? t->options->input_names[input] : "";
}

/* Live one file follows the other, with long names: a line says so, and rows have the number alone. */
static void write_input(struct text *t, struct out *o, uint16_t input)
{
	const char *name = name_of(t, input);
	if (name[0] == '\0' || (t->names_input && t->input == input))
		return;
	out_text(o, "# ");
	out_vis(o, slice_from(name), SIZE_MAX);
	out_char(o, '\n');
	t->input = input;
	t->names_input = true;
}

static void write_frame(struct text *t, struct out *o, struct stamp at)
{
	const char *name = t->options->live ? "" : name_of(t, at.input);
	if (name[0] == '\0') {
		cell_pad(t, o, COLUMN_FRAME, digits(at.frame));
	} else {
		uint64_t start = out_written(o);
		out_vis(o, slice_from(name), SIZE_MAX);
		out_char(o, ':');
		cell_pad(t, o, COLUMN_FRAME, (size_t)(out_written(o) - start) + digits(at.frame));
	}
	out_u64(o, at.frame);
	out_char(o, ' ');
}

static void write_endpoint(struct text *t, struct out *o, enum column c, const struct endpoint *e)
{
	uint64_t start = out_written(o);
	bool brackets = e->family == 6;
	if (brackets)
		out_char(o, '[');
	out_address(o, e);
	if (brackets)
		out_char(o, ']');
	out_char(o, ':');
	out_u64(o, e->port);
	cell_end(t, o, c, start);
}

static void write_target(struct text *t, struct out *o, struct slice target)
{
	size_t n = columns_count(target);
	if (n <= TARGET_MAX) {
		out_vis(o, target, SIZE_MAX);
	} else if (!t->options->narrow) {
		out_vis(o, target, (size_t)t->options->limits->out_field);
		out_char(o, ' ');
		return;
	} else {
		struct slice behind = columns_skip(target, TARGET_HEAD);
		struct slice head = slice_part(target, 0, target.n - behind.n);
		struct slice tail = columns_skip(target, n - TARGET_TAIL);
		out_vis(o, head, SIZE_MAX);
		out_text(o, "...");
		out_vis(o, tail, SIZE_MAX);
		n = columns_count(head) + 3 + columns_count(tail);
	}
	cell_pad(t, o, COLUMN_TARGET, n);
	out_char(o, ' ');
}

/* A half that is missing is shown as "-" and why. */
static void write_missing(struct text *t, struct out *o, enum column c, enum unpaired why)
{
	uint64_t start = out_written(o);
	out_char(o, '-');
	out_text(o, unpaired_reason(why));
	cell_end(t, o, c, start);
}

static void write_request(struct text *t, struct out *o, const struct txn *txn)
{
	uint64_t start = out_written(o);
	if (!txn->req.seen) {
		out_char(o, '-');
		cell_end(t, o, COLUMN_METHOD, start);
		write_missing(t, o, COLUMN_TARGET, txn->unpaired);
		return;
	}
	out_vis(o, txn->req.method, METHOD_MAX);
	cell_end(t, o, COLUMN_METHOD, start);
	write_target(t, o, txn->req.target);
}

static void write_status(struct text *t, struct out *o, const struct txn *txn)
{
	bool bad = txn->res.status >= 400 || !txn->res.seen;
	if (bad)
		color_begin(o, t->options, txn->res.status >= 500 ? "\033[31m" : "\033[33m");
	uint64_t start = out_written(o);
	if (!txn->res.seen) {
		write_missing(t, o, COLUMN_STATUS, txn->unpaired);
	} else {
		out_u64(o, txn->res.status);
		if (txn->unsure)
			out_char(o, '?');
		if (txn->unreceived)
			out_text(o, "-unreceived");
		cell_end(t, o, COLUMN_STATUS, start);
	}
	if (bad)
		color_end(o, t->options);
}

/* "+" stands behind a size of which not all was seen. */
static void write_size(struct text *t, struct out *o, enum column c, const struct message *m)
{
	bool more = !m->end_seen || m->body.gap_bytes != 0 ||
	    (m->loss & (LOSS_GAP | LOSS_CLIPPED)) != 0;
	cell_pad(t, o, c, m->seen ? digits(m->body.bytes) + more : 1);
	if (m->seen)
		out_u64(o, m->body.bytes);
	else
		out_char(o, '-');
	if (m->seen && more)
		out_char(o, '+');
	out_char(o, ' ');
}

/* From the first byte of the request to the last of the response; "+" behind it: that one was not seen. */
static void write_seconds(struct text *t, struct out *o, const struct txn *txn)
{
	if (!txn->req.seen || !txn->res.seen) {
		cell_pad(t, o, COLUMN_SECONDS, 1);
		out_text(o, "- ");
		return;
	}
	bool negative = txn->res.last.ns < txn->req.first.ns;
	uint64_t ns = (uint64_t)txn->res.last.ns - (uint64_t)txn->req.first.ns;
	uint64_t micro = (negative ? 0 - ns : ns) / 1000;
	bool more = !txn->res.end_seen;
	cell_pad(t, o, COLUMN_SECONDS, digits(micro / 1000000) + 7 + negative + more);
	if (negative)
		out_char(o, '-');
	out_u64(o, micro / 1000000);
	out_char(o, '.');
	out_digits(o, micro % 1000000, 6);
	if (more)
		out_char(o, '+');
	out_char(o, ' ');
}

/* A value that reads like one of our own words is quoted, so that nobody can send a "none". */
static bool is_our_word(struct slice tag)
{
	return tag.n == 0 || slice_equal(tag, SLICE("none")) || slice_equal(tag, SLICE("-")) ||
	    slice_equal(tag, SLICE("?"));
}

static void write_tag(const struct text *t, struct out *o, const struct facts *f)
{
	if (f->tag_seen == PRESENT) {
		const char *quote = is_our_word(f->tag) ? "\"" : "";
		out_text(o, quote);
		out_vis(o, f->tag, (size_t)t->options->limits->out_field);
		out_text(o, quote);
	} else if (f->tag_due == TAG_NOT_DUE && !f->tag_open) {
		out_char(o, '-');
	} else if (f->tag_seen == NOT_OBSERVED) {
		out_char(o, '?');
	} else {
		color_begin(o, t->options, "\033[1m");
		out_text(o, "none");
		color_end(o, t->options);
	}
}

static struct stamp shown_stamp(const struct txn *txn)
{
	return message_packet(txn->req.seen ? &txn->req : &txn->res);
}

static void write_transaction(struct text *t, struct out *o, const struct event *event)
{
	const struct txn *txn = event->txn;
	struct stamp at = shown_stamp(txn);
	if (t->options->live)
		write_input(t, o, at.input);
	write_time(t, o, at.ns);
	write_frame(t, o, at);
	write_endpoint(t, o, COLUMN_CLIENT, &txn->client);
	write_endpoint(t, o, COLUMN_SERVER, &txn->server);
	write_request(t, o, txn);
	write_status(t, o, txn);
	write_size(t, o, COLUMN_SENT, &txn->req);
	write_size(t, o, COLUMN_RECEIVED, &txn->res);
	write_seconds(t, o, txn);
	write_tag(t, o, event->facts);
	out_char(o, '\n');
}

/* ---- what stands between the transactions ---- */

/* In the place of the frame, where a line says of no transaction. */
static void write_aside(struct text *t, struct out *o, int64_t ns)
{
	write_time(t, o, ns);
	out_text(o, "-- ");
}

/* Below the transaction that completed it; who reads along is told when it was, where there is none. */
static void write_found(struct text *t, struct out *o, const struct event *event, bool below)
{
	if (!finding_is_listed(t->options, event->finding))
		return;
	if (t->options->live && !below)
		write_aside(t, o, event->at.ns);
	else
		out_text(o, "  ");
	finding_list(o, t->options, event->finding);
}

static void write_dropped(struct text *t, struct out *o, const struct event *event)
{
	uint64_t packets = event->dropped->packets;
	write_aside(t, o, event->at.ns);
	color_begin(o, t->options, "\033[31m");
	out_u64(o, packets);
	out_text(o, packets == 1 ? " packet lost" : " packets lost");
	color_end(o, t->options);
	out_char(o, '\n');
}

static void text_event(void *self, struct out *o, const struct event *event,
    const struct event *cause)
{
	struct text *t = self;
	uint64_t start = out_written(o);
	if (event->kind == EVENT_FINDING)
		findings_add(t->findings, event, cause);
	if (t->options->quiet)
		return;
	if (event->kind == EVENT_TRANSACTION)
		write_transaction(t, o, event);
	else if (event->kind == EVENT_FINDING)
		write_found(t, o, event, cause != NULL);
	else if (event->kind == EVENT_LOSS && t->options->live)
		write_dropped(t, o, event);
	else if (t->options->explain)
		explain_list(o, event);
	t->listed = t->listed || out_written(o) != start;
}

static void text_end(void *self, struct out *o, const struct summary *s, const struct run_end *end,
    const struct rules *rules)
{
	struct text *t = self;
	if (t->listed)
		out_char(o, '\n');
	bool found = findings_write(t->findings, t->options, rules, end->conclusions, o);
	summary_write(o, t->options, s, end, rules, found);
}

const struct format report_text = { text_open, text_event, text_end, text_close };
