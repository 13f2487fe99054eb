/*
 * ledger_note.c - an operation becomes a deed of the lifelines that it is about: the one that it writes or
 * reads, or all that a list shows or does not show.
 */
#include "analysis/ledger.h"
#include "analysis/replay.h"
#include "analysis/store.h"

#define WINDOW_NS (INT64_C(86400) * 1000000000)

static uint32_t low32(uint64_t x)
{
	return x == 0 ? 0 : (uint32_t)(x ^ x >> 32) | 1;
}

/* ---- what the client asked, and what it was told ---- */

/* What was refused for good or for now, and what only says that the client has to ask otherwise. */
static enum machine_event answer_of(const struct op *op)
{
	static const uint8_t answers[] = { [OUT_OK] = ON_R_OK,
		[OUT_PRECONDITION] = ON_R_PRECOND,
		[OUT_UID_CONFLICT] = ON_R_UIDCONFLICT,
		[OUT_CONFLICT] = ON_R_CONFLICT,
		[OUT_GONE] = ON_R_GONE,
		[OUT_DENIED] = ON_R_POISON,
		[OUT_REFUSED] = ON_R_POISON,
		/* No other leg came: the attempt is over, and nothing was stored. */
		[OUT_AUTH] = ON_R_THROTTLED,
		[OUT_REDIRECT] = ON_R_THROTTLED,
		[OUT_TOKEN_BAD] = ON_R_THROTTLED,
		[OUT_THROTTLED] = ON_R_THROTTLED,
		[OUT_TRANSIENT] = ON_R_TRANSIENT,
		[OUT_LOST] = ON_N_LOST,
		[OUT_UNSEEN] = MACHINE_EVENTS };
	return (enum machine_event)answers[op->outcome];
}

static enum machine_event request_of(const struct op *op)
{
	switch (op->kind) {
	case OP_CREATE:
	case OP_WRITE:
		return ON_Q_CREATE;
	case OP_UPDATE:
		return ON_Q_UPDATE;
	case OP_DELETE:
		return ON_Q_DELETE;
	case OP_MOVE:
		return ON_Q_MOVE;
	case OP_LIST:
		return ON_Q_LIST;
	case OP_DELTA:
		return ON_Q_DELTA;
	default:
		return ON_Q_READ;
	}
}

/* What it holds, in whatever order it is written. */
static uint32_t body_number(const struct object *o)
{
	if (o == NULL || !o->whole)
		return 0;
	return low32(o->lines != 0 ? o->lines : o->fingerprint);
}

static uint32_t version_number(struct slice tag)
{
	bool strong;
	return tag.n != 0 ? tag_number(tag, &strong) : 0;
}

static struct deed deed_of(const struct op *op)
{
	const struct message *req = &op->txn->req, *res = &op->txn->res;
	const struct stamp packet = message_packet(req);
	struct deed d = { .input = packet.input,
		.status = op->row_status != 0 ? op->row_status : res->status,
		.times = 1,
		.ns = req->first.ns,
		.number = (uint32_t)op->number,
		.target = low32(op->at.id),
		.id = low32(op->at.id),
		.request = (uint8_t)request_of(op),
		.answer = (uint8_t)answer_of(op),
		.guard_kind = (uint8_t)op->guard,
		.commit = (uint8_t)op->commit };
	d.order = req->first.order & UINT64_C(0xffffffffffff);
	d.frame = packet.frame & UINT64_C(0xffffffffffff);
	d.done = op->txn->done.order & UINT64_C(0xffffffffffff);
	if (op->guard == GUARD_TAG || op->guard == GUARD_SCHEDULE_TAG)
		d.guard = version_number(op->guard_value);
	d.flags = op->kind == OP_WRITE ? DEED_EITHER : 0;
	d.flags |= op->commit == COMMIT_MAYBE || op->txn->unreceived ? DEED_OPEN : 0;
	d.flags |= d.status == 204 ? DEED_204 : 0;
	return d;
}

