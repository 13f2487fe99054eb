/*
 * dav.h - an XML body as WebDAV means it (RFC 4918, 4791, 6352, 6578; Exchange's replication
 * namespace). Part of decode.h.
 */
#ifndef DAVSCOPE_DECODE_DAV_H
#define DAVSCOPE_DECODE_DAV_H

#include "decode/object.h"

struct dav_name { struct slice ns, local; };
struct dav_prop {
	struct dav_name name;
	uint16_t status;           /* of its propstat; 0 in requests and where none was given */
	uint64_t bytes;            /* of its text, however much of it is kept */
	struct slice value;        /* the first `prop_value` bytes; calendar and address data: empty */
};
struct dav_response {
	struct slice href, changetype;
	uint16_t status;           /* of the response itself, 0 = only its propstats have one */
	struct dav_name error;     /* first child of its DAV:error */
	const struct dav_prop *props;
	size_t n_props;
	const struct object *object; /* of its calendar or address data, or of Exchange's calendar properties; NULL: none */
};
struct dav {
	struct dav_name root;
	const struct slice *namespaces;        /* declared on the root element */
	const struct dav_response *responses;  /* multistatus */
	const struct dav_prop *props;          /* requests: asked for, set or removed */
	const struct slice *hrefs;             /* requests: multiget, BPROPPATCH and the like */
	const struct dav_name *errors;         /* DAV:error as root: its children */
	size_t n_namespaces, n_responses, n_props, n_hrefs, n_errors;
	uint64_t responses_seen;               /* kept or not */
	struct slice sync_token, sync_level, collblob;
	const struct object *object;           /* requests that set Exchange's calendar properties */
	bool partial_data;                     /* requests: calendar or address data with comp, prop, expand or limit: not what is stored */
	bool filtered;                         /* requests: a query with a filter, so that what is not listed may be there */
	uint32_t limit;                        /* requests: DAV:nresults; 0: none */
	bool whole;                            /* read to its end, nothing dropped */
};

#endif
