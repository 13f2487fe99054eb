/*
 * clock.c - the two clocks of this machine. What is analysed goes by the time of packets.
 */
#include "base/base.h"

#include <time.h>

static int64_t clock_read(clockid_t which)
{
	struct timespec now = { 0 };
	clock_gettime(which, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t clock_ns(void)
{
	return clock_read(CLOCK_MONOTONIC);
}

int64_t clock_ms(void)
{
	return clock_ns() / 1000000;
}

int64_t wall_ns(void)
{
	return clock_read(CLOCK_REALTIME);
}
