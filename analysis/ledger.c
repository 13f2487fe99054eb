/*
 * ledger.c - lifelines: finding and making them, who leaves, and whose traffic has holes. What goes into
 * them is in ledger_note.c.
 */
#include "analysis/ledger.h"

#include <stdlib.h>
#include <string.h>

enum {
	ALIASES = 32768,
	PROBES = 8,
	SOFTWARE = 64,
	ACTORS = 4096,
	BLIND_SLOTS = 1024,
	HOLES = 6,
	GAPS = 256
};
#define PAUSE_NS (INT64_C(15) * 1000000000)

/* A lifeline by one of its keys; out of date when its place was given to another one. */
struct alias {
	uint64_t key;
	uint32_t index, serial;
};
/* A peer, or a peer in a collection. */
struct actor {
	uint64_t key;
	int64_t ns; /* when it was seen last */
	uint32_t cycle, looked; /* looked: the one in which `look` was, counted from 1; 0: none */
	uint64_t reset; /* order of the last request that began anew; 0: none */
	bool refused; /* its token; and what it does about that was not seen yet */
	struct deed look;
};
/* Stretches in which something may be missing, in order. */
struct blindness {
	struct {
		uint64_t from, to;
	} holes[HOLES];
	size_t n;
};

struct ledger {
	struct places *places;
	struct lifeline *lines; /* `room` of them; index 0 is nobody's */
	size_t room, n;
	uint32_t oldest, newest, listings;
	uint64_t forgotten;
	struct alias aliases[ALIASES];
	struct software software[SOFTWARE];
	size_t n_software;
	struct actor actors[ACTORS];
	struct blindness blind[BLIND_SLOTS], all_blind; /* the last: whoever it is of */
	struct {
		struct flow_id flow;
		uint64_t order;
	} gaps[GAPS]; /* a ring: whose they are is known when the flow is over */
	size_t n_gaps;
};

struct ledger *ledger_new(const struct limits *limits, struct places *places)
{
	struct ledger *l = calloc(1, sizeof(*l));
	if (l == NULL)
		return NULL;
	l->places = places;
	l->room = (size_t)limits->lifelines + 1;
	l->n = 1;
	l->lines = calloc(l->room, sizeof(*l->lines));
	if (l->lines == NULL) {
		free(l);
		return NULL;
	}
	return l;
}

void ledger_free(struct ledger *l)
{
	if (l == NULL)
		return;
	for (size_t i = 1; i < l->n; i++)
		free(l->lines[i].deeds);
	free(l->lines);
	free(l);
}

struct places *ledger_places(const struct ledger *l)
{
	return l->places;
}

uint32_t ledger_listing(struct ledger *l)
{
	return ++l->listings;
}

uint64_t ledger_forgotten(const struct ledger *l)
{
	return l->forgotten;
}

uint64_t group_of(uint64_t peer, uint64_t scope)
{
	return mix(mix(71, peer), scope);
}

/* ---- by key ---- */

uint64_t lifeline_key_of(unsigned kind, uint64_t peer, uint64_t scope, uint64_t what)
{
	return mix(mix(mix(kind, peer), scope), what);
}

static struct lifeline *alias_line(const struct ledger *l, const struct alias *a)
{
	struct lifeline *line = a->index != 0 ? &l->lines[a->index] : NULL;
	return line != NULL && line->serial == a->serial ? line : NULL;
}

struct lifeline *lifeline_find(struct ledger *l, uint64_t key)
{
	for (size_t i = 0; i < PROBES; i++) {
		const struct alias *a = &l->aliases[(key + i) % ALIASES];
		struct lifeline *line = a->key == key ? alias_line(l, a) : NULL;
		if (line != NULL)
			return line;
	}
	return NULL;
}

