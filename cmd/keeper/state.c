/*
 * state.c - `davscope state`: shows, exports and prunes what the monitor remembers.
 */
#include "cmd/keeper/db.h"
#include "cmd/keeper/keeper.h"

#include <stdlib.h>
#include <string.h>

enum { SHOWN = 20, LABEL_MAX = 200, PRUNE_WAIT_MS = 0 };

static const char usage[] = "davscope state show [PART|findings] | export | prune AGE (30d, 12h)";

/* systemd gives a row of directories; the first one is ours. */
static const char *state_dir(const struct options *o, char room[1024])
{
	const char *given = getenv("STATE_DIRECTORY");
	if (o->state_dir != NULL)
		return o->state_dir;
	if (given == NULL || given[0] == '\0')
		return "/var/lib/davscope";
	snprintf(room, 1024, "%s", given);
	room[strcspn(room, ":")] = '\0';
	return room;
}

/* ---- show ---- */

static void print_count(struct out *out, const char *name, uint64_t n)
{
	uint64_t start = out_written(out);
	out_text(out, name);
	while (out_written(out) < start + 12)
		out_char(out, ' ');
	out_u64(out, n);
	out_char(out, '\n');
}

static bool show_counts(struct db *db, struct out *out, struct error *e)
{
	struct db_counts counts;
	if (!db_count_parts(db, &counts, e))
		return false;
	for (size_t i = 0; i < STATE_PARTS; i++)
		print_count(out, state_words[i], counts.parts[i]);
	print_count(out, "findings", counts.findings);
	print_count(out, "bytes", counts.bytes);
	return true;
}

static void show_finding(struct out *out, const struct record *r)
{
	out_time(out, r->ns);
	out_char(out, ' ');
	out_text(out, severity_name(r->severity));
	out_char(out, ' ');
	out_vis(out, r->rule, LABEL_MAX);
	out_text(out, ": ");
	out_vis(out, r->message.n != 0 ? r->message : r->title, LABEL_MAX);
	out_char(out, '\n');
}

/* The newest first. */
static bool show_findings(struct db *db, struct out *out, struct error *e)
{
	struct record r = { .number = UINT64_MAX };
	uint8_t *room = NULL;
	size_t n = 0;
	enum db_walk walk = DB_WALK_RECORD;
	for (int i = 0; i < SHOWN && walk == DB_WALK_RECORD; i++) {
		walk = db_finding_next(db, r.number, true, &r, &room, &n);
		if (walk == DB_WALK_RECORD)
			show_finding(out, &r);
	}
	free(room);
	return walk != DB_WALK_FAILED || error_set(e, "the findings cannot be read");
}

static void show_record(struct out *out, const struct state_record *r)
{
	out_time(out, r->used_ns);
	out_char(out, ' ');
	/* A label is escaped already; what a damaged file holds is escaped once more. */
	out_vis(out, r->label, LABEL_MAX);
	out_char(out, '\n');
}

static bool show_part(struct db *db, enum state_part part, struct out *out, struct error *e)
{
	struct db_place place = { .part = part,
		.used_ns = INT64_MAX,
		.row = INT64_MAX,
		.begun = true };
	struct state_record r;
	uint8_t *room = NULL;
	size_t n = 0;
	enum db_walk walk = DB_WALK_RECORD;
	for (int i = 0; i < SHOWN && walk == DB_WALK_RECORD; i++) {
		walk = db_walk(db, &place, true, &r, &room, &n, e);
		if (walk != DB_WALK_RECORD || r.part != part)
			break;
		show_record(out, &r);
	}
	free(room);
	return walk != DB_WALK_FAILED;
}

/* "item" or "items". */
static bool part_find(const char *word, enum state_part *part)
{
	for (size_t i = 0; i < STATE_PARTS; i++) {
		size_t n = strlen(state_words[i]);
		if (strncmp(word, state_words[i], n) != 0 ||
		    (word[n] != '\0' && strcmp(word + n, "s") != 0))
			continue;
		*part = (enum state_part)i;
		return true;
	}
	return strcmp(word, "findings") == 0;
}

static bool show(struct db *db, const char *word, struct out *out, struct error *e)
{
	enum state_part part = STATE_PARTS;
	if (word == NULL)
		return show_counts(db, out, e);
	part_find(word, &part);
	return part == STATE_PARTS ? show_findings(db, out, e) : show_part(db, part, out, e);
}

/* ---- export ---- */

