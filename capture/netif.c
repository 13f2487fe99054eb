/*
 * Is an interface there, is it up, what did its driver lose: rtnetlink(7), by plain read() and write() on a
 * socket that was opened early. /sys says the same, but not behind Landlock and not of every name space.
 */
#include "capture/netif.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct question {
	struct nlmsghdr header;
	struct ifinfomsg body;
};

/* Of a message; n: bytes of it. */
struct answer {
	struct nlmsghdr header;
	const uint8_t *p;
	size_t n;
};

int netif_open(void)
{
	return socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
}

static bool answer_take(struct slice *in, struct answer *a)
{
	if (in->n < sizeof(a->header))
		return false;
	memcpy(&a->header, in->p, sizeof(a->header));
	size_t n = a->header.nlmsg_len;
	if (n < sizeof(a->header) || n > in->n)
		return false;
	a->p = in->p + sizeof(a->header);
	a->n = n - sizeof(a->header);
	*in = slice_part(*in, NLMSG_ALIGN(n), in->n);
	return true;
}

static void statistics_take(struct slice attributes, struct netif *out)
{
	struct rtattr a;
	while (attributes.n >= sizeof(a)) {
		memcpy(&a, attributes.p, sizeof(a));
		if (a.rta_len < sizeof(a) || a.rta_len > attributes.n)
			return;
		struct slice value = slice_part(attributes, sizeof(a), a.rta_len - sizeof(a));
		struct rtnl_link_stats64 s = { 0 };
		if (a.rta_type == IFLA_STATS64) {
			memcpy(&s, value.p, value.n < sizeof(s) ? value.n : sizeof(s));
			out->missed = s.rx_missed_errors + s.rx_fifo_errors;
			return;
		}
		attributes = slice_part(attributes, RTA_ALIGN(a.rta_len), attributes.n);
	}
}

static enum netif_status answer_read(const struct answer *a, struct netif *out)
{
	struct ifinfomsg body;
	struct nlmsgerr refusal;
	if (a->header.nlmsg_type == NLMSG_ERROR && a->n >= sizeof(refusal)) {
		memcpy(&refusal, a->p, sizeof(refusal));
		return refusal.error == -ENODEV ? NETIF_GONE : NETIF_UNKNOWN;
	}
	if (a->header.nlmsg_type != RTM_NEWLINK || a->n < sizeof(body))
		return NETIF_UNKNOWN;
	memcpy(&body, a->p, sizeof(body));
	out->up = (body.ifi_flags & IFF_UP) != 0;
	size_t head = NLMSG_ALIGN(sizeof(body));
	statistics_take(slice_part((struct slice){ a->p, a->n }, head, a->n), out);
	return NETIF_THERE;
}

enum netif_status netif_ask(int fd, unsigned index, struct netif *out)
{
	uint8_t room[16384];
	struct question q = {
		.header = { .nlmsg_len = sizeof(q),
		    .nlmsg_type = RTM_GETLINK,
		    .nlmsg_flags = NLM_F_REQUEST,
		    .nlmsg_seq = index },
		.body = { .ifi_family = AF_UNSPEC, .ifi_index = (int)index },
	};
	*out = (struct netif){ 0 };
	if (fd < 0 || write(fd, &q, sizeof(q)) != (ssize_t)sizeof(q))
		return NETIF_UNKNOWN;
	/* The kernel answers within write(); what an earlier question left over is stepped over. */
	for (ssize_t n; (n = read(fd, room, sizeof(room))) > 0;) {
		struct slice in = { room, (size_t)n };
		for (struct answer a; answer_take(&in, &a);) {
			if (a.header.nlmsg_seq == index)
				return answer_read(&a, out);
		}
	}
	return NETIF_UNKNOWN;
}
