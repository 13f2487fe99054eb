/*
 * davkit.h - a calendar in the hands of two clients: REPORTs, writes, listings and reads for tests.
 */
#ifndef DAVSCOPE_TESTS_DAVKIT_H
#define DAVSCOPE_TESTS_DAVKIT_H

#include "analysis/session.h"
#include "tests/unit/sessionkit.h"

enum { ANNA = 101, BERT = 202 }; /* peers */
#define CAL UINT64_C(4711) /* a scope */

/* ---- a REPORT sync-collection ---- */

struct ask {
	const char *token; /* offered; NULL: none */
	unsigned status; /* 0: 207; NO_ANSWER: none */
	const char *gives; /* the token of the answer */
	const char *rows; /* "a.ics b.ics -c.ics/": the minus is a 404 */
	bool cut; /* a 507 row */
	bool torn, unsure, unread, filtered; /* torn: the answer has a hole */
	bool says_token; /* DAV:valid-sync-token */
	unsigned limit;
	bool request_torn;
	const char *depth, *server, *user;
};
enum { NO_ANSWER = 1 };

enum { ROWS_MAX = 32 };
struct listing_made {
	struct dav asked, said;
	struct dav_response rows[ROWS_MAX];
	struct dav_prop props[ROWS_MAX][4];
	struct dav_name error;
};

static inline struct dav_response *row_add(struct listing_made *l, const char *name, size_t n)
{
	struct dav_response *row = &l->rows[l->said.n_responses++];
	char href[80];
	snprintf(href, sizeof(href), "/dav/cal/%.*s", (int)n, name);
	row->href = text(href);
	row->props = l->props[row - l->rows];
	return row;
}

static inline void row_prop_add(struct dav_response *row, const char *name, const char *value)
{
	struct dav_prop *prop = (struct dav_prop *)&row->props[row->n_props++];
	*prop = (struct dav_prop){ .name.local = text(name),
		.status = 200,
		.bytes = strlen(value),
		.value = text(value) };
}

/* Names, each with its tag behind "=" when it is read. */
static inline void rows_add(struct listing_made *l, const char *names, bool tags)
{
	while (names != NULL && *names != '\0') {
		size_t n = strcspn(names, " "), name = strcspn(names, " =");
		bool gone = *names == '-';
		struct dav_response *row = row_add(l, names + gone, name - gone);
		if (gone)
			row->status = 404;
		else if (tags)
			row_prop_add(row, "getetag", name < n ? "\"other\"" : "\"1\"");
		names += n + (names[n] == ' ');
	}
}

static inline void answer_made(struct made *m, struct listing_made *l)
{
	l->said.root.local = text("multistatus");
	l->said.responses = l->rows;
	l->said.responses_seen = l->said.n_responses;
	l->said.whole = true;
	m->txn.res.body.dav = &l->said;
	m->txn.res.body.kind = BODY_XML;
}

static inline void refusal_made(struct made *m, struct listing_made *l, bool says_token)
{
	l->said.root.local = text("error");
	l->error.local = text("valid-sync-token");
	l->said.errors = &l->error;
	l->said.n_errors = says_token;
	l->said.whole = true;
	m->txn.res.body.dav = &l->said;
}

static const struct facts caldav = { .flavour = FLAVOUR_CALDAV };
static const struct facts damaged = { .flavour = FLAVOUR_CALDAV, .damage = DAMAGE_GZIP_SUFFIX };

static inline struct op op_made(uint64_t peer, enum op_kind kind, const char *path)
{
	return (struct op){ .facts = &caldav,
		.kind = kind,
		.peer = peer,
		.at = { .path = text(path), .scope = CAL },
		.calendar = true };
}

static inline void report(struct stage *g, uint64_t peer, struct ask a)
{
	struct made m;
	struct listing_made l = { .asked = { .whole = true } };
	unsigned status = a.status == 0 ? 207 : a.status == NO_ANSWER ? 0 : a.status;
	stage_begin(g, &m, "REPORT", "/dav/cal/", status);
	l.asked.root.local = text("sync-collection");
	l.asked.sync_token = text(a.token);
	l.asked.limit = a.limit;
	l.asked.filtered = a.filtered;
	l.said.sync_token = text(a.gives);
	m.txn.req.body.dav = &l.asked;
	m.txn.auth_user = text(a.user != NULL ? a.user : "anna");
	made_header(&m.txn.req, "Depth", a.depth != NULL ? a.depth : "0");
	if (status != 0)
		made_header(&m.txn.res, "Server", a.server != NULL ? a.server : "store/1");
	rows_add(&l, a.rows, true);
	if (a.cut)
		l.rows[l.said.n_responses++] = (struct dav_response){ .href = text("/dav/cal/"),
			.status = 507 };
	if (status == 207)
		answer_made(&m, &l);
	else if (status != 0)
		refusal_made(&m, &l, a.says_token);
	if (a.torn) {
		m.txn.res.loss = LOSS_GAP;
		l.said.whole = false;
	}
	if (a.unread)
		l.said.whole = false;
	if (a.request_torn) {
		m.txn.req.loss = LOSS_GAP;
		l.asked.whole = false;
	}
	m.txn.unsure = a.unsure;
	struct op op = op_made(peer, OP_DELTA, "/dav/cal");
	op.outcome = a.says_token ? OUT_TOKEN_BAD : status == 207 ? OUT_OK : OUT_REFUSED;
	stage_end(g, &m, &op);
	arena_free(m.txn.arena);
}

