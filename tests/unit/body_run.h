/*
 * body_run.h - feeds a body to whatever reads it, whole, byte by byte or in random pieces, each piece
 * in front of a page that faults, and writes down what came out as text to compare.
 */
#ifndef DAVSCOPE_TESTS_BODY_RUN_H
#define DAVSCOPE_TESTS_BODY_RUN_H

#include "decode/content.h"
#include "tests/unit/guard.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>

/* ---- what came out ---- */

struct record {
	size_t n;
	char text[65536];
};

static inline void record_add(struct record *r, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	int n = vsnprintf(r->text + r->n, sizeof(r->text) - r->n, format, arguments);
	va_end(arguments);
	r->n += n < 0 ? 0 : (size_t)n;
	if (r->n >= sizeof(r->text))
		r->n = sizeof(r->text) - 1;
}

static inline void record_slice(struct record *r, const char *before, struct slice s)
{
	record_add(r, "%s%.*s", before, (int)s.n, s.n > 0 ? (const char *)s.p : "");
}

static inline void record_anomaly(void *ctx, enum anomaly_code code, uint64_t value)
{
	(void)value;
	record_add(ctx, "!%s\n", anomaly_name(code));
}

static inline void record_name(struct record *r, const char *before, struct dav_name name)
{
	record_slice(r, before, name.ns);
	record_slice(r, "|", name.local);
}

static inline void record_prop(struct record *r, const struct dav_prop *p)
{
	record_name(r, " ", p->name);
	record_add(r, " %u %u", p->status, (unsigned)p->bytes);
	record_slice(r, " [", p->value);
	record_add(r, "]\n");
}

static inline void record_hash(struct record *r, const char *name, uint64_t hash)
{
	if (hash != 0)
		record_add(r, " %s %016llx", name, (unsigned long long)hash);
}

static inline void record_time(struct record *r, const char *before, int64_t ns)
{
	char text[32];
	time_t seconds = (time_t)(ns / 1000000000 - (ns % 1000000000 < 0));
	struct tm tm;
	if (ns == OBJECT_NO_TIME)
		return;
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&seconds, &tm));
	record_add(r, "%s%s", before, text);
}

static inline void record_part(struct record *r, const char *before, struct slice s)
{
	if (s.n == 0)
		return;
	record_slice(r, before, s);
	record_add(r, "]");
}

/* What it says; with `hashes` those too. */
static inline void record_object(struct record *r, const struct object *o, bool hashes)
{
	static const char *const kinds[] = { "other", "event", "todo", "journal", "card" };
	record_add(r, "%s", kinds[o->kind]);
	record_part(r, " uid [", o->uid);
	record_part(r, " recurrence [", o->recurrence_id);
	record_part(r, " summary [", o->summary);
	record_part(r, " location [", o->location);
	record_part(r, " rrule [", o->rrule);
	record_part(r, " organizer [", o->organizer);
	record_part(r, " method [", o->method);
	record_time(r, " from ", o->start_ns);
	record_time(r, " to ", o->end_ns);
	if (o->overrides > 0)
		record_add(r, " overrides %u", (unsigned)o->overrides);
	record_add(r, " uids %u%s%s%s%s", o->uids, o->master ? " master" : "",
	    o->all_day ? " all-day" : "", o->floating ? " floating" : "",
	    o->whole ? " whole" : "");
	if (hashes) {
		record_hash(r, "fingerprint", o->fingerprint);
		record_hash(r, "octets", o->octets);
		record_hash(r, "text", o->text);
		record_hash(r, "lines", o->lines);
		record_hash(r, "settled", o->settled);
	}
	record_add(r, "\n");
}

static inline void record_response(struct record *r, const struct dav_response *response)
{
	record_slice(r, "response ", response->href);
	record_add(r, " %u", response->status);
	if (response->changetype.n > 0)
		record_slice(r, " changetype ", response->changetype);
	if (response->error.local.n > 0)
		record_name(r, " error ", response->error);
	record_add(r, "\n");
	for (size_t i = 0; i < response->n_props; i++)
		record_prop(r, &response->props[i]);
	if (response->object != NULL)
		record_object(r, response->object, false);
}