static bool stores(const struct op *op)
{
	return op->kind == OP_CREATE || op->kind == OP_UPDATE || op->kind == OP_WRITE;
}

/* "UID.ics": who makes it again takes the same name. */
static bool is_named_by_uid(const struct op *op)
{
	struct slice name = path_last(op->at.path),
		     uid = op->object != NULL ? op->object->uid : name;
	return op->object != NULL && uid.n != 0 && slice_starts_nocase(name, uid) &&
	    (name.n == uid.n || name.p[uid.n] == '.');
}

static unsigned name_flags(const struct op *op)
{
	if (op->sync != NULL)
		return op->item != NULL && op->item->client_uid.n != 0 ? DEED_CLIENT_UID : 0;
	if (slice_is(op->txn->req.method, "POST"))
		return 0;
	return is_named_by_uid(op) ? DEED_NAMED | DEED_BY_UID : DEED_NAMED;
}

/* A version that is implied counts as seen: ActiveSync. */
static struct deed deed_of_write(const struct op *op)
{
	struct deed d = deed_of(op);
	d.body = body_number(op->object);
	d.uid = op->object != NULL ? low32(uid_number(op->object->uid)) : 0;
	d.print = op->object != NULL ? low32(object_print(op->object)) : 0;
	d.flags |= (uint16_t)name_flags(op);
	d.tag_seen = (uint8_t)op->tag_seen;
	if (op->schedule_tag_seen == PRESENT)
		d.tag_seen = PRESENT;
	if (op->sync != NULL) {
		uint64_t idem = idem_number(op);
		d.target = idem != 0 ? low32(idem) : d.target;
		d.tag_seen = PRESENT;
	} else if (op->tag_seen == PRESENT) {
		d.tag = version_number(op->tag);
		d.flags |= slice_starts(op->tag, SLICE("W/")) ? DEED_WEAK : 0;
	}
	if (op->txn->unreceived)
		d.tag_seen = NOT_OBSERVED;
	return d;
}

/* ---- which lifeline it is of ---- */

static uint64_t own_key(unsigned kind, const struct op *op, uint64_t what)
{
	return lifeline_key_of(kind, op->peer, kind == KEY_ID ? 0 : op->at.scope, what);
}

/* What an item can be known by, the surest first; 0: not by this. Names say who it is, looks only that it may be. */
struct mark_of_item {
	unsigned kind;
	uint64_t what;
};
struct marks {
	struct mark_of_item names[4], looks[2];
};

/* What people know it by. An appointment that is edited before it is stored keeps this, mostly. */
static uint64_t looks_of(const struct object *o)
{
	if (o == NULL || o->summary.n == 0 || o->start_ns == OBJECT_NO_TIME)
		return 0;
	return mix(mix_slice(79, o->summary), (uint64_t)o->start_ns);
}

static uint64_t client_uid_of(const struct op *op)
{
	return op->item != NULL && op->item->client_uid.n != 0 ?
	    mix_slice(78, op->item->client_uid) :
	    0;
}

static struct marks marks_of(const struct op *op)
{
	const struct object *o = op->object;
	return (struct marks){
		.names = { { KEY_ID, op->at.id },
		    { KEY_ID, op->sync != NULL ? idem_number(op) : 0 },
		    { KEY_CLIENT_UID, client_uid_of(op) },
		    { KEY_UID, o != NULL ? uid_number(o->uid) : 0 } },
		.looks = { { KEY_PRINT, o != NULL ? object_print(o) : 0 },
		    { KEY_PRINT, looks_of(o) } },
	};
}

static struct lifeline *line_by(struct ledger *l, const struct op *op,
    const struct mark_of_item *marks, size_t n)
{
	struct lifeline *line = NULL;
	for (size_t i = 0; i < n && line == NULL; i++)
		if (marks[i].what != 0)
			line = lifeline_find(l, own_key(marks[i].kind, op, marks[i].what));
	return line;
}

