/*
 * simulate.c - the client's half of the simulation, the network with its accidents, and the run. The
 * client sends what the table of the machine lets it send, and believes what the table says.
 */
#include "analysis/simulate_parts.h"

enum { ALL_FACTS = (1 << FACTS) - 1, MADE = 1, EDITED = 2 }; /* bodies: as made, as edited */

struct network {
	const struct machine_index *index;
	const struct scenario *scenario;
	unsigned number, cycle;
};

struct client {
	const struct profile *profile;
	struct vector policies; /* one value each */
	struct network *network;
	struct server *server;
	bool back; /* it is the gateway */
	enum machine_state item, session;
	unsigned attempt; /* counts the names, or ClientIds, it has used */
	unsigned name; /* under which it is stored, as far as is known */
	unsigned version, body, key, uid;
	unsigned sent; /* the body of its last write */
	bool edited; /* its body has to be sent yet */
	bool dropping; /* the server's version is to be taken */
	bool renaming; /* the next create has another name, or UID */
	bool written, listed; /* in this synchronisation */
	bool open; /* a create was sent, and its answer did not come */
};

static bool has(const struct client *c, enum policy policy, unsigned values)
{
	return (c->policies.set[policy] & values) != 0;
}

static bool is_activesync(const struct client *c)
{
	return c->profile->speaks == SPEAKS_ACTIVESYNC;
}

/* ---- what the table says ---- */

/* All facts are known: at most one row applies, or the user is asked and the first one is taken. */
static const struct machine_row *row_for(const struct client *c, enum machine_state state,
    enum machine_event event, uint32_t facts)
{
	const struct machine_row *rows[STEP_ROWS];
	struct machine_moment s = { state, event, facts, ALL_FACTS & ~facts };
	return machine_step_by(c->network->index, &s, &c->policies, rows) != 0 ? rows[0] : NULL;
}

static uint32_t item_step(struct client *c, enum machine_event event, uint32_t facts)
{
	const struct machine_row *row = row_for(c, c->item, event, facts);
	if (row == NULL)
		return 0;
	c->item = row_next(row, c->item);
	return row->effects;
}

static void session_step(struct client *c, enum machine_event event, uint32_t facts)
{
	if (!is_activesync(c))
		return;
	const struct machine_row *row = row_for(c, c->session, event, facts);
	if (row != NULL)
		c->session = row_next(row, c->session);
}

/* ---- requests ---- */

/* After a lost answer P4 decides, else whether names stay. */
static bool keeps_target(const struct client *c)
{
	if (c->item == STATE_C_UNK)
		return has(c, POLICY_P4, P4_SAME);
	return c->attempt != 0 && !c->renaming && has(c, POLICY_P2, P2_STICKY);
}

static uint32_t facts_of(const struct client *c, enum machine_event event)
{
	uint32_t facts = c->edited ? BIT(FACT_EDITED) : BIT(FACT_SAME_BODY);
	if (event == ON_Q_CREATE) {
		facts |= keeps_target(c) ? BIT(FACT_SAME_TARGET) | BIT(FACT_SAME_BATCH) : 0;
		facts |= has(c, POLICY_P3, P3_ABSENT) ? BIT(FACT_IF_ABSENT) : 0;
		facts |= has(c, POLICY_P3, P3_KEY) ? BIT(FACT_IF_KEY) : 0;
	}
	if (event == ON_Q_UPDATE && has(c, POLICY_P11, P11_REPLAY))
		facts |= BIT(FACT_SAME_BATCH);
	if (event == ON_Q_UPDATE && (c->version != 0 || is_activesync(c)) && c->item != STATE_CONF)
		facts |= BIT(FACT_IF_VERSION) | BIT(FACT_BASE_READ);
	return facts;
}

/* A request is worth sending when it leads somewhere. */
static bool can_send(const struct client *c, enum machine_event event)
{
	uint32_t facts = facts_of(c, event);
	const struct machine_row *row = row_for(c, c->item, event, facts);
	if (row == NULL || row_next(row, c->item) == c->item)
		return false;
	return !is_activesync(c) || row_for(c, c->session, ON_Q_DELTA, facts) != NULL;
}

static bool is_unsent(const struct client *c)
{
	return c->item == STATE_NEW || c->item == STATE_AGAIN || c->item == STATE_STUCK ||
	    c->item == STATE_C_UNK;
}