/* ---- writes ---- */

struct put {
	const char *match; /* If-Match; NULL: If-None-Match: *; "": neither */
	const char *tag;
	unsigned status;
	enum commit commit; /* COMMIT_UNSEEN: yes */
	const char *user;
	bool damaged; /* the tag, by a hop */
};

static inline void put(struct stage *g, uint64_t peer, const char *name, struct put p)
{
	struct made m;
	char path[80];
	snprintf(path, sizeof(path), "/dav/cal/%s", name);
	stage_begin(g, &m, "PUT", path, p.status != 0 ? p.status : 201);
	m.txn.auth_user = text(p.user != NULL ? p.user : "anna");
	struct op op = op_made(peer, OP_WRITE, path);
	op.at.id = mix_slice(CAL, text(name));
	op.commit = p.commit != COMMIT_UNSEEN ? p.commit : COMMIT_YES;
	op.guard = p.match == NULL ? GUARD_ABSENT : *p.match != '\0' ? GUARD_TAG : GUARD_NONE;
	op.kind = p.match == NULL ? OP_CREATE : *p.match != '\0' ? OP_UPDATE : OP_WRITE;
	op.guard_value = text(p.match);
	op.tag = text(p.tag);
	op.tag_seen = p.tag != NULL ? PRESENT : ABSENT;
	op.facts = p.damaged ? &damaged : &caldav;
	stage_end(g, &m, &op);
	arena_free(m.txn.arena);
}

static inline void create(struct stage *g, uint64_t peer, const char *name)
{
	put(g, peer, name, (struct put){ .tag = "\"1\"" });
}

static inline void single(struct stage *g, uint64_t peer, const char *method, enum op_kind kind,
    const char *path, uint64_t id)
{
	struct made m;
	stage_begin(g, &m, method, path, 204);
	m.txn.auth_user = text("anna");
	struct op op = op_made(peer, kind, path);
	op.at.id = id;
	op.commit = COMMIT_YES;
	stage_end(g, &m, &op);
	arena_free(m.txn.arena);
}

static inline void erase(struct stage *g, uint64_t peer, const char *name)
{
	char path[80];
	snprintf(path, sizeof(path), "/dav/cal/%s", name);
	single(g, peer, "DELETE", OP_DELETE, path, mix_slice(CAL, text(name)));
}

/* ---- listings and bodies ---- */

static inline void list(struct stage *g, uint64_t peer, const char *depth, const char *ctag,
    const char *rows)
{
	struct made m;
	struct listing_made l = { .asked = { .whole = true } };
	stage_begin(g, &m, "PROPFIND", "/dav/cal/", 207);
	made_header(&m.txn.req, "Depth", depth);
	m.txn.req.body.dav = &l.asked;
	struct dav_response *self = row_add(&l, "", 0);
	row_prop_add(self, "resourcetype", "collection calendar");
	if (ctag != NULL)
		row_prop_add(self, "getctag", ctag);
	rows_add(&l, rows, true);
	answer_made(&m, &l);
	struct op op = op_made(peer, *depth == '0' ? OP_PROBE : OP_LIST, "/dav/cal");
	stage_end(g, &m, &op);
	arena_free(m.txn.arena);
}

static inline void multiget(struct stage *g, uint64_t peer, const char *rows)
{
	struct made m;
	struct listing_made l = { .asked = { .whole = true } };
	stage_begin(g, &m, "REPORT", "/dav/cal/", 207);
	l.asked.root.local = text("calendar-multiget");
	m.txn.req.body.dav = &l.asked;
	rows_add(&l, rows, true);
	for (size_t i = 0; i < l.said.n_responses; i++)
		row_prop_add(&l.rows[i], "calendar-data", "0123456789");
	answer_made(&m, &l);
	struct op op = op_made(peer, OP_READ, "/dav/cal");
	stage_end(g, &m, &op);
	arena_free(m.txn.arena);
}

/* ---- in short ---- */

#define TEN "a.ics b.ics c.ics d.ics e.ics f.ics g.ics h.ics i.ics j.ics"

static inline void refuse(struct stage *g, const char *token, unsigned status, bool says_token)
{
	report(g, BERT, (struct ask){ .token = token, .status = status, .says_token = says_token });
}

static inline void begin(struct stage *g, const char *gives, const char *rows)
{
	report(g, BERT, (struct ask){ .gives = gives, .rows = rows });
}

static inline void check(struct stage *g, const char *token, const char *gives, const char *rows)
{
	report(g, BERT, (struct ask){ .token = token, .gives = gives, .rows = rows });
}

#endif
