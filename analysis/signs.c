/*
 * signs.c - what one transaction shows of its dialect: methods, headers, namespaces.
 *
 * Response bodies count by their root element alone, so the signs do not depend on --bodies.
 * Namespaces are compared by URI, never by prefix.
 */
#include "analysis/signs.h"

const struct sign_info sign_table[SIGNS] = {
	[SIGN_AS_URL] = { FLAVOUR_ACTIVESYNC, IN_REQUEST, LEARN_NOTHING, false,
	    "the URL /Microsoft-Server-ActiveSync" },
	[SIGN_AS_REQUEST] = { FLAVOUR_ACTIVESYNC, IN_REQUEST, LEARN_NOTHING, false,
	    "an MS-ASProtocolVersion header" },
	[SIGN_AS_ANSWER] = { FLAVOUR_ACTIVESYNC, IN_ANSWER, LEARN_NOTHING, false,
	    "an MS-Server-ActiveSync header" },
	[SIGN_WEBSTORAGE] = { FLAVOUR_EXCHANGE, IN_ANSWER, LEARN_SERVER, false,
	    "an MS-WebStorage header" },
	[SIGN_SHAREPOINT] = { FLAVOUR_SHAREPOINT, IN_ANSWER, LEARN_SERVER, false,
	    "a MicrosoftSharePointTeamServices header" },
	[SIGN_SHAREPOINT_TAG] = { FLAVOUR_SHAREPOINT, IN_ANSWER, LEARN_SERVER, false,
	    "a replication header with a GUID in SharePoint's form" },
	[SIGN_EXCHANGE_TAG] = { FLAVOUR_EXCHANGE, IN_ANSWER, LEARN_SERVER, false,
	    "a replication header in Exchange's hexadecimal form" },
	[SIGN_REPL_TAG] = { FLAVOUR_EXCHANGE, IN_ANSWER, LEARN_COLLECTION, false,
	    "a replication header; Exchange is assumed, its form is not Exchange's usual one" },
	[SIGN_FRONT_END] = { FLAVOUR_EXCHANGE, IN_REQUEST, LEARN_SERVER, false,
	    "the User-Agent of an Exchange front end" },
	[SIGN_EXCHANGE_VERB] = { FLAVOUR_EXCHANGE, IN_REQUEST, LEARN_COLLECTION, false,
	    "a method that only Exchange's dialect has" },
	[SIGN_SUBSCRIPTION] = { FLAVOUR_EXCHANGE, IN_REQUEST, LEARN_COLLECTION, false,
	    "a subscription header of Exchange's dialect" },
	[SIGN_REPL_SEARCH] = { FLAVOUR_EXCHANGE, IN_REQUEST_BODY, LEARN_COLLECTION, false,
	    "a SEARCH that names the replication namespace" },
	[SIGN_MKCALENDAR] = { FLAVOUR_CALDAV, IN_REQUEST, LEARN_SERVER, false,
	    "the method MKCALENDAR" },
	[SIGN_CALDAV_ROOT] = { FLAVOUR_CALDAV, IN_REQUEST_BODY, LEARN_SERVER, false,
	    "a request body with a CalDAV root element" },
	[SIGN_CARDDAV_ROOT] = { FLAVOUR_CARDDAV, IN_REQUEST_BODY, LEARN_SERVER, false,
	    "a request body with a CardDAV root element" },
	[SIGN_EXCHANGE_ANSWER] = { FLAVOUR_EXCHANGE, IN_ANSWER_BODY, LEARN_COLLECTION, true,
	    "an answer that declares a namespace of Exchange" },
	[SIGN_EXCHANGE_ASKED] = { FLAVOUR_EXCHANGE, IN_REQUEST_BODY, LEARN_NOTHING, true,
	    "a request that names a namespace of Exchange" },
	[SIGN_CALENDAR_BODY] = { FLAVOUR_CALDAV, IN_REQUEST, LEARN_COLLECTION, true,
	    "a text/calendar body that is stored; CalDAV is assumed" },
	[SIGN_VCARD_BODY] = { FLAVOUR_CARDDAV, IN_REQUEST, LEARN_COLLECTION, true,
	    "a text/vcard body that is stored; CardDAV is assumed" },
	[SIGN_CALDAV_ASKED] = { FLAVOUR_CALDAV, IN_REQUEST_BODY, LEARN_NOTHING, true,
	    "a request that names CalDAV's namespace, not CardDAV's" },
	[SIGN_CARDDAV_ASKED] = { FLAVOUR_CARDDAV, IN_REQUEST_BODY, LEARN_NOTHING, true,
	    "a request that names CardDAV's namespace, not CalDAV's" },
	[SIGN_CALDAV_ANSWER] = { FLAVOUR_CALDAV, IN_ANSWER_BODY, LEARN_NOTHING, true,
	    "an answer that declares CalDAV's namespace, not CardDAV's" },
	[SIGN_CARDDAV_ANSWER] = { FLAVOUR_CARDDAV, IN_ANSWER_BODY, LEARN_NOTHING, true,
	    "an answer that declares CardDAV's namespace, not CalDAV's" },
	[SIGN_CALDAV_TOKEN] = { FLAVOUR_CALDAV, IN_ANSWER, LEARN_SERVER, true,
	    "a DAV header with calendar-access and without addressbook" },
	[SIGN_CARDDAV_TOKEN] = { FLAVOUR_CARDDAV, IN_ANSWER, LEARN_SERVER, true,
	    "a DAV header with addressbook and without calendar-access" },
	[SIGN_DAV_HEADER] = { FLAVOUR_WEBDAV, IN_ANSWER, LEARN_SERVER, true, "a DAV header" },
	[SIGN_MULTISTATUS] = { FLAVOUR_WEBDAV, IN_ANSWER, LEARN_SERVER, true, "a status 207" },
	[SIGN_DAV_METHOD] = { FLAVOUR_WEBDAV, IN_REQUEST, LEARN_SERVER, true, "a WebDAV method" },
};

