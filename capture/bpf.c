/*
 * BPF filters over files, by libpcap: one program per link type, compiled when the first packet of
 * that type comes.
 */
#include "capture/bpf.h"

#include <pcap.h>
#include <stdlib.h>

enum { LINKTYPES = 65536, WHOLE_PACKET = 262144 };

enum compiled { NOT_YET, REFUSED, READY };

struct program {
	struct bpf_program code;
	enum compiled state;
};

struct bpf {
	const char *text;
	struct program programs[LINKTYPES]; /* by link type */
};

/* Link types by number in files differ from DLT_ values where those depend on the system. */
static const struct {
	int linktype, dlt;
} others[] = {
	{ 50, DLT_PPP_SERIAL },
	{ 51, DLT_PPP_ETHER },
	{ 100, DLT_ATM_RFC1483 },
	{ 101, DLT_RAW },
	{ 102, DLT_SLIP_BSDOS },
	{ 103, DLT_PPP_BSDOS },
	{ 106, DLT_ATM_CLIP },
};

static int linktype_to_dlt(int linktype)
{
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		if (others[i].linktype == linktype)
			return others[i].dlt;
	}
	return linktype;
}

int linktype_of_dlt(int dlt)
{
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		if (others[i].dlt == dlt)
			return others[i].linktype;
	}
	return dlt;
}

static bool program_compile(struct program *program, const char *text, int linktype,
    struct error *e)
{
	program->state = REFUSED;
	pcap_t *pcap = pcap_open_dead(linktype_to_dlt(linktype), WHOLE_PACKET);
	if (!pcap)
		return error_set(e, "filter: out of memory");
	if (pcap_compile(pcap, &program->code, text, 1, PCAP_NETMASK_UNKNOWN) == 0)
		program->state = READY;
	else
		error_set(e, "filter: %s", pcap_geterr(pcap));
	pcap_close(pcap);
	return program->state == READY;
}

bool bpf_check(const char *text, struct error *e)
{
	struct program program = { .state = NOT_YET };
	bool good = program_compile(&program, text, DLT_EN10MB, e);
	if (good)
		pcap_freecode(&program.code);
	return good;
}

struct bpf *bpf_new(const char *text, struct error *e)
{
	static const int usual[] = { 1, 113, 101, 127, 0 }; /* Ethernet, SLL, raw IP, radio, null */
	struct bpf *f = calloc(1, sizeof(*f));
	if (!f) {
		error_set(e, "filter: out of memory");
		return NULL;
	}
	f->text = text;
	if (program_compile(&f->programs[usual[0]], text, usual[0], e))
		return f;
	struct error other;
	for (size_t i = 1; i < sizeof(usual) / sizeof(usual[0]); i++) {
		if (program_compile(&f->programs[usual[i]], text, usual[i], &other))
			return f;
	}
	bpf_free(f);
	return NULL;
}

void bpf_free(struct bpf *f)
{
	for (size_t i = 0; f && i < LINKTYPES; i++) {
		if (f->programs[i].state == READY)
			pcap_freecode(&f->programs[i].code);
	}
	free(f);
}

bool bpf_wants(struct bpf *f, const struct packet *p)
{
	struct program *program = &f->programs[p->linktype & (LINKTYPES - 1)];
	struct error unused;
	if (program->state == NOT_YET)
		program_compile(program, f->text, p->linktype, &unused);
	if (program->state != READY)
		return false;
	struct pcap_pkthdr header = { .caplen = (bpf_u_int32)p->bytes.n, .len = p->wire_len };
	return pcap_offline_filter(&program->code, &header, p->bytes.p) != 0;
}
