/*
 * json.c - JSON lines: one record an event, made from the field table.
 *
 * A key that is missing is absent; what was not observed is listed in "unobserved", never null.
 * A field of which some values were seen and others may be missing is shown and listed.
 */
#include "report/format.h"
#include "report/json.h"
#include "report/json_plan.h"

#include <stdlib.h>
#include <string.h>

enum shown { SHOWN, UNOBSERVED, SHOWN_IN_PART };

struct json_report {
	struct json json;
	const struct report_options *options;
	const struct field *schema; /* the sensor stands behind it */
	struct plan plan;
	uint8_t *shown; /* enum shown of each step, of this record */
	unsigned *unobserved; /* fields below each node, of this record */
	size_t open[PLAN_DEPTH], n_open; /* nodes whose objects are open */
};

static void json_close(void *self)
{
	struct json_report *r = self;
	if (r == NULL)
		return;
	plan_fini(&r->plan);
	free(r->shown);
	free(r->unobserved);
	free(r);
}

static void *json_open(const struct report_options *options, struct error *error)
{
	struct json_report *r = calloc(1, sizeof *r);
	struct field_ref schema;
	if (r == NULL) {
		error_set(error, "out of memory");
		return NULL;
	}
	r->options = options;
	if (!plan_init(&r->plan, error) || !field_find("schema", &schema, error)) {
		json_close(r);
		return NULL;
	}
	r->schema = schema.field;
	r->shown = calloc(r->plan.n_steps, sizeof *r->shown);
	r->unobserved = calloc(r->plan.n_nodes, sizeof *r->unobserved);
	if (r->shown == NULL || r->unobserved == NULL) {
		error_set(error, "out of memory");
		json_close(r);
		return NULL;
	}
	return r;
}

/* ---- values ---- */

static bool is_utf8(struct slice s)
{
	uint32_t cp;
	while (s.n != 0) {
		size_t n = s.p[0] < 0x80 ? 1 : utf8_next(s, &cp);
		if (n == 0)
			return false;
		s = (struct slice){ s.p + n, s.n - n };
	}
	return true;
}

static bool is_exact(const struct field *field, const struct value *v)
{
	return (field->type != FIELD_STRING && field->type != FIELD_ISTRING) || is_utf8(v->text);
}

static void value_write(struct json *j, const struct field *field, const struct value *v)
{
	switch (field->type) {
	case FIELD_BOOL:
		json_bool(j, v->number != 0);
		break;
	case FIELD_INT:
	case FIELD_DURATION:
		json_i64(j, v->number);
		break;
	case FIELD_TIME:
		out_char(j->out, '"');
		out_time(j->out, v->number);
		out_char(j->out, '"');
		break;
	case FIELD_IP:
		out_char(j->out, '"');
		out_address(j->out, v->ip);
		out_char(j->out, '"');
		break;
	default:
		json_wire(j, v->text);
		break;
	}
}

static void key_b64(struct json *j, const char *key)
{
	json_next(j);
	out_char(j->out, '"');
	out_text(j->out, key);
	out_text(j->out, "_b64\":");
}

/* ---- nesting ---- */

static void objects_close(struct json_report *r, size_t depth)
{
	for (; r->n_open > depth; r->n_open--)
		json_end(&r->json, '}');
}

/* Closes what the step does not stand in, opens what it does. */
static void objects_open(struct json_report *r, const struct plan_step *step)
{
	size_t common = 0;
	while (common < r->n_open && common < step->depth && r->open[common] == step->nodes[common])
		common++;
	objects_close(r, common);
	for (; r->n_open < step->depth; r->n_open++) {
		size_t node = step->nodes[r->n_open];
		json_object(&r->json, r->plan.nodes[node].key);
		r->open[r->n_open] = node;
	}
}

/* ---- fields ---- */

static enum shown single_write(struct json_report *r, const struct plan_step *step,
    const struct event *event, size_t element)
{
	struct value v = { 0 };
	enum seen seen = field_read(&step->ref, event, element, 0, &v);
	if (seen != PRESENT)
		return seen == NOT_OBSERVED ? UNOBSERVED : SHOWN;
	objects_open(r, step);
	json_key(&r->json, step->key);
	value_write(&r->json, step->ref.field, &v);
	if (is_exact(step->ref.field, &v))
		return SHOWN;
	key_b64(&r->json, step->key);
	json_base64(&r->json, v.text);
	return SHOWN;
}

static void many_write_b64(struct json_report *r, const struct plan_step *step,
    const struct event *event, size_t element)
{
	struct value v = { 0 };
	key_b64(&r->json, step->key);
	json_begin(&r->json, '[');
	for (size_t nth = 0; field_read(&step->ref, event, element, nth, &v) == PRESENT; nth++) {
		json_next(&r->json);
		json_base64(&r->json, v.text);
	}
	json_end(&r->json, ']');
}

