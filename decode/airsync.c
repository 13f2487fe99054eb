/*
 * airsync.c - what an ActiveSync body says (MS-ASCMD), read from WBXML as it arrives. Nothing is
 * believed before its end tag; but a collection that was not read to its end keeps the items it has.
 * Of a multipart answer the first part is the document (MS-ASCMD 2.2.2.10.1).
 */
#include "decode/airsync_steps.h"
#include "decode/body.h"
#include "decode/value.h"
#include "decode/wbxml.h"
#include "decode/xml.h"

#include <string.h>

enum { PARTS_HEAD = 12 }; /* number of parts, offset and length of the first one */

struct parts {
	uint8_t head[PARTS_HEAD];
	size_t n_head;
	uint32_t skip, left; /* bytes ahead of the first part; bytes of it */
	bool none; /* there is no first part */
};

struct reader {
	struct body_env env;
	struct wbxml *wbxml;
	struct airsync_draft draft;
	const struct airsync_step *open[WBXML_DEPTH_MAX];
	size_t depth;
	struct text text; /* of the open element */
	struct text passing; /* texts that only the open item asks for */
	size_t exception; /* where in it the open one began */
	struct arena_array collections, folders, moves;
	struct arena_array items; /* of the open collection */
	uint64_t n_items; /* kept ones of all collections */
	bool in_collection;
	bool dropped; /* something was left out: not whole */
	struct parts parts;
};

static bool no_room(struct reader *r)
{
	r->dropped = true;
	r->env.sink.anomaly(r->env.sink.ctx, HTTP_LIMIT, 0);
	return false;
}

static void beyond_limit(struct reader *r)
{
	r->dropped = true;
	r->env.sink.anomaly(r->env.sink.ctx, WBXML_LIMIT, 0);
}

/* Adds a copy; one beyond the limit is left out. */
static bool list_add(struct reader *r, struct arena_array *v, const void *element, size_t size)
{
	if (v->n >= r->env.limits->items) {
		beyond_limit(r);
		return true;
	}
	void *slot = arena_add(r->env.arena, v, size);
	if (slot == NULL)
		return no_room(r);
	memcpy(slot, element, size);
	return true;
}

/* ---- collections and their items ---- */

static void collection_begin(struct reader *r)
{
	r->draft.collection = (struct airsync_collection){
		.status = AIRSYNC_NONE,
		.estimate = AIRSYNC_NONE,
		.window = AIRSYNC_NONE,
		.filter = AIRSYNC_NONE,
	};
	r->items.n = 0;
	r->in_collection = true;
}

static bool collection_end(struct reader *r)
{
	struct airsync_collection *c = &r->draft.collection;
	size_t size = r->items.n * sizeof(struct airsync_item);
	r->in_collection = false;
	if (size > 0) {
		struct airsync_item *items = arena_alloc(r->env.arena, size);
		if (items == NULL)
			return no_room(r);
		memcpy(items, r->items.p, size);
		c->items = items;
		c->n_items = r->items.n;
	}
	return list_add(r, &r->collections, c, sizeof(*c));
}

static void item_begin(struct reader *r, enum airsync_verb verb, bool result)
{
	struct airsync_draft *d = &r->draft;
	d->item = (struct airsync_item){ .verb = verb, .result = result, .status = AIRSYNC_NONE };
	d->item_class = d->item_folder = (struct slice){ NULL, 0 };
	airsync_data_begin(&d->data);
	text_begin(&r->passing, SIZE_MAX);
}

static bool item_end(struct reader *r)
{
	struct airsync_draft *d = &r->draft;
	struct slice class = d->item_class.n > 0 ? d->item_class : d->collection.class;
	if (d->data.seen) {
		d->item.object = airsync_object(r->env.arena, &d->data, &d->item, class);
		if (d->item.object == NULL)
			return no_room(r);
	}
	d->sync.items_seen++;
	r->n_items++;
	return list_add(r, &r->items, &d->item, sizeof(d->item));
}

