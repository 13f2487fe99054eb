/*
 * syntax.h - classes of bytes that more than one reader of text asks for. Private to decode/.
 */
#ifndef DAVSCOPE_DECODE_SYNTAX_H
#define DAVSCOPE_DECODE_SYNTAX_H

#include <stdbool.h>
#include <stdint.h>

/* RFC 9110 5.6.2, tchar: a bit for each of the 128 characters. */
static inline bool http_token_char(uint8_t c)
{
	static const uint32_t bits[] = { 0, 0x03ff6cfa, 0xc7fffffe, 0x57ffffff };
	return c < 128 && (bits[c >> 5] >> (c & 31) & 1);
}

/* 0 to 15; -1: not hexadecimal. */
static inline int hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* RFC 4648 section 4: 0 to 63; -1: no digit of base64. */
static inline int base64_digit(uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

#endif
