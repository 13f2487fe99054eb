/*
 * list.c - `--list limits|fields|anomalies`: the tables the program itself runs on.
 */
#include "cmd/cmd.h"

#include <string.h>

static void column(struct out *out, const char *text, size_t width)
{
	out_text(out, text);
	for (size_t n = strlen(text); n < width; n++)
		out_char(out, ' ');
	out_char(out, ' ');
}

static void list_limits(struct out *out)
{
	size_t n = 0;
	const struct limit_info *limits = limits_table(&n);
	for (size_t i = 0; i < n; i++) {
		char value[24];
		snprintf(value, sizeof value, "%llu", (unsigned long long)limits[i].value);
		column(out, limits[i].name, 18);
		column(out, value, 10);
		column(out, limits[i].unit, 11);
		out_text(out, limits[i].text);
		out_char(out, '\n');
	}
}

/* The kinds of events that have it, joined by commas. */
static void kinds_text(unsigned kinds, char *text, size_t room)
{
	size_t used = 0;
	text[0] = '\0';
	if (kinds == (1u << EVENT_KINDS) - 1) {
		snprintf(text, room, "all");
		return;
	}
	for (enum event_kind kind = 0; kind < EVENT_KINDS; kind++)
		if (kinds & 1u << kind)
			used += (size_t)snprintf(text + used, room - used, "%s%s",
			    used != 0 ? "," : "", event_kind_name(kind));
}

static void list_words(struct out *out, const char *const *words)
{
	for (size_t i = 0; words[i] != NULL; i++) {
		out_text(out, i == 0 ? " {" : ", ");
		out_text(out, words[i]);
	}
	out_char(out, '}');
}

/* Name, type, how many values, kinds of events, text, {words}; docs/fields.sh reads it. */
static void list_fields(struct out *out)
{
	size_t n = 0;
	const struct field *fields = fields_table(&n);
	for (size_t i = 0; i < n; i++) {
		char kinds[160];
		kinds_text(fields[i].kinds, kinds, sizeof kinds);
		column(out, fields[i].name, 37);
		column(out, field_type_name(fields[i].type), 8);
		column(out, fields[i].many ? "many" : "one", 4);
		column(out, kinds, 24);
		out_text(out, fields[i].text);
		if (fields[i].words != NULL)
			list_words(out, fields[i].words);
		out_char(out, '\n');
	}
}

static void list_anomalies(struct out *out)
{
	for (unsigned i = 0; i < ANOMALY_CODES; i++) {
		column(out, anomaly_name((enum anomaly_code)i), 26);
		out_text(out, anomaly_text((enum anomaly_code)i));
		out_char(out, '\n');
	}
}

int command_list(const struct options *o)
{
	struct error e;
	struct out *out = out_stdout(&e);
	if (out == NULL)
		return EXIT_INTERNAL;
	switch (o->list) {
	case LIST_LIMITS:
		list_limits(out);
		break;
	case LIST_FIELDS:
		list_fields(out);
		break;
	case LIST_ANOMALIES:
		list_anomalies(out);
		break;
	}
	return finish_output(out);
}
