/*
 * machine_json.c - conclusions and verdicts as objects, one a line; "record" says what each is.
 */
#include "report/json.h"
#include "report/machine.h"

/* ---- pieces ---- */

static void json_frame(struct json *j, const struct report_options *options, const char *name,
    struct stamp at)
{
	if (at.frame == 0)
		return;
	json_object(j, name);
	if (options->n_inputs > 1 && options->input_names != NULL && at.input < options->n_inputs) {
		json_key(j, "input");
		json_wire(j, slice_from(options->input_names[at.input]));
	}
	json_member(j, "frame", at.frame);
	json_end(j, '}');
}

static void json_string(struct json *j, const char *name, const char *text)
{
	json_key(j, name);
	json_wire(j, slice_from(text));
}

static void json_words(struct json *j, const char *name, uint32_t bits, const char *const *words)
{
	json_array(j, name);
	for (unsigned i = 0; words[i] != NULL; i++) {
		if (!(bits >> i & 1))
			continue;
		json_next(j);
		json_text(j, words[i]);
	}
	json_end(j, ']');
}

static void json_values(struct json *j, const char *name, enum policy policy, uint8_t values)
{
	json_array(j, name);
	for (unsigned v = 0; v < policy_values(policy); v++) {
		if (!(values >> v & 1))
			continue;
		json_next(j);
		json_text(j, policies_table[policy].values[v].word);
	}
	json_end(j, ']');
}

static void json_policies(struct json *j, const struct report_options *options,
    const struct vector *fit, uint64_t shown, uint64_t mixed, const struct stamp *shown_at)
{
	json_object(j, "policies");
	for (unsigned i = POLICY_ANY + 1; i < POLICIES; i++) {
		if (!(shown >> i & 1))
			continue;
		json_object(j, policies_table[i].code);
		json_values(j, "values", (enum policy)i, fit->set[i]);
		json_key(j, "mixed");
		json_bool(j, mixed >> i & 1);
		json_frame(j, options, "shown_at", shown_at[i]);
		json_end(j, '}');
	}
	json_end(j, '}');
}

static struct json record_begin(struct out *o, const char *record)
{
	struct json j = { .out = o };
	json_begin(&j, '{');
	json_key(&j, "record");
	json_text(&j, record);
	return j;
}

static void record_end(struct json *j)
{
	json_end(j, '}');
	out_char(j->out, '\n');
}

/* ---- clients and servers ---- */

static void json_check(struct json *j, const struct report_options *options,
    const struct check_view *v)
{
	json_begin(j, '{');
	json_string(j, "profile", v->profile->name);
	json_key(j, "hypothesis");
	json_bool(j, v->profile->hypothesis);
	json_key(j, "announced");
	json_bool(j, v->by_agent);
	json_key(j, "verdict");
	json_text(j, conformance_words[v->verdict]);
	if (v->verdict == VIOLATES) {
		json_member(j, "item", v->line);
		json_frame(j, options, "at", v->at);
		if (v->would != NULL)
			json_string(j, "row_expected", v->would);
		if (v->needed != NULL)
			json_string(j, "row_needed", v->needed);
		if (v->policy != POLICY_ANY) {
			json_string(j, "explained_by", policies_table[v->policy].code);
			json_values(j, "values", v->policy, v->values);
		}
	}
	json_end(j, '}');
}

static void json_client(struct out *o, const struct report_options *options,
    const struct client_view *c)
{
	struct json j = record_begin(o, "client");
	json_string(&j, "user_agent", c->agent);
	json_key(&j, "activesync");
	json_bool(&j, c->activesync);
	json_member(&j, "items", c->lines);
	json_member(&j, "judged", c->judged);
	json_policies(&j, options, &c->fit, c->shown, c->mixed, c->shown_at);
	json_array(&j, "profiles");
	for (size_t i = 0; i < c->n_checks; i++) {
		json_next(&j);
		json_check(&j, options, &c->checks[i]);
	}
	json_end(&j, ']');
	record_end(&j);
}

static void json_promises(struct json *j, const struct report_options *options,
    const struct server_view *v)
{
	json_object(j, "promises");
	for (unsigned i = 0; i < INVARIANTS; i++) {
		const struct kept_invariant *k = &v->invariants[i];
		if (k->kept == KEPT_UNTRIED)
			continue;
		json_object(j, invariants_table[i].word);
		json_key(j, "kept");
		json_bool(j, k->kept == KEPT);
		json_member(j, "times", k->times);
		json_member(j, "broken", k->broken);
		if (k->kept == KEPT_NOT)
			json_string(j, "certainty", certainty_words[k->certainty]);
		json_frame(j, options, "at", k->at);
		json_end(j, '}');
	}
	json_end(j, '}');
}

static void json_server(struct out *o, const struct report_options *options,
    const struct server_view *v, const struct profiles *profiles)
{
	struct json j = record_begin(o, "server");
	json_key(&j, "name");
	json_wire(&j, v->name);
	json_key(&j, "product");
	json_wire(&j, v->product);
	json_string(&j, "flavour", flavour_name(v->flavour));
	json_string(&j, "holds", holds_words[v->holds]);
	json_policies(&j, options, &v->fit, v->shown, v->mixed, v->shown_at);
	json_promises(&j, options, v);
	json_array(&j, "profiles");
	for (const struct profile *p = profiles_first(profiles); p != NULL; p = p->next) {
		if (p->side != SIDE_SERVER || p->speaks != v->speaks || !server_agrees(p, v))
			continue;
		json_next(&j);
		json_wire(&j, slice_from(p->name));
	}
	json_end(&j, ']');
	record_end(&j);
}

/* ---- items ---- */

