/*
 * history_play.c - makes a history: clients that create, try again, change, delete, move, copy and read, and
 * a server that knows what it holds and does not always get its answers through.
 */
#include "tests/prop/history.h"

#include <inttypes.h>

struct item {
	bool live;
	struct look look;
	uint32_t tag;
};

struct server {
	struct item items[HREFS];
	bool checks_uid, tells_href;
	size_t tags; /* percent of writes with a tag */
	uint32_t tag; /* the last one */
};

struct game {
	struct random random;
	struct history *h;
	struct server server;
	int64_t ns;
	uint32_t hrefs, uids, whats; /* the last ones used */
	size_t lost, failed, unseen; /* percent of writes */
	bool listed; /* the first steps list all there is */
	bool known[HREFS]; /* was there before, and is not listed */
};

static size_t below(struct game *g, size_t n)
{
	return random_below(&g->random, n);
}

static bool percent(struct game *g, size_t n)
{
	return random_percent(&g->random, n);
}

/* ---- names ---- */

static uint32_t href_fresh(struct game *g, unsigned collection)
{
	if (g->hrefs + 1 >= HREFS)
		return 0;
	g->h->collection_of[++g->hrefs] = collection;
	return g->hrefs;
}

static uint32_t href_live(struct game *g)
{
	uint32_t found = 0;
	size_t n = 0;
	for (uint32_t i = 1; i <= g->hrefs; i++)
		if (g->server.items[i].live && below(g, ++n) == 0)
			found = i;
	return found;
}

/* ---- time ---- */

static int64_t time_next(struct game *g)
{
	static const struct {
		size_t percent;
		int64_t seconds;
	} gaps[] = { { 55, 60 }, { 30, 1800 }, { 12, 8 * 3600 }, { 3, 40 * 3600 } };
	size_t at = below(g, 100), i = 0;
	while (at >= gaps[i].percent)
		at -= gaps[i++].percent;
	g->ns += 1000000000 * (int64_t)(1 + below(g, (size_t)gaps[i].seconds));
	return g->ns;
}

static struct step *step_new(struct game *g, enum verb verb, uint32_t href)
{
	struct step *s = &g->h->steps[g->h->n];
	*s = (struct step){ .ns = time_next(g),
		.verb = verb,
		.client = percent(g, 25),
		.href = href,
		.collection = g->h->collection_of[href],
		.status = 200 };
	return s;
}

static void step_done(struct game *g)
{
	for (uint32_t i = 1; i < HREFS; i++) {
		g->h->live[g->h->n][i] = g->server.items[i].live;
		g->h->looks[g->h->n][i] = g->server.items[i].look;
	}
	g->h->n++;
}

/* ---- the server ---- */

static bool uid_taken(const struct game *g, const struct step *s)
{
	for (uint32_t i = 1; i <= g->hrefs; i++)
		if (i != s->href && g->server.items[i].live &&
		    g->h->collection_of[i] == s->collection && s->look.uid != 0 &&
		    g->server.items[i].look.uid == s->look.uid)
			return true;
	return false;
}

/* True: what was asked was done, and `status` says so. */
static bool put_commit(struct game *g, struct step *s)
{
	struct server *server = &g->server;
	struct item *item = &server->items[s->href];
	bool refused = true;
	if (percent(g, 4)) {
		s->status = percent(g, 50) ? 507 : 403;
	} else if ((s->condition == COND_ABSENT && item->live) ||
	    (s->condition == COND_TAG && (!item->live || percent(g, 10)))) {
		s->status = 412;
	} else if (server->checks_uid && uid_taken(g, s)) {
		s->inner_conflict = server->tells_href;
		s->status = s->inner_conflict ? 207 : 409;
	} else {
		refused = false;
	}
	if (refused)
		return false;
	s->status = item->live && percent(g, 70) ? 204 : 201;
	*item = (struct item){ true, s->look, ++server->tag };
	s->tag = percent(g, server->tags) ? item->tag : 0;
	return true;
}

/* What becomes of the answer, and sometimes of the request. */
static void write_answer(struct game *g, struct step *s,
    bool (*commit)(struct game *, struct step *))
{
	static const uint16_t errors[] = { 500, 500, 502, 504 };
	bool lost = percent(g, g->lost), failed = percent(g, g->failed);
	bool swallowed = (lost || failed) && percent(g, 40);
	if (!swallowed)
		commit(g, s);
	if (lost) {
		s->fate = FATE_LOST;
	} else if (failed) {
		s->status = errors[below(g, 4)];
		s->tag = 0;
		s->inner_conflict = false;
	} else if (percent(g, g->unseen)) {
		s->fate = s->status / 100 == 2 && !s->inner_conflict && percent(g, 50) ?
		    FATE_CLIPPED :
		    FATE_UNSEEN;
	}
}