static void put_base64(struct out *out, struct slice s)
{
	static const char digits[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	for (size_t i = 0; i < s.n; i += 3) {
		uint32_t v = (uint32_t)s.p[i] << 16;
		v |= i + 1 < s.n ? (uint32_t)s.p[i + 1] << 8 : 0;
		v |= i + 2 < s.n ? s.p[i + 2] : 0;
		out_char(out, digits[v >> 18]);
		out_char(out, digits[v >> 12 & 63]);
		out_char(out, i + 1 < s.n ? digits[v >> 6 & 63] : '=');
		out_char(out, i + 2 < s.n ? digits[v & 63] : '=');
	}
}

static void export_record(struct out *out, const struct state_record *r)
{
	out_text(out, "{\"part\":\"");
	out_text(out, r->part < STATE_PARTS ? state_words[r->part] : "unknown");
	out_text(out, "\",\"key\":[\"");
	out_u64(out, r->key[0]);
	out_text(out, "\",\"");
	out_u64(out, r->key[1]);
	out_text(out, "\"],\"used\":\"");
	out_time(out, r->used_ns);
	out_text(out, "\",\"label\":");
	out_json(out, r->label);
	out_text(out, ",\"body\":\"");
	put_base64(out, r->body);
	out_text(out, "\"}\n");
}

/* Its JSON is a text of our own making, but the file may have been in other hands. */
static void export_finding(struct out *out, const struct record *r)
{
	out_text(out, "{\"part\":\"finding\",\"number\":");
	out_u64(out, r->number);
	out_text(out, ",\"update\":");
	out_u64(out, r->update);
	out_text(out, ",\"severity\":\"");
	out_text(out, severity_name(r->severity));
	out_text(out, "\",\"ts\":\"");
	out_time(out, r->ns);
	out_text(out, "\",\"rule\":");
	out_json(out, r->rule);
	out_text(out, ",\"message\":");
	out_json(out, r->message);
	out_text(out, ",\"record\":");
	out_json(out, r->json);
	out_text(out, "}\n");
}

static enum db_walk export_findings(struct db *db, struct out *out, uint8_t **room, size_t *n,
    struct error *e)
{
	struct record r = { 0 };
	enum db_walk walk;
	while ((walk = db_finding_next(db, r.number, false, &r, room, n)) == DB_WALK_RECORD)
		export_finding(out, &r);
	if (walk == DB_WALK_FAILED)
		error_set(e, "the findings cannot be read");
	return walk;
}

static bool export(struct db *db, struct out *out, struct error *e)
{
	struct db_place place = { 0 };
	struct state_record s;
	uint8_t *room = NULL;
	size_t n = 0;
	enum db_walk walk;
	while ((walk = db_walk(db, &place, false, &s, &room, &n, e)) == DB_WALK_RECORD)
		export_record(out, &s);
	if (walk == DB_WALK_END)
		walk = export_findings(db, out, &room, &n, e);
	free(room);
	return walk == DB_WALK_END;
}

/* ---- prune ---- */

static bool age_read(const char *text, int64_t *ns)
{
	static const struct {
		char unit;
		uint64_t seconds;
	} units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 } };
	struct slice s = slice_from(text);
	uint64_t n = 0, most = (uint64_t)INT64_MAX / 1000000000;
	if (s.n < 2 || !slice_to_u64(slice_part(s, 0, s.n - 1), &n))
		return false;
	for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
		if (s.p[s.n - 1] != units[i].unit || n > most / units[i].seconds)
			continue;
		*ns = (int64_t)(n * units[i].seconds) * 1000000000;
		return true;
	}
	return false;
}

static int prune(const char *dir, const struct options *o, int64_t age_ns)
{
	struct error e = { "" };
	uint64_t gone = 0;
	struct db *db = db_open(dir, &o->limits, PRUNE_WAIT_MS, &e);
	bool good = db != NULL && db_prune(db, wall_ns() - age_ns, &gone, &e);
	db_close(db);
	if (!good) {
		warn("state prune: %s", e.text);
		return EXIT_INPUT;
	}
	warn("%llu records were forgotten", (unsigned long long)gone);
	return EXIT_DONE;
}

/* ---- the command ---- */

static int state_read_only(const char *dir, bool exports, const char *word)
{
	struct error e = { "" };
	struct db *db = db_open_reader(dir, &e);
	struct out *out = db != NULL ? out_stdout(&e) : NULL;
	bool good = out != NULL && (exports ? export(db, out, &e) : show(db, word, out, &e));
	int code = out != NULL ? finish_output(out) : EXIT_DONE;
	db_close(db);
	if (good)
		return code;
	warn("state: %s", e.text);
	return EXIT_INPUT;
}

int keeper_state(const struct options *o)
{
	char room[1024];
	int64_t age_ns = 0;
	enum state_part part;
	const char *dir = state_dir(o, room), *verb = o->n_words != 0 ? o->words[0] : "";
	const char *word = o->n_words > 1 ? o->words[1] : NULL;
	if (strcmp(verb, "show") == 0 && o->n_words <= 2 &&
	    (word == NULL || part_find(word, &part)))
		return state_read_only(dir, false, word);
	if (strcmp(verb, "export") == 0 && o->n_words == 1)
		return state_read_only(dir, true, NULL);
	if (strcmp(verb, "prune") == 0 && o->n_words == 2 && age_read(word, &age_ns))
		return prune(dir, o, age_ns);
	warn("%s", usage);
	return EXIT_USAGE;
}
