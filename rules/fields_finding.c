/*
 * fields_finding.c - getters of findings and of the rules they come from.
 */
#include "rules/fields.h"

const char *const finding_kind_words[] = { "alert", NULL };
const char *const outcome_words[] = { "conclusive", "inconclusive", NULL };
const char *const finding_reason_words[] = { "eof", "loss", "unknown",
	NULL }; /* from INCONCLUSIVE_EOF on */
const char *const severity_words[] = { [SEVERITY_INFO] = "info",
	[SEVERITY_LOW] = "low",
	[SEVERITY_MEDIUM] = "medium",
	[SEVERITY_HIGH] = "high",
	[SEVERITY_CRITICAL] = "critical",
	NULL };
const char *const confidence_words[] = { [CONFIDENCE_LOW] = "low",
	[CONFIDENCE_MEDIUM] = "medium",
	[CONFIDENCE_HIGH] = "high",
	NULL };

static enum seen word_or_none(struct value *v, const char *word)
{
	return word != NULL ? value_word(v, word) : ABSENT;
}

enum seen finding_kind_read(const struct asked *a, struct value *v)
{
	(void)a;
	return value_word(v, finding_kind_words[0]);
}

/* Informational is 6, critical 2: RFC 5424 6.2.1. */
enum seen syslog_severity_read(const struct asked *a, struct value *v)
{
	return value_number(v, 6 - (int)a->e->finding->severity);
}

enum seen outcome_read(const struct asked *a, struct value *v)
{
	return value_word(v, outcome_words[a->e->finding->outcome != CONCLUSIVE]);
}

enum seen rule_id_read(const struct asked *a, struct value *v)
{
	return value_word(v, a->e->finding->rule->id);
}

enum seen rule_code_read(const struct asked *a, struct value *v)
{
	return word_or_none(v, a->e->finding->rule->code);
}

enum seen rule_version_read(const struct asked *a, struct value *v)
{
	return word_or_none(v, a->e->finding->rule->version);
}

enum seen rule_name_read(const struct asked *a, struct value *v)
{
	return word_or_none(v, a->e->finding->rule->title);
}

enum seen rule_file_read(const struct asked *a, struct value *v)
{
	return word_or_none(v, a->e->finding->rule->file);
}

enum seen rule_tags_read(const struct asked *a, struct value *v)
{
	const struct rule *rule = a->e->finding->rule;
	return a->nth < rule->n_tags ? value_word(v, rule->tags[a->nth]) : ABSENT;
}

enum seen rule_reference_read(const struct asked *a, struct value *v)
{
	const struct rule *rule = a->e->finding->rule;
	size_t nth = a->nth;
	for (size_t i = 0; i < rule->n_references; i++)
		if (rule->references[i].url != NULL && nth-- == 0)
			return value_word(v, rule->references[i].url);
	return ABSENT;
}

enum seen severity_read(const struct asked *a, struct value *v)
{
	return value_word(v, severity_words[a->e->finding->severity]);
}

enum seen confidence_read(const struct asked *a, struct value *v)
{
	return value_word(v, confidence_words[a->e->finding->rule->confidence]);
}

enum seen message_read(const struct asked *a, struct value *v)
{
	return value_text(v, a->e->finding->message);
}

enum seen finding_reason_read(const struct asked *a, struct value *v)
{
	enum outcome outcome = a->e->finding->outcome;
	if (outcome == CONCLUSIVE)
		return ABSENT;
	return value_word(v, finding_reason_words[outcome - INCONCLUSIVE_EOF]);
}

enum seen finding_update_read(const struct asked *a, struct value *v)
{
	uint64_t update = a->e->finding->update;
	return update != 0 ? value_count(v, update) : ABSENT;
}

bool finding_key(const struct event *e, size_t i, struct slice *name, struct value *v)
{
	const struct finding *f = e->finding;
	if (i >= f->n_keys)
		return false;
	*name = f->keys[i].name;
	v->text = f->keys[i].text;
	return true;
}

enum seen finding_count_read(const struct asked *a, struct value *v)
{
	return value_count(v, a->e->finding->count);
}

enum seen finding_first_read(const struct asked *a, struct value *v)
{
	return value_number(v, a->e->finding->first_ns);
}

enum seen finding_last_read(const struct asked *a, struct value *v)
{
	return value_number(v, a->e->finding->last_ns);
}

size_t finding_steps_count(const struct event *e, bool *complete)
{
	*complete = true;
	return e->finding->n_steps;
}

static const struct named_text *asked_step(const struct asked *a)
{
	const struct finding *f = a->e->finding;
	return a->element < f->n_steps ? &f->steps[a->element] : NULL;
}

enum seen step_name_read(const struct asked *a, struct value *v)
{
	const struct named_text *step = asked_step(a);
	return step != NULL ? value_text(v, step->name) : ABSENT;
}

enum seen step_id_read(const struct asked *a, struct value *v)
{
	const struct named_text *step = asked_step(a);
	return step != NULL ? value_text(v, step->text) : ABSENT;
}

size_t finding_fields_count(const struct event *e, bool *complete)
{
	*complete = true;
	return e->finding->n_fields;
}

static const struct named_text *asked_carried(const struct asked *a)
{
	const struct finding *f = a->e->finding;
	return a->element < f->n_fields ? &f->fields[a->element] : NULL;
}

enum seen carried_name_read(const struct asked *a, struct value *v)
{
	const struct named_text *carried = asked_carried(a);
	return carried != NULL ? value_text(v, carried->name) : ABSENT;
}

enum seen carried_value_read(const struct asked *a, struct value *v)
{
	const struct named_text *carried = asked_carried(a);
	return carried != NULL ? value_text(v, carried->text) : ABSENT;
}

enum seen finding_suppressed_read(const struct asked *a, struct value *v)
{
	return value_count(v, a->e->finding->suppressed);
}

enum seen state_evicted_read(const struct asked *a, struct value *v)
{
	return value_number(v, a->e->finding->state_evicted);
}

enum seen remedy_read(const struct asked *a, struct value *v)
{
	return word_or_none(v, a->e->finding->rule->remedy);
}
