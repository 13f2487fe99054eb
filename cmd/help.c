/*
 * help.c - `davscope help`, `davscope version`, the table of commands, and what all commands share.
 */
#include "cmd/cmd.h"

#include <stdarg.h>
#include <string.h>

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

const struct command *command_find(const char *name)
{
	for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
		if (strcmp(name, commands[i].name) == 0)
			return &commands[i];
	return NULL;
}

/* File names are not ours: what would steer the terminal is escaped here, at the door. */
void warn(const char *format, ...)
{
	char line[1024];
	va_list args;
	va_start(args, format);
	vsnprintf(line, sizeof line, format, args);
	va_end(args);
	char escaped[sizeof line * VIS_MAX];
	escaped[0] = '\0';
	size_t n = 0;
	for (struct slice rest = slice_from(line); rest.n != 0;)
		n += vis_next(&rest, escaped + n);
	fprintf(stderr, "davscope: %.*s\n", (int)n, escaped);
}

/* A damaged capture proves no health, so it comes before findings. */
int exit_worse(int a, int b)
{
	static const int order[] = { EXIT_DONE, EXIT_FINDINGS, EXIT_INCOMPLETE, EXIT_INPUT,
		EXIT_OUTPUT, EXIT_USAGE, EXIT_INTERNAL };
	int worst = EXIT_DONE;
	for (size_t i = 0; i < sizeof order / sizeof order[0]; i++)
		if (order[i] == a || order[i] == b)
			worst = order[i];
	return worst;
}

int finish_output(struct out *out)
{
	struct error e;
	if (out_close(out, &e))
		return EXIT_DONE;
	warn("%s", e.text);
	return EXIT_OUTPUT;
}

static const char exit_text[] =
    "\nExit: 0 done, 1 findings of --fail-on, 2 wrong use, 3 no readable capture, 4 damaged\n"
    "input, 5 output error. More: man davscope\n";

/* The examples of a command, in front of its options; NULL: its exit codes are those of all. */
static const struct page {
	const char *command, *text, *exits;
} pages[] = {
	{ "analyze",
	    "davscope [analyze] -r FILE... [options] [capture filter]\n\n"
	    "  davscope -r capture.pcap                     list transactions, findings, a summary\n"
	    "  davscope -r monday.pcap tuesday.pcap.gz tcp port 80\n"
	    "  davscope -r capture.pcap -Y 'http.response.status >= 400'\n"
	    "  davscope -r capture.pcap -T json | jq .      a record a line, every body parsed\n"
	    "  davscope -r capture.pcap -T fields -e ts -e http.request.method -e dav.tag\n"
	    "  davscope -r big.pcap -Y 'http.request.method == \"PUT\"' -w puts.pcapng\n"
	    "  davscope -r capture.pcap -R my-rules/ -q --fail-on medium && echo healthy\n\n",
	    NULL },
	{ "rules",
	    "davscope rules check|test|list|show|explain|fields [words] [options]\n\n"
	    "  davscope rules list                          all rules, shipped and of -R\n"
	    "  davscope rules explain commit-without-change-tag\n"
	    "  davscope rules fields http.response          names that a condition may use\n"
	    "  davscope rules check my-rules.yaml           is it well written?\n"
	    "  davscope rules test my-rules.yaml            run the tests in it\n"
	    "  davscope rules test -R my-rules.yaml samples and what samples/*.expect.yaml say\n\n",
	    NULL },
	{ "scrub",
	    "davscope scrub IN -o OUT [options]\n\n"
	    "  davscope scrub capture.pcap -o for-the-report.pcapng\n"
	    "  davscope scrub capture.pcap -o out.pcap --key-file my.key\n\n"
	    "Addresses, hosts, credentials, names and texts are replaced. What is the same stays the\n"
	    "same, sizes, times and structure stay, so that davscope finds in OUT what it finds in IN.\n"
	    "Look into OUT before you hand it on: words it takes for words of the protocol stay.\n\n",
	    NULL },
	{ "machine",
	    "davscope machine show|profiles|fit|scenario|play [words] [options]\n\n"
	    "  davscope machine show                        the reference sync machine as a table\n"
	    "  davscope machine show SESSION                of one collection; ITEM: of one item\n"
	    "  davscope machine show 4                      one row, with what its words mean\n"
	    "  davscope machine profiles                    clients and servers that are known\n"
	    "  davscope machine profiles davx5              what one of them does\n"
	    "  davscope machine profiles --profiles my.yaml with profiles of your own\n"
	    "  davscope machine fit capture.pcap            what its clients and servers behave like\n"
	    "  davscope machine fit capture.pcap --profile ideal   ... and the first thing amiss\n"
	    "  davscope machine scenario capture.pcap >tea.yaml    its worst item, to be played\n"
	    "  davscope machine play tea.yaml -w tea.pcap   a client and a server talk, on loopback\n"
	    "  davscope machine play tea.yaml --client ideal\n\n",
	    NULL },
	{ "verify",
	    "davscope verify --before FILE --after FILE [options]\n"
	    "davscope verify FILE... --profile NAME [options]\n\n"
	    "  davscope verify --before monday.pcap --after friday.pcap\n"
	    "  davscope verify capture.pcap --profile ideal\n"
	    "  davscope verify capture.pcap --profile my-client --profiles my.yaml\n\n"
	    "What went wrong before has to happen again and to end well. A capture in which it does not\n"
	    "happen shows nothing; neither does a version number.\n\n",
	    "\nExit: 0 VERIFIED, 1 STILL_BROKEN or PARTIAL, 4 NOT_EXERCISED, INCONCLUSIVE or damaged\n"
	    "input, 2 wrong use, 3 no readable capture, 5 output error. More: man davscope\n" },
	{ "state",
	    "davscope state show [PART|findings] | export | prune AGE [options]\n\n"
	    "  davscope state show                          how much is remembered\n"
	    "  davscope state show items                    the newest of one part\n"
	    "  davscope state show findings                 the newest findings\n"
	    "  davscope state export >state.jsonl           all of it, an object a line\n"
	    "  davscope state prune 30d                     forget what was not used for so long\n\n"
	    "The directory is that of --state, else $STATE_DIRECTORY, else /var/lib/davscope. A monitor\n"
	    "may run meanwhile, but for prune.\n\n",
	    "\nExit: 0 done, 2 wrong use, 3 no state that can be read, 5 output error. More: man davscope\n" },
	{ "config",
	    "davscope config check [FILE] [options]\n\n"
	    "  davscope config check                        is /etc/davscope/davscope.yaml well written?\n"
	    "  davscope config check my.yaml                another file\n"
	    "  davscope config check my.yaml --format json  complaints as an object a line\n\n"
	    "What is wrong is told with file, line and column; so is what is wrong with the rules that\n"
	    "it names. Else a line an alert says where it goes. More: man davscope.yaml\n\n",
	    "\nExit: 0 it can be used, 2 it cannot, 5 output error\n" },
	{ "monitor",
	    "davscope [monitor] -i IFACE... [options] [capture filter]\n\n"
	    "  davscope monitor -i eth0 tcp port 80         list transactions and findings as they come\n"
	    "  davscope monitor -i eth0 -q --config /etc/davscope/davscope.yaml --state /var/lib/davscope\n"
	    "  davscope monitor -i eth0 -w /srv/ring/eth0.pcapng -C 500M -W 20 --pin-on high\n"
	    "  davscope monitor -i eth0 -q --exec /usr/local/bin/open-ticket --metrics 127.0.0.1:9920\n"
	    "  davscope monitor -D                          which interfaces there are\n\n"
	    "INT and TERM end it, HUP reads configuration and rules anew, USR1 prints counts, USR2 begins\n"
	    "a new file of -w.\n\n",
	    "\nExit: 0 done, 1 findings of --fail-on, 2 wrong use, filter, rule or configuration, 3 no such\n"
	    "interface, no permission, or it vanished, 5 output error. More: man davscope-monitor\n" },
	{ "capture",
	    "davscope capture -i IFACE -w FILE [options] [capture filter]\n\n"
	    "  davscope capture -i eth0 -w ring.pcapng tcp port 80\n"
	    "  davscope capture -i eth0 -i eth1 -w /var/lib/davscope/ring.pcapng -C 500M -W 20\n"
	    "  davscope capture -i any -w ring.pcapng -G 3600 --keep-free 10%\n"
	    "  davscope capture -i eth0 -w one.pcapng -c 1000\n"
	    "  davscope capture -D                          which interfaces there are\n\n"
	    "The files are FILE-SENSOR-UTC-NUMBER.pcapng, with .part behind it while one is written.\n"
	    "INT and TERM end it, USR1 prints counts, USR2 begins a new file.\n\n",
	    "\nExit: 0 done, 2 wrong use or filter, 3 no such interface, no permission, or it vanished,\n"
	    "5 output error. More: man davscope-monitor\n" },
	{ "version", "davscope version\n\n", NULL },
};

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

