/*
 * text.h - text that grows up to a bound, and an HTTP message as client and server see it. Private to play/.
 */
#ifndef DAVSCOPE_PLAY_TEXT_H
#define DAVSCOPE_PLAY_TEXT_H

#include "play/play.h"

enum { TEXT_MAX = 1 << 16, HEADERS_MAX = 16, HEADER_NAME = 40, HEADER_VALUE = 320, TARGET_MAX = 256 };

struct text {
	size_t n;
	bool cut;                      /* something had no room */
	char p[TEXT_MAX];              /* a NUL behind the last one */
};
void text_clear(struct text *);
void text_bytes(struct text *, const void *p, size_t n);
void text_format(struct text *, const char *format, ...) __attribute__((format(printf, 2, 3)));
struct slice text_whole(const struct text *);
/* What stands between two marks, taken off *rest with both; false: they are not there. */
bool text_between(struct slice *rest, const char *open, const char *close, struct slice *out);
void text_copy(char *out, size_t room, struct slice in); /* cut to the room, NUL-terminated */

struct header { char name[HEADER_NAME], value[HEADER_VALUE]; };
struct message {
	char method[16], target[TARGET_MAX];
	unsigned status;               /* of an answer */
	enum play_write write;         /* what a request is to its sender */
	struct header headers[HEADERS_MAX];
	size_t n_headers;              /* further ones are left out */
	struct text body;
};
void message_request(struct message *, const char *method, const char *target);
void message_answer(struct message *, unsigned status);
void message_put(struct message *, const char *name, const char *format, ...) __attribute__((format(printf, 3, 4)));
const char *message_value(const struct message *, const char *name); /* NULL: no such header */

#endif
