/*
 * scenekit.h - whole conversations in a few lines: transactions go in at the front of the analysis, what
 * it tells of operations and items is kept.
 *
 *	struct scene s;
 *	scene_open(&s, FLAVOUR_CALDAV);
 *	struct txn *t = begin(&s, "PUT", "/cal/a.ics", 201);
 *	req_event(t, "uid-1", "Tea", 10);
 *	deliver(&s, t);
 *	assert_int_equal(scene_count(&s, TROUBLE_DUPLICATE), 0);
 */
#ifndef DAVSCOPE_TESTS_SCENEKIT_H
#define DAVSCOPE_TESTS_SCENEKIT_H

#include "analysis/facts.h"
#include "analysis/meaning.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { SCENE_HEADERS = 24, SCENE_ROWS = 64, SCENE_PROPS = 6, TOLD_MAX = 4096, TOLD_TEXT = 96 };

/* An event of an operation or an item, with the texts of it that tests ask for. */
struct told {
	enum event_kind kind;
	struct matter m;
	struct op op;
	char href[TOLD_TEXT], other[TOLD_TEXT], uid[TOLD_TEXT], value[TOLD_TEXT], other_value[TOLD_TEXT];
	char peer[TOLD_TEXT], device[TOLD_TEXT];
};

struct scene {
	struct limits limits;
	struct analysis *analysis;
	struct decode_sink in;
	enum flavour flavour;      /* what the answers show */
	const char *host, *agent, *user; /* of requests from now on; NULL: none */
	struct endpoint client, server;
	uint64_t order, flow;
	int64_t ns;
	struct told *told;
	size_t n_told;
	long *memory, left;        /* alloc_fail.h: while the analysis works, so many allocations are left */
};

static inline void told_text(char out[TOLD_TEXT], struct slice s)
{
	size_t n = s.n < TOLD_TEXT - 1 ? s.n : TOLD_TEXT - 1;
	if (n != 0)
		memcpy(out, s.p, n);
	out[n] = '\0';
}

static inline void scene_told(void *ctx, const struct event *e)
{
	struct scene *s = ctx;
	if (e->kind != EVENT_OPERATION && e->kind != EVENT_ITEM && e->kind != EVENT_SESSION)
		return;
	if (s->n_told == TOLD_MAX)
		return;
	struct told *t = &s->told[s->n_told++];
	*t = (struct told){ .kind = e->kind };
	if (e->op != NULL) {
		t->op = *e->op;
		told_text(t->href, e->op->at.path);
		told_text(t->peer, e->op->peer_name);
		told_text(t->device, e->op->device);
	}
	if (e->matter == NULL)
		return;
	t->m = *e->matter;
	told_text(t->href, e->matter->href);
	told_text(t->other, e->matter->other_href);
	told_text(t->uid, e->matter->uid);
	told_text(t->value, e->matter->value);
	told_text(t->other_value, e->matter->other_value);
	told_text(t->peer, e->matter->peer);
	told_text(t->device, e->matter->device);
}

static inline void scene_open_with(struct scene *s, enum flavour flavour, struct limits limits)
{
	struct error e;
	*s = (struct scene){ .limits = limits, .flavour = flavour, .host = "dav.example", .agent = "Client/1.0",
		.client = { 4, 40000, { 10, 0, 0, 1 } }, .server = { 4, 80, { 10, 0, 0, 2 } }, .flow = 1,
		.ns = INT64_C(1159000000000000000) };
	struct analysis_options options = { .limits = &s->limits, .key = hash_key_from(7) };
	s->told = calloc(TOLD_MAX, sizeof(*s->told));
	s->analysis = analysis_new(&options, (struct analysis_sink){ scene_told, s }, &e);
	assert_non_null(s->told);
	assert_non_null(s->analysis);
	s->in = analysis_input(s->analysis);
}

static inline void scene_open(struct scene *s, enum flavour flavour)
{
	scene_open_with(s, flavour, limits_default());
}

static inline void scene_memory(struct scene *s, bool limited)
{
	if (s->memory == NULL)
		return;
	if (limited)
		*s->memory = s->left;
	else
		s->left = *s->memory;
	if (!limited)
		*s->memory = -1;
}

static inline void scene_finish(struct scene *s)
{
	scene_memory(s, true);
	analysis_finish(s->analysis);
	scene_memory(s, false);
}

