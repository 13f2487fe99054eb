/*
 * fields_dav.c - getters of the dialect, the change tag and the XML bodies of a transaction.
 */
#include "rules/fields.h"

const char *const flavour_from_words[] = { [FROM_NOTHING] = "nothing",
	[FROM_TRANSACTION] = "transaction",
	[FROM_COLLECTION] = "collection",
	[FROM_SERVER] = "server",
	NULL };
const char *const tag_due_words[] = { [TAG_NOT_DUE] = "no",
	[TAG_DUE_EXCHANGE] = "exchange",
	[TAG_DUE_SCHEDULING] = "scheduling",
	[TAG_USUAL] = "usual",
	NULL };
const char *const tag_state_words
    [] = { [NOT_OBSERVED] = "unknown", [ABSENT] = "absent", [PRESENT] = "present", NULL };
const char *const tag_header_words[] = { "ResourceTag", "Schedule-Tag", "ETag", NULL };
/* In the order of enum tag_damage, which begins with none. */
const char *const tag_damage_words[] = { "gzip-suffix", "weak", "unquoted", "escaped-quotes",
	"renamed", NULL };

enum seen flavour_read(const struct asked *a, struct value *v)
{
	const struct facts *f = a->e->kind == EVENT_OPERATION ? a->e->op->facts : a->e->facts;
	return f != NULL ? value_word(v, flavour_name(f->flavour)) : NOT_OBSERVED;
}

enum seen flavour_from_read(const struct asked *a, struct value *v)
{
	return value_word(v, flavour_from_words[a->e->facts->flavour_from]);
}

enum seen flavour_evidence_read(const struct asked *a, struct value *v)
{
	return value_word(v, a->e->facts->flavour_evidence);
}

enum seen flavour_frame_read(const struct asked *a, struct value *v)
{
	uint64_t frame = a->e->facts->flavour_at.frame;
	return frame != 0 ? value_count(v, frame) : ABSENT;
}

enum seen write_read(const struct asked *a, struct value *v)
{
	return value_number(v, a->e->facts->write);
}

enum seen tag_due_read(const struct asked *a, struct value *v)
{
	return value_word(v, tag_due_words[a->e->facts->tag_due]);
}

/* None is due, and so far as is known none is there. */
static enum seen tag_seen(const struct facts *f)
{
	if (f->tag_due == TAG_NOT_DUE && f->tag_seen != PRESENT)
		return f->tag_open ? NOT_OBSERVED : ABSENT;
	return f->tag_seen;
}

static bool tag_matters(const struct facts *f)
{
	return f->tag_due != TAG_NOT_DUE || tag_seen(f) != ABSENT;
}

enum seen tag_state_read(const struct asked *a, struct value *v)
{
	const struct facts *f = a->e->facts;
	return tag_matters(f) ? value_word(v, tag_state_words[f->tag_seen]) : ABSENT;
}

enum seen tag_header_read(const struct asked *a, struct value *v)
{
	const char *name = a->e->facts->tag_header;
	return name != NULL ? value_word(v, name) : ABSENT;
}

enum seen tag_read(const struct asked *a, struct value *v)
{
	const struct facts *f = a->e->facts;
	if (f->tag_seen == PRESENT)
		return value_text(v, f->tag);
	return tag_seen(f);
}

enum seen tag_damage_read(const struct asked *a, struct value *v)
{
	const struct facts *f = a->e->facts;
	return f->damage_seen == PRESENT ? value_word(v, tag_damage_words[f->damage - 1]) :
					   f->damage_seen;
}

enum seen rows_untagged_read(const struct asked *a, struct value *v)
{
	const struct facts *f = a->e->facts;
	return f->rows_seen == PRESENT ? value_count(v, f->rows_untagged) : f->rows_seen;
}

enum seen row_untagged_read(const struct asked *a, struct value *v)
{
	const struct facts *f = a->e->facts;
	return f->rows_seen == PRESENT ? value_text_or(v, f->row_untagged, ABSENT) : f->rows_seen;
}

/* ---- XML bodies ---- */

/* What to say of something that the body does not show. */
static enum seen dav_missing(const struct message *m)
{
	const struct body *b = &m->body;
	if (!m->seen || !m->head_complete)
		return NOT_OBSERVED;
	if (b->dav != NULL)
		return b->dav->whole ? ABSENT : NOT_OBSERVED;
	if (b->bytes == 0 && b->complete)
		return ABSENT;
	return b->kind == BODY_XML || b->kind == BODY_NONE ? NOT_OBSERVED : ABSENT;
}