/* ItemOperations names the folder with each item: those of one folder in a row are a collection. */
static bool fetch_end(struct reader *r)
{
	struct airsync_collection *c = &r->draft.collection;
	bool same = r->in_collection && slice_equal(c->id, r->draft.item_folder);
	if (!same && r->in_collection && !collection_end(r))
		return false;
	if (!same) {
		collection_begin(r);
		c->id = r->draft.item_folder;
	}
	return item_end(r);
}

static void surplus_end(struct reader *r)
{
	r->draft.sync.items_seen++;
	beyond_limit(r);
}

/* ---- folders ---- */

static void folder_begin(struct reader *r, enum airsync_verb verb)
{
	r->draft.folder = (struct airsync_folder){ .verb = verb, .type = AIRSYNC_NONE };
}

static bool folder_end(struct reader *r)
{
	return list_add(r, &r->folders, &r->draft.folder, sizeof(r->draft.folder));
}

/* Answers may have none of a folder but a status. */
static bool folder_command_end(struct reader *r)
{
	const struct airsync_folder *f = &r->draft.folder;
	bool said = f->id.n > 0 || f->parent.n > 0 || f->name.n > 0 || f->type != AIRSYNC_NONE;
	return !said || folder_end(r);
}

/* ---- texts ---- */

static void *field_of(struct reader *r, const struct airsync_step *step)
{
	return (uint8_t *)&r->draft + step->at;
}

/*
 * Texts of ApplicationData are on their way to an object, which has copies of its own. When their buffer
 * grows, the old one stays where it is.
 */
static bool is_passing(const struct airsync_step *step)
{
	size_t data = offsetof(struct airsync_draft, data);
	return step->at >= data && step->at - data < sizeof(struct airsync_data);
}

static bool text_pass(struct reader *r, struct slice text, struct slice *field)
{
	size_t start = r->passing.n;
	bool room = text_add(&r->passing, text);
	*field = slice_part(text_slice(&r->passing), start, text.n);
	return room;
}

static bool text_keep(struct reader *r, const struct airsync_step *step)
{
	struct slice text = xml_trim(text_slice(&r->text)), *field = field_of(r, step);
	if (field->n > 0 || text.n == 0)
		return true;
	bool kept = is_passing(step) ? text_pass(r, text, field) :
				       arena_copy(r->env.arena, text, field);
	return kept || no_room(r);
}

/* A number that is none leaves what it is of incomplete. */
static void number_keep(struct reader *r, const struct airsync_step *step, unsigned factor)
{
	struct slice text = xml_trim(text_slice(&r->text));
	int32_t *field = field_of(r, step);
	uint64_t number;
	if (*field != AIRSYNC_NONE || text.n == 0)
		return;
	if (!r->text.cut && slice_to_u64(text, &number) && number <= INT32_MAX / factor) {
		*field = (int32_t)(number * factor);
		return;
	}
	r->dropped = true;
	if (is_passing(step))
		r->draft.data.cut = true;
}

static bool text_use(struct reader *r, const struct airsync_step *step)
{
	bool kept = true;
	if (r->text.cut) {
		r->draft.data.cut = true;
		beyond_limit(r);
	}
	switch (step->use) {
	case USE_TEXT:
		kept = text_keep(r, step);
		break;
	case USE_NUMBER:
		number_keep(r, step, 1);
		break;
	case USE_MINUTES:
		number_keep(r, step, 60);
		break;
	case USE_PRESENCE:
		*(bool *)field_of(r, step) = true;
		break;
	case USE_SWITCH:
		*(bool *)field_of(r, step) = !slice_is(xml_trim(text_slice(&r->text)), "0");
		break;
	case USE_ADDRESS:
	case USE_PHONE:
		airsync_contact(&r->draft.data, text_slice(&r->text), step->use == USE_PHONE);
		break;
	default:
		break;
	}
	/* What is left here would be taken for text of the element around. */
	text_begin(&r->text, r->env.limits->prop_value);
	return kept;
}

/* ---- events ---- */

