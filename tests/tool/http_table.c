/*
 * Reads the tables of tests/http, for readings that one line can say.
 */
#include "tests/tool/http_case.h"

#include <stdio.h>

enum { COLUMNS = 4 };

static struct http_step *step_add(struct http_case *c, enum http_step_kind kind, unsigned side)
{
	ensure(c->n_steps < HTTP_STEPS, NULL);
	struct http_step *step = &c->steps[c->n_steps++];
	*step = (struct http_step){ .kind = kind, .side = side };
	return step;
}

/* A text and what it says of gaps: "\-N;" loses N bytes. */
static void say(struct http_case *c, unsigned side, char *text)
{
	while (*text) {
		char *gap = strstr(text, "\\-");
		struct bytes b = { 0 };
		if (gap)
			*gap = '\0';
		http_unescape(text, &b);
		if (b.n) {
			struct http_step *step = step_add(c, STEP_BYTES, side);
			step->bytes = b.p;
			step->n = b.n;
		}
		if (!gap)
			return;
		step_add(c, STEP_GAP, side)->gap = strtoul(gap + 2, &text, 10);
		text += *text == ';';
	}
}

static void say_plain(struct http_case *c, unsigned side, const char *text)
{
	char copy[128];
	snprintf(copy, sizeof(copy), "%s", text);
	say(c, side, copy);
}

/* The row's message is answered or asked for by a plain one, and another pair follows. */
static void row_steps(struct http_case *c, bool by_server, char *text)
{
	static const char fine[] = "HTTP/1.1 204 No Content\\r\\n\\r\\n";
	if (by_server) {
		say_plain(c, 0, "GET / HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n");
		say(c, 1, text);
	} else {
		say(c, 0, text);
		say_plain(c, 1, fine);
	}
	say_plain(c, 0, "GET /next HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n");
	say_plain(c, 1, fine);
}

static bool row_read(struct http_case *c, char *line)
{
	char *column[COLUMNS];
	size_t n = 0;
	for (char *rest = line; rest && n < COLUMNS;)
		column[n++] = strsep(&rest, "\t");
	if (n != COLUMNS)
		return false;
	size_t length = strlen(column[0]);
	c->brief = true;
	c->segments_matter = length && column[0][length - 1] == '*';
	snprintf(c->title, sizeof(c->title), "%.120s", column[0]);
	row_steps(c, strcmp(column[1], "server") == 0, column[2]);
	bytes_text(&c->events, column[3]);
	return true;
}

bool http_table_read(const char *file, struct http_cases *cases)
{
	static char line[8192];
	FILE *f = fopen(file, "r");
	*cases = (struct http_cases){ 0 };
	bool ok = f != NULL;
	for (unsigned number = 1; ok && fgets(line, sizeof(line), f); number++) {
		line[strcspn(line, "\n")] = '\0';
		if (line[0] == '#' || line[0] == '\0')
			continue;
		struct http_case *grown = realloc(cases->items, (cases->n + 1) * sizeof(*grown));
		ensure(grown != NULL, NULL);
		cases->items = grown;
		struct http_case *c = &grown[cases->n++];
		*c = (struct http_case){ .file = file, .line = number };
		ok = row_read(c, line);
		if (!ok)
			fprintf(stderr, "%s:%u: needs %d columns\n", file, number, COLUMNS);
	}
	if (f)
		fclose(f);
	return ok;
}
