/*
 * place.h - where in a WebDAV body an open element is: which of them have a meaning, and for whom. Private
 * to decode/.
 */
#ifndef DAVSCOPE_DECODE_PLACE_H
#define DAVSCOPE_DECODE_PLACE_H

#include "decode/element.h"

enum place {
	IGNORED,
	IN_SURPLUS,
	PROPERTY_CHILD,
	PROPERTY_HREF,
	EXPANDED,
	ERROR_CAUSE,
	ERROR_NAME,
	FILTERED,
	/* text is gathered and used at the end */
	FIRST_TEXT,
	RESPONSE_HREF = FIRST_TEXT,
	RESPONSE_STATUS,
	PROPSTAT_STATUS,
	CHANGETYPE,
	SYNC_TOKEN,
	SYNC_LEVEL,
	COLLBLOB,
	REQUEST_HREF,
	REQUEST_LIMIT,
	/* children have a place of their own; those above hand PROPERTY_CHILD or IGNORED down */
	FIRST_PARENT,
	AT_TOP = FIRST_PARENT,
	IN_MULTISTATUS,
	IN_RESPONSE,
	IN_PROPSTAT,
	IN_ERROR,
	IN_PROP,
	PROPERTY,
	IN_REQUEST,
	IN_CHANGE,
	IN_TARGET,
	IN_REPL,
	IN_ERROR_BODY,
	IN_LIMIT,
	IN_FILTER,
	IN_CALENDAR_FILTER,
	IN_COMPONENT_FILTER,
	PLACES
};

enum place place_of(enum place parent, enum element); /* of a child */

static inline bool place_is_text(enum place place)
{
	return place >= FIRST_TEXT && place < FIRST_PARENT;
}

#endif
