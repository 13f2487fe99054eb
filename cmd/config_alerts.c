/*
 * config_alerts.c - `alerts:` of a configuration: a sink an entry, which takes the keys that its kind
 * has and no others.
 */
#include "cmd/config_read.h"

#include <string.h>

enum {
	NAME_LENGTH = 63,
	TIMEOUT_MOST_MS = 600000,
	FACILITY_LOCAL5 = 21,
};
#define SYSLOG_SOCKET "/dev/log"
#define SYSLOG_PORT "514"

enum alert_key {
	NAME,
	TO,
	RECORDS,
	LEAST,
	REQUIRED,
	PATH,
	URL,
	HEADERS,
	HOST,
	PORT,
	TRANSPORT,
	FACILITY,
	MODE,
	PROGRAM,
	TIMEOUT,
	INSECURE,
	ALERT_KEYS,
};

static const struct config_key keys[ALERT_KEYS] = {
	[NAME] = { "name", TEXT },
	[TO] = { "to", TEXT },
	[RECORDS] = { "records", TEXT | LIST },
	[LEAST] = { "least", TEXT },
	[REQUIRED] = { "required", TEXT },
	[PATH] = { "path", TEXT },
	[URL] = { "url", TEXT },
	[HEADERS] = { "headers", MAP },
	[HOST] = { "host", TEXT },
	[PORT] = { "port", TEXT },
	[TRANSPORT] = { "transport", TEXT },
	[FACILITY] = { "facility", TEXT },
	[MODE] = { "mode", TEXT },
	[PROGRAM] = { "program", LIST },
	[TIMEOUT] = { "timeout", TEXT },
	[INSECURE] = { "insecure", TEXT },
};

#define EVERY (BIT(NAME) | BIT(TO) | BIT(LEAST) | BIT(REQUIRED))

/* What may stand in an alert of a kind, and what has to. */
static const struct {
	unsigned may, must;
} kinds[SINK_KINDS] = {
	[SINK_FILE] = { EVERY | BIT(RECORDS) | BIT(PATH), BIT(PATH) },
	[SINK_STDOUT] = { EVERY | BIT(RECORDS), 0 },
	[SINK_SYSLOG] = { EVERY | BIT(RECORDS) | BIT(PATH) | BIT(HOST) | BIT(PORT) |
		BIT(TRANSPORT) | BIT(FACILITY),
	    0 },
	[SINK_JOURNAL] = { EVERY | BIT(RECORDS), 0 },
	[SINK_SOCKET] = { EVERY | BIT(RECORDS) | BIT(PATH) | BIT(MODE), BIT(PATH) },
	[SINK_WEBHOOK] = { EVERY | BIT(URL) | BIT(HEADERS) | BIT(TIMEOUT) | BIT(INSECURE),
	    BIT(URL) },
	[SINK_PROGRAM] = { EVERY | BIT(PROGRAM) | BIT(TIMEOUT), BIT(PROGRAM) },
};

/* One entry on its way. */
struct alert {
	struct config_reader *r;
	const struct yaml *map, *v[ALERT_KEYS];
	struct sink_config *out;
};

/* ---- keys ---- */

static void hint_kinds(struct complaint *c, unsigned key)
{
	size_t used = 0;
	for (unsigned kind = 0; kind < SINK_KINDS && used < sizeof c->hint; kind++)
		if (kinds[kind].may & BIT(key))
			used += (size_t)snprintf(c->hint + used, sizeof c->hint - used, "%s%s",
			    used != 0 ? ", " : "it belongs to: ", sink_words[kind]);
}

/* Takes away what does not fit. */
static void check_fit(struct alert *a)
{
	for (unsigned i = 0; i < ALERT_KEYS; i++) {
		if (a->v[i] == NULL || (kinds[a->out->kind].may & BIT(i)))
			continue;
		hint_kinds(config_refuse(a->r, a->v[i]->key, "E0605",
			       "an alert to %s has no key %s", sink_words[a->out->kind],
			       keys[i].name),
		    i);
		a->v[i] = NULL;
	}
}

/* A key that stands there with a wrong value was complained of. */
static void check_missing(const struct alert *a, unsigned must, const char *what)
{
	for (unsigned i = 0; i < ALERT_KEYS; i++)
		if ((must & BIT(i)) && yaml_get(a->map, keys[i].name) == NULL)
			config_missing(a->r, a->map, what, keys[i].name);
}

/* ---- what every alert has ---- */

static bool is_name(struct slice s)
{
	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = s.p[i];
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		    (c >= '0' && c <= '9');
		if (!letter && (i == 0 || strchr("-_.", c) == NULL))
			return false;
	}
	return s.n != 0 && s.n <= NAME_LENGTH;
}

