/* The .talk language: lines, directives, and the messages between them. README.md describes it. */
#include "tests/tool/frame.h"
#include "tests/tool/message.h"
#include "tests/tool/play.h"

#include <errno.h>

struct script {
	struct play play;
	struct message_shape shape; /* of the next message */
	struct slice text; /* what is left of the file */
	const char *name;
	size_t line;
	struct error *error;
};

/* The connection and the side that a directive names, in any order; either may be left out. */
struct whom {
	struct conn *conn;
	unsigned side;
	bool side_given;
};

static bool script_whom(struct script *s, const struct words *w, size_t from, struct whom *out)
{
	*out = (struct whom){ 0 };
	for (size_t i = from; i < w->n; i++) {
		bool client = word_is(w->v[i], "client"), server = word_is(w->v[i], "server");
		if (client || server) {
			out->side = client ? CLIENT : SERVER;
			out->side_given = true;
		} else if ((out->conn = play_conn(&s->play, w->v[i])) == NULL) {
			return error_set(s->error, "there is no connection of that name");
		}
	}
	if (out->conn == NULL)
		out->conn = play_conn_current(&s->play);
	s->play.current = out->conn;
	return true;
}

static bool on_conn(struct script *s, const struct words *w)
{
	struct conn *c = play_conn(&s->play, w->v[1]);
	if (c == NULL && (c = play_conn_add(&s->play, w->v[1], s->error)) == NULL)
		return false;
	for (size_t i = 2; i < w->n; i++)
		if (!word_address(w->v[i], &c->end[i - 2]))
			return error_set(s->error, "no address; write 10.0.0.1:80 or [fd00::1]:80");
	if (c->end[CLIENT].family != c->end[SERVER].family)
		return error_set(s->error, "the two addresses are of different kinds");
	s->play.current = c;
	return true;
}

static bool on_at(struct script *s, const struct words *w)
{
	return word_time(w->v[1], &s->play.now) ?
	    true :
	    error_set(s->error, "no time; write 2006-09-25T16:00:03.5Z");
}

static bool on_wait(struct script *s, const struct words *w)
{
	int64_t ns;
	if (!word_duration(w->v[1], &ns))
		return error_set(s->error, "no duration; write 250ms (units ns us ms s m h)");
	s->play.now += ns;
	return true;
}

static bool on_isn(struct script *s, const struct words *w)
{
	struct conn *c = play_conn_current(&s->play);
	c->isn_given = true;
	if (word_u32(w->v[1], &c->next[CLIENT]) && word_u32(w->v[2], &c->next[SERVER]))
		return true;
	return error_set(s->error, "two numbers below 2^32 are wanted");
}

static bool on_vlan(struct script *s, const struct words *w)
{
	struct list ids = { .n = 0 };
	if (!word_is(w->v[1], "off") && (!word_list(w->v[1], &ids) || ids.n > 2))
		return error_set(s->error, "one or two VLAN numbers are wanted, or off");
	s->play.framing.n_vlan = ids.n;
	for (size_t i = 0; i < ids.n; i++)
		s->play.framing.vlan[i] = (uint16_t)(ids.v[i] & 0xfff);
	return true;
}

static bool on_tunnel(struct script *s, const struct words *w)
{
	struct framing *f = &s->play.framing;
	f->tunnel_id = 0;
	if (!tunnel_find(w->v[1], &f->tunnel))
		return error_set(s->error, "unknown tunnel");
	return w->n == 2 || word_u32(w->v[2], &f->tunnel_id) ?
	    true :
	    error_set(s->error, "an id below 2^32 is wanted");
}

/* A copy on the other side of a switch, of a router, or of a router between two VLANs. */
static bool on_mirror(struct script *s, const struct words *w)
{
	struct framing *f = &s->play.framing;
	struct list vlan = { .n = 0 };
	f->mirror_ns = 0;
	f->mirror_routed = w->n > 2;
	f->mirror_vlan = 0;
	if (!word_is(w->v[1], "off") && !word_duration(w->v[1], &f->mirror_ns))
		return error_set(s->error, "no duration; write 20us, or off");
	if (w->n > 2 && !word_is(w->v[2], "routed"))
		return error_set(s->error, "only routed may stand here");
	if (w->n > 3 && (!word_list(w->v[3], &vlan) || vlan.n != 1))
		return error_set(s->error, "one VLAN number is wanted");
	f->mirror_vlan = (uint16_t)(vlan.n == 1 ? vlan.v[0] & 0xfff : 0);
	return true;
}

