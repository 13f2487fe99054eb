/*
 * complaints.c - what is wrong with files that people write: kept, put in order, quoted safely.
 *
 * A file can be wrong in more places than anybody reads: COMPLAINTS_MAX are kept. Among those an
 * error displaces a warning, so that a set with errors always shows one. Behind E0010 no error is
 * kept: what had no room is missed in many places, and none of them is wrong.
 */
#include "base/base.h"

#include <stdlib.h>
#include <string.h>

enum { COMPLAINTS_MAX = 200 };

struct entry {
	struct complaint public;
	size_t file; /* when it was announced; SIZE_MAX: never */
	size_t number;
};

struct complaints {
	struct entry entries[COMPLAINTS_MAX];
	struct complaint sorted[COMPLAINTS_MAX];
	struct complaint spare; /* for the caller to fill when there is no place */
	size_t n, errors, warnings; /* warnings: of those kept */
	size_t made; /* kept or displaced */
	bool full; /* E0010 was said */
	const char **files;
	size_t n_files, room_files;
};

static const char codes[][8] = {
#define CODE(code, text) code,
#include "base/codes.def"
#undef CODE
};

static bool code_exists(const char *code)
{
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		if (strcmp(codes[i], code) == 0)
			return true;
	}
	return false;
}

struct complaints *complaints_new(void)
{
	return calloc(1, sizeof(struct complaints));
}

void complaints_free(struct complaints *c)
{
	if (c == NULL)
		return;
	free(c->files);
	free(c);
}

bool complaints_file(struct complaints *c, const char *name)
{
	if (c->n_files == c->room_files) {
		size_t room = c->room_files != 0 ? 2 * c->room_files : 16;
		const char **files = realloc(c->files, room * sizeof(*files));
		if (files == NULL)
			return false;
		c->files = files;
		c->room_files = room;
	}
	c->files[c->n_files++] = name;
	return true;
}

static size_t file_number(const struct complaints *c, const char *name)
{
	for (size_t i = 0; name != NULL && i < c->n_files; i++) {
		if (c->files[i] == name || strcmp(c->files[i], name) == 0)
			return i;
	}
	return SIZE_MAX;
}

/* NULL: it is not kept. */
static struct entry *entry_place(struct complaints *c, bool error)
{
	if (c->n < COMPLAINTS_MAX)
		return &c->entries[c->n++];
	if (!error || c->warnings == 0)
		return NULL;
	size_t i = COMPLAINTS_MAX - 1;
	while (c->entries[i].public.code[0] != 'W')
		i--;
	c->warnings--;
	return &c->entries[i];
}

struct complaint *complaint_add(struct complaints *c, const char *code, const char *file,
    const struct mark *start, const struct mark *end)
{
	ensure(code_exists(code), NULL);
	bool error = code[0] == 'E';
	c->errors += error;
	struct entry *e = error && c->full ? NULL : entry_place(c, error);
	c->full = c->full || strcmp(code, "E0010") == 0;
	struct complaint *out = e != NULL ? &e->public : &c->spare;
	*out = (struct complaint){ .file = file };
	memcpy(out->code, code, strlen(code));
	if (start != NULL) {
		const struct mark *last = end != NULL ? end : start;
		out->line = start->line;
		out->column = start->column;
		out->end_line = last->line;
		out->end_column = last->column;
	}
	if (e != NULL) {
		e->file = file_number(c, file);
		e->number = c->made++;
		c->warnings += !error;
	}
	return out;
}

static int size_compare(size_t a, size_t b)
{
	return (a > b) - (a < b);
}

static int entry_compare(const void *left, const void *right)
{
	const struct entry *a = left, *b = right;
	int by = size_compare(a->file, b->file);
	if (by == 0)
		by = size_compare(a->public.line, b->public.line);
	if (by == 0)
		by = size_compare(a->public.column, b->public.column);
	if (by == 0)
		by = strcmp(a->public.code, b->public.code);
	return by != 0 ? by : size_compare(a->number, b->number);
}

/* What stands in a macro is said again wherever the macro is used. */
static bool complaint_repeats(const struct complaint *a, const struct complaint *b)
{
	return a->line == b->line && a->column == b->column && strcmp(a->code, b->code) == 0 &&
	    strcmp(a->text, b->text) == 0 &&
	    (a->file == b->file ||
		(a->file != NULL && b->file != NULL && strcmp(a->file, b->file) == 0));
}

const struct complaint *complaints_sorted(struct complaints *c, size_t *n)
{
	qsort(c->entries, c->n, sizeof(c->entries[0]), entry_compare);
	*n = 0;
	for (size_t i = 0; i < c->n; i++) {
		const struct complaint *next = &c->entries[i].public;
		if (*n == 0 || !complaint_repeats(&c->sorted[*n - 1], next))
			c->sorted[(*n)++] = *next;
	}
	return c->sorted;
}

size_t complaints_errors(const struct complaints *c)
{
	return c->errors;
}

const char *yaml_fault_code(enum yaml_fault fault)
{
	static const char *const table[] = {
		[YAML_SYNTAX] = "E0001",
		[YAML_ENCODING] = "E0003",
		[YAML_ANCHOR] = "E0004",
		[YAML_TAG] = "E0005",
		[YAML_MERGE] = "E0006",
		[YAML_REPEATED] = "E0007",
		[YAML_DOCUMENTS] = "E0008",
		[YAML_DEPTH] = "E0009",
		[YAML_MEMORY] = "E0010",
	};
	return table[fault];
}

const char *quoted(char out[64], struct slice text)
{
	enum { ROOM = 64, DOTS = 3 };
	size_t n = 0, fits = 0; /* fits: of n, with room for the dots */
	while (text.n != 0) {
		char next[VIS_MAX];
		size_t got = vis_next(&text, next);
		if (got >= ROOM - n) {
			memcpy(out + fits, "...", DOTS + 1);
			return out;
		}
		memcpy(out + n, next, got);
		n += got;
		if (n + DOTS < ROOM)
			fits = n;
	}
	out[n] = '\0';
	return out;
}
