/*
 * servers.c - the servers of a capture, one view for each kind of thing they hold: which values of their
 * policies are contradicted, which promises were kept; and which profiles agree with that.
 */
#include "analysis/servers_parts.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

const struct machine_word invariants_table[INVARIANTS] = {
#define INVARIANT(code, text) { #code, text },
#include "analysis/invariants.def"
#undef INVARIANT
};
const char *const kept_words[] = { "untried", "kept", "broken", NULL };
const char *const holds_words[] = { "unknown", "calendar", "contacts", "other", NULL };

#define BIT64(number) (UINT64_C(1) << (number))
_Static_assert(POLICIES <= 64, "a set of them is one word");

struct servers *servers_new(const struct limits *limits)
{
	size_t room = (size_t)(limits->servers < UINT16_MAX ? limits->servers : UINT16_MAX);
	struct servers *s = calloc(1, sizeof(*s) + room * sizeof(s->views[0]));
	if (s == NULL)
		return NULL;
	s->room = room;
	s->list = calloc(room + 1, sizeof(*s->list)); /* of none there is a place, too */
	if (s->list == NULL) {
		free(s);
		return NULL;
	}
	return s;
}

void servers_free(struct servers *s)
{
	if (s == NULL)
		return;
	free(s->list);
	free(s);
}

size_t servers_count(const struct servers *s)
{
	return s->n_views;
}

const struct server_view *servers_at(const struct servers *s, size_t i)
{
	return &s->views[i];
}

uint64_t servers_left_out(const struct servers *s)
{
	return s->left_out;
}

uint32_t number32(uint64_t x)
{
	return x == 0 ? 0 : (uint32_t)(x ^ x >> 32) | 1;
}

bool makes_collection(const struct op *op)
{
	return op->commit == COMMIT_YES &&
	    (slice_is(op->txn->req.method, "MKCALENDAR") || slice_is(op->txn->req.method, "MKCOL"));
}

bool dav_is_cut(const struct dav *dav)
{
	for (size_t i = 0; i < dav->n_responses; i++)
		if (dav->responses[i].status == 507)
			return true;
	return false;
}

bool answer_whole(const struct txn *txn)
{
	return txn->unpaired == PAIRED && !txn->unsure && message_complete(&txn->req) &&
	    message_complete(&txn->res);
}

/* ---- which server, and which of its views ---- */

struct scope_note *scope_note_of(struct servers *s, uint64_t scope)
{
	struct scope_note *note = &s->scopes[scope % SCOPE_SLOTS];
	return scope != 0 && note->scope == scope ? note : NULL;
}

static size_t text_keep(char *out, size_t room, struct slice text)
{
	size_t n = text.n < room - 1 ? text.n : room - 1;
	if (n != 0)
		memcpy(out, text.p, n);
	return n;
}

static void server_name(struct server *server, const struct txn *txn)
{
	struct slice host = { 0 };
	char address[INET6_ADDRSTRLEN] = "";
	bool six = txn->server.family == 6;
	if (message_header(&txn->req, "Host", &host) == PRESENT && slice_trim(host).n != 0) {
		server->n_name = (uint8_t)text_keep(server->name, SERVER_NAME, slice_trim(host));
		return;
	}
	if (inet_ntop(six ? AF_INET6 : AF_INET, txn->server.address, address, sizeof(address)) ==
	    NULL)
		return;
	int n = snprintf(server->name, SERVER_NAME, six ? "[%s]:%u" : "%s:%u", address,
	    (unsigned)txn->server.port);
	server->n_name = (uint8_t)(n > 0 ? n : 0);
}

static enum speaks speaks_of(const struct op *op)
{
	return op->sync != NULL ? SPEAKS_ACTIVESYNC : SPEAKS_DAV;
}

