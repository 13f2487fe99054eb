/*
 * keytext.c - keys as bytes: the values of `by`, each with its type and length, so that different
 * values never look alike. What compares without case is stored without case.
 */
#include "rules/state.h"

#include <string.h>

enum { TAG_ABSENT = 0xfe, TAG_UNKNOWN = 0xff };

/* One value on its way into bytes: numbers and addresses in `plain`. */
struct flat {
	struct slice bytes;
	uint8_t plain[17];
	uint8_t tag;
};

static void flat_number(struct flat *f, int64_t number)
{
	for (unsigned i = 0; i < 8; i++)
		f->plain[i] = (uint8_t)((uint64_t)number >> (8 * i));
	f->bytes = (struct slice){ f->plain, 8 };
}

static void flat_address(struct flat *f, const struct endpoint *ip)
{
	f->plain[0] = (uint8_t)ip->family;
	memcpy(f->plain + 1, ip->address, sizeof(ip->address));
	f->bytes = (struct slice){ f->plain, 1 + sizeof(ip->address) };
}

static void flat_from(struct flat *f, const struct value *v, enum field_type type)
{
	f->tag = (uint8_t)type;
	switch (type) {
	case FIELD_BOOL:
	case FIELD_INT:
	case FIELD_DURATION:
	case FIELD_TIME:
		flat_number(f, v->number);
		break;
	case FIELD_IP:
		flat_address(f, v->ip);
		break;
	case FIELD_ISTRING:
		f->bytes = v->text;
		break;
	default:
		f->tag = FIELD_STRING;
		f->bytes = v->text;
	}
}

/* At most KEY_VALUE_MAX bytes as they are; of more the start and a hash of all. Returns the bytes. */
static size_t flat_write(const struct flat *f, uint8_t *out)
{
	size_t n = f->bytes.n < KEY_VALUE_MAX ? f->bytes.n : KEY_VALUE_MAX;
	for (size_t i = 0; i < n; i++)
		out[i] = f->tag == FIELD_ISTRING ? ascii_lower(f->bytes.p[i]) : f->bytes.p[i];
	if (n == f->bytes.n)
		return n;
	uint64_t hash = 0;
	for (size_t i = 0; i < f->bytes.n; i += KEY_VALUE_MAX) {
		uint8_t part[8 + KEY_VALUE_MAX];
		struct slice s = slice_part(f->bytes, i, KEY_VALUE_MAX);
		memcpy(part, &hash, 8);
		for (size_t k = 0; k < s.n; k++)
			part[8 + k] = f->tag == FIELD_ISTRING ? ascii_lower(s.p[k]) : s.p[k];
		hash = hash_fixed(part, 8 + s.n);
	}
	for (unsigned i = 0; i < 8; i++)
		out[n + i] = (uint8_t)(hash >> (8 * i));
	return n + 8;
}

static size_t flat_put(const struct flat *f, uint8_t *out)
{
	size_t n = flat_write(f, out + 3);
	out[0] = f->tag;
	out[1] = (uint8_t)n;
	out[2] = (uint8_t)(n >> 8);
	return 3 + n;
}

void key_begin(struct key_text *k, const struct space *space)
{
	k->n = 8;
	memcpy(k->bytes, &space->seed, 8);
}

enum seen key_add(struct key_text *k, const struct field_ref *ref, const struct event *e)
{
	struct value v = { .number = 0 };
	enum seen seen = field_read(ref, e, 0, 0, &v);
	if (seen != PRESENT)
		return seen;
	struct flat f;
	flat_from(&f, &v, ref->field->type);
	k->n += flat_put(&f, k->bytes + k->n);
	return PRESENT;
}

void key_add_missing(struct key_text *k, enum seen seen)
{
	struct flat f = { .tag = seen == ABSENT ? TAG_ABSENT : TAG_UNKNOWN };
	k->n += flat_put(&f, k->bytes + k->n);
}

void key_end(struct key_text *k, const struct store *store)
{
	k->hash = hash_keyed(store->hash_key, k->bytes, k->n);
}

uint64_t value_hash(const struct value *v, enum field_type type, struct hash_key key)
{
	uint8_t bytes[KEY_VALUE_ROOM];
	struct flat f;
	flat_from(&f, v, type);
	return hash_keyed(key, bytes, flat_put(&f, bytes));
}

static int64_t number_from(struct slice bytes)
{
	uint64_t number = 0;
	for (size_t i = 0; i < bytes.n; i++)
		number |= (uint64_t)bytes.p[i] << (8 * i);
	return (int64_t)number;
}

/* Without the hash behind a value that was cut. */
static size_t flat_print(uint8_t tag, struct slice bytes, char *out, size_t room)
{
	struct field like = { .name = "key", .type = (enum field_type)tag };
	struct endpoint ip = { .family = 0 };
	struct value v = { .text = slice_part(bytes, 0, KEY_VALUE_MAX) };
	if (tag == FIELD_IP) {
		ip.family = bytes.p[0];
		memcpy(ip.address, bytes.p + 1, sizeof(ip.address));
		v.ip = &ip;
	} else if (tag != FIELD_STRING && tag != FIELD_ISTRING) {
		v.number = number_from(bytes);
	}
	return value_print(&like, &v, out, room);
}

bool key_print(const struct key *key, size_t i, char *out, size_t room, size_t *n)
{
	struct slice s = key_bytes(key);
	for (;;) {
		if (s.n < 3)
			return false;
		size_t length = (size_t)(s.p[1] | s.p[2] << 8);
		if (i == 0) {
			*n = flat_print(s.p[0], slice_part(s, 3, length), out, room);
			return true;
		}
		s = slice_part(s, 3 + length, SIZE_MAX);
		i--;
	}
}

static bool flat_is_sound(uint8_t tag, size_t length, bool may_lack)
{
	switch (tag) {
	case FIELD_BOOL:
	case FIELD_INT:
	case FIELD_DURATION:
	case FIELD_TIME:
		return length == 8;
	case FIELD_IP:
		return length == 1 + sizeof(((struct endpoint *)NULL)->address);
	case FIELD_STRING:
	case FIELD_ISTRING:
		return length <= KEY_VALUE_MAX + 8;
	default:
		return may_lack && (tag == TAG_ABSENT || tag == TAG_UNKNOWN) && length == 0;
	}
}

bool key_is_sound(struct slice bytes, bool may_lack)
{
	size_t n = 0;
	for (; bytes.n >= 3 && n < KEYS_MAX; n++) {
		size_t length = (size_t)(bytes.p[1] | bytes.p[2] << 8);
		if (!flat_is_sound(bytes.p[0], length, may_lack) || length > bytes.n - 3)
			return false;
		bytes = slice_part(bytes, 3 + length, SIZE_MAX);
	}
	return bytes.n == 0;
}