/* The same key, else a free or stale place, else that of the lifeline not used for longest. */
void lifeline_key(struct ledger *l, struct lifeline *line, uint64_t key)
{
	struct alias *best = NULL;
	uint64_t best_order = UINT64_MAX;
	for (size_t i = 0; i < PROBES; i++) {
		struct alias *a = &l->aliases[(key + i) % ALIASES];
		const struct lifeline *holder = alias_line(l, a);
		uint64_t order = holder != NULL && holder->n != 0 ?
		    holder->deeds[holder->n - 1].order :
		    0;
		if (a->key == key) {
			best = a;
			break;
		}
		if (order < best_order) {
			best = a;
			best_order = order;
		}
	}
	if (best != NULL)
		*best = (struct alias){ key, line->index, line->serial };
}

/* ---- in their collection, and by use ---- */

struct lifeline *lifelines_of(struct ledger *l, uint64_t group)
{
	struct lifeline *line = lifeline_find(l, group);
	return line != NULL && line->group == group && line->before == 0 ? line : NULL;
}

struct lifeline *lifeline_next(struct ledger *l, const struct lifeline *line)
{
	return line->next != 0 ? &l->lines[line->next] : NULL;
}

static void group_enter(struct ledger *l, struct lifeline *line)
{
	struct lifeline *head = lifelines_of(l, line->group);
	line->before = 0;
	line->next = head != NULL ? head->index : 0;
	if (head != NULL)
		head->before = line->index;
	lifeline_key(l, line, line->group);
}

/* The last one leaves: its collection is known by nobody any more. */
static void group_end(struct ledger *l, const struct lifeline *line)
{
	for (size_t i = 0; i < PROBES; i++) {
		struct alias *a = &l->aliases[(line->group + i) % ALIASES];
		if (a->key == line->group && alias_line(l, a) == line)
			*a = (struct alias){ 0 };
	}
}

static void group_leave(struct ledger *l, struct lifeline *line)
{
	if (line->next != 0)
		l->lines[line->next].before = line->before;
	if (line->before != 0)
		l->lines[line->before].next = line->next;
	else if (line->next != 0)
		lifeline_key(l, &l->lines[line->next], line->group);
	else
		group_end(l, line);
}

void lifeline_rehome(struct ledger *l, struct lifeline *line, uint64_t scope)
{
	group_leave(l, line);
	line->scope = scope;
	line->group = group_of(line->peer, scope);
	group_enter(l, line);
}

static void use_end(struct ledger *l, const struct lifeline *line)
{
	*(line->older != 0 ? &l->lines[line->older].newer : &l->oldest) = line->newer;
	*(line->newer != 0 ? &l->lines[line->newer].older : &l->newest) = line->older;
}

static void use_begin(struct ledger *l, struct lifeline *line)
{
	line->older = l->newest;
	line->newer = 0;
	*(l->newest != 0 ? &l->lines[l->newest].newer : &l->oldest) = line->index;
	l->newest = line->index;
}

/* ---- software ---- */

static void text_keep(char *out, size_t room, struct slice s)
{
	size_t n = s.n < room - 1 ? s.n : room - 1;
	if (n != 0)
		memcpy(out, s.p, n);
	out[n] = '\0';
}

/* Its number; SOFTWARE: there is no room for one more. */
static uint16_t software_of(struct ledger *l, const struct op *op)
{
	struct slice agent = { 0 };
	message_header(&op->txn->req, "User-Agent", &agent);
	agent = slice_trim(agent);
	uint16_t version = op->sync != NULL ? op->sync->version : 0;
	uint64_t key = mix(mix_slice(72, agent), version + (op->sync != NULL ? 1U << 16 : 0));
	size_t i = 0;
	while (i < l->n_software && l->software[i].key != key)
		i++;
	if (i < l->n_software || i == SOFTWARE)
		return (uint16_t)i;
	struct software *s = &l->software[l->n_software++];
	*s = (struct software){ .key = key,
		.activesync = op->sync != NULL,
		.version = version,
		.habits = vector_any() };
	text_keep(s->agent, sizeof(s->agent), agent);
	return (uint16_t)i;
}

const struct software *ledger_software(const struct ledger *l, size_t i, size_t *n)
{
	*n = l->n_software;
	return i < l->n_software ? &l->software[i] : NULL;
}

/* ---- who was seen, and what may be missing ---- */

