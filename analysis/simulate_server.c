/*
 * simulate_server.c - how a server of the simulation answers: by its parameters V1 to V12.
 */
#include "analysis/simulate_parts.h"

static unsigned value_of(const struct server *s, enum policy policy)
{
	return BIT(s->profile->policies.first[policy]);
}

static struct held *held_by_name(struct server *s, unsigned name)
{
	for (size_t i = 0; i < s->n_held; i++)
		if (s->held[i].name == name)
			return &s->held[i];
	return NULL;
}

static const struct held *held_by_uid(const struct server *s, unsigned uid)
{
	for (size_t i = 0; i < s->n_held; i++)
		if (uid != 0 && s->held[i].uid == uid)
			return &s->held[i];
	return NULL;
}

static bool is_tagged(const struct server *s, bool create)
{
	switch (value_of(s, POLICY_V1)) {
	case V1_ALWAYS:
		return true;
	case V1_IF_EQUAL:
		return value_of(s, POLICY_V2) == V2_NO;
	case V1_NOT_ON_CREATE:
		return !create;
	default:
		return false;
	}
}

static struct answer answer_of(enum machine_event event, const struct held *held)
{
	return (struct answer){ event, held->name, held->body, held->version, false };
}

static struct answer refuse(enum machine_event event, const struct held *holder)
{
	struct answer a = answer_of(event, holder);
	a.version = 0;
	return a;
}

static struct held *held_add(struct server *s, unsigned name)
{
	ensure(s->n_held < STORE_MAX, NULL);
	s->held[s->n_held] = (struct held){ .name = name };
	return &s->held[s->n_held++];
}

/* A PUT, or a POST without a name. */
static struct answer write_item(struct server *s, const struct request *r)
{
	struct held *old = r->name != 0 ? held_by_name(s, r->name) : NULL;
	const struct held *holder = held_by_uid(s, r->uid);
	if (r->if_absent && old != NULL && value_of(s, POLICY_V3) == V3_YES)
		return refuse(ON_R_PRECOND, old);
	if (r->version != 0 && old == NULL)
		return (struct answer){ .event = ON_R_GONE };
	if (r->version != 0 && old->version != r->version)
		return refuse(ON_R_PRECOND, old);
	if (holder != NULL && holder != old && value_of(s, POLICY_V4) != V4_NONE)
		return refuse(ON_R_UIDCONFLICT, holder);
	bool create = old == NULL;
	if (!create && old->body == r->body && old->uid == r->uid &&
	    value_of(s, POLICY_V12) == V12_NO)
		return (struct answer){ ON_R_OK, old->name, old->body, 0, false };
	if (create)
		old = held_add(s, r->name);
	old->uid = r->uid;
	old->body = r->body;
	old->version = ++s->versions;
	if (old->name == 0)
		old->name = STORE_MAX + s->versions; /* no client's own name is that large */
	struct answer a = answer_of(ON_R_OK, old);
	a.stored = true;
	if (!is_tagged(s, create))
		a.version = 0;
	return a;
}

static struct answer read_item(struct server *s, const struct request *r)
{
	const struct held *held = held_by_name(s, r->name);
	return held != NULL ? answer_of(ON_R_ITEM, held) : (struct answer){ .event = ON_R_GONE };
}

/* What a list says of the item that is looked for, by its UID or its name. */
static struct answer list_items(struct server *s, const struct request *r)
{
	const struct held *held = held_by_uid(s, r->uid);
	if (held == NULL)
		held = held_by_name(s, r->name);
	return held != NULL ? answer_of(ON_ROW, held) : (struct answer){ .event = ON_NO_ROW };
}

/* ---- ActiveSync ---- */

/* By what it would know this Add again; false: by nothing. */
static bool identity_of(const struct server *s, const struct request *r, struct known *out)
{
	*out = (struct known){ 0 };
	switch (value_of(s, POLICY_V8)) {
	case V8_KEY_CLIENT_ID:
		out->value[1] = r->key;
		out->value[0] = r->client_id;
		break;
	case V8_CLIENT_ID:
		out->value[0] = r->client_id;
		break;
	case V8_UID:
		out->value[0] = r->uid;
		break;
	case V8_CLIENT_UID:
		out->value[0] = r->client_uid;
		break;
	default:
		break;
	}
	return out->value[0] != 0;
}

static const struct known *known_find(const struct server *s, const struct known *k)
{
	for (size_t i = 0; i < s->n_known; i++)
		if (s->known[i].value[0] == k->value[0] && s->known[i].value[1] == k->value[1])
			return &s->known[i];
	return NULL;
}

static struct answer add_item(struct server *s, const struct request *r)
{
	struct known identity;
	struct answer a = { .event = ON_R_OK, .version = 1 }; /* the key stands for the version */
	bool known = identity_of(s, r, &identity);
	const struct known *before = known ? known_find(s, &identity) : NULL;
	if (before != NULL) {
		a.name = before->name;
		return a;
	}
	if (s->gateway == NULL) {
		struct held *held = held_add(s, STORE_MAX + ++s->versions);
		*held = (struct held){ held->name, r->uid, r->body, s->versions };
		a.name = held->name;
		a.stored = true;
	} else if (!gateway_store(s->gateway, r, &a.name)) {
		return (struct answer){ .event = ON_R_TRANSIENT };
	}
	identity.name = a.name;
	ensure(s->n_known < STORE_MAX, NULL);
	if (known)
		s->known[s->n_known++] = identity;
	return a;
}

static struct answer change_item(struct server *s, const struct request *r)
{
	struct held *held = held_by_name(s, r->name);
	if (s->gateway != NULL) {
		struct answer a = { .event = ON_R_OK, .version = 1 };
		a.event = gateway_store(s->gateway, r, &a.name) ? ON_R_OK : ON_R_TRANSIENT;
		return a;
	}
	if (held == NULL)
		return (struct answer){ .event = ON_R_GONE };
	held->body = r->body;
	struct answer a = answer_of(ON_R_OK, held);
	a.stored = true;
	return a;
}

struct answer server_handle(struct server *s, const struct request *r)
{
	switch (r->event) {
	case ON_Q_READ:
		return read_item(s, r);
	case ON_Q_LIST:
		return list_items(s, r);
	case ON_Q_DELTA:
		return (struct answer){ .event = ON_ROWS };
	default:
		break;
	}
	if (s->profile->speaks == SPEAKS_DAV)
		return write_item(s, r);
	return r->event == ON_Q_CREATE ? add_item(s, r) : change_item(s, r);
}
