/*
 * gauges.c - what the keeper counts, in the text format of Prometheus (version 0.0.4).
 */
#include "cmd/keeper/gauges.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static void head(FILE *out, const char *name, const char *type, const char *help)
{
	fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* Names of sinks are the user's: backslash, quote and line feed are escaped, other controls are not ours. */
static void label(FILE *out, const char *name, const char *value)
{
	fprintf(out, "%s=\"", name);
	for (const char *p = value; *p != '\0'; p++) {
		if (*p == '\n')
			fputs("\\n", out);
		else if (*p == '\\' || *p == '"')
			fprintf(out, "\\%c", *p);
		else
			fputc((unsigned char)*p < ' ' ? '?' : *p, out);
	}
	fputc('"', out);
}

static void sink_value(FILE *out, const char *name, const struct sink_counts *sink,
    const char *kind, uint64_t value)
{
	fprintf(out, "%s{", name);
	label(out, "sink", sink->name);
	if (kind != NULL) {
		fputc(',', out);
		label(out, "kind", kind);
	}
	fprintf(out, "} %" PRIu64 "\n", value);
}

static void value(FILE *out, const char *name, const char *type, const char *help, uint64_t number)
{
	head(out, name, type, help);
	fprintf(out, "%s %" PRIu64 "\n", name, number);
}

static void seconds(FILE *out, const char *name, const char *help, int64_t ns)
{
	head(out, name, "gauge", help);
	fprintf(out, "%s %" PRId64 ".%03" PRId64 "\n", name, ns / 1000000000, ns / 1000000 % 1000);
}

static void sinks_put_text(FILE *out, const struct gauges *g)
{
	static const char *const kinds[] = { "other", "finding" };
	static const char queue[] = "davscope_sink_queue_records";
	static const char delivered[] = "davscope_sink_delivered_total";
	static const char dropped[] = "davscope_sink_dropped_total";
	static const char failing[] = "davscope_sink_failing";
	head(out, queue, "gauge", "Records that wait in the queue of a sink.");
	for (size_t i = 0; i < g->n_sinks; i++)
		sink_value(out, queue, &g->sinks[i], NULL, g->sinks[i].queued);
	head(out, delivered, "counter", "Records that a sink has taken.");
	for (size_t i = 0; i < 2 * g->n_sinks; i++)
		sink_value(out, delivered, &g->sinks[i / 2], kinds[i % 2],
		    g->sinks[i / 2].delivered[i % 2]);
	head(out, dropped, "counter", "Records that a sink has lost.");
	for (size_t i = 0; i < 2 * g->n_sinks; i++)
		sink_value(out, dropped, &g->sinks[i / 2], kinds[i % 2],
		    g->sinks[i / 2].dropped[i % 2]);
	head(out, failing, "gauge", "1 when the last attempt of a sink failed.");
	for (size_t i = 0; i < g->n_sinks; i++)
		sink_value(out, failing, &g->sinks[i], NULL, g->sinks[i].failing);
}

static void state_put_text(FILE *out, const struct gauges *g)
{
	value(out, "davscope_state_records", "gauge", "Records in the state directory.",
	    g->db.records);
	value(out, "davscope_state_bytes", "gauge", "Bytes of these records.", g->db.bytes);
	value(out, "davscope_state_forgotten_total", "counter",
	    "Records that left the state directory at a limit.", g->db.forgotten);
	value(out, "davscope_findings_lost_total", "counter",
	    "Findings that left the state directory before each sink had them.", g->db.lost);
	if (g->db.saved_ns != 0)
		seconds(out, "davscope_state_saved_timestamp_seconds",
		    "When the state was last written as a whole.", g->db.saved_ns);
}

bool gauges_readable(struct slice watcher)
{
	while (watcher.n != 0) {
		size_t end = slice_find_byte(watcher, '\n');
		if (!vis_is_plain(slice_part(watcher, 0, end)))
			return false;
		watcher = slice_part(watcher, end + 1, SIZE_MAX);
	}
	return true;
}

char *gauges_text(const struct gauges *g, size_t *n)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, n);
	if (out == NULL)
		return NULL;
	if (g->watcher.n != 0) {
		fwrite(g->watcher.p, 1, g->watcher.n, out);
		if (g->watcher.p[g->watcher.n - 1] != '\n')
			fputc('\n', out);
	}
	sinks_put_text(out, g);
	value(out, "davscope_findings_repeated_total", "counter",
	    "Findings that came again and were not given out again.", g->repeated);
	value(out, "davscope_keeper_refused_total", "counter",
	    "Messages of the watcher that could not be read.", g->refused);
	if (g->stores)
		state_put_text(out, g);
	seconds(out, "davscope_keeper_start_time_seconds", "When the keeper was started.",
	    g->started_ns);
	bool failed = ferror(out) != 0;
	if (fclose(out) == 0 && !failed)
		return text;
	free(text);
	return NULL;
}
