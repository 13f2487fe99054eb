/* Which shard a connection belongs to: decode's own answer; its segments are not those of talk.h. */
#include "tests/tool/shape_shard.h"

#include <string.h>

#include "decode/flow.h"

unsigned shape_shard(const uint8_t client[4], uint16_t port, const uint8_t server[4])
{
	struct segment s = { .src = { .family = 4, .port = port },
		.dst = { .family = 4, .port = 80 } };
	struct flow_key key;
	bool from_high;
	memcpy(s.src.address, client, 4);
	memcpy(s.dst.address, server, 4);
	flow_key_from(&s, &key, &from_high);
	return flow_shard(&key);
}
