/*
 * test_tags.c - analysis/tags.c: what a change tag promises, held against what is read under it.
 */
#include "tests/unit/onescene.h"

static void put(const char *tag, unsigned rev)
{
	struct txn *t = begin(&s, "PUT", "/cal/a.ics", 201);
	req_event(t, "u1", "Tea", 10);
	body_revise(&t->req, rev);
	if (tag != NULL)
		res_header(t, "ETag", tag);
	deliver(&s, t);
}

static struct txn *get(const char *tag, unsigned rev)
{
	struct txn *t = begin(&s, "GET", "/cal/a.ics", 200);
	res_event(t, "u1", "Tea", 10);
	body_revise(&t->res, rev);
	if (tag != NULL)
		res_header(t, "ETag", tag);
	return t;
}

static void read_it(const char *tag, unsigned rev)
{
	deliver(&s, get(tag, rev));
}

/* In the row of a REPORT; what XML leaves of it. */
static struct txn *fetch(const char *tag, unsigned rev)
{
	struct txn *t = multiget(&s, "/cal/");
	struct dav_response *r = row(t, "/cal/a.ics", 0);
	if (tag != NULL)
		row_prop_add(t, r, "getetag", tag, 200);
	struct object *o = object_new(t, OBJECT_EVENT, "u1", "Tea", 10, 0);
	o->octets = mix(o->octets, 1000 + rev);
	o->text = mix(201, o->octets);
	o->lines = mix(202, o->octets);
	o->settled = mix(203, o->octets);
	o->octets = 0;
	r->object = o;
	return t;
}

static void list_it(const char *tag)
{
	struct txn *t = listing(&s, "/cal/");
	row_tag(t, "/cal/a.ics", tag);
	deliver(&s, t);
}

static void assert_told(enum trouble trouble, size_t n)
{
	assert_int_equal(scene_count(&s, trouble), n);
	s.n_told = 0;
}

static void assert_nothing(void)
{
	for (size_t i = 0; i < s.n_told; i++)
		if (s.told[i].kind == EVENT_ITEM &&
		    s.told[i].m.trouble != TROUBLE_UNGUARDED_UPDATE &&
		    s.told[i].m.trouble != TROUBLE_NONE &&
		    s.told[i].m.trouble != TROUBLE_SUSPICION_CLEARED)
			fail_msg("%s", trouble_name(s.told[i].m.trouble));
	s.n_told = 0;
}

/* ---- a tag that lies ---- */

static void healthy(void **state)
{
	(void)state;
	put("\"1\"", 1);
	read_it("\"1\"", 1);
	deliver(&s, fetch("\"1\"", 1));
	list_it("\"1\"");
	put("\"2\"", 2);
	read_it("\"2\"", 2);
	read_it("\"2\"", 2);
	assert_nothing();
}

static void other_bytes_under_one_tag(void **state)
{
	(void)state;
	put("\"1\"", 1);
	read_it("\"1\"", 2);
	const struct told *t = scene_matter(&s, TROUBLE_LYING_TAG, 0);
	assert_non_null(t);
	assert_int_equal(t->m.certainty, CONFIRMED);
	assert_string_equal(t->value, "\"1\"");
	assert_string_equal(t->href, "/cal/a.ics");
	assert_string_equal(t->uid, "u1");
	assert_int_equal(t->m.n_packets, 4); /* of the write and of the read */
	read_it("\"1\"", 2);
	assert_told(TROUBLE_LYING_TAG, 1);
}

/* Octets of a row have been through an XML parser. */
static void other_text_in_a_row(void **state)
{
	(void)state;
	put("\"1\"", 1);
	deliver(&s, fetch("\"1\"", 2));
	assert_int_equal(scene_matter(&s, TROUBLE_LYING_TAG, 0)->m.certainty, PROBABLE);
	put("\"2\"", 3); /* it is the same server */
	read_it("\"2\"", 4);
	assert_told(TROUBLE_LYING_TAG, 1);
}

static void no_promise(void **state)
{
	(void)state;
	put("W/\"1\"", 1); /* a weak one promises no bytes */
	read_it("W/\"1\"", 2);
	assert_nothing();
	put(NULL, 1); /* none promises nothing */
	read_it("\"1\"", 2);
	assert_nothing();
	put("\"3\"", 3); /* new bytes under a new tag: somebody wrote */
	read_it("\"4\"", 4);
	assert_nothing();
	put("\"5\"", 5); /* a hop weakened it: then it promises nothing any more */
	read_it("W/\"5\"", 6);
	assert_nothing();
}

