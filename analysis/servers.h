/*
 * servers.h - what the capture proves of each server: which values of the server policies fit, which
 * promises were kept. Private to analysis/.
 *
 * A server is known by Host, else by its address and port; what it does may differ between what holds
 * calendars, contacts and other things (an event sink belongs to a folder), so each has a view of its
 * own. A value leaves the fit only when a complete answer that surely belongs to its request contradicts
 * it; where a client that was not seen could be the reason, it stays.
 */
#ifndef DAVSCOPE_ANALYSIS_SERVERS_H
#define DAVSCOPE_ANALYSIS_SERVERS_H

#include "analysis/meaning.h"
#include "analysis/server_view.h"

struct servers;
struct servers *servers_new(const struct limits *);       /* NULL: out of memory */
void servers_free(struct servers *);
size_t servers_count(const struct servers *);
const struct server_view *servers_at(const struct servers *, size_t); /* in the order of first appearance */
const struct server_view *servers_of(const struct servers *, uint64_t scope); /* of a collection; NULL: not known, or forgotten */
uint64_t servers_left_out(const struct servers *);        /* operations of servers there was no room for */
const struct servers *analysis_servers(const struct analysis *);

/* ---- what they are shown; `servers` may be NULL, then nothing is learned ---- */
void servers_op(struct servers *, const struct op *);     /* each operation, before the store has it */
void servers_matter(struct servers *, const struct matter *);
/* The content or the tag of an item, as an answer to a read or a row of it shows it. */
struct item_read {
	uint64_t scope, id;
	const struct object *object;           /* NULL: its tag alone */
	uint32_t tag;                          /* tag_number(); 0: none */
	bool strong;
	bool whole_body;                       /* a GET: octets of the object count */
};
void servers_read(struct servers *, const struct op *, const struct item_read *);
/* Another item of the collection has the UID, and for that the write was refused; alike: it looks the same, too. */
void servers_uid_refused(struct servers *, const struct op *, bool alike);
/* It keeps the condition of a create: it was refused what it had stored before. */
void servers_create_refused(struct servers *, const struct op *);
/* Two items that are one live in a collection; with one UID, or known by their looks. */
struct twins { uint64_t scope; bool one_uid; enum cause cause; enum certainty certainty; struct stamp at; };
void servers_twins(struct servers *, const struct twins *);

#endif
