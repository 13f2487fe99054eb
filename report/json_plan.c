/*
 * json_plan.c - the field table as nested objects: names with a common prefix share an object.
 */
#include "report/json_plan.h"

#include <stdlib.h>
#include <string.h>

static bool plan_alloc(struct plan *p, const struct field *fields, size_t n)
{
	size_t bytes = 0;
	ensure(n != 0, NULL);
	for (size_t i = 0; i < n; i++)
		bytes += strlen(fields[i].name) + 1;
	p->steps = calloc(n, sizeof *p->steps);
	p->nodes = calloc(n * PLAN_DEPTH, sizeof *p->nodes);
	p->keys = malloc(bytes);
	return p->steps != NULL && p->nodes != NULL && p->keys != NULL;
}

/* The node of the previous field when it has the same path, else a new one. */
static size_t node_for(struct plan *p, const struct plan_step *before, size_t depth,
    struct slice path)
{
	if (before != NULL && depth < before->depth) {
		size_t node = before->nodes[depth];
		if (slice_equal(p->nodes[node].path, path))
			return node;
	}
	p->nodes[p->n_nodes].path = path;
	return p->n_nodes++;
}

static void node_count(struct plan_node *node, unsigned kinds)
{
	for (unsigned kind = 0; kind < PLAN_KINDS; kind++)
		node->leaves[kind] += kinds >> kind & 1;
}

/* `keys` is a copy of the name whose dots become ends of strings. */
static void step_nest(struct plan *p, struct plan_step *step, const struct plan_step *before,
    char *keys)
{
	const char *name = step->ref.field->name;
	step->key = keys;
	for (size_t i = 0; name[i] != '\0'; i++) {
		if (name[i] != '.')
			continue;
		keys[i] = '\0';
		size_t node = node_for(p, before, step->depth, slice_part(slice_from(name), 0, i));
		p->nodes[node].key = step->key;
		node_count(&p->nodes[node], step->ref.field->kinds);
		step->key = keys + i + 1;
		ensure(step->depth < PLAN_DEPTH, NULL);
		step->nodes[step->depth++] = node;
	}
}

static void step_member(struct plan_step *step, char *keys)
{
	step->key = strrchr(keys, '.') + 1;
}

bool plan_init(struct plan *p, struct error *error)
{
	size_t n;
	const struct field *fields = fields_table(&n);
	ensure(n != 0, NULL);
	*p = (struct plan){ .n_steps = n };
	if (!plan_alloc(p, fields, n)) {
		plan_fini(p);
		return error_set(error, "out of memory");
	}
	const struct plan_step *before = NULL;
	char *keys = p->keys;
	for (size_t i = 0; i < n; i++) {
		struct plan_step *step = &p->steps[i];
		size_t bytes = strlen(fields[i].name) + 1;
		memcpy(keys, fields[i].name, bytes);
		step->ref.field = &fields[i];
		const struct field *group = field_group(&fields[i]);
		if (group != NULL) {
			p->steps[group - fields].members++;
			step_member(step, keys);
		} else {
			step_nest(p, step, before, keys);
			before = step;
		}
		keys += bytes;
	}
	return true;
}

void plan_fini(struct plan *p)
{
	free(p->steps);
	free(p->nodes);
	free(p->keys);
	*p = (struct plan){ 0 };
}