static inline void scene_close(struct scene *s)
{
	analysis_free(s->analysis);
	free(s->told);
}

static inline bool scene_load(void *ctx, const struct state_record *r)
{
	if (r->body.n != 0)
		assert_true(analysis_load(ctx, r));
	return true;
}

/* Another process goes on from here, with all that this one has to save: once a scene. */
static inline void scene_restart(struct scene *s)
{
	struct error e;
	const struct analysis_options options = { .limits = &s->limits, .key = hash_key_from(7) };
	struct analysis *next = analysis_new(&options, (struct analysis_sink){ scene_told, s }, &e);
	assert_non_null(next);
	assert_true(analysis_save(s->analysis, &(struct state_sink){ scene_load, next }));
	analysis_free(s->analysis);
	s->analysis = next;
	s->in = analysis_input(next);
}

static inline void scene_wait(struct scene *s, int64_t seconds)
{
	s->ns += seconds * 1000000000;
}

/* ---- one transaction ---- */

static inline struct slice keep(struct txn *t, const char *text)
{
	struct slice out;
	ensure(arena_copy(t->arena, slice_from(text), &out), NULL);
	return out;
}

static inline void *make(struct txn *t, size_t n)
{
	void *p = arena_alloc(t->arena, n);
	assert_non_null(p);
	return p;
}

static inline void header(struct txn *t, struct message *m, const char *name, const char *value)
{
	ensure(m->n_headers < SCENE_HEADERS, NULL);
	m->headers[m->n_headers++] = (struct header){ .name = keep(t, name), .value = keep(t, value) };
}

static inline void req_header(struct txn *t, const char *name, const char *value)
{
	header(t, &t->req, name, value);
}

static inline void res_header(struct txn *t, const char *name, const char *value)
{
	header(t, &t->res, name, value);
}

static inline struct stamp scene_stamp(struct scene *s)
{
	s->order++;
	s->ns += 1000000;
	return (struct stamp){ .order = s->order, .frame = s->order, .ns = s->ns };
}

static inline void message_times(struct scene *s, struct message *m)
{
	m->first = scene_stamp(s);
	m->head = scene_stamp(s);
	m->last = scene_stamp(s);
}

static inline void message_open(struct txn *t, struct message *m)
{
	*m = (struct message){ .seen = true, .head_complete = true, .end_seen = true, .version = 11,
		.body = { .complete = true } };
	m->headers = make(t, SCENE_HEADERS * sizeof(struct header));
}

/* The request happens now, the answer when it is sent. Status 0: the connection closes without one. */
static inline struct txn *begin(struct scene *s, const char *method, const char *target, unsigned status)
{
	struct arena *arena = arena_new(4 << 20);
	struct txn *t = arena_alloc(arena, sizeof(*t));
	assert_non_null(t);
	*t = (struct txn){ .arena = arena, .flow = { .frame = s->flow }, .seq = 1, .client = s->client,
		.server = s->server, .gapless = true };
	message_open(t, &t->req);
	t->req.method = keep(t, method);
	t->req.target = keep(t, target);
	message_times(s, &t->req);
	if (s->host != NULL)
		req_header(t, "Host", s->host);
	if (s->agent != NULL)
		req_header(t, "User-Agent", s->agent);
	if (s->user != NULL) {
		t->auth_scheme = keep(t, "Basic");
		t->auth_user = keep(t, s->user);
	}
	if (status == 0) {
		t->unpaired = UNPAIRED_CLOSED;
		return t;
	}
	message_open(t, &t->res);
	t->res.status = (uint16_t)status;
	if (s->flavour == FLAVOUR_EXCHANGE)
		res_header(t, "MS-WebStorage", "6.5.7638");
	else if (s->flavour == FLAVOUR_CALDAV || s->flavour == FLAVOUR_CARDDAV)
		res_header(t, "DAV", s->flavour == FLAVOUR_CALDAV ? "1, calendar-access" : "1, addressbook");
	return t;
}

static inline void deliver(struct scene *s, struct txn *t)
{
	if (t->res.seen)
		message_times(s, &t->res);
	t->done = t->res.seen ? t->res.last : t->req.last;
	if (!t->res.seen)
		t->done = scene_stamp(s);
	scene_memory(s, true);
	s->in.txn(s->in.ctx, t);
	scene_memory(s, false);
}

