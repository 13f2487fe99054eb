/*
 * Packets to a row of files of which the oldest go, and the number that each of them has: input and frame.
 * When nothing can be written, packets are numbered on and counted as lost, and a new file is tried after
 * a while.
 */
#include "capture/ring.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capture/input.h"
#include "capture/writer.h"

enum {
	NAME_MOST = 64,
	BLOCKS_MAX = 96 + NAME_MOST
}; /* what a packet takes beside its bytes, its interface included */
static const int64_t second_ns = 1000000000, retry_after_ns = 5000000000;
static const char no_name[] = "";

struct ring {
	struct ring_options options;
	bool files; /* false: only numbers */
	char *sensor, *interface; /* interface: NULL = not said in the files */
	struct ring_dir dir;
	struct writer *writer; /* NULL: the next packet begins a file */
	int fd; /* the writer's */
	char *name; /* the name it will have */
	bool pin; /* when it has it */
	bool numbered; /* input is the number of a file */
	uint16_t input;
	uint64_t frame;
	uint64_t unsaid; /* lost in front of the next packet, of which the file does not know yet */
	int64_t begun_ns, now_ns, retry_ns;
	bool failing; /* until retry_ns */
	struct ring_counts counts;
	const char *names[RING_INPUTS]; /* no_name, or ours */
	uint64_t hashes[RING_INPUTS];
	struct error trouble; /* that was not told yet */
};

static void ring_free(struct ring *r)
{
	for (size_t i = 0; i < RING_INPUTS; i++) {
		if (r->names[i] != no_name)
			free((char *)(uintptr_t)r->names[i]);
	}
	ring_dir_close(&r->dir);
	free(r->name);
	free(r->sensor);
	free(r->interface);
	free(r);
}

struct ring *ring_open(const struct ring_options *o, struct error *e)
{
	struct ring *r = calloc(1, sizeof(*r));
	char *sensor = strdup(o->sensor ? o->sensor : "sensor");
	if (!r || !sensor) {
		error_set(e, "out of memory");
		free(r);
		free(sensor);
		return NULL;
	}
	r->options = *o;
	r->options.path = r->options.sensor = r->options.interface = NULL;
	r->files = o->path != NULL;
	r->sensor = sensor;
	if (o->interface && strlen(o->interface) <= NAME_MOST)
		r->interface = strdup(o->interface);
	r->input = o->first_input;
	r->dir.fd = r->fd = -1;
	for (size_t i = 0; i < RING_INPUTS; i++)
		r->names[i] = no_name;
	if (!r->files || ring_dir_open(&r->dir, o->path, sensor, e))
		return r;
	ring_free(r);
	return NULL;
}

/* Takes the name. */
static void ring_know(struct ring *r, uint16_t input, char *name, uint64_t hash)
{
	if (r->names[input] != no_name)
		free((char *)(uintptr_t)r->names[input]);
	r->names[input] = name ? name : no_name;
	r->hashes[input] = hash;
}

void ring_remember(struct ring *r, uint16_t input, const char *name, uint64_t content_hash)
{
	ring_know(r, input, strdup(name), content_hash);
}

uint16_t ring_input(const struct ring *r)
{
	return r->input;
}

const char *const *ring_names(const struct ring *r)
{
	return r->names;
}

uint64_t ring_content_hash(const struct ring *r, uint16_t input)
{
	return r->hashes[input];
}

struct ring_counts ring_counts(const struct ring *r)
{
	return r->counts;
}

/* False: something went wrong since it was asked last, and *e says what. */
static bool ring_tell(struct ring *r, struct error *e)
{
	*e = r->trouble;
	r->trouble.text[0] = '\0';
	return e->text[0] == '\0';
}

/* ---- a file ends ---- */

static void ring_commit(struct ring *r)
{
	if (!ring_dir_commit(&r->dir, r->name, &r->trouble))
		return;
	r->counts.closed++;
	if (r->pin)
		ring_dir_pin(&r->dir, r->name, &r->counts.pinned, &r->trouble);
}

/* Nothing that was given to the writer and is not in the file now passes for written. */
static void ring_forget(struct ring *r, uint64_t packets)
{
	r->counts.lost += packets;
	r->unsaid += packets;
}

/* False: not all of it could be written; what is whole stays. */
static bool ring_end(struct ring *r)
{
	struct error unused;
	if (!r->writer)
		return true;
	writer_lost(r->writer, r->unsaid);
	writer_end(r->writer, false);
	bool good = writer_flush(r->writer, &r->trouble);
	r->unsaid = good ? 0 : r->unsaid;
	struct writer_extent whole = writer_whole(r->writer);
	ring_forget(r, r->frame - whole.packets);
	if (!good && ftruncate(r->fd, (off_t)whole.bytes) != 0)
		error_set(&r->trouble, "%s: %s", r->name, strerror(errno));
	if (whole.packets != 0 && fsync(r->fd) != 0)
		good = error_set(&r->trouble, "%s: %s", r->name, strerror(errno));
	writer_close(r->writer, &unused);
	r->writer = NULL;
	r->fd = -1;
	if (whole.packets == 0)
		ring_dir_discard(&r->dir, r->name);
	else
		ring_commit(r);
	r->pin = false;
	return good;
}

static void ring_fail(struct ring *r)
{
	r->failing = true;
	r->retry_ns = r->now_ns + retry_after_ns;
}

/* ---- a file begins ---- */

/* Takes the name. */
static void ring_number(struct ring *r, char *name, int64_t ns)
{
	r->input = (uint16_t)(r->input + r->numbered);
	r->numbered = true;
	r->frame = 0;
	r->begun_ns = ns;
	ring_know(r, r->input, name, 0);
}

