/* frame.h - headers around the IP packet of a segment. Private to the talk library. */
#ifndef DAVSCOPE_TALK_FRAME_H
#define DAVSCOPE_TALK_FRAME_H

#include "tests/tool/bytes.h"
#include "tests/tool/talk.h"

void ip4_sum(struct bytes *out, size_t start); /* of the header that begins there */
void mac_add(const struct talk_address *, struct bytes *out);
bool tunnel_find(struct slice name, enum tunnel_kind *);
unsigned tunnel_ethertype(const struct segment *); /* of what follows the link header */
void tunnel_add(const struct segment *, struct slice packet, struct bytes *out);

#endif
