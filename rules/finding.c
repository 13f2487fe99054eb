/*
 * finding.c - how a finding is made: whether it may be told at all, the packets it rests on, its text,
 * its id, and who hears of it.
 */
#include "rules/state.h"
#include "rules/writer.h"

#include <stdlib.h>
#include <string.h>

enum {
	MESSAGE_ROOM = 4096,
	KEY_ROOM = 4 * KEY_VALUE_MAX + 16,
	FIELDS_MAX = 64,
	FIELD_ROOM = 1024,
	ID_DIGITS = 12,
	ID_BITS = 4 * ID_DIGITS,
};

struct draft {
	struct finding finding;
	struct event event;
	struct named_text keys[KEYS_MAX], steps[STEPS_MAX], fields[FIELDS_MAX];
	char key_text[KEYS_MAX][KEY_ROOM];
	char message[MESSAGE_ROOM], field_text[FIELDS_MAX][FIELD_ROOM];
	char id[2 + ID_DIGITS];
	struct stamp *evidence;
	size_t *runs;
	size_t n_evidence, room;
	struct stamp first; /* packet of the first event, with its event_mark() */
	uint32_t mark;
	bool started, cut; /* cut: no memory for all packets */
};

void draft_free(struct draft *d)
{
	if (d == NULL)
		return;
	free(d->evidence);
	free(d->runs);
	free(d);
}

/* ---- may it be told ---- */

int64_t suppressed_until(struct rules *r, const struct rule_state *s)
{
	int64_t until = NEVER;
	for (size_t i = 0; i < s->rule->n_suppressions; i++) {
		const struct suppression *x = s->rule->suppressions[i];
		bool applies = x->where == NULL || eval_condition(r->eval, x->where) == TRUE;
		if (applies && x->until_ns > until)
			until = x->until_ns;
	}
	return until;
}

bool rule_excepts(struct rules *r, struct rule_state *s)
{
	for (size_t i = 0; i < s->rule->n_except; i++) {
		if (eval_condition(r->eval, s->rule->except[i]) != TRUE)
			continue;
		s->counts.excepted++;
		return true;
	}
	return false;
}

/*
 * What is not proven is bounded by itself: it must not use up the limit of what is. A later state of
 * a finding that was told is told as well, whatever the limit.
 */
static bool finding_allowed(struct rules *r, struct rule_state *s, const struct occasion *o,
    uint64_t *kept_back)
{
	if (o->suppressed_until != NEVER && o->moment.now <= o->suppressed_until) {
		s->counts.suppressed++;
		return false;
	}
	if (o->outcome != CONCLUSIVE) {
		s->counts.inconclusive[o->outcome - 1]++;
		return s->records++ < r->options.limits->rule_inconclusive;
	}
	if (o->id == 0 && !limiter_pass(r, s, o, kept_back)) {
		s->counts.limited++;
		return false;
	}
	s->counts.findings += o->update == 0;
	return true;
}

/* ---- what it rests on ---- */

static bool evidence_reserve(struct draft *d)
{
	if (d->n_evidence < d->room)
		return true;
	size_t room = d->room == 0 ? 64 : d->room * 2;
	struct stamp *evidence = realloc(d->evidence, room * sizeof(*evidence));
	if (evidence != NULL)
		d->evidence = evidence;
	size_t *runs = realloc(d->runs, room * sizeof(*runs));
	if (runs != NULL)
		d->runs = runs;
	if (evidence == NULL || runs == NULL)
		return false;
	d->room = room;
	return true;
}

static void evidence_add(struct draft *d, struct stamp at)
{
	if (evidence_reserve(d))
		d->evidence[d->n_evidence++] = at;
	else
		d->cut = true;
}

static void event_counts(struct draft *d, struct stamp first, uint32_t mark)
{
	if (d->started)
		return;
	d->first = first;
	d->mark = mark;
	d->started = true;
}

void draft_event(struct draft *d, const struct event *e)
{
	struct stamp few[EVENT_PACKETS];
	const struct stamp *at = few;
	size_t n = 0;
	if (e->mock == NULL && e->kind == EVENT_FINDING) {
		at = e->finding->evidence;
		n = e->finding->n_evidence;
	} else {
		n = event_packets(e, few);
	}
	event_counts(d, n != 0 ? at[0] : (struct stamp){ 0 }, event_mark(e));
	for (size_t i = 0; i < n; i++)
		evidence_add(d, at[i]);
}

void draft_witness(struct draft *d, const struct witness *w)
{
	event_counts(d, w->n_packets != 0 ? witness_packet(w, 0) : (struct stamp){ 0 }, w->mark);
	for (size_t i = 0; i < w->n_packets; i++)
		evidence_add(d, witness_packet(w, i));
}

void draft_step(struct draft *d, const char *name, const struct witness *w)
{
	struct finding *f = &d->finding;
	if (f->n_steps < STEPS_MAX)
		d->steps[f->n_steps++] = (struct named_text){ slice_from(name), witness_id(w) };
}

