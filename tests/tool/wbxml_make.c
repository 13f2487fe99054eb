/*
 * wbxml_make.c - an ActiveSync body from text (tests/unit/wbxml_make.h), for captures and seeds.
 * usage: wbxml_make [--hex] TEXT    --hex: as @hex of a .talk takes it
 */
#include "tests/unit/wbxml_make.h"

#include <stdio.h>

int main(int argc, char **argv)
{
	bool hex = argc == 3 && strcmp(argv[1], "--hex") == 0;
	if (argc != 2 + hex) {
		fprintf(stderr, "usage: wbxml_make [--hex] TEXT\n");
		return 2;
	}
	struct bytes doc = wbxml_make(argv[argc - 1]);
	for (size_t i = 0; hex && i < doc.n; i++)
		printf("%02x%s", doc.p[i], i % 32 == 31 || i + 1 == doc.n ? "\n" : " ");
	if (!hex)
		fwrite(doc.p, 1, doc.n, stdout);
	bytes_free(&doc);
	return 0;
}
