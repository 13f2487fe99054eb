/*
 * body.h - what reads a decoded body of one kind. Private to decode/.
 *
 * To add a kind: write decode/body_NAME.c (or give the file of its format that entry) with a
 * `const struct body_reader body_NAME`, and add the line BODY(NAME) to bodies.def.
 */
#ifndef DAVSCOPE_DECODE_BODY_H
#define DAVSCOPE_DECODE_BODY_H

#include "decode/content.h"

struct body_env {
	const struct limits *limits;
	struct arena *arena; /* for scratch and for what stays */
	struct content_sink sink; /* passes each anomaly on once a body */
	bool root_only, organizer_only; /* as in struct content_options */
};

struct body_reader {
	enum body_kind kind;
	const char *const
	    *media_types; /* NULL ends; "+x" stands for any subtype with that suffix */
	void *(*start)(
	    const struct body_env *); /* NULL: no memory. No function: the kind is only named */
	bool (*data)(void *, struct slice); /* false: wants no more */
	void (*end)(void *, bool whole,
	    struct body *); /* whole: every byte of the body was given. Frees */
	void (*abandon)(void *);
};

#define BODY(name) extern const struct body_reader body_##name;
#include "decode/bodies.def"
#undef BODY

#endif
