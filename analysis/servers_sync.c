/*
 * servers_sync.c - what the synchronisation of collections says of their server: what its tokens are made
 * of, how lists end that are too long, and by what it knows an Add of ActiveSync again.
 */
#include "analysis/servers_parts.h"

#define SECOND_NS INT64_C(1000000000)
#define DAY_SECONDS INT64_C(86400)

/* ---- V6: tokens ---- */

enum { RISES_NEEDED = 2 };
#define LARGE UINT64_C(1000000000) /* seconds since 1970, of 2001 and later */

static bool is_time(uint64_t number, int64_t now_ns)
{
	if (number < LARGE || number >= 10 * LARGE)
		return false;
	int64_t behind = now_ns / SECOND_NS - (int64_t)number;
	return behind >= -DAY_SECONDS && behind <= 30 * DAY_SECONDS;
}

static struct slice unquoted(struct slice s)
{
	if (s.n >= 2 && s.p[0] == '"' && s.p[s.n - 1] == '"')
		return slice_part(s, 1, s.n - 2);
	return s;
}

/* The digits it ends with, and a number for what stands before them. False: it is not like that. */
static bool token_split(struct slice text, uint64_t *prefix, uint64_t *number)
{
	size_t head = text.n;
	while (head != 0 && text.p[head - 1] >= '0' && text.p[head - 1] <= '9')
		head--;
	*prefix = mix_slice(45, slice_part(text, 0, head));
	return slice_to_u64(slice_part(text, head, text.n), number);
}

/* What the token shows by itself, and by what came before it in one collection. */
static unsigned token_excludes(struct chain *c, struct slice text, int64_t now, bool goes_on)
{
	uint64_t prefix, number;
	if (!token_split(text, &prefix, &number))
		return V6_COUNTER | V6_EPOCH | V6_NONE;
	if (is_time(number, now))
		return V6_COUNTER | V6_OPAQUE | V6_NONE;
	bool follows = c->prefix == prefix;
	bool other = c->prefix != 0 && !follows && goes_on;
	c->rises = follows ? c->rises + (number > c->last) : 0;
	c->rises = follows && number < c->last ? 0 : c->rises;
	c->prefix = prefix;
	c->last = number;
	if (other)
		return V6_COUNTER | V6_EPOCH | V6_NONE;
	if (c->rises >= RISES_NEEDED && number < LARGE)
		return V6_EPOCH | V6_OPAQUE | V6_NONE;
	return V6_NONE;
}

enum token_kind { TOKEN_SYNC = 1, TOKEN_CTAG };

/* goes_on: the client offered a token that this one takes the place of. SOGo's "-1": there is nothing yet. */
static void token_judge(const struct sight *t, enum token_kind kind, struct slice text,
    bool goes_on)
{
	uint64_t of = mix(t->op->at.scope, kind);
	if (t->op->sync != NULL)
		of = mix(of, t->op->peer);
	struct chain *c = &t->s->chains[of % CHAIN_SLOTS];
	if (text.n == 0 || slice_is(text, "-1") || slice_is(text, "0") ||
	    (kind == TOKEN_CTAG && t->server->tokens_seen))
		return;
	if (c->of != of || !goes_on)
		*c = (struct chain){ .of = of };
	if (kind == TOKEN_SYNC && !t->server->tokens_seen) {
		t->server->tokens_seen = true;
		sight_forget(t, POLICY_V6);
	}
	sight_exclude(t, POLICY_V6,
	    token_excludes(c, unquoted(text), t->op->txn->res.head.ns, goes_on));
}

static struct slice first_value(const struct dav *dav, const char *name)
{
	const struct dav_response *row = dav->n_responses != 0 ? &dav->responses[0] : NULL;
	for (size_t i = 0; row != NULL && i < row->n_props; i++) {
		const struct dav_prop *p = &row->props[i];
		if (slice_is(p->name.local, name) && p->status / 100 == 2 && p->value.n == p->bytes)
			return slice_trim(p->value);
	}
	return (struct slice){ 0 };
}

/* In the first row of a PROPFIND, which is the collection itself. */
static void tokens_listed(const struct sight *t)
{
	const struct dav *dav = t->op->txn->res.body.dav;
	if (!slice_is(t->op->txn->req.method, "PROPFIND") || dav == NULL ||
	    t->op->txn->res.status != 207 || !answer_whole(t->op->txn))
		return;
	token_judge(t, TOKEN_SYNC, first_value(dav, "sync-token"), true);
	token_judge(t, TOKEN_CTAG, first_value(dav, "getctag"), true);
}

/* ---- lists of changes ---- */

/* V7: RFC 6578 3.6 and 3.7. */
static void length_judge(const struct sight *t, const struct dav *asked, const struct dav *said)
{
	if (dav_is_cut(said)) {
		sight_exclude(t, POLICY_V7, V7_SILENT | V7_NONE);
		if (said->sync_token.n != 0)
			sight_kept(t, INVARIANT_J6);
	} else if (asked->limit != 0 && said->n_responses > asked->limit) {
		sight_exclude(t, POLICY_V7, V7_507 | V7_SILENT);
	}
}

/* J9: a token that is refused by its name, RFC 6578 3.2. */
static void token_refused(const struct sight *t)
{
	uint16_t status = t->op->txn->res.status;
	if (t->op->outcome != OUT_TOKEN_BAD || !answer_whole(t->op->txn))
		return;
	if (status == 403 || status == 409)
		sight_kept(t, INVARIANT_J9);
	else
		sight_broken(t, INVARIANT_J9, CONFIRMED);
}

