/*
 * signs.h - what one transaction shows of its dialect. Private to analysis/.
 */
#ifndef DAVSCOPE_ANALYSIS_SIGNS_H
#define DAVSCOPE_ANALYSIS_SIGNS_H

#include "analysis/analysis.h"

/* Strongest first: the first sign a transaction shows is the one that counts. */
enum sign {
	SIGN_AS_URL, SIGN_AS_REQUEST, SIGN_AS_ANSWER,
	SIGN_WEBSTORAGE, SIGN_SHAREPOINT, SIGN_SHAREPOINT_TAG, SIGN_EXCHANGE_TAG, SIGN_REPL_TAG,
	SIGN_FRONT_END, SIGN_EXCHANGE_VERB, SIGN_SUBSCRIPTION, SIGN_REPL_SEARCH,
	SIGN_MKCALENDAR, SIGN_CALDAV_ROOT, SIGN_CARDDAV_ROOT,
	SIGN_EXCHANGE_ANSWER, SIGN_EXCHANGE_ASKED, SIGN_CALENDAR_BODY, SIGN_VCARD_BODY,
	SIGN_CALDAV_ASKED, SIGN_CARDDAV_ASKED, SIGN_CALDAV_ANSWER, SIGN_CARDDAV_ANSWER,
	SIGN_CALDAV_TOKEN, SIGN_CARDDAV_TOKEN,
	SIGN_DAV_HEADER, SIGN_MULTISTATUS, SIGN_DAV_METHOD,
	SIGNS,
	SIGNS_DIALECT = SIGN_DAV_HEADER  /* from here on: WebDAV as such, no dialect */
};

enum where { IN_REQUEST, IN_REQUEST_BODY, IN_ANSWER, IN_ANSWER_BODY };
enum learn { LEARN_NOTHING, LEARN_COLLECTION, LEARN_SERVER };  /* the server includes the collection */

struct sign_info {
	enum flavour flavour;
	enum where where;       /* a sign of the request is learned only from a 2xx answer */
	enum learn learn;
	bool weak;              /* does not outweigh a product the server has named */
	const char *text;
};

/* A slice as the initialiser of a constant. */
#define NAME(literal) { (const uint8_t *)(literal), sizeof(literal) - 1 }

extern const struct sign_info sign_table[SIGNS];

/* A set of signs: bit number = enum sign. */
uint32_t signs_of(const struct txn *);
/* A compliance class in any of the DAV headers (RFC 4918 10.1). */
bool dav_announces(const struct message *res, struct slice token);
/* The path of a request target without its query; absolute-form loses scheme and authority. */
struct slice target_path(struct slice target);
/* A collection is known by its path without the slash at the end. */
struct slice path_bare(struct slice path);

#endif
