/*
 * session_token.c - which token the client has, and what both sides make of it: tokens that are refused, that
 * the client leaves unused, that the server hands out again. SyncKeys of ActiveSync are tokens as well.
 */
#include "analysis/session.h"

#include <string.h>

#define OLD_NS (7 * DAY_NS) /* a server may forget such a token: RFC 6578 3.2 */

/* ---- the tokens that were received ---- */

static struct token *token_at(const struct session *n, uint64_t i)
{
	return (struct token *)&n->tokens[i % TOKENS_KEPT];
}

static uint64_t first_kept(const struct session *n)
{
	return n->n_tokens > TOKENS_KEPT ? n->n_tokens - TOKENS_KEPT : 0;
}

const struct token *token_last(const struct session *n)
{
	return n->known && n->n_tokens != 0 ? token_at(n, n->n_tokens - 1) : NULL;
}

const struct token *token_given(const struct session *n, uint64_t hash)
{
	for (uint64_t i = n->n_tokens; hash != 0 && i-- > first_kept(n);)
		if (token_at(n, i)->hash == hash)
			return token_at(n, i);
	return NULL;
}

struct slice token_text(const struct token *t)
{
	return t != NULL ? (struct slice){ (const uint8_t *)t->text, t->n } : (struct slice){ 0 };
}

void token_forget(struct session *n)
{
	n->known = n->from_start = false;
	n->first.state = FIRST_NONE;
	n->rollback.count = 0;
}

void token_restart(struct session *n)
{
	token_forget(n);
	suspect_clear(n, 0);
	n->n_tokens = 0;
	n->counting = (struct counting){ 0 };
}

static uint64_t server_of(const struct op *op)
{
	struct slice value = { 0 };
	if (message_header(&op->txn->res, "Server", &value) != PRESENT)
		return 0;
	return slice_number(slice_trim(value));
}

/* ---- refused: D13 ---- */

/* Status 3 is how ActiveSync starts over, so it takes one more to be a storm. */
static uint8_t hits_needed(const struct op *op)
{
	return op->sync != NULL ? 3 : 2;
}

static uint8_t repeats_needed(const struct op *op)
{
	return op->sync != NULL ? 3 : 1;
}

static bool is_storm(const struct storm *t, const struct op *op)
{
	uint8_t needed = hits_needed(op);
	if (t->offers >= 4 && 2 * t->accepts < t->offers)
		return true;
	return t->n_hits >= needed &&
	    ns_apart(t->hits[t->n_hits - 1].request.ns, t->hits[t->n_hits - needed].request.ns) <=
	    DAY_NS;
}

/* What the client did next shows that it lost its place. */
static void storm_hit(struct sessions *s, struct session *n, const struct offer *o)
{
	struct storm *t = &n->storm;
	if (t->n_hits == STORM_HITS) {
		memmove(&t->hits[0], &t->hits[1], (STORM_HITS - 1) * sizeof(t->hits[0]));
		t->n_hits--;
	}
	t->hits[t->n_hits++] = t->refused;
	t->all_issued = (t->count == 0 || t->all_issued) && t->issued && t->certain;
	t->count++;
	t->offers++;
	struct matter m = { .trouble = TROUBLE_TOKEN_STORM,
		.certainty = t->all_issued ? CONFIRMED : PROBABLE,
		.value = token_text(token_given(n, t->pending)),
		.count = t->count };
	t->pending = 0;
	if (!is_storm(t, o->op) || session_is_shared(n))
		return;
	struct evidence e = { .n = 0 };
	for (uint8_t i = 0; i < t->n_hits; i++)
		evidence_span(&e, &t->hits[i]);
	evidence_op(&e, o->op);
	session_tell(s, n, o->op, m, &e);
}

