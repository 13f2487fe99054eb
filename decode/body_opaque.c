/*
 * body_opaque.c - kinds of bodies that are told by their media type and not read any further.
 */
#include "decode/body.h"

static const char *const vcard_types[] = { "text/vcard", "text/x-vcard", "text/directory", NULL };

const struct body_reader body_vcard = { .kind = BODY_VCARD, .media_types = vcard_types };
