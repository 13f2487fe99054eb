/*
 * The interfaces that packets can be had from, as libpcap finds them.
 */
#include "capture/capture.h"

#include <net/if.h>
#include <pcap.h>
#include <stdlib.h>
#include <string.h>

static bool device_copy(struct device *d, const pcap_if_t *from)
{
	d->name = strdup(from->name);
	d->text = from->description ? strdup(from->description) : NULL;
	d->up = (from->flags & PCAP_IF_UP) != 0;
	d->loopback = (from->flags & PCAP_IF_LOOPBACK) != 0;
	return d->name && (d->text || !from->description);
}

/* libpcap also knows devices that are no network interfaces, which live_open() refuses. */
static bool device_fits(const pcap_if_t *i)
{
	return strcmp(i->name, "any") == 0 || if_nametoindex(i->name) != 0;
}

static struct device *devices_copy(const pcap_if_t *all, size_t *n, struct error *e)
{
	size_t room = 1;
	bool good = true;
	for (const pcap_if_t *i = all; i; i = i->next)
		room++;
	struct device *devices = calloc(room, sizeof(*devices));
	*n = 0;
	for (const pcap_if_t *i = all; i && devices && good; i = i->next) {
		if (device_fits(i))
			good = device_copy(&devices[(*n)++], i);
	}
	if (devices && good)
		return devices;
	devices_free(devices, *n);
	error_set(e, "out of memory");
	return NULL;
}

struct device *devices_list(size_t *n, struct error *e)
{
	char text[PCAP_ERRBUF_SIZE] = "";
	pcap_if_t *all = NULL;
	if (pcap_findalldevs(&all, text) != 0) {
		error_set(e, "%s", text);
		return NULL;
	}
	struct device *devices = devices_copy(all, n, e);
	pcap_freealldevs(all);
	return devices;
}

void devices_free(struct device *devices, size_t n)
{
	for (size_t i = 0; devices && i < n; i++) {
		free(devices[i].name);
		free(devices[i].text);
	}
	free(devices);
}
