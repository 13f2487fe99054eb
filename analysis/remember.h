/*
 * remember.h - how the parts of the analysis hand out what has changed, and take it back after a restart.
 * Private to analysis/.
 *
 * The first number of a record's key says what it is, but for items, which have a scope and an id. What
 * is refused when it is read leaves everything as it was.
 */
#ifndef DAVSCOPE_ANALYSIS_REMEMBER_H
#define DAVSCOPE_ANALYSIS_REMEMBER_H

#include "analysis/meaning.h"

/* Within their parts. 0 is free for whoever keeps the state. */
enum record_kind {
	/* META */
	OF_STAGE = 1, OF_STORE, OF_SESSIONS, OF_FOLDER, OF_LOST, OF_PENDING, OF_DOUBTS, OF_BLIND, OF_CLOCKS,
	/* COLLECTION */
	OF_SCOPE = 32, OF_FLAVOUR, OF_ALIAS,
	/* PEER */
	OF_NAME = 64, OF_LOGIN, OF_BOX, OF_FRONT, OF_BACK, OF_ORPHAN, OF_REFUSALS,
	/* SESSION */
	OF_SESSION = 96, OF_SHELF, OF_ROW, OF_NOTE,
};

enum { SAVING_ROOM = 256 << 10, LABEL_ROOM = 1024 };
struct saving {
	const struct state_sink *sink;
	int64_t now;                   /* used_ns of what is saved now */
	char label[LABEL_ROOM];
	size_t n_label;
	uint8_t room[SAVING_ROOM];
};
/* False: it was not taken. Begins the next label. */
bool save_record(struct saving *, enum state_part, uint64_t kind, uint64_t key, void (*form)(struct pack *, void *),
    void *thing);
/* The same of what is always looked at: *sum tells whether it is another than was taken last. */
bool save_changed(struct saving *, enum state_part, uint64_t kind, void (*form)(struct pack *, void *), void *thing,
    uint64_t *sum);
void label_text(struct saving *, const char *constant);
void label_vis(struct saving *, struct slice);
void label_number(struct saving *, uint64_t);
bool record_is(const struct state_record *, enum state_part, uint64_t kind);

void pack_text(struct pack *, char *text, size_t room, uint8_t *n); /* n: at most the room */

/* ---- a table of slots without order: a bit each that is set when it changes ---- */
enum { MARKS_MAX = 4096 };
struct slot_marks { uint64_t bits[MARKS_MAX / 64]; };
static inline void mark_set(struct slot_marks *m, size_t i)
{
	m->bits[i / 64] |= UINT64_C(1) << (i % 64);
}
struct slots {
	enum state_part part;
	uint64_t kind;
	const char *label;
	void *first;
	size_t n, size;
	struct slot_marks *marks;
	void (*form)(struct pack *, void *slot);
	bool (*good)(const void *slot); /* NULL: whatever reads is */
};
bool slots_save(struct saving *, const struct slots *);
bool slots_load(const struct slots *, const struct state_record *);
void slots_anew(const struct slots *);                     /* all that hold something have changed */

/* ---- what had to leave at a limit is told once; of too many nothing is said: it grows old there ---- */
enum { FORGOTTEN_MAX = 1024 };
struct forgotten { struct { enum state_part part; uint64_t key[2]; } list[FORGOTTEN_MAX]; size_t n; };
void forget(struct forgotten *, enum state_part, uint64_t kind, uint64_t key);
bool forgotten_save(struct saving *, struct forgotten *);

/* ---- the parts: save hands out what has changed since it was last taken; load: false, it does not read ---- */
struct flavours;
bool flavours_save(struct flavours *, struct saving *);
bool flavours_load(struct flavours *, const struct state_record *);
bool places_save(struct places *, struct saving *);
bool places_load(struct places *, const struct state_record *);
bool peers_save(struct peers *, struct saving *);
bool peers_load(struct peers *, const struct state_record *);
bool folder_save(struct folder *, struct saving *);
bool folder_load(struct folder *, const struct state_record *);
bool store_save(struct store *, struct saving *);
bool store_load(struct store *, const struct state_record *);
bool sessions_save(struct sessions *, struct saving *);
bool sessions_load(struct sessions *, const struct state_record *);
/* What was handed out so far is of no use. */
void flavours_anew(struct flavours *);
void places_anew(struct places *);
void peers_anew(struct peers *);
void folder_anew(struct folder *);
void store_anew(struct store *);
void sessions_anew(struct sessions *);
/* Of what was sent between the runs nothing was seen: it was over by that order. */
void folder_missed(struct folder *, uint64_t numbers);
void store_missed(struct store *, uint64_t order);
void sessions_missed(struct sessions *, uint64_t order, uint64_t numbers);

#endif
