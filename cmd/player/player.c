/*
 * player.c - `davscope machine play`, in a program of its own: a scenario file, its names made profiles, played over real
 * sockets; a line a request, then what came of it.
 */
#include "cmd/player/player.h"

#include "play/play.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	ARENA = 1 << 22,
	CYCLE_COLUMN = 6,
	NUMBER_COLUMN = 4,
	REQUEST_COLUMN = 58,
	STATUS_COLUMN = 13
};

struct reading {
	const struct options *options;
	const char *path;
	struct profiles *profiles;
	struct arena *arena;
	struct complaints *complaints;
	struct play_file file;
};

/* ---- profiles for the player ---- */

/* The word of the value that is played. */
static const char *value_of(const void *profile, const char *code)
{
	const struct profile *p = profile;
	for (unsigned i = POLICY_ANY + 1; i < POLICIES; i++)
		if (strcmp(policies_table[i].code, code) == 0 && p->said >> i & 1)
			return policies_table[i].values[p->policies.first[i]].word;
	return NULL;
}

static struct complaint *refuse(const struct reading *r, const struct play_name *name)
{
	return complaint_add(r->complaints, "E0017", r->path, &name->start, &name->end);
}

/* False: it was complained of. A name of the command line has no place in the file. */
static bool side_find(const struct reading *r, struct play_name name, const char *instead,
    enum machine_side side, struct play_side *out)
{
	static const char *const words[] = { [SIDE_CLIENT] = "client", [SIDE_SERVER] = "server" };
	const char *text = instead != NULL ? instead : name.text;
	char quote[64];
	const struct profile *p = profile_find(r->profiles, text);
	if (p != NULL && p->side == side) {
		*out = (struct play_side){ p->name, p->speaks == SPEAKS_ACTIVESYNC, value_of, p };
		return true;
	}
	struct complaint *c = refuse(r, &name);
	const char *like = profile_like(r->profiles, text);
	snprintf(c->text, sizeof c->text, "there is no %s \"%s\"", words[side],
	    quoted(quote, slice_from(text)));
	if (p != NULL)
		snprintf(c->hint, sizeof c->hint, "it is a %s", words[p->side]);
	else if (like != NULL)
		snprintf(c->hint, sizeof c->hint, "did you mean %s?", like);
	return false;
}

static bool speaks(const struct reading *r, const struct play_name *name,
    const struct play_side *side, bool activesync)
{
	if (side->activesync == activesync)
		return true;
	snprintf(refuse(r, name)->text, sizeof((struct complaint *)NULL)->text,
	    "%.60s does not speak %s, and here it has to", side->name,
	    activesync ? "ActiveSync" : "DAV");
	return false;
}

static bool sides_find(const struct reading *r, struct play_scenario *s)
{
	const struct play_file *f = &r->file;
	bool fine = side_find(r, f->client, r->options->client, SIDE_CLIENT, &s->client);
	fine = side_find(r, f->server, r->options->server, SIDE_SERVER, &s->server) && fine;
	s->has_gateway = f->gateway.text != NULL && f->store.text != NULL;
	if (s->has_gateway) {
		fine = side_find(r, f->gateway, NULL, SIDE_CLIENT, &s->gateway) && fine;
		fine = side_find(r, f->store, NULL, SIDE_SERVER, &s->store) && fine;
	}
	if (!fine)
		return false;
	if (!s->has_gateway)
		return speaks(r, &f->server, &s->server, s->client.activesync);
	return speaks(r, &f->client, &s->client, true) && speaks(r, &f->server, &s->server, true) &&
	    speaks(r, &f->gateway, &s->gateway, false) && speaks(r, &f->store, &s->store, false);
}

/* ---- what happens ---- */

static void print_right(struct out *out, const char *text, size_t width)
{
	for (size_t n = strlen(text); n < width; n++)
		out_char(out, ' ');
	out_text(out, text);
}

static void print_request(struct out *out, const struct play_step *step)
{
	char text[REQUEST_COLUMN * 2];
	snprintf(text, sizeof text, "%s%s %s", step->back ? "  " : "", step->method, step->target);
	char *query = strchr(text, '&');
	if (query != NULL)
		*query = '\0';
	print_column(out, slice_from(text), REQUEST_COLUMN);
}

static void print_answer(struct out *out, const struct play_step *step)
{
	char text[40];
	if (step->status == 0)
		snprintf(text, sizeof text, "-");
	else if (step->sync_status >= 0)
		snprintf(text, sizeof text, "%u Status %d", step->status, step->sync_status);
	else
		snprintf(text, sizeof text, "%u", step->status);
	print_column(out, slice_from(text), STATUS_COLUMN);
	bool due = step->status / 100 == 2 && strcmp(step->method, "PUT") == 0;
	const char *none = due ? "no tag" : "-";
	out_vis(out, slice_from(step->tag != NULL ? step->tag : none), SIZE_MAX);
}