static bool name_is_taken(const struct config *config, struct slice name)
{
	for (size_t i = 0; i < config->n_sinks; i++)
		if (config->sinks[i].name != NULL && slice_is(name, config->sinks[i].name))
			return true;
	return false;
}

static void name_read(struct alert *a)
{
	char quote[64];
	const struct yaml *node = a->v[NAME];
	if (node == NULL)
		return;
	if (!is_name(node->text))
		config_refuse(a->r, node, "E0018",
		    "a name has letters, digits and . _ - between them, at most %d: \"%s\"",
		    NAME_LENGTH, quoted(quote, node->text));
	else if (name_is_taken(a->r->config, node->text))
		config_refuse(a->r, node, "E0019", "there is an alert %s already",
		    quoted(quote, node->text));
	else
		config_text(a->r, node, "name", &a->out->name);
}

static void record_read(const struct alert *a, const struct yaml *node)
{
	const char *names[EVENT_KINDS];
	unsigned kind = EVENT_KINDS;
	for (unsigned i = 0; i < EVENT_KINDS; i++)
		names[i] = event_kind_name((enum event_kind)i);
	config_word(a->r, node, "a record", names, EVENT_KINDS, &kind);
	if (kind == EVENT_KINDS)
		return;
	if (a->out->kinds & BIT(kind))
		config_refuse(a->r, node, "E0310", "%s stands here twice", names[kind]);
	a->out->kinds |= BIT(kind);
}

/* `findings`, `all`, or a list of kinds. Nothing said: findings. */
static void records_read(const struct alert *a)
{
	static const char *const words[] = { "findings", "all" };
	const struct yaml *node = a->v[RECORDS];
	unsigned word = 0;
	if (node == NULL || node->kind == YAML_SCALAR) {
		config_word(a->r, node, "records", words, 2, &word);
		a->out->kinds = word == 1 ? BIT(EVENT_KINDS) - 1 : BIT(EVENT_FINDING);
		return;
	}
	if (node->first == NULL)
		config_refuse(a->r, node, "E0016", "records is an empty list");
	for (const struct yaml *m = node->first; m != NULL; m = m->next)
		record_read(a, m);
	if (a->v[LEAST] != NULL && node->first != NULL && !(a->out->kinds & BIT(EVENT_FINDING)))
		config_refuse(a->r, a->v[LEAST]->key, "E0609",
		    "least is about findings, and records has none");
}

/* ---- syslog ---- */

static const char *const facilities[] = { "kern", "user", "mail", "daemon", "auth", "syslog", "lpr",
	"news", "uucp", "cron", "authpriv", "ftp", "local0", "local1", "local2", "local3", "local4",
	"local5", "local6", "local7" };
enum { FACILITIES = sizeof facilities / sizeof facilities[0], LOCAL0 = 12, LOCAL0_NUMBER = 16 };

/* RFC 5424, 6.2.1: 12 to 15 have no name that all agree on. */
static void facility_read(const struct alert *a)
{
	unsigned i = FACILITIES;
	a->out->facility = FACILITY_LOCAL5;
	config_word(a->r, a->v[FACILITY], "facility", facilities, FACILITIES, &i);
	if (i < FACILITIES)
		a->out->facility = i < LOCAL0 ? i : i - LOCAL0 + LOCAL0_NUMBER;
}

static void refuse_beside(const struct alert *a, unsigned key, const char *transport)
{
	if (a->v[key] != NULL)
		config_refuse(a->r, a->v[key]->key, "E0609", "%s does not go with transport: %s",
		    keys[key].name, transport);
}

static void port_read(const struct alert *a)
{
	char quote[64];
	a->out->port = SYSLOG_PORT;
	if (a->v[PORT] == NULL)
		return;
	if (port_is_good(a->v[PORT]->text))
		config_text(a->r, a->v[PORT], "port", &a->out->port);
	else
		config_refuse(a->r, a->v[PORT], "E0602",
		    "port is a number from 1 to 65535, not \"%s\"",
		    quoted(quote, a->v[PORT]->text));
}

static void syslog_read(const struct alert *a)
{
	enum { UDP, TCP, LOCAL, TRANSPORTS };
	static const char *const words[TRANSPORTS] = { "udp", "tcp", "local" };
	unsigned transport = a->v[HOST] != NULL || a->v[PORT] != NULL ? UDP : LOCAL;
	config_word(a->r, a->v[TRANSPORT], "transport", words, TRANSPORTS, &transport);
	facility_read(a);
	a->out->tcp = transport == TCP;
	a->out->datagram = transport != TCP;
	if (transport == LOCAL) {
		refuse_beside(a, HOST, words[LOCAL]);
		refuse_beside(a, PORT, words[LOCAL]);
		a->out->path = SYSLOG_SOCKET;
		config_path(a->r, a->v[PATH], "path", &a->out->path);
		return;
	}
	refuse_beside(a, PATH, words[transport]);
	check_missing(a, BIT(HOST), "syslog over the network");
	config_text(a->r, a->v[HOST], "host", &a->out->host);
	port_read(a);
}

