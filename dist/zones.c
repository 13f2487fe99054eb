/*
 * zones.c - run while davscope is built: prints the time zones that libical knows as C tables
 * (decode/zone.h). What davscope says must not depend on the zones of the machine it runs on, and it
 * needs no file for them. libical makes yearly rules of lists of dates, and sometimes of dates that
 * have none: where the C library disagrees, its dates are taken.
 */
#include "decode/object_time.h"
#include "decode/vtimezone.h"

#include <ftw.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include <libical/ical.h>

enum {
	NAMES = 2048,
	BUDGET = 64 << 20,
	LINE_BOUND = 65536,
	OPEN_FILES = 16,
	STEP = 10 * DAY_SECONDS
};

/* The years that are compared: 1990 to 2044. */
static const int64_t checked_from = 631152000, checked_to = 2366841600;

static struct {
	char names[NAMES][ZONE_NAME];
	size_t n_names;
	struct zone zones[NAMES];
	size_t first[NAMES]; /* of their rules among those printed */
	size_t n_printed;
	struct vtimezones reading;
	int depth; /* of components */
	int code;
} job;

static void complain(const char *name, const char *text)
{
	fprintf(stderr, "zones: %s: %s\n", name, text);
	job.code = 1;
}

static bool is_zone(const char *path)
{
	char magic[4] = "";
	FILE *file = fopen(path, "rb");
	if (file == NULL)
		return false;
	size_t n = fread(magic, 1, sizeof(magic), file);
	fclose(file);
	return n == sizeof(magic) && memcmp(magic, "TZif", sizeof(magic)) == 0;
}

/* Names in lower case, as in "posix/" and "right/", repeat the others or are no zones. */
static int found(const char *path, const struct stat *st, int type, struct FTW *where)
{
	(void)st;
	(void)where;
	size_t skip = strlen(icaltzutil_get_zone_directory()) + 1;
	if ((type != FTW_F && type != FTW_SL) || strlen(path) <= skip)
		return 0;
	const char *name = path + skip;
	size_t n = strlen(name);
	if (name[0] < 'A' || name[0] > 'Z' || strchr(name, '.') != NULL || n >= ZONE_NAME ||
	    !is_zone(path))
		return 0;
	if (job.n_names == NAMES)
		complain(name, "too many zones");
	else
		memcpy(job.names[job.n_names++], name, n + 1);
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcasecmp(a, b);
}

static void on_line(void *ctx, const struct content_line *line)
{
	struct vtimezones *z = ctx;
	struct property p = property_of(line->text);
	if (slice_is(p.name, "BEGIN") && ++job.depth == 2)
		vtimezone_observance_begin(z);
	else if (slice_is(p.name, "END") && job.depth-- == 2)
		vtimezone_observance_end(z);
	else if (job.depth == 2)
		vtimezone_observance_property(z, &p);
}

/* Into job.reading, under its own name. */
static bool from_libical(const char *name, struct zone *out)
{
	icaltimezone *zone = icaltimezone_get_builtin_timezone(name);
	icalcomponent *component = zone != NULL ? icaltimezone_get_component(zone) : NULL;
	char *text = component != NULL ? icalcomponent_as_ical_string_r(component) : NULL;
	struct content_lines lines = { .arena = job.reading.arena,
		.bound = LINE_BOUND,
		.line = on_line,
		.ctx = &job.reading };
	if (text == NULL)
		return false;
	vtimezone_begin(&job.reading);
	vtimezone_tzid(&job.reading, slice_from(name));
	content_lines_data(&lines, slice_from(text));
	content_lines_end(&lines, true);
	free(text);
	return vtimezone_find(&job.reading, slice_from(name), out);
}

/* ---- the C library ---- */

static int32_t offset_at(int64_t utc)
{
	time_t t = utc;
	struct tm tm;
	localtime_r(&t, &tm);
	return (int32_t)tm.tm_gmtoff;
}

/* The first second of another offset; the offsets at both ends differ. */
static int64_t change_between(int64_t from, int64_t to)
{
	while (to - from > 1) {
		int64_t middle = from + (to - from) / 2;
		if (offset_at(middle) == offset_at(from))
			from = middle;
		else
			to = middle;
	}
	return to;
}

