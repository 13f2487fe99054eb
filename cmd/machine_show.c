/*
 * machine_show.c - `davscope machine show`: the table of the reference sync machine, a line a row; or one
 * row with what all its words mean; or as objects.
 */
#include "cmd/machine.h"

#include <string.h>

enum { NAME_COLUMN = 5, FROM_COLUMN = 20, WORD_COLUMN = 14 };

static const char *const layer_words[] = { [LAYER_ITEM] = "ITEM", [LAYER_SESSION] = "SESSION" };

static const char *next_word(const struct machine_row *row)
{
	if (row->to == STATE_NOWHERE)
		return "none";
	return row->to == STATE_SAME ? "same" : machine_states[row->to].word;
}

/* ---- a row as one line ---- */

/* Words of a set, each with `before` in front, blanks between. */
static void print_words(struct out *out, const struct machine_word *words, uint32_t bits,
    const char *before, bool *begun)
{
	for (unsigned i = 0; bits >> i != 0; i++) {
		if (!(bits >> i & 1))
			continue;
		out_text(out, *begun ? " " : "");
		out_text(out, before);
		out_text(out, words[i].word);
		*begun = true;
	}
}

static void print_set(struct out *out, const struct machine_word *words, uint32_t bits)
{
	bool begun = false;
	print_words(out, words, bits, "", &begun);
}

static void print_guard(struct out *out, const struct machine_row *row)
{
	bool begun = false;
	if ((row->yes | row->no) == 0)
		return;
	out_text(out, " [");
	print_words(out, machine_facts, row->yes, "", &begun);
	print_words(out, machine_facts, row->no, "!", &begun);
	out_char(out, ']');
}

static void print_policy(struct out *out, const struct machine_row *row)
{
	const char *between = "=";
	if (row->policy == POLICY_ANY)
		return;
	out_text(out, " {");
	out_text(out, policies_table[row->policy].code);
	for (unsigned i = 0; i < VALUES_MAX; i++) {
		if (!(row->values >> i & 1))
			continue;
		out_text(out, between);
		out_text(out, policies_table[row->policy].values[i].word);
		between = ",";
	}
	out_char(out, '}');
}

/* Spaces up to a column, one at least; `start` is where the line begins. */
static void pad(struct out *out, uint64_t start, size_t column)
{
	do
		out_char(out, ' ');
	while (out_written(out) < start + column);
}

static void print_row(struct out *out, const struct machine_row *row)
{
	uint64_t start = out_written(out);
	out_text(out, "  ");
	out_text(out, row->name);
	pad(out, start, 2 + NAME_COLUMN);
	print_set(out, machine_states, row->from);
	pad(out, start, 2 + NAME_COLUMN + FROM_COLUMN);
	print_set(out, machine_events, row->events);
	print_guard(out, row);
	print_policy(out, row);
	out_text(out, " -> ");
	out_text(out, next_word(row));
	if (row->effects != 0)
		out_text(out, ": ");
	print_set(out, machine_effects, row->effects);
	out_char(out, '\n');
}

static void print_layer(struct out *out, enum machine_layer layer)
{
	size_t n;
	const struct machine_row *table = machine_table(&n);
	out_text(out,
	    layer == LAYER_ITEM ?
		"ITEM: what a client believes of one item\n" :
		"SESSION: what a client believes of the synchronisation of one collection\n");
	for (unsigned i = 0; i < STATES; i++) {
		if (state_layer((enum machine_state)i) != layer)
			continue;
		out_text(out, "  ");
		print_column(out, slice_from(machine_states[i].word), WORD_COLUMN);
		out_text(out, machine_states[i].text);
		out_char(out, '\n');
	}
	out_text(out,
	    "\nrow: in one of these states, at one of these events [if ... !unless ...] "
	    "{policy} -> next state: what it means\n");
	for (size_t i = 0; i < n; i++)
		if (row_layer(&table[i]) == layer)
			print_row(out, &table[i]);
}

/* ---- a row with what its words mean ---- */

static void explain_set(struct out *out, const char *what, const struct machine_word *words,
    uint32_t bits)
{
	for (unsigned i = 0; bits >> i != 0; i++) {
		if (!(bits >> i & 1))
			continue;
		out_text(out, "  ");
		print_column(out, slice_from(what), 8);
		print_column(out, slice_from(words[i].word), WORD_COLUMN);
		out_text(out, words[i].text);
		out_char(out, '\n');
		what = "";
	}
}

