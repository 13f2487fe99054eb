/*
 * The least that any program has to do that reads every packet through libpcap and every XML body through
 * libxml2: both are read, and what is in them is counted. BODIES is what gen -b writes: a length of 4 bytes
 * of this machine's order, then the body.
 * usage: bodyloop FILE BODIES
 */
#include <fcntl.h>
#include <libxml/parser.h>
#include <pcap.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

enum { BLOCK = 4096 }; /* larger ones are not faster: memory comes and goes */

struct counts {
	uint64_t packets, bodies, elements, text;
};

static void element_start(void *ctx, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri,
    int n_bindings, const xmlChar **bindings, int n_attributes, int n_defaulted,
    const xmlChar **attributes)
{
	(void)name, (void)prefix, (void)uri, (void)n_bindings, (void)bindings;
	(void)n_attributes, (void)n_defaulted, (void)attributes;
	((struct counts *)ctx)->elements++;
}

static void element_text(void *ctx, const xmlChar *text, int n)
{
	(void)text;
	((struct counts *)ctx)->text += (uint64_t)n;
}

static bool read_packets(const char *path, struct counts *counts)
{
	char why[PCAP_ERRBUF_SIZE];
	pcap_t *p = pcap_open_offline(path, why);
	if (p == NULL) {
		fprintf(stderr, "bodyloop: %s\n", why);
		return false;
	}
	struct pcap_pkthdr *header;
	const u_char *data;
	while (pcap_next_ex(p, &header, &data) == 1)
		counts->packets++;
	pcap_close(p);
	return true;
}

static bool read_body(const char *body, uint32_t n, struct counts *counts)
{
	static xmlSAXHandler handler = {
		.initialized = XML_SAX2_MAGIC,
		.startElementNs = element_start,
		.characters = element_text,
		.cdataBlock = element_text,
	};
	xmlParserCtxtPtr parser = xmlCreatePushParserCtxt(&handler, counts, NULL, 0, NULL);
	if (parser == NULL)
		return false;
	xmlCtxtUseOptions(parser, XML_PARSE_NONET | XML_PARSE_HUGE);
	bool good = true;
	for (uint32_t at = 0; at < n; at += BLOCK) {
		bool last = n - at <= BLOCK;
		good &= xmlParseChunk(parser, body + at, last ? (int)(n - at) : BLOCK, last) == 0;
	}
	xmlFreeParserCtxt(parser);
	counts->bodies++;
	return good;
}

static bool read_bodies(const char *path, struct counts *counts)
{
	int fd = open(path, O_RDONLY);
	struct stat file;
	if (fd < 0 || fstat(fd, &file) != 0 || file.st_size == 0) {
		fprintf(stderr, "bodyloop: %s: cannot be read\n", path);
		return false;
	}
	size_t size = (size_t)file.st_size;
	const char *all = mmap(NULL, size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
	bool good = all != MAP_FAILED;
	for (size_t at = 0; good && at < size;) {
		uint32_t n;
		memcpy(&n, all + at, sizeof(n));
		at += sizeof(n);
		good = read_body(all + at, n, counts);
		at += n;
	}
	if (!good)
		fprintf(stderr, "bodyloop: %s: a body that cannot be read\n", path);
	return good;
}

int main(int argc, char **argv)
{
	struct counts counts = { 0 };
	if (argc != 3) {
		fprintf(stderr, "usage: bodyloop FILE BODIES\n");
		return 2;
	}
	if (!read_packets(argv[1], &counts) || !read_bodies(argv[2], &counts))
		return 1;
	printf("%ju packets, %ju bodies, %ju elements, %ju bytes of text\n",
	    (uintmax_t)counts.packets, (uintmax_t)counts.bodies, (uintmax_t)counts.elements,
	    (uintmax_t)counts.text);
	return 0;
}
