/*
 * address.h - other addresses for addresses. Private to scrub/.
 *
 * Different ones stay different, those of one network stay in one network, and what an address is for
 * stays: loopback, private, link-local, multicast. A decimal octet keeps its number of digits and a zero
 * in hexadecimal stays one, so that the address keeps its length as text.
 */
#ifndef DAVSCOPE_SCRUB_ADDRESS_H
#define DAVSCOPE_SCRUB_ADDRESS_H

#include "cmd/scrub/words.h"

void address_scrub4(const struct words *, uint8_t address[4]);
void address_scrub6(const struct words *, uint8_t address[16]);
void address_scrub_mac(const struct words *, uint8_t address[6]);
/* Of an address at the start of the text: its length, replaced; 0: there is none. */
size_t address_scrub_text4(const struct words *, uint8_t *p, size_t n);
size_t address_scrub_text6(const struct words *, uint8_t *p, size_t n);
/* All addresses of a field that holds them: X-Forwarded-For; what else is in it is a name. */
void addresses_scrub(const struct words *, uint8_t *p, size_t n);

#endif