static struct blindness *blind_of(struct ledger *l, const struct endpoint *client, uint32_t *slot)
{
	struct slice address = { client->address, sizeof(client->address) };
	*slot = (uint32_t)(mix(client->family, mix_slice(91, address)) % BLIND_SLOTS);
	return &l->blind[*slot];
}

/* In order. Without room the nearest one gets longer. */
static void hole_add(struct blindness *b, uint64_t from, uint64_t to)
{
	size_t at = 0;
	while (at < b->n && b->holes[at].to < from)
		at++;
	if (b->n == HOLES || (at < b->n && b->holes[at].from <= to)) {
		at = at == HOLES ? HOLES - 1 : at;
		if (from < b->holes[at].from)
			b->holes[at].from = from;
		if (to > b->holes[at].to)
			b->holes[at].to = to;
		return;
	}
	memmove(&b->holes[at + 1], &b->holes[at], (b->n - at) * sizeof(b->holes[0]));
	b->holes[at].from = from;
	b->holes[at].to = to;
	b->n++;
}

void ledger_txn(struct ledger *l, const struct txn *txn, bool told)
{
	uint32_t slot;
	if (told && txn_is_whole(txn))
		return;
	uint64_t from = txn->req.seen ? txn->req.first.order : txn->res.first.order;
	if (from == 0)
		from = txn->done.order;
	hole_add(blind_of(l, &txn->client, &slot), from, txn->done.order);
}

void ledger_gap(struct ledger *l, const struct anomaly *gap)
{
	size_t i = l->n_gaps++ % GAPS;
	l->gaps[i].flow = gap->flow;
	l->gaps[i].order = gap->at.order;
}

/* Between two messages a gap is in neither of them: whole ones may have been there. */
void ledger_flow(struct ledger *l, const struct flow *flow)
{
	uint32_t slot;
	bool found = false;
	bool gaps = flow->gap_bytes[0] != 0 || flow->gap_bytes[1] != 0;
	if (!gaps && l->n_gaps == 0)
		return;
	struct blindness *b = blind_of(l, &flow->side[0], &slot);
	for (size_t i = 0; i < l->n_gaps && i < GAPS; i++) {
		if (l->gaps[i].flow.frame != flow->id.frame ||
		    l->gaps[i].flow.input != flow->id.input)
			continue;
		hole_add(b, l->gaps[i].order, l->gaps[i].order);
		found = true;
	}
	if (gaps && (!found || l->n_gaps > GAPS))
		hole_add(b, flow->first.order, flow->done.order);
}

void ledger_dropped(struct ledger *l, const struct dropped *dropped)
{
	hole_add(&l->all_blind, dropped->at.order, dropped->at.order);
}

static void sight_narrow(struct sight *sight, const struct lifeline *line,
    const struct blindness *b)
{
	for (size_t i = 0; i < b->n && line->n != 0; i++) {
		if (b->holes[i].to < line->deeds[0].order) {
			sight->before = true;
			continue;
		}
		size_t at = 0;
		while (at < sight->whole && line->deeds[at].done < b->holes[i].from)
			at++;
		sight->whole = at;
		sight->after = true;
	}
}

struct sight lifeline_sight(const struct ledger *l, const struct lifeline *line)
{
	struct sight sight = { .whole = line->n, .after = line->full };
	sight_narrow(&sight, line, &l->blind[line->blind]);
	sight_narrow(&sight, line, &l->all_blind);
	return sight;
}

static struct actor *actor_at(const struct ledger *l, uint64_t key)
{
	return (struct actor *)&l->actors[key % ACTORS];
}

static void actor_seen(struct ledger *l, uint64_t key, int64_t ns)
{
	struct actor *a = actor_at(l, key);
	if (a->key != key)
		*a = (struct actor){ .key = key, .ns = ns };
	a->cycle += ns_apart(ns, a->ns) > PAUSE_NS;
	if (ns > a->ns) /* who gets no answer is told of late */
		a->ns = ns;
}

void ledger_seen(struct ledger *l, const struct op *op)
{
	actor_seen(l, op->peer, op->txn->req.first.ns);
	if (op->at.scope != 0)
		actor_seen(l, group_of(op->peer, op->at.scope), op->txn->req.first.ns);
}