static enum shown many_write(struct json_report *r, const struct plan_step *step,
    const struct event *event, size_t element)
{
	struct value v = { 0 };
	enum seen seen = field_read(&step->ref, event, element, 0, &v);
	if (seen != PRESENT)
		return seen == NOT_OBSERVED ? UNOBSERVED : SHOWN;
	bool exact = true;
	objects_open(r, step);
	json_array(&r->json, step->key);
	for (size_t nth = 1; seen == PRESENT; nth++) {
		json_next(&r->json);
		value_write(&r->json, step->ref.field, &v);
		exact = exact && is_exact(step->ref.field, &v);
		seen = field_read(&step->ref, event, element, nth, &v);
	}
	json_end(&r->json, ']');
	if (!exact)
		many_write_b64(r, step, event, element);
	return seen == NOT_OBSERVED ? SHOWN_IN_PART : SHOWN;
}

static enum shown values_write(struct json_report *r, const struct plan_step *step,
    const struct event *event, size_t element)
{
	if (step->ref.field->many)
		return many_write(r, step, event, element);
	return single_write(r, step, event, element);
}

static void group_write_element(struct json_report *r, const struct plan_step *group,
    const struct event *event, size_t element)
{
	size_t n_open = r->n_open;
	r->n_open = 0; /* members nest in the element */
	json_next(&r->json);
	json_begin(&r->json, '{');
	for (const struct plan_step *step = group + 1; step <= group + group->members; step++) {
		enum shown shown = values_write(r, step, event, element);
		if (shown != SHOWN)
			r->shown[step - r->plan.steps] = SHOWN_IN_PART;
	}
	json_end(&r->json, '}');
	r->n_open = n_open;
}

static enum shown group_write(struct json_report *r, const struct plan_step *group,
    const struct event *event)
{
	bool complete;
	size_t n = field_elements(group->ref.field, event, &complete);
	if (n == 0)
		return complete ? SHOWN : UNOBSERVED;
	objects_open(r, group);
	json_array(&r->json, group->key);
	for (size_t i = 0; i < n; i++)
		group_write_element(r, group, event, i);
	json_end(&r->json, ']');
	return complete ? SHOWN : SHOWN_IN_PART;
}

/* ---- header maps ---- */

static bool is_token(struct slice name)
{
	for (size_t i = 0; i < name.n; i++)
		if (name.p[i] <= ' ' || name.p[i] >= 0x7f ||
		    strchr("\"(),/:;<=>?@[\\]{}", name.p[i]) != NULL)
			return false;
	return true;
}

static void key_escaped(struct json *j, struct slice name)
{
	char text[VIS_MAX];
	while (name.n != 0) {
		size_t n = vis_next(&name, text);
		for (size_t i = 0; i < n; i++) {
			if (text[i] == '"' || text[i] == '\\')
				out_char(j->out, '\\');
			out_char(j->out, text[i]);
		}
	}
}

/* A name that is no token (RFC 9110 5.6.2) is escaped, so that two different ones stay different. */
static void header_key(struct json *j, struct slice name)
{
	json_next(j);
	out_char(j->out, '"');
	if (is_token(name))
		for (size_t i = 0; i < name.n; i++)
			out_char(j->out, (char)ascii_lower(name.p[i]));
	else
		key_escaped(j, name);
	out_text(j->out, "\":");
}

/* The first field of that name at or behind `from`. */
static size_t header_find(const struct message *m, struct slice name, size_t from)
{
	while (from < m->n_headers && !slice_equal_nocase(m->headers[from].name, name))
		from++;
	return from;
}

static bool header_is_exact(const struct message *m, size_t first)
{
	struct slice name = m->headers[first].name;
	for (size_t i = first; i < m->n_headers; i = header_find(m, name, i + 1))
		if (!is_utf8(m->headers[i].value))
			return false;
	return true;
}

static void header_write(struct json *j, const struct message *m, size_t first,
    void (*write)(struct json *, struct slice))
{
	struct slice name = m->headers[first].name;
	header_key(j, name);
	json_begin(j, '[');
	for (size_t i = first; i < m->n_headers; i = header_find(m, name, i + 1)) {
		json_next(j);
		write(j, m->headers[i].value);
	}
	json_end(j, ']');
}

/* A name that the wire or a rule file wrote. */
static void entry_key(struct json *j, struct slice name)
{
	json_next(j);
	json_wire(j, name);
	out_char(j->out, ':');
	j->comma = true;
}

static enum shown map_write(struct json_report *r, const struct plan_step *step,
    const struct event *event)
{
	const struct field *map = step->ref.field;
	struct slice name;
	struct value v;
	bool exact = true;
	if (!field_entry(map, event, 0, &name, &v))
		return SHOWN;
	objects_open(r, step);
	json_object(&r->json, step->key);
	for (size_t i = 0; field_entry(map, event, i, &name, &v); i++) {
		entry_key(&r->json, name);
		json_wire(&r->json, v.text);
		exact = exact && is_utf8(v.text);
	}
	json_end(&r->json, '}');
	if (exact)
		return SHOWN;
	key_b64(&r->json, step->key);
	json_begin(&r->json, '{');
	for (size_t i = 0; field_entry(map, event, i, &name, &v); i++) {
		if (is_utf8(v.text))
			continue;
		entry_key(&r->json, name);
		json_base64(&r->json, v.text);
	}
	json_end(&r->json, '}');
	return SHOWN;
}

