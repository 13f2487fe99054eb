/*
 * anomalies.c - the names of anomalies, in the order of anomalies.def.
 */
#include "decode/decode.h"

const char *const anomaly_words[] = {
#define ANOMALY(code, name, text) [code] = name,
#include "decode/anomalies.def"
#undef ANOMALY
	[ANOMALY_CODES] = NULL,
};

static const char *const texts[] = {
#define ANOMALY(code, name, text) [code] = text,
#include "decode/anomalies.def"
#undef ANOMALY
};

const char *anomaly_name(enum anomaly_code code)
{
	return anomaly_words[code];
}

const char *anomaly_text(enum anomaly_code code)
{
	return texts[code];
}
