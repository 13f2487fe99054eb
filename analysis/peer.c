/*
 * peer.c - which instance of a client sends a request, by the strongest sign there is: DeviceId, who is
 * logged in, the address a proxy forwards, the address itself; and the product it says it is.
 *
 * Who is logged in is remembered for a connection (NTLM says it once), and which device a front end of
 * Exchange last worked for in a mailbox: its state lies in a folder that names the device.
 */
#include "analysis/remember.h"

#include <stdlib.h>
#include <string.h>

enum { FLOWS = 4096, BOXES = 4096, DEVICE_MAX = 64, NAME_ROOM = 160 };

struct login {
	struct flow_id flow;
	uint64_t who;
	uint8_t n;
	char name[DEVICE_MAX];
};

struct box {
	uint64_t key; /* client address and mailbox */
	uint8_t n;
	char device[DEVICE_MAX];
};

/* Tables without collision chains: the later one takes the place, the same on every run. */
struct peers {
	struct login logins[FLOWS];
	struct box boxes[BOXES];
	struct slot_marks login_marks, box_marks;
};

struct peers *peers_new(const struct limits *limits)
{
	(void)limits;
	return calloc(1, sizeof(struct peers));
}

void peers_free(struct peers *p)
{
	free(p);
}

static uint8_t text_keep(char out[DEVICE_MAX], struct slice s)
{
	size_t n = s.n < DEVICE_MAX ? s.n : DEVICE_MAX;
	if (n != 0)
		memcpy(out, s.p, n);
	return (uint8_t)n;
}

static struct slice text_of(const char *text, size_t n)
{
	return (struct slice){ (const uint8_t *)text, n };
}

static struct slice lower_copy(struct slice s, uint8_t room[NAME_ROOM])
{
	size_t n = s.n < NAME_ROOM ? s.n : NAME_ROOM;
	for (size_t i = 0; i < n; i++)
		room[i] = ascii_lower(s.p[i]);
	return (struct slice){ room, n };
}

static struct slice header_value(const struct message *m, const char *name)
{
	struct slice value = { 0 };
	return message_header(m, name, &value) == PRESENT ? slice_trim(value) : (struct slice){ 0 };
}

/* "DAVx5/4.3" of "DAVx5/4.3-ose (2024/01/01; dav4jvm; okhttp/4.12) Android/13". */
static struct slice agent_product(const struct message *req)
{
	struct slice agent = header_value(req, "User-Agent");
	return slice_part(agent, 0, slice_find_byte(agent, ' '));
}

static struct slice first_of(struct slice list)
{
	return slice_trim(slice_part(list, 0, slice_find_byte(list, ',')));
}

struct slice address_bare(struct slice address)
{
	address = slice_trim(address);
	if (slice_starts(address, SLICE("[")))
		return slice_part(address, 1, slice_find_byte(address, ']') - 1);
	size_t colon = slice_find_byte(address, ':');
	bool port = slice_find_byte(address, '.') < colon;
	return port ? slice_part(address, 0, colon) : address;
}

static uint64_t address_number(const struct endpoint *e)
{
	return mix(e->family, mix_slice(5, (struct slice){ e->address, sizeof(e->address) }));
}

/* ---- who is logged in ---- */

static struct login *login_slot(struct peers *p, struct flow_id flow)
{
	return &p->logins[mix(flow.frame, flow.input) % FLOWS];
}

static void login_mark(struct peers *p, const struct login *slot, const struct txn *txn,
    uint64_t who)
{
	if (slot->who != who || slot->flow.frame != txn->flow.frame ||
	    slot->flow.input != txn->flow.input)
		mark_set(&p->login_marks, (size_t)(slot - p->logins));
}

static uint64_t credential_of(const struct message *req)
{
	for (size_t i = 0; i < req->n_headers; i++)
		if (req->headers[i].credential != 0 &&
		    slice_is_nocase(req->headers[i].name, "Authorization"))
			return req->headers[i].credential;
	return 0;
}

static bool scheme_is(const struct txn *txn, const char *name)
{
	return slice_is_nocase(txn->auth_scheme, name);
}

/* A hop in front says for whom it asks: its connections carry requests of many. */
static struct slice forwarded_for(const struct message *req)
{
	return address_bare(first_of(header_value(req, "X-Forwarded-For")));
}

/* Sets who, 0: nobody is known to be; the name is empty where only the credential is known. */
static uint64_t login_read(struct peers *p, const struct txn *txn, struct slice *name)
{
	uint8_t room[NAME_ROOM];
	struct login *slot = login_slot(p, txn->flow);
	bool known = slot->flow.frame == txn->flow.frame && slot->flow.input == txn->flow.input &&
	    forwarded_for(&txn->req).n == 0;
	uint64_t who = 0;
	*name = (struct slice){ 0 };
	if (txn->auth_user.n != 0) {
		*name = txn->auth_user;
		who = mix_slice(11, lower_copy(txn->auth_user, room));
	} else if (scheme_is(txn, "Bearer")) {
		who = mix(12, credential_of(&txn->req));
	} else if (known) {
		*name = text_of(slot->name, slot->n);
		return slot->who;
	}
	if (who != 0) {
		login_mark(p, slot, txn, who);
		slot->flow = txn->flow;
		slot->who = who;
		slot->n = text_keep(slot->name, *name);
	}
	return who;
}