/* ---- bodies ---- */

static inline uint64_t text_hash(uint64_t seed, const char *text)
{
	return mix_slice(seed, slice_from(text));
}

/* `rev` makes other bytes, `start` is in hours; 0: it has none. */
static inline struct object *object_new(struct txn *t, enum object_kind kind, const char *uid, const char *summary,
    int64_t start, unsigned rev)
{
	struct object *o = make(t, sizeof(*o));
	*o = (struct object){ .kind = kind, .uid = keep(t, uid), .summary = keep(t, summary), .master = true,
		.whole = true, .uids = 1 };
	o->start_ns = start != 0 ? start * INT64_C(3600000000000) : OBJECT_NO_TIME;
	o->end_ns = OBJECT_NO_TIME;
	o->fingerprint = mix(text_hash(100 + kind, summary), (uint64_t)start);
	o->octets = mix(mix(text_hash(200, uid), o->fingerprint), rev);
	o->text = mix(201, o->octets);
	o->lines = mix(202, o->octets);
	o->settled = mix(203, o->octets);
	return o;
}

static inline void body_object(struct message *m, struct object *o)
{
	m->body.kind = o->kind == OBJECT_CARD ? BODY_VCARD : BODY_CALENDAR;
	m->body.object = o;
	m->body.bytes = m->body.decoded_bytes = 300;
	m->body.hash = o->octets;
}

static inline struct object *req_event(struct txn *t, const char *uid, const char *summary, int64_t start)
{
	struct object *o = object_new(t, OBJECT_EVENT, uid, summary, start, 0);
	body_object(&t->req, o);
	return o;
}

static inline struct object *res_event(struct txn *t, const char *uid, const char *summary, int64_t start)
{
	struct object *o = object_new(t, OBJECT_EVENT, uid, summary, start, 0);
	body_object(&t->res, o);
	return o;
}

/* The same bytes as object_new() makes with another `rev`. */
static inline void body_revise(struct message *m, unsigned rev)
{
	struct object *o = (struct object *)(uintptr_t)m->body.object;
	o->octets = mix(o->octets, 1000 + rev);
	o->text = mix(201, o->octets);
	o->lines = mix(202, o->octets);
	o->settled = mix(203, o->octets);
	m->body.hash = o->octets;
}

static inline struct dav *message_dav(struct txn *t, struct message *m, const char *root)
{
	if (m->body.dav == NULL) {
		struct dav *dav = make(t, sizeof(*dav));
		*dav = (struct dav){ .root = { keep(t, "DAV:"), keep(t, root) }, .whole = true };
		m->body.dav = dav;
		m->body.kind = BODY_XML;
		m->body.bytes = m->body.decoded_bytes = 100;
		m->body.hash = text_hash(300, root);
	}
	return (struct dav *)(uintptr_t)m->body.dav;
}

static inline struct dav *res_rows(struct txn *t)
{
	struct dav *dav = message_dav(t, &t->res, "multistatus");
	if (dav->responses == NULL)
		dav->responses = make(t, SCENE_ROWS * sizeof(struct dav_response));
	return dav;
}

/* Status 0: only its properties have one. */
static inline struct dav_response *row(struct txn *t, const char *href, unsigned status)
{
	struct dav *dav = res_rows(t);
	ensure(dav->n_responses < SCENE_ROWS, NULL);
	struct dav_response *r = (struct dav_response *)(uintptr_t)&dav->responses[dav->n_responses++];
	*r = (struct dav_response){ .href = keep(t, href), .status = (uint16_t)status };
	r->props = make(t, SCENE_PROPS * sizeof(struct dav_prop));
	dav->responses_seen = dav->n_responses;
	return r;
}

static inline void row_prop_add(struct txn *t, struct dav_response *r, const char *name, const char *value,
    unsigned status)
{
	ensure(r->n_props < SCENE_PROPS, NULL);
	struct dav_prop *p = (struct dav_prop *)(uintptr_t)&r->props[r->n_props++];
	*p = (struct dav_prop){ .name = { keep(t, "DAV:"), keep(t, name) }, .status = (uint16_t)status,
		.value = keep(t, value), .bytes = strlen(value) };
}

