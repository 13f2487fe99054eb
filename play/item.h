/*
 * item.h - the one item of a scenario: an appointment that is told apart by its UID, and whose text by its
 * revision. Private to play/.
 */
#ifndef DAVSCOPE_PLAY_ITEM_H
#define DAVSCOPE_PLAY_ITEM_H

#include "play/text.h"

enum { UID_MAX = 48 };
enum { REVISION_UNKNOWN = 0, REVISION_FIRST = 1, REVISION_EDITED = 2 };
struct item {
	char uid[UID_MAX];             /* empty: none is sent */
	unsigned revision;             /* which version of the user's text: it stands in LOCATION */
};
void item_write(struct text *, const struct item *);   /* iCalendar, CRLF */
void item_read(struct slice ical, struct item *);      /* what is missing stays empty, unknown */
#define ITEM_UID "5f1c0a52-tea-"             /* a number follows */
#define ITEM_SUMMARY "Tea"
#define ITEM_LOCATION "Room "              /* the number of the revision follows */

#endif