/* Scopes of ActiveSync do not say on which server they are. */
static struct server *server_take(struct servers *s, const struct op *op)
{
	const struct scope_note *note = op->sync == NULL ? scope_note_of(s, op->at.scope) : NULL;
	if (note != NULL)
		return &s->list[note->server];
	uint64_t authority = place_authority(op->txn);
	for (size_t i = 0; i < s->n; i++)
		if (s->list[i].authority == authority && s->list[i].speaks == speaks_of(op))
			return &s->list[i];
	if (!op->txn->res.seen) /* nobody there has ever answered */
		return NULL;
	if (s->n_views == s->room) {
		s->left_out++;
		return NULL;
	}
	struct server *server = &s->list[s->n++];
	*server = (struct server){ .authority = authority, .speaks = speaks_of(op) };
	server_name(server, op->txn);
	return server;
}

/* What does not depend on what a folder holds. */
static bool is_wide(enum policy policy)
{
	return policy == POLICY_V6 || policy == POLICY_V7 || policy == POLICY_V10;
}

static struct server_view *view_at(const struct servers *s, const struct server *server,
    enum holds holds)
{
	uint16_t number = server->views[holds];
	return number != 0 ? (struct server_view *)&s->views[number - 1] : NULL;
}

static struct server_view *view_any(const struct servers *s, const struct server *server)
{
	for (unsigned i = 0; i < HOLDS_KINDS; i++)
		if (server->views[i] != 0)
			return view_at(s, server, (enum holds)i);
	return NULL;
}

/* What is known of the server as a whole holds here, too. */
static void view_inherit(struct server_view *view, const struct server_view *of)
{
	for (unsigned i = 1; i < POLICIES; i++) {
		if (!is_wide((enum policy)i))
			continue;
		view->fit.set[i] = of->fit.set[i];
		view->fit.first[i] = of->fit.first[i];
		view->shown |= of->shown & BIT64(i);
		view->mixed |= of->mixed & BIT64(i);
		view->shown_at[i] = of->shown_at[i];
	}
}

static struct server_view *view_new(struct servers *s, struct server *server, enum holds holds)
{
	ensure(s != NULL, NULL);
	const struct server_view *before = view_any(s, server);
	if (s->n_views == s->room) {
		s->left_out++;
		return NULL;
	}
	struct server_view *view = &s->views[s->n_views++];
	*view = (struct server_view){ .speaks = server->speaks,
		.holds = holds,
		.fit = vector_any(),
		.name = { (const uint8_t *)server->name, server->n_name },
		.product = { (const uint8_t *)server->product, server->n_product } };
	server->views[holds] = (uint16_t)s->n_views;
	if (before != NULL)
		view_inherit(view, before);
	return view;
}

/* Where nobody knows what a folder holds, the first view stands for it. */
static struct server_view *view_take(struct servers *s, struct server *server, enum holds holds)
{
	struct server_view *view = view_at(s, server, holds);
	if (view == NULL && holds == HOLDS_UNKNOWN)
		view = view_any(s, server);
	if (view != NULL)
		return view;
	view = view_at(s, server, HOLDS_UNKNOWN);
	if (view == NULL)
		return view_new(s, server, holds);
	view->holds = holds;
	server->views[holds] = server->views[HOLDS_UNKNOWN];
	server->views[HOLDS_UNKNOWN] = 0;
	return view;
}

enum holds holds_of_object(const struct object *o)
{
	if (o->kind == OBJECT_CARD)
		return HOLDS_CONTACTS;
	return o->kind == OBJECT_OTHER ? HOLDS_OTHER : HOLDS_CALENDAR;
}

/* A body that was read and is no object of these kinds is something else. */
static bool writes_other(const struct op *op)
{
	return op->sync == NULL && op->kind <= OP_WRITE && op->txn->req.body.complete;
}

enum holds holds_of(const struct servers *s, const struct op *op)
{
	enum body_kind sent = op->txn->req.body.kind;
	const struct scope_note *note = &s->scopes[op->at.scope % SCOPE_SLOTS];
	if (op->object != NULL)
		return holds_of_object(op->object);
	if (sent == BODY_CALENDAR || sent == BODY_VCARD)
		return sent == BODY_VCARD ? HOLDS_CONTACTS : HOLDS_CALENDAR;
	if (writes_other(op))
		return HOLDS_OTHER;
	if (op->contacts || op->calendar)
		return op->contacts ? HOLDS_CONTACTS : HOLDS_CALENDAR;
	return note->scope == op->at.scope ? (enum holds)note->holds : HOLDS_UNKNOWN;
}

