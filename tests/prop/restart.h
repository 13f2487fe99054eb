/* restart.h - a watcher that can be replaced, and what it saves and finds. For tests/prop/restart.c. */
#ifndef DAVSCOPE_TEST_RESTART_H
#define DAVSCOPE_TEST_RESTART_H

#include "rules/rules.h"
#include "tests/prop/prop.h"

enum { LINE_ROOM = 1024, PACKET_ROOM = 262144, OPEN_MAX = 1 << 20 };

/* ---- records as a keeper has them: one a key, the last one counts ---- */
struct kept { struct state_record record; uint8_t *bytes; };
struct records { struct kept *list; size_t n, room, given; }; /* in the order of parts, then of arrival */
bool records_put(void *records, const struct state_record *);
bool records_equal(const struct records *, const struct records *); /* but for the times and labels; says how they differ */
void records_free(struct records *);

/* ---- findings, a line each ---- */
struct found { char **lines; size_t n, room; };
void found_add(struct found *, const char *line);
void found_sort(struct found *);
bool found_equal(const struct found *, const struct found *);
void found_diff(const struct found *whole, const struct found *other);
void found_free(struct found *);

/* ---- a watcher ---- */
struct plan {
	const bool *cuts;      /* by packet: behind it there is another process; NULL: never */
	uint64_t save_each;    /* behind one packet of so many; 0: never */
	bool ticks, keep;      /* keep: save before the end is told */
	bool anew;             /* before that all that was saved is lost */
	bool damage;           /* who is new gets the records with their bytes mixed up, too */
};
struct watch {
	struct limits limits;
	struct ruleset *set;   /* of all watchers */
	bool messages;
	struct plan plan;
	struct random random;
	struct source *source;
	struct decoder *decoder;
	struct analysis *analysis;
	struct rules *rules;
	struct decode_sink in;
	struct records state;
	struct found found;
	bool *open;            /* by packet: an operation is under way behind it; NULL: nobody asks */
	uint64_t n_open, packets;
	int64_t last_ns;
	size_t refused, restarts;
};
void watch_begin(struct watch *);
void watch_end(struct watch *);
bool watch_run(struct watch *, const char *path);
bool watch_save(struct watch *, struct records *);
size_t watch_load(struct watch *, const struct records *);     /* how many were refused */
void watch_load_damaged(struct watch *, const struct records *, struct random *);

#endif
