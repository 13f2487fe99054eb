/*
 * serverkit.h - conversations, and what they show of the server: a scene with words for its view.
 */
#ifndef DAVSCOPE_TESTS_SERVERKIT_H
#define DAVSCOPE_TESTS_SERVERKIT_H

#include "analysis/servers.h"
#include "tests/unit/scenekit.h"

static struct scene s;

static inline int open_scene(void **state)
{
	(void)state;
	scene_open(&s, FLAVOUR_CALDAV);
	return 0;
}

static inline int close_scene(void **state)
{
	(void)state;
	scene_close(&s);
	return 0;
}

/* Another conversation, with a server nobody knows. */
static inline void again(void)
{
	scene_close(&s);
	scene_open(&s, FLAVOUR_CALDAV);
}

static inline const struct server_view *view_holding(enum holds holds)
{
	const struct servers *servers = analysis_servers(s.analysis);
	for (size_t i = 0; i < servers_count(servers); i++)
		if (servers_at(servers, i)->holds == holds)
			return servers_at(servers, i);
	return NULL;
}

static inline const struct server_view *view(void)
{
	const struct server_view *v = view_holding(HOLDS_CALENDAR);
	assert_non_null(v);
	return v;
}

static inline void assert_fit_of(const struct server_view *v, enum policy p, unsigned values)
{
	assert_non_null(v);
	if (v->fit.set[p] != values)
		fail_msg("%s: %#x, not %#x", policies_table[p].code, v->fit.set[p], values);
	bool shown = values != vector_any().set[p];
	assert_int_equal(v->shown >> p & 1, shown);
	assert_int_equal(v->shown_at[p].frame != 0, shown);
	assert_true(values >> v->fit.first[p] & 1);
}

static inline void assert_fit(enum policy p, unsigned values)
{
	assert_fit_of(view(), p, values);
	assert_int_equal(view()->mixed >> p & 1, 0);
}

static inline void assert_open(enum policy p)
{
	assert_fit(p, vector_any().set[p]);
}

static inline void assert_kept(enum invariant i, enum promise_kept kept, uint64_t times, uint64_t broken)
{
	const struct kept_invariant *k = &view()->invariants[i];
	if (k->kept != kept || k->times != times || k->broken != broken)
		fail_msg("%s: %s, %d of %d broken", invariants_table[i].word, kept_words[k->kept],
		    (int)k->broken, (int)k->times);
	assert_int_equal(k->at.frame != 0, kept != KEPT_UNTRIED);
}

/* ---- one item ---- */

struct say { const char *href, *tag, *inm, *match; unsigned status, rev; };

static inline struct txn *put_of(struct say w)
{
	struct txn *t = begin(&s, "PUT", w.href != NULL ? w.href : "/cal/a.ics", w.status);
	req_event(t, "u1", "Tea", 10);
	body_revise(&t->req, w.rev);
	if (w.inm != NULL)
		req_header(t, "If-None-Match", w.inm);
	if (w.match != NULL)
		req_header(t, "If-Match", w.match);
	if (w.tag != NULL)
		res_header(t, "ETag", w.tag);
	return t;
}

static inline void put(struct say w)
{
	deliver(&s, put_of(w));
}

static inline struct txn *get_of(struct say w)
{
	struct txn *t = begin(&s, "GET", w.href != NULL ? w.href : "/cal/a.ics", 200);
	res_event(t, "u1", "Tea", 10);
	body_revise(&t->res, w.rev);
	if (w.tag != NULL)
		res_header(t, "ETag", w.tag);
	return t;
}

static inline void get(struct say w)
{
	deliver(&s, get_of(w));
}

#define PUT(...) put((struct say){ __VA_ARGS__ })
#define GET(...) get((struct say){ __VA_ARGS__ })

#define SCENE_TEST(name) cmocka_unit_test_setup_teardown(name, open_scene, close_scene)

#endif
