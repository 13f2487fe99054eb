/* mkpcap IN.talk OUT.pcap - compiles a conversation that a person wrote to a capture. */
#include "tests/tool/talk.h"

int main(int argc, char **argv)
{
	if (argc != 3) {
		fprintf(stderr, "usage: mkpcap IN.talk OUT.pcap\n");
		return 2;
	}
	struct error e;
	struct talk *t = talk_read(argv[1], &e);
	bool ok = t != NULL && talk_write(t, argv[2], &e);
	if (!ok)
		fprintf(stderr, "mkpcap: %s\n", e.text);
	talk_free(t);
	return ok ? 0 : 1;
}
