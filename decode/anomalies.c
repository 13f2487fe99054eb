/*
 * anomalies.c - the names of anomalies, in the order of anomalies.def.
 */
#include "decode/decode.h"

static const struct {
	const char *name, *text;
} anomalies[] = {
#define ANOMALY(code, name, text) [code] = { name, text },
#include "decode/anomalies.def"
#undef ANOMALY
};

const char *anomaly_name(enum anomaly_code code)
{
	return anomalies[code].name;
}

const char *anomaly_text(enum anomaly_code code)
{
	return anomalies[code].text;
}
