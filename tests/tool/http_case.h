/*
 * http_case.h - the cases of the files in tests/http.
 *
 * A case is a heading of level two and the fenced blocks up to the next one. The word behind the
 * fence says what a block is: `client` and `server` send their lines joined (\r \n \t \\ \xNN are
 * escapes, the ends of lines mean nothing), `gap SIDE N` loses N bytes, `fin SIDE`, `rst SIDE`,
 * `midstream` leaves out the handshake, `segments` says that the blocks are the segments,
 * `limit NAME=VALUE` sets a limit, `events` is what must come out.
 */
#ifndef DAVSCOPE_TEST_HTTP_CASE_H
#define DAVSCOPE_TEST_HTTP_CASE_H

#include "decode/shard.h"
#include "tests/tool/bytes.h"

enum http_step_kind { STEP_BYTES, STEP_GAP, STEP_FIN, STEP_RST };

struct http_step {
	enum http_step_kind kind;
	unsigned side;             /* 0 = client */
	size_t gap;
	uint8_t *bytes;
	size_t n;
};

enum { HTTP_STEPS = 32, HTTP_LIMITS = 8 };

struct http_case {
	const char *file;
	unsigned line;
	char title[128];
	bool midstream, segments_matter;
	bool brief;                /* events are as http_brief() says them */
	struct http_step steps[HTTP_STEPS];
	size_t n_steps;
	char limits[HTTP_LIMITS][64];
	size_t n_limits;
	struct bytes events;
};

struct http_cases { struct http_case *items; size_t n; };

bool http_cases_read(const char *file, struct http_cases *);   /* false: said why */
/* Lines of NAME SIDE BYTES EVENTS with tabs between; "*" behind the name: the bytes are the segments. */
bool http_table_read(const char *file, struct http_cases *);
void http_unescape(const char *text, struct bytes *out);        /* \r \n \t \xNN, and \*N;C: N times C */
void http_cases_free(struct http_cases *);
void http_case_limits(const struct http_case *, struct limits *);
/* how: 0 whole steps, 1 single bytes, else random cuts; the same every time. */
void http_case_run(const struct http_case *, unsigned how, struct bytes *log);
void http_log(const struct output_list *, struct bytes *log);   /* events as text */
void http_brief(const struct output_list *, struct bytes *log); /* on one line, without fields */

#endif
