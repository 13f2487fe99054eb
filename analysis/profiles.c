/*
 * profiles.c - a set of profiles: where its files come from, which one is meant, whom it fits.
 */
#include "analysis/profiles_read.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

extern const struct shipped shipped_analysis[];
extern const size_t n_shipped_analysis;

const char *const speaks_words[] = { "dav", "activesync", NULL };

struct profiles *profiles_new(const struct limits *limits, struct error *error)
{
	struct profiles *set = calloc(1, sizeof *set);
	if (set != NULL) {
		*set = (struct profiles){ .limits = limits, .last = &set->first };
		set->arena = arena_new((size_t)limits->profile_memory);
		set->complaints = complaints_new();
		if (set->arena != NULL && set->complaints != NULL)
			return set;
	}
	profiles_free(set);
	error_set(error, "no memory for profiles");
	return NULL;
}

void profiles_free(struct profiles *set)
{
	if (set == NULL)
		return;
	arena_free(set->arena);
	complaints_free(set->complaints);
	free(set);
}

void profiles_load_shipped(struct profiles *set)
{
	for (size_t i = 0; i < n_shipped_analysis; i++) {
		const struct shipped *s = &shipped_analysis[i];
		struct profile_file file = { set, s->name, true };
		profile_file_read(&file, (struct slice){ s->text, s->n });
	}
}

void profiles_read(struct profiles *set, const char *name, struct slice text)
{
	struct profile_file file = { set, name, false };
	profile_file_read(&file, text);
}

static bool load_open(struct profiles *set, const char *path, int fd, struct error *error)
{
	size_t most = (size_t)set->limits->rule_file, n = 0;
	uint8_t *text = malloc(most + 1);
	bool whole = text != NULL && read_whole(fd, text, most, &n);
	if (text == NULL)
		error_set(error, "no memory to read a profile file");
	else if (!whole)
		error_set(error, "%.160s: %s", path, strerror(errno));
	else if (n > most)
		whole = error_set(error, "%.160s: longer than %zu bytes (rule_file)", path, most);
	else
		profiles_read(set, path, (struct slice){ text, n });
	free(text);
	return whole;
}

bool profiles_load(struct profiles *set, const char *path, struct error *error)
{
	struct stat st;
	int fd = path_open(path, &st, error);
	if (fd < 0)
		return false;
	bool fine = S_ISREG(st.st_mode) ? load_open(set, path, fd, error) :
					  error_set(error, "%.160s: no regular file", path);
	close(fd);
	return fine;
}

size_t profiles_errors(const struct profiles *set)
{
	return complaints_errors(set->complaints);
}

const struct complaint *profiles_complaints(struct profiles *set, size_t *n)
{
	return complaints_sorted(set->complaints, n);
}

const struct profile *profiles_first(const struct profiles *set)
{
	return set->first;
}

const struct profile *profile_find(const struct profiles *set, const char *name)
{
	const struct profile *p = set->first;
	while (p != NULL && strcmp(p->name, name) != 0)
		p = p->next;
	return p;
}

const char *profile_like(const struct profiles *set, const char *name)
{
	const char *best = NULL;
	unsigned lowest = TYPOS_MAX + 1;
	for (const struct profile *p = set->first; p != NULL; p = p->next) {
		unsigned far = spelling_distance(slice_from(name), slice_from(p->name), TYPOS_MAX);
		if (far < lowest) {
			best = p->name;
			lowest = far;
		}
	}
	return best;
}

/* ---- whom a profile fits ---- */

bool build_read(struct slice *text, struct build *out)
{
	*out = (struct build){ { 0 } };
	for (size_t i = 0;; i++) {
		size_t n = 0;
		while (n < text->n && text->p[n] >= '0' && text->p[n] <= '9')
			n++;
		uint64_t part;
		if (!slice_to_u64(slice_part(*text, 0, n), &part) || part > UINT32_MAX)
			return false;
		if (i < VERSION_PARTS)
			out->part[i] = (uint32_t)part;
		bool more = n + 1 < text->n && text->p[n] == '.' && text->p[n + 1] >= '0' &&
		    text->p[n + 1] <= '9';
		*text = slice_part(*text, more ? n + 1 : n, text->n);
		if (!more)
			return true;
	}
}

int build_compare(const struct build *a, const struct build *b)
{
	for (size_t i = 0; i < VERSION_PARTS; i++)
		if (a->part[i] != b->part[i])
			return a->part[i] < b->part[i] ? -1 : 1;
	return 0;
}

/* The whole text, a star for any bytes; *rest begins where the last star does. */
static bool pattern_fits(const char *pattern, struct slice text, struct slice *rest)
{
	const char *star = NULL;
	size_t at = 0, from = 0;
	*rest = (struct slice){ NULL, 0 };
	while (at < text.n || *pattern == '*') {
		if (*pattern == '*') {
			star = ++pattern;
			from = at;
			*rest = slice_part(text, at, text.n);
		} else if (*pattern != '\0' && (uint8_t)*pattern == text.p[at]) {
			pattern++;
			at++;
		} else if (star != NULL) {
			pattern = star;
			at = ++from;
		} else {
			return false;
		}
	}
	return *pattern == '\0';
}

static bool build_within(const struct build *v, const struct build *from, const struct build *below)
{
	return (from == NULL || build_compare(v, from) >= 0) &&
	    (below == NULL || build_compare(v, below) < 0);
}

static bool agent_fits(const struct agent *a, const struct client_sign *sign)
{
	struct slice rest = { NULL, 0 };
	struct build v;
	if (a->pattern != NULL && !pattern_fits(a->pattern, sign->agent, &rest))
		return false;
	if ((a->has_from || a->has_below) &&
	    !(build_read(&rest, &v) &&
		build_within(&v, a->has_from ? &a->from : NULL, a->has_below ? &a->below : NULL)))
		return false;
	if (!a->has_protocol_from && !a->has_protocol_below)
		return true;
	return sign->activesync &&
	    build_within(&sign->protocol, a->has_protocol_from ? &a->protocol_from : NULL,
		a->has_protocol_below ? &a->protocol_below : NULL);
}

bool profile_fits(const struct profile *profile, const struct client_sign *sign)
{
	for (size_t i = 0; i < profile->n_agents; i++)
		if (agent_fits(&profile->agents[i], sign))
			return true;
	return false;
}

bool profile_is_kin(const struct profile *profile, const struct client_sign *sign)
{
	struct slice rest;
	for (size_t i = 0; i < profile->n_agents; i++) {
		const struct agent *a = &profile->agents[i];
		if (a->pattern != NULL ? pattern_fits(a->pattern, sign->agent, &rest) :
					 sign->activesync)
			return true;
	}
	return false;
}
