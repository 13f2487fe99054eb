/* shape_shard.h - which shard of the decoder has a connection from client:port to server:80, IPv4. */
#ifndef DAVSCOPE_TEST_SHAPE_SHARD_H
#define DAVSCOPE_TEST_SHAPE_SHARD_H

#include <stdint.h>

unsigned shape_shard(const uint8_t client[4], uint16_t port, const uint8_t server[4]);

#endif
