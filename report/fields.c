/*
 * fields.c - chosen fields as TSV: a row an event, a column a field.
 *
 * Empty = absent, "?" = not observed (behind the values: there may be more), several values are
 * joined by a comma. Rows are the events that can have all of the columns.
 */
#include "report/format.h"

#include <stdlib.h>

struct tsv {
	const struct report_options *options;
	unsigned kinds; /* bit per enum event_kind that gets a row */
};

static void *tsv_open(const struct report_options *options, struct error *error)
{
	struct tsv *t = calloc(1, sizeof *t);
	if (t == NULL) {
		error_set(error, "out of memory");
		return NULL;
	}
	t->options = options;
	t->kinds = ~0u;
	for (size_t i = 0; i < options->n_columns; i++)
		t->kinds &= options->columns[i].field->kinds;
	if (t->kinds != 0)
		return t;
	error_set(error, "no kind of event has all of these fields");
	free(t);
	return NULL;
}

static void value_write(struct out *out, const struct field *field, const struct value *v)
{
	switch (field->type) {
	case FIELD_BOOL:
		out_text(out, v->number != 0 ? "true" : "false");
		break;
	case FIELD_INT:
	case FIELD_DURATION:
		out_i64(out, v->number);
		break;
	case FIELD_TIME:
		out_time(out, v->number);
		break;
	case FIELD_IP:
		out_address(out, v->ip);
		break;
	default:
		out_vis(out, v->text, SIZE_MAX);
		break;
	}
}

static void comma(struct out *out, bool *any)
{
	if (*any)
		out_char(out, ',');
	*any = true;
}

/* All values of a field that is no member of a group, or of one element of its group. */
static void values_write(struct out *out, const struct field_ref *ref, const struct event *event,
    size_t element, bool *any)
{
	struct value v = { 0 };
	enum seen seen = field_read(ref, event, element, 0, &v);
	for (size_t nth = 1; seen == PRESENT; nth++) {
		comma(out, any);
		value_write(out, ref->field, &v);
		if (!ref->field->many)
			return;
		seen = field_read(ref, event, element, nth, &v);
	}
	if (seen == NOT_OBSERVED) {
		comma(out, any);
		out_char(out, '?');
	}
}

static void entry_write(struct out *out, struct slice name, struct slice text)
{
	out_vis(out, name, SIZE_MAX);
	out_text(out, ": ");
	out_vis(out, text, SIZE_MAX);
}

static void map_write(struct out *out, const struct field *map, const struct event *event)
{
	struct slice name;
	struct value v;
	bool any = false;
	for (size_t i = 0; field_entry(map, event, i, &name, &v); i++) {
		comma(out, &any);
		entry_write(out, name, v.text);
	}
}

static void headers_write(struct out *out, const struct field *map, const struct event *event)
{
	bool complete, any = false;
	const struct message *m = field_headers(map, event, &complete);
	for (size_t i = 0; m != NULL && i < m->n_headers; i++) {
		comma(out, &any);
		entry_write(out, m->headers[i].name, m->headers[i].value);
	}
	if (!complete) {
		comma(out, &any);
		out_char(out, '?');
	}
}

/* One piece an element, empty where it has none: the columns of one group stay in step. */
static void member_write(struct out *out, const struct field_ref *ref, const struct field *group,
    const struct event *event)
{
	bool complete, any = false;
	size_t n = field_elements(group, event, &complete);
	for (size_t i = 0; i < n; i++) {
		bool any_here = false;
		comma(out, &any);
		values_write(out, ref, event, i, &any_here);
	}
	if (!complete) {
		comma(out, &any);
		out_char(out, '?');
	}
}

static void count_write(struct out *out, const struct field *group, const struct event *event)
{
	bool complete;
	out_u64(out, field_elements(group, event, &complete));
	if (!complete)
		out_text(out, ",?");
}

static void column_write(struct out *out, const struct field_ref *ref, const struct event *event)
{
	const struct field *group = field_group(ref->field);
	bool any = false;
	if (ref->field->type == FIELD_GROUP)
		count_write(out, ref->field, event);
	else if (group != NULL)
		member_write(out, ref, group, event);
	else if (ref->field->type == FIELD_HEADERS && ref->header.n == 0)
		headers_write(out, ref->field, event);
	else if (ref->field->type == FIELD_MAP && ref->header.n == 0)
		map_write(out, ref->field, event);
	else
		values_write(out, ref, event, 0, &any);
}

static void tsv_event(void *self, struct out *out, const struct event *event,
    const struct event *cause)
{
	const struct tsv *t = self;
	(void)cause;
	if (!(t->kinds & 1u << event->kind))
		return;
	for (size_t i = 0; i < t->options->n_columns; i++) {
		if (i != 0)
			out_char(out, '\t');
		column_write(out, &t->options->columns[i], event);
	}
	out_text(out, "\n");
}

/* Fields that only the end of the run has make one row; no other columns get one for it. */
static void tsv_end(void *self, struct out *out, const struct summary *summary,
    const struct run_end *end, const struct rules *rules)
{
	const struct tsv *t = self;
	(void)rules;
	if (t->kinds == 1u << EVENT_STATS)
		tsv_event(self, out,
		    &(struct event){ .kind = EVENT_STATS,
			.at = { .ns = summary->last_ns },
			.id = SLICE("stats"),
			.summary = summary,
			.run_end = end },
		    NULL);
}

static void tsv_close(void *self)
{
	free(self);
}

const struct format report_fields = { tsv_open, tsv_event, tsv_end, tsv_close };
