/*
 * test_place.c - analysis/place.c: which URLs mean the same, whose store they lie in, what is below what.
 */
#include "tests/unit/scenekit.h"
#include "tests/unit/guard.h"

enum { HERE = 7, THERE = 8 };

static struct arena *arena_of_test(void)
{
	struct arena *arena = arena_new(8 << 20);
	assert_non_null(arena);
	return arena;
}

static struct slice guarded_text(const char *text)
{
	return (struct slice){ guard_copy(text, strlen(text)), strlen(text) };
}

static void assert_path(const char *href, const char *expected)
{
	struct arena *arena = arena_of_test();
	struct slice path = path_canonical(guarded_text(href), arena);
	if (!slice_is(path, expected))
		fail_msg("%s: %.*s, not %s", href, (int)path.n, (const char *)path.p, expected);
	/* What is written once is written so for good, unless it has a percent sign of its own. */
	if (slice_find_byte(path, '%') == path.n)
		assert_true(slice_equal(path_canonical(path, arena), path));
	arena_free(arena);
}

static void spellings(void **state)
{
	static const struct {
		const char *href, *path;
	} cases[] = {
		{ "/cal/a.ics", "/cal/a.ics" },
		{ "/cal/%61.ics", "/cal/a.ics" },
		{ "/cal/a%2Eics", "/cal/a.ics" },
		{ "/cal/%C3%A4.ics", "/cal/\xc3\xa4.ics" },
		{ "/cal/\xc3\xa4.ics", "/cal/\xc3\xa4.ics" },
		{ "/cal/a%20b", "/cal/a b" },
		{ "/cal/a%2fb", "/cal/a%2Fb" },
		{ "/cal/a%2Fb", "/cal/a%2Fb" },
		{ "/cal/a%25b", "/cal/a%25b" },
		{ "/cal/a%3fb%23", "/cal/a%3Fb%23" },
		{ "/cal/%00%1f%7f", "/cal/%00%1F%7F" },
		{ "/cal/%zz", "/cal/%zz" },
		{ "/cal/%4", "/cal/%4" },
		{ "/cal/%", "/cal/%" },
		{ "/cal/%4g", "/cal/%4g" },
		{ "/cal/a%40b", "/cal/a@b" },
		{ "/cal/A.ics", "/cal/A.ics" },
		{ "  /cal/a \t", "/cal/a" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_path(cases[i].href, cases[i].path);
}

static void slashes_and_dots(void **state)
{
	static const struct {
		const char *href, *path;
	} cases[] = {
		{ "/", "/" },
		{ "//", "/" },
		{ "/cal/", "/cal" },
		{ "/cal//a", "/cal/a" },
		{ "//cal///a//", "/cal/a" },
		{ "/cal/./a", "/cal/a" },
		{ "/cal/b/../a", "/cal/a" },
		{ "/../../a", "/a" },
		{ "/a/..", "/" },
		{ "/a/../..", "/" },
		{ "/.", "/" },
		{ "/a/...", "/a/..." },
		{ "/a/..b", "/a/..b" },
		/* RFC 3986 6.2.2: what needs no encoding is decoded before dot segments go. */
		{ "/cal/%2e%2E/a", "/a" },
		{ "/cal/%2e/a", "/cal/a" },
		{ "/cal/.%2e/a", "/a" },
		{ "/cal/%2e%2e%2e/a", "/cal/.../a" },
		{ "a.ics", "/a.ics" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_path(cases[i].href, cases[i].path);
}

/* Two ways to write a target, and whether they are one item. */
static void pairs(void **state)
{
	static const struct {
		const char *one, *other;
		bool same;
	} cases[] = {
		{ "/cal/a.ics", "/cal/a.ics", true },
		{ "/cal/a.ics", "/cal/%61.ics", true },
		{ "/cal/a.ics", "/cal/%61%2E%69%63%73", true },
		{ "/cal/a.ics", "/cal//a.ics", true },
		{ "/cal/a.ics", "//cal/a.ics", true },
		{ "/cal/a.ics", "/cal/./a.ics", true },
		{ "/cal/a.ics", "/cal/x/../a.ics", true },
		{ "/cal/a.ics", "/cal/x/%2e%2e/a.ics", true },
		{ "/cal/a.ics", "/cal/a.ics/", true },
		{ "/cal/a.ics", "http://dav.example/cal/a.ics", true },
		{ "/cal/a.ics", "HTTP://DAV.EXAMPLE/cal/a.ics", true },
		{ "/cal/a.ics", "https://dav.example:443/cal/a.ics", true },
		{ "/cal/a.ics", "/cal/a.ics?x=1", true },
		{ "/cal/a.ics", "/cal/a.ics#x", true },
		{ "/cal/\xc3\xa4", "/cal/%C3%A4", true },
		{ "/cal/\xc3\xa4", "/cal/%c3%a4", true },
		{ "/cal/\xe4", "/cal/%E4", true },
		{ "/cal/a b", "/cal/a%20b", true },
		{ "/cal/a%2fb", "/cal/a%2Fb", true },
		{ "/cal/a.ics", "/cal/A.ics", false },
		{ "/cal/a.ics", "/Cal/a.ics", false },
		{ "/cal/a.ics", "/cal/a.ic", false },
		{ "/cal/a.ics", "/cal/a/ics", false },
		{ "/cal/a/b", "/cal/a%2Fb", false },
		{ "/cal/a?b", "/cal/a%3Fb", false },
		{ "/cal/a#b", "/cal/a%23b", false },
		{ "/cal/a%b", "/cal/a%25b", false },
		{ "/cal/\xc3\xa4", "/cal/\xe4", false },
		{ "/cal/a+b", "/cal/a%20b", false },
		{ "/cal/a", "/cal/a%00", false },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct arena *arena = arena_of_test();
		bool same = slice_equal(path_canonical(guarded_text(cases[i].one), arena),
		    path_canonical(guarded_text(cases[i].other), arena));
		if (same != cases[i].same)
			fail_msg("%s and %s: %d", cases[i].one, cases[i].other, same);
		arena_free(arena);
	}
}

static void whole_addresses(void **state)
{
	(void)state;
	assert_path("http://dav.example/cal/a", "/cal/a");
	assert_path("https://dav.example:8443/cal/a?x=1", "/cal/a");
	assert_path("http://anna@dav.example//cal/", "/cal");
	assert_path("/cal/a?export=1", "/cal/a");
	assert_path("/cal/a#part", "/cal/a");
	assert_path("/cal/http://x/a", "/cal/http:/x/a");
}

static void nothing_is_no_path(void **state)
{
	struct arena *arena = arena_of_test();
	(void)state;
	assert_int_equal(path_canonical((struct slice){ 0 }, arena).n, 0);
	assert_int_equal(path_canonical(SLICE(" "), arena).n, 0);
	assert_int_equal(path_canonical(SLICE("http://dav.example"), arena).n, 0);
	assert_int_equal(path_canonical(SLICE("?x"), arena).n, 0);
	arena_free(arena);
}

static bool one_on_exchange(const char *a, const char *b, bool fold)
{
	struct limits limits = limits_default();
	struct places *p = places_new(&limits);
	struct arena *arena = arena_of_test();
	struct place x = place_member(p, HERE, path_canonical(slice_from(a), arena), fold);
	struct place y = place_member(p, HERE, path_canonical(slice_from(b), arena), fold);
	arena_free(arena);
	places_free(p);
	return x.scope == y.scope && x.id == y.id;
}

/* Exchange: case is for people; escapes of its own stay one segment. */
static void exchange_spellings(void **state)
{
	(void)state;
	assert_path("/exchange/anna/A%2fB.EML", "/exchange/anna/A%2FB.EML");
	assert_path("/exchange/anna/a_xF8FF_b_x003F_.EML", "/exchange/anna/a_xF8FF_b_x003F_.EML");
	assert_true(one_on_exchange("/Exchange/Anna/Calendar/Tea.EML",
	    "http://x/exchange/anna/calendar/%54ea.eml", true));
	assert_true(
	    one_on_exchange("/exchange/anna/a_xF8FF_b.EML", "/exchange/anna/a_xf8ff_b.eml", true));
	assert_false(
	    one_on_exchange("/exchange/anna/a_xF8FF_b.EML", "/exchange/anna/a/b.EML", true));
	assert_false(one_on_exchange("/exchange/anna/Tea.EML", "/exchange/anna/tea.EML", false));
	assert_false(one_on_exchange("/exchange/anna/Tea.EML", "/exchange/Anna/Tea.EML", false));
}

/* However long: all of it, or nothing when there is no room. */
static void long_paths(void **state)
{
	enum { LONG = 300000 };
	char *text = malloc(LONG);
	struct arena *arena = arena_of_test(), *small = arena_new(4096);
	(void)state;
	assert_non_null(text);
	memset(text, '/', LONG);
	assert_int_equal(path_canonical((struct slice){ (uint8_t *)text, LONG }, arena).n, 1);
	for (size_t i = 0; i + 2 < LONG; i += 3)
		memcpy(text + i, i % 2 != 0 ? "/.." : "/ab", 3);
	struct slice path = path_canonical((struct slice){ (uint8_t *)text, LONG }, arena);
	assert_true(slice_equal(path, SLICE("/")) || slice_is(path, "/ab"));
	memset(text, 'a', LONG);
	text[0] = '/';
	assert_int_equal(path_canonical((struct slice){ (uint8_t *)text, LONG }, arena).n, LONG);
	assert_int_equal(path_canonical((struct slice){ (uint8_t *)text, LONG }, small).n, 0);
	arena_free(arena);
	arena_free(small);
	free(text);
}

static void parts(void **state)
{
	(void)state;
	assert_true(slice_is(path_collection(SLICE("/cal/a")), "/cal"));
	assert_true(slice_is(path_collection(SLICE("/a")), "/"));
	assert_int_equal(path_collection(SLICE("/")).n, 0);
	assert_int_equal(path_collection((struct slice){ 0 }).n, 0);
	assert_true(slice_is(path_last(SLICE("/cal/a")), "a"));
	assert_int_equal(path_last(SLICE("/")).n, 0);
	assert_int_equal(path_last((struct slice){ 0 }).n, 0);
}

static void mailboxes(void **state)
{
	(void)state;
	assert_true(slice_is(path_mailbox(SLICE("/exchange/anna/calendar/tea.eml")), "anna"));
	assert_true(slice_is(path_mailbox(SLICE("/exchange/anna@x.example")), "anna@x.example"));
	assert_true(
	    slice_is(path_mailbox(SLICE("/exadmin/admin/x.example/mbx/anna/inbox")), "anna"));
	assert_int_equal(path_mailbox(SLICE("/exchange")).n, 0);
	assert_int_equal(path_mailbox(SLICE("/public/tea")).n, 0);
	assert_int_equal(path_mailbox(SLICE("/exadmin/admin/x.example/public/anna")).n, 0);
	assert_int_equal(path_mailbox(SLICE("/")).n, 0);
	assert_int_equal(path_mailbox((struct slice){ 0 }).n, 0);
}

static bool device_of(const char *path, const char *type, const char *id)
{
	struct slice t = { 0 }, i = { 0 };
	return path_device(guarded_text(path), &t, &i) && slice_is(t, type) && slice_is(i, id);
}

static void devices(void **state)
{
	struct slice type, id;
	(void)state;
	assert_true(device_of("/exchange/anna/NON_IPM_SUBTREE/Microsoft-Server-ActiveSync/iPad/"
			      "ApplGB022BTTZ38/AutdState.xml",
	    "iPad", "ApplGB022BTTZ38"));
	assert_true(device_of("/exadmin/admin/x.example/mbx/anna/non_ipm_subtree/"
			      "microsoft-server-activesync/pocketpc/1",
	    "pocketpc", "1"));
	assert_false(
	    path_device(SLICE("/exchange/anna/NON_IPM_SUBTREE/Microsoft-Server-ActiveSync"), &type,
		&id));
	assert_false(
	    path_device(SLICE("/exchange/anna/NON_IPM_SUBTREE/Microsoft-Server-ActiveSync/iPad"),
		&type, &id));
	assert_false(path_device(SLICE("/exchange/anna/calendar/tea.eml"), &type, &id));
	assert_false(path_device((struct slice){ 0 }, &type, &id));
}

/* ---- numbers ---- */

static struct txn *asked(struct scene *s, const char *host)
{
	s->host = host;
	return begin(s, "GET", "/cal/a", 200);
}

static uint64_t authority_of(struct scene *s, const char *host)
{
	struct txn *t = asked(s, host);
	uint64_t number = place_authority(t);
	txn_free(t);
	return number;
}

static void authorities(void **state)
{
	struct scene s;
	char longest[400];
	(void)state;
	scene_open(&s, FLAVOUR_CALDAV);
	uint64_t number = authority_of(&s, "dav.example");
	assert_true(number == authority_of(&s, "DAV.Example"));
	assert_true(number == authority_of(&s, "dav.example:80"));
	assert_true(number == authority_of(&s, "dav.example:443"));
	assert_true(number == authority_of(&s, " dav.example\t"));
	assert_true(number != authority_of(&s, "dav.example:8080"));
	assert_true(number != authority_of(&s, "dav.example2"));
	assert_true(authority_of(&s, NULL) == authority_of(&s, ""));
	assert_true(authority_of(&s, NULL) != number);
	uint64_t by_address = authority_of(&s, NULL);
	s.server.port = 81;
	assert_true(authority_of(&s, NULL) != by_address);
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	assert_true(authority_of(&s, longest) != 0);
	scene_close(&s);
}

static uint64_t scope(struct places *p, uint64_t authority, const char *path)
{
	return place_scope(p, authority, slice_from(path), false);
}

static void members(void **state)
{
	struct limits limits = limits_default();
	struct places *p = places_new(&limits);
	(void)state;
	struct place a = place_member(p, HERE, SLICE("/cal/a"), false);
	struct place b = place_member(p, HERE, SLICE("/cal/b"), false);
	assert_true(a.scope == b.scope && a.scope == scope(p, HERE, "/cal"));
	assert_true(a.id != 0 && a.id != b.id);
	assert_true(place_member(p, THERE, SLICE("/cal/a"), false).id != a.id);
	assert_true(place_member(p, HERE, SLICE("/cal2/a"), false).id != a.id);
	assert_true(place_member(p, HERE, SLICE("/ca/la"), false).id != a.id);
	assert_int_equal(place_member(p, HERE, SLICE("/"), false).id, 0);
	assert_int_equal(place_member(p, HERE, (struct slice){ 0 }, false).id, 0);
	assert_true(place_member(p, HERE, SLICE("/a"), false).scope == scope(p, HERE, "/"));
	places_free(p);
}

static void alias(struct places *p, uint64_t from, const char *a, uint64_t to, const char *b)
{
	places_alias(p, from, slice_from(a), to, slice_from(b));
}

static void aliases(void **state)
{
	struct limits limits = limits_default();
	struct places *p = places_new(&limits);
	(void)state;
	alias(p, HERE, "/", THERE, "/radicale");
	assert_true(scope(p, HERE, "/cal") == scope(p, THERE, "/radicale/cal"));
	assert_true(scope(p, HERE, "/") == scope(p, THERE, "/radicale"));
	assert_true(place_member(p, HERE, SLICE("/cal/a"), false).id ==
	    place_member(p, THERE, SLICE("/radicale/cal/a"), false).id);
	alias(p, THERE, "/dav/anna", THERE, "/dav/123");
	assert_true(scope(p, THERE, "/dav/anna/cal") == scope(p, THERE, "/dav/123/cal"));
	assert_true(scope(p, THERE, "/dav/anna2/cal") != scope(p, THERE, "/dav/1232/cal"));
	assert_true(scope(p, THERE, "/dav/ann") != scope(p, THERE, "/dav/123"));
	places_free(p);
}

/* What was asked for last is remembered, and is another one by then. */
static void asked_before_it_is_known(void **state)
{
	struct limits limits = limits_default();
	struct places *p = places_new(&limits);
	(void)state;
	uint64_t before = scope(p, HERE, "/a/cal");
	alias(p, HERE, "/a", HERE, "/b");
	uint64_t after = scope(p, HERE, "/a/cal");
	assert_true(after != before && after == scope(p, HERE, "/b/cal"));
	uint64_t folded = place_scope(p, HERE, SLICE("/B/Cal"), true);
	assert_true(folded != place_scope(p, HERE, SLICE("/B/Cal"), false));
	assert_true(folded != place_scope(p, THERE, SLICE("/B/Cal"), true));
	assert_true(folded == place_scope(p, HERE, SLICE("/b/cal"), true));
	places_free(p);
}

/* What has a name keeps it: no second way, no way back, no way round. */
static void aliases_that_would_turn(void **state)
{
	struct limits limits = limits_default();
	struct places *p = places_new(&limits);
	(void)state;
	alias(p, HERE, "/a", HERE, "/b");
	uint64_t number = scope(p, HERE, "/a/x");
	alias(p, HERE, "/a", HERE, "/c");
	alias(p, HERE, "/b", HERE, "/a");
	alias(p, HERE, "/b", HERE, "/c");
	alias(p, HERE, "/c", HERE, "/a/d");
	alias(p, HERE, "/a", HERE, "/a");
	alias(p, HERE, "/b/x", HERE, "/e");
	assert_true(scope(p, HERE, "/a/x") == number);
	assert_true(scope(p, HERE, "/b/x") == number);
	assert_true(scope(p, HERE, "/c/x") != number);
	places_free(p);
}

/* "/" that leads to "/dav" says nothing of "/dav/cal", which would have to be "/dav/dav/cal". */
static void alias_into_itself(void **state)
{
	struct limits limits = limits_default();
	struct places *p = places_new(&limits);
	(void)state;
	uint64_t number = scope(p, HERE, "/dav/cal");
	alias(p, HERE, "/", HERE, "/dav");
	alias(p, HERE, "/dav", HERE, "/dav/cal");
	assert_true(scope(p, HERE, "/dav/cal") == number);
	places_free(p);
}

static void aliases_are_bounded(void **state)
{
	struct limits limits = limits_default();
	struct places *p = places_new(&limits);
	char from[600];
	(void)state;
	memset(from, 'a', sizeof(from) - 1);
	from[0] = '/';
	from[sizeof(from) - 1] = '\0';
	uint64_t number = scope(p, HERE, from);
	alias(p, HERE, from, HERE, "/b");
	assert_true(scope(p, HERE, from) == number);
	for (int i = 0; i < 1000; i++) {
		snprintf(from, sizeof(from), "/from%d", i);
		alias(p, HERE, from, HERE, "/b");
	}
	assert_true(scope(p, HERE, "/from0") == scope(p, HERE, "/b"));
	assert_true(scope(p, HERE, "/from999") != scope(p, HERE, "/b"));
	places_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(spellings),
		cmocka_unit_test(slashes_and_dots),
		cmocka_unit_test(pairs),
		cmocka_unit_test(whole_addresses),
		cmocka_unit_test(nothing_is_no_path),
		cmocka_unit_test(exchange_spellings),
		cmocka_unit_test(long_paths),
		cmocka_unit_test(parts),
		cmocka_unit_test(mailboxes),
		cmocka_unit_test(devices),
		cmocka_unit_test(authorities),
		cmocka_unit_test(members),
		cmocka_unit_test(aliases),
		cmocka_unit_test(asked_before_it_is_known),
		cmocka_unit_test(aliases_that_would_turn),
		cmocka_unit_test(alias_into_itself),
		cmocka_unit_test(aliases_are_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
