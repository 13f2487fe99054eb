/*
 * conclusions.c - what captures say of clients, servers and items, for people: who behaves like what, which
 * promises were kept, and what became of the items that had it hard.
 */
#include "report/machine.h"

/* "    P1=null, #174: after a create ...: takes the item as stored" */
static void policy_write(struct out *o, const struct report_options *options, enum policy policy,
    uint8_t values, bool mixed, struct stamp at)
{
	struct paragraph p = machine_begin(o, options, 4, "");
	p.fresh = true;
	values_write(&p, policy, values);
	if (mixed)
		paragraph_join(&p, ", not always the same");
	if (at.frame != 0 && !mixed) {
		paragraph_join(&p, ",");
		frame_write(&p, options, "#", at);
	}
	meaning_write(&p, policy, values);
	paragraph_end(&p);
}

/* ---- clients ---- */

static void client_write(struct out *o, const struct report_options *options,
    const struct client_view *c)
{
	struct paragraph p = machine_begin(o, options, 0, "client");
	paragraph_wire(&p, slice_from(c->agent[0] != '\0' ? c->agent : "without a User-Agent"));
	if (c->version != 0) {
		number_write(&p, "ActiveSync ", c->version / 10U, ".");
		p.fresh = true;
		number_write(&p, "", c->version % 10U, "");
	}
	paragraph_join(&p, ":");
	number_write(&p, "", c->judged, "");
	number_write(&p, "of ", c->lines,
	    c->lines == 1 ? " item can be judged" : " items can be judged");
	paragraph_end(&p);
	for (unsigned i = POLICY_ANY + 1; i < POLICIES; i++)
		if (c->shown >> i & 1)
			policy_write(o, options, (enum policy)i, c->fit.set[i], c->mixed >> i & 1,
			    c->shown_at[i]);
	client_checks_write(o, options, 2, c);
}

/* ---- servers ---- */

static void promise_write(struct out *o, const struct report_options *options, unsigned code,
    const struct kept_invariant *k)
{
	struct paragraph p = machine_begin(o, options, 4, invariants_table[code].word);
	if (k->kept == KEPT_NOT) {
		paragraph_words(&p, "was broken");
		number_write(&p, "", k->broken, "");
		number_write(&p, "of ", k->times, k->times == 1 ? " time," : " times,");
		paragraph_words(&p, certainty_words[k->certainty]);
		paragraph_join(&p, ", first");
	} else {
		number_write(&p, "was kept ", k->times,
		    k->times == 1 ? " time, last" : " times, last");
	}
	frame_write(&p, options, "#", k->at);
	paragraph_join(&p, ":");
	paragraph_words(&p, invariants_table[code].text);
	paragraph_end(&p);
}

static void agreeing_write(struct out *o, const struct report_options *options,
    const struct server_view *v, const struct profiles *profiles)
{
	struct paragraph p = machine_begin(o, options, 2, "profiles that agree:");
	size_t n = 0;
	for (const struct profile *profile = profiles_first(profiles); profile != NULL;
	     profile = profile->next) {
		if (profile->side != SIDE_SERVER || profile->speaks != v->speaks ||
		    !server_agrees(profile, v))
			continue;
		paragraph_wire(&p, slice_from(profile->name));
		n++;
	}
	paragraph_words(&p, n == 0 ? "none" : "");
	paragraph_end(&p);
}

static void server_write(struct out *o, const struct report_options *options,
    const struct server_view *v, const struct profiles *profiles)
{
	struct paragraph p = machine_begin(o, options, 0, "server");
	paragraph_wire(&p, v->name);
	if (v->product.n != 0) {
		paragraph_join(&p, ",");
		paragraph_wire(&p, v->product);
	}
	paragraph_join(&p, ",");
	paragraph_words(&p, flavour_name(v->flavour));
	paragraph_join(&p, ",");
	paragraph_words(&p,
	    v->holds == HOLDS_UNKNOWN ? "what it holds is not known" : holds_words[v->holds]);
	paragraph_end(&p);
	for (unsigned i = POLICY_ANY + 1; i < POLICIES; i++)
		if (v->shown >> i & 1)
			policy_write(o, options, (enum policy)i, v->fit.set[i], v->mixed >> i & 1,
			    v->shown_at[i]);
	for (unsigned i = 0; i < INVARIANTS; i++)
		if (v->invariants[i].kept != KEPT_UNTRIED)
			promise_write(o, options, i, &v->invariants[i]);
	if (v->shown != 0)
		agreeing_write(o, options, v, profiles);
}

/* ---- items ---- */

void line_write(struct out *o, const struct report_options *options, size_t indent,
    const struct line_view *v)
{
	static const char *const triggers[] = { [TRIGGER_UNTAGGED] = "stored without a change tag",
		[TRIGGER_LOST] = "sent without an answer that says what became of it",
		[TRIGGER_NAME_TAKEN] = "refused, as the name is taken",
		[TRIGGER_UID_TAKEN] = "refused, as the UID is taken" };
	static const char *const endings[] = { [ENDED_WELL] = "it ended well",
		[ENDED_COPIES] = "it ended in copies",
		[ENDED_STUCK] = "its client never gets it stored",
		[ENDED_OPEN] = "how it ended is open" };
	columns_pad(o, indent);
	struct paragraph p = paragraph_begin(o, options, indent + 4);
	p.column = indent;
	number_write(&p, "i-", v->number, ",");
	paragraph_wire(&p, slice_from(v->text));
	paragraph_join(&p, ":");
	for (unsigned t = 0; t < TRIGGERS; t++) {
		if (!(v->triggers & BIT(t)))
			continue;
		paragraph_words(&p, triggers[t]);
		frame_write(&p, options, "#", v->trigger_at[t]);
		paragraph_join(&p, ";");
	}
	number_write(&p, "", v->creates, v->creates == 1 ? " create," : " creates,");
	number_write(&p, "", v->copies, v->copies == 1 ? " live copy" : " live copies");
	if (v->open_copies != 0)
		number_write(&p, "and perhaps ", v->open_copies, " more");
	paragraph_join(&p, ";");
	paragraph_words(&p, endings[v->ending]);
	if (!v->whole)
		paragraph_join(&p, "; a part of its client's traffic is missing");
	paragraph_end(&p);
}

void conclusions_write(struct out *o, const struct report_options *options,
    const struct conclusions *c, const struct profiles *profiles)
{
	if (options->format == REPORT_JSON) {
		conclusions_json(o, options, c, profiles);
		return;
	}
	for (size_t i = 0; i < c->n_clients; i++)
		client_write(o, options, &c->clients[i]);
	for (size_t i = 0; i < c->n_servers; i++)
		server_write(o, options, c->servers[i], profiles);
	bool begun = false;
	for (size_t i = 0; i < c->n_lines; i++) {
		const struct line_view *v = &c->lines[i];
		if (v->triggers == 0 && v->ending == ENDED_WELL)
			continue;
		out_text(o, begun ? "" : "items\n");
		begun = true;
		line_write(o, options, 2, v);
		line_machine_write(o, options, 4, v);
	}
	if (c->forgotten == 0)
		return;
	out_text(o, "forgotten, limit lifelines: ");
	out_u64(o, c->forgotten);
	out_char(o, '\n');
}
