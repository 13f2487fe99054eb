/*
 * clock.h - the two clocks of the keeper. Private to cmd/keeper/.
 */
#ifndef DAVSCOPE_CMD_KEEPER_CLOCK_H
#define DAVSCOPE_CMD_KEEPER_CLOCK_H

#include <stdint.h>
#include <time.h>

/* Nanoseconds since 1970: what people are told. */
static inline int64_t clock_wall_ns(void)
{
	struct timespec now = { 0 };
	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Milliseconds since some moment: what is waited by. */
static inline int64_t clock_ms(void)
{
	struct timespec now = { 0 };
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

#endif
