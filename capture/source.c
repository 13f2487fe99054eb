/*
 * Several captures as one timeline: a heap of readers ordered by the time of their next packet.
 * A reader moves on only when its packet has been handed out, so that a live pipe is never
 * waited for longer than needed and the bytes of the last packet stay where they are. Of several files
 * only those have memory whose first packet was due: the others are parked.
 */
#include "capture/capture.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "capture/bpf.h"
#include "capture/follow.h"
#include "capture/reader.h"

enum { INPUTS_MAX = UINT16_MAX + 1, WAIT_MS = 100 };

/* One input and its next packet. */
struct lane {
	struct reader reader;
	struct packet next;
	const char *name;
	char *path; /* of a file that followed; else it is a spec */
	char *whole_name; /* of a file that is followed, when it is whole */
	bool started; /* has had a packet, and so belongs to a recording */
	bool parked; /* of `next` only the time is good: it has to be read again */
};

/* Inputs that follow each other in time. */
struct recording {
	size_t running; /* inputs that have not ended */
	int64_t last_ns;
};

struct source {
	struct source_options options;
	struct unpack_room unpack;
	struct input_options input;
	char *behind; /* the file that follows, once there is one */
	bool waiting; /* for what is not written yet */
	size_t last; /* the input that grows */
	volatile sig_atomic_t stop;
	bool primed; /* every reader has been asked for its first packet */
	struct bpf *filter;
	struct lane *lanes;
	uint16_t *heap; /* lanes that have a packet; heap[0] is the earliest */
	size_t n_heap;
	struct recording *recordings;
	size_t n_recordings;
	struct damage *damage;
	size_t n_damage;
	uint64_t order;
	uint64_t lost; /* packets, since the one delivered last */
	struct source_counts counts;
};

static const char *path_base(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash && slash[1] ? slash + 1 : path;
}

struct name {
	const char *base;
	size_t lane;
};

static int name_compare(const void *a, const void *b)
{
	const struct name *left = a, *right = b;
	return strcmp(left->base, right->base);
}

/* Base names, and the whole path of those that are not alone with theirs. */
static bool source_set_names(struct source *s)
{
	size_t n = s->options.n_specs;
	struct name *sorted = calloc(n, sizeof(*sorted));
	if (!sorted)
		return false;
	for (size_t i = 0; i < n; i++)
		sorted[i] = (struct name){ path_base(s->options.specs[i]), i };
	qsort(sorted, n, sizeof(*sorted), name_compare);
	for (size_t i = 0; i < n; i++) {
		bool alone = (i == 0 || name_compare(&sorted[i], &sorted[i - 1]) != 0) &&
		    (i + 1 == n || name_compare(&sorted[i], &sorted[i + 1]) != 0);
		size_t lane = sorted[i].lane;
		s->lanes[lane].name = alone ? sorted[i].base : s->options.specs[lane];
	}
	free(sorted);
	return true;
}

static bool source_check(const struct source_options *o, struct error *e)
{
	bool piped = false;
	if (o->n_specs == 0)
		return error_set(e, "no capture to read");
	if (o->n_specs > UINT16_MAX)
		return error_set(e, "more than %d captures", UINT16_MAX);
	for (size_t i = 0; i < o->n_specs; i++) {
		if (strcmp(o->specs[i], "-") != 0)
			continue;
		if (piped)
			return error_set(e, "-: stdin can be read only once");
		piped = true;
	}
	return true;
}

static bool source_allocate(struct source *s)
{
	size_t n = s->options.follow ? INPUTS_MAX : s->options.n_specs;
	s->lanes = calloc(n, sizeof(*s->lanes));
	s->heap = calloc(n, sizeof(*s->heap));
	s->recordings = calloc(n, sizeof(*s->recordings));
	s->damage = calloc(n, sizeof(*s->damage));
	return s->lanes && s->heap && s->recordings && s->damage && source_set_names(s);
}

/* Ids hold it, so that it is the one that the file keeps. */
static void lane_name(struct lane *lane, const char *path)
{
	const char *base = path_base(path);
	lane->whole_name = strndup(base, row_name_length(base));
	lane->name = lane->whole_name ? lane->whole_name : base;
}

static const char *lane_path(const struct source *s, size_t index)
{
	const char *path = s->lanes[index].path;
	return path ? path : s->options.specs[index];
}

/* At the end of the file that grows. Once there is another one behind it, what it had by then is all. */
static bool source_wait(void *ctx)
{
	struct source *s = ctx;
	if (s->behind)
		return false;
	const struct lane *lane = &s->lanes[s->last];
	s->behind = follow_next(lane_path(s, s->last), lane->reader.in.fd);
	if (s->behind)
		return true;
	s->waiting = true;
	if (s->options.idle)
		s->options.idle(s->options.ctx);
	if (!s->stop)
		(void)poll(NULL, 0, WAIT_MS);
	return true;
}

