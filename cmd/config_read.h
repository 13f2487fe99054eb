/*
 * config_read.h - a configuration while it is read. Private to cmd/config*.c.
 */
#ifndef DAVSCOPE_CMD_CONFIG_READ_H
#define DAVSCOPE_CMD_CONFIG_READ_H

#include "cmd/config.h"

struct config_reader {
	const char *name;              /* of the file, for complaints */
	struct complaints *complaints;
	struct arena *arena;
	struct limits limits;          /* the file's own `limits:` in them */
	struct config *config;
	bool others_read;              /* everybody may read the file */
	bool full;                     /* that memory ran out was said */
};

/* ---- config_read.c: kinds of nodes, keys of maps, simple values; what is wrong is complained of ---- */
enum { TEXT = 1u << YAML_SCALAR, LIST = 1u << YAML_LIST, MAP = 1u << YAML_MAP, OR_NOTHING = 1u << 3 };
struct config_key { const char *name; unsigned kinds; };
struct range { uint64_t least, most; };

struct complaint *config_refuse(const struct config_reader *, const struct yaml *, const char *code, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
void config_hint(struct complaint *, const char *format, ...) __attribute__((format(printf, 2, 3)));
void *config_room(struct config_reader *, size_t n);              /* zeroed; NULL: no memory, which is said */
bool config_kind(const struct config_reader *, const struct yaml *, unsigned kinds, const char *what);
void config_missing(const struct config_reader *, const struct yaml *map, const char *what, const char *key);
/* Picks the values of a map by key; what is wrong, or not there, is NULL. False: it is no map. */
bool config_map(const struct config_reader *, const struct yaml *map, const char *what, const struct config_key *keys,
    size_t n, const struct yaml **out);
/*
 * Each leaves *out alone where it complains, and where the node is NULL. Texts hold no line break and
 * no other control character, and are not empty.
 */
void config_text(struct config_reader *, const struct yaml *, const char *what, const char **out);
void config_path(struct config_reader *, const struct yaml *, const char *what, const char **out); /* absolute */
void config_flag(const struct config_reader *, const struct yaml *, const char *what, bool *out);
void config_number(const struct config_reader *, const struct yaml *, const char *what, struct range, uint64_t *out);
void config_size(const struct config_reader *, const struct yaml *, const char *what, uint64_t most, uint64_t *out);
void config_word(const struct config_reader *, const struct yaml *, const char *what, const char *const *words, size_t n,
    unsigned *out);
void config_severity(const struct config_reader *, const struct yaml *, const char *what, enum severity *out);
bool port_is_good(struct slice);
bool config_duration(struct slice, uint64_t *ms);               /* "10s", "500ms", "2m" */
const char *config_copy(struct config_reader *, struct slice);
const char *config_argument(struct config_reader *, const struct yaml *); /* of a program: may be empty; NULL: complained of */
size_t config_paths(struct config_reader *, const struct yaml *list, const char *what, const char ***out); /* how many; NULL behind them */
const char *config_pair(struct config_reader *, const struct yaml *member, const char *between); /* key and value; NULL: no memory */

/* ---- config_alerts.c ---- */
void alerts_read(struct config_reader *, const struct yaml *list);

/* ---- config_url.c: where a web hook goes ---- */
enum url_fault { URL_GOOD, URL_MALFORMED, URL_CREDENTIALS, URL_PLAIN }; /* plain: http to another machine */
enum url_fault url_check(struct slice);
struct slice url_origin(struct slice url);                     /* https://host:port; what may be shown of it */
bool header_name_check(struct slice);                          /* of a request, and not one that the sink writes itself */
bool header_is_secret(struct slice name);

#endif
