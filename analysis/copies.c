/*
 * copies.c - one request seen at two places: at both sides of a proxy, on a bridge and behind it.
 *
 * The copy closer to the server lies within the other in time and ends first, so it is the one that
 * counts; the outer one shows what the client saw of it. Two requests one after the other are a retry,
 * two within one are a hop that sent it twice.
 */
#include "analysis/meaning.h"
#include "analysis/signs.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

enum { RECENT = 512, MARKS = 4096, PATH_ROOM = 256, TAG_ROOM = 128, ADDRESS_ROOM = 48 };

struct recent {
	struct endpoint client, server;
	struct place at;
	uint64_t authority, number, body_hash;
	int64_t first_ns, last_ns;
	struct stamp packets[2]; /* its request and its answer; frame 0: none was seen */
	enum commit commit;
	enum seen tag_seen;
	bool proxied, claimed;
	uint16_t n_path, n_tag, n_forwarded;
	uint8_t path[PATH_ROOM], tag[TAG_ROOM];
	uint8_t forwarded[ADDRESS_ROOM]; /* for whom the last hop says it asks */
};

struct copies {
	struct places *places;
	struct teller teller;
	struct recent ring[RECENT];
	uint64_t what
	    [RECENT]; /* of each the request, beside them: all are searched with every request */
	uint16_t marks[MARKS]; /* how many of them have such a number: mostly none has */
	size_t n; /* of all that were added */
};

struct copies *copies_new(struct places *places, struct teller teller)
{
	struct copies *c = calloc(1, sizeof(*c));
	if (c != NULL) {
		c->places = places;
		c->teller = teller;
	}
	return c;
}

void copies_free(struct copies *c)
{
	free(c);
}

/* ---- what is remembered ---- */

static bool same_address(const struct endpoint *a, const struct endpoint *b)
{
	return a->family == b->family && memcmp(a->address, b->address, sizeof(a->address)) == 0;
}

static bool same_endpoint(const struct endpoint *a, const struct endpoint *b)
{
	return same_address(a, b) && a->port == b->port;
}

static bool has_header(const struct message *req, const char *name)
{
	struct slice value;
	return message_header(req, name, &value) == PRESENT;
}

/* Clients of calendars have left HTTP/1.0 behind; proxies speak it to this day. */
static bool is_proxied(const struct message *req)
{
	return has_header(req, "Via") || has_header(req, "X-Forwarded-For") ||
	    has_header(req, "X-Forwarded-Proto") || has_header(req, "X-Forwarded-Host") ||
	    has_header(req, "X-Real-IP") || has_header(req, "Forwarded") || req->version == 10;
}

static uint64_t request_number(const struct txn *txn)
{
	struct slice target = txn->req.target;
	size_t query = slice_find_byte(target, '?');
	uint64_t what = mix_slice(21, txn->req.method);
	what = mix_slice(what, slice_part(target, query, target.n));
	return mix(mix(what, txn->req.body.hash), txn->req.body.decoded_bytes);
}

/* For whom the last hop asks: each puts its client behind the others. */
static struct slice forwarded_last(const struct message *req)
{
	struct slice value = { 0 };
	message_header(req, "X-Forwarded-For", &value);
	for (size_t comma; (comma = slice_find_byte(value, ',')) != value.n;)
		value = slice_part(value, comma + 1, value.n);
	return address_bare(value);
}

static uint16_t bytes_keep(uint8_t *out, size_t room, struct slice s)
{
	if (s.n == 0 || s.n > room)
		return 0;
	memcpy(out, s.p, s.n);
	return (uint16_t)s.n;
}

void copies_add(struct copies *c, struct ops ops)
{
	if (ops.n == 0)
		return;
	const struct op *op = &ops.list[0];
	const struct txn *txn = op->txn;
	size_t at = c->n % RECENT;
	struct recent *r = &c->ring[at];
	if (c->n++ >= RECENT)
		c->marks[c->what[at] % MARKS]--;
	c->what[at] = request_number(txn);
	c->marks[c->what[at] % MARKS]++;
	*r = (struct recent){ .client = txn->client,
		.server = txn->server,
		.at = op->at,
		.authority = place_authority(txn),
		.number = op->number,
		.body_hash = op->body_hash,
		.first_ns = txn->req.first.ns,
		.last_ns = txn_end_ns(txn),
		.packets = { txn->req.head, txn->res.head },
		.commit = op->commit,
		.tag_seen = op->tag_seen,
		.proxied = is_proxied(&txn->req) };
	r->n_path = bytes_keep(r->path, PATH_ROOM, path_canonical(txn->req.target, txn->arena));
	r->n_tag = bytes_keep(r->tag, TAG_ROOM, op->tag);
	r->n_forwarded = bytes_keep(r->forwarded, ADDRESS_ROOM, forwarded_last(&txn->req));
	r->at.path = (struct slice){ 0 };
}

