/*
 * multistatus.c - what an XML body says in terms of WebDAV: answers (RFC 4918 multistatus, with the
 * additions of RFC 6578 and of Exchange's replication) and requests (what they ask for or change).
 * An open element is at a place (place.h). Nothing is believed before its end tag, so a body cut short
 * yields whole items only.
 */
#include "decode/body.h"
#include "decode/dav_object.h"
#include "decode/dav_query.h"
#include "decode/place.h"
#include "decode/value.h"
#include "decode/xml.h"

#include <string.h>

struct multistatus {
	struct body_env env;
	struct xml *xml;
	struct element_names names;
	struct dav *dav; /* NULL until the root element */
	uint8_t places[XML_DEPTH_MAX + 1];
	size_t depth;
	bool dropped; /* something was left out: not whole */

	struct arena_array responses;
	struct dav_response response; /* being read */
	bool has_href;
	struct arena_array more_hrefs; /* of it: RFC 4918 14.24 allows several with one status */
	struct arena_array props; /* of it, or of the request */
	size_t propstat_first; /* first of its props in `props` */
	uint16_t propstat_status;
	bool propstat_has_status;

	struct dav_name name; /* of the property or error being read */
	enum element element; /* which property that is */
	struct value value; /* of it; its text also serves all other places */
	struct arena_array hrefs, errors; /* of the request; of the error body */
	struct dav_objects objects; /* of the response being read, or of the request */
};

static bool no_room(struct multistatus *m)
{
	m->dropped = true;
	m->env.sink.anomaly(m->env.sink.ctx, HTTP_LIMIT, 0);
	return false;
}

/* ---- text that is used whole ---- */

static bool text_keep(struct multistatus *m, struct slice *out)
{
	const struct text *t = &m->value.text;
	if (t->cut)
		m->dropped = true;
	return arena_copy(m->env.arena, xml_trim(text_slice(t)), out) || no_room(m);
}

/* "HTTP/1.1 200 OK" -> 200 (RFC 4918 14.28); anything else is none. */
static uint16_t status_parse(struct slice s)
{
	s = xml_trim(s);
	if (!slice_starts_nocase(s, SLICE("HTTP/")))
		return 0;
	s = slice_trim(slice_part(s, slice_find_byte(s, ' '), s.n));
	uint64_t status;
	if (s.n > 3 && s.p[3] != ' ')
		return 0;
	if (!slice_to_u64(slice_part(s, 0, 3), &status) || status < 100)
		return 0;
	return (uint16_t)status;
}

static bool href_add(struct multistatus *m, struct arena_array *hrefs)
{
	struct slice href;
	if (!text_keep(m, &href))
		return false;
	struct slice *slot = arena_add(m->env.arena, hrefs, sizeof(*slot));
	if (slot == NULL)
		return no_room(m);
	*slot = href;
	return true;
}

/* ---- responses ---- */

static void response_begin(struct multistatus *m)
{
	memset(&m->response, 0, sizeof(m->response));
	m->has_href = false;
	m->more_hrefs.n = 0;
	m->props.n = 0;
	dav_objects_begin(&m->objects);
}

static bool response_href(struct multistatus *m)
{
	if (m->has_href)
		return href_add(m, &m->more_hrefs);
	m->has_href = true;
	return text_keep(m, &m->response.href);
}

/* Beyond the limit they are counted, but take no memory. */
static bool response_store(struct multistatus *m, const struct dav_response *r)
{
	m->dav->responses_seen++;
	if (m->responses.n >= m->env.limits->items) {
		m->dropped = true;
		m->env.sink.anomaly(m->env.sink.ctx, XML_LIMIT, 0);
		return true;
	}
	struct dav_response *slot = arena_add(m->env.arena, &m->responses, sizeof(*slot));
	if (slot == NULL)
		return no_room(m);
	*slot = *r;
	return true;
}

