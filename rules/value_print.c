/*
 * value_print.c - one value as text for people, escaped: numbers, times, durations, addresses, words.
 */
#include "rules/writer.h"

#include <arpa/inet.h>
#include <string.h>
#include <time.h>

enum { NS_DIGITS = 9 };
static const int64_t ns_in_second = 1000000000;

void writer_init(struct writer *w, char *out, size_t room)
{
	*w = (struct writer){ .out = out, .room = room, .left = SIZE_MAX };
}

/* A character whole or not at all; when there is no room for it, dots end the text. */
static void writer_put(struct writer *w, const char *unit, size_t n)
{
	enum { DOTS = 3 };
	if (w->full || w->cut)
		return;
	if (w->left == 0) {
		w->cut = true;
		unit = "...";
		n = DOTS;
	}
	if (n > w->room - w->n) {
		w->full = true;
		w->n = w->safe;
		unit = "...";
		n = w->room >= DOTS ? DOTS : 0;
	}
	memcpy(w->out + w->n, unit, n);
	w->n += n;
	w->left--;
	if (w->room - w->n >= DOTS)
		w->safe = w->n;
}

void writer_wire(struct writer *w, struct slice text)
{
	while (text.n != 0 && !w->full && !w->cut) {
		char unit[VIS_MAX];
		size_t n = vis_next(&text, unit);
		writer_put(w, unit, n);
	}
}

void writer_text(struct writer *w, struct slice text)
{
	while (text.n != 0 && !w->full && !w->cut) {
		uint32_t unused;
		size_t n = utf8_next(text, &unused);
		n = n != 0 ? n : 1;
		writer_put(w, (const char *)text.p, n);
		text = slice_part(text, n, text.n);
	}
}

void writer_number(struct writer *w, uint64_t number)
{
	char digits[DECIMAL_MAX];
	size_t n = decimal_put(digits, number);
	writer_text(w, (struct slice){ (const uint8_t *)digits, n });
}

static uint64_t magnitude(int64_t number)
{
	return number < 0 ? -(uint64_t)number : (uint64_t)number;
}

static void writer_signed(struct writer *w, int64_t number)
{
	if (number < 0)
		writer_text(w, SLICE("-"));
	writer_number(w, magnitude(number));
}

/* ".5", without zeros at the end; nothing for 0. */
static void writer_fraction(struct writer *w, uint64_t ns)
{
	char digits[NS_DIGITS + 1] = ".";
	size_t n = NS_DIGITS;
	if (ns == 0)
		return;
	for (size_t i = NS_DIGITS; i > 0; i--, ns /= 10)
		digits[i] = (char)('0' + ns % 10);
	while (digits[n] == '0')
		n--;
	writer_text(w, (struct slice){ (const uint8_t *)digits, n + 1 });
}

/* The two largest units that are not 0: 1d2h, 1h5m, 5m, 1.5s. */
void writer_duration(struct writer *w, int64_t ns)
{
	static const struct {
		uint64_t seconds;
		const char *name;
	} units[] = { { 86400, "d" }, { 3600, "h" }, { 60, "m" } };
	uint64_t whole = magnitude(ns), seconds = whole / (uint64_t)ns_in_second;
	size_t put = 0;
	if (ns < 0)
		writer_text(w, SLICE("-"));
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]) && put < 2; i++) {
		uint64_t n = seconds / units[i].seconds;
		seconds %= units[i].seconds;
		if (n != 0) {
			writer_number(w, n);
			writer_text(w, slice_from(units[i].name));
		}
		put += n != 0 || put != 0;
	}
	uint64_t rest = put == 0 ? whole % (uint64_t)ns_in_second : 0;
	if (put == 2 || (put != 0 && seconds == 0))
		return;
	writer_number(w, seconds);
	writer_fraction(w, rest);
	writer_text(w, SLICE("s"));
}

static void writer_time(struct writer *w, int64_t ns)
{
	char text[64];
	struct tm tm;
	int64_t fraction = ns % ns_in_second;
	time_t seconds = (time_t)(ns / ns_in_second) - (fraction < 0);
	fraction += fraction < 0 ? ns_in_second : 0;
	if (gmtime_r(&seconds, &tm) == NULL ||
	    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm) == 0)
		return;
	writer_text(w, slice_from(text));
	writer_fraction(w, (uint64_t)fraction);
	writer_text(w, SLICE("Z"));
}

static void writer_address(struct writer *w, const struct endpoint *e)
{
	char text[INET6_ADDRSTRLEN] = "?";
	if (e != NULL)
		inet_ntop(e->family == 6 ? AF_INET6 : AF_INET, e->address, text, sizeof(text));
	writer_text(w, slice_from(text));
}

void writer_value(struct writer *w, const struct field *field, const struct value *v)
{
	switch (field->type) {
	case FIELD_BOOL:
		writer_text(w, slice_from(v->number != 0 ? "true" : "false"));
		break;
	case FIELD_INT:
		writer_signed(w, v->number);
		break;
	case FIELD_DURATION:
		writer_duration(w, v->number);
		break;
	case FIELD_TIME:
		writer_time(w, v->number);
		break;
	case FIELD_IP:
		writer_address(w, v->ip);
		break;
	default:
		writer_wire(w, v->text);
		break;
	}
}

size_t value_print(const struct field *field, const struct value *v, char *out, size_t room)
{
	struct writer w;
	writer_init(&w, out, room);
	writer_value(&w, field, v);
	return w.n;
}
