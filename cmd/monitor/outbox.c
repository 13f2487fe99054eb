/*
 * outbox.c - letters to the keeper: a list of those to be sent, and one each of findings and of state
 * that were sent and may have to be sent again.
 */
#include "cmd/monitor/outbox.h"

#include <stdlib.h>
#include <string.h>

enum class { CLASS_OTHER, CLASS_FINDING, CLASS_STATE, CLASSES };

struct letter {
	struct letter *next;
	enum message_kind kind;
	enum class class;
	uint64_t number;
	size_t n;
	uint8_t body[];
};

struct list {
	struct letter *first, **last;
	size_t n;
};

struct outbox {
	struct channel *channel;
	const struct limits *limits;
	struct list unsent, findings, state; /* the last two were sent */
	uint64_t batch; /* number of the one that is being filled */
	uint64_t saved; /* of the last one that is on the disk */
	bool filling; /* something is in it */
	size_t bytes[CLASSES]; /* of all there is */
	uint64_t dropped[2];
	uint8_t *room; /* a body being made */
};

/* ---- lists ---- */

static void list_init(struct list *l)
{
	*l = (struct list){ .last = &l->first };
}

static void list_add(struct list *l, struct letter *letter)
{
	letter->next = NULL;
	*l->last = letter;
	l->last = &letter->next;
	l->n++;
}

/* The letter that *at points to. */
static struct letter *list_take(struct list *l, struct letter **at)
{
	struct letter *letter = *at;
	*at = letter->next;
	if (letter->next == NULL)
		l->last = at;
	l->n--;
	return letter;
}

/* All of `from` stand in front of `to`; `from` is empty then. */
static void list_prepend(struct list *to, struct list *from)
{
	if (from->first == NULL)
		return;
	*from->last = to->first;
	if (to->first == NULL)
		to->last = from->last;
	to->first = from->first;
	to->n += from->n;
	list_init(from);
}

static void letter_free(struct outbox *o, struct letter *letter)
{
	o->bytes[letter->class] -= sizeof(*letter) + letter->n;
	free(letter);
}

static void list_free(struct outbox *o, struct list *l)
{
	while (l->first != NULL)
		letter_free(o, list_take(l, &l->first));
}

/* ---- life ---- */

struct outbox *outbox_new(struct channel *channel, const struct limits *limits, struct error *e)
{
	struct outbox *o = calloc(1, sizeof(*o));
	uint8_t *room = malloc(MESSAGE_MAX);
	if (o == NULL || room == NULL) {
		error_set(e, "out of memory");
		free(o);
		free(room);
		return NULL;
	}
	o->channel = channel;
	o->limits = limits;
	o->room = room;
	o->batch = 1;
	list_init(&o->unsent);
	list_init(&o->findings);
	list_init(&o->state);
	return o;
}

void outbox_free(struct outbox *o)
{
	if (o == NULL)
		return;
	list_free(o, &o->unsent);
	list_free(o, &o->findings);
	list_free(o, &o->state);
	free(o->room);
	free(o);
}

/* ---- writing ---- */

static bool drop_unsent(struct outbox *o, enum class class)
{
	for (struct letter **at = &o->unsent.first; *at != NULL; at = &(*at)->next)
		if ((*at)->class == class) {
			letter_free(o, list_take(&o->unsent, at));
			return true;
		}
	return false;
}

/* The oldest of its class that the keeper may not have. */
static bool drop_oldest(struct outbox *o, enum class class)
{
	if (class != CLASS_FINDING || o->findings.first == NULL)
		return drop_unsent(o, class);
	letter_free(o, list_take(&o->findings, &o->findings.first));
	return true;
}

static void make_room(struct outbox *o, enum class class, size_t n)
{
	bool finding = class == CLASS_FINDING;
	uint64_t most = finding ? o->limits->untaken_findings : o->limits->unsent_records;
	while (o->bytes[class] + n > most && drop_oldest(o, class))
		o->dropped[finding]++;
}

/* Small, and what all others wait for: no bound holds it up. */
static void put_first(struct outbox *o, const struct channel_message *m)
{
	struct list one;
	list_init(&one);
	struct letter *letter = calloc(1, sizeof(*letter));
	if (letter == NULL)
		return;
	letter->kind = m->kind;
	letter->class = CLASS_OTHER;
	o->bytes[CLASS_OTHER] += sizeof(*letter);
	list_add(&one, letter);
	list_prepend(&o->unsent, &one);
}

