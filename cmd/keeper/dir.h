/*
 * dir.h - the state directory: its files, and who has it. Private to cmd/keeper/.
 */
#ifndef DAVSCOPE_CMD_KEEPER_DIR_H
#define DAVSCOPE_CMD_KEEPER_DIR_H

#include "base/base.h"

#define DB_NAME "davscope.db"
enum { DIR_PATH_MAX = 1024 };

bool dir_path(const char *dir, const char *name, char out[DIR_PATH_MAX], struct error *);
bool dir_path_real(const char *dir, const char *name, char out[DIR_PATH_MAX], struct error *); /* the same without links in dir, which SQLite refuses */
bool dir_file(const char *dir, struct error *);        /* the database is there, mode 0600, maybe empty */
bool dir_set_aside(const char *dir, struct error *);   /* the database becomes davscope.db.damaged-UTC */
/* Makes the directory; -1: somebody else has it, *error says who. */
int dir_lock(const char *dir, int64_t wait_ms, struct error *);
void dir_unlock(int lock);                             /* -1 is fine */

#endif