/* ---- devices behind a front end ---- */

static bool is_front_end(const struct message *req)
{
	return slice_starts_nocase(header_value(req, "User-Agent"),
	    SLICE("Microsoft-Server-ActiveSync/"));
}

static struct slice device_behind(struct peers *p, const struct op *op)
{
	uint8_t room[NAME_ROOM];
	struct slice type, id;
	uint64_t key = mix(address_number(&op->txn->client),
	    mix_slice(13, lower_copy(op->mailbox, room)));
	struct box *box = &p->boxes[key % BOXES];
	if (path_device(op->at.path, &type, &id)) {
		if (box->key != key || !slice_equal(text_of(box->device, box->n), id))
			mark_set(&p->box_marks, key % BOXES);
		box->key = key;
		box->n = text_keep(box->device, id);
	}
	return box->key == key ? text_of(box->device, box->n) : (struct slice){ 0 };
}

/* ---- together ---- */

struct name {
	uint8_t *p;
	size_t n;
};

static void name_add(struct name *name, struct slice s)
{
	size_t n = s.n < NAME_ROOM - name->n ? s.n : NAME_ROOM - name->n;
	if (n != 0)
		memcpy(name->p + name->n, s.p, n);
	name->n += n;
}

static struct slice name_make(struct arena *arena, struct slice who, struct slice product)
{
	struct name name = { .p = arena_alloc(arena, NAME_ROOM) };
	if (name.p == NULL)
		return (struct slice){ 0 };
	name_add(&name, who);
	if (who.n != 0 && product.n != 0)
		name_add(&name, SLICE(" with "));
	name_add(&name, product);
	return (struct slice){ name.p, name.n };
}

static uint64_t peer_dav(struct peers *p, const struct op *op, struct slice *who)
{
	const struct message *req = &op->txn->req;
	uint64_t address = address_number(&op->txn->client);
	uint64_t login = login_read(p, op->txn, who);
	if (is_front_end(req)) {
		uint8_t room[NAME_ROOM];
		*who = op->mailbox;
		return mix(address, mix_slice(14, lower_copy(op->mailbox, room)));
	}
	if (login != 0)
		return mix(15, login);
	struct slice forwarded = forwarded_for(req);
	if (forwarded.n != 0)
		*who = forwarded;
	return forwarded.n != 0 ? mix_slice(16, forwarded) : mix(17, address);
}

void peers_judge(struct peers *p, struct op *op, const struct sync_facts *sync)
{
	struct arena *arena = op->txn->arena;
	struct slice product = agent_product(&op->txn->req), who = { 0 };
	if (sync != NULL && sync->device_id.n != 0) {
		uint8_t room[NAME_ROOM];
		op->peer = mix_slice(18, lower_copy(sync->device_id, room));
		op->device = sync->device_id;
		op->peer_name = name_make(arena, sync->user, product);
		login_read(p, op->txn, &who);
		return;
	}
	uint64_t peer = peer_dav(p, op, &who);
	op->peer = mix_slice(peer, product);
	op->peer_name = name_make(arena, who, product);
	if (is_front_end(&op->txn->req))
		arena_copy(arena, device_behind(p, op), &op->device);
}

/* ---- over a restart ---- */

static void login_form(struct pack *k, void *thing)
{
	struct login *l = thing;
	pack_u64(k, &l->flow.frame);
	PACK(k, l->flow.input);
	pack_u64(k, &l->who);
	pack_text(k, l->name, sizeof(l->name), &l->n);
}

static void box_form(struct pack *k, void *thing)
{
	struct box *b = thing;
	pack_u64(k, &b->key);
	pack_text(k, b->device, sizeof(b->device), &b->n);
}

static struct slots login_slots(struct peers *p)
{
	return (struct slots){ STATE_PEER, OF_LOGIN, "who is logged in on a connection", p->logins,
		FLOWS, sizeof(p->logins[0]), &p->login_marks, login_form, NULL };
}

static struct slots box_slots(struct peers *p)
{
	return (struct slots){ STATE_PEER, OF_BOX, "device behind a front end", p->boxes, BOXES,
		sizeof(p->boxes[0]), &p->box_marks, box_form, NULL };
}

bool peers_save(struct peers *p, struct saving *v)
{
	struct slots logins = login_slots(p), boxes = box_slots(p);
	return slots_save(v, &logins) && slots_save(v, &boxes);
}

bool peers_load(struct peers *p, const struct state_record *r)
{
	struct slots slots = r->key[0] == OF_LOGIN ? login_slots(p) : box_slots(p);
	return slots_load(&slots, r);
}

void peers_anew(struct peers *p)
{
	struct slots logins = login_slots(p), boxes = box_slots(p);
	slots_anew(&logins);
	slots_anew(&boxes);
}
