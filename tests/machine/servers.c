/*
 * servers.c - what a capture proves of its servers, a line for each policy that is shown and each promise
 * that had an occasion, with tabs: server, what it holds, code, value, packet. A policy that the server
 * contradicts itself in has "mixed" behind its values; the last line of a view names the profiles that
 * agree. usage: servers CAPTURE
 */
#include "analysis/servers.h"
#include "capture/capture.h"

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

static void ignore(void *ctx, const struct event *event)
{
	(void)ctx;
	(void)event;
}

static struct analysis *analyse(struct source *source, const struct limits *limits, struct error *e)
{
	struct analysis_options options = { .limits = limits, .key = hash_key_from(1) };
	struct decode_options decode = { .limits = *limits,
		.key = hash_key_from(1),
		.bodies = BODIES_ALL };
	struct analysis *a = analysis_new(&options, (struct analysis_sink){ ignore, NULL }, e);
	struct decoder *decoder = a != NULL ? decoder_new(&decode, analysis_input(a), e) : NULL;
	struct packet packet;
	if (decoder == NULL) {
		analysis_free(a);
		return NULL;
	}
	while (source_next(source, &packet) == SOURCE_PACKET)
		decoder_packet(decoder, &packet);
	decoder_finish(decoder);
	decoder_free(decoder);
	analysis_finish(a);
	return a;
}

static bool print_capture(const char *path, struct error *e)
{
	struct limits limits = limits_default();
	const char *specs[] = { path };
	const struct source_options from = { .specs = specs,
		.n_specs = 1,
		.since = INT64_MIN,
		.until = INT64_MAX,
		.limits = &limits };
	struct profiles *profiles = profiles_new(&limits, e);
	struct source *source = profiles != NULL ? source_open(&from, e) : NULL;
	struct analysis *a = source != NULL ? analyse(source, &limits, e) : NULL;
	if (a != NULL) {
		profiles_load_shipped(profiles);
		const struct servers *s = analysis_servers(a);
		for (size_t i = 0; i < servers_count(s); i++)
			print_view(servers_at(s, i), profiles_first(profiles));
		analysis_free(a);
	}
	if (source != NULL)
		source_close(source);
	profiles_free(profiles);
	return a != NULL;
}

int main(int argc, char **argv)
{
	struct error e = { "usage: servers CAPTURE" };
	if (argc == 2 && print_capture(argv[1], &e))
		return 0;
	fprintf(stderr, "servers: %s\n", e.text);
	return 1;
}
