/*
 * session_write.c - what peers write to a collection, and whether the others hear of it: changes that a delta
 * should name and does not.
 *
 * A write counts as a change only where that is certain: a PUT of the same content changes nothing, and a
 * delta that does not name it is right.
 */
#include "analysis/session.h"

#include <stdlib.h>
#include <string.h>

uint64_t member_number(struct slice last)
{
	return last.n != 0 ? mix_slice(71, last) : 0;
}

/* ---- sets of numbers ---- */

static int number_compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return (x > y) - (x < y);
}

size_t numbers_sort(uint64_t *numbers, size_t n)
{
	size_t kept = 0;
	if (n != 0)
		qsort(numbers, n, sizeof(*numbers), number_compare);
	for (size_t i = 0; i < n; i++)
		if (i == 0 || numbers[i] != numbers[i - 1])
			numbers[kept++] = numbers[i];
	return kept;
}

bool numbers_have(const uint64_t *sorted, size_t n, uint64_t number)
{
	return n != 0 && bsearch(&number, sorted, n, sizeof(*sorted), number_compare) != NULL;
}

/* ---- writing ---- */

struct shelf *shelf_of(struct sessions *s, uint64_t scope)
{
	return lru_find(&s->shelves, scope);
}

/* Of a shelf that had to leave what lay on it is not known. */
struct shelf *shelf_take(struct sessions *s, uint64_t scope, struct slice path, uint64_t now)
{
	bool made;
	struct shelf *shelf = lru_take(&s->shelves, scope, &made);
	if (shelf != NULL && made && s->shelves.evicted != 0)
		shelf->lost = shelf->touched = now;
	if (shelf != NULL && shelf->n_path == 0 && path.n != 0) {
		shelf->n_path = (uint8_t)(path.n < SCOPE_TEXT ? path.n : SCOPE_TEXT);
		memcpy(shelf->path, path.p, shelf->n_path);
	}
	return shelf;
}

static struct write *write_at(const struct shelf *shelf, uint64_t i)
{
	return (struct write *)&shelf->writes[i % SHELF_WRITES];
}

static uint64_t first_kept(const struct shelf *shelf)
{
	return shelf->n > SHELF_WRITES ? shelf->n - SHELF_WRITES : 0;
}

static const struct write *write_before(const struct shelf *shelf, uint64_t member)
{
	for (uint64_t i = shelf->n; i-- > first_kept(shelf);)
		if (write_at(shelf, i)->member == member)
			return write_at(shelf, i);
	return NULL;
}

/* Strong tags of one resource that differ stand for contents that differ. */
static bool tag_moved(const struct shelf *shelf, const struct op *op, uint64_t member)
{
	struct slice before = slice_trim(op->guard_value);
	if (op->tag_seen != PRESENT || op->facts->damage != DAMAGE_NONE)
		return false;
	if (op->guard == GUARD_TAG)
		return before.n > 1 && before.p[0] == '"' &&
		    slice_find_byte(before, ',') == before.n && !slice_equal(before, op->tag);
	const struct write *w = write_before(shelf, member);
	return w != NULL && w->kind >= WRITE_TOUCHED && w->kind != WRITE_REMOVED && w->tag != 0 &&
	    w->tag != slice_number(op->tag);
}

static enum written written_here(const struct shelf *shelf, const struct op *op, uint64_t member)
{
	if (op->commit != COMMIT_YES)
		return WRITE_UNSURE;
	if (op->kind == OP_DELETE || op->kind == OP_MOVE)
		return WRITE_REMOVED;
	if (op->kind == OP_CREATE)
		return WRITE_CREATED;
	return op->item == NULL && tag_moved(shelf, op, member) ? WRITE_CHANGED : WRITE_TOUCHED;
}

static void write_add(struct shelf *shelf, const struct op *op, enum written kind,
    struct slice name)
{
	struct write *w = write_at(shelf, shelf->n);
	if (shelf->n++ >= SHELF_WRITES && w->span.done > shelf->lost)
		shelf->lost = w->span.done;
	*w = (struct write){ .member = member_number(name),
		.peer = op->peer,
		.user = slice_number(op->txn->auth_user),
		.tag = op->tag_seen == PRESENT ? slice_number(op->tag) : 0,
		.span = span_of(op),
		.kind = (uint8_t)kind };
	w->n_name = (uint8_t)(name.n < NAME_ROOM_OF_WRITE ? name.n : NAME_ROOM_OF_WRITE);
	memcpy(w->name, name.p, w->n_name);
}

