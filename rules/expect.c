/*
 * expect.c - what must be found in one capture: reads NAME.expect.yaml, takes the findings of the run
 * over the capture, and says what was not as expected.
 */
#include "rules/tally.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_MAX = 1 << 20, MEMORY_MAX = 16 << 20, DEPTH_MAX = 32, NAME_MAX_TEXT = 120 };

struct expect {
	char *path;
	struct arena *arena;
	struct tally tally;
	bool others; /* `others: ignore` */
	bool counts_inconclusive;
	uint64_t inconclusive;
	size_t line; /* of `findings` */
};

/* ---- the file ---- */

static bool read_all(int fd, struct arena *arena, size_t n, struct slice *out)
{
	uint8_t *p = arena_alloc(arena, n + 1);
	if (p == NULL)
		return false;
	size_t have = 0;
	while (have < n) {
		ssize_t got = read(fd, p + have, n - have);
		if (got <= 0)
			break;
		have += (size_t)got;
	}
	*out = (struct slice){ p, have };
	return true;
}

static bool read_file(const char *path, struct arena *arena, struct slice *out, struct error *e)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st) != 0) {
		error_set(e, "%s: %s", path, strerror(errno));
	} else if (!S_ISREG(st.st_mode)) {
		error_set(e, "%s: is no regular file", path);
	} else if (st.st_size > FILE_MAX) {
		error_set(e, "%s: larger than 1 MiB", path);
	} else if (!read_all(fd, arena, (size_t)st.st_size, out)) {
		error_set(e, "%s: out of memory", path);
	} else {
		close(fd);
		return true;
	}
	if (fd >= 0)
		close(fd);
	return false;
}

/* ---- what it says ---- */

static bool refuse(struct fault *fault, const struct yaml *at, const char *text)
{
	fault->at = at->start;
	return error_set(&fault->why, "%s", text);
}

static bool read_others(struct expect *x, const struct yaml *node, struct fault *fault)
{
	x->others = slice_is(node->text, "ignore");
	if (node->kind == YAML_SCALAR && (x->others || slice_is(node->text, "none")))
		return true;
	return refuse(fault, node, "others is none or ignore");
}

static bool read_inconclusive(struct expect *x, const struct yaml *node, struct fault *fault)
{
	x->counts_inconclusive = true;
	if (node->kind == YAML_SCALAR && slice_to_u64(node->text, &x->inconclusive))
		return true;
	return refuse(fault, node, "a whole number is wanted here");
}

static bool read_findings(struct expect *x, const struct yaml *node, struct fault *fault)
{
	const struct wanted *wanted = NULL;
	size_t n = 0;
	x->line = node->key->start.line;
	if (!wanted_read(x->arena, node, true, &wanted, &n, fault))
		return false;
	tally_init(&x->tally, wanted, n);
	return true;
}

static bool read_key(struct expect *x, const struct yaml *m, struct fault *fault)
{
	struct slice key = m->key->text;
	if (slice_is(key, "davscope_expect"))
		return slice_is(m->text, "1") || refuse(fault, m, "only format 1 is known");
	if (slice_is(key, "findings"))
		return read_findings(x, m, fault);
	if (slice_is(key, "others"))
		return read_others(x, m, fault);
	if (slice_is(key, "expect_inconclusive"))
		return read_inconclusive(x, m, fault);
	return refuse(fault, m->key,
	    "the keys are davscope_expect, findings, others and expect_inconclusive");
}

static bool read_root(struct expect *x, const struct yaml *root, struct fault *fault)
{
	if (root->kind != YAML_MAP || yaml_get(root, "davscope_expect") == NULL)
		return refuse(fault, root, "the key davscope_expect: 1 is missing");
	if (yaml_get(root, "findings") == NULL)
		return refuse(fault, root, "the key findings is missing; [] expects silence");
	for (const struct yaml *m = root->first; m != NULL; m = m->next)
		if (!read_key(x, m, fault))
			return false;
	return true;
}