/* ---- is it one request? ---- */

static struct slice recent_path(const struct recent *r)
{
	return (struct slice){ r->path, r->n_path };
}

/* Bytes that both paths end with, cut at a slash. */
static size_t common_tail(struct slice a, struct slice b)
{
	size_t n = 0, whole = 0;
	while (n < a.n && n < b.n && a.p[a.n - 1 - n] == b.p[b.n - 1 - n]) {
		n++;
		if (a.p[a.n - n] == '/')
			whole = n;
	}
	return whole;
}

static bool path_maps(struct slice outer, struct slice inner)
{
	size_t tail = common_tail(outer, inner);
	return tail != 0 && (tail == outer.n || tail == inner.n || tail > 1);
}

/* The request further out, with what is asked of it for each that may be its copy: worked out once. */
struct outer {
	const struct op *op;
	const struct txn *txn;
	struct slice path;
	bool proxied;
	char client[INET6_ADDRSTRLEN]; /* its address as hops write it */
};

static struct outer outer_of(const struct op *op)
{
	const struct txn *txn = op->txn;
	struct outer o = { .op = op,
		.txn = txn,
		.path = path_canonical(txn->req.target, txn->arena),
		.proxied = is_proxied(&txn->req) };
	if (inet_ntop(txn->client.family == 6 ? AF_INET6 : AF_INET, txn->client.address, o.client,
		sizeof(o.client)) == NULL)
		o.client[0] = '\0';
	return o;
}

static bool is_within(const struct recent *r, const struct txn *txn)
{
	return r->first_ns >= txn->req.first.ns && r->last_ns <= txn_end_ns(txn);
}

static bool names_client(const struct recent *r, const struct outer *outer)
{
	struct slice said = { r->forwarded, r->n_forwarded }, mapped = SLICE("::ffff:");
	if (outer->txn->client.family != 6 && slice_starts_nocase(said, mapped))
		said = slice_part(said, mapped.n, said.n);
	return said.n != 0 && slice_is_nocase(said, outer->client);
}

/* A hop sends it from an address of its own; who keeps two servers alike sends both from one. */
static bool may_be_passed_on(const struct recent *r, const struct outer *outer)
{
	const struct endpoint *client = &outer->txn->client;
	if (r->n_forwarded != 0)
		return names_client(r, outer);
	return !same_address(&r->client, client) || r->client.port == client->port ||
	    same_address(&r->client, &outer->txn->server);
}

static bool is_translated(const struct recent *r, const struct txn *outer)
{
	return same_endpoint(&r->client, &outer->client);
}

/* Two clients may ask two servers for the same at the same time; hardly do both store the same bytes. */
static bool is_passed_on(const struct recent *r, const struct outer *outer)
{
	const struct op *op = outer->op;
	bool marked = r->proxied &&
	    (!outer->proxied || same_address(&r->client, &outer->txn->server));
	bool stores = op->kind <= OP_COPY && op->body_hash != 0;
	bool one_place = r->at.scope != 0 && r->at.scope == op->at.scope && r->at.id == op->at.id;
	return marked || stores || one_place || r->n_forwarded != 0 || is_translated(r, outer->txn);
}

static bool is_copy(const struct recent *r, const struct outer *outer)
{
	return is_within(r, outer->txn) && !same_endpoint(&r->server, &outer->txn->server) &&
	    path_maps(outer->path, recent_path(r)) && may_be_passed_on(r, outer) &&
	    is_passed_on(r, outer);
}

/* ---- what it teaches ---- */

static void copy_learn(struct copies *c, const struct op *op, const struct recent *r,
    struct slice outer)
{
	struct slice inner = recent_path(r);
	size_t tail = common_tail(outer, inner);
	/* The head that differs; what is the same from the root on has the root as its head. */
	struct slice from = slice_part(outer, 0, outer.n - tail),
		     to = slice_part(inner, 0, inner.n - tail);
	places_alias(c->places, place_authority(op->txn), from.n != 0 ? from : SLICE("/"),
	    r->authority, to.n != 0 ? to : SLICE("/"));
}

/* In the total order, each once. */
static size_t packet_put(struct stamp *at, size_t n, struct stamp packet)
{
	size_t i = n;
	while (i != 0 && at[i - 1].order > packet.order)
		i--;
	if (packet.frame == 0 || n == OP_PACKETS || (i != 0 && at[i - 1].order == packet.order))
		return n;
	memmove(&at[i + 1], &at[i], (n - i) * sizeof(*at));
	at[i] = packet;
	return n + 1;
}

