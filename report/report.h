/*
 * report.h - what people and programs read: text, JSON lines, TSV.
 *
 * Every byte that came from the wire leaves through struct out, whose calls for wire bytes escape.
 */
#ifndef DAVSCOPE_REPORT_H
#define DAVSCOPE_REPORT_H

#include "report/sinks.h"
#include "rules/rules.h"

/* ---- out: a buffered stream ---- */
struct out;
struct out *out_stdout(struct error *);
struct out *out_memory(struct error *);                           /* kept until out_taken() */
/* All since the last call, valid until something is written; p NULL: out of memory, it is lost, and out begins anew. */
struct slice out_taken(struct out *);
struct out *out_errors(struct error *);                          /* standard error, for complaints */
void out_text(struct out *, const char *constant);                /* our own words, never wire bytes */
void out_char(struct out *, char c);
void out_u64(struct out *, uint64_t);
void out_i64(struct out *, int64_t);
void out_digits(struct out *, uint64_t, size_t n);                /* exactly n <= 20 digits, zeros in front */
void out_vis(struct out *, struct slice wire, size_t max);        /* vis-escaped, cut at max escaped bytes with "..." */
void out_json(struct out *, struct slice wire);                   /* a quoted JSON string; bytes that are not UTF-8: U+FFFD */
void out_label(struct out *, struct slice wire);                  /* a quoted label of Prometheus, vis-escaped inside */
void out_time(struct out *, int64_t ns);                          /* RFC 3339, UTC, 9 digits */
void out_address(struct out *, const struct endpoint *);          /* without port; RFC 5952 */
uint64_t out_written(const struct out *);                         /* bytes so far, for alignment */
bool out_flush(struct out *);
bool out_broken_pipe(const struct out *);                         /* the reader went away: not an error */
bool out_failed(const struct out *, struct error *);              /* true: a write failed, *e says why */
bool out_close(struct out *, struct error *);                     /* flushes and frees; false: exit 5 */
void out_abandon(struct out *);

/* ---- report: events in, one of the formats out ---- */
enum report_format { REPORT_TEXT, REPORT_JSON, REPORT_FIELDS };

struct report_options {
	enum report_format format;
	const struct field_ref *columns;     /* REPORT_FIELDS */
	size_t n_columns;
	bool color;                          /* REPORT_TEXT */
	bool narrow;                         /* REPORT_TEXT: long targets are cut in the middle */
	bool quiet;                          /* REPORT_TEXT: no list, only findings and the summary */
	bool explain;                        /* REPORT_TEXT: also what looked like a copy and is none, and what was folded */
	bool silent;                         /* REPORT_TEXT: nothing at all */
	bool live;                           /* REPORT_TEXT: for who reads along; losses and later states of findings have a line, too */
	bool local_time;                     /* REPORT_TEXT: outside the determinism contract */
	const char *sensor;                  /* NULL = none */
	const struct limits *limits;
	const char *const *input_names;      /* by input number */
	size_t n_inputs;
};

/* A finding's rule must live until the report is freed. */
struct report;
struct report *report_new(const struct report_options *, struct out *, struct error *);
void report_event(struct report *, const struct event *);
/* The same for a finding, with the event that completed it; NULL: time passed. */
void report_finding(struct report *, const struct event *event, const struct event *cause);
/* The closing summary or stats record; NULL: no rules were run. */
void report_end(struct report *, const struct summary *, const struct run_end *, const struct rules *);
/* True when something keeps the evidence from being complete; text says what, in one line. */
bool report_incomplete(const struct summary *, const struct run_end *, char *text, size_t room);
void report_free(struct report *);

/* ---- what the reference machine says: options->format TEXT or JSON, an object a line ---- */
void conclusions_write(struct out *, const struct report_options *, const struct conclusions *, const struct profiles *);
/* `before`, `after`: names of the captures; before NULL: there is none. */
void verification_write(struct out *, const struct report_options *, const struct verification *, const char *before, const char *after);

/*
 * ---- metrics: what a long run counts, in the text format of Prometheus, version 0.0.4 ----
 * Labels are words of ours, ids of rules and names of interfaces: no more series than those. Counters
 * that are handed over may begin anew, those told to others never go back.
 */
struct metrics_interface { const char *name; uint64_t packets, bytes, kernel_drops, interface_drops; };
struct metrics;
struct metrics *metrics_new(const struct limits *, struct error *);
void metrics_event(struct metrics *, const struct event *);
void metrics_finding(struct metrics *, const struct event *finding);
void metrics_capture(struct metrics *, const struct metrics_interface *, size_t n);
void metrics_ring(struct metrics *, uint64_t closed, uint64_t deleted, uint64_t pinned, uint64_t lost_packets);
void metrics_decode(struct metrics *, const struct decode_counts *);
/* Before metrics_write(), and directly before and behind rules_reload(), so that nothing of the old set is lost. */
void metrics_rules(struct metrics *, const struct rules *);
void metrics_reload(struct metrics *, bool good, int64_t now_ns);    /* also of the rules it began with; now: the clock on the wall */
void metrics_lag(struct metrics *, int64_t behind_ns);               /* how far the analysis is behind that clock */
/* What was never handed over is left out. */
void metrics_write(const struct metrics *, struct out *);
void metrics_free(struct metrics *);                                 /* NULL is fine */

/* ---- complaints about rule files and filters ---- */
void complaint_write(struct out *, const struct complaint *);        /* FILE:LINE:COLUMN: error[E0201]: ... */
void complaint_write_json(struct out *, const struct complaint *);   /* one object, one line */
/* For people who typed a condition after -Y: what is wrong, the line concerned, a mark below it. */
void complaint_write_caret(struct out *, const char *condition, const struct complaint *);

#endif