/* Made, or listed with all its members: from then on what is not known was not there. */
static bool shows_all(const struct op *op)
{
	const struct dav *dav = op->txn->res.body.dav;
	struct slice depth = { 0 };
	if (op->sync != NULL || !answer_whole(op->txn))
		return false;
	if (makes_collection(op))
		return true;
	return op->kind == OP_LIST && slice_is(op->txn->req.method, "PROPFIND") &&
	    op->txn->res.status == 207 && dav != NULL && dav->whole && !dav_is_cut(dav) &&
	    message_header(&op->txn->req, "Depth", &depth) == PRESENT &&
	    slice_is(slice_trim(depth), "1");
}

static void scope_learn(const struct sight *t, enum holds holds)
{
	const struct op *op = t->op;
	struct scope_note *note = &t->s->scopes[op->at.scope % SCOPE_SLOTS];
	if (op->at.scope == 0)
		return;
	if (note->scope != op->at.scope) {
		struct slice home = op->at.path;
		if (op->at.id != 0)
			home = path_collection(home);
		*note = (struct scope_note){ .scope = op->at.scope,
			.server = (uint16_t)(t->server - t->s->list),
			.home = mix_slice(t->server->authority, path_collection(home)) };
	}
	if (holds != HOLDS_UNKNOWN && note->holds != holds)
		note->holds = (uint8_t)holds;
	note->whole |= op->at.id == 0 && shows_all(op);
}

bool sight_open(struct servers *s, const struct op *op, enum holds holds, struct sight *t)
{
	*t = (struct sight){ .s = s, .op = op, .server = server_take(s, op) };
	if (t->server == NULL)
		return false;
	t->view = view_take(s, t->server, holds);
	t->at = message_packet(&op->txn->res);
	return t->view != NULL;
}

const struct server_view *servers_of(const struct servers *s, uint64_t scope)
{
	const struct scope_note *note = &s->scopes[scope % SCOPE_SLOTS];
	if (scope == 0 || note->scope != scope)
		return NULL;
	const struct server *server = &s->list[note->server];
	const struct server_view *view = view_at(s, server, (enum holds)note->holds);
	return view != NULL ? view : view_any(s, server);
}

/* ---- what is contradicted ---- */

/*
 * V1 and V2 belong together: an answer without a tag was seen, and who has a tag for equal bytes and never
 * rewrites would not have given it. So what is played is another value of one of them.
 */
static void view_played(struct server_view *view)
{
	unsigned tags = view->fit.set[POLICY_V1], bytes = view->fit.set[POLICY_V2];
	unsigned others = tags & ~(unsigned)V1_IF_EQUAL;
	if (tags & V1_ALWAYS)
		return;
	if (others != 0 && (bytes & V2_NO))
		view->fit.first[POLICY_V1] = (uint8_t)__builtin_ctz(others);
	else
		view->fit.first[POLICY_V1] = (uint8_t)__builtin_ctz(tags);
	if (others == 0 && (bytes & V2_YES))
		view->fit.first[POLICY_V2] = (uint8_t)__builtin_ctz(V2_YES);
}

static void view_exclude(struct server_view *view, enum policy policy, unsigned values,
    struct stamp at)
{
	unsigned set = view->fit.set[policy], left = set & ~values;
	if (left == set)
		return;
	if (left == 0) {
		view->mixed |= BIT64(policy);
		return;
	}
	view->fit.set[policy] = (uint8_t)left;
	view->fit.first[policy] = (uint8_t)__builtin_ctz(left);
	view->shown |= BIT64(policy);
	view->shown_at[policy] = at;
	if (policy == POLICY_V1 || policy == POLICY_V2)
		view_played(view);
}

