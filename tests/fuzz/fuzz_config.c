/* Any bytes as a configuration: read, and what came out of it holds to what its header says. */
#include "cmd/config.h"
#include "tests/fuzz/complaints.h"
#include "tests/fuzz/fuzz.h"

static void check_text(const char *text)
{
	for (; text != NULL && *text != '\0'; text++)
		ensure((unsigned char)*text >= ' ' && *text != 0x7f, NULL);
}

static void check_sink(const struct sink_config *s)
{
	ensure(s->name != NULL && s->kind < SINK_KINDS && s->kinds != 0, NULL);
	ensure(s->path == NULL || s->path[0] == '/', NULL);
	ensure((s->kind == SINK_WEBHOOK) == (s->url != NULL), NULL);
	ensure(s->kind != SINK_FILE || s->path != NULL, NULL);
	ensure(s->kind != SINK_PROGRAM || (s->path != NULL && s->arguments != NULL), NULL);
	ensure(s->kind != SINK_SYSLOG || s->path != NULL || (s->host != NULL && s->port != NULL),
	    NULL);
	check_text(s->path);
	check_text(s->url);
	for (size_t i = 0; s->headers != NULL && s->headers[i] != NULL; i++)
		check_text(s->headers[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct error error = { "" };
	struct complaints *complaints = complaints_new();
	size_t n_complaints = 0;
	if (complaints == NULL)
		return 0;
	struct config *config = config_read("fuzz.yaml", (struct slice){ data, n }, true,
	    complaints, &error);
	const struct complaint *all = complaints_sorted(complaints, &n_complaints);
	ensure((complaints_check(all, n_complaints) == 0) == (config != NULL), NULL);
	for (size_t i = 0; config != NULL && i < config->n_sinks; i++)
		check_sink(&config->sinks[i]);
	config_free(config);
	complaints_free(complaints);
	return 0;
}
