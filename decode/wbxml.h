/*
 * wbxml.h - WBXML 1.0 to 1.3 (WAP-192) as a stream of elements, with the tags of ActiveSync
 * (MS-ASWBXML). Private to decode/.
 *
 * Everything of the grammar is read. Attributes and processing instructions are skipped: ActiveSync
 * has none. Strings come as UTF-8, opaque data as it is. Where an input stops being readable, what
 * was before that place has been handed on.
 */
#ifndef DAVSCOPE_DECODE_WBXML_H
#define DAVSCOPE_DECODE_WBXML_H

#include "decode/content.h"

enum { WBXML_DEPTH_MAX = 255 };        /* whatever the limit xml_depth says */
enum { WBXML_LITERAL = 4 };            /* token of tags whose name stands in the string table */

struct wbxml_tag {
	uint8_t page, token;
	struct slice literal;          /* its name when token is WBXML_LITERAL; else see wbxml_tag_name() */
};

/* Slices die with the call. False ends the reading quietly; no more calls follow. */
struct wbxml_events {
	bool (*start)(void *ctx, const struct wbxml_tag *);
	bool (*text)(void *ctx, struct slice); /* of one element in any number of pieces */
	bool (*end)(void *ctx);
	void *ctx;
};

struct wbxml;
struct wbxml *wbxml_new(const struct limits *, struct arena *, struct wbxml_events, struct content_sink);
bool wbxml_data(struct wbxml *, struct slice); /* false: wants no more */
bool wbxml_end(struct wbxml *, bool whole);    /* true: one document, read to its end, nothing of it lost */

struct slice wbxml_page_name(uint8_t page);    /* "AirSync"; empty: not known */
struct slice wbxml_tag_name(uint8_t page, uint8_t token);

#endif
