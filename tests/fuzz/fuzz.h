/* fuzz.h - the one function of a fuzz target: libFuzzer calls it, or replay.c. */
#ifndef DAVSCOPE_TESTS_FUZZ_H
#define DAVSCOPE_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n); /* always 0; what is wrong aborts */

#endif
