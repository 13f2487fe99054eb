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

static const char *type_name(enum field_type type)
{
	static const char *const names[] = {
		[FIELD_BOOL] = "bool",
		[FIELD_INT] = "int",
		[FIELD_STRING] = "string",
		[FIELD_ISTRING] = "istring",
		[FIELD_IP] = "ip",
		[FIELD_DURATION] = "duration",
		[FIELD_TIME] = "time",
		[FIELD_ENUM] = "enum",
		[FIELD_HEADERS] = "headers",
		[FIELD_GROUP] = "group",
	};
	return names[type];
}

static void list_fields(struct out *out)
{
	size_t n = 0;
	const struct field *fields = fields_table(&n);
	for (size_t i = 0; i < n; i++) {
		column(out, fields[i].name, 32);
		column(out, type_name(fields[i].type), 8);
		column(out, fields[i].many ? "many" : "one", 4);
		out_text(out, fields[i].text);
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
	struct out *out = out_open("-", &e);
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