struct slice target_path(struct slice target)
{
	size_t end = slice_find_byte(target, '?');
	struct slice path = slice_part(target, 0, end);
	if (path.n == 0 || path.p[0] == '/')
		return path;
	size_t scheme = slice_find(path, SLICE("://"));
	if (scheme == path.n)
		return path;
	path = slice_part(path, scheme + 3, path.n);
	return slice_part(path, slice_find_byte(path, '/'), path.n);
}

struct slice path_bare(struct slice path)
{
	return path.n != 0 && path.p[path.n - 1] == '/' ? slice_part(path, 0, path.n - 1) : path;
}

static uint32_t bit(enum sign sign)
{
	return UINT32_C(1) << sign;
}

static bool method_in(struct slice method, const char *const *names)
{
	for (; *names != NULL; names++)
		if (slice_is(method, *names))
			return true;
	return false;
}

/*
 * The front end keeps its state in a mailbox folder of the same name, which it reads by DAV: the name
 * counts as first segment, and as last one with the methods of ActiveSync (servers with a prefix).
 */
static bool is_activesync(const struct message *req)
{
	struct slice path = path_bare(target_path(req->target)),
		     name = SLICE("/Microsoft-Server-ActiveSync");
	if (path.n < name.n)
		return false;
	if (slice_starts_nocase(path, name) && (path.n == name.n || path.p[name.n] == '/'))
		return true;
	return slice_equal_nocase(slice_part(path, path.n - name.n, name.n), name) &&
	    (slice_equal(req->method, SLICE("POST")) || slice_equal(req->method, SLICE("OPTIONS")));
}

static uint32_t signs_method(const struct message *req)
{
	static const char *const exchange[] = { "BCOPY", "BDELETE", "BMOVE", "BPROPFIND",
		"BPROPPATCH", "POLL", "X-MS-ENUMATTS", NULL };
	static const char *const dav[] = { "PROPFIND", "PROPPATCH", "REPORT", "MKCOL", "COPY",
		"MOVE", "LOCK", "UNLOCK", "SEARCH", "ACL", "BIND", "REBIND", "UNBIND",
		"VERSION-CONTROL", "CHECKOUT", "CHECKIN", "UNCHECKOUT", "MKWORKSPACE", "MKACTIVITY",
		"MERGE", "LABEL", "UPDATE", "BASELINE-CONTROL", "ORDERPATCH", "MKREDIRECTREF",
		"UPDATEREDIRECTREF", NULL };
	uint32_t signs = 0;
	if (is_activesync(req))
		signs |= bit(SIGN_AS_URL);
	if (slice_equal(req->method, SLICE("GET")) || slice_equal(req->method, SLICE("PUT")))
		return signs;
	if (slice_equal(req->method, SLICE("MKCALENDAR")))
		signs |= bit(SIGN_MKCALENDAR);
	else if (method_in(req->method, exchange))
		signs |= bit(SIGN_EXCHANGE_VERB);
	else if (method_in(req->method, dav))
		signs |= bit(SIGN_DAV_METHOD);
	return signs;
}

