/*
 * item.c - the appointment as iCalendar.
 */
#include "play/item.h"

void item_write(struct text *t, const struct item *item)
{
	text_format(t,
	    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//davscope//play//EN\r\n"
	    "BEGIN:VEVENT\r\n");
	if (item->uid[0] != '\0')
		text_format(t, "UID:%s\r\n", item->uid);
	text_format(t,
	    "DTSTAMP:20260925T140000Z\r\nDTSTART:20260928T140000Z\r\n"
	    "DTEND:20260928T150000Z\r\nSUMMARY:" ITEM_SUMMARY "\r\n");
	text_format(t, "LOCATION:" ITEM_LOCATION "%u\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
	    item->revision);
}

void item_read(struct slice ical, struct item *item)
{
	struct slice rest = ical, found;
	uint64_t revision = REVISION_UNKNOWN;
	*item = (struct item){ .revision = REVISION_UNKNOWN };
	if (text_between(&rest, "\nLOCATION:" ITEM_LOCATION, "\r\n", &found) &&
	    slice_to_u64(found, &revision) && revision <= REVISION_EDITED)
		item->revision = (unsigned)revision;
	rest = ical;
	if (text_between(&rest, "\nUID:", "\r\n", &found))
		text_copy(item->uid, sizeof item->uid, found);
}