static void storm_follow(struct sessions *s, struct session *n, const struct offer *o)
{
	struct storm *t = &n->storm;
	/* An answer that came late may be told after what was asked later. */
	if (t->pending == 0 || o->op->txn->req.first.ns < t->refused.request.ns)
		return;
	if (o->hash == t->pending) {
		int64_t gap = ns_apart(o->op->txn->req.first.ns, t->refused.request.ns);
		if (t->certain && gap >= MINUTE_NS && ++t->repeats >= repeats_needed(o->op))
			storm_hit(s, n, o);
	} else if (o->hash == 0 && (t->certain || o->accepted)) {
		storm_hit(s, n, o);
	} else {
		t->pending = 0;
	}
}

/* The server may refuse what is old, what another server gave, and what nobody gave for this collection. */
static bool refusal_is_fair(struct sessions *s, const struct session *n, const struct offer *o)
{
	const struct token *given = token_given(n, o->hash);
	uint64_t server = server_of(o->op);
	if (given != NULL && ns_apart(o->op->txn->req.first.ns, given->span.answer.ns) > OLD_NS)
		return true;
	uint64_t before = given != NULL ? given->server : n->server;
	if (server != 0 && before != 0 && server != before)
		return true;
	if (given != NULL)
		return false;
	const struct note *elsewhere = note_find(s, NOTE_TOKEN, o->hash);
	if (elsewhere != NULL && elsewhere->a != n->scope)
		return true;
	return n->from_start && n->n_tokens <= TOKENS_KEPT;
}

static void storm_refused(struct sessions *s, struct session *n, const struct offer *o)
{
	struct storm *t = &n->storm;
	n->refused_ns = o->op->txn->req.first.ns;
	if (refusal_is_fair(s, n, o)) {
		t->pending = 0;
		return;
	}
	if (t->pending == o->hash) /* once more, at once: still the same refusal */
		return;
	t->pending = o->hash;
	t->repeats = 0;
	t->refused = span_of(o->op);
	t->certain = o->certain;
	t->issued = token_given(n, o->hash) != NULL;
}

/* ---- left unused by the client: D18 ---- */

static bool same_flow(struct flow_id a, struct flow_id b)
{
	return a.frame == b.frame && a.input == b.input;
}

/*
 * One client that does so on one connection is told apart from two that look alike; on several connections
 * only when it goes on.
 */
static void rollback_judge(struct sessions *s, struct session *n, const struct offer *o)
{
	const struct token *last = token_last(n), *old = token_given(n, o->hash);
	struct rollback *r = &n->rollback;
	struct span now = span_of(o->op);
	if (last == NULL || old == NULL || last->hash == o->hash) {
		r->count = 0;
		return;
	}
	if (last->span.done >= now.begun) /* it was asked before the last one had arrived */
		return;
	if (r->count == 0 || r->token != o->hash)
		*r = (struct rollback){ o->hash, 0, true, o->op->txn->flow, now };
	r->one_flow = r->one_flow && same_flow(r->flow, o->op->txn->flow);
	if (++r->count < 2 || (r->count == 2 && !r->one_flow))
		return;
	struct evidence e = { .n = 0 };
	evidence_span(&e, &old->span);
	evidence_span(&e, &last->span);
	evidence_span(&e, &r->first);
	evidence_op(&e, o->op);
	session_tell(s, n, o->op,
	    (struct matter){ .trouble = TROUBLE_TOKEN_ROLLBACK,
		.certainty = r->one_flow ? CONFIRMED : PROBABLE,
		.value = o->text,
		.other_value = token_text(last),
		.count = r->count },
	    &e);
}

void token_offered(struct sessions *s, struct session *n, const struct offer *o)
{
	storm_follow(s, n, o);
	n->offered = o->hash;
	if (o->hash == 0) {
		n->rollback.count = 0;
		return;
	}
	rollback_judge(s, n, o);
	if (o->refused) {
		storm_refused(s, n, o);
	} else if (o->accepted) {
		n->storm.accepts++;
		n->storm.offers++;
	}
}

/* ---- handed out again by the server: D14 ---- */

