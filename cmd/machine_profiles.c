/*
 * machine_profiles.c - `davscope machine profiles`: all profiles, a line each; or one with what its
 * policies mean; or as objects.
 */
#include "cmd/machine.h"

enum { NAME_COLUMN = 26, SIDE_COLUMN = 7, SPEAKS_COLUMN = 11, CODE_COLUMN = 4, VALUE_COLUMN = 14 };

static const char *const side_words[] = { [SIDE_CLIENT] = "client", [SIDE_SERVER] = "server" };

static bool is_said(const struct profile *p, unsigned policy)
{
	return p->said >> policy & 1;
}

/* ---- text ---- */

static void print_line(struct out *out, const struct profile *p)
{
	print_column(out, slice_from(p->name), NAME_COLUMN);
	print_column(out, slice_from(side_words[p->side]), SIDE_COLUMN);
	print_column(out, slice_from(speaks_words[p->speaks]), SPEAKS_COLUMN);
	out_vis(out, slice_from(p->title), SIZE_MAX);
	out_char(out, '\n');
}

static void print_build(struct out *out, const char *before, const struct build *build)
{
	out_text(out, before);
	for (size_t i = 0; i < VERSION_PARTS; i++) {
		out_text(out, i == 0 ? "" : ".");
		out_u64(out, build->part[i]);
	}
}

static void print_agent(struct out *out, const struct agent *a)
{
	out_text(out, "  recognised by:");
	if (a->pattern != NULL) {
		out_text(out, " User-Agent ");
		out_vis(out, slice_from(a->pattern), SIZE_MAX);
	}
	if (a->has_from)
		print_build(out, " from ", &a->from);
	if (a->has_below)
		print_build(out, " below ", &a->below);
	if (a->has_protocol_from)
		print_build(out, " ActiveSync from ", &a->protocol_from);
	if (a->has_protocol_below)
		print_build(out, " ActiveSync below ", &a->protocol_below);
	out_char(out, '\n');
}

static void print_value(struct out *out, const char *code, const struct machine_word *value)
{
	out_text(out, "    ");
	print_column(out, slice_from(code), CODE_COLUMN);
	print_column(out, slice_from(value->word), VALUE_COLUMN);
	print_wrapped(out, slice_from(value->text), 4 + CODE_COLUMN + 1 + VALUE_COLUMN + 1,
	    4 + CODE_COLUMN + 1 + VALUE_COLUMN + 1);
}

/* The value that a player takes comes first. */
static void print_policy(struct out *out, const struct profile *p, unsigned policy)
{
	const struct policy_info *info = &policies_table[policy];
	unsigned first = p->policies.first[policy];
	out_text(out, "  ");
	out_text(out, info->title);
	out_char(out, '\n');
	print_value(out, info->code, &info->values[first]);
	for (unsigned i = 0; i < VALUES_MAX; i++)
		if (i != first && p->policies.set[policy] >> i & 1)
			print_value(out, "or", &info->values[i]);
}

static void print_unsaid(struct out *out, const struct profile *p)
{
	const char *between = "  not known, any value: ";
	bool begun = false;
	for (unsigned i = POLICY_ANY + 1; i < POLICIES; i++) {
		if (policies_table[i].side != p->side || is_said(p, i))
			continue;
		out_text(out, between);
		out_text(out, policies_table[i].code);
		between = " ";
		begun = true;
	}
	out_text(out, begun ? "\n" : "");
}

static void print_profile(struct out *out, const struct profile *p)
{
	out_text(out, p->name);
	out_text(out, ": ");
	print_wrapped(out, slice_from(p->title), 2, 2 + slice_from(p->name).n);
	out_text(out, "  ");
	out_text(out, side_words[p->side]);
	out_text(out, ", speaks ");
	out_text(out, speaks_words[p->speaks]);
	out_text(out, p->hypothesis ? ", a hypothesis, " : ", ");
	out_vis(out, slice_from(p->file), SIZE_MAX);
	out_char(out, ':');
	out_u64(out, p->line);
	out_char(out, '\n');
	if (p->text != NULL)
		print_wrapped(out, slice_from(p->text), 2, 0);
	for (size_t i = 0; i < p->n_agents; i++)
		print_agent(out, &p->agents[i]);
	out_char(out, '\n');
	for (unsigned i = POLICY_ANY + 1; i < POLICIES; i++)
		if (policies_table[i].side == p->side && is_said(p, i))
			print_policy(out, p, i);
	print_unsaid(out, p);
}

