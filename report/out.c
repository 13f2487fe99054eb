/*
 * out.c - the only door for bytes to standard output. Wire bytes are escaped here.
 *
 * A stream that failed swallows what follows: the first reason is kept for out_failed(). What is kept in
 * memory has no descriptor.
 */
#include "report/report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { OUT_BUFFER = 65536, DIGITS_MAX = 20, DATE_MAX = 11 };

struct out {
	int fd; /* -1: in memory */
	bool to_terminal; /* people read along: hand over every line */
	bool broken_pipe, failed;
	struct error why;
	char *memory; /* in memory only: what left the buffer */
	size_t memory_used, memory_room;
	int64_t day; /* of `date` */
	char date[DATE_MAX];
	uint64_t flushed; /* bytes that left the buffer */
	size_t used;
	char buffer[OUT_BUFFER];
};

/* ---- opening and closing ---- */

static void out_free(struct out *o)
{
	free(o->memory);
	free(o);
}

static struct out *out_new(int fd, struct error *e)
{
	struct out *o = calloc(1, sizeof *o);
	if (o == NULL) {
		error_set(e, "out of memory");
		return NULL;
	}
	o->fd = fd;
	o->day = INT64_MIN;
	return o;
}

struct out *out_stdout(struct error *e)
{
	struct out *o = out_new(STDOUT_FILENO, e);
	if (o != NULL)
		o->to_terminal = isatty(o->fd) == 1;
	return o;
}

struct out *out_errors(struct error *e)
{
	struct out *o = out_stdout(e);
	if (o != NULL)
		o->fd = STDERR_FILENO;
	return o;
}

struct out *out_memory(struct error *e)
{
	return out_new(-1, e);
}

bool out_close(struct out *o, struct error *e)
{
	out_flush(o);
	bool good = !out_failed(o, e);
	out_free(o);
	return good;
}

void out_abandon(struct out *o)
{
	if (o != NULL)
		out_free(o);
}

/* ---- bytes ---- */

static const char *out_name(const struct out *o)
{
	return o->fd == STDERR_FILENO ? "standard error" : "standard output";
}

static void note_failure(struct out *o, int error)
{
	if (error == EPIPE) {
		o->broken_pipe = true;
		return;
	}
	o->failed = true;
	error_set(&o->why, "%s: %s", out_name(o), strerror(error));
}

/* Room doubles, so that a long text is moved a few times only. */
static bool memory_grow(struct out *o)
{
	size_t room = o->memory_room != 0 ? o->memory_room : OUT_BUFFER;
	while (o->used > room - o->memory_used && room <= SIZE_MAX / 2)
		room *= 2;
	if (o->used > room - o->memory_used)
		return false;
	char *grown = room != o->memory_room ? realloc(o->memory, room) : o->memory;
	if (grown == NULL)
		return false;
	o->memory = grown;
	o->memory_room = room;
	return true;
}

static void memory_add(struct out *o)
{
	if (!o->failed && !memory_grow(o)) {
		o->failed = true;
		error_set(&o->why, "out of memory");
	}
	if (o->failed)
		return;
	memcpy(o->memory + o->memory_used, o->buffer, o->used);
	o->memory_used += o->used;
}

struct slice out_taken(struct out *o)
{
	out_flush(o);
	struct slice all = { (const uint8_t *)o->memory, o->memory_used };
	if (o->failed)
		all = (struct slice){ 0 };
	o->memory_used = 0;
	o->failed = false;
	return all;
}

static void fd_write(struct out *o)
{
	size_t done = 0;
	while (done < o->used && !o->failed && !o->broken_pipe) {
		ssize_t n = write(o->fd, o->buffer + done, o->used - done);
		if (n > 0)
			done += (size_t)n;
		else if (n == 0 || errno != EINTR)
			note_failure(o, n == 0 ? ENOSPC : errno);
	}
}

bool out_flush(struct out *o)
{
	if (o->fd < 0)
		memory_add(o);
	else
		fd_write(o);
	o->flushed += o->used;
	o->used = 0;
	return !o->failed && !o->broken_pipe;
}

bool out_broken_pipe(const struct out *o)
{
	return o->broken_pipe;
}

bool out_failed(const struct out *o, struct error *e)
{
	if (o->failed && e != NULL)
		*e = o->why;
	return o->failed;
}

