/*
 * load_state.c - the clauses of a rule about more than one event: window and limit, and the fields
 * it keys by or carries along.
 */
#include "rules/fields.h"
#include "rules/load.h"

#include <string.h>

/* What keys hold is one value, and the same one each time. */
static const char *why_no_key(const struct field_ref *ref)
{
	const struct field *f = ref->field;
	if (field_group(f) != NULL)
		return "belongs to the elements of a group";
	if (f->type == FIELD_HEADERS || f->type == FIELD_MAP)
		return ref->header.n == 0 ? "is a map; pick one value with [\"Name\"]" : NULL;
	return f->many ? "can hold several values" : NULL;
}

bool said_field(const struct said *said, struct slice name, unsigned kinds, bool single,
    struct field_ref *out)
{
	struct ruleset *set = said->from->set;
	const struct yaml *node = said->node;
	if (!field_compile(&set->compiler, said->from->name, node, name, node->start, out))
		return false;
	const char *why = single ? why_no_key(out) : NULL;
	if (out->field->type == FIELD_GROUP)
		why = "is a group; name one of its fields";
	if (why != NULL) {
		refuse(said->from, node, "E0306", "%s %s", out->field->name, why);
		return false;
	}
	if ((out->field->kinds & kinds) == 0) {
		refuse(said->from, node, "E0309", "%s is no field of this event", out->field->name);
		return false;
	}
	set->deep |= out->field->deep;
	return true;
}

/* Fields in a list, none twice; puts names and references side by side. */
static size_t fields_read(const struct said *list, unsigned kinds, bool single, size_t most,
    const char **names, struct field_ref *refs)
{
	size_t n = 0;
	for (const struct yaml *m = list->node->first; m != NULL; m = m->next) {
		const struct said said = { m, list->from };
		if (n == most) {
			refuse(list->from, m, "E0024", "at most %zu fields here", most);
			break;
		}
		names[n] = text_read(list->from, m, "a field");
		n += names[n] != NULL && name_is_new(list->from, m, "field", names, n) &&
		    said_field(&said, slice_from(names[n]), kinds, single, &refs[n]);
	}
	return n;
}

static void key_spec_build(struct key_spec *spec, const struct origin *from, const struct yaml *by,
    unsigned kinds)
{
	spec->n = fields_read(&(struct said){ by, from }, kinds, true, KEYS_MAX, spec->names,
	    spec->fields);
}

/* ---- window ---- */

/* ">= 3" or "> 2". */
static bool fire_read(const struct origin *from, const struct yaml *node, uint64_t *out)
{
	uint64_t most = from->set->limits->rule_entries;
	struct slice text = slice_trim(node->text);
	bool or_equal = slice_starts(text, SLICE(">="));
	bool sign = slice_starts(text, SLICE(">"));
	struct slice number = slice_trim(slice_part(text, or_equal ? 2 : 1, text.n));
	char shown[64];
	if (!sign || !slice_to_u64(number, out)) {
		hint(refuse(from, node, "E0303", "fire cannot be \"%s\"",
			 quoted(shown, node->text)),
		    "write it as \">= 3\" or \"> 2\"");
		return false;
	}
	if (!or_equal && *out < most)
		*out += 1;
	else if (!or_equal)
		*out = most + 1;
	if (*out >= 1 && *out <= most)
		return true;
	hint(refuse(from, node, "E0303", "fire takes 1 to %llu events", (unsigned long long)most),
	    "--limit rule_entries=N allows more");
	return false;
}

void window_build(struct loaded_rule *rule, const struct said *said)
{
	enum { WITHIN, BY, FIRE, DISTINCT, AFTER, KEYS };
	static const struct key keys[KEYS] = {
		[WITHIN] = { "within", TEXT, true },
		[BY] = { "by", LIST, false },
		[FIRE] = { "fire", TEXT, true },
		[DISTINCT] = { "distinct", TEXT, false },
		[AFTER] = { "after", TEXT, false },
	};
	static const char *const afters[] = { "reset", "keep" };
	const struct yaml *values[KEYS];
	const struct origin *from = said->from;
	struct window *w = &rule->window;
	size_t after = 0;
	map_read(from, said->node, "a window", keys, KEYS, values);
	if (values[WITHIN] != NULL)
		period_read(from, values[WITHIN], "within", &w->within_ns);
	if (values[BY] != NULL)
		key_spec_build(&w->by, from, values[BY], rule->kinds);
	if (values[FIRE] != NULL)
		fire_read(from, values[FIRE], &w->fire);
	if (values[DISTINCT] != NULL)
		w->distinct = said_field(&(struct said){ values[DISTINCT], from },
		    values[DISTINCT]->text, rule->kinds, false, &w->of);
	if (values[AFTER] != NULL && word_read(from, values[AFTER], "after", afters, 2, &after))
		w->keep = after == 1;
}

/* ---- limit and fields ---- */

void limit_build(struct loaded_rule *rule, const struct said *said)
{
	enum { BY, MOST, PER, KEYS };
	static const struct key keys[KEYS] = {
		[BY] = { "by", LIST, false },
		[MOST] = { "max", TEXT, true },
		[PER] = { "per", TEXT, true },
	};
	const struct yaml *values[KEYS];
	struct limit *limit = &rule->limit;
	if (said->node == NULL)
		return;
	map_read(said->from, said->node, "a limit", keys, KEYS, values);
	if (values[BY] != NULL)
		key_spec_build(&limit->by, said->from, values[BY], rule->kinds);
	if (values[MOST] != NULL)
		count_read(said->from, values[MOST], "max", 1, UINT32_MAX, &limit->max);
	if (values[PER] != NULL)
		period_read(said->from, values[PER], "per", &limit->per_ns);
}

unsigned rule_cause_kinds(const struct loaded_rule *rule)
{
	const struct sequence *s = &rule->sequence;
	if (rule->shape != SHAPE_SEQUENCE)
		return rule->kinds;
	if (s->n_steps == 0)
		return ALL_KINDS;
	const struct step *last = &s->steps[s->n_steps - 1];
	return last->negative ? 0 : 1u << last->kind;
}

void carried_build(struct loaded_rule *rule, const struct said *said)
{
	if (said->node == NULL)
		return;
	rule->n_carried = fields_read(said, rule_cause_kinds(rule), false, CARRIED_MAX,
	    rule->carried_names, rule->carried);
}

/* ---- escalate ---- */

static enum severity worse_read(const struct said *said, const struct yaml *node,
    enum severity least)
{
	size_t severity = least;
	if (node == NULL ||
	    !word_read(said->from, node, "severity", severity_words, SEVERITIES, &severity))
		return least;
	if (severity <= least)
		refuse(said->from, node, "E0017", "escalate leads to more than severity %s",
		    severity_name(least));
	return (enum severity)severity;
}

void escalate_build(struct loaded_rule *rule, const struct said *said)
{
	enum { SEVERITY, WHEN, KEYS };
	static const struct key keys[KEYS] = {
		[SEVERITY] = { "severity", TEXT, true },
		[WHEN] = { "when", TEXT, true },
	};
	const struct yaml *values[KEYS];
	unsigned kinds = rule_cause_kinds(rule);
	if (said->node == NULL)
		return;
	map_read(said->from, said->node, "escalate", keys, KEYS, values);
	rule->public.worst = worse_read(said, values[SEVERITY], rule->public.severity);
	if (kinds == 0)
		refuse(said->from, said->node->key, "E0203",
		    "the last step is one that must not happen: escalate has no event to look at");
	else if (values[WHEN] != NULL)
		rule->escalate = said_condition(&(struct said){ values[WHEN], said->from }, kinds);
}