/* ServerIds of ActiveSync are not paths. */
static struct slice name_of(const struct op *op, const struct place *at)
{
	return op->sync != NULL ? at->path : path_last(at->path);
}

static void shelf_write_at(struct sessions *s, const struct op *op, const struct place *at,
    bool here)
{
	struct slice name = name_of(op, at), path = { 0 };
	if (op->sync == NULL)
		path = path_collection(at->path);
	uint64_t now = span_of(op).done;
	struct shelf *shelf = at->scope != 0 ? shelf_take(s, at->scope, path, now) : NULL;
	if (shelf == NULL)
		return;
	enum written kind = op->commit == COMMIT_YES ? WRITE_TOUCHED : WRITE_UNSURE;
	if (here)
		kind = written_here(shelf, op, member_number(name));
	shelf->touched = now;
	if (at->id != 0 && name.n != 0)
		write_add(shelf, op, kind, name);
}

/* What is moved or copied may lie over something that is the same: that it changes the target is not certain. */
void shelf_write(struct sessions *s, const struct op *op)
{
	if (op->commit == COMMIT_NO)
		return;
	if (op->kind != OP_COPY)
		shelf_write_at(s, op, &op->at, true);
	if (op->kind == OP_COPY || op->kind == OP_MOVE)
		shelf_write_at(s, op, &op->to, false);
}

bool shelf_quiet(struct sessions *s, uint64_t scope, uint64_t from)
{
	const struct shelf *shelf = shelf_of(s, scope);
	return shelf == NULL || shelf->touched < from;
}

/* ---- what has changed ---- */

/* The writes on one member that were not over at `from`: all of them have to lie within. */
struct course {
	const struct write *first, *last;
	bool certain;
};

static struct course course_of(const struct shelf *shelf, uint64_t i, uint64_t from, uint64_t to)
{
	struct course c = { .first = write_at(shelf, i), .certain = true };
	for (; i < shelf->n; i++) {
		const struct write *w = write_at(shelf, i);
		if (w->member != c.first->member)
			continue;
		c.last = w;
		c.certain = c.certain && w->kind != WRITE_UNSURE && w->span.begun > from &&
		    w->span.done < to;
	}
	return c;
}

/* The member is another at its end than it was before: there or not, or other content. */
static bool course_changes(const struct course *c)
{
	bool removed = c->last->kind == WRITE_REMOVED;
	if (!c->certain)
		return false;
	if (c->first->kind == WRITE_CREATED)
		return !removed;
	if (c->first->kind == WRITE_CHANGED || c->first->kind == WRITE_REMOVED)
		return removed || (c->first == c->last && c->first->kind == WRITE_CHANGED);
	return false;
}

static bool is_first(const struct shelf *shelf, uint64_t i, uint64_t from)
{
	const struct write *w = write_at(shelf, i);
	if (w->span.done <= from)
		return false;
	for (uint64_t k = first_kept(shelf); k < i; k++)
		if (write_at(shelf, k)->member == w->member && write_at(shelf, k)->span.done > from)
			return false;
	return true;
}

/* The next member that certainly changed between the two; NULL: no more. *i begins at 0. */
static const struct write *change_next(const struct shelf *shelf, uint64_t from, uint64_t to,
    uint64_t *i)
{
	if (shelf == NULL || shelf->lost > from)
		return NULL;
	if (*i < first_kept(shelf))
		*i = first_kept(shelf);
	while (*i < shelf->n) {
		uint64_t at = (*i)++;
		if (!is_first(shelf, at, from))
			continue;
		struct course c = course_of(shelf, at, from, to);
		if (course_changes(&c))
			return c.last;
	}
	return NULL;
}

const struct write *shelf_changed(const struct shelf *shelf, uint64_t from, uint64_t to)
{
	uint64_t i = 0;
	return change_next(shelf, from, to, &i);
}

/* ---- what a delta says of it: D17, D20 ---- */

static bool wrote_itself(const struct shelf *shelf, const struct session *n, const struct write *w,
    uint64_t from)
{
	for (uint64_t i = first_kept(shelf); i < shelf->n; i++) {
		const struct write *other = write_at(shelf, i);
		if (other->member == w->member && other->peer == n->peer && other->span.done > from)
			return true;
	}
	return false;
}

/* Another user may have no right to see it: then only what it was shown before counts. */
static bool may_see(struct sessions *s, const struct session *n, const struct op *op,
    const struct write *w)
{
	if (op->sync != NULL)
		return true; /* the collection is that of one user */
	return (w->user != 0 && w->user == n->user) || row_is_known(s, n, w->member);
}

