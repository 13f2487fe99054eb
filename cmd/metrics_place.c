/*
 * metrics_place.c - where metrics are served: ADDRESS:PORT[/PATH]. Names are not looked up.
 */
#include "cmd/metrics_place.h"

#include <arpa/inet.h>
#include <string.h>

static bool part_copy(char *out, size_t room, struct slice part)
{
	if (part.n >= room)
		return false;
	memcpy(out, part.p, part.n);
	out[part.n] = '\0';
	return true;
}

static bool host_read(struct slice host, struct metrics_place *out)
{
	char text[INET6_ADDRSTRLEN];
	bool bracket = host.n >= 2 && host.p[0] == '[' && host.p[host.n - 1] == ']';
	if (!part_copy(text, sizeof text, bracket ? slice_part(host, 1, host.n - 2) : host))
		return false;
	if (bracket) {
		out->at.v6.sin6_family = AF_INET6;
		out->at.v6.sin6_port = htons(out->port);
		return inet_pton(AF_INET6, text, &out->at.v6.sin6_addr) == 1;
	}
	out->at.v4.sin_family = AF_INET;
	out->at.v4.sin_port = htons(out->port);
	return inet_pton(AF_INET, strcmp(text, "localhost") == 0 ? "127.0.0.1" : text,
		   &out->at.v4.sin_addr) == 1;
}

/* The path begins at the first slash, the port stands behind the last colon in front of it. */
bool metrics_place_read(struct slice text, struct metrics_place *out)
{
	struct slice address = slice_part(text, 0, slice_find_byte(text, '/'));
	struct slice path = slice_part(text, address.n, text.n);
	size_t colon = address.n;
	uint64_t port = 0;
	*out = (struct metrics_place){ .port = 0 };
	while (colon > 0 && address.p[colon - 1] != ':')
		colon--;
	if (colon == 0 || !slice_to_u64(slice_part(address, colon, address.n), &port) ||
	    port > UINT16_MAX)
		return false;
	out->port = (uint16_t)port;
	return host_read(slice_part(address, 0, colon - 1), out) &&
	    part_copy(out->path, sizeof out->path, path.n != 0 ? path : SLICE("/metrics"));
}