void ledger_look(struct ledger *l, uint64_t group, const struct deed *look)
{
	struct actor *a = actor_at(l, group);
	if (a->key != group)
		return;
	a->looked = a->cycle + 1;
	a->look = *look;
}

const struct deed *ledger_last_look(const struct ledger *l, uint64_t group)
{
	const struct actor *a = actor_at(l, group);
	return a->key == group && a->looked == a->cycle + 1 ? &a->look : NULL;
}

uint32_t ledger_cycle(const struct ledger *l, uint64_t group)
{
	const struct actor *a = actor_at(l, group);
	return a->key == group ? a->cycle : 0;
}

static unsigned cycles_of(const struct ledger *l, const struct lifeline *line)
{
	uint32_t now = ledger_cycle(l, line->group);
	return now < line->first_cycle ? 1 : now - line->first_cycle + 1;
}

int64_t ledger_last_seen(const struct ledger *l, const struct lifeline *line)
{
	const struct actor *a = actor_at(l, line->peer);
	return a->key == line->peer ? a->ns : 0;
}

/* ---- what becomes of tokens ---- */

/* What every refusal shows is what it does; what they do not agree on it does not always do. */
static void software_shows(struct ledger *l, const struct op *op, enum policy policy,
    unsigned values)
{
	uint16_t number = software_of(l, op);
	if (number == SOFTWARE)
		return;
	struct software *s = &l->software[number];
	uint8_t both = s->habits.set[policy] & (uint8_t)values;
	if (both == 0)
		s->mixed |= UINT64_C(1) << policy;
	s->habits.set[policy] = both != 0 ? both : (uint8_t)(s->habits.set[policy] | values);
	s->shown_at[policy] = message_packet(&op->txn->req);
}

static bool begins_anew(const struct op *op)
{
	const struct dav *asked = op->txn->req.body.dav;
	if (op->sync != NULL)
		return slice_is(op->guard_value, "0");
	return asked != NULL && asked->whole && asked->sync_token.n == 0 && asked->collblob.n == 0;
}

void ledger_session(struct ledger *l, const struct op *op)
{
	struct actor *a = actor_at(l, group_of(op->peer, op->at.scope));
	bool anew = begins_anew(op), list = op->kind == OP_LIST;
	if (a->key != group_of(op->peer, op->at.scope))
		return;
	if (a->refused)
		software_shows(l, op, POLICY_P9,
		    list     ? P9_PROPFIND :
			anew ? P9_DIFF | P9_WIPE :
			       P9_GIVE_UP);
	a->refused = op->outcome == OUT_TOKEN_BAD;
	if (anew && op->kind == OP_DELTA)
		a->reset = op->txn->req.first.order;
}

bool ledger_reset_since(const struct ledger *l, uint64_t group, uint64_t order)
{
	const struct actor *a = actor_at(l, group);
	return a->key == group && a->reset > order;
}

/* ---- lifelines ---- */

static struct lifeline *place_take(struct ledger *l)
{
	if (l->n < l->room) {
		l->lines[l->n].index = (uint32_t)l->n;
		return &l->lines[l->n++];
	}
	struct lifeline *line = &l->lines[l->oldest];
	if (l->oldest == 0)
		return NULL;
	l->forgotten++;
	group_leave(l, line);
	use_end(l, line);
	return line;
}

struct lifeline *lifeline_new(struct ledger *l, const struct op *op, uint64_t number)
{
	struct lifeline *line = place_take(l);
	if (line == NULL)
		return NULL;
	struct lifeline fresh = { .number = number,
		.peer = op->peer,
		.scope = op->at.scope,
		.group = group_of(op->peer, op->at.scope),
		.index = line->index,
		.serial = line->serial + 1,
		.activesync = op->sync != NULL,
		.first_cycle = ledger_cycle(l, group_of(op->peer, op->at.scope)),
		.deeds = line->deeds,
		.room = line->room };
	*line = fresh;
	blind_of(l, &op->txn->client, &line->blind);
	line->software = software_of(l, op);
	l->forgotten += line->software == SOFTWARE;
	struct slice text = op->at.path;
	if (op->object != NULL && op->object->summary.n != 0)
		text = op->object->summary;
	text_keep(line->text, sizeof(line->text), text);
	text_keep(line->peer_name, sizeof(line->peer_name), op->peer_name);
	use_begin(l, line);
	group_enter(l, line);
	lifeline_key(l, line, lifeline_key_of(KEY_NUMBER, 0, 0, line->number));
	return line;
}

