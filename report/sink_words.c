/*
 * sink_words.c - the names of sinks. By themselves, so that who knows the names needs no sink.
 */
#include "report/sinks.h"

const char *const sink_words[] = {
#define SINK(code, name, text) name,
#include "sinks.def"
#undef SINK
	NULL
};
