/*
 * million.c - a million items of real life in the analysis: how much memory they take, and that those that
 * are forgotten at the limit are counted, each one.
 */
#include "analysis/store.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum { ROWS = 10000, TEXT_MAX = 200, MOST_MB = 400, TXN_BYTES = 64 << 20, PROPS = 2 };

/* A sanitizer weighs more than the items. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { WEIGHS = 0, ITEMS = 100000 };
#else
enum { WEIGHS = 1, ITEMS = 1000000 };
#endif

static uint64_t passed, failed;

static void judge(bool good, const char *what)
{
	passed += good;
	failed += !good;
	if (!good)
		printf("FAIL: %s\n", what);
}

static double peak_mb(void)
{
	struct rusage usage;
	getrusage(RUSAGE_SELF, &usage);
	return (double)usage.ru_maxrss / 1024;
}

/* ---- items as clients make them ---- */

static void *make(struct txn *t, size_t n)
{
	void *p = arena_alloc(t->arena, n);
	ensure(p != NULL, NULL);
	return p;
}

static struct slice keep(struct txn *t, const char *text)
{
	struct slice out;
	ensure(arena_copy(t->arena, slice_from(text), &out), NULL);
	return out;
}

static void uid_of(uint64_t i, const char *id, char uid[TEXT_MAX])
{
	uint64_t a = mix(1, i), b = mix(2, i);
	if (i % 4 < 2)
		snprintf(uid, TEXT_MAX, "%s", id);
	else if (i % 4 == 2)
		snprintf(uid, TEXT_MAX, "%016" PRIx64 "%08x@google.com", a, (unsigned)b);
	else
		snprintf(uid, TEXT_MAX,
		    "040000008200E00074C5B7101A82E00800000000%016" PRIX64
		    "000000000000000010000000%016" PRIX64 "%016" PRIX64,
		    a, b, a ^ b);
}

/* DAVx5 and Apple name a file by its UID, Google and Outlook do not. */
static void names_of(uint64_t i, char href[TEXT_MAX], char uid[TEXT_MAX])
{
	uint64_t a = mix(1, i), b = mix(2, i), user = i / ROWS;
	char id[TEXT_MAX / 2];
	const char *folder = user % 2 != 0 ? "personal" : "c7f5e1d0-2d5c-4f0e-9d5e-01d5c1f0a9b7";
	snprintf(id, sizeof(id), "%08x-%04x-%04x-%04x-%012" PRIx64, (unsigned)(a >> 32),
	    (unsigned)(a >> 16) & 0xffff, (unsigned)a & 0xffff, (unsigned)(b >> 48),
	    b & 0xffffffffffff);
	uid_of(i, id, uid);
	snprintf(href, TEXT_MAX, "/remote.php/dav/calendars/user%" PRIu64 "/%s/%s.ics", user,
	    folder, id);
}

static const struct object *object_of(struct txn *t, uint64_t i, const char *uid)
{
	static const char *const names[] = { "Team meeting", "Dentist", "Lunch with Anna",
		"Quarterly planning of the northern branch", "Yoga", "Call back the plumber" };
	char summary[TEXT_MAX];
	struct object *o = make(t, sizeof(*o));
	snprintf(summary, sizeof(summary), "%s %" PRIu64, names[i % 6], i % 500);
	*o = (struct object){ .kind = OBJECT_EVENT,
		.uid = keep(t, uid),
		.summary = keep(t, summary),
		.start_ns = (int64_t)i * 900 * 1000000000,
		.fingerprint = mix(3, i),
		.text = mix(4, i),
		.lines = mix(5, i),
		.settled = mix(6, i),
		.master = true,
		.whole = true,
		.uids = 1 };
	o->end_ns = OBJECT_NO_TIME;
	return o;
}