static bool response_props(struct multistatus *m)
{
	size_t n = m->props.n;
	if (n == 0)
		return true;
	struct dav_prop *props = arena_alloc(m->env.arena, n * sizeof(*props));
	if (props == NULL)
		return no_room(m);
	memcpy(props, m->props.p, n * sizeof(*props));
	m->response.props = props;
	m->response.n_props = n;
	return true;
}

static bool response_end(struct multistatus *m)
{
	const struct dav_response *r = &m->response;
	if (!dav_objects_end(&m->objects, SCOPE_ANSWER, &m->response.object))
		return no_room(m);
	if (!response_props(m) || !response_store(m, r))
		return false;
	struct dav_response other = { .status = r->status,
		.error = r->error,
		.changetype = r->changetype };
	const struct slice *hrefs = m->more_hrefs.p;
	for (size_t i = 0; i < m->more_hrefs.n; i++) {
		other.href = hrefs[i];
		if (!response_store(m, &other))
			return false;
	}
	return true;
}

static void propstat_begin(struct multistatus *m)
{
	m->propstat_first = m->props.n;
	m->propstat_status = 0;
	m->propstat_has_status = false;
}

/* Status may stand before or behind the properties: Exchange sends it first. */
static void propstat_end(struct multistatus *m)
{
	struct dav_prop *props = m->props.p;
	for (size_t i = m->propstat_first; i < m->props.n; i++)
		props[i].status = m->propstat_status;
}

static void propstat_take_status(struct multistatus *m)
{
	if (!m->propstat_has_status)
		m->propstat_status = status_parse(text_slice(&m->value.text));
	m->propstat_has_status = true;
}

/* ---- properties ---- */

static void property_begin(struct multistatus *m, const struct element_name *e)
{
	m->name = e->name;
	m->element = e->element;
	bool object = e->element >= ELEMENT_BULK && e->element <= ELEMENT_ADDRESS_DATA;
	value_begin(&m->value, m->env.limits->prop_value, !object);
	if (m->places[0] == IN_MULTISTATUS)
		dav_object_data_begin(&m->objects, e->element);
}

static bool property_add(struct multistatus *m, struct dav_prop prop)
{
	struct dav_prop *slot = arena_add(m->env.arena, &m->props, sizeof(*slot));
	if (slot == NULL)
		return no_room(m);
	*slot = prop;
	return true;
}

static bool property_end(struct multistatus *m)
{
	struct slice text = text_slice(&m->value.text);
	if (m->value.shape != VALUE_TEXT)
		text = xml_trim(text);
	struct dav_prop prop = { .name = m->name, .bytes = m->value.bytes };
	if (!arena_copy(m->env.arena, text, &prop.value))
		return no_room(m);
	/* Some Exchange answers carry it as a property of the row. */
	if (m->response.changetype.n == 0 && m->element == ELEMENT_CHANGETYPE)
		m->response.changetype = prop.value;
	if (m->element == ELEMENT_SQL && query_is_filtered(text, m->value.text.cut))
		m->dav->filtered = true;
	dav_object_data_end(&m->objects);
	dav_object_property(&m->objects, m->element, prop.value);
	return property_add(m, prop);
}

/* DAV:property of an expand-property report names the property in attributes (RFC 3253 3.8). */
static bool expanded_begin(struct multistatus *m, const struct xml_element *e)
{
	struct slice ns = xml_attribute(e, "namespace");
	if (ns.n == 0)
		ns = SLICE("DAV:");
	bool kept = arena_copy(m->env.arena, ns, &m->name.ns) &&
	    arena_copy(m->env.arena, xml_attribute(e, "name"), &m->name.local);
	return kept || no_room(m);
}

static bool error_name_add(struct multistatus *m)
{
	struct dav_name *slot = arena_add(m->env.arena, &m->errors, sizeof(*slot));
	if (slot == NULL)
		return no_room(m);
	*slot = m->name;
	return true;
}

/* ---- events ---- */

