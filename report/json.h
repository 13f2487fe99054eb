/*
 * json.h - writing JSON piece by piece. Private to report/.
 */
#ifndef DAVSCOPE_REPORT_JSON_H
#define DAVSCOPE_REPORT_JSON_H

#include "report/report.h"

struct json { struct out *out; bool comma; };  /* comma: the next piece has one before it */

void json_next(struct json *);                              /* before an element of an array */
void json_key(struct json *, const char *name);             /* before a member of an object */
void json_begin(struct json *, char bracket);               /* '{' or '[' */
void json_end(struct json *, char bracket);
/* Values; numbers that a double cannot hold are strings. */
void json_u64(struct json *, uint64_t);
void json_i64(struct json *, int64_t);
void json_bool(struct json *, bool);
void json_text(struct json *, const char *ours);            /* our own words */
void json_wire(struct json *, struct slice);
void json_base64(struct json *, struct slice);
/* Members of an object. */
void json_member(struct json *, const char *name, uint64_t);
void json_object(struct json *, const char *name);          /* "name":{ */
void json_array(struct json *, const char *name);           /* "name":[ */

/* The closing record. */
void json_rule(struct json *, const struct rule *, const struct rule_counts *); /* its counts, an object */
void json_stats(struct json *, const struct report_options *, const struct summary *,
    const struct run_end *, const struct rules *);

#endif