static bool read_text(struct expect *x, struct slice text, struct error *e)
{
	struct yaml_error bad;
	struct fault fault = { 0 };
	const struct yaml *root = yaml_parse(text, x->arena, DEPTH_MAX, &bad);
	if (root == NULL)
		return error_set(e, "%s:%zu:%zu: %s", x->path, bad.at.line, bad.at.column,
		    bad.text);
	if (read_root(x, root, &fault))
		return true;
	return error_set(e, "%s:%zu:%zu: %s", x->path, fault.at.line, fault.at.column,
	    fault.why.text);
}

struct expect *expect_load(const char *path, struct error *e)
{
	struct slice text = { 0 };
	struct expect *x = calloc(1, sizeof *x);
	if (x == NULL || (x->path = strdup(path)) == NULL ||
	    (x->arena = arena_new(MEMORY_MAX)) == NULL)
		error_set(e, "%s: out of memory", path);
	else if (read_file(path, x->arena, &text, e) && read_text(x, text, e))
		return x;
	expect_free(x);
	return NULL;
}

void expect_free(struct expect *x)
{
	if (x == NULL)
		return;
	tally_fini(&x->tally);
	arena_free(x->arena);
	free(x->path);
	free(x);
}

static const struct rule *rule_by_id(const struct ruleset *set, const char *id)
{
	const struct rule *rule = NULL;
	size_t i = 0;
	while ((rule = ruleset_rule(set, i)) != NULL && strcmp(rule->id, id) != 0)
		i++;
	return rule;
}

bool expect_fits(const struct expect *x, const struct ruleset *set, struct error *e)
{
	for (size_t i = 0; i < x->tally.n_wanted; i++) {
		const struct wanted *w = &x->tally.wanted[i];
		if (rule_by_id(set, w->rule) == NULL)
			return error_set(e, "%.120s:%zu: there is no rule %.60s", x->path, w->line,
			    w->rule);
	}
	return true;
}

void expect_finding(struct expect *x, const struct event *finding, const struct event *cause)
{
	tally_finding(&x->tally, finding, cause);
}

/* ---- the results ---- */

static bool tell(const struct expect *x, const struct test_sink *sink, struct test_result *r,
    bool passed)
{
	r->file = x->path;
	r->passed = passed;
	sink->result(sink->ctx, r);
	return passed;
}

/* "2 of RULE, FIELD VALUE, FIELD VALUE": tells items of one rule apart. */
static void name_wanted(const struct wanted *w, char name[NAME_MAX_TEXT])
{
	int n = snprintf(name, NAME_MAX_TEXT, "%llu of %s", (unsigned long long)w->count, w->rule);
	for (size_t i = 0; i < w->n_match && n < NAME_MAX_TEXT; i++) {
		const struct yaml *said = w->match[i].said;
		n += snprintf(name + n, NAME_MAX_TEXT - (size_t)n, ", %s %s",
		    (const char *)said->key->text.p, (const char *)said->text.p);
	}
}

static bool finish_wanted(const struct expect *x, size_t i, const struct test_sink *sink)
{
	const struct wanted *w = &x->tally.wanted[i];
	char name[NAME_MAX_TEXT];
	name_wanted(w, name);
	struct test_result r = { .name = name, .line = w->line };
	return tell(x, sink, &r, tally_wanted(&x->tally, i, r.why));
}

static bool finish_others(const struct expect *x, const struct test_sink *sink)
{
	struct test_result r = { .name = "no other finding", .line = x->line };
	return tell(x, sink, &r, tally_no_others(&x->tally, r.why));
}

static bool finish_inconclusive(const struct expect *x, const struct test_sink *sink)
{
	char name[NAME_MAX_TEXT];
	snprintf(name, sizeof name, "%llu inconclusive", (unsigned long long)x->inconclusive);
	struct test_result r = { .name = name, .line = x->line };
	return tell(x, sink, &r, tally_inconclusive(&x->tally, x->inconclusive, r.why));
}

bool expect_finish(struct expect *x, struct test_sink sink)
{
	bool passed = true;
	for (size_t i = 0; i < x->tally.n_wanted; i++)
		passed = finish_wanted(x, i, &sink) && passed;
	if (!x->others)
		passed = finish_others(x, &sink) && passed;
	if (!x->others || x->counts_inconclusive)
		passed = finish_inconclusive(x, &sink) && passed;
	return passed;
}
