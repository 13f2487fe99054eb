/*
 * address.c - addresses, octet by octet: what an octet becomes depends on those in front of it (RFC 1918,
 * 4193, 4291 say what stays).
 */
#include "cmd/scrub/address.h"

#include "cmd/scrub/permute.h"

#include <arpa/inet.h>
#include <string.h>

/* ---- IPv4 ---- */

/* Octets of one zone stay in it; one that is alone in its zone stays as it is. */
static unsigned zone_of(const uint8_t *address, size_t i, uint8_t octet)
{
	enum { ORDINARY = 0, PRIVATE = 1, ALONE = 256 };
	if (i == 0 &&
	    (octet >= 224 || octet == 0 || octet == 10 || octet == 127 || octet == 169 ||
		octet == 172 || octet == 192))
		return ALONE + octet;
	if (i == 1 && address[0] == 172 && octet >= 16 && octet <= 31)
		return PRIVATE;
	if (i == 1 && ((address[0] == 192 && octet == 168) || (address[0] == 169 && octet == 254)))
		return ALONE + octet;
	return ORDINARY;
}

/* Among those with as many digits: 10, 90 = 9 * 10, 156 = 12 * 13 of them. */
static uint8_t octet_permute(struct hash_key key, uint8_t octet)
{
	uint32_t first = octet < 10 ? 0 : octet < 100 ? 10 : 100;
	uint32_t high = octet < 10 ? 2 : octet < 100 ? 9 : 12;
	uint32_t low = octet < 10 ? 5 : octet < 100 ? 10 : 13;
	uint32_t place = octet - first;
	struct symbols s = { .n = 2,
		.radix = { high, low },
		.value = { place / low, place % low } };
	symbols_permute(key, 0, &s);
	return (uint8_t)(first + s.value[0] * low + s.value[1]);
}

static bool is_kept4(const uint8_t a[4])
{
	static const uint8_t all[4] = { 255, 255, 255, 255 };
	return a[0] == 0 || a[0] == 127 || memcmp(a, all, 4) == 0 ||
	    (a[0] == 224 && a[1] == 0 && a[2] == 0);
}

void address_scrub4(const struct words *w, uint8_t address[4])
{
	uint8_t old[4];
	memcpy(old, address, sizeof old);
	if (is_kept4(old))
		return;
	for (size_t i = 0; i < 4; i++) {
		struct hash_key key = { words_hash(w, '4', old, i), words_hash(w, '5', old, i) };
		unsigned zone = zone_of(old, i, old[i]);
		do /* a permutation comes back to where it began */
			address[i] = octet_permute(key, address[i]);
		while (zone_of(old, i, address[i]) != zone);
	}
}

/* ---- IPv6 ---- */

/* How many of its 32 digits say what it is for; 32: all of it. */
static size_t kept_digits(const uint8_t a[16])
{
	static const uint8_t zero[16] = { 0 };
	if (memcmp(a, zero, 15) == 0 && a[15] <= 1)
		return 32;
	if (a[0] == 0xff)
		return memcmp(a + 2, zero, 13) == 0 ? 32 : 4;
	if (a[0] == 0xfe)
		return 3;
	return (a[0] & 0xfe) == 0xfc ? 2 : 1;
}

/* ::ffff:a.b.c.d (RFC 4291 2.5.5.2) and 64:ff9b::a.b.c.d (RFC 6052 2.1) */
static bool holds_v4(const uint8_t a[16])
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	static const uint8_t translated[12] = { 0, 0x64, 0xff, 0x9b };
	return memcmp(a, mapped, 12) == 0 || memcmp(a, translated, 12) == 0;
}

static uint8_t digit_get(const uint8_t *a, size_t i)
{
	return i % 2 == 0 ? a[i / 2] >> 4 : a[i / 2] & 15;
}

static void digit_set(uint8_t *a, size_t i, uint8_t digit)
{
	a[i / 2] = (uint8_t)(i % 2 == 0 ? (a[i / 2] & 15) | digit << 4 : (a[i / 2] & 0xf0) | digit);
}

void address_scrub6(const struct words *w, uint8_t address[16])
{
	uint8_t prefix[32] = { 0 };
	if (holds_v4(address)) {
		address_scrub4(w, address + 12);
		return;
	}
	size_t kept = kept_digits(address);
	for (size_t i = 0; i < 32; i++) {
		uint8_t digit = prefix[i] = digit_get(address, i);
		if (i < kept || digit == 0)
			continue;
		uint64_t turn = words_hash(w, '6', prefix, i) % 15;
		digit_set(address, i, (uint8_t)(1 + (digit - 1 + turn) % 15));
	}
}

/* ---- Ethernet ---- */

