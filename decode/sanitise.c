/*
 * sanitise.c - a small XML lexer that mends two liberties Exchange takes; see sanitise.h.
 */
#include "decode/sanitise.h"
#include "decode/syntax.h"

#include <string.h>

enum state {
	IN_TEXT,
	AT_OPEN, /* behind '<' */
	AT_NAME, /* behind '<' or '</' */
	IN_PREFIX, /* in a name that may turn out to be a prefix */
	AT_LOCAL, /* behind the colon */
	IN_TAG,
	IN_VALUE, /* of an attribute, in quotes */
	AT_BANG, /* behind '<!' */
	AT_DASH, /* behind '<!-' */
	IN_SECTION, /* comment, PI */
	IN_CDATA,
	IN_REFERENCE, /* behind '&' */
};

/* One call of sanitiser_data: [run, p) is settled and not yet put. */
struct scan {
	struct sanitiser *s;
	const struct sanitise_sink *sink;
	const uint8_t *p, *end, *run;
	const uint8_t *token; /* where the part of the token in this piece begins */
};

/* Bytes that end a run of text, of a name that may be a prefix, of a tag between its values. */
enum { ENDS_TEXT = 1, ENDS_PREFIX = 2, ENDS_TAG = 4 };

static const uint8_t ends[256] = {
	['<'] = ENDS_TEXT,
	['&'] = ENDS_TEXT,
	['>'] = ENDS_PREFIX | ENDS_TAG,
	[':'] = ENDS_PREFIX,
	['/'] = ENDS_PREFIX,
	[' '] = ENDS_PREFIX,
	['\t'] = ENDS_PREFIX,
	['\r'] = ENDS_PREFIX,
	['\n'] = ENDS_PREFIX,
	['"'] = ENDS_TAG,
	['\''] = ENDS_TAG,
};

/* False when the piece ends first. */
static bool scan_run(struct scan *w, uint8_t what)
{
	const uint8_t *p = w->p;
	while (p < w->end && !(ends[*p] & what))
		p++;
	w->p = p;
	return p < w->end;
}

static void scan_put(struct scan *w)
{
	if (w->p > w->run)
		w->sink->put(w->sink->ctx, (struct slice){ w->run, (size_t)(w->p - w->run) });
	w->run = w->p;
}

static void scan_insert(struct scan *w, struct slice what)
{
	scan_put(w);
	w->sink->mended(w->sink->ctx);
	w->sink->put(w->sink->ctx, what);
}

static void scan_reference_begin(struct scan *w)
{
	scan_put(w);
	w->s->back = w->s->state;
	w->s->state = IN_REFERENCE;
	w->s->reference[0] = *w->p++;
	w->s->n_reference = 1;
	w->run = w->p;
}

static void scan_text(struct scan *w)
{
	if (!scan_run(w, ENDS_TEXT))
		return;
	if (*w->p == '&') {
		scan_reference_begin(w);
		return;
	}
	w->token = w->p++;
	w->s->token = 0;
	w->s->attributes = 0;
	w->s->state = AT_OPEN;
}

static bool is_digit(uint8_t byte)
{
	return byte >= '0' && byte <= '9';
}

static void section_begin(struct sanitiser *s, enum state state, char closer, uint8_t need)
{
	s->state = (uint8_t)state;
	s->closer = (uint8_t)closer;
	s->need = need;
	s->run = 0;
}

static void scan_open(struct scan *w)
{
	struct sanitiser *s = w->s;
	switch (*w->p) {
	case '/':
		s->state = AT_NAME;
		w->p++;
		break;
	case '?':
		section_begin(s, IN_SECTION, '?', 1);
		w->p++;
		break;
	case '!':
		s->state = AT_BANG;
		w->p++;
		break;
	default:
		s->state = AT_NAME;
		break;
	}
}

static void scan_name_start(struct scan *w)
{
	if (is_digit(*w->p))
		scan_insert(w, SLICE(SANITISE_MARK));
	w->s->state = w->s->state == AT_NAME ? IN_PREFIX : IN_TAG;
}

static void scan_prefix(struct scan *w)
{
	if (!scan_run(w, ENDS_PREFIX))
		return;
	if (*w->p == ':') {
		w->s->state = AT_LOCAL;
		w->p++;
	} else {
		w->s->state = IN_TAG;
	}
}

static void scan_tag(struct scan *w)
{
	if (!scan_run(w, ENDS_TAG))
		return;
	struct sanitiser *s = w->s;
	if (*w->p == '>') {
		s->state = IN_TEXT;
	} else if (s->attributes == s->attributes_max) {
		s->wide = true;
		w->end = w->p;
		return;
	} else {
		s->attributes++;
		s->quote = *w->p;
		s->state = IN_VALUE;
	}
	w->p++;
}

static void scan_value(struct scan *w)
{
	uint8_t quote = w->s->quote;
	while (w->p < w->end && *w->p != quote && *w->p != '&')
		w->p++;
	if (w->p == w->end)
		return;
	if (*w->p == '&') {
		scan_reference_begin(w);
		return;
	}
	w->s->state = IN_TAG;
	w->p++;
}

