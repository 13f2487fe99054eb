/* complaints.h - what all complaints about a file hold to. */
#ifndef DAVSCOPE_TESTS_FUZZ_COMPLAINTS_H
#define DAVSCOPE_TESTS_FUZZ_COMPLAINTS_H

#include "base/base.h"

#include <string.h>

/* Each names a place of the file, or the file as a whole, in printable words. How many are errors. */
static inline size_t complaints_check(const struct complaint *all, size_t n)
{
	size_t errors = 0;
	for (size_t i = 0; i < n; i++) {
		const struct complaint *c = &all[i];
		ensure(strlen(c->code) == 5 && c->text[0] != '\0', NULL);
		ensure(c->line <= c->end_line && (c->line == 0 || c->column > 0), NULL);
		for (const char *p = c->text; *p != '\0'; p++)
			ensure((unsigned char)*p >= ' ' && *p != 0x7f, NULL);
		errors += c->code[0] == 'E';
	}
	return errors;
}

#endif