static bool on_frag(struct script *s, const struct words *w)
{
	size_t n = 0;
	if (!word_is(w->v[1], "off") && (!word_size(w->v[1], &n) || n == 0 || n % 8 != 0))
		return error_set(s->error,
		    "a fragment size that is a multiple of 8 is wanted, or off");
	s->play.framing.frag = n;
	return true;
}

static bool on_snap(struct script *s, const struct words *w)
{
	s->play.framing.snap = 0;
	if (word_is(w->v[1], "off") ||
	    (word_size(w->v[1], &s->play.framing.snap) && s->play.framing.snap > 0))
		return true;
	return error_set(s->error, "a number of bytes is wanted, or off");
}

static bool on_mss(struct script *s, const struct words *w)
{
	if (word_size(w->v[1], &s->play.mss) && s->play.mss > 0 && s->play.mss <= 65000)
		return true;
	return error_set(s->error, "1 to 65000 bytes are wanted");
}

static bool on_cut(struct script *s, const struct words *w)
{
	return word_size(w->v[1], &s->play.talk->cut) ?
	    true :
	    error_set(s->error, "a number of bytes is wanted");
}

static bool on_chunked(struct script *s, const struct words *w)
{
	if (word_size(w->v[1], &s->shape.chunk) && s->shape.chunk > 0)
		return true;
	return error_set(s->error, "a chunk size is wanted");
}

static bool on_trailer(struct script *s, const struct words *w)
{
	bytes_slice(&s->shape.trailers, w->rest);
	bytes_text(&s->shape.trailers, "\r\n");
	return true;
}

static bool list_take(struct script *s, const struct words *w, struct list *list, bool *all)
{
	if (w->n == 1)
		*all = true;
	else if (!word_list(w->v[1], list))
		return error_set(s->error,
		    "numbers are wanted, with commas and no blanks between them");
	return true;
}

static bool on_split(struct script *s, const struct words *w)
{
	struct list *l = &s->play.fate.split;
	if (!list_take(s, w, l, &(bool){ false }))
		return false;
	for (size_t i = 0; i < l->n; i++)
		if (l->v[i] == 0 || (i > 0 && l->v[i] <= l->v[i - 1]))
			return error_set(s->error, "offsets must grow and start above 0");
	return true;
}

static bool on_reorder(struct script *s, const struct words *w)
{
	return list_take(s, w, &s->play.fate.order, &s->play.fate.reverse);
}

static bool on_dup(struct script *s, const struct words *w)
{
	return list_take(s, w, &s->play.fate.dup, &s->play.fate.dup_all);
}

static bool on_drop(struct script *s, const struct words *w)
{
	return list_take(s, w, &s->play.fate.drop, &s->play.fate.drop_all);
}

static bool on_overlap(struct script *s, const struct words *w)
{
	return list_take(s, w, &s->play.fate.overlap, &(bool){ false });
}

static bool on_damage(struct script *s, const struct words *w)
{
	return list_take(s, w, &s->play.fate.damage, &(bool){ false });
}

static bool on_sums(struct script *s, const struct words *w)
{
	static const char *const names[] = { "right", "partial", "lengthless", "zero", "wrong" };
	bool both = w->n == 2;
	for (size_t i = 0; i < 5; i++) {
		if (!word_is(w->v[1], names[i]))
			continue;
		for (unsigned side = 0; side < 2; side++)
			if (both || word_is(w->v[2], side == CLIENT ? "client" : "server"))
				s->play.framing.sums[side] = (enum sums)i;
		return true;
	}
	return error_set(s->error, "right, partial, lengthless, zero or wrong is wanted");
}

static bool on_link(struct script *s, const struct words *w)
{
	static const struct {
		const char *name;
		int type;
	} links[] = {
		{ "ether", LINK_ETHER },
		{ "sll", LINK_SLL },
		{ "sll2", LINK_SLL2 },
		{ "raw", LINK_RAW },
		{ "null", LINK_NULL },
	};
	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
		if (word_is(w->v[1], links[i].name)) {
			s->play.talk->linktype = links[i].type;
			return true;
		}
	}
	return error_set(s->error, "unknown link; known are ether sll sll2 raw null");
}

