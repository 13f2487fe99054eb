/* Any bytes as a scenario file: what is taken from one that is fine can be played, as far as bounds go. */
#include "play/play.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

/* A complaint names a place of the file, in printable words. */
static void check_complaints(struct complaints *complaints)
{
	size_t n = 0;
	const struct complaint *all = complaints_sorted(complaints, &n);
	for (size_t i = 0; i < n; i++) {
		const struct complaint *c = &all[i];
		ensure(strlen(c->code) == 5 && c->text[0] != '\0' && c->line > 0, NULL);
		for (const char *p = c->text; *p != '\0'; p++)
			ensure((unsigned char)*p >= ' ' && *p != 0x7f, NULL);
	}
}

static void check_file(const struct play_file *f)
{
	ensure(f->client.text != NULL && f->server.text != NULL, NULL);
	ensure((f->gateway.text != NULL) == (f->store.text != NULL), NULL);
	ensure(f->cycles >= 1 && f->cycles <= PLAY_CYCLES_MAX && f->edit_before <= f->cycles, NULL);
	ensure(f->hops <= PLAY_HOPS_SERVER && f->n_mishaps <= PLAY_MISHAPS_MAX, NULL);
	for (size_t i = 0; i < f->n_mishaps; i++)
		ensure(f->mishaps[i].request < PLAY_REQUESTS_MAX &&
			f->mishaps[i].accident != PLAY_UNHURT &&
			f->mishaps[i].accident <= PLAY_REPLAYED,
		    NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct play_file file;
	struct arena *arena = arena_new(1 << 20);
	struct complaints *complaints = complaints_new();
	if (arena != NULL && complaints != NULL && complaints_file(complaints, "fuzz.yaml") &&
	    play_file_read((struct slice){ data, n }, "fuzz.yaml", arena, complaints, &file))
		check_file(&file);
	if (complaints != NULL)
		check_complaints(complaints);
	arena_free(arena);
	complaints_free(complaints);
	return 0;
}
