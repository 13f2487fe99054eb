/*
 * syntax.h - classes of bytes that more than one reader of text asks for. Private to decode/.
 */
#ifndef DAVSCOPE_DECODE_SYNTAX_H
#define DAVSCOPE_DECODE_SYNTAX_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* RFC 9110 5.6.2, tchar */
static inline bool http_token_char(uint8_t c)
{
	if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'))
		return true;
	return c > ' ' && memchr("!#$%&'*+-.^_`|~", c, 15) != NULL;
}

/* 0 to 15; -1: not hexadecimal. */
static inline int hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

#endif
