/* Any text as a filter: compiled, then asked about events of several kinds, made up and decoded. */
#include "rules/mock.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

enum { FILTER_MAX = 64 << 10, BUDGET = 1 << 20 };

static const char mocks[] =
    "- {at: 0s, set: {http.request.method: PUT, http.response.status: 201, dav.flavour: exchange,\n"
    "   http.response.header: {Server: [Microsoft-IIS/6.0], Via: [a, b]}, server.address: 10.0.0.2}}\n"
    "- {at: 1s, set: {http.request.method: GET, http.request.target: '/\\x5c'},\n"
    "   unknown: [http.response, dav]}\n"
    "- {at: 2s, event: sync, set: {airsync.command: Sync,\n"
    "   airsync.collection: [{class: Email, status: 1}, {class: Calendar, status: 5}]}}\n"
    "- {at: 3s, event: item, set: {item.duplicate: true}}\n"
    "- {at: 4s, event: anomaly, set: {anomaly.code: tcp.gap}}\n"
    "- {at: 5s, event: flow, set: {}}\n";

static void ask(struct filter *filter, const struct event *event)
{
	enum truth truth = filter_test(filter, event);
	ensure(truth == FALSE || truth == UNKNOWN || truth == TRUE, NULL);
	ensure(filter_test(filter, event) == truth, NULL);
}

static void ask_mocks(struct filter *filter)
{
	struct arena *arena = arena_new(BUDGET);
	struct yaml_error error;
	const struct yaml *list = yaml_parse(slice_from(mocks), arena, 8, &error);
	ensure(list != NULL, NULL);
	for (const struct yaml *item = list->first; item != NULL; item = item->next) {
		struct mark at;
		struct error why = { "" };
		struct event event = { .kind = EVENT_TRANSACTION };
		event.mock = mock_new(arena, item, EVENT_TRANSACTION, &event.kind, &event.at.ns,
		    &at, &why);
		if (event.mock == NULL)
			fprintf(stderr, "%s\n", why.text);
		ensure(event.mock != NULL, NULL);
		ask(filter, &event);
	}
	arena_free(arena);
}

static void ask_decoded(struct filter *filter)
{
	struct header headers[] = {
		{ .name = SLICE("Server"), .value = SLICE("Microsoft-IIS/6.0") },
		{ .name = SLICE("ETag"), .value = SLICE("W/\"1\"") },
		{ .name = SLICE("etag"), .value = SLICE("\xff\x00") },
		{ .name = SLICE("X-Empty"), .value = SLICE("") },
	};
	struct txn txn = {
		.seq = 1,
		.client = { .family = 4, .port = 40000, .address = { 10, 0, 0, 1 } },
		.server = { .family = 6, .port = 80, .address = { 0xfd } },
		.req = { .seen = true, .head_complete = true, .end_seen = true, .version = 11 },
		.res = { .seen = true, .version = 11, .status = 207 },
	};
	txn.req.method = SLICE("PROPFIND");
	txn.req.target = SLICE("/cal/\xe9?x=1");
	txn.res.headers = headers;
	txn.res.n_headers = sizeof(headers) / sizeof(headers[0]);
	struct facts facts = { .flavour_evidence = "a test", .tag_seen = NOT_OBSERVED };
	struct event event = { .kind = EVENT_TRANSACTION, .txn = &txn, .facts = &facts };
	event.id = SLICE("t-1-1");
	event.flow_id = SLICE("c-1");
	ask(filter, &event);
	struct anomaly anomaly = { .value = 7 };
	ask(filter, &(struct event){ .kind = EVENT_ANOMALY, .anomaly = &anomaly });
	struct flow flow = { .protocol = "http" };
	ask(filter, &(struct event){ .kind = EVENT_FLOW, .flow = &flow });
}

static void check_complaint(const struct complaint *why, size_t n)
{
	ensure(why->code[0] == 'E' && strlen(why->code) == 5 && why->text[0] != '\0', NULL);
	ensure(why->line > 0 && why->column > 0 && why->line <= n + 1 && why->column <= n + 2,
	    NULL);
	ensure(why->end_line >= why->line, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	if (n > FILTER_MAX)
		return 0;
	char *text = malloc(n + 1);
	ensure(text != NULL, NULL);
	if (n != 0)
		memcpy(text, data, n);
	text[n] = '\0';
	struct limits limits = limits_default();
	struct complaint why = { .code = "" };
	struct filter *filter = filter_new(text, NULL, &limits, &why);
	if (filter == NULL) {
		check_complaint(&why, strlen(text));
	} else {
		ask_mocks(filter);
		ask_decoded(filter);
	}
	filter_free(filter);
	free(text);
	return 0;
}
