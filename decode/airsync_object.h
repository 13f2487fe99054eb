/*
 * airsync_object.h - ApplicationData of ActiveSync (MS-ASCAL, MS-ASCNTC, MS-ASTASK, MS-ASEMAIL) to a
 * struct object. Private to decode/.
 */
#ifndef DAVSCOPE_DECODE_AIRSYNC_OBJECT_H
#define DAVSCOPE_DECODE_AIRSYNC_OBJECT_H

#include "decode/decode.h"

struct airsync_recurrence {            /* numbers: AIRSYNC_NONE when not given */
	int32_t type, interval, days, day_of_month, week, month, occurrences, first_day;
	struct slice until;
};

struct airsync_data {
	bool seen, cut;                /* the element is there; some text of it is not whole */
	bool recurs;
	uint32_t pages;                /* a bit for each code page that its properties are of */
	struct slice uid, subject, location, organizer, start, end;
	struct slice utc_start, utc_end; /* of tasks, beside start and end in local time */
	struct slice file_as, first_name, last_name, company;
	int32_t all_day;
	uint64_t contacts;             /* hash of addresses and numbers, in any order */
	struct airsync_recurrence recurrence;
	struct slice exception;        /* being read: when it would have been */
	int32_t exception_deleted;
	struct slice recurrence_id;    /* the first one that was not deleted */
	uint32_t overrides;
};

void airsync_data_begin(struct airsync_data *);
void airsync_contact(struct airsync_data *, struct slice, bool phone);
void airsync_exception_begin(struct airsync_data *);
bool airsync_exception_end(struct airsync_data *); /* true: its text is kept, for recurrence_id */

/* `class` as named around it, or empty. NULL: no room. */
const struct object *airsync_object(struct arena *, const struct airsync_data *,
    const struct airsync_item *, struct slice class);

#endif
