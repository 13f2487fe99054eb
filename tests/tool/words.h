/* words.h - the words of one line of a .talk. Private to the talk library. */
#ifndef DAVSCOPE_TALK_WORDS_H
#define DAVSCOPE_TALK_WORDS_H

#include "tests/tool/talk.h"

enum { WORDS_MAX = 16, LIST_MAX = 64 };

struct words {
	struct slice v[WORDS_MAX];
	size_t n;
	struct slice rest; /* after the first word */
};
struct list {
	size_t v[LIST_MAX];
	size_t n;
};

bool words_split(struct slice line, struct words *out); /* false: too many */
bool word_is(struct slice word, const char *text);
bool word_size(struct slice word, size_t *out);
bool word_u32(struct slice word, uint32_t *out);
bool word_list(struct slice word, struct list *out); /* 1,2,3 */
bool word_duration(struct slice word, int64_t *ns); /* 250ms */
bool word_time(struct slice word, int64_t *ns); /* 2006-09-25T16:00:03.5Z */
bool word_address(struct slice word, struct talk_address *out); /* 10.0.0.1:80, [fd00::1]:80 */
bool list_has(const struct list *l, size_t number);

#endif
