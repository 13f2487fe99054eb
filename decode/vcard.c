/*
 * vcard.c - reads the properties of vCards (RFC 6350, RFC 2426 and before) that make a struct object. Of
 * several cards the first one stands for all.
 */
#include "decode/object_read.h"

struct card {
	struct text uid, full_name, name;
	uint64_t contacts; /* sum of hashes, as their order does not count */
	uint64_t first_uid; /* hash of it */
	size_t depth; /* of cards: one may stand in another */
	uint64_t cards; /* begun at the top */
	uint8_t uids;
	bool ended;
};

static void *card_start(const struct limits *limits, struct arena *arena)
{
	(void)limits;
	struct card *c = arena_alloc(arena, sizeof(*c));
	if (c != NULL)
		c->uid.arena = c->full_name.arena = c->name.arena = arena;
	return c;
}

static void card_begin(void *ctx)
{
	struct card *c = ctx;
	text_begin(&c->uid, 0);
	text_begin(&c->full_name, 0);
	text_begin(&c->name, 0);
	c->contacts = 0;
	c->depth = 0;
	c->cards = 0;
	c->uids = 0;
	c->ended = false;
}

static bool text_take(struct text *out, struct slice value)
{
	return out->n > 0 || object_text(out, value);
}

static bool uid_take(struct card *c, struct slice value)
{
	struct hash_run h = { 0 };
	hash_add(&h, value);
	uint64_t uid = hash_sum(&h);
	if (c->uids == 0)
		c->first_uid = uid;
	if (c->uids < 2 && (c->uids == 0 || uid != c->first_uid))
		c->uids++;
	return c->cards > 1 || text_take(&c->uid, value);
}

static bool counts_in_number(uint8_t byte)
{
	return (byte >= '0' && byte <= '9') || byte == '+';
}

/* People and servers write numbers with blanks and signs, and addresses in any case. */
static void contact_take(struct card *c, bool number, struct slice value)
{
	struct hash_run h = { 0 };
	hash_add(&h, number ? SLICE("T") : SLICE("E"));
	value = slice_trim(value);
	for (size_t i = 0; i < value.n; i++) {
		uint8_t byte = ascii_lower(value.p[i]);
		if (!number || counts_in_number(byte))
			hash_add(&h, (struct slice){ &byte, 1 });
	}
	if (c->cards == 1)
		c->contacts += hash_sum(&h);
}

static bool field_take(struct card *c, const struct property *p)
{
	if (slice_is_nocase(p->name, "UID"))
		return p->has_value && uid_take(c, p->value);
	bool number = slice_is_nocase(p->name, "TEL");
	if (number || slice_is_nocase(p->name, "EMAIL")) {
		if (p->has_value)
			contact_take(c, number, p->value);
		return p->has_value;
	}
	struct text *name = NULL;
	if (slice_is_nocase(p->name, "FN"))
		name = &c->full_name;
	else if (slice_is_nocase(p->name, "N"))
		name = &c->name;
	if (name == NULL || c->cards > 1)
		return true;
	return p->has_value && text_take(name, p->value);
}

static bool is_card(const struct property *p)
{
	return slice_is_nocase(slice_trim(p->value), "VCARD");
}

static bool card_property(void *ctx, const struct property *p)
{
	struct card *c = ctx;
	bool begins = slice_is_nocase(p->name, "BEGIN");
	bool ends = slice_is_nocase(p->name, "END");
	if (!begins && !ends)
		return c->depth != 1 || field_take(c, p);
	if (!p->has_value)
		return false;
	if (begins && (c->depth > 0 || is_card(p))) {
		c->cards += c->depth == 0;
		c->depth++;
	} else if (ends && c->depth > 0) {
		c->depth--;
		c->ended = c->depth == 0;
	}
	return true;
}

static bool card_end(void *ctx, struct object *o, struct object_more *more)
{
	struct card *c = ctx;
	if (c->cards == 0)
		return false;
	o->kind = OBJECT_CARD;
	o->uid = text_slice(&c->uid);
	o->summary = text_slice(c->full_name.n > 0 ? &c->full_name : &c->name);
	o->uids = c->uids;
	o->master = true;
	o->whole = c->ended && c->depth == 0;
	more->contacts = c->contacts;
	return true;
}

const struct object_grammar grammar_card = {
	.start = card_start,
	.begin = card_begin,
	.property = card_property,
	.end = card_end,
};

/* ---- the body ---- */

static void *body_start(const struct body_env *env)
{
	return object_read_new(&grammar_card, env, true);
}

static void body_end(void *ctx, bool whole, struct body *body)
{
	(void)object_read_end(ctx, whole, &body->object);
}

static const char *const card_types[] = { "text/vcard", "text/x-vcard", "text/directory", NULL };

const struct body_reader body_vcard = {
	.kind = BODY_VCARD,
	.media_types = card_types,
	.start = body_start,
	.data = object_body_data,
	.end = body_end,
	.abandon = object_body_abandon,
};
