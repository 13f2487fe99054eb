/*
 * complaints.c - what is wrong with a file that people write, told to who started the program.
 */
#include "cmd/cmd.h"

void complaint_print(struct out *out, const struct complaint *c, bool json)
{
	if (json)
		complaint_write_json(out, c);
	else
		complaint_write(out, c);
}

void complaints_print(const struct complaint *all, size_t n, bool warnings)
{
	struct error e;
	struct out *out = out_errors(&e);
	for (size_t i = 0; out != NULL && i < n; i++)
		if (warnings || all[i].code[0] == 'E')
			complaint_write(out, &all[i]);
	if (out != NULL)
		out_close(out, &e);
}
