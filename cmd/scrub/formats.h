/*
 * formats.h - bodies by what they are. Private to scrub/. Each takes what it cannot read for text.
 */
#ifndef DAVSCOPE_SCRUB_FORMATS_H
#define DAVSCOPE_SCRUB_FORMATS_H

#include "cmd/scrub/text.h"

scrubbing scrub_calendar;      /* iCalendar and vCard, RFC 5545, 6350, and their ancestors */
scrubbing scrub_xml;           /* and HTML */
scrubbing scrub_mime;          /* RFC 5322, 2045, 2046; arg: Content-Type of what it is the body of, or NULL */
scrubbing scrub_wbxml;         /* ActiveSync, MS-ASWBXML */
scrubbing scrub_parts;         /* application/vnd.ms-sync.multipart, MS-ASCMD 2.2.1.10.1 */

#endif
