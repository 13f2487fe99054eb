/*
 * airsync_device.c - an ActiveSync device that brings one item to its server: which SyncKey and which ids
 * it sends after an answer that was lost, or said that the server failed.
 */
#include "play/airsync.h"

#include <stdlib.h>
#include <string.h>

enum { OK = 200 };

struct device {
	const struct play_side *side;
	const char *agent, *protocol;
	struct leg *leg;
	struct message request, answer;
	char key[KEY_MAX], server_id[ID_MAX];
	unsigned revision, sent; /* what the user has, what is on its way */
	unsigned attempts;
	bool bound, dirty, given_up;
	bool unknown; /* what became of the last Sync is not known */
};

static bool is_16(const struct device *d)
{
	return strcmp(d->protocol, "16.1") == 0;
}

/* ---- a Sync ---- */

static void request_make(struct device *d, struct sync *s)
{
	message_request(&d->request, "POST",
	    "/Microsoft-Server-ActiveSync?Cmd=Sync&User=anna&DeviceId=09310B0011223344&"
	    "DeviceType=PocketPC");
	message_put(&d->request, "Host", "mail.example.com");
	message_put(&d->request, "User-Agent", "%s", d->agent);
	message_put(&d->request, "MS-ASProtocolVersion", "%s", d->protocol);
	message_put(&d->request, "Content-Type", "application/vnd.ms-sync.wbxml");
	text_copy(s->key, sizeof s->key, slice_from(d->key));
	s->class_named = strcmp(d->protocol, "2.5") == 0;
	s->structured = is_16(d);
	sync_write_request(&d->request.body, s);
}

/* What makes two attempts known as one item, if anything does. */
static void identity_make(const struct device *d, struct sync *s)
{
	snprintf(s->client_id, sizeof s->client_id, "%u", d->attempts);
	if (says(d->side, "P2u", "client-uid"))
		snprintf(s->client_uid, sizeof s->client_uid, "4a1d7c0e-tea");
	else if (says(d->side, "P2u", "fresh"))
		snprintf(s->item.uid, sizeof s->item.uid, ITEM_UID "%u", d->attempts);
	else if (says(d->side, "P2u", "sticky"))
		snprintf(s->item.uid, sizeof s->item.uid, ITEM_UID "1");
}

/* False: no answer, or none that is one. */
static bool answer_read(struct device *d, bool got, struct sync *a)
{
	if (!got || d->answer.status != OK || !sync_read(text_whole(&d->answer.body), a))
		return false;
	if (a->status == STATUS_OK)
		text_copy(d->key, sizeof d->key, slice_from(a->key));
	return true;
}

/* With SyncKey 0. */
static bool begin_anew(struct device *d)
{
	struct sync s = { .command = COMMAND_NONE }, a;
	snprintf(d->key, sizeof d->key, "0");
	request_make(d, &s);
	return answer_read(d, leg_call(d->leg, &d->request, &d->answer), &a) &&
	    a.status == STATUS_OK;
}

bool device_begin(struct device *d)
{
	struct sync s = { .command = COMMAND_NONE }, a;
	request_make(d, &s);
	return answer_read(d, leg_prepare(d->leg, &d->request, &d->answer), &a);
}

/* ---- a synchronisation ---- */

static void confirmed(struct device *d, const struct sync *a)
{
	if (!d->bound)
		text_copy(d->server_id, sizeof d->server_id, slice_from(a->server_id));
	d->bound = true;
	d->dirty = d->revision != d->sent;
}

static bool has_fresh_ids(const struct device *d)
{
	return says(d->side, "P11", "fresh-ids") || says(d->side, "P4", "fresh");
}

/* After an answer that was lost the same goes once more, whatever the user wrote since. */
static void attempt_make(struct device *d, struct sync *s)
{
	if (!d->unknown || !says(d->side, "P11", "replay") || has_fresh_ids(d))
		d->sent = d->revision;
	d->attempts += !d->bound && (d->attempts == 0 || has_fresh_ids(d));
	*s = (struct sync){ .command = d->bound ? COMMAND_CHANGE : COMMAND_ADD };
	s->item.revision = d->sent;
	if (d->bound)
		text_copy(s->server_id, sizeof s->server_id, slice_from(d->server_id));
	else
		identity_make(d, s);
	request_make(d, s);
	d->request.write = d->bound ? PLAY_UPDATE : PLAY_CREATE;
}

/* Nothing to send: is there anything new? It has no number. */
static void poll(struct device *d)
{
	struct sync s = { .command = COMMAND_NONE }, a;
	request_make(d, &s);
	answer_read(d, leg_prepare(d->leg, &d->request, &d->answer), &a);
}

void device_cycle(struct device *d)
{
	struct sync s, a;
	if (!d->dirty && !d->unknown)
		poll(d);
	if (!d->dirty || d->given_up)
		return;
	bool anew = d->unknown && says(d->side, "P11", "key-0");
	if ((anew || strcmp(d->key, "0") == 0) && !begin_anew(d))
		return;
	attempt_make(d, &s);
	bool got = answer_read(d, leg_call(d->leg, &d->request, &d->answer), &a);
	bool refused = got && a.status == STATUS_KEY;
	bool done = got && a.status == STATUS_OK &&
	    (a.item_status == STATUS_NONE || a.item_status == STATUS_OK);
	d->unknown = !done && !refused;
	d->given_up = d->unknown && says(d->side, "P4", "give-up");
	if (refused)
		snprintf(d->key, sizeof d->key, "0");
	if (done)
		confirmed(d, &a);
}

void device_wants(struct device *d, unsigned revision)
{
	d->revision = revision;
	d->dirty = true;
}

bool device_dirty(const struct device *d)
{
	return d->dirty;
}

/* ---- a device ---- */

/* Front ends of Exchange 2003 know 2.5; ClientUids came with 16.0. */
static const char *protocol_of(const struct play_scenario *s)
{
	if (says(&s->client, "P2u", "client-uid") || strcmp(s->client.name, "eas-4-tbsync") == 0)
		return "16.1";
	return s->has_gateway ? "2.5" : "14.1";
}

struct device *device_new(const struct play_scenario *scenario, const char *agent, struct leg *leg)
{
	struct device *d = calloc(1, sizeof *d);
	if (d == NULL)
		return NULL;
	d->side = &scenario->client;
	d->agent = agent;
	d->protocol = protocol_of(scenario);
	d->leg = leg;
	snprintf(d->key, sizeof d->key, "0");
	return d;
}

void device_free(struct device *d)
{
	free(d);
}
