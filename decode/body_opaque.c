/*
 * body_opaque.c - kinds of bodies that are told by their media type and not read any further.
 */
#include "decode/body.h"

static const char *const wbxml_types[] = {
	"application/vnd.ms-sync.wbxml",
	"application/vnd.ms-sync",
	NULL,
};

const struct body_reader body_wbxml = { .kind = BODY_WBXML, .media_types = wbxml_types };
