/*
 * Sends UDP packets that are numbered out of a network interface, as fast as it takes them.
 * usage: send_packets INTERFACE COUNT BYTES [PORT]    BYTES: of the frame, 60 to 1514
 */
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/tool/bytes.h"

enum { SHORTEST = 60, LONGEST = 1514, ETHERNET = 14, IP = 20, UDP = 8, FROM = 40000 };

static void frame_make(struct bytes *b, size_t n, unsigned port)
{
	bytes_add(b, "\x02\0\0\0\0\2\x02\0\0\0\0\1\x08\0", ETHERNET);
	bytes_be16(b, 0x4500);
	bytes_be16(b, (unsigned)(n - ETHERNET));
	bytes_be16(b, 0);
	bytes_be16(b, 0x4000);
	bytes_be16(b, 0x4011);
	bytes_be16(b, 0);
	bytes_add(b, "\x0a\0\0\1\x0a\0\0\2", 8);
	bytes_be16(b, FROM);
	bytes_be16(b, port);
	bytes_be16(b, (unsigned)(n - ETHERNET - IP));
	bytes_be16(b, 0);
	while (b->n < n)
		bytes_u8(b, 0);
}

static int socket_on(const char *interface)
{
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	struct sockaddr_ll to = { .sll_family = AF_PACKET,
		.sll_ifindex = (int)if_nametoindex(interface) };
	if (fd >= 0 && to.sll_ifindex != 0 && bind(fd, (struct sockaddr *)&to, sizeof(to)) == 0)
		return fd;
	perror(interface);
	return -1;
}

/* False: it could not be sent. */
static bool frame_send(int fd, const uint8_t *p, size_t n)
{
	while (send(fd, p, n, 0) < 0) {
		if (errno != ENOBUFS && errno != EAGAIN)
			return false;
		struct pollfd room = { fd, POLLOUT, 0 };
		poll(&room, 1, -1);
	}
	return true;
}

int main(int argc, char **argv)
{
	size_t count = argc > 3 ? strtoul(argv[2], NULL, 10) : 0;
	size_t n = argc > 3 ? strtoul(argv[3], NULL, 10) : 0;
	if (count == 0 || n < SHORTEST || n > LONGEST) {
		fputs("usage: send_packets INTERFACE COUNT BYTES [PORT]\n", stderr);
		return 2;
	}
	struct bytes frame = { 0 };
	frame_make(&frame, n, argc > 4 ? (unsigned)strtoul(argv[4], NULL, 10) : 9);
	int fd = socket_on(argv[1]);
	if (fd < 0)
		return 1;
	for (size_t i = 0; i < count; i++) {
		uint32_t number = (uint32_t)i;
		memcpy(frame.p + ETHERNET + IP + UDP, &number, sizeof(number));
		if (!frame_send(fd, frame.p, n)) {
			perror("send");
			return 1;
		}
	}
	close(fd);
	bytes_free(&frame);
	return 0;
}