static bool deeds_grow(struct lifeline *line)
{
	if (line->n < line->room)
		return true;
	size_t room = line->room == 0 ? 8 : line->room * 2U;
	if (room > DEEDS_MAX)
		room = DEEDS_MAX;
	struct deed *deeds = room > line->room ? realloc(line->deeds, room * sizeof(*deeds)) : NULL;
	if (deeds == NULL)
		return false;
	line->deeds = deeds;
	line->room = (uint16_t)room;
	return true;
}

/* A client that only looks sees the same again and again. */
static bool says_nothing_new(const struct deed *last, const struct deed *d)
{
	return last->request == d->request && last->answer == d->answer && last->id == d->id &&
	    last->tag == d->tag && last->body == d->body && last->flags == d->flags &&
	    !deed_is_write(d) && d->request != ON_Q_DELETE && d->request != ON_Q_MOVE;
}

/* By request: that no answer came is known late. */
void lifeline_add(struct ledger *l, struct lifeline *line, const struct deed *d)
{
	use_end(l, line);
	use_begin(l, line);
	if (line->n != 0 && says_nothing_new(&line->deeds[line->n - 1], d)) {
		struct deed *last = &line->deeds[line->n - 1];
		last->times = last->times == UINT16_MAX ? UINT16_MAX : last->times + 1U;
		return;
	}
	if (!deeds_grow(line)) {
		line->full = true;
		return;
	}
	size_t i = line->n++;
	for (; i != 0 && line->deeds[i - 1].order > d->order; i--)
		line->deeds[i] = line->deeds[i - 1];
	line->deeds[i] = *d;
	uint32_t now = ledger_cycle(l, line->group);
	uint32_t cycle = now > line->first_cycle ? now - line->first_cycle : 0;
	line->deeds[i].cycle = cycle < UINT8_MAX ? (uint8_t)cycle : UINT8_MAX;
}

void lifeline_drop_inner(struct lifeline *line, const struct op *op, enum machine_event request,
    struct inner *inner)
{
	uint64_t from = op->txn->req.first.order, to = op->txn->done.order;
	size_t kept = 0;
	for (size_t i = 0; i < line->n; i++) {
		const struct deed *d = &line->deeds[i];
		if (d->order <= from || d->order > to) { /* its own begin where it does */
			line->deeds[kept++] = *d;
			continue;
		}
		if (d->request != request)
			continue;
		inner->extra += d->commit == COMMIT_YES && inner->commit == COMMIT_YES &&
		    d->id != 0 && inner->id != 0 && d->id != inner->id;
		inner->commit = inner->commit == COMMIT_YES ? COMMIT_YES : (enum commit)d->commit;
		inner->id = d->id != 0 ? d->id : inner->id;
	}
	line->n = (uint16_t)kept;
}

static int by_number(const void *left, const void *right)
{
	const struct lifeline *a = *(const struct lifeline *const *)left;
	const struct lifeline *b = *(const struct lifeline *const *)right;
	return (a->number > b->number) - (a->number < b->number);
}

const struct lifeline **ledger_lines(struct ledger *l, size_t *n)
{
	const struct lifeline **out = calloc(l->n, sizeof(*out));
	*n = 0;
	for (size_t i = 1; out != NULL && i < l->n; i++) {
		if (l->lines[i].n == 0)
			continue;
		l->lines[i].cycles = cycles_of(l, &l->lines[i]);
		out[(*n)++] = &l->lines[i];
	}
	if (*n != 0)
		qsort(out, *n, sizeof(*out), by_number);
	return out;
}
