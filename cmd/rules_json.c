/*
 * rules_json.c - rules as objects, one a line: `--format json` of list, show and explain. All three
 * begin with the same members.
 */
#include "cmd/rules.h"

static void print_overrides(struct out *out, const struct rule *rule)
{
	for (size_t i = 0; i < rule->n_overrides; i++) {
		const struct overridden *o = &rule->overrides[i];
		out_text(out, i == 0 ? ",\"overrides\":[" : ",");
		print_json(out, "{\"file\":", o->file);
		print_json_number(out, ",\"line\":", o->line);
		print_json(out, ",\"keys\":", o->keys);
		out_char(out, '}');
	}
	if (rule->n_overrides != 0)
		out_char(out, ']');
}

static void open_rule(struct out *out, const struct rule *rule)
{
	print_json(out, "{\"id\":", rule->id);
	print_json_number(out, ",\"rev\":", rule->rev);
	print_json(out, ",\"code\":", rule->code);
	print_json(out, ",\"severity\":", severity_name(rule->severity));
	if (rule->worst != rule->severity)
		print_json(out, ",\"escalates_to\":", severity_name(rule->worst));
	print_json(out, ",\"confidence\":", confidence_name(rule->confidence));
	print_json(out, ",\"status\":", rule->status);
	print_json_flag(out, ",\"enabled\":", rule->enabled);
	print_json_flag(out, ",\"shipped\":", rule->shipped);
	print_json(out, ",\"title\":", rule->title);
	print_json(out, ",\"file\":", rule->file);
	print_json_number(out, ",\"line\":", rule->line);
	print_overrides(out, rule);
}

static void close_rule(struct out *out)
{
	out_text(out, "}\n");
}

void list_json(struct out *out, const struct ruleset *set)
{
	const struct rule *rule = NULL;
	for (size_t i = 0; (rule = ruleset_rule(set, i)) != NULL; i++) {
		open_rule(out, rule);
		close_rule(out);
	}
}

void show_json(struct out *out, const struct ruleset *set, size_t number, const struct rule *rule)
{
	(void)set, (void)number;
	open_rule(out, rule);
	print_json(out, ",\"source\":", rule->source);
	close_rule(out);
}

/* ---- explain ---- */

static void print_reference(struct out *out, const struct reference *r)
{
	const struct {
		const char *before, *text;
	} members[] = { { "\"kb\":", r->kb }, { "\"title\":", r->title }, { "\"url\":", r->url } };
	const char *between = "{";
	for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
		if (members[i].text == NULL)
			continue;
		out_text(out, between);
		print_json(out, members[i].before, members[i].text);
		between = ",";
	}
	out_text(out, between[0] == '{' ? "{}" : "}");
}

static void print_references(struct out *out, const struct rule *rule)
{
	out_text(out, ",\"references\":[");
	for (size_t i = 0; i < rule->n_references; i++) {
		out_text(out, i == 0 ? "" : ",");
		print_reference(out, &rule->references[i]);
	}
	out_char(out, ']');
}

static void print_reads(struct out *out, const struct ruleset *set, size_t number)
{
	const struct field *reads[READS_MAX];
	size_t n = ruleset_reads(set, number, reads, READS_MAX);
	bool deep = false;
	out_text(out, ",\"fields\":[");
	for (size_t i = 0; i < n; i++) {
		print_json(out, i == 0 ? "" : ",", reads[i]->name);
		deep = deep || reads[i]->deep;
	}
	print_json_flag(out, "],\"deep\":", deep);
}

void explain_json(struct out *out, const struct ruleset *set, size_t number,
    const struct rule *rule)
{
	open_rule(out, rule);
	out_text(out, ",\"tags\":[");
	for (size_t i = 0; i < rule->n_tags; i++)
		print_json(out, i == 0 ? "" : ",", rule->tags[i]);
	out_char(out, ']');
	print_json(out, ",\"description\":", rule->description);
	print_json(out, ",\"remedy\":", rule->remedy);
	out_text(out, ",\"events\":[\"");
	print_kinds(out, ruleset_kinds(set, number), "\",\"");
	out_text(out, "\"]");
	print_reads(out, set, number);
	print_references(out, rule);
	close_rule(out);
}