static void row_of(struct txn *t, struct dav_response *r, uint64_t i)
{
	char href[TEXT_MAX], uid[TEXT_MAX], tag[TEXT_MAX];
	struct dav_prop *props = make(t, PROPS * sizeof(*props));
	names_of(i, href, uid);
	snprintf(tag, sizeof(tag), "\"%016" PRIx64 "\"", mix(7, i));
	props[0] = (struct dav_prop){ .name = { SLICE("DAV:"), SLICE("getetag") },
		.status = 200,
		.value = keep(t, tag),
		.bytes = strlen(tag) };
	props[1] = (struct dav_prop){ .status = 200,
		.bytes = 900,
		.name = { SLICE("urn:ietf:params:xml:ns:caldav"), SLICE("calendar-data") } };
	*r = (struct dav_response){ .href = keep(t, href),
		.props = props,
		.n_props = PROPS,
		.object = object_of(t, i, uid) };
}

static void message_fill(struct message *m, uint64_t order)
{
	struct stamp at = { .order = order, .frame = order, .ns = (int64_t)order * 1000000 };
	*m = (struct message){ .seen = true,
		.head_complete = true,
		.end_seen = true,
		.version = 11,
		.first = at,
		.head = at,
		.last = at,
		.body = { .complete = true } };
}

static struct dav *dav_of(struct txn *t, struct message *m, const char *ns, const char *root)
{
	struct dav *dav = make(t, sizeof(*dav));
	*dav = (struct dav){ .root = { slice_from(ns), slice_from(root) }, .whole = true };
	m->body.dav = dav;
	m->body.kind = BODY_XML;
	return dav;
}

/* The first synchronisation of a calendar: `n` items from `first` on. */
static struct txn *report(uint64_t first, size_t n)
{
	static struct header host[] = { { { (const uint8_t *)"Host", 4 },
	    { (const uint8_t *)"dav.example", 11 }, 0, false } };
	struct arena *arena = arena_new(TXN_BYTES);
	struct txn *t = arena != NULL ? arena_alloc(arena, sizeof(*t)) : NULL;
	ensure(t != NULL, NULL);
	*t = (struct txn){ .arena = arena,
		.flow = { .frame = first + 1 },
		.seq = 1,
		.gapless = true };
	message_fill(&t->req, 2 * first + 1);
	message_fill(&t->res, 2 * first + 2);
	t->done = t->res.last;
	t->req.method = SLICE("REPORT");
	t->req.target = SLICE("/remote.php/dav/calendars/");
	t->req.headers = host;
	t->req.n_headers = 1;
	t->res.status = 207;
	dav_of(t, &t->req, "urn:ietf:params:xml:ns:caldav", "calendar-query");
	struct dav *dav = dav_of(t, &t->res, "DAV:", "multistatus");
	struct dav_response *rows = make(t, n * sizeof(*rows));
	for (size_t i = 0; i < n; i++)
		row_of(t, &rows[i], first + i);
	dav->responses = rows;
	dav->n_responses = dav->responses_seen = n;
	return t;
}

/* ---- through the whole analysis ---- */

static void on_event(void *ctx, const struct event *event)
{
	(void)ctx;
	(void)event;
}

static void weigh(uint64_t items)
{
	struct limits limits = limits_default();
	struct analysis_options options = { .limits = &limits, .key = hash_key_from(1) };
	struct error e;
	double start = peak_mb();
	struct analysis *a = analysis_new(&options, (struct analysis_sink){ on_event, NULL }, &e);
	ensure(a != NULL, NULL);
	struct decode_sink in = analysis_input(a);
	for (uint64_t i = 0; i < items; i += ROWS)
		in.txn(in.ctx, report(i, ROWS));
	double more = peak_mb() - start;
	printf("%" PRIu64 " items: %.0f MB more than at the start\n", items, more);
	if (WEIGHS)
		judge(more <= MOST_MB, "the items take more memory than they may");
	analysis_finish(a);
	analysis_free(a);
}

/* ---- the store by itself ---- */

static void on_matter(void *ctx, const struct matter *m)
{
	(void)ctx;
	(void)m;
}