/* What the client does next in this synchronisation; NOTHING: it is through. */
enum { NOTHING = MACHINE_EVENTS };
static unsigned next_request(const struct client *c)
{
	bool lists = has(c, POLICY_P16, P16_LIST_FIRST) && !is_activesync(c);
	if (lists && !c->listed && is_unsent(c))
		return ON_Q_LIST;
	if (c->session == STATE_DELTA_UNK && has(c, POLICY_P11, P11_KEY_0))
		return ON_Q_DELTA;
	/* One write each time; but who writes over what stands in the way does so at once. */
	bool writes = c->edited &&
	    (!c->written || c->item == STATE_CONF || c->item == STATE_B_NOTAG);
	if (writes && can_send(c, ON_Q_CREATE))
		return ON_Q_CREATE;
	if (writes && can_send(c, ON_Q_UPDATE))
		return ON_Q_UPDATE;
	if (is_activesync(c))
		return NOTHING;
	if (c->item == STATE_REC)
		return c->name != 0 ? ON_Q_READ : ON_Q_LIST;
	if (c->item == STATE_C_UNK && can_send(c, ON_Q_LIST))
		return ON_Q_LIST;
	/* A version that is not known can wait for the next time, and who writes without one for ever. */
	if (c->item == STATE_B_NOTAG && (c->written || has(c, POLICY_P7b, P7b_UNGUARDED)))
		return NOTHING;
	return can_send(c, ON_Q_READ) ? ON_Q_READ : NOTHING;
}

/* ActiveSync: after a lost answer the same goes once more, whatever the user has written since. */
static unsigned body_to_send(const struct client *c, uint32_t facts)
{
	bool again = c->session == STATE_DELTA_UNK && facts & BIT(FACT_SAME_BATCH);
	return is_activesync(c) && again && c->sent != 0 ? c->sent : c->body;
}

static struct request request_make(struct client *c, enum machine_event event, uint32_t facts)
{
	struct request r = { .event = event,
		.name = c->name,
		.body = body_to_send(c, facts),
		.key = c->key };
	if (event == ON_Q_CREATE) {
		c->attempt += !(facts & BIT(FACT_SAME_TARGET));
		c->name = r.name = has(c, POLICY_P2, P2_SERVER) ? 0 : c->attempt;
		r.client_id = c->attempt;
		r.if_absent = facts & BIT(FACT_IF_ABSENT);
		c->renaming = false;
	}
	if (facts & BIT(FACT_IF_VERSION))
		r.version = c->version;
	if (has(c, POLICY_P2u, P2u_STICKY))
		r.uid = c->uid;
	else if (has(c, POLICY_P2u, P2u_FRESH))
		r.uid = c->attempt;
	else if (has(c, POLICY_P2u, P2u_CLIENT_UID))
		r.client_uid = 1;
	return r;
}

/* ---- answers ---- */

static void take_write(struct client *c, const struct request *r, const struct answer *a)
{
	uint32_t facts = a->version != 0 || is_activesync(c) ? BIT(FACT_TAGGED) : 0;
	if (r->if_absent)
		facts |= BIT(FACT_IF_ABSENT);
	if (a->event == ON_N_LOST || a->event == ON_R_TRANSIENT)
		facts |= BIT(FACT_MAYBE);
	uint32_t effects = item_step(c, a->event, facts);
	if (effects & BIT(EFFECT_BOUND) && a->event == ON_R_OK) {
		c->name = a->name;
		c->version = a->version;
		c->edited = c->body != r->body;
		if (c->edited)
			item_step(c, ON_U_EDIT, 0);
	} else if (effects & BIT(EFFECT_BOUND) || c->item == STATE_REC) {
		c->name = a->name; /* what is there under that name, or has the UID */
		c->version = 0;
	}
	if (effects & BIT(EFFECT_EDIT_LOST))
		c->edited = false;
	if (effects & BIT(EFFECT_SECOND)) {
		c->renaming = true;
		c->uid += a->event == ON_R_UIDCONFLICT;
	}
	if (r->event == ON_Q_CREATE)
		c->open = effects & BIT(EFFECT_UNKNOWN);
}

static void take_read(struct client *c, const struct answer *a)
{
	uint32_t facts = c->open ? BIT(FACT_MAYBE) : 0;
	if (a->event == ON_R_ITEM || a->event == ON_ROW) {
		if (c->dropping)
			c->body = a->body;
		c->edited = c->edited && !c->dropping && a->body != c->body;
		facts |= a->body == c->body ? BIT(FACT_SAME_BODY) : 0;
		facts |= a->version != 0 ? BIT(FACT_TAGGED) : 0;
		facts |= c->version != 0 && a->version == c->version ? BIT(FACT_OWN_VERSION) : 0;
	}
	facts |= c->edited ? BIT(FACT_EDITED) : 0;
	uint32_t effects = item_step(c, a->event, facts);
	if (effects & BIT(EFFECT_BOUND)) {
		c->name = a->name;
		c->version = a->version;
		c->open = c->dropping = false;
	}
}

