/*
 * element.h - the elements that multistatus.c knows by name, and names kept once. Private to decode/.
 *
 * Names are matched by namespace URI, never by prefix; case counts, but for Exchange's ChangeType.
 */
#ifndef DAVSCOPE_DECODE_ELEMENT_H
#define DAVSCOPE_DECODE_ELEMENT_H

#include "decode/decode.h"

enum element {
	ELEMENT_OTHER,
	ELEMENT_MULTISTATUS,
	ELEMENT_RESPONSE,
	ELEMENT_HREF,
	ELEMENT_PROPSTAT,
	ELEMENT_STATUS,
	ELEMENT_PROP,
	ELEMENT_ERROR,
	ELEMENT_SYNC_TOKEN,
	ELEMENT_SYNC_LEVEL,
	ELEMENT_ALLPROP,
	ELEMENT_PROPNAME,
	ELEMENT_INCLUDE,
	ELEMENT_SET,
	ELEMENT_REMOVE,
	ELEMENT_SQL,
	ELEMENT_TARGET,
	ELEMENT_PROPERTY,
	ELEMENT_REPL,
	ELEMENT_COLLBLOB,
	ELEMENT_CHANGETYPE,
	ELEMENT_FILTER,
	ELEMENT_COMP_FILTER,
	ELEMENT_LIMIT,
	ELEMENT_NRESULTS,
	ELEMENT_BULK, /* a whole object as text: counted, not kept */
	ELEMENT_CALENDAR_DATA, /* so are these two, and an object is made of it */
	ELEMENT_ADDRESS_DATA,
	/* properties of Exchange's that make an object */
	ELEMENT_CLASS,
	ELEMENT_MESSAGE_CLASS,
	ELEMENT_UID,
	ELEMENT_START,
	ELEMENT_END,
	ELEMENT_LOCATION,
	ELEMENT_ALL_DAY,
	ELEMENT_RRULE,
	ELEMENT_RECURRENCE_ID,
	ELEMENT_INSTANCE_TYPE,
	ELEMENT_ORGANIZER,
	ELEMENT_METHOD,
	ELEMENT_SUBJECT,
	ELEMENT_FILE_AS,
	ELEMENT_COMMON_NAME,
	ELEMENT_DISPLAY_NAME,
	ELEMENTS
};

enum { ELEMENT_SLOTS = 128, ELEMENT_NAMESPACES = 16 };

struct element_name {
	struct dav_name name;
	enum element element;
};

/* A cache, not a set: a name that fell out of it is copied again. Zeroed = empty. */
struct element_names {
	struct element_name slots[ELEMENT_SLOTS];
	struct slice namespaces[ELEMENT_NAMESPACES];
	size_t next_namespace;
};

/* The same name in the arena, and which element it is. NULL: no room. Dies with the next call. */
const struct element_name *element_find(struct element_names *, struct arena *, struct dav_name);
enum element element_known(struct dav_name);

#endif
