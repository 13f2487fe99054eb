/*
 * dav_query.h - what a query leaves out. Private to decode/.
 */
#ifndef DAVSCOPE_DECODE_DAV_QUERY_H
#define DAVSCOPE_DECODE_DAV_QUERY_H

#include "decode/dav.h"

/* A child of calendar-data or address-data that asks for less or other than what is stored (RFC 4791 9.6). */
bool query_is_partial(struct dav_name child);
/* SQL of Exchange's SEARCH whose WHERE says more than which class of items. `cut`: that is not all of it. */
bool query_is_filtered(struct slice sql, bool cut);

#endif
