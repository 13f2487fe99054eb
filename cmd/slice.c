/*
 * slice.c - `-w`: a small capture that holds every packet of the flows that carried a transaction,
 * so that the program finds the same transactions in it. With -Y only those of chosen transactions
 * and, of their flows, all that carry no data: handshakes and acknowledgements.
 *
 * The first pass marks frames, a second one over the same inputs writes them; they are opened for both
 * before the first, as after it nothing can be opened any more. Standard input cannot be read twice: with it all packets are kept up to limit packet_keep, and what is missing
 * in the end is counted.
 */
#include "cmd/cmd.h"
#include "cmd/spans.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct frames {
	uint64_t *words;
	size_t n_words;
}; /* bit f: frame f of this input is wanted */

struct kept {
	struct kept *next;
	struct packet packet;
	uint8_t bytes[];
};

struct slicer {
	const struct options *options;
	struct writer *writer;
	struct source *again; /* for the second pass; NULL when it keeps */
	struct frames *inputs; /* options->n_inputs of them */
	struct spans *spans; /* NULL: whole flows */
	uint64_t wanted, written; /* frames */
	uint64_t lost; /* frames that could not be marked: out of memory, or unknown to us */
	bool keeps; /* some input cannot be read twice */
	uint64_t kept_bytes;
	struct kept *first, **last;
};

/* ---- opening ---- */

bool writes_over_input(const struct options *o, const char *path)
{
	struct file_id target, input;
	if (strcmp(path, "-") == 0 || !file_identify(path, &target))
		return false;
	for (size_t i = 0; i < o->n_inputs; i++)
		if (file_identify(o->inputs[i], &input) && file_same(&input, &target))
			return true;
	return false;
}

bool slice_is_safe(const struct options *o, struct error *e)
{
	if (o->slice_path == NULL || !writes_over_input(o, o->slice_path))
		return true;
	return error_set(e, "-w %.120s: would write over an input", o->slice_path);
}

static bool slicer_init(struct slicer *s)
{
	const struct options *o = s->options;
	s->keeps = o->reads_once;
	s->last = &s->first;
	s->inputs = calloc(o->n_inputs, sizeof *s->inputs);
	s->spans = o->filter != NULL ? spans_new(&o->limits) : NULL;
	return s->inputs != NULL && (o->filter == NULL || s->spans != NULL);
}

static bool open_again(struct slicer *s, struct error *e)
{
	struct source_options again = options_source(s->options);
	descriptors_raise(); /* twice as many as there are inputs */
	if (!s->keeps)
		s->again = source_open(&again, e);
	return s->keeps || s->again != NULL;
}

struct slicer *slicer_open(const struct options *o, struct error *e)
{
	struct slicer *s = calloc(1, sizeof *s);
	error_set(e, "out of memory");
	if (s == NULL)
		return NULL;
	s->options = o;
	if (slicer_init(s) && open_again(s, e))
		s->writer = writer_open(o->slice_path, CAPTURE_PCAPNG, e);
	if (s->writer != NULL)
		return s;
	slicer_abandon(s);
	return NULL;
}

static void slicer_free(struct slicer *s)
{
	for (size_t i = 0; s->inputs != NULL && i < s->options->n_inputs; i++)
		free(s->inputs[i].words);
	free(s->inputs);
	source_close(s->again);
	spans_free(s->spans);
	while (s->first != NULL) {
		struct kept *next = s->first->next;
		free(s->first);
		s->first = next;
	}
	free(s);
}

void slicer_abandon(struct slicer *s)
{
	if (s == NULL)
		return;
	writer_abandon(s->writer);
	slicer_free(s);
}

/* ---- the first pass ---- */

