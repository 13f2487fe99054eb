/* netif.h - what the kernel says of a network interface, asked by its number over a netlink socket. */
#ifndef DAVSCOPE_CAPTURE_NETIF_H
#define DAVSCOPE_CAPTURE_NETIF_H

#include "base/base.h"

enum netif_status {
	NETIF_THERE,
	NETIF_GONE,        /* no interface has that number */
	NETIF_UNKNOWN,     /* no answer that could be read */
};
struct netif {
	bool up;
	uint64_t missed;   /* packets that the driver had no room for, since it was loaded */
};

/* A socket for netif_ask(), which needs no other rights than to read and write it; -1: errno. */
int netif_open(void);
enum netif_status netif_ask(int fd, unsigned index, struct netif *);

#endif