static bool letter_add(struct outbox *o, const struct channel_message *m, enum class class)
{
	size_t size = sizeof(struct letter) + m->body.n;
	struct letter *letter = malloc(size);
	if (letter == NULL) {
		o->dropped[class == CLASS_FINDING] += class != CLASS_STATE;
		return false;
	}
	if (class != CLASS_STATE)
		make_room(o, class, size);
	letter->kind = m->kind;
	letter->class = class;
	letter->number = m->number;
	letter->n = m->body.n;
	if (m->body.n != 0)
		memcpy(letter->body, m->body.p, m->body.n);
	o->bytes[class] += size;
	list_add(&o->unsent, letter);
	return true;
}

void outbox_send(struct outbox *o, enum message_kind kind, uint64_t number, struct slice body)
{
	const struct channel_message m = { kind, number, body };
	letter_add(o, &m, CLASS_OTHER);
}

void outbox_record(struct outbox *o, const struct record *record)
{
	enum class class = record->number != 0 ? CLASS_FINDING : CLASS_OTHER;
	size_t n = 0;
	if (!record_write(record, o->room, MESSAGE_MAX, &n)) {
		o->dropped[class == CLASS_FINDING]++;
		return;
	}
	const struct channel_message m = { MESSAGE_RECORD, record->number, { o->room, n } };
	letter_add(o, &m, class);
}

/* One that does not fit into a message never will. */
bool outbox_state(struct outbox *o, const struct state_record *record)
{
	size_t n = 0;
	if (o->bytes[CLASS_STATE] > o->limits->unsaved_state)
		return false;
	if (!state_write(record, o->room, MESSAGE_MAX, &n))
		return true;
	const struct channel_message m = { MESSAGE_STATE, o->batch, { o->room, n } };
	if (!letter_add(o, &m, CLASS_STATE))
		return false;
	o->filling = true;
	return true;
}

void outbox_save(struct outbox *o)
{
	const struct channel_message m = { MESSAGE_SAVE, o->batch, { NULL, 0 } };
	if (!o->filling || !letter_add(o, &m, CLASS_STATE))
		return;
	o->filling = false;
	o->batch++;
}

bool outbox_is_saved(const struct outbox *o)
{
	return !o->filling && o->saved + 1 == o->batch;
}

/* ---- sending ---- */

static void letter_sent(struct outbox *o, struct letter *letter)
{
	if (letter->class == CLASS_FINDING)
		list_add(&o->findings, letter);
	else if (letter->class == CLASS_STATE)
		list_add(&o->state, letter);
	else
		letter_free(o, letter);
}

bool outbox_flush(struct outbox *o)
{
	if (!channel_flush(o->channel))
		return false;
	while (o->unsent.first != NULL) {
		const struct letter *first = o->unsent.first;
		const struct channel_message m = { first->kind, first->number,
			{ first->body, first->n } };
		if (!channel_send(o->channel, &m))
			return false;
		letter_sent(o, list_take(&o->unsent, &o->unsent.first));
	}
	return true;
}

/* ---- what the keeper says ---- */

static void drop_up_to(struct outbox *o, struct list *l, uint64_t number)
{
	while (l->first != NULL && l->first->number <= number)
		letter_free(o, list_take(l, &l->first));
}

void outbox_taken(struct outbox *o, uint64_t number)
{
	drop_up_to(o, &o->findings, number);
}

void outbox_saved(struct outbox *o, uint64_t number)
{
	if (number >= o->batch || number <= o->saved)
		return;
	o->saved = number;
	drop_up_to(o, &o->state, number);
}

/*
 * A batch that was not ended is not in the database; one that was may be there, and does no harm twice.
 * While an answer waits nothing was sent behind it: one is enough, however often is asked.
 */
void outbox_again(struct outbox *o, uint64_t number)
{
	drop_up_to(o, &o->findings, number);
	if (o->unsent.first != NULL && o->unsent.first->kind == MESSAGE_AGAIN)
		return;
	list_prepend(&o->unsent, &o->state);
	list_prepend(&o->unsent, &o->findings);
	put_first(o, &(const struct channel_message){ .kind = MESSAGE_AGAIN });
}

struct outbox_counts outbox_counts(const struct outbox *o)
{
	struct outbox_counts c = { .untaken = o->findings.n };
	for (enum class class = 0; class < CLASSES; class ++)
		c.queued_bytes += o->bytes[class];
	c.dropped[0] = o->dropped[0];
	c.dropped[1] = o->dropped[1];
	return c;
}