/* By its names; or it looks like what the client believes not to be stored. */
static struct lifeline *line_of_write(struct ledger *l, const struct op *op)
{
	const struct marks marks = marks_of(op);
	bool updates = op->kind == OP_UPDATE && op->sync != NULL;
	struct lifeline *line = line_by(l, op, marks.names, updates ? 2 : 4);
	/* Who has it as stored and makes one more under another name means another item. */
	bool another = line != NULL && !line->open && op->kind != OP_UPDATE && op->sync == NULL &&
	    line->id != op->at.id;
	if (line != NULL || updates)
		return another ? NULL : line;
	line = line_by(l, op, marks.looks, 2);
	bool open = line != NULL && line->open &&
	    ns_apart(op->txn->req.first.ns, line->created_ns) <= WINDOW_NS;
	return open ? line : NULL;
}

static void line_keys(struct ledger *l, struct lifeline *line, const struct op *op)
{
	const struct marks marks = marks_of(op);
	line->id = op->at.id != 0 ? op->at.id : line->id;
	for (size_t i = 0; i < 4; i++)
		if (marks.names[i].what != 0)
			lifeline_key(l, line,
			    own_key(marks.names[i].kind, op, marks.names[i].what));
	for (size_t i = 0; i < 2; i++)
		if (marks.looks[i].what != 0)
			lifeline_key(l, line, own_key(KEY_PRINT, op, marks.looks[i].what));
	if (op->at.id != 0)
		lifeline_key(l, line, lifeline_key_of(KEY_ANYBODY, 0, 0, op->at.id));
}

static bool has_writes(const struct lifeline *line)
{
	for (size_t i = 0; i < line->n; i++)
		if (deed_is_write(&line->deeds[i]))
			return true;
	return false;
}

/*
 * The inner side of what was seen at two places was noted first; what the client saw takes its place. It may
 * have been taken for another client's: the hop's.
 */
static struct lifeline *inner_take(struct ledger *l, struct lifeline *line, const struct op *op,
    uint64_t id, struct inner *inner)
{
	enum machine_event request = request_of(op);
	struct lifeline *other = NULL;
	if (id != 0)
		other = lifeline_find(l, lifeline_key_of(KEY_ANYBODY, 0, 0, id));
	if (other != NULL && other != line) {
		lifeline_drop_inner(other, op, request, inner);
		if (!has_writes(other))
			other->n = 0; /* what is left is what the hop was shown */
	}
	if (line != NULL)
		lifeline_drop_inner(line, op, request, inner);
	return other;
}

/* ---- writes ---- */

static bool is_proven_to_client(const struct deed *d)
{
	return d->answer == ON_R_OK && d->tag_seen == PRESENT;
}

/* That no answer came is known late: then the first attempt is noted behind another. */
static void number_take(struct ledger *l, struct lifeline *line, const struct op *op,
    const struct deed *d)
{
	size_t first = 0;
	while (first < line->n && !deed_is_write(&line->deeds[first]))
		first++;
	if (first == line->n || d->order > line->deeds[first].order)
		return;
	line->number = op->number;
	lifeline_key(l, line, lifeline_key_of(KEY_NUMBER, 0, 0, line->number));
}

/* A client that lists first has done so, whatever came of it. */
static void note_look_before(struct ledger *l, struct lifeline *line)
{
	const struct deed *look = line != NULL ? ledger_last_look(l, line->group) : NULL;
	if (look != NULL)
		lifeline_add(l, line, look);
}

