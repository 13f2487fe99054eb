/*
 * schema.h - the tables of the state database, a step a version. Private to cmd/keeper/.
 */
#ifndef DAVSCOPE_CMD_KEEPER_SCHEMA_H
#define DAVSCOPE_CMD_KEEPER_SCHEMA_H

#include <stddef.h>

extern const char *const schema_steps[];       /* [i]: from version i to i + 1, in one transaction */
extern const size_t schema_versions;           /* the newest version */
extern const char schema_pragmas[];            /* of each connection that writes */

#endif