void slicer_packet(struct slicer *s, const struct packet *packet)
{
	size_t size = sizeof(struct kept) + packet->bytes.n;
	if (!s->keeps || size > s->options->limits.packet_keep - s->kept_bytes)
		return;
	struct kept *k = malloc(size);
	if (k == NULL)
		return;
	k->next = NULL;
	k->packet = *packet;
	k->packet.bytes.p = k->bytes;
	if (packet->bytes.n != 0)
		memcpy(k->bytes, packet->bytes.p, packet->bytes.n);
	s->kept_bytes += size;
	*s->last = k;
	s->last = &k->next;
}

static bool frames_grow(struct frames *f, uint64_t word)
{
	size_t n = f->n_words == 0 ? 64 : f->n_words;
	while (n <= word)
		n *= 2;
	uint64_t *words = realloc(f->words, n * sizeof *words);
	if (words == NULL)
		return false;
	memset(words + f->n_words, 0, (n - f->n_words) * sizeof *words);
	f->words = words;
	f->n_words = n;
	return true;
}

static bool is_wanted(const struct slicer *s, uint16_t input, uint64_t frame)
{
	uint64_t word = frame / 64;
	if (input >= s->options->n_inputs || word >= s->inputs[input].n_words)
		return false;
	return (s->inputs[input].words[word] >> frame % 64 & 1) != 0;
}

/* A frame may belong to two flows (a tunnel, a fragment): it is written once. */
static void want(struct slicer *s, const struct packet_ref *at)
{
	uint64_t word = at->frame / 64;
	if (at->input >= s->options->n_inputs || is_wanted(s, at->input, at->frame))
		return;
	struct frames *f = &s->inputs[at->input];
	if (word >= f->n_words && !frames_grow(f, word)) {
		s->lost++;
		return;
	}
	f->words[word] |= (uint64_t)1 << at->frame % 64;
	s->wanted++;
}

void slicer_transaction(struct slicer *s, const struct txn *txn)
{
	if (s->spans != NULL && !spans_add(s->spans, txn))
		s->lost++;
}

void slicer_flow(struct slicer *s, const struct flow *flow)
{
	struct flow_spans *spans = s->spans != NULL ? spans_take(s->spans, &flow->id) : NULL;
	if (s->spans != NULL ? spans == NULL : flow->transactions == 0)
		return;
	uint64_t packets = flow->packets[0] + flow->packets[1];
	if (flow->n_packet_list < packets)
		s->lost += packets - flow->n_packet_list;
	for (size_t i = 0; i < flow->n_packet_list; i++) {
		const struct packet_ref *packet = &flow->packet_list[i];
		if (spans == NULL || packet->bytes == 0 || flow_spans_want(spans, packet))
			want(s, packet);
	}
	flow_spans_free(spans);
}

/* ---- the second pass ---- */

static bool slice_packet(struct slicer *s, const struct packet *packet, struct error *e)
{
	if (!is_wanted(s, packet->at.input, packet->at.frame))
		return true;
	s->written++;
	return writer_packet(s->writer, packet, e);
}

static bool write_kept(struct slicer *s, struct error *e)
{
	for (const struct kept *k = s->first; k != NULL; k = k->next)
		if (!slice_packet(s, &k->packet, e))
			return false;
	return true;
}

static bool write_again(struct slicer *s, struct error *e)
{
	if (s->options->running != NULL)
		s->options->running(s->again);
	struct packet packet;
	bool good = true;
	enum source_status status = SOURCE_END;
	while (good && s->written < s->wanted &&
	    (status = source_next(s->again, &packet)) == SOURCE_PACKET)
		good = slice_packet(s, &packet, e);
	if (good && status == SOURCE_STOPPED)
		good = error_set(e, "-w %.120s: stopped, not written", s->options->slice_path);
	if (s->options->running != NULL)
		s->options->running(NULL);
	return good;
}

bool slicer_close(struct slicer *s, uint64_t *written, uint64_t *missing, struct error *e)
{
	bool good = s->keeps ? write_kept(s, e) : write_again(s, e);
	*written = s->written;
	*missing = s->wanted - s->written + s->lost;
	if (good)
		good = writer_close(s->writer, e);
	else
		writer_abandon(s->writer);
	slicer_free(s);
	return good;
}
