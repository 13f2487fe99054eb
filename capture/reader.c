/*
 * Opens one capture: finds its format by the first bytes, and refuses what is something else
 * with a line that says what it is and what turns it into a capture.
 */
#include "capture/reader.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

enum { HEAD = 16 };

static const struct format *const formats[] = { &format_pcap, &format_pcapng };

#define MAGIC(literal) literal, sizeof(literal) - 1

static const struct foreign {
	const char *magic;
	size_t magic_n;
	const char *name;
	const char *unpack; /* writes the capture to stdout; NULL: editcap converts */
} foreigners[] = {
	{ MAGIC("\x02\x21\x4c\x18"), "compressed with an lz4 of before 2013", "lz4 -dc" },
	{ MAGIC("\xfd\x37zXZ\0"), "compressed with xz", "xz -dc" },
	{ MAGIC("BZh"), "compressed with bzip2", "bzip2 -dc" },
	{ MAGIC("PK\x03\x04"), "a zip archive", "unzip -p" },
	{ MAGIC("GMBU"), "a Network Monitor 2 capture", NULL },
	{ MAGIC("RTSS"), "a Network Monitor 1 capture", NULL },
	{ MAGIC("snoop\0\0\0"), "a snoop capture", NULL },
	{ MAGIC("TRSNIFF data"), "a Sniffer capture", NULL },
	{ MAGIC("XCP\0"), "a Sniffer for Windows capture", NULL },
	{ MAGIC("iptrace "), "an AIX iptrace capture", NULL },
	{ MAGIC("\0\0\x02\0\x12\x05\x10\0"), "a K12 capture", NULL },
	{ MAGIC("\xa1\xb2\xcd\x34"), "a pcap in Kuznetzov's modified format", NULL },
	{ MAGIC("\x34\xcd\xb2\xa1"), "a pcap in Kuznetzov's modified format", NULL },
};

/* The name without its extension, so that trace.cap becomes trace.pcap. */
static int spec_stem(const char *spec)
{
	size_t n = strlen(spec);
	const char *dot = strrchr(spec, '.');
	const char *slash = strrchr(spec, '/');
	if (dot && dot != spec && (!slash || dot > slash + 1) && strcmp(dot, ".pcap") != 0)
		n = (size_t)(dot - spec);
	return (int)n;
}

/* A file name as a word for the shell; a long one is cut, as the message would be. */
static const char *shell_word(struct error *word, const char *name)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789_-./:,+@%=";
	const char *here = name[0] == '-' ? "./" : "";
	if (name[strspn(name, plain)] == '\0') {
		(void)snprintf(word->text, sizeof(word->text), "%s%s", here, name);
		return word->text;
	}
	size_t room = sizeof(word->text);
	size_t used = (size_t)snprintf(word->text, room, "'%s", here);
	for (; *name && room - used > sizeof("'\"'\"''"); name++)
		used += (size_t)snprintf(word->text + used, room - used, "%s",
		    *name == '\'' ? "'\"'\"'" : (const char[]){ *name, '\0' });
	(void)snprintf(word->text + used, room - used, "'");
	return word->text;
}

static bool reader_refuse(const char *spec, struct slice head, struct error *e)
{
	struct error converted, from, to;
	const char *name = strcmp(spec, "-") == 0 ? "FILE" : spec;
	error_set(&converted, "%.*s.pcap", spec_stem(name), name);
	for (size_t i = 0; i < sizeof(foreigners) / sizeof(foreigners[0]); i++) {
		const struct foreign *f = &foreigners[i];
		if (!slice_starts(head, (struct slice){ (const uint8_t *)f->magic, f->magic_n }))
			continue;
		if (f->unpack)
			return error_set(e, "%s: %s; unpack it: %s %s | davscope -r -", spec,
			    f->name, f->unpack, shell_word(&from, name));
		return error_set(e, "%s: %s; convert it: editcap -F pcap %s %s", spec, f->name,
		    shell_word(&from, name), shell_word(&to, converted.text));
	}
	return error_set(e, "%s: not a capture file", spec);
}

static bool reader_start(struct reader *r, const char *spec, struct error *e)
{
	(void)input_have(&r->in, HEAD);
	if (r->in.state == INPUT_STOPPED)
		return error_set(e, "%s: interrupted", spec);
	if (r->in.state == INPUT_FAULTY && input_left(&r->in) < HEAD)
		return error_set(e, "%s: %s", spec, r->in.fault);
	if (input_left(&r->in) == 0)
		return error_set(e, "%s: empty file", spec);
	struct slice head = slice_part((struct slice){ input_at(&r->in), input_left(&r->in) }, 0,
	    HEAD);
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]) && !r->format; i++) {
		if (formats[i]->recognises(head))
			r->format = formats[i];
	}
	if (!r->format)
		return reader_refuse(spec, head, e);
	struct error why;
	return r->format->start(r, &why) || error_set(e, "%s: %s", spec, why.text);
}

bool reader_open(struct reader *r, const char *spec, const struct limits *limits,
    const struct input_options *options, struct error *e)
{
	*r = (struct reader){ .limits = limits };
	if (input_open(&r->in, spec, options, e) && reader_start(r, spec, e))
		return true;
	reader_close(r);
	return false;
}

bool reader_park(struct reader *r)
{
	if (!input_park(&r->in))
		return false;
	if (r->format->finish)
		r->format->finish(r);
	return true;
}

bool reader_wake(struct reader *r, const char *spec, struct error *e)
{
	struct error why;
	*r = (struct reader){ .in = r->in, .limits = r->limits };
	r->in.hash = 0;
	if (!input_wake(&r->in, &why))
		return error_set(e, "%s: %s", spec, why.text);
	return reader_start(r, spec, e);
}

void reader_close(struct reader *r)
{
	if (r->format && r->format->finish)
		r->format->finish(r);
	input_close(&r->in);
}

enum read_status reader_damage(struct reader *r, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	(void)vsnprintf(r->damage, sizeof(r->damage), format, args);
	va_end(args);
	return READ_DAMAGED;
}

enum read_status reader_short(struct reader *r)
{
	const struct input *in = &r->in;
	bool untouched = input_left(in) == 0 && input_offset(in) == r->offset;
	switch (in->state) {
	case INPUT_STOPPED:
		return READ_STOPPED;
	case INPUT_FAULTY:
		return reader_damage(r, "%s: %s %s %" PRIu64, in->fault,
		    untouched ? "in front of" : "in", r->format->record, r->record);
	default:
		if (untouched)
			return READ_END;
		return reader_damage(r, "cut short in the middle of %s %" PRIu64, r->format->record,
		    r->record);
	}
}