void sight_exclude(const struct sight *t, enum policy policy, unsigned values)
{
	if (!is_wide(policy)) {
		view_exclude(t->view, policy, values, t->at);
		return;
	}
	for (unsigned i = 0; i < HOLDS_KINDS; i++)
		if (t->server->views[i] != 0)
			view_exclude(view_at(t->s, t->server, (enum holds)i), policy, values,
			    t->at);
}

void sight_forget(const struct sight *t, enum policy policy)
{
	struct vector any = vector_any();
	for (unsigned i = 0; i < HOLDS_KINDS; i++) {
		struct server_view *view = view_at(t->s, t->server, (enum holds)i);
		if (view == NULL)
			continue;
		view->fit.set[policy] = any.set[policy];
		view->fit.first[policy] = any.first[policy];
		view->shown &= ~BIT64(policy);
		view->mixed &= ~BIT64(policy);
		view->shown_at[policy] = (struct stamp){ .frame = 0 };
	}
}

/* ---- what is promised ---- */

void sight_kept(const struct sight *t, enum invariant invariant)
{
	struct kept_invariant *k = &t->view->invariants[invariant];
	k->times++;
	if (k->kept == KEPT_NOT)
		return;
	k->kept = KEPT;
	k->at = t->at;
}

void sight_broken(const struct sight *t, enum invariant invariant, enum certainty certainty)
{
	struct kept_invariant *k = &t->view->invariants[invariant];
	k->times++;
	k->broken++;
	if (k->kept != KEPT_NOT)
		k->at = t->at;
	if (k->kept != KEPT_NOT || certainty > k->certainty)
		k->certainty = certainty;
	k->kept = KEPT_NOT;
}

/* ---- operations ---- */

static void product_learn(const struct sight *t)
{
	struct server *server = t->server;
	struct slice value = { 0 };
	const struct message *res = &t->op->txn->res;
	if (server->n_product == 0 && server->product_tries < PRODUCT_TRIES) {
		server->product_tries++;
		if (message_header(res, "MS-WebStorage", &value) != PRESENT)
			message_header(res, "Server", &value);
		server->n_product = (uint8_t)text_keep(server->product, PRODUCT_NAME,
		    slice_trim(value));
	}
	t->view->product.n = server->n_product;
}

static void flavour_learn(const struct sight *t)
{
	enum flavour now = t->op->facts->flavour, before = t->view->flavour;
	if (before == now || (now == FLAVOUR_WEBDAV && t->op->facts->flavour_at.frame == 0))
		return;
	if (before == FLAVOUR_HTTP || before == FLAVOUR_WEBDAV ||
	    (now != FLAVOUR_HTTP && now != FLAVOUR_WEBDAV))
		t->view->flavour = now;
}

/* A calendar or address object as it is read: RFC 4791 5.3.4, RFC 6352 6.3.2.3. */
static bool reads_object(const struct op *op)
{
	enum body_kind kind = op->txn->res.body.kind;
	return op->txn->res.status == 200 && slice_is(op->txn->req.method, "GET") &&
	    (kind == BODY_CALENDAR || kind == BODY_VCARD);
}

static bool has_objects(const struct op *op)
{
	return op->facts->flavour == FLAVOUR_CALDAV || op->facts->flavour == FLAVOUR_CARDDAV;
}

/*
 * J8. Of a Schedule-Tag (RFC 6638 3.2.10) it is not known that it is missing, as nobody knows whether the
 * user takes part.
 */
static void tags_due(const struct sight *t)
{
	const struct facts *f = t->op->facts;
	enum seen seen = NOT_OBSERVED;
	if (f->tag_due == TAG_DUE_EXCHANGE)
		seen = f->tag_seen;
	else if (has_objects(t->op) && reads_object(t->op))
		seen = t->op->tag_seen;
	if (seen == PRESENT || (f->tag_due == TAG_DUE_SCHEDULING && f->tag_seen == PRESENT))
		sight_kept(t, INVARIANT_J8);
	else if (seen == ABSENT || (has_objects(t->op) && f->rows_seen == PRESENT))
		sight_broken(t, INVARIANT_J8, CONFIRMED);
}