static void explain_policy(struct out *out, const struct machine_row *row)
{
	const struct policy_info *info = &policies_table[row->policy];
	if (row->policy == POLICY_ANY)
		return;
	out_text(out, "  ");
	print_column(out, slice_from(info->code), 8);
	out_text(out, info->title);
	out_char(out, '\n');
	explain_set(out, "", info->values, row->values);
}

static void explain_row(struct out *out, const struct machine_row *row)
{
	out_text(out, layer_words[row_layer(row)]);
	out_text(out, " row ");
	out_text(out, row->name);
	out_text(out, row_completes(row) ? ", completes the table\n" : "\n");
	explain_set(out, "in", machine_states, row->from);
	explain_set(out, "at", machine_events, row->events);
	explain_set(out, "if", machine_facts, row->yes);
	explain_set(out, "unless", machine_facts, row->no);
	explain_policy(out, row);
	if (row->to < STATES)
		explain_set(out, "next", machine_states, BIT(row->to));
	else
		out_text(out,
		    row->to == STATE_SAME ? "  next     the same state\n" :
					    "  next     there is no way on\n");
	explain_set(out, "means", machine_effects, row->effects);
}

/* ---- JSON ---- */

static void json_set(struct out *out, const char *name, const struct machine_word *words,
    uint32_t bits)
{
	const char *between = "[";
	out_text(out, name);
	for (unsigned i = 0; bits >> i != 0; i++) {
		if (!(bits >> i & 1))
			continue;
		print_json(out, between, words[i].word);
		between = ",";
	}
	out_text(out, bits == 0 ? "[]" : "]");
}

static void json_row(struct out *out, const struct machine_row *row)
{
	print_json(out, "{\"row\":", row->name);
	print_json(out, ",\"layer\":", layer_words[row_layer(row)]);
	print_json_flag(out, ",\"completes\":", row_completes(row));
	json_set(out, ",\"from\":", machine_states, row->from);
	json_set(out, ",\"events\":", machine_events, row->events);
	json_set(out, ",\"if\":", machine_facts, row->yes);
	json_set(out, ",\"unless\":", machine_facts, row->no);
	if (row->policy != POLICY_ANY) {
		print_json(out, ",\"policy\":", policies_table[row->policy].code);
		json_set(out, ",\"values\":", policies_table[row->policy].values, row->values);
	}
	print_json(out, ",\"to\":", next_word(row));
	json_set(out, ",\"effects\":", machine_effects, row->effects);
	out_text(out, "}\n");
}

/* ---- what is asked for ---- */

/* A layer, a row by its name, or everything. */
struct wish {
	bool all, by_layer;
	enum machine_layer layer;
	const char *row;
};

static bool is_wanted(const struct wish *w, const struct machine_row *row)
{
	if (w->row != NULL)
		return strcmp(w->row, row->name) == 0;
	return w->all || row_layer(row) == w->layer;
}

static bool wish_read(const struct options *o, struct wish *w)
{
	size_t n;
	const struct machine_row *table = machine_table(&n);
	*w = (struct wish){ .all = o->n_words == 1 };
	if (w->all)
		return true;
	const char *word = o->words[1];
	for (unsigned i = 0; i < 2; i++) {
		if (slice_is_nocase(slice_from(word), layer_words[i])) {
			w->layer = (enum machine_layer)i;
			return true;
		}
	}
	w->row = word;
	for (size_t i = 0; i < n; i++)
		if (is_wanted(w, &table[i]))
			return true;
	warn("machine show %s: is none of ITEM, SESSION and the rows of the table", word);
	return false;
}

static void print_wish(struct out *out, const struct wish *w, bool json)
{
	size_t n;
	const struct machine_row *table = machine_table(&n);
	if (w->row == NULL && !json) {
		if (w->all || w->layer == LAYER_ITEM)
			print_layer(out, LAYER_ITEM);
		out_text(out, w->all ? "\n" : "");
		if (w->all || w->layer == LAYER_SESSION)
			print_layer(out, LAYER_SESSION);
		return;
	}
	for (size_t i = 0; i < n; i++)
		if (is_wanted(w, &table[i]))
			(json ? json_row : explain_row)(out, &table[i]);
}

int machine_show(const struct options *o)
{
	struct wish w;
	struct error e;
	if (!wish_read(o, &w))
		return EXIT_USAGE;
	struct out *out = out_stdout(&e);
	if (out == NULL) {
		warn("%s", e.text);
		return EXIT_INTERNAL;
	}
	print_wish(out, &w, o->json);
	return finish_output(out);
}