/* ---- the others ---- */

static void socket_read(const struct alert *a)
{
	static const char *const words[] = { "stream", "datagram" };
	unsigned mode = 0;
	config_path(a->r, a->v[PATH], "path", &a->out->path);
	config_word(a->r, a->v[MODE], "mode", words, 2, &mode);
	a->out->datagram = mode == 1;
}

/* What it is is not quoted: paths of web hooks are often secrets. */
static void url_read(const struct alert *a)
{
	const char *url = NULL;
	config_text(a->r, a->v[URL], "url", &url);
	enum url_fault fault = url != NULL ? url_check(slice_from(url)) : URL_GOOD;
	if (fault == URL_MALFORMED)
		config_hint(config_refuse(a->r, a->v[URL], "E0604", "this is no URL of a web hook"),
		    "it begins with https:// and a host");
	else if (fault == URL_CREDENTIALS)
		config_hint(config_refuse(a->r, a->v[URL], "E0604", "no credentials in a URL"),
		    "write them as a header: Authorization");
	else if (fault == URL_PLAIN && !a->out->insecure)
		config_hint(config_refuse(a->r, a->v[URL], "E0604",
				"http to another machine can be read on the way"),
		    "use https, or say insecure: true");
	else
		a->out->url = url;
}

/* Neither is the value of a header quoted. */
static bool header_is_good(const struct alert *a, const struct yaml *node)
{
	char quote[64];
	const char *text = NULL;
	if (!header_name_check(node->key->text)) {
		config_refuse(a->r, node->key, "E0606", "%s is no header that may be set here",
		    quoted(quote, node->key->text));
		return false;
	}
	config_text(a->r, node, "a header", &text);
	if (text != NULL && a->r->others_read && header_is_secret(node->key->text))
		config_hint(config_refuse(a->r, node->key, "W0601",
				"%s is a secret, and everybody may read this file",
				quoted(quote, node->key->text)),
		    "chmod o-r");
	return text != NULL;
}

static void headers_read(const struct alert *a)
{
	const struct yaml *map = a->v[HEADERS];
	size_t n = 0;
	const char **all = map != NULL ? config_room(a->r, (map->n + 1) * sizeof *all) : NULL;
	if (all == NULL)
		return;
	for (const struct yaml *m = map->first; m != NULL; m = m->next)
		if (header_is_good(a, m))
			all[n++] = config_pair(a->r, m, ": ");
	a->out->headers = all;
}

/* The first word is the file; there is no shell that would look for it. */
static void program_read(const struct alert *a)
{
	const struct yaml *list = a->v[PROGRAM], *m = list != NULL ? list->first : NULL;
	size_t n = 0;
	const char **all = list != NULL ? config_room(a->r, (list->n + 1) * sizeof *all) : NULL;
	if (all == NULL)
		return;
	if (m == NULL) {
		config_refuse(a->r, list, "E0016", "program is an empty list");
		return;
	}
	config_path(a->r, m, "the program", &a->out->path);
	for (m = m->next; m != NULL; m = m->next)
		if ((all[n] = config_argument(a->r, m)) != NULL)
			n++;
	a->out->arguments = all;
}

/* "10s", "500ms". Nothing said: the limit sink_timeout_ms. */
static void timeout_read(const struct alert *a)
{
	char quote[64];
	const struct yaml *node = a->v[TIMEOUT];
	uint64_t ms = 0;
	if (node == NULL)
		return;
	if (!config_duration(node->text, &ms)) {
		config_hint(config_refuse(a->r, node, "E0302", "timeout is a duration, not \"%s\"",
				quoted(quote, node->text)),
		    "write it as 10s or 500ms");
		return;
	}
	if (ms == 0 || ms > TIMEOUT_MOST_MS)
		config_refuse(a->r, node, "E0602", "timeout is at least 1ms and at most %ds",
		    TIMEOUT_MOST_MS / 1000);
	else
		a->out->timeout_ms = ms;
}

/* ---- an entry ---- */

static void kind_read(struct alert *a)
{
	switch (a->out->kind) {
	case SINK_FILE:
		config_path(a->r, a->v[PATH], "path", &a->out->path);
		break;
	case SINK_SYSLOG:
		syslog_read(a);
		break;
	case SINK_SOCKET:
		socket_read(a);
		break;
	case SINK_WEBHOOK:
		url_read(a);
		headers_read(a);
		timeout_read(a);
		break;
	case SINK_PROGRAM:
		program_read(a);
		timeout_read(a);
		break;
	case SINK_STDOUT:
	case SINK_JOURNAL:
	case SINK_KINDS:
		break;
	}
}

