/*
 * tags.c - what a change tag promises, held against what is read under it.
 *
 * A strong tag stands for certain bytes (RFC 9110 8.8.1). It is judged against the bytes and the later
 * tags of its own resource alone: the same tag on two resources is no fault. What another client may have
 * written unseen explains new bytes, never the same bytes under a new tag.
 */
#include "analysis/servers.h"
#include "analysis/store.h"

enum { HREF_ROOM = 512 };

static uint32_t low32(uint64_t x)
{
	return (uint32_t)(x ^ x >> 32);
}

static bool strip_start(struct slice *tag, struct slice what)
{
	if (tag->n == 0 || !slice_starts_nocase(*tag, what))
		return false;
	*tag = slice_part(*tag, what.n, tag->n);
	return true;
}

static bool strip_end(struct slice *tag, struct slice what)
{
	if (tag->n < what.n || !slice_equal(slice_part(*tag, tag->n - what.n, what.n), what))
		return false;
	tag->n -= what.n;
	return true;
}

static bool strip_one(struct slice *tag)
{
	static const char *const wraps[] = { "\"", "\\", "&quot;" };
	static const char *const tails[] = { "--gzip", "-gzip", ";gzip" };
	for (size_t i = 0; i < sizeof(wraps) / sizeof(wraps[0]); i++)
		if (strip_start(tag, slice_from(wraps[i])) || strip_end(tag, slice_from(wraps[i])))
			return true;
	for (size_t i = 0; i < sizeof(tails) / sizeof(tails[0]); i++)
		if (strip_end(tag, slice_from(tails[i])))
			return true;
	return false;
}

/* What hops put around a tag is taken off: that is told by the tag's own transaction. */
uint32_t tag_number(struct slice tag, bool *strong)
{
	*strong = !strip_start(&tag, SLICE("W/"));
	while (strip_one(&tag))
		continue;
	return tag.n == 0 ? 0 : low32(mix_slice(41, tag)) | 1;
}

uint32_t bytes_number(uint64_t hash)
{
	return hash == 0 ? 0 : low32(hash) | 1;
}

void tags_written(struct item *item, const struct op *op)
{
	bool strong = true;
	const struct object *o = op->object;
	item->tag = op->tag_seen == PRESENT ? tag_number(op->tag, &strong) : 0;
	item->tag_strong = strong;
	item->schedule_tag = op->schedule_tag_seen == PRESENT ?
	    low32(mix_slice(42, op->schedule_tag)) :
	    0;
	item->sent_octets = bytes_number(op->body_hash);
	item->sent_text = o != NULL && o->whole ? bytes_number(o->text) : 0;
	item->sent_lines = o != NULL && o->whole ? bytes_number(o->lines) : 0;
	item->settled = o != NULL && o->whole ? bytes_number(o->settled) : 0;
	item->read_octets = 0;
	item->read_text = 0;
	item->read_untagged = false;
	item->n_readers = 0;
	item->readers_full = false;
	/* That a server lies is told once an item. */
	item->mismatch_told = item->unstable_told = false;
}

static bool object_usable(const struct object *o)
{
	return o != NULL && o->whole;
}

/* The bytes of the last write are surely not what is read now. Unknown ones differ from nothing. */
static bool differs_from_sent(const struct item *item, const struct reading *r)
{
	const struct object *o = r->object;
	if (r->whole_body)
		return item->sent_octets != 0 && o->octets != 0 &&
		    item->sent_octets != bytes_number(o->octets);
	return item->sent_text != 0 && o->text != 0 && item->sent_text != bytes_number(o->text);
}

/* Surely the same calendar data as was written last, in whatever order its lines are. */
static bool equals_sent(const struct item *item, const struct object *o)
{
	return (item->sent_lines != 0 && item->sent_lines == bytes_number(o->lines)) ||
	    (item->sent_octets != 0 && item->sent_octets == bytes_number(o->octets));
}

/* The same as was read last, and under the tag that is known. */
static bool equals_read(const struct item *item, const struct reading *r)
{
	const struct object *o = r->object;
	if (item->read_untagged)
		return false;
	if (r->whole_body && item->read_octets != 0)
		return item->read_octets == bytes_number(o->octets);
	return item->read_text != 0 && item->read_text == bytes_number(o->text);
}

