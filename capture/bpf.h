/* bpf.h - pcap-filter(7) expressions over packets of any link type. */
#ifndef DAVSCOPE_CAPTURE_BPF_H
#define DAVSCOPE_CAPTURE_BPF_H

#include "capture/capture.h"

struct bpf;

/* NULL with libpcap's words when no usual link type takes the expression. Borrows the text. */
struct bpf *bpf_new(const char *text, struct error *e);
void bpf_free(struct bpf *f); /* NULL is fine */
/* A packet of a link type that does not take the expression is not wanted. */
bool bpf_wants(struct bpf *f, const struct packet *p);
int linktype_of_dlt(int dlt); /* what files call the link type that libpcap calls so */

#endif