static bool on_format(struct script *s, const struct words *w)
{
	static const char *const names[] = { "pcap", "pcap-ns", "pcap-be", "pcapng" };
	for (size_t i = 0; i < 4; i++) {
		if (word_is(w->v[1], names[i])) {
			s->play.talk->format = (enum talk_format)i;
			return true;
		}
	}
	return error_set(s->error, "unknown format; known are pcap pcap-ns pcap-be pcapng");
}

static bool on_dropped(struct script *s, const struct words *w)
{
	if (s->play.talk->format != FORMAT_PCAPNG)
		return error_set(s->error, "only pcapng can say that; write @format pcapng first");
	return word_size(w->v[1], &s->play.talk->dropped) ?
	    true :
	    error_set(s->error, "a number of packets is wanted");
}

static bool on_captured(struct script *s, const struct words *w)
{
	bool both = word_is(w->v[1], "both");
	s->play.captured[CLIENT] = both || word_is(w->v[1], "client");
	s->play.captured[SERVER] = both || word_is(w->v[1], "server");
	if (s->play.captured[CLIENT] || s->play.captured[SERVER] || word_is(w->v[1], "none"))
		return true;
	return error_set(s->error, "client, server, both or none is wanted");
}

static bool on_packet(struct script *s, const struct words *w)
{
	struct message_shape hex = { .style = STYLE_DATA, .hex = true };
	struct bytes frame = { 0 };
	bool ok = message_build(w->rest, &hex, &frame, s->error);
	if (ok)
		play_verbatim(&s->play, bytes_all(&frame));
	bytes_free(&frame);
	return ok;
}

static bool on_again(struct script *s, const struct words *w)
{
	struct whom whom;
	size_t from, n;
	if (!word_size(w->v[1], &from) || !word_size(w->v[2], &n))
		return error_set(s->error, "an offset and a length are wanted");
	if (!script_whom(s, w, 3, &whom))
		return false;
	if (play_again(&s->play, whom.conn, whom.side, from, n))
		return true;
	return error_set(s->error, "that is not within the last message of this side");
}

static bool on_open(struct script *s, const struct words *w)
{
	struct whom whom;
	if (!script_whom(s, w, 1, &whom))
		return false;
	play_open(&s->play, whom.conn);
	return true;
}

static bool on_noopen(struct script *s, const struct words *w)
{
	struct whom whom;
	if (!script_whom(s, w, 1, &whom))
		return false;
	whom.conn->silent_open = true;
	return true;
}

static bool on_close(struct script *s, const struct words *w)
{
	struct whom whom;
	if (!script_whom(s, w, 1, &whom))
		return false;
	play_close(&s->play, whom.conn, whom.side);
	return true;
}

static bool on_halfclose(struct script *s, const struct words *w)
{
	struct whom whom;
	if (!script_whom(s, w, 1, &whom))
		return false;
	play_fin(&s->play, whom.conn, whom.side);
	return true;
}

static bool on_rst(struct script *s, const struct words *w)
{
	struct whom whom;
	if (!script_whom(s, w, 1, &whom))
		return false;
	play_reset(&s->play, whom.conn, whom.side);
	return true;
}

static bool on_probe(struct script *s, const struct words *w)
{
	struct whom whom;
	if (!script_whom(s, w, 1, &whom))
		return false;
	play_probe(&s->play, whom.conn, whom.side);
	return true;
}

/* Directives that only turn something on. */
static bool on_switch(struct script *s, const struct words *w)
{
	if (word_is(w->v[0], "@v6"))
		s->play.six = true;
	else if (word_is(w->v[0], "@noack"))
		s->play.no_ack = true;
	else if (word_is(w->v[0], "@ack"))
		s->play.no_ack = false;
	else if (word_is(w->v[0], "@noclose"))
		s->play.no_close = true;
	else if (word_is(w->v[0], "@join"))
		s->play.fate.join = true;
	else if (word_is(w->v[0], "@raw"))
		s->shape.style = STYLE_RAW;
	else if (word_is(w->v[0], "@data"))
		s->shape.style = STYLE_DATA;
	else if (word_is(w->v[0], "@hex"))
		s->shape.hex = true;
	else if (word_is(w->v[0], "@brotli"))
		s->shape.packing = PACKING_BROTLI;
	else if (word_is(w->v[0], "@zstd"))
		s->shape.packing = PACKING_ZSTD;
	else
		s->shape.packing = PACKING_GZIP;
	return true;
}