static void tell_tag(struct store *s, enum trouble trouble, enum certainty certainty,
    const struct item *item, const struct op *op, struct slice value)
{
	struct stamp packets[OP_PACKETS];
	char href[HREF_ROOM];
	struct matter m = matter_of(s, trouble, item, op);
	m.href = item_full_path(s, item, href, sizeof(href));
	m.certainty = certainty;
	m.value = value;
	m.packets = packets;
	m.n_packets = written_packets(item, op, packets);
	matter_tell(s, &m);
}

static void same_tag(struct store *s, struct item *item, const struct op *op,
    const struct reading *r, bool strong)
{
	if (!object_usable(r->object) || !item->tag_strong || !strong || item->lying_told ||
	    !differs_from_sent(item, r))
		return;
	item->lying_told = true;
	tell_tag(s, TROUBLE_LYING_TAG, r->whole_body ? CONFIRMED : PROBABLE, item, op, r->tag);
}

#define SOON_NS (INT64_C(10) * 1000000000)

/* As soon as it was made, and to people still the same: hardly anybody wrote in between. */
static bool read_back_soon(const struct item *item, const struct op *op, const struct object *o)
{
	return item->sent_text != 0 && item->read_text == 0 && item->written_order != 0 &&
	    item->created.order == item->written_order &&
	    ns_apart(op->txn->req.first.ns, item->created.ns) < SOON_NS &&
	    item->uid == uid_number(o->uid) && item->print != 0 && item->print == object_print(o);
}

/* Who was not seen may have written the same again, so nothing of it is sure. */
static void other_tag(struct store *s, struct item *item, const struct op *op,
    const struct reading *r, bool strong)
{
	const struct object *o = r->object;
	if (!object_usable(o) || !strong || !item->tag_strong)
		return;
	bool sent = equals_sent(item, o) || read_back_soon(item, op, o);
	if (sent && !item->mismatch_told) {
		item->mismatch_told = true;
		tell_tag(s, TROUBLE_TAG_MISMATCH, PROBABLE, item, op, r->tag);
	} else if (!sent && equals_read(item, r) && !item->unstable_told) {
		item->unstable_told = true;
		tell_tag(s, TROUBLE_TAG_UNSTABLE, PROBABLE, item, op, r->tag);
	}
}

/* RFC 6638 3.2.10: replies of attendees leave the Schedule-Tag as it is. */
static void schedule_read(struct store *s, struct item *item, const struct op *op,
    const struct reading *r)
{
	uint32_t tag = r->schedule_tag.n == 0 ? 0 : low32(mix_slice(42, r->schedule_tag));
	const struct object *o = r->object;
	bool replied = object_usable(o) && item->settled != 0 &&
	    item->settled == bytes_number(o->settled) && item->read_text != 0 &&
	    item->read_text != bytes_number(o->text);
	if (tag != 0 && item->schedule_tag != 0 && tag != item->schedule_tag && replied)
		tell_tag(s, TROUBLE_SCHEDULE_TAG_MOVED, PROBABLE, item, op, r->schedule_tag);
	if (tag != 0)
		item->schedule_tag = tag;
}

/* What was written is known no more once other bytes or another tag were read. */
static void reading_keep(struct item *item, const struct reading *r, uint32_t tag, bool strong)
{
	const struct object *o = r->object;
	if (tag != 0 && tag != item->tag) {
		if (!object_usable(o) || !equals_sent(item, o)) {
			item->sent_octets = 0;
			item->sent_text = item->sent_lines = 0;
			item->read_octets = 0;
			item->read_text = 0;
		}
		item->tag = tag;
		item->tag_strong = strong;
	}
	if (!object_usable(o))
		return;
	/* Read without a tag: which one other bytes have is not known. */
	item->read_untagged = tag == 0 && !equals_sent(item, o) && !equals_read(item, r);
	if (r->whole_body)
		item->read_octets = bytes_number(o->octets);
	item->read_text = bytes_number(o->text);
	item->settled = bytes_number(o->settled);
}

void tags_read(struct store *s, struct item *item, const struct op *op, const struct reading *r)
{
	bool strong = true;
	uint32_t tag = tag_number(r->tag, &strong);
	servers_read(s->servers, op,
	    &(struct item_read){ item->scope, item->id, r->object, tag, strong, r->whole_body });
	if (op->facts->flavour == FLAVOUR_EXCHANGE)
		return;
	schedule_read(s, item, op, r);
	if (tag != 0 && tag == item->tag)
		same_tag(s, item, op, r, strong);
	else if (tag != 0 && item->tag != 0)
		other_tag(s, item, op, r, strong);
	reading_keep(item, r, tag, strong);
}
