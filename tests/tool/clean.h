/* clean.h - whether what a program printed may reach a terminal, and a parser. */
#ifndef DAVSCOPE_TEST_CLEAN_H
#define DAVSCOPE_TEST_CLEAN_H

#include "base/base.h"

/* UTF-8 without control characters but \n and \t, without marks that turn the direction of writing. */
bool text_is_clean(struct slice);
/* Each line is a JSON value (RFC 8259) that is an object. */
bool lines_are_json(struct slice);

#endif