uint64_t out_written(const struct out *o)
{
	return o->flushed + o->used;
}

/* Room for n bytes, n <= OUT_BUFFER. */
static char *out_room(struct out *o, size_t n)
{
	if (n > OUT_BUFFER - o->used)
		out_flush(o);
	return o->buffer + o->used;
}

static void out_bytes(struct out *o, const void *p, size_t n)
{
	const char *from = p;
	while (n != 0) {
		size_t part = n < OUT_BUFFER ? n : OUT_BUFFER;
		memcpy(out_room(o, part), from, part);
		o->used += part;
		from += part;
		n -= part;
	}
}

void out_char(struct out *o, char c)
{
	*out_room(o, 1) = c;
	o->used++;
	if (c == '\n' && o->to_terminal)
		out_flush(o);
}

void out_text(struct out *o, const char *constant)
{
	size_t n = strlen(constant);
	out_bytes(o, constant, n);
	if (o->to_terminal && n != 0 && constant[n - 1] == '\n')
		out_flush(o);
}

/* ---- numbers and times ---- */

void out_u64(struct out *o, uint64_t value)
{
	char digits[DIGITS_MAX];
	size_t n = 0;
	do {
		digits[DIGITS_MAX - ++n] = (char)('0' + value % 10);
		value /= 10;
	} while (value != 0);
	out_bytes(o, digits + DIGITS_MAX - n, n);
}

void out_i64(struct out *o, int64_t value)
{
	if (value < 0)
		out_char(o, '-');
	out_u64(o, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
}

void out_digits(struct out *o, uint64_t value, size_t n)
{
	char *p = out_room(o, n);
	for (size_t i = n; i != 0; i--) {
		p[i - 1] = (char)('0' + value % 10);
		value /= 10;
	}
	o->used += n;
}

static void date_set(struct out *o, int64_t day)
{
	time_t seconds = (time_t)(day * 86400);
	struct tm tm;
	if (gmtime_r(&seconds, &tm) == NULL ||
	    strftime(o->date, sizeof o->date, "%Y-%m-%d", &tm) == 0)
		memcpy(o->date, "0000-00-00", DATE_MAX);
	o->day = day;
}

void out_time(struct out *o, int64_t ns)
{
	int64_t in_second = ns % 1000000000;
	int64_t seconds = ns / 1000000000;
	if (in_second < 0) {
		in_second += 1000000000;
		seconds--;
	}
	int64_t in_day = seconds % 86400 < 0 ? seconds % 86400 + 86400 : seconds % 86400;
	int64_t day = (seconds - in_day) / 86400;
	if (day != o->day)
		date_set(o, day);
	out_bytes(o, o->date, DATE_MAX - 1);
	out_char(o, 'T');
	out_digits(o, (uint64_t)in_day / 3600, 2);
	out_char(o, ':');
	out_digits(o, (uint64_t)in_day / 60 % 60, 2);
	out_char(o, ':');
	out_digits(o, (uint64_t)in_day % 60, 2);
	out_char(o, '.');
	out_digits(o, (uint64_t)in_second, 9);
	out_char(o, 'Z');
}

/* ---- addresses ---- */

static void out_ipv4(struct out *o, const uint8_t *p)
{
	for (int i = 0; i < 4; i++) {
		if (i != 0)
			out_char(o, '.');
		out_u64(o, p[i]);
	}
}

static void out_hex(struct out *o, unsigned word)
{
	bool started = false;
	for (int shift = 12; shift >= 0; shift -= 4) {
		unsigned digit = word >> shift & 15;
		started = started || digit != 0 || shift == 0;
		if (started)
			out_char(o, "0123456789abcdef"[digit]);
	}
}

/* RFC 5952: the first of the longest runs of two or more zero words becomes "::". */
static void out_ipv6(struct out *o, const uint8_t *p)
{
	unsigned word[8];
	for (int i = 0; i < 8; i++)
		word[i] = (unsigned)p[2 * i] << 8 | p[2 * i + 1];
	int best = 0, best_run = 1;
	for (int i = 0, run = 0; i < 8; i++) {
		run = word[i] == 0 ? run + 1 : 0;
		if (run > best_run) {
			best_run = run;
			best = i + 1 - run;
		}
	}
	int hole = best_run > 1 ? best : 8;
	for (int i = 0; i < 8; i++) {
		if (i == hole) {
			out_text(o, "::");
			i += best_run - 1;
			continue;
		}
		if (i != 0 && i != hole + best_run)
			out_char(o, ':');
		out_hex(o, word[i]);
	}
}

void out_address(struct out *o, const struct endpoint *e)
{
	static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };
	if (e->family == 4) {
		out_ipv4(o, e->address);
	} else if (e->family != 6) {
		out_char(o, '-');
	} else if (memcmp(e->address, mapped, sizeof mapped) == 0) {
		out_text(o, "::ffff:");
		out_ipv4(o, e->address + sizeof mapped);
	} else {
		out_ipv6(o, e->address);
	}
}

