/*
 * help.c - `davscope help`, `davscope version`, the table of commands, and what all commands share.
 */
#include "cmd/cmd.h"

#include <stdarg.h>
#include <string.h>

#ifndef DAVSCOPE_VERSION
#define DAVSCOPE_VERSION "0.1.0"
#endif
#ifndef DAVSCOPE_LIBRARIES /* set by the Makefile: names and versions */
#define DAVSCOPE_LIBRARIES "libraries of unknown version"
#endif

static const struct command commands[] = {
#define COMMAND(name, text) { #name, command_##name, text },
#include "cmd/commands.def"
#undef COMMAND
};

const struct command *commands_table(size_t *n)
{
	*n = sizeof commands / sizeof commands[0];
	return commands;
}

/* File names are not ours: what would steer the terminal is escaped here, at the door. */
void warn(const char *format, ...)
{
	char line[1024];
	va_list args;
	va_start(args, format);
	vsnprintf(line, sizeof line, format, args);
	va_end(args);
	fputs("davscope: ", stderr);
	struct slice rest = slice_from(line);
	while (rest.n != 0) {
		char escaped[VIS_MAX];
		size_t n = vis_next(&rest, escaped);
		fwrite(escaped, 1, n, stderr);
	}
	fputc('\n', stderr);
}

int finish_output(struct out *out)
{
	struct error e;
	if (out_close(out, &e))
		return EXIT_DONE;
	warn("%s", e.text);
	return EXIT_OUTPUT;
}

static void print_commands(struct out *out)
{
	size_t n = 0;
	const struct command *table = commands_table(&n);
	for (size_t i = 0; i < n; i++) {
		out_text(out, "  davscope ");
		out_text(out, table[i].name);
		for (size_t column = strlen(table[i].name); column < 11; column++)
			out_char(out, ' ');
		out_text(out, table[i].text);
		out_char(out, '\n');
	}
}

int command_help(const struct options *o)
{
	(void)o;
	struct error e;
	struct out *out = out_open("-", &e);
	if (out == NULL)
		return EXIT_INTERNAL;
	out_text(out,
	    "davscope - what a capture says about calendar synchronisation over HTTP and DAV\n\n"
	    "  davscope -r capture.pcap                     list transactions, then a summary\n"
	    "  davscope -r monday.pcap tuesday.pcap.gz tcp port 80\n"
	    "  davscope -r capture.pcap -T json | jq .      a record a line, every body parsed\n"
	    "  davscope -r capture.pcap -T fields -e ts -e http.request.method -e http.response.status\n"
	    "  davscope -r big.pcap -q -w dav.pcapng        keep only flows that carry transactions\n"
	    "  ssh host tcpdump -U -s0 -w - tcp port 80 | davscope -r -\n\n");
	print_commands(out);
	out_char(out, '\n');
	options_print(out);
	out_text(out,
	    "\nExit: 0 done, 2 wrong use, 3 no readable capture, 4 damaged input, 5 output error. "
	    "More: man davscope\n");
	return finish_output(out);
}

int command_version(const struct options *o)
{
	(void)o;
	struct error e;
	struct out *out = out_open("-", &e);
	if (out == NULL)
		return EXIT_INTERNAL;
	out_text(out, "davscope " DAVSCOPE_VERSION "\nbuilt with " DAVSCOPE_LIBRARIES "\n");
	return finish_output(out);
}
