/*
 * findings.c - findings kept until the end, each in its last state. There is a bound: when it is
 * reached the less severe give way to the graver, so that no flood of trifles hides the one.
 */
#include "report/findings.h"

#include <stdlib.h>
#include <string.h>

enum { BUCKETS = 4096, RULE_BUCKETS = 256, TEXTS = 7 };

/* What is told of a rule at the end, when its set may have given way to another one. */
struct copied {
	struct copied *next; /* in its bucket */
	struct rule rule;
	struct reference reference;
	char text[];
};

struct findings {
	const struct limits *limits;
	struct copied *rules[RULE_BUCKETS]; /* by id; each as often as it changed */
	struct kept *buckets[BUCKETS]; /* by id */
	struct kept *newest[SEVERITIES];
	struct lineages *lineages;
	uint64_t n_kept, places, unlined;
	struct tally lost; /* those that are not kept */
};

/* ---- keeping ---- */

struct findings *findings_new(const struct limits *limits)
{
	struct findings *f = calloc(1, sizeof *f);
	struct lineages *lineages = lineages_new(limits);
	if (f == NULL || lineages == NULL) {
		lineages_free(lineages);
		free(f);
		return NULL;
	}
	f->limits = limits;
	f->lineages = lineages;
	return f;
}

static void kept_free(struct kept *k)
{
	free((void *)k->message.p);
	free((void *)k->fields.p);
	free(k);
}

void findings_free(struct findings *f)
{
	for (size_t i = 0; f != NULL && i < SEVERITIES; i++) {
		while (f->newest[i] != NULL) {
			struct kept *k = f->newest[i];
			f->newest[i] = k->older;
			kept_free(k);
		}
	}
	for (size_t i = 0; f != NULL && i < RULE_BUCKETS; i++) {
		while (f->rules[i] != NULL) {
			struct copied *c = f->rules[i];
			f->rules[i] = c->next;
			free(c);
		}
	}
	if (f != NULL)
		lineages_free(f->lineages);
	free(f);
}

/* ---- their rules ---- */

static void rule_texts(const struct rule *rule, const char *out[TEXTS])
{
	const struct reference none = { NULL, NULL, NULL };
	const struct reference *r = rule->n_references != 0 ? &rule->references[0] : &none;
	const char *const texts[TEXTS] = { rule->id, rule->title, rule->code, rule->remedy, r->url,
		r->title, r->kb };
	memcpy(out, texts, sizeof texts);
}

static bool same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool same_rule(const struct rule *a, const struct rule *b)
{
	const char *left[TEXTS], *right[TEXTS];
	rule_texts(a, left);
	rule_texts(b, right);
	bool same = a->severity == b->severity;
	for (size_t i = 0; same && i < TEXTS; i++)
		same = same_text(left[i], right[i]);
	return same;
}

/* NULL: out of memory. */
static struct copied *rule_copy(const struct rule *rule)
{
	const char *texts[TEXTS];
	size_t sizes[TEXTS], n = 0;
	rule_texts(rule, texts);
	for (size_t i = 0; i < TEXTS; i++)
		n += sizes[i] = texts[i] != NULL ? strlen(texts[i]) + 1 : 0;
	struct copied *c = malloc(sizeof *c + n);
	if (c == NULL)
		return NULL;
	char *free_at = c->text;
	for (size_t i = 0; i < TEXTS; i++) {
		if (texts[i] != NULL)
			texts[i] = memcpy(free_at, texts[i], sizes[i]);
		free_at += sizes[i];
	}
	c->rule = (struct rule){
		.id = texts[0],
		.title = texts[1],
		.code = texts[2],
		.remedy = texts[3],
		.severity = rule->severity,
		.references = &c->reference,
		.n_references = rule->n_references != 0,
	};
	c->reference = (struct reference){ texts[4], texts[5], texts[6] };
	return c;
}

