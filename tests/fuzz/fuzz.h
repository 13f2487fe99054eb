/*
 * fuzz.h - the one function of a fuzz target, which libFuzzer calls, or replay.c; and what targets share.
 *
 * Many targets read their input as a script: a struct cursor, from whose front come choices, lengths and
 * bytes, and behind whose end all is 0.
 */
#ifndef DAVSCOPE_TESTS_FUZZ_H
#define DAVSCOPE_TESTS_FUZZ_H

#include "base/base.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n); /* always 0; what is wrong aborts */

/* n bytes of a script, or what is left of it. */
static inline struct slice script_take(struct cursor *script, size_t n)
{
	size_t left = cursor_left(script);
	return cursor_take(script, n < left ? n : left);
}

static inline bool script_ends(const struct cursor *script)
{
	return script->bad || cursor_left(script) == 0;
}

/* In memory of their own that ends with them: who reads too far is found out. The caller frees .p. */
static inline struct slice bytes_apart(struct slice s)
{
	uint8_t *copy = malloc(s.n != 0 ? s.n : 1);
	ensure(copy != NULL, NULL);
	if (s.n != 0)
		memcpy(copy, s.p, s.n);
	return (struct slice){ copy, s.n };
}

static inline void bytes_drop(struct slice s)
{
	free((void *)(uintptr_t)s.p);
}

/* A file that is nowhere but in memory; each has one path for as long as the target runs. */
struct memory_file { int fd; char path[64]; };

static inline void memory_file_write(struct memory_file *f, struct slice s)
{
	if (f->path[0] == '\0') {
		f->fd = memfd_create("fuzz", MFD_CLOEXEC);
		snprintf(f->path, sizeof f->path, "/proc/self/fd/%d", f->fd);
	}
	ensure(f->fd >= 0 && ftruncate(f->fd, 0) == 0, NULL);
	ensure(pwrite(f->fd, s.p, s.n, 0) == (ssize_t)s.n, NULL);
}

/* Text for a terminal: UTF-8 without controls but line ends, and tabs where they part columns. */
static inline void check_text_clean(struct slice s, bool tabs)
{
	while (s.n != 0) {
		uint32_t cp = 0;
		size_t n = utf8_next(s, &cp);
		ensure(n != 0, NULL);
		ensure((cp >= ' ' && (cp < 0x7f || cp >= 0xa0)) || cp == '\n' || (tabs && cp == '\t'), NULL);
		s = slice_part(s, n, s.n);
	}
}

#endif