/* Rests on what the client saw, and on what was seen closer to the server. */
static size_t packets_of(const struct op *op, const struct recent *const inner[2],
    struct stamp at[OP_PACKETS])
{
	size_t n = 0;
	for (size_t i = 0; i < 4; i++)
		if (inner[i / 2] != NULL)
			n = packet_put(at, n, inner[i / 2]->packets[i % 2]);
	for (size_t i = 0; i < op->n_packets; i++)
		n = packet_put(at, n, op->packets[i]);
	return n;
}

static void tell(struct copies *c, const struct op *op, enum trouble trouble,
    const struct recent *const inner[2], struct slice value, struct slice other)
{
	struct stamp packets[OP_PACKETS];
	struct matter m = { .trouble = trouble,
		.certainty = CONFIRMED,
		.number = op->number,
		.op = op,
		.mailbox = op->mailbox,
		.scope = path_collection(op->at.path),
		.href = op->at.path,
		.peer = op->peer_name,
		.device = op->device,
		.value = value,
		.other_value = other,
		.count = 1,
		.packets = packets,
		.n_packets = packets_of(op, inner, packets) };
	if (op->object != NULL)
		m.uid = op->object->uid;
	c->teller.matter(c->teller.ctx, &m);
}

static void tags_compare(struct copies *c, const struct op *op, const struct recent *r)
{
	struct slice inner = { r->tag, r->n_tag };
	bool lost = r->tag_seen == PRESENT && op->tag_seen == ABSENT && op->outcome == OUT_OK;
	bool changed = r->tag_seen == PRESENT && op->tag_seen == PRESENT && r->n_tag != 0 &&
	    !slice_equal(inner, op->tag);
	const struct recent *const seen[] = { r, NULL };
	if (lost || changed)
		tell(c, op, TROUBLE_TAG_CHANGED_BY_HOP, seen, op->tag, inner);
}

static bool may_repeat(const struct op *op)
{
	return op->kind <= OP_COPY || op->kind == OP_SEND;
}

static void replay_judge(struct copies *c, const struct op *op, const struct recent *first,
    const struct recent *second, const struct fold_sink *sink)
{
	if (!may_repeat(op) || first->commit == COMMIT_NO || second->commit == COMMIT_NO ||
	    first->commit == COMMIT_UNSEEN || second->commit == COMMIT_UNSEEN)
		return;
	const struct recent *const seen[] = { first, second };
	tell(c, op, TROUBLE_PROXY_REPLAY, seen, (struct slice){ 0 }, (struct slice){ 0 });
	sink->replayed(sink->ctx, second->number);
}

/* A hop tries again at the same server or, when that failed, at the next; a mirror gets it meanwhile. */
static bool is_second_try(const struct recent *first, const struct recent *second)
{
	return same_endpoint(&first->server, &second->server) || first->last_ns <= second->first_ns;
}

/* Until when the client waited: later ones of the same look belong to its next request. */
static bool end_is_known(const struct txn *txn)
{
	return txn->res.seen || txn->unpaired == UNPAIRED_CLOSED || txn->unpaired == UNPAIRED_RESET;
}

/*
 * The one that gave the answer that the client saw: of several the last; the first where it is not known how
 * long the client waited.
 */
static struct recent *copies_claim(struct copies *c, const struct op *op,
    const struct fold_sink *sink, uint16_t *inner)
{
	struct recent *last = NULL, *first = NULL;
	bool bounded = end_is_known(op->txn);
	uint64_t what = request_number(op->txn);
	if (c->marks[what % MARKS] == 0)
		return NULL;
	const struct outer outer = outer_of(op);
	size_t n = c->n < RECENT ? c->n : RECENT;
	for (size_t i = 1; i <= n; i++) {
		size_t at = (c->n - i) % RECENT;
		struct recent *r = &c->ring[at];
		if (c->what[at] != what || r->claimed || !is_copy(r, &outer))
			continue;
		first = r;
		r->claimed = bounded;
		*inner += 1;
		if (last != NULL && bounded && is_second_try(r, last))
			replay_judge(c, op, r, last, sink);
		else if (last == NULL)
			last = r;
	}
	struct recent *one = bounded ? last : first;
	if (one != NULL)
		copy_learn(c, op, one, outer.path);
	return one;
}

void copies_judge(struct copies *c, struct ops ops, const struct fold_sink *sink)
{
	struct op *op = &ops.list[0];
	uint16_t inner = 0;
	struct recent *last = copies_claim(c, op, sink, &inner);
	if (last == NULL)
		return;
	last->claimed = true;
	for (size_t i = 0; i < ops.n; i++) {
		ops.list[i].copy = true;
		ops.list[i].inner = inner;
	}
	if (ops.n == 1) {
		op->at.scope = last->at.scope;
		op->at.id = last->at.id;
	}
	/* What is no object for people's calendars a hop may weaken as it likes. */
	if (op->kind < OP_READ || op->object != NULL)
		tags_compare(c, op, last);
}