static void put(struct game *g, uint32_t href, struct look look, enum condition condition)
{
	if (href == 0)
		return;
	struct step *s = step_new(g, VERB_PUT, href);
	s->look = look;
	s->condition = condition;
	s->leg = percent(g, 5);
	write_answer(g, s, put_commit);
	step_done(g);
}

static bool delete_commit(struct game *g, struct step *s)
{
	struct item *item = &g->server.items[s->href];
	s->status = item->live ? percent(g, 50) ? 204 : 200 : 404;
	item->live = false;
	return s->status != 404;
}

static enum condition condition_of_create(struct game *g)
{
	return percent(g, 60) ? COND_ABSENT : COND_NONE;
}

/* ---- what clients do ---- */

static void do_create(struct game *g)
{
	struct look look = { percent(g, 80) ? ++g->uids : 0, ++g->whats, 0 };
	put(g, href_fresh(g, (unsigned)below(g, 2)), look, condition_of_create(g));
}

/* An earlier create once more: by the same name or another, with the same UID, another or none. */
static void do_retry(struct game *g)
{
	const struct step *earlier = NULL;
	for (size_t i = 0, n = 0; i < g->h->n; i++)
		if (g->h->steps[i].verb == VERB_PUT && g->h->steps[i].condition != COND_TAG &&
		    below(g, ++n) <= 1)
			earlier = &g->h->steps[i];
	if (earlier == NULL)
		return;
	struct look look = earlier->look;
	unsigned client = earlier->client;
	uint32_t href = earlier->href;
	if (percent(g, 65))
		href = href_fresh(g, percent(g, 92) ? earlier->collection : !earlier->collection);
	if (percent(g, 35))
		look.uid = percent(g, 60) ? ++g->uids : 0;
	put(g, href, look, condition_of_create(g));
	if (href != 0 && percent(g, 85))
		g->h->steps[g->h->n - 1].client = client;
}

static void do_update(struct game *g)
{
	uint32_t href = href_live(g);
	struct look look = g->server.items[href].look;
	if (percent(g, 60))
		look.what = ++g->whats;
	bool guarded = g->known[href] || percent(g, 75);
	if (href != 0)
		put(g, href, look, guarded ? COND_TAG : COND_NONE);
}

static void do_override(struct game *g)
{
	uint32_t master = href_live(g);
	struct look look = g->server.items[master].look;
	if (master == 0 || look.uid == 0)
		return;
	look.what = ++g->whats;
	look.recurrence = 1 + (uint32_t)below(g, 6);
	put(g, href_fresh(g, g->h->collection_of[master]), look, condition_of_create(g));
}

static void do_delete(struct game *g)
{
	uint32_t href = href_live(g);
	if (href == 0 || percent(g, 10))
		href = 1 + (uint32_t)below(g, g->hrefs ? g->hrefs : 1);
	if (href > g->hrefs)
		return;
	struct step *s = step_new(g, VERB_DELETE, href);
	write_answer(g, s, delete_commit);
	step_done(g);
}

static void do_carry(struct game *g)
{
	uint32_t href = href_live(g);
	unsigned other = percent(g, 60) ? g->h->collection_of[href] : !g->h->collection_of[href];
	uint32_t to = href ? href_fresh(g, other) : 0;
	if (to == 0)
		return;
	struct step *s = step_new(g, percent(g, 60) ? VERB_MOVE : VERB_COPY, href);
	s->to = to;
	s->status = percent(g, 10) ? 403 : 201;
	if (s->status == 201) {
		g->server.items[to] = g->server.items[href];
		g->server.items[to].tag = ++g->server.tag;
		g->server.items[href].live = s->verb == VERB_COPY;
	}
	step_done(g);
}

static void do_get(struct game *g)
{
	if (g->hrefs == 0)
		return;
	struct step *s = step_new(g, VERB_GET, 1 + (uint32_t)below(g, g->hrefs));
	const struct item *item = &g->server.items[s->href];
	s->status = item->live ? 200 : 404;
	s->look = item->look;
	s->tag = item->tag;
	step_done(g);
}

static void do_list(struct game *g, unsigned collection)
{
	struct step *s = step_new(g, VERB_LIST, 0);
	s->collection = collection;
	s->status = 207;
	for (uint32_t i = 1; i <= g->hrefs; i++)
		if (g->server.items[i].live && g->h->collection_of[i] == collection)
			s->rows[s->n_rows++] = (struct row){ .href = i,
				.tag = g->server.items[i].tag };
	step_done(g);
}