static int by_order(const void *a, const void *b)
{
	const struct stamp *x = a, *y = b;
	return (x->order > y->order) - (x->order < y->order);
}

static void evidence_close(struct draft *d)
{
	struct finding *f = &d->finding;
	size_t n = 0;
	if (d->n_evidence != 0)
		qsort(d->evidence, d->n_evidence, sizeof(*d->evidence), by_order);
	for (size_t i = 0; i < d->n_evidence; i++) {
		if (n != 0 && d->evidence[n - 1].order == d->evidence[i].order)
			continue;
		if (n == 0 || d->evidence[n - 1].input != d->evidence[i].input)
			d->runs[f->n_runs++] = n;
		d->evidence[n++] = d->evidence[i];
	}
	f->evidence = d->evidence;
	f->n_evidence = n;
	f->runs = d->runs;
}

/* ---- its words ---- */

static struct slice text_slice(const char *text, size_t n)
{
	return (struct slice){ (const uint8_t *)text, n };
}

static const struct key_spec *keys_of(const struct loaded_rule *rule)
{
	return rule->shape == SHAPE_SEQUENCE ? &rule->sequence.by : &rule->window.by;
}

static void draft_keys(struct draft *d, const struct key_spec *by, const struct key *key)
{
	for (size_t i = 0; i < by->n; i++) {
		struct named_text *k = &d->keys[i];
		size_t n = 0;
		if (!key_print(key, i, d->key_text[i], KEY_ROOM, &n))
			return;
		k->name = slice_from(by->names[i]);
		k->text = text_slice(d->key_text[i], n);
		d->finding.n_keys++;
	}
}

static void field_line(struct draft *d, const char *name, struct slice text)
{
	struct finding *f = &d->finding;
	if (f->n_fields < FIELDS_MAX)
		d->fields[f->n_fields++] = (struct named_text){ slice_from(name), text };
}

/* A line a value; "?" when there may be more. */
static void field_values(struct draft *d, const struct field_ref *ref, const char *name,
    const struct event *e, size_t element)
{
	struct finding *f = &d->finding;
	struct value v = { .number = 0 };
	enum seen seen;
	for (size_t nth = 0; f->n_fields < FIELDS_MAX; nth++) {
		seen = field_read(ref, e, element, nth, &v);
		if (seen == NOT_OBSERVED)
			field_line(d, name, SLICE("?"));
		if (seen != PRESENT)
			return;
		char *room = d->field_text[f->n_fields];
		field_line(d, name,
		    text_slice(room, value_print(ref->field, &v, room, FIELD_ROOM)));
	}
}

/* An entry of a map says its name: "Content-Length: 0". */
static void field_entry_line(struct draft *d, const char *name, struct slice key, struct slice text)
{
	size_t n = d->finding.n_fields;
	struct writer w;
	if (n == FIELDS_MAX)
		return;
	writer_init(&w, d->field_text[n], FIELD_ROOM);
	writer_wire(&w, key);
	writer_text(&w, SLICE(": "));
	writer_wire(&w, text);
	field_line(d, name, text_slice(d->field_text[n], w.n));
}

/* False: it is no map, or a mock's. */
static bool field_entries(struct draft *d, const struct field_ref *ref, const char *name,
    const struct event *e)
{
	struct slice key;
	struct value v;
	size_t i = 0;
	if (ref->header.n != 0 ||
	    (ref->field->type != FIELD_HEADERS && ref->field->type != FIELD_MAP))
		return false;
	if (ref->field->type == FIELD_MAP) {
		for (; field_entry(ref->field, e, i, &key, &v); i++)
			field_entry_line(d, name, key, v.text);
		return i != 0;
	}
	bool complete;
	const struct message *m = field_headers(ref->field, e, &complete);
	for (; m != NULL && i < m->n_headers; i++)
		field_entry_line(d, name, m->headers[i].name, m->headers[i].value);
	if (m != NULL && !complete)
		field_line(d, name, SLICE("?"));
	return m != NULL;
}

static void draft_fields(struct draft *d, const struct loaded_rule *rule, const struct event *e)
{
	for (size_t i = 0; e != NULL && i < rule->n_carried; i++) {
		const struct field_ref *ref = &rule->carried[i];
		const struct field *group = field_group(ref->field);
		bool complete = true;
		if (field_entries(d, ref, rule->carried_names[i], e))
			continue;
		size_t n = group == NULL ? 1 : field_elements(group, e, &complete);
		for (size_t k = 0; k < n && d->finding.n_fields < FIELDS_MAX; k++)
			field_values(d, ref, rule->carried_names[i], e, k);
		if (!complete)
			field_line(d, rule->carried_names[i], SLICE("?"));
	}
}