static bool source_start(struct source *s, struct error *e)
{
	size_t n = s->options.n_specs;
	if (!source_allocate(s)) {
		s->options.n_specs = 0;
		return error_set(e, "out of memory");
	}
	s->options.n_specs = 0; /* as many as source_close() has to close */
	if (s->options.follow)
		s->input = (struct input_options){ .wait = source_wait, .ctx = s };
	s->input.room = &s->unpack;
	if (s->options.bpf && !(s->filter = bpf_new(s->options.bpf, e)))
		return false;
	for (size_t i = 0; i < n; i++) {
		struct reader *r = &s->lanes[i].reader;
		if (!reader_open(r, s->options.specs[i], s->options.limits, &s->input, e))
			return false;
		s->lanes[i].parked = n > 1 && reader_park(r);
		s->options.n_specs++;
	}
	if (s->options.follow)
		lane_name(&s->lanes[0], s->options.specs[0]);
	s->input.stop = &s->stop;
	return true;
}

struct source *source_open(const struct source_options *options, struct error *e)
{
	if (!source_check(options, e))
		return NULL;
	struct source *s = calloc(1, sizeof(*s));
	if (!s) {
		error_set(e, "out of memory");
		return NULL;
	}
	s->options = *options;
	s->unpack.window = options->limits->unpack_window;
	s->unpack.idle = options->limits->unpack_idle;
	if (source_start(s, e))
		return s;
	source_close(s);
	return NULL;
}

void source_close(struct source *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->options.n_specs; i++) {
		reader_close(&s->lanes[i].reader);
		free(s->lanes[i].path);
		free(s->lanes[i].whole_name);
	}
	free(s->behind);
	bpf_free(s->filter);
	free(s->lanes);
	free(s->heap);
	free(s->recordings);
	free(s->damage);
	free(s);
}

void source_break(struct source *s)
{
	s->stop = 1;
}

static bool lane_before(const struct source *s, uint16_t a, uint16_t b)
{
	int64_t x = s->lanes[a].next.at.ns, y = s->lanes[b].next.at.ns;
	return x != y ? x < y : a < b;
}

static void heap_swap(struct source *s, size_t i, size_t j)
{
	uint16_t lane = s->heap[i];
	s->heap[i] = s->heap[j];
	s->heap[j] = lane;
}

static void heap_sink(struct source *s, size_t i)
{
	for (;;) {
		size_t least = i, child = 2 * i + 1;
		for (size_t end = child + 2; child < end && child < s->n_heap; child++) {
			if (lane_before(s, s->heap[child], s->heap[least]))
				least = child;
		}
		if (least == i)
			return;
		heap_swap(s, i, least);
		i = least;
	}
}

static void heap_add(struct source *s, uint16_t lane)
{
	size_t i = s->n_heap++;
	s->heap[i] = lane;
	for (; i > 0 && lane_before(s, s->heap[i], s->heap[(i - 1) / 2]); i = (i - 1) / 2)
		heap_swap(s, i, (i - 1) / 2);
}

static void heap_drop_first(struct source *s)
{
	s->heap[0] = s->heap[--s->n_heap];
	heap_sink(s, 0);
}

static void lane_damaged(struct source *s, uint16_t index, const char *text)
{
	const struct reader *r = &s->lanes[index].reader;
	struct damage *d = &s->damage[s->n_damage++];
	*d = (struct damage){ .input = index, .record = r->record, .offset = r->offset };
	(void)snprintf(d->text, sizeof(d->text), "%.*s", (int)sizeof(d->text) - 1, text);
}

static void lane_end(struct source *s, uint16_t index, enum read_status status)
{
	struct lane *lane = &s->lanes[index];
	struct reader *r = &lane->reader;
	if (lane->started)
		s->recordings[lane->next.recording].running--;
	s->lost = drops_add(s->lost, r->lost);
	if (status == READ_DAMAGED)
		lane_damaged(s, index, r->damage);
	reader_close(r);
}

/* READ_PACKET: it can be read. */
static enum read_status lane_wake(struct source *s, uint16_t index)
{
	struct lane *lane = &s->lanes[index];
	struct error e;
	if (!lane->parked || reader_wake(&lane->reader, s->options.specs[index], &e)) {
		lane->parked = false;
		return READ_PACKET;
	}
	return s->stop ? READ_STOPPED : reader_damage(&lane->reader, "%.120s", e.text);
}

/* The next packet of an input into lane->next. READ_STOPPED leaves the input as it is. */
static enum read_status lane_advance(struct source *s, uint16_t index)
{
	struct lane *lane = &s->lanes[index];
	int64_t before = lane->next.at.ns;
	enum read_status status = lane_wake(s, index);
	if (status == READ_PACKET)
		status = lane->reader.format->next(&lane->reader, &lane->next);
	s->waiting = s->waiting && status == READ_STOPPED;
	if (status == READ_PACKET)
		input_ahead(&lane->reader.in);
	if (status == READ_PACKET)
		s->counts.backwards += lane->started && lane->next.at.ns < before;
	else if (status != READ_STOPPED)
		lane_end(s, index, status);
	return status;
}