static void place_begin(struct reader *r, const struct airsync_step *step,
    enum airsync_place parent)
{
	switch (step->place) {
	case IN_COLLECTION:
	case IN_PING_FOLDER:
	case IN_ESTIMATE_COLLECTION:
	case IN_ESTIMATE_RESPONSE:
		collection_begin(r);
		break;
	case IN_COMMANDS:
		r->draft.collection.commands = true;
		break;
	case IN_ITEM:
		item_begin(r, step->verb, parent == IN_RESPONSES);
		break;
	case IN_FETCH:
		item_begin(r, AIRSYNC_FETCH, parent == IN_OPERATIONS_RESPONSE);
		break;
	case IN_DATA:
		r->draft.data.seen = true;
		break;
	case IN_RECURRENCE:
		r->draft.data.recurs = true;
		break;
	case IN_EXCEPTION:
		airsync_exception_begin(&r->draft.data);
		r->exception = r->passing.n;
		break;
	case IN_FOLDER:
	case IN_FOLDER_COMMAND:
		folder_begin(r, step->verb);
		break;
	case IN_MOVE:
		r->draft.move = (struct airsync_move){ .status = AIRSYNC_NONE };
		break;
	default:
		break;
	}
}

static bool place_end(struct reader *r, enum airsync_place place)
{
	switch (place) {
	case IN_COLLECTION:
	case IN_PING_FOLDER:
	case IN_ESTIMATE_COLLECTION:
	case IN_ESTIMATE_RESPONSE:
		return collection_end(r);
	case IN_ITEM:
		return item_end(r);
	case IN_FETCH:
		return fetch_end(r);
	case IN_SURPLUS:
		surplus_end(r);
		return true;
	case IN_EXCEPTION:
		if (!airsync_exception_end(&r->draft.data))
			r->passing.n = r->exception;
		return true;
	case IN_FOLDER:
		return folder_end(r);
	case IN_FOLDER_COMMAND:
		return folder_command_end(r);
	case IN_MOVE:
		return list_add(r, &r->moves, &r->draft.move, sizeof(r->draft.move));
	default:
		return true;
	}
}

static const struct airsync_step *step_at_top(struct reader *r, const struct wbxml_tag *tag)
{
	static const struct airsync_step other = { 0, IN_OTHER, USE_NONE, 0, 0 };
	const struct airsync_step *step = airsync_step(AT_TOP, tag->page, tag->token);
	r->draft.sync.command = wbxml_tag_name(tag->page, tag->token);
	if (r->draft.sync.command.n == 0)
		r->dropped = true;
	return step->place != IGNORED ? step : &other;
}

static const struct airsync_step *step_below(struct reader *r, enum airsync_place parent,
    const struct wbxml_tag *tag)
{
	static const struct airsync_step surplus = { 0, IN_SURPLUS, USE_NONE, 0, 0 };
	const struct airsync_step *step = airsync_step(parent, tag->page, tag->token);
	bool item = step->place == IN_ITEM || step->place == IN_FETCH;
	if (parent == IN_DATA && tag->page < 32)
		r->draft.data.pages |= UINT32_C(1) << tag->page;
	return item && r->n_items >= r->env.limits->items ? &surplus : step;
}

static const struct airsync_step *step_of(struct reader *r, enum airsync_place parent,
    const struct wbxml_tag *tag)
{
	return parent == AT_TOP ? step_at_top(r, tag) : step_below(r, parent, tag);
}

static bool on_start(void *ctx, const struct wbxml_tag *tag)
{
	struct reader *r = ctx;
	enum airsync_place parent = r->depth > 0 ? r->open[r->depth - 1]->place : AT_TOP;
	const struct airsync_step *step = step_of(r, parent, tag);
	r->open[r->depth++] = step;
	place_begin(r, step, parent);
	if (step->use != USE_NONE)
		text_begin(&r->text, r->env.limits->prop_value);
	return true;
}

static bool on_text(void *ctx, struct slice s)
{
	struct reader *r = ctx;
	if (r->open[r->depth - 1]->use == USE_NONE)
		return true;
	return text_add(&r->text, s) || no_room(r);
}

static bool on_end(void *ctx)
{
	struct reader *r = ctx;
	const struct airsync_step *step = r->open[--r->depth];
	return (step->use == USE_NONE || text_use(r, step)) && place_end(r, step->place);
}

