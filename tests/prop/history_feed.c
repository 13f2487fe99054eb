/*
 * history_feed.c - a history as the transactions that decode would hand up, through the analysis; and what
 * the analysis calls duplicates.
 */
#include "tests/prop/history.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

enum { HEADERS_MAX = 12, TEXT_MAX = 160, TXN_BYTES = 1 << 20 };

struct feed {
	const struct history *h;
	struct decode_sink sink;
	struct pairs *out;
	uint64_t order;
	uint64_t flows;
};

/* ---- texts and memory of a transaction ---- */

static void *make(struct txn *t, size_t n)
{
	void *p = arena_alloc(t->arena, n ? n : 1);
	ensure(p != NULL, NULL);
	return p;
}

static struct slice text(struct txn *t, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static struct slice text(struct txn *t, const char *format, ...)
{
	char *p = make(t, TEXT_MAX);
	va_list args;
	va_start(args, format);
	int n = vsnprintf(p, TEXT_MAX, format, args);
	va_end(args);
	ensure(n >= 0 && n < TEXT_MAX, NULL);
	return (struct slice){ (uint8_t *)p, (size_t)n };
}

static struct slice collection_path(const struct feed *f, struct txn *t, unsigned collection)
{
	if (f->h->exchange)
		return text(t, "/exchange/anna/%s/", collection ? "Kalender 2" : "Calendar");
	return text(t, "/cal/anna/%s/", collection ? "home" : "work");
}

static struct slice href_path(const struct feed *f, struct txn *t, uint32_t href)
{
	unsigned collection = f->h->collection_of[href];
	if (f->h->exchange)
		return text(t, "/exchange/anna/%s/n%" PRIu32 ".EML",
		    collection ? "Kalender%202" : "Calendar", href);
	return text(t, "/cal/anna/%s/n%" PRIu32 ".ics", collection ? "home" : "work", href);
}

static void header(struct txn *t, struct message *m, const char *name, struct slice value)
{
	if (m->headers == NULL)
		m->headers = make(t, HEADERS_MAX * sizeof(*m->headers));
	ensure(m->n_headers < HEADERS_MAX, NULL);
	m->headers[m->n_headers++] = (struct header){ .name = slice_from(name), .value = value };
}

static struct slice tag_text(const struct feed *f, struct txn *t, uint32_t tag)
{
	if (f->h->exchange)
		return text(t, "<rt:8996592620a48a4393901c9368f7c518%012" PRIx32 ">", tag);
	return text(t, "\"v%" PRIu32 "\"", tag);
}

/* ---- what is sent and read ---- */

static uint64_t number(uint64_t kind, struct look look)
{
	uint64_t parts[] = { kind, look.uid, look.what, look.recurrence };
	return hash_fixed(parts, sizeof(parts)) | 1;
}

static const struct object *object(struct txn *t, struct look look)
{
	struct object *o = make(t, sizeof(*o));
	int64_t start = INT64_C(1161000000) + (int64_t)look.what * 7200;
	*o = (struct object){ .kind = OBJECT_EVENT,
		.summary = text(t, "Item %" PRIu32, look.what),
		.start_ns = start * 1000000000,
		.end_ns = (start + 3600) * 1000000000,
		.fingerprint = number(1, (struct look){ .what = look.what }),
		.octets = number(2, look),
		.text = number(3, look),
		.lines = number(4, look),
		.settled = number(5, look),
		.master = look.recurrence == 0,
		.overrides = look.recurrence != 0,
		.uids = look.uid != 0,
		.whole = true };
	if (look.uid != 0)
		o->uid = text(t, "uid-%" PRIu32 "@example.org", look.uid);
	if (look.recurrence != 0)
		o->recurrence_id = text(t, "200610%02" PRIu32 "T090000Z", look.recurrence);
	return o;
}

static void body(const struct feed *f, struct txn *t, struct message *m, struct look look)
{
	m->body = (struct body){ .bytes = 400,
		.decoded_bytes = 400,
		.kind = f->h->exchange ? BODY_MIME : BODY_CALENDAR,
		.complete = true,
		.organizer = ABSENT,
		.hash = number(6, look),
		.object = object(t, look) };
	header(t, m, "Content-Type",
	    f->h->exchange ? SLICE("message/rfc822") : SLICE("text/calendar; charset=utf-8"));
}

static struct dav *xml(struct txn *t, struct message *m, struct dav_name root)
{
	struct dav *dav = make(t, sizeof(*dav));
	*dav = (struct dav){ .root = root, .whole = true };
	m->body = (struct body){ .bytes = 900,
		.decoded_bytes = 900,
		.kind = BODY_XML,
		.complete = true,
		.dav = dav };
	header(t, m, "Content-Type", SLICE("text/xml; charset=utf-8"));
	return dav;
}

static struct dav_name dav_name(const char *local)
{
	return (struct dav_name){ SLICE("DAV:"), slice_from(local) };
}

static struct dav_name caldav_name(const char *local)
{
	return (struct dav_name){ SLICE("urn:ietf:params:xml:ns:caldav"), slice_from(local) };
}

/* ---- messages ---- */

static struct stamp stamp(struct feed *f, int64_t ns)
{
	f->order++;
	return (struct stamp){ .order = f->order, .frame = f->order, .ns = ns };
}

static void message(struct feed *f, struct message *m, int64_t ns)
{
	struct stamp at = stamp(f, ns);
	*m = (struct message){ .seen = true,
		.head_complete = true,
		.end_seen = true,
		.version = 11,
		.first = at,
		.head = at,
		.last = at,
		.from = 0,
		.to = 500,
		.body = { .complete = true } };
}

static struct txn *txn_open(struct feed *f, const struct step *s, int64_t ns)
{
	static const char *const methods[] = { "PUT", "DELETE", "MOVE", "COPY", "GET", "PROPFIND",
		"REPORT" };
	static const char *const agents[] = { "clientA/1.0", "clientB/2.0" };
	static const char *const users[] = { "anna", "otto" };
	struct arena *arena = arena_new(TXN_BYTES);
	struct txn *t = arena != NULL ? arena_alloc(arena, sizeof(*t)) : NULL;
	ensure(t != NULL, NULL);
	t->arena = arena;
	message(f, &t->req, ns);
	t->flow = (struct flow_id){ .frame = t->req.first.frame };
	t->seq = 1;
	t->gapless = true;
	t->client = (struct endpoint){ 4, (uint16_t)(40000 + f->flows++ % 20000),
		{ 10, 0, 0, (uint8_t)(1 + s->client) } };
	t->server = (struct endpoint){ 4, 80, { 10, 0, 1, 1 } };
	t->auth_scheme = SLICE("Basic");
	t->auth_user = slice_from(users[s->client]);
	t->req.method = slice_from(methods[s->verb]);
	t->req.target = s->href ? href_path(f, t, s->href) : collection_path(f, t, s->collection);
	header(t, &t->req, "Host", SLICE("dav.example.org"));
	header(t, &t->req, "User-Agent", slice_from(agents[s->client]));
	return t;
}

static void request(struct feed *f, struct txn *t, const struct step *s)
{
	if (s->verb == VERB_PUT)
		body(f, t, &t->req, s->look);
	if (s->condition == COND_ABSENT)
		header(t, &t->req, "If-None-Match", SLICE("*"));
	if (s->condition == COND_TAG)
		header(t, &t->req, "If-Match", SLICE("\"v0\""));
	if (s->to != 0) {
		struct slice to = href_path(f, t, s->to);
		header(t, &t->req, "Destination",
		    text(t, "http://dav.example.org%.*s", (int)to.n, (const char *)to.p));
		header(t, &t->req, "Overwrite", SLICE("F"));
	}
	if (s->verb == VERB_GET && f->h->exchange)
		header(t, &t->req, "Translate", SLICE("f"));
	if (s->verb == VERB_LIST || s->verb == VERB_MULTIGET) {
		header(t, &t->req, "Depth", s->verb == VERB_LIST ? SLICE("1") : SLICE("0"));
		struct dav *dav = xml(t, &t->req,
		    s->verb == VERB_LIST ? dav_name("propfind") : caldav_name("calendar-multiget"));
		struct dav_prop *props = make(t, 2 * sizeof(*props));
		props[0].name = dav_name("getetag");
		props[1].name = caldav_name("calendar-data");
		dav->props = props;
		dav->n_props = s->verb == VERB_LIST ? 1 : 2;
		struct slice *hrefs = make(t, s->n_rows * sizeof(*hrefs));
		for (size_t i = 0; i < s->n_rows && s->verb == VERB_MULTIGET; i++)
			hrefs[dav->n_hrefs++] = href_path(f, t, s->rows[i].href);
		dav->hrefs = hrefs;
	}
}

static void row_fill(const struct feed *f, struct txn *t, const struct step *s,
    const struct row *row, struct dav_response *r)
{
	r->href = href_path(f, t, row->href);
	if (row->gone) {
		r->status = 404;
		return;
	}
	struct dav_prop *props = make(t, 2 * sizeof(*props));
	struct slice tag = text(t, "\"v%" PRIu32 "\"", row->tag);
	props[0] = (struct dav_prop){ dav_name("getetag"), 200, tag.n, tag };
	props[1] = (struct dav_prop){ .name = caldav_name("calendar-data"),
		.status = 200,
		.bytes = 400 };
	r->props = props;
	r->n_props = s->verb == VERB_LIST ? 1 : 2;
	if (s->verb == VERB_MULTIGET)
		r->object = object(t, row->look);
}

/* The collection itself is a row of a listing. */
static void rows(const struct feed *f, struct txn *t, const struct step *s)
{
	struct dav *dav = xml(t, &t->res, dav_name("multistatus"));
	struct dav_response *r = make(t, (s->n_rows + 1) * sizeof(*r));
	if (s->verb == VERB_LIST) {
		struct dav_prop *props = make(t, sizeof(*props));
		props[0] = (struct dav_prop){ .name = dav_name("getetag"), .status = 404 };
		r[0] = (struct dav_response){ .href = collection_path(f, t, s->collection),
			.props = props,
			.n_props = 1 };
		dav->n_responses = 1;
	}
	for (size_t i = 0; i < s->n_rows; i++)
		row_fill(f, t, s, &s->rows[i], &r[dav->n_responses++]);
	dav->responses = r;
	dav->responses_seen = dav->n_responses;
}

static void conflict(struct txn *t, const struct step *s)
{
	struct dav_name *error = make(t, sizeof(*error));
	*error = caldav_name("no-uid-conflict");
	if (s->status == 409) {
		struct dav *dav = xml(t, &t->res, dav_name("error"));
		dav->errors = error;
		dav->n_errors = 1;
		return;
	}
	struct dav *dav = xml(t, &t->res, dav_name("multistatus"));
	struct dav_response *r = make(t, sizeof(*r));
	*r = (struct dav_response){ .href = t->req.target, .status = 412, .error = *error };
	dav->responses = r;
	dav->n_responses = dav->responses_seen = 1;
}

static void answer(struct feed *f, struct txn *t, const struct step *s, int64_t ns)
{
	message(f, &t->res, ns);
	t->res.status = s->status;
	if (f->h->exchange)
		header(t, &t->res, "MS-WebStorage", SLICE("6.5.7638"));
	else
		header(t, &t->res, "DAV", SLICE("1, 3, calendar-access"));
	if (s->verb == VERB_LIST || s->verb == VERB_MULTIGET)
		rows(f, t, s);
	else if (s->inner_conflict || s->status == 409)
		conflict(t, s);
	else if (s->verb == VERB_GET && s->status == 200)
		body(f, t, &t->res, s->look);
	if (s->fate == FATE_CLIPPED) {
		t->res.head_complete = false;
		t->res.loss = LOSS_CLIPPED;
		t->gapless = false;
	} else if (s->tag != 0 && s->status / 100 == 2) {
		header(t, &t->res, f->h->exchange ? "ResourceTag" : "ETag", tag_text(f, t, s->tag));
	}
}

static void hand_up(struct feed *f, struct txn *t)
{
	t->done = stamp(f, t->res.seen ? t->res.last.ns : t->req.last.ns + 1000);
	f->sink.txn(f->sink.ctx, t);
}

static void feed_leg(struct feed *f, const struct step *s)
{
	struct step leg = *s;
	leg.status = 401;
	leg.fate = FATE_ANSWERED;
	leg.inner_conflict = false;
	struct txn *t = txn_open(f, &leg, s->ns - 200000000);
	t->auth_scheme = t->auth_user = (struct slice){ 0 };
	request(f, t, &leg);
	answer(f, t, &leg, s->ns - 150000000);
	hand_up(f, t);
}

/* Before the first step the server shows what it is: a first request without an answer would not tell. */
static void feed_hello(struct feed *f, const struct step *first)
{
	const struct step hello = { .ns = first->ns - 1000000000, .verb = VERB_GET, .status = 404 };
	struct txn *t = txn_open(f, &hello, hello.ns);
	t->req.method = SLICE("OPTIONS");
	answer(f, t, &hello, hello.ns + 50000000);
	t->res.status = 200;
	hand_up(f, t);
}

static void feed_step(struct feed *f, const struct step *s)
{
	if (s->leg)
		feed_leg(f, s);
	struct txn *t = txn_open(f, s, s->ns);
	header(t, &t->req, "Authorization", SLICE("<cred#1 Basic>"));
	request(f, t, s);
	if (s->fate == FATE_LOST)
		t->unpaired = s->ns % 2 ? UNPAIRED_CLOSED : UNPAIRED_RESET;
	else if (s->fate == FATE_UNSEEN)
		t->unpaired = UNPAIRED_GAP;
	else
		answer(f, t, s, s->ns + 50000000);
	if (s->fate == FATE_UNSEEN)
		t->gapless = false;
	hand_up(f, t);
}

/* ---- what comes out ---- */

/* The number in ".../n17.ics", however the path is spelt; 0: none of ours. */
static uint32_t href_read(struct slice path)
{
	size_t at = path.n;
	while (at > 0 && path.p[at - 1] != '/')
		at--;
	uint32_t href = 0;
	for (at++; at < path.n && path.p[at] >= '0' && path.p[at] <= '9' && href < HREFS; at++)
		href = 10 * href + (uint32_t)(path.p[at] - '0');
	return href < HREFS ? href : 0;
}

static void on_event(void *ctx, const struct event *event)
{
	struct feed *f = ctx;
	if (event->kind != EVENT_ITEM || event->matter == NULL ||
	    event->matter->trouble != TROUBLE_DUPLICATE)
		return;
	uint32_t first = href_read(event->matter->other_href),
		 second = href_read(event->matter->href);
	ensure(f->out->n < PAIRS, NULL);
	f->out->v[f->out->n++] = (struct pair){ .href = { first, second } };
}

void history_feed(const struct history *h, struct pairs *out)
{
	struct limits limits = limits_default();
	struct feed f = { .h = h, .out = out };
	struct error e = { "" };
	struct analysis_options options = { .limits = &limits, .key = hash_key_from(h->seed) };
	struct analysis *a = analysis_new(&options, (struct analysis_sink){ on_event, &f }, &e);
	ensure(a != NULL, NULL);
	out->n = 0;
	f.sink = analysis_input(a);
	feed_hello(&f, &h->steps[0]);
	for (size_t i = 0; i < h->n; i++)
		feed_step(&f, &h->steps[i]);
	analysis_finish(a);
	analysis_free(a);
}
