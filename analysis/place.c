/*
 * place.c - one spelling for all URLs that mean the same, and the numbers of collections and members.
 *
 * RFC 3986 6.2.2: percent encoding is undone where it makes no difference, dot segments go. A slash at
 * the end is not told apart (RFC 4918 5.2). On Exchange case is kept for people and does not count.
 */
#include "analysis/remember.h"
#include "analysis/signs.h"

#include <stdlib.h>
#include <string.h>

enum { ALIASES = 64, PREFIX_MAX = 256 };

struct prefix {
	uint64_t authority;
	size_t n;
	char path[PREFIX_MAX];
};

struct alias {
	struct prefix from, to;
};

struct places {
	size_t n;
	struct alias aliases[ALIASES];
	struct slot_marks marks;
	struct prefix
	    last; /* the collection asked for last: the rows of a listing all lie in one */
	bool last_fold;
	uint64_t last_scope; /* 0: none */
};

uint64_t mix(uint64_t a, uint64_t b)
{
	uint64_t x = (a ^ (b + UINT64_C(0x9e3779b97f4a7c15) + (a << 6) + (a >> 2))) *
	    UINT64_C(0xff51afd7ed558ccd);
	x ^= x >> 33;
	x *= UINT64_C(0xc4ceb9fe1a85ec53);
	x ^= x >> 29;
	return x != 0 ? x : 1;
}

uint64_t mix_slice(uint64_t a, struct slice s)
{
	return mix(a, hash_fixed(s.p, s.n));
}

struct places *places_new(const struct limits *limits)
{
	(void)limits;
	return calloc(1, sizeof(struct places));
}

void places_free(struct places *p)
{
	free(p);
}

/* ---- spelling ---- */

