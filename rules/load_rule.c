/*
 * load_rule.c - one rule: what it says of itself, when it fires, what it prints.
 */
#include "rules/fields.h"
#include "rules/load.h"

#include <string.h>

enum { TAGS_MAX = 32, REFERENCES_MAX = 32 };

/* The item with the dash and the blanks in front of it. */
struct slice item_text(const struct said *item)
{
	struct slice text = item->from->text;
	size_t start = item->node->start.at, end = item->node->end.at;
	size_t line = start;
	while (line > 0 && (text.p[line - 1] == ' ' || text.p[line - 1] == '-'))
		line--;
	if (line == 0 || text.p[line - 1] == '\n')
		start = line;
	return slice_part(text, start, end - start);
}

static const char *source_copy(const struct said *item)
{
	struct slice text = item_text(item);
	char *copy = room_for(item->from->set, text.n + 1);
	if (copy == NULL)
		return "";
	memcpy(copy, text.p, text.n);
	return copy;
}

static const char *said_text(const struct said *said, const char *what, const char *otherwise)
{
	const char *text = said->node != NULL ? text_read(said->from, said->node, what) : NULL;
	return text != NULL ? text : otherwise;
}

static size_t said_word(const struct said *said, const char *what, const char *const *words,
    size_t n, size_t otherwise)
{
	size_t i = otherwise;
	if (said->node != NULL && !word_read(said->from, said->node, what, words, n, &i))
		return otherwise;
	return i;
}

static bool is_code(const char *tag)
{
	return strlen(tag) == 3 && tag[0] >= 'A' && tag[0] <= 'Z' && tag[1] >= '0' &&
	    tag[1] <= '9' && tag[2] >= '0' && tag[2] <= '9';
}

static void tags_build(struct rule *rule, const struct said *said)
{
	const char *names[TAGS_MAX];
	if (said->node == NULL)
		return;
	size_t n = names_read(said->from, said->node, "tag", names, TAGS_MAX);
	const char **tags = room_for(said->from->set, n * sizeof(*tags));
	if (tags == NULL)
		return;
	for (size_t i = 0; i < n; i++) {
		tags[i] = names[i];
		if (rule->code == NULL && is_code(names[i]))
			rule->code = names[i];
	}
	rule->tags = tags;
	rule->n_tags = n;
}

static const char *optional_text(const struct origin *from, const struct yaml *node,
    const char *what)
{
	return node != NULL ? text_read(from, node, what) : NULL;
}

static void references_build(struct rule *rule, const struct said *said)
{
	enum { URL, TITLE, KB, KEYS };
	static const struct key keys[KEYS] = { { "url", TEXT, false }, { "title", TEXT, false },
		{ "kb", TEXT, false } };
	if (said->node == NULL)
		return;
	struct reference *all = room_for(said->from->set, REFERENCES_MAX * sizeof(*all));
	if (all == NULL)
		return;
	rule->references = all;
	for (const struct yaml *m = said->node->first; m != NULL; m = m->next) {
		const struct yaml *values[KEYS];
		if (rule->n_references == REFERENCES_MAX) {
			refuse(said->from, m, "E0024", "references: at most %d", REFERENCES_MAX);
			break;
		}
		map_read(said->from, m, "a reference", keys, KEYS, values);
		all[rule->n_references++] = (struct reference){
			.url = optional_text(said->from, values[URL], "url"),
			.title = optional_text(said->from, values[TITLE], "title"),
			.kb = optional_text(said->from, values[KB], "kb"),
		};
	}
}

/* True: the key is there, be it of the wrong kind. */
static bool key_wanted(const struct raw_rule *raw, enum rule_key key, const char *name)
{
	if (raw->keys[key].node != NULL || yaml_get(raw->item.node, name) != NULL)
		return true;
	refuse_at(raw->item.from, &raw->item.node->start, "E0015", "a rule needs the key %s", name);
	return false;
}