static const struct rule *rule_keep(struct findings *f, const struct rule *rule)
{
	struct copied **place = &f->rules[hash_fixed(rule->id, strlen(rule->id)) % RULE_BUCKETS];
	for (; *place != NULL; place = &(*place)->next)
		if (same_rule(&(*place)->rule, rule))
			return &(*place)->rule;
	*place = rule_copy(rule);
	if (*place == NULL)
		return NULL;
	(*place)->next = NULL;
	return &(*place)->rule;
}

/* ---- places ---- */

static struct kept **bucket_place(struct findings *f, uint64_t id)
{
	struct kept **place = &f->buckets[id % BUCKETS];
	while (*place != NULL && (*place)->id != id)
		place = &(*place)->next;
	return place;
}

static void tally_add(struct tally *t, enum severity severity, enum outcome outcome)
{
	if (outcome == CONCLUSIVE)
		t->severities[severity]++;
	else
		t->outcomes[outcome]++;
}

static void count_lost(struct findings *f, enum severity severity, enum outcome outcome)
{
	tally_add(&f->lost, severity, outcome);
	f->lost.lost++;
}

static void severity_enter(struct findings *f, struct kept *k, enum severity severity)
{
	struct kept *before = f->newest[severity];
	k->severity = severity;
	k->older = before;
	k->newer = NULL;
	if (before != NULL)
		before->newer = k;
	f->newest[severity] = k;
}

static void severity_leave(struct findings *f, struct kept *k)
{
	if (k->newer != NULL)
		k->newer->older = k->older;
	else
		f->newest[k->severity] = k->older;
	if (k->older != NULL)
		k->older->newer = k->newer;
}

/* The newest of the least severe ones gives way, if it is less severe than what comes. */
static bool make_room(struct findings *f, enum severity coming)
{
	if (f->n_kept < f->limits->findings_kept)
		return true;
	for (size_t i = 0; i < coming; i++) {
		struct kept *k = f->newest[i];
		if (k == NULL)
			continue;
		severity_leave(f, k);
		*bucket_place(f, k->id) = k->next;
		count_lost(f, k->severity, k->outcome);
		kept_free(k);
		f->n_kept--;
		return true;
	}
	return false;
}

static struct kept *kept_new(struct findings *f, const struct finding *finding)
{
	const struct rule *rule = rule_keep(f, finding->rule);
	bool room = rule != NULL && make_room(f, finding->severity);
	struct kept *k = room ? calloc(1, sizeof *k) : NULL;
	if (k == NULL)
		return NULL;
	k->id = finding->id;
	k->rule = rule;
	k->place = f->places++;
	severity_enter(f, k, finding->severity);
	*bucket_place(f, k->id) = k;
	f->n_kept++;
	return k;
}

/* Without memory the message before it stays. */
static void keep_message(struct kept *k, struct slice message, uint64_t most)
{
	struct slice part = slice_part(message, 0, most < message.n ? (size_t)most : message.n);
	uint8_t *copy = malloc(part.n + 1);
	if (copy == NULL)
		return;
	if (part.n != 0)
		memcpy(copy, part.p, part.n);
	free((void *)k->message.p);
	k->message.p = copy;
	k->message.n = part.n;
	k->cut = part.n < message.n;
}

static size_t field_put(uint8_t *out, size_t room, const struct named_text *field)
{
	const struct slice parts[] = { field->name, SLICE(" = "), field->text, SLICE("\n") };
	size_t n = 0;
	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
		if (parts[i].n > room - n)
			return 0;
		if (parts[i].n != 0)
			memcpy(out + n, parts[i].p, parts[i].n);
		n += parts[i].n;
	}
	return n;
}

/* Lines are kept whole, as many as there is room for. */
static void keep_fields(struct kept *k, const struct finding *finding, size_t most)
{
	size_t room = 0, n = 0, line = 1;
	for (size_t i = 0; i < finding->n_fields; i++)
		room += finding->fields[i].name.n + finding->fields[i].text.n + sizeof " = ";
	if (room > most)
		room = most;
	uint8_t *copy = room != 0 ? malloc(room) : NULL;
	for (size_t i = 0; copy != NULL && line != 0 && i < finding->n_fields; i++) {
		line = field_put(copy + n, room - n, &finding->fields[i]);
		n += line;
	}
	free((void *)k->fields.p);
	k->fields.p = copy;
	k->fields.n = n;
	k->fields_cut = finding->n_fields != 0 && (copy == NULL || line == 0);
}