/* What was sent or read is known in part only. */
static void seen_in_part(void **state)
{
	(void)state;
	struct txn *t = begin(&s, "PUT", "/cal/a.ics", 201);
	req_event(t, "u1", "Tea", 10)->whole = false;
	t->req.body.hash = 0;
	res_header(t, "ETag", "\"1\"");
	deliver(&s, t);
	read_it("\"1\"", 2);
	assert_nothing();
	put("\"2\"", 1);
	t = get("\"2\"", 2);
	((struct object *)(uintptr_t)t->res.body.object)->whole = false;
	deliver(&s, t);
	assert_nothing();
	t = get("\"2\"", 2);
	t->res.body.complete = false;
	((struct object *)(uintptr_t)t->res.body.object)->octets = 0;
	((struct object *)(uintptr_t)t->res.body.object)->text = 0;
	deliver(&s, t);
	assert_nothing();
	t = get("\"2\"", 2);
	t->unsure = true;
	deliver(&s, t);
	assert_nothing();
}

/* CALDAV:expand, comp and prop: that is not what is stored. */
static void asked_in_part(void **state)
{
	(void)state;
	put("\"1\"", 1);
	struct txn *t = fetch("\"1\"", 2);
	((struct dav *)(uintptr_t)t->req.body.dav)->partial_data = true;
	deliver(&s, t);
	assert_nothing();
	t = fetch("\"1\"", 2);
	t->req.body.dav = NULL; /* what was asked for is not known */
	t->req.target = SLICE("/cal/");
	deliver(&s, t);
	assert_nothing();
}

/* One tag on two resources is no fault: each is judged by itself. */
static void tags_of_others(void **state)
{
	(void)state;
	put("\"1\"", 1);
	struct txn *t = begin(&s, "GET", "/cal/b.ics", 200);
	res_event(t, "u2", "Milk", 11);
	res_header(t, "ETag", "\"1\"");
	deliver(&s, t);
	assert_nothing();
}

/* ---- forms of one tag ---- */

static void forms(void **state)
{
	static const char *const same[] = { "\"1-x\"", "\"1-x-gzip\"", "\"1-x;gzip\"",
		"\"1-x--gzip\"", "\"1-x\"-gzip", "\"1-x\";gzip", "W/\"1-x\"", "W/\"1-x-gzip\"",
		"1-x", "\\\"1-x\\\"", "\"\\\"1-x\\\"\"", "&quot;1-x&quot;" };
	(void)state;
	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++)
		for (size_t k = 0; k < sizeof(same) / sizeof(same[0]); k++) {
			put(same[i], 1);
			read_it(same[k], 1);
			list_it(same[k]);
			assert_nothing();
		}
}

/* ---- another tag ---- */

static void tag_of_something_else(void **state)
{
	(void)state;
	put("\"1\"", 1);
	read_it("\"2\"", 1);
	const struct told *t = scene_matter(&s, TROUBLE_TAG_MISMATCH, 0);
	assert_non_null(t);
	assert_string_equal(t->value, "\"2\"");
	/* Somebody may have written the same again without being seen. */
	assert_int_equal(t->m.certainty, PROBABLE);
	read_it("\"3\"", 1);
	assert_told(TROUBLE_TAG_MISMATCH, 1);
}

static void reordered_and_tagged_anew(void **state)
{
	(void)state;
	put("\"1\"", 1);
	struct txn *t = get("\"2\"", 1);
	struct object *o = (struct object *)(uintptr_t)t->res.body.object;
	o->octets++; /* other bytes, the same lines in another order */
	o->text++;
	deliver(&s, t);
	assert_told(TROUBLE_TAG_MISMATCH, 1);
}

/* Read back at once it has another tag and other words, and is the same to people: whose tag was that? */
static void read_back_at_once(void **state)
{
	(void)state;
	put("\"1\"", 1);
	read_it("\"2\"", 2);
	assert_int_equal(scene_count(&s, TROUBLE_TAG_MISMATCH), 1);
	assert_int_equal(scene_matter(&s, TROUBLE_TAG_MISMATCH, 0)->m.certainty, PROBABLE);
}

static void read_back_later(void **state)
{
	(void)state;
	put("\"1\"", 1);
	scene_wait(&s, 60);
	read_it("\"2\"", 2);
	assert_nothing();
}

static void read_back_as_another(void **state)
{
	(void)state;
	put("\"1\"", 1);
	struct txn *t = begin(&s, "GET", "/cal/a.ics", 200);
	res_event(t, "u1", "Dinner", 19);
	res_header(t, "ETag", "\"2\"");
	deliver(&s, t);
	assert_nothing();
}

static void unstable(void **state)
{
	(void)state;
	read_it("\"1\"", 1);
	read_it("\"2\"", 1);
	assert_int_equal(scene_matter(&s, TROUBLE_TAG_UNSTABLE, 0)->m.certainty, PROBABLE);
	read_it("\"3\"", 1);
	assert_told(TROUBLE_TAG_UNSTABLE, 1);
	put("\"4\"", 4);
	read_it("\"4\"", 5);
	read_it("\"5\"", 5);
	assert_int_equal(scene_count(&s, TROUBLE_TAG_UNSTABLE), 1);
}

static void stable(void **state)
{
	(void)state;
	read_it("\"1\"", 1);
	read_it("\"2\"", 2);
	deliver(&s, fetch("\"3\"", 3));
	list_it("\"4\"");
	read_it("\"4\"", 4);
	assert_nothing();
	read_it("W/\"5\"", 4); /* a weak one may change as it likes */
	read_it("W/\"6\"", 4);
	assert_nothing();
}