static void public_build(struct rule *rule, const struct raw_rule *raw)
{
	static const char *const statuses[] = { "experimental", "test", "stable" };
	enum {
		STATUSES = sizeof(statuses) / sizeof(statuses[0]),
		CONFIDENCES = CONFIDENCE_HIGH + 1
	};
	const char *confidences[CONFIDENCES];
	const struct said *keys = raw->keys;
	uint64_t rev = 1;
	for (size_t i = 0; i < CONFIDENCES; i++)
		confidences[i] = confidence_name((enum confidence)i);
	*rule = (struct rule){
		.id = raw->id,
		.file = raw->item.from->name,
		.line = raw->item.node->start.line,
		.shipped = raw->item.from->shipped,
		.source = source_copy(&raw->item),
		.overrides = raw->overrides.items,
		.n_overrides = raw->overrides.n,
		.enabled = true,
		.title = said_text(&keys[RULE_TITLE], "title", raw->id),
		.description = said_text(&keys[RULE_DESCRIPTION], "description", NULL),
		.remedy = said_text(&keys[RULE_REMEDY], "remedy", NULL),
		.version = said_text(&keys[RULE_REV], "rev", "1"),
		.severity = (enum severity)said_word(&keys[RULE_SEVERITY], "severity",
		    severity_words, SEVERITIES, SEVERITY_MEDIUM),
		.confidence = (enum confidence)said_word(&keys[RULE_CONFIDENCE], "confidence",
		    confidences, CONFIDENCES, CONFIDENCE_MEDIUM),
		.status = statuses[said_word(&keys[RULE_STATUS], "status", statuses, STATUSES,
		    STATUSES - 1)],
	};
	rule->worst = rule->severity;
	key_wanted(raw, RULE_TITLE, "title");
	key_wanted(raw, RULE_SEVERITY, "severity");
	if (keys[RULE_REV].node != NULL)
		count_read(keys[RULE_REV].from, keys[RULE_REV].node, "rev", 1, UINT32_MAX, &rev);
	rule->rev = (unsigned)rev;
	if (keys[RULE_ENABLED].node != NULL)
		flag_read(keys[RULE_ENABLED].from, keys[RULE_ENABLED].node, "enabled",
		    &rule->enabled);
	tags_build(rule, &keys[RULE_TAGS]);
	references_build(rule, &keys[RULE_REFERENCES]);
}

/* ---- when it fires ---- */

/*
 * Which anomalies there are, and so which counts, depends on how much of the bodies is read; and so
 * does what is known of items and sessions.
 */
static const unsigned deep_kinds = 1u << EVENT_ANOMALY | 1u << EVENT_STATS | 1u << EVENT_ITEM |
    1u << EVENT_SESSION;

struct condition *said_condition(const struct said *said, unsigned kinds)
{
	struct ruleset *set = said->from->set;
	if (!complaints_wanted(set->complaints))
		return NULL;
	struct condition *c = condition_compile(&set->compiler, said->from->name, said->from->text,
	    said->node, kinds);
	set->deep |= (c != NULL && condition_is_deep(c)) || (kinds & ~deep_kinds) == 0;
	return c;
}

static void except_add(struct loaded_rule *rule, const struct said *list)
{
	for (const struct yaml *m = list->node->first; m != NULL; m = m->next) {
		if (rule->n_except == EXCEPT_MAX) {
			refuse(list->from, m, "E0024", "except: at most %d", EXCEPT_MAX);
			return;
		}
		struct condition *c = said_condition(&(struct said){ m, list->from }, rule->kinds);
		if (c != NULL)
			rule->except[rule->n_except++] = c;
	}
}

static void refuse_beside_sequence(const struct raw_rule *raw)
{
	static const struct {
		enum rule_key key;
		const char *code, *text;
	} others[] = {
		{ RULE_WINDOW, "E0301", "a rule has a window or a sequence, not both" },
		{ RULE_EVENT, "E0301", "the steps of a sequence have events, the rule has none" },
		{ RULE_CONDITION, "E0301",
		    "the steps of a sequence have conditions, the rule has none" },
		{ RULE_ON_UNKNOWN, "E0308", "on_unknown does not go with a sequence" },
	};
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		const struct said *said = &raw->keys[others[i].key];
		if (said->node != NULL)
			refuse(said->from, said->node->key, others[i].code, "%s", others[i].text);
	}
}

