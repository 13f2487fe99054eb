/*
 * Any bytes as a capture file, pcapng or pcap, through capture/ to packets: numbered without a jump, within their
 * limits, and what the file is damaged by is told once, in plain words. Cut somewhere, which the last byte says,
 * it has the same packets up to there.
 */
#include "tests/fuzz/captured.h"

enum { CAPTURE_MAX = 1 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct limits limits = limits_default();
	struct slice file = { data, n };
	if (n == 0 || n > CAPTURE_MAX)
		return 0;
	struct captured whole = captured_read(file, &limits);
	check_cut_capture(&whole, file, n * data[n - 1] / 256, &limits);
	bytes_free(&whole.log);
	return 0;
}
