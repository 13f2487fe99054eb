/*
 * wbxml.h - as much of WBXML as ActiveSync's Sync needs: elements on code pages, inline strings. Private
 * to play/.
 */
#ifndef DAVSCOPE_PLAY_WBXML_H
#define DAVSCOPE_PLAY_WBXML_H

#include "play/text.h"

/* A tag is its code page and its token, 0x0426. */
struct wbxml_out { struct text *to; unsigned page; };
struct wbxml_out wbxml_begin(struct text *);
void wbxml_open(struct wbxml_out *, unsigned tag);
void wbxml_close(struct wbxml_out *);
void wbxml_text(struct wbxml_out *, unsigned tag, const char *format, ...) __attribute__((format(printf, 3, 4)));

enum wbxml_kind { WBXML_OPEN, WBXML_EMPTY, WBXML_TEXT, WBXML_CLOSE, WBXML_END, WBXML_BAD };
struct wbxml_in { struct cursor at; unsigned page; size_t depth; };
struct wbxml_event { enum wbxml_kind kind; unsigned tag; struct slice text; };
struct wbxml_in wbxml_read(struct slice);
struct wbxml_event wbxml_next(struct wbxml_in *);      /* after END and BAD the same again */

#endif