/* ---- JSON ---- */

static void json_build(struct out *out, const char *name, bool there, const struct build *build)
{
	if (!there)
		return;
	print_build(out, name, build);
	out_char(out, '"');
}

static void json_agents(struct out *out, const struct profile *p)
{
	out_text(out, ",\"agents\":[");
	for (size_t i = 0; i < p->n_agents; i++) {
		const struct agent *a = &p->agents[i];
		print_json(out,
		    i == 0 ? "{\"agent\":" : ",{\"agent\":", a->pattern != NULL ? a->pattern : "*");
		json_build(out, ",\"from\":\"", a->has_from, &a->from);
		json_build(out, ",\"below\":\"", a->has_below, &a->below);
		json_build(out, ",\"activesync_from\":\"", a->has_protocol_from, &a->protocol_from);
		json_build(out, ",\"activesync_below\":\"", a->has_protocol_below,
		    &a->protocol_below);
		out_char(out, '}');
	}
	out_char(out, ']');
}

/* All policies of its side; the value that a player takes comes first. */
static void json_policies(struct out *out, const struct profile *p)
{
	const char *between = "{";
	out_text(out, ",\"policies\":");
	for (unsigned i = POLICY_ANY + 1; i < POLICIES; i++) {
		const struct policy_info *info = &policies_table[i];
		unsigned first = p->policies.first[i];
		if (info->side != p->side)
			continue;
		print_json(out, between, info->code);
		print_json(out, ":[", info->values[first].word);
		for (unsigned v = 0; v < VALUES_MAX; v++)
			if (v != first && p->policies.set[i] >> v & 1)
				print_json(out, ",", info->values[v].word);
		out_char(out, ']');
		between = ",";
	}
	out_char(out, '}');
}

static void json_profile(struct out *out, const struct profile *p)
{
	print_json(out, "{\"name\":", p->name);
	print_json(out, ",\"side\":", side_words[p->side]);
	print_json(out, ",\"speaks\":", speaks_words[p->speaks]);
	print_json_flag(out, ",\"hypothesis\":", p->hypothesis);
	print_json_flag(out, ",\"shipped\":", p->shipped);
	print_json(out, ",\"title\":", p->title);
	print_json(out, ",\"text\":", p->text);
	print_json(out, ",\"file\":", p->file);
	print_json_number(out, ",\"line\":", p->line);
	json_agents(out, p);
	json_policies(out, p);
	out_text(out, "}\n");
}

/* ---- what is asked for ---- */

static int print_profiles(const struct options *o, const struct profiles *set,
    const struct profile *only)
{
	struct error e;
	struct out *out = out_stdout(&e);
	if (out == NULL) {
		warn("%s", e.text);
		return EXIT_INTERNAL;
	}
	for (const struct profile *p = profiles_first(set); p != NULL; p = p->next) {
		if (only != NULL && p != only)
			continue;
		(o->json ? json_profile : only != NULL ? print_profile : print_line)(out, p);
	}
	return finish_output(out);
}

int machine_profiles(const struct options *o)
{
	int code = EXIT_USAGE;
	const char *name = o->n_words > 1 ? o->words[1] : NULL;
	struct profiles *set = options_profiles(o, &code);
	if (set == NULL)
		return code;
	const struct profile *only = name != NULL ? profile_find(set, name) : NULL;
	const char *like = name != NULL && only == NULL ? profile_like(set, name) : NULL;
	if (name == NULL || only != NULL)
		code = print_profiles(o, set, only);
	else if (like != NULL)
		warn("machine profiles %s: no such profile; did you mean %s?", name, like);
	else
		warn("machine profiles %s: no such profile", name);
	profiles_free(set);
	return code;
}