static void count(uint64_t known, uint64_t items)
{
	struct limits limits = limits_default();
	limits.items_known = known;
	limits.store_bytes = (uint64_t)MOST_MB << 20;
	struct places *places = places_new(&limits);
	struct store *s = store_new(&limits, hash_key_from(1), places,
	    (struct teller){ on_matter, NULL });
	struct facts facts = { .flavour = FLAVOUR_CALDAV };
	ensure(places != NULL && s != NULL, NULL);
	for (uint64_t i = 0; i < items; i += ROWS) {
		struct txn *t = report(i, ROWS);
		struct ops ops = dialect_dav(places, t, &facts);
		ensure(ops.n == 1, NULL);
		store_op(s, &ops.list[0]);
		txn_free(t);
	}
	uint64_t lost = items > known ? items - known : 0;
	printf("%" PRIu64 " items, room for %" PRIu64 ": %" PRIu64 " forgotten\n", items, known,
	    store_evicted(s));
	judge(store_evicted(s) == lost,
	    "not each item that was forgotten is counted, or too many are");
	judge(s->n_items == items - lost, "fewer items are known than may be");
	store_free(s);
	places_free(places);
}

/* ---- over a restart ---- */

struct heir {
	struct analysis *analysis; /* NULL: nobody inherits */
	uint64_t items, refused;
};

static bool heir_put(void *ctx, const struct state_record *r)
{
	struct heir *heir = ctx;
	heir->items += r->part == STATE_ITEM;
	if (heir->analysis != NULL && r->body.n != 0)
		heir->refused += !analysis_load(heir->analysis, r);
	return true;
}

static double seconds(void)
{
	struct rusage usage;
	getrusage(RUSAGE_SELF, &usage);
	return (double)usage.ru_utime.tv_sec + (double)usage.ru_utime.tv_usec / 1000000;
}

/* All are inherited; and what changes later is saved without looking at all. */
static void inherit(uint64_t items)
{
	struct limits limits = limits_default();
	struct analysis_options options = { .limits = &limits, .key = hash_key_from(1) };
	struct analysis_sink nobody = { on_event, NULL };
	struct error e;
	struct analysis *a = analysis_new(&options, nobody, &e);
	struct heir heir = { .analysis = analysis_new(&options, nobody, &e) },
		    later = { NULL, 0, 0 };
	const struct state_sink sink = { heir_put, &heir }, counting = { heir_put, &later };
	ensure(a != NULL && heir.analysis != NULL, NULL);
	struct decode_sink in = analysis_input(a);
	for (uint64_t i = 0; i < items; i += ROWS)
		in.txn(in.ctx, report(i, ROWS));
	double start = seconds();
	bool saved = analysis_save(a, &sink);
	printf("%" PRIu64 " items saved and loaded in %.1f s\n", heir.items, seconds() - start);
	judge(saved && heir.items == items && heir.refused == 0, "not all items are inherited");
	judge(analysis_save(heir.analysis, &counting) && later.items == 0,
	    "what was loaded is saved again");
	in = analysis_input(heir.analysis);
	in.txn(in.ctx, report(items, ROWS));
	start = seconds();
	judge(analysis_save(heir.analysis, &counting) && later.items == ROWS,
	    "more is saved than has changed");
	printf("%" PRIu64 " new ones saved in %.3f s\n", later.items, seconds() - start);
	analysis_free(a);
	analysis_free(heir.analysis);
}

int main(int argc, char **argv)
{
	uint64_t items = ITEMS;
	if (argc > 2 || (argc == 2 && !slice_to_u64(slice_from(argv[1]), &items))) {
		fprintf(stderr, "usage: million [ITEMS]\n");
		return 2;
	}
	weigh(items);
	count(1000000, items);
	count(items / 20, items / 5);
	inherit(items / 5);
	printf("%" PRIu64 " passed, %" PRIu64 " failed\n", passed, failed);
	return failed == 0 ? 0 : 1;
}
