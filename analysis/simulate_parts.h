/*
 * simulate_parts.h - what the two halves of the simulation share. Private to simulate*.c.
 */
#ifndef DAVSCOPE_ANALYSIS_SIMULATE_PARTS_H
#define DAVSCOPE_ANALYSIS_SIMULATE_PARTS_H

#include "analysis/simulate.h"

/* Names, UIDs, bodies, versions and keys are numbers; 0: none, or not known. */
struct request {
	enum machine_event event;
	unsigned name, uid, body;
	unsigned version;              /* If-Match; 0: no such condition */
	bool if_absent;
	unsigned key, client_id, client_uid; /* ActiveSync */
};
struct answer {
	enum machine_event event;      /* N_LOST: none came */
	unsigned name, body, version;  /* of the item that it tells of; version 0: no tag */
	bool stored;
};

enum { STORE_MAX = 4 * CYCLES_MAX };
struct held { unsigned name, uid, body, version; };
struct known { unsigned name, value[2]; };     /* a repeated Add is known by these; name: what it made */
struct server {
	const struct profile *profile;
	struct held held[STORE_MAX];
	size_t n_held;
	unsigned versions;
	struct known known[STORE_MAX];
	size_t n_known;
	struct client *gateway;        /* writes behind it; NULL: it holds the items itself */
};

/* ---- simulate_server.c ---- */
struct answer server_handle(struct server *, const struct request *);

/* ---- simulate.c ---- */
/* The item is handed to a gateway, which tries to store it. *name: under which. False: it says no. */
bool gateway_store(struct client *, const struct request *, unsigned *name);

#endif
