/*
 * dav_object.h - objects that an XML body carries: as calendar or address data (RFC 4791 9.6, RFC 6352
 * 10.4), or as properties of Exchange's. Private to decode/.
 */
#ifndef DAVSCOPE_DECODE_DAV_OBJECT_H
#define DAVSCOPE_DECODE_DAV_OBJECT_H

#include "decode/element.h"
#include "decode/object_read.h"

/* Of one response, or of the request. Zeroed with `env` set is a new one. */
struct dav_objects {
	const struct body_env *env;
	struct object_read *calendar, *card; /* made when needed, used for all */
	struct object_read *reading; /* of the property that is open; NULL: none */
	const struct object *object; /* of the data seen so far */
	struct slice texts[ELEMENTS]; /* of Exchange's properties, in the arena */
	bool mentioned[ELEMENTS]; /* given or said not to be there */
	bool any, no_room;
};

/* Of what the properties are, so what it means that one is not mentioned. */
enum dav_scope { SCOPE_CUT, SCOPE_ANSWER, SCOPE_REQUEST };

/* DAV:contentclass or outlookmessageclass of an appointment, a contact or a task. False: of anything else. */
bool exchange_class(struct slice class, enum object_kind *kind);

void dav_objects_begin(struct dav_objects *);
void dav_object_data_begin(struct dav_objects *, enum element); /* does nothing for other elements */
void dav_object_data(struct dav_objects *, struct slice);
void dav_object_data_end(struct dav_objects *);
void dav_object_property(struct dav_objects *, enum element, struct slice value); /* outlives the object */
/* *object may be NULL. False: no room. */
bool dav_objects_end(struct dav_objects *, enum dav_scope, const struct object **object);

#endif