static const struct dav *request_dav(const struct event *e)
{
	return e->txn->req.body.dav;
}

static const struct dav *answer_dav(const struct event *e)
{
	return e->txn->res.body.dav;
}

static enum seen dav_text(const struct message *m, struct slice text, struct value *v)
{
	return value_text_or(v, text, dav_missing(m));
}

enum seen root_read(const struct asked *a, struct value *v)
{
	const struct message *m = asked_message(a);
	const struct dav *dav = m->body.dav;
	return dav_text(m, dav != NULL ? dav->root.local : (struct slice){ 0 }, v);
}

enum seen root_ns_read(const struct asked *a, struct value *v)
{
	const struct message *m = asked_message(a);
	const struct dav *dav = m->body.dav;
	if (dav != NULL && dav->root.local.n != 0)
		return value_text_or(v, dav->root.ns, ABSENT);
	return dav_missing(m);
}

enum seen sync_token_read(const struct asked *a, struct value *v)
{
	const struct message *m = asked_message(a);
	const struct dav *dav = m->body.dav;
	return dav_text(m, dav != NULL ? dav->sync_token : (struct slice){ 0 }, v);
}

enum seen sync_level_read(const struct asked *a, struct value *v)
{
	const struct message *m = asked_message(a);
	const struct dav *dav = m->body.dav;
	return dav_text(m, dav != NULL ? dav->sync_level : (struct slice){ 0 }, v);
}

enum seen collblob_read(const struct asked *a, struct value *v)
{
	const struct message *m = asked_message(a);
	const struct dav *dav = m->body.dav;
	return dav_text(m, dav != NULL ? dav->collblob : (struct slice){ 0 }, v);
}

enum seen request_href_read(const struct asked *a, struct value *v)
{
	const struct dav *dav = request_dav(a->e);
	if (dav != NULL && a->nth < dav->n_hrefs)
		return value_text(v, dav->hrefs[a->nth]);
	return dav_missing(&a->e->txn->req);
}

size_t request_props_count(const struct event *e, bool *complete)
{
	const struct dav *dav = request_dav(e);
	*complete = dav_missing(&e->txn->req) == ABSENT;
	return dav != NULL ? dav->n_props : 0;
}

static const struct dav_prop *request_prop(const struct asked *a)
{
	const struct dav *dav = request_dav(a->e);
	return dav != NULL && a->element < dav->n_props ? &dav->props[a->element] : NULL;
}

/* A text that was there but is not kept is not observed. */
static enum seen prop_value(const struct dav_prop *prop, struct value *v)
{
	return value_text_or(v, prop->value, prop->bytes != 0 ? NOT_OBSERVED : ABSENT);
}

enum seen request_prop_ns_read(const struct asked *a, struct value *v)
{
	const struct dav_prop *prop = request_prop(a);
	return prop != NULL ? value_text_or(v, prop->name.ns, ABSENT) : ABSENT;
}

enum seen request_prop_name_read(const struct asked *a, struct value *v)
{
	const struct dav_prop *prop = request_prop(a);
	return prop != NULL ? value_text(v, prop->name.local) : ABSENT;
}

enum seen request_prop_value_read(const struct asked *a, struct value *v)
{
	const struct dav_prop *prop = request_prop(a);
	return prop != NULL ? prop_value(prop, v) : ABSENT;
}

enum seen request_prop_bytes_read(const struct asked *a, struct value *v)
{
	const struct dav_prop *prop = request_prop(a);
	return prop != NULL && prop->bytes != 0 ? value_count(v, prop->bytes) : ABSENT;
}

enum seen responses_read(const struct asked *a, struct value *v)
{
	const struct dav *dav = answer_dav(a->e);
	if (dav != NULL && dav->responses_seen != 0)
		return value_count(v, dav->responses_seen);
	return dav_missing(&a->e->txn->res);
}

size_t errors_count(const struct event *e, bool *complete)
{
	const struct dav *dav = answer_dav(e);
	*complete = dav_missing(&e->txn->res) == ABSENT;
	return dav != NULL ? dav->n_errors : 0;
}

static const struct dav_name *answer_error(const struct asked *a)
{
	const struct dav *dav = answer_dav(a->e);
	return dav != NULL && a->element < dav->n_errors ? &dav->errors[a->element] : NULL;
}

