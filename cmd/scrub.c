/*
 * scrub.c - `davscope scrub IN -o OUT`: a capture for a bug report. Two passes over IN; see scrub/scrub.h.
 */
#include "cmd/cmd.h"
#include "cmd/scrub/scrub.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

enum { KEY_DIGITS = 32, PROGRESS_PACKETS = 4096 };

struct scrub_run {
	const struct options *options;
	struct scrubber *scrubber;
	struct source *source;
	struct source *again; /* for the second pass: later nothing can be opened */
	struct decoder *decoder;
	struct writer *writer;
	struct progress progress;
	uint64_t transactions;
	uint64_t frame; /* of the last packet that was written */
	bool unread; /* nobody reads standard output any more */
	bool unsaid; /* the format of the output cannot tell of losses or of what is no packet */
	bool damaged;
};

/* ---- the key ---- */

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	char lower = (char)(c | 0x20);
	return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

static bool key_parse(struct slice text, struct hash_key *key)
{
	uint64_t half[2] = { 0, 0 };
	while (text.n != 0 && strchr(" \t\r\n", text.p[text.n - 1]) != NULL)
		text.n--;
	for (size_t i = 0; i < text.n && text.n == KEY_DIGITS; i++) {
		int digit = hex_value((char)text.p[i]);
		if (digit < 0)
			return false;
		uint64_t *half_of = &half[i / (KEY_DIGITS / 2)];
		*half_of = *half_of << 4 | (uint64_t)digit;
	}
	*key = (struct hash_key){ half[0], half[1] };
	return text.n == KEY_DIGITS;
}

static bool key_read(const char *path, struct hash_key *key, struct error *e)
{
	uint8_t text[KEY_DIGITS + 8];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text);
	int error = errno;
	if (fd >= 0)
		close(fd);
	if (n < 0)
		return error_set(e, "--key-file %.120s: %s", path, strerror(error));
	return key_parse((struct slice){ text, (size_t)n }, key) ||
	    error_set(e, "--key-file %.120s: is not 32 hexadecimal digits", path);
}

static bool key_get(const struct options *o, struct hash_key *key, struct error *e)
{
	if (o->key != NULL && o->key_file != NULL)
		return error_set(e, "--key and --key-file: one of them is enough");
	if (o->key_file != NULL)
		return key_read(o->key_file, key, e);
	if (o->key != NULL)
		return key_parse(slice_from(o->key), key) ||
		    error_set(e, "--key: is not 32 hexadecimal digits");
	return getrandom(key, sizeof *key, 0) == (ssize_t)sizeof *key ||
	    error_set(e, "no random numbers for a key: %s", strerror(errno));
}

/* ---- the first pass ---- */

static void on_txn(void *ctx, struct txn *txn)
{
	struct scrub_run *run = ctx;
	run->transactions++;
	txn_free(txn);
}

static void on_flow(void *ctx, const struct flow *flow)
{
	(void)ctx, (void)flow;
}

static void on_anomaly(void *ctx, const struct anomaly *anomaly)
{
	(void)ctx, (void)anomaly;
}

static void on_dropped(void *ctx, const struct dropped *dropped)
{
	(void)ctx, (void)dropped;
}

static void source_set(struct scrub_run *run, struct source *source)
{
	if (run->options->running != NULL)
		run->options->running(source);
	source_close(source == NULL ? run->source : NULL);
	run->source = source;
}

static bool sources_open(struct scrub_run *run, struct error *e)
{
	struct source_options options = options_source(run->options);
	struct source *source = source_open(&options, e);
	if (source == NULL)
		return false;
	source_set(run, source);
	run->again = source_open(&options, e);
	return run->again != NULL;
}

static void show_progress(struct scrub_run *run, uint64_t packets)
{
	if (packets % PROGRESS_PACKETS != 0)
		return;
	struct source_counts counts = source_counts(run->source);
	progress_show(&run->progress, &counts, run->transactions);
}

static bool stopped(const struct scrub_run *run, struct error *e)
{
	return error_set(e, "stopped, %.120s is not written", run->options->output);
}

static bool decoder_begin(struct scrub_run *run, struct error *e)
{
	struct decode_options options = {
		.limits = run->options->limits,
		.key = hash_key_random(),
		.checksums = run->options->checksums,
		.tap = scrubber_tap(run->scrubber),
	};
	struct decode_sink sink = { on_txn, on_flow, on_anomaly, on_dropped, run };
	run->decoder = decoder_new(&options, sink, e);
	return run->decoder != NULL;
}

static bool pass_read(struct scrub_run *run, struct error *e)
{
	struct packet packet;
	enum source_status status;
	uint64_t packets = 0;
	if (!decoder_begin(run, e))
		return false;
	while ((status = source_next(run->source, &packet)) == SOURCE_PACKET) {
		decoder_packet(run->decoder, &packet);
		show_progress(run, ++packets);
	}
	decoder_finish(run->decoder);
	decoder_free(run->decoder);
	run->decoder = NULL;
	source_set(run, NULL);
	if (status == SOURCE_STOPPED)
		return stopped(run, e);
	return scrubber_turn(run->scrubber, e);
}

