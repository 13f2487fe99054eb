/*
 * credential.h - what proves who somebody is. Private to scrub/.
 *
 * The user becomes the same other name as everywhere else, so that it can be told whose credentials they
 * are; all that is secret becomes something that only tells equal from different.
 */
#ifndef DAVSCOPE_SCRUB_CREDENTIAL_H
#define DAVSCOPE_SCRUB_CREDENTIAL_H

#include "cmd/scrub/text.h"

scrubbing scrub_credentials;   /* Authorization */
scrubbing scrub_challenges;    /* WWW-Authenticate */
scrubbing scrub_secret;        /* cookies, tokens */

#endif