static void do_multiget(struct game *g)
{
	if (g->h->exchange)
		return;
	struct step *s = step_new(g, VERB_MULTIGET, 0);
	s->collection = (unsigned)below(g, 2);
	s->status = 207;
	for (uint32_t i = 1; i <= g->hrefs; i++) {
		const struct item *item = &g->server.items[i];
		if (g->h->collection_of[i] == s->collection && percent(g, 40))
			s->rows[s->n_rows++] = (struct row){ i, item->tag, !item->live,
				item->look };
	}
	step_done(g);
}

static void act(struct game *g)
{
	size_t at = below(g, 100);
	if (at < 22)
		do_create(g);
	else if (at < 52)
		do_retry(g);
	else if (at < 60)
		do_update(g);
	else if (at < 69)
		do_delete(g);
	else if (at < 76)
		do_carry(g);
	else if (at < 81)
		do_override(g);
	else if (at < 88)
		do_get(g);
	else if (at < 95)
		do_list(g, (unsigned)below(g, 2));
	else
		do_multiget(g);
}

/* Items from before the capture; two of them may have one UID. */
static void stock(struct game *g)
{
	for (size_t n = below(g, 5); n > 0; n--) {
		uint32_t href = href_fresh(g, (unsigned)below(g, 2));
		struct look look = { percent(g, 30) && g->uids ? g->uids : ++g->uids, ++g->whats,
			0 };
		g->server.items[href] = (struct item){ true, look, ++g->server.tag };
		g->known[href] = !g->listed;
	}
}

void history_play(uint64_t seed, struct history *h)
{
	static const size_t rates[] = { 0, 0, 10, 30 }, tags[] = { 0, 0, 50, 100 };
	struct game g = { .random = { seed }, .h = h, .ns = INT64_C(1159200000000000000) };
	*h = (struct history){ .seed = seed };
	h->exchange = percent(&g, 30);
	g.server.checks_uid = percent(&g, 30);
	g.server.tells_href = percent(&g, 30);
	g.server.tags = tags[below(&g, 4)];
	g.lost = rates[below(&g, 4)];
	g.failed = rates[below(&g, 4)];
	g.unseen = percent(&g, 20) ? 15 : 0;
	g.listed = percent(&g, 50);
	stock(&g);
	for (unsigned i = 0; i < 2 && g.listed; i++)
		do_list(&g, i);
	for (size_t n = 4 + below(&g, STEPS - 6); h->n < n;)
		act(&g);
}

/* ---- for people ---- */

static void print_look(struct look look)
{
	printf(" uid %" PRIu32 " look %" PRIu32, look.uid, look.what);
	if (look.recurrence != 0)
		printf(" override %" PRIu32, look.recurrence);
}

static void print_rows(const struct step *s)
{
	for (size_t i = 0; i < s->n_rows; i++) {
		printf(" n%" PRIu32, s->rows[i].href);
		if (s->rows[i].gone)
			printf(" 404");
		else if (s->verb == VERB_MULTIGET)
			print_look(s->rows[i].look);
		printf(i + 1 < s->n_rows ? "," : "");
	}
}

static void print_step(const struct history *h, size_t i)
{
	static const char *const verbs[] = { "PUT", "DELETE", "MOVE", "COPY", "GET", "LIST",
		"MULTIGET" };
	static const char *const conditions[] = { "", " if-none-match *", " if-match" };
	static const char *const fates[] = { "", "LOST, would be ", "UNSEEN, was ", "CLIPPED " };
	const struct step *s = &h->steps[i];
	int64_t seconds = (s->ns - h->steps[0].ns) / 1000000000;
	printf("%3zu %4" PRId64 ":%02" PRId64 ":%02" PRId64 " client %u %s", i, seconds / 3600,
	    seconds / 60 % 60, seconds % 60, s->client, verbs[s->verb]);
	if (s->href != 0)
		printf(" n%" PRIu32, s->href);
	printf(" in %u", s->collection);
	if (s->to != 0)
		printf(" to n%" PRIu32 " in %u", s->to, h->collection_of[s->to]);
	if (s->verb == VERB_PUT || (s->verb == VERB_GET && s->status == 200))
		print_look(s->look);
	printf("%s%s -> %s%u%s", conditions[s->condition], s->leg ? " (401 first)" : "",
	    fates[s->fate], s->status, s->inner_conflict ? " with 412 inside" : "");
	if (s->verb == VERB_PUT && s->status / 100 == 2 && !s->inner_conflict)
		printf(s->tag ? " tagged" : " untagged");
	print_rows(s);
	printf("\n");
}

void history_print(const struct history *h)
{
	printf("history %" PRIu64 ", %s\n", h->seed, h->exchange ? "Exchange" : "CalDAV");
	for (size_t i = 0; i < h->n; i++)
		print_step(h, i);
}