/* ---- the second pass ---- */

static bool packet_write(struct scrub_run *run, struct packet *packet, struct error *e)
{
	uint64_t frame = packet->at.frame;
	if (!scrubber_packet(run->scrubber, packet, e))
		return false;
	if (frame > run->frame + 1 && !writer_skip(run->writer, frame - run->frame - 1))
		run->unsaid = true;
	if (packet->dropped != 0 && !writer_lost(run->writer, packet->dropped))
		run->unsaid = true;
	run->frame = frame;
	return writer_packet(run->writer, packet, e);
}

/* What the input says of its end. */
static void end_write(struct scrub_run *run)
{
	size_t damages = 0;
	const struct damage *damage = source_damage(run->source, &damages);
	uint64_t behind = source_counts(run->source).dropped_behind;
	if (behind != 0 && !writer_lost(run->writer, behind))
		run->unsaid = true;
	for (size_t i = 0; i < damages; i++)
		warn("%s: damaged at record %llu, byte %llu: %s; everything before it was read",
		    source_name(run->source, damage[i].input), (unsigned long long)damage[i].record,
		    (unsigned long long)damage[i].offset, damage[i].text);
	run->damaged = damages != 0;
	writer_end(run->writer, run->damaged);
}

static bool pass_write(struct scrub_run *run, struct error *e)
{
	struct packet packet;
	bool good = true;
	uint64_t packets = 0;
	enum source_status status = SOURCE_END;
	while (good && !writer_unread(run->writer) &&
	    (status = source_next(run->source, &packet)) == SOURCE_PACKET) {
		good = packet_write(run, &packet, e);
		show_progress(run, ++packets);
	}
	if (good && status == SOURCE_STOPPED)
		good = stopped(run, e);
	if (good)
		end_write(run);
	source_set(run, NULL);
	struct writer *writer = run->writer;
	run->unread = writer_unread(writer);
	run->writer = NULL;
	if (good)
		return writer_close(writer, e);
	writer_abandon(writer);
	return false;
}

static bool writer_begin(struct scrub_run *run, struct error *e)
{
	const char *path = run->options->output, *dot = strrchr(path, '.');
	bool pcap = dot != NULL && strcmp(dot, ".pcap") == 0;
	run->writer = writer_open(path, pcap ? CAPTURE_PCAP : CAPTURE_PCAPNG, e);
	return run->writer != NULL;
}

/* ---- all of it ---- */

static int scrub_open(struct scrub_run *run, struct error *e)
{
	const struct options *o = run->options;
	struct scrub_options options = { .limits = &o->limits, .beside = o->output };
	if (!key_get(o, &options.key, e))
		return EXIT_USAGE;
	if (writes_over_input(o, o->output)) {
		error_set(e, "-o %.120s: would write over the input", o->output);
		return EXIT_USAGE;
	}
	if (!sources_open(run, e))
		return EXIT_INPUT;
	run->scrubber = scrubber_new(&options, e);
	if (run->scrubber == NULL || !writer_begin(run, e))
		return EXIT_OUTPUT;
	return rights_confine(o, o->output, e) && rights_seal(o, e) ? EXIT_DONE : EXIT_USAGE;
}

static int scrub_run(struct scrub_run *run, struct error *e)
{
	int code = scrub_open(run, e);
	if (code != EXIT_DONE)
		return code;
	if (!pass_read(run, e))
		return EXIT_OUTPUT;
	source_set(run, run->again);
	run->again = NULL;
	return pass_write(run, e) ? EXIT_DONE : EXIT_OUTPUT;
}

static void say_done(const struct scrub_run *run)
{
	struct scrub_counts c = scrubber_counts(run->scrubber);
	warn("%llu packets, %llu bytes replaced; blanked: %llu of %llu bodies, the payload of %llu "
	     "packets",
	    (unsigned long long)c.packets, (unsigned long long)c.bytes,
	    (unsigned long long)c.bodies_blanked, (unsigned long long)c.bodies,
	    (unsigned long long)c.packets_blanked);
	if (run->unsaid)
		warn("pcap cannot say which packets were lost while recording, nor skip numbers: "
		     "choose a name that ends in .pcapng");
}

int command_scrub(const struct options *o)
{
	struct error e = { "" };
	struct scrub_run run = { .options = o, .progress = progress_begin(false) };
	int code = scrub_run(&run, &e);
	progress_erase(&run.progress);
	if (code != EXIT_DONE)
		warn("%s", e.text);
	else if (!run.unread)
		say_done(&run);
	source_set(&run, NULL);
	source_close(run.again);
	decoder_free(run.decoder);
	writer_abandon(run.writer);
	scrubber_free(run.scrubber);
	return code == EXIT_DONE && run.damaged ? EXIT_INCOMPLETE : code;
}