const struct write *delta_lacks(struct sessions *s, const struct session *n, const struct delta *d)
{
	const struct write *w;
	uint64_t i = 0, to = span_of(d->op).begun;
	if (d->since == NULL)
		return NULL;
	while ((w = change_next(shelf_of(s, n->scope), d->since->span.done, to, &i)) != NULL)
		if (!numbers_have(d->rows, d->n, w->member))
			return w;
	return NULL;
}

/* The token is a time in seconds, and the write fell into the rest of that second. */
static bool within_step(const struct token *since, const struct write *w)
{
	uint64_t prefix, number;
	struct slice text = token_text(since);
	if (!token_number(text, &prefix, &number) || number < 1000000000 || number > 9999999999)
		return false;
	return w->span.request.ns / SECOND_NS == (int64_t)number &&
	    w->span.answer.ns / SECOND_NS == (int64_t)number;
}

static void coarse_tell(struct sessions *s, struct session *n, const struct delta *d,
    const struct write *w)
{
	struct evidence e = { .n = 0 };
	evidence_span(&e, &d->since->span);
	evidence_span(&e, &w->span);
	evidence_op(&e, d->op);
	session_tell(s, n, d->op,
	    (struct matter){ .trouble = TROUBLE_COARSE_TOKEN,
		.certainty = CONFIRMED,
		.href = member_path(d->op, w->name, w->n_name),
		.value = token_text(d->since),
		.count = 1 },
	    &e);
}

static void suspect_add(struct session *n, const struct delta *d, const struct write *w)
{
	struct suspect *free = NULL;
	for (size_t i = 0; i < SUSPECTS; i++)
		if (n->suspects[i].member == w->member)
			return;
		else if (n->suspects[i].member == 0 && free == NULL)
			free = &n->suspects[i];
	if (free == NULL)
		return;
	*free = (struct suspect){ .member = w->member,
		.write = w->span,
		.first = span_of(d->op),
		.n_name = w->n_name };
	memcpy(free->name, w->name, w->n_name);
}

void suspect_clear(struct session *n, uint64_t member)
{
	for (size_t i = 0; i < SUSPECTS; i++)
		if (member == 0 || n->suspects[i].member == member)
			n->suspects[i].member = 0;
}

static void lost_tell(struct sessions *s, struct session *n, const struct delta *d,
    const struct suspect *x)
{
	struct evidence e = { .n = 0 };
	evidence_span(&e, &x->write);
	evidence_span(&e, &x->first);
	evidence_op(&e, d->op);
	session_tell(s, n, d->op,
	    (struct matter){ .trouble = TROUBLE_LOST_CHANGE,
		.certainty = CONFIRMED,
		.href = member_path(d->op, x->name, x->n_name),
		.value = token_text(d->since),
		.count = 1 },
	    &e);
}

/* Named after all, or written again: what became of that is another question. */
static bool is_settled(const struct shelf *shelf, const struct delta *d, const struct suspect *x)
{
	const struct write *w = shelf != NULL ? write_before(shelf, x->member) : NULL;
	return numbers_have(d->rows, d->n, x->member) ||
	    (w != NULL && w->span.done > x->write.done);
}

/* One delta without it may come from a copy of the server that lags behind. */
static void suspects_judge(struct sessions *s, struct session *n, const struct delta *d)
{
	const struct shelf *shelf = shelf_of(s, n->scope);
	struct span now = span_of(d->op);
	for (size_t i = 0; i < SUSPECTS; i++) {
		struct suspect *x = &n->suspects[i];
		if (x->member == 0)
			continue;
		if (is_settled(shelf, d, x)) {
			x->member = 0;
		} else if (ns_apart(now.answer.ns, x->write.answer.ns) > MINUTE_NS) {
			lost_tell(s, n, d, x);
			x->member = 0;
		}
	}
}

void delta_judge(struct sessions *s, struct session *n, const struct delta *d)
{
	const struct shelf *shelf = shelf_of(s, n->scope);
	const struct write *w;
	uint64_t i = 0, to = span_of(d->op).begun;
	if (d->since == NULL) {
		suspect_clear(n, 0);
		return;
	}
	suspects_judge(s, n, d);
	while ((w = change_next(shelf, d->since->span.done, to, &i)) != NULL) {
		if (w->peer == n->peer || numbers_have(d->rows, d->n, w->member) ||
		    wrote_itself(shelf, n, w, d->since->span.done) || !may_see(s, n, d->op, w))
			continue;
		if (within_step(d->since, w))
			coarse_tell(s, n, d, w);
		else
			suspect_add(n, d, w);
	}
}