static enum shown headers_write(struct json_report *r, const struct plan_step *step,
    const struct event *event)
{
	bool complete, exact = true;
	const struct message *m = field_headers(step->ref.field, event, &complete);
	if (m == NULL || m->n_headers == 0)
		return complete ? SHOWN : UNOBSERVED;
	objects_open(r, step);
	json_object(&r->json, step->key);
	for (size_t i = 0; i < m->n_headers; i++) {
		if (header_find(m, m->headers[i].name, 0) != i)
			continue;
		header_write(&r->json, m, i, json_wire);
		exact = exact && header_is_exact(m, i);
	}
	json_end(&r->json, '}');
	if (exact)
		return complete ? SHOWN : SHOWN_IN_PART;
	key_b64(&r->json, step->key);
	json_begin(&r->json, '{');
	for (size_t i = 0; i < m->n_headers; i++)
		if (header_find(m, m->headers[i].name, 0) == i && !header_is_exact(m, i))
			header_write(&r->json, m, i, json_base64);
	json_end(&r->json, '}');
	return complete ? SHOWN : SHOWN_IN_PART;
}

/* ---- what was not observed ---- */

/* The outermost object of which nothing was observed; NULL: the field alone. */
static const struct plan_node *unobserved_node(const struct json_report *r,
    const struct plan_step *step, enum event_kind kind)
{
	for (size_t i = 0; i < step->depth; i++) {
		const struct plan_node *node = &r->plan.nodes[step->nodes[i]];
		if (node->leaves[kind] > 1 && r->unobserved[step->nodes[i]] == node->leaves[kind])
			return node;
	}
	return NULL;
}

static void unobserved_list(struct json_report *r, enum event_kind kind)
{
	const struct plan_node *before = NULL;
	json_array(&r->json, "unobserved");
	for (size_t i = 0; i < r->plan.n_steps; i++) {
		if (r->shown[i] == SHOWN)
			continue;
		const struct plan_step *step = &r->plan.steps[i];
		const struct plan_node *node = r->shown[i] == UNOBSERVED ?
		    unobserved_node(r, step, kind) :
		    NULL;
		if (node != NULL && node == before)
			continue;
		before = node;
		json_next(&r->json);
		json_wire(&r->json, node != NULL ? node->path : slice_from(step->ref.field->name));
	}
	json_end(&r->json, ']');
}

/* ---- records ---- */

static enum shown step_write(struct json_report *r, const struct plan_step *step,
    const struct event *event)
{
	if (step->ref.field->type == FIELD_GROUP)
		return group_write(r, step, event);
	if (step->ref.field->type == FIELD_HEADERS)
		return headers_write(r, step, event);
	if (step->ref.field->type == FIELD_MAP)
		return map_write(r, step, event);
	return values_write(r, step, event, 0);
}

static void sensor_write(struct json_report *r)
{
	if (r->options->sensor == NULL)
		return;
	json_key(&r->json, "sensor");
	json_wire(&r->json, slice_from(r->options->sensor));
}

static void json_event(void *self, struct out *out, const struct event *event,
    const struct event *cause)
{
	struct json_report *r = self;
	(void)cause;
	if (event->kind == EVENT_STATS)
		return;
	r->json = (struct json){ .out = out };
	memset(r->shown, SHOWN, r->plan.n_steps * sizeof *r->shown);
	memset(r->unobserved, 0, r->plan.n_nodes * sizeof *r->unobserved);
	json_begin(&r->json, '{');
	for (size_t i = 0; i < r->plan.n_steps; i += 1 + r->plan.steps[i].members) {
		const struct plan_step *step = &r->plan.steps[i];
		const struct field *field = step->ref.field;
		if (!(field->kinds & 1u << event->kind))
			continue;
		r->shown[i] = (uint8_t)step_write(r, step, event);
		for (size_t k = 0; k < step->depth && r->shown[i] == UNOBSERVED; k++)
			r->unobserved[step->nodes[k]]++;
		if (field == r->schema)
			sensor_write(r);
	}
	objects_close(r, 0);
	bool unobserved = memchr(r->shown, UNOBSERVED, r->plan.n_steps) != NULL ||
	    memchr(r->shown, SHOWN_IN_PART, r->plan.n_steps) != NULL;
	if (unobserved)
		unobserved_list(r, event->kind);
	json_end(&r->json, '}');
	out_text(out, "\n");
}

static void json_finish(void *self, struct out *out, const struct summary *summary,
    const struct run_end *end, const struct rules *rules)
{
	struct json_report *r = self;
	r->json = (struct json){ .out = out };
	json_stats(&r->json, r->options, summary, end, rules);
}

const struct format report_json = { json_open, json_event, json_finish, json_close };