static void json_predicted(struct json *j, const char *name, const struct predicted *p)
{
	json_object(j, name);
	json_member(j, "copies_least", p->least);
	json_member(j, "copies_most", p->most);
	json_key(j, "may_be_unsent");
	json_bool(j, p->may_be_dirty);
	json_key(j, "may_lose_edit");
	json_bool(j, p->may_lose_edit);
	json_end(j, '}');
}

static void json_whatif(struct json *j, const struct report_options *options,
    const struct whatif_view *w)
{
	const char grade[2] = { (char)('A' + w->grade), '\0' };
	json_begin(j, '{');
	json_string(j, "profile", w->profile->name);
	json_predicted(j, "outcome", &w->out);
	json_predicted(j, "one_fault", &w->one_fault);
	json_predicted(j, "two_faults", &w->two_faults);
	json_string(j, "grade", grade);
	json_frame(j, options, w->behind ? "diverges_behind" : "diverges_at", w->at);
	json_array(j, "assumed");
	for (unsigned i = POLICY_ANY + 1; i < POLICIES; i++) {
		if (!(w->assumed >> i & 1))
			continue;
		json_next(j);
		json_text(j, policies_table[i].code);
	}
	json_end(j, ']');
	json_end(j, '}');
}

static void json_butfor(struct json *j, const struct butfor_view *b)
{
	static const char *const parts[] = { "as_it_is", "client", "server", "client_server",
		"network", "client_network", "server_network", "client_server_network" };
	static const char *const necessary[] = { "client", "server", "network", NULL };
	json_object(j, "but_for");
	json_string(j, "profile", b->profile->name);
	for (unsigned i = 0; i < PARTS; i++)
		json_predicted(j, parts[i], &b->without[i]);
	json_key(j, "reproduced");
	json_bool(j, b->reproduced);
	json_words(j, "necessary", b->necessary, necessary);
	json_end(j, '}');
}

static void json_line_members(struct json *j, const struct report_options *options,
    const struct line_view *v)
{
	json_member(j, "item", v->number);
	json_string(j, "text", v->text);
	json_string(j, "peer", v->peer);
	json_frame(j, options, "first", v->first);
	json_frame(j, options, "last", v->last);
	json_member(j, "creates", v->creates);
	json_member(j, "copies", v->copies);
	json_member(j, "open_copies", v->open_copies);
	json_words(j, "triggers", v->triggers, trigger_words);
	json_string(j, "ending", ending_words[v->ending]);
	json_key(j, "whole");
	json_bool(j, v->whole);
}

static void json_line(struct out *o, const struct report_options *options,
    const struct line_view *v)
{
	struct json j = record_begin(o, "item");
	json_line_members(&j, options, v);
	json_array(&j, "what_if");
	for (size_t i = 0; i < v->n_whatifs; i++) {
		json_next(&j);
		json_whatif(&j, options, &v->whatifs[i]);
	}
	json_end(&j, ']');
	if (v->butfor != NULL)
		json_butfor(&j, v->butfor);
	if (v->why_not != NULL)
		json_string(&j, "why_not", v->why_not);
	record_end(&j);
}

void conclusions_json(struct out *o, const struct report_options *options,
    const struct conclusions *c, const struct profiles *profiles)
{
	for (size_t i = 0; i < c->n_clients; i++)
		json_client(o, options, &c->clients[i]);
	for (size_t i = 0; i < c->n_servers; i++)
		json_server(o, options, c->servers[i], profiles);
	for (size_t i = 0; i < c->n_lines; i++)
		json_line(o, options, &c->lines[i]);
}

/* ---- a verdict ---- */

static void json_side(struct json *j, const struct report_options *options, const char *name,
    const char *capture, const struct verify_side *s)
{
	static const char *const doubts[] = { [DOUBT_MISSING] = "traffic_missing",
		[DOUBT_UNWATCHED] = "not_watched",
		[DOUBT_OPEN] = "open",
		[DOUBT_OTHER_CAUSE] = "other_cause" };
	_Static_assert(sizeof doubts / sizeof doubts[0] == DOUBTS_OF_FIX, "a word for each");
	json_object(j, name);
	json_string(j, "capture", capture);
	json_member(j, "items", s->items);
	for (unsigned i = 0; i < ENDED_OPEN; i++)
		json_member(j, ending_words[i], s->ended[i]);
	for (unsigned i = DOUBT_MISSING; i < DOUBTS_OF_FIX; i++)
		json_member(j, doubts[i], s->doubts[i]);
	const struct line_view *shown = s->worst != NULL ? s->worst : s->well;
	shown = shown != NULL ? shown : s->doubted;
	if (shown != NULL) {
		json_object(j, "example");
		json_line_members(j, options, shown);
		json_end(j, '}');
	}
	json_end(j, '}');
}

void verification_json(struct out *o, const struct report_options *options,
    const struct verification *v, const char *before, const char *after, const char *reason,
    const char *advice)
{
	struct json j = record_begin(o, "verification");
	json_string(&j, "verdict", verdict_words[v->verdict]);
	json_member(&j, "verified_triggers",
	    v->verdict == VERIFIED ? v->after.ended[ENDED_WELL] : 0);
	json_words(&j, "triggers", v->triggers, trigger_words);
	json_string(&j, "reason", reason);
	if (advice != NULL)
		json_string(&j, "hint", advice);
	if (v->client != NULL)
		json_string(&j, "user_agent", v->client->agent);
	if (before != NULL)
		json_side(&j, options, "before", before, &v->before);
	json_side(&j, options, "after", after, &v->after);
	if (v->check != NULL) {
		json_key(&j, "profile");
		json_check(&j, options, v->check);
	}
	record_end(&j);
}
