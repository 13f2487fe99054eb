/*
 * load_sequence.c - the sequence of a rule: its steps, and which field of each is which key.
 */
#include "rules/load.h"

#include <string.h>

struct step_values {
	const struct yaml *name, *event, *keys, *condition, *negative;
};

static bool step_read(const struct origin *from, const struct yaml *item, struct step_values *out)
{
	enum { NAME, EVENT, STEP_KEYS, CONDITION, NOT, KEYS };
	static const struct key keys[KEYS] = {
		[NAME] = { "name", TEXT, true },
		[EVENT] = { "event", TEXT, true },
		[STEP_KEYS] = { "keys", MAP, false },
		[CONDITION] = { "condition", TEXT, true },
		[NOT] = { "not", TEXT, false },
	};
	const struct yaml *values[KEYS];
	bool whole = map_read(from, item, "a step", keys, KEYS, values);
	*out = (struct step_values){
		.name = values[NAME],
		.event = values[EVENT],
		.keys = values[STEP_KEYS],
		.condition = values[CONDITION],
		.negative = values[NOT],
	};
	return whole;
}

/* The field of one key in one step: named by `keys:`, or the key's name is that of a field. */
static void step_key(struct step *step, size_t i, const char *name, const struct yaml *item,
    const struct yaml *keys, const struct origin *from)
{
	struct error unused;
	struct field_ref ref;
	const struct yaml *node = keys != NULL ? yaml_get(keys, name) : NULL;
	unsigned kinds = 1u << step->kind;
	char text[64];
	if (node != NULL) {
		if (kind_check(from, node, TEXT, "a field"))
			said_field(&(struct said){ node, from }, node->text, kinds, true,
			    &step->keys[i]);
	} else if (field_find(name, &ref, &unused)) {
		said_field(&(struct said){ item, from }, slice_from(name), kinds, true,
		    &step->keys[i]);
	} else {
		hint(refuse_at(from, &item->start, "E0307", "this step has no field for the key %s",
			 quoted(text, slice_from(name))),
		    "name it under keys:, as in keys: {mailbox: dav.mailbox}");
	}
}

static void step_keys(struct step *step, const struct key_spec *by, const struct yaml *item,
    const struct yaml *keys, const struct origin *from)
{
	char text[64];
	for (size_t i = 0; i < by->n; i++)
		step_key(step, i, by->names[i], item, keys, from);
	for (const struct yaml *m = keys != NULL ? keys->first : NULL; m != NULL; m = m->next) {
		bool known = false;
		for (size_t i = 0; i < by->n; i++)
			known |= slice_is(m->key->text, by->names[i]);
		if (!known)
			refuse(from, m->key, "E0307", "by: does not name a key %s",
			    quoted(text, m->key->text));
	}
}

static void step_name(struct sequence *s, struct step *step, const struct origin *from,
    const struct yaml *node)
{
	char text[64];
	step->name = text_read(from, node, "name");
	for (size_t i = 0; step->name != NULL && i < s->n_steps; i++) {
		if (s->steps[i].name != NULL && strcmp(s->steps[i].name, step->name) == 0)
			refuse(from, node, "E0310", "a step named \"%s\" is here already",
			    quoted(text, node->text));
	}
	if (step->name == NULL)
		step->name = "";
}

static void step_add(struct loaded_rule *rule, const struct origin *from, const struct yaml *item)
{
	struct sequence *s = &rule->sequence;
	struct step step = { .name = "" };
	struct step_values v;
	bool whole = step_read(from, item, &v);
	if (v.name != NULL)
		step_name(s, &step, from, v.name);
	if (v.negative != NULL)
		whole &= flag_read(from, v.negative, "not", &step.negative);
	whole &= v.event != NULL && event_read(from, v.event, &step.kind);
	if (v.condition != NULL)
		step.condition = said_condition(&(struct said){ v.condition, from },
		    whole ? 1u << step.kind : ALL_KINDS);
	if (whole) {
		step_keys(&step, &s->by, item, v.keys, from);
		rule->kinds |= 1u << step.kind;
	}
	s->steps[s->n_steps++] = step;
}

static void steps_build(struct loaded_rule *rule, const struct origin *from,
    const struct yaml *list)
{
	struct sequence *s = &rule->sequence;
	size_t positive = 0;
	for (const struct yaml *m = list->first; m != NULL; m = m->next) {
		if (s->n_steps == STEPS_MAX) {
			refuse(from, m, "E0024", "steps: at most %d", STEPS_MAX);
			break;
		}
		step_add(rule, from, m);
		positive += !s->steps[s->n_steps - 1].negative;
	}
	if (positive == 0)
		hint(refuse(from, list->key, "E0304", "a sequence without a step that must happen"),
		    "what must not happen follows or precedes something that does");
	else if (s->n_steps == 1)
		hint(refuse(from, list->key, "E0305", "a sequence of one step"),
		    "use a plain condition");
}

/* {key.NAME} must be able to name it. */
static void key_names_check(const struct key_spec *by, const struct origin *from,
    const struct yaml *list)
{
	char text[64];
	for (size_t i = 0; i < by->n; i++) {
		struct field_ref ref;
		struct error unused;
		if (!is_ident(slice_from(by->names[i])) && !field_find(by->names[i], &ref, &unused))
			hint(refuse(from, list, "E0018", "a key cannot be named \"%s\"",
				 quoted(text, slice_from(by->names[i]))),
			    "names are of letters, digits and _, or those of fields");
	}
}

void sequence_build(struct loaded_rule *rule, const struct said *said)
{
	enum { WITHIN, BY, STEPS, AT_EOF, KEYS };
	static const struct key keys[KEYS] = {
		[WITHIN] = { "within", TEXT, true },
		[BY] = { "by", LIST, false },
		[STEPS] = { "steps", LIST, true },
		[AT_EOF] = { "at_eof", TEXT, false },
	};
	static const char *const ends[] = { "inconclusive", "fire" };
	const struct yaml *values[KEYS];
	const struct origin *from = said->from;
	struct sequence *s = &rule->sequence;
	size_t end = 0;
	map_read(from, said->node, "a sequence", keys, KEYS, values);
	if (values[WITHIN] != NULL)
		period_read(from, values[WITHIN], "within", &s->within_ns);
	if (values[BY] != NULL) {
		s->by.n = names_read(from, values[BY], "key", s->by.names, KEYS_MAX);
		key_names_check(&s->by, from, values[BY]);
	}
	if (values[STEPS] != NULL)
		steps_build(rule, from, values[STEPS]);
	if (values[AT_EOF] != NULL && word_read(from, values[AT_EOF], "at_eof", ends, 2, &end))
		s->fire_at_eof = end == 1;
	if (rule->kinds == 0)
		rule->kinds = ALL_KINDS;
}