/* ---- the reader ---- */

static void *airsync_start(const struct body_env *env)
{
	struct reader *r = arena_alloc(env->arena, sizeof(*r));
	if (r == NULL)
		return NULL;
	r->env = *env;
	r->text.arena = r->passing.arena = env->arena;
	r->draft.sync.status = AIRSYNC_NONE;
	r->draft.sync.heartbeat = AIRSYNC_NONE;
	const struct wbxml_events events = { on_start, on_text, on_end, r };
	r->wbxml = wbxml_new(env->limits, env->arena, events, env->sink);
	return r->wbxml != NULL ? r : NULL;
}

static bool airsync_data(void *ctx, struct slice s)
{
	struct reader *r = ctx;
	return wbxml_data(r->wbxml, s);
}

static void airsync_end(void *ctx, bool whole, struct body *body)
{
	struct reader *r = ctx;
	struct airsync *a = &r->draft.sync;
	bool document = wbxml_end(r->wbxml, whole);
	if (r->open[0] == NULL)
		return;
	if (r->in_collection)
		collection_end(r);
	a->collections = r->collections.p;
	a->n_collections = r->collections.n;
	a->folders = r->folders.p;
	a->n_folders = r->folders.n;
	a->moves = r->moves.p;
	a->n_moves = r->moves.n;
	a->whole = document && !r->dropped;
	body->airsync = a;
}

static void airsync_abandon(void *ctx)
{
	(void)ctx;
}

static const char *const wbxml_types[] = {
	"application/vnd.ms-sync.wbxml",
	"application/vnd.ms-sync",
	NULL,
};

const struct body_reader body_wbxml = {
	.kind = BODY_WBXML,
	.media_types = wbxml_types,
	.start = airsync_start,
	.data = airsync_data,
	.end = airsync_end,
	.abandon = airsync_abandon,
};

/* ---- answers in parts ---- */

/* False: there is no first part. */
static bool parts_head(struct reader *r)
{
	struct cursor c = cursor_from((struct slice){ r->parts.head, PARTS_HEAD });
	uint32_t n = cursor_le32(&c), offset = cursor_le32(&c), length = cursor_le32(&c);
	if (n == 0 || offset < PARTS_HEAD || length == 0)
		return false;
	r->parts.skip = offset - PARTS_HEAD;
	r->parts.left = length;
	return true;
}

static size_t parts_gather(struct reader *r, struct slice s)
{
	struct parts *p = &r->parts;
	size_t n = s.n < PARTS_HEAD - p->n_head ? s.n : PARTS_HEAD - p->n_head;
	memcpy(p->head + p->n_head, s.p, n);
	p->n_head += n;
	if (p->n_head == PARTS_HEAD && !parts_head(r)) {
		p->none = true;
		r->env.sink.anomaly(r->env.sink.ctx, WBXML_MALFORMED, 0);
	}
	return n;
}

static bool parts_data(void *ctx, struct slice s)
{
	struct reader *r = ctx;
	struct parts *p = &r->parts;
	if (p->n_head < PARTS_HEAD)
		s = slice_part(s, parts_gather(r, s), s.n);
	size_t skip = s.n < p->skip ? s.n : p->skip;
	p->skip -= (uint32_t)skip;
	s = slice_part(s, skip, p->left);
	p->left -= (uint32_t)s.n;
	bool more = s.n == 0 || wbxml_data(r->wbxml, s);
	return more && (p->left > 0 || p->n_head < PARTS_HEAD);
}

/* The document is whole when its part is. */
static void parts_end(void *ctx, bool whole, struct body *body)
{
	struct reader *r = ctx;
	const struct parts *p = &r->parts;
	(void)whole;
	airsync_end(r, p->n_head == PARTS_HEAD && p->left == 0 && !p->none, body);
}

static const char *const parts_types[] = { "application/vnd.ms-sync.multipart", NULL };

const struct body_reader body_wbxml_parts = {
	.kind = BODY_WBXML,
	.media_types = parts_types,
	.start = airsync_start,
	.data = parts_data,
	.end = parts_end,
	.abandon = airsync_abandon,
};
