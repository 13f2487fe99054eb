/*
 * capture.c - source, decoder and analysis, one behind the other, with nobody to hear the events.
 */
#include "tests/machine/capture.h"

#include "capture/capture.h"

#include <stdio.h>

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

static bool print_capture(const char *path, capture_print *print, struct error *e)
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
	bool good = false;
	if (a != NULL) {
		profiles_load_shipped(profiles);
		good = print(a, profiles, e);
		analysis_free(a);
	}
	if (source != NULL)
		source_close(source);
	profiles_free(profiles);
	return good;
}

int capture_main(const char *name, int argc, char **argv, capture_print *print)
{
	struct error e = { "takes a capture" };
	if (argc == 2 && print_capture(argv[1], print, &e))
		return 0;
	fprintf(stderr, "%s: %s\n", name, e.text);
	return 1;
}