static int hex_value(uint8_t c)
{
	uint8_t lower = ascii_lower(c);
	if (c >= '0' && c <= '9')
		return c - '0';
	return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* Whether a byte means another thing when it stands there unencoded. */
static bool stays_encoded(uint8_t byte)
{
	return byte == '/' || byte == '%' || byte == '?' || byte == '#' || byte < 0x20 ||
	    byte == 0x7f;
}

struct spelling {
	uint8_t *out;
	size_t n;
};

static void put_byte(struct spelling *w, uint8_t byte)
{
	w->out[w->n++] = byte;
}

/* Takes one byte or one %XX off. */
static struct slice put_next(struct spelling *w, struct slice in)
{
	int high = in.n > 2 && in.p[0] == '%' ? hex_value(in.p[1]) : -1;
	int low = high >= 0 ? hex_value(in.p[2]) : -1;
	if (low < 0) {
		put_byte(w, in.p[0]);
		return slice_part(in, 1, in.n);
	}
	uint8_t byte = (uint8_t)(high << 4 | low);
	if (stays_encoded(byte)) {
		w->out[w->n++] = '%';
		w->out[w->n++] = (uint8_t) "0123456789ABCDEF"[high];
		w->out[w->n++] = (uint8_t) "0123456789ABCDEF"[low];
	} else {
		put_byte(w, byte);
	}
	return slice_part(in, 3, in.n);
}

/* Back to the slash in front of the last segment. */
static void drop_segment(struct spelling *w)
{
	while (w->n != 0 && w->out[w->n - 1] != '/')
		w->n--;
	w->n -= w->n != 0;
}

/* What is a dot segment shows only when it is decoded. */
static void put_segment(struct spelling *w, struct slice segment)
{
	size_t start = w->n;
	if (segment.n == 0)
		return;
	w->out[w->n++] = '/';
	while (segment.n != 0)
		segment = put_next(w, segment);
	struct slice put = { w->out + start + 1, w->n - start - 1 };
	bool up = slice_is(put, "..");
	if (up || slice_is(put, "."))
		w->n = start;
	if (up)
		drop_segment(w);
}

/* As nearly all are: "/a/b", with a slash behind it or without. */
static bool is_plain(struct slice path)
{
	bool slash = false;
	for (size_t i = 0; i < path.n; i++) {
		uint8_t byte = path.p[i];
		if (byte == '%' || (slash && (byte == '/' || byte == '.')))
			return false;
		slash = byte == '/';
	}
	return path.n > 1 && path.p[0] == '/';
}

struct slice path_canonical(struct slice href, struct arena *arena)
{
	struct slice path = target_path(slice_trim(href));
	path = slice_part(path, 0, slice_find_byte(path, '#'));
	if (is_plain(path)) {
		arena_copy(arena, path_bare(path), &path);
		return path;
	}
	struct spelling w = { .out = arena_alloc(arena, path.n + 1) };
	if (w.out == NULL || path.n == 0)
		return (struct slice){ 0 };
	while (path.n != 0) {
		size_t slash = slice_find_byte(path, '/');
		put_segment(&w, slice_part(path, 0, slash));
		path = slice_part(path, slash + 1, path.n);
	}
	if (w.n == 0)
		w.out[w.n++] = '/';
	return (struct slice){ w.out, w.n };
}

/* ---- parts ---- */

static size_t last_slash(struct slice path)
{
	size_t i = path.n;
	while (i != 0 && path.p[i - 1] != '/')
		i--;
	return i; /* one behind it */
}

struct slice path_collection(struct slice canonical)
{
	size_t behind = last_slash(canonical);
	if (canonical.n < 2 || behind == 0)
		return (struct slice){ 0 };
	return slice_part(canonical, 0, behind > 1 ? behind - 1 : 1);
}

struct slice path_last(struct slice canonical)
{
	return slice_part(canonical, last_slash(canonical), canonical.n);
}

/* The segment behind `n` slashes; empty: there are fewer. */
static struct slice path_segment(struct slice path, size_t n)
{
	for (; n != 0; n--) {
		size_t slash = slice_find_byte(path, '/');
		if (slash == path.n)
			return (struct slice){ 0 };
		path = slice_part(path, slash + 1, path.n);
	}
	return slice_part(path, 0, slice_find_byte(path, '/'));
}

struct slice path_mailbox(struct slice canonical)
{
	if (slice_equal_nocase(path_segment(canonical, 1), SLICE("exchange")))
		return path_segment(canonical, 2);
	if (slice_equal_nocase(path_segment(canonical, 1), SLICE("exadmin")) &&
	    slice_equal_nocase(path_segment(canonical, 4), SLICE("mbx")))
		return path_segment(canonical, 5);
	return (struct slice){ 0 };
}

bool path_device(struct slice canonical, struct slice *type, struct slice *id)
{
	static const struct slice folder = NAME("Microsoft-Server-ActiveSync");
	for (size_t i = 2; i < 8; i++) {
		struct slice s = path_segment(canonical, i);
		if (!slice_equal_nocase(s, SLICE("NON_IPM_SUBTREE")) ||
		    !slice_equal_nocase(path_segment(canonical, i + 1), folder))
			continue;
		*type = path_segment(canonical, i + 2);
		*id = path_segment(canonical, i + 3);
		return type->n != 0 && id->n != 0;
	}
	return false;
}

/* ---- numbers ---- */

static void port_drop(struct slice *host, struct slice port)
{
	if (host->n > port.n && slice_equal(slice_part(*host, host->n - port.n, port.n), port))
		host->n -= port.n;
}

/* "Example.COM:80" and "example.com" are one, with TLS or without. */
static uint64_t host_number(struct slice host)
{
	uint8_t lower[256];
	port_drop(&host, SLICE(":80"));
	port_drop(&host, SLICE(":443"));
	size_t n = host.n < sizeof(lower) ? host.n : sizeof(lower);
	for (size_t i = 0; i < n; i++)
		lower[i] = ascii_lower(host.p[i]);
	return mix_slice(1, (struct slice){ lower, n });
}

uint64_t place_authority(const struct txn *txn)
{
	struct slice host;
	if (message_header(&txn->req, "Host", &host) == PRESENT && slice_trim(host).n != 0)
		return host_number(slice_trim(host));
	uint64_t server = mix_slice(2,
	    (struct slice){ txn->server.address, sizeof(txn->server.address) });
	return mix(server, txn->server.port);
}

uint64_t place_authority_of(struct slice url, const struct txn *txn)
{
	url = slice_trim(url);
	size_t scheme = slice_find(url, SLICE("://"));
	if (scheme == url.n || slice_find_byte(url, '/') != scheme + 1)
		return place_authority(txn);
	struct slice host = slice_part(url, scheme + 3, url.n);
	return host_number(slice_part(host, 0, slice_find_byte(host, '/')));
}

static struct slice prefix_path(const struct prefix *p)
{
	return (struct slice){ (const uint8_t *)p->path, p->n };
}

/* `path` is `prefix` or lies below it; the root is above all. */
static bool path_below(struct slice path, struct slice prefix)
{
	if (prefix.n <= 1 || path.p == NULL)
		return prefix.n <= 1;
	return slice_starts(path, prefix) && (path.n == prefix.n || path.p[prefix.n] == '/');
}

static struct slice prefix_rest(struct slice path, struct slice prefix)
{
	return prefix.n <= 1 ? path : slice_part(path, prefix.n, path.n);
}

static uint64_t segment_number(uint64_t number, struct slice segment, bool fold)
{
	uint8_t lower[256];
	if (!fold || segment.n > sizeof(lower))
		return mix_slice(number, segment);
	for (size_t i = 0; i < segment.n; i++)
		lower[i] = ascii_lower(segment.p[i]);
	return mix_slice(number, (struct slice){ lower, segment.n });
}

/* What is joined must not differ from what came whole: segments are mixed one by one. */
static uint64_t path_number(uint64_t number, struct slice path, bool fold)
{
	while (path.n != 0) {
		size_t slash = slice_find_byte(path, '/');
		struct slice segment = slice_part(path, 0, slash);
		if (segment.n != 0)
			number = segment_number(number, segment, fold);
		path = slice_part(path, slash + 1, path.n);
	}
	return number;
}

static uint64_t scope_make(const struct places *p, uint64_t authority, struct slice collection,
    bool fold)
{
	for (size_t i = 0; i < p->n; i++) {
		const struct prefix *from = &p->aliases[i].from, *to = &p->aliases[i].to;
		if (from->authority != authority || !path_below(collection, prefix_path(from)))
			continue;
		uint64_t head = path_number(mix(3, to->authority), prefix_path(to), fold);
		return path_number(head, prefix_rest(collection, prefix_path(from)), fold);
	}
	return path_number(mix(3, authority), collection, fold);
}

static bool prefix_set(struct prefix *p, uint64_t authority, struct slice path)
{
	if (path.n == 0 || path.n > PREFIX_MAX)
		return false;
	p->authority = authority;
	p->n = path.n;
	memcpy(p->path, path.p, path.n);
	return true;
}

uint64_t place_scope(struct places *p, uint64_t authority, struct slice collection, bool fold)
{
	bool again = p->last_scope != 0 && p->last.authority == authority && p->last_fold == fold &&
	    slice_equal(prefix_path(&p->last), collection);
	if (again)
		return p->last_scope;
	uint64_t scope = scope_make(p, authority, collection, fold);
	p->last_scope = prefix_set(&p->last, authority, collection) ? scope : 0;
	p->last_fold = fold;
	return scope;
}

struct place place_member(struct places *p, uint64_t authority, struct slice canonical, bool fold)
{
	struct place at = { .path = canonical };
	if (path_last(canonical).n == 0)
		return at;
	at.scope = place_scope(p, authority, path_collection(canonical), fold);
	at.id = segment_number(at.scope, path_last(canonical), fold);
	return at;
}

/* A second way, a way back or one that goes on would make the number depend on which was learned first. */
static bool alias_clashes(const struct places *p, const struct prefix *from,
    const struct prefix *to)
{
	struct slice a = prefix_path(from), b = prefix_path(to);
	for (size_t i = 0; i < p->n; i++) {
		const struct prefix *f = &p->aliases[i].from, *t = &p->aliases[i].to;
		if (f->authority == from->authority && slice_equal(prefix_path(f), a))
			return true;
		if (f->authority == to->authority && path_below(b, prefix_path(f)))
			return true;
		if (t->authority == from->authority &&
		    (path_below(prefix_path(t), a) || path_below(a, prefix_path(t))))
			return true;
	}
	return false;
}

/* What leads to a place within itself leads there for that one URL, not for what lies below it. */
void places_alias(struct places *p, uint64_t from_authority, struct slice from,
    uint64_t to_authority, struct slice to)
{
	bool within = from_authority == to_authority && path_below(to, from);
	if (p->n == ALIASES || within || from.n == 0 || to.n == 0)
		return;
	struct prefix *f = &p->aliases[p->n].from, *t = &p->aliases[p->n].to;
	if (prefix_set(f, from_authority, from) && prefix_set(t, to_authority, to) &&
	    !alias_clashes(p, f, t)) {
		mark_set(&p->marks, p->n++);
		p->last_scope = 0;
	}
}

/* ---- over a restart ---- */

static void prefix_form(struct pack *k, struct prefix *p)
{
	struct slice path = prefix_path(p);
	pack_u64(k, &p->authority);
	pack_slice(k, &path);
	if (k->reading && !prefix_set(p, p->authority, path))
		k->bad = true;
}

static void alias_form(struct pack *k, void *thing)
{
	struct alias *a = thing;
	prefix_form(k, &a->from);
	prefix_form(k, &a->to);
}

static struct slots alias_slots(struct places *p)
{
	return (struct slots){ STATE_COLLECTION, OF_ALIAS, "another name of a place", p->aliases,
		ALIASES, sizeof(p->aliases[0]), &p->marks, alias_form, NULL };
}

bool places_save(struct places *p, struct saving *v)
{
	struct slots slots = alias_slots(p);
	return slots_save(v, &slots);
}

/* In whatever order they come they stand as they stood; between them may be some that lead nowhere. */
bool places_load(struct places *p, const struct state_record *r)
{
	struct slots slots = alias_slots(p);
	if (!slots_load(&slots, r))
		return false;
	if (p->n <= r->key[1])
		p->n = (size_t)r->key[1] + 1;
	p->last_scope = 0;
	return true;
}

void places_anew(struct places *p)
{
	struct slots slots = alias_slots(p);
	slots.n = p->n;
	slots_anew(&slots);
}