void address_scrub_mac(const struct words *w, uint8_t a[6])
{
	static const uint8_t zero[6] = { 0 }, all[6] = { 255, 255, 255, 255, 255, 255 };
	bool multicast = (a[0] & 1) != 0;
	struct hash_key key = { words_hash(w, 'm', NULL, 0), words_hash(w, 'n', NULL, 0) };
	struct symbols s = { .n = 0 };
	size_t first = !multicast ? 0 : a[0] == 0x33 ? 2 : 3;
	if (memcmp(a, zero, 6) == 0 || memcmp(a, all, 6) == 0)
		return;
	for (size_t i = first; i < 6; i++, s.n++) {
		bool flags = i == 0; /* whether it is universal, and for one */
		s.radix[s.n] = flags ? 64 : 256;
		s.value[s.n] = flags ? a[i] >> 2 : a[i];
	}
	symbols_permute(key, (uint8_t)first, &s);
	for (size_t i = first; i < 6; i++) {
		uint32_t value = s.value[i - first];
		a[i] = (uint8_t)(i == 0 ? value << 2 | (a[0] & 3) : value);
	}
}

/* ---- as text ---- */

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static bool is_word(uint8_t c)
{
	uint8_t lower = ascii_lower(c);
	return is_digit(c) || (lower >= 'a' && lower <= 'z') || c >= 0x80;
}

/* A decimal octet without leading zeros; 0: none. */
static size_t octet_read(const uint8_t *p, size_t n, uint8_t *octet)
{
	unsigned value = 0;
	size_t i = 0;
	for (; i < n && i < 3 && is_digit(p[i]); i++)
		value = value * 10 + (p[i] - '0');
	*octet = (uint8_t)value;
	return value > 255 || (i > 1 && p[0] == '0') ? 0 : i;
}

static size_t read4(const uint8_t *p, size_t n, uint8_t address[4])
{
	size_t at = 0;
	for (size_t i = 0; i < 4; i++) {
		if (i != 0 && (at == n || p[at++] != '.'))
			return 0;
		size_t digits = octet_read(p + at, n - at, &address[i]);
		if (digits == 0)
			return 0;
		at += digits;
	}
	bool goes_on = at < n &&
	    (is_word(p[at]) || (p[at] == '.' && n - at > 1 && is_digit(p[at + 1])));
	return goes_on ? 0 : at;
}

size_t address_scrub_text4(const struct words *w, uint8_t *p, size_t n)
{
	uint8_t address[4];
	size_t length = read4(p, n, address), at = length;
	if (length == 0)
		return 0;
	address_scrub4(w, address);
	for (size_t i = 4; i-- > 0; at--) {
		unsigned octet = address[i];
		for (; at > 0 && p[at - 1] != '.'; octet /= 10)
			p[--at] = (uint8_t)('0' + octet % 10);
	}
	return length;
}

static bool is_v6_char(uint8_t c)
{
	uint8_t lower = ascii_lower(c);
	return is_digit(c) || (lower >= 'a' && lower <= 'f') || c == ':' || c == '.';
}

/* Digits of one half of it, from the end; zeros that are not written are zeros. */
static void digits_write(uint8_t *p, size_t n, const uint8_t address[16], size_t last)
{
	size_t group = 0;
	while (n-- > 0) {
		if (p[n] == ':') {
			last -= 4;
			group = 0;
			continue;
		}
		uint8_t digit = digit_get(address, last - group++);
		bool upper = p[n] >= 'A' && p[n] <= 'F';
		p[n] = (uint8_t)("0123456789abcdef"[digit]);
		if (upper && digit > 9)
			p[n] = (uint8_t)(p[n] - 'a' + 'A');
	}
}

static size_t colons_of(const uint8_t *p, size_t n)
{
	size_t colons = 0;
	for (size_t i = 0; i < n; i++)
		colons += p[i] == ':';
	return colons;
}

size_t address_scrub_text6(const struct words *w, uint8_t *p, size_t n)
{
	char text[INET6_ADDRSTRLEN];
	uint8_t address[16];
	size_t length = 0;
	while (length < n && is_v6_char(p[length]))
		length++;
	if (length < 2 || length >= sizeof text || memchr(p, ':', length) == NULL)
		return 0;
	memcpy(text, p, length);
	text[length] = '\0';
	if (inet_pton(AF_INET6, text, address) != 1)
		return 0;
	address_scrub6(w, address);
	size_t end = length, last = 31;
	if (memchr(p, '.', length) != NULL) {
		while (p[end - 1] != ':')
			end--;
		address_scrub_text4(w, p + end, length - end);
		end--;
		last -= 8;
	}
	size_t gap = slice_find((struct slice){ p, length }, SLICE("::"));
	size_t behind = gap == length ? 0 : gap + 2;
	if (behind < end)
		digits_write(p + behind, end - behind, address, last);
	if (gap != length && gap != 0)
		digits_write(p, gap, address, 3 + 4 * colons_of(p, gap));
	return length;
}

/* "192.0.2.1, [2001:db8::1]:443, unknown"; for= of RFC 7239 */
void addresses_scrub(const struct words *w, uint8_t *p, size_t n)
{
	size_t done = 0;
	for (size_t i = 0; i < n;) {
		bool start = i == 0 || !is_v6_char(p[i - 1]);
		size_t length = start ? address_scrub_text6(w, p + i, n - i) : 0;
		if (length == 0 && start)
			length = address_scrub_text4(w, p + i, n - i);
		if (length != 0) {
			words_scrub(w, p + done, i - done, &policy_name);
			done = i + length;
		}
		i += length != 0 ? length : 1;
	}
	words_scrub(w, p + done, n - done, &policy_name);
}
