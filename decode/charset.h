/*
 * charset.h - what an XML body is encoded in, and how it becomes UTF-8. Private to decode/.
 *
 * XML 1.0 section 4.3.3 and appendix F: byte order mark, then the bytes of "<", then the encoding
 * declaration. Known are UTF-8, US-ASCII, ISO-8859-1 and UTF-16; anything else is not guessed at.
 */
#ifndef DAVSCOPE_DECODE_CHARSET_H
#define DAVSCOPE_DECODE_CHARSET_H

#include "base/base.h"

enum charset_kind {
	CHARSET_UTF8,
	CHARSET_LATIN1,
	CHARSET_UTF16LE,
	CHARSET_UTF16BE,
	CHARSET_UNKNOWN
};

struct charset {
	enum charset_kind kind;
	bool half; /* UTF-16: `byte` waits for its other half */
	uint8_t byte;
	uint16_t high; /* UTF-16: a high surrogate waits for its low one */
};

enum { CHARSET_MAX = 6 }; /* bytes that one byte of input can become */

/* From the first bytes of a body; *mark gets the length of its byte order mark. */
enum charset_kind charset_detect(struct slice first, size_t *mark);
/*
 * Takes one byte of a kind other than UTF-8, gives what it completes as UTF-8. What is no character
 * becomes U+FFFE, which no XML parser takes.
 */
size_t charset_byte(struct charset *, uint8_t byte, uint8_t out[CHARSET_MAX]);
size_t charset_put(uint32_t character, uint8_t out[CHARSET_MAX]); /* as UTF-8 */
size_t charset_end(struct charset *, uint8_t out[CHARSET_MAX]); /* for a character cut in half */

#endif