struct directive {
	const char *name;
	size_t least, most; /* words behind the name */
	bool (*run)(struct script *, const struct words *);
	const char *usage;
};

static const struct directive directives[] = {
	{ "@conn", 1, 3, on_conn, "NAME [CLIENT:PORT [SERVER:PORT]]" },
	{ "@at", 1, 1, on_at, "TIME" },
	{ "@wait", 1, 1, on_wait, "DURATION" },
	{ "@open", 0, 1, on_open, "[NAME]" },
	{ "@noopen", 0, 1, on_noopen, "[NAME]" },
	{ "@close", 0, 2, on_close, "[NAME] [client|server]" },
	{ "@halfclose", 0, 2, on_halfclose, "[NAME] [client|server]" },
	{ "@rst", 0, 2, on_rst, "[NAME] [client|server]" },
	{ "@keepalive", 0, 2, on_probe, "[NAME] [client|server]" },
	{ "@noclose", 0, 0, on_switch, "" },
	{ "@noack", 0, 0, on_switch, "" },
	{ "@ack", 0, 0, on_switch, "" },
	{ "@captured", 1, 1, on_captured, "client|server|both|none" },
	{ "@isn", 2, 2, on_isn, "CLIENT SERVER" },
	{ "@mss", 1, 1, on_mss, "BYTES" },
	{ "@raw", 0, 0, on_switch, "" },
	{ "@data", 0, 0, on_switch, "" },
	{ "@hex", 0, 0, on_switch, "" },
	{ "@gzip", 0, 0, on_switch, "" },
	{ "@brotli", 0, 0, on_switch, "" },
	{ "@zstd", 0, 0, on_switch, "" },
	{ "@chunked", 1, 1, on_chunked, "BYTES" },
	{ "@trailer", 1, WORDS_MAX, on_trailer, "NAME: VALUE" },
	{ "@join", 0, 0, on_switch, "" },
	{ "@split", 1, 1, on_split, "OFFSET,..." },
	{ "@reorder", 0, 1, on_reorder, "[NUMBER,...]" },
	{ "@dup", 0, 1, on_dup, "[NUMBER,...]" },
	{ "@overlap", 1, 1, on_overlap, "NUMBER,..." },
	{ "@drop", 0, 1, on_drop, "[NUMBER,...]" },
	{ "@damage", 1, 1, on_damage, "NUMBER,..." },
	{ "@sums", 1, 2, on_sums, "right|partial|lengthless|zero|wrong [client|server]" },
	{ "@again", 2, 4, on_again, "OFFSET BYTES [NAME] [client|server]" },
	{ "@vlan", 1, 1, on_vlan, "ID[,ID]|off" },
	{ "@tunnel", 1, 2, on_tunnel,
	    "off|pppoe|mpls|ipip|gre|gretap|vxlan|geneve|erspan1|erspan2|erspan3 [ID]" },
	{ "@mirror", 1, 3, on_mirror, "off|DELAY [routed [VLAN]]" },
	{ "@v6", 0, 0, on_switch, "" },
	{ "@frag", 1, 1, on_frag, "BYTES|off" },
	{ "@snap", 1, 1, on_snap, "BYTES|off" },
	{ "@link", 1, 1, on_link, "ether|sll|sll2|raw|null" },
	{ "@format", 1, 1, on_format, "pcap|pcap-ns|pcap-be|pcapng" },
	{ "@cut", 1, 1, on_cut, "BYTES" },
	{ "@dropped", 1, 1, on_dropped, "PACKETS" },
	{ "@packet", 1, WORDS_MAX, on_packet, "HEX" },
};

static bool script_directive(struct script *s, const struct words *w)
{
	for (size_t i = 0; i < sizeof(directives) / sizeof(directives[0]); i++) {
		const struct directive *d = &directives[i];
		if (!word_is(w->v[0], d->name))
			continue;
		if (w->n - 1 < d->least || w->n - 1 > d->most)
			return error_set(s->error, "usage: %s %s", d->name, d->usage);
		return d->run(s, w);
	}
	return error_set(s->error, "unknown directive");
}