static void condition_build(struct loaded_rule *rule, const struct raw_rule *raw)
{
	const struct said *event = &raw->keys[RULE_EVENT];
	enum event_kind kind;
	bool known = key_wanted(raw, RULE_EVENT, "event") && event->node != NULL &&
	    event_read(event->from, event->node, &kind);
	rule->kinds = known ? 1u << kind : ALL_KINDS;
	if (key_wanted(raw, RULE_CONDITION, "condition") && raw->keys[RULE_CONDITION].node != NULL)
		rule->condition = said_condition(&raw->keys[RULE_CONDITION], rule->kinds);
}

static void on_unknown_build(struct loaded_rule *rule, const struct said *said)
{
	static const char *const words[] = { "ignore", "report" };
	if (said->node != NULL)
		rule->report_unknown = said_word(said, "on_unknown", words, 2, 0) == 1;
}

static void except_build(struct loaded_rule *rule, const struct raw_rule *raw)
{
	if (raw->keys[RULE_EXCEPT].node != NULL)
		except_add(rule, &raw->keys[RULE_EXCEPT]);
	for (const struct appended *a = raw->except; a != NULL; a = a->next)
		except_add(rule, &a->said);
}

static void shape_build(struct loaded_rule *rule, const struct raw_rule *raw)
{
	if (raw->keys[RULE_SEQUENCE].node != NULL) {
		rule->shape = SHAPE_SEQUENCE;
		refuse_beside_sequence(raw);
		sequence_build(rule, &raw->keys[RULE_SEQUENCE]);
	} else {
		condition_build(rule, raw);
		on_unknown_build(rule, &raw->keys[RULE_ON_UNKNOWN]);
		if (raw->keys[RULE_WINDOW].node != NULL) {
			rule->shape = SHAPE_WINDOW;
			window_build(rule, &raw->keys[RULE_WINDOW]);
		}
	}
	except_build(rule, raw);
}

/* ---- what it prints ---- */

static void output_build(struct ruleset *set, struct loaded_rule *rule, const struct raw_rule *raw)
{
	const struct said *output = &raw->keys[RULE_OUTPUT];
	bool sequence = rule->shape == SHAPE_SEQUENCE;
	const struct key_spec *by = sequence ? &rule->sequence.by : &rule->window.by;
	struct template_scope scope = {
		.kinds = rule_cause_kinds(rule),
		.window = rule->shape == SHAPE_WINDOW,
		.keys = by->names,
		.n_keys = by->n,
	};
	if (!key_wanted(raw, RULE_OUTPUT, "output") || output->node == NULL ||
	    text_read(output->from, output->node, "output") == NULL)
		return;
	rule->output = template_compile(&set->compiler, output->from->name, output->node, &scope);
	set->deep |= rule->output != NULL && template_is_deep(rule->output);
}

struct loaded_rule *rule_build(struct ruleset *set, const struct raw_rule *raw)
{
	struct loaded_rule *rule = room_for(set, sizeof(*rule));
	if (rule == NULL)
		return NULL;
	set->compiler.rule = raw->id;
	struct slice text = item_text(&raw->item);
	uint64_t parts[2] = { raw->hash, hash_fixed(text.p, text.n) };
	rule->hash = hash_fixed(parts, sizeof(parts));
	public_build(&rule->public, raw);
	shape_build(rule, raw);
	limit_build(rule, &raw->keys[RULE_LIMIT]);
	carried_build(rule, &raw->keys[RULE_FIELDS]);
	/* Whoever gives the rule another severity means it. */
	if (!raw->overridden[RULE_SEVERITY] || raw->overridden[RULE_ESCALATE])
		escalate_build(rule, &raw->keys[RULE_ESCALATE]);
	output_build(set, rule, raw);
	tests_build(rule, &raw->keys[RULE_TESTS]);
	rule->tests_stale = raw->overrides.n != 0 && !raw->overridden[RULE_TESTS];
	return rule;
}
