/*
 * object_time.h - dates and times as objects have them: RFC 5545 3.3.4 and 3.3.5, RFC 6350's and ISO
 * 8601's longer forms, and RFC 5545 3.3.6 durations. Private to decode/.
 */
#ifndef DAVSCOPE_DECODE_OBJECT_TIME_H
#define DAVSCOPE_DECODE_OBJECT_TIME_H

#include "base/base.h"

enum { DAY_SECONDS = 86400 };

struct civil {
	int64_t seconds; /* since 1970 as a clock without a zone shows it; of a UTC time, UTC */
	int32_t ns;
	bool date; /* no time of the day */
	bool utc; /* ended in Z, or had an offset, which is taken off */
};

bool civil_read(struct slice text, struct civil *); /* false: it is none */
int64_t civil_days(int year, unsigned month, unsigned day); /* since 1970, proleptic Gregorian */
struct civil_date { int year; unsigned month, day; };
struct civil_date civil_date_of(int64_t seconds);
bool civil_ns(int64_t seconds, int32_t ns, int64_t *out); /* false: out of the range of 64 bits */
enum { CIVIL_TEXT = 24 };
/* "20060925", "20060925T140000", and with Z when it is UTC; bytes written, no NUL. */
size_t civil_write(const struct civil *, char out[CIVIL_TEXT]);
bool civil_span(struct slice text, int64_t *seconds); /* "PT1H30M", "-P1W", "P1DT2H" */

#endif