static bool root_names(struct multistatus *m, const struct xml_element *e)
{
	struct arena *arena = m->env.arena;
	struct dav *dav = m->dav;
	struct slice *uris = arena_alloc(arena, e->n_bindings * sizeof(*uris));
	if (e->n_bindings > 0 && uris == NULL)
		return false;
	for (size_t i = 0; i < e->n_bindings; i++)
		if (!arena_copy(arena, xml_binding(e, i), &uris[i]))
			return false;
	dav->namespaces = uris;
	dav->n_namespaces = e->n_bindings;
	return arena_copy(arena, e->name.ns, &dav->root.ns) &&
	    arena_copy(arena, e->name.local, &dav->root.local);
}

static bool root_begin(struct multistatus *m, const struct xml_element *e)
{
	struct dav *dav = arena_alloc(m->env.arena, sizeof(*dav));
	if (dav == NULL)
		return no_room(m);
	m->dav = dav;
	if (!root_names(m, e)) {
		m->dav = NULL;
		return no_room(m);
	}
	return !m->env.root_only;
}

static bool place_begin(struct multistatus *m, enum place place, const struct element_name *known,
    const struct xml_element *e)
{
	switch (place) {
	case IN_RESPONSE:
		response_begin(m);
		return true;
	case IN_PROPSTAT:
		propstat_begin(m);
		return true;
	case PROPERTY:
		property_begin(m, known);
		return true;
	case EXPANDED:
		return expanded_begin(m, e);
	case ERROR_CAUSE:
	case ERROR_NAME:
		m->name = known->name;
		return true;
	case FILTERED:
		m->dav->filtered = true;
		return true;
	default:
		if (place_is_text(place))
			text_begin(&m->value.text, m->env.limits->target);
		return true;
	}
}

static void limit_take(struct multistatus *m)
{
	uint64_t limit;
	if (slice_to_u64(xml_trim(text_slice(&m->value.text)), &limit))
		m->dav->limit = limit < UINT32_MAX ? (uint32_t)limit : UINT32_MAX;
}

static bool place_end(struct multistatus *m, enum place place)
{
	switch (place) {
	case IN_RESPONSE:
		return response_end(m);
	case IN_SURPLUS:
		return response_store(m, &m->response);
	case IN_PROPSTAT:
		propstat_end(m);
		return true;
	case PROPERTY:
		return property_end(m);
	case EXPANDED:
		return property_add(m, (struct dav_prop){ .name = m->name });
	case ERROR_NAME:
		return error_name_add(m);
	case ERROR_CAUSE:
		if (m->response.error.local.n == 0)
			m->response.error = m->name;
		return true;
	case RESPONSE_HREF:
		return response_href(m);
	case RESPONSE_STATUS:
		if (m->response.status == 0)
			m->response.status = status_parse(text_slice(&m->value.text));
		return true;
	case PROPSTAT_STATUS:
		propstat_take_status(m);
		return true;
	case CHANGETYPE:
		return text_keep(m, &m->response.changetype);
	case SYNC_TOKEN:
		return text_keep(m, &m->dav->sync_token);
	case SYNC_LEVEL:
		return text_keep(m, &m->dav->sync_level);
	case COLLBLOB:
		return text_keep(m, &m->dav->collblob);
	case REQUEST_HREF:
		return href_add(m, &m->hrefs);
	case REQUEST_LIMIT:
		limit_take(m);
		return true;
	default:
		return true;
	}
}

static enum place place_of_child(const struct multistatus *m, enum place parent,
    enum element element)
{
	enum place place = place_of(parent, element);
	if (place == IN_RESPONSE && m->responses.n >= m->env.limits->items)
		place = IN_SURPLUS;
	return place;
}

static bool is_data(enum element element)
{
	return element == ELEMENT_CALENDAR_DATA || element == ELEMENT_ADDRESS_DATA;
}