static void print_step(void *ctx, const struct play_step *step)
{
	struct out *out = ctx;
	char number[DECIMAL_MAX + 1];
	snprintf(number, sizeof number, "%u", step->cycle);
	print_right(out, step->numbered ? number : "-", CYCLE_COLUMN);
	snprintf(number, sizeof number, "%u", step->number);
	print_right(out, step->numbered ? number : "-", NUMBER_COLUMN);
	out_text(out, "  ");
	print_request(out, step);
	print_answer(out, step);
	if (step->accident != PLAY_UNHURT)
		out_text(out, "  ");
	out_text(out, play_accident_words[step->accident]);
	out_char(out, '\n');
}

static void print_opened(void *ctx, const char *who, uint16_t port)
{
	(void)ctx;
	warn("%s on 127.0.0.1:%u", who, port);
}

static void print_outcome(struct out *out, const struct play_outcome *o)
{
	out_text(out, "copies: ");
	out_u64(out, o->copies);
	out_text(out, "  requests: ");
	out_u64(out, o->requests);
	out_text(out, o->dirty ? "  dirty: yes" : "  dirty: no");
	out_text(out, o->edit_lost ? "  edit lost: yes\n" : "  edit lost: no\n");
}

static int play(const struct reading *r, struct play_scenario *s)
{
	struct play_outcome outcome = { 0 };
	struct error e;
	struct out *out = out_stdout(&e);
	if (out == NULL)
		return EXIT_INTERNAL;
	s->told = print_step;
	s->opened = print_opened;
	s->ctx = out;
	out_text(out, " cycle  no  request");
	for (size_t i = strlen("request"); i < REQUEST_COLUMN + 1; i++)
		out_char(out, ' ');
	out_text(out, "answer\n");
	bool fine = play_run(s, r->options->slice_path, &outcome, &e);
	if (fine)
		print_outcome(out, &outcome);
	else
		warn("machine play: %s", e.text);
	int code = finish_output(out);
	return fine || code != EXIT_DONE ? code : outcome.unwritten ? EXIT_OUTPUT : EXIT_INPUT;
}

/* ---- the file ---- */

static int print_complaints(const struct reading *r)
{
	size_t n = 0;
	const struct complaint *all = complaints_sorted(r->complaints, &n);
	complaints_print(all, n, true);
	return EXIT_USAGE;
}

static bool text_read(struct reading *r, struct slice *text)
{
	struct stat st;
	struct error e;
	size_t most = (size_t)r->options->limits.rule_file;
	uint8_t *bytes = arena_alloc(r->arena, most + 1);
	int fd = path_open(r->path, &st, &e);
	bool fine = fd >= 0 && bytes != NULL && S_ISREG(st.st_mode) &&
	    read_whole(fd, bytes, most, &text->n) && text->n <= most;
	if (fd < 0)
		warn("%s", e.text);
	else if (!fine)
		warn("%s: cannot be read, is no regular file, or is longer than rule_file",
		    r->path);
	if (fd >= 0)
		close(fd);
	text->p = bytes;
	return fine;
}

static int read_and_play(struct reading *r)
{
	struct slice text;
	if (!text_read(r, &text))
		return EXIT_INPUT;
	struct play_scenario s = { 0 };
	bool fine = complaints_file(r->complaints, r->path) &&
	    play_file_read(text, r->path, r->arena, r->complaints, &r->file);
	if (r->file.client.text != NULL && r->file.server.text != NULL)
		fine = sides_find(r, &s) && fine;
	if (!fine)
		return print_complaints(r);
	s.cycles = r->file.cycles;
	s.edit_before = r->file.edit_before;
	s.mishaps = r->file.mishaps;
	s.n_mishaps = r->file.n_mishaps;
	s.hops = r->file.hops;
	return play(r, &s);
}

int player_run(const struct options *o)
{
	int code = EXIT_USAGE;
	if (o->n_words != 2 || o->json) {
		warn(o->json ? "machine play: prints text only" : "machine play: takes a scenario");
		return EXIT_USAGE;
	}
	struct profiles *set = options_profiles(o, &code);
	if (set == NULL)
		return code;
	struct reading *r = calloc(1, sizeof *r);
	code = EXIT_INTERNAL;
	if (r != NULL) {
		r->options = o;
		r->path = o->words[1];
		r->profiles = set;
		r->arena = arena_new(ARENA);
		r->complaints = complaints_new();
		if (r->arena != NULL && r->complaints != NULL)
			code = read_and_play(r);
		arena_free(r->arena);
		complaints_free(r->complaints);
	}
	free(r);
	profiles_free(set);
	return code;
}
