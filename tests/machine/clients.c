/*
 * clients.c - what a capture shows of its clients, with tabs: client, what, value, packet. A line for each
 * policy that is shown ("mixed": not the same in all items), each profile that was held against it, and each
 * item to which something happened that tells clients apart. usage: clients CAPTURE
 */
#include "analysis/analysis.h"
#include "tests/machine/capture.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static void print_text(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		putchar(s.p[i] > ' ' && s.p[i] < 0x7f ? s.p[i] : '_');
}

static void print_head(const char *agent, const char *what)
{
	print_text(slice_from(agent[0] != '\0' ? agent : "-"));
	printf("\t%s\t", what);
}

static void print_values(enum policy p, uint8_t values)
{
	bool more = false;
	for (unsigned i = 0; i < policy_values(p); i++)
		if (values & BIT(i)) {
			printf("%s%s", more ? "," : "", policies_table[p].values[i].word);
			more = true;
		}
}

static void print_check(const char *agent, const struct check_view *v)
{
	print_head(agent, v->profile->name);
	printf("%s%s", conformance_words[v->verdict], v->by_agent ? ",announced" : "");
	if (v->verdict == VIOLATES && v->policy != POLICY_ANY) {
		printf(",%s=", policies_table[v->policy].code);
		print_values(v->policy, v->values);
	}
	printf("\t%" PRIu64 "\n", v->at.frame);
}

static void print_client(const struct client_view *c)
{
	print_head(c->agent, "items");
	printf("%zu of %zu\t0\n", c->judged, c->lines);
	for (unsigned i = 1; i < POLICIES; i++) {
		if (!(c->shown >> i & 1))
			continue;
		print_head(c->agent, policies_table[i].code);
		print_values((enum policy)i, c->fit.set[i]);
		printf("%s\t%" PRIu64 "\n", c->mixed >> i & 1 ? ",mixed" : "",
		    c->shown_at[i].frame);
	}
	for (size_t i = 0; i < c->n_checks; i++)
		print_check(c->agent, &c->checks[i]);
}

static void print_line(const struct client_view *clients, const struct line_view *v)
{
	char number[24];
	if (v->triggers == 0 && v->ending == ENDED_WELL)
		return;
	snprintf(number, sizeof number, "i-%" PRIu64, v->number);
	print_head(clients[v->client].agent, number);
	printf("%s,%u live", ending_words[v->ending], v->copies);
	for (unsigned i = 0; i < TRIGGERS; i++)
		if (v->triggers & BIT(i))
			printf(",%s", trigger_words[i]);
	printf("\t%" PRIu64 "\n", v->first.frame);
}

static bool print_all(struct analysis *a, struct profiles *profiles, struct error *e)
{
	const struct conclude_wish wish = { .facts_only = true };
	struct conclusions all;
	if (!analysis_conclude(a, profiles, &wish, &all, e))
		return false;
	for (size_t i = 0; i < all.n_clients; i++)
		print_client(&all.clients[i]);
	for (size_t i = 0; i < all.n_lines; i++)
		print_line(all.clients, &all.lines[i]);
	return true;
}

int main(int argc, char **argv)
{
	return capture_main("clients", argc, argv, print_all);
}
