/*
 * object.h - a calendar or address object, whatever it was sent as. Part of decode.h.
 *
 * An object is reduced while it streams by: who it is, what people see of it as one hash, and hashes
 * of its bytes. Recurrences are never expanded. Times are UTC; zones are the VTIMEZONE of the object
 * itself, else what libical knew when davscope was built. An event always has an end: its start, or the
 * day after, when none was given.
 */
#ifndef DAVSCOPE_DECODE_OBJECT_H
#define DAVSCOPE_DECODE_OBJECT_H

#include "base/base.h"

enum object_kind { OBJECT_OTHER, OBJECT_EVENT, OBJECT_TODO, OBJECT_JOURNAL, OBJECT_CARD };

#define OBJECT_NO_TIME INT64_MIN       /* none was given, or in a zone that is not known */
enum { OBJECT_TEXT = 255 };            /* longer texts are kept up to here; hashes are of all of it */

struct object {
	enum object_kind kind;         /* of its first component that is none of the zone */
	struct slice uid;              /* RFC 5545 3.8.4.7, RFC 6350 6.7.6, urn:schemas:calendar:uid, MS-ASCAL UID */
	struct slice recurrence_id;    /* of its first override, as UTC text; empty: it has none */
	struct slice summary;          /* SUMMARY, subject; of a card FN */
	struct slice location, rrule, organizer, method; /* as sent, unescaped */
	int64_t start_ns, end_ns;
	uint64_t fingerprint;          /* of kind, summary, start, end, all-day, rule, location, of a card its name and
	                                  addresses; 0: too little to go by, or it is not whole */
	uint64_t octets;               /* hash of its bytes, of a MIME part those it has decoded; 0: it was not sent as one run of bytes */
	uint64_t text;                 /* of the same with every line end as LF and no white space around it: what XML leaves of it */
	uint64_t lines;                /* of the same as a set of unfolded lines: the order does not count, nor how parameters of
	                                  ATTENDEE and ORGANIZER are written */
	uint64_t settled;              /* of that set without what a scheduling server may add by itself: PARTSTAT,
	                                  SCHEDULE-STATUS, REQUEST-STATUS, DTSTAMP, LAST-MODIFIED, SEQUENCE, CREATED */
	uint32_t overrides;            /* components with a RECURRENCE-ID */
	uint8_t uids;                  /* different UIDs in it: 0, 1, or 2 for more */
	bool master;                   /* a component without RECURRENCE-ID */
	bool all_day, floating;        /* floating: local time of no zone, read as UTC */
	bool whole;                    /* read to its end: what is not there is absent */
};

#endif
