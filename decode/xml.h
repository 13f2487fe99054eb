/*
 * xml.h - XML bodies as a stream of elements. Private to decode/; xml.c alone knows the library.
 *
 * Names come with their namespace resolved, text as UTF-8 with references replaced. Nothing is
 * loaded, no entity beyond the five of XML is known, a DOCTYPE ends the reading, and so do the
 * limits. Where an input stops being readable, whole elements before that place have been handed
 * on; text of an element that never ended may or may not have been: act on `end`.
 */
#ifndef DAVSCOPE_DECODE_XML_H
#define DAVSCOPE_DECODE_XML_H

#include "decode/content.h"

enum { XML_DEPTH_MAX = 255 }; /* whatever the limit xml_depth says */

struct xml_element {
	struct dav_name name;
	const unsigned char **bindings; /* prefix and URI by turns */
	const unsigned char **attributes; /* local, prefix, URI, value, end of value by turns */
	size_t n_bindings, n_attributes;
};

/* Slices die with the call. False ends the reading quietly; no more calls follow. */
struct xml_events {
	bool (*start)(void *ctx, const struct xml_element *);
	bool (*text)(void *ctx, struct slice);
	bool (*end)(void *ctx);
	void *ctx;
};

struct xml;
struct xml *xml_new(const struct limits *, struct arena *, struct xml_events, struct content_sink);
bool xml_data(struct xml *, struct slice); /* false: wants no more */
bool xml_end(struct xml *, bool whole); /* true: a well-formed document, read to its end. Frees */
void xml_abandon(struct xml *);

struct slice xml_binding(const struct xml_element *, size_t i); /* URI */
struct slice xml_attribute(const struct xml_element *,
    const char *name); /* without namespace; empty: not there */

void xml_setup(void); /* once, before there are threads */

/* White space of XML 1.0 section 2.3 */
static inline bool xml_blank(uint8_t byte)
{
	return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

static inline struct slice xml_trim(struct slice s)
{
	while (s.n > 0 && xml_blank(s.p[0]))
		s = (struct slice){ s.p + 1, s.n - 1 };
	while (s.n > 0 && xml_blank(s.p[s.n - 1]))
		s.n--;
	return s;
}

#endif
