/*
 * large.c - memory for tables that grow large: each first touch of a small page is a way into the kernel.
 */
#include "base/base.h"

#include <stdlib.h>
#include <sys/mman.h>

void *large_alloc(void)
{
	void *p = aligned_alloc(LARGE_BYTES, LARGE_BYTES);
	if (p != NULL)
		(void)madvise(p, LARGE_BYTES, MADV_HUGEPAGE); /* a wish */
	return p;
}
