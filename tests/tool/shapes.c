/*
 * Hostile loads: a capture on standard output. They are listed in shapes.def.
 * usage: shapes NAME N >FILE   or   shapes, which prints a line NAME SIZE a shape
 */
#include "tests/tool/shape.h"

static const struct kind {
	const char *name;
	uint64_t size;
	void (*make)(struct shape *, uint64_t n);
} kinds[] = {
#define SHAPE(name, size, text) { #name, size, shape_##name },
#include "tests/tool/shapes.def"
#undef SHAPE
};
static const size_t n_kinds = sizeof(kinds) / sizeof(kinds[0]);

/* Nanosecond pcap, little-endian. */
static void capture_begin(FILE *out)
{
	static const uint8_t header[24] = { 0x4d, 0x3c, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0,
		0, 0, 0, 4, 0, LINK_ETHER };
	ensure(fwrite(header, 1, sizeof(header), out) == sizeof(header), NULL);
}

int main(int argc, char **argv)
{
	for (size_t i = 0; i < n_kinds && argc == 1; i++)
		printf("%s %llu\n", kinds[i].name, (unsigned long long)kinds[i].size);
	if (argc == 1)
		return 0;
	struct shape s = { .out = stdout, .ns = 1159200000000000000, .step_ns = 1000 };
	for (size_t i = 0; i < n_kinds && argc == 3; i++) {
		if (strcmp(kinds[i].name, argv[1]) != 0)
			continue;
		capture_begin(stdout);
		kinds[i].make(&s, strtoull(argv[2], NULL, 10));
		return fflush(stdout) == 0 ? 0 : 1;
	}
	fprintf(stderr, "usage: shapes NAME N >FILE; shapes alone lists the names\n");
	return 2;
}
