/*
 * airsync.h - ActiveSync: one command of a Sync and its answer, a device, and a server that keeps items or
 * hands them on. Private to play/.
 */
#ifndef DAVSCOPE_PLAY_AIRSYNC_H
#define DAVSCOPE_PLAY_AIRSYNC_H

#include "play/dav.h"

/* ---- airsync.c: what is sent ---- */
enum { KEY_MAX = 24, ID_MAX = 24 };
enum { STATUS_NONE = -1, STATUS_OK = 1, STATUS_KEY = 3, STATUS_ERROR = 5, STATUS_GONE = 8 };
enum command { COMMAND_NONE, COMMAND_ADD, COMMAND_CHANGE };
struct sync {
	char key[KEY_MAX];
	bool class_named;              /* up to protocol 12.1 */
	enum command command;
	char client_id[ID_MAX], server_id[ID_MAX], client_uid[UID_MAX];
	struct item item;
	bool structured;               /* from 16.0 on: a Location is a structure, no UID goes up */
	int status, item_status;       /* of the collection, of the Add; STATUS_NONE: not said */
};
void sync_write_request(struct text *, const struct sync *);
void sync_write_answer(struct text *, const struct sync *);
bool sync_read(struct slice, struct sync *);           /* either; false: it is none */
int airsync_status(const struct message *answer);      /* the one that counts; STATUS_NONE: it is no Sync */

/* ---- airsync_device.c ---- */
struct device;
struct device *device_new(const struct play_scenario *, const char *agent, struct leg *); /* NULL: out of memory */
bool device_begin(struct device *);                    /* the first SyncKey; false: no answer */
void device_wants(struct device *, unsigned revision);
void device_cycle(struct device *);
bool device_dirty(const struct device *);
void device_free(struct device *);

/* ---- airsync_server.c ---- */
struct front;
struct front *front_new(const struct play_side *);     /* NULL: out of memory */
void front_hands_on(struct front *, struct dav_client *); /* to the store behind it, by this client */
struct service front_service(struct front *);
unsigned front_copies(const struct front *);           /* those it keeps itself */
bool front_holds(const struct front *, unsigned revision);
void front_free(struct front *);

#endif