static bool ring_create(struct ring *r)
{
	r->fd = ring_dir_create(&r->dir, r->name, &r->trouble);
	if (r->fd < 0)
		return false;
	r->writer = writer_on(r->fd, r->name, r->interface, &r->trouble);
	if (r->writer)
		return true;
	close(r->fd);
	r->fd = -1;
	ring_dir_discard(&r->dir, r->name);
	return false;
}

/* The one that begins counts among those that are kept. */
static void ring_make_room(struct ring *r)
{
	if (r->options.files)
		ring_dir_trim(&r->dir, r->options.files - 1, &r->counts.deleted, &r->trouble);
	ring_dir_spare(&r->dir, &r->options, &r->counts.deleted, &r->trouble);
}

static void ring_begin(struct ring *r, int64_t ns)
{
	ring_make_room(r);
	free(r->name);
	r->name = ring_dir_name(&r->dir, ns);
	bool good = r->name && ring_create(r);
	if (good || !r->numbered)
		ring_number(r, r->name ? strdup(r->name) : NULL, ns);
	if (!good)
		ring_fail(r);
}

/* ---- packets ---- */

static bool ring_is_full(const struct ring *r, const struct packet *p)
{
	return r->writer && r->options.bytes && r->frame &&
	    writer_bytes(r->writer) + p->bytes.n + BLOCKS_MAX > r->options.bytes;
}

static void packet_number(struct ring *r, struct packet *p)
{
	p->at.input = r->input;
	p->at.frame = ++r->frame;
}

/* Without files: a name, and a hash that tells this run from others. */
static void ring_begin_numbers(struct ring *r, const struct packet *p)
{
	struct ring_dir names = { .prefix = r->sensor };
	char *tail = ring_dir_name(&names, p->at.ns);
	size_t room = strlen(r->sensor) + sizeof("live--20061231T235959Z");
	char *name = tail ? malloc(room) : NULL;
	if (name)
		(void)snprintf(name, room, "live-%s-%.16s", r->sensor, tail + strlen(r->sensor));
	free(tail);
	ring_number(r, name, p->at.ns);
	uint64_t hash = digest_add(0, (const uint8_t *)&p->at.ns, sizeof(p->at.ns));
	r->hashes[r->input] = digest_add(hash, p->bytes.p, p->bytes.n < 256 ? p->bytes.n : 256);
}

static bool packet_write(struct ring *r, const struct packet *p)
{
	uint64_t lost = r->unsaid + p->dropped;
	writer_lost(r->writer, lost);
	r->unsaid = 0;
	if (!writer_packet(r->writer, p, &r->trouble)) {
		ring_end(r);
		ring_fail(r);
		r->unsaid += lost;
		return false;
	}
	if (r->frame == 1)
		r->hashes[r->input] = writer_hash(r->writer);
	return true;
}

bool ring_packet(struct ring *r, struct packet *p, struct error *e)
{
	e->text[0] = '\0';
	r->now_ns = p->at.ns > r->now_ns ? p->at.ns : r->now_ns;
	if (!r->files) {
		if (!r->numbered)
			ring_begin_numbers(r, p);
		packet_number(r, p);
		return true;
	}
	if (ring_is_full(r, p) && !ring_end(r))
		ring_fail(r);
	if (!r->writer && !r->failing)
		ring_begin(r, p->at.ns);
	packet_number(r, p);
	bool offered = r->writer != NULL;
	if (offered && packet_write(r, p))
		return true;
	if (!offered) {
		r->unsaid += p->dropped;
		ring_forget(r, 1);
	}
	(void)ring_tell(r, e);
	return false;
}

void ring_lost(struct ring *r, uint64_t packets)
{
	r->unsaid += packets;
}

bool ring_rotate(struct ring *r, struct error *e)
{
	if (!ring_end(r))
		ring_fail(r);
	return ring_tell(r, e);
}

static bool ring_go_on(struct ring *r, bool ends)
{
	if (!r->writer || ends)
		return ring_end(r);
	if (!writer_flush(r->writer, &r->trouble))
		return false;
	/* On its way to the disk: ring_end() has little to wait for. */
	(void)sync_file_range(r->fd, 0, 0, SYNC_FILE_RANGE_WRITE);
	return true;
}

bool ring_tick(struct ring *r, int64_t now_ns, struct error *e)
{
	int64_t length = (int64_t)r->options.seconds * second_ns;
	r->now_ns = now_ns;
	r->begun_ns = now_ns < r->begun_ns ? now_ns : r->begun_ns; /* the clock was set back */
	if (r->failing && (now_ns >= r->retry_ns || now_ns < r->retry_ns - retry_after_ns))
		r->failing = false;
	if (!ring_go_on(r, length && now_ns - r->begun_ns >= length)) {
		ring_end(r);
		ring_fail(r);
	}
	if (r->files)
		ring_dir_spare(&r->dir, &r->options, &r->counts.deleted, &r->trouble);
	return ring_tell(r, e);
}

bool ring_pin(struct ring *r, uint16_t input, struct error *e)
{
	e->text[0] = '\0';
	if (!r->files)
		return error_set(e, "no files are written that could be kept");
	if (r->writer && input == r->input) {
		r->pin = true;
		return true;
	}
	return ring_dir_pin(&r->dir, r->names[input], &r->counts.pinned, e);
}

bool ring_close(struct ring *r, struct error *e)
{
	e->text[0] = '\0';
	if (!r)
		return true;
	ring_end(r);
	bool good = ring_tell(r, e);
	ring_free(r);
	return good;
}
