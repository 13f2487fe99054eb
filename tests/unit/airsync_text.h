/*
 * airsync_text.h - a struct airsync as text to compare.
 */
#ifndef DAVSCOPE_TESTS_AIRSYNC_TEXT_H
#define DAVSCOPE_TESTS_AIRSYNC_TEXT_H

#include "tests/unit/body_run.h"

static inline void record_field(struct record *r, const char *name, struct slice s)
{
	if (s.n == 0)
		return;
	record_add(r, " %s=", name);
	record_slice(r, "", s);
}

static inline void record_number(struct record *r, const char *name, int32_t number)
{
	if (number != AIRSYNC_NONE)
		record_add(r, " %s=%d", name, (int)number);
}

static inline void record_item(struct record *r, const struct airsync_item *i)
{
	static const char *const verbs[] = { "add", "change", "delete", "soft-delete", "fetch" };
	record_add(r, " %s%s", i->result ? "result " : "", verbs[i->verb]);
	record_field(r, "client", i->client_id);
	record_field(r, "server", i->server_id);
	record_field(r, "instance", i->instance_id);
	record_field(r, "client_uid", i->client_uid);
	record_number(r, "status", i->status);
	record_add(r, "\n");
	if (i->object != NULL) {
		record_add(r, "  ");
		record_object(r, i->object, false);
	}
}

static inline void record_collection(struct record *r, const struct airsync_collection *c)
{
	record_add(r, "collection");
	record_field(r, "class", c->class);
	record_field(r, "id", c->id);
	record_field(r, "key", c->key);
	record_number(r, "status", c->status);
	record_number(r, "estimate", c->estimate);
	record_number(r, "window", c->window);
	record_number(r, "filter", c->filter);
	record_add(r, "%s%s%s\n", c->more ? " more" : "", c->get_changes ? " get-changes" : "",
	    c->commands ? " commands" : "");
	for (size_t i = 0; i < c->n_items; i++)
		record_item(r, &c->items[i]);
}

static inline void record_folder(struct record *r, const struct airsync_folder *f)
{
	static const char *const verbs[] = { "add", "change", "delete" };
	record_add(r, "folder %s", verbs[f->verb]);
	record_field(r, "id", f->id);
	record_field(r, "parent", f->parent);
	record_field(r, "name", f->name);
	record_number(r, "type", f->type);
	record_add(r, "\n");
}

static inline void record_move(struct record *r, const struct airsync_move *m)
{
	record_add(r, "move");
	record_field(r, "id", m->id);
	record_field(r, "from", m->from);
	record_field(r, "to", m->to);
	record_field(r, "new", m->new_id);
	record_number(r, "status", m->status);
	record_add(r, "\n");
}

static inline void record_airsync(struct record *r, const struct airsync *a)
{
	size_t items = 0;
	record_slice(r, "", a->command);
	record_number(r, "status", a->status);
	record_field(r, "key", a->key);
	record_field(r, "policy", a->policy_key);
	record_field(r, "client", a->client_id);
	record_number(r, "heartbeat", a->heartbeat);
	record_add(r, "%s%s\n", a->partial ? " partial" : "", a->whole ? " whole" : "");
	for (size_t i = 0; i < a->n_collections; i++) {
		record_collection(r, &a->collections[i]);
		items += a->collections[i].n_items;
	}
	for (size_t i = 0; i < a->n_folders; i++)
		record_folder(r, &a->folders[i]);
	for (size_t i = 0; i < a->n_moves; i++)
		record_move(r, &a->moves[i]);
	if (a->items_seen != items)
		record_add(r, "seen %u\n", (unsigned)a->items_seen);
}

#endif
