/*
 * credentials.h - numbers for redacted secrets, in order of appearance. Private to decode/.
 */
#ifndef DAVSCOPE_DECODE_CREDENTIALS_H
#define DAVSCOPE_DECODE_CREDENTIALS_H

#include "decode/decode.h"

struct credentials;
struct credentials *credentials_new(uint64_t limit);
/* "<cred Basic>" becomes "<cred#3 Basic>" in every header of the transaction. */
void credentials_number(struct credentials *, struct txn *);
void credentials_free(struct credentials *);

#endif