static uint32_t signs_stored(const struct message *req)
{
	if (!slice_equal(req->method, SLICE("PUT")))
		return 0;
	if (req->body.kind == BODY_CALENDAR)
		return bit(SIGN_CALENDAR_BODY);
	return req->body.kind == BODY_VCARD ? bit(SIGN_VCARD_BODY) : 0;
}

static uint32_t signs_agent(struct slice value)
{
	return slice_starts_nocase(value, SLICE("Microsoft-Server-ActiveSync/")) ?
	    bit(SIGN_FRONT_END) :
	    0;
}

static bool is_hex(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!((s.p[i] >= '0' && s.p[i] <= '9') ||
			((s.p[i] | 0x20) >= 'a' && (s.p[i] | 0x20) <= 'f')))
			return false;
	return s.n != 0;
}

/* Exchange: <rt:HEX>; SharePoint: rt:GUID@00000000011 or rid:{GUID}. */
static uint32_t signs_repl(struct slice value)
{
	struct slice s = slice_trim(value);
	if (s.n >= 2 && s.p[0] == '<' && s.p[s.n - 1] == '>')
		s = slice_part(s, 1, s.n - 2);
	size_t colon = slice_find_byte(s, ':');
	if (colon == s.n)
		return 0;
	s = slice_part(s, colon + 1, s.n);
	if (is_hex(s))
		return bit(SIGN_EXCHANGE_TAG);
	if (s.n != 0 && (s.p[0] == '{' || slice_find_byte(s, '@') != s.n))
		return bit(SIGN_SHAREPOINT_TAG);
	return bit(SIGN_REPL_TAG);
}

struct header_sign {
	struct slice name;
	enum sign sign;
	uint32_t (*of_value)(struct slice value); /* instead of `sign` */
};

static uint32_t signs_headers(const struct message *m, const struct header_sign *table, size_t n)
{
	uint32_t signs = 0;
	for (size_t i = 0; i < m->n_headers; i++)
		for (size_t k = 0; k < n; k++)
			if (m->headers[i].name.n == table[k].name.n &&
			    slice_equal_nocase(m->headers[i].name, table[k].name))
				signs |= table[k].of_value != NULL ?
				    table[k].of_value(m->headers[i].value) :
				    bit(table[k].sign);
	return signs;
}

static uint32_t signs_request_headers(const struct message *req)
{
	static const struct header_sign table[] = {
		{ NAME("User-Agent"), SIGN_FRONT_END, signs_agent },
		{ NAME("MS-ASProtocolVersion"), SIGN_AS_REQUEST, NULL },
		{ NAME("Notification-Type"), SIGN_SUBSCRIPTION, NULL },
		{ NAME("Subscription-Id"), SIGN_SUBSCRIPTION, NULL },
	};
	return signs_headers(req, table, sizeof(table) / sizeof(table[0]));
}

static uint32_t signs_answer_headers(const struct message *res)
{
	static const struct header_sign table[] = {
		{ NAME("DAV"), SIGN_DAV_HEADER, NULL },
		{ NAME("MS-WebStorage"), SIGN_WEBSTORAGE, NULL },
		{ NAME("ResourceTag"), SIGN_EXCHANGE_TAG, signs_repl },
		{ NAME("Repl-UID"), SIGN_EXCHANGE_TAG, signs_repl },
		{ NAME("MicrosoftSharePointTeamServices"), SIGN_SHAREPOINT, NULL },
		{ NAME("MS-Server-ActiveSync"), SIGN_AS_ANSWER, NULL },
	};
	return signs_headers(res, table, sizeof(table) / sizeof(table[0]));
}

bool dav_announces(const struct message *res, struct slice token)
{
	for (size_t i = 0; i < res->n_headers; i++) {
		if (!slice_equal_nocase(res->headers[i].name, SLICE("DAV")))
			continue;
		struct slice rest = res->headers[i].value;
		while (rest.n != 0) {
			size_t comma = slice_find_byte(rest, ',');
			if (slice_equal_nocase(slice_trim(slice_part(rest, 0, comma)), token))
				return true;
			rest = slice_part(rest, comma + 1, rest.n);
		}
	}
	return false;
}