/* A member of a listing with its tag. */
static inline struct dav_response *row_tag(struct txn *t, const char *href, const char *tag)
{
	struct dav_response *r = row(t, href, 0);
	row_prop_add(t, r, "getetag", tag, 200);
	return r;
}

static inline struct dav_response *row_event(struct txn *t, const char *href, const char *tag, const char *uid,
    const char *summary, int64_t start)
{
	struct dav_response *r = row_tag(t, href, tag);
	r->object = object_new(t, OBJECT_EVENT, uid, summary, start, 0);
	return r;
}

static inline void res_error(struct txn *t, const char *name)
{
	struct dav *dav = message_dav(t, &t->res, "error");
	if (dav->errors == NULL)
		dav->errors = make(t, SCENE_PROPS * sizeof(struct dav_name));
	struct dav_name *e = (struct dav_name *)(uintptr_t)&dav->errors[dav->n_errors++];
	*e = (struct dav_name){ keep(t, "urn:ietf:params:xml:ns:caldav"), keep(t, name) };
}

/* ---- whole scenes ---- */

/* A create that must not overwrite; tag NULL: the answer has none. */
static inline void put_new(struct scene *s, const char *target, const char *uid, const char *summary, int64_t start,
    const char *tag, unsigned status)
{
	struct txn *t = begin(s, "PUT", target, status);
	req_header(t, "If-None-Match", "*");
	req_event(t, uid, summary, start);
	if (tag != NULL && status != 0)
		res_header(t, "ETag", tag);
	deliver(s, t);
}

static inline void plain(struct scene *s, const char *method, const char *target, unsigned status)
{
	deliver(s, begin(s, method, target, status));
}

/* A PROPFIND of all members; rows are added before it is sent. */
static inline struct txn *listing(struct scene *s, const char *target)
{
	struct txn *t = begin(s, "PROPFIND", target, 207);
	req_header(t, "Depth", "1");
	message_dav(t, &t->req, "propfind");
	res_rows(t);
	return t;
}

static inline struct txn *multiget(struct scene *s, const char *target)
{
	struct txn *t = begin(s, "REPORT", target, 207);
	message_dav(t, &t->req, "calendar-multiget");
	res_rows(t);
	return t;
}

/* ---- what was told ---- */

/* The n-th matter of that trouble; NULL: there are not so many. */
static inline const struct told *scene_matter(const struct scene *s, enum trouble trouble, size_t n)
{
	for (size_t i = 0; i < s->n_told; i++)
		if (s->told[i].kind != EVENT_OPERATION && s->told[i].m.trouble == trouble && n-- == 0)
			return &s->told[i];
	return NULL;
}

static inline size_t scene_count(const struct scene *s, enum trouble trouble)
{
	size_t n = 0;
	while (scene_matter(s, trouble, n) != NULL)
		n++;
	return n;
}

static inline const struct told *scene_cleared(const struct scene *s, enum gate gate, size_t n)
{
	for (size_t i = 0; i < s->n_told; i++)
		if (s->told[i].kind == EVENT_ITEM && s->told[i].m.trouble == TROUBLE_SUSPICION_CLEARED &&
		    s->told[i].m.cleared == gate && n-- == 0)
			return &s->told[i];
	return NULL;
}

/* The n-th operation that was told, the last one with SIZE_MAX. */
static inline const struct op *scene_op(const struct scene *s, size_t n)
{
	const struct op *last = NULL;
	for (size_t i = 0; i < s->n_told; i++)
		if (s->told[i].kind == EVENT_OPERATION) {
			last = &s->told[i].op;
			if (n-- == 0)
				return last;
		}
	return n > TOLD_MAX ? last : NULL;
}

static inline size_t scene_ops(const struct scene *s)
{
	size_t n = 0;
	while (scene_op(s, n) != NULL)
		n++;
	return n;
}

/* Nothing that would worry anybody. */
static inline void assert_quiet(const struct scene *s)
{
	for (size_t i = 0; i < s->n_told; i++) {
		const struct told *t = &s->told[i];
		if (t->kind == EVENT_ITEM && t->m.trouble != TROUBLE_NONE &&
		    t->m.trouble != TROUBLE_SUSPICION_CLEARED)
			fail_msg("%s of %s", trouble_name(t->m.trouble), t->href);
	}
}

#endif