static void note_write(struct ledger *l, const struct op *op)
{
	struct lifeline *line = line_of_write(l, op);
	struct deed d = stores(op) ? deed_of_write(op) : deed_of(op);
	struct inner inner = { .commit = COMMIT_UNSEEN };
	const struct lifeline *other = op->copy ? inner_take(l, line, op, op->at.id, &inner) : NULL;
	uint64_t number = other != NULL && other->n == 0 ? other->number : 0;
	d.flags |= op->inner > 1 ? DEED_REPLAYED : 0;
	d.extra = inner.extra < UINT8_MAX ? (uint8_t)inner.extra : UINT8_MAX;
	if (inner.commit != COMMIT_UNSEEN)
		d.commit = (uint8_t)inner.commit;
	if (d.id == 0)
		d.id = inner.id;
	bool fresh = line == NULL;
	if (fresh) {
		line = lifeline_new(l, op, number != 0 ? number : op->number);
		note_look_before(l, line);
	}
	if (line == NULL)
		return;
	if (line->n != 0 && ledger_reset_since(l, line->group, line->deeds[line->n - 1].order))
		d.flags |= DEED_AFTER_RESET;
	if (fresh && d.status != 200 && d.status != 204)
		d.flags &= (uint16_t)~DEED_EITHER;
	if (d.request == ON_Q_CREATE) {
		line->open = !is_proven_to_client(&d);
		line->created_ns = d.ns;
	}
	number_take(l, line, op, &d);
	lifeline_add(l, line, &d);
	line_keys(l, line, op);
	lifeline_key(l, line, lifeline_key_of(KEY_NUMBER, 0, 0, op->number));
}

static void note_move(struct ledger *l, const struct op *op)
{
	struct lifeline *line = line_of_write(l, op);
	if (line == NULL || op->at.id == 0)
		return;
	struct deed d = deed_of(op);
	if (op->outcome == OUT_OK) {
		d.answer = ON_R_MOVED;
		d.id = low32(op->to.id);
		d.tag_seen = ABSENT;
	}
	lifeline_add(l, line, &d);
	if (op->outcome != OUT_OK || op->to.id == 0)
		return;
	line->id = op->to.id;
	if (op->to.scope != line->scope)
		lifeline_rehome(l, line, op->to.scope);
	lifeline_key(l, line, lifeline_key_of(KEY_ID, op->peer, 0, op->to.id));
}

/* ---- what is shown ---- */

struct shown {
	enum machine_event answer;
	const struct object *object;
	struct slice tag;
	uint64_t id; /* of what is shown */
	uint16_t flags; /* DEED_SHOWN, DEED_UNNAMED */
	bool tag_seen; /* whether a tag would have been seen */
};

static void note_shown(struct ledger *l, struct lifeline *line, const struct op *op,
    const struct shown *s)
{
	struct deed d = deed_of(op);
	d.answer = (uint8_t)s->answer;
	d.target = d.id = low32(s->id);
	d.body = body_number(s->object);
	d.uid = s->object != NULL ? low32(uid_number(s->object->uid)) : 0;
	d.print = s->object != NULL ? low32(object_print(s->object)) : 0;
	d.tag = version_number(s->tag);
	d.tag_seen = s->tag_seen ? ABSENT : NOT_OBSERVED;
	if (d.tag != 0 || op->sync != NULL)
		d.tag_seen = PRESENT;
	d.flags &= (uint16_t) ~(DEED_EITHER | DEED_OPEN);
	d.flags |= s->flags;
	struct inner inner = { .commit = COMMIT_UNSEEN };
	if (op->copy)
		inner_take(l, line, op, s->id, &inner);
	d.flags |= op->inner > 1 ? DEED_REPLAYED : 0;
	if (s->id != 0)
		lifeline_key(l, line, lifeline_key_of(KEY_ANYBODY, 0, 0, s->id));
	line->tagged_read |= d.tag != 0;
	lifeline_add(l, line, &d);
}

static void note_read(struct ledger *l, const struct op *op)
{
	struct lifeline *line = lifeline_find(l, lifeline_key_of(KEY_ID, op->peer, 0, op->at.id));
	struct shown s = { .answer = answer_of(op),
		.object = op->object,
		.tag = op->tag,
		.id = op->at.id,
		.tag_seen = op->tag_seen == ABSENT };
	if (line == NULL || slice_is(op->txn->req.method, "OPTIONS"))
		return;
	if (op->outcome == OUT_OK)
		s.answer = ON_R_ITEM;
	if (op->txn->unreceived)
		s = (struct shown){ .answer = s.answer, .id = s.id };
	note_shown(l, line, op, &s);
}