/* With both classes it says nothing about which of the two a collection is. */
static uint32_t signs_classes(const struct message *res)
{
	bool calendars = dav_announces(res, SLICE("calendar-access"));
	bool books = dav_announces(res, SLICE("addressbook"));
	if (calendars == books)
		return 0;
	return bit(calendars ? SIGN_CALDAV_TOKEN : SIGN_CARDDAV_TOKEN);
}

/* ---- namespaces of a body ---- */

enum { NS_CALDAV = 1, NS_CARDDAV = 2, NS_EXCHANGE = 4, NS_REPL = 8 };

static unsigned namespace_kind(struct slice ns)
{
	if (slice_equal(ns, SLICE("urn:ietf:params:xml:ns:caldav")))
		return NS_CALDAV;
	if (slice_equal(ns, SLICE("urn:ietf:params:xml:ns:carddav")))
		return NS_CARDDAV;
	if (slice_equal(ns, SLICE("http://schemas.microsoft.com/repl/")))
		return NS_REPL;
	if (slice_starts(ns, SLICE("http://schemas.microsoft.com/exchange/")) ||
	    slice_starts(ns, SLICE("http://schemas.microsoft.com/mapi/")) ||
	    slice_equal(ns, SLICE("urn:schemas:calendar:")))
		return NS_EXCHANGE;
	return 0;
}

static unsigned namespaces_declared(const struct dav *dav)
{
	unsigned kinds = namespace_kind(dav->root.ns);
	for (size_t i = 0; i < dav->n_namespaces; i++)
		kinds |= namespace_kind(dav->namespaces[i]);
	return kinds;
}

static uint32_t signs_request_body(const struct message *req)
{
	const struct dav *dav = req->body.dav;
	if (dav == NULL)
		return 0;
	uint32_t signs = 0;
	unsigned root = namespace_kind(dav->root.ns), kinds = namespaces_declared(dav);
	for (size_t i = 0; i < dav->n_props; i++)
		kinds |= namespace_kind(dav->props[i].name.ns);
	if (root == NS_CALDAV)
		signs |= bit(SIGN_CALDAV_ROOT);
	if (root == NS_CARDDAV)
		signs |= bit(SIGN_CARDDAV_ROOT);
	if ((kinds & NS_REPL) && slice_equal(req->method, SLICE("SEARCH")))
		signs |= bit(SIGN_REPL_SEARCH);
	if (kinds & NS_EXCHANGE)
		signs |= bit(SIGN_EXCHANGE_ASKED);
	if ((kinds & (NS_CALDAV | NS_CARDDAV)) == NS_CALDAV)
		signs |= bit(SIGN_CALDAV_ASKED);
	if ((kinds & (NS_CALDAV | NS_CARDDAV)) == NS_CARDDAV)
		signs |= bit(SIGN_CARDDAV_ASKED);
	return signs;
}

static uint32_t signs_answer_body(const struct message *res)
{
	unsigned kinds = res->body.dav != NULL ? namespaces_declared(res->body.dav) : 0;
	if (kinds & NS_EXCHANGE)
		return bit(SIGN_EXCHANGE_ANSWER);
	if ((kinds & (NS_CALDAV | NS_CARDDAV)) == NS_CALDAV)
		return bit(SIGN_CALDAV_ANSWER);
	if ((kinds & (NS_CALDAV | NS_CARDDAV)) == NS_CARDDAV)
		return bit(SIGN_CARDDAV_ANSWER);
	return 0;
}

uint32_t signs_of(const struct txn *txn)
{
	uint32_t signs = 0;
	if (txn->req.seen)
		signs |= signs_method(&txn->req) | signs_request_headers(&txn->req) |
		    signs_stored(&txn->req) | signs_request_body(&txn->req);
	if (txn->res.seen) {
		signs |= signs_answer_headers(&txn->res) | signs_answer_body(&txn->res);
		if (signs & bit(SIGN_DAV_HEADER))
			signs |= signs_classes(&txn->res);
		if (txn->res.status == 207)
			signs |= bit(SIGN_MULTISTATUS);
	}
	return signs;
}