static inline void record_dav(struct record *r, const struct dav *d)
{
	record_name(r, "root ", d->root);
	record_add(r, "%s\n", d->whole ? " whole" : "");
	for (size_t i = 0; i < d->n_namespaces; i++) {
		record_slice(r, "xmlns ", d->namespaces[i]);
		record_add(r, "\n");
	}
	if (d->sync_token.n > 0 || d->sync_level.n > 0 || d->collblob.n > 0) {
		record_slice(r, "token ", d->sync_token);
		record_slice(r, " level ", d->sync_level);
		record_slice(r, " collblob ", d->collblob);
		record_add(r, "\n");
	}
	for (size_t i = 0; i < d->n_hrefs; i++) {
		record_slice(r, "href ", d->hrefs[i]);
		record_add(r, "\n");
	}
	for (size_t i = 0; i < d->n_errors; i++) {
		record_name(r, "error ", d->errors[i]);
		record_add(r, "\n");
	}
	for (size_t i = 0; i < d->n_props; i++)
		record_prop(r, &d->props[i]);
	for (size_t i = 0; i < d->n_responses; i++)
		record_response(r, &d->responses[i]);
	if (d->object != NULL)
		record_object(r, d->object, false);
	if (d->partial_data || d->filtered || d->limit > 0)
		record_add(r, "asks%s%s %u\n", d->partial_data ? " partial" : "",
		    d->filtered ? " filtered" : "", (unsigned)d->limit);
	if (d->responses_seen != d->n_responses)
		record_add(r, "seen %u\n", (unsigned)d->responses_seen);
}

static inline void record_body(struct record *r, const struct body *b)
{
	static const char *const kinds[] = { "none", "other", "xml", "calendar",
		"vcard", "wbxml", "mime" };
	static const char *const seen[] = { "", " no-organizer", " organizer" };
	record_add(r, "%s %u %u%s%s%s\n", kinds[b->kind], (unsigned)b->bytes,
	    (unsigned)b->decoded_bytes, b->complete ? " complete" : "",
	    b->undecodable ? " undecodable" : "", seen[b->organizer]);
	if (b->dav != NULL)
		record_dav(r, b->dav);
	if (b->object != NULL)
		record_object(r, b->object, false);
}

/* ---- how it goes in ---- */

enum { WHOLE = 0, BYTES = 1, FIRST_SEED = 2, LAST_SEED = 8 }; /* ways to cut */

struct feeder {
	uint8_t *end;
	size_t room;
	uint32_t random;
};

static inline struct feeder feeder_new(size_t largest)
{
	uint8_t *nothing = calloc(largest + 1, 1);
	if (nothing == NULL)
		abort();
	struct feeder f = { (uint8_t *)guard_copy(nothing, largest + 1) + largest + 1, largest, 1 };
	free(nothing);
	return f;
}

/* For tests that need so many that maps run out. */
static inline void feeder_free(struct feeder *f)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t room = (f->room + page) / page * page;
	if (munmap(f->end - room, room + page) != 0)
		abort();
}

static inline uint32_t feeder_random(struct feeder *f)
{
	f->random = f->random * 1664525u + 1013904223u;
	return f->random >> 8;
}

static inline size_t feeder_piece(struct feeder *f, int way, size_t left)
{
	size_t n = left;
	if (way == BYTES)
		n = 1;
	else if (way >= FIRST_SEED)
		n = 1 + feeder_random(f) % (way % 2 != 0 ? 37 : 6000);
	n = n < left ? n : left;
	return n < f->room ? n : f->room;
}

/* Calls `data` with piece after piece; a piece is gone when the call returns. */
static inline void feed(struct feeder *f, int way, struct slice s,
    void (*data)(void *, struct slice), void *ctx)
{
	f->random = (uint32_t)way;
	while (s.n > 0) {
		size_t n = feeder_piece(f, way, s.n);
		memcpy(f->end - n, s.p, n);
		data(ctx, (struct slice){ f->end - n, n });
		memset(f->end - n, 0xa5, n);
		s = slice_part(s, n, s.n);
	}
}

#endif
