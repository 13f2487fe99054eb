/*
 * samepackets A B: two captures have the same packets by number, time, link type and lengths, whatever is in them.
 */
#include "capture/capture.h"

#include <inttypes.h>
#include <string.h>

static struct source *open_one(const char *const *path, const struct limits *limits)
{
	struct error e = { "" };
	struct source_options options = {
		.specs = path,
		.n_specs = 1,
		.since = INT64_MIN,
		.until = INT64_MAX,
		.limits = limits,
	};
	struct source *s = source_open(&options, &e);
	if (s == NULL)
		fprintf(stderr, "%s: %s\n", *path, e.text);
	return s;
}

static bool same(const struct packet *a, const struct packet *b)
{
	return a->at.frame == b->at.frame && a->at.ns == b->at.ns && a->linktype == b->linktype &&
	    a->wire_len == b->wire_len && a->dropped == b->dropped && a->bytes.n == b->bytes.n;
}

static int compare(struct source *x, struct source *y)
{
	struct packet a, b;
	for (;;) {
		enum source_status p = source_next(x, &a), q = source_next(y, &b);
		if (p != q) {
			printf("one of them ends earlier\n");
			return 1;
		}
		if (p != SOURCE_PACKET)
			break;
		if (!same(&a, &b)) {
			printf("packet %" PRIu64 " differs from packet %" PRIu64 "\n", a.at.frame,
			    b.at.frame);
			return 1;
		}
	}
	struct source_counts c = source_counts(x), d = source_counts(y);
	if (c.dropped != d.dropped)
		printf("%" PRIu64 " and %" PRIu64 " packets were dropped\n", c.dropped, d.dropped);
	return c.dropped != d.dropped;
}

int main(int argc, char **argv)
{
	const struct limits limits = limits_default();
	if (argc != 3) {
		fprintf(stderr, "usage: samepackets A B\n");
		return 2;
	}
	const char *const paths[] = { argv[1], argv[2] };
	struct source *a = open_one(&paths[0], &limits), *b = open_one(&paths[1], &limits);
	int code = a != NULL && b != NULL ? compare(a, b) : 2;
	source_close(a);
	source_close(b);
	return code;
}
