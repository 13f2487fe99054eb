/*
 * element.c - tells the elements of WebDAV and its relatives apart and keeps each name once a body:
 * a listing repeats the same few names thousands of times.
 */
#include "decode/element.h"

#include <string.h>

enum { PROBES = 8 };

#define CALDAV "urn:ietf:params:xml:ns:caldav"
#define CARDDAV "urn:ietf:params:xml:ns:carddav"
#define EXCHANGE "http://schemas.microsoft.com/exchange/"
#define PROPTAG "http://schemas.microsoft.com/mapi/proptag/"
#define REPL "http://schemas.microsoft.com/repl/"

/* By namespace: each name of that one, up to an empty one. */
static const struct {
	const char *ns;
	struct {
		const char *local;
		enum element element;
	} names[24];
} known[] = {
	{ "DAV:",
	    {
		{ "multistatus", ELEMENT_MULTISTATUS },
		{ "response", ELEMENT_RESPONSE },
		{ "href", ELEMENT_HREF },
		{ "propstat", ELEMENT_PROPSTAT },
		{ "status", ELEMENT_STATUS },
		{ "prop", ELEMENT_PROP },
		{ "error", ELEMENT_ERROR },
		{ "sync-token", ELEMENT_SYNC_TOKEN },
		{ "sync-level", ELEMENT_SYNC_LEVEL },
		{ "allprop", ELEMENT_ALLPROP },
		{ "propname", ELEMENT_PROPNAME },
		{ "include", ELEMENT_INCLUDE },
		{ "set", ELEMENT_SET },
		{ "remove", ELEMENT_REMOVE },
		{ "sql", ELEMENT_SQL },
		{ "target", ELEMENT_TARGET },
		{ "property", ELEMENT_PROPERTY },
		{ "limit", ELEMENT_LIMIT },
		{ "nresults", ELEMENT_NRESULTS },
		{ "contentclass", ELEMENT_CLASS },
		{ "displayname", ELEMENT_DISPLAY_NAME },
	    } },
	{ CALDAV,
	    {
		{ "calendar-data", ELEMENT_CALENDAR_DATA },
		{ "filter", ELEMENT_FILTER },
		{ "comp-filter", ELEMENT_COMP_FILTER },
	    } },
	{ CARDDAV,
	    {
		{ "address-data", ELEMENT_ADDRESS_DATA },
		{ "filter", ELEMENT_FILTER },
		{ "limit", ELEMENT_LIMIT },
		{ "nresults", ELEMENT_NRESULTS },
	    } },
	{ REPL,
	    {
		{ "repl", ELEMENT_REPL },
		{ "collblob", ELEMENT_COLLBLOB },
		{ "changetype", ELEMENT_CHANGETYPE },
	    } },
	{ PROPTAG, { { "x66590102", ELEMENT_BULK } } },
	{ EXCHANGE, { { "outlookmessageclass", ELEMENT_MESSAGE_CLASS } } },
	{ "urn:schemas:calendar:",
	    {
		{ "uid", ELEMENT_UID },
		{ "dtstart", ELEMENT_START },
		{ "dtend", ELEMENT_END },
		{ "location", ELEMENT_LOCATION },
		{ "alldayevent", ELEMENT_ALL_DAY },
		{ "rrule", ELEMENT_RRULE },
		{ "recurrenceid", ELEMENT_RECURRENCE_ID },
		{ "instancetype", ELEMENT_INSTANCE_TYPE },
		{ "organizer", ELEMENT_ORGANIZER },
		{ "method", ELEMENT_METHOD },
	    } },
	{ "urn:schemas:httpmail:", { { "subject", ELEMENT_SUBJECT } } },
	{ "urn:schemas:mailheader:", { { "subject", ELEMENT_SUBJECT } } },
	{ "urn:schemas:contacts:",
	    { { "fileas", ELEMENT_FILE_AS }, { "cn", ELEMENT_COMMON_NAME } } },
};

enum { NAMESPACES = sizeof(known) / sizeof(known[0]) };

enum element element_known(struct dav_name name)
{
	size_t n = 0;
	while (n < NAMESPACES && !slice_is(name.ns, known[n].ns))
		n++;
	if (n == NAMESPACES)
		return ELEMENT_OTHER;
	bool repl = slice_is(name.ns, REPL);
	for (size_t i = 0; known[n].names[i].local != NULL; i++) {
		const char *local = known[n].names[i].local;
		if (repl ? slice_is_nocase(name.local, local) : slice_is(name.local, local))
			return known[n].names[i].element;
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