static void scan_bang(struct scan *w)
{
	struct sanitiser *s = w->s;
	switch (*w->p) {
	case '-':
		s->state = AT_DASH;
		w->p++;
		break;
	case '[':
		section_begin(s, IN_CDATA, ']', 2);
		w->p++;
		break;
	case 'D':
		s->doctype = true;
		w->end = w->p;
		break;
	default:
		s->state = IN_TAG;
		break;
	}
}

static void scan_dash(struct scan *w)
{
	if (*w->p != '-') {
		w->s->state = IN_TAG;
		return;
	}
	section_begin(w->s, IN_SECTION, '-', 2);
	w->p++;
}

static void scan_section(struct scan *w)
{
	struct sanitiser *s = w->s;
	while (w->p < w->end) {
		if (s->run == 0) {
			const uint8_t *next = memchr(w->p, s->closer, (size_t)(w->end - w->p));
			w->p = next != NULL ? next : w->end;
			if (next == NULL)
				return;
		}
		uint8_t byte = *w->p++;
		if (byte == '>' && s->run == s->need) {
			s->state = IN_TEXT;
			return;
		}
		if (byte != s->closer)
			s->run = 0;
		else if (s->run < s->need)
			s->run++;
	}
}

/* XML 1.0 section 2.2, Char */
static bool is_xml_character(uint64_t c)
{
	if (c < 0x20)
		return c == '\t' || c == '\n' || c == '\r';
	return c < 0xd800 || (c > 0xdfff && c < 0xfffe) || (c > 0xffff && c < 0x110000);
}

/* 16 bytes of reference hold at most 14 digits: no overflow. */
static bool digits_value(struct slice digits, int base, uint64_t *value)
{
	*value = 0;
	for (size_t i = 0; i < digits.n; i++) {
		int digit = hex_digit(digits.p[i]);
		if (digit < 0 || digit >= base)
			return false;
		*value = *value * (unsigned)base + (unsigned)digit;
	}
	return digits.n > 0;
}

/* The reference without its ';': does it name a character that XML has not? */
static bool reference_is_illegal(struct slice reference)
{
	uint64_t value;
	bool is_number;
	if (slice_starts(reference, SLICE("&#x")))
		is_number = digits_value(slice_part(reference, 3, reference.n), 16, &value);
	else if (slice_starts(reference, SLICE("&#")))
		is_number = digits_value(slice_part(reference, 2, reference.n), 10, &value);
	else
		return false;
	return is_number && !is_xml_character(value);
}

static void reference_release(struct sanitiser *s, const struct sanitise_sink *sink)
{
	sink->put(sink->ctx, (struct slice){ s->reference, s->n_reference });
	s->n_reference = 0;
	s->state = s->back;
}

static void scan_reference(struct scan *w)
{
	struct sanitiser *s = w->s;
	uint8_t byte = *w->p;
	if (byte == ';' && reference_is_illegal((struct slice){ s->reference, s->n_reference })) {
		scan_insert(w, SLICE("\xef\xbf\xbd"));
		s->n_reference = 0;
		s->state = s->back;
		w->run = ++w->p;
		return;
	}
	bool part = is_digit(byte) || ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'x');
	bool fits = s->n_reference == 1 ? byte == '#' :
					  part && s->n_reference < SANITISE_REFERENCE_MAX;
	if (!fits) {
		reference_release(s, w->sink);
		return;
	}
	s->reference[s->n_reference++] = byte;
	w->run = ++w->p;
}

/* Each turn takes a byte, or moves on to a state that does. */
static void scan_turn(struct scan *w)
{
	static void (*const turns[])(struct scan *) = {
		[IN_TEXT] = scan_text,
		[AT_OPEN] = scan_open,
		[AT_NAME] = scan_name_start,
		[IN_PREFIX] = scan_prefix,
		[AT_LOCAL] = scan_name_start,
		[IN_TAG] = scan_tag,
		[IN_VALUE] = scan_value,
		[AT_BANG] = scan_bang,
		[AT_DASH] = scan_dash,
		[IN_SECTION] = scan_section,
		[IN_CDATA] = scan_section,
		[IN_REFERENCE] = scan_reference,
	};
	turns[w->s->state](w);
}

/* Text and CDATA may be as long as they like; so may the text around a reference. */
static bool state_is_token(const struct sanitiser *s)
{
	enum state state = s->state == IN_REFERENCE ? s->back : s->state;
	return state != IN_TEXT && state != IN_CDATA;
}

void sanitiser_data(struct sanitiser *s, struct slice in, const struct sanitise_sink *sink)
{
	if (in.n == 0 || s->doctype || s->wide)
		return;
	struct scan w = { s, sink, in.p, in.p + in.n, in.p, in.p };
	while (w.p < w.end)
		scan_turn(&w);
	scan_put(&w);
	s->token = state_is_token(s) ? s->token + (uint64_t)(w.p - w.token) : 0;
}

void sanitiser_end(struct sanitiser *s, const struct sanitise_sink *sink)
{
	if (s->state == IN_REFERENCE)
		reference_release(s, sink);
}

struct slice sanitise_undo(struct slice local_name)
{
	const struct slice mark = SLICE(SANITISE_MARK);
	if (local_name.n > mark.n && is_digit(local_name.p[mark.n]) &&
	    slice_starts(local_name, mark))
		return slice_part(local_name, mark.n, local_name.n);
	return local_name;
}