static bool is_last_write(const struct lifeline *line, size_t at)
{
	for (size_t i = at + 1; i < line->n; i++)
		if (line->deeds[i].id == line->deeds[at].id && deed_is_write(&line->deeds[i]))
			return false;
	return true;
}

/* A complete list was taken in: what it does not name it has not, whatever else of the item it names. */
static void note_unlisted(struct lifeline *line, const struct op *op)
{
	for (size_t i = 0; i < line->n && !line->full; i++) {
		struct deed *d = &line->deeds[i];
		enum commit commit = deed_settled(line, line->n, i);
		bool open = commit == COMMIT_MAYBE || commit == COMMIT_UNSEEN;
		if (d->request == ON_Q_CREATE && d->id != 0 && open &&
		    d->order < op->txn->req.first.order && is_last_write(line, i))
			d->flags |= DEED_UNLISTED;
	}
}

/* A list that failed, or has come to nothing: asked all the same. */
static void note_asked(struct ledger *l, const struct op *op, uint32_t listing,
    enum machine_event answer, uint16_t flags)
{
	struct lifeline *next;
	struct shown s = { .answer = answer, .flags = flags };
	for (struct lifeline *line = lifelines_of(l, group_of(op->peer, op->at.scope));
	     line != NULL; line = next) {
		next = lifeline_next(l, line);
		s.id = line->id;
		if (line->listing != listing && line->n != 0)
			note_shown(l, line, op, &s);
		if (answer == ON_NO_ROW)
			note_unlisted(line, op);
	}
}

/* By its id; or it is what the client has made and never learned the id of, or holds under another one. */
static struct lifeline *line_of_row(struct ledger *l, const struct op *op, struct place at,
    const struct object *o)
{
	struct lifeline *line = at.id != 0 ?
	    lifeline_find(l, lifeline_key_of(KEY_ID, op->peer, 0, at.id)) :
	    NULL;
	if (line != NULL || o == NULL)
		return line;
	if (o->uid.n != 0)
		line = lifeline_find(l,
		    lifeline_key_of(KEY_UID, op->peer, at.scope, uid_number(o->uid)));
	uint64_t print = object_print(o);
	if (line == NULL && print != 0)
		line = lifeline_find(l, lifeline_key_of(KEY_PRINT, op->peer, at.scope, print));
	return line != NULL && line->open ? line : NULL;
}

static struct slice row_tag(const struct dav_response *row)
{
	struct slice tag = row_value(row, "getetag");
	return tag.n != 0 ? tag : row_value(row, "resourcetag");
}

static void note_row(struct ledger *l, const struct op *op, const struct dav_response *row,
    uint32_t listing, uint64_t authority)
{
	struct slice path = path_canonical(row->href, op->txn->arena);
	bool fold = op->facts->flavour == FLAVOUR_EXCHANGE;
	if (path.n == 0)
		return;
	struct place at = place_member(ledger_places(l), authority, path, fold);
	struct lifeline *line = line_of_row(l, op, at, row->object);
	if (line == NULL)
		return;
	line->listing = listing;
	struct shown s = { .id = at.id,
		.answer = op->kind == OP_READ || op->kind == OP_PROBE ? ON_R_ITEM : ON_ROW };
	if (row_is_gone(row)) {
		s.answer = s.answer == ON_R_ITEM ? ON_R_GONE : ON_ROW_GONE;
	} else {
		s.object = row->object;
		s.flags = row->object != NULL ? DEED_SHOWN : 0;
		s.tag = row_tag(row);
	}
	note_shown(l, line, op, &s);
}

static void note_rows_dav(struct ledger *l, const struct op *op)
{
	const struct dav *dav = op->txn->res.body.dav;
	uint32_t listing = ledger_listing(l);
	uint64_t authority = place_authority(op->txn);
	for (size_t i = 0; dav != NULL && i < dav->n_responses; i++)
		note_row(l, op, &dav->responses[i], listing, authority);
	if (op->kind == OP_LIST || op->kind == OP_DELTA)
		note_asked(l, op, listing, listing_is_complete(op) ? ON_NO_ROW : MACHINE_EVENTS,
		    op->kind == OP_LIST ? DEED_UNNAMED : 0);
}

