/* mutate.h - damage to a capture, the same for the same seed. */
#ifndef DAVSCOPE_TEST_MUTATE_H
#define DAVSCOPE_TEST_MUTATE_H

#include "tests/tool/bytes.h"

struct mutation {
	uint64_t random; /* state, at first the seed */
};

/* Into *out, which is emptied first; `other` gives bytes for splices. At most 2 * in.n + 4,096 bytes come out. */
void mutate(struct mutation *, struct slice in, struct slice other, struct bytes *out);

#endif
