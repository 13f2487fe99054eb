/*
 * guard.h - bytes that end where memory ends: reading one byte too far is a fault, not luck.
 */
#ifndef DAVSCOPE_TESTS_GUARD_H
#define DAVSCOPE_TESTS_GUARD_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* A copy of n bytes in front of a PROT_NONE page. It stays mapped until the test ends. */
static inline const uint8_t *guard_copy(const void *p, size_t n)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t room = (n + page - 1) / page * page;
	uint8_t *map = mmap(NULL, room + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
	    -1, 0);
	if (map == MAP_FAILED || mprotect(map + room, page, PROT_NONE) != 0)
		abort();
	if (n != 0)
		memcpy(map + room - n, p, n);
	return map + room - n;
}

#endif