static void draft_message(struct draft *d, const struct loaded_rule *rule, const struct occasion *o)
{
	const struct template_values values = { .event = o->event,
		.keys = d->keys,
		.n_keys = d->finding.n_keys,
		.count = o->count,
		.distinct = o->distinct,
		.span_ns = ns_sub(o->last_ns, o->first_ns) };
	size_t n = template_render(rule->output, &values, d->message, MESSAGE_ROOM);
	d->finding.message = text_slice(d->message, n);
}

/* Most engines of tests never find anything. NULL: no memory. */
static struct draft *draft_of(struct rules *r)
{
	struct draft **d = &r->drafts[r->depth];
	if (*d == NULL && (*d = malloc(sizeof(**d))) != NULL) {
		(*d)->evidence = NULL;
		(*d)->runs = NULL;
		(*d)->room = 0;
	}
	return *d;
}

enum severity occasion_severity(struct rules *r, const struct rule_state *s,
    const struct occasion *o)
{
	const struct condition *escalate = o->event != NULL ? s->rule->escalate : NULL;
	bool worse = escalate != NULL && eval_condition(r->eval, escalate) == TRUE;
	enum severity severity = worse ? s->rule->public.worst : s->rule->public.severity;
	return severity > o->least ? severity : o->least;
}

struct draft *draft_begin(struct rules *r, struct rule_state *s, const struct occasion *o)
{
	uint64_t kept_back = 0;
	if (!finding_allowed(r, s, o, &kept_back))
		return NULL;
	struct draft *d = draft_of(r);
	if (d == NULL) {
		s->counts.evicted++;
		return NULL;
	}
	d->finding = (struct finding){ .rule = &s->rule->public,
		.severity = occasion_severity(r, s, o),
		.outcome = o->outcome,
		.update = o->update,
		.keys = d->keys,
		.steps = d->steps,
		.fields = d->fields,
		.count = o->count,
		.first_ns = o->first_ns,
		.last_ns = o->last_ns,
		.suppressed = kept_back };
	d->n_evidence = 0;
	d->started = d->cut = false;
	if (o->key != NULL)
		draft_keys(d, keys_of(s->rule), o->key);
	draft_fields(d, s->rule, o->event);
	draft_message(d, s->rule, o);
	return d;
}

/* ---- its id ---- */

static uint64_t hash_of(struct slice s)
{
	return hash_fixed(s.p, s.n);
}

/* Of the first event it rests on. Where there is no packet its time stands for it. 0 is no id. */
static uint64_t id_make(const struct rules *r, const struct draft *d, const struct occasion *o)
{
	const struct finding *f = &d->finding;
	bool packets = d->first.frame != 0;
	uint16_t input = packets ? d->first.input : o->at.input;
	uint64_t (*content)(void *, uint16_t) = r->options.content_hash;
	const uint64_t parts[] = { hash_of(slice_from(f->rule->id)), f->rule->rev,
		o->key != NULL ? hash_of(key_bytes(o->key)) : 0,
		packets ? d->first.frame : (uint64_t)f->first_ns,
		content != NULL ? content(r->options.content_ctx, input) : 0, d->mark };
	uint64_t id = numbers_hash(parts, sizeof(parts) / sizeof(parts[0])) >> (64 - ID_BITS);
	return id != 0 ? id : 1;
}

static struct slice id_text(struct draft *d)
{
	d->id[0] = 'f';
	d->id[1] = '-';
	for (unsigned i = 0; i < ID_DIGITS; i++)
		d->id[2 + i] = "0123456789abcdef"[d->finding.id >> (ID_BITS - 4 - 4 * i) & 15];
	return text_slice(d->id, sizeof(d->id));
}

/* ---- who hears of it ---- */

/* Rules about findings hear of it, unless one of them made it: there is no loop. */
static void draft_offer(struct rules *r, const struct rule_state *s, const struct event *finding,
    const struct occasion *o)
{
	if (s->rule->kinds & 1u << EVENT_FINDING || r->audiences[EVENT_FINDING].n == 0)
		return;
	r->depth++;
	rules_dispatch(r, finding, o->moment);
	r->depth--;
	if (o->event != NULL)
		eval_event(r->eval, o->event);
}

uint64_t draft_send(struct rules *r, struct rule_state *s, struct draft *d,
    const struct occasion *o)
{
	evidence_close(d);
	s->counts.evicted += d->cut;
	d->finding.state_evicted = s->counts.evicted != 0;
	d->finding.id = o->id != 0 ? o->id : id_make(r, d, o);
	d->event = (struct event){ .kind = EVENT_FINDING,
		.at = o->at,
		.id = id_text(d),
		.input_names = r->options.input_names,
		.n_inputs = r->options.n_inputs,
		.finding = &d->finding };
	uint64_t id = d->finding.id;
	r->sink.finding(r->sink.ctx, &d->event, o->event);
	draft_offer(r, s, &d->event, o);
	return id;
}
