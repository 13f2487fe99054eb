/*
 * Runs the cases of tests/http: what two sides of a connection send, and the log of events that must
 * come out, however the bytes are cut into segments.
 * usage: http_cases [--print] FILE.md|FILE.tsv...
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/tool/bytes.h"
#include "tests/tool/http_case.h"

enum { RANDOM_CUTS = 8 };

static bool case_check(const struct http_case *c, bool print)
{
	unsigned ways = c->segments_matter ? 1 : 2 + RANDOM_CUTS;
	for (unsigned how = 0; how < ways; how++) {
		struct bytes log = { 0 };
		http_case_run(c, how, &log);
		if (print && how == 0)
			printf("%.*s%s", (int)log.n, (const char *)log.p, c->brief ? "\n" : "");
		bool same = log.n == c->events.n &&
		    (!log.n || memcmp(log.p, c->events.p, log.n) == 0);
		if (!same && !print)
			printf("%s:%u: %s: %s\nexpected:\n%.*s\ngot:\n%.*s\n", c->file, c->line,
			    c->title,
			    how == 0     ? "whole" :
				how == 1 ? "byte by byte" :
					   "cut at random",
			    (int)c->events.n, (const char *)c->events.p, (int)log.n,
			    (const char *)log.p);
		bytes_free(&log);
		if (!same)
			return false;
	}
	return true;
}

int main(int argc, char **argv)
{
	unsigned passed = 0, failed = 0;
	bool print = argc > 1 && strcmp(argv[1], "--print") == 0;
	for (int i = print ? 2 : 1; i < argc; i++) {
		struct http_cases cases;
		const char *dot = strrchr(argv[i], '.');
		bool table = dot && strcmp(dot, ".tsv") == 0;
		if (table ? !http_table_read(argv[i], &cases) : !http_cases_read(argv[i], &cases))
			return 2;
		for (size_t n = 0; n < cases.n; n++) {
			if (print)
				printf("## %s\n", cases.items[n].title);
			if (case_check(&cases.items[n], print))
				passed++;
			else
				failed++;
		}
		http_cases_free(&cases);
	}
	printf("%u passed, %u failed\n", passed, failed);
	return failed != 0;
}