static void delta_dav(const struct sight *t)
{
	const struct txn *txn = t->op->txn;
	const struct dav *asked = txn->req.body.dav, *said = txn->res.body.dav;
	if (asked == NULL || !slice_is(txn->req.method, "REPORT"))
		return;
	token_refused(t);
	if (said == NULL || !said->whole || txn->res.status != 207 || !answer_whole(txn))
		return;
	length_judge(t, asked, said);
	token_judge(t, TOKEN_SYNC, slice_trim(said->sync_token), asked->sync_token.n != 0);
}

static void delta_airsync(const struct sight *t)
{
	const struct airsync_collection *asked = t->op->collection, *said = t->op->answered;
	if (asked == NULL || said == NULL || t->op->outcome != OUT_OK || !answer_whole(t->op->txn))
		return;
	if (said->more)
		sight_kept(t, INVARIANT_J6);
	token_judge(t, TOKEN_SYNC, said->key, asked->key.n != 0 && !slice_is(asked->key, "0"));
}

/* ---- V8: an Add that is known again ---- */

/* What two Adds have in common, and whether the server made one item of them. */
struct pair {
	bool client_id, key, uid, client_uid, content, one;
};

/* It made one of two: what is different in them cannot be why. It made two: what is the same cannot be. */
static unsigned pair_excludes(const struct pair *p)
{
	unsigned same = 0;
	same |= p->client_id && p->key ? V8_KEY_CLIENT_ID : 0;
	same |= p->client_id ? V8_CLIENT_ID : 0;
	same |= p->uid ? V8_UID : 0;
	same |= p->client_uid ? V8_CLIENT_UID : 0;
	return p->one ?
	    (V8_KEY_CLIENT_ID | V8_CLIENT_ID | V8_UID | V8_CLIENT_UID | V8_NONE) & ~same :
	    same;
}

static uint32_t text32(struct slice text)
{
	return text.n != 0 ? number32(mix_slice(46, text)) : 0;
}

static bool equal32(uint32_t a, uint32_t b)
{
	return a != 0 && a == b;
}

static bool is_live(const struct servers *s, uint64_t id)
{
	const struct known *k = &s->known[id % KNOWN_SLOTS];
	return k->id == id && k->being == BEING_LIVE && k->done > s->doubt;
}

static void adds_compare(const struct sight *t, const struct add *old, const struct add *now)
{
	const struct pair p = { .client_id = equal32(old->client_id, now->client_id),
		.key = old->key == now->key,
		.uid = equal32(old->uid, now->uid),
		.client_uid = equal32(old->client_uid, now->client_uid),
		.content = equal32(old->print, now->print),
		.one = old->server_id == now->server_id };
	bool replay = p.client_id && p.key && p.content;
	/* An item that is gone meanwhile is made anew. */
	if (!p.one && !is_live(t->s, old->server_id))
		return;
	sight_exclude(t, POLICY_V8, pair_excludes(&p));
	if (replay && p.one)
		sight_kept(t, INVARIANT_J7);
	else if (replay)
		sight_broken(t, INVARIANT_J7, CONFIRMED);
}

/* Found by its ClientId, its UID and its ClientUid: each has a place of its own. */
static void add_judge(const struct sight *t)
{
	const struct op *op = t->op;
	const struct object *o = op->object;
	uint64_t scope = op->at.scope;
	const struct add now = { .key = mix_slice(47, op->guard_value),
		.server_id = op->at.id,
		.client_id = text32(op->item->client_id),
		.uid = o != NULL ? text32(o->uid) : 0,
		.client_uid = text32(op->item->client_uid),
		.print = o != NULL ? number32(o->fingerprint) : 0 };
	const uint64_t whats[] = { now.client_id != 0 ?
		    mix(mix(scope, op->peer), mix(1, now.client_id)) :
		    0,
		now.uid != 0 ? mix(scope, mix(2, now.uid)) : 0,
		now.client_uid != 0 ? mix(scope, mix(3, now.client_uid)) : 0 };
	for (size_t i = 0; i < sizeof(whats) / sizeof(whats[0]); i++) {
		struct add *old = &t->s->adds[whats[i] % ADD_SLOTS];
		if (whats[i] == 0)
			continue;
		if (old->what == whats[i])
			adds_compare(t, old, &now);
		*old = now;
		old->what = whats[i];
	}
}

void sync_op(const struct sight *t)
{
	const struct op *op = t->op;
	if (op->kind == OP_DELTA && op->sync != NULL)
		delta_airsync(t);
	else if (op->kind == OP_DELTA)
		delta_dav(t);
	else if (op->kind == OP_LIST || op->kind == OP_PROBE)
		tokens_listed(t);
	else if (op->item != NULL && op->kind == OP_CREATE && op->commit == COMMIT_YES &&
	    op->at.id != 0 && answer_whole(op->txn))
		add_judge(t);
}

void servers_twins(struct servers *s, const struct twins *twins)
{
	const struct scope_note *note = s != NULL ? scope_note_of(s, twins->scope) : NULL;
	if (note == NULL)
		return;
	struct sight t = { .s = s, .server = &s->list[note->server], .at = twins->at };
	t.view = (struct server_view *)servers_of(s, twins->scope);
	if (t.view == NULL || (twins->certainty != CONFIRMED && s->lossy))
		return;
	if (t.server->speaks == SPEAKS_DAV && twins->one_uid && twins->certainty == CONFIRMED) {
		sight_exclude(&t, POLICY_V4, V4_COLLECTION | V4_USER);
		sight_broken(&t, INVARIANT_J4, CONFIRMED);
	}
	if (t.server->speaks == SPEAKS_ACTIVESYNC && twins->cause == CAUSE_SERVER_REPLAY) {
		sight_exclude(&t, POLICY_V8, V8_KEY_CLIENT_ID | V8_CLIENT_ID);
		sight_broken(&t, INVARIANT_J7, twins->certainty);
	}
}
