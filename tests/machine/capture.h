/*
 * capture.h - a capture analysed to its end, for programs that print what came of it.
 */
#ifndef DAVSCOPE_TESTS_MACHINE_CAPTURE_H
#define DAVSCOPE_TESTS_MACHINE_CAPTURE_H

#include "analysis/analysis.h"

typedef bool capture_print(struct analysis *, struct profiles *, struct error *);
/* With the shipped profiles. What a main() returns; what is wrong is said under that name. */
int capture_main(const char *name, int argc, char **argv, capture_print *);

#endif