static bool source_prime(struct source *s)
{
	for (size_t i = 0; i < s->options.n_specs; i++) {
		enum read_status status = lane_advance(s, (uint16_t)i);
		if (status == READ_STOPPED)
			return false;
		if (status != READ_PACKET)
			continue;
		heap_add(s, (uint16_t)i);
		s->lanes[i].parked = s->options.n_specs > 1 && reader_park(&s->lanes[i].reader);
	}
	s->primed = true;
	return true;
}

/* Past the packet that is the earliest; false: stopped. */
static bool heap_advance(struct source *s)
{
	switch (lane_advance(s, s->heap[0])) {
	case READ_PACKET:
		heap_sink(s, 0);
		return true;
	case READ_STOPPED:
		return false;
	default:
		heap_drop_first(s);
		return true;
	}
}

/* On to the file behind the one that ended, as soon as there is one; false: stopped. */
static bool source_go_on(struct source *s)
{
	size_t index = s->options.n_specs;
	struct lane *lane = &s->lanes[index];
	struct error e;
	while (!s->behind) {
		if (s->stop)
			return false;
		source_wait(s);
	}
	*lane = (struct lane){ .path = s->behind };
	lane_name(lane, lane->path);
	s->behind = NULL;
	s->last = index;
	s->options.n_specs++;
	if (!reader_open(&lane->reader, lane->path, s->options.limits, &s->input, &e)) {
		if (!s->stop)
			lane_damaged(s, (uint16_t)index, e.text);
		return !s->stop;
	}
	enum read_status status = lane_advance(s, (uint16_t)index);
	if (status == READ_PACKET)
		heap_add(s, (uint16_t)index);
	return status != READ_STOPPED;
}

/* Past the packet handed out last; false: stopped. */
static bool source_advance(struct source *s)
{
	if (!s->primed ? !source_prime(s) : s->n_heap > 0 && !heap_advance(s))
		return false;
	while (s->n_heap > 0 && s->lanes[s->heap[0]].parked)
		if (!heap_advance(s))
			return false;
	while (s->n_heap == 0 && s->options.follow && s->options.n_specs < INPUTS_MAX)
		if (!source_go_on(s))
			return false;
	return true;
}

/* The finished recording that ended last goes on with this input, or a new one begins. */
static uint16_t recording_join(struct source *s)
{
	size_t best = s->n_recordings;
	for (size_t i = 0; i < s->n_recordings; i++) {
		const struct recording *r = &s->recordings[i];
		if (r->running == 0 &&
		    (best == s->n_recordings || r->last_ns > s->recordings[best].last_ns))
			best = i;
	}
	if (best == s->n_recordings)
		s->n_recordings++;
	s->recordings[best].running++;
	return (uint16_t)best;
}

static void lane_stamp(struct source *s, uint16_t index)
{
	struct lane *lane = &s->lanes[index];
	if (!lane->started) {
		lane->started = true;
		lane->next.recording = recording_join(s);
	}
	s->recordings[lane->next.recording].last_ns = lane->next.at.ns;
	lane->next.at.order = ++s->order;
	lane->next.at.input = index;
}

static bool packet_wanted(struct source *s, const struct packet *p)
{
	return p->at.ns >= s->options.since &&
	    (p->at.ns < s->options.until || s->options.until == INT64_MAX) &&
	    (!s->filter || bpf_wants(s->filter, p));
}

enum source_status source_next(struct source *s, struct packet *p)
{
	uint64_t most = s->options.max_packets;
	while (!s->stop && (most == 0 || s->counts.packets < most)) {
		if (!source_advance(s))
			break;
		if (s->n_heap == 0)
			return SOURCE_END;
		lane_stamp(s, s->heap[0]);
		const struct packet *next = &s->lanes[s->heap[0]].next;
		s->lost = drops_add(s->lost, next->dropped);
		if (packet_wanted(s, next)) {
			s->counts.packets++;
			s->counts.bytes += next->bytes.n;
			*p = *next;
			p->dropped = s->lost;
			s->lost = 0;
			return SOURCE_PACKET;
		}
		s->counts.filtered++;
	}
	return s->stop && !s->waiting ? SOURCE_STOPPED : SOURCE_END;
}

const struct damage *source_damage(const struct source *s, size_t *n)
{
	*n = s->n_damage;
	return s->damage;
}

struct source_counts source_counts(const struct source *s)
{
	struct source_counts counts = s->counts;
	bool sized = true;
	counts.dropped_behind = s->lost;
	for (size_t i = 0; i < s->options.n_specs; i++) {
		const struct input *in = &s->lanes[i].reader.in;
		counts.dropped = drops_add(counts.dropped, s->lanes[i].reader.dropped);
		counts.done += in->stored;
		counts.total += in->size;
		sized = sized && in->regular;
	}
	if (!sized)
		counts.total = 0;
	return counts;
}

size_t source_inputs(const struct source *s)
{
	return s->options.n_specs;
}

const char *source_name(const struct source *s, uint16_t input)
{
	return s->lanes[input].name;
}

uint64_t source_content_hash(const struct source *s, uint16_t input)
{
	return s->lanes[input].reader.in.hash;
}