enum seen error_ns_read(const struct asked *a, struct value *v)
{
	const struct dav_name *name = answer_error(a);
	return name != NULL ? value_text_or(v, name->ns, ABSENT) : ABSENT;
}

enum seen error_name_read(const struct asked *a, struct value *v)
{
	const struct dav_name *name = answer_error(a);
	return name != NULL ? value_text(v, name->local) : ABSENT;
}

size_t responses_count(const struct event *e, bool *complete)
{
	const struct dav *dav = answer_dav(e);
	*complete = dav_missing(&e->txn->res) == ABSENT;
	return dav != NULL ? dav->n_responses : 0;
}

static const struct dav_response *answer_response(const struct asked *a)
{
	const struct dav *dav = answer_dav(a->e);
	return dav != NULL && a->element < dav->n_responses ? &dav->responses[a->element] : NULL;
}

enum seen response_href_read(const struct asked *a, struct value *v)
{
	const struct dav_response *r = answer_response(a);
	return r != NULL ? value_text_or(v, r->href, ABSENT) : ABSENT;
}

enum seen response_status_read(const struct asked *a, struct value *v)
{
	const struct dav_response *r = answer_response(a);
	return r != NULL && r->status != 0 ? value_number(v, r->status) : ABSENT;
}

enum seen changetype_read(const struct asked *a, struct value *v)
{
	const struct dav_response *r = answer_response(a);
	return r != NULL ? value_text_or(v, r->changetype, ABSENT) : ABSENT;
}

enum seen response_error_ns_read(const struct asked *a, struct value *v)
{
	const struct dav_response *r = answer_response(a);
	return r != NULL ? value_text_or(v, r->error.ns, ABSENT) : ABSENT;
}

enum seen response_error_read(const struct asked *a, struct value *v)
{
	const struct dav_response *r = answer_response(a);
	return r != NULL ? value_text_or(v, r->error.local, ABSENT) : ABSENT;
}

size_t props_count(const struct event *e, bool *complete)
{
	const struct dav *dav = answer_dav(e);
	bool indexed = dav == NULL || dav->n_responses == 0 || e->facts->prop_start != NULL;
	*complete = indexed && dav_missing(&e->txn->res) == ABSENT;
	return e->facts->n_props;
}

/* The response that holds property number `element` of all: the last one that starts at or before it. */
static const struct dav_response *prop_holder(const struct asked *a, size_t *first)
{
	const size_t *start = a->e->facts->prop_start;
	size_t low = 0, high = answer_dav(a->e)->n_responses;
	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;
		if (start[middle] <= a->element)
			low = middle;
		else
			high = middle;
	}
	*first = start[low];
	return &answer_dav(a->e)->responses[low];
}

static const struct dav_prop *answer_prop(const struct asked *a)
{
	size_t first;
	if (a->e->facts->prop_start == NULL || a->element >= a->e->facts->n_props)
		return NULL;
	const struct dav_response *holder = prop_holder(a, &first);
	return &holder->props[a->element - first];
}

enum seen prop_href_read(const struct asked *a, struct value *v)
{
	size_t first;
	if (answer_prop(a) == NULL)
		return ABSENT;
	return value_text_or(v, prop_holder(a, &first)->href, ABSENT);
}

enum seen prop_ns_read(const struct asked *a, struct value *v)
{
	const struct dav_prop *prop = answer_prop(a);
	return prop != NULL ? value_text_or(v, prop->name.ns, ABSENT) : ABSENT;
}

enum seen prop_name_read(const struct asked *a, struct value *v)
{
	const struct dav_prop *prop = answer_prop(a);
	return prop != NULL ? value_text(v, prop->name.local) : ABSENT;
}

enum seen prop_status_read(const struct asked *a, struct value *v)
{
	const struct dav_prop *prop = answer_prop(a);
	return prop != NULL && prop->status != 0 ? value_number(v, prop->status) : ABSENT;
}

enum seen prop_value_read(const struct asked *a, struct value *v)
{
	const struct dav_prop *prop = answer_prop(a);
	return prop != NULL ? prop_value(prop, v) : ABSENT;
}

enum seen prop_bytes_read(const struct asked *a, struct value *v)
{
	const struct dav_prop *prop = answer_prop(a);
	return prop != NULL && prop->bytes != 0 ? value_count(v, prop->bytes) : ABSENT;
}