static void note_rows_airsync(struct ledger *l, const struct op *op)
{
	const struct airsync_collection *c = op->answered;
	uint32_t listing = ledger_listing(l);
	for (size_t i = 0; c != NULL && i < c->n_items; i++) {
		const struct airsync_item *row = &c->items[i];
		if (row->result || row->server_id.n == 0)
			continue;
		struct place at = { .scope = op->at.scope,
			.id = mix_slice(op->at.scope, row->server_id) };
		struct lifeline *line = line_of_row(l, op, at, row->object);
		bool gone = row->verb == AIRSYNC_DELETE || row->verb == AIRSYNC_SOFT_DELETE;
		struct shown s = { .id = at.id,
			.answer = gone ? ON_ROW_GONE : ON_ROW,
			.object = row->object };
		if (line == NULL)
			continue;
		line->listing = listing;
		note_shown(l, line, op, &s);
	}
	note_asked(l, op, listing, MACHINE_EVENTS, 0);
}

/* A list concerns only a client that has written in that collection, or will do so now. */
static void note_list(struct ledger *l, const struct op *op)
{
	struct deed d = deed_of(op);
	d.answer = op->outcome == OUT_LOST ? ON_N_LOST : MACHINE_EVENTS;
	d.flags = 0;
	ledger_look(l, group_of(op->peer, op->at.scope), &d);
	ledger_session(l, op);
	if (lifelines_of(l, group_of(op->peer, op->at.scope)) == NULL)
		return;
	if (op->outcome != OUT_OK || op->txn->unsure)
		note_asked(l, op, ledger_listing(l), (enum machine_event)d.answer, 0);
	else if (op->sync != NULL)
		note_rows_airsync(l, op);
	else
		note_rows_dav(l, op);
}

static void note_look(struct ledger *l, const struct op *op)
{
	bool rows = op->txn->res.status == 207 && op->outcome == OUT_OK;
	if (op->kind == OP_LIST || op->kind == OP_DELTA)
		note_list(l, op);
	else if (op->at.id != 0 && !rows)
		note_read(l, op);
	else if (rows && op->sync == NULL && op->txn->res.body.dav != NULL)
		note_rows_dav(l, op);
}

void ledger_op(struct ledger *l, const struct op *op)
{
	if (!op_is_of_interest(op))
		return;
	ledger_seen(l, op);
	if (stores(op) || op->kind == OP_DELETE)
		note_write(l, op);
	else if (op->kind == OP_MOVE)
		note_move(l, op);
	else if (op->kind >= OP_READ && op->kind <= OP_PROBE)
		note_look(l, op);
}

/* There are two, and one is no copy of the other. */
static bool explains_two(enum gate gate)
{
	static const bool explains[GATES] = { [GATE_OVERRIDE] = true,
		[GATE_MOVE] = true,
		[GATE_OTHER_SCOPE] = true,
		[GATE_SERVER_MADE] = true,
		[GATE_OTHER_PEERS] = true,
		[GATE_IMPORT] = true,
		[GATE_RESTORE] = true };
	return explains[gate];
}

void ledger_matter(struct ledger *l, const struct matter *m)
{
	bool copy = m->trouble == TROUBLE_DUPLICATE;
	struct lifeline *line = NULL;
	if (copy || (m->trouble == TROUBLE_SUSPICION_CLEARED && explains_two(m->cleared)))
		line = lifeline_find(l, lifeline_key_of(KEY_NUMBER, 0, 0, m->number));
	if (line == NULL)
		return;
	line->cleared |= !copy;
	line->copies = copy ? m->copies : line->copies;
	line->cause = copy ? (uint8_t)m->cause : line->cause;
}
