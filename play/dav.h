/*
 * dav.h - DAV as the two families of servers speak it, a client and a store. Private to play/.
 */
#ifndef DAVSCOPE_PLAY_DAV_H
#define DAVSCOPE_PLAY_DAV_H

#include "play/item.h"
#include "play/leg.h"
#include "play/policy.h"

enum { ITEM_NAME = 80, TAG_MAX = 128, STORE_MAX = 64, STORED_MAX = 1024 };

/* ---- dialect_exchange.c, dialect_caldav.c: how it is written and read ---- */
struct stored {                        /* an item in the store */
	char name[ITEM_NAME];          /* in the folder */
	char uid[UID_MAX];
	char text[STORED_MAX];         /* iCalendar */
	unsigned number, version;
};
struct dav_row { char name[ITEM_NAME], tag[TAG_MAX]; struct item item; };
struct dialect {
	const char *host, *folder;     /* the folder ends in a slash */
	void (*name)(char out[ITEM_NAME], unsigned number); /* from 1 */
	/* the client's requests; their method and target are set */
	void (*write)(struct message *, const struct item *);
	void (*guard)(struct message *, const char *tag);
	void (*ask_tag)(struct message *);     /* a PROPFIND of one item */
	void (*ask_change)(struct message *);  /* a PROPFIND of the folder: has anything in it changed? */
	const char *list_method;
	void (*ask_list)(struct message *);
	const char *row_open, *row_close;      /* of a multistatus */
	bool (*row)(struct slice, struct dav_row *); /* false: it is no item's */
	bool (*tag)(const struct message *, char out[TAG_MAX]); /* in an answer's head */
	/* the server's answers */
	void (*tag_make)(char out[TAG_MAX], const struct stored *); /* bare */
	bool (*guarded)(const struct message *, char out[TAG_MAX]); /* the tag that a write demands */
	void (*written)(struct message *, const struct stored *, bool created, bool tagged);
	void (*shown)(struct message *, const struct stored *);     /* GET */
	void (*list_begin)(struct message *);
	void (*list_row)(struct message *, const struct stored *, bool whole);
	void (*list_folder)(struct message *, unsigned change); /* the folder itself, and how often it was changed */
	const char *list_end;
};
extern const struct dialect dialect_exchange, dialect_caldav;
const struct dialect *dialect_of(const struct play_side *server);

/* ---- dav_store.c: a server ---- */
struct dav_store;
struct dav_store *dav_store_new(const struct play_side *); /* NULL: out of memory */
struct service dav_store_service(struct dav_store *);
unsigned dav_store_copies(const struct dav_store *);
bool dav_store_holds(const struct dav_store *, unsigned revision);
void dav_store_free(struct dav_store *);

/* ---- dav_client.c ---- */
struct dav_client;
struct dav_client *dav_client_new(const struct play_side *, const struct play_side *server, const char *agent,
    struct leg *);                 /* NULL: out of memory */
void dav_client_wants(struct dav_client *, unsigned revision); /* the user made or edited the item */
void dav_client_forget(struct dav_client *);           /* what comes next is another item to it */
void dav_client_poll(struct dav_client *);             /* how each synchronisation begins; has no number */
void dav_client_cycle(struct dav_client *);
bool dav_client_holds(const struct dav_client *);      /* it takes the item as stored */
bool dav_client_dirty(const struct dav_client *);
void dav_client_free(struct dav_client *);

#endif