static bool line_is_special(struct slice text)
{
	return slice_starts(text, SLICE("@")) || slice_starts(text, SLICE(">>>")) ||
	    slice_starts(text, SLICE("<<<"));
}

/* Takes the next line off the text. */
static struct slice script_line(struct script *s)
{
	size_t end = slice_find_byte(s->text, '\n');
	struct slice line = slice_part(s->text, 0, end);
	s->text = slice_part(s->text, end + 1, s->text.n);
	s->line++;
	return line;
}

static bool script_message(struct script *s, const struct words *w)
{
	unsigned side = w->v[0].p[0] == '>' ? CLIENT : SERVER;
	struct whom whom;
	if (w->v[0].n != 3 || w->n > 2)
		return error_set(s->error, "usage: >>> [NAME] or <<< [NAME]");
	if (!script_whom(s, w, 1, &whom))
		return false;
	size_t line = s->line;
	struct slice text = s->text;
	while (s->text.n > 0 && !line_is_special(s->text))
		script_line(s);
	text.n -= s->text.n;
	struct bytes wire = { 0 };
	bool ok = message_build(text, &s->shape, &wire, s->error);
	if (ok && wire.n == 0)
		ok = error_set(s->error, "an empty message");
	ok = ok && play_message(&s->play, whom.conn, side, bytes_all(&wire), s->error);
	if (!ok)
		s->line = line;
	bytes_free(&wire);
	bytes_free(&s->shape.trailers);
	s->shape = (struct message_shape){ 0 };
	s->play.fate = (struct fate){ 0 };
	return ok;
}

static bool script_step(struct script *s)
{
	struct slice line = script_line(s);
	struct words words;
	if (slice_trim(line).n == 0 || line.p[0] == '#')
		return true;
	if (!words_split(line, &words))
		return error_set(s->error, "more than %d words", WORDS_MAX);
	if (!line_is_special(line))
		return error_set(s->error,
		    "text outside a message; messages begin with >>> or <<<");
	return line.p[0] == '@' ? script_directive(s, &words) : script_message(s, &words);
}

struct talk *talk_parse(const char *name, struct slice text, struct error *e)
{
	struct script s = { .text = text, .name = name, .error = e };
	s.play.talk = calloc(1, sizeof(*s.play.talk));
	ensure(s.play.talk != NULL, NULL);
	*s.play.talk = (struct talk){ .arena = arena_new((size_t)1 << 30), .linktype = LINK_ETHER };
	s.play.captured[CLIENT] = s.play.captured[SERVER] = true;
	s.play.mss = 1460;
	s.play.now = 1159200000000000000; /* 2006-09-25T16:00:00Z */
	bool ok = true;
	while (ok && s.text.n > 0)
		ok = script_step(&s);
	if (ok)
		play_end(&s.play);
	play_free(&s.play);
	bytes_free(&s.shape.trailers);
	if (ok)
		return s.play.talk;
	struct error why = *e;
	error_set(e, "%s:%zu: %.180s", name, s.line, why.text);
	talk_free(s.play.talk);
	return NULL;
}

struct talk *talk_read(const char *path, struct error *e)
{
	FILE *f = fopen(path, "rb");
	if (f == NULL) {
		error_set(e, "%s: %s", path, strerror(errno));
		return NULL;
	}
	struct bytes text = { 0 };
	uint8_t block[4096];
	size_t n;
	while ((n = fread(block, 1, sizeof(block), f)) > 0)
		bytes_add(&text, block, n);
	fclose(f);
	struct talk *t = talk_parse(path, bytes_all(&text), e);
	bytes_free(&text);
	return t;
}

void talk_append(struct talk *t, const struct segment *s)
{
	if (t->n == t->room) {
		t->room = 2 * t->room + 64;
		t->segments = realloc(t->segments, t->room * sizeof(*s));
		ensure(t->segments != NULL, NULL);
	}
	t->segments[t->n] = *s;
	t->segments[t->n++].dropped = t->dropped;
	t->dropped = 0;
}

struct slice talk_keep(struct talk *t, struct slice bytes)
{
	struct slice kept = { 0 };
	ensure(arena_copy(t->arena, bytes, &kept), NULL);
	return kept;
}

void talk_free(struct talk *t)
{
	if (t == NULL)
		return;
	arena_free(t->arena);
	free(t->segments);
	free(t);
}