static void print_main_page(struct out *out)
{
	out_text(out,
	    "davscope - what a capture says about calendar synchronisation over HTTP and DAV\n\n"
	    "  davscope -r capture.pcap                     list transactions, findings, a summary\n"
	    "  davscope -r capture.pcap -Y 'http.response.status >= 400'\n"
	    "  davscope -r capture.pcap -T json | jq .      a record a line, every body parsed\n"
	    "  davscope -r big.pcap -q -w dav.pcapng        keep only flows that carry transactions\n"
	    "  ssh host tcpdump -U -s0 -w - tcp port 80 | davscope -r -\n"
	    "  davscope verify --before monday.pcap --after friday.pcap    is the fix real?\n\n");
	print_commands(out);
	out_text(out, "\nMost used options; davscope COMMAND --help prints all of them:\n");
}

static const struct page *page_find(const struct command *command)
{
	for (size_t i = 0; i < sizeof pages / sizeof pages[0]; i++)
		if (command != NULL && strcmp(pages[i].command, command->name) == 0)
			return &pages[i];
	return NULL;
}

int help_page(const struct command *command)
{
	struct error e;
	struct out *out = out_stdout(&e);
	if (out == NULL)
		return EXIT_INTERNAL;
	const struct page *page = page_find(command);
	if (command == NULL)
		print_main_page(out);
	else if (page != NULL)
		out_text(out, page->text);
	options_print(out, command);
	out_text(out, page != NULL && page->exits != NULL ? page->exits : exit_text);
	return finish_output(out);
}

/* `davscope help rules` or `davscope rules --help`. */
int command_help(const struct options *o)
{
	const struct command *named = o->n_words != 0 ? command_find(o->words[0]) : o->command;
	return help_page(named != NULL && named->run == command_help ? NULL : named);
}

int command_version(const struct options *o)
{
	(void)o;
	struct error e;
	struct out *out = out_stdout(&e);
	if (out == NULL)
		return EXIT_INTERNAL;
	out_text(out, "davscope " DAVSCOPE_VERSION "\nbuilt with " DAVSCOPE_LIBRARIES "\n");
	return finish_output(out);
}