/* Two of them would write into each other's lines. */
static void check_alone(const struct alert *a)
{
	const struct config *config = a->r->config;
	for (const struct sink_config *other = config->sinks; other < a->out; other++) {
		bool same = other->kind == a->out->kind && a->out->kind == SINK_FILE &&
		    other->path != NULL && a->out->path != NULL &&
		    strcmp(other->path, a->out->path) == 0;
		if (same || (other->kind == SINK_STDOUT && a->out->kind == SINK_STDOUT))
			config_refuse(a->r, a->v[TO], "E0609",
			    "an alert before it writes there already");
	}
}

/* The list on standard output is called so where no alert goes there. */
static void check_reserved(const struct alert *a)
{
	if (a->out->kind != SINK_STDOUT && a->out->name != NULL &&
	    strcmp(a->out->name, sink_words[SINK_STDOUT]) == 0)
		config_refuse(a->r, a->v[NAME], "E0019",
		    "only an alert to stdout can be called stdout");
}

static void alert_read(struct config_reader *r, const struct yaml *map, struct sink_config *out)
{
	unsigned kind = SINK_KINDS;
	struct alert a = { .r = r, .map = map, .out = out };
	if (!config_map(r, map, "an alert", keys, ALERT_KEYS, a.v))
		return;
	check_missing(&a, BIT(NAME) | BIT(TO), "an alert");
	name_read(&a);
	config_word(r, a.v[TO], "to", sink_words, SINK_KINDS, &kind);
	if (kind == SINK_KINDS)
		return;
	out->kind = (enum sink_kind)kind;
	check_fit(&a);
	check_missing(&a, kinds[kind].must, "such an alert");
	config_severity(r, a.v[LEAST], "least", &out->least);
	config_flag(r, a.v[REQUIRED], "required", &out->required);
	config_flag(r, a.v[INSECURE], "insecure", &out->insecure);
	records_read(&a);
	kind_read(&a);
	check_alone(&a);
	check_reserved(&a);
}

void alerts_read(struct config_reader *r, const struct yaml *list)
{
	struct config *config = r->config;
	size_t most = (size_t)r->limits.config_alerts;
	size_t n = list != NULL && list->n < most ? list->n : most;
	config->sinks = list != NULL ? config_room(r, (n + 1) * sizeof *config->sinks) : NULL;
	if (config->sinks == NULL)
		return;
	for (const struct yaml *m = list->first; m != NULL; m = m->next) {
		if (config->n_sinks == n) {
			config_refuse(r, m, "E0024", "at most %zu alerts (config_alerts)", n);
			return;
		}
		alert_read(r, m, &config->sinks[config->n_sinks]);
		config->n_sinks++;
	}
}

/* ---- for people ---- */

static void describe_place(struct out *out, const struct sink_config *s)
{
	if (s->kind == SINK_WEBHOOK)
		out_vis(out, url_origin(slice_from(s->url)), SIZE_MAX);
	else if (s->host != NULL)
		out_vis(out, slice_from(s->host), SIZE_MAX);
	else if (s->path != NULL)
		out_vis(out, slice_from(s->path), SIZE_MAX);
	if (s->host == NULL)
		return;
	out_char(out, ':');
	out_vis(out, slice_from(s->port), SIZE_MAX);
	out_text(out, s->tcp ? "/tcp" : "/udp");
}

static void describe_records(struct out *out, const struct sink_config *s)
{
	const char *between = "";
	bool all = s->kinds == BIT(EVENT_KINDS) - 1;
	if (all)
		out_text(out, "all records");
	for (unsigned i = 0; i < EVENT_KINDS && !all; i++) {
		if (!(s->kinds & BIT(i)))
			continue;
		out_text(out, between);
		out_text(out, event_kind_name((enum event_kind)i));
		between = ", ";
	}
	if (!(s->kinds & BIT(EVENT_FINDING)) || s->least == SEVERITY_INFO)
		return;
	out_text(out, s->kinds == BIT(EVENT_FINDING) ? ": " : "; findings: ");
	out_text(out, severity_name(s->least));
	out_text(out, s->least == SEVERITY_CRITICAL ? "" : " and above");
}

void sink_describe(struct out *out, const struct sink_config *s)
{
	out_vis(out, slice_from(s->name), SIZE_MAX);
	out_text(out, " -> ");
	out_text(out, sink_words[s->kind]);
	if (s->path != NULL || s->host != NULL || s->url != NULL)
		out_char(out, ' ');
	describe_place(out, s);
	out_text(out, " (");
	describe_records(out, s);
	out_text(out, s->required ? "), required\n" : ")\n");
}
