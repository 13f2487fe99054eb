/*
 * What a message says does not depend on how its bytes arrive: the cases of tests/http, damaged at random, whole,
 * byte by byte and cut at random give the same events. Up to where the reader loses its place: where it
 * finds a message again is a matter of segments.
 * usage: feeds [N [SEED]]    N damaged cases (20000)
 */
#include <stdio.h>

#include "tests/tool/http_case.h"

static const char *const files[] = { "tests/http/framing.md", "tests/http/lenience.md",
	"tests/http/pairing.md", "tests/http/readings.tsv" };
enum { FILES = sizeof(files) / sizeof(files[0]) };

static uint64_t random_below(uint64_t *state, uint64_t n)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return (*state >> 33) % n;
}

/* Bytes that mean something to somebody are more likely than others. */
static uint8_t random_byte(uint64_t *state)
{
	static const char words[] = "\r\n\r\n: ;,0123456789aAfFxXHTP/1.\t\"";
	return random_below(state, 3) == 0 ? (uint8_t)random_below(state, 256) :
					     (uint8_t)words[random_below(state, sizeof(words) - 1)];
}

static void step_damage(struct http_step *step, uint64_t *state)
{
	if (step->kind != STEP_BYTES || step->n < 2)
		return;
	for (uint64_t times = 1 + random_below(state, 3); times > 0; times--) {
		size_t at = random_below(state, step->n - 1);
		switch (random_below(state, 3)) {
		case 0:
			step->bytes[at] = random_byte(state);
			break;
		case 1: /* one less */
			memmove(step->bytes + at, step->bytes + at + 1, step->n - at - 1);
			step->n -= step->n > 2;
			break;
		default: /* one twice */
			memmove(step->bytes + at + 1, step->bytes + at, step->n - at - 1);
			break;
		}
	}
}

/* A case of its own, so that the next one begins with what the file says. */
static struct http_case damaged(const struct http_case *c, uint64_t *state)
{
	struct http_case d = *c;
	for (size_t i = 0; i < d.n_steps; i++) {
		struct http_step *step = &d.steps[i];
		step->bytes = step->n ? malloc(step->n) : NULL;
		if (step->n)
			memcpy(step->bytes, c->steps[i].bytes, step->n);
	}
	step_damage(&d.steps[random_below(state, d.n_steps)], state);
	d.brief = false;
	return d;
}

static void damaged_free(struct http_case *d)
{
	for (size_t i = 0; i < d->n_steps; i++)
		free(d->steps[i].bytes);
}

/* Lines before the first one that says that the place was lost; none when it was from the beginning. */
static size_t sure_part(const struct bytes *log)
{
	struct slice all = { log->p, log->n };
	if (slice_find(all, SLICE("flow http opaque")) < all.n)
		return 0;
	static const char *const lost[] = { "http.lost", "damaged", "no-end", "http.bad-", "flow ",
		"unexpected-response", "unsure", "opaque", "tcp.gap" };
	size_t begin = 0;
	for (size_t end = 0; end < log->n; end++) {
		if (log->p[end] != '\n')
			continue;
		struct slice line = { log->p + begin, end - begin };
		for (size_t i = 0; i < sizeof(lost) / sizeof(lost[0]); i++)
			if (slice_find(line, slice_from(lost[i])) < line.n)
				return begin;
		begin = end + 1;
	}
	return begin;
}

static bool feeds_agree(const struct http_case *c, const char *title, uint64_t *state)
{
	struct bytes whole = { 0 };
	http_case_run(c, 0, &whole);
	size_t sure = sure_part(&whole);
	bool good = true;
	for (unsigned way = 1; way < 4 && good; way++) {
		struct bytes other = { 0 };
		unsigned how = way < 2 ? 1 : 2 + (unsigned)random_below(state, 1000000);
		http_case_run(c, how, &other);
		size_t others = sure_part(&other), least = others < sure ? others : sure;
		good = least == 0 || memcmp(whole.p, other.p, least) == 0;
		if (sure == whole.n && others == other.n)
			good = good && whole.n == other.n;
		if (!good)
			printf("FAIL %s: whole:\n%.*scut %u:\n%.*s", title, (int)whole.n,
			    (const char *)whole.p, how, (int)other.n, (const char *)other.p);
		bytes_free(&other);
	}
	bytes_free(&whole);
	return good;
}

int main(int argc, char **argv)
{
	unsigned long n = argc > 1 ? strtoul(argv[1], NULL, 10) : 20000, failed = 0;
	uint64_t state = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
	struct http_cases cases[FILES];
	for (unsigned i = 0; i < FILES; i++) {
		const char *dot = strrchr(files[i], '.');
		if (!(strcmp(dot, ".tsv") == 0 ? http_table_read : http_cases_read)(files[i],
			&cases[i]))
			return 2;
	}
	for (unsigned long i = 0; i < n && failed < 5; i++) {
		const struct http_cases *from = &cases[random_below(&state, FILES)];
		const struct http_case *c = &from->items[random_below(&state, from->n)];
		if (c->midstream) /* the place is not known from the beginning */
			continue;
		struct http_case d = damaged(c, &state);
		failed += !feeds_agree(&d, c->title, &state);
		damaged_free(&d);
	}
	for (unsigned i = 0; i < FILES; i++)
		http_cases_free(&cases[i]);
	printf("%lu passed, %lu failed\n", n - failed, failed);
	return failed != 0;
}