/* A read without a tag says nothing of the tag that was known: the bytes may be newer. */
static void read_without_tag(void **state)
{
	(void)state;
	put("\"1\"", 1);
	read_it(NULL, 2);
	read_it("\"2\"", 2);
	assert_nothing();
	read_it(NULL, 2);
	read_it("\"2\"", 2);
	assert_nothing();
}

/* The tag of the write stands for what was sent, whatever was read without one in between. */
static void lie_behind_a_read_without_tag(void **state)
{
	(void)state;
	put("\"1\"", 1);
	read_it(NULL, 2);
	read_it("\"1\"", 2);
	assert_told(TROUBLE_LYING_TAG, 1);
}

/* Under way when the write came: it may show what was there before, or what came after. */
static void read_during_a_write(void **state)
{
	(void)state;
	read_it("\"0\"", 1);
	struct txn *t = get("\"0\"", 1);
	put("\"1\"", 1); /* the same words again */
	deliver(&s, t);
	assert_nothing();
	t = fetch("\"0\"", 1);
	put("\"2\"", 2);
	deliver(&s, t);
	read_it("\"2\"", 2);
	assert_nothing();
}

/* What a write of unknown outcome left is not known. */
static void after_a_write_of_unknown_outcome(void **state)
{
	(void)state;
	put("\"1\"", 1);
	struct txn *t = begin(&s, "PUT", "/cal/a.ics", 0);
	req_event(t, "u1", "Tea", 10);
	deliver(&s, t);
	s.n_told = 0;
	read_it("\"2\"", 1);
	assert_nothing();
	read_it("\"2\"", 1);
	assert_nothing();
}

static void after_delete_and_move(void **state)
{
	(void)state;
	put("\"1\"", 1);
	plain(&s, "DELETE", "/cal/a.ics", 204);
	put("\"2\"", 1);
	read_it("\"2\"", 1);
	assert_nothing();
	struct txn *t = begin(&s, "MOVE", "/cal/a.ics", 201);
	req_header(t, "Destination", "/cal/b.ics");
	deliver(&s, t);
	t = begin(&s, "MOVE", "/cal/b.ics", 201);
	req_header(t, "Destination", "/cal/a.ics");
	deliver(&s, t);
	read_it("\"3\"", 1); /* a move may give it a new one */
	assert_nothing();
}

/* ---- scheduling ---- */

static void scheduled(const char *tag, unsigned rev, bool reply)
{
	struct txn *t = get(NULL, rev);
	struct object *o = (struct object *)(uintptr_t)t->res.body.object;
	if (reply)
		o->settled = 77;
	res_header(t, "Schedule-Tag", tag);
	deliver(&s, t);
}

static void moved_by_a_reply(void **state)
{
	(void)state;
	scheduled("\"s1\"", 1, true);
	scheduled("\"s1\"", 2, true);
	assert_nothing();
	scheduled("\"s2\"", 3, true);
	assert_int_equal(scene_matter(&s, TROUBLE_SCHEDULE_TAG_MOVED, 0)->m.certainty, PROBABLE);
	assert_told(TROUBLE_SCHEDULE_TAG_MOVED, 1);
	scheduled("\"s3\"", 4, false); /* something else was changed as well */
	assert_nothing();
}

static void moved_by_a_write(void **state)
{
	(void)state;
	struct txn *t = begin(&s, "PUT", "/cal/a.ics", 201);
	req_event(t, "u1", "Tea", 10);
	res_header(t, "Schedule-Tag", "\"s1\"");
	deliver(&s, t);
	scheduled("\"s1\"", 1, true);
	t = begin(&s, "PUT", "/cal/a.ics", 204);
	req_event(t, "u1", "Tea", 10)->settled = 77;
	res_header(t, "Schedule-Tag", "\"s2\"");
	deliver(&s, t);
	scheduled("\"s2\"", 1, true);
	assert_nothing();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENE_TEST(healthy),
		SCENE_TEST(other_bytes_under_one_tag),
		SCENE_TEST(other_text_in_a_row),
		SCENE_TEST(no_promise),
		SCENE_TEST(seen_in_part),
		SCENE_TEST(asked_in_part),
		SCENE_TEST(tags_of_others),
		SCENE_TEST(forms),
		SCENE_TEST(tag_of_something_else),
		SCENE_TEST(reordered_and_tagged_anew),
		SCENE_TEST(read_back_at_once),
		SCENE_TEST(read_back_later),
		SCENE_TEST(read_back_as_another),
		SCENE_TEST(unstable),
		SCENE_TEST(stable),
		SCENE_TEST(read_without_tag),
		SCENE_TEST(lie_behind_a_read_without_tag),
		SCENE_TEST(read_during_a_write),
		SCENE_TEST(after_a_write_of_unknown_outcome),
		SCENE_TEST(after_delete_and_move),
		SCENE_TEST(moved_by_a_reply),
		SCENE_TEST(moved_by_a_write),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
