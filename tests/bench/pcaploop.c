/* The least that any program has to do: read every packet through libpcap and count it. */
#include <pcap.h>
#include <stdint.h>
#include <stdio.h>

int main(int argc, char **argv)
{
	char why[PCAP_ERRBUF_SIZE] = "usage: pcaploop FILE";
	pcap_t *p = argc == 2 ? pcap_open_offline(argv[1], why) : NULL;
	if (p == NULL) {
		fprintf(stderr, "pcaploop: %s\n", why);
		return 2;
	}
	struct pcap_pkthdr *header;
	const u_char *data;
	uint64_t packets = 0, bytes = 0;
	while (pcap_next_ex(p, &header, &data) == 1) {
		packets++;
		bytes += header->caplen;
	}
	printf("%ju packets, %ju bytes\n", (uintmax_t)packets, (uintmax_t)bytes);
	pcap_close(p);
	return 0;
}
