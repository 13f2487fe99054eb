/*
 * element.c - tells the elements of WebDAV and its relatives apart and keeps each name once a body:
 * a listing repeats the same few names thousands of times.
 */
#include "decode/element.h"

#include <string.h>

enum { PROBES = 8 };

#define DAV "DAV:"
#define CALDAV "urn:ietf:params:xml:ns:caldav"
#define CARDDAV "urn:ietf:params:xml:ns:carddav"
#define REPL "http://schemas.microsoft.com/repl/"
#define PROPTAG "http://schemas.microsoft.com/mapi/proptag/"

static const struct {
	const char *ns, *local;
	enum element element;
} known[] = {
	{ DAV, "multistatus", ELEMENT_MULTISTATUS },
	{ DAV, "response", ELEMENT_RESPONSE },
	{ DAV, "href", ELEMENT_HREF },
	{ DAV, "propstat", ELEMENT_PROPSTAT },
	{ DAV, "status", ELEMENT_STATUS },
	{ DAV, "prop", ELEMENT_PROP },
	{ DAV, "error", ELEMENT_ERROR },
	{ DAV, "sync-token", ELEMENT_SYNC_TOKEN },
	{ DAV, "sync-level", ELEMENT_SYNC_LEVEL },
	{ DAV, "allprop", ELEMENT_ALLPROP },
	{ DAV, "propname", ELEMENT_PROPNAME },
	{ DAV, "include", ELEMENT_INCLUDE },
	{ DAV, "set", ELEMENT_SET },
	{ DAV, "remove", ELEMENT_REMOVE },
	{ DAV, "sql", ELEMENT_SQL },
	{ DAV, "target", ELEMENT_TARGET },
	{ DAV, "property", ELEMENT_PROPERTY },
	{ CALDAV, "calendar-data", ELEMENT_BULK },
	{ CARDDAV, "address-data", ELEMENT_BULK },
	{ PROPTAG, "x66590102", ELEMENT_BULK },
	{ REPL, "repl", ELEMENT_REPL },
	{ REPL, "collblob", ELEMENT_COLLBLOB },
	{ REPL, "changetype", ELEMENT_CHANGETYPE },
};

enum element element_known(struct dav_name name)
{
	bool repl = slice_equal(name.ns, SLICE(REPL));
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		bool same = repl ? slice_is_nocase(name.local, known[i].local) :
				   slice_is(name.local, known[i].local);
		if (same && slice_is(name.ns, known[i].ns))
			return known[i].element;
	}
	return ELEMENT_OTHER;
}

/* Only spreads names over the slots; collisions cost a copy, never a longer search. */
static size_t name_slot(struct dav_name name)
{
	uint32_t h = (uint32_t)name.ns.n;
	for (size_t i = 0; i < name.local.n; i++)
		h = (h ^ name.local.p[i]) * 16777619u;
	return (h ^ h >> 15) % ELEMENT_SLOTS;
}

static bool namespace_keep(struct element_names *names, struct arena *arena, struct slice ns,
    struct slice *out)
{
	for (size_t i = 0; i < ELEMENT_NAMESPACES; i++) {
		if (slice_equal(names->namespaces[i], ns)) {
			*out = names->namespaces[i];
			return true;
		}
	}
	if (!arena_copy(arena, ns, out))
		return false;
	names->namespaces[names->next_namespace++ % ELEMENT_NAMESPACES] = *out;
	return true;
}

const struct element_name *element_find(struct element_names *names, struct arena *arena,
    struct dav_name name)
{
	size_t first = name_slot(name);
	struct element_name *slot = &names->slots[first];
	for (size_t i = 0; i < PROBES; i++) {
		struct element_name *s = &names->slots[(first + i) % ELEMENT_SLOTS];
		if (s->name.local.n == 0) {
			slot = s;
			break;
		}
		if (slice_equal(s->name.local, name.local) && slice_equal(s->name.ns, name.ns))
			return s;
	}
	struct element_name fresh = { .element = element_known(name) };
	bool kept = namespace_keep(names, arena, name.ns, &fresh.name.ns) &&
	    arena_copy(arena, name.local, &fresh.name.local);
	if (!kept)
		return NULL;
	*slot = fresh;
	return slot;
}
