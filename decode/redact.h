/*
 * redact.h - secrets are taken out where headers are copied, so that no later layer can leak them.
 * Private to decode/.
 *
 * Authorization, Proxy-Authorization, *-Authenticate with a token, Cookie, Set-Cookie, URL userinfo
 * and query values named like secrets become "<cred SCHEME>"; a keyed hash of what was there stays, so
 * that equal secrets can be told to be equal.
 */
#ifndef DAVSCOPE_DECODE_REDACT_H
#define DAVSCOPE_DECODE_REDACT_H

#include "decode/decode.h"

/* Copies name and value (cut at `limit`) into the arena. False: no room. */
bool redact_header(struct arena *, struct hash_key, size_t limit, struct slice name, struct slice value,
    struct header *out);
/* Copies the request target or a URL without its secrets. False: no room. */
bool redact_target(struct arena *, struct hash_key, struct slice target, struct slice *out);
/* From the raw value of Authorization: scheme, and for Basic and Digest the user; empty when there is none. */
bool redact_user(struct arena *, struct slice authorization, struct slice *scheme, struct slice *user);

#endif
