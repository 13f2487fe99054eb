/*
 * multistatus.c - what an XML body says in terms of WebDAV: answers (RFC 4918 multistatus, with the
 * additions of RFC 6578 and of Exchange's replication) and requests (what they ask for or change).
 * An open element is at a place; tables below say which place a child of it is at. Nothing is
 * believed before its end tag, so a body cut short yields whole items only.
 */
#include "decode/body.h"
#include "decode/element.h"
#include "decode/value.h"
#include "decode/xml.h"

#include <string.h>

enum place {
	IGNORED,
	IN_SURPLUS,
	PROPERTY_CHILD,
	PROPERTY_HREF,
	EXPANDED,
	ERROR_CAUSE,
	ERROR_NAME,
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
	PLACES
};

static const uint8_t child_places[PLACES][ELEMENTS] = {
	[AT_TOP] = {
		[ELEMENT_MULTISTATUS] = IN_MULTISTATUS,
		[ELEMENT_ERROR] = IN_ERROR_BODY,
	},
	[IN_MULTISTATUS] = {
		[ELEMENT_RESPONSE] = IN_RESPONSE,
		[ELEMENT_SYNC_TOKEN] = SYNC_TOKEN,
		[ELEMENT_REPL] = IN_REPL,
	},
	[IN_RESPONSE] = {
		[ELEMENT_HREF] = RESPONSE_HREF,
		[ELEMENT_STATUS] = RESPONSE_STATUS,
		[ELEMENT_PROPSTAT] = IN_PROPSTAT,
		[ELEMENT_ERROR] = IN_ERROR,
		[ELEMENT_CHANGETYPE] = CHANGETYPE,
	},
	[IN_PROPSTAT] = {
		[ELEMENT_STATUS] = PROPSTAT_STATUS,
		[ELEMENT_PROP] = IN_PROP,
		[ELEMENT_ERROR] = IN_ERROR,
	},
	[PROPERTY] = { [ELEMENT_HREF] = PROPERTY_HREF },
	[IN_REQUEST] = {
		[ELEMENT_PROP] = IN_PROP,
		[ELEMENT_INCLUDE] = IN_PROP,
		[ELEMENT_SET] = IN_CHANGE,
		[ELEMENT_REMOVE] = IN_CHANGE,
		[ELEMENT_ALLPROP] = PROPERTY,
		[ELEMENT_PROPNAME] = PROPERTY,
		[ELEMENT_SQL] = PROPERTY,
		[ELEMENT_PROPERTY] = EXPANDED,
		[ELEMENT_HREF] = REQUEST_HREF,
		[ELEMENT_TARGET] = IN_TARGET,
		[ELEMENT_SYNC_TOKEN] = SYNC_TOKEN,
		[ELEMENT_SYNC_LEVEL] = SYNC_LEVEL,
		[ELEMENT_REPL] = IN_REPL,
	},
	[IN_CHANGE] = { [ELEMENT_PROP] = IN_PROP },
	[IN_TARGET] = { [ELEMENT_HREF] = REQUEST_HREF },
	[IN_REPL] = { [ELEMENT_COLLBLOB] = COLLBLOB },
};

/* Where any other child is. */
static const uint8_t other_places[PLACES] = {
	[AT_TOP] = IN_REQUEST,
	[IN_PROP] = PROPERTY,
	[PROPERTY] = PROPERTY_CHILD,
	[PROPERTY_CHILD] = PROPERTY_CHILD,
	[PROPERTY_HREF] = PROPERTY_CHILD,
	[IN_ERROR] = ERROR_CAUSE,
	[IN_ERROR_BODY] = ERROR_NAME,
};

/* An array that doubles in the arena. */
struct vec {
	void *p;
	size_t n, room;
};

struct multistatus {
	struct body_env env;
	struct xml *xml;
	struct element_names names;
	struct dav *dav; /* NULL until the root element */
	uint8_t places[XML_DEPTH_MAX + 1];
	size_t depth;
	bool dropped; /* something was left out: not whole */

	struct vec responses;
	struct dav_response response; /* being read */
	bool has_href;
	struct vec more_hrefs; /* of it: RFC 4918 14.24 allows several with one status */
	struct vec props; /* of it, or of the request */
	size_t propstat_first; /* first of its props in `props` */
	uint16_t propstat_status;
	bool propstat_has_status;

	struct dav_name name; /* of the property or error being read */
	enum element element; /* which property that is */
	struct value value; /* of it; its text also serves all other places */
	struct vec hrefs, errors; /* of the request; of the error body */
};

static bool no_room(struct multistatus *m)
{
	m->dropped = true;
	m->env.sink.anomaly(m->env.sink.ctx, HTTP_LIMIT, 0);
	return false;
}

static void *vec_add(struct multistatus *m, struct vec *v, size_t size)
{
	if (v->n == v->room) {
		size_t room = v->room > 0 ? 2 * v->room : 8;
		void *p = arena_alloc(m->env.arena, room * size);
		if (p == NULL)
			return NULL;
		if (v->n > 0)
			memcpy(p, v->p, v->n * size);
		v->p = p;
		v->room = room;
	}
	return (uint8_t *)v->p + v->n++ * size;
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

static bool href_add(struct multistatus *m, struct vec *hrefs)
{
	struct slice href;
	if (!text_keep(m, &href))
		return false;
	struct slice *slot = vec_add(m, hrefs, sizeof(*slot));
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
	struct dav_response *slot = vec_add(m, &m->responses, sizeof(*slot));
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
	value_begin(&m->value, m->env.limits->prop_value, e->element != ELEMENT_BULK);
}

static bool property_add(struct multistatus *m, struct dav_prop prop)
{
	struct dav_prop *slot = vec_add(m, &m->props, sizeof(*slot));
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
	struct dav_name *slot = vec_add(m, &m->errors, sizeof(*slot));
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

static bool place_is_text(enum place place)
{
	return place >= FIRST_TEXT && place < FIRST_PARENT;
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
	default:
		if (place_is_text(place))
			text_begin(&m->value.text, m->env.limits->target);
		return true;
	}
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
	default:
		return true;
	}
}

static enum place place_of_child(const struct multistatus *m, enum place parent,
    enum element element)
{
	enum place place = child_places[parent][element];
	if (place == IGNORED)
		place = other_places[parent];
	if (place == IN_RESPONSE && m->responses.n >= m->env.limits->items)
		place = IN_SURPLUS;
	return place;
}

static bool child_begin(struct multistatus *m, enum place parent, const struct xml_element *e)
{
	const struct element_name *known = element_find(&m->names, m->env.arena, e->name);
	if (known == NULL)
		return no_room(m);
	enum place place = place_of_child(m, parent, known->element);
	m->places[m->depth++] = (uint8_t)place;
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
	m->places[m->depth++] = other_places[parent];
	return true;
}

static bool on_text(void *ctx, struct slice s)
{
	struct multistatus *m = ctx;
	enum place place = m->places[m->depth - 1];
	bool room = true;
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
	dav->responses = m->responses.p;
	dav->n_responses = m->responses.n;
	if (m->places[0] == IN_REQUEST) {
		dav->props = m->props.p;
		dav->n_props = m->props.n;
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