void servers_op(struct servers *s, const struct op *op)
{
	struct sight t;
	if (s == NULL || op->copy)
		return;
	s->lossy |= op->txn->unsure || !op->txn->gapless;
	enum holds holds = holds_of(s, op);
	if (!sight_open(s, op, holds, &t))
		return;
	scope_learn(&t, holds);
	if (op->txn->res.seen) {
		product_learn(&t);
		flavour_learn(&t);
		tags_due(&t);
	}
	item_op(&t);
	sync_op(&t);
}

/* ---- troubles ---- */

enum { NO_INVARIANT = INVARIANTS };

/*
 * What a trouble contradicts. `whole`: only where nothing of the capture is missing; a promise that is broken
 * for certain is so in any case.
 */
static const struct lesson {
	enum trouble trouble;
	enum policy policy; /* POLICY_ANY: none */
	unsigned values;
	bool whole;
	unsigned invariant;
} lessons[] = {
	{ TROUBLE_LYING_TAG, POLICY_V1, V1_IF_EQUAL, false, INVARIANT_J1 },
	{ TROUBLE_LYING_TAG, POLICY_V2, V2_NO, false, NO_INVARIANT },
	{ TROUBLE_TAG_MISMATCH, POLICY_ANY, 0, true, INVARIANT_J3 },
	{ TROUBLE_TAG_UNSTABLE, POLICY_ANY, 0, true, INVARIANT_J2 },
	{ TROUBLE_SCHEDULE_TAG_MOVED, POLICY_ANY, 0, true, INVARIANT_J2 },
	{ TROUBLE_UID_REWRITTEN, POLICY_V5, V5_NO, true, NO_INVARIANT },
	{ TROUBLE_TRASH_BLOCKS, POLICY_V9, V9_NO, true, NO_INVARIANT },
	{ TROUBLE_TRUNCATED_SILENTLY, POLICY_V7, V7_507 | V7_NONE, true, INVARIANT_J6 },
	{ TROUBLE_LOST_CHANGE, POLICY_ANY, 0, false, INVARIANT_J5 },
	{ TROUBLE_COARSE_TOKEN, POLICY_ANY, 0, false, INVARIANT_J5 },
	{ TROUBLE_FIRST_SYNC_SHORT, POLICY_ANY, 0, true, INVARIANT_J5 },
	{ TROUBLE_CTAG_STALE, POLICY_ANY, 0, false, INVARIANT_J5 },
	{ TROUBLE_CLIENT_ID_SWALLOWED, POLICY_V8,
	    V8_KEY_CLIENT_ID | V8_UID | V8_CLIENT_UID | V8_NONE, false, NO_INVARIANT },
};

static void lesson_learn(const struct sight *t, const struct lesson *l, const struct matter *m)
{
	bool sure = !l->whole || !t->s->lossy;
	if (l->policy != POLICY_ANY && m->certainty != SUSPECTED && sure)
		sight_exclude(t, l->policy, l->values);
	if (l->invariant != NO_INVARIANT && (sure || m->certainty == CONFIRMED))
		sight_broken(t, (enum invariant)l->invariant, m->certainty);
}

void servers_matter(struct servers *s, const struct matter *m)
{
	struct sight t;
	if (s == NULL || m->op == NULL || m->op->copy || !m->op->txn->res.seen)
		return;
	for (size_t i = 0; i < sizeof(lessons) / sizeof(lessons[0]); i++)
		if (lessons[i].trouble == m->trouble &&
		    sight_open(s, m->op, holds_of(s, m->op), &t))
			lesson_learn(&t, &lessons[i], m);
}

/* ---- profiles ---- */

bool server_agrees(const struct profile *profile, const struct server_view *view)
{
	uint64_t both = profile->said & view->shown;
	if (profile->side != SIDE_SERVER || profile->speaks != view->speaks)
		return false;
	for (unsigned i = 1; i < POLICIES; i++)
		if ((both & BIT64(i)) && !(profile->policies.set[i] & view->fit.set[i]))
			return false;
	return true;
}