static bool child_begin(struct multistatus *m, enum place parent, const struct xml_element *e)
{
	const struct element_name *known = element_find(&m->names, m->env.arena, e->name);
	if (known == NULL)
		return no_room(m);
	enum place place = place_of_child(m, parent, known->element);
	m->places[m->depth++] = (uint8_t)place;
	if (place == PROPERTY_CHILD && is_data(m->element) && query_is_partial(known->name))
		m->dav->partial_data = true;
	if (parent == PROPERTY &&
	    !value_child(&m->value, known->name.local, place == PROPERTY_HREF))
		return no_room(m);
	return place_begin(m, place, known, e);
}

static bool on_start(void *ctx, const struct xml_element *e)
{
	struct multistatus *m = ctx;
	if (m->depth == 0) {
		m->places[m->depth++] = (uint8_t)place_of_child(m, AT_TOP, element_known(e->name));
		return root_begin(m, e);
	}
	enum place parent = m->places[m->depth - 1];
	if (parent >= FIRST_PARENT)
		return child_begin(m, parent, e);
	m->places[m->depth++] = (uint8_t)place_of(parent, ELEMENT_OTHER);
	return true;
}

static bool on_text(void *ctx, struct slice s)
{
	struct multistatus *m = ctx;
	enum place place = m->places[m->depth - 1];
	bool room = true;
	if (place == PROPERTY)
		dav_object_data(&m->objects, s);
	if (place_is_text(place))
		room = text_add(&m->value.text, s);
	else if (place == PROPERTY || place == PROPERTY_CHILD || place == PROPERTY_HREF)
		room = value_text(&m->value, s, place == PROPERTY_HREF);
	return room || no_room(m);
}

static bool on_end(void *ctx)
{
	struct multistatus *m = ctx;
	return place_end(m, m->places[--m->depth]);
}

/* ---- the reader ---- */

static void *multistatus_start(const struct body_env *env)
{
	struct multistatus *m = arena_alloc(env->arena, sizeof(*m));
	if (m == NULL)
		return NULL;
	m->env = *env;
	m->value.text.arena = env->arena;
	m->objects.env = &m->env;
	const struct xml_events events = { on_start, on_text, on_end, m };
	m->xml = xml_new(env->limits, env->arena, events, env->sink);
	return m->xml != NULL ? m : NULL;
}

static bool multistatus_data(void *ctx, struct slice s)
{
	struct multistatus *m = ctx;
	return xml_data(m->xml, s);
}

static void dav_finish(struct multistatus *m, bool well_formed)
{
	struct dav *dav = m->dav;
	arena_fit(m->env.arena, &m->responses, sizeof(struct dav_response));
	dav->responses = m->responses.p;
	dav->n_responses = m->responses.n;
	if (m->places[0] == IN_REQUEST) {
		dav->props = m->props.p;
		dav->n_props = m->props.n;
		enum dav_scope scope = well_formed && !m->dropped ? SCOPE_REQUEST : SCOPE_CUT;
		if (!dav_objects_end(&m->objects, scope, &dav->object))
			(void)no_room(m);
	}
	dav->hrefs = m->hrefs.p;
	dav->n_hrefs = m->hrefs.n;
	dav->errors = m->errors.p;
	dav->n_errors = m->errors.n;
	dav->whole = well_formed && !m->dropped;
}

static void multistatus_end(void *ctx, bool whole, struct body *body)
{
	struct multistatus *m = ctx;
	bool well_formed = xml_end(m->xml, whole);
	if (m->dav == NULL)
		return;
	dav_finish(m, well_formed);
	body->dav = m->dav;
}

static void multistatus_abandon(void *ctx)
{
	struct multistatus *m = ctx;
	xml_abandon(m->xml);
}

static const char *const xml_types[] = { "application/xml", "text/xml", "+xml", NULL };

const struct body_reader body_xml = {
	.kind = BODY_XML,
	.media_types = xml_types,
	.start = multistatus_start,
	.data = multistatus_data,
	.end = multistatus_end,
	.abandon = multistatus_abandon,
};