static void keep_state(struct findings *f, struct kept *k, const struct event *event)
{
	const struct finding *finding = event->finding;
	size_t n = finding->n_evidence < FINDING_FRAMES ? finding->n_evidence : FINDING_FRAMES;
	keep_message(k, finding->message, f->limits->out_field);
	keep_fields(k, finding, (size_t)f->limits->out_field);
	if (n != 0)
		memcpy(k->frames, finding->evidence, n * sizeof *k->frames);
	if (k->severity != finding->severity) {
		severity_leave(f, k);
		severity_enter(f, k, finding->severity);
	}
	k->n_evidence = finding->n_evidence;
	k->update = finding->update;
	k->outcome = finding->outcome;
	k->at_ns = event->at.ns;
	k->suppressed += finding->suppressed;
	k->evicted = k->evicted || finding->state_evicted;
}

/* Of what is only information nobody wants the whole life. */
static void keep_matter(struct findings *f, struct kept *k, const struct event *cause)
{
	if (cause == NULL || cause->kind != EVENT_ITEM || cause->matter == NULL ||
	    k->severity == SEVERITY_INFO)
		return;
	const struct matter *m = cause->matter;
	struct lineage *lineage = lineages_take(f->lineages, m);
	if (lineage != NULL)
		k->lineage = lineage;
	else if (k->lineage == NULL)
		f->unlined += k->update == 0;
	if (m->certainty > k->certainty)
		k->certainty = m->certainty;
	k->in_part = m->in_part;
	k->cause = m->cause;
	k->copies = m->copies;
}

void findings_add(struct findings *f, const struct event *event, const struct event *cause)
{
	const struct finding *finding = event->finding;
	struct kept *k = *bucket_place(f, finding->id);
	if (k != NULL && finding->update <= k->update)
		return;
	if (finding->outcome == INCONCLUSIVE_EOF || finding->outcome == INCONCLUSIVE_LOSS) {
		f->lost.outcomes[finding->outcome] += finding->update == 0;
		return;
	}
	if (k == NULL && finding->update != 0)
		return; /* it was counted when it was lost */
	if (k == NULL)
		k = kept_new(f, finding);
	if (k == NULL) {
		count_lost(f, finding->severity, finding->outcome);
		return;
	}
	keep_state(f, k, event);
	keep_matter(f, k, cause);
}

uint64_t findings_unlined(const struct findings *f)
{
	return f->unlined;
}

struct tally findings_tally(const struct findings *f)
{
	struct tally t = f->lost;
	for (size_t i = 0; i < SEVERITIES; i++)
		for (const struct kept *k = f->newest[i]; k != NULL; k = k->older)
			tally_add(&t, k->severity, k->outcome);
	return t;
}

/* ---- order ---- */

/* The gravest first, then by name; of one rule what is proven, then in the order they came. */
static int kept_compare(const void *left, const void *right)
{
	const struct kept *a = *(const struct kept *const *)left;
	const struct kept *b = *(const struct kept *const *)right;
	if (a->severity != b->severity)
		return a->severity > b->severity ? -1 : 1;
	int order = strcmp(a->rule->id, b->rule->id);
	if (order != 0)
		return order;
	if (a->outcome != b->outcome)
		return a->outcome < b->outcome ? -1 : 1;
	return a->place < b->place ? -1 : 1;
}

const struct kept **findings_sorted(const struct findings *f, size_t *n)
{
	const struct kept **list = calloc((size_t)f->n_kept + 1, sizeof *list);
	*n = 0;
	if (list == NULL)
		return NULL;
	for (size_t i = 0; i < SEVERITIES; i++)
		for (const struct kept *k = f->newest[i]; k != NULL; k = k->older)
			list[(*n)++] = k;
	qsort(list, *n, sizeof *list, kept_compare);
	return list;
}
