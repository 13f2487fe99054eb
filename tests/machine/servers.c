/*
 * servers.c - what a capture proves of its servers, a line for each policy that is shown and each promise
 * that had an occasion, with tabs: server, what it holds, code, value, packet. A policy that the server
 * contradicts itself in has "mixed" behind its values; the last line of a view names the profiles that
 * agree. usage: servers CAPTURE
 */
#include "analysis/servers.h"
#include "tests/machine/capture.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static void print_text(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		putchar(s.p[i] > ' ' && s.p[i] < 0x7f ? s.p[i] : '_');
}

static void print_head(const struct server_view *v, const char *code)
{
	print_text(v->name);
	printf("\t%s\t%s\t", holds_words[v->holds], code);
}

static void print_policy(const struct server_view *v, enum policy p)
{
	const struct policy_info *info = &policies_table[p];
	bool mixed = v->mixed >> p & 1, more = false;
	if (!(v->shown >> p & 1) && !mixed)
		return;
	print_head(v, info->code);
	for (unsigned i = 0; i < policy_values(p); i++)
		if (v->fit.set[p] & BIT(i)) {
			printf("%s%s", more ? "," : "", info->values[i].word);
			more = true;
		}
	printf("%s\t%" PRIu64 "\n", mixed ? ",mixed" : "", v->shown_at[p].frame);
}

static void print_view(const struct server_view *v, const struct profile *profiles)
{
	print_head(v, "product");
	print_text(v->product);
	printf("\t%s\n", flavour_name(v->flavour));
	for (unsigned i = 1; i < POLICIES; i++)
		print_policy(v, (enum policy)i);
	for (unsigned i = 0; i < INVARIANTS; i++) {
		const struct kept_invariant *k = &v->invariants[i];
		if (k->kept == KEPT_UNTRIED)
			continue;
		print_head(v, invariants_table[i].word);
		printf("%s,%" PRIu64 "/%" PRIu64 "\t%" PRIu64 "\n", kept_words[k->kept],
		    k->times - k->broken, k->times, k->at.frame);
	}
	print_head(v, "profiles");
	bool more = false;
	for (const struct profile *p = profiles; p != NULL && v->shown != 0; p = p->next)
		if (server_agrees(p, v)) {
			printf("%s%s", more ? "," : "", p->name);
			more = true;
		}
	printf("%s\t0\n", more ? "" : "-");
}

static bool print_all(struct analysis *a, struct profiles *profiles, struct error *e)
{
	const struct servers *s = analysis_servers(a);
	(void)e;
	for (size_t i = 0; i < servers_count(s); i++)
		print_view(servers_at(s, i), profiles_first(profiles));
	return true;
}

int main(int argc, char **argv)
{
	return capture_main("servers", argc, argv, print_all);
}