/* ---- wire bytes ---- */

/* How many bytes at the start go out as they are. */
static size_t plain_run(struct slice s, char quote)
{
	size_t n = 0;
	while (n < s.n && s.p[n] >= 0x20 && s.p[n] < 0x7f && s.p[n] != '\\' && s.p[n] != quote)
		n++;
	return n;
}

/* Writes whole characters of at most `max` escaped bytes in all; what did not fit is returned. */
static struct slice vis_part(struct out *o, struct slice s, size_t max)
{
	size_t used = 0;
	while (s.n != 0) {
		size_t plain = plain_run(s, '\\');
		if (plain > max - used)
			plain = max - used;
		if (o != NULL)
			out_bytes(o, s.p, plain);
		used += plain;
		s = slice_part(s, plain, s.n - plain);
		char escaped[VIS_MAX];
		struct slice rest = s;
		size_t n = vis_next(&rest, escaped);
		if (n == 0 || n > max - used)
			break;
		if (o != NULL)
			out_bytes(o, escaped, n);
		used += n;
		s = rest;
	}
	return s;
}

void out_vis(struct out *o, struct slice wire, size_t max)
{
	bool fits = wire.n <= max / VIS_MAX || vis_part(NULL, wire, max).n == 0;
	if (fits) {
		vis_part(o, wire, max);
		return;
	}
	vis_part(o, wire, max > 3 ? max - 3 : 0);
	out_text(o, "...");
}

/* Valid in JSON as they are, but able to steer a terminal or turn text around. */
static bool json_must_escape(uint32_t cp)
{
	return cp < 0x20 || (cp >= 0x7f && cp <= 0x9f) || cp == 0x061c || cp == 0x200e ||
	    cp == 0x200f || (cp >= 0x2028 && cp <= 0x202e) || (cp >= 0x2066 && cp <= 0x2069);
}

static void json_escape(struct out *o, uint32_t cp)
{
	out_text(o, "\\u");
	for (int shift = 12; shift >= 0; shift -= 4)
		out_char(o, "0123456789abcdef"[cp >> shift & 15]);
}

static size_t json_character(struct out *o, struct slice s)
{
	uint32_t cp = 0;
	size_t n = utf8_next(s, &cp);
	if (n == 0) {
		out_text(o, "\\ufffd");
		return 1;
	}
	if (cp == '"' || cp == '\\')
		out_char(o, '\\');
	if (cp == '\n')
		out_text(o, "\\n");
	else if (cp == '\r')
		out_text(o, "\\r");
	else if (cp == '\t')
		out_text(o, "\\t");
	else if (json_must_escape(cp))
		json_escape(o, cp);
	else
		out_bytes(o, s.p, n);
	return n;
}

void out_json(struct out *o, struct slice wire)
{
	out_char(o, '"');
	while (wire.n != 0) {
		size_t plain = plain_run(wire, '"');
		if (plain != 0)
			out_bytes(o, wire.p, plain);
		wire = slice_part(wire, plain, wire.n - plain);
		size_t taken = wire.n == 0 ? 0 : json_character(o, wire);
		wire = slice_part(wire, taken, wire.n - taken);
	}
	out_char(o, '"');
}

/* Escaped twice: a backslash of vis is one of the label's value. */
void out_label(struct out *o, struct slice wire)
{
	out_char(o, '"');
	while (wire.n != 0) {
		char escaped[VIS_MAX];
		size_t n = vis_next(&wire, escaped);
		for (size_t i = 0; i < n; i++) {
			if (escaped[i] == '"' || escaped[i] == '\\')
				out_char(o, '\\');
			out_char(o, escaped[i]);
		}
	}
	out_char(o, '"');
}