static struct answer network_carry(struct client *c, const struct request *r,
    enum accident *accident)
{
	struct network *n = c->network;
	unsigned number = n->number++;
	*accident = ACCIDENT_NONE;
	for (size_t i = 0; i < n->scenario->n_mishaps; i++)
		if (n->scenario->mishaps[i].request == number)
			*accident = n->scenario->mishaps[i].accident;
	struct answer lost = { .event = ON_N_LOST };
	if (*accident == REQUEST_LOST)
		return lost;
	struct answer a = server_handle(c->server, r);
	if (*accident == REPLAYED)
		a = server_handle(c->server, r);
	return *accident == ANSWER_LOST ? lost : a;
}

static void tell(const struct client *c, const struct request *r, const struct answer *a,
    struct played played)
{
	const struct scenario *scenario = c->network->scenario;
	played.back = c->back;
	played.request = r->event;
	played.answer = a->event;
	played.name = r->name;
	played.stored = a->stored;
	played.tagged = a->version != 0;
	played.belief = c->item;
	if (scenario->told != NULL)
		scenario->told(scenario->ctx, &played);
}

/* Sends it, and believes the answer. False: none came, and the synchronisation is over. */
static bool client_send(struct client *c, enum machine_event event)
{
	struct played played = { .number = c->network->number, .cycle = c->network->cycle };
	bool write = event == ON_Q_CREATE || event == ON_Q_UPDATE;
	uint32_t facts = facts_of(c, event) | (event == ON_Q_DELTA ? BIT(FACT_EMPTY) : 0);
	struct request r = request_make(c, event, facts);
	if (write)
		c->sent = r.body;
	session_step(c, ON_Q_DELTA, facts);
	if (item_step(c, event, facts) & BIT(EFFECT_EDIT_LOST))
		c->dropping = true;
	struct answer a = network_carry(c, &r, &played.accident);
	session_step(c, a.event == ON_R_OK ? ON_ROWS : a.event, BIT(FACT_TOKEN));
	if (write)
		take_write(c, &r, &a);
	else if (event == ON_Q_DELTA)
		c->key += a.event != ON_N_LOST;
	else
		take_read(c, &a);
	c->written = c->written || write;
	c->listed = c->listed || event == ON_Q_LIST;
	tell(c, &r, &a, played);
	return a.event != ON_N_LOST;
}

static void client_synchronise(struct client *c)
{
	enum { TURNS = 8 };
	c->written = c->listed = false;
	for (unsigned turn = 0; turn < TURNS; turn++) {
		unsigned event = next_request(c);
		if (event == NOTHING || !client_send(c, (enum machine_event)event))
			return;
	}
}

static void client_begin(struct client *c, const struct profile *profile, struct network *network,
    struct server *server)
{
	*c = (struct client){ .profile = profile,
		.policies = vector_played(&profile->policies),
		.network = network,
		.server = server,
		.item = STATE_ABSENT,
		.session = STATE_STEADY,
		.key = 1,
		.uid = 1 };
}

/* The user makes the item, or edits it. */
static void client_intend(struct client *c, enum machine_event intent, unsigned body)
{
	item_step(c, intent, 0);
	c->body = body;
	c->edited = true;
}

/* An Add that its front does not know again is another item to the gateway, if it is through with the last. */
bool gateway_store(struct client *c, const struct request *r, unsigned *name)
{
	if (r->event == ON_Q_UPDATE) {
		client_intend(c, ON_U_EDIT, r->body);
	} else if (!c->edited) {
		c->item = STATE_ABSENT;
		c->name = c->version = 0;
		client_intend(c, ON_U_NEW, r->body);
	}
	client_synchronise(c);
	*name = c->name;
	return !c->edited;
}

/* ---- the run ---- */

static bool is_held(const struct server *s, unsigned body)
{
	for (size_t i = 0; i < s->n_held; i++)
		if (s->held[i].body == body)
			return true;
	return false;
}

struct outcome_played simulate(const struct scenario *scenario)
{
	struct machine_index index;
	struct network network = { .index = scenario->index, .scenario = scenario };
	struct server front = { .profile = scenario->server },
		      store = { .profile = scenario->store };
	struct client client, gateway;
	unsigned intended = MADE;
	ensure(scenario->cycles <= CYCLES_MAX, NULL);
	if (network.index == NULL) {
		machine_index_make(&index);
		network.index = &index;
	}
	client_begin(&client, scenario->client, &network, &front);
	client_intend(&client, ON_U_NEW, MADE);
	if (scenario->gateway != NULL) {
		client_begin(&gateway, scenario->gateway, &network, &store);
		gateway.back = true;
		front.gateway = &gateway;
	}
	for (; network.cycle < scenario->cycles; network.cycle++) {
		if (network.cycle == scenario->edit_before) {
			client_intend(&client, ON_U_EDIT, EDITED);
			intended = EDITED;
		}
		client_synchronise(&client);
	}
	const struct server *last = scenario->gateway != NULL ? &store : &front;
	return (struct outcome_played){ (unsigned)last->n_held, network.number, client.edited,
		!client.edited && !is_held(last, intended) };
}
