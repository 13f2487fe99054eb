/*
 * outlets.h - which sinks the configuration and the command line ask for. Private to cmd/keeper/.
 */
#ifndef DAVSCOPE_CMD_KEEPER_OUTLETS_H
#define DAVSCOPE_CMD_KEEPER_OUTLETS_H

#include "cmd/cmd.h"
#include "cmd/config.h"

struct outlets {
	struct config *config;         /* NULL: there is none */
	struct sink_config *sinks;
	size_t n_sinks;
	bool *fails;                   /* a sink each: that it fails was told */
};
enum { OUTLETS_TEXT = 8192 };
/* NULL: `why` says what is wrong, a line a complaint. */
struct outlets *outlets_load(const struct options *, char why[OUTLETS_TEXT]);
void outlets_free(struct outlets *);                           /* NULL is fine */
/* Of these sinks, which may be NULL: a required one that cannot be reached leaves its reason in *error. */
void outlets_reached(struct outlets *, const struct sinks *, struct error *);
/* Says which of them have begun to fail, and which do so no more. */
void outlets_look(struct outlets *, const struct sinks *);
/* What they need of a process: the directories by the two below, as directories_free() takes them; NULL: *error. */
struct sandbox outlets_sandbox(const struct outlets *, enum sandbox_mode);
char **outlets_reads(const struct outlets *, const struct options *, struct error *);
char **outlets_writes(const struct outlets *, const char *state, struct error *); /* state NULL: none */

#endif