/* The same token stands for the same state, and the state is another one. */
static void regression_judge(struct sessions *s, struct session *n, const struct op *op,
    struct slice text)
{
	const struct token *last = token_last(n), *old = token_given(n, slice_number(text));
	if (last == NULL || old == NULL || old->part || old->hash == last->hash)
		return;
	const struct write *w = shelf_changed(shelf_of(s, n->scope), old->span.done,
	    span_of(op).begun);
	if (w == NULL)
		return;
	struct evidence e = { .n = 0 };
	evidence_span(&e, &old->span);
	evidence_span(&e, &w->span);
	evidence_span(&e, &last->span);
	evidence_op(&e, op);
	session_tell(s, n, op,
	    (struct matter){ .trouble = TROUBLE_TOKEN_REGRESSION,
		.certainty = CONFIRMED,
		.value = text,
		.other_value = token_text(last),
		.count = 1 },
	    &e);
}

/* "http://sabre.io/ns/sync/12": the digits at its end, and the rest. */
bool token_number(struct slice text, uint64_t *prefix, uint64_t *number)
{
	size_t head = text.n;
	while (head != 0 && text.p[head - 1] >= '0' && text.p[head - 1] <= '9')
		head--;
	*prefix = mix_slice(62, slice_part(text, 0, head));
	return slice_to_u64(slice_part(text, head, text.n), number);
}

static void counting_tell(struct sessions *s, struct session *n, const struct op *op,
    struct slice text)
{
	const struct token *last = token_last(n);
	struct evidence e = { .n = 0 };
	if (last != NULL)
		evidence_span(&e, &last->span);
	evidence_op(&e, op);
	session_tell(s, n, op,
	    (struct matter){ .trouble = TROUBLE_TOKEN_REGRESSION,
		.certainty = PROBABLE,
		.value = text,
		.other_value = token_text(last),
		.count = 1 },
	    &e);
}

/* Only where all tokens so far were one text with a number that grew. */
static void counting_judge(struct sessions *s, struct session *n, const struct op *op,
    struct slice text)
{
	struct counting *c = &n->counting;
	struct span now = span_of(op);
	uint64_t prefix, number;
	if (!token_number(text, &prefix, &number) || (c->begun && prefix != c->prefix)) {
		c->broken = true;
		return;
	}
	if (c->begun && number < c->last) {
		bool learned = !c->broken && c->rises >= 2;
		if (now.begun <= c->done)
			return; /* asked earlier, answered later */
		c->broken = true;
		if (learned)
			counting_tell(s, n, op, text);
		return;
	}
	c->rises += c->begun && number > c->last;
	c->begun = true;
	c->prefix = prefix;
	c->last = number;
	c->done = now.done;
}

static void token_keep(struct session *n, const struct op *op, struct slice text, bool part)
{
	uint64_t hash = slice_number(text);
	struct token *t = n->n_tokens != 0 ? token_at(n, n->n_tokens - 1) : NULL;
	if (t == NULL || t->hash != hash)
		t = token_at(n, n->n_tokens++);
	*t = (struct token){ .hash = hash,
		.server = server_of(op),
		.span = span_of(op),
		.part = part };
	t->n = (uint8_t)(text.n < TOKEN_TEXT ? text.n : TOKEN_TEXT);
	memcpy(t->text, text.p, t->n);
	n->known = true;
	if (t->server != 0)
		n->server = t->server;
}

void token_received(struct sessions *s, struct session *n, const struct op *op, struct slice text,
    bool part)
{
	if (text.n == 0) {
		token_forget(n);
		return;
	}
	const struct token *last = token_last(n);
	/* Who offers an older one may be given what came next then. */
	bool in_turn = n->n_tokens == 0 ||
	    (last != NULL && (n->offered == 0 || n->offered == last->hash));
	if (!part && in_turn) {
		regression_judge(s, n, op, text);
		counting_judge(s, n, op, text);
	}
	token_keep(n, op, text, part);
	struct note *note = note_take(s, NOTE_TOKEN, slice_number(text), op);
	if (note != NULL && note->a == 0)
		note->a = n->scope;
}