/* A clock that shows one time twice means the first of them. */
static bool agrees(struct zone zone, int64_t utc)
{
	int64_t clock = utc + offset_at(utc), other;
	return zone_utc(zone, clock, &other) &&
	    (other == utc || (other < utc && other + offset_at(other) == clock));
}

static bool agree(struct zone zone)
{
	for (int64_t t = checked_from; t < checked_to; t += STEP) {
		if (!agrees(zone, t))
			return false;
		if (offset_at(t) == offset_at(t + STEP))
			continue;
		int64_t change = change_between(t, t + STEP);
		if (!agrees(zone, change - 1) || !agrees(zone, change))
			return false;
	}
	return true;
}

static void rule_push(struct zone *zone, int64_t utc, int32_t from, int32_t to)
{
	struct zone_rule *rules = realloc((void *)zone->rules, (zone->n + 1) * sizeof(*rules));
	if (rules == NULL)
		abort();
	rules[zone->n++] = (struct zone_rule){
		.start = utc + from,
		.until = ZONE_ALWAYS,
		.from = from,
		.to = to,
	};
	zone->rules = rules;
}

static struct zone from_c_library(void)
{
	struct zone zone = { 0 };
	rule_push(&zone, checked_from, offset_at(checked_from), offset_at(checked_from));
	for (int64_t t = checked_from; t < checked_to; t += STEP) {
		if (offset_at(t) == offset_at(t + STEP))
			continue;
		int64_t change = change_between(t, t + STEP);
		rule_push(&zone, change, offset_at(t), offset_at(change));
	}
	return zone;
}

static void zone_read(size_t i)
{
	char path[512];
	struct zone *zone = &job.zones[i];
	snprintf(path, sizeof(path), ":%s/%s", icaltzutil_get_zone_directory(), job.names[i]);
	setenv("TZ", path, 1);
	tzset();
	if (!from_libical(job.names[i], zone) || !agree(*zone))
		*zone = from_c_library();
}

/* ---- the tables ---- */

static bool same_rules(struct zone a, struct zone b)
{
	bool same = a.n == b.n;
	for (size_t i = 0; same && i < a.n; i++) {
		const struct zone_rule *x = &a.rules[i], *y = &b.rules[i];
		same = x->start == y->start && x->until == y->until && x->from == y->from &&
		    x->to == y->to && x->days == y->days && x->month == y->month &&
		    x->weekday == y->weekday && x->last == y->last;
	}
	return same;
}

/* Many names are other names of one zone: its rules are printed once. */
static void print_rules(size_t i)
{
	struct zone zone = job.zones[i];
	for (size_t k = 0; k < i; k++) {
		job.first[i] = job.first[k];
		if (same_rules(job.zones[k], zone))
			return;
	}
	job.first[i] = job.n_printed;
	job.n_printed += zone.n;
	for (const struct zone_rule *r = zone.rules; r < zone.rules + zone.n; r++)
		printf("\t{ %" PRId64 ", %" PRId64 ", %d, %d, 0x%xu, %u, %u, %u },\n", r->start,
		    r->until, r->from, r->to, r->days, r->month, r->weekday, r->last);
}

static void print_tables(void)
{
	printf("/* Made by dist/zones.c from libical " ICAL_VERSION ". */\n"
	       "#include \"decode/zone.h\"\n\nconst struct zone_rule zone_known_rules[] = {\n");
	for (size_t i = 0; i < job.n_names; i++)
		print_rules(i);
	printf("};\n\nconst struct zone_known zones_known[] = {\n");
	for (size_t i = 0; i < job.n_names; i++)
		printf("\t{ \"%s\", %zu, %zu },\n", job.names[i], job.first[i], job.zones[i].n);
	printf("};\n\nconst size_t n_zones_known = %zu;\n", job.n_names);
}

int main(void)
{
	const char *directory = icaltzutil_get_zone_directory();
	job.reading = (struct vtimezones){ .arena = arena_new(BUDGET), .bound = SIZE_MAX };
	if (job.reading.arena == NULL)
		return 1;
	if (directory == NULL || nftw(directory, found, OPEN_FILES, FTW_PHYS) != 0)
		complain("libical", "has no time zones; is tzdata installed?");
	qsort(job.names, job.n_names, ZONE_NAME, by_name);
	for (size_t i = 0; i < job.n_names; i++)
		zone_read(i);
	if (job.n_names == 0)
		complain("libical", "has no time zones; is tzdata installed?");
	print_tables();
	return job.code;
}
